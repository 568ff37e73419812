"""A folder of `.sql` files as one DDL text: a migration set in the order in which it is applied, or a schema in parts.

Prisma (`20240131_init/migration.sql`), Supabase, Diesel (`…/up.sql`), Flyway (`V2_1__name.sql`), goose, dbmate,
golang-migrate (`3_name.up.sql`), Rails' `structure.sql`, and folders with a file for each table.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sdgen.errors import Path as ScenarioPath
from sdgen.errors import Problem, ProblemType, SourceError
from sdgen.readers.base import MOST_BYTES, read_text
from sdgen.scenario.problems import Origin, WrappedOrigin

_MOST_FILES = 5_000
_DEEP = 3  # levels of folders below a place in which files are looked for
# Where tools keep their migrations; the folder itself is the last, since beside migrations lie queries and seeds.
_PLACES = (
    "migrations",
    "db/migrations",
    "db/migrate",
    "supabase/migrations",
    "prisma/migrations",
    "src/main/resources/db/migration",
    "",
)
# Files that take changes back, and those of rows: none of them makes a table that stays.
_LEFT_OUT = re.compile(
    r"(?:^|[._-])(?:down|rollback|undo|revert|seeds?|drop)\.sql$|^U[\d._]+__|\.down\.", re.IGNORECASE
)
_FLYWAY = re.compile(r"([VBR])(\d+(?:[._]\d+)*)?__", re.IGNORECASE)
# What a file's name calls a database, as in 2_users.mysql.up.sql.
_DATABASES = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "pgsql": "postgres",
    "pg": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
    "mssql": "tsql",
    "sqlserver": "tsql",
    "oracle": "oracle",
    "clickhouse": "clickhouse",
    "duckdb": "duckdb",
    "cockroach": "cockroach",
    "cockroachdb": "cockroach",
    "h2": "h2",
}


@dataclass(frozen=True)
class DdlFolder:
    """The files' texts one after another. starts: the line of the whole (from 1) at which each file begins."""

    text: str
    files: tuple[str, ...]
    starts: tuple[int, ...]

    def placed(self, problem: Problem) -> Problem:
        """A problem of the whole text, at its line of the file it stands in."""
        if not problem.line:
            return problem
        at = max(bisect_right(self.starts, problem.line) - 1, 0)
        return replace(problem, file=self.files[at], line=problem.line - self.starts[at] + 1)


class DdlFolderOrigin(WrappedOrigin):
    """Where a scenario's parts stand in the files of a folder."""

    def __init__(self, below: Origin, folder: DdlFolder) -> None:
        super().__init__(below)
        self._folder = folder

    def problem(self, path: ScenarioPath, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> Problem:
        return self._folder.placed(self._below.problem(path, what, hint, type))


def is_ddl_folder(folder: Path) -> bool:
    """Whether a folder has files of SQL, and no document at its top that may be a scenario."""
    if any(next(folder.glob(f"*{suffix}"), None) for suffix in (".yaml", ".yml", ".json")):
        return False
    return any(next(_sql_files(folder / place), None) for place in _PLACES)


def read_folder(folder: Path, dialect: str) -> DdlFolder:
    """The texts of a folder's files in order; SourceError where one can't be read, or they are too large together."""
    found = next(filter(None, ([*_sql_files(folder / place)] for place in _PLACES)), [])
    paths = _of_one_database(sorted(found, key=lambda path: _order(path.relative_to(folder))), dialect)
    texts, starts, line, size = [], [], 1, 0
    for path in paths[:_MOST_FILES]:
        # A statement ends with its file, whether or not a semicolon says so.
        text = f"{read_text(path).rstrip().removesuffix(';')}\n;\n"
        size += len(text)
        if size > MOST_BYTES:
            raise SourceError(Problem((), f"its files have more than {MOST_BYTES // 1024**2} MiB", "", str(folder)))
        texts.append(text)
        starts.append(line)
        line += text.count("\n")
    return DdlFolder("".join(texts), tuple(map(str, paths)), tuple(starts))


def _sql_files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        patterns = ("/".join([*["*"] * depth, "*.sql"]) for depth in range(_DEEP))
        files = (path for pattern in patterns for path in place.glob(pattern))
        yield from (path for path in files if path.is_file() and not _LEFT_OUT.search(path.name))


def _order(path: Path) -> tuple[object, ...]:
    """Files in the order of the numbers in their names, those that Flyway repeats after all others."""
    version = _FLYWAY.match(path.name)
    if version is not None and version[2]:
        return 0, tuple((0, int(part), "") for part in re.split(r"[._]", version[2])), path.parts
    repeated = version is not None and version[1].upper() == "R"
    parts = re.findall(r"(\d+)|(\D+)", str(path))
    return int(repeated), tuple((0, int(digits), "") if digits else (1, 0, word) for digits, word in parts), path.parts


def _of_one_database(paths: list[Path], dialect: str) -> list[Path]:
    """Of files that are there for several databases those of one: the dialect's, or the first that is named."""
    named = {path: _database(path) for path in paths}
    names = [name for name in _DATABASES.values() if name in named.values()]
    if not names:
        return paths
    chosen = dialect if dialect in names else names[0]
    own = {_common(path) for path, name in named.items() if name == chosen}
    # A file without a database's name is for all those that have none of their own.
    return [path for path, name in named.items() if name == chosen or (not name and _common(path) not in own)]


def _database(path: Path) -> str:
    return next((_DATABASES[word] for word in path.name.lower().split(".")[1:-1] if word in _DATABASES), "")


def _common(path: Path) -> Path:
    """A file's name without its database."""
    words = path.name.split(".")
    return path.with_name(".".join(word for word in words if word.lower() not in _DATABASES))
