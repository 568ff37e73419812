"""Ctrl-C and SIGTERM during a run: it stops at the next batch, and the target puts its place back.

The run goes on in a thread of its own while the main thread waits for signals: drivers that take Ctrl-C for
themselves do so in the main thread only. Nothing breaks into a target's work, as half of `finish` or `abort` would
leave half-written things; a run that hangs can still be killed, which no target takes amiss.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

from sdgen.targets.base import Interruptible, Target

T = TypeVar("T")

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
