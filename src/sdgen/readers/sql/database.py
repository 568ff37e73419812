"""A live database → schema: what its catalogue says of tables, types and constraints.

SQLite and DuckDB keep the statements that made their tables, which are read as DDL. Other databases are asked through
SQLAlchemy's inspector.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from sdgen.databases.catalog import Catalog, Statements, read_catalog
from sdgen.databases.registry import of_source
from sdgen.databases.urls import path_of, without_password
from sdgen.errors import Problem, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import is_database
from sdgen.readers.sql.ddl import read_ddl
from sdgen.readers.sql.reflection import catalog_schema
from sdgen.readers.sql.schema import Schema, TableName, TableSchema
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
    kept |= {name: 0 for name in ("line", "column") if name in kept}
    return replace(value, **kept)
