"""What one database calls things: a fact sheet, and the few rules that read it.

A `Dialect` holds no driver and opens nothing. `types` says what each kind of column is declared as, `reads`
which type a database's own word means; both are tables, so that a new database is a new file of facts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sdgen.scenario.types import NESTED, Type, parse_type

PRIMARY_KEY = "primary key"
UNIQUE = "unique"
FOREIGN_KEY = "foreign key"


def kind_of(type: Type) -> str:
    """The key of a type in `Dialect.types`: its kind, but for text without a limit and arrays of plain values."""
    if type.kind == "string" and not type.length:
        return "text"
    if type.kind == "array" and type.items[0].kind not in NESTED | {"json"}:
        return "array of scalars"
    return type.kind


@dataclass(frozen=True)
class Dialect:
    """The facts about one database.

    types:       for each kind (see `kind_of`) the declared type, with {precision}, {scale}, {length}, {item}, {key},
                 {value}, {fields} and {values} filled in.
    reads:       the kind each of the database's own type words means, in lower case.
    later:       the constraints that can be added to a table that holds rows already.
    schemas:     a dot in a table's name parts schema and table; where not, it belongs to the name.
    checks_enum: an enum column is a text column with a CHECK.
    longest:     the most units an identifier may have, bytes or characters; 0 for no limit.
    item:        how a plain value inside an array, a map or a struct is declared, so that it may be null.
    escapes:     a backslash in a text literal escapes the next character.
    parse:       reads declared types that a word with sizes does not tell.
    text:        what a value is cast to where its text is wanted.
    hex_uuids:   a uuid may be kept in CHAR(32), without dashes.
    identity:    what stands behind the type of a column whose further values the database counts; "" where there is no
                 such word. counted: the declared types that may be counted.
    """

    name: str
    types: Mapping[str, str]
    reads: Mapping[str, str]
    later: frozenset[str]
    quotes: str = '""'
    schemas: bool = True
    checks_enum: bool = False
    longest: int = 0
    units: str = "bytes"
    key: Callable[[Type], str] = kind_of
    item: str = "{}"
    escapes: bool = False
    parse: Callable[[str], Type | None] | None = None
    text: str = "TEXT"
    hex_uuids: bool = False
    identity: str = ""
    counted: frozenset[str] = frozenset()

    def quote(self, name: str) -> str:
        """An identifier, always quoted: no list of reserved words can be complete."""
        start, end = self.quotes[0], self.quotes[1]
        return start + name.replace(end, end * 2) + end

    def split(self, table: str) -> tuple[str, str]:
        """Schema ("" for the default one) and name of a table."""
        schema, dot, name = table.partition(".")
        # Where there are no schemas, as in SQLite, a dot is a letter like others.
        return (schema, name) if dot and self.schemas else ("", table)

    def table(self, table: str) -> str:
        """A table's name as it stands in SQL."""
        return ".".join(self.quote(part) for part in self.split(table) if part)

    def declared(self, type: Type) -> str:
        """The column type a type is declared as."""
        items = [self._inside(item) for item in type.items]
        fields = ", ".join(f"{self.quote(name)} {item}" for name, item in zip(type.fields, items, strict=False))
        return self.types[self.key(type)].format(
            precision=type.precision,
            scale=type.scale,
            length=type.length,
            item=items[0] if items else "",
            key=self.declared(type.items[0]) if items else "",
            value=items[-1] if items else "",
            fields=fields,
            values=", ".join(self.literal(value) for value in type.values),
        )

    def _inside(self, item: Type) -> str:
        declared = self.declared(item)
        return declared if item.kind in NESTED else self.item.format(declared)

    def literal(self, text: str) -> str:
        """A text as it stands in this database's SQL."""
        return literal(text.replace("\\", "\\\\") if self.escapes else text)

    def read(self, declared: str) -> Type | None:
        """The type a declared column type means; None for one that isn't known."""
        parsed = self.parse(declared) if self.parse is not None else None
        if parsed is not None:
            return parsed
        text = " ".join(declared.lower().split())
        if text.endswith("[]"):
            item = self.read(text[:-2])
            return Type("array", items=(item,)) if item else None
        match = re.fullmatch(r"([^(]+?) ?(?:\(([\d, -]*)\))?((?: [a-z ]+)?)", text)
        if match is None:
            return None
        kind = self.reads.get(match[1] + match[3]) or self.reads.get(match[1])
        return _sized(kind, match[2]) if kind else None

    def size(self, name: str) -> int:
        """A name's length as the database counts it."""
        return len(name) if self.units == "characters" else len(name.encode())

    def shortened(self, name: str) -> str:
        """A name for a constraint or an index, cut with a hash of the whole where it is too long."""
        limit = self.longest or 128
        if self.size(name) <= limit:
            return name
        digest = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
        # The cut may go through a letter of several bytes, whose rest is left out.
        cut = name.encode()[: limit - 9].decode(errors="ignore")
        kept = name[: limit - 9] if self.units == "characters" else cut
        return f"{kept}_{digest}"


def literal(text: str) -> str:
    """A text as it stands in SQL."""
    return "'" + text.replace("'", "''") + "'"


def _sized(kind: str, sizes: str | None) -> Type:
    numbers = [int(word) for word in (sizes or "").split(",") if word.strip()]
    if kind == "decimal":  # without sizes it holds any number: precision 0
        return Type(kind, precision=numbers[0] if numbers else 0, scale=numbers[1] if len(numbers) > 1 else 0)
    if kind == "string":
        return Type("string", length=numbers[0]) if numbers else Type("text")
    return parse_type(kind)
