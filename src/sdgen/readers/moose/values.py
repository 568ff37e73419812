"""Generators that a column's type, its role in the engine or a limit on its values asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sdgen.inference.comments import between
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.moose.click_type import ClickType
from sdgen.readers.moose.columns import NamedColumn, is_number
from sdgen.readers.moose.engines import Engine, Keyed
from sdgen.readers.moose.guesses import guessed
from sdgen.readers.moose.library import GEOMETRIES
from sdgen.readers.moose.shapes import Shape, without_null
from sdgen.readers.sql.drafts import TableDraft
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGERS, Type

_FORMATS = {
    "email": "person.email",
    "idn-email": "person.email",
    "url": "internet.url",
    "uri": "internet.url",
    "iri": "internet.url",
    "uri-reference": "internet.url",
    "hostname": "internet.hostname",
    "idn-hostname": "internet.hostname",
    "password": "internet.password_hash",
    "byte": "code.token",
}
_ADDRESSES = {"IPv4": "internet.ipv4", "IPv6": "internet.ipv6"}
# Closed outlines of a few real places, longitude before latitude: points drawn each for itself would cross.
_OUTLINES: tuple[tuple[tuple[float, float], ...], ...] = (
    ((-73.98, 40.76), (-73.96, 40.76), (-73.95, 40.78), (-73.97, 40.79), (-73.98, 40.76)),
    ((2.32, 48.85), (2.36, 48.85), (2.37, 48.87), (2.33, 48.88), (2.32, 48.85)),
    ((13.36, 52.51), (13.41, 52.51), (13.42, 52.53), (13.38, 52.54), (13.36, 52.51)),
    ((139.74, 35.66), (139.78, 35.66), (139.78, 35.69), (139.75, 35.7), (139.74, 35.66)),
    ((-58.4, -34.62), (-58.36, -34.62), (-58.36, -34.59), (-58.39, -34.58), (-58.4, -34.62)),
    ((151.2, -33.88), (151.23, -33.88), (151.22, -33.86), (151.2, -33.86), (151.2, -33.88)),
)
OUTLINES = len(_OUTLINES)
_CLOSED = frozenset({"Ring", "Polygon", "MultiPolygon"})


def of_role(name: str, type: ClickType, engine: Engine) -> GeneratorSpec | None:
    """What the engine asks of the columns it is given: a sign, a version, a mark of deleted rows."""
    kind = type.type.kind
    # Most rows of a collapsing table are states; few of them take one back.
    if name == engine.sign:
        return _choice([1, -1], [9, 1])
    if name == engine.deleted:
        if kind == "bool":
            return GeneratorSpec(type="boolean", params={"probability": 0.03})
        return _choice([0, 1], [97, 3])
    if name == engine.version:
        if kind == "timestamp":
            # Later rows are newer versions, so that the one which ReplacingMergeTree keeps is the last.
            return GeneratorSpec(type="time_series", params={"start": "-30d", "step": "1s"})
        if kind in INTEGERS | {"double", "decimal"} and kind not in ("tinyint", "utinyint", "smallint", "usmallint"):
            return GeneratorSpec(type="sequence")
    return None


def _choice(values: list[Any], weights: list[float] | None = None) -> GeneratorSpec:
    return GeneratorSpec(type="choice", params={"values": values, **({"weights": weights} if weights else {})})


def of_type(type: ClickType) -> GeneratorSpec | None:
    """What the type itself tells: all of its values, an address, a place, a format, a range, a pattern."""
    marks = type.marks
    if type.word == "JSON" and type.parts:
        return _document(type)
    if type.word in _ADDRESSES:
        return GeneratorSpec(type=_ADDRESSES[type.word])
    if type.word == "Point":
        return GeneratorSpec(type="struct", params={"fields": {"x": _degrees(180), "y": _degrees(85)}})
    if type.values and type.type.kind != "enum":
        return (
            _choice(list(type.values))
            if len(type.values) > 1
            else GeneratorSpec(type="const", params={"value": type.values[0]})
        )
    if {"low", "high", "above", "below"} & set(marks):
        return _ranged(type)
    if type.word == "String" and "pattern" in marks:
        return _pattern(str(marks["pattern"]))
    form = str(marks.get("format", ""))
    return GeneratorSpec(type=_FORMATS[form]) if type.word == "String" and form in _FORMATS else None


def _document(type: ClickType) -> GeneratorSpec | None:
    """A JSON document with the fields that are declared, each guessed by its name and type."""
    names, items = zip(*((name, part.type) for name, part in type.parts), strict=True)
    spec = guessed("document", "document", Type("struct", fields=names, items=items))
    return GeneratorSpec(type="json", params={"fields": spec.params["fields"]}) if spec is not None else None


def _pattern(regex: str) -> GeneratorSpec | None:
    from sdgen.readers.sql.check_patterns import can_make

    return GeneratorSpec(type="pattern", params={"regex": regex}) if can_make(regex, 0) else None


def _ranged(type: ClickType) -> GeneratorSpec | None:
    kind = type.type.kind
    if kind not in INTEGERS | {"float", "double", "decimal"}:
        return None
    step = Decimal(1) if kind in INTEGERS else Decimal("0.01")
    low, high = (_end(type.marks, *names, step) for names in (("low", "above", 1), ("high", "below", -1)))
    if low is None and high is None:
        return None
    if high is None:
        assert low is not None
        high = low + 1000 if low <= 1 else low * 10
    if low is None:
        low = Decimal(0) if high > 0 else high - 1000
    return between(kind, low, high) if low < high else None


def _end(marks: Mapping[str, Any], closed: str, open: str, sign: int, step: Decimal) -> Decimal | None:
    if closed in marks:
        return Decimal(str(marks[closed]))
    return Decimal(str(marks[open])) + sign * step if open in marks else None


def outline(type: ClickType, chosen: str) -> GeneratorSpec | None:
    """A line or an outline, one of a few real ones: the column `chosen` holds its number, below OUTLINES."""
    if type.word not in GEOMETRIES or type.word == "Point":
        return None
    closed = type.word in _CLOSED
    # A ring ends where it begins; a line does not.
    texts = [_nested(each if closed else each[:-1], _depth(type.type) - 1) for each in _OUTLINES]
    cases = " ".join(f"WHEN {place} THEN {text}" for place, text in enumerate(texts[1:], 1))
    return GeneratorSpec(type="expression", params={"sql": f'CASE "{chosen}" {cases} ELSE {texts[0]} END'})


def _degrees(most: int) -> dict[str, Any]:
    return {"generator": "uniform_float", "params": {"min": -most, "max": most, "precision": 6}}


def _depth(type: Type) -> int:
    return 1 + _depth(type.items[0]) if type.kind == "array" else 0


def _nested(points: tuple[tuple[float, float], ...], depth: int) -> str:
    text = "[" + ", ".join(f"{{'x': {x}, 'y': {y}}}" for x, y in points) + "]"
    return "[" * depth + text + "]" * depth


def choose_outlines(draft: TableDraft, types: Mapping[str, ClickType]) -> None:
    """Lines and outlines of places are chosen by a hidden number."""
    for name, type in types.items():
        chosen = f"{name}_outline"
        spec = outline(type, chosen)
        if spec is not None and chosen not in draft.columns:
            draft.columns[name].generator, draft.columns[name].demanded = spec, True
            numbers = GeneratorSpec(type="uniform_int", params={"min": 0, "max": OUTLINES - 1})
            _hide(draft, chosen, Type("int"), numbers, f"which of a few lines and outlines {name} is")


def hold_scores(draft: TableDraft, columns: Mapping[str, NamedColumn]) -> None:
    """Scores of nothing are 0: they are drawn in a hidden column, and shown where there is something."""
    for name, other in shared_zeros(columns).items():
        column, drawn = draft.columns[name], f"{name}_drawn"
        if drawn in draft.columns or column.generator is None or column.generator.type != "ranges":
            continue
        # The last range is that of real scores; the one before it is the zero.
        part = column.generator.params["ranges"][-1]
        drawing = GeneratorSpec(type="uniform_float", params={"min": part["min"], "max": part["max"], "precision": 4})
        _hide(draft, drawn, column.type, drawing, f"{name}, before it is 0 where {other} stands for none")
        # Null and 0 both stand for none.
        sql = f'CASE WHEN coalesce("{other}", 0) = 0 THEN 0 ELSE "{drawn}" END'
        column.generator = GeneratorSpec(type="expression", params={"sql": sql})


def _hide(draft: TableDraft, name: str, type: Type, spec: GeneratorSpec, description: str) -> None:
    draft.columns[name] = ColumnDraft(name, type, spec, hidden=True, demanded=True, description=description)


_SCORES = frozenset({"score", "confidence", "probability", "similarity", "weight"})
_AROUND = frozenset({"id", "topic", "class", "label", "cluster", "count"})


def shared_zeros(columns: Mapping[str, NamedColumn]) -> dict[str, str]:
    """Scores, with the ids that say whether there is one: 0 or null where there is none."""
    ids = {_core(column, {"id"}): column for column in columns.values() if "id" in column.words and is_number(column)}
    found = {}
    for column in columns.values():
        if _SCORES & set(column.words) and column.kind in ("float", "double", "decimal") and column.sentinel:
            other = ids.get(_core(column, _SCORES))
            if other is not None and (other.sentinel or other.type.takes_null or "top" in other.words):
                found[column.name] = other.name
    return found


def _core(column: NamedColumn, own: frozenset[str] | set[str]) -> tuple[str, ...]:
    """What a column is about, without the words for what it says of that."""
    words = tuple(word for word in column.words if word not in own | _AROUND)
    return words or tuple(word for word in column.words if word not in own)


def linked_parts(shape: Shape, type: Type, goal: Callable[[str], tuple[Keyed, str] | None]) -> dict[str, Any] | None:
    """The generator of a list or an object in which comments tell of links; None where none do."""
    shape, _ = without_null(shape)
    if shape.kind == "list" and type.kind == "array" and shape.items:
        (inner,) = type.items
        items = linked_parts(shape.items[0], inner, goal)
        return items and {"generator": "array", "params": {"items": {**items, "type": str(inner)}}}
    if shape.kind != "object" or type.kind != "struct":
        return None
    types, fields = dict(zip(type.fields, type.items, strict=True)), {}
    for name, each in shape.all_fields.items():
        found = goal(f"{each.comment}\n{each.aside}") if name in types else None
        if found is not None and found[0].columns[found[1]].type.kind == types[name].kind:
            fields[name] = {"generator": "fk", "params": {"entity": found[0].entity, "column": found[1]}}
        elif name in types and (part := linked_parts(each.shape, types[name], goal)) is not None:
            fields[name] = {**part, "type": str(types[name])}
    return {"generator": "struct", "params": {"fields": fields}} if fields else None
