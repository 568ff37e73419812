"""What the application holds, for its routes."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Annotated

from fastapi import Depends, Path, Request

from sdgen.errors import Problem, StoreFull, StoreUnusable
from sdgen.service.scheduler import Scheduler
from sdgen.service.service import Service
from sdgen.service.store import Store

SOON, STUCK, REMEMBERED = 0.5, 5.0, 30.0  # seconds


def service_of(request: Request) -> Service:
    """The service that this application serves."""
    service: Service = request.app.state.service
    return service


class StoreWatch:
    """Whether the store can be written, found out on a thread of its own, for whom waits half a second at most."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # One thread and one check at a time: a store that hangs would otherwise take a thread with each look at it.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sdgen-store-watch")
        self._check: Future[None] | None = None
        self._begun = 0.0
        self.refused_at = float("-inf")  # when a write was answered with 507

    async def check(self) -> None:
        """StoreUnusable where the store can't be written, has refused a write, or has not answered for some seconds."""
        # A disk without room may still take the small write of the check.
        if time.monotonic() - self.refused_at < REMEMBERED:
            raise StoreFull(Problem((), f"the store {self._store.shown} is full", "make room there"))
        if self._check is None or self._check.done():
            self._check, self._begun = self._thread.submit(self._store.check_writable), time.monotonic()
        done, _ = await asyncio.wait({asyncio.wrap_future(self._check)}, timeout=SOON)
        for each in done:
            each.result()
        if not done and time.monotonic() - self._begun > STUCK:
            what = f"the store {self._store.shown} has not answered for {STUCK:g} s"
            raise StoreUnusable(Problem((), what, "see what holds its lock, or its disk"))


def wake(request: Request) -> None:
    """Tell the scheduler that a run is waiting."""
    scheduler: Scheduler | None = request.app.state.scheduler
    if scheduler is not None:
        scheduler.wake()


ServiceOf = Annotated[Service, Depends(service_of)]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]+$", max_length=200, examples=["shop"])]
RunId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]+$", max_length=200, examples=["latest"])]
