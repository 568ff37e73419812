"""Links that agree: a ticket's assignee is of the ticket's organisation, an item's ticket type of the order's event.

Where two of a row's links lead, at once or by one further link, to the same entity in the same role, they lead to one
row of it. One of them follows the other, or chooses among the parents that share the row. Whose links agree is data
(`agreement` in `data/conventions.yaml`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sdgen.inference.names import entity_name, spelled_out
from sdgen.inference.neighbours import compiled
from sdgen.inference.rule_files import abbreviations, conventions
from sdgen.inference.shape import Link, links_of, shapes_of, unique_sets_of
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario

Place = tuple[str, str]  # an entity and a link of it


def with_agreeing_links(scenario: Scenario) -> Scenario:
    """The scenario whose links lead to the same rows where names and keys say that they should."""
    found = _Agreement(scenario.entities)
    for name in scenario.entities:
        found.settle(name)
    if not found.params:
        return scenario
    entities = dict(scenario.entities)
    for (name, link), params in found.params.items():
        column = entities[name].columns[link]
        spec = GeneratorSpec(type="fk", params={**_params(column), **params})
        changed = {link: column.model_copy(update={"generator": spec})}
        entities[name] = entities[name].model_copy(update={"columns": {**entities[name].columns, **changed}})
    return scenario.model_copy(update={"entities": entities}).read_from(scenario.origin, scenario.notes)


@dataclass
class _Agreement:
    """What is said of links so far. needs: the links that each one's parents are computed from."""

    entities: Mapping[str, Entity]
    params: dict[Place, dict[str, object]] = field(default_factory=dict)
    needs: dict[Place, list[Place]] = field(default_factory=dict)

    @cached_property
    def links(self) -> dict[str, dict[str, Link]]:
        return {
            name: {link: each for link, each in links_of(entity).items() if len(each.columns) == 1}
            for name, entity in self.entities.items()
        }

    @cached_property
    def lookups(self) -> frozenset[str]:
        return frozenset(name for name, shape in shapes_of(self.entities, 0).items() if shape.is_lookup)

    def settle(self, name: str) -> None:
        free = self._free(name)
        for link, each in self.links[name].items():
            if each.parent in self.entities and each.parent not in self.lookups and each.parent != name:
                ways = [way for way in self._ways(name, link) if not self._acts(name, each.parent)]
                # The row's own link follows the first that leads where it does; all others share its row.
                if ways and link in free and self._say(name, link, follows=ways[0]):
                    ways = ways[1:]
                for first, second in ways:
                    if first in free:
                        self._say(name, first, sharing=(second, link, ""))
        for first, second, by, other in self._across(name):
            if first in free and (name, first) not in self.params:
                self._say(name, first, sharing=(second, by, other))

    def _free(self, name: str) -> frozenset[str]:
        """The links that nothing is said of but where they lead, and whose rows no unique set or count settles."""
        entity = self.entities[name]
        held = frozenset().union(*unique_sets_of(entity), *(each.columns for each in entity.partial_unique))
        counting = entity.rows.via or next(
            (link for link, each in self.links[name].items() if each.parent == entity.rows.per), ""
        )
        return frozenset(
            link
            for link, each in self.links[name].items()
            if set(_params(entity.columns[link])) == {"entity", "column"}
            and not (link in held or link == counting or each.parent == name)
        )

    def _ways(self, name: str, link: str) -> list[tuple[str, str]]:
        """The other links by whose parents' links a row gets where this one leads, the surest first."""
        parent, entity = self.links[name][link].parent, self.entities[name]
        found = [
            (not self._is_settled(entity, first), not each.firm, first, second)
            for first, each in self.links[name].items()
            if first != link and each.parent not in (name, parent)
            for second, further in self.links.get(each.parent, {}).items()
            if further.parent == parent and self._same_role(name, link, each.parent, second)
        ]
        # Of equal ones the first of the table: they are sorted by no name.
        return [(first, second) for _, _, first, second in sorted(found, key=lambda way: way[:2])]

    def _is_settled(self, entity: Entity, link: str) -> bool:
        """Whether rows are of a parent by their number: they are counted by it, or no two are of one."""
        per = self.links_parent(entity, link) == entity.rows.per
        return per or any(each == {link} for each in unique_sets_of(entity))

    def links_parent(self, entity: Entity, link: str) -> str:
        return str(_params(entity.columns[link]).get("entity"))

    def _same_role(self, name: str, link: str, other: str, second: str) -> bool:
        """Whether two links are called alike, or each after the entity that both lead to."""
        one, two = (_role(each) for each in (link, second))
        parent = entity_name(self.links[name][link].parent, abbreviations())
        return one == two or {one, two} <= {parent, parent.rpartition("_")[2]}

    def _acts(self, name: str, parent: str) -> bool:
        """Whether rows are what somebody does to another's: the author of a comment is not that of the post."""
        rules = conventions()["agreement"]
        return _is_named(parent, rules["actors"]) and _is_named(name, rules["acts"])

    def _across(self, name: str) -> Iterator[tuple[str, str, str, str]]:
        """Links to owned entities whose owner another link's parent has, too: each with the link to the owner."""
        owned = [
            (link, second, further.parent)
            for link, each in self.links[name].items()
            if each.parent != name
            for second, further in self.links.get(each.parent, {}).items()
            if _is_named(further.parent, conventions()["agreement"]["owners"]) and further.parent != each.parent
        ]
        owned.sort(key=lambda each: not self._is_settled(self.entities[name], each[0]))
        for place, (link, second, owner) in enumerate(owned):
            for other, others, theirs in owned[:place]:
                if owner == theirs and other != link:
                    yield link, second, other, others

    def _say(
        self, name: str, link: str, follows: tuple[str, str] = ("", ""), sharing: tuple[str, str, str] = ("", "", "")
    ) -> bool:
        """Says of a link what it follows or shares, unless links would then depend on one another in a cycle."""
        parent = self.links[name][link].parent
        needs: list[Place]
        if follows[0]:
            params: dict[str, object] = {"follows": ".".join(follows)}
            needs = [(name, follows[0]), (self.links[name][follows[0]].parent, follows[1])]
        else:
            theirs, by, further = sharing
            params = {"sharing": {theirs: f"{by}.{further}" if further else by}}
            needs = [(parent, theirs), (name, by)]
            needs += [(self.links[name][by].parent, further)] if further else []
        if (name, link) in self.params or any(self._reaches(need, (name, link)) for need in needs):
            return False
        self.params[name, link], self.needs[name, link] = params, needs
        return True

    def _reaches(self, start: Place, end: Place) -> bool:
        seen, left = {start}, [start]
        while left:
            more = set(self.needs.get(left.pop(), ())) - seen
            seen |= more
            left += more
        return end in seen


def _params(column: Column) -> Mapping[str, object]:
    return column.generator.params if column.generator is not None else {}


def _is_named(entity: str, pattern: str) -> bool:
    return compiled(f"(?:.*_)?(?:{pattern})").fullmatch(entity_name(entity, abbreviations())) is not None


def _role(link: str) -> str:
    """What a link is called without what says that it is a key."""
    words: Collection[str] = spelled_out(link, abbreviations()).split("_")
    kept = [word for word in words if word not in ("id", "key", "fk", "uuid", "ref", "no", "number", "code")]
    return "_".join(kept)
