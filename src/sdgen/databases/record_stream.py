"""Batches that a driver pulls, and the exception that stopped them: drivers lose it on its way through C."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa


class Stream:
    """An iterable of batches of one schema as a reader; an exception on the way is kept for `raise_first`."""

    def __init__(self, parts: Iterable[pa.RecordBatch]) -> None:
        self._parts = iter(parts)
        self._first = next(self._parts, None)
        self._failure: BaseException | None = None

    @property
    def empty(self) -> bool:
        return self._first is None

    def reader(self) -> pa.RecordBatchReader:
        assert self._first is not None
        return pa.RecordBatchReader.from_batches(self._first.schema, self._all())

    def _all(self) -> Iterator[pa.RecordBatch]:
        yield self._first
        self._first = None
        try:
            yield from self._parts
        except BaseException as failure:
            self._failure = failure
            raise

    def raise_first(self) -> None:
        """Raise what stopped the batches, if anything did."""
        if self._failure is not None:
            raise self._failure
