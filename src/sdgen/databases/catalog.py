"""What a live database says of its schema, as plain records: statements that made its tables, or its catalogue.

SQLite and DuckDB keep the statements. Other databases are asked through SQLAlchemy's inspector, whose answers (dicts,
as its documentation describes them at `Inspector.get_multi_columns` and beside it) are passed on, but for types, which
become texts; and what it doesn't tell is added by the database's own package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

from sdgen.databases.driver_errors import UNREACHED, next_step
from sdgen.databases.urls import without_password, without_password_of, without_schema
from sdgen.errors import Problem, SourceError, install_hint

if TYPE_CHECKING:
    from sqlalchemy import Connection, Inspector

_DIALECTS = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}
_SYSTEM = frozenset({"information_schema", "mysql", "performance_schema", "sys", "pg_catalog", "pg_toast"})

Entry = Mapping[str, Any]  # one answer of the inspector's


@dataclass(frozen=True)
class Statements:
    """The CREATE statements of a database, as it keeps them itself.

    in_order: tables stand after those they refer to.
    """

    text: str
    dialect: str
    in_order: bool = True


@contextmanager
def file_read(path: Path, kind: str) -> Iterator[None]:
    """Within it a database file is read; whatever goes wrong becomes a SourceError."""
    if not path.is_file():
        raise SourceError(Problem((), "there is no such database file", "", str(path)))
    try:
        yield
    except Exception as error:
        what = f"can't be read as a {kind} database: {' '.join(str(error).split())}"
        raise SourceError(Problem((), what, "", str(path))) from None


@dataclass(frozen=True)
class CatalogTable:
    """A table. Each column's `type` is a text in the dialect's words, "" where it can't be told."""

    schema: str
    name: str
    columns: Sequence[Entry]
    primary_key: Entry = field(default_factory=dict)
    unique: Sequence[Entry] = ()
    indexes: Sequence[Entry] = ()
    foreign_keys: Sequence[Entry] = ()
    checks: Sequence[Entry] = ()
    comment: str = ""


@dataclass(frozen=True)
class Catalog:
    """The tables of a database.

    dialect:       as schemas and DDL call it.
    default:       the schema whose name is left out.
    types:         of columns, by schema, table and column, where the database has a better word than the inspector.
    domain_types:  what a domain is made of, with its sizes.
    exclusions:    schema, table, name and definition of exclusion constraints.
    composites:    the fields of composite types, with their types.
    partitions:    schema and name of a partitioned table; schema and name of a partition, its bounds.
    partition_keys: schema and name of a partitioned table, its key.
    inheritors:    schema and name of a table, and of one whose rows are seen in it.
    column_checks: schema, table and condition of checks that the inspector leaves out.
    unenforced:    sentences about what the database does beyond what a schema can say.
    """

    name: str
    dialect: str
    default: str
    tables: Sequence[CatalogTable]
    enums: Sequence[Entry] = ()
    domains: Sequence[Entry] = ()
    types: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    domain_types: Mapping[str, str] = field(default_factory=dict)
    exclusions: Sequence[tuple[str, str, str, str]] = ()
    composites: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    partitions: Sequence[tuple[str, ...]] = ()
    partition_keys: Sequence[tuple[str, ...]] = ()
    inheritors: Sequence[tuple[str, ...]] = ()
    column_checks: Sequence[tuple[str, str, str]] = ()
    unenforced: Sequence[str] = ()


def read_catalog(
    url: str, driver: str = "", details: Callable[[Connection, Catalog], Catalog] = lambda connection, catalog: catalog
) -> Catalog:
    """The catalogue behind a URL; SourceError where it can't be reached, or its driver is missing.

    driver: SQLAlchemy's dialect and driver, such as postgresql+psycopg, for a URL that names none. details: adds what
    the inspector doesn't tell.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    shown = without_password(url)
    plain, schema = without_schema(url)
    scheme, _, rest = plain.partition(":")
    try:
        engine = create_engine(f"{scheme if '+' in scheme else driver or scheme}:{rest}")
        try:
            with engine.connect() as connection, catch_warnings():
                simplefilter("ignore")  # types SQLAlchemy doesn't know: they are told of as columns left out
                return details(connection, _inspected(connection, schema))
        finally:
            engine.dispose()
    except ImportError as error:
        hint = install_hint(error.name or "DRIVER")
        raise SourceError(Problem((), f"reading it needs a driver: {error}", hint, shown)) from None
    except SQLAlchemyError as error:
        text = without_password_of(url, " ".join(_message(error).split()))
        raise SourceError(Problem((), f"can't be read: {text}", next_step(text, UNREACHED), shown)) from None


def _message(error: Exception) -> str:
    """The driver's own words; PyMySQL's stand behind a number."""
    cause = getattr(error, "orig", None) or error
    return str(cause.args[-1] if cause.args else cause)


def _inspected(connection: Connection, schema: str) -> Catalog:
    from sqlalchemy import inspect

    inspector = inspect(connection)
    dialect = _DIALECTS.get(inspector.dialect.name, inspector.dialect.name)
    default = schema or inspector.default_schema_name or ""
    enums, domains = (getattr(inspector, name, None) for name in ("get_enums", "get_domains"))
    return Catalog(
        name=(inspector.engine.url.database or "schema").rpartition("/")[2],
        dialect=dialect,
        default=default,
        tables=[
            table
            # Schemas are databases in MySQL, of which the URL names one.
            for each in ([default] if schema or dialect == "mysql" else _schemas(inspector))
            for table in _tables(inspector, each)
        ],
        enums=enums(schema="*") if enums else (),
        domains=domains(schema="*") if domains else (),
    )


def _schemas(inspector: Inspector) -> list[str]:
    names = inspector.get_schema_names()
    # PostgreSQL keeps names that begin with pg_ for itself.
    return [name for name in names if name.lower() not in _SYSTEM and not name.startswith("pg_")]


def _tables(inspector: Inspector, schema: str) -> Iterator[CatalogTable]:
    # Asked for all tables of a schema at once: table by table each answer would be a way to the server and back.
    answers: dict[str, Mapping[Any, Any]] = {
        "primary_key": inspector.get_multi_pk_constraint(schema=schema),
        "unique": inspector.get_multi_unique_constraints(schema=schema),
        "indexes": inspector.get_multi_indexes(schema=schema),
        "foreign_keys": inspector.get_multi_foreign_keys(schema=schema),
        "checks": _if_known(lambda: inspector.get_multi_check_constraints(schema=schema)),
    }
    comments = _if_known(lambda: inspector.get_multi_table_comment(schema=schema))
    for key, columns in inspector.get_multi_columns(schema=schema).items():
        typed = [{**column, "type": type_text(column["type"], inspector.dialect)} for column in columns]
        given = {name: answer[key] for name, answer in answers.items() if answer.get(key)}
        comment = (comments.get(key) or {}).get("text") or ""
        yield CatalogTable(schema, key[1], typed, **given, comment=comment)


def _if_known(ask: Callable[[], Any]) -> Mapping[Any, Any]:
    """What a database tells, or nothing where it knows no such thing."""
    try:
        answer: Mapping[Any, Any] = ask()
    except NotImplementedError:
        return {}
    return answer


def type_text(type: Any, dialect: Any) -> str:
    """A type of SQLAlchemy's as a dialect of its spells it; "" where it can't."""
    try:
        return str(type.compile(dialect=dialect))
    except Exception:  # types of other packages may fail in ways of their own
        return ""
