"""Parts of loads into MySQL: tables on their way, LOAD DATA, and what keeps rows from a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sdgen.databases.create_table import Constraint
from sdgen.databases.mysql.connection import MySQLConnection, QualifiedName
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.mysql.introspect import ExistingTable, ForeignKey
from sdgen.errors import Problem
from sdgen.generators.arrays.encode_text import decimal_text, hex_text, json_text, timestamp_text
from sdgen.scenario.types import NESTED, TEXTS, Type
from sdgen.targets.base import Table
from sdgen.targets.csv_encoding import characters, plain_text


@dataclass(frozen=True)
class EncodedRows:
    """Some rows: lines of LOAD DATA, or INSERT statements where the server takes no such lines."""

    data: pa.Buffer
    rows: int


@dataclass(frozen=True)
class NewTable:
    """A table that the run makes, its foreign keys leading to staging tables; and the name it has until the end.

    early: its foreign keys to tables that exist, which the database can watch over while rows come in.
    """

    final: Table
    staging: str
    early: tuple[Constraint, ...]


def sql_name(place: QualifiedName) -> str:
    return ".".join(map(MYSQL.quote, place))


def orphans(connection: MySQLConnection, key: ForeignKey) -> int:
    """How many rows refer to none."""
    pairs = list(zip(key.columns, key.to, strict=True))
    joined = " AND ".join(f"child.{MYSQL.quote(a)} = parent.{MYSQL.quote(b)}" for a, b in pairs)
    filled = " AND ".join(f"child.{MYSQL.quote(a)} IS NOT NULL" for a, _ in pairs)
    alone = f"parent.{MYSQL.quote(key.to[0])} IS NULL AND {filled}"
    tables = f"{sql_name(key.table)} AS child LEFT JOIN {sql_name(key.parent)} AS parent ON {joined}"
    ((number,),) = connection.run(f"SELECT count(*) FROM {tables} WHERE {alone}")
    return int(number)


def table_faults(table: Table, existing: ExistingTable) -> Iterator[Problem]:
    """What keeps rows from a table that is there, beyond its columns' types."""
    path = ("target", table.name)
    if existing.kind != "BASE TABLE":
        yield Problem(path, f"is a {existing.kind.lower()}, not a table", "give the table behind it")
    for name in table.names:
        if name in existing.computed:
            yield Problem((*path, name), "is computed by the table that exists", "hide it in the scenario")


def engine_remark(name: str, existing: ExistingTable) -> str:
    """What is to be known of a table whose engine has no transactions; "" where it has."""
    if existing.transactional or existing.kind != "BASE TABLE":
        return ""
    what = f"{name}: its engine {existing.engine} takes no rows back: those of a run that fails stay there"
    return f"{what}; ALTER TABLE {MYSQL.table(name)} ENGINE = InnoDB mends that"


def load_data(table: Table, into: str, declared: dict[str, str]) -> str:
    """LOAD DATA; bytes come as hex digits, and bits as digits, through variables."""
    names, made = [], []
    for number, column in enumerate(table.columns):
        name = MYSQL.quote(column.name)
        through = "UNHEX({})" if column.type.kind == "binary" else ""
        through = "CAST({} AS UNSIGNED)" if declared.get(column.name, "").startswith("bit") else through
        names.append(f"@sdgen_{number}" if through else name)
        made += [f"{name} = {through.format(f'@sdgen_{number}')}"] if through else []
    setting = f" SET {', '.join(made)}" if made else ""
    start = f"LOAD DATA LOCAL INFILE '{{file}}' INTO TABLE {into} CHARACTER SET utf8mb4 {FORMAT}"
    return f"{start} ({', '.join(names)}){setting}"


# Batches as lines for MySQL's LOAD DATA: fields between tabs, special characters escaped, null as `\N`.
FORMAT = r"FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n'"
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\0": "\\0"}


def encode(types: Sequence[Type], batch: pa.RecordBatch) -> pa.Buffer:
    """The batch's rows as lines. Booleans are 0 and 1, moments UTC, bytes hex digits, nested values JSON."""
    fields = [_field(column, type) for column, type in zip(batch.columns, types, strict=True)]
    fields[-1] = pc.binary_join_element_wise(fields[-1], "\n", "")
    return characters(fields[0] if len(fields) == 1 else pc.binary_join_element_wise(*fields, "\t"))


def _field(array: pa.Array, type: Type) -> pa.Array:
    if isinstance(array, pa.DictionaryArray):
        return _text(array.dictionary, type).take(array.indices).fill_null("\\N")
    text = _text(array, type)
    return text.fill_null("\\N") if text.null_count else text


def _text(array: pa.Array, type: Type) -> pa.Array:
    return _TEXT.get(type.kind, plain_text)(array, type)


def _escaped(text: pa.Array) -> pa.Array:
    data = text.buffers()[2]
    content = data.to_pybytes() if data is not None else b""
    for character, escape in _ESCAPES.items():
        if character.encode() in content:
            text = pc.replace_substring(text, character, escape)
    return text


def _moment(array: pa.Array, type: Type) -> pa.Array:
    # The session is in UTC, so that the moment is the same without its offset.
    return timestamp_text(array.view(pa.timestamp("us")) if array.type.tz else array)


_TEXT: Mapping[str, Callable[[pa.Array, Type], pa.Array]] = {
    **dict.fromkeys(TEXTS | {"json"}, lambda array, type: _escaped(array)),
    **dict.fromkeys(NESTED, lambda array, type: _escaped(json_text(array, type))),
    "bool": lambda array, type: pc.if_else(array, "1", "0"),
    "decimal": lambda array, type: decimal_text(array),
    "binary": lambda array, type: hex_text(array),
    "timestamp": _moment,
    "timestamptz": _moment,
}
