"""Parts of loads into MySQL: tables on their way, LOAD DATA, and what keeps rows from a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from sdgen.databases.create_table import Constraint
from sdgen.databases.mysql import encode
from sdgen.databases.mysql.connection import MySQLConnection, QualifiedName
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.mysql.introspect import ExistingTable, ForeignKey
from sdgen.errors import Problem
from sdgen.targets.base import Table


@dataclass(frozen=True)
class Part:
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
    start = f"LOAD DATA LOCAL INFILE '{{file}}' INTO TABLE {into} CHARACTER SET utf8mb4 {encode.FORMAT}"
    return f"{start} ({', '.join(names)}){setting}"
