"""Batches as CSV for PostgreSQL's COPY: the general road, which the server parses for any column type."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.generators.arrays.encode_text import hex_text, json_text
from sdgen.scenario.types import NESTED, TEXTS, Type
from sdgen.targets import csv_encoding
from sdgen.targets.base import TableColumn
from sdgen.targets.csv_encoding import TextOf


def encode(types: Sequence[Type], batch: pa.RecordBatch, declared: Sequence[str] = ()) -> pa.Buffer:
    """The batch's rows as lines; null is nothing, the empty text `""`.

    declared: the types that the columns of a table that is there have: arrays go into arrays and documents alike.
    """
    for place, there in enumerate(declared):
        if types[place].kind == "array":
            write = array_text if there.endswith("[]") else json_text
            batch = batch.set_column(place, batch.schema.names[place], write(batch.column(place), types[place]))
            types = [*types[:place], Type("text"), *types[place + 1 :]]
    return csv_encoding.encode(types, batch, _TEXT)


def decode(text: bytes, names: Sequence[str]) -> pa.Table:
    """Lines of COPY … TO STDOUT (FORMAT csv), without a header, as columns of texts."""
    from pyarrow import csv

    if not text:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    texts = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    read = csv.ReadOptions(column_names=list(names))
    lines = csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)  # a null alone is an empty line
    return csv.read_csv(BytesIO(text), read_options=read, convert_options=texts, parse_options=lines)


def selected(column: TableColumn) -> str:
    """A column in SQL that gives its values in the planned type: money, timetz and char(n) print more than those."""
    name, plain = POSTGRES.quote(column.name), _PLAIN.get(column.type.kind)
    return f"CAST({name} AS {plain})" if plain else name


_PLAIN = {"decimal": "numeric", "time": "time", "string": "text"}


def array_literal(array: pa.Array, type: Type) -> pa.Array:
    """Arrays of scalars as array literals, `{1,NULL,"a b"}`; others as JSON."""
    return json_text(array, type) if type.items[0].kind in NESTED | {"json"} else array_text(array, type)


def array_text(array: pa.Array, type: Type) -> pa.Array:
    """Arrays as array literals, whatever their elements are: `{"{\\"a\\": 1}"}` holds a document."""
    item = type.items[0]
    documents = item.kind in NESTED | {"json"}
    write = json_text if documents else _TEXT.get(item.kind, csv_encoding.plain_text)
    text = write(array.values, item)
    if documents or item.kind in TEXTS | {"binary"}:
        # The escapes of an array's literal come on top of CSV's own quotes.
        escaped = pc.replace_substring(pc.replace_substring(text, "\\", "\\\\"), '"', '\\"')
        text = pc.binary_join_element_wise('"', escaped, '"', "")
    # Arrow refuses a mask beside offsets that are a slice of others. `values` are those of the whole array, as offsets
    # count.
    offsets = pa.array(np.asarray(array.offsets))
    mask = array.is_null() if array.null_count else None
    rows = pa.ListArray.from_arrays(offsets, text.fill_null("NULL"), mask=mask)
    return pc.binary_join_element_wise("{", pc.binary_join(rows, ","), "}", "")


_TEXT: dict[str, TextOf] = {
    "binary": lambda array, type: pc.binary_join_element_wise("\\x", hex_text(array), ""),
    "array": array_literal,
}
