"""The pages of rows: those of an entity, narrowed and paged, and one row with its parents and children."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import QueryParams

from sdgen.errors import NotFound, Problem, ScenarioError, SdgenError
from sdgen.planning.plan import EntityPlan
from sdgen.scenario.types import NUMBERS
from sdgen.web import browse
from sdgen.web.browse import OPERATORS, Query, Window
from sdgen.web.rendering import PageRoute, page, records
from sdgen.web.row_source import MOST_ROWS as MOST_DOWNLOADED
from sdgen.web.row_source import RowSource, of_run, of_scenario
from sdgen.web.state import service_of

PAGE_ROWS = 50
SIZES = (25, 50, 100, 200)  # rows of a page
SHORT, LONG = 60, 400  # letters of a value in a cell, and in its title
LAST = 2**62

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Cell:
    """A value as a table shows it; href: the row that it leads to."""

    text: str | None
    full: str = ""
    href: str = ""
    right: bool = False


@dataclass(frozen=True)
class ChildLink:
    """Rows that lead to a row: by which link of which entity; how many, and their numbers, where that is known."""

    entity: str
    link: str
    href: str
    rows: range | None


@router.get("/runs/{run_id}/rows")
def run_entities(request: Request, run_id: str) -> Response:
    """The rows of the first entity that a run writes."""
    source = of_run(service_of(request), run_id)
    return RedirectResponse(source.address(source.written[0]), 303)


@router.get("/runs/{run_id}/rows/{entity}")
def run_rows(request: Request, run_id: str, entity: str) -> Response:
    """Rows of a run's entity."""
    return _rows_page(request, of_run(service_of(request), run_id), entity)


@router.get("/runs/{run_id}/rows/{entity}/{number}")
def run_row(request: Request, run_id: str, entity: str, number: str) -> Response:
    """One row of a run."""
    return _row_page(request, of_run(service_of(request), run_id), entity, number)


@router.get("/scenarios/{scenario_id}/rows")
def scenario_entities(request: Request, scenario_id: str) -> Response:
    """The rows of a scenario's first entity."""
    source = _of_scenario(request, scenario_id)
    return RedirectResponse(source.address(source.written[0]), 303)


@router.get("/scenarios/{scenario_id}/rows/{entity}")
def scenario_rows(request: Request, scenario_id: str, entity: str) -> Response:
    """Rows that a scenario gives."""
    return _rows_page(request, _of_scenario(request, scenario_id), entity)


@router.get("/scenarios/{scenario_id}/rows/{entity}/{number}")
def scenario_row(request: Request, scenario_id: str, entity: str, number: str) -> Response:
    """One row that a scenario gives."""
    return _row_page(request, _of_scenario(request, scenario_id), entity, number)


def _of_scenario(request: Request, scenario_id: str) -> RowSource:
    query = request.query_params
    try:
        seed = int(query["seed"]) if query.get("seed") else None
        given = datetime.fromisoformat(query["as_of"]) if query.get("as_of") else None
        as_of = given.replace(tzinfo=given.tzinfo or UTC).astimezone(UTC) if given else None
    except (ValueError, OverflowError):
        what = "the seed or the instant of the address can't be read"
        raise ScenarioError(Problem(("seed",), what, "open the scenario's rows anew")) from None
    return of_scenario(service_of(request), scenario_id, query.get("version", ""), seed, as_of)


def query_of(params: QueryParams) -> Query:
    """The query of a page's address; numbers that are none count as left out."""
    size = _number(params.get("limit", ""), PAGE_ROWS)
    parent = params.get("parent", "")
    return Query(
        offset=_number(params.get("offset", ""), 0),
        limit=size if size in SIZES else PAGE_ROWS,
        column=params.get("column", ""),
        operator=params.get("op", "") or "=",
        value=params.get("value", ""),
        link=params.get("link", ""),
        parent=_number(parent, 0) if parent else None,
    )


def _number(text: str, default: int) -> int:
    digits = text.strip().replace(",", "").replace("_", "")
    return min(int(digits), LAST) if digits.isascii() and digits.isdecimal() and len(digits) < 20 else default


def _rows_page(request: Request, source: RowSource, name: str) -> Response:
    entity = browse.entity_of(source.plan, name)
    query = query_of(request.query_params)
    problems: list[Any] = []
    try:
        window = browse.select(source.plan, name, query)
    except NotFound:
        raise
    except SdgenError as error:  # told above the form, which stays as it is
        problems, span = records(error), range(entity.first, entity.clean_rows)
        window = Window(entity, np.empty(0, dtype=np.int64), span, None)
    narrowing = {"column": query.column, "op": query.operator, "value": query.value} if query.column else {}
    children = {"link": query.link, "parent": query.parent} if query.link else {}
    return page(
        request,
        "entity_rows.html",
        422 if problems else 200,
        source=source,
        entity=entity,
        query=query,
        window=window,
        problems=problems,
        keys=browse.key_columns(entity),
        right=[column.type.kind in NUMBERS for column in entity.written],
        rows=_cells(source, window),
        narrowing=narrowing,
        children=children,
        parent=entity.links[query.link].parent if query.link else "",
        pages=_pages(source, window, query, {**narrowing, **children, "limit": query.limit}),
        operators=[(each, each) for each in OPERATORS],
        sizes=SIZES,
        most_downloaded=MOST_DOWNLOADED,
    )


def _pages(source: RowSource, window: Window, query: Query, kept: Mapping[str, Any]) -> dict[str, str]:
    """The addresses of the pages before and after, and of the first and the last; those that there are."""
    name, span = window.entity.name, window.span
    found = {}
    start = min(max(query.offset, span.start), span.stop)
    if start > span.start:
        found["first"] = source.address(name, **kept)
        # Where rows are searched for, how far back a page would begin is not known without another search.
        if not window.scanned:
            found["prev"] = source.address(name, **kept, offset=max(start - query.limit, span.start))
    if window.next is not None:
        found["next"] = source.address(name, **kept, offset=window.next)
        if not window.scanned:
            found["last"] = source.address(name, **kept, offset=max(span.stop - query.limit, span.start))
    return found


def _cells(source: RowSource, window: Window) -> list[tuple[int, list[Cell]]]:
    """The rows of a window with their numbers, as cells."""
    if not len(window.numbers):
        return []
    entity = window.entity
    texts = browse.texts_of(browse.rows_at(source.plan, entity, window.numbers), entity)
    leads = browse.references(source.plan, entity, window.numbers)
    columns = [
        [_cell(source, text, column, leads.get(column.name), place) for place, text in enumerate(values)]
        for column, values in zip(entity.written, texts, strict=True)
    ]
    return list(zip(window.numbers.tolist(), map(list, zip(*columns, strict=True)), strict=True))


def _cell(source: RowSource, text: str | None, column: Any, leads: list[browse.Reference] | None, place: int) -> Cell:
    if text is None:
        return Cell(None)
    short = text if len(text) <= SHORT else text[: SHORT - 1] + "…"
    full = "" if short == text else text[:LONG]
    lead = leads[place] if leads else None
    href = source.address(lead.entity, lead.row) if lead is not None and lead.row is not None else ""
    return Cell(short, full, href, column.type.kind in NUMBERS)


def _row_page(request: Request, source: RowSource, name: str, text: str) -> Response:
    entity = browse.entity_of(source.plan, name)
    number = _number(text, -1)
    last = entity.clean_rows - 1
    if not entity.first <= number <= last:
        there = f"its rows are numbered from {entity.first:,} to {last:,}" if entity.rows else "it has none"
        raise NotFound(Problem(("row",), f"{name} has no row {text}", there))
    numbers = np.array([number], dtype=np.int64)
    texts = browse.texts_of(browse.rows_at(source.plan, entity, numbers), entity)
    leads = browse.references(source.plan, entity, numbers)
    return page(
        request,
        "row.html",
        source=source,
        entity=entity,
        number=number,
        values=[(column, values[0]) for column, values in zip(entity.written, texts, strict=True)],
        leads={
            column: (each[0].entity, each[0].row, source.address(each[0].entity, each[0].row))
            for column, each in leads.items()
            if each[0].row is not None
        },
        children=_child_links(source, entity, number),
        before=source.address(name, number - 1) if number > entity.first else "",
        after=source.address(name, number + 1) if number < last else "",
    )


def _child_links(source: RowSource, entity: EntityPlan, number: int) -> list[ChildLink]:
    return [
        ChildLink(each.entity, each.link, source.address(each.entity, link=each.link, parent=number), each.rows)
        for each in browse.children_of(source.plan, entity.name, number)
    ]
