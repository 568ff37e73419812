"""ClickHouse: a server, by clickhouse-connect, or its engine in this process, by chdb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sdgen.databases.base import DatabaseKind
from sdgen.databases.clickhouse.dialect import CLICKHOUSE
from sdgen.databases.urls import path_of, without_password

if TYPE_CHECKING:
    from sdgen.databases.catalog import Statements
    from sdgen.databases.driver_errors import DriverErrors
    from sdgen.databases.table_reader import TableReader
    from sdgen.targets.base import Table, Target


def _target(url: str) -> Target:
    from sdgen.databases.clickhouse.target import remote

    return remote(url)


def _embedded_target(destination: str) -> Target:
    from sdgen.databases.clickhouse.target import embedded

    return embedded(path_of(destination))


def _reader(url: str) -> TableReader:
    from sdgen.databases.clickhouse.connection import Remote
    from sdgen.databases.clickhouse.introspect import ClickHouseReader

    return ClickHouseReader(Remote(url))


def _embedded_reader(destination: str) -> TableReader:
    from sdgen.databases.clickhouse.connection import Embedded
    from sdgen.databases.clickhouse.introspect import ClickHouseReader

    return ClickHouseReader(Embedded(path_of(destination)))


def _errors() -> DriverErrors:
    from sdgen.databases.clickhouse.connection import remote_errors

    return remote_errors()


def _embedded_errors() -> DriverErrors:
    from sdgen.databases.clickhouse.connection import embedded_errors

    return embedded_errors()


def _count_rows(url: str, tables: Sequence[Table]) -> Mapping[str, int]:
    from sdgen.databases.clickhouse.introspect import count_rows

    return count_rows(url, tables)


def _introspect(url: str) -> Statements:
    from sdgen.databases.clickhouse.connection import Remote
    from sdgen.databases.clickhouse.introspect import introspect

    return introspect(Remote(url), without_password(url))


def _embedded_introspect(source: str) -> Statements:
    from sdgen.databases.clickhouse.connection import Embedded
    from sdgen.databases.clickhouse.introspect import introspect

    return introspect(Embedded(path_of(source)), str(path_of(source)))


SERVER = DatabaseKind(
    name="clickhouse",
    schemes=("clickhouse", "clickhouses"),
    dialect=CLICKHOUSE,
    open_target=_target,
    open_reader=_reader,
    errors=_errors,
    count_rows=_count_rows,
    introspect=_introspect,
)
EMBEDDED = DatabaseKind(
    name="chdb",
    schemes=("chdb",),
    dialect=CLICKHOUSE,
    open_target=_embedded_target,
    open_reader=_embedded_reader,
    errors=_embedded_errors,
    introspect=_embedded_introspect,
    local=True,  # no count_rows: its folder can be open in one process at a time, which may be a run
)
