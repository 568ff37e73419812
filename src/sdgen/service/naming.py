"""What a person types for a scenario or a target → the parts of a request: an id, a file, or a destination."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sdgen.errors import NotFound, Problem
from sdgen.execution.catalog import ID
from sdgen.readers.formats import DOCUMENTS
from sdgen.service.catalog import StoredCatalog


def scenario_fields(text: str, catalog: StoredCatalog) -> dict[str, Any]:
    """`shop`, `shop@1.0.0`, or the path of a scenario, a folder or a schema. An unknown name is left for `resolve`."""
    name, at, version = text.partition("@")
    if ID.fullmatch(name) and (at or any(entry.id == name for entry in catalog.scenarios()) or _is_stem(name, catalog)):
        return {"scenario_id": name, "scenario_version": version}
    if ID.fullmatch(text) and not Path(text).exists():
        return {"scenario_id": text}
    return {"scenario_path": text}


def target_fields(text: str, catalog: StoredCatalog, kind: str = "") -> dict[str, Any]:
    """The id of a target, the path of a target's file, or a destination; NotFound where it looks like none of them."""
    if ID.fullmatch(text) and not kind:
        try:
            catalog.target(text)
            return {"target_id": text}
        except NotFound as error:
            if not Path(text).suffix and not Path(text).exists():
                hint = error.problems[0].hint
                folder = f"a folder is written {text}/"
                raise NotFound(Problem(("target",), f"there is no target {text!r}", f"{hint}; {folder}")) from None
    if Path(text).suffix.lower() in DOCUMENTS and not kind:
        return {"target_path": text}
    return {"target": {"dsn": text, "kind": kind} if kind else text}


def _is_stem(name: str, catalog: StoredCatalog) -> bool:
    return any(entry.file and Path(entry.file).stem == name for entry in catalog.scenarios())
