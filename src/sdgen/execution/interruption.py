"""What a run holds on to while it writes: signals that end it in order, and the lock that keeps a second writer out."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

from sdgen.errors import Cancelled, Problem, TargetError
from sdgen.execution.events import Listener, Remark
from sdgen.targets.base import Interruptible, Local, Target
from sdgen.targets.writer_lock import WriterLock

T = TypeVar("T")

# Windows has no SIGHUP.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_AWAKE = 0.1  # seconds


class Flag(threading.Event):
    """An event that is set without a lock: a signal's handler may break into another one's."""

    def __init__(self) -> None:
        super().__init__()
        self._raised = False

    def set(self) -> None:
        self._raised = True

    def is_set(self) -> bool:
        return self._raised


@contextmanager
def interrupting(target: Target, cancel: threading.Event) -> Iterator[None]:
    """Within it, a target's statement that takes long is stopped soon after the event is set."""
    over = threading.Event()

    def watch(interruptible: Interruptible) -> None:
        # Until the run has ended, and not once: the target may be between two statements just now.
        while not over.wait(_AWAKE):
            if cancel.is_set():
                with suppress(Exception):  # there may be nothing to interrupt just now
                    interruptible.interrupt()

    if not isinstance(target, Interruptible):
        yield
        return
    watcher = threading.Thread(target=watch, args=(target,), name="sdgen-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


class Interruption:
    """A context in which signals set a cancel event; `number` is the first signal that came, 0 for none."""

    def __init__(self) -> None:
        self.event = Flag()
        self.number = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        # Python lets the main thread alone set handlers of signals; elsewhere the caller's event is what cancels.
        if threading.current_thread() is threading.main_thread():
            # A signal that the caller ignores (nohup, a job in the background) stays ignored.
            heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._came) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, done on another thread."""
        outcome: Future[T] = Future()

        def fulfil() -> None:
            try:
                outcome.set_result(work())
            except BaseException as error:
                outcome.set_exception(error)

        # A handler runs between two steps of Python in the main thread: a driver's call there would hold the signal up.
        threading.Thread(target=fulfil, name="sdgen-run").start()
        # Now and then awake: a signal that comes just before the wait begins doesn't end it.
        while not wait((outcome,), timeout=_AWAKE).done:
            pass
        return outcome.result()

    def _came(self, number: int, frame: FrameType | None) -> None:
        again = bool(self.number)
        self.number = self.number or number
        self.event.set()
        # os.write: a handler may run in the middle of a print, whose buffer can't be entered twice.
        os.write(2, b"\nstill stopping: the target is put back first ...\n" if again else b"\nstopping ...\n")


# A run waits until it is the one writer of its target's place, if that is a local file or folder.
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
    # Held by the caller of `execute`, which takes it for planning: to wait for it here would be to wait for itself.
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
        # Asked for again and again: a wait within flock could not be cancelled.
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
