"""The engine: any rows of a plan's entity, as an Arrow batch, and streams of batches from worker threads.

cell = f(seed, entity name, column name, row number)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import cache
from threading import Event
from typing import TypeVar

import numpy as np
import pyarrow as pa

from sdgen.errors import Cancelled, Problem, SdgenError
from sdgen.generators.cancellation import cancelled_by
from sdgen.planning.plan import Plan
from sdgen.planning.planned_rows import PlannedRows
from sdgen.planning.written_rows import written_rows
from sdgen.scenario.problems import Origin

# Digests are of blocks of this size, and a cluster's spans are whole blocks: another size gives other digests.
BATCH_ROWS = 65_536
PROBED = 1024
T = TypeVar("T")


def batch(plan: Plan, entity: str, start: int, stop: int) -> pa.RecordBatch:
    """Rows start (included) to stop (excluded) of an entity, without its hidden columns."""
    settled = plan.entities[entity]
    rows = written_rows(plan, settled, np.arange(start, stop, dtype=np.int64))
    arrays = [rows.column(column.name) for column in settled.written]
    for column, array in zip(settled.written, arrays, strict=True):
        # Arrow takes nulls in a column whose field is not nullable, without a word.
        if array.null_count and not column.nullable:
            raise SdgenError(f"{entity}.{column.name}: nulls were made, but the column is not nullable")
    # Checks are held against clean rows: mistakes that are written on purpose are meant to break rules.
    for condition in settled.conditions:
        if (error := condition.broken(rows.clean)) is not None:
            raise error
    return pa.RecordBatch.from_arrays(arrays, schema=settled.schema)


def probe(plan: Plan, origin: Origin | None = None) -> list[Problem]:
    """The checks that some rows break, of the first and of others spread over each entity: before all are made.

    origin: where the scenario's parts stand, for the problems' places.
    """
    problems: list[Problem] = []
    for settled in plan.entities.values():
        if settled.conditions and settled.clean_rows > settled.first:
            # A check may be broken late only, where values grow with the row number: rows from all over the table are
            # tried.
            spread = np.linspace(settled.first, settled.clean_rows - 1, PROBED).astype(np.int64)
            firsts = np.arange(settled.first, min(settled.first + PROBED, settled.clean_rows))
            rows = PlannedRows(plan, settled, np.unique(np.append(firsts, spread)))
            errors = (condition.broken(rows) for condition in settled.conditions)
            problems += [problem for error in errors if error is not None for problem in error.problems]
    if origin is None:
        return problems
    return [origin.problem(each.path, each.what, each.hint, each.type) for each in problems]


def batches(
    plan: Plan,
    entity: str,
    *,
    encode: Callable[[pa.RecordBatch, int], T],
    start: int | None = None,
    stop: int | None = None,
    batch_rows: int = BATCH_ROWS,
    workers: int = 0,
    pool: Executor | None = None,
    ahead: int = 0,
    cancel: Event | None = None,
) -> Generator[T]:
    """Rows start … stop of an entity in order, each batch passed with its number through `encode`.

    The work is done on `workers` threads, or on those of a pool that several streams share, or on the caller's where
    there is neither. At most `ahead` batches (workers + 1 where 0) are begun before they are asked for. Cancelled is
    raised within a batch of `cancel` being set.
    """
    _reuse_freed_memory()
    settled = plan.entities[entity]
    stop = settled.rows if stop is None else stop
    firsts = range(settled.first if start is None else start, stop, batch_rows)

    def make(number: int) -> T:
        if cancel is not None and cancel.is_set():
            raise Cancelled("the run was cancelled")
        first = firsts[number]
        # Generators that take long look at the flag within a batch, which a cancelled run need not wait for then.
        with cancelled_by(cancel):
            return encode(batch(plan, entity, first, min(first + batch_rows, stop)), number)

    numbers = range(len(firsts))
    if pool is not None:
        yield from _ahead(make, numbers, pool, ahead or workers + 1)
    elif workers < 1 or len(firsts) == 1:
        yield from map(make, numbers)
    else:
        with ThreadPoolExecutor(workers, thread_name_prefix="sdgen") as own:
            yield from _ahead(make, numbers, own, ahead or workers + 1)


@cache
def _reuse_freed_memory() -> None:
    """Let the C library keep the memory of a batch's arrays for the next batch, which halves the time (page faults).

    glibc hands less memory back once a block of nearly 32 MiB has been freed: mallopt(3), M_MMAP_THRESHOLD.
    """
    np.empty(31 << 20, dtype=np.uint8)


def _ahead(make: Callable[[int], T], numbers: range, pool: Executor, ahead: int) -> Generator[T]:
    """make(number) for each number, in order, done on the pool a few numbers ahead."""
    waiting: deque[Future[T]] = deque()
    try:
        for number in numbers:
            waiting.append(pool.submit(make, number))
            # No more batches than these exist at once: memory does not grow with the rows where a target is slow.
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # A caller that stops early, by an error or by closing the stream, has no further batches made for nothing.
        for future in waiting:
            future.cancel()
