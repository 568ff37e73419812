"""Two samples side by side: by shares where values repeat, by their order where they are continuous."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.scenario.types import Type
from sdgen.verify.forms import ORDERED, Floats, as_texts, in_order, shown
from sdgen.verify.statistics import Outcome, homogeneity, kolmogorov_smirnov

Counts = NDArray[np.int64]

MOST_DISTINCT = 60  # numbers of more different values are compared as continuous


@dataclass(frozen=True)
class Compared:
    """Two samples side by side: the test's outcome, and what most tells them apart."""

    outcome: Outcome | None
    expected: str
    found: str


TOO_FEW = Compared(None, "", "too few values to tell")
Sample = Any  # an Arrow array of values, or an array of counts
Compare = Callable[[Sample, Sample], Compared]


def compare_values(found: pa.Array, planned: pa.Array, type: Type) -> Compared:
    """Compare the values, nulls left out, of one column; ValueError where a value is none of the type."""
    if type.kind in ORDERED:
        return _compare_ordered(in_order(found, type), in_order(planned, type), type)
    return compare_texts(as_texts(found, type), as_texts(planned, type))


def _compare_ordered(found: Floats, planned: Floats, type: Type) -> Compared:
    values, codes = np.unique(np.concatenate([found, planned]), return_inverse=True)
    if len(values) <= MOST_DISTINCT:
        counts = _counted(codes, len(found), len(values))
        return compare_counts(*counts, [shown(value, type) for value in values])
    medians = [f"median {shown(float(np.median(each)), type)}" if len(each) else "" for each in (planned, found)]
    return Compared(kolmogorov_smirnov(found, planned), *medians)


def compare_texts(found: pa.Array, planned: pa.Array) -> Compared:
    coded = pa.concat_arrays([found, planned]).dictionary_encode()
    names = coded.dictionary
    counts = _counted(coded.indices.to_numpy(zero_copy_only=False), len(found), len(names))
    if len(names) <= 1 or homogeneity(*counts) is not None:
        return compare_counts(*counts, names)
    lengths = [pc.utf8_length(each).to_numpy(zero_copy_only=False).astype(np.int64) for each in (found, planned)]
    sizes, codes = np.unique(np.concatenate(lengths), return_inverse=True)
    return compare_counts(*_counted(codes, len(found), len(sizes)), [f"{size} characters:" for size in sizes])


def _counted(codes: Counts, first: int, size: int) -> tuple[Counts, Counts]:
    return np.bincount(codes[:first], minlength=size), np.bincount(codes[first:], minlength=size)


def compare_counts(found: Counts, planned: Counts, names: list[str] | pa.Array) -> Compared:
    """Compare shares; the category whose shares differ most stands for all."""
    outcome = homogeneity(found, planned)
    if not len(names) or not found.sum() or not planned.sum():
        return Compared(outcome, "", "")
    shares = [each / each.sum() for each in (planned, found)]
    apart = np.abs(shares[0] - shares[1])
    place = int((apart if apart.any() else shares[0]).argmax())
    expected, there = (f"{names[place]} {share[place]:.2%}" for share in shares)
    return Compared(outcome, expected, there)


def compare_children(found: Counts, planned: Counts) -> Compared:
    size = max(len(found), len(planned))
    padded = [np.pad(each, (0, size - len(each))) for each in (found, planned)]
    return compare_counts(padded[0], padded[1], [f"{children} children:" for children in range(size)])


def compare_ranks(found: Counts, planned: Counts) -> Compared:
    size = max(len(found), len(planned))
    padded = [np.pad(each, (0, size - len(each))) for each in (found, planned)]
    return compare_counts(padded[0], padded[1], [f"parent no. {rank}:" for rank in range(1, size + 1)])
