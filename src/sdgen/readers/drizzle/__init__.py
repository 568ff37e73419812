"""A Drizzle schema (TypeScript) → scenario: its tables, read from the source, which is never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sdgen.errors import Problem, SdgenError, SourceError
from sdgen.readers.base import ReadOptions, Source, read_text
from sdgen.scenario.model import Scenario

_MARK = re.compile(r"drizzle-orm/(?:pg|mysql|sqlite|singlestore)-core")
_PLACES = (
    "",
    "schema",
    "db",
    "db/schema",
    "src",
    "src/schema",
    "src/db",
    "src/db/schema",
    "drizzle",
    "lib/db",
    "src/lib/db",
)
_MOST_FILES = 500


def matches(source: Source) -> bool:
    """A TypeScript file that makes Drizzle's tables, or a folder with some where they usually are."""
    if source.is_folder:
        return (source.path / "drizzle.config.ts").is_file() or next(_files(source.path), None) is not None
    return source.suffix in (".ts", ".mts", ".tsx") and source.path.is_file() and _has_tables(source.path)


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a schema's tables; SourceError where there are none."""
    from sdgen.readers.drizzle.tables import schema_of
    from sdgen.readers.sql.scenario import relational_scenario

    paths = [*_files(source.path)] if source.is_folder else [source.path, *_beside(source.path)]
    try:
        texts = [(str(path), read_text(path)) for path in dict.fromkeys(paths)]
        return relational_scenario(schema_of(texts, source.name), options.rows)
    except RecursionError:
        raise SourceError(Problem((), "it is nested too deeply to be read", "", source.name)) from None


def _files(folder: Path) -> Iterator[Path]:
    found = (path for place in _PLACES for path in sorted((folder / place).glob("*.ts"))[:_MOST_FILES])
    yield from (path for path in found if _has_tables(path))


_IMPORT = re.compile(r"""(?:from|import)\s*["'](\.{1,2}/[\w./-]+?)(?:\.(?:js|ts))?["']""")


def _beside(path: Path, seen: tuple[Path, ...] = ()) -> Iterator[Path]:
    """The files of tables and columns that a file imports or exports from, beside it or below."""
    for name in _IMPORT.findall(read_text(path)):
        for each in (path.parent / f"{name}.ts", path.parent / name / "index.ts"):
            if each.is_file() and each not in seen and len(seen) < _MOST_FILES:
                yield each
                yield from _beside(each, (*seen, path, each))


def _has_tables(path: Path) -> bool:
    try:
        return _MARK.search(read_text(path)) is not None
    except SdgenError:
        return False
