"""Numbers of children that are drawn: the laws a scenario can name, as layouts of rows over a parent's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

import numpy as np

from sdgen.errors import Problem, ProblemType, ScenarioError, did_you_mean
from sdgen.generators import streams
from sdgen.generators.links.counts import ComputedCounts, DrawnCounts, Layout
from sdgen.generators.links.parent_sampler import EachOf
from sdgen.generators.numbers.alias_tables import alias_table
from sdgen.generators.streams import Numbers
from sdgen.scenario.model import RowCount
from sdgen.scenario.request import PlanRequest

if TYPE_CHECKING:
    from sdgen.generators.numbers.count_laws import CountLaw
    from sdgen.planning.parent_columns import ParentColumn

_MOST_NUMBERS = 100_000  # different counts that one table draws
_RAREST = 1e-9
_OWN_PARAM = {"dispersion": "negative_binomial", "sigma": "lognormal", "exponent": "zipf"}


def law_faults(rows: RowCount) -> Iterator[tuple[str, str]]:
    """What is wrong with a law and its params, each fault with a hint."""
    for param, law in _OWN_PARAM.items():
        if getattr(rows, param) is not None and rows.law != law:
            yield f"{param} is a param of another law", f"write `law: {law}`, or leave {param} out"
    if rows.law == "zipf":
        if rows.mean is not None or rows.weight:
            yield "zipf takes no mean and no weight", "give the most rows a parent has as max"
        elif rows.max is None:
            yield "zipf needs the most rows a parent has", "give it as max"
    elif (rows.law or rows.weight) and rows.mean is None:
        yield f"{rows.law or 'weight'} needs a mean", "give the rows a parent has on average as mean"


def drawn_counts(rows: RowCount, parents: int, key: int, weight: ParentColumn | None) -> Layout:
    """Numbers of rows by a law, or all equally likely; ScenarioError where they can't be drawn."""
    low, high = rows.min or 0, rows.max
    if rows.mean is None and high is None:
        raise _error("min without max", "give the most rows a parent has as max")
    if high is not None and low > high:
        raise _error(f"min is {low}, above max, which is {high}")
    if rows.law == "zipf" and high is not None:
        return _by_zipf(rows, parents, key, low, high)
    if rows.mean is None:
        return DrawnCounts(parents, low, high or 0, key)
    # The tables are multiples of their first entry, exp(-mean), which nears the smallest doubles as the mean grows.
    if rows.mean > 500 and rows.law != "lognormal":
        raise _error(f"a mean of {rows.mean:g} rows per parent is too large to draw", "use min and max")
    if rows.law in (None, "poisson") and weight is None:
        # Ten standard deviations above the mean, beyond which a Poisson law has next to nothing.
        high = high if high is not None else round(rows.mean + 10 * rows.mean**0.5 + 10)
        if low > high:
            raise _error(f"min is {low}, above max, which is {high}")
        return DrawnCounts(parents, low, high, key, alias_table(_poisson(rows.mean, low, high)))
    return _by_law(rows, parents, key, weight)


def _error(what: str, hint: str = "") -> ScenarioError:
    return ScenarioError(Problem((), what, hint))


def _by_zipf(rows: RowCount, parents: int, key: int, low: int, high: int) -> Layout:
    from sdgen.generators.numbers.count_laws import zipf_shares

    if high - low >= _MOST_NUMBERS:
        raise _error(f"zipf draws at most {_MOST_NUMBERS:,} different numbers of rows", "give a smaller max")
    shares = zipf_shares(high - low + 1, 1.0 if rows.exponent is None else rows.exponent)
    return DrawnCounts(parents, low, high, key, alias_table(shares))


def _by_law(rows: RowCount, parents: int, key: int, weight: ParentColumn | None) -> Layout:
    from sdgen.generators.numbers.count_laws import CountLaw  # few scenarios need its exp and ln

    assert rows.mean is not None
    spreads: Mapping[str | None, float] = {
        "negative_binomial": rows.dispersion or 1 + rows.mean,
        "lognormal": rows.sigma or 1.0,
    }
    law = CountLaw(rows.law or "poisson", rows.mean, spreads.get(rows.law, 0.0), rows.min or 0, rows.max)
    # With a weight each parent has a law of its own, and no table serves them all.
    if weight is not None or law.name == "lognormal":
        return ComputedCounts(parents, DrawnByLaw(key, law, weight))
    shares = law.probabilities()
    if sum(shares) < _RAREST:
        raise _error("the law hardly ever gives numbers of rows between min and max", "widen the bounds")
    return DrawnCounts(parents, law.minimum, law.minimum + len(shares) - 1, key, alias_table(shares))


@dataclass(frozen=True)
class DrawnByLaw:
    """A count for each parent by a law, its mean being multiplied by a column of the parent where there is one."""

    key: int
    law: CountLaw
    weight: ParentColumn | None

    def counts(self, parents: Numbers) -> Numbers:
        factors = np.ones(len(parents)) if self.weight is None else self.weight.numbers(parents)
        if self.law.name != "lognormal" and len(factors) and self.law.mean * factors.max() > 500:
            what = f"a mean of {self.law.mean * factors.max():g} rows is too large to draw, mean and weight multiplied"
            raise _error(what, "lower the mean, or the parent's column")
        return self.law.draw(streams.draw(self.key, parents), factors)


def _poisson(mean: float, low: int, high: int) -> list[float]:
    """The Poisson law's probabilities of low … high, rounded so that they are the same everywhere."""
    shares = []
    share = exp(-mean)
    for number in range(high + 1):
        if number:
            share *= mean / number
        if number >= low:
            shares.append(float(f"{share:.12g}"))
    return shares


# Rows that are one for each row of other entities (`rows: {each: …}`): can they be, and how are they laid out?

# Takes an entity, what is wrong with its rows, a hint, and what sort of problem it is.
Refuse = Callable[[str, str, str, ProblemType], None]


def each_links(rows: RowCount, links: Mapping[str, str]) -> dict[str, str]:
    """The link that leads to each entity of `each`; entities that none or several lead to are left out."""
    found = {parent: [link for link, there in links.items() if there == parent] for parent in rows.each}
    return {parent: names[0] for parent, names in found.items() if len(names) == 1}


def each_is_right(name: str, rows: RowCount, links: Mapping[str, str], entities: Iterable[str], refuse: Refuse) -> bool:
    """Whether rows can be laid out so; what is wrong otherwise is told."""
    known = each_links(rows, links)
    before = len(known)
    if any((rows.count, rows.per, rows.min, rows.max, rows.mean, rows.total, rows.fixed, rows.law, rows.weight)):
        refuse(name, "each takes only share beside it", "leave count, per and fixed out", ProblemType.ROWS)
        before = -1
    for parent in rows.each:
        if parent not in entities:
            what = f"rows are one for each of the unknown entity {parent!r}"
            refuse(name, what, did_you_mean(parent, entities), ProblemType.REFERENCE)
        elif parent not in known:
            count = sum(there == parent for there in links.values())
            hint = f"add a column with `generator: fk` to {parent}" if not count else "keep one of them"
            refuse(
                name,
                f"rows are one for each of {parent}, but {count} foreign keys lead there",
                hint,
                ProblemType.REFERENCE,
            )
    return before == len(rows.each)


def each_laid_out(
    name: str, rows: RowCount, links: Mapping[str, str], counts: Mapping[str, int], request: PlanRequest
) -> tuple[int, dict[str, EachOf]]:
    """How many rows there are, and how each link finds its parents: first the rows of the first entity, and so on.

    Rows that are there already stay with their parents; the run's rows belong to those parents that it makes.
    """
    start = request.first(name)
    found = {}
    for parent, link in each_links(rows, links).items():
        older = request.first(parent)
        found[link] = EachOf(start, counts[parent] - older, older)
        start += counts[parent] - older
    new = start - request.first(name)
    asked = request.rows.get(name)
    whole = asked if asked is not None else round(new / (rows.share or 1))
    return request.first(name) + max(new, whole), found
