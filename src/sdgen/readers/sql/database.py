"""A live database → schema: what its catalogue says of tables, types and constraints.

SQLite and DuckDB keep the statements that made their tables, which are read as DDL. Other databases are asked through
SQLAlchemy's inspector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from sdgen.databases.catalog import Catalog, CatalogTable, Statements, read_catalog
from sdgen.databases.registry import of_source
from sdgen.databases.urls import path_of, without_password
from sdgen.errors import Problem, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import is_database
from sdgen.readers.sql.ddl import read_ddl
from sdgen.readers.sql.ddl_columns import read_names
from sdgen.readers.sql.ddl_constraints import Partitioning, read_bounds, read_exclusion
from sdgen.readers.sql.ddl_tokens import Unreadable, words
from sdgen.readers.sql.postgres_types import UNKNOWN, columns_within, parsed_type
from sdgen.readers.sql.schema import (
    CheckSchema,
    ColumnSchema,
    DomainSchema,
    ExclusionSchema,
    ForeignKeySchema,
    KeySchema,
    Schema,
    SqlType,
    TableName,
    TableSchema,
)
from sdgen.scenario.model import Scenario


def fits(source: Source) -> bool:
    """A URL, or a file called like a database."""
    return is_database(source.name)


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a database's tables."""
    from sdgen.readers.sql.scenario import relational_scenario

    if not is_database(source.name):
        hint = "give a URL such as postgresql://me@localhost/shop, or a file: x.sqlite, x.duckdb"
        raise SourceError(Problem((), "this is no database", hint, source.name))
    return relational_scenario(read_database(source.name), options.rows)


def read_database(source: str) -> Schema:
    """The schema of a database; SourceError where it can't be asked."""
    kind = of_source(source)
    shown = without_password(source)
    said: Catalog | Statements
    if kind is None or (kind.introspect is None and not kind.local):
        said = read_catalog(source)  # whatever else SQLAlchemy has a dialect for
    elif kind.introspect is None:
        hint = "give the statements that made its tables, as a file: schema.sql"
        raise SourceError(Problem((), f"the tables of {kind.name} can't be read from its catalogue", hint, shown))
    else:
        said = kind.introspect(source)
    if not isinstance(said, Statements):
        return catalog_schema(said, shown)
    place = str(path_of(source)) if kind is not None and kind.local else shown
    schema: Schema = _without_lines(read_ddl(said.text, place, said.dialect))
    return schema if said.in_order else _parents_first(schema)


def _parents_first(schema: Schema) -> Schema:
    """As the tables were made: DuckDB before 1.5.4 numbers them anew, some children before their parents."""
    tables = {table.name: table for table in schema.tables}
    ordered: dict[TableName, TableSchema] = {}

    def add(name: TableName) -> None:
        if table := tables.pop(name, None):
            for key in table.foreign_keys:
                add(key.table)
            ordered[name] = table

    for table in schema.tables:
        add(table.name)
    return replace(schema, tables=tuple(ordered.values()))


def _without_lines(value: Any) -> Any:
    """A record and all in it with no lines: a catalogue has none."""
    if isinstance(value, tuple):
        return tuple(_without_lines(each) for each in value)
    if isinstance(value, dict):
        return {key: _without_lines(each) for key, each in value.items()}
    if not is_dataclass(value) or isinstance(value, type):
        return value
    kept: dict[str, Any] = {each.name: _without_lines(getattr(value, each.name)) for each in fields(value)}
    # The lines of DDL that nobody wrote as a file would send people looking for them.
    kept |= {name: 0 for name in ("line", "column") if name in kept}
    return replace(value, **kept)


# A database's catalogue → schema.
Key = tuple[str, str]  # a schema's and a table's name, as the database gives them
Entry = Mapping[str, Any]


def catalog_schema(catalog: Catalog, shown: str) -> Schema:
    """The schema of a catalogue. SourceError where it has no tables. shown: the database, without its password."""
    return _Reflection(catalog).schema(shown)


class _Reflection:
    """The tables of one catalogue, partitions counted to the tables that they are parts of."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.tables = {(table.schema, table.name): table for table in catalog.tables}
        self.wholes = _wholes(catalog)
        self.partitionings = _partitionings(catalog)
        self.column_checks: dict[Key, list[CheckSchema]] = {}
        for schema, name, condition in catalog.column_checks:
            self.column_checks.setdefault((schema, name), []).append(CheckSchema(condition))

    def schema(self, shown: str) -> Schema:
        catalog = self.catalog
        tables = tuple(self.table(key, table) for key, table in self.tables.items() if key not in self.wholes)
        if not tables:
            raise SourceError(Problem((), "the database has no tables", "", shown))
        enums = {enum["name"].lower(): tuple(enum["labels"]) for enum in catalog.enums}
        notes = tuple(Problem((), what, "", shown) for what in catalog.unenforced)
        composites = {
            name: {field: self.type(type) for field, type in fields.items()}
            for name, fields in catalog.composites.items()
        }
        return Schema(catalog.name, catalog.dialect, shown, tables, enums, self.domains(), notes, composites)

    def table(self, key: Key, table: CatalogTable) -> TableSchema:
        partitioning = self.partitionings.get(key)
        required = partitioning.required() if partitioning is not None else set()
        columns = (self.column(key, column) for column in table.columns)
        bounds = partitioning.conditions() if partitioning is not None else ()
        return TableSchema(
            self.named(*key),
            tuple(replace(each, nullable=each.nullable and each.name not in required) for each in columns),
            primary_key=_primary_key(table.primary_key),
            unique=tuple(_unique_keys(table.unique, table.indexes)),
            foreign_keys=tuple(self.links(key)),
            checks=(*map(_check, table.checks), *bounds, *self.column_checks.get(key, ())),
            description=table.comment,
            exclusions=tuple(self.exclusions(key, table)),
            takes_rows=partitioning is None or partitioning.takes_rows,
        )

    def exclusions(self, key: Key, table: CatalogTable) -> Iterator[ExclusionSchema]:
        """A table's exclusion constraints; one that isn't understood has neither columns nor ranges."""
        columns = frozenset(str(column["name"]) for column in table.columns)
        for schema, name, constraint, definition in self.catalog.exclusions:
            if (schema, name) == key:
                read = words(definition, "postgres")
                read.takes("EXCLUDE")
                yield read_exclusion(read, columns, constraint, 0) or ExclusionSchema((), (), constraint)

    def named(self, schema: str | None, table: str) -> TableName:
        return TableName(table, "" if not schema or schema == self.catalog.default else schema)

    def column(self, key: Key, column: Entry) -> ColumnSchema:
        default = str(column.get("default") or "")
        # SERIAL is no type: PostgreSQL's catalogue knows it as an integer whose default calls nextval.
        counts = bool(column.get("identity")) or "nextval" in default or column.get("autoincrement") is True
        return ColumnSchema(
            column["name"],
            # The database's own words for a type come first: SQLAlchemy doesn't know domains and types of extensions.
            self.type(self.catalog.types.get((*key, column["name"])) or column["type"]),
            nullable=bool(column["nullable"]),
            default=default,
            counts=counts,
            computed=bool(column.get("computed")),
            description=column.get("comment") or "",
            expression=str((column.get("computed") or {}).get("sqltext") or ""),
        )

    def type(self, text: Any) -> SqlType:
        return parsed_type(str(text), self.catalog.dialect) if text else UNKNOWN

    def links(self, key: Key) -> Iterator[ForeignKeySchema]:
        """A table's foreign keys, and those that were declared on its partitions."""
        parts = [each for each in self.tables if each != key and each[0] == key[0] and self.whole(each) == key]
        seen: set[tuple[str, ...]] = set()
        for each in (key, *parts):
            for link in self.tables[each].foreign_keys:
                read = self.link(key[0], link)
                # Each partition repeats the keys of its whole.
                if read.columns not in seen:
                    seen.add(read.columns)
                    yield read

    def whole(self, key: Key) -> Key | None:
        """The table that a partition is a part of, however deep."""
        whole = self.wholes.get(key)
        while whole is not None and whole in self.wholes:
            whole = self.wholes[whole]
        return whole

    def link(self, schema: str, link: Entry) -> ForeignKeySchema:
        parent = self.named(link.get("referred_schema") or schema, link["referred_table"])
        columns, to = tuple(link["constrained_columns"]), tuple(link["referred_columns"])
        full = (link.get("options") or {}).get("match") == "FULL"
        return ForeignKeySchema(columns, parent, to, link.get("name") or "", full=full)

    def domains(self) -> dict[str, DomainSchema]:
        return {
            domain["name"].lower(): DomainSchema(
                parsed_type(self.catalog.domain_types.get(domain["name"], domain["type"]), self.catalog.dialect),
                bool(domain["nullable"]),
                tuple(CheckSchema(each["check"], each["name"] or "") for each in domain["constraints"]),
            )
            for domain in self.catalog.domains
        }


def _primary_key(entry: Entry) -> KeySchema | None:
    columns = tuple(entry.get("constrained_columns") or ())
    return KeySchema(columns, entry.get("name") or "") if columns else None


def _unique_keys(unique: Iterable[Entry], indexes: Iterable[Entry]) -> Iterator[KeySchema]:
    for each in unique:
        yield KeySchema(tuple(each["column_names"]), each.get("name") or "", nulls=_takes_nulls(each))
    for index in indexes:
        # A unique constraint is kept by an index, which the inspector lists as well.
        if not index.get("unique") or index.get("duplicates_constraint"):
            continue
        names = tuple(name for name in index["column_names"] if name)
        # The option is named after the dialect: postgresql_where, sqlite_where.
        where = next(
            (str(value) for key, value in (index.get("dialect_options") or {}).items() if key.endswith("_where")), ""
        )
        # The inspector gives None in the place of each expression.
        computed = len(names) < len(index["column_names"])
        inside = [word for text in index.get("expressions") or () for word in columns_within(text)] if computed else []
        columns, name = tuple(dict.fromkeys((*names, *inside))), index.get("name") or ""
        lengths = (index.get("dialect_options") or {}).get("mysql_length") or {}
        prefixes = tuple((column, int(length)) for column, length in lengths.items())
        parts = tuple(map(str, index.get("expressions") or ())) if computed else ()
        yield KeySchema(columns, name, 0, where, computed, _takes_nulls(index), prefixes, parts)


def _takes_nulls(entry: Entry) -> bool:
    """Whether any number of rows may have nulls in a unique key."""
    return not (entry.get("dialect_options") or {}).get("postgresql_nulls_not_distinct")


def _check(entry: Entry) -> CheckSchema:
    return CheckSchema(str(entry["sqltext"]), entry.get("name") or "")


def _wholes(catalog: Catalog) -> dict[Key, Key]:
    """The partitions and inheritors with the tables that their rows are seen in."""
    wholes = {(schema, table): (whole_schema, whole) for whole_schema, whole, schema, table, _ in catalog.partitions}
    wholes |= {(schema, table): (whole_schema, whole) for whole_schema, whole, schema, table in catalog.inheritors}
    return wholes


def _partitionings(catalog: Catalog) -> dict[Key, Partitioning]:
    """How the rows of partitioned tables find a partition."""
    keys = {(schema, whole): key for schema, whole, key in catalog.partition_keys}
    parts: dict[Key, list[tuple[Key, str]]] = {}
    for schema, whole, part_schema, part, bound in catalog.partitions:
        parts.setdefault((schema, whole), []).append(((part_schema, part), bound))

    def found(table: Key) -> Partitioning | None:
        if table not in keys:
            return None
        head = words(keys[table], "postgres")
        kind = head.next().upper
        try:
            columns = tuple(read_names(head.inside()))
        except Unreadable:  # an expression
            columns = ()
        bounds = [(read_bounds(words(bound, "postgres")), found(part)) for part, bound in parts.get(table, ())]
        return Partitioning(kind, columns, bounds)

    return {table: each for table in keys if (each := found(table)) is not None}
