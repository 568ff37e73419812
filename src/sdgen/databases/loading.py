"""What several databases need for loading: batches that a driver pulls, hex uuids, names of staging tables."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from sdgen.generators.arrays.encode_text import hex_text
from sdgen.scenario.types import Type
from sdgen.targets.base import Table
from sdgen.targets.columnar import plain
from sdgen.targets.paths import alive


class RecordStream:
    """An iterable of batches of one schema as a reader; an exception on the way is kept for `raise_first`."""

    def __init__(self, parts: Iterable[pa.RecordBatch]) -> None:
        self._parts = iter(parts)
        # A reader of Arrow's must know its schema before the first batch is asked for.
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
            # The driver pulls batches through native code, and raises an exception of its own for whatever comes out of
            # it.
            self._failure = failure
            raise

    def raise_first(self) -> None:
        """Raise what stopped the batches, if anything did."""
        if self._failure is not None:
            raise self._failure


# Names of staging tables, by which a later run knows those that a killed one left behind.
PREFIX = "_sdgen_"
_made: set[str] = set()  # by this process, whose number a process before it may have had
_NAME = re.compile(r"_sdgen_([0-9a-f]{6})_(\d+)_[0-9a-f]{8}_\d+")


def new_staging_name(number: int) -> str:
    """A new name for a run's staging table of that number: this machine's mark and the process are in it."""
    name = f"{PREFIX}{_machine()}_{os.getpid()}_{secrets.token_hex(4)}_{number}"
    _made.add(name)
    return name


def is_left_over(name: str) -> bool:
    """Whether a process of this machine that is no more made a staging table of this name."""
    match = _NAME.fullmatch(name)
    if match is None or match[1] != _machine():
        return False
    process = int(match[2])
    return name not in _made if process == os.getpid() else not alive(process)


def _machine() -> str:
    """Process numbers mean nothing on another machine."""
    return hashlib.blake2b(socket.gethostname().encode(), digest_size=3).hexdigest()


# Uuids as 32 hex digits: so SQLAlchemy and Django bind them where a database has no type of its own for them.
_DECLARED = re.compile(r"(?:var|n|nvar)?char(?:acter)?\s*\(32\).*", re.IGNORECASE)
_HEX = Type("string", length=32)


def is_hex(declared: str) -> bool:
    """Whether a column declared so holds a uuid without dashes."""
    return _DECLARED.fullmatch(declared.strip()) is not None


def hex_columns(table: Table, dialect: str, existing: Mapping[str, str]) -> frozenset[str]:
    """The columns of uuids that are kept so: by their types in the table that exists, or that the scenario names."""
    return frozenset(
        column.name
        for column in table.columns
        if column.type.kind == "uuid"
        and (is_hex(column.target.get(dialect, "")) or is_hex(existing.get(column.name, "")))
    )


def with_hex(table: Table, batch: pa.RecordBatch, names: frozenset[str]) -> tuple[Sequence[Type], pa.RecordBatch]:
    """The types of a batch and its columns, those named as texts of hex digits."""
    types = [_HEX if column.name in names else column.type for column in table.columns]
    if not names:
        return types, batch
    arrays = [
        hex_text(plain(array)) if column.name in names else array
        for array, column in zip(batch.columns, table.columns, strict=True)
    ]
    return types, pa.RecordBatch.from_arrays(arrays, names=list(table.names))
