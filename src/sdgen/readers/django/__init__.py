"""Django models → scenario: the sources are parsed, never run, and become the tables that migrations make of them."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

from sdgen.errors import Problem, ProblemType, SdgenError, SourceError
from sdgen.readers.base import ReadOptions, Source, read_text
from sdgen.scenario.model import Scenario

_MARKS = ("django.db", "django.contrib.auth.models")
_SKIPPED = frozenset({"migrations", "tests", "node_modules", "site-packages", "venv"})
_MOST_FILES = 2000


def matches(source: Source) -> bool:
    """A Python file with models of Django's, or a folder of a project (`manage.py`) or an app (`models.py`) of it."""
    if source.is_folder:
        return (source.path / "manage.py").is_file() or any(map(_has_models, _app_files(source.path)))
    return source.suffix == ".py" and source.path.is_file() and _has_models(source.path)


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of all models; SourceError where there are none, or a file is no Python."""
    from sdgen.readers.django.tables import schema_of
    from sdgen.readers.sql.scenario import relational_scenario

    paths = sorted(_all_files(source.path)) if source.is_folder else [source.path]
    modules = [(str(path), _app(path), _parsed(path)) for path in paths if _has_models(path)]
    try:
        return relational_scenario(schema_of(modules, source.name), options.rows)
    except RecursionError:
        raise SourceError(Problem((), "it is nested too deeply to be read", "", source.name)) from None


def _app_files(folder: Path) -> Iterator[Path]:
    yield from (path for path in (folder / "models.py", *sorted((folder / "models").glob("*.py"))) if path.is_file())


def _all_files(folder: Path) -> list[Path]:
    """The files of models below a folder: `models.py`, and all in packages called `models`."""
    found = (each for pattern in ("models.py", "models/*.py", "models/*/*.py") for each in folder.rglob(pattern))
    kept = {each for each in found if not _SKIPPED & {part.lower() for part in each.relative_to(folder).parts[:-1]}}
    return sorted(kept)[:_MOST_FILES]


def _has_models(path: Path) -> bool:
    try:
        text = read_text(path)
    except SdgenError:
        return False
    return any(mark in text for mark in _MARKS) and "class " in text


def _app(path: Path) -> str:
    """The app's label: the folder that a file of models stands in, outside of `models`."""
    folder = path.resolve().parent
    while folder.name == "models":
        folder = folder.parent
    return folder.name.lower() if path.name == "models.py" or path.resolve().parent.name == "models" else path.stem


def _parsed(path: Path) -> ast.Module:
    try:
        with warnings.catch_warnings():
            # Python warns of odd escapes in the user's own texts, which is not for the user of sdgen to read.
            warnings.simplefilter("ignore")
            return ast.parse(read_text(path))
    except SyntaxError as error:
        what, line = f"no Python: {error.msg}", error.lineno or 0
        raise SourceError(Problem((), what, "", str(path), line, error.offset or 0, ProblemType.SYNTAX)) from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise SourceError(Problem((), f"no Python: {error}", "", str(path))) from None
