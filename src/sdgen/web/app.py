"""The application: the API, the pages, and the scheduler that has its runs done.

app = create_app(Service.open(access=Access(paths=False, folders=(Path("out"),))), token="...")
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles

from sdgen.errors import SdgenError
from sdgen.service.retention import Retention
from sdgen.service.scheduler import AT_ONCE, Scheduler
from sdgen.service.service import Service
from sdgen.web import api_about, api_rows, api_runs, api_scenarios, api_targets, login
from sdgen.web.allowance import MOST_COUNTED, Sparing
from sdgen.web.errors import add_handlers
from sdgen.web.in_workers import InWorkers
from sdgen.web.security import Heads, Rules, Security
from sdgen.web.state import StoreWatch
from sdgen.web.workers import RequestLimits, WorkerOptions, WorkerPool

API = "/api/v1"
TIDY_EVERY = 300.0  # seconds between two removals of runs that are not kept
STATIC = Path(__file__).parent / "static"
_ABOUT = """Scenarios, targets and runs. Every error has one shape: `{"error": {"message", "problems": [...]}}`, a
problem being what is wrong, where (`path`, `file`, `line`, `column`) and what to do about it (`hint`)."""


def create_app(
    service: Service,
    *,
    token: str = "",
    allowed_hosts: Sequence[str] = (),
    limit_at_once: int = AT_ONCE,
    rules: Rules | None = None,
    most_counted: int = MOST_COUNTED,
    supervised: bool = True,
    limits: RequestLimits | None = None,
    keep: Retention | None = None,
) -> FastAPI:
    """The application over a service; what requests may name is the service's `access`.

    token: asked of every request where it isn't "". allowed_hosts: names of the server beside those of loopback.
    most_counted: how many parents one request may have the children counted of.
    supervised: whether this process starts the workers; where not, another scheduler must.
    limits: of each request that reads a scenario, which is then done in a worker process; None: in this one, unlimited.
    keep: which runs that are over stay; the others are removed now and then. None: all.
    """
    app = plain_app(service, most_counted)
    app.state.rules = rules or Rules(token, tuple(allowed_hosts))
    app.state.limit = limit_at_once
    app.state.supervised = supervised
    app.state.keep = keep
    if limits is not None:
        options = WorkerOptions.of(service, most_counted, limits)
        app.state.pool = WorkerPool(options)
        app.state.tests = WorkerPool(replace(options, limits=replace(limits, workers=1)))
        app.add_middleware(InWorkers, pool=app.state.pool, tests=app.state.tests)
    app.add_middleware(Security, rules=app.state.rules)
    app.add_middleware(Heads)
    return app


def plain_app(service: Service, most_counted: int = MOST_COUNTED) -> FastAPI:
    """The application as workers hold it: who asks, and how much that may take, was looked at before."""
    app = FastAPI(
        title="sdgen",
        version=version("sdgen"),
        description=_ABOUT,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.service = service
    app.state.rules = Rules()
    app.state.limit = AT_ONCE
    app.state.closing = False
    app.state.supervised = False
    app.state.scheduler = None
    app.state.pool = None
    app.state.keep = None
    app.state.store_watch = StoreWatch(service.store)
    app.include_router(_api())
    app.include_router(login.router)
    _add_pages(app)
    add_handlers(app)
    app.add_middleware(Sparing, most=most_counted)
    return app


def _api() -> APIRouter:
    router = APIRouter(prefix=API)
    for part in (api_scenarios, api_targets, api_runs, api_rows, api_about):
        router.include_router(part.router)
    return router


def _add_pages(app: FastAPI) -> None:
    """The pages, where they and what they need are installed; the API stands alone without them."""
    if STATIC.is_dir():
        app.mount("/static", StaticFiles(directory=STATIC), name="static")
    if find_spec("sdgen.web.pages") is not None and find_spec("jinja2") is not None:
        from sdgen.web.pages import router

        app.include_router(router, include_in_schema=False)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Workers are started while the application is up; those at work on runs when it ends go on."""
    if app.state.pool is not None:
        app.state.pool.start()
    tidying = asyncio.create_task(_tidy(app)) if app.state.keep is not None else None
    try:
        async with _scheduling(app):
            yield
    finally:
        if tidying is not None:
            tidying.cancel()
        if app.state.pool is not None:
            await run_in_threadpool(app.state.pool.close)
            await run_in_threadpool(app.state.tests.close)


async def _tidy(app: FastAPI) -> None:
    """Remove the runs that are not kept, at the start and every so often."""
    while True:
        with suppress(SdgenError):  # the store is away for a moment, or another server was faster
            await run_in_threadpool(app.state.service.remove_old_runs, app.state.keep)
        await asyncio.sleep(TIDY_EVERY)


@asynccontextmanager
async def _scheduling(app: FastAPI) -> AsyncIterator[None]:
    if not app.state.supervised:
        yield
        return
    scheduler = Scheduler(app.state.service.store, app.state.limit)
    app.state.scheduler = scheduler
    scheduler.start()
    try:
        yield
    finally:
        app.state.closing = True
        app.state.scheduler = None
        await run_in_threadpool(scheduler.close)
