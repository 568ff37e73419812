"""What came of a run's entities: digests of their rows and columns, counts and seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from sdgen.engine import BATCH_ROWS

# Sums of this modulus may be added up in any order, so that workers and clusters may finish blocks in any.
MODULUS = 1 << 128


def block_digest(block: pa.RecordBatch, number: int) -> int:
    """The hash of one canonical block: its number, and each column's name and values."""
    # The number is hashed with the block, since digests are added up: without it, blocks could change places unnoticed.
    hasher = xxhash.xxh3_128(number.to_bytes(8, "little"))
    for field, column in zip(block.schema, block.columns, strict=True):
        hasher.update(field.name.encode())
        _add(hasher, column)
    return hasher.intdigest()


def column_digests(block: pa.RecordBatch) -> dict[str, str]:
    """The hash of each column of a block by itself, as 16 hexadecimal digits: to tell which of them differ."""
    found = {}
    for field, column in zip(block.schema, block.columns, strict=True):
        hasher = xxhash.xxh3_128()
        _add(hasher, column)
        found[field.name] = hasher.hexdigest()[:16]
    return found


def combine(digests: Iterable[int]) -> str:
    """The digest of an entity from those of its blocks, in any order, as 32 hexadecimal digits."""
    return f"{sum(digests) % MODULUS:032x}"


def digest(batches: Iterable[pa.RecordBatch]) -> str:
    """The digest of batches of any sizes that together hold an entity's rows in order."""
    # One array for each column, since a block's rows may lie in several batches.
    table = pa.Table.from_batches(batches).combine_chunks()
    blocks = (table.slice(start, BATCH_ROWS).to_batches()[0] for start in range(0, len(table), BATCH_ROWS))
    return combine(block_digest(block, number) for number, block in enumerate(blocks))


def _add(hasher: xxhash.xxh3_128, array: pa.Array) -> None:
    """Hash an array's length, nulls and values, not how they happen to lie in memory."""
    # The length keeps neighbours apart: without it, a value could move from one column into the next unnoticed.
    hasher.update(len(array).to_bytes(8, "little"))
    # What lies in memory below a null is arbitrary: the places of nulls are hashed, and the other values alone.
    if array.null_count:
        hasher.update(np.packbits(pc.is_valid(array).to_numpy(zero_copy_only=False)).tobytes())
        array = array.drop_null()
    _add_values(hasher, array)


def _add_values(hasher: xxhash.xxh3_128, array: pa.Array) -> None:
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        _add_values(hasher, array.storage)
    elif pa.types.is_dictionary(kind):
        _add_values(hasher, array.dictionary)
        _add_values(hasher, array.indices)
    elif pa.types.is_list(kind) or pa.types.is_map(kind):
        offsets = array.offsets.to_numpy()
        _add_lengths(hasher, offsets)
        # A map's keys and items are those of the whole buffer, whatever slice of it this is.
        within = slice(int(offsets[0]), int(offsets[-1])) if len(offsets) else slice(0)
        parts = [array.flatten()] if pa.types.is_list(kind) else [array.keys[within], array.items[within]]
        for part in parts:
            _add(hasher, part)
    elif pa.types.is_struct(kind):
        for index in range(kind.num_fields):
            _add(hasher, array.field(index))
    elif pa.types.is_boolean(kind):
        hasher.update(np.packbits(array.to_numpy(zero_copy_only=False)).tobytes())
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        _add_texts(hasher, array)
    else:
        width = kind.bit_width // 8
        # A slice shares the buffer of the array that it is of: only its own part counts.
        hasher.update(_slice(array.buffers()[1], array.offset * width, len(array) * width))


def _add_texts(hasher: xxhash.xxh3_128, array: pa.Array) -> None:
    # An empty array may have no buffer of offsets.
    offsets = np.frombuffer(array.buffers()[1] or b"\0\0\0\0", dtype=np.int32)
    offsets = offsets[array.offset : array.offset + len(array) + 1]
    _add_lengths(hasher, offsets)
    if len(offsets) and array.buffers()[2] is not None:
        hasher.update(_slice(array.buffers()[2], int(offsets[0]), int(offsets[-1] - offsets[0])))


def _add_lengths(hasher: xxhash.xxh3_128, offsets: np.ndarray) -> None:
    # Lengths and not offsets, since these depend on where a slice lies in its buffer.
    hasher.update(np.diff(offsets).astype(np.int32).tobytes())


def _slice(buffer: pa.Buffer | None, start: int, size: int) -> memoryview:
    return memoryview(buffer)[start : start + size] if buffer is not None else memoryview(b"")


@dataclass(frozen=True)
class EntityResult:
    """One entity as it was written. `seconds` is the time of its rows, without constraints and commit."""

    entity: str
    table: str
    rows: int
    seconds: float
    digest: str


@dataclass(frozen=True)
class Result:
    """A run that succeeded."""

    entities: tuple[EntityResult, ...]
    seconds: float

    @property
    def rows(self) -> int:
        return sum(entity.rows for entity in self.entities)
