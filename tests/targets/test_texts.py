"""Awkward texts come back as they were: from files, scripts and databases, by every road that they take."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from sdgen.databases.postgres import encode_text
from sdgen.execution.destinations import open_target
from sdgen.scenario.types import parse_type
from sdgen.targets import csv_encoding
from sdgen.targets.base import Table, TableColumn
from tests.targets.conftest import DATABASES, KEYLESS
from tests.targets.made import write
from tests.targets.places import Place

TEXTS = [
    *("a\rb", "\r", "a\r\nb", "\r\n", "a\nb", "\n", "end\r", "end\n", "\rstart"),
    *('say "so"', '"', '""', "'", "''", ",", ";", "a,b", "\t", "\\", "\\\\", "a\\nb", "\\N", "\\.", "NULL", "null"),
    *(" before", "after ", "  ", "", None, "é\u2028ü", "#", "--", "$1", "%s", "{}", "\x0b\x0c"),
]


def texts() -> tuple[Table, pa.RecordBatch]:
    """A text in a column of its own and one of few values; and nothing else in a row but its number."""
    named = {"id": "int", "plain": "text", "short": "string(40)", "coded": "text"}
    columns = tuple(TableColumn(name, parse_type(word), name != "id") for name, word in named.items())
    numbers = pa.array(range(len(TEXTS)), pa.int32())
    values = pa.array(TEXTS, pa.string())
    batch = pa.record_batch([numbers, values, values, values.dictionary_encode()], names=list(named))
    return Table("texts", "texts", columns, len(TEXTS), primary_key=("id",)), batch


def expected() -> list[tuple[int, str | None, str | None, str | None]]:
    return [(number, text, text, text) for number, text in enumerate(TEXTS)]


@pytest.mark.parametrize("place", ["jsonl", "json", "parquet", "arrow", *DATABASES, *KEYLESS], indirect=True)
def test_texts_come_back(place: Place) -> None:
    table, batch = texts()
    write(place.open(), {table: [batch]})
    assert sorted(map(tuple, place.raw(table)), key=lambda row: row[0]) == expected()


def test_texts_come_back_from_csv(tmp_path: Path) -> None:
    table, batch = texts()
    write(open_target(f"{tmp_path}/out/"), {table: [batch]})
    text = (tmp_path / "out/texts.csv").read_bytes()
    head, _, lines = text.partition(b"\n")
    assert head == b"id,plain,short,coded"
    found = encode_text.decode(lines, ["id", "plain", "short", "coded"])
    assert [tuple(row.values())[1:] for row in found.to_pylist()] == [row[1:] for row in expected()]
    rows = list(csv.reader(io.StringIO(text.decode(), newline="")))[1:]
    assert [row[1:] for row in rows] == [[text or ""] * 3 for text in TEXTS], "as other programs read it"


def test_texts_come_back_from_a_script(tmp_path: Path) -> None:
    table, batch = texts()
    write(open_target(f"{tmp_path}/x.sqlite.sql"), {table: [batch]})
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((tmp_path / "x.sqlite.sql").read_bytes().decode())
        assert connection.execute("SELECT * FROM texts ORDER BY id").fetchall() == expected()


@pytest.mark.parametrize("alone", [False, True])
def test_texts_come_back_by_postgres_copy_of_csv(alone: bool, postgres_url: str) -> None:
    """Also where a row is one text: `\\.` alone in a line is the end of what old servers read."""
    table, batch = texts()
    names = ["plain"] if alone else list(table.names)
    types = [column.type for column in table.columns if column.name in names]
    with psycopg.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE texts (id int, plain text, short text, coded text)")
        with cursor.copy(f"COPY texts ({', '.join(names)}) FROM STDIN (FORMAT csv)".encode()) as copy:
            copy.write(encode_text.encode(types, batch.select(names)).to_pybytes())
        found = cursor.execute("SELECT plain FROM texts").fetchall()
    assert [row[0] for row in found] == TEXTS


@pytest.mark.parametrize("name", ["a\rb", "a\nb", 'a"b', "a,b", " a ", "\\."])
def test_names_of_columns_come_back(name: str) -> None:
    line = csv_encoding.header(["id", name, name])
    assert next(csv.reader(io.StringIO(line.decode(), newline=""))) == ["id", name, name]
    assert line.endswith(b"\n")
    if "\r" in name:
        assert line == b'id,"a\rb","a\rb"\n'


@pytest.mark.parametrize("text", ["\r", "a\rb"])
def test_a_carriage_return_is_quoted_where_nothing_else_asks_for_it(text: str) -> None:
    batch = pa.record_batch([pa.array([text, "plain"])], names=["a"])
    assert csv_encoding.encode([parse_type("text")], batch).to_pybytes() == f'"{text}"\nplain\n'.encode()
