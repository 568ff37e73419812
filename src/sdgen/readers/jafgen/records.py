"""A jafgen document as records: what it says, checked for form alone."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path as FilePath
from typing import Any

from sdgen.errors import Path, Problem, ProblemType, SourceError, did_you_mean
from sdgen.readers.base import Source
from sdgen.readers.formats import DOCUMENTS
from sdgen.readers.yaml_text import Document
from sdgen.scenario.output import METADATA
from sdgen.scenario.problems import Origin

_MOST_COUNT = 1 << 40
_KNOWN = frozenset({"type", "unique", "required", "link_to", "constraints", "description"})
_SEEDS = range(-(2**63), 2**64)


@dataclass(frozen=True)
class AttributeRecord:
    """One attribute: `constraints` as they are written; `link_to` only where it is a text; `unknown` keys it has."""

    name: str
    type: str
    unique: bool
    required: bool
    link_to: str
    constraints: Mapping[str, Any]
    description: str = ""
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class EntityRecord:
    """One entity of a system; `key` is its name in the file, `path` its place there."""

    system: str
    key: str
    count: int
    attributes: tuple[AttributeRecord, ...]
    document: Document
    path: Path


@dataclass(frozen=True)
class SystemRecord:
    """One document."""

    name: str
    version: str
    seed: int | None
    output: Mapping[str, Any]
    entities: tuple[EntityRecord, ...]
    document: Document


def documents(folder: FilePath) -> Iterator[Source]:
    """The documents of a folder, by name."""
    try:
        for path in sorted(folder.iterdir()):
            # sdgen's own record of a run stands beside the files that it wrote, and may stand in this folder.
            if path.suffix.lower() in DOCUMENTS and path.name != METADATA and path.is_file():
                yield Source(str(path))
    except OSError as error:
        raise SourceError(Problem((), f"can't be read: {error.strerror}", "", str(folder))) from None


def system_record(document: Document, problems: list[Problem]) -> SystemRecord:
    """The record of a document; what is wrong with it is added to the problems."""
    return _Reader(document, problems).system()


class _Reader:
    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self.document = document
        self.problems = problems
        self.origin = Origin(document.file, document.positions)

    def refuse(self, path: Path, what: str, hint: str = "", type: ProblemType = ProblemType.VALUE) -> None:
        self.problems.append(self.origin.problem(path, what, hint, type))

    def system(self) -> SystemRecord:
        whole = self.mapping(self.document.value, ())
        system = self.mapping(whole.get("system"), ("system",))
        name = self.text(system, "name", ("system",), "name the system: links are written system.entity.attribute")
        version = self.text(system, "version", ("system",), 'such as `version: "1.0.0"`')
        output = system.get("output")
        entities = self.mapping(whole.get("entities"), ("entities",))
        return SystemRecord(
            name,
            version,
            self.seed(system.get("seed")),
            self.mapping(output, ("system", "output")) if output is not None else {},
            tuple(self.entity(name, key, value) for key, value in entities.items()),
            self.document,
        )

    def text(self, record: Mapping[str, Any], key: str, path: Path, hint: str) -> str:
        value = record.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and value.strip():
            return value
        what = f"has no {key}" if value is None else f"its {key} must be a text, found {_shown(value)}"
        type = ProblemType.MISSING if value is None else ProblemType.TYPE
        self.refuse((*path, key) if key in record else path, what, hint, type)
        return ""

    def seed(self, value: object) -> int | None:
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value in _SEEDS):
            return value
        self.refuse(("system", "seed"), f"the seed must be a whole number of 64 bits, found {_shown(value)}")
        return None

    def entity(self, system: str, key: str, value: object) -> EntityRecord:
        path: Path = ("entities", key)
        record = self.mapping(value, path)
        attributes = self.mapping(record.get("attributes"), (*path, "attributes"))
        # An empty mapping; where it is missing, or none, that has been told.
        if not attributes and isinstance(record.get("attributes"), Mapping):
            self.refuse((*path, "attributes"), "the entity has no attributes", type=ProblemType.MISSING)
        found = tuple(self.attribute(name, each, (*path, "attributes", name)) for name, each in attributes.items())
        return EntityRecord(system, key, self.count(record, path), found, self.document, path)

    def count(self, record: Mapping[str, Any], path: Path) -> int:
        value = record.get("count")
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_COUNT:
            return value
        what = "has no count" if value is None else f"the count must be a whole number above 0, found {_shown(value)}"
        type = ProblemType.MISSING if value is None else ProblemType.ROWS
        self.refuse((*path, "count") if "count" in record else path, what, "count: 100 makes a hundred rows", type)
        # Any count will do: the problem that was told stops the reading before rows are made.
        return 1

    def attribute(self, name: str, value: object, path: Path) -> AttributeRecord:
        record: Mapping[str, Any] = {"type": value} if isinstance(value, str) else self.mapping(value, path)
        link = record.get("link_to")
        constraints = record.get("constraints")
        return AttributeRecord(
            name,
            self.text(record, "type", path, "such as `type: person.email`").strip(),
            self.truth(record, "unique", False, path),
            self.truth(record, "required", True, path),
            link if isinstance(link, str) else "",
            self.mapping(constraints, (*path, "constraints")) if constraints is not None else {},
            str(record.get("description") or ""),
            tuple(key for key in record if key not in _KNOWN),
        )

    def truth(self, record: Mapping[str, Any], key: str, otherwise: bool, path: Path) -> bool:
        value = record.get(key, otherwise)
        if isinstance(value, bool):
            return value
        if value is not None:
            self.refuse((*path, key), f"{key} must be true or false, found {_shown(value)}")
        return otherwise

    def mapping(self, value: object, path: Path) -> Mapping[str, Any]:
        if isinstance(value, Mapping):
            return value
        what = "is missing" if value is None else f"must be a mapping from names to values, found {_shown(value)}"
        self.refuse(path, what, type=ProblemType.MISSING if value is None else ProblemType.TYPE)
        return {}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


# What an attribute's constraints ask for, taken key by key, so that none is passed over in silence.
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
        # A minimum above the default maximum moves that along with it, instead of making an empty range.
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
    # The last day is included in the format, and ends of moments are not.
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
