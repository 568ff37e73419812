"""What the validation of a record says, in the words of whoever wrote the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_WORDS = {
    "int_parsing": "not a whole number",
    "int_type": "not a whole number",
    "int_from_float": "not a whole number",
    "float_parsing": "not a number",
    "float_type": "not a number",
    "finite_number": "not a finite number",
    "bool_parsing": "neither true nor false",
    "bool_type": "neither true nor false",
    "string_type": "not a text",
    "greater_than_equal": "less than {ge}",
    "greater_than": "not above {gt}",
    "less_than_equal": "more than {le}",
    "less_than": "not below {lt}",
    "datetime_from_date_parsing": "not a time, such as 2026-01-01T00:00:00Z",
    "datetime_parsing": "not a time, such as 2026-01-01T00:00:00Z",
    "datetime_type": "not a time, such as 2026-01-01T00:00:00Z",
}
_RECORDS = {"RowCount": "neither a number of rows nor a mapping, such as {{per: customers, min: 0, max: 9}}"}
_LONGEST = 60  # characters


def in_words(detail: Mapping[str, Any]) -> str:
    """A detail of a ValidationError, to come after the value it speaks of: `is not a whole number`."""
    words = _words(detail)
    if words:
        limits = {name: int(value) if float(value).is_integer() else value for name, value in _limits(detail)}
        return f"is {words.format_map(limits)}"
    message = str(detail["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _limits(detail: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The limits that a value is beyond; pydantic has a whole number as a float where the field is one."""
    context = detail.get("ctx", {})
    return ((name, value) for name, value in context.items() if isinstance(value, int | float))


def said_of(value: object, detail: Mapping[str, Any]) -> str:
    """The value, as far as it is short, and what is wrong with it; of a message of our own the message alone."""
    shown = repr(value)
    short = shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
    return f"{short} {in_words(detail)}" if _words(detail) else in_words(detail)


def _words(detail: Mapping[str, Any]) -> str:
    return _RECORDS.get(str(detail.get("ctx", {}).get("class_name")), _WORDS.get(str(detail["type"]), ""))
