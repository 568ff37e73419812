"""A parent's column as a function of its row numbers, before the plan is whole: what children are counted by.

The column is compiled with all that it is computed from, and nothing else, into a small plan of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.errors import Problem, ScenarioError
from sdgen.generators.base import Dependency, Generator
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.streams import Numbers
from sdgen.planning.check import check_columns, dependencies
from sdgen.planning.choose import Key, counting_link
from sdgen.planning.correlations import followed
from sdgen.planning.draft import Draft
from sdgen.planning.entity_plans import column_plan
from sdgen.planning.plan import Plan
from sdgen.planning.planned_rows import PlannedRows
from sdgen.scenario.types import Type


@dataclass(frozen=True)
class ParentColumn:
    """A column of numbers of a plan's entity."""

    plan: Plan
    entity: str
    column: str

    def counts(self, parents: Numbers) -> Numbers:
        """Its whole numbers at some rows; a null is 0. ScenarioError where one is below 0."""
        values: Numbers = pc.fill_null(pc.cast(self._values(parents), pa.int64()), 0).to_numpy()
        self._check(parents, values < 0, values)
        return values

    def numbers(self, parents: Numbers) -> NDArray[np.float64]:
        """Its numbers at some rows; a null is 0. ScenarioError where one is below 0, or not finite."""
        values: NDArray[np.float64] = pc.fill_null(pc.cast(self._values(parents), pa.float64()), 0.0).to_numpy()
        self._check(parents, ~(np.isfinite(values) & (values >= 0)), values)
        return values

    def _values(self, parents: Numbers) -> pa.Array:
        return PlannedRows(self.plan, self.plan.entities[self.entity], parents).column(self.column)

    def _check(self, parents: Numbers, wrong: NDArray[np.bool_], values: NDArray[np.generic]) -> None:
        if wrong.any():
            place = int(np.argmax(wrong))
            told = f"is {values[place]} in row {parents[place]:,}"
            what = f"rows are counted by {self.entity}.{self.column}, which {told}"
            raise ScenarioError(Problem((), what, "give it finite numbers of 0 or more: greatest(…, 0)"))


class ParentColumns:
    """The columns that rows are counted by; `draft` gets its counts and layouts while these are asked for."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._graph = _graph(draft)

    @property
    def types(self) -> Mapping[Key, Type]:
        return self._draft.types

    def entities(self, key: Key) -> set[str]:
        """The entities whose rows must be settled before a column can be computed."""
        return {entity for entity, _ in self._closure(key)} & self._draft.scenario.entities.keys()

    def column(self, key: Key) -> ParentColumn | None:
        """A column of a parent; None where one that it is computed from is wrong, which the checks of the plan tell."""
        keys = self._closure(key)
        generators = {each: generator for each, generator in self._draft.generators.items() if each in keys}
        types = {each: type for each, type in self._draft.types.items() if each in keys}
        # Problems of its own, which are dropped: the checks of the whole draft find the same ones.
        draft = replace(self._draft, generators=generators, types=types, problems=[])
        links = (generator for generator in generators.values() if isinstance(generator, ForeignKey))
        lost = any((link.entity, link.column) not in self._draft.types for link in links)
        lost |= any(self._lacks(each, generator) for each, generator in generators.items())
        if lost or key not in generators or not check_columns(draft):
            return None
        plan = column_plan(draft)
        return None if plan is None else ParentColumn(plan, *key)

    def _lacks(self, key: Key, generator: Generator) -> bool:
        """Whether a column is computed from one that has no generator, as where its params are wrong."""
        entities = self._draft.scenario.entities
        needed = (self._draft.home(key[0], need) for need in generator.needs() if need.column)
        return any(
            each not in self._draft.generators and each[0] in entities and each[1] in entities[each[0]].columns
            for each in needed
        )

    def _closure(self, key: Key) -> set[Key]:
        found, waiting = {key}, [key]
        while waiting:
            further = [each for each in self._graph.get(waiting.pop(), ()) if each not in found]
            found.update(further)
            waiting += further
        return found


def _graph(draft: Draft) -> dict[Key, list[Key]]:
    """What each column takes to be computed: columns, those that declare links used, and those unique with it."""
    graph = {key: [*needed, *_links_used(draft, key)] for key, needed in dependencies(draft).items()}
    for key, generator in draft.generators.items():
        graph[key] += [other for need in generator.needs() for other in _children_used(draft, need)]
    for name, entity in draft.scenario.entities.items():
        sets = [columns for columns in (*entity.unique, draft.primary_key(name)) if len(columns) > 1]
        sets += [(*partial.columns, *partial.where) for partial in entity.partial_unique]
        # A unique set is taken in whole: its columns share a permutation, and the column that counts rows must have the
        # values here with which it is written.
        together = [(name, column) for columns in sets for column in columns]
        for key in together:
            graph[key] = [*graph.get(key, ()), *together]
    return graph


def _links_used(draft: Draft, key: Key) -> Iterable[Key]:
    """The columns that declare the links by which a column finds parents."""
    generator = draft.generators[key]
    needs = [*generator.needs(), *(need for _, need, _ in followed(draft, key))]
    links = {need.link for need in needs if need.link}
    if isinstance(generator, ForeignKey):
        links |= {generator.via or key[1], generator.unlike, generator.within} - {""}
    theirs = [(generator.entity, name) for name in generator.sharing] if isinstance(generator, ForeignKey) else []
    return theirs + [(key[0], draft.link_column(key[0], link)[0]) for link in links if link in draft.links[key[0]]]


def _children_used(draft: Draft, need: Dependency) -> Iterable[Key]:
    """The children's column that is needed, and the one by which their rows are counted."""
    if need.children not in draft.scenario.entities:
        return ()
    links = draft.links[need.children]
    link = counting_link(draft.scenario.entities[need.children].rows, links)
    counting = [(need.children, draft.link_column(need.children, link)[0])] if link else []
    return [(need.children, need.column), *counting]
