"""Whether a generator can fill a column: its type, its length, and as many distinct values as it must have."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from sdgen.generators import registry
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.arrays.decimals import exact, room
from sdgen.generators.base import Dependency, Generator
from sdgen.generators.business.companies import CompanyGenerator
from sdgen.generators.choices.choices import Choice, ListedValues
from sdgen.generators.column_batch import ColumnBatch, ColumnContext, Rows
from sdgen.generators.keys import Sequence
from sdgen.generators.moments.after import After
from sdgen.generators.patterns.patterns import Pattern
from sdgen.generators.people import people, persons
from sdgen.generators.streams import Numbers
from sdgen.generators.text.prose import Prose
from sdgen.generators.text.sentences import english
from sdgen.generators.text_generator import PLAIN_TEXTS
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import FLOATS, INTEGERS, MOMENTS, TIMES, Type

T = TypeVar("T")

# Fixed, so that a guess does not depend on the day on which it is made.
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLE, MANY = 256, 2048
# The share of texts longer than the column that a guess may have, where not 0.02: nobody sees a user name was cut,
# and a city's name may be, where it must fit its state and country.
_MAY_BE_CUT = {"person.username": 0.6, "address.city": 0.12, "address.country": 0.0}
_PARAMS = json.JSONEncoder(sort_keys=True, default=str)
_WRITTEN = INTEGERS | FLOATS | TIMES | {"decimal", "bool", "uuid"}
_IN_ENGLISH = "prose."  # presets that are nothing for other languages
_LONG_ENOUGH = 400  # no text but prose is longer


@dataclass(frozen=True)
class ColumnNeeds:
    """What a column asks of its generator.

    need: how many distinct values it must have by itself, 0 for any. domain: how large a finite domain it must have
    to take part in a unique set of columns, 0 where it is in none. rows: how many rows there may be. types: of the
    columns beside it.
    """

    type: Type | None
    rows: int = 1
    need: int = 0
    domain: int = 0
    locale: str = "en"
    types: Mapping[str, Type | None] = field(default_factory=dict)

    def facts(self, made: Generator) -> ColumnContext | None:
        type = self.type
        if type is None:
            try:
                type = made.natural_for({})
            except (LookupError, ValueError):
                return None
        return ColumnContext(
            0, "entity", "column", type, max(self.need, self.rows), NOW, self.locale, unique=self.need > 0
        )


def fitting(spec: GeneratorSpec, needs: ColumnNeeds) -> GeneratorSpec | None:
    """The generator as it can fill the column, numbers in a text column being written out; None where it can't."""
    made = cached_generator(spec)
    if made is None or (spec.type.startswith(_IN_ENGLISH) and not english(needs.locale)):
        return None
    if made.needs():
        return _fitted(spec, made, needs)
    # Without other columns it fits any column of such a type alike.
    alone = (needs.type, needs.rows, needs.need, needs.domain, needs.locale)
    match _outcome(spec.type, _written(spec), alone, _ByKey(lambda: _change(spec, made, needs))):
        case "kept":
            return spec
        case "changed":
            return _fitted(spec, made, needs)
    return None


@lru_cache(maxsize=32_768)
def _outcome(name: str, params: str, alone: tuple[object, ...], change: Callable[[], str]) -> str:
    return change()


def _change(spec: GeneratorSpec, made: Generator, needs: ColumnNeeds) -> str:
    """Whether a generator fills the column as it is ("kept"), otherwise ("changed"), or not at all ("")."""
    fitted = _fitted(spec, made, needs)
    return "" if fitted is None else "kept" if fitted is spec else "changed"


def _fitted(spec: GeneratorSpec, made: Generator, needs: ColumnNeeds) -> GeneratorSpec | None:
    if needs.type is not None and needs.type.kind in FLOATS:
        spec = _rounded(spec, made)
        made = cached_generator(spec) or made
    if needs.type is not None and needs.type.kind not in made.fits:
        written = _as_text(spec, made) if needs.type.kind in PLAIN_TEXTS else None
        return fitting(written, needs) if written is not None else None
    facts = needs.facts(made)
    if facts is None:
        return spec if not (needs.need or needs.domain) else None
    if isinstance(made, Choice) and not needs.need:
        spec = _shortened(spec, facts.type.length)
        made = cached_generator(spec) or made
    needs_met = _needs_met(made, needs.types) and not _of_no_day(made, needs)
    fits = needs_met and not list(made.faults(facts)) and _distinct_enough(made, facts, needs) and _short(made, facts)
    return spec if fits else None


def with_distinct_elements(spec: GeneratorSpec, type: Type | None) -> GeneratorSpec:
    """An array's generator, its elements distinct in each row where they come from a list that is long enough."""
    items = spec.params.get("items")
    if spec.type != "array" or "unique" in spec.params or not isinstance(items, Mapping):
        return spec
    made = cached_generator(GeneratorSpec.model_construct(type=items["generator"], params=items.get("params", {})))
    if not isinstance(made, Choice):
        return spec
    distinct = GeneratorSpec.model_construct(type="array", params={**spec.params, "unique": True})
    return fitting(distinct, ColumnNeeds(type)) or spec


def _rounded(spec: GeneratorSpec, made: Generator) -> GeneratorSpec:
    """With two decimal places, where the generator leaves them open and the column is of floats."""
    open_ones = [name for name in ("precision", "scale") if name in type(made).model_fields and name not in spec.params]
    if not open_ones or made.natural().kind != "double":
        return spec
    return GeneratorSpec.model_construct(type=spec.type, params={**spec.params, open_ones[0]: 2})


def _shortened(spec: GeneratorSpec, limit: int) -> GeneratorSpec:
    """A choice without the texts that are too long for the column, where at least three, and half of them, are left."""
    values, weights = spec.params.get("values"), spec.params.get("weights")
    if not limit or not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        return spec
    left = [at for at, each in enumerate(values) if len(each) <= limit]
    if len(left) == len(values) or len(left) < max(3, len(values) / 2):
        return spec
    params = {**spec.params, "values": [values[at] for at in left]}
    if isinstance(weights, list):
        params["weights"] = [weights[at] for at in left]
    return GeneratorSpec.model_construct(type=spec.type, params=params)


def needs_others(spec: GeneratorSpec) -> bool:
    """Whether a generator takes other columns of the row."""
    made = cached_generator(spec)
    return made is not None and bool(made.needs())


def needed_columns(spec: GeneratorSpec) -> frozenset[str]:
    """The other columns of the row that a generator takes; none where it can't be made."""
    made = cached_generator(spec)
    return frozenset(need.column for need in made.needs() if not need.link) if made is not None else frozenset()


def column_needs(spec: GeneratorSpec) -> tuple[Dependency, ...]:
    """All that a generator takes, of its row or not; none where it can't be made."""
    made = cached_generator(spec)
    return made.needs() if made is not None else ()


def cached_generator(spec: GeneratorSpec) -> Generator | None:
    """The generator, made once for all columns that may take it."""
    return _make(spec.type, _written(spec))


def _written(spec: GeneratorSpec) -> str:
    return _PARAMS.encode(spec.params)


@lru_cache(maxsize=16_384)
def _make(name: str, params: str) -> Generator | None:
    try:
        return registry.make(name, json.loads(params))
    except (KeyError, ValidationError):
        return None


def _as_text(spec: GeneratorSpec, made: Generator) -> GeneratorSpec | None:
    try:
        kind = made.natural().kind
    except (LookupError, NotImplementedError):
        return None
    if kind not in _WRITTEN or made.needs():
        return None
    value = {"generator": spec.type, "params": dict(spec.params)}
    return GeneratorSpec.model_construct(type="as_text", params={"value": value})


def _needs_met(made: Generator, types: Mapping[str, Type | None]) -> bool:
    needs = made.needs()
    if any(need.link or types.get(need.column) is None for need in needs):
        return False
    return not needs or not list(made.check_types({need: types[need.column] for need in needs}))


def _of_no_day(made: Generator, needs: ColumnNeeds) -> bool:
    """Whether a moment is to follow a time of day, which is of no day."""
    moments = needs.type is not None and needs.type.kind in MOMENTS
    others = (needs.types.get(need.column) for need in made.needs()) if isinstance(made, After) and moments else ()
    return any(other is not None and other.kind == "time" for other in others)


_SEVERAL = 2  # as many rows again as there are may be added by later runs


def _distinct_enough(made: Generator, facts: ColumnContext, needs: ColumnNeeds) -> bool:
    if not _roomy(made, facts):
        return False
    if isinstance(made, Sequence) and not _counts_on(made, facts):
        return False
    if needs.need and (made.capacity(facts) or 0) < needs.need:
        return False
    if needs.domain and not made.all_distinct():
        domain = made.domain(replace(facts, unique=False))
        if domain is not None:
            return domain.size >= needs.domain
        # Without a domain to share with the set's other columns it is drawn as if it were unique by itself.
        return (made.capacity(replace(facts, unique=True)) or 0) >= _SEVERAL * needs.rows
    return True


def _roomy(made: Generator, facts: ColumnContext) -> bool:
    """Whether a column of numbers holds the generator's least and greatest, where it says them, and a sample."""
    limits = room(facts.type)
    if limits is None or made.needs():
        return True
    bounds = [value for name in ("min", "max") if isinstance(value := getattr(made, name, None), int | float | Decimal)]
    return all(limits[0] <= exact(value) <= limits[1] for value in bounds) and _holds(
        _key(made), facts.type, _ByKey(lambda: made)
    )


@lru_cache(maxsize=16_384)
def _holds(key: str, type: Type, make: Callable[[], Generator]) -> bool:
    try:
        cast_array(make().values(first_cells(ColumnContext(0, "entity", "column", type, 1, NOW))), type, type.arrow)
    except ValueError:
        return False
    return True


def _counts_on(made: Sequence, facts: ColumnContext) -> bool:
    """Whether a column holds as many numbers of a sequence as there are rows."""
    limits = room(facts.type)
    return limits is None or limits[0] <= made.start + facts.rows * made.step <= limits[1]


def _short(made: Generator, facts: ColumnContext) -> bool:
    """Whether its texts fit the column: all of them in a unique column, nearly all in another."""
    limit = facts.type.length
    if not limit or (limit >= _LONG_ENOUGH and not made.needs()) or isinstance(made, Prose):
        return not (limit and facts.unique and isinstance(made, Prose))
    # What follows from other columns can't be sampled by itself.
    if made.needs():
        return not facts.unique
    if isinstance(made, Pattern) and not facts.unique:
        return True  # a longer one is a fault of its own
    if not facts.unique and not isinstance(made, Choice):
        lengths = _lengths(made, facts.locale)
        return float(np.mean(lengths > limit)) <= _MAY_BE_CUT.get(made.called, 0.02)
    return _longest(made, facts) <= limit


@lru_cache(maxsize=4096)
def _sampled(key: str, locale: str, make: Callable[[], Generator]) -> Numbers:
    made = make()
    type = Type("text")
    facts = ColumnContext(0, "entity", "column", type, SAMPLE, NOW, locale)
    values = cast_array(made.values(first_cells(facts)), type, pa.string())
    return np.asarray(pc.utf8_length(values).fill_null(0)).astype(np.int64)


def _lengths(made: Generator, locale: str) -> Numbers:
    """The lengths of a sample of its texts."""
    return _sampled(_key(made), locale, _ByKey(lambda: made))


def _key(made: Generator) -> str:
    # `who` tells several people of a row apart; what is asked of a sample doesn't depend on it.
    params = made.model_dump(mode="json", by_alias=True, exclude={"who"})
    return made.called + json.dumps(params, sort_keys=True, default=str)


class _ByKey(Generic[T]):
    """What is to be computed, equal to any other, so that a cache goes by the key beside it."""

    def __init__(self, compute: Callable[[], T]) -> None:
        self.compute = compute

    def __call__(self) -> T:
        return self.compute()

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByKey)


def _longest(made: Generator, facts: ColumnContext) -> int:
    """The length that no text of it exceeds."""
    if isinstance(made, people.PersonGenerator):
        return persons.longest_text(made.called, facts.locale, facts.rows)
    domain = made.domain(replace(facts, unique=False))
    if domain is not None:
        return _longest_of(domain, partial(_lengths, made, facts.locale))
    lengths = _lengths(made, facts.locale)
    # A sample need not hold the longest text: there is some room for that, unless its texts are all about as long.
    spread = int(lengths.max() - lengths.min())
    return int(lengths.max()) + (0 if spread <= 1 else 24 if isinstance(made, CompanyGenerator) else 12)


def _longest_of(domain: Any, lengths: Callable[[], Numbers]) -> int:
    """The longest text of a domain, by what it is made of."""
    if hasattr(domain, "longest"):
        return int(domain.longest)
    if hasattr(domain, "parts"):
        return sum(int(pc.max(pc.utf8_length(part)).as_py()) for part in domain.parts)
    if isinstance(domain, ListedValues):
        return int(pc.max(pc.utf8_length(domain.pool.values.cast(pa.string()))).as_py())
    if hasattr(domain, "alphabets"):
        return len(domain.alphabets)
    ends = cast_array(domain.decode(np.array([0, domain.size - 1], dtype=np.int64)), Type("text"), pa.string())
    return max(int(lengths().max()), int(pc.max(pc.utf8_length(ends)).as_py()))


class _Rows:
    """The first rows of an entity without other columns."""

    entity = "entity"
    missing = None

    def __init__(self, count: int) -> None:
        self.numbers = np.arange(count, dtype=np.int64)

    def shared(self, name: str, compute: Callable[[], T]) -> T:
        return compute()


def first_cells(facts: ColumnContext, count: int = SAMPLE) -> ColumnBatch:
    """A batch of so many rows; only generators that need no other column are asked for them."""
    return ColumnBatch(cast(Rows, _Rows(count)), facts)
