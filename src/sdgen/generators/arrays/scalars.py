"""Single values as they come from YAML, JSON or Python, made into arrays of a column's type."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import pyarrow as pa

from sdgen.scenario.types import INTEGER_BITS, Type

_ROOMY = Context(prec=100)  # the usual 28 digits are fewer than a decimal(38, n) has
_BOOLS = {"true": True, "false": False, "1": True, "0": False}


def scalar_array(values: Sequence[object], type: Type) -> pa.Array:
    """The values as an array of exactly `type.arrow`; ValueError names the first that doesn't fit, and why.

    Numbers and booleans are also taken from their text, dates and times from ISO 8601 text, uuids from
    theirs, binary values from bytes, `base64:…` or the text's UTF-8; a json value is any structure, or a
    text that is JSON already.
    """
    return pa.array([scalar(value, type) for value in values], type.arrow)


def scalar(value: object, type: Type) -> Any:
    """One value as Arrow takes it for a column of `type`; ValueError where it doesn't fit."""
    if value is None:
        return None
    read = _READERS[_family(type.kind)]
    try:
        return read(value, type)
    except _Unfit as unfit:
        raise ValueError(f"{value!r} doesn't fit {type}: {unfit}") from None
    except (TypeError, AttributeError, ArithmeticError, ValueError) as error:
        if "doesn't fit" in str(error):
            raise
        raise ValueError(f"{value!r} doesn't fit {type}") from None


class _Unfit(Exception):
    """Why a value doesn't fit its type."""


def _family(kind: str) -> str:
    return "int" if kind.removeprefix("u") in INTEGER_BITS else kind


def _integer(value: object, type: Type) -> int:
    # True is an int to Python, and a mistake in a column of numbers.
    if isinstance(value, bool):
        raise _Unfit("a boolean is no number")
    number = int(value) if isinstance(value, str) else value
    if not isinstance(number, (int, float, Decimal)) or number != int(number):
        raise _Unfit("not a whole number")
    bits = INTEGER_BITS[type.kind.removeprefix("u")]
    unsigned = type.kind.startswith("u")
    low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if not low <= number <= high:
        raise _Unfit(f"the range is {low} to {high}")
    return int(number)


def _float(value: object, type: Type) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        raise _Unfit("not a number")
    return float(value)


def _decimal(value: object, type: Type) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        raise _Unfit("not a number")
    try:
        # By its text, so that 0.1 is a tenth and not the double nearest to it.
        number = Decimal(str(value))
    except InvalidOperation:
        raise _Unfit("not a number") from None
    if not number.is_finite():
        raise _Unfit("not a finite number")
    # Scaling in the usual context would round long decimals, and none of them would be refused.
    scaled = number.scaleb(type.scale, _ROOMY)
    if scaled != scaled.to_integral_value():
        raise _Unfit(f"more than {type.scale} digits behind the point")
    if scaled.copy_abs() >= 10**type.precision:
        raise _Unfit(f"more than {type.precision - type.scale} digits before the point")
    return number.quantize(Decimal(1).scaleb(-type.scale), context=_ROOMY)


def _bool(value: object, type: Type) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text not in _BOOLS:
        raise _Unfit("write true or false")
    return _BOOLS[text]


def _text(value: object, type: Type) -> str:
    if isinstance(value, (Mapping, list, tuple, set)):
        raise _Unfit("a structure is no text")
    text = _plain(value)
    if type.length and len(text) > type.length:
        raise _Unfit(f"it has {len(text)} characters")
    return text


def _enum(value: object, type: Type) -> str:
    text = _text(value, type)
    if text not in type.values:
        raise _Unfit("not one of its values")
    return text


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (date, time)):
        return value.isoformat()
    return value.decode() if isinstance(value, bytes) else str(value)


def _json(value: object, type: Type) -> str:
    if isinstance(value, str):
        try:
            # A text that is JSON stays as it is, spaces and order of names included.
            json.loads(value)
            return value
        except ValueError:
            pass
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _date(value: object, type: Type) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(_words(value, "a date such as 2024-12-31"))


def _time(value: object, type: Type) -> time:
    if isinstance(value, time):
        return value
    return time.fromisoformat(_words(value, "a time such as 23:59:00"))


def _timestamp(value: object, type: Type) -> datetime:
    moment = _moment(value)
    if moment.tzinfo is not None:
        # A zone is turned into UTC before it is dropped, or 12:00+02:00 would be stored as noon.
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=UTC if type.kind == "timestamptz" else None)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return datetime.fromisoformat(_words(value, "a moment such as 2024-12-31T23:59:00Z"))


def _words(value: object, wanted: str) -> str:
    if not isinstance(value, str):
        raise _Unfit(f"write {wanted}")
    return value.strip()


def _uuid(value: object, type: Type) -> bytes:
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, bytes) and len(value) == 16:
        return value
    text = _words(value, "its 32 hex digits")
    # UUID() takes braces and urn: in front too, which would hide a mistake.
    if not re.fullmatch(r"[0-9a-fA-F-]+", text):
        raise _Unfit("not 32 hex digits")
    return UUID(text).bytes


def _binary(value: object, type: Type) -> bytes:
    if isinstance(value, bytes):
        return value
    text = _words(value, "a text")
    return b64decode(text[7:], validate=True) if text.startswith("base64:") else text.encode()


def _array(value: object, type: Type) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise _Unfit("write a list")
    return [scalar(item, type.items[0]) for item in value]


def _map(value: object, type: Type) -> list[tuple[Any, Any]]:
    if not isinstance(value, Mapping):
        raise _Unfit("write a mapping")
    return [(scalar(key, type.items[0]), scalar(item, type.items[1])) for key, item in value.items()]


def _struct(value: object, type: Type) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _Unfit("write a mapping")
    unknown = [str(name) for name in value if name not in type.fields]
    if unknown:
        raise _Unfit(f"it has no field {unknown[0]!r}")
    pairs = zip(type.fields, type.items, strict=True)
    return {name: scalar(value.get(name), item) for name, item in pairs}


_READERS: dict[str, Callable[[Any, Type], Any]] = {
    "int": _integer,
    "float": _float,
    "double": _float,
    "decimal": _decimal,
    "bool": _bool,
    "string": _text,
    "text": _text,
    "enum": _enum,
    "json": _json,
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
    "timestamptz": _timestamp,
    "uuid": _uuid,
    "binary": _binary,
    "array": _array,
    "map": _map,
    "struct": _struct,
}
