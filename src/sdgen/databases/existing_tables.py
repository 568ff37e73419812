"""Tables that are there already: do their columns take what would be written?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa
import pyarrow.compute as pc

from sdgen.databases.create_table import too_long
from sdgen.databases.dialect import Dialect
from sdgen.errors import Problem, TargetError, did_you_mean
from sdgen.generators.arrays.cast import cast_array
from sdgen.scenario.request import ExistingRows
from sdgen.scenario.types import INTEGER_BITS, INTEGERS, NESTED, Type
from sdgen.targets.base import Mode, Table, TableColumn


@dataclass(frozen=True)
class ExistingColumn:
    """A column of an existing table; `declared` in the database's own words.

    filled: it has a default, or makes its values itself.
    """

    name: str
    declared: str
    nullable: bool = True
    filled: bool = False


def differences(table: Table, found: Sequence[ExistingColumn], dialect: Dialect) -> list[Problem]:
    """Everything that keeps an existing table from taking a table's rows."""
    there = {column.name: column for column in found}
    problems: list[Problem] = []
    for column in table.columns:
        path = ("target", table.name, column.name)
        if column.name not in there:
            hint = did_you_mean(column.name, there) or "add it to the table, or hide it in the scenario"
            problems.append(Problem(path, f"the table that exists has no column {column.name!r}", hint))
        else:
            problems += [Problem(path, what, hint) for what, hint in _clashes(column, there[column.name], dialect)]
    return problems + _unfilled(table, found)


def _unfilled(table: Table, found: Iterable[ExistingColumn]) -> list[Problem]:
    what = "the table that exists needs a value here (NOT NULL, no default), and the scenario has no such column"
    hint = "add the column to the scenario, or give it a default"
    wanted = {column.name for column in table.columns}
    return [
        Problem(("target", table.name, column.name), what, hint)
        for column in found
        if column.name not in wanted and not column.nullable and not column.filled
    ]


def _clashes(column: TableColumn, found: ExistingColumn, dialect: Dialect) -> Iterable[tuple[str, str]]:
    if not _named(column, found, dialect) and not takes(column.type, found.declared, dialect):
        there = found.declared or "without a type"
        yield (
            f"{column.type} does not fit the column that exists: {there}",
            f"it needs {dialect.declared(column.type)}",
        )
    if column.nullable and not found.nullable:
        yield (
            "may be null, but the column that exists is NOT NULL",
            "set nullable: false, or drop the NOT NULL",
        )


def _named(column: TableColumn, found: ExistingColumn, dialect: Dialect) -> bool:
    """Is it the very type that the scenario names for this database?"""
    named, there = _spelled(column.target.get(dialect.name, "")), _spelled(found.declared)
    # DuckDB quotes the names in a type anew.
    return bool(there) and (_plain(named) == _plain(there) or f"{named} ".lower().startswith(f"{there} ".lower()))


def _spelled(declared: str) -> str:
    """A type in one spelling: spaces only where a default or a codec follows it."""
    return re.sub(r"\s+(?=[,=()])|(?<=[,=(])\s+", "", " ".join(declared.split()))


def takes(wanted: Type, declared: str, dialect: Dialect) -> bool:
    """Does a column declared so keep every value of a type?"""
    if _plain(declared) == _plain(dialect.declared(wanted)):
        return True
    found = dialect.read(declared)
    if dialect.hex_uuids and wanted.kind == "uuid" and found == Type("string", length=32):
        return True
    if found is None:
        # A column of SQLite's without a type takes any value.
        return not declared and dialect.name == "sqlite"
    if found in (wanted, dialect.read(dialect.declared(wanted))):
        return True
    return _holds(wanted, found)


def _holds(wanted: Type, found: Type) -> bool:
    rule = _RULES.get(found.kind)
    return found == wanted or (rule is not None and rule(wanted, found))


def _items(wanted: Type, found: Type) -> bool:
    """The same kind of nested type, whose inner types hold the wanted ones."""
    if wanted.kind != found.kind or sorted(wanted.fields) != sorted(found.fields):
        return False
    named = dict(zip(found.fields, found.items, strict=False))
    items = [named[name] for name in wanted.fields] or found.items
    return all(map(_holds, wanted.items, items))


def _enum(wanted: Type, found: Type) -> bool:
    """Other texts than its values are refused by the database."""
    return set(wanted.values) <= set(found.values) if wanted.kind == "enum" else wanted.kind in {"string", "text"}


def _plain(declared: str) -> str:
    return re.sub(r'[\s"]', "", declared.lower())


def _range(type: Type) -> tuple[int, int]:
    if type.kind in INTEGER_BITS:
        bits = INTEGER_BITS[type.kind]
        return -(1 << bits - 1), (1 << bits - 1) - 1
    if type.kind == "bool":
        return 0, 1
    return 0, (1 << INTEGER_BITS[type.kind[1:]]) - 1


def _integer(wanted: Type, found: Type) -> bool:
    if wanted.kind not in INTEGERS | {"bool"}:
        return False
    low, high = _range(wanted)
    least, most = _range(found)
    return least <= low and high <= most


def _decimal(wanted: Type, found: Type) -> bool:
    whole = found.precision - found.scale
    if wanted.kind in INTEGERS:
        # A precision of 0 stands for a decimal without limits.
        return not found.precision or _range(wanted)[1] < 10**whole
    if wanted.kind != "decimal":
        return False
    return not found.precision or (wanted.scale <= found.scale and wanted.precision - wanted.scale <= whole)


def _double(wanted: Type, found: Type) -> bool:
    # Up to there a double holds every whole number.
    small = wanted.kind in INTEGERS and _range(wanted)[1] <= 1 << 53
    return wanted.kind in {"float", "double"} or small or (wanted.kind == "decimal" and wanted.precision <= 15)


def _string(wanted: Type, found: Type) -> bool:
    """A text without a limit may go into one with a limit: the database refuses what is too long."""
    if wanted.kind == "enum":
        return max(map(len, wanted.values), default=0) <= found.length
    return wanted.kind == "text" or (wanted.kind == "uuid" and found.length >= 36) or wanted.kind == "string"


_TEXTUAL = frozenset({"string", "text", "enum", "uuid", "json", "array", "map", "struct"})
_RULES: Mapping[str, Callable[[Type, Type], bool]] = {
    **dict.fromkeys(INTEGERS, _integer),
    "decimal": _decimal,
    "double": _double,
    "string": lambda wanted, found: _string(wanted, found) and not 0 < found.length < wanted.length,
    "text": lambda wanted, found: wanted.kind in _TEXTUAL,
    "timestamp": lambda wanted, found: wanted.kind in {"timestamp", "timestamptz", "date"},
    "timestamptz": lambda wanted, found: wanted.kind in {"timestamp", "timestamptz", "date"},
    "json": lambda wanted, found: wanted.kind in {"json", "array", "map", "struct"},
    "enum": _enum,
    **dict.fromkeys(NESTED, _items),
}


@dataclass(frozen=True)
class ExistingTables:
    """What a database holds of a run's tables: their columns, and for each table the tables that refer to it."""

    columns: Mapping[str, Sequence[ExistingColumn]]
    referrers: Mapping[str, Iterable[str]]


def tables_with_rows(
    tables: Sequence[Table],
    mode: Mode,
    there: ExistingTables,
    dialect: Dialect,
    run: Callable[[str], Sequence[Sequence[Any]]],
) -> list[Problem]:
    """The tables with keys that hold rows already, where a run would add its own first rows to them once more.

    run: the rows of a query.
    """
    problems = []
    for table in tables:
        keyed = bool(table.primary_key or table.unique) and table.rows and table.name in there.columns
        if not keyed or table.mode_in(mode) is not Mode.CREATE_IF_MISSING:
            continue
        name = dialect.table(table.name)
        if run(f"SELECT 1 FROM {name} LIMIT 1"):  # counting takes long where there are many
            held = int(run(f"SELECT count(*) FROM {name}")[0][0])
            what = f"holds {held:,} rows already, and create_if_missing would repeat their keys"
            problems.append(Problem(("target", table.name), what, _FURTHER_MODES))
    return problems


_FURTHER_MODES = (
    "--mode truncate_then_insert replaces them, --mode append_only adds rows with further keys; or name another target"
)


def faults(tables: Sequence[Table], mode: Mode, there: ExistingTables, dialect: Dialect) -> list[Problem]:
    """Everything that keeps a database from taking a run's tables."""
    problems: list[Problem] = []
    for table in tables:
        problems += too_long(table, dialect)
        if table.name in there.columns:
            problems += differences(table, there.columns[table.name], dialect)
        elif table.mode_in(mode) is Mode.APPEND_ONLY:
            what = "does not exist, so nothing can be appended"
            problems.append(Problem(("target", table.name), what, "use --mode create_if_missing"))
    # A table that stays as it is may be referred to by any other: only emptying one would take rows away from others.
    emptied = [table for table in tables if table.mode_in(mode) is Mode.TRUNCATE_THEN_INSERT]
    return [*problems, *_referred(emptied, there)]


def _referred(tables: Sequence[Table], there: ExistingTables) -> Iterable[Problem]:
    names = {table.name for table in tables}
    for table in tables:
        outside = sorted(set(there.referrers.get(table.name, ())) - names)
        if table.name in there.columns and outside:
            verb = "refer" if len(outside) > 1 else "refers"
            what = f"can't be emptied: {', '.join(outside)} {verb} to it and is not part of this run"
            hint = "add it to the run, empty it first, or use --mode append_only"
            yield Problem(("target", table.name), what, hint)


@dataclass(frozen=True)
class ExistingRowsQuery:
    """Columns of a table that are to be read."""

    table: Table
    columns: tuple[TableColumn, ...]

    def sql(self, dialect: Dialect, read: Callable[[TableColumn], str] | None = None, source: str = "") -> str:
        """A query for the columns in the order of the primary key; without columns, for one row with the count.

        read: how a column is selected where its name alone does not give its values in the planned type. source: what
        stands behind FROM where it isn't the table's name.
        """
        source = source or dialect.table(self.table.name)
        if not self.columns:
            return f"SELECT count(*) AS n FROM {source}"
        names = ", ".join(read(column) if read else dialect.quote(column.name) for column in self.columns)
        order = ", ".join(dialect.quote(name) for name in self.table.primary_key or self.table.names[:1])
        return f"SELECT {names} FROM {source} ORDER BY {order}"

    def existing(self, found: pa.Table) -> ExistingRows:
        """What the query gave, in the planned types; TargetError where a value is none of its column's type."""
        if not self.columns:
            return ExistingRows(int(found.column(0)[0].as_py()))
        columns = zip(self.columns, found.columns, strict=True)
        return ExistingRows(found.num_rows, {column.name: self._planned(column, values) for column, values in columns})

    def _planned(self, column: TableColumn, values: pa.ChunkedArray) -> pa.Array:
        array = values.combine_chunks()
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        array = array.storage if isinstance(array, pa.ExtensionArray) else array
        # Readers that give texts spell it differently: PostgreSQL prints t and f.
        if column.type.kind == "bool" and pa.types.is_string(array.type):
            return pc.if_else(pc.is_null(array), None, pc.is_in(array, value_set=pa.array(["t", "true", "1"])))
        try:
            return cast_array(array, column.type, column.type.arrow)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
            what = f"the rows that are there can't be read as {column.type}: {str(error).splitlines()[0]}"
            raise TargetError(Problem(("target", self.table.name, column.name), what)) from None


@runtime_checkable
class Appendable(Protocol):
    """A target whose tables can be read before new rows are added to them."""

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows | None]:
        """What the tables hold, in the given order; None for one that doesn't exist. TargetError as from `check`."""
        ...
