"""The tables that a project declares, as found: what both languages' readers give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Problem
from sdgen.read.moose.shapes import Field, Shape
from sdgen.read.moose.syntax import Named, Unknown


@dataclass(frozen=True)
class Table:
    """A table of the project.

    name: its declared name. model: the name of the type it holds, "" for one without a name. config: what it is
    configured with, keys in snake_case. made_by: the constructor that declares it.
    """

    name: str
    model: str
    shape: Shape
    config: Mapping[str, Any] = field(default_factory=dict)
    made_by: str = "OlapTable"
    comment: str = ""
    file: str = ""
    line: int = 0

    @property
    def fields(self) -> tuple[Field, ...]:
        return self.shape.fields

    @property
    def physical(self) -> str:
        """The table's name in ClickHouse: with its version, and with its database before a dot."""
        version, database = self.config.get("version"), self.config.get("database")
        name = f"{self.name}_{version.replace('.', '_')}" if isinstance(version, str) and version else self.name
        return f"{database}.{name}" if isinstance(database, str) and database else name


class Notes:
    """What is to be told of a source, each with its file and line."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, path: Iterable[str], what: str, file: str, line: int, hint: str = "") -> None:
        note = Problem(tuple(path), what, hint, file, line, 1 if line else 0)
        if note not in self.found:
            self.found.append(note)


def unknown_text(value: object) -> str:
    """How a value that is known only at run time is written; "" for one that is known."""
    if isinstance(value, Named):
        return ".".join(value.path)
    return value.text if isinstance(value, Unknown) else ""
