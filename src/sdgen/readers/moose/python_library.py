"""What Moose's Python library, pydantic and the standard library call types, and what each says of a field."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from sdgen.readers.moose.library import INTEGERS
from sdgen.readers.moose.python_modules import plain_value
from sdgen.readers.moose.shapes import ANY, BOOLEAN, DATE, NUMBER, STRING, Shape, intersection, riddle, tag, union

PLAIN: Mapping[str, Shape] = {
    "str": STRING,
    "int": NUMBER.marked(number="int64"),
    "float": NUMBER.marked(number="double"),
    "bool": BOOLEAN,
    "bytes": Shape("bytes"),
    "datetime": DATE,
    "AwareDatetime": DATE,
    "NaiveDatetime": DATE,
    "PastDatetime": DATE,
    # A day is a text with a format here, as TypeScript's models have it; a moment is a Date.
    "date": STRING.marked(format="date"),
    # Moose's own mapping of a Decimal without sizes.
    "Decimal": STRING.marked(decimal=(10, 0)),
    "UUID": STRING.marked(format="uuid"),
    **{f"UUID{version}": STRING.marked(format="uuid") for version in (1, 3, 4, 5, 7)},
    "IPv4Address": STRING.marked(format="ipv4"),
    "IPv6Address": STRING.marked(format="ipv6"),
    "EmailStr": STRING.marked(format="email"),
    "HttpUrl": STRING.marked(format="url"),
    "AnyUrl": STRING.marked(format="url"),
    "AnyHttpUrl": STRING.marked(format="url"),
    "PositiveInt": NUMBER.marked(number="int64", low=1),
    "NonNegativeInt": NUMBER.marked(number="int64", low=0),
    "PositiveFloat": NUMBER.marked(number="double", above=0),
    "NonNegativeFloat": NUMBER.marked(number="double", low=0),
    "Any": ANY,
    "object": ANY,
    "dict": Shape("map", items=(STRING, ANY)),
    "Dict": Shape("map", items=(STRING, ANY)),
    "list": Shape("list", items=(ANY,)),
    "List": Shape("list", items=(ANY,)),
    "None": Shape("null"),
    "NoneType": Shape("null"),
}


def _map(args: tuple[Shape, ...]) -> Shape:
    return Shape("map", items=args) if len(args) == 2 else riddle("a dict takes a type of keys and one of values")


def _item(args: tuple[Shape, ...]) -> Shape:
    return Shape("list", items=args[:1] or (ANY,))


def _key(args: tuple[Shape, ...]) -> Shape:
    return args[0].marked(key=True) if args else riddle("it has no type in []")


def _tuple(args: tuple[Shape, ...]) -> Shape:
    # `tuple[int, ...]` is a list; the three dots are no type.
    return _item(args[:1]) if len(args) == 2 and args[1].kind == "riddle" else Shape("tuple", items=args)


WRAPPERS: Mapping[str, Callable[[tuple[Shape, ...]], Shape]] = {
    "Optional": lambda args: union((*args, Shape("null"))),
    "Union": union,
    **dict.fromkeys(("list", "List", "Sequence", "Iterable", "set", "Set", "frozenset", "FrozenSet"), _item),
    **dict.fromkeys(("dict", "Dict", "Mapping", "MutableMapping"), _map),
    **dict.fromkeys(("tuple", "Tuple"), _tuple),
    "Key": _key,
    "JWT": lambda args: args[0] if args else ANY,
    "Required": lambda args: args[0] if args else ANY,
    "NotRequired": lambda args: union((*args, Shape("null"))),
    "DeadLetterModel": lambda args: riddle("the type DeadLetterModel[...] is the library's own"),
}

# The words that may stand in Annotated behind the type.
ANNOTATIONS: Mapping[str, Mapping[str, Any]] = {
    **{word: {"number": word} for word in INTEGERS},
    "float32": {"number": "float"},
    "float64": {"number": "double"},
    "LowCardinality": {"low_cardinality": True},
    "ClickHouseNamedTuple": {"mapped": "namedTuple"},
    **{
        word: {"mapped": word} for word in ("Point", "Ring", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
    },
}

Args = list[ast.expr]
Named = Mapping[str, ast.expr]
Resolve = Callable[[ast.expr], Shape]
Maker = Callable[[Args, Named, Resolve], Shape]


def _given(args: Args, named: Named, place: int, *names: str) -> object:
    # Arguments may be given by place or by name, as in any call of Python.
    node = args[place] if place < len(args) else next((named[name] for name in names if name in named), None)
    return plain_value(node)


def _says(mark: str, *names: str) -> Maker:
    def make(args: Args, named: Named, resolve: Resolve) -> Shape:
        value = _given(args, named, 0, *names)
        known = isinstance(value, str | int | float)
        return tag(**{mark: value}) if known else riddle(f"its {mark} is known only when the program runs")

    return make


def _sized(args: Args, named: Named, resolve: Resolve) -> Shape:
    """ClickhouseSize(4): of a float, a date or a whole number."""
    size = _given(args, named, 0, "size")
    return tag(byte_size=size) if isinstance(size, int) else tag()


def _decimal(args: Args, named: Named, resolve: Resolve) -> Shape:
    sizes = (_given(args, named, 0, "precision"), _given(args, named, 1, "scale") or 0)
    return (
        STRING.marked(decimal=sizes)
        if all(isinstance(size, int) for size in sizes)
        else riddle("a decimal without sizes")
    )


def _moment(args: Args, named: Named, resolve: Resolve) -> Shape:
    precision = _given(args, named, 0, "precision")
    return (
        DATE.marked(precision=precision) if isinstance(precision, int) else riddle("a DateTime64 without a precision")
    )


def _simple(args: Args, named: Named, resolve: Resolve) -> Shape:
    inner = args[1] if len(args) > 1 else named.get("arg_type")
    if inner is None:
        return riddle("simple_aggregated takes a function and a type")
    shape = resolve(inner)
    return shape.marked(simple_aggregate=(str(_given(args, named, 0, "agg_func")), shape))


def _aggregate(args: Args, named: Named, resolve: Resolve) -> Shape:
    types = args[1] if len(args) > 1 else named.get("param_types")
    items = types.elts if isinstance(types, ast.List | ast.Tuple) else [types] if types is not None else []
    return tag(aggregate=(str(_given(args, named, 0, "agg_func")), tuple(resolve(each) for each in items)))


def _aggregated(args: Args, named: Named, resolve: Resolve) -> Shape:
    return intersection((ANY, _aggregate(args, named, resolve)))


def _json(args: Args, named: Named, resolve: Resolve) -> Shape:
    names = ("max_dynamic_paths", "max_dynamic_types", "skip_paths", "skip_regexps")
    return tag(mapped="JSON", json=tuple(_given(args, named, place, name) for place, name in enumerate(names)))


def _limits(args: Args, named: Named, resolve: Resolve) -> Shape:
    return tag(**limits_of(named))


def limits_of(named: Named) -> dict[str, Any]:
    """What pydantic's Field, or a constraint of annotated-types, says of the values."""
    found: dict[str, Any] = {}
    for name, mark in _LIMITS.items():
        value = plain_value(named.get(name))
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            found[mark] = value
    digits, places = plain_value(named.get("max_digits")), plain_value(named.get("decimal_places"))
    if isinstance(digits, int) or isinstance(places, int):
        found["decimal"] = (digits if isinstance(digits, int) else 10, places if isinstance(places, int) else 0)
    return found


_LIMITS = {
    "ge": "low",
    "gt": "above",
    "le": "high",
    "lt": "below",
    "pattern": "pattern",
    "regex": "pattern",
    "min_length": "shortest",
    "max_length": "longest",
}

CALLS: Mapping[str, Maker] = {
    "clickhouse_decimal": _decimal,
    "clickhouse_datetime64": _moment,
    "simple_aggregated": _simple,
    "aggregated": _aggregated,
    "AggregateFunction": _aggregate,
    "ClickHouseJson": _json,
    "ClickhouseSize": _sized,
    "ClickHouseSize": _sized,
    "ClickhousePrecision": _says("precision", "precision"),
    "ClickHousePrecision": _says("precision", "precision"),
    "FixedString": _says("fixed", "size", "length"),
    "clickhouse_default": _says("default", "expression"),
    "ClickhouseDefault": _says("default", "expression"),
    "ClickHouseDefault": _says("default", "expression"),
    "ClickHouseMaterialized": _says("materialized", "expression"),
    "ClickHouseAlias": _says("alias", "expression"),
    "ClickHouseTTL": _says("ttl", "expression"),
    "ClickHouseCodec": _says("codec", "expression"),
    "Field": _limits,
    "StringConstraints": _limits,
    "constr": lambda args, named, resolve: STRING.marked(**limits_of(named)),
    "conint": lambda args, named, resolve: PLAIN["int"].marked(**limits_of(named)),
    "confloat": lambda args, named, resolve: PLAIN["float"].marked(**limits_of(named)),
    "condecimal": lambda args, named, resolve: PLAIN["Decimal"].marked(**limits_of(named)),
    "Ge": lambda args, named, resolve: tag(low=_given(args, named, 0, "ge")),
    "Gt": lambda args, named, resolve: tag(above=_given(args, named, 0, "gt")),
    "Le": lambda args, named, resolve: tag(high=_given(args, named, 0, "le")),
    "Lt": lambda args, named, resolve: tag(below=_given(args, named, 0, "lt")),
}
