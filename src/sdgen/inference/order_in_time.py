"""Order in time: guessed moments that come one after another in their row, after their parents' births, within periods.

What names say of moments is data (`data/order_in_time.yaml`). Only generators that the built-in rules found are
changed, and only columns that are unique neither alone nor with others: their values must stay drawn from one range.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sdgen.inference.fit import needed_columns
from sdgen.inference.names import entity_name
from sdgen.inference.neighbours import compiled
from sdgen.inference.rule_files import abbreviations
from sdgen.inference.table_moments import (
    Link,
    Moment,
    NameForms,
    Table,
    event_stem,
    is_sure,
    latest_known,
    moments_of,
    order_rules,
)
from sdgen.inference.timed_links import early_and_late, is_beyond_periods, timed_links
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario

_YEARS = re.compile(r"-(\d+)y")


def with_order(
    asked: Scenario, guessed: Scenario, names: Mapping[str, NameForms], own: Callable[[str, str], bool]
) -> Scenario:
    """The scenario with its guessed moments in order.

    own: whether a rule of the scenario's own found a column's generator.
    """
    tables = {
        name: Table(name, entity, moments_of(name, asked.entities[name], entity, names[name], own))
        for name, entity in guessed.entities.items()
    }
    if not any(moment.free for table in tables.values() for moment in table.moments):
        return guessed
    beyond = {name for name in tables if is_beyond_periods(names[name].entity)}
    links = timed_links(tables, beyond)
    early, late = early_and_late(tables, links)
    # Periods of rows that are moved back begin as early as these: what lies within them mustn't start later.
    links = timed_links(tables, beyond, early) if early else links
    entities = {
        name: _ordered(table, names[name].entity, links[name], name in early, name in late)
        if any(m.free for m in table.moments)
        else entity
        for (name, table), entity in zip(tables.items(), guessed.entities.values(), strict=True)
    }
    return guessed.model_copy(update={"entities": entities})


def _ordered(table: Table, forms: tuple[str, ...], links: Collection[Link], early: bool, late: bool) -> Entity:
    """The table's entity, its free moments in order among themselves and with the parents'."""
    row = _Row(table, forms, links, early, late, dict(table.entity.columns))
    # First places first: what comes later is bound by generators that are settled by then.
    for moment in reversed(table.placed):
        row.order(moment)
    for moment in table.moments:
        if moment.place is None:
            row.order(moment)
    return table.entity.model_copy(update={"columns": row.columns})


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
        # The day of an event is read off its timestamp: drawn by itself, it would be another day.
        same = self._same_event(moment)
        before = self._before(moment)
        spec = self._of_same(moment, same) if same else self._bounded(moment, before)
        if spec is not None:
            # Another generator needs other columns.
            self.needs.pop(moment.column, None)
            self.columns[moment.column] = self.columns[moment.column].model_copy(update={"generator": spec})

    def _same_event(self, moment: Moment) -> Moment | None:
        """The timestamp of the event that a date is of."""
        if not moment.is_date:
            return None
        stem = event_stem(moment.event)
        others = (
            m for m in self.table.moments if not m.is_date and (event_stem(m.event), m.kind) == (stem, moment.kind)
        )
        return next((m for m in others if stem and not self._reaches(m.column, moment.column)), None)

    def _of_same(self, moment: Moment, same: Moment) -> GeneratorSpec | None:
        if same.nullable and not moment.nullable:
            return None
        return GeneratorSpec(type="expression", params={"sql": f'CAST("{same.column}" AS DATE)'})

    def _before(self, moment: Moment) -> list[Moment]:
        """The moments of the row that this one comes after, the last first."""
        # What names say nothing of comes right after the row's birth.
        place = order_rules()["birth"] + 0.5 if moment.place is None else moment.place
        lesser = [m for m in self.table.placed if (m.place or 0) < place and m.kind != "planned"]
        # What has happened can't come after what may still be to come.
        lesser = [m for m in lesser if m.past or not moment.past]
        # What is computed from this moment can't bound it: the columns would be a cycle.
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
        is_root = not any(is_sure(m) and m.kind != "origin" for m in before)
        lower = [bound for link in self.links for bound in link.lower()] if is_root and moment.kind != "origin" else []
        # The row's first moment lies within the parent's period, and so do its start and end: the others follow from
        # these.
        within = is_root or moment.kind in ("start", "end")
        upper = [f"{link.name}.{link.end}" for link in self.links if link.end and within and moment.kind != "origin"]
        upper += self._settled_later(moment)
        others = [self._of_age(m) for m in before]
        column = self._kept(spec, moment)
        if not column and not [m for m in before if m.kind != "origin"]:
            soon = self._soon(moment) if not upper else None
            if soon is not None:
                others = [name for name in (*others, *lower) if name != soon["column"]]
                return GeneratorSpec(
                    type="after", params={**soon, "until": "now", **({"after": others} if others else {})}
                )
            return self._drawn(spec, moment, [*others, *lower], upper)
        # A wait begins at the nearest moment before; the further ones are bounds alone.
        column = column or others.pop(0)
        params = self._waits(spec, moment, column)
        after = [name for name in (*others, *lower) if name != column]
        params |= {"after": after} if after else {}
        params |= {"before": upper} if upper else {}
        return GeneratorSpec(type="after", params={**params, **({"until": "now"} if moment.past else {})})

    def _settled_later(self, moment: Moment) -> list[str]:
        """The next moment of the row that comes after this one whatever is chosen here: one that a CHECK speaks of."""
        # What is booked or issued comes before a start of the same place.
        here = (moment.place or 0, moment.kind == "start")
        later = (m for m in reversed(self.table.placed) if (m.place or 0, m.kind == "start") > here)
        found = next((m for m in later if moment.place is not None and m.kind not in ("origin", "planned")), None)
        if found is None or found.free or self._reaches(found.column, moment.column):
            return []
        return [found.column] if self.table.spec(found.column).type in ("date", "datetime") else []

    def _of_age(self, moment: Moment) -> str:
        """The column that bounds what comes after a moment: of a birth, the day on which the person is of age."""
        adults = order_rules()["adults"]
        born = moment.kind == "origin" and compiled(adults["born"]).fullmatch(moment.event)
        if not born or not any(compiled(f"(?:.*_)?(?:{adults['entity']})").fullmatch(form) for form in self.forms):
            return moment.column
        name = f"{moment.column}_of_age"
        if name not in self.columns:
            sql = f'CAST("{moment.column}" + to_days({adults["days"]}) AS DATE)'
            spec = GeneratorSpec(type="expression", params={"sql": sql})
            self.columns[name] = Column(type="date", hidden=True, nullable=moment.nullable or None, generator=spec)
        return name

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
        lasts = order_rules()["lasts"]
        is_short = moment.place == lasts["place"] and moment.past and not moment.is_date
        usual = {"planned": ("1d", "90d"), "end": (lasts["min"], lasts["max"]) if is_short else ("1d", "540d")}
        born = moment.kind == "happened" and moment.place is not None and moment.place <= order_rules()["birth"]
        least, most = ("0s", "10m") if born else usual.get(moment.kind, ("0s", "30d"))
        return {"column": column, "min": least, "max": most}

    def _soon(self, moment: Moment) -> dict[str, Any] | None:
        """A wait from the birth of the parent that rows such as these come soon after; None for all others."""
        if not moment.past or moment.kind not in ("happened", "start") or self.early:
            return None
        for record in order_rules()["soon"]:
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
        params |= {"start": period.since} if period is not None and not self.early else {}
        params |= {"after": lower} if lower else {}
        params |= {"before": upper} if upper else {}
        rhythm = self._rhythm(moment) if spec.type == "datetime" else None
        params |= {"rhythm": rhythm} if rhythm else {}
        return None if params == dict(spec.params) else GeneratorSpec(type=spec.type, params=params)

    def _range(self, spec: GeneratorSpec, moment: Moment) -> dict[str, str]:
        if not moment.past:
            return {}
        years = _YEARS.fullmatch(str(spec.params.get("start", "")))
        # So far back that every period of the last years begins later, whichever row it belongs to.
        if self.early:
            # A range that begins no earlier than it is to end would be one day.
            far = (
                moment.kind == "origin"
                if years is None
                else int(years[1]) >= int(order_rules()["early"]["start"][1:-1])
            )
            return {"end": order_rules()["early"]["end"]} if far else dict(order_rules()["early"])
        return {"start": order_rules()["window"]} if self.late and moment.kind != "origin" else {}

    def _rhythm(self, moment: Moment) -> str | None:
        for record in order_rules()["rhythms"]:
            if compiled(record["name"]).fullmatch(moment.event) and (
                any(compiled(record["entity"]).fullmatch(name) for name in self.forms)
            ):
                found: str = record["rhythm"]
                return found
        return None
