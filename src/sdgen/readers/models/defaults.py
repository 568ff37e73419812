"""What a column of a SQLAlchemy model gets where nothing is given, as the text of an SQL default."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Column

_UUIDS = frozenset({"uuid1", "uuid4", "uuid6", "uuid7"})


def default_text(column: Column[Any]) -> str:
    """The default that the database gives, else the one that Python does; "" where there is none."""
    if column.server_default is not None:
        return _of_server(getattr(column.server_default, "arg", "default"))
    if column.default is None:
        return ""
    made = getattr(column.default, "arg", None)
    if callable(made) and not isinstance(made, type):
        return _of_callable(made)
    return _literal(made, column.type)


def _of_server(given: Any) -> str:
    """A plain text is a value, which SQLAlchemy quotes; anything else is SQL."""
    return _quoted(given) if isinstance(given, str) else str(given)


def _of_callable(made: Callable[..., Any]) -> str:
    """The name of a function; of a lambda, that of the function it asks for a UUID or the time."""
    inner = getattr(made, "__wrapped__", made)  # SQLAlchemy gives functions without arguments a context
    named = {str(getattr(inner, "__name__", "")), *getattr(getattr(inner, "__code__", None), "co_names", ())}
    found = sorted(named & _UUIDS) or sorted(named & {"time"})
    return f"{found[0] if found else getattr(inner, '__name__', 'default')}()"


def _literal(made: Any, type: Any) -> str:
    if isinstance(made, Enum):
        members, listed = list(getattr(type, "enum_class", None) or ()), list(getattr(type, "enums", ()))
        known = made in members and len(members) == len(listed)
        made = listed[members.index(made)] if known else made.value
    if isinstance(made, bool | int | float):
        return str(made).lower()
    return _quoted(made) if isinstance(made, str) else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
