"""The columns of W1's orders straight from numpy into Arrow, with the state of one generator: ORDERS.

A plain sketch of what the columns cost at least: no scenario, no checks, and no cell that can be made again alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from time import perf_counter

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BATCH = 65_536
_FIRST_DAY, _DAYS = 18_262, 1_828
_STATES = pa.array(["paid", "sent", "lost", "open"])
_HEIGHTS = np.array([0.8, 0.9, 0.95])


def uuids(random: np.random.Generator, count: int) -> NDArray[np.uint8]:
    made = np.frombuffer(random.bytes(16 * count), np.uint8).reshape(count, 16).copy()
    made[:, 6] = made[:, 6] & 0x0F | 0x40
    made[:, 8] = made[:, 8] & 0x3F | 0x80
    return made


def _fixed(data: NDArray[np.generic], arrow: pa.DataType) -> pa.Array:
    return pa.Array.from_buffers(arrow, len(data), [None, pa.py_buffer(np.ascontiguousarray(data))])


def batches(count: int) -> Iterator[pa.RecordBatch]:
    random = np.random.default_rng(1)
    customers = uuids(random, max(count // 5, 1))
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        cents = np.zeros((size, 2), dtype=np.int64)
        cents[:, 0] = random.integers(500, 50_001, size)
        days = random.integers(_FIRST_DAY, _FIRST_DAY + _DAYS, size, dtype=np.int32)
        states = np.searchsorted(_HEIGHTS, random.random(size), side="right").astype(np.int8)
        arrays = [
            _fixed(uuids(random, size), pa.binary(16)),
            _fixed(customers[random.integers(0, len(customers), size)], pa.binary(16)),
            _fixed(days, pa.date32()),
            _fixed(cents, pa.decimal128(10, 2)),
            pa.DictionaryArray.from_arrays(pa.array(states), _STATES),
        ]
        yield pa.RecordBatch.from_arrays(arrays, names=["id", "customer_id", "order_date", "total_amount", "status"])


def main(count: int) -> None:
    started = perf_counter()
    made = sum(len(batch) for batch in batches(count))
    assert made == count
    print(perf_counter() - started)


if __name__ == "__main__":
    main(int(sys.argv[1]))
