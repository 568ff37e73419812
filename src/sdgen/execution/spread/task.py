"""What a task of a spread run does, on whatever machine: it makes a span's rows, writes them, and digests them."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version

import pyarrow as pa

from sdgen.engine import BATCH_ROWS, batches
from sdgen.errors import Problem, SdgenError, TargetError
from sdgen.execution.digest import MODULUS, block_digest, column_digests
from sdgen.generators.cancellation import raise_if_cancelled
from sdgen.planning.plan import Plan
from sdgen.targets.base import PartWriter, Receipt, Span, Table


@dataclass(frozen=True)
class FinishedPart:
    """A span that is written. digest: the sum of its blocks'; columns: their digests in the table's first block."""

    span: Span
    receipt: Receipt
    digest: int
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RefusedPart:
    """A span that can't be written, however often it is tried: as data, so that every engine can carry it."""

    span: Span
    error: SdgenError


@dataclass(frozen=True)
class SpreadTask:
    """All that a run's tasks share, packed: some kilobytes, the same for every span.

    token: names the run, so that a worker unpacks the plan once and keeps what was computed for it.
    """

    token: str
    sdgen: str
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, plan: Plan, tables: Mapping[str, Table], writer: PartWriter) -> SpreadTask:
        """tables: by entity."""
        return cls(uuid.uuid4().hex, version("sdgen"), pickle.dumps((plan, dict(tables), writer)))

    def __call__(self, span: Span) -> FinishedPart | RefusedPart:
        """Make and write a span. What may go well another time is raised: OSError, a driver's own exceptions."""
        try:
            # Before unpickling, which another release may fail at with an error that explains nothing.
            if self.sdgen != version("sdgen"):
                raise _other_version(self.sdgen)
            return _write_part(*_unpacked(self.token, self.packed), span)
        # An error of ours is the scenario's or the target's and would come again. Returned as data it ends the run at
        # once; whatever is raised is tried again.
        except SdgenError as error:
            return RefusedPart(span, error)


@lru_cache(maxsize=2)
def _unpacked(token: str, packed: bytes) -> tuple[Plan, Mapping[str, Table], PartWriter]:
    # Once for each run and process: the plan keeps sums of counts, which would else be computed anew for each span.
    plan, tables, writer = pickle.loads(packed)
    return plan, tables, writer


def _write_part(plan: Plan, tables: Mapping[str, Table], writer: PartWriter, span: Span) -> FinishedPart:
    table = tables[span.entity]
    # Spans are whole blocks, so that a block has the number here that it has in a local run.
    first = (span.start - plan.entities[span.entity].first) // BATCH_ROWS
    names = list(table.names)
    digests: list[int] = []
    columns: dict[str, str] = {}

    def digested(block: pa.RecordBatch, number: int) -> pa.RecordBatch:
        raise_if_cancelled()
        digests.append(block_digest(block, first + number))
        if not first + number:
            columns.update(column_digests(block))
        return block if block.num_columns == len(names) else block.select(names)

    def rows() -> Iterator[pa.RecordBatch]:
        yield from batches(plan, span.entity, start=span.start, stop=span.stop, encode=digested)

    receipt = writer.write(table, span, rows())
    return FinishedPart(span, receipt, sum(digests) % MODULUS, columns)


def _other_version(driver: str) -> TargetError:
    what = f"a worker of the engine has sdgen {version('sdgen')}, and the run was begun with sdgen {driver}"
    hint = f'install the same on every worker: pip install "sdgen=={driver}"'
    return TargetError(Problem(("engine",), what, hint))
