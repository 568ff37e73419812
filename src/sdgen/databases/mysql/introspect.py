"""What MySQL's and MariaDB's catalogues say of schemas and tables, and a reader of rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from sdgen.databases.catalog import Catalog, read_catalog
from sdgen.databases.dialect import PRIMARY_KEY
from sdgen.databases.existing_tables import ExistingColumn
from sdgen.databases.mysql.connection import MySQLConnection, QualifiedName
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.table_reader import PlainTableReader, Row
from sdgen.errors import Problem, TargetError
from sdgen.targets.base import Table, TableColumn

if TYPE_CHECKING:
    from sqlalchemy import Connection


_TRIGGERS = """
    SELECT event_object_table, trigger_name FROM information_schema.triggers
    WHERE trigger_schema = database() ORDER BY event_object_table, trigger_name"""
# MariaDB's JSON is a text with a check of its own, and its checks of single columns go by the columns' names.
_CHECKS = """
    SELECT constraint_schema, table_name, constraint_name, check_clause FROM information_schema.check_constraints
    WHERE level = 'Column' AND constraint_schema = database()"""
_JSON = re.compile(r"json_valid\(`.*`\)", re.IGNORECASE | re.DOTALL)


def introspect(url: str) -> Catalog:
    """The tables of a database; SourceError where it can't be asked."""
    scheme = url.partition(":")[0].lower()
    return read_catalog(url, f"{scheme}+pymysql", _details)


def _details(connection: Connection, catalog: Catalog) -> Catalog:
    """What SQLAlchemy's inspector doesn't tell: triggers, and MariaDB's checks of columns."""
    from sqlalchemy import text

    triggers = tuple(f"{table}: trigger {name} left out" for table, name in connection.execute(text(_TRIGGERS)))
    if not getattr(connection.dialect, "is_mariadb", False):
        return replace(catalog, unenforced=triggers)
    types: dict[tuple[str, ...], str] = {}
    checks: list[tuple[str, str, str]] = []
    for schema, table, column, condition in connection.execute(text(_CHECKS)):
        if _JSON.fullmatch(condition.strip()):
            types[schema, table, column] = "json"
        else:
            checks.append((schema, table, condition))
    return replace(catalog, unenforced=triggers, types=types, column_checks=checks)


_TABLES = """SELECT t.table_name, t.table_type, coalesce(t.engine, ''), coalesce(e.transactions, '')
    FROM information_schema.tables t LEFT JOIN information_schema.engines e ON e.engine = t.engine
    WHERE t.table_schema = {schema} AND t.table_name IN ({names})"""
_COLUMNS = """SELECT table_name, column_name, column_type, is_nullable, column_default, extra
    FROM information_schema.columns
    WHERE table_schema = {schema} AND table_name IN ({names}) ORDER BY table_name, ordinal_position"""
_KEYS = """SELECT table_schema, table_name, constraint_name, column_name, referenced_table_schema,
        referenced_table_name, referenced_column_name
    FROM information_schema.key_column_usage
    WHERE referenced_table_schema = {schema} AND referenced_table_name IN ({names})
    ORDER BY table_schema, table_name, constraint_name, ordinal_position"""


@dataclass
class ForeignKey:
    """A foreign key of a table that is there."""

    table: QualifiedName
    parent: QualifiedName
    columns: list[str] = field(default_factory=list)
    to: list[str] = field(default_factory=list)


@dataclass
class ExistingTable:
    """A table that is there: what it is, its columns, those the database computes, and the foreign keys to it."""

    kind: str
    engine: str
    transactional: bool
    columns: list[ExistingColumn] = field(default_factory=list)
    computed: set[str] = field(default_factory=set)
    referrers: list[ForeignKey] = field(default_factory=list)


def existing_tables(connection: MySQLConnection, tables: Sequence[QualifiedName]) -> dict[QualifiedName, ExistingTable]:
    """Those of the tables that are there."""
    found: dict[QualifiedName, ExistingTable] = {}
    for schema in dict.fromkeys(schema for schema, _ in tables):
        names = ", ".join(MYSQL.literal(name) for other, name in tables if other == schema)
        found |= _of_schema(connection, schema, {"schema": MYSQL.literal(schema), "names": names})
    return found


def _of_schema(
    connection: MySQLConnection, schema: str, within: Mapping[str, str]
) -> dict[QualifiedName, ExistingTable]:
    found: dict[QualifiedName, ExistingTable] = {}
    for name, kind, engine, transactional in connection.run(_TABLES.format(**within)):
        found[schema, name] = ExistingTable(kind, engine, transactional == "YES")
    for table, name, type, nullable, default, extra in connection.run(_COLUMNS.format(**within)):
        existing, words = found[schema, table], extra.upper()
        # MySQL 8 says DEFAULT_GENERATED of a column whose default is an expression, which takes values.
        computed = "GENERATED" in words.replace("DEFAULT_GENERATED", "")
        # MariaDB tells a default of null as the word NULL.
        filled = default not in (None, "NULL") or "AUTO_INCREMENT" in words or computed
        existing.columns.append(ExistingColumn(name, _typed(type), nullable == "YES", filled))
        existing.computed |= {name} if computed else set()
    keys: dict[tuple[str, str, str], ForeignKey] = {}
    for own, table, name, column, other, parent, to in connection.run(_KEYS.format(**within)):
        key = keys.setdefault((own, table, name), ForeignKey((own, table), (other, parent)))
        key.columns.append(column)
        key.to.append(to)
    for key in keys.values():
        if key.parent in found:
            found[key.parent].referrers.append(key)
    return found


def _typed(declared: bytes | str) -> str:
    return declared.decode() if isinstance(declared, bytes) else declared


def constraint_names(connection: MySQLConnection, table: QualifiedName) -> list[str]:
    """The constraints of a table: their names, and the kind of a primary key, which has none of its own."""
    schema, name = map(MYSQL.literal, table)
    where = f"WHERE table_schema = {schema} AND table_name = {name}"
    rows = connection.run(f"SELECT constraint_name FROM information_schema.table_constraints {where}")
    return [PRIMARY_KEY if name == "PRIMARY" else name for (name,) in rows]


_SECONDS = 2


def count_rows(url: str, tables: Sequence[Table]) -> Mapping[str, int]:
    """Counted one after the other, and given up together where that takes long."""
    connection = MySQLConnection(url)
    names = {table.name: connection.qualified(table.name) for table in tables}
    try:
        connection.opened()
        there = existing_tables(connection, list(names.values()))
        with suppress(TargetError):  # MariaDB has it in seconds, MySQL under another name in milliseconds
            connection.run(f"SET SESSION max_statement_time = {_SECONDS}")
        with suppress(TargetError):
            connection.run(f"SET SESSION max_execution_time = {_SECONDS * 1000}")
        return {
            name: connection.run(f"SELECT count(*) FROM {MYSQL.table(name)}")[0][0]
            for name, qualified in names.items()
            if qualified in there
        }
    finally:
        connection.close()


# A MySQL or MariaDB database that is read back, in one transaction that changes nothing.
_BITS = dict.fromkeys(("bool", "utinyint", "usmallint", "uint", "ubigint"), "{} + 0")  # they are read as bytes
_AS_TEXT = {"binary": "hex({})", **_BITS}


class MySQLReader(PlainTableReader):
    """A database, given as a URL, whose rows are read as texts."""

    dialect = MYSQL

    def __init__(self, url: str) -> None:
        self._connection = MySQLConnection(url)
        fault = self._connection.fault()
        if fault:
            raise TargetError(Problem(("target",), fault))
        self._connection.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self._connection.run("START TRANSACTION READ ONLY")

    def columns(self, table: Table) -> list[str]:
        name = self._connection.qualified(table.name)
        there = existing_tables(self._connection, [name])
        return [column.name for column in there[name].columns] if name in there else []

    def rows(self, sql: str) -> list[Row]:
        return self._connection.run(sql)

    def arrow(self, sql: str) -> pa.Table:
        return self._connection.texts(sql)

    def sampled(self, table: Table, one_in: int) -> str:
        # MySQL has no sample of a table and no row numbers: a hash of the key chooses the rows.
        names = ", ".join(self.dialect.quote(name) for name in table.primary_key or table.names)
        return f"{self.dialect.table(table.name)} WHERE crc32(concat_ws(',', {names})) % {one_in} = 0"

    def selected(self, column: TableColumn) -> str:
        name, text = self.dialect.quote(column.name), _AS_TEXT.get(column.type.kind)
        return f"{text.format(name)} AS {name}" if text else name

    def close(self) -> None:
        self._connection.close()
