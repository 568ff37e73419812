"""`sdgen preview`: some rows of a scenario, wherever they stand, without writing anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from sdgen.cli.failures import print_notes
from sdgen.cli.pandas_guard import start_arrow
from sdgen.cli.tables import cut, ruled
from sdgen.engine import batch
from sdgen.errors import Problem, ScenarioError, SdgenError, did_you_mean
from sdgen.execution.request import read_request
from sdgen.files import jsonl
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import ColumnPlan, EntityPlan, Plan
from sdgen.readers.base import ReadOptions
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_as, read_source
from sdgen.scenario.request import PlanRequest
from sdgen.scenario.types import NUMBERS
from sdgen.targets import csv_encoding
from sdgen.targets.columnar import plain

NULL = "null"


def preview(fields: Mapping[str, Any], entity: str, *, at: int, rows: int, form: str) -> Iterator[str]:
    """The rows from `at` on, of one entity or of all, as text of the form "text", "json" or "csv".

    fields: of a RunRequest. It is not resolved: what that imports (targets, guards) would delay every preview.
    """
    start_arrow()
    request = read_request(fields)
    scenario = read_source(request.scenario_path, request.read_options)
    print_notes(scenario.notes)
    plan = compile_plan(scenario, PlanRequest(request.seed, request.as_of))
    entity = scenario.entity_names.get(entity, entity)
    batches = {each.name: batch(plan, each.name, at, min(at + rows, each.rows)) for each in _chosen(plan, entity, at)}
    match form:
        case "json":
            yield from _json(plan, batches) if not entity else (_json_array(plan.entities[entity], batches[entity]),)
        case "csv":
            yield from _csv(plan.entities[entity], batches[entity])
        case _:
            yield from _tables(plan, batches, at)


def _chosen(plan: Plan, entity: str, at: int) -> list[EntityPlan]:
    """The entity asked for, or all; ScenarioError where there is none, or it has no row `at`."""
    if entity and entity not in plan.entities:
        hint = did_you_mean(entity, plan.entities)
        raise ScenarioError(Problem((), f"{plan.scenario} has no entity {entity!r}", hint))
    chosen = [plan.entities[entity]] if entity else list(plan.entities.values())
    short = [each for each in chosen if at and at >= each.rows]
    if short:
        what = "{} has {:,} rows, numbered from 0: there is no row {:,}"
        raise ScenarioError([Problem((), what.format(each.name, each.rows, at)) for each in short])
    return chosen


def _tables(plan: Plan, batches: Mapping[str, pa.RecordBatch], at: int) -> Iterator[str]:
    for index, (name, rows) in enumerate(batches.items()):
        entity = plan.entities[name]
        if index:
            yield ""
        yield f"{name}: {entity.rows:,} rows" + (f", from row {at:,} on" if at else "")
        yield from _table(entity.written, rows)


def _table(columns: Sequence[ColumnPlan], rows: pa.RecordBatch) -> Iterator[str]:
    head = [[cut(column.name) for column in columns], [cut(str(column.type)) for column in columns]]
    texts = [_texts(array, column) for array, column in zip(rows.columns, columns, strict=True)]
    right = [column.type.kind in NUMBERS for column in columns]
    yield from ruled(head, list(zip(*texts, strict=True)), right)


def _texts(array: pa.Array, column: ColumnPlan) -> list[str]:
    texts = csv_encoding.plain_text(plain(array), column.type).to_pylist()
    return [NULL if text is None else cut(text) for text in texts]


def _csv(entity: EntityPlan, rows: pa.RecordBatch) -> Iterator[str]:
    yield csv_encoding.header([column.name for column in entity.written]).decode().removesuffix("\n")
    lines = csv_encoding.encode([column.type for column in entity.written], rows).to_pybytes().decode()
    if lines:
        yield lines.removesuffix("\n")


def _json_array(entity: EntityPlan, rows: pa.RecordBatch) -> str:
    types = [column.type for column in entity.written]
    lines = jsonl.encode(types, rows, optional=entity.optional).to_pybytes().decode()
    objects = lines.removesuffix("\n").replace("\n", ",\n")
    return f"[\n{objects}\n]" if objects else "[]"


def _json(plan: Plan, batches: Mapping[str, pa.RecordBatch]) -> Iterator[str]:
    from json import dumps

    arrays = [
        f"{dumps(name, ensure_ascii=False)}: {_json_array(plan.entities[name], rows)}" for name, rows in batches.items()
    ]
    yield "{\n" + ",\n".join(arrays) + "\n}"


# `sdgen import`: another system's schema as a scenario file, to be looked at and edited.


def import_source(kind: str, source: str, output: str, options: ReadOptions, force: bool) -> None:
    """Write the scenario of a source, of the kind that is named or found; SdgenError where it can't be done."""
    start_arrow()
    path = Path(output)
    if output and path.exists() and not force:
        raise SdgenError(Problem((), "the file is there already", "--force replaces it", output))
    scenario = read_as(kind, source, options) if kind else read_source(source, options)
    text = scenario_text(scenario)
    # All of them, since what is imported is looked at and edited next.
    print_notes(scenario.notes, len(scenario.notes))
    if not output:
        print(text, end="")
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SdgenError(Problem((), f"can't be written: {error.strerror}", "", output)) from None
    count = len(scenario.entities)
    print(f"{output}: {count} entities; look at some rows with: sdgen preview {output}", file=sys.stderr)
