"""`sdgen import`: another system's schema as a scenario file, to be looked at and edited."""

from __future__ import annotations

import sys
from pathlib import Path

from sdgen.cli.failures import print_notes
from sdgen.errors import Problem, SdgenError
from sdgen.readers.base import ReadOptions
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_as, read_source


def import_source(kind: str, source: str, output: str, options: ReadOptions, force: bool) -> None:
    """Write the scenario of a source, of the kind that is named or found; SdgenError where it can't be done."""
    path = Path(output)
    if output and path.exists() and not force:
        raise SdgenError(Problem((), "the file is there already", "--force replaces it", output))
    scenario = read_as(kind, source, options) if kind else read_source(source, options)
    text = scenario_text(scenario)
    print_notes(scenario.notes, len(scenario.notes))
    if not output:
        print(text, end="")
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SdgenError(Problem((), f"can't be written: {error.strerror}", "", output)) from None
    count = len(scenario.entities)
    print(f"{output}: {count} entities; look at some rows with: sdgen preview {output}", file=sys.stderr)
