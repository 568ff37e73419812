"""A database behind a URL → schema, through SQLAlchemy's inspector.

PostgreSQL is asked also for what that doesn't tell: exact types, partitions, and what rows might break.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

from sdgen.databases.refusals import UNREACHED, next_step
from sdgen.databases.urls import without_password, without_password_of, without_schema
from sdgen.errors import Problem, SourceError, install_hint
from sdgen.readers.sql.ddl_columns import read_names
from sdgen.readers.sql.ddl_partitions import Bounds, partition_check, read_bounds
from sdgen.readers.sql.ddl_tokens import Unreadable, words
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
from sdgen.readers.sql.sqlalchemy_types import columns_within, compiled_type, parsed_type

if TYPE_CHECKING:
    from sqlalchemy import Connection, Inspector

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_DIALECTS = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}
_SYSTEM = frozenset({"information_schema", "mysql", "performance_schema", "sys", "pg_catalog", "pg_toast"})
_TYPES = """
    SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f')"""
_DOMAINS = "SELECT typname, format_type(typbasetype, typtypmod) FROM pg_type WHERE typtype = 'd'"
_UNKEPT = """
    SELECT format('%s: exclusion constraint left out: rows may break it', conrelid::regclass) FROM pg_constraint
    WHERE contype = 'x' AND conparentid = 0
    UNION ALL SELECT format('%s: trigger %s left out', tgrelid::regclass, tgname) FROM pg_trigger
    WHERE NOT tgisinternal AND tgparentid = 0
    UNION ALL SELECT format('%s: rule %s left out', ev_class::regclass, rulename) FROM pg_rewrite
    WHERE rulename <> '_RETURN' AND ev_class >= 16384"""
_PARTITIONS = """
    SELECT pn.nspname, p.relname, pg_get_partkeydef(p.oid), n.nspname, c.relname, pg_get_expr(c.relpartbound, c.oid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')"""
_INHERITORS = """
    SELECT pn.nspname, p.relname, n.nspname, c.relname
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE NOT c.relispartition AND i.inhseqno = 1
    AND NOT EXISTS (
        SELECT 1 FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attinhcount = 0)"""

Key = tuple[str, str]  # a schema's and a table's name, as the database gives them
Found = Mapping[tuple[str | None, str], Any]


def reflect(url: str) -> Schema:
    """The schema of a database; SourceError where it can't be reached, or its driver is missing."""
    shown = without_password(url)
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.exc import SQLAlchemyError

    address, schema = _address(url)
    try:
        engine = create_engine(address)
        try:
            with engine.connect() as connection, catch_warnings():
                simplefilter("ignore")  # types SQLAlchemy doesn't know: they are told of as columns left out
                return _Reflection(inspect(connection), connection, shown, schema).schema()
        finally:
            engine.dispose()
    except ImportError as error:
        hint = install_hint(error.name or "DRIVER")
        raise SourceError(Problem((), f"reading it needs a driver: {error}", hint, shown)) from None
    except SQLAlchemyError as error:
        text = without_password_of(url, " ".join(_said(error).split()))
        raise SourceError(Problem((), f"can't be read: {text}", next_step(text, UNREACHED), shown)) from None


def _said(error: Exception) -> str:
    """The driver's own words; PyMySQL's stand behind a number."""
    cause = getattr(error, "orig", None) or error
    return str(cause.args[-1] if cause.args else cause)


def _address(url: str) -> tuple[str, str]:
    """The URL with the driver named, without `?schema=`; and that schema."""
    plain, schema = without_schema(url)
    scheme, _, rest = plain.partition(":")
    return f"{_DRIVERS.get(scheme.lower(), scheme)}:{rest}", schema


class _Reflection:
    """One look at a database's catalogue."""

    def __init__(self, inspector: Inspector, connection: Connection, shown: str, schema: str) -> None:
        self.inspector = inspector
        self.shown = shown
        self.dialect = _DIALECTS.get(inspector.dialect.name, inspector.dialect.name)
        self.default = schema or inspector.default_schema_name or ""
        self.only = schema
        self.notes: list[Problem] = []
        postgres = self.dialect == "postgres"
        self.notes += [Problem((), what, "", shown) for what in (_unkept(connection) if postgres else ())]
        self.types = _exact_types(connection) if postgres else {}
        self.bases = _domain_types(connection) if postgres else {}
        self.wholes, self.bounds = _partitions(connection) if postgres else ({}, {})
        if self.dialect == "mysql":
            self.notes += [Problem((), what, "", shown) for what in triggers(connection)]
            self.types, self.bounds = column_checks(connection)

    def schema(self) -> Schema:
        tables = [table for name in self.schemas() for table in self.tables(name)]
        if not tables:
            raise SourceError(Problem((), "the database has no tables", "", self.shown))
        name = (self.inspector.engine.url.database or "schema").rpartition("/")[2]
        return Schema(name, self.dialect, self.shown, tuple(tables), self.enums(), self.domains(), tuple(self.notes))

    def schemas(self) -> list[str]:
        if self.only or self.dialect == "mysql":
            return [self.default]
        names = self.inspector.get_schema_names()
        return [name for name in names if name.lower() not in _SYSTEM and not name.startswith("pg_")]

    def tables(self, schema: str) -> Iterator[TableSchema]:
        ask = self.inspector
        columns: Found = ask.get_multi_columns(schema=schema)
        keys: Found = ask.get_multi_pk_constraint(schema=schema)
        unique: Found = ask.get_multi_unique_constraints(schema=schema)
        indexes: Found = ask.get_multi_indexes(schema=schema)
        links: Found = ask.get_multi_foreign_keys(schema=schema)
        checks: Found = _or_nothing(lambda: ask.get_multi_check_constraints(schema=schema))
        comments: Found = _or_nothing(lambda: ask.get_multi_table_comment(schema=schema))
        for key, found in columns.items():
            place = (schema, key[1])
            if place in self.wholes:
                continue
            yield TableSchema(
                self.named(schema, key[1]),
                tuple(self.column(place, column) for column in found),
                primary_key=_key(keys.get(key)),
                unique=tuple(_unique_keys(unique.get(key) or (), indexes.get(key) or ())),
                foreign_keys=tuple(self.links(schema, place, links)),
                checks=(*_checks(checks.get(key) or ()), *self.bounds.get(place, ())),
                description=(comments.get(key) or {}).get("text") or "",
            )

    def named(self, schema: str | None, table: str) -> TableName:
        return TableName(table, "" if not schema or schema == self.default else schema)

    def column(self, place: Key, found: Mapping[str, Any]) -> ColumnSchema:
        default = str(found.get("default") or "")
        counts = bool(found.get("identity")) or "nextval" in default or found.get("autoincrement") is True
        return ColumnSchema(
            found["name"],
            self.type(place, found),
            nullable=bool(found["nullable"]),
            default=default,
            counts=counts,
            computed=bool(found.get("computed")),
            description=found.get("comment") or "",
        )

    def type(self, place: Key, found: Mapping[str, Any]) -> SqlType:
        text = self.types.get((*place, found["name"]))
        if text is None:
            return compiled_type(found["type"], self.inspector.dialect, self.dialect)
        return parsed_type(text, self.dialect)

    def links(self, schema: str, place: Key, found: Found) -> Iterator[ForeignKeySchema]:
        """A table's foreign keys, and those that were declared on its partitions."""
        seen: set[tuple[str, ...]] = set()
        own = [
            (each, each[1] == place[1])
            for each in found
            if (schema, each[1]) == place or self.whole(schema, each) == place
        ]
        for key, _ in sorted(own, key=lambda pair: not pair[1]):
            for link in found[key] or ():
                read = self.link(schema, link)
                if read.columns not in seen:
                    seen.add(read.columns)
                    yield read

    def whole(self, schema: str, key: tuple[str | None, str]) -> Key | None:
        """The table that a partition is a part of, however deep."""
        place = self.wholes.get((schema, key[1]))
        while place is not None and place in self.wholes:
            place = self.wholes[place]
        return place

    def link(self, schema: str, found: Mapping[str, Any]) -> ForeignKeySchema:
        parent = self.named(found.get("referred_schema") or schema, found["referred_table"])
        columns, to = tuple(found["constrained_columns"]), tuple(found["referred_columns"])
        full = (found.get("options") or {}).get("match") == "FULL"
        return ForeignKeySchema(columns, parent, to, found.get("name") or "", full=full)

    def enums(self) -> dict[str, tuple[str, ...]]:
        ask = getattr(self.inspector, "get_enums", None)
        return {enum["name"].lower(): tuple(enum["labels"]) for enum in ask(schema="*")} if ask else {}

    def domains(self) -> dict[str, DomainSchema]:
        ask = getattr(self.inspector, "get_domains", None)
        return {
            domain["name"].lower(): DomainSchema(
                parsed_type(self.bases.get(domain["name"], domain["type"]), self.dialect),
                bool(domain["nullable"]),
                tuple(CheckSchema(each["check"], each["name"] or "") for each in domain["constraints"]),
            )
            for domain in (ask(schema="*") if ask else ())
        }


def _or_nothing(ask: Any) -> Found:
    """What a database tells, or nothing where it knows no such thing."""
    try:
        found: Found = ask()
    except NotImplementedError:
        return {}
    return found


def _key(found: Mapping[str, Any] | None) -> KeySchema | None:
    columns = tuple((found or {}).get("constrained_columns") or ())
    return KeySchema(columns, (found or {}).get("name") or "") if columns else None


def _unique_keys(unique: Iterable[Mapping[str, Any]], indexes: Iterable[Mapping[str, Any]]) -> Iterator[KeySchema]:
    for each in unique:
        yield KeySchema(tuple(each["column_names"]), each.get("name") or "", nulls=_takes_nulls(each))
    for index in indexes:
        if not index.get("unique") or index.get("duplicates_constraint"):
            continue
        names = tuple(name for name in index["column_names"] if name)
        where = next(
            (str(value) for key, value in (index.get("dialect_options") or {}).items() if key.endswith("_where")), ""
        )
        computed = len(names) < len(index["column_names"])
        inside = [word for text in index.get("expressions") or () for word in columns_within(text)] if computed else []
        columns, name = tuple(dict.fromkeys((*names, *inside))), index.get("name") or ""
        yield KeySchema(columns, name, 0, where, computed, _takes_nulls(index))


def _takes_nulls(found: Mapping[str, Any]) -> bool:
    """Whether any number of rows may have nulls in a unique key."""
    return not (found.get("dialect_options") or {}).get("postgresql_nulls_not_distinct")


def _checks(found: Iterable[Mapping[str, Any]]) -> list[CheckSchema]:
    return [CheckSchema(str(each["sqltext"]), each.get("name") or "") for each in found]


def _exact_types(connection: Connection) -> dict[tuple[str, str, str], str]:
    from sqlalchemy import text

    return {(schema, table, column): type for schema, table, column, type in connection.execute(text(_TYPES))}


def _domain_types(connection: Connection) -> dict[str, str]:
    """What each domain is made of, with its sizes."""
    from sqlalchemy import text

    return {str(name): str(type) for name, type in connection.execute(text(_DOMAINS))}


def _unkept(connection: Connection) -> list[str]:
    from sqlalchemy import text

    return [str(what) for (what,) in connection.execute(text(_UNKEPT))]


def _partitions(connection: Connection) -> tuple[dict[Key, Key], dict[Key, list[CheckSchema]]]:
    """The partitions with the tables they are parts of, and what their bounds ask of those."""
    from sqlalchemy import text

    wholes: dict[Key, Key] = {}
    bounds: dict[tuple[Key, str], list[Bounds]] = {}
    for whole_schema, whole, key, schema, table, bound in connection.execute(text(_PARTITIONS)):
        wholes[schema, table] = (whole_schema, whole)
        bounds.setdefault(((whole_schema, whole), key), []).append(read_bounds(words(bound, "postgres")))
    for whole_schema, whole, schema, table in connection.execute(text(_INHERITORS)):
        wholes[schema, table] = (whole_schema, whole)  # its rows are seen in the table it inherits from
    checks: dict[Key, list[CheckSchema]] = {}
    for (place, key), found in bounds.items():
        head = words(key, "postgres")
        kind = head.next().upper
        try:
            columns = read_names(head.inside())
        except Unreadable:
            continue
        checks[place] = partition_check(kind, columns, found)
    return wholes, checks


_TRIGGERS = """
    SELECT event_object_table, trigger_name FROM information_schema.triggers
    WHERE trigger_schema = database() ORDER BY event_object_table, trigger_name"""
# MariaDB's JSON is a text with a check of its own, and its checks of single columns go by the columns' names.
_CHECKS = """
    SELECT constraint_schema, table_name, constraint_name, check_clause FROM information_schema.check_constraints
    WHERE level = 'Column' AND constraint_schema = database()"""
_JSON = re.compile(r"json_valid\(`.*`\)", re.IGNORECASE | re.DOTALL)

Types = dict[tuple[str, str, str], str]
Checks = dict[tuple[str, str], list[CheckSchema]]


def triggers(connection: Connection) -> list[str]:
    """What is told of triggers, which nothing keeps."""
    from sqlalchemy import text

    return [f"{table}: trigger {name} left out" for table, name in connection.execute(text(_TRIGGERS))]


def column_checks(connection: Connection) -> tuple[Types, Checks]:
    """Exact types by schema, table and column, and checks by schema and table: MariaDB's alone."""
    types: Types = {}
    checks: Checks = {}
    if not getattr(connection.dialect, "is_mariadb", False):
        return types, checks
    from sqlalchemy import text

    for schema, table, column, clause in connection.execute(text(_CHECKS)):
        if _JSON.fullmatch(clause.strip()):
            types[schema, table, column] = "json"
        else:
            checks.setdefault((schema, table), []).append(CheckSchema(clause))
    return types, checks
