"""Where the parts of a scenario stand that was put together from several sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sdgen.errors import Path, Problem, ProblemType
from sdgen.scenario.model import Origin


class OverriddenOrigin(Origin):
    """Where a scenario's parts stand, some of which were set on the command line: their words stand for a place."""

    def __init__(self, below: Origin, words: Mapping[Path, str]) -> None:
        super().__init__(below.file)
        self._below = below
        self._words = dict(words)

    def problem(self, path: Path, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> Problem:
        """A problem at a canonical path, told at the override that the part comes from, or in the source."""
        sizes = range(len(path), 0, -1)
        words = next((self._words[path[:size]] for size in sizes if path[:size] in self._words), None)
        if words is None:
            return self._below.problem(path, what, hint, type)
        return Problem(path, what, hint, words, type=type)


class RulesOrigin(Origin):
    """Where a scenario's parts stand whose first rules were read from elsewhere."""

    def __init__(self, below: Origin, before: Iterable[tuple[Origin, Path]]) -> None:
        super().__init__(below.file)
        self._below = below
        self._before = tuple(before)

    def problem(self, path: Path, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> Problem:
        """A problem at a canonical path: of the first rules in their own source, else in the scenario's."""
        if path[:1] != ("rules",) or len(path) < 2 or not isinstance(path[1], int):
            return self._below.problem(path, what, hint, type)
        if path[1] < len(self._before):
            origin, place = self._before[path[1]]
            return origin.problem((*place, *path[2:]), what, hint, type)
        return self._below.problem(("rules", path[1] - len(self._before), *path[2:]), what, hint, type)
