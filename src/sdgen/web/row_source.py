"""The rows that pages and the API show, or send as files: where they come from, and how many of them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from time import monotonic
from urllib.parse import quote, urlencode

import pyarrow as pa

from sdgen.errors import Problem, ScenarioError
from sdgen.execution.job import Job
from sdgen.execution.request import format_instant
from sdgen.files import jsonl
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import EntityPlan, Plan
from sdgen.readers.native.write import scenario_text
from sdgen.scenario.request import PlanRequest
from sdgen.service.records import Run
from sdgen.service.service import Service
from sdgen.targets import columnar, csv_encoding
from sdgen.targets.tables import tables_of
from sdgen.web.browse import Window, rows_at

SEED = 0  # of a scenario that names none


class _Recipe:
    """How a plan is made; equal where the rows are equal."""

    def __init__(self, text: str, make: Callable[[], Plan]) -> None:
        self.text = text
        self.make = make

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Recipe) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


@lru_cache(maxsize=8)
def _cached_plan(recipe: _Recipe) -> Plan:
    return recipe.make()


def plan_of(job: Job) -> Plan:
    """The plan of a stored run; some are kept. ScenarioError where this sdgen can't make it any more."""
    return _cached_plan(_Recipe(job.model_dump_json(), job.plan))


@dataclass(frozen=True)
class RowSource:
    """A plan whose rows are looked at. query: what an address of it must name besides, so that the rows stay the same.

    written: the entities that a run writes. identity: of the run's plan when it was made.
    """

    title: str
    home: str
    plan: Plan
    written: tuple[str, ...]
    query: Mapping[str, str]
    run: Run | None = None
    identity: str = ""

    @property
    def is_other(self) -> bool:
        """Whether this sdgen makes other rows than the one that did the run."""
        return bool(self.identity) and self.identity != self.plan.identity

    def address(self, entity: str = "", row: int | None = None, **query: object) -> str:
        """The address of a page of rows; of one row, where its number is given."""
        path = f"{self.home}/rows" + (f"/{quote(entity, safe='')}" if entity else "")
        path += f"/{row}" if row is not None else ""
        return _with_query(path, self.query, query)

    def download(self, entity: str, **query: object) -> str:
        """The address at which the API gives rows."""
        return _with_query(f"/api/v1{self.home}/rows/{quote(entity, safe='')}", self.query, query)


def of_run(service: Service, run_id: str) -> RowSource:
    """The rows of a run, made again from what is stored of it: the same that it wrote."""
    run = service.run(run_id)
    job = service.repository.job(run.id)
    plan = plan_of(job)
    written = tuple(name for name in plan.entities if not job.only or name in job.only)
    return RowSource(run.scenario_name, f"/runs/{run.id}", plan, written, {}, run, job.identity)


def of_scenario(
    service: Service, scenario_id: str, version: str = "", seed: int | None = None, as_of: datetime | None = None
) -> RowSource:
    """The rows that a scenario gives: by the seed and the instant of the request, else its own, else 0 and now."""
    found = service.catalog.scenario(scenario_id, version)
    chosen = seed if seed is not None else found.value.seed if found.value.seed is not None else SEED
    if not -(2**63) <= chosen < 2**64:
        raise ScenarioError(Problem(("seed",), f"{chosen} is no seed", "a whole number of 64 bits"))
    # Only with an instant is a plan worth keeping: without one, now is part of it and is never the same again.
    text = f"{chosen} {as_of} {scenario_text(found.value)}"
    request = PlanRequest(seed=chosen, as_of=as_of)
    plan = (
        _cached_plan(_Recipe(text, lambda: compile_plan(found.value, request)))
        if as_of
        else compile_plan(found.value, request)
    )
    query = {"seed": str(plan.seed), "as_of": format_instant(plan.as_of)}
    if version:
        query["version"] = version
    return RowSource(found.value.name, f"/scenarios/{quote(found.id, safe='')}", plan, tuple(plan.entities), query)


def _with_query(path: str, *queries: Mapping[str, object]) -> str:
    pairs = {name: value for query in queries for name, value in query.items() if value not in ("", None)}
    return f"{path}?{urlencode(pairs)}" if pairs else path


# Rows as a file to download: CSV, JSON lines or Parquet, of at most so many rows and bytes.
MOST_ROWS = 100_000
MOST_BYTES = 128 * 1024 * 1024  # of Arrow arrays, before they are written
MOST_SECONDS = 20.0
CHUNK = 8192  # rows made between two looks at how much there is


@dataclass(frozen=True)
class FileKind:
    """A format: its media type, and how batches become a file's bytes."""

    media: str
    encode: Callable[[Plan, EntityPlan, list[pa.RecordBatch]], bytes]


def file_of(plan: Plan, window: Window, form: str) -> tuple[bytes, str]:
    """The rows of a window as a file of a format, and the file's name; ScenarioError where they are too much."""
    batches = list(_batches(plan, window))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", window.entity.name).strip("-.") or "rows"
    place = f"-{window.numbers[0]}" if len(window.numbers) else ""
    return FILE_KINDS[form].encode(plan, window.entity, batches), f"{name}{place}.{form}"


def _batches(plan: Plan, window: Window) -> Iterator[pa.RecordBatch]:
    size, until = 0, monotonic() + MOST_SECONDS
    for start in range(0, len(window.numbers), CHUNK):
        batch = rows_at(plan, window.entity, window.numbers[start : start + CHUNK])
        size += batch.nbytes
        if size > MOST_BYTES or monotonic() > until:
            limit = f"{MOST_BYTES >> 20} MiB" if size > MOST_BYTES else f"{MOST_SECONDS:.0f} s"
            rows = f"{len(window.numbers):,} rows of {window.entity.name}"
            what = f"{rows} need more than {limit} of work, the limit of one download"
            raise ScenarioError(Problem(("limit",), what, f"about {max(start, 1):,} are possible: ask for fewer rows"))
        yield batch


def _csv(plan: Plan, entity: EntityPlan, batches: list[pa.RecordBatch]) -> bytes:
    types = [column.type for column in entity.written]
    head = csv_encoding.header([column.name for column in entity.written])
    return head + b"".join(csv_encoding.encode(types, batch).to_pybytes() for batch in batches)


def _jsonl(plan: Plan, entity: EntityPlan, batches: list[pa.RecordBatch]) -> bytes:
    types = [column.type for column in entity.written]
    return b"".join(jsonl.encode(types, batch, optional=entity.optional).to_pybytes() for batch in batches)


def _parquet(plan: Plan, entity: EntityPlan, batches: list[pa.RecordBatch]) -> bytes:
    table = tables_of(plan, (entity.name,))[entity.name]
    sink = io.BytesIO()
    file = columnar.ParquetFile(table, sink)
    for batch in batches:
        file.write(columnar.encode(table, batch))
    file.finish()
    return sink.getvalue()


FILE_KINDS: Mapping[str, FileKind] = {
    "csv": FileKind("text/csv; charset=utf-8", _csv),
    "jsonl": FileKind("application/x-ndjson", _jsonl),
    "parquet": FileKind("application/vnd.apache.parquet", _parquet),
}
