"""From a destination, a URL or a path, to the target that writes there. Other packages add theirs as entry points.

An entry point of the group `sdgen.targets` is named after its URL scheme, and is a function of (destination, formats).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from sdgen.errors import Problem, TargetError, did_you_mean
from sdgen.scenario.output import FILE_FORMATS, FileNames
from sdgen.targets.base import Target

STREAM_FORMATS = ("csv", "jsonl")
SQL_FORMATS: Mapping[str, str] = {  # and the dialect each is in
    "sql": "postgres",
    "sql:postgres": "postgres",
    "sql:mysql": "mysql",
    "sql:sqlite": "sqlite",
}
SCRIPT = "dump.sql"  # the name of a script in a folder
KNOWN = (
    "out/ (files), - (standard output), x.sql, x.duckdb, x.sqlite, x.db, postgresql://user@host/database, "
    "mysql://user@host/database, clickhouse://user@host/database, chdb:///folder"
)


Formats = tuple[str, ...]
Open = Callable[[str, Formats], Target]


def open_target(destination: str, formats: Formats = (), names: FileNames | None = None) -> Target:
    """The target a destination names; nothing is opened yet. TargetError where there is none of that name.

    formats: the formats of files, or of standard output; csv where none is given. names: how files are named, where
    the destination is a folder of them.
    """
    scheme, separator, _ = destination.partition("://")
    if not destination.strip():
        raise _unknown("the destination is empty")
    if destination == "-":
        return _stdout(destination, formats)
    if separator:
        return _by_scheme(scheme.lower())(destination, formats)
    if destination.endswith(("/", "\\")) or Path(destination).is_dir():
        return _files(destination, formats, names)
    opened = _by_suffix(Path(destination))
    return _files(destination, formats, names) if opened is _files else opened(destination, formats)


def _by_scheme(scheme: str) -> Open:
    found = SCHEMES.get(scheme) or _others().get(scheme)
    if found is None:
        hint = did_you_mean(scheme, [*SCHEMES, *_others()])
        raise _unknown(f"no target is called {scheme}://", hint)
    return found


def _by_suffix(path: Path) -> Open:
    problem = misnamed(str(path))
    if problem is not None:
        raise TargetError(problem)
    return SUFFIXES.get(path.suffix.lower(), _files)


def misnamed(destination: str) -> Problem | None:
    """What is wrong with a path that is no folder's and no database's, but looks like one file or a slip."""
    path = Path(destination)
    suffix = path.suffix.lower()
    if destination.partition(":/")[0] in SCHEMES:
        word = destination.partition(":/")[0]
        return Problem(("target",), f"{destination} has one slash too few: {word}:// begins a URL", f"known: {KNOWN}")
    if suffix.removeprefix(".") in FILE_FORMATS:
        hint = f"files are named after their tables: --to {path.parent / path.stem}/ --format {suffix[1:]}"
        return Problem(("target",), f"{path} is one file, and a run writes one for each table", hint)
    meant = get_close_matches(suffix, [".duckdb", ".sqlite"], n=1, cutoff=0.75)
    if suffix and suffix not in SUFFIXES:
        near = f"did you mean {path.stem}{meant[0]}? " if meant else ""
        hint = f"{near}For a folder of that name: --to {path}/"
        return Problem(("target",), f"{path}: no database is known by {suffix}", hint)
    return None


def _others() -> dict[str, Open]:
    return {point.name: cast(Open, point.load()) for point in entry_points(group="sdgen.targets")}


def _unknown(what: str, hint: str = "") -> TargetError:
    return TargetError(Problem(("target",), what, hint if hint.startswith("did") else f"known: {KNOWN}"))


def _chosen(formats: Formats, known: tuple[str, ...], default: str) -> tuple[str, ...]:
    wrong = [name for name in formats if name not in known]
    if wrong:
        place = "standard output" if known == STREAM_FORMATS else "files"
        hint = "an SQL script holds all tables: ask for it alone" if set(wrong) & set(SQL_FORMATS) else ""
        problems = [
            Problem(("target",), f"{place} can't have the format {name!r}", hint or did_you_mean(name, known))
            for name in wrong
        ]
        raise TargetError(problems)
    return tuple(dict.fromkeys(formats)) or (default,)


def _files(destination: str, formats: Formats, names: FileNames | None = None) -> Target:
    if len(formats) == 1 and formats[0] in SQL_FORMATS:
        return _script(str(Path(destination) / SCRIPT), formats)
    from sdgen.files.folder import Files

    return Files(Path(destination), _chosen(formats, FILE_FORMATS, "csv"), names)


def _script(destination: str, formats: Formats) -> Target:
    """A script in a file, whose name may tell its dialect (x.mysql.sql); on standard output for `-`."""
    from sdgen.files.script import Script

    told = "sql:" + Path(Path(destination).stem).suffix.removeprefix(".").lower()
    chosen = formats or (told if told in SQL_FORMATS else "sql",)
    if len(chosen) > 1 or chosen[0] not in SQL_FORMATS:
        what = f"{destination} is an SQL script, and can't have the format {', '.join(chosen)}"
        raise TargetError(Problem(("target",), what, "known: " + ", ".join(SQL_FORMATS)))
    return Script(None if destination == "-" else Path(destination), SQL_FORMATS[chosen[0]])


def _stdout(destination: str, formats: Formats) -> Target:
    if len(formats) == 1 and formats[0] in SQL_FORMATS:
        return _script(destination, formats)
    from sdgen.files.stdout import Stdout

    chosen = _chosen(formats, STREAM_FORMATS, "csv")
    if len(chosen) > 1:
        raise TargetError(Problem(("target",), "standard output takes one format", "choose csv, jsonl or sql"))
    return Stdout(chosen[0])


def _path(destination: str) -> Path:
    """The path of `duckdb:///relative`, `duckdb:////absolute` or of a path by itself."""
    _, separator, rest = destination.partition("://")
    return Path(unquote(rest.removeprefix("/"))) if separator else Path(destination)


def _database_file(destination: str, formats: Formats) -> Path:
    path = _path(destination)
    if formats:
        what = f"{destination} is a database, and has no file format"
        raise TargetError(Problem(("target",), what, "leave --format out, or give a folder: out/"))
    if not path.name:
        raise _unknown(f"{destination} names no file")
    return path


def _duckdb(destination: str, formats: Formats) -> Target:
    from sdgen.databases.duckdb.target import DuckDB

    return DuckDB(_database_file(destination, formats))


def _sqlite(destination: str, formats: Formats) -> Target:
    from sdgen.databases.sqlite.target import SQLite

    return SQLite(_database_file(destination, formats))


def _postgres(destination: str, formats: Formats) -> Target:
    from sdgen.databases.postgres.target import Postgres

    _no_formats(formats)
    return Postgres(destination)


def _mysql(destination: str, formats: Formats) -> Target:
    from sdgen.databases.mysql.target import MySQL

    _no_formats(formats)
    return MySQL(destination)


def _clickhouse(destination: str, formats: Formats) -> Target:
    from sdgen.databases.clickhouse.target import remote

    _no_formats(formats)
    return remote(destination)


def _chdb(destination: str, formats: Formats) -> Target:
    from sdgen.databases.clickhouse.target import embedded

    return embedded(_database_file(destination, formats))


def _no_formats(formats: Formats) -> None:
    if formats:
        raise TargetError(Problem(("target",), "a database has no file format", "leave --format out"))


SCHEMES: Mapping[str, Open] = {
    "duckdb": _duckdb,
    "sqlite": _sqlite,
    "postgresql": _postgres,
    "postgres": _postgres,
    "mysql": _mysql,
    "mariadb": _mysql,
    "clickhouse": _clickhouse,
    "clickhouses": _clickhouse,
    "chdb": _chdb,
}
SUFFIXES: Mapping[str, Open] = {
    ".duckdb": _duckdb,
    ".ddb": _duckdb,
    ".sqlite": _sqlite,
    ".sqlite3": _sqlite,
    ".db": _sqlite,
    ".sql": _script,
}
