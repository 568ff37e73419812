"""A figure: one line of the results, with what it must reach and a peer measured in the same call."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def load() -> float:
    """How many processes wanted a core in the last minute: above 0.7 others were at work beside a bench."""
    return round(os.getloadavg()[0], 2)


@dataclass(frozen=True)
class Figure:
    """One measurement, in words.

    ratio: to the peer, with its unit. reached: None where nothing must be reached. loaded: the machine's load average
    when the bench began.
    """

    name: str
    must: str
    measured: str
    peer: str
    ratio: str
    reached: bool | None
    note: str = ""
    loaded: float = 0.0
    date: str = field(default_factory=_today)

    def line(self) -> str:
        verdict = {True: "reached", False: "MISSED", None: ""}[self.reached]
        return f"{self.name}: {self.measured}; peer {self.peer}; ratio {self.ratio}; must {self.must} {verdict}"
