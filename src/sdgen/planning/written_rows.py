"""Rows as they are written: clean ones, with the dirt of their entity laid over them, and the table that lists it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import Generator
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.dirt import MISTAKES, CleanCells
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.streams import Numbers, Words, below, draw, stream_key
from sdgen.planning.plan import DirtPlan, EntityPlan, Mistake, Plan
from sdgen.planning.planned_rows import PlannedRows
from sdgen.scenario.types import Type

BEYOND = 1_000_000  # a broken link leads to one of so many rows that would come after the parent's last
Answers = Callable[[Numbers], dict[str, pa.Array]]  # of some rows of a section: the columns of the answer key


class WrittenRows(Protocol):
    """Some rows of an entity as they are written, and `clean` as other columns, parents and checks see them."""

    @property
    def clean(self) -> PlannedRows: ...

    def column(self, name: str) -> pa.Array: ...


def written_rows(plan: Plan, entity: EntityPlan, numbers: Numbers) -> WrittenRows:
    """Rows of an entity as they are written; numbers beyond its clean rows are those of copies."""
    if entity.dirt is None:
        return _CleanRows(PlannedRows(plan, entity, numbers))
    return _DirtyRows(plan, entity, entity.dirt, numbers)


@dataclass(frozen=True)
class _CleanRows:
    clean: PlannedRows

    def column(self, name: str) -> pa.Array:
        return self.clean.column(name)


@dataclass(frozen=True)
class _DirtyRows:
    """Rows with their dirt. A copy is a copy of what is written, with the same mistakes."""

    plan: Plan
    entity: EntityPlan
    dirt: DirtPlan
    numbers: Numbers

    @cached_property
    def clean(self) -> PlannedRows:
        numbers = self.numbers.copy()
        copies = numbers >= self.dirt.rows
        if self.dirt.duplicates is not None and copies.any():
            numbers[copies] = self.dirt.duplicates.at(numbers[copies] - self.dirt.rows)
        return PlannedRows(self.plan, self.entity, numbers)

    def column(self, name: str) -> pa.Array:
        values = self.clean.column(name)
        for mistake in (each for each in self.dirt.mistakes if name in each.columns):
            # A mistake is no value of the dictionary.
            if pa.types.is_dictionary(values.type):
                values = values.dictionary.take(values.indices)
            # By the numbers of clean rows, so that a copy has the mistakes of the row that it copies.
            places = np.flatnonzero(mistake.share.among(self.clean.numbers))
            if len(places):
                order = np.arange(len(values), dtype=np.int64)
                order[places] = len(values) + np.arange(len(places))
                dirty = dirty_values(self.clean.at(self.clean.numbers[places]), mistake, name)
                values = pa.concat_arrays([values, dirty]).take(pa.array(order))
        return values


def dirty_values(rows: PlannedRows, mistake: Mistake, column: str) -> pa.Array:
    """What a mistake makes of a column in these rows, all of which have it."""
    settled = rows.settled.columns[column]
    if mistake.kind == "swapped":
        other = next(name for name in mistake.columns if name != column)
        return cast_array(rows.column(other), settled.type, settled.type.arrow)

    def words(purpose: str) -> Words:
        key = stream_key(rows.plan.seed, rows.entity, column, f"dirt.{mistake.kind}.{purpose}")
        return draw(key, rows.numbers)

    if mistake.kind == "broken_link":
        link = cast(ForeignKey, settled.generator)
        parent = rows.plan.entities[link.entity]
        # The parent's key at a row that the parent would have if it were longer: keys are distinct by construction, so
        # that it is no row's.
        beyond = below(words("row"), BEYOND) + parent.clean_rows
        keys = PlannedRows(rows.plan, parent, beyond).column(link.column)
        return cast_array(keys, settled.type, settled.type.arrow)
    clean = cast_array(rows.column(column), settled.type, settled.type.arrow)
    return MISTAKES[mistake.kind](CleanCells(clean, settled.type, words, rows.plan.as_of))


_TEXT = Type("text")
ANSWERS = {
    "table_name": _TEXT,
    "row_index": Type("bigint"),
    "row_key": _TEXT,
    "column_name": _TEXT,
    "kind": _TEXT,
    "clean": _TEXT,
    "dirty": _TEXT,
}


class AnswerKeyColumn(Generator):
    """A column of the table that lists all mistakes, one a row: entity after entity, its copies last."""

    answer: str
    entities: tuple[str, ...]

    @property
    def called(self) -> str:
        return "answer key"

    def natural(self) -> Type:
        return ANSWERS[self.answer]

    def values(self, cells: ColumnBatch) -> pa.Array:
        rows = cast(PlannedRows, cells.rows)
        found = rows.shared("answers", lambda: _answers(rows.plan, self.entities, rows.numbers))
        return found[self.answer]


@dataclass(frozen=True)
class _Section:
    """Rows of the answer key, one after the other, that tell of one kind of mistake in one column."""

    size: int
    answers: Answers


def _sections(plan: Plan, names: tuple[str, ...]) -> Iterator[_Section]:
    # The order of sections decides which entry of the answer key has which row number: it belongs to everybody's data.
    for name in names:
        entity = plan.entities[name]
        dirt = cast(DirtPlan, entity.dirt)
        for mistake in dirt.mistakes:
            for column in mistake.columns:
                yield _Section(mistake.share.count, _of_cells(plan, entity, mistake, column))
        if dirt.duplicates is not None:
            yield _Section(dirt.copies, _of_copies(plan, entity, dirt))


def _of_cells(plan: Plan, entity: EntityPlan, mistake: Mistake, column: str) -> Answers:
    def answers(entries: Numbers) -> dict[str, pa.Array]:
        rows = PlannedRows(plan, entity, mistake.share.at(entries))
        clean, dirty = _text(rows.column(column)), _text(dirty_values(rows, mistake, column))
        return _answer(rows, rows.numbers, column, mistake.kind, clean, dirty)

    return answers


def _of_copies(plan: Plan, entity: EntityPlan, dirt: DirtPlan) -> Answers:
    def answers(entries: Numbers) -> dict[str, pa.Array]:
        assert dirt.duplicates is not None
        rows = PlannedRows(plan, entity, dirt.duplicates.at(entries))
        copied = pa.array(rows.numbers).cast(pa.string())
        nothing = pa.nulls(len(entries), pa.string())
        return _answer(rows, entries + dirt.rows, None, "duplicate", nothing, copied)

    return answers


def _answer(
    rows: PlannedRows, numbers: Numbers, column: str | None, kind: str, clean: pa.Array, dirty: pa.Array
) -> dict[str, pa.Array]:
    keys = [_text(rows.column(name)) for name in rows.settled.primary_key]
    count = len(numbers)
    return {
        "table_name": _repeated(rows.settled.table, count),
        "row_index": pa.array(numbers),
        "row_key": pc.binary_join_element_wise(*keys, ",") if keys else pa.nulls(count, pa.string()),
        "column_name": _repeated(column, count),
        "kind": _repeated(kind, count),
        "clean": clean,
        "dirty": dirty,
    }


def _repeated(text: str | None, count: int) -> pa.Array:
    return pa.array([text], pa.string()).take(pa.array(np.zeros(count, dtype=np.int64)))


def _text(values: pa.Array) -> pa.Array:
    return cast_array(values, _TEXT, pa.string())


def _answers(plan: Plan, names: tuple[str, ...], numbers: Numbers) -> dict[str, pa.Array]:
    """All columns of some rows of the answer key: those of each section made at once, then put in order."""
    sections = list(_sections(plan, names))
    # Found by search, since entries may be asked for in any order and from anywhere.
    ends = np.cumsum([section.size for section in sections])
    places = np.searchsorted(ends, numbers, side="right")
    order = np.argsort(places, kind="stable")
    parts = []
    for place in np.unique(places):
        entries = numbers[places == place] - (ends[place] - sections[place].size)
        parts.append(sections[place].answers(entries))
    back = pa.array(np.argsort(order, kind="stable"))
    empty = {name: [pa.array([], type.arrow)] for name, type in ANSWERS.items()}
    return {name: pa.concat_arrays([part[name] for part in parts] or empty[name]).take(back) for name in ANSWERS}
