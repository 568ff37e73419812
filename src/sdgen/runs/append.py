"""Plans that add to what a target holds: keys go on after the largest, links lead to old and new rows alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.generate import BATCH_ROWS, PlannedRows
from sdgen.generators.domains import Exchange
from sdgen.generators.draws import Numbers
from sdgen.generators.keys import Sequence
from sdgen.generators.links import ForeignKey, OneToOne
from sdgen.plan.compile import compile_plan
from sdgen.plan.model import EntityPlan, Plan
from sdgen.plan.request import Existing, PlanRequest
from sdgen.plan.unique import JointIndexes
from sdgen.scenario.model import Scenario
from sdgen.write.base import Mode, Target
from sdgen.write.existing_rows import Holding, Wanted
from sdgen.write.tables import tables_of

_MOST_COMBINATIONS = 1 << 62


def plan_for(scenario: Scenario, request: PlanRequest, target: Target, mode: Mode) -> Plan:
    """The plan of a run into a target: in the mode append_only, one that begins behind the rows that are there.

    ScenarioError and TargetError as `compile_plan` and the target's `check` raise them.
    """
    if mode is not Mode.APPEND_ONLY or not isinstance(target, Holding):
        return compile_plan(scenario, request)
    alone = compile_plan(scenario, PlanRequest(request.seed, request.as_of))  # counts may need the rows there are
    existing = _existing(alone, target)
    return _kept_apart(compile_plan(scenario, replace(request, seed=alone.seed, as_of=alone.as_of, existing=existing)))


def _existing(plan: Plan, target: Holding) -> dict[str, Existing]:
    """What the tables that are there hold, by entity."""
    needed = needed_columns(plan)
    tables = tables_of(plan)
    wanted = [
        Wanted(table, tuple(column for column in table.columns if column.name in needed[name]))
        for name, table in tables.items()
    ]
    found = zip(tables, target.existing(wanted), strict=True)
    return {name: existing for name, existing in found if existing is not None}


def needed_columns(plan: Plan) -> dict[str, set[str]]:
    """The columns of each entity that new rows depend on: keys, what is unique, and what children copy."""
    needed: dict[str, set[str]] = {name: set() for name in plan.entities}
    for name, entity in plan.entities.items():
        needed[name].update(entity.primary_key, *entity.unique)
        for column in entity.columns.values():
            generator = column.generator
            if isinstance(generator, Sequence) or column.facts.unique:
                needed[name].add(column.name)
            if isinstance(generator, ForeignKey):
                needed[generator.entity].add(generator.column)
            _add_needs(entity, generator.needs(), needed)
        for condition in entity.conditions:
            _add_needs(entity, condition.expression.needs(), needed)
    return needed


def _add_needs(entity: EntityPlan, needs: tuple[object, ...], needed: Mapping[str, set[str]]) -> None:
    for need in needs:
        link, column = getattr(need, "link", ""), getattr(need, "column", "")
        if link in entity.links and column:
            needed[entity.links[link].parent].add(column)


def _kept_apart(plan: Plan) -> Plan:
    """The plan with row numbers exchanged in unique sets and links, so that no new row repeats one that is there."""
    entities = dict(plan.entities)
    for name, entity in plan.entities.items():
        for columns, joint in _drawn_together(entity):
            exchange = _exchange(plan, entity, columns)
            if exchange is not None:
                entities[name] = _exchanged(entities[name], joint, exchange)
    return replace(plan, entities=entities)


Drawn = JointIndexes | OneToOne


def _drawn_together(entity: EntityPlan) -> Iterator[tuple[tuple[str, ...], Drawn]]:
    """The columns whose values come from one permutation of the row numbers, where old rows have values for them."""
    if not 0 < entity.first < entity.rows:
        return
    groups: dict[tuple[int, int], tuple[list[str], Drawn]] = {}
    for name, column in entity.columns.items():
        link = entity.links.get(name)
        drawn = link.chooser if link is not None else column.facts.joint
        if isinstance(drawn, JointIndexes) and drawn.layout is None:
            groups.setdefault((drawn.key, drawn.product), ([], drawn))[0].append(name)
        elif isinstance(drawn, OneToOne):
            groups[drawn.key, drawn.parents] = ([name], drawn)
    for columns, drawn in groups.values():
        if all(entity.columns[name].fixed is not None for name in columns):
            yield tuple(columns), drawn


def _exchange(plan: Plan, entity: EntityPlan, columns: tuple[str, ...]) -> Exchange | None:
    """For each new row that would repeat an old one, an old row's number whose own values no old row has."""
    coder = _Coder(entity, columns)
    free, repeated = [], []
    for start in range(0, entity.rows, BATCH_ROWS):
        numbers = np.arange(start, min(start + BATCH_ROWS, entity.rows), dtype=np.int64)
        there = coder.repeats(PlannedRows(plan, _without_old(entity), numbers))
        old = numbers < entity.first
        free.append(numbers[old & ~there])
        repeated.append(numbers[~old & there])
    rows = np.concatenate(repeated)
    return Exchange(rows, np.concatenate(free)[: len(rows)]) if len(rows) else None


def _without_old(entity: EntityPlan) -> EntityPlan:
    """The entity with its old rows' values computed, not taken as they are."""
    columns = {name: replace(column, fixed=None, given=()) for name, column in entity.columns.items()}
    return replace(entity, columns=columns)


class _Coder:
    """Tells which rows have the same values in some columns as an old row."""

    def __init__(self, entity: EntityPlan, columns: tuple[str, ...]) -> None:
        self._words = {name: pc.unique(entity.columns[name].fixed).drop_null() for name in columns}
        self._old = np.unique(self._codes({name: entity.columns[name].fixed for name in columns}))

    def repeats(self, rows: PlannedRows) -> np.ndarray:
        codes = self._codes({name: rows.column(name) for name in self._words})
        return np.isin(codes, self._old) & (codes >= 0)

    def _codes(self, values: Mapping[str, pa.Array]) -> Numbers:
        """One number for each row's values; -1 where a value is one that no old row has, or null."""
        codes: Numbers | None = None
        for name, words in self._words.items():
            array = values[name]
            array = array.cast(words.type) if array.type != words.type else array
            place = pc.fill_null(pc.index_in(array, value_set=words, skip_nulls=True), -1).to_numpy().astype(np.int64)
            codes = place if codes is None else np.where((codes < 0) | (place < 0), -1, codes * len(words) + place)
        assert codes is not None
        return codes


def _exchanged(entity: EntityPlan, joint: Drawn, exchange: Exchange) -> EntityPlan:
    """The entity with an exchange in every place where a permutation is used."""
    columns, links = dict(entity.columns), dict(entity.links)
    for name, column in entity.columns.items():
        drawn = column.facts.joint
        if isinstance(drawn, JointIndexes) and isinstance(joint, JointIndexes) and drawn.key == joint.key:
            columns[name] = replace(column, facts=replace(column.facts, joint=replace(drawn, exchange=exchange)))
    for name, link in entity.links.items():
        chooser = link.chooser
        if isinstance(chooser, Drawn) and type(chooser) is type(joint) and chooser.key == joint.key:
            links[name] = replace(link, chooser=replace(chooser, exchange=exchange))
    return replace(entity, columns=columns, links=links)
