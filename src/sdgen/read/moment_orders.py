"""Moments counted as numbers since 1970, in their order: a record is changed after it was made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sdgen.generators.rule_names import snake
from sdgen.scenario.model import Column, GeneratorSpec

_WHEN = r"(?:_(?:at|on|date|time|time_?stamp|utc|ts))*"
UPDATED = re.compile(rf"(?:.*_)?(?:updated?|modified|modification|changed|edited){_WHEN}|date_updated")
CREATED = re.compile(rf"(?:date_)?(?:created?|creation|inserted){_WHEN}")
_END = re.compile(r"(.*_|.*[a-z])(?:end|End)")
_MONTH = 30 * 86_400
_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000}


def in_order(columns: Mapping[str, Column]) -> dict[str, Column]:
    """The columns, with what comes later counted from what came first: last changes, and ends of periods."""
    found = dict(columns)
    created = next((name for name in columns if CREATED.fullmatch(snake(name)) and _unit(columns[name])), "")
    for name in columns:
        first = created if UPDATED.fullmatch(snake(name)) else _start_of(name, columns)
        unit = _unit(found[name])
        if first and first != name and unit and unit == _unit(found[first]) and not _is_key(columns[name]):
            found[first] = _ended(found[first])
            found[name] = _changed(found[name], "above", {"column": first, "min": 0, "max": _MONTH * _TICKS[unit]})
    return found


def _start_of(name: str, columns: Mapping[str, Column]) -> str:
    """The column of the start of the period that one ends."""
    match = _END.fullmatch(name)
    wanted = {f"{match[1]}{start}" for start in ("start", "Start", "begin", "Begin")} if match else set()
    return next((each for each in columns if each in wanted), "")


def _ended(column: Column) -> Column:
    """A count that ends a month ago, so that what comes after it does not lie ahead of now."""
    params = dict(column.generator.params) if column.generator is not None else {}
    return _changed(column, "epoch", {**params, "end": "-30d"}) if params.get("end", "now") == "now" else column


def _changed(column: Column, generator: str, params: Mapping[str, Any]) -> Column:
    return column.model_copy(update={"generator": GeneratorSpec(type=generator, params=params)})


def _is_key(column: Column) -> bool:
    return column.primary_key or column.unique


def _unit(column: Column) -> str:
    """The unit of a column that counts from 1970; "" of any other."""
    spec = column.generator
    return str(spec.params.get("unit", "s")) if spec is not None and spec.type == "epoch" else ""
