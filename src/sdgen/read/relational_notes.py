"""What is told of a schema that became a scenario: guesses, and what was left out."""

from __future__ import annotations

from sdgen.errors import Path, Problem, Refusal
from sdgen.read.relational_drafts import EntityDraft


class Notes:
    """Notes of one source, each at its entity or column, with its line."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []

    def add(self, entity: EntityDraft, column: str, what: str, line: int = 0, hint: str = "") -> None:
        path: Path = ("entities", entity.name)
        if column:
            path = (*path, "columns", column)
        self.found.append(Problem(path, what, hint, self.file, line, 1 if line else 0))

    def refuse(self, entity: EntityDraft, column: str, what: str, line: int = 0, hint: str = "") -> None:
        """Tell what no rows can keep."""
        path: Path = ("entities", entity.name, "columns", column)
        self.found.append(Refusal(path, what, hint, self.file, line, 1 if line else 0))
