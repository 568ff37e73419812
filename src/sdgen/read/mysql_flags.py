"""MySQL's `tinyint(1)`, which is how it spells a boolean, unless the column is clearly a number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from sdgen.read.check_facts import Said
from sdgen.read.checks import understand
from sdgen.read.schema import ColumnSchema, TableSchema

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
    said = (each for columns in found for each_name, each in columns.items() if each_name.lower() == name.lower())
    return any(_numbers(each) for each in said)


def _numbers(said: Said) -> bool:
    ends: Iterable[object] = (said.low, said.high, *(said.values or ()))
    return any(isinstance(each, Decimal) and each not in _BITS for each in ends)
