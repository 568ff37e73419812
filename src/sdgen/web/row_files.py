"""Rows as a file to download: CSV, JSON lines or Parquet, of at most so many rows and bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

import pyarrow as pa

from sdgen.errors import Problem, ScenarioError
from sdgen.files import jsonl
from sdgen.planning.plan import EntityPlan, Plan
from sdgen.targets import columnar, csv_encoding
from sdgen.targets.tables import tables_of
from sdgen.web.browse import Window, rows_at

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
