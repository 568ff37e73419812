"""A figure: one line of the results, with what it must reach and a peer measured in the same call."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def processor_name() -> str:
    """The model of the machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def load() -> float:
    """How many processes wanted a core in the last minute: above 0.7 others were at work beside a bench."""
    return round(os.getloadavg()[0], 2)


@dataclass(frozen=True)
class Figure:
    """One measurement, in words.

    ratio: to the peer, with its unit. reached: None where nothing must be reached. loaded: the machine's load average
    when the bench began. rates: rows for each processor second, ours and the peer's, as the plot shows them: unlike
    the clock's, they hold while others are at work.
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
    machine: str = field(default_factory=processor_name)
    rates: tuple[float, float] | None = None

    def line(self) -> str:
        verdict = {True: "reached", False: "MISSED", None: ""}[self.reached]
        return f"{self.name}: {self.measured}; peer {self.peer}; ratio {self.ratio}; must {self.must} {verdict}"
