"""References in JSON Schemas: to places in the same document, to what an `$id` or `$anchor` names, to files beside it.

Nothing outside the folder of the first document is read, and nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import unquote, urldefrag

from sdgen.errors import Path, SourceError
from sdgen.readers.base import read_text
from sdgen.readers.yaml_text import Document, read_document

_SUFFIXES = (".json", ".yaml", ".yml")
_MOST_FILES = 500
_MOST_HOPS = 32


@dataclass(frozen=True)
class SchemaNode:
    """A schema and where it stands. Two places are the same where document and path are."""

    document: Document = field(compare=False, hash=False)
    file: str
    path: Path
    value: Any = field(compare=False, hash=False)

    def child(self, *path: str | int) -> SchemaNode:
        value = self.value
        for part in path:
            value = value[part]
        return SchemaNode(self.document, self.file, (*self.path, *path), value)

    def parent(self, levels: int = 1) -> SchemaNode:
        """What it stands in, so many levels up; the whole document where there are fewer."""
        path, value = self.path[:-levels], self.document.value
        for part in path:
            value = value[part]
        return SchemaNode(self.document, self.file, path, value)

    @property
    def line(self) -> tuple[int, int]:
        """Line and column of the nearest part of the document that is known; zeros where none is."""
        for size in range(len(self.path), -1, -1):
            if self.path[:size] in self.document.positions:
                return self.document.positions[self.path[:size]]
        return 0, 0


class Unresolved(Exception):
    """A reference that leads nowhere, and why."""


class References:
    """Resolves the references of one document and of those it refers to.

    The library `referencing` hands out what a reference leads to without saying where that stands in its document,
    which every note needs; and it goes by the URIs of `$id` alone, while documents refer to files beside them, to the
    last word of an `$id`, and to `id` as a name, whatever their draft says.
    """

    def __init__(self, document: Document) -> None:
        self.first = document
        self._documents = {document.file: document}
        self._root = FilePath(document.file).absolute().parent

    def root(self) -> SchemaNode:
        return SchemaNode(self.first, self.first.file, (), self.first.value)

    def target(self, place: SchemaNode, reference: str) -> SchemaNode:
        """What a reference at a place leads to, through references to references; Unresolved where to nothing."""
        for _ in range(_MOST_HOPS):
            place = self._step(place, reference)
            value = place.value
            # Keywords beside a $ref say more of the value, so the chain ends at a place that has some.
            if not (isinstance(value, dict) and isinstance(value.get("$ref"), str) and len(value) == 1):
                return place
            reference = value["$ref"]
        raise Unresolved(f"the reference {reference!r} leads round in a cycle")

    def _step(self, place: SchemaNode, reference: str) -> SchemaNode:
        address, fragment = urldefrag(reference)
        # A pointer leads into the document that it stands in, before any `$id` is asked.
        if reference.startswith("#/"):
            return _pointed(SchemaNode(place.document, place.file, (), place.document.value), fragment, reference)
        if reference in self._named:
            return self._named[reference]
        if address in self._named:
            return _pointed(self._named[address], fragment, reference)
        if not address:
            document = place.document
            if fragment and not fragment.startswith("/"):
                raise Unresolved(f"there is no {reference!r} here")
            return _pointed(SchemaNode(document, place.file, (), document.value), fragment, reference)
        if "://" in address or address.startswith("urn:"):
            raise Unresolved(f"the reference {reference!r} leads to another place, and nothing is fetched")
        document = self._beside(place.file, address, reference)
        return _pointed(SchemaNode(document, document.file, (), document.value), fragment, reference)

    def _beside(self, file: str, address: str, reference: str) -> Document:
        path = (FilePath(file).absolute().parent / unquote(address)).resolve()
        # The path is resolved first, so that neither `..` nor a symbolic link leads out.
        if not path.is_relative_to(self._root.resolve()):
            raise Unresolved(f"the reference {reference!r} leads out of the folder, and is not followed")
        if path == FilePath(self.first.file).resolve():
            return self.first
        name = str(path)
        if name not in self._documents:
            if path.suffix.lower() not in _SUFFIXES or not path.is_file() or len(self._documents) >= _MOST_FILES:
                raise Unresolved(f"there is no file for the reference {reference!r}")
            try:
                self._documents[name] = read_document(read_text(path), name)
            except SourceError as error:
                raise Unresolved(f"{reference!r} can't be read: {error.problems[0].what}") from None
        return self._documents[name]

    @cached_property
    def _named(self) -> dict[str, SchemaNode]:
        """The schemas of the first document that have names: by `$id`, whole and as written, and by `$anchor`."""
        found: dict[str, SchemaNode] = {}
        for place in _schemas(self.root()):
            for key in ("$id", "id"):
                name = place.value.get(key)
                if isinstance(name, str) and name and (key == "$id" or "/" in name or name.startswith("#")):
                    found.setdefault(name.removesuffix("#"), place)
                    # Documents refer to `address.json` where the `$id` is https://example.com/address.json.
                    found.setdefault(name.rpartition("/")[2] or name, place)
            anchor = place.value.get("$anchor")
            if isinstance(anchor, str):
                found.setdefault(f"#{anchor}", place)
        found.pop("", None)
        return found


def is_api(value: dict[str, Any]) -> bool:
    """Whether a document is one of OpenAPI or Swagger."""
    named = any(isinstance(value.get(key), str | int | float) for key in ("openapi", "swagger"))
    return named and any(isinstance(value.get(key), dict) for key in ("components", "definitions", "paths", "info"))


def _schemas(root: SchemaNode) -> Iterator[SchemaNode]:
    """All mappings of a document in which `$id` or `$anchor` may stand, values' own data left out."""
    waiting = [root]
    while waiting:
        place = waiting.pop()
        if isinstance(place.value, dict):
            yield place
            keys = [
                key for key in place.value if key not in ("enum", "const", "default", "example", "examples", "paths")
            ]
            waiting += [place.child(key) for key in keys if isinstance(place.value[key], dict | list)]
        elif isinstance(place.value, list):
            waiting += [place.child(index) for index, each in enumerate(place.value) if isinstance(each, dict | list)]


def _pointed(place: SchemaNode, fragment: str, reference: str) -> SchemaNode:
    """What a JSON pointer (RFC 6901) leads to from a place."""
    for part in fragment.split("/")[1:] if fragment else ():
        # In this order (RFC 6901): `~01` is `~1`, not a slash.
        key: str | int = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(place.value, list) and str(key).isdigit() and int(key) < len(place.value):
            key = int(key)
        elif not isinstance(place.value, dict) or key not in place.value:
            raise Unresolved(f"the reference {reference!r} leads to nothing")
        place = place.child(key)
    return place
