"""The application as a server runs it: who may ask, workers for requests, and the scheduler of its runs.

app = create_app(Service.open(access=Access(paths=False, folders=(Path("out"),))), token="...")
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from sdgen.errors import SdgenError
from sdgen.service.run_queries import Retention
from sdgen.service.scheduler import AT_ONCE, Scheduler
from sdgen.service.service import Service
from sdgen.web.in_workers import InWorkers
from sdgen.web.limits import MOST_COUNTED, RequestLimits, WorkerOptions
from sdgen.web.routes import routed_app
from sdgen.web.security import Heads, Rules, Security
from sdgen.web.workers import WorkerPool

REMOVE_EVERY = 300.0  # seconds between two removals of runs that are not kept


def create_app(
    service: Service,
    *,
    token: str = "",
    allowed_hosts: Sequence[str] = (),
    limit_at_once: int = AT_ONCE,
    rules: Rules | None = None,
    most_counted: int = MOST_COUNTED,
    starts_runs: bool = True,
    limits: RequestLimits | None = None,
    keep: Retention | None = None,
) -> FastAPI:
    """The application over a service; what requests may name is the service's `access`.

    token: asked of every request where it isn't "". allowed_hosts: names of the server beside those of loopback.
    most_counted: how many parents one request may have the children counted of.
    starts_runs: whether this process starts the workers of runs; where not, another scheduler must.
    limits: of each request that reads a scenario, which is then done in a worker process; None: in this one, unlimited.
    keep: which runs that are over stay; the others are removed now and then. None: all.
    """
    app = routed_app(service, most_counted, _lifespan)
    app.state.rules = rules or Rules(token, tuple(allowed_hosts))
    app.state.limit = limit_at_once
    app.state.starts_runs = starts_runs
    app.state.keep = keep
    if limits is not None:
        options = WorkerOptions.of(service, most_counted, limits)
        app.state.pool = WorkerPool(options)
        app.state.tests = WorkerPool(replace(options, limits=replace(limits, workers=1)))
        app.add_middleware(InWorkers, pool=app.state.pool, tests=app.state.tests)
    # What is added last is asked first: a request is looked at before it costs a worker anything.
    app.add_middleware(Security, rules=app.state.rules)
    app.add_middleware(Heads)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Workers are started while the application is up; those at work on runs when it ends go on."""
    if app.state.pool is not None:
        app.state.pool.start()
    removal = asyncio.create_task(_remove_old_runs(app)) if app.state.keep is not None else None
    try:
        async with _scheduling(app):
            yield
    finally:
        if removal is not None:
            removal.cancel()
        if app.state.pool is not None:
            await run_in_threadpool(app.state.pool.close)
            await run_in_threadpool(app.state.tests.close)


async def _remove_old_runs(app: FastAPI) -> None:
    """Remove the runs that are not kept, at the start and every so often."""
    while True:
        with suppress(SdgenError):  # the store is away for a moment, or another server was faster
            await run_in_threadpool(app.state.service.remove_old_runs, app.state.keep)
        await asyncio.sleep(REMOVE_EVERY)


@asynccontextmanager
async def _scheduling(app: FastAPI) -> AsyncIterator[None]:
    if not app.state.starts_runs:
        yield
        return
    scheduler = Scheduler(app.state.service.store, app.state.limit)
    app.state.scheduler = scheduler
    scheduler.start()
    try:
        yield
    finally:
        # Streams of events end by this, which a server that closes would otherwise wait for.
        app.state.closing = True
        app.state.scheduler = None
        # It waits for a thread to end, which the event loop must not.
        await run_in_threadpool(scheduler.close)
