"""What the exceptions of drivers mean: which become a TargetError, and what to do about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sdgen.errors import Problem, TargetError

UNREACHED = "is the server running, and is the URL right?"
ROOM = "make room, or choose another place"

# By the words of the server, the driver or the system: several drivers have one class for whatever happens.
_HINTS = {
    r"password authentication failed|Access denied for user|AUTHENTICATION_FAILED|no password supplied": (
        "is the user's password right? in a URL, write @ as %40, / as %2F, # as %23 and % as %25"
    ),
    r"no pg_hba\.conf entry": "the server lets nobody in from here under that name: ask who runs it",
    r'database "[^"]*" does not exist|Unknown database|UNKNOWN_DATABASE': (
        "make it with CREATE DATABASE, or name another"
    ),
    r'role "[^"]*" does not exist': "is the user's name right?",
    r"resolve host|Name or service not known|nodename nor servname|Temporary failure in name": (
        "is the host's name right, and is there a network?"
    ),
    r"Connection refused": "is the server running, and are host and port right?",
    r"timed? ?out": "is the server there, and does a firewall let you through?",
    r"No space left|disk is full|Disk quota": ROOM,
    r"Read-only file system|[Pp]ermission": "choose another place, or change its permissions",
    r"the folder .* does not exist": "make it, or choose another place",
    r"CONTEXT: .*PL/pgSQL function": (
        "a trigger of the table says so: drop it before the load, or leave the table out (--exclude)"
    ),
    r"is a file, not a folder|is a folder, not a file": "choose another place",
    r"no partition of relation|no partition for value": "make a partition for such rows, or bound the column's values",
    r"(?i)foreign key constraint": "are the rows that it refers to there? write their table too, or let it be null",
    r"(?i)duplicate key|duplicate entry|unique constraint failed|primary key constraint": (
        "rows repeat a key, or meet some that are there: empty the table (--mode truncate_then_insert), or let the "
        "columns be unique"
    ),
    r"(?i)check constraint|constraint `[^`]*` failed": (
        "give its columns generators that keep it, or leave the table out (--exclude)"
    ),
    r"(?i)not[ -]null|cannot be null": "give the column a null_rate of 0, or a generator without nulls",
    r"(?i)row size too large|too many columns": "declare long texts as `text`, or leave columns out",
    r"(?i)key was too long|index row size": "give the texts of the key a length, such as string(191)",
    r"(?i)too long for|out of range|incorrect \w+ value|invalid default value|invalid input|truncated": (
        "give the column a type or a generator that fits what the database declares"
    ),
    r"(?i)syntax": "does a `target` of the table or a column have words of another database? change or remove them",
}


def next_step(text: str, otherwise: str = "") -> str:
    """The hint for what was said; `otherwise` where nothing is known of it."""
    return next((hint for words, hint in _HINTS.items() if re.search(words, text)), otherwise)


@dataclass(frozen=True)
class DriverErrors:
    """A driver's exceptions, and the next step that each suggests: "" where its class tells nothing.

    An exception counts as the nearest class above it that is listed. All of them are TargetErrors to everyone else.
    """

    hints: Mapping[type[BaseException], str]

    def __or__(self, other: DriverErrors) -> DriverErrors:
        return DriverErrors({**self.hints, **other.hints})

    @property
    def classes(self) -> tuple[type[BaseException], ...]:
        """For `except`."""
        return tuple(self.hints)

    def hint(self, error: BaseException, otherwise: str = "") -> str:
        """The next step by what an exception says, else by its class."""
        nearest = next((self.hints[each] for each in type(error).__mro__ if each in self.hints), "")
        return next_step(str(error), nearest or otherwise)

    @contextmanager
    def translated(self, problem: Callable[[BaseException], Problem]) -> Iterator[None]:
        """Within it, a driver's exception becomes a TargetError with the problem that is made of it."""
        try:
            yield
        except self.classes as error:
            raise TargetError(problem(error)) from error


def unreadable(place: object) -> Callable[[BaseException], Problem]:
    """The problem of what can't be read, for `translated`."""
    return lambda error: Problem(("target",), f"{place} can't be read: {' '.join(str(error).split())}")
