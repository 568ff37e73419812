"""What an attribute's constraints ask for, taken key by key, so that none is passed over in silence."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sdgen.errors import ProblemType, did_you_mean
from sdgen.readers.jafgen.records import AttributeRecord

KEYS = [
    "choices",
    "weights",
    "min_value",
    "max_value",
    "precision",
    "start_date",
    "end_date",
    "nb_words",
    "nb_sentences",
    "length",
    "min_length",
    "max_length",
    "pattern",
    "min_items",
    "max_items",
]


class Constraints:
    """The constraints of one attribute. `faults` are (key, what, hint); `notes` are (what, hint, type)."""

    def __init__(self, attribute: AttributeRecord) -> None:
        self.attribute = attribute
        self.faults: list[tuple[str, str, str]] = []
        self.notes: list[tuple[str, str, ProblemType]] = []
        self._taken: set[str] = set()

    @property
    def type(self) -> str:
        return self.attribute.type

    def has(self, *keys: str) -> bool:
        return any(self.attribute.constraints.get(key) is not None for key in keys)

    def value(self, *keys: str) -> Any:
        """The value of the first of these keys that is given, else None; all of them count as understood."""
        self._taken.update(keys)
        found = (self.attribute.constraints.get(key) for key in keys)
        return next((value for value in found if value is not None), None)

    def note(self, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> None:
        self.notes.append((what, hint, type))

    def refuse(self, key: str, what: str, hint: str = "") -> None:
        self.faults.append((key, what, hint))

    def whole(self, *keys: str, least: int = 0, most: int = 1 << 62) -> int | None:
        """A whole number in a range; None where it is not given, or is wrong."""
        value = self.number(*keys)
        if value is None:
            return None
        if value != int(value) or not least <= value <= most:
            self.refuse(keys[0], f"{keys[0]} must be a whole number from {least:,} to {most:,}, found {value}")
            return None
        return int(value)

    def number(self, *keys: str) -> float | int | None:
        value = self.value(*keys)
        if isinstance(value, str):
            value = _number(value)
        if value is None and not self.has(*keys):
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.refuse(keys[0], f"{keys[0]} must be a number, found {self.value(*keys)!r}")
            return None
        return value

    def bounds(
        self, least: float, most: float, low: tuple[str, ...] = (), high: tuple[str, ...] = ()
    ) -> tuple[float, float]:
        """min_value and max_value; where one is missing, the default, or as far from the other as the defaults are."""
        low, high = ("min_value", "min", "start", *low), ("max_value", "max", "end", *high)
        given = self.number(*low), self.number(*high)
        start = given[0] if given[0] is not None else least if given[1] is None else min(least, given[1])
        end = given[1] if given[1] is not None else most if start <= most else start + most - least
        if start > end:
            self.refuse(low[0], f"min_value {start:g} is above max_value {end:g}")
        return start, end

    def moment(self, *keys: str) -> datetime | date | None:
        """A date or a moment in ISO 8601, or a year alone."""
        value = self.value(*keys)
        if value is None:
            return None
        try:
            if isinstance(value, int) and not isinstance(value, bool):
                return date(value, 12, 31) if keys[0].startswith("end") else date(value, 1, 1)
            text = str(value).strip()
            return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
        except ValueError:
            self.refuse(keys[0], f"{keys[0]} must be a date, found {value!r}", "write it like 2024-12-31")
            return None

    def left(self) -> Iterator[tuple[str, str]]:
        """The constraints that nothing was made of, each with a hint."""
        for key in self.attribute.constraints:
            if key not in self._taken:
                known: Collection[str] = [] if key in KEYS else KEYS
                yield key, did_you_mean(key, known) if known else f"it means nothing for the type {self.type}"


def day_after(moment: datetime | date) -> str:
    """The end, not included, of a range whose last day is this one; a moment stays as it is."""
    if isinstance(moment, datetime):
        return moment.isoformat()
    return (moment + timedelta(days=1)).isoformat() if moment < date.max else moment.isoformat()


def _number(text: str) -> float | int | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None
