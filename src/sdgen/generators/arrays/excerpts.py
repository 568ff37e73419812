"""Many pieces of one long text, each an offset and a length: no piece is put together from words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from sdgen.generators.streams import Numbers

_INLINE = 12  # bytes that a view holds itself: Arrow's columnar format, "Variable-size Binary View Layout"
_PADDING = bytes(16)  # so that sixteen bytes can be read at any place


@dataclass(frozen=True, eq=False)
class LongText:
    """A text that pieces are cut from. `starts` are the bytes where its characters begin; None where each is a byte."""

    data: NDArray[np.uint8]
    characters: int
    starts: NDArray[np.int64] | None = None

    def pieces(self, begins: Numbers, lengths: Numbers) -> pa.Array:
        """For each row the characters from `begins` on, so many as `lengths` says; all must lie in the text."""
        if self.starts is None:
            return _cut(self.data, begins, lengths)
        first = self.starts[begins]
        return _cut(self.data, first, self.starts[begins + lengths] - first)


def long_text(text: str) -> LongText:
    raw = text.encode()
    data = np.frombuffer(raw + _PADDING, dtype=np.uint8)
    if len(raw) == len(text):
        return LongText(data, len(text))
    # Bytes of UTF-8 that begin with 10 go on with a character; all others begin one.
    begins = np.flatnonzero((data[: len(raw)] & 0xC0) != 0x80)
    return LongText(data, len(text), np.append(begins, len(raw)))


def _cut(data: NDArray[np.uint8], begins: Numbers, lengths: Numbers) -> pa.Array:
    """The pieces as an array of views of the text, which Arrow then copies one behind the other."""
    rows = len(begins)
    # Words of four bytes that begin at every byte: the prefix that Arrow keeps in a view is one look-up.
    words = as_strided(data[:4].view(np.int32), shape=(len(data) - 3,), strides=(1,), writeable=False)
    views = np.zeros((rows, 4), dtype=np.int32)
    # A view has the length, the first four bytes, the number of the buffer (0), and the offset in it.
    views[:, 0], views[:, 1], views[:, 3] = lengths, words[begins], begins
    short = np.flatnonzero(lengths <= _INLINE)
    if len(short):
        _inline(views, short, words, begins[short], lengths[short])
    buffers = [None, pa.py_buffer(views), pa.py_buffer(data)]
    # The cast copies the pieces one behind the other; it takes a quarter of the
    # time of gathering characters by index.
    return pa.Array.from_buffers(pa.string_view(), rows, buffers).cast(pa.string())


def _inline(
    views: NDArray[np.int32], short: Numbers, words: NDArray[np.int32], begins: Numbers, lengths: Numbers
) -> None:
    """Short pieces stand in their views, with zeros behind them."""
    for word in range(3):
        kept = np.clip(lengths - 4 * word, 0, 4)
        # Arrow's format wants zeros behind a short text, so that equal texts have equal views.
        masks = np.array([0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF], dtype=np.uint32).view(np.int32)
        views[short, 1 + word] = words[begins + 4 * word] & masks[kept]
