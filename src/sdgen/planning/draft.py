"""A plan in the making: what is settled so far of a scenario and a request, and the problems found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sdgen.errors import Path, Problem, ProblemType
from sdgen.generators.base import Dependency, Generator
from sdgen.generators.choices.null_rates import NullRates
from sdgen.generators.column_batch import ColumnContext
from sdgen.generators.links.counts import Layout
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.links.parent_sampler import EachOf
from sdgen.planning.choose import Key, counting_link
from sdgen.scenario.model import Column, Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.scenario.types import Type


@dataclass(frozen=True)
class Draft:
    """What is settled before the checks. A column that could not be settled is missing from `generators` or `types`."""

    scenario: Scenario
    request: PlanRequest
    seed: int
    as_of: datetime
    generators: Mapping[Key, Generator]
    types: Mapping[Key, Type]
    links: Mapping[str, Mapping[str, str]]
    counts: Mapping[str, int]
    layouts: Mapping[str, Layout]
    problems: list[Problem]
    each: Mapping[str, Mapping[str, EachOf]] = field(default_factory=dict)
    fixed_places: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    distinct: set[Key] = field(default_factory=set)  # columns drawn without repeats for the sake of a set they are in

    def refuse(self, path: Path, what: str, hint: str = "", type: ProblemType = ProblemType.CONSTRAINT) -> None:
        self.problems.append(self.scenario.origin.problem(path, what, hint, type))

    def column(self, key: Key) -> Column:
        return self.scenario.entities[key[0]].columns[key[1]]

    def facts(self, key: Key) -> ColumnContext:
        """What the generator of a column may know; the column must have a type."""
        return ColumnContext(
            seed=self.seed,
            entity=key[0],
            column=key[1],
            type=self.types[key],
            rows=self.counts.get(key[0], 0),
            as_of=self.as_of,
            locale=self.scenario.locale,
            unique=self.alone_unique(key),
        )

    def alone_unique(self, key: Key) -> bool:
        """Whether a column must hold no value twice: it is declared so, the whole primary key, or keeps a set alone."""
        entity = self.scenario.entities[key[0]]
        return (
            key in self.distinct
            or self.column(key).unique
            or self.primary_key(key[0]) == (key[1],)
            or (key[1],) in entity.unique
        )

    def primary_key(self, entity: str) -> tuple[str, ...]:
        return self._primary_keys[entity]

    @cached_property
    def _primary_keys(self) -> Mapping[str, tuple[str, ...]]:
        return {
            entity: tuple(name for name, column in each.columns.items() if column.primary_key)
            for entity, each in self.scenario.entities.items()
        }

    def counting_link(self, entity: str) -> str:
        """The link through which the entity's rows are counted; "" where they aren't counted per parent."""
        if entity not in self.layouts:
            return ""
        return counting_link(self.scenario.entities[entity].rows, self.links[entity]) or ""

    def link_column(self, entity: str, link: str) -> tuple[str, ForeignKey]:
        """The first column that declares a link, and its generator."""
        return self._link_columns[entity, link]

    def declares(self, entity: str, link: str) -> bool:
        """Whether a column that declares a link is among those settled."""
        return (entity, link) in self._link_columns

    @cached_property
    def _link_columns(self) -> Mapping[tuple[str, str], tuple[str, ForeignKey]]:
        found: dict[tuple[str, str], tuple[str, ForeignKey]] = {}
        for (entity, column), generator in self.generators.items():
            if isinstance(generator, ForeignKey):
                found.setdefault((entity, generator.via or column), (column, generator))
        return found

    def home(self, entity: str, need: Dependency) -> Key:
        """The column that a column of this entity needs."""
        return need.children or need.entity or self.links[entity].get(need.link, entity), need.column

    def missing_rate(self, key: Key) -> float:
        """The share of nulls that a column asks for; the largest where it follows from another column's value."""
        rates = self.null_rates(key)
        return self._missing_rate(key) if rates is None else max(*rates.rates.values(), rates.otherwise)

    def null_rates(self, key: Key) -> NullRates | None:
        """The shares of nulls that follow from another column's value."""
        own = self.column(key).null_rates
        for column, rates in own.items():
            return NullRates(column, dict(rates), self._missing_rate(key)) if rates else None
        return None

    def _missing_rate(self, key: Key) -> float:
        column, generator = self.column(key), self.generators.get(key)
        if isinstance(generator, ForeignKey) and (generator.via or key[1]) in self.each.get(key[0], ()):
            return 0.0  # which rows have a parent follows from their number
        if isinstance(generator, ForeignKey) and generator.null_rate is not None:
            return generator.null_rate
        if column.null_rate is not None:
            return column.null_rate
        # Its nulls mean something (no payment, so no date of one): others among them would not.
        if generator is not None and generator.decides_nulls:
            return 0.0
        return 0.1 if column.nullable and not column.primary_key else 0.0
