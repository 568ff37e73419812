"""Plans that append to what a target holds: keys continue after the largest, links lead to old and new rows alike.

A unique column is a permutation of the row numbers, so its values can't simply be drawn again until they are free.
Instead the numbers of new rows that would repeat an old value are exchanged for those of old rows whose own values no
row holds: still a function of the row number, and as fast as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TypeVar, cast

import numpy as np
import pyarrow as pa

from sdgen.databases.existing_tables import Appendable, ExistingRowsQuery
from sdgen.engine import BATCH_ROWS, probe
from sdgen.errors import Problem, ScenarioError
from sdgen.execution.request import RunSettings
from sdgen.execution.resume import Codes, columns_of_link, counting_link, draws_within, parent_positions, with_children
from sdgen.execution.room import fit_beside_existing
from sdgen.generators.cancellation import raise_if_cancelled
from sdgen.generators.domains import Exchange
from sdgen.generators.keys import Sequence
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.links.parent_sampler import EachOf, Following, Link, OneToOne, OrderedPair, ParentSampler, Unlike
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import EntityPlan, Plan
from sdgen.planning.planned_rows import PlannedRows
from sdgen.planning.unique_sets import JointIndexes
from sdgen.scenario.model import Scenario
from sdgen.scenario.request import ExistingRows, PlanRequest
from sdgen.scenario.types import NESTED
from sdgen.targets.base import Mode, Target
from sdgen.targets.tables import tables_of

T = TypeVar("T")


@dataclass(frozen=True)
class TargetPlan:
    """The plan of a run into its target as it is now, the rows, by entity, that it appends to, and what to tell."""

    plan: Plan
    existing: Mapping[str, ExistingRows] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def plan_into(scenario: Scenario, request: PlanRequest, target: Target, settings: RunSettings) -> TargetPlan:
    """The plan of a run into a target: of tables in the mode append_only, one that begins behind the rows there.

    ScenarioError and TargetError as `compile_plan` and the target's `check` raise them.
    """
    fitted = fit_beside_existing(scenario, with_existing_rows(scenario, request, target, settings))
    return TargetPlan(plan_with_existing(scenario, fitted.request), fitted.request.existing, fitted.remarks)


def plan_with_existing(scenario: Scenario, request: PlanRequest) -> Plan:
    """The plan of a request that knows which rows are there."""
    plan = compile_plan(scenario, request)
    if request.existing:
        # Links come first: which new rows repeat old ones is seen in values that follow from where links lead.
        plan = _following_older_rows(plan)
        problems = list(_unknown_ways(plan))
        if problems:
            raise ScenarioError([scenario.origin.problem(each.path, each.what, each.hint) for each in problems])
        plan = _avoid_repeats(plan)
    if broken := probe(plan, scenario.origin):
        raise ScenarioError(broken)
    return plan


def _following_older_rows(plan: Plan) -> Plan:
    """The plan, whose links that follow others know where those of older rows lead, as far as the target tells."""

    def change(value: object) -> object:
        if not isinstance(value, Following):
            return value
        return replace(
            value, paths=tuple((first, _with_existing_parents(plan, first, second)) for first, second in value.paths)
        )

    entities = {
        name: replace(entity, links={link: _rebuilt(each, change) for link, each in entity.links.items()})
        for name, entity in plan.entities.items()
    }
    return replace(plan, entities=entities)


def _with_existing_parents(plan: Plan, first: Link, second: Link) -> Link:
    """The second link of a path, with the parents of the rows that are there."""
    parent, further = plan.entities[first.parent], plan.entities[second.parent]
    names = columns_of_link(parent, second.name)
    generators = [parent.columns[name].generator for name in names]
    own = _existing_columns(parent, names)
    theirs = _existing_columns(further, [each.column for each in generators if isinstance(each, ForeignKey)])
    # If a column is missing, nobody can tell which parent an old row has; `_unknown_ways` refuses that where it
    # matters.
    if not parent.first or len(own) < len(names) or len(theirs) < len(names):
        return second
    return replace(second, older=parent_positions(parent, second.name, own, theirs))


def _existing_columns(entity: EntityPlan, names: Iterable[str]) -> dict[str, pa.Array]:
    """The values of the rows that are there, of those columns that were read."""
    fixed = {name: entity.columns[name].fixed for name in names}
    return {name: values.slice(0, entity.first) for name, values in fixed.items() if values is not None}


def _unknown_ways(plan: Plan) -> Iterator[Problem]:
    """Links that follow a link of older rows which the target doesn't hold: where they lead can't be known."""
    for entity in plan.entities.values():
        new = entity.first < entity.rows
        for link in entity.links.values() if new else ():
            paths = link.chooser.paths if isinstance(link.chooser, Following) else ()
            for first, second in paths:
                parent = plan.entities[first.parent]
                if second.older is None and _leads_to_older(plan, first):
                    what = (
                        f"follows {second.name} of {parent.name}, which is not kept for its {parent.first:,} older rows"
                    )
                    hint = f"write the column {second.name} too, or all rows anew (truncate_then_insert)"
                    yield Problem(("entities", entity.name, "columns", link.name), what, hint)


def _leads_to_older(plan: Plan, link: Link) -> bool:
    """Whether new rows may belong to a parent that was there before; rows counted per parent go to new ones."""
    parent = plan.entities[link.parent]
    if isinstance(link.chooser, EachOf):
        return link.chooser.first < parent.first
    return parent.first > 0 and (link.layout is None or parent.rows == parent.first)


def with_existing_rows(scenario: Scenario, request: PlanRequest, target: Target, settings: RunSettings) -> PlanRequest:
    """The request with the rows that the target holds, where it is to add to them."""
    if not settings.appends or not isinstance(target, Appendable):
        return request
    # Planned once without counts, for the tables' shapes alone: counts may be possible only beside the existing rows,
    # and are checked with those in `plan_with_existing`.
    alone = compile_plan(scenario, PlanRequest(request.seed, request.as_of, only=request.only))
    # Seed and instant may have been drawn just now: the plan beside the existing rows must have the same ones.
    return replace(request, seed=alone.seed, as_of=alone.as_of, existing=_existing(alone, target, settings))


def _existing(plan: Plan, target: Appendable, settings: RunSettings) -> dict[str, ExistingRows]:
    """What the tables that are there hold, by entity; of those that the run fills from the start, nothing."""
    needed = needed_columns(plan)
    tables = tables_of(plan)
    wanted = [
        ExistingRowsQuery(table, tuple(column for column in table.columns if column.name in needed[name]))
        for name, table in tables.items()
    ]
    found = zip(tables, target.existing(wanted), strict=True)
    written = settings.only or tuple(plan.entities)
    started = {name for name in written if settings.mode_of(name) is not Mode.APPEND_ONLY}
    there = {name: existing for name, existing in found if existing is not None and name not in started}
    return with_children(plan, there)


def needed_columns(plan: Plan) -> dict[str, set[str]]:
    """The columns of each entity that new rows depend on: keys, what is unique, and what children copy."""
    needed: dict[str, set[str]] = {name: set() for name in plan.entities}
    within = draws_within(plan)
    for name, entity in plan.entities.items():
        keys = {*entity.primary_key, *(column for columns in entity.unique for column in columns)}
        fixed = {column.name for column in entity.columns.values() if column.fixed is not None}
        needed[name] |= keys if keys & fixed else keys | fixed  # what tells which fixed rows are there
        if within and (link := counting_link(entity)) is not None:
            needed[name].update(columns_of_link(entity, link.name))
        for column in entity.columns.values():
            generator = column.generator
            if isinstance(generator, Sequence) or column.facts.unique:
                needed[name].add(column.name)
            if isinstance(generator, ForeignKey):
                needed[generator.entity].add(generator.column)
            _add_needs(entity, generator.needs(), needed)
        for condition in entity.conditions:
            _add_needs(entity, condition.expression.needs(), needed)
    return {name: {each for each in names if not _is_nested(plan, name, each)} for name, names in needed.items()}


def _is_nested(plan: Plan, entity: str, column: str) -> bool:
    """Whether a column is an array or the like: other columns of its set keep new rows apart from the older ones."""
    found = plan.entities[entity].columns.get(column)
    return found is not None and found.type.kind in NESTED


def _add_needs(entity: EntityPlan, needs: tuple[object, ...], needed: Mapping[str, set[str]]) -> None:
    for need in needs:
        link, column = getattr(need, "link", ""), getattr(need, "column", "")
        other = getattr(need, "entity", "")
        if other:
            needed[other].add(column)
        elif link in entity.links and column:
            needed[entity.links[link].parent].add(column)


def _avoid_repeats(plan: Plan) -> Plan:
    """The plan with row numbers exchanged in unique sets and links, so that no new row repeats one that is there.

    Parents come first: their children's values are those of the parents' exchanged rows.
    """
    for name, entity in plan.entities.items():
        for columns, joint in _drawn_together(entity):
            exchange = _exchange(plan, plan.entities[name], columns)
            if exchange is not None:
                entities = {each: _with_exchange_of(plan.entities[each], joint, exchange) for each in plan.entities}
                plan = replace(plan, entities=entities)
    return plan


Drawn = JointIndexes | OneToOne


def _drawn_together(entity: EntityPlan) -> Iterator[tuple[tuple[str, ...], Drawn]]:
    """The columns whose values come from one permutation of the row numbers, where old rows have values for them."""
    if not 0 < entity.first < entity.rows:
        return
    # Columns of one unique set take digits of one permutation, which its key tells: they are exchanged together.
    groups: dict[tuple[int, int], tuple[list[str], Drawn]] = {}
    for name, column in entity.columns.items():
        link = entity.links.get(name)
        drawn = _permutation_of(link.chooser) if link is not None else column.facts.joint
        names = columns_of_link(entity, name) if link is not None else [name]
        if isinstance(drawn, JointIndexes) and drawn.layout is None:
            groups.setdefault((drawn.key, drawn.product), ([], drawn))[0].extend(names)
        elif isinstance(drawn, OneToOne):
            groups[drawn.key, drawn.parents] = (names, drawn)
    for columns, drawn in groups.values():
        if all(entity.columns[name].fixed is not None for name in columns):
            yield tuple(columns), drawn


def _exchange(plan: Plan, entity: EntityPlan, columns: tuple[str, ...]) -> Exchange | None:
    """For each new row that would repeat an old one, an old row's number whose own values no old row has."""
    coder = _Coder(entity, columns)
    free, repeated = [], []
    # Old row numbers are computed as well: those whose own values no row holds are what new rows can take.
    for start in range(0, entity.rows, BATCH_ROWS):
        raise_if_cancelled()
        numbers = np.arange(start, min(start + BATCH_ROWS, entity.rows), dtype=np.int64)
        there = coder.repeats(PlannedRows(plan, without_existing(entity), numbers))
        old = numbers < entity.first
        free.append(numbers[old & ~there])
        repeated.append(numbers[~old & there])
    rows = np.concatenate(repeated)
    if len(rows) > sum(map(len, free)):
        what = f"({', '.join(columns)}) can't be unique beside the existing rows"
        raise ScenarioError(Problem(("entities", entity.name), what, "ask for fewer rows"))
    return Exchange(rows, np.concatenate(free)[: len(rows)]) if len(rows) else None


def without_existing(entity: EntityPlan) -> EntityPlan:
    """The entity with its old rows' values computed, not taken as they are, and none of them left null.

    So each row's number stands for values of its own, and there are as many free ones as are asked for.
    """
    columns = {
        name: replace(column, fixed=None, given=(), null_rate=0.0, null_rates=None)
        for name, column in entity.columns.items()
    }
    links = {name: replace(link, null_rate=0.0, null_rates=None) for name, link in entity.links.items()}
    return replace(entity, columns=columns, links=links)


class _Coder:
    """Tells which rows have the same values in some columns as an old row."""

    def __init__(self, entity: EntityPlan, columns: tuple[str, ...]) -> None:
        fixed = {name: entity.columns[name].fixed for name in columns}
        self._codes = Codes(fixed)
        self._old = np.unique(self._codes.of(fixed))

    def repeats(self, rows: PlannedRows) -> np.ndarray:
        codes = self._codes.of({name: rows.column(name) for name in self._codes.names})
        # A code of -1 is that of a null or of a value that no old row has: such a row repeats none.
        return np.isin(codes, self._old) & (codes >= 0)


def _with_exchange_of(entity: EntityPlan, joint: Drawn, exchange: Exchange) -> EntityPlan:
    """An entity with an exchange in every place where a permutation is used: links of others may follow it."""
    columns, links = dict(entity.columns), dict(entity.links)
    for name, column in entity.columns.items():
        drawn = column.facts.joint
        if isinstance(drawn, JointIndexes) and isinstance(joint, JointIndexes) and drawn.key == joint.key:
            columns[name] = replace(column, facts=replace(column.facts, joint=replace(drawn, exchange=exchange)))
    for name, link in entity.links.items():
        links[name] = _with_exchange(link, joint, exchange)
    return replace(entity, columns=columns, links=links)


def _permutation_of(chooser: ParentSampler) -> object:
    """What permutes row numbers in a chooser of parents."""
    if isinstance(chooser, OrderedPair):
        return chooser.place if chooser.later else chooser.row
    return chooser.rest if isinstance(chooser, Unlike) else chooser


def _with_exchange(value: T, joint: Drawn, exchange: Exchange) -> T:
    """A link or chooser, and the links inside it, with an exchange wherever the permutation is used."""

    def change(part: object) -> object:
        same = isinstance(part, Drawn) and type(part) is type(joint) and part.key == joint.key
        return replace(part, exchange=exchange) if isinstance(part, Drawn) and same else part

    return _rebuilt(value, change)


def _rebuilt(value: T, change: Callable[[object], object]) -> T:
    """A record with `change` applied to it, or to the records in it and in its tuples where that leaves it as it is."""
    changed = change(value)
    if changed is not value:
        return cast(T, changed)
    if isinstance(value, tuple):
        rebuilt = tuple(_rebuilt(part, change) for part in value)
        return cast(T, rebuilt) if any(new is not old for new, old in zip(rebuilt, value, strict=True)) else value
    if not is_dataclass(value) or isinstance(value, type):
        return value
    parts = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
    new = {name: _rebuilt(part, change) for name, part in parts.items()}
    return cast(T, replace(value, **new)) if any(new[name] is not part for name, part in parts.items()) else value
