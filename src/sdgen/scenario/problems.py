"""What is wrong with a scenario: where its parts stand in their source, and what pydantic says of them in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sdgen.errors import Path, Problem, ProblemType


class Origin:
    """Where the parts of a scenario stand in its source.

    `positions` gives line and column, both from 1, by the source's own paths; `aliases` the source's path of a part
    that the canonical form has elsewhere (entities.orders for entities.0); `entity_names` what the source calls
    entities besides; `open_counts` the entities whose row counts a reader chose, as the source says nothing of them.
    """

    open_counts: frozenset[str] = frozenset()
    filled: frozenset[str] = frozenset()  # entities of which the source itself has rows

    def __init__(
        self,
        file: str,
        positions: Mapping[Path, tuple[int, int]] | None = None,
        aliases: Mapping[Path, Path] | None = None,
        entity_names: Mapping[str, str] | None = None,
    ) -> None:
        self.file = file
        self.entity_names = {} if entity_names is None else entity_names
        self._positions = {} if positions is None else positions
        self._aliases = {} if aliases is None else aliases

    def problem(self, path: Path, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> Problem:
        """A problem at a canonical path, placed at the nearest part of the source that holds it."""
        place = self._positions.get((), (0, 0))
        stands: Path = ()
        for size, part in enumerate(path, 1):
            stands = self._aliases.get(path[:size], (*stands, part))
            place = self._positions.get(stands, place)
        return Problem(path, what, hint, self.file, *place, type)


class WrappedOrigin(Origin):
    """An origin that knows all that another does, for those that place problems elsewhere."""

    def __init__(self, below: Origin) -> None:
        super().__init__(below.file, entity_names=below.entity_names)
        self.open_counts, self.filled = below.open_counts, below.filled
        self._below = below


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


def value_in_words(value: object, detail: Mapping[str, Any]) -> str:
    """The value, as far as it is short, and what is wrong with it; of a message of our own the message alone."""
    shown = repr(value)
    short = shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
    return f"{short} {in_words(detail)}" if _words(detail) else in_words(detail)


def _words(detail: Mapping[str, Any]) -> str:
    return _RECORDS.get(str(detail.get("ctx", {}).get("class_name")), _WORDS.get(str(detail["type"]), ""))
