"""Python models → scenario: SQLAlchemy's tables and classes, Pydantic's models, dataclasses and typed dicts.

Their module is imported, which runs it, so the user has to allow that.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from sdgen.errors import Problem, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.models.importing import ModelPath, imported, lines_of, model_path, object_of, shown
from sdgen.scenario.model import Scenario

_KINDS = "a SQLAlchemy base, MetaData, table or class, a Pydantic model, a dataclass, or a module that holds some"


def matches(source: Source) -> bool:
    """A Python file, or words such as `package.module:Name`; a file of such a name is none."""
    words = model_path(source.name)
    if words is None or words.is_file:
        return words is not None
    return ":" in source.name and not source.path.exists()


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of models; SourceError where they may not or can't be imported."""
    words = model_path(source.name)
    if words is None:
        hint = "models are named as package.module:Name or path/models.py:Name"
        raise SourceError(Problem((), "this is no Python module", hint, source.name))
    # Before anything is imported: to read a source must never run it unasked.
    if not options.run_code:
        what = f"reading models imports {words.place}, which runs its code"
        raise SourceError(Problem((), what, "--import allows that, where you trust it", source.name))
    module = imported(words)
    return _scenario(object_of(module, words), module, words, options.rows)


def _scenario(wanted: Any, module: ModuleType, words: ModelPath, rows: int | None) -> Scenario:
    """Tables where there are some; else classes of records."""
    from sdgen.readers.models.inheritance import with_families
    from sdgen.readers.models.schemas import classes_scenario, find_classes
    from sdgen.readers.models.tables import find_tables, tables_schema
    from sdgen.readers.sql.scenario import relational_scenario

    file = getattr(module, "__file__", None) or words.place
    tables, classes = find_tables(wanted), find_classes(wanted)
    if tables is not None and tables.tables:
        lines = lines_of(tables.mappers, file)
        scenario = with_families(relational_scenario(tables_schema(tables, words.dataset, lines), rows), tables)
        return _told(scenario, [each for each in classes if not _is_mapped(each)], lines.file)
    if classes:
        return classes_scenario(classes, words.dataset, lines_of(classes, file), rows)
    if tables is not None:
        hint = "the modules that declare its tables must be imported too: name one of them, or their package"
        raise SourceError(Problem((), f"{words.name} has no tables", hint, shown(file)))
    what = f"there are no models in {words.name or words.place}"
    raise SourceError(Problem((), what, f"name {_KINDS}", shown(file)))


def _is_mapped(each: Any) -> bool:
    """Whether a class is a table's, or a base of such."""
    return hasattr(each, "__table__") or hasattr(each, "metadata")


def _told(scenario: Scenario, left_out: list[Any], file: str) -> Scenario:
    """The scenario of tables, with the names of the other models that stand beside them."""
    if not left_out:
        return scenario
    names = ", ".join(each.__name__ for each in left_out)
    note = Problem((), f"only the tables are read; left out: {names}", "", file)
    return scenario.read_from(scenario.origin, [*scenario.notes, note])
