"""What one run asks of a scenario beyond its text: seed, now, and other row counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sdgen.scenario.model import RowCount


@dataclass(frozen=True, eq=False)
class ExistingRows:
    """The rows that a target's table holds before a run: how many, and those columns that new rows depend on.

    children: for each row of the parent that they are counted by the number of its first, and an end; None if unknown.
    """

    rows: int
    columns: Mapping[str, pa.Array] = field(default_factory=dict, repr=False)
    children: NDArray[np.int64] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class PlanRequest:
    """Changes to a scenario for one run.

    rows: counts by entity; the key "*" speaks of every entity not named that has more than fixed rows. scale multiplies
    the counts of the others that aren't counted per parent, those being scaled by their parents. only: the entities to
    write (all where empty).
    existing: rows that come before the run's, by entity; keys go on after them, and links may lead to them.
    """

    seed: int | None = None
    as_of: datetime | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    scale: float = 1.0
    only: tuple[str, ...] = ()
    existing: Mapping[str, ExistingRows] = field(default_factory=dict)

    def asked(self, entity: str, rows: RowCount) -> int | None:
        """The count asked for an entity. One for all says nothing of a list of fixed rows, such as tax rates."""
        listed = bool(rows.fixed) and not (rows.per or rows.each) and rows.count is None
        return self.rows.get(entity, None if listed else self.rows.get("*"))

    def first(self, entity: str) -> int:
        """The number of the first row that the run makes."""
        return self.existing[entity].rows if entity in self.existing else 0

    def adds_to(self, entity: str) -> bool:
        """Whether the run makes rows of an entity: not where only others are asked for, and its table is there."""
        return not (entity in self.existing and self.only and entity not in self.only)
