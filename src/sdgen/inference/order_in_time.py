"""Order in time: guessed moments that come one after another in their row, after their parents' births, within periods.

What names say of moments is data (`data/order_in_time.yaml`). Only generators that the built-in rules found are
changed, and only columns that are unique neither alone nor with others: their values must stay drawn from one range.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any

from sdgen.inference.fit import column_needs, needed_columns
from sdgen.inference.names import entity_name
from sdgen.inference.neighbours import compiled
from sdgen.inference.rules import abbreviations
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario
from sdgen.scenario.types import parse_type

_MOMENTS = frozenset({"date", "timestamp", "timestamptz"})
_CHANGEABLE = frozenset({"date", "datetime", "after"})
_REFERENCE = re.compile(r"(?!now$|as_of$)[A-Za-z_]\w*")
_INFLECTED = re.compile(r"(.)\1?ed$|(?<=.)(?:s|e)$")
_YEARS = re.compile(r"-(\d+)y")


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


def with_order(
    asked: Scenario, guessed: Scenario, names: Mapping[str, NameForms], own: Callable[[str, str], bool]
) -> Scenario:
    """The scenario with its guessed moments in order.

    own: whether a rule of the scenario's own found a column's generator.
    """
    tables = {
        name: Table(name, entity, _moments(name, asked.entities[name], entity, names[name], own))
        for name, entity in guessed.entities.items()
    }
    if not any(moment.free for table in tables.values() for moment in table.moments):
        return guessed
    finder = _Links(tables)
    links = {name: finder.of(name) for name in tables}
    early, late = _early(tables, links)
    entities = {
        name: table.ordered(names[name].entity, links[name], name in early, name in late)
        if any(m.free for m in table.moments)
        else entity
        for (name, table), entity in zip(tables.items(), guessed.entities.values(), strict=True)
    }
    return guessed.model_copy(update={"entities": entities})


@cache
def _data() -> Any:
    import yaml

    text = files("sdgen").joinpath("data/order_in_time.yaml").read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@lru_cache(maxsize=32_768)
def event_of(name: str) -> str:
    """A moment's name without what says that it is one: `created` of created_at, `birth` of date_of_birth."""
    return compiled(_data()["ending"]).sub("", compiled(_data()["beginning"]).sub("", name)).strip("_")


def _stem(event: str) -> str:
    """What ordered and order, shipped and ship have in common."""
    return _INFLECTED.sub(r"\1", event)


@lru_cache(maxsize=32_768)
def _record(event: str, entity: tuple[str, ...]) -> Mapping[str, Any] | None:
    """What names say of an event."""
    for record in _data()["moments"]:
        if compiled(record["name"]).fullmatch(event) and _of_entity(record, entity):
            found: Mapping[str, Any] = record
            return found
    return None


def _of_entity(record: Mapping[str, Any], entity: tuple[str, ...]) -> bool:
    pattern = record.get("entity")
    return not pattern or any(compiled(f"(?:.*_)?(?:{pattern})").fullmatch(name) for name in entity)


def _moments(
    name: str, asked: Entity, entity: Entity, names: NameForms, own: Callable[[str, str], bool]
) -> tuple[Moment, ...]:
    """An entity's columns of moments that something is known of."""
    found = []
    held = {column for sets in (*entity.unique, _primary_key(entity)) for column in sets}
    held |= {column for part in entity.partial_unique for column in part.columns}
    held |= {word for check in entity.check for word in re.findall(r"\w+", check)}
    for column, each in entity.columns.items():
        if _kind_of_type(each) not in _MOMENTS or _REFERENCE.fullmatch(column) is None or each.generator is None:
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
    try:
        return parse_type(column.type).kind if column.type else ""
    except ValueError:
        return ""


def _moment(
    column: str, each: Column, forms: tuple[str, ...], entity: tuple[str, ...], free: bool, is_guess: bool
) -> Moment | None:
    spec = each.generator
    assert spec is not None  # columns without one are no moments
    events = tuple(dict.fromkeys(map(event_of, forms)))
    record = next((one for event in events if event and (one := _record(event, entity))), None)
    is_bare = record is None and "" in events
    record = _record("", entity) if is_bare else record
    place, kind = (record["place"], record.get("kind", "happened")) if record else (None, "happened")
    if record is None:
        kind = next((side for event in events for side in _sides(event, entity)), "happened")
    lasts = _is_past(spec)
    if record is None and kind == "happened" and not (is_guess and lasts):
        return None  # nothing says what it is
    future = kind == "planned" or (kind == "end" and not (record or {}).get("happened"))
    booked = kind == "start" or (place == _data()["birth"] and spec.type == "after")
    past = not future and (lasts or not booked)
    event = events[-1] if record is None else next(e for e in events if _record(e, entity) is record)
    is_date = _kind_of_type(each) == "date"
    return Moment(column, place, kind, event, past, free, bool(each.nullable), is_date)


def _sides(event: str, entity: tuple[str, ...]) -> Iterator[str]:
    """start or end of a period of its own, as of trial_start and trial_end."""
    rest = event
    while "_" in rest:
        rest = rest.partition("_")[2]
        record = _record(rest, entity)
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
        happened = moment.past and moment.kind != "origin"
        return happened and not moment.free and self.spec(moment.column).type in ("date", "datetime")

    @cached_property
    def births(self) -> tuple[str, ...]:
        """The columns that tell when a row is there: its birth, else the first that happens to it, else its origin."""
        usable = [moment for moment in self.placed if moment.past and self._of_its_own(moment.column)]
        birth = _data()["birth"]
        born = [m for m in usable if m.kind != "origin" and (m.place or 0) <= birth and m.kind != "end"]
        later = [m for m in usable if m.kind in ("happened", "start") and (m.place or 0) > birth]
        others = [m for m in self.moments if m.place is None and m.kind == "happened" and m.free and not m.nullable]
        origin = [m for m in usable if m.kind == "origin"]
        first = [m for m in later if m.place == later[-1].place]
        return tuple(m.column for m in latest_known(born) or first or others[:1] or latest_known(origin))

    @cached_property
    def end(self) -> str:
        """The column that ends the period of a row; "" where it has none."""
        starts = any(m.kind in ("start", "origin") or m.place == _data()["birth"] for m in self.placed)
        ends = [m for m in self.placed if m.kind == "end" and self._of_its_own(m.column)]
        return ends[-1].column if starts and ends else ""

    @cached_property
    def since(self) -> str:
        """When the first rows are born."""
        starts = (self.spec(column).params.get("start") for column in (self.end, *self.births) if column)
        return next((start for start in starts if isinstance(start, str)), str(_data()["early"]["start"]))

    def _of_its_own(self, column: str) -> bool:
        """Whether a column is computed without other entities' rows, but for parents'."""
        seen, left = {column}, [column]
        while left:
            spec = self.entity.columns[left.pop()].generator if left[-1] in self.entity.columns else None
            needs = column_needs(spec) if spec is not None else ()
            if any(need.children or need.entity for need in needs):
                return False
            more = {need.column for need in needs if not need.link} - seen
            seen |= more
            left += more
        return True

    def ordered(self, forms: tuple[str, ...], links: Collection[Link], early: bool, late: bool) -> Entity:
        """The entity, its free moments in order among themselves and with the parents'."""
        row = _Row(self, forms, links, early, late, dict(self.entity.columns))
        for moment in reversed(self.placed):
            row.order(moment)
        for moment in self.moments:
            if moment.place is None:
                row.order(moment)
        return self.entity.model_copy(update={"columns": row.columns})


def _is_sure(moment: Moment) -> bool:
    return not moment.nullable and moment.free


def latest_known(moments: Iterable[Moment]) -> list[Moment]:
    """The last of moments that are sorted, the last first, and those before until one of a place is never null."""
    found: list[Moment] = []
    for moment in moments:
        if found and moment.place != found[-1].place and any(map(_is_sure, found)):
            break
        found.append(moment)
    return found


@dataclass
class _Row:
    """A table's columns while its moments are being put in order."""

    table: Table
    forms: tuple[str, ...]
    links: Collection[Link]
    early: bool
    late: bool
    columns: dict[str, Column]
    needs: dict[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> dict[str, Moment]:
        return {moment.column: moment for moment in self.table.moments}

    def order(self, moment: Moment) -> None:
        if not moment.free:
            return
        same = self._same_event(moment)
        before = self._before(moment)
        spec = self._of_same(moment, same) if same else self._bounded(moment, before)
        if spec is not None:
            self.needs.pop(moment.column, None)
            self.columns[moment.column] = self.columns[moment.column].model_copy(update={"generator": spec})

    def _same_event(self, moment: Moment) -> Moment | None:
        """The timestamp of the event that a date is of."""
        if not moment.is_date:
            return None
        stem = _stem(moment.event)
        others = (m for m in self.table.moments if not m.is_date and (_stem(m.event), m.kind) == (stem, moment.kind))
        return next((m for m in others if stem and not self._reaches(m.column, moment.column)), None)

    def _of_same(self, moment: Moment, same: Moment) -> GeneratorSpec | None:
        if same.nullable and not moment.nullable:
            return None
        return GeneratorSpec(type="expression", params={"sql": f'CAST("{same.column}" AS DATE)'})

    def _before(self, moment: Moment) -> list[Moment]:
        """The moments of the row that this one comes after, the last first."""
        place = _data()["birth"] + 0.5 if moment.place is None else moment.place
        lesser = [m for m in self.table.placed if (m.place or 0) < place and m.kind != "planned"]
        lesser = [m for m in lesser if m.past or not moment.past]
        return latest_known(m for m in lesser if not self._reaches(m.column, moment.column))

    def _reaches(self, column: str, other: str) -> bool:
        """Whether one column is computed from another, or is it."""
        seen, left = {column}, [column]
        while left:
            one = left.pop()
            if one == other:
                return True
            more = self._needs(one) - seen
            seen |= more
            left += more
        return False

    def _needs(self, column: str) -> frozenset[str]:
        """The columns of the row that one is computed from."""
        if column not in self.needs:
            spec = self.columns[column].generator if column in self.columns else None
            self.needs[column] = needed_columns(spec) if spec is not None else frozenset()
        return self.needs[column]

    def _bounded(self, moment: Moment, before: list[Moment]) -> GeneratorSpec | None:
        spec = self.table.spec(moment.column)
        is_root = not any(_is_sure(m) and m.kind != "origin" for m in before)
        lower = [bound for link in self.links for bound in link.lower()] if is_root and moment.kind != "origin" else []
        within = is_root or moment.kind in ("start", "end")
        upper = [f"{link.name}.{link.end}" for link in self.links if link.end and within and moment.kind != "origin"]
        others = [m.column for m in before]
        column = self._kept(spec, moment)
        if not column and not [m for m in before if m.kind != "origin"]:
            soon = self._soon(moment) if not upper else None
            if soon is not None:
                others = [name for name in (*others, *lower) if name != soon["column"]]
                return GeneratorSpec(
                    type="after", params={**soon, "until": "now", **({"after": others} if others else {})}
                )
            return self._drawn(spec, moment, [*others, *lower], upper)
        column = column or others.pop(0)
        params = self._waits(spec, moment, column)
        after = [name for name in (*others, *lower) if name != column]
        params |= {"after": after} if after else {}
        params |= {"before": upper} if upper else {}
        return GeneratorSpec(type="after", params={**params, **({"until": "now"} if moment.past else {})})

    def _kept(self, spec: GeneratorSpec, moment: Moment) -> str:
        """The column that the rule found this one to come after, where that keeps the order of places."""
        if spec.type != "after":
            return ""
        column = str(spec.params["column"])
        other = self.by_name.get(column)
        if self._reaches(column, moment.column) or (other and moment.past and not other.past):
            return ""
        if other is None or other.place is None or moment.place is None:
            return column
        return column if other.place <= moment.place else ""

    def _waits(self, spec: GeneratorSpec, moment: Moment, column: str) -> dict[str, Any]:
        """The params of `after`: the rule's own waits, or those that fit what the moment is."""
        if spec.type == "after":
            return {**spec.params, "column": column}
        usual = {"planned": ("1d", "90d"), "end": ("1d", "540d")}
        born = moment.kind == "happened" and moment.place is not None and moment.place <= _data()["birth"]
        least, most = ("0s", "10m") if born else usual.get(moment.kind, ("0s", "30d"))
        return {"column": column, "min": least, "max": most}

    def _soon(self, moment: Moment) -> dict[str, Any] | None:
        """A wait from the birth of the parent that rows such as these come soon after; None for all others."""
        if not moment.past or moment.kind not in ("happened", "start") or self.early:
            return None
        for record in _data()["soon"]:
            if any(compiled(record["entity"]).fullmatch(name) for name in self.forms):
                link = next((one for one in self.links if not one.nullable and self._is_of(one, record["of"])), None)
                if link is not None:
                    return {"column": link.lower()[0], "min": "0s", "max": record["max"]}
        return None

    def _is_of(self, link: Link, pattern: str) -> bool:
        return compiled(f"(?:.*_)?(?:{pattern})").fullmatch(entity_name(link.parent, abbreviations())) is not None

    def _drawn(self, spec: GeneratorSpec, moment: Moment, lower: list[str], upper: list[str]) -> GeneratorSpec | None:
        """A moment that comes after none of its row: drawn between the parents' bounds."""
        if spec.type == "after":
            spec = GeneratorSpec(type="date" if moment.is_date else "datetime", params={"start": "-3y", "end": "now"})
        params = {**spec.params, **self._range(spec, moment)}
        period = next((link for link in self.links if link.end and upper), None)
        params |= {"start": period.since} if period is not None else {}
        params |= {"after": lower} if lower else {}
        params |= {"before": upper} if upper else {}
        rhythm = self._rhythm(moment) if spec.type == "datetime" else None
        params |= {"rhythm": rhythm} if rhythm else {}
        return None if params == dict(spec.params) else GeneratorSpec(type=spec.type, params=params)

    def _range(self, spec: GeneratorSpec, moment: Moment) -> dict[str, str]:
        if not moment.past:
            return {}
        years = _YEARS.fullmatch(str(spec.params.get("start", "")))
        if self.early:
            far = moment.kind == "origin" or (
                years is not None and int(years[1]) >= int(_data()["early"]["start"][1:-1])
            )
            return {"end": _data()["early"]["end"]} if far else dict(_data()["early"])
        return {"start": _data()["window"]} if self.late and moment.kind != "origin" else {}

    def _rhythm(self, moment: Moment) -> str | None:
        for record in _data()["rhythms"]:
            if compiled(record["name"]).fullmatch(moment.event) and (
                any(compiled(record["entity"]).fullmatch(name) for name in self.forms)
            ):
                found: str = record["rhythm"]
                return found
        return None


class _Links:
    """The links of entities to parents that are born, none of which leads back; one of them to a period at most."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables
        self._known: dict[str, tuple[Link, ...]] = {}

    def of(self, name: str) -> tuple[Link, ...]:
        if name not in self._known:
            found = self._all(name)
            owner = next((link.name for link in found if link.end and not link.nullable), "")
            self._known[name] = tuple(
                replace(link, since=self._since(link.parent)) if link.name == owner else replace(link, end="")
                for link in found
            )
        return self._known[name]

    def _all(self, name: str) -> list[Link]:
        found: dict[str, Link] = {}
        for column, each in self._tables[name].entity.columns.items():
            spec = each.generator
            if spec is None or spec.type != "fk" or not isinstance(spec.params.get("entity"), str):
                continue
            link, parent = str(spec.params.get("via") or column), str(spec.params["entity"])
            if parent not in self._tables or link in found or _REFERENCE.fullmatch(link) is None:
                continue
            table = self._tables[parent]
            if table.births and name not in _ancestors(parent, self._tables):
                nullable = bool(each.nullable or spec.params.get("null_rate"))
                found[link] = Link(link, parent, nullable, table.births, table.end)
        return list(found.values())

    def _since(self, name: str) -> str:
        """When the first period of an entity begins: with those that its own rows lie within."""
        own = next((link.since for link in self.of(name) if link.end), "")
        return own or self._tables[name].since


def _ancestors(name: str, tables: Mapping[str, Table]) -> frozenset[str]:
    """An entity and all that its links lead to."""
    seen, left = {name}, [name]
    while left:
        columns = tables[left.pop()].entity.columns.values()
        parents = {str(c.generator.params.get("entity")) for c in columns if c.generator and c.generator.type == "fk"}
        more = (parents & tables.keys()) - seen
        seen |= more
        left += more
    return frozenset(seen)


def _early(tables: Mapping[str, Table], links: Mapping[str, Collection[Link]]) -> tuple[frozenset[str], frozenset[str]]:
    """Entities whose rows are born before the last years, and those whose rows are born in them.

    Where a row lies within a period of one parent and comes after the births of others, or its moment is drawn from one
    range for the sake of uniqueness, the others' births come first: that leaves the order to no chance.
    """
    early: set[str] = set()
    late: set[str] = set()
    for name, table in tables.items():
        fixed = any(table.is_fixed(moment) for moment in table.moments)
        owned = {link.parent for link in links[name] if link.end and not fixed}
        others = {link.parent for link in links[name]} - owned
        before = frozenset().union(*(_ancestors(other, tables) for other in others))
        if (owned or fixed) and others and not before & owned:
            early |= before
            late |= owned
    return frozenset(early), frozenset(late - early)
