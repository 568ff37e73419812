"""What a run that appends began from, kept with it: so that its rows can be made again without the target.

Kept are the rows' numbers, and of each table the columns that new rows depend on (keys, what is unique, what children
copy), packed. Where that is more than a store should hold, nothing is kept.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from sdgen.generators.counts import KnownCounts
from sdgen.plan.request import Existing
from sdgen.scenario.model import Record

MOST_BYTES = 4 << 20  # packed, of all tables of a run


class Standing(Record):
    """The rows that a table held: how many, and packed what is known of them; firsts: see `Existing.children`."""

    rows: int
    columns: str = ""
    firsts: str = ""


def kept(existing: Mapping[str, Existing]) -> dict[str, Standing] | None:
    """What is to be stored of tables' rows; None where it is too much."""
    found = {name: _packed(each) for name, each in existing.items()}
    size = sum(len(each.columns) + len(each.firsts) for each in found.values())
    return found if size <= MOST_BYTES else None


def restored(standing: Mapping[str, Standing]) -> dict[str, Existing]:
    """The rows of which `kept` told."""
    return {name: _unpacked(each) for name, each in standing.items()}


def _packed(existing: Existing) -> Standing:
    columns = _pack(existing.columns) if existing.columns else ""
    firsts = _pack({"firsts": pa.array(existing.children.firsts)}) if existing.children is not None else ""
    return Standing(rows=existing.rows, columns=columns, firsts=firsts)


def _pack(columns: Mapping[str, pa.Array]) -> str:
    table = pa.table(dict(columns))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return b64encode(sink.getvalue()).decode()


def _unpacked(standing: Standing) -> Existing:
    firsts = _unpack(standing.firsts)
    children = KnownCounts(np.asarray(firsts["firsts"].to_numpy(), dtype=np.int64)) if firsts else None
    return Existing(standing.rows, _unpack(standing.columns), children)


def _unpack(text: str) -> dict[str, pa.Array]:
    if not text:
        return {}
    table = pa.ipc.open_stream(b64decode(text)).read_all()
    columns = (column.combine_chunks() for column in table.columns)
    arrays = [each.combine_chunks() if isinstance(each, pa.ChunkedArray) else each for each in columns]
    return dict(zip(table.column_names, arrays, strict=True))
