"""Triggers that run as rows are inserted: what they set, and the tables that they add rows to, as far as texts tell."""

from __future__ import annotations

import re
from dataclasses import replace

from sdgen.readers.sql.ddl_tables import SchemaBuilder
from sdgen.readers.sql.ddl_text import Statement
from sdgen.readers.sql.schema import Schema, TableName, TableSchema

_NAME = r"((?:[\w$]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])(?:\.(?:[\w$]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\]))?)"
# The event stands before the table, but in SQL Server behind it.
_TRIGGER = re.compile(
    rf"CREATE\s+(?:\w+\s+){{0,4}}?TRIGGER\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}(.*?)\bON\s+{_NAME}(.*)",
    re.IGNORECASE | re.DOTALL,
)
_ROUTINE = re.compile(rf"CREATE\s+(?:\w+\s+){{0,4}}?(?:FUNCTION|PROCEDURE)\s+{_NAME}\s*\(", re.IGNORECASE)
_CALL = re.compile(rf"EXECUTE\s+(?:FUNCTION|PROCEDURE)\s+{_NAME}\s*\(", re.IGNORECASE)
_SETS = re.compile(r"\bNEW\.[\"`]?(\w+)[\"`]?\s*:?=(?!=)", re.IGNORECASE)
_UPDATES = re.compile(
    rf"(?<!FOR )(?<!DO )(?<!KEY )\bUPDATE\s+(?:OR\s+\w+\s+)?(?:ONLY\s+)?{_NAME}(?:\s+(?:AS\s+)?(?!SET\b)\w+)?\s+SET\b"
    r"(.*?)(?:\bWHERE\b|\bFROM\b|;|$)",
    re.IGNORECASE | re.DOTALL,
)
_ASSIGNED = re.compile(r"(?:^|,)\s*(?:\w+\.)?[\"`\[]?(\w+)[\"`\]]?\s*=", re.DOTALL)
_ADDS = re.compile(rf"\bINSERT\s+(?:OR\s+\w+\s+|IGNORE\s+)?INTO\s+{_NAME}", re.IGNORECASE)


def read_trigger(reading: SchemaBuilder, statement: Statement) -> None:
    """Note a trigger on inserted rows; PostgreSQL's say what they do in a function that stands before them."""
    routine = _ROUTINE.match(statement.text)
    if routine is not None:
        reading.routines[_last(routine[1])] = statement.text
        return
    found = _TRIGGER.match(statement.text)
    if found is None:
        return
    name, before, table, after = found.groups()
    events, body = (before, after) if re.search(r"\bINSERT\b", before, re.IGNORECASE) else (after[:60], after)
    if not re.search(r"\bINSERT\b(?!\s+INTO)", events, re.IGNORECASE):
        return
    call = _CALL.search(body)
    body = reading.routines.get(_last(call[1]), "") if call is not None else body
    added = {each: _last(each) for each in _ADDS.findall(body) if _last(each) != _last(table)}
    sets = {_last(table): dict.fromkeys(_SETS.findall(body))}
    for changed, assigned in _UPDATES.findall(body):
        sets.setdefault(_last(changed), {}).update(dict.fromkeys(_ASSIGNED.findall(assigned)))
    does = [_shown(each, list(columns), _last(table)) for each, columns in sets.items() if columns]
    does += (f"adds rows to {each}" for each in added.values())
    what = f"{_last(table)}: trigger {_last(name)} runs on inserted rows, and {' and '.join(does) or 'may change them'}"
    hint = "what is in the table then differs from what was made: drop the trigger before the load, or let it do so"
    reading.note(what, statement.line, hint=hint)
    for each in added.values():
        reading.filled_by.setdefault(each, _last(name))
    for each, columns in sets.items():
        reading.set_by.setdefault(each, {}).update({column.lower(): _last(name) for column in columns})


def _shown(table: str, columns: list[str], own: str) -> str:
    return f"sets {', '.join(columns)}{'' if table == own else f' of {table}'}"


def with_triggers(schema: Schema, reading: SchemaBuilder) -> Schema:
    """The schema with the triggers that fill tables, whose keys other rows would meet, and that set columns."""
    return replace(schema, tables=tuple(_with_triggers(table, reading) for table in schema.tables))


def _with_triggers(table: TableSchema, reading: SchemaBuilder) -> TableSchema:
    by_column = reading.set_by.get(_key(table.name), {})
    set_by = {each.name: by_column[each.name.lower()] for each in table.columns if each.name.lower() in by_column}
    return replace(table, filled_by=reading.filled_by.get(_key(table.name), ""), set_by=set_by)


def _key(name: TableName) -> str:
    return name.name.lower()


def _last(name: str) -> str:
    return re.split(r"\.(?=[^.]+$)", name)[-1].strip('"`[]').lower()
