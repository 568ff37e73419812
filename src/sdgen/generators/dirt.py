"""Dirt: which rows a share of an entity's rows are, and what each kind of mistake makes of clean values.

Both are functions of row numbers alone: which of a block's rows are dirty is a keyed permutation of the block, and the
n-th dirty row is found without those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.generators.arrays.cast import cast_array, scaled_decimal
from sdgen.generators.arrays.fixed_text import decimal_units
from sdgen.generators.domains import permute
from sdgen.generators.streams import Numbers, Words, below, below_each, draw
from sdgen.scenario.types import FLOATS, INTEGER_BITS, INTEGERS, MOMENTS, Type

VERSION = 1
BLOCK = 1024
MICROSECONDS_A_DAY = 86_400_000_000
LATEST_DAYS = 7


@dataclass(frozen=True)
class ShareOfRows:
    """Exactly rate * rows of the row numbers below `rows`, rounded, halves up; in each block as many as its share.

    Blocks have 1,024 rows, the last one up to twice as many, so that a longer table has the same dirt in all blocks but
    the last. `before` are the rates of shares under the same key: no row is in two of them.
    """

    # One key for all shares of a column: they take places one behind the other in one
    # permutation, so that no cell has two mistakes.
    key: int
    rows: int
    rate: float
    before: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        return int(_rounded_share(self.rate, np.array([self.rows]))[0])

    @property
    def last_block(self) -> int:
        # The rest of the rows goes to the last block, so that no block is too small for two kinds of mistakes.
        return max(self.rows // BLOCK - 1, 0)

    @property
    def overflows(self) -> bool:
        """Whether the shares under the key need more rows than the last block, or a whole one, has."""
        blocks = np.unique([0, self.last_block])
        taken = sum(self._counts(rate, blocks) for rate in (*self.before, self.rate))
        return bool((taken > self._ends(blocks) - blocks * BLOCK).any())

    def among(self, numbers: Numbers) -> NDArray[np.bool_]:
        """Which of these row numbers, in any order, are of the share."""
        chosen = self._of_blocks(np.unique(np.minimum(numbers // BLOCK, self.last_block)))
        if not len(chosen):
            return np.zeros(len(numbers), dtype=np.bool_)
        places = np.minimum(np.searchsorted(chosen, numbers), len(chosen) - 1)
        found: NDArray[np.bool_] = chosen[places] == numbers
        return found

    def at(self, entries: Numbers) -> Numbers:
        """The row numbers of the share's n-th rows, in rising order of rows."""
        # The n-th row lies in the first block by whose end rate * end + 1/2 has reached n + 1.
        # The share is rounded over all rows up to a block's end, so that its block is a
        # division away, and nothing is counted.
        blocks = np.ceil((entries + 0.5) / self.rate / BLOCK).astype(np.int64) - 1
        blocks = np.clip(blocks, 0, self.last_block)
        # The division may be off by a block at most: both sides are checked against the exact counts.
        blocks -= _rounded_share(self.rate, blocks * BLOCK) > entries  # what the division has rounded
        blocks += _rounded_share(self.rate, self._ends(blocks)) <= entries
        several, place = np.unique(blocks, return_inverse=True)
        counts = self._counts(self.rate, several)
        chosen = self._of_blocks(several)
        firsts = np.cumsum(counts) - counts
        found: Numbers = chosen[firsts[place] + entries - _rounded_share(self.rate, blocks * BLOCK)]
        return found

    def _ends(self, blocks: Numbers) -> Numbers:
        return np.where(blocks == self.last_block, self.rows, (blocks + 1) * BLOCK)

    def _counts(self, rate: float, blocks: Numbers) -> Numbers:
        return _rounded_share(rate, self._ends(blocks)) - _rounded_share(rate, blocks * BLOCK)

    def _of_blocks(self, blocks: Numbers) -> Numbers:
        """The share's rows in some blocks, in rising order; the blocks must be."""
        # Shares before this one have taken the first places of the permutation.
        skipped = sum((self._counts(rate, blocks) for rate in self.before), np.zeros(len(blocks), dtype=np.int64))
        counts = self._counts(self.rate, blocks)
        block = np.repeat(np.arange(len(blocks)), counts)
        within = np.arange(len(block)) + (skipped - (np.cumsum(counts) - counts))[block]
        # A permutation for each block, keyed by the block's number: a block that is whole
        # keeps its dirt when the table grows.
        keys, chosen = draw(self.key, blocks)[block], np.empty(len(block), dtype=np.int64)
        last = blocks[block] == self.last_block
        for part, size in ((~last, BLOCK), (last, self.rows - self.last_block * BLOCK)):
            chosen[part] = permute(keys[part], within[part], size)
        chosen += blocks[block] * BLOCK
        return np.sort(chosen)


def _rounded_share(rate: float, rows: Numbers) -> Numbers:
    # Halves up, as one rule for every block: the differences of rounded sums add up to the rounded whole.
    shares: Numbers = np.floor(rate * rows + 0.5).astype(np.int64)
    return shares


@dataclass(frozen=True)
class CleanCells:
    """Clean values of one column that a mistake is to be made of, and the draws for it by purpose."""

    values: pa.Array
    type: Type
    words: Callable[[str], Words]
    as_of: datetime

    def below(self, size: int, purpose: str) -> Numbers:
        return below(self.words(purpose), size)


def missing(cells: CleanCells) -> pa.Array:
    return pa.nulls(len(cells.values), cells.values.type)


def typo(cells: CleanCells) -> pa.Array:
    """Texts with one slip of the keys each. An empty text stays as it is."""
    lengths = pc.fill_null(pc.utf8_length(cells.values), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    slip, place = cells.below(len(_SLIPS), "slip"), below_each(cells.words("place"), np.maximum(lengths, 1))
    texts = pc.fill_null(cells.values, "").to_numpy(zero_copy_only=False)
    # A matrix of letters is as wide as the longest text: few rows at a time where that is long.
    step = max(1, (1 << 20) // (int(lengths.max(initial=0)) + 2))
    # A column that takes no more letters must not have one added, or the cut would undo the slip.
    full = lengths >= (cells.type.length or 1 << 62)
    slices = [slice(start, start + step) for start in range(0, len(texts), step)]
    parts = [_mistyped(texts[part], lengths[part], slip[part], place[part], full[part]) for part in slices]
    made = pa.concat_arrays(parts) if parts else pa.array([], pa.string())
    return _like(cells, pc.if_else(pa.array(lengths > 0), made, cells.values))


_SLIPS = ("left out", "doubled", "exchanged with the next", "beside the key")
_LEFT_OUT, _DOUBLED, _EXCHANGED, _BESIDE = range(4)


def _keys_beside() -> NDArray[np.uint32]:
    """For each ASCII letter and digit the key beside it (QWERTY); 0 for others."""
    table = np.zeros(128, dtype=np.uint32)
    for row in ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"):
        for line in {row, row.upper()}:
            table[[ord(letter) for letter in line]] = [ord(letter) for letter in line[1:] + line[-2]]
    return table


_BESIDE_KEYS = _keys_beside()


def _mistyped(
    texts: NDArray[np.object_], lengths: Numbers, slip: Numbers, place: Numbers, full: NDArray[np.bool_]
) -> pa.Array:
    width = int(lengths.max(initial=0)) + 2
    letters = texts.astype(f"U{width}").view(np.uint32).reshape(len(texts), width)
    rows = np.arange(len(texts))
    here, after = letters[rows, place], letters[rows, place + 1]
    beside = np.where(here < 128, _BESIDE_KEYS[np.minimum(here, 127)], 0)
    # A slip that would change nothing, or that the letter has not, is the letter doubled instead.
    slip = np.where((slip == _EXCHANGED) & ((after == 0) | (after == here)), _DOUBLED, slip)
    slip = np.where((slip == _BESIDE) & (beside == 0) | (slip == _LEFT_OUT) & (lengths < 2), _DOUBLED, slip)
    slip = np.where((slip == _DOUBLED) & full, np.where(lengths > 1, _LEFT_OUT, _BESIDE), slip)
    beside = np.where(beside == 0, ord("x"), beside)
    columns = np.arange(width)
    # Letters move by an index, so that all slips of all rows are made by one look-up.
    moved = columns + ((slip == _LEFT_OUT)[:, None] & (columns >= place[:, None]))
    moved -= (slip == _DOUBLED)[:, None] & (columns > place[:, None])
    letters = np.take_along_axis(letters, np.minimum(moved, width - 1), axis=1)
    letters[rows, place] = np.where(slip == _EXCHANGED, after, np.where(slip == _BESIDE, beside, letters[rows, place]))
    exchanged = np.flatnonzero(slip == _EXCHANGED)
    letters[exchanged, place[exchanged] + 1] = here[exchanged]
    return pa.array(np.ascontiguousarray(letters).view(f"U{width}").ravel(), pa.string())


# What each byte becomes when it is read as Windows-1252 and written as UTF-8 again; bytes that it lacks are replaced.
_READ_WRONG = [bytes([byte]).decode("cp1252", "replace").encode() for byte in range(256)]
_LENGTHS = np.array([len(each) for each in _READ_WRONG], dtype=np.int64)
_FIRSTS = np.cumsum(_LENGTHS) - _LENGTHS
_BYTES = np.frombuffer(b"".join(_READ_WRONG), dtype=np.uint8)
_MARK = b"\xef\xbb\xbf".decode("cp1252")  # the byte order mark, which texts of ASCII alone get


def encoding(cells: CleanCells) -> pa.Array:
    """UTF-8 read as Windows-1252; texts of ASCII letters alone begin with a byte order mark that was read so."""
    texts = pc.fill_null(cells.values, "")
    texts = pa.concat_arrays([texts])  # an array of its own buffers
    offsets = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, texts.offset * 4).astype(np.int64)
    data = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    lengths = _LENGTHS[data]
    ends = np.cumsum(lengths)
    source = np.repeat(_FIRSTS[data] - (ends - lengths), lengths) + np.arange(lengths.sum())
    made_ends = np.append(0, ends)[offsets - offsets[0]].astype(np.int32)
    made = pa.StringArray.from_buffers(len(texts), pa.py_buffer(made_ends), pa.py_buffer(_BYTES[source]))
    # ASCII is the same in both encodings, and a mistake that changes nothing is none.
    marked = pc.binary_join_element_wise(_MARK, texts, "")
    return _like(cells, pc.if_else(pc.equal(made, texts), marked, made))


def _like(cells: CleanCells, texts: pa.Array) -> pa.Array:
    """Texts cut to their column's length, null where the clean values are."""
    kept = pc.if_else(cells.values.is_null(), None, texts)
    return cast_array(kept, cells.type, cells.values.type)


def outlier(cells: CleanCells) -> pa.Array:
    """Numbers 10 to 1,000 times as large, or a tenth where that is too much; moments that stand for none."""
    kind, values = cells.type.kind, cells.values
    if kind in MOMENTS:
        moments = cast_array(pa.array(_NO_DATES, pa.date32()), cells.type, values.type)
        return pc.if_else(values.is_null(), None, moments.take(pa.array(cells.below(len(_NO_DATES), "outlier"))))
    factors = np.array([10, 100, 1000])[cells.below(3, "outlier")]
    if kind in FLOATS:
        numbers = np.asarray(pc.fill_null(pc.cast(values, pa.float64()), 0.0))
        made = pa.array(np.where(numbers == 0, 9999.0, numbers * factors)).cast(values.type)
        return pc.if_else(values.is_null(), None, made)
    if kind == "decimal":
        return scaled_decimal(_grown(_units(values), factors, 10**cells.type.precision - 1), values.type, values)
    bits = INTEGER_BITS[kind.removeprefix("u")] - (not kind.startswith("u"))
    numbers = np.asarray(pc.fill_null(pc.cast(values, pa.int64()), 0))
    made = pa.array(_grown(numbers, factors, 2**bits - 1)).cast(values.type)
    return pc.if_else(values.is_null(), None, made)


_NO_DATES = (date(1900, 1, 1), date(1970, 1, 1), date(2099, 12, 31))


def _units(values: pa.Array) -> Numbers:
    units = decimal_units(values)
    if units is None:
        raise ValueError("decimals of more than 64 bits")
    return units


def _grown(numbers: Numbers, factors: Numbers, most: int) -> Numbers:
    # Checked before multiplying, since 64 bits overflow without a word.
    grows = np.abs(numbers) <= most // factors
    made = np.where(grows, numbers * np.where(grows, factors, 1), numbers // 10)
    # Zero times anything is zero: it becomes a number that stands for none.
    return np.where(numbers == 0, min(9999, most), made)


def late(cells: CleanCells) -> pa.Array:
    """Dates and moments up to a week later, but no later than now where the clean ones aren't."""
    days = cells.type.kind == "date"
    unit, whole = (1, pa.int32()) if days else (MICROSECONDS_A_DAY, pa.int64())
    moments = np.asarray(pc.fill_null(cells.values.cast(whole), 0)).astype(np.int64)
    now = int((cells.as_of if cells.as_of.tzinfo else cells.as_of.replace(tzinfo=UTC)).timestamp()) * 1_000_000
    left = (now // MICROSECONDS_A_DAY if days else now) - moments
    # Moments that have been can't be later than now; what is planned may.
    most = np.where(left > 0, np.minimum(left, LATEST_DAYS * unit), LATEST_DAYS * unit)
    steps = 1 if days else 1_000_000  # whole seconds
    waits = (1 + below_each(cells.words("late"), np.maximum(most // steps, 1))) * steps
    made = pa.array(moments + waits).cast(whole).cast(cells.values.type)
    return pc.if_else(cells.values.is_null(), None, made)


MISTAKES: Mapping[str, Callable[[CleanCells], pa.Array]] = {
    "missing": missing,
    "typo": typo,
    "encoding": encoding,
    "outlier": outlier,
    "late": late,
}
_PLAIN_TEXTS = frozenset({"string", "text"})
FITS: Mapping[str, tuple[frozenset[str], str]] = {  # the kinds of types a mistake is made of, and in words
    "typo": (_PLAIN_TEXTS, "texts: string, text"),
    "encoding": (_PLAIN_TEXTS, "texts: string, text"),
    # Whole numbers of 64 bits without a sign don't fit the signed numbers that are reckoned with.
    "outlier": (INTEGERS - {"ubigint"} | FLOATS | MOMENTS | {"decimal"}, "numbers of up to 18 digits and moments"),
    "late": (MOMENTS, "dates and moments"),
}
