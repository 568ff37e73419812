"""Every address: the API and the pages over one service, without the checks that a server makes before.

Worker processes hold this application too, so it knows neither of them nor of the server around it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from sdgen.service.scheduler import AT_ONCE
from sdgen.service.service import Service
from sdgen.web import api_about, api_rows, api_runs, api_scenarios, api_targets, login
from sdgen.web.errors import add_handlers
from sdgen.web.limits import MOST_COUNTED, CountingLimit
from sdgen.web.security import Rules
from sdgen.web.state import StoreWatch

API = "/api/v1"
STATIC = Path(__file__).parent / "static"
_ABOUT = """Scenarios, targets and runs. Every error has one shape: `{"error": {"message", "problems": [...]}}`, a
problem being what is wrong, where (`path`, `file`, `line`, `column`) and what to do about it (`hint`)."""
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def routed_app(service: Service, most_counted: int = MOST_COUNTED, lifespan: Lifespan | None = None) -> FastAPI:
    """The application as workers hold it: who asks, and how much that may take, was looked at before."""
    app = FastAPI(
        title="sdgen",
        version=version("sdgen"),
        description=_ABOUT,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.rules = Rules()
    app.state.limit = AT_ONCE
    app.state.closing = False
    app.state.starts_runs = False
    app.state.scheduler = None
    app.state.pool = None
    app.state.keep = None
    app.state.store_watch = StoreWatch(service.store)
    app.include_router(_api())
    app.include_router(login.router)
    _add_pages(app)
    add_handlers(app)
    app.add_middleware(CountingLimit, most=most_counted)
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
