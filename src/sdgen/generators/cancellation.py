"""How long work that comes before the first row learns that nobody waits for it any more.

The work asks `go_on()` now and then; whoever began it said with `stopped_by` which event to look at. That holds for the
thread that said so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event

from sdgen.errors import Cancelled

_event: ContextVar[Event | None] = ContextVar("stopped_by", default=None)


@contextmanager
def stopped_by(event: Event | None) -> Iterator[None]:
    """Within it, `go_on` raises Cancelled once the event is set."""
    before = _event.set(event)
    try:
        yield
    finally:
        _event.reset(before)


def go_on() -> None:
    event = _event.get()
    if event is not None and event.is_set():
        raise Cancelled("the run was cancelled")
