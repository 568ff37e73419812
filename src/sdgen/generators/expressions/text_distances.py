"""Distances between texts, by their characters (code points): the same in every release of every library.

All take two arrays of texts without nulls. The dynamic programs step through the characters of the longest texts and
compute all rows at once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Numbers = NDArray[np.int64] | NDArray[np.float64]
Characters = NDArray[np.int32]  # one row a text; -1 behind its end

# A table of all pairs of characters of all rows would have no bound.
_MOST_CELLS = 1 << 22  # of a table that is held at a time


def characters(texts: pa.Array) -> tuple[Characters, Counts]:
    """The texts' code points, and how many each has."""
    # Characters and not bytes: releases of DuckDB differ in which they count.
    lengths = np.asarray(pc.utf8_length(texts), dtype=np.int64)
    joined = "".join(texts.to_pylist())
    table = np.full((len(lengths), int(lengths.max(initial=0))), -1, dtype=np.int32)
    # One buffer for all texts, four bytes a character, is read without a loop over rows.
    table[np.arange(table.shape[1]) < lengths[:, None]] = np.frombuffer(joined.encode("utf-32-le"), dtype=np.int32)
    return table, lengths


def levenshtein(left: pa.Array, right: pa.Array) -> Numbers:
    """How many characters must be put in, left out or changed (Levenshtein 1965)."""
    return _by_rows(left, right, _levenshtein)


def damerau_levenshtein(left: pa.Array, right: pa.Array) -> Numbers:
    """Likewise, where two neighbours may change places, with edits between them (Lowrance and Wagner 1975)."""
    return _by_rows(left, right, _damerau)


def hamming(left: pa.Array, right: pa.Array) -> Numbers:
    """In how many places two texts differ; not a number where their lengths do, or nothing is to compare."""
    return _by_rows(left, right, _hamming)


def jaccard(left: pa.Array, right: pa.Array) -> Numbers:
    """The share of all characters of two texts that both have; not a number where one is empty."""
    return _by_rows(left, right, _jaccard)


_Program = Callable[[Characters, Counts, Characters, Counts], Numbers]


def _by_rows(left: pa.Array, right: pa.Array, program: _Program) -> Numbers:
    """A program over as many rows at a time as memory has room for."""
    # Two more for the rows and columns in front, which Damerau's program needs.
    longest = [int(pc.max(pc.utf8_length(texts)).as_py() or 0) + 2 for texts in (left, right)]
    step = max(1, _MOST_CELLS // (longest[0] * longest[1]))
    made = [np.zeros(0)]
    for start in range(0, len(left), step):
        rows = slice(start, start + step)
        made.append(program(*characters(left[rows]), *characters(right[rows])).astype(np.float64))
    return np.concatenate(made)


def _hamming(first: Characters, lengths: Counts, second: Characters, others: Counts) -> Numbers:
    width = min(first.shape[1], second.shape[1])
    differing = (first[:, :width] != second[:, :width]).sum(axis=1)
    return np.where((lengths == others) & (lengths > 0), differing, np.nan)


def _jaccard(first: Characters, lengths: Counts, second: Characters, others: Counts) -> Numbers:
    first, second = _distinct(first), _distinct(second)
    both = np.zeros(len(lengths), dtype=np.int64)
    for column in first.T:
        both += ((second == column[:, None]) & (column >= 0)[:, None]).any(axis=1)
    either = (first >= 0).sum(axis=1) + (second >= 0).sum(axis=1) - both
    return np.where((lengths > 0) & (others > 0), both / np.maximum(either, 1), np.nan)


def _distinct(table: Characters) -> Characters:
    """Each row's characters once, the rest marked as absent."""
    ordered = np.sort(table, axis=1)
    ordered[:, 1:][ordered[:, 1:] == ordered[:, :-1]] = -1
    return ordered


def _levenshtein(first: Characters, lengths: Counts, second: Characters, others: Counts) -> Numbers:
    rows = np.arange(len(lengths))
    above = np.broadcast_to(np.arange(second.shape[1] + 1), (len(rows), second.shape[1] + 1)).copy()
    found = np.where(lengths == 0, others, 0)
    for place in range(first.shape[1]):
        here = np.empty_like(above)
        here[:, 0] = place + 1
        changed = above[:, :-1] + (second != first[:, place, None])
        np.minimum(changed, above[:, 1:] + 1, out=here[:, 1:])
        # Along a row each entry depends on the one before, so that this loop can't be one operation.
        for column in range(1, here.shape[1]):
            np.minimum(here[:, column], here[:, column - 1] + 1, out=here[:, column])
        found = np.where(lengths == place + 1, here[rows, others], found)
        above = here
    return found


def _damerau(first: Characters, lengths: Counts, second: Characters, others: Counts) -> Numbers:
    rows = np.arange(len(lengths))
    height, width = first.shape[1], second.shape[1]
    # Two rows and columns in front: the first stands for "further than anything", as in the paper.
    table = np.full((len(rows), height + 2, width + 2), height + width, dtype=np.int64)
    table[:, 1:, 1] = np.arange(height + 1)
    table[:, 1, 1:] = np.arange(width + 1)
    last_row = np.zeros((len(rows), width), dtype=np.int64)  # where each character of `second` last stood in `first`
    for place in range(1, height + 1):
        last_column = np.zeros(len(rows), dtype=np.int64)
        same = second == first[:, place - 1, None]
        for column in range(1, width + 1):
            equal = same[:, column - 1]
            from_row = last_row[:, column - 1]
            swapped = table[rows, from_row, last_column] + (place - from_row - 1) + 1 + (column - last_column - 1)
            # An exchange leads back to where both characters stood last, whatever was edited between them.
            changed = table[:, place, column] + ~equal
            moved = np.minimum(table[:, place + 1, column], table[:, place, column + 1]) + 1
            table[:, place + 1, column + 1] = np.minimum(np.minimum(changed, moved), swapped)
            last_column[equal] = column
        last_row[same] = place
    return np.asarray(table[rows, lengths + 1, others + 1])
