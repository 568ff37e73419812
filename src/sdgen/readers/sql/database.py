"""A live database → schema: what its catalogue says of tables, types and constraints.

SQLite and DuckDB keep the statements that made their tables, which are read as DDL. Other databases are asked through
SQLAlchemy's inspector.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sdgen.errors import Problem, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import DATABASE_FILES, is_database
from sdgen.readers.sql.ddl import read_ddl
from sdgen.readers.sql.schema import Schema, TableName, TableSchema
from sdgen.scenario.model import Scenario

_SQLITE = "SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
_DUCKDB = (
    "SELECT sql FROM duckdb_tables() WHERE NOT internal AND NOT temporary ORDER BY table_oid",
    "SELECT sql || ';' FROM duckdb_indexes() WHERE sql IS NOT NULL ORDER BY index_oid",
)


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
    scheme, separator, _ = source.partition("://")
    kind = scheme.lower() if separator else DATABASE_FILES[Path(source).suffix.lower()]
    if kind in ("sqlite", "duckdb"):
        return _of_file(_path(source), kind)
    from sdgen.readers.sql.reflection import reflect

    return reflect(source)


def _path(source: str) -> Path:
    """The file of `duckdb:///relative`, `duckdb:////absolute` or of a path by itself."""
    _, separator, rest = source.partition("://")
    return Path(unquote(rest.removeprefix("/"))) if separator else Path(source)


def _of_file(path: Path, kind: str) -> Schema:
    if not path.is_file():
        raise SourceError(Problem((), "there is no such database file", "", str(path)))
    try:
        text = _sqlite_text(path) if kind == "sqlite" else _duckdb_text(path)
    except Exception as error:
        what = f"can't be read as a {kind} database: {' '.join(str(error).split())}"
        raise SourceError(Problem((), what, "", str(path))) from None
    schema: Schema = _without_lines(read_ddl(text, str(path), kind))
    return _parents_first(schema) if kind == "duckdb" else schema


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


def _sqlite_text(path: Path) -> str:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(f"file:{path.absolute()}?mode=ro", uri=True)) as connection:
        return "\n".join(row[0] for row in connection.execute(_SQLITE))


def _duckdb_text(path: Path) -> str:
    import duckdb

    with duckdb.connect(str(path), read_only=True) as connection:
        return "\n".join(row[0] for query in _DUCKDB for row in connection.execute(query).fetchall())


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
