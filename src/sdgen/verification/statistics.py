"""Tests of two samples: are both drawn from one distribution?

The distributions of the test figures are computed from their standard series (Abramowitz & Stegun, Handbook of
Mathematical Functions, 1964, chapters 6 and 26; Kolmogorov's distribution by its two theta series). scipy has them too,
but `sdgen verify` must work in a base installation, to which scipy would add 110 MB: tests compare with it instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, lgamma, log, pi, sqrt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.scenario.types import Type
from sdgen.verification.comparable import ORDERED, Floats, as_texts, format_value, in_order

LEAST_EXPECTED = 5.0  # Cochran's rule: cells with fewer are pooled
_SMALL = 1e-300
_PRECISE = 1e-15
_STEPS = 100_000
_MEAN_KOLMOGOROV_SQUARE = pi * pi / 12


@dataclass(frozen=True)
class Outcome:
    """A test's figure and its p-value.

    `inflation` is the figure in a form whose mean is 1 where both samples are independent draws from one distribution.
    """

    method: str
    figure: float
    p: float
    inflation: float


def chi_square_tail(figure: float, freedom: float) -> float:
    """The probability that a chi-square variable exceeds `figure`: the incomplete gamma function Q (A&S 26.4.19)."""
    if figure <= 0:
        return 1.0
    shape, half = freedom / 2, figure / 2
    # The exponential of more than about 709 is beyond a double.
    scale = exp(min(shape * log(half) - half - lgamma(shape), 700.0))
    # Below this point the series converges faster, above it the continued fraction.
    if half < shape + 1:
        return min(max(1 - scale * _gamma_series(shape, half), 0.0), 1.0)
    return min(scale * _gamma_fraction(shape, half), 1.0)


def _gamma_series(shape: float, half: float) -> float:
    """A&S 6.5.29, without its first factor."""
    term = total = 1 / shape
    for number in range(1, _STEPS):
        term *= half / (shape + number)
        total += term
        if term < total * _PRECISE:
            break
    return total


def _gamma_fraction(shape: float, half: float) -> float:
    """A&S 6.5.31, without its first factor."""
    return _fraction(
        lambda number: 1.0 if number == 0 else -number * (number - shape),
        lambda number: half + 1 - shape + 2 * number,
    )


def _fraction(above: Callable[[int], float], below: Callable[[int], float]) -> float:
    """The continued fraction above(0) / (below(0) + above(1) / (below(1) + …)), by Lentz's method."""
    value = front = _SMALL
    back = 0.0
    for number in range(_STEPS):
        back = 1 / ((below(number) + above(number) * back) or _SMALL)
        front = (below(number) + above(number) / front) or _SMALL
        change = front * back
        value *= change
        if abs(change - 1) < _PRECISE:
            break
    return value


def kolmogorov_tail(figure: float) -> float:
    """The probability that Kolmogorov's variable, the limit of sqrt(n) · D, exceeds `figure` (Kolmogorov 1933)."""
    if figure <= 0:
        return 1.0
    # Each of the two series converges within a few terms on its own side.
    if figure < 1.1:
        terms = (exp(-(((2 * number - 1) * pi / figure) ** 2) / 8) for number in range(1, 8))
        return min(max(1 - sqrt(2 * pi) / figure * sum(terms), 0.0), 1.0)
    signed = ((-1.0) ** (number - 1) * exp(-2 * (number * figure) ** 2) for number in range(1, 12))
    return float(min(max(2 * sum(signed), 0.0), 1.0))


def f_tail(figure: float, above: float, below: float) -> float:
    """The probability that a variable of Fisher's F distribution exceeds `figure` (A&S 26.6.2)."""
    if figure <= 0:
        return 1.0
    return _beta(below / (below + above * figure), below / 2, above / 2)


def _beta(x: float, a: float, b: float) -> float:
    """The incomplete beta function I_x(a, b) (A&S 26.5.8, or 26.5.2 where that converges sooner)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    # The fraction converges fast below this point: beyond it the symmetry of the beta function leads back.
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    factor = exp(a * log(x) + b * log(1 - x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a

    def above(number: int) -> float:
        if number == 0:
            return 1.0
        half, odd = divmod(number - 1, 2)
        if not odd:
            return -(a + half) * (a + b + half) / ((a + 2 * half) * (a + 2 * half + 1)) * x
        return (half + 1) * (b - half - 1) / ((a + 2 * half + 1) * (a + 2 * half + 2)) * x

    return factor * _fraction(above, lambda number: 1.0)


def homogeneity(first: NDArray[np.int64], second: NDArray[np.int64]) -> Outcome | None:
    """Chi-square test that two samples, counted by category, have the same shares.

    Categories of which fewer than 5 are expected are pooled; None where fewer than two are left.
    """
    one, two = _pool_rare(first, second)
    if len(one) < 2 or not one.sum() or not two.sum():
        return None
    # The samples may be of different sizes: each count is scaled to what both would have in common.
    ratio = sqrt(two.sum() / one.sum())
    figure = float((((one * ratio - two / ratio) ** 2) / (one + two)).sum())
    freedom = len(one) - 1
    return Outcome("chi-square", figure, chi_square_tail(figure, freedom), figure / freedom)


def _pool_rare(first: NDArray[np.int64], second: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    both = first + second
    share = min(first.sum(), second.sum()) / max(both.sum(), 1)
    rare = both * share < LEAST_EXPECTED
    one, two = first[~rare].astype(float), second[~rare].astype(float)
    rest = float(first[rare].sum()), float(second[rare].sum())
    if sum(rest) * share >= LEAST_EXPECTED:
        return np.append(one, rest[0]), np.append(two, rest[1])
    if len(one):
        least = int((one + two).argmin())
        one[least] += rest[0]
        two[least] += rest[1]
    return one, two


def kolmogorov_smirnov(first: NDArray[np.float64], second: NDArray[np.float64]) -> Outcome | None:
    """Two-sample Kolmogorov-Smirnov test, with Stephens' correction for samples of few values (1970).

    None where a sample is empty.
    """
    if not len(first) or not len(second):
        return None
    one, two = np.sort(first), np.sort(second)
    at = np.concatenate([one, two])
    distance = float(
        np.abs(np.searchsorted(one, at, "right") / len(one) - np.searchsorted(two, at, "right") / len(two)).max()
    )
    root = sqrt(len(one) * len(two) / (len(one) + len(two)))
    stretched = (root + 0.12 + 0.11 / root) * distance
    return Outcome("ks", distance, kolmogorov_tail(stretched), stretched**2 / _MEAN_KOLMOGOROV_SQUARE)


def p_among(inflation: float, others: list[float]) -> float:
    """The p-value of an inflation, given those between datasets that are known to follow the distribution.

    The ratio to their mean is read as an F variable with 1 and len(others) degrees of freedom: the first-order
    correction of Rao & Scott (1984) for rows that depend on one another, with the fewest degrees it can have.
    """
    mean = sum(others) / len(others)
    return f_tail(inflation / mean if mean else (inf if inflation else 0.0), 1, len(others))


Counts = NDArray[np.int64]

MOST_DISTINCT = 60  # numbers of more different values are compared as continuous


@dataclass(frozen=True)
class SampleComparison:
    """Two samples side by side: the test's outcome, and what most tells them apart."""

    outcome: Outcome | None
    expected: str
    found: str


TOO_FEW = SampleComparison(None, "", "too few values to tell")
Sample = Any  # an Arrow array of values, or an array of counts
Compare = Callable[[Sample, Sample], SampleComparison]


def compare_values(found: pa.Array, planned: pa.Array, type: Type) -> SampleComparison:
    """Compare the values, nulls left out, of one column; ValueError where a value is none of the type."""
    if type.kind in ORDERED:
        return _compare_ordered(in_order(found, type), in_order(planned, type), type)
    return compare_texts(as_texts(found, type), as_texts(planned, type))


def _compare_ordered(found: Floats, planned: Floats, type: Type) -> SampleComparison:
    values, codes = np.unique(np.concatenate([found, planned]), return_inverse=True)
    if len(values) <= MOST_DISTINCT:
        counts = _count_codes(codes, len(found), len(values))
        return compare_counts(*counts, [format_value(value, type) for value in values])
    medians = [f"median {format_value(float(np.median(each)), type)}" if len(each) else "" for each in (planned, found)]
    return SampleComparison(kolmogorov_smirnov(found, planned), *medians)


def compare_texts(found: pa.Array, planned: pa.Array) -> SampleComparison:
    coded = pa.concat_arrays([found, planned]).dictionary_encode()
    names = coded.dictionary
    counts = _count_codes(coded.indices.to_numpy(zero_copy_only=False), len(found), len(names))
    if len(names) <= 1 or homogeneity(*counts) is not None:
        return compare_counts(*counts, names)
    lengths = [pc.utf8_length(each).to_numpy(zero_copy_only=False).astype(np.int64) for each in (found, planned)]
    sizes, codes = np.unique(np.concatenate(lengths), return_inverse=True)
    return compare_counts(*_count_codes(codes, len(found), len(sizes)), [f"{size} characters:" for size in sizes])


def _count_codes(codes: Counts, first: int, size: int) -> tuple[Counts, Counts]:
    return np.bincount(codes[:first], minlength=size), np.bincount(codes[first:], minlength=size)


def compare_counts(found: Counts, planned: Counts, names: list[str] | pa.Array) -> SampleComparison:
    """Compare shares; the category whose shares differ most stands for all."""
    outcome = homogeneity(found, planned)
    if not len(names) or not found.sum() or not planned.sum():
        return SampleComparison(outcome, "", "")
    shares = [each / each.sum() for each in (planned, found)]
    apart = np.abs(shares[0] - shares[1])
    most = int((apart if apart.any() else shares[0]).argmax())
    expected, there = (f"{names[most]} {share[most]:.2%}" for share in shares)
    return SampleComparison(outcome, expected, there)


def compare_children(found: Counts, planned: Counts) -> SampleComparison:
    size = max(len(found), len(planned))
    padded = [np.pad(each, (0, size - len(each))) for each in (found, planned)]
    return compare_counts(padded[0], padded[1], [f"{children} children:" for children in range(size)])


def compare_ranks(found: Counts, planned: Counts) -> SampleComparison:
    size = max(len(found), len(planned))
    padded = [np.pad(each, (0, size - len(each))) for each in (found, planned)]
    return compare_counts(padded[0], padded[1], [f"parent no. {rank}:" for rank in range(1, size + 1)])
