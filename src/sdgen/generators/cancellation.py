"""Work that comes before the first row learns here that nobody waits for it any more.

The work asks `raise_if_cancelled()` now and then; whoever began it said with `cancelled_by` which event to look at.
That holds for the thread that said so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event

from sdgen.errors import Cancelled

# A context variable and not a global one, since several runs may be prepared in one process at the same time.
_event: ContextVar[Event | None] = ContextVar("stopped_by", default=None)


@contextmanager
def cancelled_by(event: Event | None) -> Iterator[None]:
    """Within it, `raise_if_cancelled` raises Cancelled once the event is set."""
    before = _event.set(event)
    try:
        yield
    finally:
        _event.reset(before)


def raise_if_cancelled() -> None:
    event = _event.get()
    if event is not None and event.is_set():
        raise Cancelled("the run was cancelled")
