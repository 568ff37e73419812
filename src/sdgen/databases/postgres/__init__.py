"""PostgreSQL, by psycopg."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sdgen.databases.base import DatabaseKind, ServerAddress
from sdgen.databases.postgres.dialect import POSTGRES

if TYPE_CHECKING:
    from sdgen.databases.catalog import Catalog
    from sdgen.databases.driver_errors import DriverErrors
    from sdgen.databases.table_reader import TableReader
    from sdgen.targets.base import Table, Target


def _target(url: str) -> Target:
    from sdgen.databases.postgres.target import Postgres

    return Postgres(url)


def _reader(url: str) -> TableReader:
    from sdgen.databases.postgres.introspect import PostgresReader

    return PostgresReader(url)


def _errors() -> DriverErrors:
    from sdgen.databases.postgres.connection import errors

    return errors()


def _address(url: str) -> ServerAddress:
    from sdgen.databases.postgres.connection import address

    return address(url)


def _count_rows(url: str, tables: Sequence[Table]) -> Mapping[str, int]:
    from sdgen.databases.postgres.introspect import count_rows

    return count_rows(url, tables)


def _introspect(url: str) -> Catalog:
    from sdgen.databases.postgres.introspect import introspect

    return introspect(url)


def _connect(url: str) -> Any:
    from sdgen.databases.postgres.connection import connect

    return connect(url)


KIND = DatabaseKind(
    name="postgres",
    schemes=("postgresql", "postgres"),
    dialect=POSTGRES,
    open_target=_target,
    open_reader=_reader,
    errors=_errors,
    schemas=True,
    address=_address,
    count_rows=_count_rows,
    introspect=_introspect,
    connect=_connect,
)
