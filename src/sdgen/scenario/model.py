"""What is wanted: a scenario and its parts, as frozen records in one canonical spelling.

Readers make these; everything after them reads nothing else. The records say what a scenario may hold, not whether
it can be generated: that is the plan's question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr
from pydantic_core import PydanticKnownError

from sdgen.errors import Problem, did_you_mean
from sdgen.scenario.dirt import Dirt
from sdgen.scenario.output import Output, several
from sdgen.scenario.problems import Origin


class Record(BaseModel):
    """A frozen record that knows its keys."""

    # Validators are built when a record is first read, so that commands which read none don't wait for them.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Mode(StrEnum):
    """What happens to a table that is there already."""

    CREATE_IF_MISSING = "create_if_missing"
    TRUNCATE_THEN_INSERT = "truncate_then_insert"
    APPEND_ONLY = "append_only"


SHORT_MODES = {
    "create": Mode.CREATE_IF_MISSING,
    "truncate": Mode.TRUNCATE_THEN_INSERT,
    "append": Mode.APPEND_ONLY,
}


def _mode(value: object) -> object:
    if isinstance(value, str) and value not in [*SHORT_MODES, *Mode]:
        known = [mode.value for mode in Mode]
        raise ValueError(f"no mode is called {value!r}; " + did_you_mean(value, known, "known: " + ", ".join(known)))
    return SHORT_MODES.get(value, value) if isinstance(value, str) else value


ModeName = Annotated[Mode, BeforeValidator(_mode)]  # in its long or its short form


class GeneratorSpec(Record):
    """A generator by name, with its params: not yet looked up or checked."""

    type: str = Field(min_length=1, description="a registered generator, or a preset of the scenario")
    params: Mapping[str, Any] = Field(default_factory=dict, description="the generator's params")


def case_names(value: object) -> object:
    """A mapping by a column's values, these as the texts they are compared as; what is none stays as it is."""
    if not isinstance(value, Mapping):
        return value
    # Python writes True for what a column holds as true.
    return {str(name).lower() if isinstance(name, bool) else str(name): each for name, each in value.items()}


def _rates(value: object) -> object:
    return {name: case_names(rates) for name, rates in value.items()} if isinstance(value, Mapping) else value


Share = Annotated[float, Field(ge=0, le=1)]


class Column(Record):
    """One column of an entity."""

    type: str = Field("", description="the column's type; left out where the generator brings one")
    generator: GeneratorSpec | None = Field(None, description="left out where a rule finds one")
    description: str = ""
    primary_key: bool = Field(False, description="part of the entity's primary key")
    unique: bool = Field(False, description="no value twice")
    nullable: bool | None = Field(
        None, description="may be null; true gives 10 % nulls unless null_rate says otherwise"
    )
    null_rate: float | None = Field(None, ge=0, le=1, description="the share of nulls, 0 to 1")
    null_rates: Annotated[Mapping[str, Mapping[str, Share]], BeforeValidator(_rates)] = Field(
        default_factory=dict,
        description="the share of nulls by another column's value: {kind: {card: 0, iban: 1}}; elsewhere null_rate",
        max_length=1,
    )
    hidden: bool = Field(False, description="computed for other columns, never written")
    correlate: Mapping[str, Annotated[float, Field(ge=-1, le=1)]] = Field(
        default_factory=dict,
        description="rank correlations with other columns of the row, or of a parent as `parent.column`, from -1 to 1",
    )
    optional: bool = Field(False, description="JSON files leave it out of the rows in which it is null")
    identity: bool = Field(
        False,
        description="databases number further rows: tables that are made declare it as IDENTITY or AUTO_INCREMENT, "
        "and go on after the last value",
    )
    target: Mapping[str, str] = Field(
        default_factory=dict,
        description="the column's exact type in a database's own words, by dialect, where `type` can't tell it",
    )


def _count(value: object) -> object:
    """A whole number of zero or more, also as a text; any other text names a column."""
    if isinstance(value, str):
        if not value.strip():
            # Pydantic's own errors, so that a mistake is told in the same words whichever field it is in.
            raise PydanticKnownError("int_parsing")
        if not value.strip().lstrip("+-").isdecimal():
            return value
        value = int(value)
    if isinstance(value, float):
        if not value.is_integer():
            raise PydanticKnownError("int_from_float")
        value = int(value)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise PydanticKnownError("int_type")
    if value is not None and value < 0:
        raise PydanticKnownError("greater_than_equal", {"ge": 0})
    return value


CountLawName = Literal["poisson", "negative_binomial", "geometric", "zipf", "lognormal"]


class RowCount(Record):
    """How many rows an entity has: a count, or so many for each row of a parent."""

    count: Annotated[int | str | None, BeforeValidator(_count)] = Field(
        None,
        description="rows in all, fixed rows among them; with per: rows for each parent, a number or the name of a "
        "whole-number column of the parent",
    )
    per: str = Field("", description="a parent entity: rows are counted for each of its rows")
    via: str = Field("", description="the foreign key column that leads to `per`, where there are several")
    min: int | None = Field(None, ge=0, description="with per: the fewest rows a parent has")
    max: int | None = Field(None, ge=0, description="with per: the most rows a parent has")
    mean: float | None = Field(
        None, gt=0, description="with per: numbers of rows drawn by a law with this mean; min and max cut it off"
    )
    law: CountLawName | None = Field(
        None, description="the law that numbers of rows are drawn by, poisson where left out; all but zipf need a mean"
    )
    dispersion: float | None = Field(
        None, gt=1, le=1000, description="negative_binomial: the variance as a multiple of the mean; else geometric's"
    )
    sigma: float | None = Field(
        None, gt=0, le=4, description="lognormal: the standard deviation of the logarithm; 1 where left out"
    )
    exponent: float | None = Field(
        None, gt=0, le=10, description="zipf: the larger, the more parents have few rows; 1 where left out"
    )
    weight: str = Field(
        "", description="with mean: a column of the parent, a number by which the mean is multiplied for its rows"
    )
    total: int | None = Field(
        None,
        ge=0,
        description="with per: exactly so many in all, spread over the parents; with count, for the first ones",
    )
    each: Annotated[tuple[str, ...], BeforeValidator(several)] = Field(
        (), description="entities: one row for each row of theirs, first those of the first entity; a list, or one"
    )
    share: float | None = Field(
        None, gt=0, le=1, description="with each: the share of all rows that these are; the others have no such parent"
    )
    fixed: tuple[Mapping[str, Any], ...] = Field((), description="given rows, which come first")
    empty: bool = Field(False, description="the table is meant to have no rows")

    @property
    def number(self) -> int | None:
        """The count where it is a number."""
        return self.count if isinstance(self.count, int) else None

    @property
    def counted_by(self) -> str:
        """The parent's column that the count names; "" where it is a number, or there is none."""
        return self.count if isinstance(self.count, str) else ""


def locale_text(value: object) -> object:
    """Several locales as the text that stands for them: `en, de`, or with weights `en 3, de 1`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {weight}" for name, weight in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def locale_weights(text: str) -> dict[str, float]:
    """The locales of a text such as `de`, `en, de` or `en 3, de 1`, with their weights; ValueError for another one."""
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, weight = part.strip().partition(" ")
        if name in found:
            raise ValueError(f"the locale {name!r} stands twice")
        try:
            found[name] = float(weight or 1)
        except ValueError:
            raise ValueError(f"the weight of the locale {name!r} is {weight!r}, not a number") from None
        if not 0 < found[name] < 1e9:
            raise ValueError(f"the weight of the locale {name!r} must be above 0")
    return found


def _checked_locales(text: str) -> str:
    locale_weights(text)
    return text


def _rows(value: object) -> object:
    return {"count": value} if isinstance(value, int) and not isinstance(value, bool) else value


class PartialUnique(Record):
    """A set of columns whose values together are unique among the rows that a condition picks."""

    columns: Annotated[tuple[str, ...], BeforeValidator(several)] = Field(
        min_length=1, description="the columns, whose values together no two rows that match share; a list, or one"
    )
    where: Mapping[str, Any] = Field(
        min_length=1,
        description="columns and what they hold in the rows that match: a value, a list of values, null, or "
        "`{not: null}`; rows that don't match all of it hold something else in the first of them",
    )
    share: float | None = Field(
        None,
        gt=0,
        le=1,
        description="the share of rows that match; half of them where left out. Fewer where values end",
    )


class Entity(Record):
    """One table of the dataset."""

    target_table: str = Field("", description="the table's name in the target; the entity's name where left out")
    table_mode: ModeName | None = Field(
        None, description="what happens to the table where it is there already; the run's mode where left out"
    )
    description: str = ""
    rows: Annotated[RowCount, BeforeValidator(_rows)] = Field(default_factory=lambda: RowCount(count=100))
    columns: Mapping[str, Column] = Field(min_length=1)
    unique: tuple[tuple[str, ...], ...] = Field((), description="sets of columns whose values together are unique")
    partial_unique: tuple[PartialUnique, ...] = Field(
        (), description="sets of columns that are unique among the rows which a condition picks"
    )
    check: Annotated[tuple[str, ...], BeforeValidator(several)] = Field(
        (), description="SQL conditions that every row keeps, or is refused by; a list, or one alone"
    )
    dirt: Dirt | None = Field(None, description="mistakes that are written on purpose, each at a rate")
    target: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        description="what one database is to be told of the table besides its columns, by dialect: clickhouse takes "
        "engine, order_by, partition_by, primary_key, ttl, settings, and any database computed: the declarations of "
        "columns that it computes itself, filled_by: the trigger that adds its rows, set_by: those that set columns",
    )


def _beside(value: object) -> object:
    """Alternatives by name; a name or a list alone goes by the name `with`."""
    named = value if isinstance(value, Mapping) else {"with": value}
    return {name: several(patterns) for name, patterns in named.items()}


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


Pattern = Annotated[str, AfterValidator(_regex)]


class Rule(Record):
    """Chooses a generator for a column that names none; every condition given must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    field: str = Field("", description="the column's exact name, in any spelling (CustomerName is customer_name)")
    pattern: Pattern = Field("", description="a regular expression the column's whole name matches, in snake_case")
    type: Annotated[tuple[str, ...], BeforeValidator(several)] = Field(
        (), description="the column's type or its kind alone, as it is written in a scenario; or a list of them"
    )
    entity: Pattern = Field("", description="a regular expression that the end of the entity's name matches, singular")
    comment: Pattern = Field("", description="a regular expression found in the column's description")
    beside: Annotated[Mapping[str, tuple[Pattern, ...]], BeforeValidator(_beside)] = Field(
        default_factory=dict,
        alias="with",
        description="another column the entity has: a pattern for its name, a list, or several under names",
    )
    unique: bool | None = Field(None, description="whether the column holds no value twice")
    primary_key: bool | None = Field(None, description="whether the column alone is the primary key")
    nullable: bool | None = Field(None, description="whether the column is declared to take nulls")
    in_unique_set: bool | None = Field(None, description="whether the column is one of a set that is unique together")
    min_length: int | None = Field(None, ge=1, description="a text at least so long fits: string(n), n not below")
    max_length: int | None = Field(None, ge=1, description="the column is a string(n), n not above")
    generator: GeneratorSpec
    null_rate: float | None = Field(
        None, ge=0, le=1, description="the share of nulls, where the column takes nulls and says no more"
    )


class Scenario(Record):
    """A named, versioned description of a dataset."""

    id: str = ""
    name: str = Field(min_length=1)
    version: str = ""
    description: str = ""
    seed: int | None = Field(None, ge=-(2**63), lt=2**64)
    as_of: str = Field("", description="the instant that counts as now, ISO 8601; fixed once a run where left out")
    locale: Annotated[str, BeforeValidator(locale_text), AfterValidator(_checked_locales)] = Field(
        "en", description="the language of names, places and texts; several share the rows: [en, de] or {en: 3, de: 1}"
    )
    allow_databases: Annotated[tuple[str, ...], BeforeValidator(several)] = Field(
        (), description="patterns such as *_demo: a run into a database of another name is refused"
    )
    presets: Mapping[str, GeneratorSpec] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    output: Output | None = Field(None, description="where rows go where a run names no destination")
    entities: Mapping[str, Entity] = Field(min_length=1)

    # Private: where a scenario was read from, and what was told of that, is no part of what it says, nor of its hash.
    _origin: Origin | None = PrivateAttr(None)
    _notes: tuple[Problem, ...] = PrivateAttr(())

    @property
    def origin(self) -> Origin:
        """Where its parts stand in the source it was read from."""
        return self._origin or Origin("")

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What its reader guessed, or did not understand and left out."""
        return self._notes

    @property
    def entity_names(self) -> Mapping[str, str]:
        """What entities are called besides: their tables' names, and those that their source has for them."""
        tables = [entity.target_table for entity in self.entities.values()]
        # A table that two entities write to names neither of them.
        once = {
            entity.target_table: name
            for name, entity in self.entities.items()
            if tables.count(entity.target_table) == 1
        }
        others = {**self.origin.entity_names, **once}
        return {
            word: name for word, name in others.items() if word and word not in self.entities and name in self.entities
        }

    def read_from(self, origin: Origin, notes: Iterable[Problem] = ()) -> Scenario:
        """This scenario with where it was read from, and what is to be told of that."""
        copy = self.model_copy()
        copy._origin, copy._notes = origin, tuple(notes)
        return copy


Scenario.model_rebuild()
