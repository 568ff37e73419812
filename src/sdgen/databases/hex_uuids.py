"""Uuids as 32 hex digits: so SQLAlchemy and Django bind them where a database has no type of its own for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa

from sdgen.generators.arrays.encode_text import hex_text
from sdgen.scenario.types import Type
from sdgen.targets.base import Table
from sdgen.targets.columnar import plain

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
