"""SQLAlchemy's tables and mapped classes → schema, as a database made of them would have it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

from sdgen.databases.catalog import type_text
from sdgen.databases.loading import is_hex
from sdgen.errors import Problem
from sdgen.readers.models.importing import Lines
from sdgen.readers.models.schemas import default_text, quoted
from sdgen.readers.sql.postgres_types import columns_within, compiled_type
from sdgen.readers.sql.schema import (
    CheckSchema,
    ColumnSchema,
    DomainSchema,
    ForeignKeySchema,
    KeySchema,
    Schema,
    SqlType,
    TableName,
    TableSchema,
)

if TYPE_CHECKING:
    from sqlalchemy import Column, Constraint, Index, MetaData, Table
    from sqlalchemy.orm import Mapper

_DIALECTS = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite", "mssql": "tsql", "oracle": "oracle"}


@dataclass
class DeclaredTables:
    """Tables in the order they were declared, and the classes mapped to them."""

    tables: dict[str, Table] = field(default_factory=dict)
    mappers: dict[Any, Mapper[Any]] = field(default_factory=dict)

    def add_metadata(self, metadata: MetaData) -> None:
        for table in metadata.tables.values():
            self.tables.setdefault(table.key, table)

    def add_mappers(self, mappers: Iterable[Mapper[Any]]) -> None:
        for mapper in mappers:
            self.mappers[mapper.class_] = mapper


def find_tables(wanted: Any) -> DeclaredTables | None:
    """The tables of a declarative base, registry, MetaData, table, mapped class or module; None where it has none."""
    if "sqlalchemy" not in sys.modules:  # the models would have imported it
        return None
    found = DeclaredTables()
    if isinstance(wanted, ModuleType):
        for each in list(vars(wanted).values()):
            _add(each, found)
        return found if found.tables else None
    if _is_table(wanted):
        _add(wanted, found)
        # One class asks for one table and what it cannot do without, not for the whole registry that it is part of.
        found.tables = _with_parents(_table_of(wanted))
        return found
    _add(wanted, found)
    return found if found.tables or _is_empty_base(wanted) else None


def _add(each: Any, found: DeclaredTables) -> None:
    from sqlalchemy import MetaData, Table
    from sqlalchemy.orm import registry

    if isinstance(each, MetaData):
        found.add_metadata(each)
    elif isinstance(each, Table):
        found.add_metadata(each.metadata)
    elif isinstance(each, registry):
        found.add_metadata(each.metadata)
        found.add_mappers(each.mappers)
    else:
        own = getattr(each, "registry", None) or getattr(each, "_sa_registry", None)
        if isinstance(own, registry):
            _add(own, found)
        metadata = getattr(each, "metadata", None)
        if isinstance(metadata, MetaData):  # a base, or flask_sqlalchemy's `db`
            found.add_metadata(metadata)
        model = getattr(each, "Model", None)
        # flask_sqlalchemy's `db` is no base itself: its models' base is `db.Model`.
        if isinstance(each, type) or model is None or not isinstance(metadata, MetaData):
            return
        _add(model, found)


def _is_table(wanted: Any) -> bool:
    from sqlalchemy import Table

    return isinstance(wanted, Table) or isinstance(getattr(wanted, "__table__", None), Table)


def _table_of(wanted: Any) -> Table:
    table: Table = getattr(wanted, "__table__", wanted)
    return table


def _is_empty_base(wanted: Any) -> bool:
    from sqlalchemy import MetaData

    return isinstance(wanted, MetaData) or isinstance(getattr(wanted, "metadata", None), MetaData)


def _with_parents(table: Table) -> dict[str, Table]:
    """A table and all that its foreign keys lead to, in the order they were declared."""
    wanted, waiting = {table.key}, [table]
    known = table.metadata.tables
    while waiting:
        for key in waiting.pop().foreign_keys:
            name = _target(key)[0]
            if name not in wanted and name in known:
                wanted.add(name)
                waiting.append(known[name])
    return {name: each for name, each in known.items() if name in wanted}


def _target(key: Any) -> tuple[str, str]:
    """The table and the column that a foreign key names, whether they are declared or not."""
    try:
        return key.column.table.key, key.column.name
    except Exception:  # its table was not imported
        table, _, column = str(key.target_fullname).rpartition(".")
        return table, column


def tables_schema(found: DeclaredTables, name: str, lines: Lines) -> Schema:
    """The schema of tables."""
    dialect = _dialect(found.tables.values())
    # SQLAlchemy warns of what a dialect can't compile, which is not for the user of sdgen to read.
    with catch_warnings():
        simplefilter("ignore")
        reading = _TableReader(
            import_module(f"sqlalchemy.dialects.{dialect}").dialect(paramstyle="named"),
            _DIALECTS[dialect],
            lines,
            found,
        )
        tables = tuple(reading.table(table) for table in found.tables.values())
    return Schema(name, _DIALECTS[dialect], lines.file, tables, domains=reading.domains, notes=tuple(reading.notes))


def _dialect(tables: Iterable[Table]) -> str:
    """The database whose own types are used most; PostgreSQL where all of them are common ones."""
    modules = [type(column.type).__module__.split(".") for table in tables for column in table.columns]
    names = Counter(parts[2] for parts in modules if parts[:2] == ["sqlalchemy", "dialects"] and len(parts) > 2)
    # Common types say nothing of the database; a single JSONB does.
    known = [name for name, _ in names.most_common() if name in _DIALECTS]
    return known[0] if known else "postgresql"


class _TableReader:
    """One look at models: what they say in the words of one database."""

    def __init__(self, dialect: Any, called: str, lines: Lines, found: DeclaredTables) -> None:
        self.dialect = dialect
        self.called = called
        self.lines = lines
        self.notes: list[Problem] = []
        self.domains: dict[str, DomainSchema] = {}
        self.classes = _classes(found.mappers)

    def table(self, table: Table) -> TableSchema:
        mapper = self.classes.get(table)
        line = self.lines.of_class(mapper.class_) if mapper is not None else 0
        names = _attributes(mapper)
        columns = tuple(self.column(column, mapper, names.get(column.name, column.name)) for column in table.columns)
        unique = [each for each in _sorted(table.constraints) if type(each).__name__ == "UniqueConstraint"]
        return TableSchema(
            TableName(table.name, table.schema or ""),
            columns,
            line,
            primary_key=_key(table.primary_key, line),
            unique=(*filter(None, (_key(each, line) for each in unique)), *self.indexes(table, line)),
            foreign_keys=tuple(_links(table, line)),
            checks=(*self.checks(table, line), *self.kinds(table, line), *self.stored(table, line)),
            description=table.comment or _first_sentence(mapper),
        )

    def column(self, column: Column[Any], mapper: Mapper[Any] | None, attribute: str) -> ColumnSchema:
        line, type = (
            self.lines.of_attribute(mapper.class_, attribute) if mapper is not None else 0,
            self.type(column.type),
        )
        return ColumnSchema(
            column.name,
            type,
            line,
            nullable=bool(column.nullable),
            default=default_text(column),
            counts=_counts(column),
            computed=column.computed is not None,
            description=column.comment or column.doc or "",
            expression=self.sql(column.computed.sqltext) if column.computed is not None else "",
            elsewhere=_uuids_elsewhere(column.type) if type.word == "uuid" else {},
        )

    def type(self, type: Any) -> SqlType:
        """A type, an enum's values and an array's items being looked into, also behind a decorator."""
        import sqlalchemy

        inner = getattr(type, "impl", None) if isinstance(type, sqlalchemy.types.TypeDecorator) else type
        if isinstance(inner, sqlalchemy.Enum) and inner.enums:
            return SqlType("enum", values=tuple(map(str, inner.enums)))
        if type.__class__.__name__ == "DOMAIN" and hasattr(type, "data_type"):
            return self.domain(type)
        if isinstance(inner, sqlalchemy.ARRAY):
            return replace(self.type(inner.item_type), dimensions=inner.dimensions or 1)
        return compiled_type(type, self.dialect, self.called)

    def domain(self, type: Any) -> SqlType:
        """A domain of PostgreSQL's, with its condition."""
        name = str(type.name).lower()
        checks = () if type.check is None else (CheckSchema(self.sql(type.check)),)
        self.domains[name] = DomainSchema(self.type(type.data_type), not type.not_null, checks)
        return SqlType(name)

    def indexes(self, table: Table, line: int) -> Iterator[KeySchema]:
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            if index.unique:
                yield self.index(index, line)

    def index(self, index: Index, line: int) -> KeySchema:
        from sqlalchemy import Column

        plain = [each.name for each in index.expressions if isinstance(each, Column)]
        others = [each for each in index.expressions if not isinstance(each, Column)]
        named = {name for each in others for name in columns_within(self.sql(each))}
        # SQLAlchemy counts the columns of expressions among an index's columns too.
        inside = [column.name for column in index.columns if column.name in named]
        options = [option for each in index.dialect_options.values() for key, option in each.items() if key == "where"]
        where = next((self.sql(each) for each in options if each is not None), "")
        return KeySchema(tuple(dict.fromkeys((*plain, *inside))), str(index.name or ""), line, where, bool(others))

    def checks(self, table: Table, line: int) -> Iterator[CheckSchema]:
        from sqlalchemy import CheckConstraint

        own = [each for column in table.columns for each in column.constraints]
        for each in _sorted({*table.constraints, *own}):
            # Boolean and Enum bring CHECKs of their own, which say what the type says already.
            if isinstance(each, CheckConstraint) and not getattr(each, "_type_bound", False):
                yield CheckSchema(self.sql(each.sqltext), str(each.name or ""), line)

    def sql(self, expression: Any) -> str:
        try:
            return str(
                expression.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True, "include_table": False})
            )
        except Exception:  # what has no literal form in this dialect
            return str(expression)

    def stored(self, table: Table, line: int) -> Iterator[CheckSchema]:
        """What types ask of what they keep in another form: uuids as hex digits, intervals as moments after 1970."""
        import sqlalchemy

        for column in table.columns:
            if isinstance(column.type, sqlalchemy.Uuid) and not column.type.native_uuid:
                yield CheckSchema(f"\"{column.name}\" ~ '^[0-9a-f]{{12}}4[0-9a-f]{{3}}[89ab][0-9a-f]{{15}}$'", "", line)
            if isinstance(column.type, sqlalchemy.Interval) and not column.type.native:
                yield CheckSchema(
                    f"\"{column.name}\" BETWEEN '1970-01-01 00:00:00' AND '1970-01-15 00:00:00'", "", line
                )

    def kinds(self, table: Table, line: int) -> Iterator[CheckSchema]:
        """The column that says of which class a row is holds no other value than the classes'."""
        mapper = self.classes.get(table)
        column = None if mapper is None else mapper.polymorphic_on
        # In joined inheritance the column is in the base's table; the subclasses' tables have none to check.
        if mapper is None or getattr(column, "table", None) is not table:
            return
        # Keys may be enumerations, whose columns have the values by their type.
        values = [each for each in mapper.base_mapper.polymorphic_map if isinstance(each, str | int)]
        if values:
            listed = ", ".join(str(each) if isinstance(each, int) else quoted(each) for each in values)
            yield CheckSchema(f'"{getattr(column, "name", "")}" IN ({listed})', "", line)


def _uuids_elsewhere(type: Any) -> dict[str, str]:
    """How SQLAlchemy keeps uuids in databases without a type for them, so that its sessions find rows by such keys."""
    import sqlalchemy
    from sqlalchemy.dialects import mysql, sqlite

    own: dict[str, Any] = {"sqlite": sqlite.dialect(), "mysql": mysql.dialect()}
    kept = {name: type.dialect_impl(dialect) for name, dialect in own.items()}
    hexed = {
        name: isinstance(impl, sqlalchemy.Uuid) or is_hex(type_text(impl, own[name])) for name, impl in kept.items()
    }
    return {name: "CHAR(32)" for name, found in hexed.items() if found}


def _classes(mappers: Mapping[Any, Mapper[Any]]) -> dict[Any, Mapper[Any]]:
    """The mapper of each table, the one that it was made by before those of its subclasses."""
    found: dict[Any, Mapper[Any]] = {}
    for mapper in mappers.values():
        table = mapper.local_table
        # In single-table inheritance several classes are mapped to one table: the base speaks for it.
        if table not in found or found[table].isa(mapper):
            found[table] = mapper
    return found


def _attributes(mapper: Mapper[Any] | None) -> dict[str, str]:
    """The attributes of a class by the names of their columns."""
    return {} if mapper is None else {column.name: name for name, column in mapper.columns.items()}


def _sorted(constraints: Iterable[Constraint]) -> list[Any]:
    """Constraints, which SQLAlchemy keeps in a set, in the order they were made."""
    return sorted(constraints, key=lambda each: getattr(each, "_creation_order", 0))


def _key(found: Any, line: int) -> KeySchema | None:
    columns = tuple(column.name for column in found.columns)
    return KeySchema(columns, str(found.name or ""), line) if columns else None


def _links(table: Table, line: int) -> Iterator[ForeignKeySchema]:
    from sqlalchemy import ForeignKeyConstraint

    for each in _sorted(table.constraints):
        if isinstance(each, ForeignKeyConstraint):
            targets = [_target(element) for element in each.elements]
            # A table's key has its schema before it, if it has one.
            schema, _, name = targets[0][0].rpartition(".")
            columns = tuple(column.name for column in each.columns)
            yield ForeignKeySchema(
                columns, TableName(name, schema), tuple(to for _, to in targets), str(each.name or ""), line
            )


def _counts(column: Column[Any]) -> bool:
    automatic = column.table.autoincrement_column is column and column.default is None
    return automatic or column.identity is not None or type(column.default).__name__ == "Sequence"


def _first_sentence(mapper: Mapper[Any] | None) -> str:
    """The first line of the class's own docstring; dataclasses write one that repeats their fields."""
    text = "" if mapper is None else (mapper.class_.__dict__.get("__doc__") or "").strip()
    line = text.partition("\n\n")[0]
    own = mapper is not None and not line.startswith(f"{mapper.class_.__name__}(")
    return " ".join(line.split()) if own else ""
