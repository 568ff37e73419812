"""MySQL and MariaDB, by PyMySQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sdgen.databases.base import DatabaseKind
from sdgen.databases.mysql.dialect import MYSQL

if TYPE_CHECKING:
    from sdgen.databases.catalog import Catalog
    from sdgen.databases.driver_errors import DriverErrors
    from sdgen.databases.table_reader import TableReader
    from sdgen.targets.base import Table, Target


def _target(url: str) -> Target:
    from sdgen.databases.mysql.target import MySQL

    return MySQL(url)


def _reader(url: str) -> TableReader:
    from sdgen.databases.mysql.introspect import MySQLReader

    return MySQLReader(url)


def _errors() -> DriverErrors:
    from sdgen.databases.mysql.connection import errors

    return errors()


def _count_rows(url: str, tables: Sequence[Table]) -> Mapping[str, int]:
    from sdgen.databases.mysql.introspect import count_rows

    return count_rows(url, tables)


def _introspect(url: str) -> Catalog:
    from sdgen.databases.mysql.introspect import introspect

    return introspect(url)


KIND = DatabaseKind(
    name="mysql",
    schemes=("mysql", "mariadb"),
    dialect=MYSQL,
    open_target=_target,
    open_reader=_reader,
    errors=_errors,
    count_rows=_count_rows,
    introspect=_introspect,
)
