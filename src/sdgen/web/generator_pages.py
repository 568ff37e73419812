"""The catalogue of generators for a browser: all of them by family, and one with its params and values of it.

The values are those of a scenario with the generator's own example in it: of a request, only the name counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import yaml
from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from sdgen.engine import batch
from sdgen.errors import NotFound, Problem, SdgenError, did_you_mean
from sdgen.generators import registry
from sdgen.generators.catalogue import Entry, Family, entry, families, fills
from sdgen.planning.compile import compile_plan
from sdgen.readers.sources import read_mapping
from sdgen.scenario.request import PlanRequest
from sdgen.web.figures import texts_of
from sdgen.web.rendering import PageRoute, marked, page, wants_fragment

ROWS = 5
_COLUMN, _ENTITY = "my_column", "things"


def _life_from(start: str) -> dict[str, Any]:
    states = {"placed": {"next": {"shipped": 9, "cancelled": 1}}, "shipped": None, "cancelled": None}
    return {"generator": "lifecycle", "nullable": True, "params": {"start": start, "states": states}}


# What the examples of generators that read other columns or entities speak of.
_AROUND: Mapping[str, Any] = {
    "customers": {"rows": 4, "columns": {"id": "int", "country": {"generator": "address.country"}}},
    _ENTITY: {
        "rows": ROWS,
        "columns": {
            "id": {"type": "int", "primary_key": True},
            "customer_id": {"references": "customers.id"},
            "created_at": {"type": "timestamp"},
            "price": {"type": "decimal(6,2)", "generator": "decimal", "params": {"min": 1, "max": 50}},
            "quantity": {"type": "int", "generator": "uniform_int", "params": {"min": 1, "max": 9}},
            "title": {"generator": "text.title"},
            "status": _life_from("created_at"),
            "commentable_type": {"generator": "choice", "params": {"values": ["Post", "Photo"]}},
        },
    },
    **{name: {"rows": 4, "columns": {"id": {"type": "int", "primary_key": True}}} for name in ("posts", "photos")},
    "tickets": {
        "rows": ROWS,
        "columns": {
            "id": {"type": "int", "primary_key": True},
            "opened_at": {"type": "timestamp"},
            "status": _life_from("opened_at"),
        },
    },
    "contracts": {
        "rows": {"per": "customers", "min": 1, "max": 4},
        "columns": {"customer_id": {"references": "customers.id"}, "begins": "date", "ends": "date"},
    },
    "order_items": {
        "rows": {"per": _ENTITY, "min": 0, "max": 3},
        "columns": {
            "thing_id": {"references": f"{_ENTITY}.id"},
            "total": {"type": "decimal(12,2)", "generator": "decimal", "params": {"min": 1, "max": 90}},
        },
    },
}

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class ExampleValues:
    """Values of the rows of an example, by columns: those it reads and its own."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


@router.get("/generators")
def generators(request: Request) -> Response:
    """All generators by family; with `?q=` those whose names, words or params hold these."""
    words = request.query_params.get("q", "").strip()
    found = tuple(_holding(_catalogue(), words.lower().split()))
    total = sum(len(each.entries) for each in _catalogue())
    return page(request, "generators.html", families=found, words=words, total=total, fills=fills)


@router.get("/generators/{name}")
def generator(request: Request, name: str) -> Response:
    """One generator: what it does, its params, its example, and values of it."""
    if name not in registry.names():
        raise NotFound(Problem(("generator",), f"there is no generator {name!r}", did_you_mean(name, registry.names())))
    template = "generator_detail.html" if wants_fragment(request) else "generator.html"
    shown: dict[str, Any] = {"entry": entry(name), "name": name, "values": example_values(name)}
    return page(request, template, **shown, fills=fills, paragraphs=_paragraphs)


def _paragraphs(text: str) -> list[Markup]:
    """A docstring's paragraphs, without the ends of its lines."""
    return [marked(" ".join(each.split())) for each in text.split("\n\n")]


@lru_cache(maxsize=1)
def _catalogue() -> tuple[Family, ...]:
    return tuple(families())


def _holding(every: tuple[Family, ...], words: list[str]) -> list[Family]:
    found = [replace(each, entries=tuple(one for one in each.entries if _holds(each, one, words))) for each in every]
    return [each for each in found if each.entries]


def _holds(family: Family, found: Entry, words: list[str]) -> bool:
    params = (param.name for param in found.params)
    text = " ".join((family.title, *found.names, found.text, found.preset, *params)).lower()
    return all(word in text for word in words)


@lru_cache(maxsize=2048)
def example_values(name: str) -> ExampleValues | None:
    """Values of a generator's example; None where it gives none by itself, such as a pool from a file."""
    column = _example(name)
    # Most examples stand alone. Only those that don't are given something around them to speak of.
    for entities in ({_ENTITY: {"rows": ROWS, "columns": {_COLUMN: column}}}, _around(column)):
        try:
            return _values(column, entities)
        except SdgenError:
            continue
    return None


def _example(name: str) -> dict[str, Any]:
    """The column of a generator's example, which may be written under another of its names."""
    column: dict[str, Any] = yaml.safe_load(entry(name).example) or {}
    if column.get("generator") == name:
        return column
    try:
        registry.make(name, dict(column.get("params") or {}))
        return {**column, "generator": name}
    except (LookupError, ValueError):
        return {"generator": name}


def _around(column: dict[str, Any]) -> dict[str, Any]:
    things = _AROUND[_ENTITY]
    params = column.get("params") or {}
    columns = {**things["columns"], _COLUMN: {"nullable": True, **column}}
    if str(params.get("of", "")).startswith("tickets."):  # each row is a step of a ticket's life
        columns = {"ticket_id": {"references": "tickets.id"}, **columns}
        return {**_AROUND, _ENTITY: {"rows": {"per": "tickets", "count": 3}, "columns": columns}}
    counted = {"per": "customers", "count": ROWS} if "per" in params else ROWS
    return {**_AROUND, _ENTITY: {"rows": counted, "columns": columns}}


def _values(column: dict[str, Any], entities: dict[str, Any]) -> ExampleValues:
    plan = compile_plan(read_mapping({"name": "example", "entities": entities}), PlanRequest(seed=1))
    entity = plan.entities[_ENTITY]
    made = batch(plan, _ENTITY, 0, min(ROWS, entity.rows))
    spoken = set(re.findall(r"\w+", str(column.get("params", ""))))
    shown = [each.name for each in entity.written if each.name in spoken and each.name != _COLUMN] + [_COLUMN]
    texts = [texts_of(made.column(each), entity.columns[each].type).to_pylist() for each in shown]
    return ExampleValues(tuple(shown), tuple(zip(*texts, strict=True)))
