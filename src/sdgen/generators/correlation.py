"""Columns that rise and fall with others: a Gaussian copula over the draws behind them.

A column's normal score is what the normal law has at the rank of its draw among all draws. That of a correlated column
is a weighted sum of other columns' scores and its own, with weights that leave it normal; its rank is then its draw, so
that its law stays what it was. Scores and ranks come from the table of the normal law: + - * / and comparisons alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdgen.generators.numbers.quantile_tables import normal_table
from sdgen.generators.streams import Words

VERSION = 1

Floats = NDArray[np.float64]
# The ends of the table: at ranks of 0 and 1 the normal law is infinite.
_LEAST = 2.0**-53
_U11 = np.uint64(11)


@dataclass(frozen=True)
class Term:
    """A column of the same row, or of a parent through a link, and the weight of its score."""

    column: str
    link: str
    weight: float


@dataclass(frozen=True)
class Correlation:
    """The weights of other columns' scores and of a column's own; their sum has the variance 1."""

    terms: tuple[Term, ...]
    own: float


def scores_at(ranks: Floats) -> Floats:
    """Normal scores of ranks in [0, 1]."""
    return normal_table().at(np.clip(ranks, _LEAST, 1 - _LEAST))


def words_of(scores: Floats) -> Words:
    """The draws that have these scores, to 53 bits."""
    # The inverse of what made the score, from the same table, so that a column's law is met exactly.
    chances = normal_table().probabilities_below(scores)
    chances *= 2.0**53
    # The 53 bits go where `unit` takes them from; the lower bits are never looked at.
    words: Words = chances.astype(np.uint64) << _U11
    return words
