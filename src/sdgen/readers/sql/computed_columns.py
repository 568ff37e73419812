"""Columns that a database computes: declared again where one is made, and computed for places that can't.

A database of the schema's own dialect is told the declaration, and gets no values. Files, and databases of other
dialects, get what the expression gives; where DuckDB can't compute it, they lack the column, which is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sdgen.databases.dialect import Dialect
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.errors import Problem
from sdgen.readers.feasibility import refused_columns
from sdgen.readers.sql.drafts import TableDraft
from sdgen.readers.sql.schema import ColumnSchema, Schema
from sdgen.readers.sql.types import fit_of
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario

_DIALECTS: Mapping[str, Dialect] = {each.name: each for each in (POSTGRES, MYSQL, SQLITE, DUCKDB)}
_DECLARATIONS = {
    **dict.fromkeys(("postgres", "mysql", "sqlite"), "{type} GENERATED ALWAYS AS ({sql}) STORED"),
    "duckdb": "{type} GENERATED ALWAYS AS ({sql}) VIRTUAL",  # it stores none
}


def with_computed(scenario: Scenario, schema: Schema, drafts: Mapping[str, TableDraft]) -> Scenario:
    """The scenario with the columns that its tables compute, and notes on those that can't be computed here."""
    computed = {
        (name, column.name): made
        for name, draft in drafts.items()
        for column in draft.schema.columns
        if column.computed and (made := _column(schema, draft, column)) is not None
    }
    if not any(column.computed for draft in drafts.values() for column in draft.schema.columns):
        return scenario
    # The planner is asked about all of them at once: whether a function is on the positive list is known there alone.
    tried = _added(scenario, schema, drafts, computed)
    refused = refused_columns(tried) if computed else set()
    kept = {key: column for key, column in computed.items() if ("entities", key[0], "columns", key[1]) not in refused}
    notes = [
        replace(_note(schema, name, column), line=column.line)
        for name, draft in drafts.items()
        for column in draft.schema.columns
        if column.computed and (name, column.name) not in kept
    ]
    found = _added(scenario, schema, drafts, kept)
    return found.read_from(scenario.origin, [*scenario.notes, *notes])


def _columns_of(sql: str, dialect: str) -> list[str]:
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        return [found.name for found in parse_one(sql, dialect=dialect).find_all(exp.Column)]
    except (SqlglotError, AttributeError):
        return []


def _note(schema: Schema, entity: str, column: ColumnSchema) -> Problem:
    what = f"it is computed by the database, and can't be computed here ({column.expression or 'no expression'})"
    hint = "a table that is there already fills it; files and new tables lack it"
    return Problem(
        ("entities", entity, "columns", column.name), what, hint, schema.file, column.line, int(column.line > 0)
    )


def _column(schema: Schema, draft: TableDraft, column: ColumnSchema) -> Column | None:
    sql = _in_duckdb(column.expression, schema.dialect, draft)
    if not sql:
        return None
    fit = fit_of(column.type, schema) if column.type.word else None
    type = "" if fit is None else str(fit.type)
    nullable = column.nullable or None
    spec = GeneratorSpec(type="expression", params={"sql": sql})
    # Its nulls follow from the expression; a share of nulls drawn besides would make it differ from what the database
    # computes.
    null_rate = 0.0 if nullable else None
    return Column(type=type, generator=spec, nullable=nullable, null_rate=null_rate, description=column.description)


def _in_duckdb(sql: str, dialect: str, draft: TableDraft) -> str:
    """An expression as a scenario says it; "" where it isn't understood, or reads what nothing fills."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    filled = (each.name for each in draft.schema.columns if each.computed or each.name in draft.columns)
    spelled = {name.lower(): name for name in filled}
    try:
        tree = parse_one(sql, dialect=dialect)
        for found in tree.find_all(exp.Column):
            # A column that nothing fills raises KeyError here, which makes the expression one that can't be computed.
            found.set("this", exp.to_identifier(spelled[found.name.lower()], quoted=True))
        return tree.sql(dialect="duckdb")
    except (SqlglotError, AttributeError, KeyError, ValueError):
        return ""


def _added(
    scenario: Scenario, schema: Schema, drafts: Mapping[str, TableDraft], computed: Mapping[tuple[str, str], Column]
) -> Scenario:
    entities = {}
    for name, entity in scenario.entities.items():
        own = {column: made for (each, column), made in computed.items() if each == name}
        entities[name] = _with_columns(entity, schema, drafts[name], own) if own else entity
    return scenario.model_copy(update={"entities": entities})


def _with_columns(entity: Entity, schema: Schema, draft: TableDraft, computed: Mapping[str, Column]) -> Entity:
    """An entity with computed columns, each where the table has it, and their declarations."""
    columns = {**entity.columns, **computed}
    order = [column.name for column in draft.schema.columns if column.name in columns]
    columns = {name: columns[name] for name in (*order, *(each for each in columns if each not in order))}
    target = {**entity.target}
    if schema.dialect in _DIALECTS:
        declared = {
            column.name: _declaration(schema, column) for column in draft.schema.columns if column.name in computed
        }
        target[schema.dialect] = {**target.get(schema.dialect, {}), "computed": declared}
    checks = (*entity.check, *_checks(schema, draft, computed))
    return entity.model_copy(update={"columns": columns, "target": target, "check": tuple(dict.fromkeys(checks))})


def _checks(schema: Schema, draft: TableDraft, computed: Mapping[str, Column]) -> Iterator[str]:
    """The conditions on computed columns: rows that break one are refused before they are written."""
    names = {name.lower() for name in computed}
    for check in draft.schema.checks:
        if names & {name.lower() for name in _columns_of(check.sql, schema.dialect)}:
            condition = _in_duckdb(check.sql, schema.dialect, draft)
            yield from (condition,) if condition else ()


def _declaration(schema: Schema, column: ColumnSchema) -> str:
    fit = fit_of(column.type, schema) if column.type.word else None
    type = "" if fit is None else fit.declared or _DIALECTS[schema.dialect].declared(fit.type)
    not_null = "" if column.nullable or schema.dialect == "mysql" else " NOT NULL"  # which MariaDB refuses
    sql = _ARROW.sub(_called, column.expression) if schema.dialect == "mysql" else column.expression
    return _DECLARATIONS[schema.dialect].format(type=type, sql=sql).strip() + not_null


# MariaDB has MySQL's functions, and not its arrows.
_ARROW = re.compile(r"((?:`[^`]+`|[\w$]+)(?:\.(?:`[^`]+`|[\w$]+))?)\s*->(>?)\s*('[^']*'|\"[^\"]*\")")


def _called(arrow: re.Match[str]) -> str:
    document, text, path = arrow.groups()
    extracted = f"json_extract({document}, {path})"
    return f"json_unquote({extracted})" if text else extracted
