"""/api/v1/runs/{id}/rows and /api/v1/scenarios/{id}/rows: rows made at their numbers, narrowed, and as files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse

from sdgen.errors import NotFound, Problem, ScenarioError
from sdgen.execution.documents import Moment
from sdgen.files import jsonl
from sdgen.generators.streams import Numbers
from sdgen.planning.plan import EntityPlan, Plan
from sdgen.scenario.model import Record
from sdgen.web import browse
from sdgen.web.errors import error_responses
from sdgen.web.row_source import FILE_KINDS, MOST_ROWS, RowSource, file_of, of_run, of_scenario
from sdgen.web.state import Id, RunId, ServiceOf

router = APIRouter(tags=["rows"], responses=error_responses(401, 404, 421, 422))

MOST_JSON = 1000  # rows as records; files hold more
# JavaScript's numbers are exact up to here.
_LAST = 2**53


class ParentRef(Record):
    """The row of a parent that a column's value leads to."""

    entity: str
    row: int


class ChildRef(Record):
    """A link that leads to the row. first, count: the rows that come from it, where they are laid out together."""

    entity: str
    link: str
    first: int | None = None
    count: int | None = None


class RowView(Record):
    """A row with its number. parents: by column, the rows that its keys lead to. children: of a single row alone."""

    row: int
    values: Mapping[str, Any]
    parents: Mapping[str, ParentRef] = {}
    children: tuple[ChildRef, ...] = ()


class RowColumn(Record):
    """A column of the rows; parent: the entity whose keys it holds."""

    name: str
    type: str
    parent: str = ""


class RowPage(Record):
    """Rows of an entity, which are numbered from `first` to below `end`.

    next: ask with this offset for those that follow; null at the end. scanned: how many rows were held against the
    condition, 0 where there is none. same: whether this sdgen makes the rows that the run wrote.
    """

    entity: str
    columns: tuple[RowColumn, ...]
    rows: tuple[RowView, ...]
    first: int
    end: int
    next: int | None
    scanned: int
    same: bool = True


Form = Literal["json", "csv", "jsonl", "parquet"]
_FILES = {kind.media.partition(";")[0]: {"schema": {"type": "string"}} for kind in FILE_KINDS.values()}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": RowPage, "content": _FILES, "description": "rows, or a file"}
}


def row_query(
    offset: Annotated[int, Query(ge=0, le=_LAST, description="the row number to begin at")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description=f"at most {MOST_JSON:,} as json")] = 50,
    column: Annotated[str, Query(max_length=400, description="rows whose value in this column fits alone")] = "",
    op: Annotated[str, Query(max_length=20, description=", ".join(browse.OPERATORS))] = "=",
    value: Annotated[str, Query(max_length=4000, description="what the column's value is compared with")] = "",
    link: Annotated[str, Query(max_length=400, description="rows alone that lead to a parent by this link")] = "",
    parent: Annotated[int | None, Query(ge=0, le=_LAST, description="the row number of that parent")] = None,
) -> browse.Query:
    """The query of an address."""
    return browse.Query(offset, limit, column, op, value, link, parent)


Asking = Annotated[browse.Query, Depends(row_query)]
FormOf = Annotated[Form, Query(alias="format", description="records, or a file to download")]
Seed = Annotated[int | None, Query(ge=-(2**63), lt=2**64, description="left out: the scenario's, or 0")]
AsOf = Annotated[Moment | None, Query(description="the instant that counts as now; left out: the scenario's, or now")]
Version = Annotated[str, Query(max_length=200, description="of a stored scenario: another than the newest")]


@router.get("/runs/{run_id}/rows/{entity}", responses=_ANSWERS, response_model=None)
def run_rows(
    service: ServiceOf, run_id: RunId, entity: str, query: Asking, form: FormOf = "json"
) -> RowPage | Response:
    """Rows of a run's entity, made again from what is stored of the run; its target is not read."""
    return _answer(of_run(service, run_id), entity, query, form)


@router.get("/runs/{run_id}/rows/{entity}/{row}")
def run_row(service: ServiceOf, run_id: RunId, entity: str, row: int) -> RowView:
    """One row of a run by its number, with where it leads and what leads to it."""
    return _row(of_run(service, run_id), entity, row)


@router.get("/scenarios/{scenario_id}/rows/{entity}", responses=_ANSWERS, response_model=None)
def scenario_rows(
    service: ServiceOf,
    scenario_id: Id,
    entity: str,
    query: Asking,
    form: FormOf = "json",
    seed: Seed = None,
    as_of: AsOf = None,
    version: Version = "",
) -> RowPage | Response:
    """Rows that a scenario gives."""
    return _answer(of_scenario(service, scenario_id, version, seed, as_of), entity, query, form)


@router.get("/scenarios/{scenario_id}/rows/{entity}/{row}")
def scenario_row(
    service: ServiceOf,
    scenario_id: Id,
    entity: str,
    row: int,
    seed: Seed = None,
    as_of: AsOf = None,
    version: Version = "",
) -> RowView:
    """One row that a scenario gives, by its number, with where it leads and what leads to it."""
    return _row(of_scenario(service, scenario_id, version, seed, as_of), entity, row)


def _answer(source: RowSource, entity: str, query: browse.Query, form: Form) -> Response:
    if form == "json" and query.limit > MOST_JSON:
        what = f"at most {MOST_JSON:,} rows at once as json"
        raise ScenarioError(Problem(("limit",), what, f"csv, jsonl and parquet: {MOST_ROWS:,}"))
    window = browse.select(source.plan, entity, query)
    if form == "json":
        return JSONResponse(_page(source, window).model_dump(mode="json"))
    content, name = file_of(source.plan, window, form)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    if window.next is not None:
        # A file has no room for it: where to go on stands in a header.
        headers["x-next-offset"] = str(window.next)
    return Response(content, media_type=FILE_KINDS[form].media, headers=headers)


def _page(source: RowSource, window: browse.Window) -> RowPage:
    entity = window.entity
    keys = browse.key_columns(entity)
    return RowPage(
        entity=entity.name,
        columns=tuple(
            RowColumn(
                name=column.name,
                type=str(column.type),
                parent=entity.links[keys[column.name][1]].parent if column.name in keys else "",
            )
            for column in entity.written
        ),
        rows=tuple(_views(source.plan, entity, window.numbers)),
        first=window.span.start,
        end=window.span.stop,
        next=window.next,
        scanned=window.scanned,
        same=not source.is_other,
    )


def _row(source: RowSource, name: str, number: int) -> RowView:
    entity = browse.entity_of(source.plan, name)
    if not entity.first <= number < entity.clean_rows:
        raise NotFound(Problem(("row",), f"{name} has no row {number}"))
    view = next(_views(source.plan, entity, np.array([number], dtype=np.int64)))
    children = tuple(
        ChildRef(
            entity=each.entity,
            link=each.link,
            first=each.rows[0] if each.rows else None,
            count=len(each.rows) if each.rows is not None else None,
        )
        for each in browse.children_of(source.plan, name, number)
    )
    return view.model_copy(update={"children": children})


def _views(plan: Plan, entity: EntityPlan, numbers: Numbers) -> Iterator[RowView]:
    if not len(numbers):
        return
    types = [column.type for column in entity.written]
    rows = browse.rows_at(plan, entity, numbers)
    lines = jsonl.encode(types, rows, optional=entity.optional).to_pybytes().decode().split("\n")[:-1]
    leads = browse.references(plan, entity, numbers)
    for place, (number, line) in enumerate(zip(numbers.tolist(), lines, strict=True)):
        found = {column: each[place] for column, each in leads.items()}
        parents = {
            column: ParentRef(entity=each.entity, row=each.row)
            for column, each in found.items()
            if each.row is not None
        }
        yield RowView(row=number, values=json.loads(line), parents=parents)
