"""One process and what it took; rounds of several; the middle of the rounds.

This module imports nothing large: a child's peak memory counts from the size its parent had when it was started.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

ROOT = Path(__file__).parent.parent
PYTHON = str(ROOT / ".venv/bin/python")
SDGEN = str(ROOT / ".venv/bin/sdgen")
BENCH = ROOT / "bench"


@dataclass(frozen=True)
class Settings:
    """How much is measured. share: of the full row counts; folder: a place for what the benches write."""

    share: float
    rounds: int
    folder: Path

    def rows(self, full: int) -> int:
        return int(full * self.share)


@dataclass(frozen=True)
class Child:
    """A process that ended well: wall-clock and processor seconds, peak resident memory, its standard output."""

    seconds: float
    cpu: float
    peak_mb: float
    output: str


class Failed(Exception):
    """A process ended with an error; the text is what it said."""


def child(*command: str) -> Child:
    """Run a command to its end, cold: a new process each time, after what older ones wrote is on disk."""
    os.sync()
    with tempfile.TemporaryFile("w+") as said:
        started = perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=_environment(), stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        output = said.read()
    if process.returncode:
        raise Failed(f"{' '.join(command)}: {output.strip()}")
    return Child(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def _environment() -> dict[str, str]:
    # Where it says that no bytecode be kept, each start compiles our sources anew, as no installed program does.
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def emptied(folder: Path) -> Path:
    """The folder, without what was in it."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


@dataclass(frozen=True)
class Spread:
    """The rounds of one measurement, in seconds unless said otherwise."""

    values: tuple[float, ...]

    @property
    def middle(self) -> float:
        return median(self.values)

    @property
    def least(self) -> float:
        return min(self.values)

    @property
    def most(self) -> float:
        return max(self.values)

    def text(self, unit: str = "s", digits: int = 2) -> str:
        """The middle, and the least and most: `1.71 s (1.60–1.94)`."""
        return f"{self.middle:,.{digits}f} {unit} ({self.least:,.{digits}f}–{self.most:,.{digits}f})"

    def times(self, factor: float) -> Spread:
        return Spread(tuple(value * factor for value in self.values))


def alternate(rounds: int, works: Mapping[str, Callable[[], Child]]) -> dict[str, list[Child]]:
    """Each work once a round, the order turned round every time, so that none always follows another."""
    found: dict[str, list[Child]] = {name: [] for name in works}
    for number in range(rounds):
        names = list(works) if number % 2 == 0 else list(works)[::-1]
        for name in names:
            found[name].append(works[name]())
            sleep(0.2)
    return found


def seconds(children: Sequence[Child]) -> Spread:
    return Spread(tuple(each.seconds for each in children))


def printed(children: Sequence[Child]) -> Spread:
    """The numbers that the children printed as their last line: clocks of their own."""
    return Spread(tuple(float(each.output.split()[-1]) for each in children))


def processor(children: Sequence[Child]) -> float:
    """The middle of the processor seconds, which suffer less than the clock's from others at work."""
    return median(each.cpu for each in children)


def peaks(children: Sequence[Child]) -> Spread:
    return Spread(tuple(each.peak_mb for each in children))
