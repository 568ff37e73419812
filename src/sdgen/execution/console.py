"""What a process tells of its runs while they go on: lines of the logger `sdgen.runs`, each with the run's id in front.

They are shown where a program has set up Python's logging, or `sdgen --log-level` says so.
"""

from __future__ import annotations

import logging
import time

LEVELS = ("debug", "info", "warning", "error")

_logger = logging.getLogger("sdgen.runs")
_logger.addHandler(logging.NullHandler())  # else Python prints warnings by itself, into the progress of a terminal


def tell(run_id: str, level: str, text: str) -> None:
    """A line of a run's log; secrets must be out of it."""
    _logger.log(logging.getLevelNamesMapping()[level.upper()], "%s: %s", run_id, text.replace("\n", "\n    "))


def wants(level: str) -> bool:
    """Whether lines of this level are shown."""
    return _logger.isEnabledFor(logging.getLevelNamesMapping()[level.upper()])


def show(level: str) -> None:
    """Show lines of this level and above on standard error, with the time in UTC."""
    form = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    form.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(form)
    shown = logging.getLogger("sdgen")
    shown.handlers[:] = [handler]
    shown.setLevel(level.upper())
