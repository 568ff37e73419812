"""DuckDB as a calculator: one locked-down in-memory connection for each thread.

It can reach no file, no network, no extension and no setting; and it only ever sees checked expressions.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa

from sdgen.scenario.types import Type, array_of

if TYPE_CHECKING:
    import duckdb

# In order: the lock comes last. Settings that a DuckDB release doesn't know are marked with a question mark.
_SETTINGS = (
    # Without a fixed zone, moments would be read in that of the machine.
    "TimeZone = 'UTC'",
    "Calendar = 'gregorian'",
    # Workers are threads or processes of our own: more of them inside DuckDB would compete with these.
    "threads = 1",
    "memory_limit = '512MB'",
    "temp_directory = ''",
    # Rows must come back in the order in which they went in: their numbers are their identity.
    "preserve_insertion_order = true",
    # Nothing is fetched from the network or loaded from disk, whatever an expression asks for.
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "allow_community_extensions = false",
    "python_enable_replacements = false",
    "integer_division = false",
    "?ieee_floating_point_ops = false",  # a division by zero is null, not an infinity
    "?error_on_division_by_zero = false",
    "enable_external_access = false",
    "lock_configuration = true",
)
_BATCH = "sdgen_batch"
_VALUE = "sdgen_value"
_PLAIN: dict[pa.DataType, str] = {
    pa.bool_(): "bool",
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.uint8(): "utinyint",
    pa.uint16(): "usmallint",
    pa.uint32(): "uint",
    pa.uint64(): "ubigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "text",
    pa.binary(): "binary",
    pa.date32(): "date",
    pa.time64("us"): "time",
    pa.timestamp("us"): "timestamp",
    pa.timestamp("us", "UTC"): "timestamptz",
}
_KINDS = {
    **{kind.upper(): kind for kind in ("tinyint", "smallint", "bigint", "utinyint", "usmallint", "ubigint")},
    **{kind.upper(): kind for kind in ("float", "double", "date", "time", "timestamp", "uuid", "json")},
    "BOOLEAN": "bool",
    "INTEGER": "int",
    "UINTEGER": "uint",
    "VARCHAR": "text",
    "BLOB": "binary",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
# A connection for each thread, since DuckDB's connections are used by one thread at a time.
_local = threading.local()


def evaluate(sql: str, table: pa.Table) -> pa.Array:
    """The expression at each row of the table, in order; duckdb.Error where it can't be computed."""
    return evaluate_all([sql], table)[0]


def evaluate_all(sqls: Sequence[str], table: pa.Table) -> list[pa.Array]:
    """Several expressions over the same rows, in one call; duckdb.Error where one of them can't be computed."""
    # One call for several expressions: the call costs more than a plain expression over a batch.
    arrays = [column.combine_chunks() for column in _selected(sqls, table).columns]
    return [array.storage if isinstance(array, pa.ExtensionArray) else array for array in arrays]


def type_names(sqls: Sequence[str], schema: pa.Schema) -> list[str]:
    """What DuckDB calls the types of expressions over such columns; duckdb.Error where one of them has none."""
    with _registered(schema.empty_table()) as connection:
        return [str(each) for each in connection.sql(_select(sqls)).types] if sqls else []


def result_type(sql: str, table: pa.Table) -> Type:
    """The type of the expression over a table's columns; ValueError or duckdb.Error where it has none."""
    return _typed(sql, table.schema)


@lru_cache(maxsize=4096)  # plans of one scenario are made many times over: for other seeds, by `verify`
def _typed(sql: str, schema: pa.Schema) -> Type:
    try:
        return type_named(type_names([sql], schema)[0])
    except KeyError:
        return type_of(_selected([sql], schema.empty_table()).schema.field(0).type)


def type_named(name: str) -> Type:
    """The column type that DuckDB calls so: of single values and lists of them; KeyError for others."""
    if name.endswith("]"):
        return array_of(type_named(name[: name.rindex("[")]))
    decimal = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", name)
    if decimal:
        return Type("decimal", precision=int(decimal[1]), scale=int(decimal[2]))
    if name == "HUGEINT":
        return Type("decimal", precision=38)  # as DuckDB hands it over
    return Type(_KINDS[name])


def type_of(arrow: pa.DataType) -> Type:
    """The column type an Arrow type carries; ValueError where none does."""
    if pa.types.is_decimal(arrow):
        return Type("decimal", precision=arrow.precision, scale=arrow.scale)
    if pa.types.is_map(arrow):
        return Type("map", items=(type_of(arrow.key_type), type_of(arrow.item_type)))
    if pa.types.is_list(arrow) or pa.types.is_fixed_size_list(arrow):
        return array_of(type_of(arrow.value_type))
    if pa.types.is_struct(arrow):
        fields = list(arrow)
        names = tuple(field.name for field in fields)
        return Type("struct", fields=names, items=tuple(type_of(field.type) for field in fields))
    if arrow not in _PLAIN:
        raise ValueError(f"its value is of type {_NAMES.get(str(arrow), str(arrow))}, which no column has")
    return Type(_PLAIN[arrow])


_NAMES = {"month_day_nano_interval": "interval"}


def _selected(sqls: Sequence[str], table: pa.Table) -> pa.Table:
    with _registered(table) as connection:
        return connection.sql(_select(sqls)).to_arrow_table()


def _select(sqls: Sequence[str]) -> str:
    listed = ", ".join(f"{sql} AS {_VALUE}_{number}" for number, sql in enumerate(sqls))
    return f"SELECT {listed} FROM {_BATCH}"


@contextmanager
def _registered(table: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    connection = _connection()
    connection.register(_BATCH, table)
    try:
        yield connection
    except (duckdb.InternalException, duckdb.FatalException):
        _local.connection = None  # DuckDB refuses everything after an error of its own
        raise
    finally:
        connection.unregister(_BATCH)


def _connection() -> duckdb.DuckDBPyConnection:
    known: duckdb.DuckDBPyConnection | None = getattr(_local, "connection", None)
    if known is None:
        known = _local.connection = _locked()
    return known


def _locked() -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(":memory:")
    for setting in _SETTINGS:
        try:
            connection.execute(f"SET {setting.removeprefix('?')}")
        except duckdb.CatalogException:
            if not setting.startswith("?"):
                raise
    return connection
