"""Guesses: a scenario whose columns all have generators, those that name none being given what a rule finds.

The scenario's own rules come first and are taken at their word. Of the built-in ones that hold, the first whose
generator can fill the column (its type, length, and distinct values where it is unique) is taken.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, reduce
from math import prod

from sdgen.inference.child_totals import with_child_totals
from sdgen.inference.complete import Inside, completed, is_whole
from sdgen.inference.first_fitting import guess_of, guess_of_part
from sdgen.inference.fit import ColumnNeeds, needed_columns, with_distinct_elements
from sdgen.inference.names import entity_name, forms, shared_prefix, snake, spelled_out
from sdgen.inference.neighbours import ALONE, Beside, Neighbours
from sdgen.inference.order_in_time import with_order
from sdgen.inference.parent_params import with_parent_params
from sdgen.inference.parts import Surroundings, with_conditions, with_copies
from sdgen.inference.row_classes import RowClasses
from sdgen.inference.rule_files import abbreviations, lone_words, words_apart
from sdgen.inference.rules import ColumnTraits, Guess, guesses
from sdgen.inference.table_moments import NameForms
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.scenario.types import TIMES, Type, known_type

_TEXTS = frozenset({"text", "string"})
_WRITERS = frozenset({"as_text", "datetime", "date", "time", "after", "time_series", "template", "expression"})
_STATE = re.compile(r"(?:status|state)\Z", re.IGNORECASE)  # texts that say whether a moment came
_FORMAT = "'format': '%"
_READABLE = re.compile(r"'format': '%Y-%m-%d(?:[T ]%H:%M:%S(?:\.(?:%f|%_ms))?(?:Z|%z|\+00:00)?)?'")


def with_guesses(scenario: Scenario, request: PlanRequest | None = None) -> Scenario:
    """The scenario with a generator for each column that a rule finds one for; the others are as they were."""
    rows = RowClasses(scenario, request or PlanRequest())
    tables = {name: _Table(scenario, name, entity, rows) for name, entity in scenario.entities.items()}
    entities = {name: _guessed(table) for name, table in tables.items()}
    if all(entities[name] is entity for name, entity in scenario.entities.items()):
        return scenario
    forms = {name: NameForms(table.forms, table.names) for name, table in tables.items()}
    guessed = scenario.model_copy(update={"entities": entities})

    def own(entity: str, column: str) -> bool:
        return tables[entity].has_own_rule(column)

    copied = with_copies(scenario, with_order(scenario, guessed, forms, own), own)
    followed = with_child_totals(scenario, with_parent_params(scenario, copied, own), own)
    return with_conditions(scenario, followed, own)


def _guessed(table: _Table) -> Entity:
    entity = table.entity
    if all(is_whole(column) for column in entity.columns.values()):
        return entity
    # A reader plans what it drafts again and again, and few tables change between.
    key = table.identity
    found = _known.get(key) if key is not None else None
    if found is None:
        found = _guesses(table)
        if key is not None:
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[key] = found
    return entity.model_copy(update={"columns": {name: table.filled(name, found[name]) for name in entity.columns}})


_MOST_KNOWN = 4096  # tables
_known: dict[Hashable, Mapping[str, Guess | None]] = {}


def _guesses(table: _Table) -> Mapping[str, Guess | None]:
    """A guess for each column that one is found for."""
    found = {name: table.guess(name) for name in table.entity.columns}
    columns = {name: table.filled(name, guess) for name, guess in found.items()}
    for _ in found:
        cycle = _cycle(columns)
        guessed = [name for name in cycle if found[name] is not None]
        if not guessed:
            break
        # One guess of the cycle is made again without it, until there is none. The cycle is a set, whose order differs
        # from process to process: the last name is always the same one.
        last = max(guessed)
        found[last] = table.guess(last, cycle)
        columns[last] = table.filled(last, found[last])
    return found


def _cycle(columns: Mapping[str, Column]) -> frozenset[str]:
    """Columns that take one another's values in cycles, and those between; none where there is no such."""
    specs = {name: column.generator for name, column in columns.items()}
    needs = {name: needed_columns(spec) for name, spec in specs.items() if spec is not None}
    left = frozenset(needs)
    while True:
        needed = frozenset().union(*(needs[name] for name in left))
        kept = frozenset(name for name in left if name in needed and needs[name] & left)
        if kept == left:
            return left
        left = kept


@dataclass(frozen=True)
class _Table:
    """One entity, and what all its columns' guesses need to know of it."""

    scenario: Scenario
    name: str
    entity: Entity
    rows: RowClasses

    def guess(self, name: str, without: Collection[str] = ()) -> Guess | None:
        """A guess for a column without a whole generator; one that takes none of the columns `without`."""
        column = self.entity.columns[name]
        if column.generator is not None:
            return None if is_whole(column) else self._completed(name, column, column.generator, without)
        traits, needs = self._traits(name, column, self.types[name], without), self._needs(name, column)
        if self.scenario.rules:
            return guess_of(self.scenario, traits, needs)
        # A table of which a reader changed one column leaves the others' guesses as they were.
        known, beside = self.known[traits.beside.neighbours is self.plain[True]], frozenset(traits.beside.without)
        key = (replace(traits, beside=ALONE), beside, needs.rows, needs.need, needs.domain)
        if key not in known:
            known[key] = guess_of(self.scenario, traits, needs)
        return known[key]

    @cached_property
    def known(self) -> dict[bool, dict[Hashable, Guess | None]]:
        """The guesses made for columns beside such others: of moments (True), and of what else there is."""
        types = tuple(self.types.items())
        return {
            moment: _guesses_beside(self.scenario.locale, tuple(plain.forms.items()), types)
            for moment, plain in self.plain.items()
        }

    @property
    def identity(self) -> Hashable | None:
        """All that the table's guesses depend on; None where rules of the scenario's own may say anything."""
        if self.scenario.rules:
            return None
        columns = self.entity.columns.items()
        parents = {_parent(column.generator) for _, column in columns if column.generator is not None}
        return (
            (self.scenario.locale, self.name, self.rows.of(self.name), self.entity.unique),
            tuple((name, self.rows.of(name)) for name in sorted(parents)),
            tuple(
                (name, each.type, each.description, each.primary_key, each.unique, bool(each.nullable), self._own(name))
                for name, each in columns
            ),
        )

    def _own(self, name: str) -> Hashable:
        """What guesses for others depend on of a column's own generator."""
        column, type = self.entity.columns[name], self.types[name]
        spec = column.generator
        if spec is None or spec.type == "fk" or type is None or type.kind in _TEXTS or not is_whole(column):
            return _told(column)
        # Its values can be read, whatever they are; and it may take others' values itself.
        return True, tuple(self._taken_by(name))

    def _taken_by(self, name: str) -> list[str]:
        """The columns that a column's own generator may take."""
        return [other for other in self.entity.columns if other in self.params.get(name, "")]

    def filled(self, name: str, guess: Guess | None) -> Column:
        """The column with the generator that was guessed, if one was."""
        column = self.entity.columns[name]
        if guess is None:
            return column
        update: dict[str, object] = {"generator": guess.generator}
        if column.nullable and column.null_rate is None and not column.primary_key:
            # A column with nulls can't take part in a unique set's permutation.
            rate = 0.0 if any(name in one for one in self.entity.unique) else guess.null_rate
            update |= {} if rate is None else {"null_rate": rate}
        return column.model_copy(update=update)

    def has_own_rule(self, name: str) -> bool:
        """Whether a rule of the scenario's own holds for a column."""
        if not self.scenario.rules:
            return False
        traits = self._traits(name, self.entity.columns[name], self.types[name], ())
        return next(guesses(self.scenario.rules, traits), None) is not None

    def _completed(self, name: str, column: Column, spec: GeneratorSpec, without: Collection[str]) -> Guess | None:
        """The generator with guesses for what it leaves out; a text's value may follow other columns."""
        rates: list[float | None] = []

        def guess(part: str, type: Type, kind: str, inside: Inside) -> Mapping[str, object] | None:
            traits = self._traits(name, column, type, without)
            if kind != "as_text" or spec.type != "as_text":
                around = reduce(lambda outer, struct: outer.into(*struct), inside, Surroundings(traits.entity))
                return guess_of_part(self.scenario, around, part, type, kind)
            found = guess_of(self.scenario, traits, replace(self._needs(name, column), type=type))
            if found is None:
                return None
            rates.append(found.null_rate)
            return {"generator": found.generator.type, "params": dict(found.generator.params), "type": str(type)}

        whole = completed(spec, self.types[name], name, guess)
        if whole is spec:
            return None
        return Guess(with_distinct_elements(whole, self.types[name]), rates[0] if rates else None)

    @cached_property
    def types(self) -> dict[str, Type | None]:
        return {name: known_type(column.type) for name, column in self.entity.columns.items()}

    @cached_property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The forms of each column's name that rules try."""
        return _name_forms(self.forms[0], tuple(self.entity.columns))

    @cached_property
    def forms(self) -> tuple[str, ...]:
        name = entity_name(self.name, abbreviations())
        return tuple(dict.fromkeys((name, snake(self.name), words_apart(name))))

    @cached_property
    def primary_key(self) -> tuple[str, ...]:
        return tuple(name for name, column in self.entity.columns.items() if column.primary_key)

    def _traits(self, name: str, column: Column, type: Type | None, without: Collection[str]) -> ColumnTraits:
        alone = self.primary_key == (name,)
        moment = type is not None and type.kind in TIMES
        beside = Beside(self.plain[moment], {name, *without, *self._leaning_on(name)})
        return ColumnTraits(
            raw=name,
            names=self.names[name],
            entity=self.forms,
            type=type,
            description=column.description,
            unique=alone or self._unique(name, column),
            primary_key=alone,
            nullable=column.nullable,
            in_unique_set=bool(self._sets(name)),
            beside=beside,
        )

    def _leaning_on(self, name: str) -> list[str]:
        """The columns whose own generators may take this column, so that taking one of them makes a cycle."""
        return [other for other, params in self.params.items() if name in params]

    @cached_property
    def plain(self) -> dict[bool, Neighbours]:
        """The columns that can be read: by any column, and by one of moments (True)."""
        return {
            moment: Neighbours({other: names for other, names in self.names.items() if self._plain(other, moment)})
            for moment in (False, True)
        }

    def _plain(self, other: str, moment: bool) -> bool:
        """Whether another column's values can be read: a text is no moment unless its own generator writes one so."""
        type, spec = self.types[other], self.entity.columns[other].generator
        if type is None or type.kind not in _TEXTS:
            return True
        if moment and _STATE.search(other) and (spec is None or spec.type in ("choice", "as_text")):
            return True
        if spec is None:
            return not moment
        params = self.params[other]
        told = spec.type in _WRITERS or not moment
        return told and (_FORMAT not in params or _READABLE.search(params) is not None)

    @cached_property
    def params(self) -> dict[str, str]:
        """The params of the columns' own generators, as text."""
        return {name: _told(column)[1] for name, column in self.entity.columns.items() if column.generator is not None}

    def _unique(self, name: str, column: Column) -> bool:
        return column.unique or self.primary_key == (name,) or (name,) in self.entity.unique

    def _needs(self, name: str, column: Column) -> ColumnNeeds:
        rows = self.rows.of(self.name)
        return ColumnNeeds(
            type=self.types[name],
            rows=rows,
            need=rows if self._unique(name, column) else 0,
            domain=self._share(name, rows),
            locale=self.scenario.locale,
            types=self.types,
        )

    def _share(self, name: str, rows: int) -> int:
        """How many values a column needs in the unique sets it is in: what the links in a set leave to the others."""
        return max((self._left(name, one, rows) for one in self._sets(name)), default=0)

    def _sets(self, name: str) -> list[tuple[str, ...]]:
        """The sets of several columns that hold no values twice together, of those that the column is in."""
        return [one for one in (*self.entity.unique, self.primary_key) if len(one) > 1 and name in one]

    def _left(self, name: str, columns: tuple[str, ...], rows: int) -> int:
        links = [self.entity.columns[one].generator for one in columns if one in self.entity.columns]
        parents = {(link.params.get("via") or str(link.params), _parent(link)) for link in links if link is not None}
        held = prod(self.rows.of(parent) for _, parent in parents if parent)
        days = [one for one in columns if one != name and self._is_moment(one)]
        others = sum(link is None for link in links) - len(days)
        left = max(-(-2 * rows // max(held * int(_DAYS ** len(days)), 1)), 2)
        # Columns that are no links share what the links and the moments leave to them.
        return left if others <= 1 else max(2, round(left ** (1 / others)) + 1)

    def _is_moment(self, name: str) -> bool:
        column, type = self.entity.columns.get(name), self.types.get(name)
        return column is not None and column.generator is None and type is not None and type.kind in TIMES


@lru_cache(maxsize=4096)
def _guesses_beside(
    locale: str, plain: tuple[tuple[str, tuple[str, ...]], ...], types: tuple[tuple[str, Type | None], ...]
) -> dict[Hashable, Guess | None]:
    """Where guesses for columns are kept that depend on the same others."""
    return {}


def _told(column: Column) -> tuple[str, str]:
    """A column's own generator, and its params as text, without those that only say how often which value comes."""
    spec = column.generator
    if spec is None:
        return "", ""
    if spec.type != "fk":
        return spec.type, str(spec.params)
    return spec.type, str({key: value for key, value in spec.params.items() if key not in _HOW_OFTEN})


@lru_cache(maxsize=4096)
def _name_forms(entity: str, columns: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The forms of the names of an entity's columns that rules try."""
    spelled = {name: spelled_out(name, abbreviations()) for name in columns}
    prefix = shared_prefix(spelled.values())
    found = {name: forms(spelled[name], entity, prefix) for name in spelled}
    return {
        name: tuple(dict.fromkeys((*each, *map(words_apart, each), *_with_entity(entity, each))))
        for name, each in found.items()
    }


def _with_entity(entity: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """A column's name behind its entity's, where it says nothing without: the type of an engine."""
    return tuple(f"{entity}_{name}" for name in names if name in lone_words())


_DAYS = 365  # the values that a column of moments has at least, as a rule
_HOW_OFTEN = frozenset({"distribution", "exponent", "weights"})


def _parent(link: GeneratorSpec) -> str:
    return str(link.params.get("entity", "")) if link.type == "fk" else ""
