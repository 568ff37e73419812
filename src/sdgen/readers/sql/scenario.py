"""Schema → scenario: constraints become generators, keys become links, and what can't be kept becomes a note.

Columns of which only name and type speak get no generator: the rules find one when the scenario is planned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from sdgen.databases.duckdb.dialect import union_members
from sdgen.errors import Problem, SourceError
from sdgen.inference.habits import with_skew
from sdgen.inference.names import free_name
from sdgen.readers.base import ROWS
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.capacity import make_feasible
from sdgen.readers.sql.check_branches import branches_of
from sdgen.readers.sql.check_facts import ColumnBounds
from sdgen.readers.sql.computed_columns import with_computed
from sdgen.readers.sql.content_types import set_content_types
from sdgen.readers.sql.drafts import Notes, TableDraft, column_draft, quoted, with_before
from sdgen.readers.sql.keys import leave_empty, set_keys, set_links
from sdgen.readers.sql.likely_keys import with_likely_keys
from sdgen.readers.sql.partial_keys import set_exclusions
from sdgen.readers.sql.realistic import literal
from sdgen.readers.sql.schema import CheckSchema, ColumnSchema, Schema, TableName, TableSchema
from sdgen.readers.sql.shared_links import set_polymorphic_links
from sdgen.readers.sql.table_checks import apply_checks
from sdgen.readers.sql.table_shapes import list_lookups, set_null_habits, set_shapes
from sdgen.readers.sql.type_checks import with_checked_types
from sdgen.readers.sql.types import UNSIZED, Fit, fit_of
from sdgen.readers.sql.unenforced_checks import SchemaOrigin
from sdgen.scenario.model import Scenario
from sdgen.scenario.types import Type


def relational_scenario(schema: Schema, rows: int | None = None) -> Scenario:
    """The scenario of a schema: `rows` rows a table where its constraints allow as many; None for its own shape."""
    # Types first: guessed keys compare the types of both columns.
    schema = with_likely_keys(with_checked_types(schema))
    notes = Notes(schema.file)
    domain_checks: dict[tuple[TableName, str], tuple[CheckSchema, ...]] = {}
    entities = {
        table.name: _entity(schema, table, name, ROWS if rows is None else rows, notes, domain_checks)
        for table, name in _names(schema.tables)
    }
    entities = {name: entity for name, entity in entities.items() if _has_columns(entity, notes)}
    if not entities:
        what = "no table has a column that can be filled"
        raise SourceError([Problem((), what, "why is told of each", schema.file), *notes.found])
    for entity in entities.values():
        set_keys(entity, notes, schema.dialect)
    # Links follow keys, since a key without columns of its own refers to the parent's primary key. Empty tables are
    # known once links are, and CHECKs are applied to what is left.
    set_links(entities, notes, schema.dialect)
    leave_empty(entities, notes, schema.dialect)
    lookups = set_shapes(list(entities.values()), ROWS) if rows is None else set()
    counted = {
        (entity.name, name)
        for entity in entities.values()
        for name, column in entity.columns.items()
        if column.generator is not None and column.generator.type == "sequence"
    }
    for entity in entities.values():
        apply_checks(schema, entity, domain_checks, notes, counted)
        set_exclusions(entity, {each.name: each.size for each in entities.values()}, notes)
    list_lookups(list(entities.values()), lookups)
    set_polymorphic_links(entities)
    set_content_types(entities)
    for entity in entities.values():
        set_null_habits(entity)
    scenario = make_feasible(schema.name, list(entities.values()), notes, schema.dialect)
    scenario = scenario.read_from(SchemaOrigin(schema, entities.values()), [*schema.notes, *notes.found])
    return with_skew(with_computed(scenario, schema, {entity.name: entity for entity in entities.values()}))


def _names(tables: Iterable[TableSchema]) -> list[tuple[TableSchema, str]]:
    """Entities are named after their tables, with the schema before it where two share a name."""
    tables = list(tables)
    names = [table.name.name for table in tables]
    taken: set[str] = set()
    found = []
    for table in tables:
        shared = names.count(table.name.name) > 1 and table.name.schema
        name = f"{table.name.schema}_{table.name.name}" if shared else table.name.name
        name = free_name(name, taken)
        taken.add(name)
        found.append((table, name))
    return found


def _entity(
    schema: Schema,
    table: TableSchema,
    name: str,
    rows: int,
    notes: Notes,
    domain_checks: dict[tuple[TableName, str], tuple[CheckSchema, ...]],
) -> TableDraft:
    entity = TableDraft(name, schema=table, alone=rows)
    for column in table.columns:
        fit = None if column.computed else fit_of(column.type, schema)
        # SQL Server's rowversion, its old name being timestamp, takes no value.
        if column.computed or (fit is not None and fit.database):
            continue
        # A tsvector is usually filled by a trigger from other columns, which words at random would stand against.
        if fit is None or (column.type.word == "tsvector" and column.nullable):
            _leave_out(entity, column, notes, schema.dialect)
            continue
        domain_checks[table.name, column.name] = fit.checks
        entity.columns[column.name] = _column(schema, table, column, fit)
        if schema.dialect == "duckdb" and (members := union_members(fit.declared)) is not None:
            _draw_member(entity, column.name, members)
    return entity


def _column(schema: Schema, table: TableSchema, column: ColumnSchema, fit: Fit) -> ColumnDraft:
    type = fit.type
    if _is_hex_uuid(schema, table, column):
        type, fit = Type("uuid"), replace(fit, declared=str(column.type))
    # MySQL has no boolean: BOOL is an alias, and tinyint(1) is all that its catalogue keeps.
    if schema.dialect == "mysql" and is_flag(table, column):
        type = Type("bool")
    # Oracle's NUMBER without a size serves keys and amounts alike.
    if schema.dialect == "oracle" and column.type.word == "number" and type == UNSIZED:
        type = Type("bigint") if _in_key(table, column.name) else type
    type = _within_prefix(table, column.name, type)
    draft = column_draft(column, type, column.nullable and fit.nullable, fit.generator)
    draft.target = {**column.elsewhere, **({schema.dialect: fit.declared} if fit.declared else {})}
    draft.demanded = fit.generator is not None and type.kind != "enum"
    return draft


def _draw_member(entity: TableDraft, name: str, members: Type) -> None:
    """Let a UNION have a value of one of its members, which a hidden column draws for each row."""
    column, kind = entity.columns[name], ColumnDraft(free_name(f"{name}_member", entity.columns), Type("text"))
    kind.fill("choice", values=list(members.fields))
    own = {
        field: ColumnDraft(free_name(f"{name}_{field}", entity.columns), type)
        for field, type in zip(members.fields, members.items, strict=True)
    }
    parts = (
        f"{quoted(field)} := CASE WHEN {quoted(kind.name)} = {literal(field)} THEN {quoted(each.name)} END"
        for field, each in own.items()
    )
    for each in (kind, *own.values()):
        each.hidden = True
        entity.columns = with_before(entity.columns, name, each.name, each)
    column.fill("expression", sql=f"struct_pack({', '.join(parts)})")
    column.strict = not column.nullable


_NAMES_OF_UUIDS = re.compile(r"(?:.*_)?(?:id|uid|uuid|guid)", re.IGNORECASE)


def _is_hex_uuid(schema: Schema, table: TableSchema, column: ColumnSchema) -> bool:
    """Whether a column keeps uuids without dashes: a key of CHAR(32), as SQLAlchemy and Django declare them."""
    if schema.dialect not in ("sqlite", "mysql") or (column.type.word, column.type.sizes) != ("char", (32,)):
        return False
    keys = [key.columns for key in table.foreign_keys] + [table.primary_key.columns if table.primary_key else ()]
    return any(column.name in key for key in keys) or _NAMES_OF_UUIDS.fullmatch(column.name) is not None


def _within_prefix(table: TableSchema, name: str, type: Type) -> Type:
    """A text no longer than the prefix of it that a key counts: texts that differ then differ in it."""
    keys = (*table.unique, table.primary_key) if table.primary_key else table.unique
    lengths = [length for key in keys for column, length in key.prefixes if column.lower() == name.lower()]
    if not lengths or type.kind not in ("string", "text"):
        return type
    return Type("string", length=min((*lengths, type.length or max(lengths))))


def _in_key(table: TableSchema, name: str) -> bool:
    keys = [key.columns for key in table.foreign_keys] + [table.primary_key.columns if table.primary_key else ()]
    return any(name in columns for columns in keys) or name.lower().endswith("id")


def _leave_out(entity: TableDraft, column: ColumnSchema, notes: Notes, dialect: str) -> None:
    what = f"the column is left out: nothing fills the type {column.type}"
    hint = "" if column.nullable or column.default else "it is NOT NULL without a default: add it by hand"
    # Where all types are known, an unknown one is a mistake in the schema; elsewhere it may be an extension's.
    told = notes.refuse if dialect in _READ_WHOLE else notes.add
    told(entity, column.name, what, column.line, hint)


_READ_WHOLE = frozenset({"clickhouse", "duckdb"})  # of which all types are known


def _has_columns(entity: TableDraft, notes: Notes) -> bool:
    if not entity.columns:
        notes.add(entity, "", "the table is left out: it has no column to fill", entity.schema.line)
    return bool(entity.columns)


_BITS = frozenset(map(Decimal, (0, 1)))
_NUMBER = re.compile(r"['\"(\s]*(-?\d+)['\")\s]*")
# The last words of names that count, measure or rank: their columns hold more than two values.
_NUMBERS = re.compile(
    "count|counts|number|num|no|qty|quantity|amount|level|levels|priority|rating|ratings|rank|score|stars|position|order|sequence|seq|"
    "type|kind|age|month|day|days|hour|hours|minutes|week|weekday|quarter|year|size|total|index|version|attempts|retries|tries|grade|floor|"
    "rooms|bedrooms|bathrooms|seats|guests|adults|children|points|weight|step|stage|percent|percentage|degree|degrees|digit|length|width|height|depth|id|code|role|category"
)
_OTHER_CODES = re.compile(r"(?<![\d.])([2-9])\s*[:=\-]\s*[A-Za-z]")  # a comment such as `0=no, 1=yes, 2=maybe`


def is_flag(table: TableSchema, column: ColumnSchema) -> bool:
    """Whether a MySQL column is a boolean: any tinyint(1) but keys, numbers by name, default, comment or CHECK."""
    if column.type.word != "tinyint" or column.type.sizes != (1,) or column.counts or _is_key(table, column.name):
        return False
    default = _NUMBER.fullmatch(column.default)
    if default is not None and Decimal(default[1]) not in _BITS:
        return False
    words = re.findall(r"[A-Z]*[a-z]+|[A-Z]+", column.name)
    last = words[-1].lower() if words else ""
    return (
        not _NUMBERS.fullmatch(last) and not _OTHER_CODES.search(column.description) and not _beyond(table, column.name)
    )


def _is_key(table: TableSchema, name: str) -> bool:
    keys = [key.columns for key in table.foreign_keys]
    if table.primary_key is not None:
        keys.append(table.primary_key.columns)
    return any(name in columns for columns in keys)


def _beyond(table: TableSchema, name: str) -> bool:
    """Whether a CHECK speaks of values other than 0 and 1."""
    found = (branch.columns for check in table.checks for branch in branches_of(check.sql, "mysql"))
    bounds = (each for columns in found for each_name, each in columns.items() if each_name.lower() == name.lower())
    return any(_numbers(each) for each in bounds)


def _numbers(bounds: ColumnBounds) -> bool:
    ends: Iterable[object] = (bounds.low, bounds.high, *(bounds.values or ()))
    return any(isinstance(each, Decimal) and each not in _BITS for each in ends)
