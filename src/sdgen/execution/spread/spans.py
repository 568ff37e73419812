"""A plan's entities, cut into spans: the rows that one task makes.

Cuts are at canonical blocks of 65,536 rows, so that the digests of blocks add up to what a local run gets. They depend
on the plan alone, not on the cluster: the same run leaves the same parts wherever it is done.
"""

from __future__ import annotations

from collections.abc import Iterator

from sdgen.engine import BATCH_ROWS, batch
from sdgen.planning.plan import Plan
from sdgen.targets.base import Span, Table

SMALLEST, LARGEST = 16 << 20, 256 << 20  # bytes of a span's rows in Arrow, as far as whole blocks allow
SHARES = 256  # of a table whose spans lie between the two
MOST_SPANS = 20_000  # of one table: larger tables have larger spans
_SAMPLE = 1024  # rows


def spans_of(plan: Plan, table: Table) -> Iterator[Span]:
    """All rows of a table in order; one empty span where it has none, as a part with no rows tells its columns."""
    first = plan.entities[table.entity].first
    stop = first + table.rows
    size = rows_per_span(row_bytes(plan, table), table.rows)
    for start in range(first, max(stop, first + 1), size):
        yield Span(table.entity, start, min(start + size, stop))


def rows_per_span(bytes_per_row: float, rows: int) -> int:
    """How many rows a span of a table has: whole blocks."""
    size = min(max(rows * bytes_per_row / SHARES, SMALLEST), LARGEST)
    wanted = max(size / max(bytes_per_row, 1.0), rows / MOST_SPANS)
    return max(1, -(-int(wanted) // BATCH_ROWS)) * BATCH_ROWS


def row_bytes(plan: Plan, table: Table) -> float:
    """About how many bytes a row takes in Arrow, by a sample from the middle."""
    first = plan.entities[table.entity].first
    start = first + max(0, table.rows - _SAMPLE) // 2
    rows = min(table.rows, _SAMPLE)
    return float(batch(plan, table.entity, start, start + rows).nbytes) / rows if rows else 1.0
