"""What can go wrong, and how it is told.

SdgenError                 anything sdgen refuses, with a message for a person
├─ ScenarioError           the scenario (or the request made of it) is wrong: all problems at once
├─ SourceError             a source can't be read at all: missing, binary, not YAML
├─ TargetError             the target can't take the data: all problems at once
├─ NotFound                no scenario, target or run goes by that id
├─ StoreError              the store of runs refuses
│  └─ StoreUnusable        it can't be opened, read or written now
│     └─ StoreFull         its disk is full
└─ Cancelled               the run was stopped; the target is as it was
"""

from __future__ import annotations

import difflib
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec

Path = tuple[str | int, ...]


class ProblemType(StrEnum):
    """What sort of problem it is: for programs, which must not depend on the words of a message."""

    SYNTAX = "syntax"  # not YAML or JSON, or not of the form that stands there
    MISSING = "missing"  # a part that is required is not there
    UNKNOWN = "unknown"  # a key, generator, param or placeholder that does not exist
    TYPE = "type"  # an unknown column type, or one that does not fit the generator or the value
    VALUE = "value"  # a value that is not allowed where it stands
    DUPLICATE = "duplicate"  # a name that stands twice
    REFERENCE = "reference"  # a link, or a column that another one needs, leads nowhere
    CYCLE = "cycle"  # parts depend on one another in a circle
    UNIQUE = "unique"  # more rows than distinct values
    CONSTRAINT = "constraint"  # conditions that cannot hold together: nulls, checks, fixed rows, quotas
    ROWS = "rows"  # a row count that cannot be had
    SOURCE = "source"  # a file, folder or database that cannot be read
    OTHER = "other"  # none of these; what a reader remarks


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what, and what to do about it.

    `path` is the place inside the document (`("entities", "orders", "columns", "total")`);
    `file`, `line` and `column` (both counted from 1) are filled in where a file is known; `type` says what sort it is.
    """

    path: Path
    what: str
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    type: ProblemType = ProblemType.OTHER

    @property
    def where(self) -> str:
        return ".".join(str(part) for part in self.path)

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f":{self.line}:{self.column}"
        head = ": ".join(part for part in (place, self.where, self.what) if part)
        return f"{head}\n    {self.hint}" if self.hint else head


class Refusal(Problem):
    """What a reader found to be impossible: a note that keeps the scenario from being planned."""


class SdgenError(Exception):
    """Anything sdgen refuses, with a message for a person."""

    def __init__(self, problems: str | Problem | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            problems = Problem((), problems)
        if isinstance(problems, Problem):
            problems = (problems,)
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class ScenarioError(SdgenError):
    """The scenario, or the request made of it, is wrong."""


class SourceError(SdgenError):
    """A source can't be read at all."""


class TargetError(SdgenError):
    """The target can't take the data."""


class NotFound(SdgenError):
    """No scenario, target or run goes by that id."""


class StoreError(SdgenError):
    """The store of runs can't be used, or refuses."""


class StoreUnusable(StoreError):
    """The store of runs can't be opened, read or written now."""


class StoreFull(StoreUnusable):
    """There is no room left where the store of runs is."""


class Cancelled(SdgenError):
    """The run was stopped before its end; the target is as it was."""


def install_hint(package: str = "sdgen") -> str:
    """The command that installs what is missing for the interpreter that runs, ready to be pasted into a shell."""
    python = sys.executable or "python3"
    # An environment that uv made has no pip.
    command = (
        ["uv", "pip", "install", "--python", python] if find_spec("pip") is None else [python, "-m", "pip", "install"]
    )
    return f"install it: {shlex.join([*command, package])}"


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint naming the known word nearest to `word`; all of them where they are few; else `otherwise`."""
    words: Sequence[str] = sorted(set(known))
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    if 0 < len(words) <= 12:
        return "known: " + ", ".join(words)
    return otherwise
