"""Columns that a database computes: declared again where one is made, and computed for places that can't.

A database of the schema's own dialect is told the declaration, and gets no values. Files, and databases of other
dialects, get what the expression gives; where DuckDB can't compute it, they lack the column, which is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sdgen.databases.dialect import Dialect
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.errors import Problem
from sdgen.readers.feasibility import letters, refused_columns
from sdgen.readers.sql.check_syntax import bare_node
from sdgen.readers.sql.drafts import Notes, TableDraft
from sdgen.readers.sql.schema import ColumnSchema, KeySchema, Schema
from sdgen.readers.sql.types import fit_of
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario
from sdgen.scenario.types import INTEGERS

if TYPE_CHECKING:
    from sqlglot import exp

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
    if not computed:
        return scenario
    # The planner is asked about all of them at once: whether a function is on the positive list is known there alone.
    tried = _added(scenario, schema, drafts, computed)
    refused = refused_columns(tried)
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
    except SqlglotError:
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
    except (SqlglotError, KeyError, ValueError):
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
    return _DECLARATIONS[schema.dialect].format(type=type, sql=column.expression).strip() + not_null


# Keys that hold computed columns: what must be distinct so that what is computed of it is.
_LETTERS = 12
_TEXTUAL = ("text", "string")
# Functions whose value differs wherever a text of capital letters and digits does.
_FAITHFUL = frozenset({"Lower", "Upper", "Trim", "Coalesce", "MD5", "SHA", "SHA2", "MD5Digest", "Initcap", "Hex"})


@dataclass(frozen=True)
class _Source:
    """A column whose distinct values make those computed of it distinct: by its first `length` letters, 0 for all."""

    column: str
    length: int = 0


def filled_key(entity: TableDraft, key: KeySchema, notes: Notes, dialect: str) -> KeySchema | None:
    """A key over the columns that are filled, which holds only if the declared one does; None where there is none.

    Where it is over computed columns alone, what they are computed from is made distinct.
    """
    computed = {column.name: column for column in entity.schema.columns if column.computed}
    inside = [computed[name] for name in key.columns if name in computed]
    rest = tuple(name for name in key.columns if name not in computed)
    if not inside or any(name not in entity.columns for name in rest):
        return key
    # Rows that differ in some columns of a key differ in all of them together, so the rest of the key is stricter.
    if rest:
        return replace(key, columns=rest)
    sources = [source for column in inside if (source := _source(entity, column, dialect)) is not None]
    if sources:
        _make_distinct(entity, sources[0])
        return replace(key, columns=(sources[0].column,))
    if all(_is_constant(column, dialect) for column in inside):
        entity.cap(1)
        what = f"({', '.join(key.columns)}) is the same in all rows, and unique: the table has one row"
    else:
        what = f"({', '.join(key.columns)}) is unique and computed by what isn't understood: rows may break it"
    notes.add(entity, "", what, key.line or entity.schema.line)
    return None


def _make_distinct(entity: TableDraft, source: _Source) -> None:
    column = entity.columns[source.column]
    if column.type.kind in _TEXTUAL and not column.is_link:
        # The distinct part must lie within the letters that the expression keeps.
        sizes = [size for size in (source.length, column.type.length, _LETTERS) if size]
        column.generator, column.demanded = letters(min(sizes)), True


def _source(entity: TableDraft, column: ColumnSchema, dialect: str) -> _Source | None:
    tree = _parsed(column.expression, dialect)
    spelled = {name.lower(): name for name in entity.columns}
    found = _followed(tree) if tree is not None else None
    name = spelled.get(found.column.lower(), "") if found is not None else ""
    kinds = (*_TEXTUAL, *INTEGERS, "uuid", "date", "decimal")
    if found is None or not name or entity.columns[name].type.kind not in kinds:
        return None
    return replace(found, column=name)


def _followed(node: exp.Expr) -> _Source | None:
    """The column that an expression tells apart, through the functions around it."""
    from sqlglot import exp

    node = bare_node(node)
    kind = type(node).__name__
    if isinstance(node, exp.Column):
        return _Source(node.name)
    if kind in _FAITHFUL:
        return _followed(node.this)
    if kind in ("Left", "Substring"):
        return _shortened(node)
    if kind in ("Concat", "DPipe", "SafeDPipe", "SafeConcat"):
        parts = node.expressions or [node.args["this"], node.args["expression"]]
        # One distinct part makes the whole text distinct only if the others don't shift it; keys of fixed form are
        # meant.
        return next((found for part in parts if (found := _followed(part)) is not None), None)
    if isinstance(node, exp.Add | exp.Sub):
        sides = [side for side in (node.left, node.right) if not isinstance(bare_node(side), exp.Literal)]
        return _followed(sides[0]) if len(sides) == 1 else None
    return None


def _shortened(node: exp.Expr) -> _Source | None:
    """left(x, 3), substr(x, 1, 3)."""
    from sqlglot import exp

    inner = _followed(node.this)
    length = node.args.get("length") or node.args.get("expression")
    start = node.args.get("start")
    begins = start is None or (isinstance(start, exp.Literal) and str(start.this) == "1")
    if inner is None or not begins or not isinstance(length, exp.Literal):
        return None
    size = int(length.this)
    return replace(inner, length=min(size, inner.length or size))


def _is_constant(column: ColumnSchema, dialect: str) -> bool:
    return constant_of(column, dialect) is not None


def constant_of(column: ColumnSchema, dialect: str) -> str | None:
    """The text of the one value that a computed column has in all rows; None where it has several."""
    from sqlglot import exp

    tree = _parsed(column.expression, dialect)
    node = bare_node(tree) if tree is not None else None
    return str(node.this) if isinstance(node, exp.Literal | exp.Boolean) else None


def _parsed(sql: str, dialect: str) -> exp.Expr | None:
    from sqlglot import parse_one
    from sqlglot.errors import SqlglotError

    try:
        return parse_one(sql, dialect=dialect) if sql else None
    except SqlglotError:
        return None
