"""The type of every column: as declared, as its generator makes it, or as its parent has it."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.errors import Problem, ProblemType
from sdgen.generators.base import Generator, Need
from sdgen.generators.links import ForeignKey, Parent
from sdgen.plan.choose import Key, column_path
from sdgen.scenario.model import Scenario
from sdgen.scenario.types import Type, parse_type


class TypeSettler:
    """Settles columns' types on demand, following links and expressions; remembers them."""

    def __init__(
        self,
        scenario: Scenario,
        generators: Mapping[Key, Generator],
        links: Mapping[str, Mapping[str, str]],
        problems: list[Problem],
    ) -> None:
        self._scenario = scenario
        self._generators = generators
        self._links = links
        self._problems = problems
        self._settled: dict[Key, Type | None] = {}

    def settle(self, key: Key) -> Type | None:
        """The column's type; None where it can't be known, which is told once (a cycle is told by the order)."""
        if key not in self._settled:
            self._settled[key] = None
            self._settled[key] = self._declared(key) or self._made(key)
        return self._settled[key]

    def _declared(self, key: Key) -> Type | None:
        text = self._scenario.entities[key[0]].columns[key[1]].type
        if not text:
            return None
        try:
            return parse_type(text)
        except ValueError as error:
            what, _, hint = str(error).partition("; ")
            path = (*column_path(key), "type")
            self._problems.append(self._scenario.origin.problem(path, what, hint, ProblemType.TYPE))
            return None

    def _made(self, key: Key) -> Type | None:
        generator = self._generators.get(key)
        if generator is None or self._scenario.entities[key[0]].columns[key[1]].type:
            return None
        if isinstance(generator, ForeignKey):
            return self.of_need(key[0], Need(generator.column, generator.via or key[1]))
        if isinstance(generator, Parent):
            return self.of_need(key[0], generator.needs()[0])
        try:
            return generator.natural_for({need: self.of_need(key[0], need) for need in generator.needs()})
        except LookupError:  # what is missing is told where it is missing
            return None
        except ValueError as error:
            what, hint = str(error), "give the column a type"
            self._problems.append(self._scenario.origin.problem(column_path(key), what, hint, ProblemType.TYPE))
            return None

    def of_need(self, entity: str, need: Need) -> Type | None:
        """The type of a column that another one depends on."""
        where = need.children or (self._links[entity].get(need.link, "") if need.link else entity)
        known = where in self._scenario.entities and need.column in self._scenario.entities[where].columns
        return self.settle((where, need.column)) if known else None
