"""The types of Moose's own library and of typia, and what they say of a field.

Marks, by name: key; number (int8 … uint64, float, double); format; precision; decimal (precision and scale); byte_size;
fixed; low_cardinality; codec; default, materialized, alias, ttl (SQL); mapped (namedTuple, JSON, Point …); json (its
settings); aggregate (a function and its arguments' shapes); simple_aggregate (a function and a shape); low, high,
above, below; pattern; shortest, longest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sdgen.readers.moose.shapes import ANY, DATE, NUMBER, STRING, Field, Shape, intersection, riddle, tag, union

Maker = Callable[[tuple[Shape, ...]], Shape]

INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
GEOMETRIES = ("Point", "Ring", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
DEAD_LETTER = (
    Field("originalRecord", Shape("map", items=(STRING, ANY))),
    Field("errorMessage", STRING),
    Field("errorType", STRING),
    Field("failedAt", DATE),
    Field("source", union(Shape("const", value=word) for word in ("api", "transform", "table"))),
)


def _constant(shape: Shape) -> Any:
    """What a type argument says: a literal's value, a list of them for a tuple; None for undefined."""
    if shape.kind == "tuple":
        return [_constant(each) for each in shape.items]
    return shape.value if shape.kind == "const" else None


def _says(name: str, *, number: bool = False) -> Maker:
    """A mark whose value is the first argument's."""

    def make(args: tuple[Shape, ...]) -> Shape:
        value = _constant(args[0]) if args else None
        wanted = int | float if number else str | int | float | bool | list
        # A computed argument tells nothing; to pass it over would give the column another type than Moose gives it.
        if not isinstance(value, wanted):
            return riddle(f"its {name} is not a literal")
        return tag(**{name: value})

    return make


def _wraps(name: str) -> Maker:
    return lambda args: args[0].marked(**{name: True}) if args else riddle("it has no type in <>")


def _is(base: Shape, **marks: Any) -> Maker:
    return lambda args: base.marked(**marks) if marks else base


def _precise(base: Shape, **marks: Any) -> Maker:
    return lambda args: intersection((base.marked(**marks), _says("precision", number=True)(args)))


def _decimal(base: Shape | None) -> Maker:
    def make(args: tuple[Shape, ...]) -> Shape:
        sizes = tuple(_constant(each) for each in args)
        if len(sizes) not in (1, 2) or not all(isinstance(size, int) for size in sizes):
            return riddle("its precision and scale are not numbers")
        marks = tag(decimal=(sizes[0], sizes[1] if len(sizes) == 2 else 0))
        return marks if base is None else intersection((base, marks))

    return make


def _number(args: tuple[Shape, ...]) -> Shape:
    value = str(_constant(args[0])) if args else ""
    return tag(number={"float32": "float", "float64": "double"}.get(value, value))


def _json(args: tuple[Shape, ...]) -> Shape:
    return tag(mapped="JSON", json=tuple(_constant(each) for each in args))


def _aggregate(args: tuple[Shape, ...]) -> Shape:
    # The types of a function's arguments stand in a tuple where there are several.
    inner = args[1].items if len(args) > 1 and args[1].kind == "tuple" else args[1:]
    return tag(aggregate=(str(_constant(args[0])) if args else "", inner))


def _simple(args: tuple[Shape, ...]) -> Shape:
    if len(args) != 2:
        return riddle("it takes a function and a type")
    return tag(simple_aggregate=(str(_constant(args[0])), args[1]))


def _with_default(args: tuple[Shape, ...]) -> Shape:
    return args[0].marked(default=_constant(args[1])) if len(args) == 2 else riddle("it takes a type and SQL")


def _first(args: tuple[Shape, ...]) -> Shape:
    return args[0] if args else ANY


# By the name in Moose's library, and in typia's `tags`.
MOOSE: Mapping[str, Maker] = {
    "Key": _wraps("key"),
    "JWT": _first,
    "DateTime": _is(DATE),
    "DateTime64": _precise(DATE),
    "DateTimeString": _is(STRING, format="date-time"),
    "DateTime64String": _precise(STRING, format="date-time"),
    **{f"{'U' * word.startswith('u')}Int{word.rpartition('t')[2]}": _is(NUMBER, number=word) for word in INTEGERS},
    "Float32": _is(NUMBER, number="float"),
    "Float64": _is(NUMBER, number="double"),
    "ClickHouseInt": _number,
    "ClickHouseFloat": _number,
    "Decimal": _decimal(STRING),
    "ClickHouseDecimal": _decimal(None),
    "ClickHousePrecision": _says("precision", number=True),
    "ClickHouseByteSize": _says("byte_size", number=True),
    "FixedString": lambda args: intersection((STRING, _says("fixed", number=True)(args))),
    "ClickHouseFixedStringSize": _says("fixed", number=True),
    "LowCardinality": lambda args: tag(low_cardinality=True),
    "ClickHouseNamedTuple": lambda args: tag(mapped="namedTuple"),
    "ClickHouseJson": _json,
    **{f"ClickHouse{word}": _is(Shape("list"), mapped=word) for word in GEOMETRIES},
    "ClickHouseDefault": _says("default"),
    "ClickHouseMaterialized": _says("materialized"),
    "ClickHouseAlias": _says("alias"),
    "ClickHouseTTL": _says("ttl"),
    "ClickHouseCodec": _says("codec"),
    "WithDefault": _with_default,
    "Aggregated": _aggregate,
    "SimpleAggregated": _simple,
    "DeadLetterModel": _is(Shape("object", "DeadLetterModel", fields=DEAD_LETTER)),
    "DeadLetter": _is(Shape("object", "DeadLetterModel", fields=DEAD_LETTER)),
    "Insertable": _first,
}

TYPIA: Mapping[str, Maker] = {
    "Type": _number,
    "Format": _says("format"),
    "Minimum": _says("low", number=True),
    "Maximum": _says("high", number=True),
    "ExclusiveMinimum": _says("above", number=True),
    "ExclusiveMaximum": _says("below", number=True),
    "MinLength": _says("shortest", number=True),
    "MaxLength": _says("longest", number=True),
    "Pattern": _says("pattern"),
    "MinItems": _says("fewest", number=True),
    "MaxItems": _says("most", number=True),
    **dict.fromkeys(
        ("MultipleOf", "UniqueItems", "Default", "Example", "Examples", "JsonSchemaPlugin"), lambda args: tag()
    ),
    **dict.fromkeys(("ContentMediaType", "Constant", "Sequence"), lambda args: tag()),
}
