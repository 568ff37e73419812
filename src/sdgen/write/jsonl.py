"""Batches as JSON lines: one JSON object (RFC 8259) a row."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from sdgen.generators.formats import json_text
from sdgen.scenario.types import Type
from sdgen.write.csvtext import characters


def encode(types: Sequence[Type], batch: pa.RecordBatch) -> pa.Buffer:
    """The batch's rows as lines."""
    pieces: list[object] = []
    for place, (name, type) in enumerate(zip(batch.schema.names, types, strict=True)):
        label = ("," if place else "{") + json.dumps(name, ensure_ascii=False) + ":"
        pieces += [label, json_text(batch.column(place), type).fill_null("null")]
    return characters(pc.binary_join_element_wise(*pieces, "}\n", ""))
