"""What a verification tells: one record for each check of an entity or a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How a check came out. A constraint that is violated is broken; a law that doesn't fit is a warning."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One check: what was expected of some columns (none: of the whole table), and what was found.

    figure: a distribution's test statistic, named by `method`. p: the probability of a figure at least as large where
    the data are as asked.
    """

    entity: str
    columns: tuple[str, ...]
    check: str
    status: Status
    expected: str = ""
    found: str = ""
    method: str = ""
    figure: float | None = None
    p: float | None = None

    def as_record(self) -> dict[str, Any]:
        """The finding as plain data, for JSON."""
        return {**asdict(self), "columns": list(self.columns), "status": str(self.status)}


@dataclass(frozen=True)
class Report:
    """All findings of one verification. `level`: a p-value below it is a warning."""

    findings: tuple[Finding, ...]
    level: float

    def having(self, status: Status) -> list[Finding]:
        return [finding for finding in self.findings if finding.status is status]

    @property
    def broken(self) -> bool:
        return bool(self.having(Status.BROKEN))

    def counts(self) -> dict[str, int]:
        """How many findings there are of each status."""
        return {str(status): len(self.having(status)) for status in Status}


def judged(right: bool) -> Status:
    """The status of a check that can't be a matter of chance."""
    return Status.OK if right else Status.BROKEN


def listed(values: Sequence[object], most: int = 6) -> str:
    """Values between commas, the rest counted."""
    shown = ", ".join(str(value) for value in values[:most])
    return f"{shown} and {len(values) - most} more" if len(values) > most else shown
