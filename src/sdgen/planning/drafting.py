"""A scenario and a request → a draft: generators chosen, links followed, types found, rows counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from secrets import randbits
from typing import TYPE_CHECKING

from sdgen.errors import Problem, ProblemType, did_you_mean
from sdgen.generators.base import Dependency, Generator
from sdgen.generators.links.links import ForeignKey, Parent
from sdgen.inference.complete import is_whole
from sdgen.planning.choose import Key, choose_generators, column_path, columns_of, counting_link
from sdgen.planning.draft import Draft
from sdgen.planning.rows import RowCounter
from sdgen.planning.sequence_offsets import continue_sequences, fixed_places
from sdgen.planning.windows import with_windows
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.scenario.types import Type, parse_type

if TYPE_CHECKING:
    from sdgen.planning.parent_columns import ParentColumns


def draft_plan(scenario: Scenario, request: PlanRequest) -> Draft:
    """Settle generators, links, types and row counts; whatever can't be settled is a problem of the draft."""
    # The order matters: a polymorphic link needs guesses and brings links of its own, types follow links, and row
    # counts come last since they may follow from columns of parents.
    problems: list[Problem] = []
    scenario = _with_hidden_links(with_windows(_guessed(scenario, request)))
    seed = next(value for value in (request.seed, scenario.seed, randbits(63)) if value is not None)
    generators = choose_generators(scenario, problems)
    links = _links(scenario, generators, problems)
    generators = _resolve(scenario, generators, links, problems)
    scenario = with_distinct(scenario, generators, links)
    settler = TypeResolver(scenario, generators, links, problems)
    settled = {key: settler.settle(key) for key, _, _ in columns_of(scenario)}
    places = fixed_places(scenario, request, settled)
    rows = RowCounter(scenario, request, seed, links, problems, places)
    # The draft holds the counter's own mappings, which are still empty: where rows are counted by a parent's column,
    # `settle_all` compiles that column from this very draft, with the counts that are known by then.
    draft = Draft(
        scenario=scenario,
        request=request,
        seed=seed,
        as_of=request.as_of or _as_of(scenario, problems),
        generators=continue_sequences(generators, request),
        types={key: type for key, type in settled.items() if type is not None},
        links=links,
        counts=rows.counts,
        layouts=rows.layouts,
        problems=problems,
        each=rows.each,
        fixed_places=places,
    )
    rows.settle_all(partial(_parent_columns, draft))
    return draft


def _parent_columns(draft: Draft) -> ParentColumns:
    from sdgen.planning.parent_columns import ParentColumns  # it compiles drafts, as this one

    return ParentColumns(draft)


def _guessed(scenario: Scenario, request: PlanRequest) -> Scenario:
    if all(is_whole(column) for _, _, column in columns_of(scenario)):
        return scenario
    from sdgen.inference.guess import with_guesses  # the rules are many, and most scenarios name all generators

    return with_guesses(scenario, request)


def _with_hidden_links(scenario: Scenario) -> Scenario:
    """The scenario with a hidden link for each entity that a polymorphic link may lead to."""
    found = [key for key, _, column in columns_of(scenario) if _is_polymorphic(column)]
    if not found:
        return scenario
    from sdgen.generators.links.polymorphic import Polymorphic, hidden_link, link_params

    # A first look, whose problems are dropped: the caller makes the same generators once more, and tells of them.
    chosen = choose_generators(scenario, [])
    entities = dict(scenario.entities)
    for entity, name in found:
        generator = chosen.get((entity, name))
        if not isinstance(generator, Polymorphic):
            continue  # its params are wrong, which is told of it
        for kind in generator.to:
            spec = GeneratorSpec(type="fk", params=link_params(generator, kind))
            columns = {**entities[entity].columns, hidden_link(name, kind): Column(generator=spec, hidden=True)}
            entities[entity] = entities[entity].model_copy(update={"columns": columns})
    return scenario.model_copy(update={"entities": entities})


def _is_polymorphic(column: Column) -> bool:
    return column.generator is not None and column.generator.type == "polymorphic"


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant; one without an offset is in UTC. ValueError where it is none."""
    instant = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _as_of(scenario: Scenario, problems: list[Problem]) -> datetime:
    if scenario.as_of:
        try:
            return parse_instant(scenario.as_of)
        except ValueError:
            what = f"{scenario.as_of!r} is not a time"
            hint = "write it like 2026-01-01T00:00:00Z"
            problems.append(scenario.origin.problem(("as_of",), what, hint, ProblemType.VALUE))
    # No generator reads the clock: now is fixed here, for all rows of the plan.
    return datetime.now(UTC).replace(microsecond=0)


def _links(
    scenario: Scenario, generators: Mapping[Key, Generator], problems: list[Problem]
) -> dict[str, dict[str, str]]:
    """Each entity's links (name → parent entity), with those left out that lead nowhere."""
    links: dict[str, dict[str, str]] = {name: {} for name in scenario.entities}
    for key, generator in generators.items():
        if not isinstance(generator, ForeignKey):
            continue
        name = generator.via or key[1]
        problem = _link_problem(scenario, generator, links[key[0]].get(name, generator.entity))
        if problem:
            path = (*column_path(key), "params")
            problems.append(scenario.origin.problem(path, *problem, ProblemType.REFERENCE))
        else:
            links[key[0]][name] = generator.entity
    return links


def _link_problem(scenario: Scenario, link: ForeignKey, settled: str) -> tuple[str, str] | None:
    if link.entity not in scenario.entities:
        return f"the parent entity {link.entity!r} does not exist", did_you_mean(link.entity, scenario.entities)
    columns = scenario.entities[link.entity].columns
    if link.column not in columns:
        return f"{link.entity} has no column {link.column!r}", did_you_mean(link.column, columns)
    if settled != link.entity:
        return (
            f"the link {link.via!r} leads to {settled} already",
            "columns of one link take values of one parent",
        )
    return None


def _resolve(
    scenario: Scenario,
    generators: Mapping[Key, Generator],
    links: Mapping[str, Mapping[str, str]],
    problems: list[Problem],
) -> dict[Key, Generator]:
    """Generators with their references to parents settled; those whose references lead nowhere are left out."""
    resolved: dict[Key, Generator] = {}
    for key, generator in generators.items():
        try:
            resolved[key] = generator.resolved(links[key[0]])
        except ValueError as error:
            problems.append(scenario.origin.problem(column_path(key), str(error), type=ProblemType.REFERENCE))
    # When all are resolved, since they may read one another in any order.
    return {key: _with_sources(key, resolved, links) for key in resolved}


def _with_sources(key: Key, generators: Mapping[Key, Generator], links: Mapping[str, Mapping[str, str]]) -> Generator:
    """A generator that knows the generators of the columns it needs, where it reads more off them than their values."""
    generator = generators[key]
    if not generator.reads_sources:
        return generator
    homes = {need: (links[key[0]].get(need.link, key[0]), need.column) for need in generator.needs()}
    return generator.with_sources({need: generators[home] for need, home in homes.items() if home in generators})


def with_distinct(
    scenario: Scenario, generators: Mapping[Key, Generator], links: Mapping[str, Mapping[str, str]]
) -> Scenario:
    """The scenario with a unique column or set for each distinct link."""
    found = [key for key, generator in generators.items() if isinstance(generator, ForeignKey) and generator.distinct]
    if not found:
        return scenario
    entities = dict(scenario.entities)
    for name, column in found:
        counted_by = counting_link(entities[name].rows, links[name])
        filled = [
            key[1]
            for key, link in generators.items()
            if key[0] == name and isinstance(link, ForeignKey) and (link.via or key[1]) == counted_by
        ]
        entities[name] = _kept(entities[name], column, filled)
    return scenario.model_copy(update={"entities": entities})


def _kept(entity: Entity, column: str, counted_by: Sequence[str]) -> Entity:
    """counted_by: the columns of the link that rows are counted by."""
    if counted_by and column not in counted_by:
        together = (*counted_by, column)
        primary = {name for name, each in entity.columns.items() if each.primary_key}
        if any(set(together) == set(known) for known in (primary, *entity.unique)):
            return entity
        return entity.model_copy(update={"unique": (*entity.unique, together)})
    unique = entity.columns[column].model_copy(update={"unique": True})
    return entity.model_copy(update={"columns": {**entity.columns, column: unique}})


class TypeResolver:
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
            # It stands for the type meanwhile, so that columns which need one another come to an end.
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
            return self.of_need(key[0], Dependency(generator.column, generator.via or key[1]))
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

    def of_need(self, entity: str, need: Dependency) -> Type | None:
        """The type of a column that another one depends on."""
        where = need.children or need.entity or (self._links[entity].get(need.link, "") if need.link else entity)
        known = where in self._scenario.entities and need.column in self._scenario.entities[where].columns
        return self.settle((where, need.column)) if known else None
