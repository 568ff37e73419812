"""Records that an API's operations describe in place, where the document names no schemas of records."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sdgen.errors import Path
from sdgen.read.jsonschema.references import Place

_METHODS = ("get", "post", "put", "patch")
_WRAPPED = ("items", "data", "results", "records", "values", "content", "entries", "list", "hits", "edges", "node")
_MOST_WRAPPERS = 6


def inline_places(root: Place) -> Iterator[tuple[str, Place]]:
    """The schemas of answers and requests, named by the last word of their path; the first of each name."""
    paths = root.value.get("paths")
    seen: set[str] = set()
    for path in paths if isinstance(paths, dict) else ():
        name = _name(str(path))
        for method in _METHODS:
            for where in _bodies(root, ("paths", path, method)):
                place = _record(root.child(*where))
                if place is not None and name not in seen:
                    seen.add(name)
                    yield name, place


def _name(path: str) -> str:
    words = [word for word in path.split("/") if word and "{" not in word and not re.fullmatch(r"v\d+|api|rest", word)]
    return re.sub(r"[^\w]+", "_", words[-1]).strip("_") if words else "record"


def _bodies(root: Place, operation: Path) -> Iterator[Path]:
    """Where the schemas of an operation stand: of what it answers in success, then of what it is sent."""
    answers = _at(root, (*operation, "responses"))
    good = [code for code in answers if str(code).startswith("2")] if isinstance(answers, dict) else []
    for where in [*((*operation, "responses", code) for code in good), (*operation, "requestBody")]:
        if isinstance(_at(root, (*where, "schema")), dict):
            yield (*where, "schema")
        content = _at(root, (*where, "content"))
        for kind in content if isinstance(content, dict) else ():
            if "json" in str(kind) and isinstance(_at(root, (*where, "content", kind, "schema")), dict):
                yield (*where, "content", kind, "schema")


def _record(place: Place) -> Place | None:
    """The record that a schema is of, or lists of which it carries; None where it names its schema elsewhere."""
    for _ in range(_MOST_WRAPPERS):
        inner = _inside(place)
        if inner is None:
            break
        place = place.child(*inner)
    value = place.value
    return place if isinstance(value, dict) and isinstance(value.get("properties"), dict) else None


def _inside(place: Place) -> Path | None:
    if isinstance(_at(place, ("items",)), dict):
        return ("items",)
    properties = _at(place, ("properties",))
    for name in _WRAPPED if isinstance(properties, dict) and len(properties) <= 8 else ():
        if any(isinstance(_at(place, ("properties", name, key)), dict) for key in ("items", "properties")):
            return ("properties", name)
    return None


def _at(place: Place, path: Path) -> object:
    value = place.value
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
