"""What names say of a table's moments: which place in a row's life each has, and when the row is there.

What they say is data (`data/order_in_time.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from sdgen.generators.pools import own_yaml
from sdgen.inference.fit import column_needs
from sdgen.inference.neighbours import compiled
from sdgen.scenario.model import Column, Entity, GeneratorSpec
from sdgen.scenario.types import MOMENTS, known_type

_CHANGEABLE = frozenset({"date", "datetime", "after"})
_REFERENCE = re.compile(r"(?!now$|as_of$)[A-Za-z_]\w*")
_INFLECTED = re.compile(r"(.)\1?ed$|(?<=.)(?:s|e)$")


@dataclass(frozen=True)
class NameForms:
    """The forms of an entity's name and of its columns' names that rules try."""

    entity: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Moment:
    """A column of moments: its place in its row (None: after the row's birth only), and what names say of it.

    kind: happened, origin, start, end or planned. past: whether it is never after as_of. free: whether its generator
    may be changed. event: its name without what says that it is a moment.
    """

    column: str
    place: float | None
    kind: str
    event: str
    past: bool
    free: bool
    nullable: bool
    is_date: bool


@dataclass(frozen=True)
class Link:
    """A link to a parent whose rows are born, and the parent's columns that tell when.

    end: what ends the period that rows lie within; since: when the first of such periods begins.
    """

    name: str
    parent: str
    nullable: bool
    births: tuple[str, ...]
    end: str = ""
    since: str = ""

    def lower(self) -> list[str]:
        return [f"{self.name}.{column}" for column in self.births]


def order_rules() -> Any:
    """What names say of moments."""
    return own_yaml("order_in_time")


@lru_cache(maxsize=32_768)
def event_of(name: str) -> str:
    """A moment's name without what says that it is one: `created` of created_at, `birth` of date_of_birth."""
    return compiled(order_rules()["ending"]).sub("", compiled(order_rules()["beginning"]).sub("", name)).strip("_")


def event_stem(event: str) -> str:
    """What ordered and order, shipped and ship have in common."""
    return _INFLECTED.sub(r"\1", event)


@lru_cache(maxsize=32_768)
def event_record(event: str, entity: tuple[str, ...]) -> Mapping[str, Any] | None:
    """What names say of an event."""
    for record in order_rules()["moments"]:
        if compiled(record["name"]).fullmatch(event) and _of_entity(record, entity):
            found: Mapping[str, Any] = record
            return found
    return None


def _of_entity(record: Mapping[str, Any], entity: tuple[str, ...]) -> bool:
    def among(pattern: str) -> bool:
        return any(compiled(f"(?:.*_)?(?:{pattern})").fullmatch(name) for name in entity)

    return ("entity" not in record or among(record["entity"])) and not ("unless" in record and among(record["unless"]))


def moments_of(
    name: str, asked: Entity, entity: Entity, names: NameForms, own: Callable[[str, str], bool]
) -> tuple[Moment, ...]:
    """An entity's columns of moments that something is known of."""
    found = []
    held = {column for sets in (*entity.unique, _primary_key(entity)) for column in sets}
    held |= {column for part in entity.partial_unique for column in part.columns}
    # A check's words stand for its columns, near enough: whatever it speaks of stays as it is.
    held |= {word for check in entity.check for word in re.findall(r"\w+", check)}
    for column, each in entity.columns.items():
        if _kind_of_type(each) not in MOMENTS or _REFERENCE.fullmatch(column) is None or each.generator is None:
            continue
        is_guess = asked.columns[column].generator is None and not own(name, column)
        free = is_guess and not each.unique and column not in held and not each.correlate
        moment = _moment(
            column, each, names.columns[column], names.entity, free and each.generator.type in _CHANGEABLE, is_guess
        )
        found += [moment] if moment is not None else []
    return tuple(found)


def _primary_key(entity: Entity) -> tuple[str, ...]:
    return tuple(name for name, column in entity.columns.items() if column.primary_key)


def _kind_of_type(column: Column) -> str:
    type = known_type(column.type)
    return type.kind if type is not None else ""


def _moment(
    column: str, each: Column, forms: tuple[str, ...], entity: tuple[str, ...], free: bool, is_guess: bool
) -> Moment | None:
    spec = each.generator
    assert spec is not None  # columns without one are no moments
    events = tuple(dict.fromkeys(map(event_of, forms)))
    record = next((one for event in events if event and (one := event_record(event, entity))), None)
    # A name such as `date` tells of no event: what is usual for the entity counts.
    is_bare = record is None and "" in events
    record = event_record("", entity) if is_bare else record
    place, kind = (record["place"], record.get("kind", "happened")) if record else (None, "happened")
    if record is None:
        kind = next((side for event in events for side in _sides(event, entity)), "happened")
    lasts = _is_past(spec)
    if record is None and kind == "happened" and not (is_guess and lasts) and spec.type != "schedule":
        return None  # nothing says what it is
    # What is planned, and the end of a period, may be still to come; a start may be, too, where it was booked.
    happened = bool((record or {}).get("happened"))
    future = kind == "planned" or (kind == "end" and not happened)
    booked = not happened and (kind == "start" or (place == order_rules()["birth"] and spec.type == "after"))
    past = not future and (lasts or not booked)
    event = events[-1] if record is None else next(e for e in events if event_record(e, entity) is record)
    is_date = _kind_of_type(each) == "date"
    return Moment(column, place, kind, event, past, free, bool(each.nullable), is_date)


def _sides(event: str, entity: tuple[str, ...]) -> Iterator[str]:
    """start or end of a period of its own, as of trial_start and trial_end."""
    rest = event
    while "_" in rest:
        rest = rest.partition("_")[2]
        record = event_record(rest, entity)
        if record is not None and record.get("kind") in ("start", "end", "planned"):
            yield record["kind"]


def _is_past(spec: GeneratorSpec) -> bool:
    """Whether a generator of moments ends with as_of."""
    return str(spec.params.get("until" if spec.type == "after" else "end", "")) == "now"


@dataclass(frozen=True)
class Table:
    """An entity with its moments."""

    name: str
    entity: Entity
    moments: tuple[Moment, ...]

    @cached_property
    def placed(self) -> tuple[Moment, ...]:
        """Moments that have a place, the last first."""
        having = [moment for moment in self.moments if moment.place is not None]
        return tuple(sorted(having, key=lambda moment: -(moment.place or 0)))

    def spec(self, column: str) -> GeneratorSpec:
        spec = self.entity.columns[column].generator
        assert spec is not None  # columns without one are no moments
        return spec

    def is_fixed(self, moment: Moment) -> bool:
        """Whether a moment that happened after the row's birth is drawn from one range, whatever the parents'."""
        happened = (moment.past or moment.kind == "start") and moment.kind != "origin"
        return happened and not moment.free and self.spec(moment.column).type in ("date", "datetime", "schedule")

    @cached_property
    def births(self) -> tuple[str, ...]:
        """The columns that tell when a row is there: its birth, else the first that happens to it, else its origin."""
        # Children compute their parents' births: one that is computed from rows of other entities might need the
        # children's.
        usable = [moment for moment in self.placed if moment.past and self._of_its_own(moment.column)]
        birth = order_rules()["birth"]
        born = [m for m in usable if m.kind != "origin" and (m.place or 0) <= birth and m.kind != "end"]
        later = [m for m in usable if m.kind in ("happened", "start") and (m.place or 0) > birth]
        others = [m for m in self.moments if m.place is None and m.kind == "happened" and m.free and not m.nullable]
        origin = [m for m in usable if m.kind == "origin"]
        first = [m for m in later if m.place == later[-1].place]
        return tuple(m.column for m in latest_known(born) or first or others[:1] or latest_known(origin))

    @cached_property
    def end(self) -> str:
        """The column that ends the period of a row; "" where it has none."""
        starts = any(m.kind in ("start", "origin") or m.place == order_rules()["birth"] for m in self.placed)
        ends = [m for m in self.placed if m.kind == "end" and self._of_its_own(m.column)]
        return ends[-1].column if starts and ends else ""

    @cached_property
    def since(self) -> str:
        """When the first rows are born."""
        starts = (self.spec(column).params.get("start") for column in (self.end, *self.births) if column)
        return next((start for start in starts if isinstance(start, str)), str(order_rules()["early"]["start"]))

    def _of_its_own(self, column: str) -> bool:
        """Whether a column is computed without other entities' rows, but for parents'."""
        seen, left = {column}, [column]
        while left:
            named = self.entity.columns.get(left.pop())
            spec = named.generator if named is not None else None
            needs = column_needs(spec) if spec is not None else ()
            if any(need.children or need.entity for need in needs):
                return False
            more = {need.column for need in needs if not need.link} - seen
            seen |= more
            left += more
        return True


def is_sure(moment: Moment) -> bool:
    # Only a moment whose generator is chosen here is known to come after those before it.
    return not moment.nullable and moment.free


def latest_known(moments: Iterable[Moment]) -> list[Moment]:
    """The last of moments that are sorted, the last first, and those before until one of a place is never null."""
    found: list[Moment] = []
    for moment in moments:
        if found and moment.place != found[-1].place and any(map(is_sure, found)):
            break
        found.append(moment)
    return found
