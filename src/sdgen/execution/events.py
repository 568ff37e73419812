"""What a run tells of itself while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class EntityStarted:
    entity: str
    table: str
    rows: int


@dataclass(frozen=True)
class RowsWritten:
    """`rows` of the entity's `total` have been taken by the target so far."""

    entity: str
    rows: int
    total: int


@dataclass(frozen=True)
class EntityFinished:
    """`columns`: a digest of each column in the first block of rows, where this run made it."""

    entity: str
    table: str
    rows: int
    seconds: float
    digest: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finishing:
    """All rows are written; the target adds constraints and commits."""


@dataclass(frozen=True)
class Remark:
    """What is to be known of a run besides its rows: that it waits for another one, or could not lock its place."""

    text: str


Event = Remark | EntityStarted | RowsWritten | EntityFinished | Finishing
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """A listener that does nothing."""
