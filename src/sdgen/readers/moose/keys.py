"""Which columns tell a table's rows apart, and which refer to rows of other tables. Models declare neither outright."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdgen.readers.moose.clicktypes import ClickType
from sdgen.readers.moose.engines import Engine
from sdgen.readers.moose.tables import singular, stem, words_of
from sdgen.scenario.types import INTEGERS

_IDS = frozenset({"id", "uuid", "guid", "key", "sku", "code"})
_TELLING = frozenset({"text", "string", "uuid", "double", "decimal", "date", "timestamp"}) | INTEGERS


@dataclass(frozen=True)
class Keyed:
    """A table with what is known of its columns."""

    entity: str
    columns: Mapping[str, ClickType]
    keys: tuple[str, ...]
    engine: Engine

    @property
    def stems(self) -> tuple[str, ...]:
        """The names its rows may go by: `ImagesAnalytical` holds images."""
        return ("_".join(stem(self.entity)), singular(words_of(self.entity)[0] if words_of(self.entity) else ""))


def primary_key(table: Keyed) -> tuple[str, ...]:
    """The columns declared as Key; else the id of the table's own rows, in the sorting key or in the first place."""
    keys = tuple(name for name in table.keys if _tells(table.columns.get(name)))
    if keys:
        return keys
    places = [name for name in table.engine.order_by if name in table.columns] or list(table.columns)[:1]
    own = [name for name in places if _tells(table.columns[name]) and _is_own(table, name)]
    return tuple(own[:1])


def _tells(type: ClickType | None) -> bool:
    return type is not None and type.type.kind in _TELLING and not type.values


def _is_own(table: Keyed, name: str) -> bool:
    words = words_of(name)
    if words in (("id",), ("uuid",), ("guid",)):
        return True
    return len(words) > 1 and words[-1] in _IDS and "_".join(words[:-1]) in table.stems


def unique_rows(table: Keyed, primary: tuple[str, ...]) -> tuple[str, ...]:
    """The sorting key of an engine that makes rows of equal keys one, where nothing in it is unique by itself."""
    order = tuple(dict.fromkeys(name for name in table.engine.order_by if name in table.columns))
    if not table.engine.collapses or len(order) < len(set(table.engine.order_by)) or not order:
        return ()
    if set(primary) & set(order) or any(
        table.columns[name].type.kind not in _TELLING | {"bool", "enum"} for name in order
    ):
        return ()
    return order


def links(tables: Sequence[Keyed], primaries: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, str], tuple[str, str]]:
    """(entity, column) → (parent, its key): a column named after another table's rows, or exactly as its key."""
    parents = _parents(tables, primaries)
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for table in tables:
        for name, type in table.columns.items():
            if (name,) == primaries[table.entity] or type.values:
                continue
            parent = _parent(table, name, parents)
            if parent is not None and _alike(type, parent[2]):
                found[table.entity, name] = parent[:2]
    return found


Parent = tuple[str, str, ClickType]


def _parents(tables: Sequence[Keyed], primaries: Mapping[str, tuple[str, ...]]) -> dict[str, Parent | None]:
    """By the name a row goes by: the entity, its key and that key's type; None where several tables could be meant."""
    found: dict[str, Parent | None] = {}
    for table in tables:
        key = primaries[table.entity]
        if len(key) != 1:
            continue
        name = table.stems[0]
        parent = (table.entity, key[0], table.columns[key[0]])
        found[name] = _chosen(found[name], parent) if name in found else parent
    return found


def _chosen(one: Parent | None, other: Parent) -> Parent | None:
    """Of two tables of the same things, the dimension is meant."""
    dimensions = [each for each in (one, other) if each is not None and {"dim", "dimension"} & set(words_of(each[0]))]
    return dimensions[0] if len(dimensions) == 1 else None


def _parent(table: Keyed, name: str, parents: Mapping[str, Parent | None]) -> Parent | None:
    """`customer_id`, `customerId`, `product_sku`; not where the parent's key has another word at its end."""
    words = words_of(name)
    if len(words) < 2 or words[-1] not in _IDS:
        return None
    parent = parents.get("_".join(words[:-1]))
    if parent is None or (parent[0] == table.entity):
        return None
    last = words_of(parent[1])[-1]
    return parent if last == words[-1] or words[-1] == "id" else None


def _alike(one: ClickType, other: ClickType) -> bool:
    kinds = {one.type.kind, other.type.kind}
    return len(kinds) == 1 or kinds <= {"text", "string"} or kinds <= {"double", *INTEGERS}
