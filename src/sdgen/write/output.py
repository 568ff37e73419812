"""A scenario's own `output` as destinations that targets can be opened for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdgen.scenario.model import Scenario
from sdgen.scenario.output import DATABASE_FORMATS, FileNames


@dataclass(frozen=True)
class Destination:
    """A destination with all that `open_target` takes. names: of files, None for a database."""

    to: str
    formats: tuple[str, ...] = ()
    names: FileNames | None = None


def destinations(scenario: Scenario) -> tuple[Destination, ...]:
    """Where the scenario's output says that rows go: a folder of files, and a file for each kind of database.

    Empty where it has no output. A relative folder is one beside the file that the scenario was read from, and one in
    the working directory where it was read from none.
    """
    output = scenario.output
    if output is None:
        return ()
    folder = _folder(scenario.origin.file) / output.path
    found = []
    if output.names.all_formats():
        found.append(Destination(f"{folder}/", output.names.all_formats(), output.names))
    for form in dict.fromkeys(each for each in output.format if each in DATABASE_FORMATS):
        found.append(Destination(str(folder / f"{output.database_name}.{form}")))
    return tuple(found)


def _folder(source: str) -> Path:
    path = Path(source)
    if path.is_dir():
        return path
    return path.parent if path.is_file() else Path()
