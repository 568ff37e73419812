"""The options by which commands name the store, and the service behind them. Read for every `--help`: nothing heavy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from sdgen.service.service import Service

RunsDb = Annotated[
    str,
    typer.Option("--runs-db", metavar="DB", help="The store: a file or a URL. Default: SDGEN_RUNS_DB, or the user's."),
]
ScenariosDir = Annotated[
    str,
    typer.Option("--scenarios-dir", metavar="DIR", help="Scenario files. Default: SDGEN_SCENARIOS_DIR, or scenarios."),
]
TargetsDir = Annotated[
    str, typer.Option("--targets-dir", metavar="DIR", help="Target files. Default: SDGEN_TARGETS_DIR, or targets.")
]

Output = Annotated[Literal["text", "json"], typer.Option("--output", help="What is printed: for people or programs.")]


@contextmanager
def open_store(runs_db: str, scenarios_dir: str = "", targets_dir: str = "") -> Iterator[Service]:
    """The service of the options; StoreError where it can't be had."""
    from sdgen.service.opening import open_service

    service = open_service(runs_db, scenarios_dir, targets_dir)
    try:
        yield service
    finally:
        service.close()


def as_json(value: Any) -> str:
    """Records, or lists of them, as JSON."""
    if isinstance(value, list | tuple):
        return json.dumps([each.model_dump(mode="json", by_alias=True) for each in value], indent=2, ensure_ascii=False)
    data = value if isinstance(value, dict) else value.model_dump(mode="json", by_alias=True)
    return json.dumps(data, indent=2, ensure_ascii=False)
