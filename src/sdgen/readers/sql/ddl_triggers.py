"""Triggers that run as rows are inserted: what they ask of rows, what they set, and where they add rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from sdgen.readers.sql.ddl_tables import SchemaBuilder, Trigger
from sdgen.readers.sql.ddl_text import Statement
from sdgen.readers.sql.ddl_tokens import Tokens
from sdgen.readers.sql.ddl_trigger_bodies import (
    NAME,
    ROUTINE,
    AddedRow,
    TriggerEffects,
    effects_of,
    last_name,
    without_comments,
)
from sdgen.readers.sql.schema import CheckSchema, ForeignKeySchema, KeySchema, Schema, TableSchema

# The event stands before the table, but in SQL Server behind it.
_TRIGGER = re.compile(
    rf"CREATE\s+(?:\w+\s+){{0,4}}?TRIGGER\s+(?:IF\s+NOT\s+EXISTS\s+)?{NAME}(.*?)\bON\s+{NAME}(.*)",
    re.IGNORECASE | re.DOTALL,
)
_VIEW = re.compile(rf"CREATE\s+(?:\w+\s+){{0,4}}?VIEW\s+(?:IF\s+NOT\s+EXISTS\s+)?{NAME}", re.IGNORECASE)
_HINT = "what is in the table then differs from what was made: drop the trigger before the load, or let it do so"


def read_trigger(reading: SchemaBuilder, statement: Statement) -> None:
    """Keep a trigger on inserted rows, or what one may need: a routine, or the name of a view."""
    if (view := _VIEW.match(statement.text)) is not None:
        reading.views.add(last_name(view[1]))
    text = without_comments(statement.text)
    routine = ROUTINE.match(text)
    if routine is not None:
        reading.routines[last_name(routine[1])] = text
        return
    found = _TRIGGER.match(text)
    if found is None:
        return
    name, before, table, after = found.groups()
    events, body = (before, after) if re.search(r"\bINSERT\b", before, re.IGNORECASE) else (after[:60], after)
    if re.search(r"\bINSERT\b(?!\s+INTO)", events, re.IGNORECASE):
        trigger = Trigger(last_name(name), last_name(table), body, statement.line)
        reading.triggers[trigger.name, trigger.table] = trigger


def drop_trigger(reading: SchemaBuilder, found: Tokens) -> None:
    """DROP TRIGGER name, in PostgreSQL with the table that it is on."""
    found.takes("DROP", "TRIGGER")
    found.takes("IF", "EXISTS")
    path = found.path()
    table = found.path()[-1].lower() if found.takes("ON") else ""
    for name, on in list(reading.triggers):
        if path and name == path[-1].lower() and table in ("", on):
            del reading.triggers[name, on]


def with_triggers(schema: Schema, reading: SchemaBuilder) -> Schema:
    """The schema with what its triggers ask of rows, and what they do, which is told of each."""
    tables = {table.name.name.lower(): table for table in schema.tables}
    there = {name.name.lower() for name in reading.tables.drafts} | reading.views
    for trigger in reading.triggers.values():
        effects = effects_of(trigger.table, trigger.body, reading.routines)
        _tell(reading, trigger, effects)
        for name, columns in effects.sets.items():
            if name in tables:
                tables[name] = _set_by(tables[name], columns, trigger)
        others = [each for each in effects.adds if each.table != trigger.table]
        for row in others:
            if row.table in tables:
                filled = tables[row.table]
                tables[row.table] = replace(filled, filled_by=filled.filled_by or trigger.name)
        if trigger.table in tables:
            own = _asked(tables[trigger.table], trigger, effects, there)
            if effects.unset is not None and _is_firm(tables.get(effects.unset[1]), effects.unset[2]):
                why = f"the trigger {trigger.name} needs the session's {effects.unset[0]}, which nothing sets"
                own = replace(own, left_empty=why)
            for row in others:
                own = _beside(own, tables.get(row.table), row, trigger)
            tables[trigger.table] = own
    by_name = {table.name: table for table in tables.values()}
    return replace(schema, tables=tuple(by_name.get(table.name, table) for table in schema.tables))


def _tell(reading: SchemaBuilder, trigger: Trigger, effects: TriggerEffects) -> None:
    does = [_shown(each, list(columns), trigger.table) for each, columns in effects.sets.items() if columns]
    added = dict.fromkeys(each.table for each in effects.adds if each.table != trigger.table)
    does += (f"adds rows to {each}" for each in added)
    what = (
        f"{trigger.table}: trigger {trigger.name} runs on inserted rows, and {' and '.join(does) or 'may change them'}"
    )
    reading.note(what, trigger.line, hint=_HINT)


def _shown(table: str, columns: list[str], own: str) -> str:
    return f"sets {', '.join(columns)}{'' if table == own else f' of {table}'}"


def _set_by(table: TableSchema, columns: Mapping[str, None], trigger: Trigger) -> TableSchema:
    names = {name.lower() for name in columns}
    set_by = {each.name: trigger.name for each in table.columns if each.name.lower() in names}
    return replace(table, set_by={**table.set_by, **set_by})


def _asked(table: TableSchema, trigger: Trigger, effects: TriggerEffects, there: set[str]) -> TableSchema:
    """A table with what a trigger asks of its own rows: as CHECKs."""
    checks = [f"json_valid({name})" for name in effects.json if name.lower() in _names(table)]
    checks += effects.kept
    missing = [each.table for each in effects.adds if each.table not in there]
    astray = [name for name in effects.otherwise if name not in there]
    if astray and effects.ways and set(missing) == set(astray):
        checks += [" OR ".join(f"({way})" for way in effects.ways)]
        checks += [f"{name} IS NOT NULL" for name in _names(table) if any(_speaks(way, name) for way in effects.ways)]
    elif missing:
        table = replace(table, left_empty=f"the trigger {trigger.name} adds rows to {missing[0]}, which is not there")
    if effects.refused_by:
        why = f"the trigger {trigger.name} refuses rows by what is elsewhere: IF {_shortened(effects.refused_by)}"
        table = replace(table, left_empty=why)
    if effects.changes_tables:
        table = replace(table, left_empty=f"the trigger {trigger.name} makes or changes tables with each row")
    new = (CheckSchema(sql, trigger.name, trigger.line) for sql in checks)
    return replace(table, checks=(*table.checks, *new))


def _shortened(condition: str) -> str:
    return condition if len(condition) <= 60 else condition[:59] + "…"


def _is_firm(table: TableSchema | None, column: str) -> bool:
    columns = table.columns if table is not None else ()
    return any(each.name.lower() == column and not each.nullable and not each.default for each in columns)


def _names(table: TableSchema) -> dict[str, None]:
    return {column.name.lower(): None for column in table.columns}


def _speaks(condition: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", condition, re.IGNORECASE) is not None


def _beside(table: TableSchema, other: TableSchema | None, row: AddedRow, trigger: Trigger) -> TableSchema:
    """A table whose trigger adds a row to another one with values of its own."""
    if other is None:
        return table
    columns = row.columns or tuple(column.name.lower() for column in other.columns)
    given = {column: own for column, own in zip(columns, row.values, strict=False) if own}
    firm = {column.name.lower() for column in other.columns if not column.nullable}
    key = {name.lower() for name in other.primary_key.columns} if other.primary_key is not None else set()
    needed = {own for column, own in given.items() if column in firm | key}
    checks = (
        CheckSchema(f"{column.name} IS NOT NULL", trigger.name, trigger.line)
        for column in table.columns
        if column.nullable and column.name.lower() in needed
    )
    table = replace(table, checks=(*table.checks, *checks))
    return _first(table, other, {own for column, own in given.items() if {column} == key})


def _first(table: TableSchema, other: TableSchema, owns: set[str]) -> TableSchema:
    """A table whose keys come to be in another one by its trigger: they are its own, and lead nowhere."""

    def adds(key: ForeignKeySchema) -> bool:
        return key.table == other.name and {name.lower() for name in key.columns} <= owns

    added = list(filter(adds, table.foreign_keys))
    known = {key.columns for key in (*table.unique, *([table.primary_key] if table.primary_key else []))}
    unique = (KeySchema(key.columns, line=key.line) for key in added if key.columns not in known)
    kept = tuple(key for key in table.foreign_keys if not adds(key))
    return replace(table, foreign_keys=kept, unique=(*table.unique, *unique))
