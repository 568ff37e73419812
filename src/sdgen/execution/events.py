"""What a run tells of itself while it goes on."""

from __future__ import annotations

import logging
import time
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


LEVELS = ("debug", "info", "warning", "error")

_logger = logging.getLogger("sdgen.runs")
_logger.addHandler(logging.NullHandler())  # else Python prints warnings by itself, into the progress of a terminal


def log_line(run_id: str, level: str, text: str) -> None:
    """A line of a run's log; secrets must be out of it."""
    _logger.log(logging.getLevelNamesMapping()[level.upper()], "%s: %s", run_id, text.replace("\n", "\n    "))


def is_logged(level: str) -> bool:
    """Whether lines of this level are shown."""
    return _logger.isEnabledFor(logging.getLevelNamesMapping()[level.upper()])


def log_to_stderr(level: str) -> None:
    """Show lines of this level and above on standard error, with the time in UTC."""
    form = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    # The format's Z says UTC; the default is local time.
    form.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(form)
    shown = logging.getLogger("sdgen")
    shown.handlers[:] = [handler]
    shown.setLevel(level.upper())
