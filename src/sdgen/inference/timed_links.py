"""Which parents bound the moments of rows: links to parents that are born, and whose births come first."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from sdgen.inference.neighbours import compiled
from sdgen.inference.table_moments import Link, Table, order_rules

_REFERENCE = re.compile(r"(?!now$|as_of$)[A-Za-z_]\w*")


def is_beyond_periods(forms: Collection[str]) -> bool:
    """Whether the rows of an entity, by the forms of its name, are no part of any period."""
    return any(compiled(order_rules()["beyond"]).fullmatch(form) for form in forms)


def timed_links(
    tables: Mapping[str, Table], beyond: Collection[str], early: Collection[str] = ()
) -> Mapping[str, tuple[Link, ...]]:
    """The links of each entity to parents that are born. early: entities whose periods begin before the last years."""
    finder = _Links(tables, beyond, early)
    return {name: finder.of(name) for name in tables}


class _Links:
    """The links of entities to parents that are born, none of which leads back; one of them to a period at most."""

    def __init__(self, tables: Mapping[str, Table], beyond: Collection[str], early: Collection[str]) -> None:
        self._tables = tables
        self._beyond = beyond  # entities whose rows are no part of any period
        self._early = early
        self._parents = _parents(tables)
        self._known: dict[str, tuple[Link, ...]] = {}

    def of(self, name: str) -> tuple[Link, ...]:
        if name not in self._known:
            found = self._all(name)
            # Within one period only: parents are drawn apart from one another, and their periods need not meet.
            owner = next((link.name for link in found if link.end and not link.nullable), "")
            self._known[name] = tuple(
                replace(link, since=self._since(link.parent)) if link.name == owner else replace(link, end="")
                for link in found
            )
        return self._known[name]

    def _all(self, name: str) -> list[Link]:
        found: dict[str, Link] = {}
        for column, each in self._tables[name].entity.columns.items():
            spec = each.generator
            if spec is None or spec.type != "fk" or not isinstance(spec.params.get("entity"), str):
                continue
            link, parent = str(spec.params.get("via") or column), str(spec.params["entity"])
            if parent not in self._tables or link in found or _REFERENCE.fullmatch(link) is None:
                continue
            table = self._tables[parent]
            # Where the parent's own links lead back here, columns would depend on one another in a cycle.
            if table.births and name not in _ancestors(parent, self._parents):
                nullable = bool(each.nullable or spec.params.get("null_rate"))
                found[link] = Link(link, parent, nullable, table.births, "" if name in self._beyond else table.end)
        return list(found.values())

    def _since(self, name: str) -> str:
        """When the first period of an entity begins: with those that its own rows lie within."""
        if name in self._early:
            return str(order_rules()["early"]["start"])
        own = next((link.since for link in self.of(name) if link.end), "")
        return own or self._tables[name].since


def _parents(tables: Mapping[str, Table]) -> dict[str, frozenset[str]]:
    """The entities that each one's links lead to."""
    found = {}
    for name, table in tables.items():
        specs = (column.generator for column in table.entity.columns.values())
        parents = {str(spec.params.get("entity")) for spec in specs if spec is not None and spec.type == "fk"}
        found[name] = frozenset(parents & tables.keys())
    return found


def _ancestors(name: str, parents: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """An entity and all that its links lead to."""
    seen, left = {name}, [name]
    while left:
        more = parents[left.pop()] - seen
        seen |= more
        left += more
    return frozenset(seen)


def early_and_late(
    tables: Mapping[str, Table], links: Mapping[str, Collection[Link]]
) -> tuple[frozenset[str], frozenset[str]]:
    """Entities whose rows are born before the last years, and those whose rows are born in them.

    Where a row lies within a period of one parent and comes after the births of others, or its moment is drawn from one
    range for the sake of uniqueness, the others' births come first: that leaves the order to no chance.
    """
    early: set[str] = set()
    late: set[str] = set()
    parents = _parents(tables)
    ancestors = {name: _ancestors(name, parents) for name in tables}
    for name, table in tables.items():
        fixed = any(table.is_fixed(moment) for moment in table.moments)
        owned = {link.parent for link in links[name] if link.end and not fixed}
        others = {link.parent for link in links[name]} - owned
        before = frozenset().union(*(ancestors[other] for other in others))
        # A period's own parent that stands above the others can't be born after them: then none is moved.
        if (owned or fixed) and others and not before & owned:
            early |= before
            late |= owned
    return frozenset(early), frozenset(late - early)
