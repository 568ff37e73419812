"""What has been read of a DDL text so far."""

from __future__ import annotations

from collections.abc import Iterator

from sdgen.errors import Path, Problem
from sdgen.read.ddl_tables import Tables
from sdgen.read.schema import DomainSchema


class Reading:
    """Tables, types of the schema's own, and notes. It is what the readers of statements add to."""

    def __init__(self, file: str, dialect: str) -> None:
        self.file = file
        self.dialect = dialect
        self.tables = Tables()
        self.enums: dict[str, tuple[str, ...]] = {}
        self.domains: dict[str, DomainSchema] = {}
        self.notes: list[Problem] = []
        self._left_out: dict[str, list[int]] = {}

    def note(self, what: str, line: int, path: Path = (), hint: str = "") -> None:
        self.notes.append(Problem(path, what, hint, self.file, line, 1 if line else 0))

    def left_out(self, kind: str, line: int) -> None:
        """Something of a kind of which there may be many: told once for all of them."""
        self._left_out.setdefault(kind, []).append(line)

    def all_notes(self) -> Iterator[Problem]:
        yield from self.notes
        for kind, lines in self._left_out.items():
            many = _plural(kind).replace("policys", "policies")
            what = f"{len(lines)} {many if len(lines) > 1 else kind} left out"
            yield Problem((), what, "", self.file, lines[0], 1)


def _plural(kind: str) -> str:
    first, space, rest = kind.partition(" with ")
    return f"{first}s{space}{rest}"
