"""What one run asks of a scenario beyond its text: seed, now, and other row counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class PlanRequest:
    """Changes to a scenario for one run.

    rows: counts by entity; the key "*" speaks of every entity not named. scale multiplies the counts of the others that
    aren't counted per parent, those being scaled by their parents. only: the entities to write (all where empty).
    """

    seed: int | None = None
    as_of: datetime | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    scale: float = 1.0
    only: tuple[str, ...] = ()
