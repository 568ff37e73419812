"""A field's shape → its ClickHouse type, by Moose's own mapping, and the type of ours that carries its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sdgen.readers.moose.click_type import ClickType, Unfit, quoted
from sdgen.readers.moose.library import GEOMETRIES
from sdgen.readers.moose.shapes import STRING, Field, Shape, union, without_null
from sdgen.scenario.types import INTEGER_BITS

_DEEPEST = 16
_MOST = 2000  # columns and fields of one column

_NUMBERS = {
    "float": "Float32",
    "double": "Float64",
    **{f"int{bits}": f"Int{bits}" for bits in INTEGER_BITS.values()},
    **{f"uint{bits}": f"UInt{bits}" for bits in INTEGER_BITS.values()},
}
_FORMATS = {"uuid": "UUID", "ipv4": "IPv4", "ipv6": "IPv6"}


def click_type(shape: Shape, optional: bool = False) -> ClickType:
    """The ClickHouse type of a field; Unfit says why there is none."""
    return _Mapping().column(shape, optional)


class _Mapping:
    """One column's type in the making: how many parts it has, so that it ends."""

    def __init__(self) -> None:
        self.count = 0

    def column(self, shape: Shape, optional: bool = False, depth: int = 0) -> ClickType:
        self.count += 1
        if depth > _DEEPEST or self.count > _MOST:
            raise Unfit("it is nested too deeply, or has too many fields")
        bare, nullable = without_null(shape)
        # What a mark says of the column goes before what the type alone would be in ClickHouse.
        found = self._aggregated(bare, depth) or self._mapped(bare, depth) or self._plain(bare, depth)
        low = bool(found.low_cardinality or _all_marks(bare).get("low_cardinality"))
        return replace(
            found,
            nullable=nullable or optional,
            low_cardinality=low,
            marks={**found.marks, **_all_marks(bare)},
        )

    def _aggregated(self, shape: Shape, depth: int) -> ClickType | None:
        marks = _all_marks(shape)
        if "aggregate" in marks:
            function, args = marks["aggregate"]
            parts = tuple(("", self.column(each, depth=depth + 1)) for each in args)
            return ClickType("AggregateFunction", (function,), parts)
        if "simple_aggregate" in marks:
            function, inner = marks["simple_aggregate"]
            return ClickType("SimpleAggregateFunction", (function,), (("", self.column(inner, depth=depth + 1)),))
        return None

    def _mapped(self, shape: Shape, depth: int) -> ClickType | None:
        mapped = _all_marks(shape).get("mapped")
        if mapped in GEOMETRIES:
            return ClickType(str(mapped))
        if mapped == "JSON":
            return self._json(shape, depth)
        if shape.kind == "any" or (shape.kind == "map" and shape.items[1].kind == "any"):
            return ClickType("JSON")
        if shape.kind == "object" and shape.index and not shape.fields:
            return self._mapped(Shape("map", items=shape.index, marks=shape.marks), depth) or self._map(
                shape.index, depth
            )
        return None

    def _json(self, shape: Shape, depth: int) -> ClickType:
        paths, types, skipped, expressions = (*_all_marks(shape).get("json", ()), *(None,) * 4)[:4]
        parts = tuple(self._fields(shape.fields, depth)) if shape.kind == "object" else ()
        parts = tuple((name, _as_documents(part)) for name, part in parts)
        args = [f"max_dynamic_paths={paths}"] if isinstance(paths, int) else []
        args += [f"max_dynamic_types={types}"] if isinstance(types, int) else []
        args += [f"SKIP {path}" for path in _listed(skipped)]
        args += [f"SKIP REGEXP {quoted(str(expression))}" for expression in _listed(expressions)]
        return ClickType("JSON", tuple(args), parts)

    def _plain(self, shape: Shape, depth: int) -> ClickType:
        match shape.kind:
            case "string":
                return _string(shape.marks)
            case "number":
                return _number(shape.marks)
            case "boolean":
                return ClickType("Bool")
            case "date":
                return _moment(shape.marks)
            case "bytes":
                return ClickType("String")
            case "enum":
                return _enum(shape)
            case "const" | "union":
                return _one_of(shape)
            case "list":
                item = self.column(shape.items[0], depth=depth + 1)
                return ClickType("Array", parts=(("", replace(item, low_cardinality=False)),))
            case "map":
                return self._map(shape.items, depth)
            case "object":
                word = "Tuple" if shape.marks.get("mapped") == "namedTuple" else "Nested"
                if shape.index or not shape.fields:
                    raise Unfit("an index signature has no columns" if shape.index else "an object without fields")
                return ClickType(word, parts=tuple(self._fields(shape.fields, depth)))
            case "tag" if {"number", "decimal"} & shape.marks.keys():  # ClickHouseInt<"int32"> without `number &`
                return _number(shape.marks)
            case "riddle":
                raise Unfit(shape.name)
        raise Unfit(f"{shape.kind} is no type of a column")

    def _map(self, items: tuple[Shape, ...], depth: int) -> ClickType:
        key, value = (self.column(each, depth=depth + 1) for each in items)
        # ClickHouse's maps take no null for a key.
        key = replace(key, nullable=False)
        return ClickType("Map", parts=(("", key), ("", value)))

    def _fields(self, fields: tuple[Field, ...], depth: int) -> Iterator[tuple[str, ClickType]]:
        for each in fields:
            # Such fields are the library's own marks on a type, and hold nothing.
            if each.name.startswith("_clickhouse"):
                continue
            try:
                yield each.name, self.column(each.shape, each.optional, depth + 1)
            except Unfit as error:
                raise Unfit(f"{each.name}: {error}") from None


def _as_documents(found: ClickType) -> ClickType:
    """A type inside a JSON column, whose objects are objects there and no arrays of them."""
    parts = tuple((name, _as_documents(part)) for name, part in found.parts)
    return replace(found, word="Tuple" if found.word == "Nested" else found.word, parts=parts)


def _all_marks(shape: Shape) -> Mapping[str, Any]:
    """What is said of a shape; of a union, what is said of its parts."""
    if shape.kind != "union":
        return shape.marks
    return {name: value for part in shape.items for name, value in part.marks.items()}


def _listed(value: object) -> Sequence[object]:
    """The items of a list or tuple; none of what else may stand in its place."""
    return value if isinstance(value, list | tuple) else ()


def _string(marks: Mapping[str, Any]) -> ClickType:
    form = marks.get("format")
    if "decimal" in marks:
        return _sized_decimal(marks)
    if "fixed" in marks:
        if not 0 < marks["fixed"] <= 10_000:
            raise Unfit(f"FixedString({marks['fixed']}) is no size")
        return ClickType("FixedString", (str(int(marks["fixed"])),))
    if form == "date-time":
        return _moment({"precision": 9, **marks})
    if form == "date":
        return ClickType("Date" if marks.get("byte_size") == 2 else "Date32")
    return ClickType(_FORMATS.get(str(form), "String"))


def _sized_decimal(marks: Mapping[str, Any]) -> ClickType:
    precision, scale = marks["decimal"]
    if not 1 <= precision <= 76 or not 0 <= scale <= precision:
        raise Unfit(f"Decimal({precision}, {scale}) is no size")
    return ClickType("Decimal", (str(precision), str(scale)))


def _number(marks: Mapping[str, Any]) -> ClickType:
    if "decimal" in marks:
        return _sized_decimal(marks)
    number = str(marks.get("number"))
    size = marks.get("byte_size")  # Python's way to name a smaller type
    if size is not None:
        sized = {"double": "float" if size == 4 else "double"}.get(number, f"{number.rstrip('0123456789')}{8 * size}")
        number = sized if sized in _NUMBERS else number
    return ClickType(_NUMBERS.get(number, "Float64"))


def _moment(marks: Mapping[str, Any]) -> ClickType:
    precision = marks.get("precision")
    if precision is None:
        return ClickType("DateTime")
    if not 0 <= precision <= 9:
        raise Unfit(f"DateTime64({precision}) is no precision")
    return ClickType("DateTime64", (str(int(precision)),))


def _enum(shape: Shape) -> ClickType:
    texts = all(isinstance(value, str) for _, value in shape.members)
    pairs = (
        # Moose numbers the texts of an enum from 1; a numeric enum keeps its numbers, under its members' names.
        [(str(value), number) for number, (_, value) in enumerate(shape.members, 1)]
        if texts
        else [(name, int(value)) for name, value in shape.members]
    )
    word = "Enum8" if all(-128 <= number <= 127 for _, number in pairs) else "Enum16"
    # TypeScript takes two members of one value, ClickHouse no name twice.
    unique = dict(pairs)
    return ClickType(
        word,
        tuple(f"{quoted(name)} = {number}" for name, number in unique.items()),
        values=tuple(unique),
    )


def _one_of(shape: Shape) -> ClickType:
    """A literal, or a union: of literals and of their own kind."""
    parts = shape.items if shape.kind == "union" else (shape,)
    kinds = {_kind_of(part) for part in parts}
    if len(kinds) > 1 or not kinds <= {"string", "number", "boolean", "date"}:
        raise Unfit("one of several types: " + ", ".join(sorted(kinds)))
    kind = kinds.pop()
    values = tuple(dict.fromkeys(part.value for part in parts if part.kind == "const" and part.value is not None))
    whole = len(values) == len(parts)
    if kind == "string" and whole:
        return ClickType("String", low_cardinality=True, values=values)
    plain = union(part for part in parts if part.kind != "const") if not whole else STRING
    if kind == "number":
        return replace(_number(_all_marks(plain) if not whole else {}), values=values if whole else ())
    if kind == "boolean":
        return ClickType("Bool", values=values if whole and len(values) == 1 else ())
    return _string(_all_marks(plain)) if kind == "string" else _moment(_all_marks(plain))


def _kind_of(shape: Shape) -> str:
    if shape.kind != "const":
        return shape.kind
    if isinstance(shape.value, bool):
        return "boolean"
    return "string" if isinstance(shape.value, str) else "number"
