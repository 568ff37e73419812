"""Schema → scenario: constraints become generators, keys become links, and what can't be kept becomes a note.

Columns of which only name and type speak get no generator: the rules find one when the scenario is planned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from sdgen.errors import Problem, SourceError
from sdgen.readers.base import ROWS
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.capacity import make_feasible
from sdgen.readers.sql.check_facts import CheckMeaning, ColumnBounds
from sdgen.readers.sql.checks import understand
from sdgen.readers.sql.column_orders import set_orders
from sdgen.readers.sql.drafts import Notes, TableDraft, column_draft
from sdgen.readers.sql.exclusions import set_exclusions
from sdgen.readers.sql.keys import leave_empty, set_keys, set_links
from sdgen.readers.sql.polymorphic_links import set_polymorphic_links
from sdgen.readers.sql.schema import CheckSchema, ColumnSchema, Schema, TableName, TableSchema
from sdgen.readers.sql.types import UNSIZED, Fit, fit_of
from sdgen.readers.sql.unenforced_checks import SchemaOrigin, shown, told, watch
from sdgen.scenario.model import Scenario
from sdgen.scenario.types import Type


def relational_scenario(schema: Schema, rows: int | None = None) -> Scenario:
    """The scenario of a schema, `rows` rows a table where its constraints allow as many."""
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
    set_links(entities, notes, schema.dialect)
    leave_empty(entities, notes)
    for entity in entities.values():
        _apply_checks(schema, entity, domain_checks, notes)
        set_exclusions(entity, {each.name: each.size for each in entities.values()}, notes)
    set_polymorphic_links(entities)
    scenario = make_feasible(schema.name, list(entities.values()), notes, schema.dialect)
    return scenario.read_from(SchemaOrigin(schema, entities.values()), [*schema.notes, *notes.found])


def _names(tables: Iterable[TableSchema]) -> list[tuple[TableSchema, str]]:
    """Entities are named after their tables, with the schema before it where two share a name."""
    tables = list(tables)
    names = [table.name.name for table in tables]
    taken: set[str] = set()
    found = []
    for table in tables:
        shared = names.count(table.name.name) > 1 and table.name.schema
        name = f"{table.name.schema}_{table.name.name}" if shared else table.name.name
        while name in taken:
            name += "_"
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
        if column.computed or (fit is not None and fit.database):
            continue
        if fit is None or (column.type.word == "tsvector" and column.nullable):
            _leave_out(entity, column, notes)
            continue
        domain_checks[table.name, column.name] = fit.checks
        entity.columns[column.name] = _column(schema, table, column, fit)
    return entity


def _column(schema: Schema, table: TableSchema, column: ColumnSchema, fit: Fit) -> ColumnDraft:
    type = fit.type
    if schema.dialect == "mysql" and is_flag(table, column):
        type = Type("bool")
    if schema.dialect == "oracle" and column.type.word == "number" and type == UNSIZED:
        type = Type("bigint") if _in_key(table, column.name) else type
    draft = column_draft(column, type, column.nullable and fit.nullable, fit.generator)
    draft.demanded = fit.generator is not None and type.kind != "enum"
    return draft


def _in_key(table: TableSchema, name: str) -> bool:
    keys = [key.columns for key in table.foreign_keys] + [table.primary_key.columns if table.primary_key else ()]
    return any(name in columns for columns in keys) or name.lower().endswith("id")


def _leave_out(entity: TableDraft, column: ColumnSchema, notes: Notes) -> None:
    what = f"the column is left out: nothing fills the type {column.type}"
    hint = "" if column.nullable or column.default else "it is NOT NULL without a default: add it by hand"
    notes.add(entity, column.name, what, column.line, hint)


def _has_columns(entity: TableDraft, notes: Notes) -> bool:
    if not entity.columns:
        notes.add(entity, "", "the table is left out: it has no column to fill", entity.schema.line)
    return bool(entity.columns)


def _apply_checks(
    schema: Schema,
    entity: TableDraft,
    domain_checks: Mapping[tuple[TableName, str], tuple[CheckSchema, ...]],
    notes: Notes,
) -> None:
    """Collect what all CHECKs of a table say, and settle what they say about two columns."""
    spelled = {name.lower(): name for name in entity.columns}
    found = [(check, _spelled(understand(check.sql, schema.dialect), spelled)) for check in entity.schema.checks]
    whole = CheckMeaning()
    for check, understood in found:
        for sql, columns in understood.unknown:
            _not_understood(schema, entity, check, sql, columns, notes)
        for name, bounds in understood.columns.items():
            _say(schema, entity, name, bounds, check, notes)
        whole = whole.also(understood)
    for name in entity.columns:
        for check in domain_checks.get((entity.schema.name, name), ()):
            _apply_domain(schema, entity, name, check, notes)
    for pair, fault in set_orders(entity, whole):
        check = next(check for check, understood in found if pair in _pairs(understood))
        notes.add(entity, "", f"CHECK {check.name} {fault}".replace("  ", " "), check.line or entity.schema.line)
        watch(entity, check, schema.dialect)
    for check, understood in found:
        if not understood.unknown and not _is_range(understood):
            watch(entity, check, schema.dialect)


def _is_range(found: CheckMeaning) -> bool:
    """Whether a condition is one column's range or list of values, which its generator tells."""
    plain = [
        each == ColumnBounds(each.low, each.low_open, each.high, each.high_open, each.values)
        for each in found.columns.values()
    ]
    return plain == [True] and not _pairs(found)


def _pairs(found: CheckMeaning) -> list[tuple[str, str]]:
    """The columns that a condition compares with one another."""
    return [*((order.low, order.high) for order in found.orders), *found.different, *found.equal]


def _apply_domain(schema: Schema, entity: TableDraft, name: str, check: CheckSchema, notes: Notes) -> None:
    found = understand(check.sql, schema.dialect)
    for sql, _ in found.unknown:
        _not_understood(schema, entity, check, sql, (name,), notes, of_domain=True)
    for bounds in found.columns.values():
        _say(schema, entity, name, bounds, check, notes)
    if not found.unknown and not _is_range(found):
        watch(entity, check, schema.dialect, name)


def _spelled(found: CheckMeaning, spelled: Mapping[str, str]) -> CheckMeaning:
    """What was understood, with columns' names as the table spells them."""

    def own(name: str) -> str:
        return spelled.get(name.lower(), name)

    return CheckMeaning(
        {own(name): bounds for name, bounds in found.columns.items()},
        tuple(replace(order, low=own(order.low), high=own(order.high)) for order in found.orders),
        tuple((own(one), own(other)) for one, other in found.different),
        tuple((own(one), own(other)) for one, other in found.equal),
        tuple((sql, tuple(own(name) for name in names)) for sql, names in found.unknown),
    )


def _say(schema: Schema, entity: TableDraft, name: str, bounds: ColumnBounds, check: CheckSchema, notes: Notes) -> None:
    column = entity.columns.get(name)
    if column is None:
        return
    if bounds.pattern and column.bounds.pattern not in ("", bounds.pattern):
        _not_understood(schema, entity, check, f"{shown(check.sql)} beside another pattern", (name,), notes)
        return
    column.bounds = column.bounds.also(bounds)
    column.checks.append(check)
    if bounds.not_null:
        column.nullable = False
    if bounds.null and column.nullable:
        column.null_rate = 1.0
    if column.bounds.null and not column.nullable:
        what = f"{told(column.checks)} can't be kept by a column that is NOT NULL: it asks for null"
        notes.refuse(entity, name, what, check.line)


def _not_understood(
    schema: Schema,
    entity: TableDraft,
    check: CheckSchema,
    sql: str,
    columns: tuple[str, ...],
    notes: Notes,
    of_domain: bool = False,
) -> None:
    """A condition over a column that may be null holds where it is null, unless the condition speaks of nulls."""
    named = f"CHECK {check.name} {shown(sql)}" if check.name else f"CHECK {shown(sql)}"
    found = [entity.columns[name] for name in columns if name in entity.columns]
    free = [column for column in found if column.nullable and not column.primary]
    if free and not any(word in sql.upper() for word in ("NULL", "COALESCE", " OR ", "CASE")):
        free[0].null_rate = 1.0
        what = f"{named} is not understood: {free[0].name} is left null, so that it holds"
    else:
        what = f"{named} is not understood: rows may break it"
        watch(entity, check, schema.dialect, columns[0] if of_domain else "")
    notes.add(
        entity, columns[0] if len(found) == 1 else "", what, check.line, "give its columns generators that keep it"
    )


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
    found = (understand(check.sql, "mysql").columns for check in table.checks)
    bounds = (each for columns in found for each_name, each in columns.items() if each_name.lower() == name.lower())
    return any(_numbers(each) for each in bounds)


def _numbers(bounds: ColumnBounds) -> bool:
    ends: Iterable[object] = (bounds.low, bounds.high, *(bounds.values or ()))
    return any(isinstance(each, Decimal) and each not in _BITS for each in ends)
