"""A table's fields → columns in the making: what has a type, what ClickHouse computes, what is left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sdgen.read.moose.clicktypes import ClickType, Unfit, click_type
from sdgen.read.moose.shapes import Field
from sdgen.read.moose.tables import Notes, Table

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


def columns_of(table: Table, entity: str, notes: Notes) -> Columns:
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
        if word:
            computed[each.name] = _ddl(type)
            notes.add(path, f"the column is left out of the rows: ClickHouse computes it ({word})", file, line)
        elif type.word == "AggregateFunction":
            computed[each.name] = replace(type, nullable=False).ddl
            what = "the column is left out of the rows: states of aggregate functions can't be written as values"
            notes.add(path, what, file, line)
        else:
            found[each.name] = Column(each, type)
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
