"""A table's fields → columns in the making: what has a type, what ClickHouse computes, what is left out and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sdgen.readers.moose.click_type import ClickType, Unfit
from sdgen.readers.moose.clicktypes import click_type
from sdgen.readers.moose.shapes import Field, MooseTable, Notes, words_of
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGERS

_COMPUTED = (("materialized", "MATERIALIZED"), ("alias", "ALIAS"))


@dataclass(frozen=True)
class Column:
    """A field that has values. `ddl` is all that stands behind its name in CREATE TABLE."""

    field: Field
    type: ClickType

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def comment(self) -> str:
        """All that is said of it, for hints at its values."""
        return f"{self.field.comment}\n{self.field.aside}".strip()

    @property
    def is_key(self) -> bool:
        return bool(self.type.marks.get("key"))

    @property
    def ddl(self) -> str:
        return _ddl(self.type)

    @property
    def is_plain(self) -> bool:
        """Whether the scenario's own type says all that ClickHouse is to know."""
        return self.type.is_plain and self.ddl == self.type.ddl


@dataclass(frozen=True)
class Columns:
    """A table's columns, and the definitions of those that ClickHouse computes or that take no plain values."""

    found: Mapping[str, Column]
    computed: Mapping[str, str] = field(default_factory=dict)


def columns_of(table: MooseTable, entity: str, notes: Notes) -> Columns:
    """The columns of a table's fields; what has none is told in the notes."""
    found: dict[str, Column] = {}
    computed: dict[str, str] = {}
    for each in table.fields:
        path = ("entities", entity, "columns", each.name)
        file, line = each.file or table.file, each.line or table.line
        try:
            type = click_type(each.shape, each.optional)
        except Unfit as error:
            notes.add(path, f"the column is left out: {error}", file, line)
            continue
        word = next((word for mark, word in _COMPUTED if mark in type.marks), "")
        # These stand in the table's definition, and refuse values: an INSERT that names one fails.
        if word:
            computed[each.name] = _ddl(type)
            notes.add(path, f"the column is left out of the rows: ClickHouse computes it ({word})", file, line)
        elif type.word == "AggregateFunction":
            # ClickHouse has no Nullable around a state of an aggregate function.
            computed[each.name] = replace(type, nullable=False).ddl
            what = "the column is left out of the rows: states of aggregate functions can't be written as values"
            notes.add(path, what, file, line)
        else:
            found[each.name] = Column(each, type)
            # Arrow's decimals end at 38 digits, ClickHouse's at 76.
            if type.word == "Decimal" and int(type.args[0]) > 38:
                notes.add(path, f"its values have 38 digits at most, of {type.args[0]}", file, line)
    return Columns(found, computed)


def _ddl(type: ClickType) -> str:
    """Type, default, codec and TTL, in the order that ClickHouse takes them."""
    parts = [type.ddl]
    for mark, word in (("default", "DEFAULT"), *_COMPUTED):
        if mark in type.marks:
            parts.append(f"{word} {type.marks[mark]}")
    if "codec" in type.marks:
        parts.append(f"CODEC({type.marks['codec']})")
    if "ttl" in type.marks:
        parts.append(f"TTL {type.marks['ttl']}")
    return " ".join(parts)


def without_null(column: Column) -> Column:
    return replace(column, type=replace(column.type, nullable=False))


_SENTINEL = re.compile(
    r"(?<![\w.-])0(?:\.0+)?\s*=\s*(?:no\b|none|not\b|unknown|unset|missing|n/?a\b|empty)", re.IGNORECASE
)


@dataclass(frozen=True)
class NamedColumn:
    """A column, and what is known of it so far."""

    name: str
    type: ClickType
    comment: str
    generator: GeneratorSpec | None = None
    is_key: bool = False

    @property
    def kind(self) -> str:
        return self.type.type.kind

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.name)

    @property
    def sentinel(self) -> bool:
        return bool(_SENTINEL.search(self.comment))


def is_number(column: NamedColumn) -> bool:
    """Whether it holds whole numbers, or numbers that may be."""
    return column.kind in INTEGERS or column.type.word == "Float64"


def whole(low: int, high: int) -> GeneratorSpec:
    """Whole numbers from low to high."""
    return GeneratorSpec(type="uniform_int", params={"min": low, "max": high})


def or_none(column: NamedColumn, low: int, high: int) -> GeneratorSpec:
    """Likewise, and 0 in a tenth of the rows, where a comment says that it stands for none."""
    # Ranges and not a share of nulls: the model stores 0 for "none", and queries compare with it.
    parts = [{"min": 0, "max": 0, "weight": 1}, {"min": low, "max": high, "weight": 9}]
    return GeneratorSpec(type="ranges", params={"ranges": parts})
