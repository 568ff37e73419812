"""Triggers that run as rows are inserted: what they set, and the tables that they add rows to, as far as texts tell."""

from __future__ import annotations

import re
from dataclasses import replace

from sdgen.readers.sql.ddl_tables import SchemaBuilder
from sdgen.readers.sql.ddl_text import Statement
from sdgen.readers.sql.schema import Schema, TableName

_NAME = r"((?:[\w$]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])(?:\.(?:[\w$]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\]))?)"
# The event stands before the table, but in SQL Server behind it.
_TRIGGER = re.compile(
    rf"CREATE\s+(?:\w+\s+){{0,4}}?TRIGGER\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}(.*?)\bON\s+{_NAME}(.*)",
    re.IGNORECASE | re.DOTALL,
)
_ROUTINE = re.compile(rf"CREATE\s+(?:\w+\s+){{0,4}}?(?:FUNCTION|PROCEDURE)\s+{_NAME}\s*\(", re.IGNORECASE)
_CALL = re.compile(rf"EXECUTE\s+(?:FUNCTION|PROCEDURE)\s+{_NAME}\s*\(", re.IGNORECASE)
_SETS = re.compile(r"\bNEW\.[\"`]?(\w+)[\"`]?\s*:?=(?!=)", re.IGNORECASE)
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
    sets = ", ".join(dict.fromkeys(_SETS.findall(body)))
    added = {each: _last(each) for each in _ADDS.findall(body) if _last(each) != _last(table)}
    does = [*([f"sets {sets}"] if sets else []), *(f"adds rows to {each}" for each in added.values())]
    what = f"{_last(table)}: trigger {_last(name)} runs on inserted rows, and {' and '.join(does) or 'may change them'}"
    hint = "what is in the table then differs from what was made: drop the trigger before the load, or let it do so"
    reading.note(what, statement.line, hint=hint)
    for each in added.values():
        reading.filled_by.setdefault(each, _last(name))


def with_filled_tables(schema: Schema, filled_by: dict[str, str]) -> Schema:
    """The schema with the triggers that fill tables: rows of another origin would meet theirs at the keys."""
    tables = tuple(replace(table, filled_by=filled_by.get(_key(table.name), "")) for table in schema.tables)
    return replace(schema, tables=tables)


def _key(name: TableName) -> str:
    return name.name.lower()


def _last(name: str) -> str:
    return re.split(r"\.(?=[^.]+$)", name)[-1].strip('"`[]').lower()
