"""From a destination, a URL or a path, to the target that writes there and to the reader of what it wrote.

Databases are known by their schemes and suffixes (`databases.registry`); what is left are folders of files, scripts and
standard output. Another package adds a database as an entry point of the group `sdgen.databases`; or a target that is
only written to, as one of the group `sdgen.targets`, named after its URL scheme: a function of (destination, formats).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sdgen.databases.base import DatabaseKind
from sdgen.databases.registry import BUILT_IN, by_name, by_scheme, by_suffix, database_kinds
from sdgen.databases.urls import path_of
from sdgen.errors import Problem, TargetError, did_you_mean
from sdgen.scenario.output import FILE_FORMATS, FileNames
from sdgen.targets.base import Table, Target

if TYPE_CHECKING:
    from sdgen.databases.table_reader import TableReader

STREAM_FORMATS = ("csv", "jsonl")
SQL_FORMATS: Mapping[str, str] = {  # and the dialect each is in
    "sql": "postgres",
    "sql:postgres": "postgres",
    "sql:mysql": "mysql",
    "sql:sqlite": "sqlite",
}
ICEBERG = "iceberg"  # the kind of an Iceberg catalogue, and what its URLs begin with
WAREHOUSES = ("snowflake", "bigquery", "redshift")  # formats of load files with a script
DELTA = "delta"  # the format of a folder of Delta Lake tables
OWN_FORMATS = frozenset({DELTA, *WAREHOUSES})  # which are written alone, and no file is called after
SCRIPT_SUFFIX = ".sql"
SCRIPT_NAME = "dump.sql"  # the name of a script in a folder
BROKERS: Mapping[str, str] = {"nats": "nats", "kafka": "kafka", "amqp": "rabbitmq", "amqps": "rabbitmq"}
BROKER_KINDS = frozenset(BROKERS.values())
STORE_SCHEMES = ("s3", "gs", "az", "abfs", "hdfs")
KNOWN = (
    "out/ (files), - (standard output), x.sql, x.duckdb, x.sqlite, x.db, postgresql://user@host/database, "
    "mysql://user@host/database, clickhouse://user@host/database, chdb:///folder, s3://bucket/path/ (files; gs://, "
    "az://, abfs://, hdfs://), iceberg+sqlite:///lake/catalog.db, nats://host/prefix, kafka://host/prefix, "
    "amqp://host/vhost"
)
_READABLE = "a folder of files, x.duckdb, x.sqlite, postgresql://user@host/database, mysql://…, clickhouse://…"
FILES = "files"  # the kind of a folder of them, beside the names of databases
OBJECT_STORE = "object_store"  # the kind of a folder beyond this machine, whatever its scheme

SCHEMES: Mapping[str, str] = {**{scheme: kind.name for kind in BUILT_IN for scheme in kind.schemes}, **BROKERS}

Formats = tuple[str, ...]
Open = Callable[[str, Formats], Target]


def open_target(
    destination: str,
    formats: Formats = (),
    names: FileNames | None = None,
    storage: Mapping[str, Any] | None = None,
) -> Target:
    """The target a destination names; nothing is opened yet. TargetError where there is none of that name.

    formats: the formats of files, or of standard output; csv where none is given. names: how files are named, where
    the destination is a folder of them. storage: options of fsspec, where it is one beyond this machine.
    """
    if not destination.strip():
        raise _unknown("the destination is empty")
    if destination == "-":
        return _stdout(destination, formats)
    if is_iceberg(destination):
        return _iceberg(destination, formats, names, storage)
    if broker_kind(destination):
        return _broker(destination, formats)
    database = _database(destination)
    if database is not None:
        return _opened(database, destination, formats)
    if "://" in destination:
        scheme = destination.partition("://")[0].lower()
        # Another package's target goes before a file system that has the same scheme.
        provided = _provided(scheme)
        return provided(destination, formats) if provided else _remote(scheme, destination, formats, names, storage)
    if _is_script(destination):
        return _script(destination, formats)
    return _files(destination, formats, names)


def open_reader(destination: str, storage: Mapping[str, Any] | None = None) -> TableReader:
    """What a destination holds, opened to be read; TargetError where it can't be."""
    open_target(destination)  # what is wrong with it as a destination
    if is_iceberg(destination):
        from sdgen.files.iceberg_catalog import CatalogAddress
        from sdgen.files.iceberg_reader import IcebergReader

        return IcebergReader(CatalogAddress.of(destination, storage))
    database = _database(destination)
    if database is not None:
        return database.open_reader(destination)
    if is_object_store(destination):
        from sdgen.files.reader import open_store
        from sdgen.files.remote import Store

        return open_store(Store(destination, storage))
    if _is_script(destination) or destination == "-" or "://" in destination:
        raise TargetError(Problem(("target",), f"{destination} can't be read back", f"known: {_READABLE}"))
    from sdgen.files.reader import open_folder

    return open_folder(Path(destination))


def count_rows(kind: str, destination: str, tables: Sequence[Table]) -> Mapping[str, int] | None:
    """Rows by table, for the tables that are there; None where this kind of target isn't asked, or doesn't answer."""
    if kind == FILES:  # to count them would be to read them; but an empty folder holds nothing
        folder = Path(destination)
        return {} if not folder.exists() or not any(folder.iterdir()) else None
    database = by_name(kind)
    if database is None or database.count_rows is None:
        return None
    try:
        return database.count_rows(destination, tables)
    except Exception:  # a plan without these figures is still a plan; what keeps a run from working is told by `check`
        return None


def _database(destination: str) -> DatabaseKind | None:
    """The kind of database a destination is of. TargetError where it is a path that looks like a slip."""
    scheme, separator, _ = destination.partition("://")
    if separator:
        return by_scheme(scheme.lower())
    # A folder that is there, or a name that ends in a slash, is a folder whatever its suffix.
    if _is_folder(destination) or _is_script(destination):
        return None
    # An unknown suffix is refused and not taken for a folder's name: x.duckbd is more likely a slip than a folder.
    problem = misnamed(destination)
    if problem is not None:
        raise TargetError(problem)
    return by_suffix(Path(destination))


def _is_folder(destination: str) -> bool:
    return destination.endswith(("/", "\\")) or Path(destination).is_dir()


def _is_script(destination: str) -> bool:
    return Path(destination).suffix.lower() == SCRIPT_SUFFIX and not _is_folder(destination)


def is_single_file(destination: str) -> bool:
    """Whether a destination is a path of a database or a script."""
    return "://" not in destination and (_is_script(destination) or by_suffix(Path(destination)) is not None)


def _opened(database: DatabaseKind, destination: str, formats: Formats) -> Target:
    if formats and database.local:
        what = f"{destination} is a database, and has no file format"
        raise TargetError(Problem(("target",), what, "leave --format out, or give a folder: out/"))
    if formats:
        raise TargetError(Problem(("target",), "a database has no file format", "leave --format out"))
    if database.local and not path_of(destination).name:
        raise _unknown(f"{destination} names no file")
    return database.open_target(destination)


def _provided(scheme: str) -> Open | None:
    """The function of another package that opens URLs of a scheme; None where none does."""
    # Only the package that is named is imported.
    found = next((point for point in entry_points(group="sdgen.targets") if point.name == scheme), None)
    return cast(Open, found.load()) if found is not None else None


def is_iceberg(destination: str) -> bool:
    """Whether a destination is an Iceberg catalogue."""
    return destination.lower().startswith(f"{ICEBERG}+") and "://" in destination


def _iceberg(destination: str, formats: Formats, names: FileNames | None, storage: Mapping[str, Any] | None) -> Target:
    if formats:
        raise TargetError(Problem(("target",), "an Iceberg catalogue has no file format", "leave --format out"))
    from sdgen.files.iceberg import IcebergTables
    from sdgen.files.iceberg_catalog import CatalogAddress

    return IcebergTables(CatalogAddress.of(destination, storage), names)


def broker_kind(destination: str) -> str:
    """The kind of message broker a destination is of; "" where it is none."""
    scheme, separator, _ = destination.partition("://")
    return BROKERS.get(scheme.lower(), "") if separator else ""


def _broker(destination: str, formats: Formats) -> Target:
    if formats:
        raise TargetError(Problem(("target",), "a message is a JSON object, and has no format", "leave --format out"))
    from sdgen.brokers.target import PUBLISHERS, Broker

    return Broker(PUBLISHERS[broker_kind(destination)](destination))


def is_object_store(destination: str) -> bool:
    """Whether a destination is a folder of files beyond this machine."""
    scheme, separator, _ = destination.partition("://")
    if not separator or is_iceberg(destination) or by_scheme(scheme.lower()) is not None:
        return False
    from sdgen.files.remote import is_remote

    return is_remote(scheme.lower())


def _remote(
    scheme: str, destination: str, formats: Formats, names: FileNames | None, storage: Mapping[str, Any] | None
) -> Target:
    if not is_object_store(destination):
        others = [point.name for point in entry_points(group="sdgen.targets")]
        known = [*others, *STORE_SCHEMES, *BROKERS, *(each for kind in database_kinds() for each in kind.schemes)]
        raise _unknown(f"no target is called {scheme}://", did_you_mean(scheme, known))
    if DELTA in formats:
        return _delta(destination, formats, names, storage)
    if set(formats) & set(WAREHOUSES):
        return _load_files(destination, formats, names, storage)
    if set(formats) & set(SQL_FORMATS):
        hint = "write the script here, and copy it: --to dump.sql"
        raise TargetError(Problem(("target",), "a script is written to a local path alone", hint))
    from sdgen.files.remote import Store
    from sdgen.files.remote_folder import RemoteFiles

    return RemoteFiles(Store(destination, storage), _chosen(formats, FILE_FORMATS, "csv"), names)


def misnamed(destination: str) -> Problem | None:
    """What is wrong with a path that is no folder's and no database's, but looks like one file or a slip."""
    path = Path(destination)
    suffix = path.suffix.lower()
    word, slash, _ = destination.partition(":/")
    if word in SCHEMES or (slash and by_scheme(word) is not None):
        return Problem(("target",), f"{destination} has one slash too few: {word}:// begins a URL", f"known: {KNOWN}")
    if suffix.removeprefix(".") in FILE_FORMATS:
        hint = f"files are named after their tables: --to {path.parent / path.stem}/ --format {suffix[1:]}"
        return Problem(("target",), f"{path} is one file, and a run writes one for each table", hint)
    meant = get_close_matches(suffix, [".duckdb", ".sqlite"], n=1, cutoff=0.75)
    if suffix and suffix != SCRIPT_SUFFIX and by_suffix(path) is None:
        near = f"did you mean {path.stem}{meant[0]}? " if meant else ""
        hint = f"{near}For a folder of that name: --to {path}/"
        return Problem(("target",), f"{path}: no database is known by {suffix}", hint)
    return None


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
        return _script(str(Path(destination) / SCRIPT_NAME), formats)
    if DELTA in formats:
        return _delta(destination, formats, names, {})
    if set(formats) & set(WAREHOUSES):
        return _load_files(destination, formats, names, {})
    from sdgen.files.folder import Files

    return Files(Path(destination), _chosen(formats, FILE_FORMATS, "csv"), names)


def _load_files(
    destination: str, formats: Formats, names: FileNames | None, storage: Mapping[str, Any] | None
) -> Target:
    """A folder of Parquet files with a warehouse's script."""
    if len(formats) > 1:
        what = f"the files for {next(each for each in formats if each in WAREHOUSES)} are written alone"
        raise TargetError(Problem(("target",), what, "write the other formats in a run of their own"))
    from sdgen.files.warehouse import LoadFiles

    of_parquet = replace(names, formats=("parquet",)) if names else None
    files = open_target(destination, ("parquet",), of_parquet, storage)
    return LoadFiles(cast(Any, files), formats[0])


def _delta(destination: str, formats: Formats, names: FileNames | None, storage: Mapping[str, Any] | None) -> Target:
    """A folder of Delta Lake tables, on this machine or beyond it."""
    if len(formats) > 1:
        what = f"Delta Lake tables are written alone, not with {', '.join(each for each in formats if each != DELTA)}"
        raise TargetError(Problem(("target",), what, "write the other formats in a run of their own"))
    from sdgen.files.delta import DeltaTables
    from sdgen.files.remote import Store, local_store

    if "://" in destination:
        return DeltaTables(Store(destination, storage), names)
    return DeltaTables(local_store(Path(destination)), names, Path(destination))


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
