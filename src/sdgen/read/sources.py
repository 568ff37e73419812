"""A source → a scenario: a file, a folder of scenario files, a database, or the name of a shipped example."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from sdgen.errors import Problem, SourceError, did_you_mean
from sdgen.read import native
from sdgen.read.base import DocumentReader, is_database, read_text
from sdgen.read.yamlfile import Document, read_document
from sdgen.scenario.model import Scenario

SUFFIXES = (".yaml", ".yml", ".json")

# One line a format, tried in this order.
READERS: tuple[DocumentReader, ...] = (native,)


def read_source(source: str | Path) -> Scenario:
    """The scenario of a file, a folder that holds one, a database's schema, or a shipped example.

    SourceError where there is none or it can't be read, ScenarioError where it is wrong.
    """
    if is_schema(source):
        return read_schema(str(source))
    path = Path(source)
    if path.is_dir():
        return read_file(_only_file(path))
    if path.exists():
        return read_file(path)
    if str(source) in examples():
        return read_text_as_scenario(examples()[str(source)].read_text("utf-8"), f"{source}.yaml")
    shown = str(source)
    hint = did_you_mean(shown, examples(), "give a file, a folder, or a shipped example: " + ", ".join(examples()))
    raise SourceError(Problem((), "there is no such file, folder or example", hint, shown))


def read_counted(source: str | Path, rows: Mapping[str, int]) -> tuple[Scenario, dict[str, int]]:
    """A scenario, and the row counts still to be asked of it.

    A schema's tables have their counts from its reader, which knows how many rows their constraints allow.
    """
    counts = dict(rows)
    if not is_schema(source):
        return read_source(source), counts
    return read_schema(str(source), counts.pop("*", None)), counts


def is_schema(source: str | Path) -> bool:
    """Whether a source is a schema: a file of DDL, a database file or a database's URL."""
    return str(source).lower().endswith(".sql") or is_database(str(source))


def read_schema(source: str, rows: int | None = None, dialect: str = "") -> Scenario:
    """The scenario of a schema, with `rows` rows a table where its constraints allow as many."""
    from sdgen.read.relational import ROWS, relational_scenario

    if source.lower().endswith(".sql") or dialect:
        from sdgen.read.ddl import read_ddl

        schema = read_ddl(read_text(Path(source)), source, dialect)
    else:
        from sdgen.read.database import read_database

        schema = read_database(source)
    return relational_scenario(schema, ROWS if rows is None else rows)


def read_file(path: Path) -> Scenario:
    return read_text_as_scenario(read_text(path), str(path))


def read_text_as_scenario(text: str, file: str) -> Scenario:
    """The scenario of a text, whichever format it is in; `file` is its name in messages."""
    document = read_document(text, file)
    for reader in READERS:
        if reader.fits(document):
            return reader.read(document)
    return native.read(document)  # tells what a scenario needs


def read_mapping(value: dict[str, object], name: str = "scenario") -> Scenario:
    """The scenario of plain data, as a file would hold it."""
    return native.read(Document(name, value, {}))


def examples() -> dict[str, Path]:
    """The shipped examples, by name."""
    folder = files("sdgen").joinpath("examples")
    found = [Path(str(entry)) for entry in folder.iterdir()] if folder.is_dir() else []
    return {path.stem: path for path in sorted(found) if path.suffix == ".yaml"}


def scenario_files(folder: Path) -> list[Path]:
    """The scenario files directly in a folder, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())


def _only_file(folder: Path) -> Path:
    found = scenario_files(folder)
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found[:8])
    what = f"{len(found)} scenario files in the folder" if found else "no scenario files in the folder"
    raise SourceError(
        Problem(
            (),
            what,
            f"name one of them: {names}" if found else "a scenario is a .yaml or .json file",
            str(folder),
        )
    )
