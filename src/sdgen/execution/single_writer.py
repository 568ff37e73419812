"""A run waits until it is the one writer of its target's place, if that is a local file or folder."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sdgen.errors import Cancelled, Problem, TargetError
from sdgen.execution.events import Listener, Remark
from sdgen.targets.base import Local, Target
from sdgen.targets.writer_lock import WriterLock

WAIT_VARIABLE = "SDGEN_WAIT"
DEFAULT_WAIT = 600.0  # seconds
_EVERY = 0.1  # seconds between two looks at a lock
_logger = logging.getLogger("sdgen.execution")


@contextmanager
def one_writer(target: Target, listen: Listener, cancel: threading.Event | None) -> Iterator[None]:
    """Within it nothing else of sdgen's writes to the target's place.

    Cancelled where that is asked for while it waits; TargetError, with the process that has the place, where it has
    waited for SDGEN_WAIT seconds.
    """
    patience = _patience()
    place = target.local_path if isinstance(target, Local) else None
    lock = WriterLock(place, target) if place is not None else None
    if lock is None or lock.is_held:
        yield
        return
    shown = str(place.path) if place else ""
    _acquire(lock, shown, patience, listen, cancel)
    try:
        if lock.unlocked:
            listen(
                Remark(f"{shown} can't be locked: {lock.unlocked}; this run does not wait for others that write to it")
            )
        yield
    finally:
        lock.release()


def _acquire(lock: WriterLock, shown: str, patience: float, listen: Listener, cancel: threading.Event | None) -> None:
    until, told = time.monotonic() + patience, False
    while not lock.acquire():
        busy = f"{shown} is being written by {lock.holder}"
        if time.monotonic() >= until:
            raise TargetError(Problem(("target",), f"{busy}{_waiting_time(patience)}", _hint()))
        if not told:
            told = True
            _logger.info("%s: waiting for it", busy)
            listen(Remark(f"{busy}: waiting for it, for {patience:g} s at most"))
        if cancel is not None and cancel.is_set():
            raise Cancelled("the run was cancelled while it waited")
        time.sleep(_EVERY)


def _patience() -> float:
    """Seconds that a run waits; TargetError where the environment says nonsense."""
    word = os.environ.get(WAIT_VARIABLE, "")
    try:
        seconds = float(word) if word else DEFAULT_WAIT
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        what = f"{WAIT_VARIABLE} is {word!r}, which is not a number of seconds"
        raise TargetError(Problem(("target",), what, "unset it, or give a number from 0 on"))
    return seconds


def _waiting_time(patience: float) -> str:
    return f", and still is after {patience:g} s" if patience else ""


def _hint() -> str:
    return f"try again when that has ended, or let the run wait longer: {WAIT_VARIABLE}=3600"
