"""What a run tells of itself while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


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
    entity: str
    table: str
    rows: int
    seconds: float
    digest: str


@dataclass(frozen=True)
class Finishing:
    """All rows are written; the target adds constraints and commits."""


Event = EntityStarted | RowsWritten | EntityFinished | Finishing
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """A listener that does nothing."""
