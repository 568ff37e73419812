"""/api/v1/generators, /schema, /health and /metrics: what the server can do, and how it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from sdgen.errors import NotFound, Problem, did_you_mean
from sdgen.generators import registry
from sdgen.generators.catalogue import REQUIRED, described, scenario_schema
from sdgen.scenario.model import Record
from sdgen.service.records import Status
from sdgen.service.service import Service
from sdgen.web.errors import error_responses
from sdgen.web.state import Id, ServiceOf

router = APIRouter(tags=["about"], responses=error_responses(401, 421, 422))


class ParamView(Record):
    """One param of a generator."""

    name: str
    required: bool
    description: str = ""


class GeneratorView(Record):
    """A generator. fits: the kinds of types it fills. example: a column of it, in YAML."""

    name: str
    summary: str
    fits: tuple[str, ...]
    example: str = ""
    params: tuple[ParamView, ...] = ()


class GeneratorList(Record):
    """All generators, by name."""

    generators: tuple[GeneratorView, ...]


class Health(Record):
    """Whether the server and its store answer."""

    status: str
    version: str


@router.get("/generators")
def list_generators() -> GeneratorList:
    """The catalogue of generators."""
    return GeneratorList(generators=_catalogue())


@router.get("/generators/{name}", responses=error_responses(404))
def show_generator(name: Id) -> GeneratorView:
    """One generator."""
    found = {each.name: each for each in _catalogue()}
    if name not in found:
        raise NotFound(Problem(("generator",), f"there is no generator {name!r}", did_you_mean(name, found)))
    return found[name]


@router.get("/schema")
def schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file, with all generators and their params."""
    return _schema()


@router.get("/health")
async def health(request: Request) -> Health:
    """Whether the server and its store answer; it needs no token, and never waits for other requests."""
    # Asynchronous, and on a thread of its own: neither a full thread pool nor a locked store can keep this waiting.
    await request.app.state.store_watch.check()
    return Health(status="ok", version=version("sdgen"))


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request, service: ServiceOf) -> PlainTextResponse:
    """Figures in the text format of Prometheus."""
    lines = "\n".join(_metric_lines(service, request.app.state.limit))
    return PlainTextResponse(lines + "\n", media_type="text/plain; version=0.0.4")


def _metric_lines(service: Service, limit: int) -> Iterator[str]:
    counts = service.repository.counts()
    yield from _metric("sdgen_runs", "gauge", "Runs in the store, by status.", _by_status(counts))
    written = service.repository.rows_written()
    yield from _metric("sdgen_rows_written", "gauge", "Rows that the runs in the store have written.", {"": written})
    yield from _metric("sdgen_runs_at_once", "gauge", "How many runs may run at once.", {"": limit})
    yield from _metric("sdgen_info", "gauge", "The version.", {f'{{version="{version("sdgen")}"}}': 1})


def _by_status(counts: Mapping[Status, int]) -> dict[str, int]:
    return {f'{{status="{status.value}"}}': count for status, count in counts.items()}


def _metric(name: str, kind: str, text: str, values: Mapping[str, int]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    yield from (f"{name}{labels} {value}" for labels, value in values.items())


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    return scenario_schema()


@lru_cache(maxsize=1)
def _catalogue() -> tuple[GeneratorView, ...]:
    return tuple(_view(name) for name in registry.names())


def _view(name: str) -> GeneratorView:
    found = described(name)
    params = tuple(
        ParamView(name=each.name, required=each.default == REQUIRED, description=each.description)
        for each in found.params
    )
    return GeneratorView(name=name, summary=found.summary, fits=found.fits, example=found.example, params=params)
