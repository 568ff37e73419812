"""Correlations that columns ask for (`correlate`) → weights of normal scores, where they can hold together.

Each column's score is a weighted sum of a noise of its own and those of the columns it follows, so the correlations R
among these are known. The weights solve R w = r, r being what is asked for; what is left of the variance is its own.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from math import asin, ceil, floor, pi, sin, sqrt

from sdgen.errors import ProblemType, did_you_mean
from sdgen.generators.base import Dependency
from sdgen.generators.correlation import Correlation, Term
from sdgen.generators.links.links import Parent, resolve_link
from sdgen.generators.numbers.quantile_tables import significant
from sdgen.planning.choose import Key, column_path
from sdgen.planning.draft import Draft
from sdgen.planning.sequence_offsets import find_cycle

Noise = tuple[tuple[str, ...], str]  # a column's own noise: the links that lead to its row, and its name
Matrix = Sequence[Sequence[float]]

_LEAST_VARIANCE = 1e-9
_TAKES = "normal, lognormal, exponential, poisson, zipf, uniform_int, uniform_float, decimal, ranges, boolean, choice, "
_TAKES += "date, datetime and time can"


def followed(draft: Draft, key: Key) -> list[tuple[str, Dependency, float]]:
    """The columns that a column is to be correlated with, as they are named, and how much; none that lead nowhere."""
    found = []
    for name, target in draft.column(key).correlate.items():
        try:
            need = _dependency(draft, key[0], name)
        except ValueError:
            continue
        if draft.home(key[0], need) in draft.generators:
            found.append((name, need, target))
    return found


def _dependency(draft: Draft, entity: str, name: str) -> Dependency:
    link, _, column = name.rpartition(".")
    return Dependency(column, resolve_link(link, draft.links[entity]) if link else "")


def plan_correlations(draft: Draft, joints: Container[Key]) -> dict[Key, Correlation]:
    """The weights for each correlated column of the draft; what can't hold is a problem."""
    asked = {key: followed(draft, key) for key in draft.generators if draft.column(key).correlate}
    faults = [fault for key in asked for fault in _faults(draft, key, joints)]
    graph = {key: [draft.home(key[0], need) for _, need, _ in terms] for key, terms in asked.items()}
    cycle: list[Key] = find_cycle(graph)
    # Weights are solved for all or for none: those of a column rest on the weights of what it follows.
    if faults or cycle:
        return {}  # a cycle is told with those of all columns
    return _Solver(draft, asked).solve()


def _faults(draft: Draft, key: Key, joints: Container[Key]) -> Iterator[str]:
    """Add what is wrong with a column's correlations, each by itself, to the problems."""
    path = (*column_path(key), "correlate")
    if why := _unfit(draft, key, joints):
        draft.refuse(path, f"can't be correlated: {why}", _hint(draft, key))
        yield why
    for name in draft.column(key).correlate:
        try:
            need = _dependency(draft, key[0], name)
        except ValueError as error:
            draft.refuse((*path, name), str(error), type=ProblemType.REFERENCE)
            yield name
            continue
        home = draft.home(key[0], need)
        columns = draft.scenario.entities[home[0]].columns
        if need.column not in columns:
            what, hint = f"{home[0]} has no column {need.column!r}", did_you_mean(need.column, columns)
            draft.refuse((*path, name), what, hint, ProblemType.REFERENCE)
            yield name
        elif why := _unfit(draft, home, joints):
            draft.refuse((*path, name), f"{name} can't be followed: {why}", _hint(draft, home))
            yield name


def _unfit(draft: Draft, key: Key, joints: Container[Key]) -> str:
    """Why a column's values don't follow one draw that they rise with; "" where they do, or it is wrong itself."""
    generator = draft.generators.get(key)
    if generator is None or key not in draft.types:
        return ""
    if not generator.rises:
        return f"values of {generator.called} don't rise with one draw"
    unique = draft.alone_unique(key) or key in joints
    return "values of a unique column are a permutation, no draws" if unique else ""


def _hint(draft: Draft, key: Key) -> str:
    generator = draft.generators[key]
    if isinstance(generator, Parent):
        return f"name the parent's own column: {generator.link}.{generator.column}"
    return "let another column be drawn, and compute this one from it" if generator.rises else _TAKES


class _Solver:
    """Solves columns' weights on demand, those that they follow first."""

    def __init__(self, draft: Draft, asked: Mapping[Key, list[tuple[str, Dependency, float]]]) -> None:
        self._draft = draft
        self._asked = asked
        self._solved: dict[Key, Correlation] = {}
        self._noises: dict[Key, dict[Noise, float]] = {}

    def solve(self) -> dict[Key, Correlation]:
        for key in self._asked:
            self._of(key)
        return self._solved

    def _of(self, key: Key) -> Mapping[Noise, float]:
        """A column's score as a sum of noises, by their weights."""
        if key not in self._noises:
            terms = self._asked.get(key, ())
            others = [self._seen_from(key[0], need) for _, need, _ in terms]
            weights, own = self._weights(key, others) if terms else ([], 1.0)
            noises: dict[Noise, float] = {((), key[1]): own}
            for weight, other in zip(weights, others, strict=True):
                for noise, share in other.items():
                    noises[noise] = noises.get(noise, 0.0) + weight * share
            self._noises[key] = noises
            if terms:
                parts = zip(terms, weights, strict=True)
                solved = tuple(Term(need.column, need.link, weight) for (_, need, _), weight in parts)
                self._solved[key] = Correlation(solved, own)
        return self._noises[key]

    def _seen_from(self, entity: str, need: Dependency) -> dict[Noise, float]:
        """The noises of a column of the row, or of a parent's, with the links that lead there."""
        there = self._of(self._draft.home(entity, need))
        steps = self._steps(entity, need.link) if need.link else ()
        return {((*steps, *links), column): share for (links, column), share in there.items()}

    def _steps(self, entity: str, link: str) -> tuple[str, ...]:
        """The links by which a link leads: those that it follows, or itself."""
        # Two ways to one row must have one name, or what its columns share with themselves would count as independent.
        followed = self._draft.link_column(entity, link)[1].followed
        if len(followed) != 1:
            return (link,)
        home = self._draft.home(entity, followed[0])
        further = self._draft.generators[home]
        return (*self._steps(entity, followed[0].link), getattr(further, "via", "") or home[1])

    def _weights(self, key: Key, others: Sequence[Mapping[Noise, float]]) -> tuple[list[float], float]:
        names = [name for name, _, _ in self._asked[key]]
        targets = [_normal(target) for _, _, target in self._asked[key]]
        among = [[sum(share * two.get(noise, 0.0) for noise, share in one.items()) for two in others] for one in others]
        weights = solved(among, targets)
        # What is left of the variance is the column's own; rounding may leave it a little below 0.
        left = 1 - sum(weight * target for weight, target in zip(weights or (), targets, strict=False))
        if weights is None or left < -_LEAST_VARIANCE:
            what, hint = _impossible(names, targets, among)
            self._draft.refuse((*column_path(key), "correlate"), what, hint)
            return [0.0] * len(others), 1.0
        # Rounded, because sines are the machine's own and differ in last digits.
        return [significant(weight) for weight in weights], significant(sqrt(max(left, 0.0)))


def _normal(rank: float) -> float:
    """The correlation of normal scores that has a rank correlation (Pearson, 1907)."""
    return rank if abs(rank) == 1 else significant(2 * sin(pi * rank / 6))


def _rank(normal: float) -> float:
    return 6 / pi * asin(max(-1.0, min(1.0, normal)) / 2)


def solved(matrix: Matrix, right: Sequence[float]) -> list[float] | None:
    """x where matrix x = right, by Gauss's elimination; None where the matrix isn't positive definite."""
    # In plain floats, so that no value depends on a linear algebra library.
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for place, row in enumerate(rows):
        if row[place] < _LEAST_VARIANCE:
            return None
        for other in rows[place + 1 :]:
            factor = other[place] / row[place]
            other[place:] = [value - factor * above for value, above in zip(other[place:], row[place:], strict=True)]
    found = [0.0] * size
    for place in reversed(range(size)):
        known = sum(rows[place][other] * found[other] for other in range(place + 1, size))
        found[place] = (rows[place][size] - known) / rows[place][place]
    return found


def _impossible(names: Sequence[str], targets: Sequence[float], among: Matrix) -> tuple[str, str]:
    """What to say where correlations can't hold together: of the first two that can't, or of all."""
    for one in range(len(names)):
        for two in range(one + 1, len(names)):
            both, first, second = among[one][two], targets[one], targets[two]
            room = sqrt(max((1 - both * both) * (1 - first * first), 0.0))
            low, high = both * first - room, both * first + room
            if not low - _LEAST_VARIANCE <= second <= high + _LEAST_VARIANCE:
                what = f"{_rank(first):.3g} with {names[one]} and {_rank(second):.3g} with {names[two]} can't be: "
                what += f"these two have {_rank(both):.2g} with each other"
                ends = f"{ceil(_rank(low) * 100) / 100:g} to {floor(_rank(high) * 100) / 100:g}"
                return what, f"beside {_rank(first):.3g} with {names[one]}, {names[two]} can have {ends}"
    return f"these correlations can't hold together: {', '.join(names)}", "ask for weaker ones, or for fewer"
