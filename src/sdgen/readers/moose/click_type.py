"""A ClickHouse type: its words, and the type of ours that carries its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.readers.moose.library import GEOMETRIES
from sdgen.readers.moose.syntax import Literal
from sdgen.scenario.types import INTEGER_BITS, Type, array_of

_NEVER_NULL = frozenset({"Array", "Nested", "Map", "Tuple", *GEOMETRIES})
_KINDS = {
    "String": "text",
    "IPv4": "text",
    "IPv6": "text",
    "Bool": "bool",
    "UUID": "uuid",
    "JSON": "json",
    "Float32": "float",
    "Float64": "double",
    "Date": "date",
    "Date32": "date",
    "DateTime": "timestamp",
    "DateTime64": "timestamp",
    **{f"Int{bits}": kind for kind, bits in INTEGER_BITS.items()},
    **{f"UInt{bits}": f"u{kind}" for kind, bits in INTEGER_BITS.items()},
}
# What our own type tells as well: these need no words of ClickHouse's in a scenario.
_PLAIN = frozenset(_KINDS) - {"IPv4", "IPv6", "JSON", "Date", "DateTime", "DateTime64"}
_DEPTHS = {"Point": 0, "Ring": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
POINT = Type("struct", fields=("x", "y"), items=(Type("double"), Type("double")))


class Unfit(ValueError):
    """Why a field has no ClickHouse type."""


@dataclass(frozen=True)
class ClickType:
    """A ClickHouse type.

    args: what stands in its parentheses, where that is not types. parts: the types in it, with names (Nested, Tuple) or
    without. values: all values it may take, where they are known. marks: what else is said of the values.
    """

    word: str
    args: tuple[str, ...] = ()
    parts: tuple[tuple[str, ClickType], ...] = ()
    nullable: bool = False
    low_cardinality: bool = False
    values: tuple[Literal, ...] = ()
    marks: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ddl(self) -> str:
        """The type as CREATE TABLE has it. Nested is what it is under Moose's own settings: an array of tuples."""
        inner = ", ".join([*self.args, *(f"{_name(name)} {part.ddl}".strip() for name, part in self.parts)])
        word = "Tuple" if self.word == "Nested" else self.word
        text = f"{word}({inner})" if inner else word
        text = f"Array({text})" if self.word == "Nested" else text
        # ClickHouse refuses Nullable around composite types, and LowCardinality inside of Nullable: it stands
        # outermost.
        text = f"Nullable({text})" if self.nullable and self.word not in _NEVER_NULL else text
        return f"LowCardinality({text})" if self.low_cardinality else text

    @property
    def is_plain(self) -> bool:
        """Whether our own type says all there is to say."""
        if self.word == "Array":
            return not self.low_cardinality and self.parts[0][1].is_plain and not self.parts[0][1].nullable
        return not self.low_cardinality and (self.word in _PLAIN or self.word == "Decimal")

    @property
    def takes_null(self) -> bool:
        return self.nullable and self.word not in _NEVER_NULL

    @property
    def type(self) -> Type:
        """The type of ours that carries the values."""
        if self.word in _DEPTHS:
            carried = POINT
            for _ in range(_DEPTHS[self.word]):
                carried = array_of(carried)
            return carried
        make = _CARRIED.get(self.word)
        if make is not None:
            return make(self)
        if self.word == "String" and self.values:
            return Type("enum", values=tuple(str(value) for value in self.values))
        return Type(_KINDS[self.word])

    def walk(self) -> Iterator[ClickType]:
        yield self
        for _, part in self.parts:
            yield from part.walk()


def _name(name: str) -> str:
    plain = not name or (name.replace("_", "a").isalnum() and name.isascii() and not name[0].isdigit())
    return name if plain else "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def quoted(text: str) -> str:
    """A text as ClickHouse's SQL has it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _decimal(found: ClickType) -> Type:
    precision, scale = (int(size) for size in found.args)
    # ClickHouse's decimals have up to 76 digits, those of Arrow that carry them here 38.
    precision = min(precision, 38)
    return Type("decimal", precision=precision, scale=min(scale, precision))


def _struct(found: ClickType) -> Type:
    return Type(
        "struct",
        fields=tuple(name for name, _ in found.parts),
        items=tuple(part.type for _, part in found.parts),
        # An object that is left out of another is an empty array in ClickHouse, and null everywhere else.
        optional=tuple(
            name for name, part in found.parts if part.takes_null or (part.nullable and part.word == "Nested")
        ),
    )


_CARRIED: Mapping[str, Callable[[ClickType], Type]] = {
    "Decimal": _decimal,
    "FixedString": lambda found: Type("string", length=int(found.args[0])),
    "Enum8": lambda found: Type("enum", values=tuple(str(value) for value in found.values)),
    "Enum16": lambda found: Type("enum", values=tuple(str(value) for value in found.values)),
    "Array": lambda found: array_of(found.parts[0][1].type),
    "Map": lambda found: Type("map", items=tuple(part.type for _, part in found.parts)),
    "Nested": _struct,
    "Tuple": _struct,
    "SimpleAggregateFunction": lambda found: found.parts[0][1].type,
}
