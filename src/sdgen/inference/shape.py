"""The shape of a database of which only the schema is known: lookups small, dimensions middling, facts many per parent.

What names say of numbers is data (`data/shape.yaml`). A table's shape follows from its own name and columns and from
the tables that it is linked with, never from how many others there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sdgen.generators.pools import own_yaml
from sdgen.inference.child_totals import count_names
from sdgen.inference.names import entity_name, snake
from sdgen.inference.neighbours import compiled
from sdgen.inference.rule_files import abbreviations
from sdgen.inference.table_moments import event_of, event_record
from sdgen.scenario.model import Column, Entity, GeneratorSpec, RowCount
from sdgen.scenario.types import INTEGERS, MOMENTS

_FEW = 50  # a parent of no more rows says nothing of how many its children are
_SURE = 0.8  # of the rows that a law gives on average, those that there are in any case
_MOST_COLUMNS = 6  # that a lookup has besides its keys and those of every table
_OF_EVERY_TABLE = re.compile(
    r"(?:.*_)?(?:created|updated|modified|deleted|inserted|changed|archived)(?:_.*)?"
    r"|(?:.*_)?(?:at|by|version|rev|active|enabled|deleted|default|sort|sort_order|position|rank|order)"
)
_HEADER = re.compile(r"_(?:header|head|master|main)\Z")
_NUMBERING = re.compile(
    r"(?:.*_)?(?:line|item|seq|sequence|position|pos|row|entry|step|ordinal|rank|index|idx|order)?"
    r"_?(?:no|nr|num|number|id|seq|position|index|idx|order)|line|position|sequence|ordinal|seq"
)
_DETAIL_LAW = {"law": "negative_binomial", "dispersion": 1.6}
_SKEWED_LAW = {"law": "geometric"}


@dataclass(frozen=True)
class Link:
    """A link of an entity. columns: those that it fills; firm: every row has a parent."""

    parent: str
    columns: tuple[str, ...]
    firm: bool


@dataclass(frozen=True)
class TableShape:
    """How many rows an entity has. counts: where they are counted per a parent, by which law, and through which link.

    apart: the column that tells a parent's rows apart, and its generator: a number counts them, days follow each other.
    """

    rows: int
    is_lookup: bool = False
    counts: RowCount | None = None
    apart: tuple[str, GeneratorSpec] | None = None


def shapes_of(entities: Mapping[str, Entity], rows: int) -> dict[str, TableShape]:
    """The shapes of entities that all have `rows` rows so far, which is what tables without any links keep."""
    return _Shapes(entities, rows).all


def links_of(entity: Entity) -> dict[str, Link]:
    """An entity's links, by the name of their first column."""
    found: dict[str, Link] = {}
    for name, column in entity.columns.items():
        if column.generator is None or column.generator.type != "fk":
            continue
        params = column.generator.params
        via = str(params.get("via") or name)
        earlier = found.get(via)
        columns = (*(earlier.columns if earlier else ()), name)
        found[via] = Link(str(params.get("entity")), columns, (earlier is None or earlier.firm) and not column.nullable)
    return found


def unique_sets_of(entity: Entity) -> list[frozenset[str]]:
    """The sets of columns that no two rows of an entity share: the primary key, unique columns and sets."""
    primary = frozenset(name for name, column in entity.columns.items() if column.primary_key)
    alone = (frozenset([name]) for name, column in entity.columns.items() if column.unique)
    return [each for each in (primary, *alone, *map(frozenset, entity.unique)) if each]


@cache
def shape_rules() -> Mapping[str, Any]:
    """What names say of shapes (data/shape.yaml)."""
    found: Mapping[str, Any] = own_yaml("shape")
    return found


def _ends_with(name: str, pattern: str) -> bool:
    return compiled(f"(?:.*_)?(?:{pattern.replace(' ', '')})").fullmatch(name) is not None


def _parents_first(parents: Mapping[str, Iterable[str]]) -> list[str]:
    """Entities after those that their links lead to, as far as these form no cycle."""
    ordered: dict[str, None] = {}
    for start in parents:
        path = [start]
        entered = {start}
        while path:
            above = next(
                (each for each in parents[path[-1]] if each in parents and each not in entered | ordered.keys()), ""
            )
            if above:
                entered.add(above)
                path.append(above)
            else:
                ordered[path.pop()] = None
    return list(ordered)


class _Shapes:
    def __init__(self, entities: Mapping[str, Entity], rows: int) -> None:
        self.entities = entities
        self.unlinked = rows
        self.links = {name: links_of(entity) for name, entity in entities.items()}
        self.names = {name: entity_name(name, abbreviations()) for name in entities}
        self._known: dict[str, TableShape] = {}

    @cached_property
    def all(self) -> dict[str, TableShape]:
        for name in _parents_first(
            {name: [each.parent for each in links.values()] for name, links in self.links.items()}
        ):
            self._known[name] = self._shape(name)
        return {name: self._known[name] for name in self.entities}

    @cached_property
    def parents(self) -> set[str]:
        """The entities that links of others lead to."""
        return {link.parent for name, links in self.links.items() for link in links.values() if link.parent != name}

    def _of(self, name: str) -> TableShape:
        # A link that leads back, in a cycle, says nothing of how many there are.
        return self._known.get(name) or TableShape(shape_rules()["dimension"])

    def _shape(self, name: str) -> TableShape:
        if self._is_lookup(name):
            return TableShape(shape_rules()["lookup"], is_lookup=True)
        few = next((one["rows"] for one in shape_rules()["few"] if _ends_with(self.names[name], one["name"])), None)
        sizes = self._parent_sizes(name)
        linked = bool(self.links[name]) or name in self.parents
        large = {link: size for link, size in sizes.items() if size > _FEW}
        if not large and (few is None or not linked):
            return TableShape(shape_rules()["dimension"] if linked else self.unlinked)
        if few is not None and not self._owner(name):
            return TableShape(few)
        return self._counted(name, large) if large else TableShape(few or shape_rules()["dimension"])

    def _parent_sizes(self, name: str) -> dict[str, int]:
        """How many rows the parents of an entity have, by link: those that every row has, where there are any."""
        links = {link: each for link, each in self.links[name].items() if each.parent in self.entities}
        links = {link: each for link, each in links.items() if each.parent != name}
        firm = {link: each for link, each in links.items() if each.firm}
        return {link: self._of(each.parent).rows for link, each in (firm or links).items()}

    def _is_lookup(self, name: str) -> bool:
        """Whether an entity lists what others choose from: by its name, few columns, and no links but to lookups."""
        entity, links = self.entities[name], self.links[name]
        if name not in self.parents or not _ends_with(self.names[name], shape_rules()["lookups"]):
            return False
        linked = {column for link in links.values() for column in link.columns}
        own = [
            column
            for column, each in entity.columns.items()
            if not each.primary_key and column not in linked and not _OF_EVERY_TABLE.fullmatch(column.lower())
        ]
        above = {link.parent for link in links.values()} - {name}
        # What its own parents are isn't asked further: lookups of lookups are rare, and cycles would have no end.
        return (
            len(own) <= _MOST_COLUMNS
            and len(above) <= 1
            and all(
                _ends_with(self.names.get(parent, ""), shape_rules()["lookups"]) and parent in self.parents
                for parent in above
            )
        )

    def _owner(self, name: str) -> str:
        """The link to the parent that an entity is plainly a detail of; "" where there is none.

        Its name begins with the parent's, as order_items does, the parent counts such rows, a number tells its rows
        apart within the parent, or rules say that they are details of it.
        """
        firm = {link: each for link, each in self.links[name].items() if each.firm and each.parent in self.entities}
        firm = {link: each for link, each in firm.items() if each.parent != name}
        named = {
            link: len(self._stem(each.parent))
            for link, each in firm.items()
            if self.names[name].startswith(f"{self._stem(each.parent)}_")
        }
        if named:
            return max(named, key=lambda link: named[link])
        counting = [link for link, each in firm.items() if self._counts_children(each.parent, name)]
        if counting:
            return counting[0]
        sets = unique_sets_of(self.entities[name])
        numbering = [link for link in firm if self._numbered(name, link, sets)]
        if len(numbering) == 1:
            return numbering[0]
        rules = {link: rule for link, each in firm.items() if (rule := self._rule(name, each.parent))}
        told = [link for link, rule in rules.items() if "of" in rule or len(firm) == 1]
        return told[0] if len(told) == 1 else ""

    def _counts_children(self, parent: str, name: str) -> bool:
        """Whether a column of a parent tells how many rows of an entity it has, which only counted rows can keep."""
        return any(count_names(name).fullmatch(snake(column)) for column in self.entities[parent].columns)

    def _stem(self, parent: str) -> str:
        return _HEADER.sub("", self.names[parent])

    def _rule(self, name: str, parent: str) -> Mapping[str, Any] | None:
        for one in shape_rules()["details"]:
            if _ends_with(self.names[name], one["name"]) and _ends_with(self._stem(parent), one.get("of", ".*")):
                found: Mapping[str, Any] = one
                return found
        return None

    def _counted(self, name: str, sizes: Mapping[str, int]) -> TableShape:
        """Many rows for each row of a parent: of the one that it is a detail of, else of the largest."""
        owner = self._owner(name)
        link = owner if owner in sizes else max(sizes, key=lambda each: sizes[each])
        parent = self.links[name][link].parent
        rule = self._rule(name, parent) or shape_rules()["others"]
        columns = set(self.links[name][link].columns)
        sets = unique_sets_of(self.entities[name])
        series = self._series(name, sizes, sets)
        if series is not None:
            return series
        if any(each <= columns for each in sets):
            # Each parent has one row at the most.
            firm = self.links[name][link].firm
            counted = self._of(parent).counts
            # Parents that are drawn per theirs are about as many as the law says.
            sure = round(sizes[link] * _SURE) if counted is not None and counted.mean else sizes[link]
            return TableShape(sure, counts=RowCount(per=parent, via=link, count=1) if firm else None)
        most = min([rule["most"], *self._room(name, columns, sets)])
        limit = shape_rules()["fact" if rule is shape_rules()["others"] else "detail"]
        mean = min(rule["mean"], max(most / 2, rule["least"]), max(limit / sizes[link], rule["least"]))
        rows = max(round(sizes[link] * mean), 1)
        if link != owner:
            return TableShape(rows)
        law = _DETAIL_LAW if rule["least"] else _SKEWED_LAW
        counts = RowCount(per=parent, via=link, mean=round(mean, 2), min=rule["least"], max=most, **law)
        return TableShape(rows, counts=counts, apart=self._numbered(name, link, sets))

    def _series(self, name: str, sizes: Mapping[str, int], sets: list[frozenset[str]]) -> TableShape | None:
        """A row a day, week or month of each parent up to now, where a column so named is unique with the link alone.

        Not where the parents end: their rows would go on after it.
        """
        for link in sizes:
            columns, parent = set(self.links[name][link].columns), self.links[name][link].parent
            for column in (rest for each in sets if columns < each and len(rest := each - columns) == 1):
                (beat,) = column
                rule = self._beat(name, beat)
                if rule is not None and not self._ends(parent):
                    count = max(rule["least"], min(rule["most"], shape_rules()["detail"] // sizes[link]))
                    params = {
                        "per": link,
                        "start": f"-{rule['step'] * count}{rule['unit']}",
                        "every": f"{rule['step']}{rule['unit']}",
                    }
                    spec = GeneratorSpec(type="schedule", params=params | rule.get("params", {}))
                    counts = RowCount(per=parent, via=link, count=count)
                    return TableShape(sizes[link] * count, counts=counts, apart=(beat, spec))
        return None

    def _beat(self, name: str, column: str) -> Mapping[str, Any] | None:
        each = self.entities[name].columns[column]
        if each.generator is not None or each.type not in MOMENTS:
            return None
        rules: Iterable[Mapping[str, Any]] = shape_rules()["beats"]
        return next((rule for rule in rules if compiled(rule["name"]).fullmatch(snake(column))), None)

    def _ends(self, parent: str) -> bool:
        records = [
            event_record(event_of(snake(column)), (self.names[parent],)) for column in self.entities[parent].columns
        ]
        return any(record is not None and record.get("kind") == "end" for record in records)

    def _room(self, name: str, columns: set[str], sets: list[frozenset[str]]) -> list[int]:
        """How many rows a parent may have where a unique set holds nothing but its link and others: half of theirs."""
        found = []
        for each in sets:
            rest = each - columns
            others = [link for link in self.links[name].values() if set(link.columns) & rest]
            if columns <= each and others and rest <= {column for link in others for column in link.columns}:
                sizes = [self._of(link.parent).rows if link.parent in self.entities else 1 for link in others]
                found.append(max(max(sizes) // 2, 1))
        return found

    def _numbered(self, name: str, link: str, sets: list[frozenset[str]]) -> tuple[str, GeneratorSpec] | None:
        """The column that is unique together with the link alone, and counts by its name and type."""
        columns = set(self.links[name][link].columns)
        for each in sets:
            rest = sorted(each - columns)
            if columns < each and len(rest) == 1 and self._counts(rest[0], self.entities[name].columns[rest[0]]):
                return rest[0], GeneratorSpec(type="sequence", params={"per": link})
        return None

    def _counts(self, name: str, column: Column) -> bool:
        plain = column.generator is None or (column.generator.type == "sequence" and not column.generator.params)
        return plain and column.type in INTEGERS and _NUMBERING.fullmatch(name.lower()) is not None
