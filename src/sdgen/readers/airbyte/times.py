"""Cursors of streams: moments in the form the records have, from the moment that the first request asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sdgen.generators.moments.formats import pieces
from sdgen.inference.moments import CREATED, DAY, UPDATED
from sdgen.inference.names import snake
from sdgen.readers.airbyte.streams import Cursor
from sdgen.readers.drafts import ColumnDraft
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGERS

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?")
_UNITS = {"%s": "s", "%ms": "ms", "%epoch_microseconds": "us", "%s_as_float": "s"}
_LATEST = "2024-12-31"  # a later start may lie after a run's as_of
_MOMENTS = frozenset({"timestamp", "timestamptz"})


def set_cursor(columns: Mapping[str, ColumnDraft], name: str, cursor: Cursor) -> str:
    """Give the cursor values as the manifest asks; what can't be done is returned, "" where all can."""
    # A form that is not understood is as good as none: the records' own form is guessed then.
    column, form = columns[name], _known(cursor.form)
    start = _start(cursor.start)
    # A change is counted from its record's making, so that the start is given to that column and holds for both.
    created = _created(columns, name) if start else ""
    if created:
        _fill(columns[created], _form_of(columns[created]), start)
    _fill(column, form, "" if created else start)
    if column.type.kind in INTEGERS | {"double", "float"} and form and form not in _UNITS:
        return f"the cursor is a number, written as {form!r}: its values follow its name"
    return f"the form {cursor.form!r} of the cursor is not understood" if cursor.form and not form else ""


def _known(form: str) -> str:
    try:
        return form if form and "%" in form and pieces(form) else ""
    except ValueError:
        return ""


def _created(columns: Mapping[str, ColumnDraft], name: str) -> str:
    """The column of the moment a record was made, where the cursor is that of its last change: that comes after it."""
    if not UPDATED.fullmatch(snake(name)):
        return ""
    found = (each for each in columns if CREATED.fullmatch(snake(each)) and _is_moment(columns[each]))
    return next((each for each in found if _family(columns[each]) == _family(columns[name])), "")


def _family(column: ColumnDraft) -> str:
    """Whether it is a text, a number or a moment."""
    kind = column.type.kind
    return "text" if _is_text(column) else "moment" if kind in _MOMENTS else "number"


def _is_text(column: ColumnDraft) -> bool:
    return column.type.kind in ("text", "string")


def _is_moment(column: ColumnDraft) -> bool:
    spec = column.generator
    if spec is not None and spec.type == "epoch":
        return True
    written = spec is not None and spec.type == "as_text"
    return written if _is_text(column) else column.type.kind in _MOMENTS and spec is None


def _form_of(column: ColumnDraft) -> str:
    if "unit" in column.params:
        return next(form for form, unit in _UNITS.items() if unit == column.params["unit"])
    return str(column.params.get("format") or "") or (DAY if _is_text(column) else "")


def _start(text: str) -> str:
    """A literal start as ISO 8601, in UTC; "" where it is a template or in no known form."""
    if re.fullmatch(r"\d{9,10}|\d{12,13}", text):
        # Ten digits count seconds until the year 2286; more of them are milliseconds.
        seconds = int(text) / (1000 if len(text) > 10 else 1)
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    match = _ISO.fullmatch(text)
    if match is None:
        return ""
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}")
    except ValueError:
        return ""
    # 0001-01-01 and the like mean "from the beginning", not that there are such records.
    if moment.year < 1900:
        return ""
    return match[1] if not match[2] or match[2].startswith("00:00") else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _fill(column: ColumnDraft, form: str, start: str) -> None:
    """Give a column moments from a start, written in a form; what the manifest leaves open is left to rules."""
    kind = column.type.kind
    if kind in ("text", "string"):
        column.generator = _text(form, start) if form else column.generator
    elif kind in _MOMENTS | {"date"}:
        column.generator = _typed(kind, form, start)
    elif form in _UNITS and kind in ("bigint", "double"):
        column.fill("epoch", **_span(start, "-2y"), unit=_UNITS[form])


def _is_day(form: str) -> bool:
    return bool(form) and not re.search(r"%-?[HIMSfspXcTR]|%_?ms|%epoch", form)


def _text(form: str, start: str) -> GeneratorSpec:
    value: dict[str, Any] = {"type": "date" if _is_day(form) else "timestamptz"}
    if start:
        value = {**_drawn(form, start), **value}
    return GeneratorSpec(type="as_text", params={"value": value} | ({} if form == DAY else {"format": form}))


def _typed(kind: str, form: str, start: str) -> GeneratorSpec | None:
    if not start:
        return None
    drawn = _drawn(DAY if kind == "date" else form, start)
    return GeneratorSpec(type=drawn["generator"], params=drawn["params"])


def _drawn(form: str, start: str) -> dict[str, Any]:
    if _is_day(form):
        return {"generator": "date", "params": _span(start[:10])}
    precision = "us" if re.search(r"%f|%epoch|%s_as", form) else "ms" if re.search(r"%_?ms", form) else ""
    return {"generator": "datetime", "params": {**_span(start), **({"precision": precision} if precision else {})}}


def _span(start: str, otherwise: str = "-3y") -> dict[str, Any]:
    """From a start until now, or for a year where the start may not have come yet."""
    if not start or start[:10] <= _LATEST:
        return {"start": start or otherwise, "end": "now"}
    return {
        "start": start,
        "end": f"{int(start[:4]) + 1}{start[4:]}" if start[5:10] != "02-29" else f"{int(start[:4]) + 1}-03-01",
    }


_END = re.compile(r"(.*_|.*[a-z])(?:end|End)")
_ENDED = re.compile(r"((?:.*_)?)(?:ended|ends|finished|completed|closed)((?:_(?:at|on|time|date|ts|timestamp))?)")
_MONTH = 30 * 86_400
_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000}


def set_later_moments(columns: Mapping[str, ColumnDraft]) -> None:
    """Count what comes later from what came first, of columns that count from 1970: last changes, ends of periods."""
    created = [name for name in columns if CREATED.fullmatch(snake(name)) and _unit(columns[name])]
    keys = {name for name, column in columns.items() if column.primary or column.unique}
    for name, column in columns.items():
        unit = _unit(column)
        first = _beginning(name, [each for each in created if _unit(columns[each]) == unit], columns)
        # Only columns of one unit can be added up; a key must not be computed, since sums repeat.
        if first and first != name and unit and unit == _unit(columns[first]) and name not in keys:
            columns[first].null_rate = 0.0  # nothing can be counted from a moment that isn't there
            if columns[first].params.get("end", "now") == "now":  # what follows it must not lie ahead of now
                columns[first].fill("epoch", **{**columns[first].params, "end": "-30d"})
            column.fill("above", column=first, min=0, max=_MONTH * _TICKS[unit])


def _beginning(name: str, created: Sequence[str], columns: Mapping[str, ColumnDraft]) -> str:
    """What a column's moment comes after: the making of what it changes, spelled alike if any is; a start."""
    if not UPDATED.fullmatch(snake(name)):
        return _start_of(name, columns)
    ending = snake(name).rpartition("_")[2]
    return next((each for each in created if snake(each).endswith(ending)), created[0] if created else "")


def _start_of(name: str, columns: Mapping[str, ColumnDraft]) -> str:
    """The column of the start of the period that one ends."""
    match = _END.fullmatch(name)
    starts = {f"{match[1]}{start}" for start in ("start", "Start", "begin", "Begin")} if match else set()
    if ended := _ENDED.fullmatch(snake(name)):
        words = ("started", "starts", "begun", "began", "opened", "created")
        starts |= {each for each in columns if snake(each) in [f"{ended[1]}{word}{ended[2]}" for word in words]}
    return next((each for each in columns if each in starts), "")


def _unit(column: ColumnDraft) -> str:
    """The unit of a column that counts from 1970; "" of any other."""
    spec = column.generator
    return str(spec.params.get("unit", "s")) if spec is not None and spec.type == "epoch" else ""
