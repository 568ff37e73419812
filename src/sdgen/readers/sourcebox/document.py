"""A SourceBox document, part by part: values of the types they should have, faults where they have not, and notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Path, Problem, did_you_mean
from sdgen.readers.yaml_text import Document
from sdgen.scenario.problems import Origin


@dataclass
class DocumentReader:
    """One document on its way to a scenario. `aliases` tells where the scenario's parts stand in it."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    aliases: dict[Path, Path] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        return Origin(self.document.file, self.document.positions, self.aliases)

    def refuse(self, path: Path, what: str, hint: str = "") -> None:
        """A problem at a path of the document."""
        self.problems.append(self._placed(path, path, what, hint))

    def note(self, canonical: Path, path: Path, what: str, hint: str = "") -> None:
        """Something to be told at a path of the scenario, which stands at a path of the document."""
        self.notes.append(self._placed(canonical, path, what, hint))

    def _placed(self, canonical: Path, path: Path, what: str, hint: str) -> Problem:
        near = next((path[:size] for size in range(len(path), -1, -1) if path[:size] in self.document.positions), ())
        line, column = self.document.positions.get(near, (0, 0))
        return Problem(canonical, what, hint, self.document.file, line, column)


@dataclass
class Part:
    """A mapping of the document: where it stands, which part of the scenario it tells of, and what was asked of it."""

    reading: DocumentReader
    path: Path
    value: dict[str, Any]
    canonical: Path = ()
    asked: set[str] = field(default_factory=set)

    def get(self, *keys: str) -> Any:
        """The value of the first of these keys that has one; None where none has."""
        self.asked.update(keys)
        return next((self.value[key] for key in keys if self.value.get(key) is not None), None)

    def key(self, *keys: str) -> Path:
        """Where the first of these keys that is there stands; the part itself where none is."""
        return next(((*self.path, key) for key in keys if key in self.value), self.path)

    def text(self, *keys: str) -> str:
        value = self.get(*keys)
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        self._wrong(f"a text, found {_shown(value)}", *keys)
        return ""

    def flag(self, *keys: str) -> bool | None:
        value = self.get(*keys)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(f"true or false, found {_shown(value)}", *keys)
        return None

    def number(self, *keys: str) -> int | float | None:
        value = self.get(*keys)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18):
            return value
        self._wrong(f"a number, found {_shown(value)}", *keys)
        return None

    def whole(self, *keys: str) -> int | None:
        value = self.number(*keys)
        if value is None or value == int(value):
            return None if value is None else int(value)
        self._wrong(f"a whole number, found {value}", *keys)
        return None

    def listed(self, *keys: str) -> list[Any]:
        value = self.get(*keys)
        if value is None or isinstance(value, list):
            return value or []
        self._wrong(f"a list, found {_shown(value)}", *keys)
        return []

    def part(self, *keys: str, canonical: Path | None = None) -> Part | None:
        """The mapping under one of these keys; None where there is none."""
        value = self.get(*keys)
        if isinstance(value, dict):
            return Part(self.reading, self.key(*keys), value, self.canonical if canonical is None else canonical)
        if value is not None:
            self._wrong(f"a mapping, found {_shown(value)}", *keys)
        return None

    def parts(self, *keys: str) -> Iterator[Part]:
        """The mappings of a list under one of these keys."""
        for place, value in enumerate(self.listed(*keys)):
            path = (*self.key(*keys), place)
            if isinstance(value, dict):
                yield Part(self.reading, path, value, self.canonical)
            else:
                self.reading.refuse(path, f"must be a mapping, found {_shown(value)}")

    def refuse(self, what: str, *keys: str, hint: str = "") -> None:
        self.reading.refuse(self.key(*keys), what, hint)

    def _wrong(self, what: str, *keys: str) -> None:
        self.refuse(f"{self.key(*keys)[-1]} must be {what}", *keys)

    def note(self, what: str, *keys: str, hint: str = "") -> None:
        self.reading.note(self.canonical, self.key(*keys), what, hint)

    def passed_over(self, known: Iterable[str] = (), word: str = "the key") -> None:
        """Tell of the keys that nothing asked for; `known` are those that say nothing of the rows."""
        silent, names = set(known), {*self.asked, *known}
        for key in self.value.keys() - self.asked - silent:
            self.note(
                f"{word} {key!r} is not known and is passed over", key, hint=did_you_mean(key, names, " ").strip()
            )


def _shown(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
