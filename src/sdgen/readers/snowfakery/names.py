"""What a name in a formula stands for: a field of the row or of an object around it, an option, a variable."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sdgen.readers.snowfakery.drafts import NULL, TYPES, Cell, Ref, Values, spec
from sdgen.readers.snowfakery.recipe import Raw
from sdgen.readers.snowfakery.tables import Table

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
    if name in cell.draft.columns and name in ({"id"} | cell.template.fields.keys()):
        made = cell.draft.columns[name]
        own = of_column(Ref(name, kind=made.kind, nullable=made.nullable))
        return _through(cell, name, rest) if rest else own
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
