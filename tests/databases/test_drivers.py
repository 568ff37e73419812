"""Each driver is imported in its database's package alone, and every exception of its is one that we know."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import sdgen
from sdgen.databases.registry import BUILT_IN
from sdgen.errors import TargetError

SOURCES = Path(sdgen.__file__).parent
DRIVERS = {
    "psycopg": "databases/postgres",
    "pymysql": "databases/mysql",
    "sqlite3": "databases/sqlite",
    "adbc_driver_sqlite": "databases/sqlite",
    "adbc_driver_manager": "databases/sqlite",
    "duckdb": "databases/duckdb",
    "chdb": "databases/clickhouse",
    "clickhouse_connect": "databases/clickhouse",
}
# DuckDB computes expressions, and the store of runs is a SQLite file: neither is a place that is written to.
BESIDES = {"duckdb": ("generators/expressions",), "sqlite3": ("service/store.py",)}


def test_a_driver_is_imported_in_one_package() -> None:
    imported = [(driver, path) for path in SOURCES.rglob("*.py") for driver in _imports(path) & DRIVERS.keys()]
    assert {driver for driver, _ in imported} == DRIVERS.keys()
    strays = [
        f"{path} imports {driver}"
        for driver, path in imported
        if not path.relative_to(SOURCES).as_posix().startswith((DRIVERS[driver], *BESIDES.get(driver, ())))
    ]
    assert strays == []


def _imports(path: Path) -> set[str]:
    """The packages that a module imports, at its top or in a function; those for types alone load nothing."""
    return {name.partition(".")[0] for node in _run(ast.parse(path.read_text("utf-8"))) for name in _names(node)}


def _run(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from _run(child)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []


def test_the_list_of_databases_loads_no_driver() -> None:
    code = f"import sys, sdgen.databases.registry; print(sorted(sys.modules.keys() & {[*DRIVERS, 'pyarrow']!r}))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


EXPORTS = {
    "postgres": ("psycopg", "psycopg.errors"),
    "mysql": ("pymysql", "pymysql.err"),
    "sqlite": ("sqlite3", "adbc_driver_manager", "adbc_driver_manager.dbapi", "adbc_driver_sqlite.dbapi"),
    "duckdb": ("duckdb",),
    "clickhouse": ("clickhouse_connect", "clickhouse_connect.driver.exceptions"),
    "chdb": ("chdb", "chdb.dbapi", "chdb.dbapi.err", "chdb.state.sqlitelike"),
}


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
def test_every_exception_of_a_driver_is_mapped(kind: object) -> None:
    name, errors = kind.name, kind.errors()  # type: ignore[attr-defined]
    modules = [import_module(module) for module in EXPORTS[name]]
    own = {module.__name__.partition(".")[0] for module in modules}
    exported = {
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, BaseException) and each.__module__.partition(".")[0].lstrip("_") in own
    }
    assert len(exported) > 5
    assert [each for each in exported if not issubclass(each, errors.classes)] == []


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
def test_a_mapped_exception_becomes_a_target_error(kind: object) -> None:
    from sdgen.databases.driver_errors import unreadable

    errors = kind.errors()  # type: ignore[attr-defined]
    for each in errors.classes:
        with pytest.raises(TargetError, match="x can't be read"), errors.translated(unreadable("x")):
            raise each.__new__(each)


def test_a_hint_is_of_the_words_then_of_the_nearest_class() -> None:
    from psycopg import errors as states

    from sdgen.databases.postgres.connection import errors, problem

    assert "GRANT" in errors().hint(states.InsufficientPrivilege("no"))
    assert errors().hint(states.UniqueViolation("no"), "look again") == "look again"
    assert "password right" in errors().hint(states.InvalidPassword("password authentication failed"))
    assert "is the server running" in problem(states.OperationalError("gone"), "postgresql://x").hint
    assert problem(states.UniqueViolation("twice"), "postgresql://x").hint == ""
