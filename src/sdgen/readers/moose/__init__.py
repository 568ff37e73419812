"""Moose data models → scenario: TypeScript and Python sources are read, never run."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.errors import Problem, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.scenario.model import Scenario

if TYPE_CHECKING:
    from sdgen.readers.moose.project import Project
    from sdgen.readers.moose.shapes import MooseTable, Notes

_TYPESCRIPT = (".ts", ".tsx")
_WORDS = ("moose-lib", "moose_lib")
_MARKERS = ("moose.config.toml",)
_DEEP = 4
_MODEL_FOLDERS = ("", "app", "src", "models", "datamodels", "app/datamodels", "app/models", "src/datamodels")
_MOST_FILES = 500


def matches(source: Source) -> bool:
    """A TypeScript file, a Python file that uses Moose's library, or a folder with a Moose project in it."""
    if source.is_folder:
        return _is_project(source.path) or _has_models(source.path)
    # No other format is read from TypeScript but Drizzle's, which is asked before.
    if source.suffix in _TYPESCRIPT:
        return True
    return source.suffix == ".py" and source.path.is_file() and _WORDS[1] in source.text


def _is_project(folder: Path) -> bool:
    """Whether a folder, or one a few levels below it, has Moose's own file of settings."""
    from sdgen.readers.moose.project import SKIPPED

    # Level by level and not to the bottom: a monorepo has its projects near the top, and node_modules below that.
    level = [folder]
    for _ in range(_DEEP):
        if any((each / marker).is_file() for each in level for marker in _MARKERS):
            return True
        below = (child for each in level[:200] for child in _children(each))
        level = [child for child in below if child.name not in SKIPPED and not child.name.startswith(".")]
    return False


def _has_models(folder: Path) -> bool:
    """Whether a file where models usually are uses the library, though no project is around it."""
    found = (path for place in _MODEL_FOLDERS for path in sorted((folder / place).glob("*.*")))
    models = (path for path in islice(found, _MOST_FILES) if path.suffix in (*_TYPESCRIPT, ".py") and path.is_file())
    return any(word in path.read_text("utf-8", errors="replace") for path in models for word in _WORDS)


def _children(folder: Path) -> list[Path]:
    try:
        return [child for child in folder.iterdir() if child.is_dir()]
    except OSError:
        return []


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a project's tables; SourceError where it has none, or its sources can't be read."""
    try:
        return _read(source, options)
    except RecursionError:
        raise SourceError(Problem((), "its types are nested too deeply to be read", "", source.name)) from None


def _read(source: Source, options: ReadOptions) -> Scenario:
    from sdgen.readers.moose.project import Project
    from sdgen.readers.moose.scenario import giving_way, moose_scenario
    from sdgen.readers.moose.shapes import Notes
    from sdgen.readers.moose.typescript_tables import typescript_tables

    if not source.path.exists():
        raise SourceError(Problem((), "there is no such file or folder", "", source.name))
    project, notes = Project(source.path), Notes()
    paths = [path for path in project.files() if _mentions(project, path)] if source.is_folder else [project.source]
    scripts = [path for path in paths if path.suffix in _TYPESCRIPT]
    modules = [path for path in paths if path.suffix == ".py"]
    tables = typescript_tables(project, scripts, notes) if scripts else []
    tables += _python(project, modules, notes, options.run_code) if modules else []
    scenario = moose_scenario(source.path.resolve().stem, source.name, tables, notes, options.rows)
    if scenario is None:
        raise SourceError([_nothing(source), *notes.found])
    return giving_way(scenario, options.rules) if options.rules else scenario


def _python(project: Project, modules: list[Path], notes: Notes, run_code: bool) -> list[MooseTable]:
    """The tables of Python files: of their source, or those they make when they are imported, where that is allowed."""
    from sdgen.readers.moose.python_import import imported_tables
    from sdgen.readers.moose.python_tables import python_tables

    # Where importing makes no tables, the source may still declare some in the older ways.
    return (imported_tables(project, modules, notes) if run_code else []) or python_tables(project, modules, notes)


def _mentions(project: Project, path: Path) -> bool:
    """Whether a file may declare tables: it uses the library, or stands in a folder of data models."""
    try:
        text = project.text(path)
    except SourceError:
        return False
    return any(word in text for word in _WORDS) or "datamodels" in path.parts


def _nothing(source: Source) -> Problem:
    what = "there is no table in it that has rows"
    hint = "tables are declared by new OlapTable<T>(...), new IngestPipeline<T>(...) or, in Python, OlapTable[T](...)"
    return Problem((), what, hint, source.name)
