"""What one branch of CHECKs says of several columns → one of them is computed, in the rows of that branch alone.

What all branches say is kept by all rows (`column_orders.py`), as is what can't be computed in some of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_facts import CheckMeaning, ColumnBounds, Definition, Equation, Gap, Limit
from sdgen.readers.sql.column_limits import within_limit
from sdgen.readers.sql.column_sums import (
    Dependencies,
    distance,
    fits,
    hidden_step,
    is_open,
    leave_room,
    merged_gaps,
    stepped,
)
from sdgen.readers.sql.drafts import TableDraft, is_fixed, quoted
from sdgen.scenario.types import MOMENTS, NUMBERS


@dataclass(frozen=True)
class _Computed:
    """A column of a branch: by an expression, or as another column and a step between two ends."""

    column: str
    needs: tuple[str, ...]
    sql: str = ""
    ends: tuple[int, int] = (0, 0)
    turned: bool = False


@dataclass(frozen=True)
class RelatedBranch:
    """A branch with what is left of it to be kept otherwise, and the columns that are computed in its rows."""

    branch: CheckMeaning
    computed: tuple[_Computed, ...] = ()

    def covers(self, other: RelatedBranch) -> bool:
        """Whether it asks of several columns what another branch does, and more: that one has such rows as well."""
        own, others = ({column.column for column in each.computed} for each in (self, other))
        return bool(others) and others <= own and not other.branch.related


def related_branches(entity: TableDraft, branches: Sequence[CheckMeaning]) -> list[RelatedBranch]:
    """Branches, each with the columns that keep what it alone says of several of them."""
    known, found = Dependencies({}), dict[int, RelatedBranch]()
    # Equations first: they leave less choice of what is computed.
    for at in sorted(range(len(branches)), key=lambda at: not branches[at].equations):
        one = _Related(entity, branches[at], _shared(branches), known)
        one.keep()
        known, found[at] = one.known, RelatedBranch(one.branch, tuple(one.computed))
    return [found[at] for at in range(len(branches))]


def _shared(branches: Sequence[CheckMeaning]) -> CheckMeaning:
    """What all branches say of several columns."""
    first, rest = branches[0], branches[1:]
    return CheckMeaning(
        orders=tuple(each for each in first.orders if all(each in other.orders for other in rest)),
        different=tuple(each for each in first.different if all(each in other.different for other in rest)),
        gaps=tuple(each for each in first.gaps if all(each in other.gaps for other in rest)),
        equations=tuple(each for each in first.equations if all(each in other.equations for other in rest)),
        limits=tuple(each for each in first.limits if all(each in other.limits for other in rest)),
    )


@dataclass
class _Related:
    """One branch while its relations become columns. known: what is computed from what in the other branches."""

    entity: TableDraft
    branch: CheckMeaning
    shared: CheckMeaning
    known: Dependencies

    def __post_init__(self) -> None:
        self.computed: list[_Computed] = []

    def keep(self) -> None:
        branch, shared = self.branch, self.shared
        orders = [each for each in branch.orders if each not in shared.orders]
        steps = [Gap(each.low, each.high, Decimal(each.strict)) for each in orders]
        steps += [each for each in branch.gaps if each not in shared.gaps]
        for equation in branch.equations:
            # What all branches say is left out here: all rows keep it, and to compute it once more would settle a
            # column twice.
            if equation not in shared.equations and (self._moot(equation) or self._equated(equation)):
                self._drop(equations=tuple(each for each in self.branch.equations if each != equation))
        for pair in branch.equal:
            if self._is_null(*pair) or self._copied(pair):
                self._drop(equal=tuple(each for each in self.branch.equal if each != pair))
        for pair in branch.different:
            # `a <> b` is kept by `a < b`, which one hidden step can promise.
            ordered = Gap(*pair, Decimal(1))
            if pair not in shared.different and (
                self._is_null(*pair) or (self._numeric(pair) and self._stepped(ordered))
            ):
                self._drop(different=tuple(each for each in self.branch.different if each != pair))
        for limit in branch.limits:
            if limit not in shared.limits and (self._is_null(*limit.names) or self._limited(limit)):
                self._drop(limits=tuple(each for each in self.branch.limits if each != limit))
        for gap in merged_gaps(CheckMeaning(gaps=tuple(steps))):
            if self._is_null(gap.low, gap.high) or self._stepped(gap):
                ends = {gap.low, gap.high}
                self._drop(
                    orders=tuple(each for each in self.branch.orders if {each.low, each.high} != ends),
                    gaps=tuple(each for each in self.branch.gaps if {each.low, each.high} != ends),
                )

    def _drop(self, **left: object) -> None:
        self.branch = replace(self.branch, **left)  # type: ignore[arg-type]

    def _is_null(self, *names: str) -> bool:
        """Whether one of some columns is null in the branch, where a relation of them holds."""
        return any(self.branch.columns.get(name, ColumnBounds()).null for name in names)

    def _moot(self, equation: Equation) -> bool:
        return self._is_null(equation.ways[0].column, *equation.ways[0].needs)

    def _numeric(self, pair: tuple[str, str]) -> bool:
        kinds = {self.entity.columns[name].type.kind for name in pair}
        return kinds <= NUMBERS or kinds <= MOMENTS

    def _column(self, name: str) -> ColumnDraft:
        """A column as it is in the branch."""
        column, bounds = self.entity.columns[name], self.branch.columns.get(name, ColumnBounds())
        return replace(column, bounds=column.bounds.also(bounds), nullable=column.nullable and not bounds.not_null)

    def _may_compute(self, name: str, needs: Sequence[str]) -> bool:
        column = self._column(name)
        taken = (
            is_fixed(column) or column.bounds.values is not None or any(each.column == name for each in self.computed)
        )
        return not taken and not any(self.known.reaches(need, name) for need in needs)

    def _add(self, computed: _Computed, **bounds: ColumnBounds) -> bool:
        """Compute a column; what it needs keeps such bounds besides."""
        target = self._column(computed.column)
        columns = dict(self.branch.columns)
        for need in computed.needs:
            also = bounds.get(need, ColumnBounds())
            if not target.nullable and self.entity.columns[need].nullable:
                # An expression over a null is null, which a column that is NOT NULL may not be.
                also = also.also(ColumnBounds(not_null=True))
            if also != ColumnBounds():
                columns[need] = columns.get(need, ColumnBounds()).also(also)
        # Told before anything is changed: another way may still be tried.
        if any(each.contradictory for each in columns.values()):
            return False
        # What bounds the column is kept by what it is computed from.
        if computed.column in columns:
            own = columns[computed.column]
            columns[computed.column] = ColumnBounds(null=own.null, not_null=own.not_null)
        self.branch = replace(self.branch, columns=columns)
        self.known = self.known.also(computed.column, computed.needs)
        self.computed.append(computed)
        return True

    def _equated(self, equation: Equation) -> bool:
        return any(
            self._add(_Computed(way.column, way.needs, way.sql))
            # Ways that add come before ways that subtract: a difference may fall below zero.
            for way in sorted(equation.ways, key=lambda way: " - " in way.sql)
            if self._may_compute(way.column, way.needs) and self._follows(way)
        )

    def _follows(self, way: Definition) -> bool:
        columns = {name: self._column(name) for name in (way.column, *way.needs)}
        return is_open(columns, way) and fits(columns, way)

    def _copied(self, pair: tuple[str, str]) -> bool:
        for copy, original in (pair, pair[::-1]):
            column, other = self._column(copy), self._column(original)
            if not self._may_compute(copy, (original,)) or other.type.kind != column.type.kind:
                continue
            bounds = replace(column.bounds, null=False, not_null=False)
            # The copy keeps its own bounds only if the original can be narrowed to them.
            if bounds != ColumnBounds() and is_fixed(other):
                continue
            return self._add(_Computed(copy, (original,), quoted(original)), **{original: bounds})
        return False

    def _limited(self, limit: Limit) -> bool:
        bounds = within_limit(limit, self._column)
        for name, each in (bounds or {}).items():
            own = self.branch.columns.get(name, ColumnBounds())
            self.branch = replace(self.branch, columns={**self.branch.columns, name: own.also(each)})
        return bounds is not None

    def _stepped(self, gap: Gap) -> bool:
        for base, target, turned in ((gap.low, gap.high, False), (gap.high, gap.low, True)):
            column, other = self._column(target), self._column(base)
            ends = distance(gap, column, other, turned)
            if ends is None or not self._may_compute(target, (base,)):
                continue
            # `leave_room` narrows the record of the base column, which belongs to this branch alone (see `_column`).
            before = other.bounds
            if not leave_room(other, column, ends, turned):
                continue
            narrowed = other.bounds if other.bounds != before else ColumnBounds()
            if self._add(_Computed(target, (base,), ends=ends, turned=turned), **{base: narrowed}):
                return True
        return False


def expressions(entity: TableDraft, related: RelatedBranch) -> Iterator[tuple[str, str]]:
    """The columns that a branch computes, and how; hidden steps are added to the table."""
    bounds = related.branch.columns
    for each in related.computed:
        sql = each.sql
        if not sql:
            column, base = entity.columns[each.column], entity.columns[each.needs[0]]
            # Whether null is possible is asked of the branch, not of the table: a branch may forbid a null that the
            # column takes.
            firm = column.nullable and not bounds.get(each.column, ColumnBounds()).not_null
            open = base.nullable and not bounds.get(each.needs[0], ColumnBounds()).not_null
            hidden = hidden_step(entity, column, each.ends, each.turned)
            sql = stepped(replace(column, nullable=firm), replace(base, nullable=open), hidden, each.turned)
        yield each.column, sql
