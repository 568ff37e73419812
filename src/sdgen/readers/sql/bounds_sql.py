"""Bounds of a column as a condition in the SQL of expressions."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from sdgen.readers.drafts import quoted_name
from sdgen.readers.sql.check_facts import NOW, VALUE_NAME, ColumnBounds, Value


def guard(name: str, bounds: ColumnBounds) -> str:
    """Bounds of a column as a condition; "" where they are none that an expression can compute, or say nothing."""
    own, parts = quoted_name(name), list[str]()
    for end, sign in ((bounds.low, ">" if bounds.low_open else ">="), (bounds.high, "<" if bounds.high_open else "<=")):
        if isinstance(end, Decimal):
            parts.append(f"{own} {sign} {end}")
        elif end is not None and (moment := _moment(end)):
            parts.append(f"{own} {sign} {moment}")
        elif end is not None:
            return ""
    if bounds.values is not None:
        parts.append(f"{own} IN ({', '.join(map(literal, bounds.values))})")
    if bounds.other_than:
        parts.append(f"{own} NOT IN ({', '.join(map(literal, bounds.other_than))})")
    for match in bounds.matches:
        options = ", 'i'" if match.any_case else ""
        parts.append(f"{'' if match.found else 'NOT '}regexp_matches({own}, {literal(match.regex)}{options})")
    if bounds.shortest:
        parts.append(f"length({own}) >= {bounds.shortest}")
    if bounds.longest > 0:
        parts.append(f"length({own}) <= {bounds.longest}")
    if bounds.letters:
        parts.append(f"{own} = {bounds.letters}({own})")
    parts += [f"({each.replace(VALUE_NAME, own)})" for each in bounds.conditions]
    return " AND ".join(parts)


def literal(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, Decimal) else "'" + value.replace("'", "''") + "'"


_RELATIVE = re.compile(r"([+-]\d+)d")


def _moment(text: str) -> str:
    """A moment as an expression has it; "" where it isn't understood."""
    relative = _RELATIVE.fullmatch(text)
    if text == NOW or relative is not None:
        return "as_of" if relative is None else f"as_of + to_days({int(relative[1])})"
    try:
        return f"TIMESTAMP '{datetime.fromisoformat(text.strip().replace('/', '-')).isoformat(sep=' ')}'"
    except ValueError:
        return ""
