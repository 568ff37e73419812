"""The types of columns: how they are written in a scenario, and which Arrow type carries them.

Arrow is the engine's type system; dialects say what each database calls a type.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from sdgen.errors import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

INTEGER_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
INTEGERS = frozenset(INTEGER_BITS) | {f"u{name}" for name in INTEGER_BITS}
FLOATS = frozenset({"float", "double"})
NUMBERS = INTEGERS | FLOATS | {"decimal"}
TEXTS = frozenset({"string", "text", "enum"})
TIMES = frozenset({"date", "time", "timestamp", "timestamptz"})
MOMENTS = TIMES - {"time"}  # of a day
NESTED = frozenset({"array", "map", "struct"})
KINDS = NUMBERS | TEXTS | TIMES | NESTED | {"bool", "uuid", "json", "binary"}

# Words other systems use for the same types; read, never written.
SYNONYMS = {
    "boolean": "bool",
    "integer": "int",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "uint8": "utinyint",
    "uint16": "usmallint",
    "uint32": "uint",
    "uint64": "ubigint",
    "long": "bigint",
    "short": "smallint",
    "real": "float",
    "float32": "float",
    "float64": "double",
    "numeric": "decimal",
    "varchar": "string",
    "char": "string",
    "str": "string",
    "bytes": "binary",
    "datetime": "timestamp",
    "list": "array",
}


@dataclass(frozen=True)
class Type:
    """A column type. Only the fields of its kind are set.

    decimal: precision (1–38) and scale. string: length in characters, 0 for no limit. enum: values.
    array: items of one type. map: items are key and value types. struct: fields and their items; optional, those
    fields that JSON leaves out where they are null.
    """

    kind: str
    precision: int = 0
    scale: int = 0
    length: int = 0
    values: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    items: tuple[Type, ...] = ()
    optional: tuple[str, ...] = ()

    def __str__(self) -> str:
        inner = ", ".join(str(item) for item in self.items)
        match self.kind:
            case "decimal":
                return f"decimal({self.precision},{self.scale})"
            case "string" if self.length:
                return f"string({self.length})"
            case "enum":
                return "enum(" + ", ".join(_quote(value) for value in self.values) + ")"
            case "struct":
                pairs = zip(self.fields, self.items, strict=True)
                marked = ((_quote(name) + "?" * (name in self.optional), item) for name, item in pairs)
                return "struct<" + ", ".join(f"{name}: {item}" for name, item in marked) + ">"
            case "array" | "map":
                return f"{self.kind}<{inner}>"
        return self.kind

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type that carries this type through the engine (uuid as 16 bytes, json as text)."""
        return _arrow(self)


def array_of(item: Type) -> Type:
    return Type("array", items=(item,))


@lru_cache(maxsize=8192)  # a type is frozen, and each step asks for those of all columns
def parse_type(text: str) -> Type:
    """The type a text names, such as `decimal(10,2)` or `array<string>`; ValueError says what is wrong with it."""
    reader = _TypeReader(text)
    parsed = reader.type()
    reader.end()
    return parsed


def known_type(text: str) -> Type | None:
    """The type that a text names; None where it names none: what is wrong with it is told where types are settled."""
    try:
        return parse_type(text) if text else None
    except ValueError:
        return None


def _quote(value: str) -> str:
    return value if re.fullmatch(r"[\w-]+", value) else "'" + value.replace("'", "''") + "'"


_TOKEN = re.compile(r"\s*(?:(?P<word>[\w-]+)|'(?P<quoted>(?:[^']|'')*)'|(?P<mark>[<>(),:?]))")


class _TypeReader:
    """A small recursive-descent reader over the tokens of one type's text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise ValueError(f"{text!r} is not a type: unexpected {text[position:].strip()[0]!r}")
            quoted = match["quoted"]
            # The quote in front tells a text from a mark or a word: 'a' is no type, and ',' no comma.
            self.tokens.append("'" + quoted.replace("''", "'") if quoted is not None else match[0].strip())
            position = match.end()
        self.tokens.reverse()

    def next(self) -> str:
        return self.tokens.pop() if self.tokens else ""

    def sees(self, mark: str) -> bool:
        if self.tokens and self.tokens[-1] == mark:
            self.tokens.pop()
            return True
        return False

    def expect(self, mark: str) -> None:
        if not self.sees(mark):
            found = self.tokens[-1] if self.tokens else "its end"
            raise ValueError(f"{self.text!r} is not a type: expected {mark!r} before {found!r}")

    def end(self) -> None:
        if self.tokens:
            raise ValueError(f"{self.text!r} is not a type: unexpected {self.tokens[-1]!r}")

    def listed(self, read: Callable[[], object], close: str) -> list[object]:
        items = [read()]
        while self.sees(","):
            items.append(read())
        self.expect(close)
        return items

    def type(self) -> Type:
        word = self.next()
        if not word:
            raise ValueError("a type is missing" if not self.text.strip() else f"{self.text!r} is cut short")
        if word.lower() == "unsigned":
            parsed = self.type()
            if parsed.kind.removeprefix("u") not in INTEGER_BITS:
                raise ValueError(f"{self.text!r} is not a type: only whole numbers are unsigned")
            return replace(parsed, kind="u" + parsed.kind.removeprefix("u"))
        kind = SYNONYMS.get(word.lower(), word.lower())
        if kind not in KINDS:
            raise ValueError(f"unknown type {word!r}; " + (did_you_mean(kind, KINDS) or "see the list of types"))
        parsed = self.details(kind)
        return replace(parsed, kind="u" + kind) if kind in INTEGER_BITS and self.sees("unsigned") else parsed

    def details(self, kind: str) -> Type:
        match kind:
            case "decimal":
                sizes = self.sizes(2) or [18, 2]
                return _decimal(sizes[0], sizes[1] if len(sizes) > 1 else 0)
            case "string":
                sizes = self.sizes(1)
                return Type(kind, length=sizes[0] if sizes else 0)
            case "enum":
                self.expect("(")
                values = tuple(str(value).removeprefix("'") for value in self.listed(self.next, ")"))
                return Type(kind, values=values)
            case "array" | "map":
                self.expect("<")
                items = tuple(item for item in self.listed(self.type, ">") if isinstance(item, Type))
                wanted = 1 if kind == "array" else 2
                if len(items) != wanted:
                    raise ValueError(f"{kind} takes {wanted} type{'s' * (wanted > 1)} in <>, found {len(items)}")
                return Type(kind, items=items)
            case "struct":
                self.expect("<")
                return self.struct()
        if kind in INTEGERS or kind in TIMES:
            self.sizes(1)  # a display width or a precision says nothing about the values
        return Type(kind)

    def struct(self) -> Type:
        names: list[str] = []
        optional: list[str] = []

        def field() -> Type:
            names.append(self.next().removeprefix("'"))
            if self.sees("?"):
                optional.append(names[-1])
            self.expect(":")
            return self.type()

        items = tuple(item for item in self.listed(field, ">") if isinstance(item, Type))
        return Type("struct", fields=tuple(names), items=items, optional=tuple(optional))

    def sizes(self, most: int) -> list[int]:
        if not self.sees("("):
            return []
        words = [str(word) for word in self.listed(self.next, ")")]
        if len(words) > most or not all(word.isdigit() for word in words):
            raise ValueError(f"{self.text!r} is not a type: sizes are whole numbers, at most {most}")
        return [int(word) for word in words]


def _decimal(precision: int, scale: int) -> Type:
    if not 1 <= precision <= 38 or scale > precision:
        raise ValueError(f"decimal({precision},{scale}): precision is 1 to 38, scale at most the precision")
    return Type("decimal", precision=precision, scale=scale)


def _arrow(type: Type) -> pa.DataType:
    # Types are read by commands that need no Arrow, whose import takes long.
    import pyarrow as pa

    match type.kind:
        case "decimal":
            return pa.decimal128(type.precision, type.scale)
        case "array":
            return pa.list_(_arrow(type.items[0]))
        case "map":
            return pa.map_(_arrow(type.items[0]), _arrow(type.items[1]))
        case "struct":
            pairs = zip(type.fields, type.items, strict=True)
            return pa.struct([pa.field(name, _arrow(item)) for name, item in pairs])
    return pa.binary(16) if type.kind == "uuid" else _PLAIN[type.kind](pa)


_PLAIN: dict[str, Callable[..., pa.DataType]] = {
    "bool": lambda pa: pa.bool_(),
    "tinyint": lambda pa: pa.int8(),
    "smallint": lambda pa: pa.int16(),
    "int": lambda pa: pa.int32(),
    "bigint": lambda pa: pa.int64(),
    "utinyint": lambda pa: pa.uint8(),
    "usmallint": lambda pa: pa.uint16(),
    "uint": lambda pa: pa.uint32(),
    "ubigint": lambda pa: pa.uint64(),
    "float": lambda pa: pa.float32(),
    "double": lambda pa: pa.float64(),
    "string": lambda pa: pa.string(),
    "text": lambda pa: pa.string(),
    "enum": lambda pa: pa.string(),
    "json": lambda pa: pa.string(),
    "binary": lambda pa: pa.binary(),
    "date": lambda pa: pa.date32(),
    "time": lambda pa: pa.time64("us"),
    "timestamp": lambda pa: pa.timestamp("us"),
    "timestamptz": lambda pa: pa.timestamp("us", tz="UTC"),
}
