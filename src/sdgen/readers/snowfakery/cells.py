"""Tables of a recipe with their columns in the making, and how one row reaches another's values by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sdgen.errors import Path, Problem
from sdgen.readers.drafts import UNTYPED, ColumnDraft, quoted_name, spec
from sdgen.readers.snowfakery.recipe import Raw, Recipe, Template
from sdgen.readers.snowfakery.tables import ID, Layout, Table
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import parse_type

# Types of columns by the kind of their values.
TYPES = {
    "text": "text",
    "int": "bigint",
    "float": "double",
    "bool": "bool",
    "date": "date",
    "timestamp": "timestamp",
}


@dataclass(frozen=True)
class Values:
    """A column's values. kind: text, int, float, bool, date, timestamp or time, as far as it is known.

    plain: (value,) where every row has the same. link: the table that the values are ids of.
    """

    generator: GeneratorSpec | None = None
    type: str = ""
    kind: str = ""
    nullable: bool = False
    unique: bool = False
    plain: tuple[Any, ...] = ()
    link: Table | None = None


def expression(sql: str, kind: str = "", nullable: bool = False) -> Values:
    return Values(spec("expression", sql=sql), TYPES.get(kind, ""), kind, nullable)


NULL = GeneratorSpec(type="const", params={"value": None})
NOTHING = Values(NULL, "bigint", "int", nullable=True, plain=(None,))


@dataclass(frozen=True)
class Ref:
    """A value of the row or, through a link, of its parent's."""

    column: str
    link: str = ""
    kind: str = ""
    nullable: bool = False

    @property
    def sql(self) -> str:
        return f"{quoted_name(self.link)}.{quoted_name(self.column)}" if self.link else quoted_name(self.column)

    @property
    def placeholder(self) -> str:
        return f"{self.link}.{self.column}" if self.link else self.column

    def made(self) -> Values:
        """A column that copies it."""
        if not self.link:
            return expression(self.sql, self.kind, self.nullable)
        return Values(spec("parent", column=self.column, link=self.link), kind=self.kind, nullable=self.nullable)


@dataclass
class RecipeTable:
    """A table to be, with its columns in order."""

    table: Table
    columns: dict[str, Values] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    unique: list[tuple[str, ...]] = field(default_factory=list)
    fixed: list[dict[str, Any]] = field(default_factory=list)

    def hide(self, name: str, made: Values) -> Ref:
        """A column that others are computed from and that is not written; the one there is, if it is the same."""
        wanted = "__" + name.strip("_")
        chosen, number = wanted, 1
        fields = {name for template in self.table.templates for name in template.fields}
        # The same value is drawn once: whoever asks for it again gets the column that is there.
        while chosen in fields or (chosen in self.columns and self.columns[chosen] != made):
            number += 1
            chosen = f"{wanted}_{number}"
        self.columns[chosen] = made
        self.hidden.add(chosen)
        return Ref(chosen, kind=made.kind, nullable=made.nullable)

    def column(self, name: str) -> ColumnDraft:
        values = self.columns[name]
        return ColumnDraft(
            name,
            parse_type(values.type) if values.type else UNTYPED,
            values.generator,
            nullable=values.nullable and name != ID,
            # Nulls come from the recipe's own choices; no share of them is drawn besides.
            null_rate=0.0,
            primary=name == ID,
            unique=values.unique,
            hidden=name in self.hidden,
        )


@dataclass
class RecipeDraft:
    """All that is being made of a recipe."""

    recipe: Recipe
    layout: Layout
    drafts: dict[Table, RecipeTable] = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)

    def reach(self, table: Table, ancestor: Table, column: str) -> Ref:
        """A column of a table that rows are counted per, at whatever distance, as a row of `table` reaches it."""
        assert table.per is not None
        found = self.drafts[ancestor].columns[column]
        if table.per is ancestor:
            return Ref(column, table.link, found.kind, found.nullable)
        above = self.reach(table.per, ancestor, column)
        draft = self.drafts[table.per]
        if column == ID:  # a column that holds it already
            for name, made in draft.columns.items():
                if made.link is ancestor:
                    return Ref(name, table.link, found.kind, found.nullable)
        # One step at a time: an expression reaches a parent's column, but not the parent of that.
        copy = draft.hide(f"{ancestor.name}_{column}", replace(above.made(), link=ancestor if column == ID else None))
        return Ref(copy.column, table.link, found.kind, found.nullable)


@dataclass
class Cell:
    """A field on its way: of which template, in which table."""

    whole: RecipeDraft
    draft: RecipeTable
    template: Template
    field: str

    @property
    def table(self) -> Table:
        return self.draft.table

    @property
    def options(self) -> Mapping[str, Any]:
        return self.whole.recipe.options

    def note(self, raw: Raw, what: str, hint: str = "") -> None:
        path: Path = ("entities", self.table.name, "columns", self.field)
        problem = raw.problem(path, what, hint)
        if problem not in self.whole.notes:
            self.whole.notes.append(problem)

    def hide(self, made: Values, name: str = "") -> Ref:
        return self.draft.hide(name or self.field, made)

    def position(self) -> str:
        """SQL for the row's place, from 0, among those of one parent, or of one run of the recipe."""
        run = self.table.run
        if run is not None:
            # Ids count from 1 and a run makes so many rows: repeated runs follow one another.
            return f"(id - 1) % {max(run.least, 1)}"
        made = Values(spec("sequence", start=0, per=self.table.link), "bigint", "int")
        return self.draft.hide("position", made).sql

    def child_index(self) -> str:
        """SQL for the row's place, from 0, among those of its template."""
        if self.table.run is not None and self.table.run.most <= 1:
            return "0"
        offset = self.table.offset(self.template) if len(self.table.templates) > 1 else 0
        place = self.position()
        if offset:
            return f"({place} - {offset})"
        return place if place.isidentifier() else f"({place})"

    def ancestor(self, name: str) -> Table | None:
        """The nearest table that rows are counted per, by its object's name or its nickname."""
        table = self.table.per
        while table is not None:
            if name in (table.first.object, table.first.nickname):
                return table
            table = table.per
        return None


_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")

# What makes the values of a recipe's functions: (cell, raw, name, arguments, named arguments).
Function = Callable[[Cell, Raw, str, list[Any], dict[str, Any]], Values | None]


class Unread(Exception):
    """A formula that has no counterpart; its text says which part."""


@dataclass(frozen=True)
class Sql:
    """A piece of SQL and the kind of its values; ref where it is nothing but a column."""

    text: str
    kind: str = ""
    ref: Ref | None = None
    plain: tuple[Any, ...] = ()


def of_column(ref: Ref) -> Sql:
    """A column, of the row or of its parent's."""
    return Sql(ref.sql, ref.kind, ref)


def literal(value: Any) -> str:
    """A plain value as SQL."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def kind_of(value: Any) -> str:
    """What kind of value it is; dates are texts in a recipe's file."""
    for pattern, kind in ((_DATE, "date"), (_MOMENT, "timestamp")):
        if isinstance(value, str) and pattern.fullmatch(value):
            return kind
    # By the exact type, since a bool is an int to isinstance.
    return {bool: "bool", int: "int", float: "float", str: "text"}.get(type(value), "")


def plain(value: Any) -> Values:
    """The same value in every row."""
    kind = kind_of(value)
    return Values(
        NULL if value is None else spec("const", value=value),
        TYPES.get(kind, "text"),
        kind,
        nullable=value is None,
        plain=(value,),
    )


def lookup(cell: Cell, chain: list[str], raw: Raw, call: Function) -> Sql | None:
    """What a name stands for: a field of the row, of an object around it, an option, a variable; None for none."""
    if chain[0] == "this" and len(chain) > 1:
        chain = chain[1:]
    name, rest = chain[0], chain[1:]
    if not rest and name in _NAMES:
        return _NAMES[name]
    if not rest and name == "child_index":
        return Sql(cell.child_index(), "int")
    # Fields above this one are known by now; one below is not, in Snowfakery either.
    if name in cell.draft.columns and name in ({"id"} | cell.template.fields.keys()):
        made = cell.draft.columns[name]
        own = of_column(Ref(name, kind=made.kind, nullable=made.nullable))
        return _through(cell, name, rest) if rest else own
    # A field of the row hides an option of its name, and that hides an object around it.
    if not rest and name in cell.options:
        return Sql(literal(cell.options[name]), kind_of(cell.options[name]), plain=(cell.options[name],))
    around = cell.ancestor(name)
    if around is not None and len(rest) == 1 and rest[0] in cell.whole.drafts[around].columns:
        return of_column(cell.whole.reach(cell.table, around, rest[0]))
    if around is not None and len(rest) == 2 and rest[0] in cell.whole.drafts[around].columns:
        return _copied(cell, around, rest)
    return _called(cell, chain, raw, call)


def _copied(cell: Cell, around: Table, rest: list[str]) -> Sql | None:
    """Through a link of an object around: Contact.AccountId.Name."""
    draft = cell.whole.drafts[around]
    target = draft.columns[rest[0]].link
    if target is None or target not in cell.whole.drafts or rest[1] not in cell.whole.drafts[target].columns:
        return None
    made = draft.columns[rest[0]]
    if made.generator is None or made.generator.type != "fk":
        return None
    found = cell.whole.drafts[target].columns[rest[1]]
    ref = Ref(rest[1], rest[0], found.kind, found.nullable or made.nullable)
    copy = draft.hide("_".join(rest), ref.made())
    return of_column(cell.whole.reach(cell.table, around, copy.column))


def _through(cell: Cell, name: str, rest: list[str]) -> Sql | None:
    """Through a link of the row's own: pet.color."""
    made = cell.draft.columns[name]
    target = cell.whole.drafts.get(made.link) if made.link is not None else None
    if target is None or len(rest) != 1 or rest[0] not in target.columns or made.link is None:
        return None
    if made.generator is not None and made.generator.type == "fk":
        found = target.columns[rest[0]]
        return of_column(Ref(rest[0], name, found.kind, found.nullable or made.nullable))
    table = cell.table.per
    while table is not None:
        if table is made.link:
            return of_column(cell.whole.reach(cell.table, table, rest[0]))
        table = table.per
    return None


def _called(cell: Cell, chain: list[str], raw: Raw, call: Function) -> Sql | None:
    """A variable, or a field of a hidden object: drawn in a hidden column."""
    made = call(cell, raw, ".".join(chain), [], {})
    if made is None:
        return None
    if made.plain:
        return Sql(literal(made.plain[0]), made.kind, plain=made.plain)
    return of_column(cell.hide(made, "_".join(chain)))


_NAMES = {
    "today": Sql("cast(as_of as date)", "date"),
    "now": Sql("as_of", "timestamp"),
    **dict.fromkeys(("NULL", "null", "none"), Sql("null", plain=(None,))),
}
