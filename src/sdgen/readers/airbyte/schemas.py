"""The JSON Schema of a stream: inline, in a file beside the manifest, or of several loaders together.

References within schemas are resolved here: to other parts of the manifest, and between the files of its folder. No
path may leave that folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdgen.errors import Path as Place
from sdgen.errors import SdgenError, SourceError
from sdgen.readers.airbyte.references import Manifest, Node
from sdgen.readers.base import read_text
from sdgen.readers.yaml_text import Document, read_document

_MOST_DEPTH = 48
_LEVELS = 2  # how far up from the manifest a path in it may begin: ./source_x/schemas/…


@dataclass(frozen=True)
class Schema:
    """A stream's schema with references resolved, the document it stands in, and where."""

    value: Mapping[str, Any]
    document: Document
    place: Place
    notes: tuple[str, ...] = ()


class Absent(Exception):
    """No schema can be had without a connection; the text says why."""


@dataclass
class Schemas:
    """The schemas of one manifest; files are read once."""

    manifest: Manifest
    folder: Path
    _files: dict[Path, Document] = field(default_factory=dict)
    _resolved: dict[tuple[str, str], Any] = field(default_factory=dict)

    def of(self, stream: Node, name: str) -> Schema:
        """The schema of a stream; Absent where it has none that can be read."""
        # A configured catalog, and the plain shape, have the schema in the stream itself.
        if isinstance(stream.mapping.get("json_schema"), Mapping):
            loader = self.manifest.child(stream, "json_schema")
            return self._inline(loader)
        loaders = self.manifest.child(stream, "schema_loader")
        if not isinstance(loaders.value, list):
            return self._loaded(loaders, name)
        found, reasons = [], []
        for loader in self.manifest.items(loaders):
            try:
                found.append(self._loaded(loader, name))
            except Absent as absent:
                reasons.append(str(absent))
        if not found:
            raise Absent("; ".join(reasons) or "its list of schema loaders is empty")
        return _together(found, reasons)

    def _loaded(self, loader: Node, name: str) -> Schema:
        # JsonFileSchemaLoader is the format's own default, with schemas/<name>.json for a path.
        kind = loader.type or ("InlineSchemaLoader" if "schema" in loader.mapping else "JsonFileSchemaLoader")
        if kind == "InlineSchemaLoader":
            return self._inline(self.manifest.child(loader, "schema"))
        if kind in ("JsonFileSchemaLoader", "DefaultSchemaLoader", "JsonSchema", "JsonFile"):
            return self._file(loader, name)
        raise Absent(f"its schema is made at run time by a {loader.mapping.get('class_name') or kind}")

    def _inline(self, node: Node) -> Schema:
        if not isinstance(node.value, Mapping):
            raise Absent("its schema is empty")
        # A schema that came by reference stands where its keys do.
        place = next(iter(node.places.values()), node.place)[:-1] if node.places else node.place
        value = self._manifest_part(node.value, place, ())
        return Schema(value, self.manifest.document, place)

    def _manifest_part(self, value: Any, place: Place, trail: tuple[Place, ...]) -> Any:
        """A part of a schema in the manifest with all references in it resolved."""
        if isinstance(value, list):
            return [self._manifest_part(each, (*place, index), trail) for index, each in enumerate(value)]
        if isinstance(value, str) and value.startswith("#/"):
            return self._referred(value, place, trail, value)
        if not isinstance(value, Mapping) or len(place) > _MOST_DEPTH:
            return value
        # A reference to #/properties/ means the schema's own fields, and nothing of the manifest.
        if isinstance(value.get("$ref"), str) and not value["$ref"].startswith("#/properties/"):
            beside = {key: each for key, each in value.items() if key != "$ref"}
            base = self._referred(value["$ref"], place, trail, None)
            inner = self._manifest_part(beside, place, trail)
            return {**base, **inner} if isinstance(base, Mapping) else inner
        return {
            # A text in `description` or `enum` may begin like a reference, and is none.
            key: each if _is_literal(key, each) else self._manifest_part(each, (*place, key), trail)
            for key, each in value.items()
        }

    def _referred(self, reference: str, place: Place, trail: tuple[Place, ...], otherwise: Any) -> Any:
        """What a reference stands for; a text that refers to nothing stands for itself."""
        try:
            found, stands = self.manifest.looked_up(reference, place)
        except SourceError:
            if isinstance(otherwise, str):
                return otherwise
            raise
        if stands in trail:
            cycle = " → ".join("#/" + "/".join(map(str, each)) for each in [*trail[trail.index(stands) :], stands])
            raise self.manifest.refused(place, f"the references go in a cycle: {cycle}", "end it in one of them")
        key = (self.manifest.document.file, reference)
        if key not in self._resolved:
            self._resolved[key] = self._manifest_part(found, stands, (*trail, stands))
        return self._resolved[key]

    def _file(self, loader: Node, name: str) -> Schema:
        said = self.manifest.child(loader, "file_path").value
        path = self.manifest.filled(said, loader) if isinstance(said, str) else ""
        tried = [*_candidates(path), *_candidates(f"./schemas/{name}.json")]
        for level in range(_LEVELS):
            for candidate in tried:
                found = _inside(self.folder, candidate, level)
                if found is not None and found.is_file():
                    return self._read(found)
        raise Absent(f"its schema is in a file that is not there: {path or f'schemas/{name}.json'}")

    def _read(self, path: Path) -> Schema:
        try:
            document = self._document(path)
        except SdgenError as error:
            raise Absent(f"its schema's file {path.name} can't be read: {error.problems[0].what}") from None
        if not isinstance(document.value, Mapping):
            raise Absent(f"its schema's file {path.name} holds no schema")
        notes: list[str] = []
        value = self._file_part(document.value, path, (f"{path}#",), notes)
        return Schema(value if isinstance(value, Mapping) else {}, document, (), tuple(notes))

    def _document(self, path: Path) -> Document:
        if path not in self._files:
            self._files[path] = read_document(read_text(path), str(path))
        return self._files[path]

    def _file_part(self, value: Any, path: Path, trail: tuple[str, ...], notes: list[str]) -> Any:
        """A part of a schema in a file with all references in it resolved; one that can't be is told and left out."""
        if isinstance(value, list):
            return [self._file_part(each, path, trail, notes) for each in value]
        if not isinstance(value, Mapping):
            return value
        pointed = value.get("$ref")
        if not isinstance(pointed, str) or len(trail) > _MOST_DEPTH:
            return {
                key: each if _is_literal(key, each) else self._file_part(each, path, trail, notes)
                for key, each in value.items()
            }
        beside = {key: each for key, each in value.items() if key != "$ref"}
        inner = self._file_part(beside, path, trail, notes)
        base = self._in_files(pointed, path, trail, notes)
        return {**base, **inner} if isinstance(base, Mapping) else inner

    def _in_files(self, reference: str, path: Path, trail: tuple[str, ...], notes: list[str]) -> Any:
        name, _, pointer = reference.partition("#")
        other = path if not name else self._beside(path, name)
        if other is None:
            notes.append(f"the reference {reference!r} leads to no file of the manifest's folder: taken as any value")
            return None
        mark = f"{other}#{pointer}"
        if mark in trail:
            notes.append(f"the reference {reference!r} leads back to itself: taken as a JSON document")
            return {"type": "object"}
        key = (mark, "")
        if key not in self._resolved:
            try:
                found = _pointed(self._document(other).value, pointer)
            except SdgenError:
                found = None
            if found is None:
                notes.append(f"nothing stands at the reference {reference!r}: taken as any value")
            count = len(notes)
            resolved = self._file_part(found, other, (*trail, mark), notes)
            # What has notes is resolved again for each stream that uses it, so that each is told of them.
            if len(notes) > count:
                return resolved
            self._resolved[key] = resolved
        return self._resolved[key]

    def _beside(self, path: Path, name: str) -> Path | None:
        """Another file by its name: beside the file, or in the folder `shared` there."""
        for start in (path.parent, path.parent / "shared", path.parent.parent):
            found = (start / name).resolve()
            if found.is_relative_to(self._root) and found.is_file():
                return found
        return None

    @property
    def _root(self) -> Path:
        return self.folder.resolve()


_LITERAL = frozenset({"description", "title", "enum", "const", "default", "example", "examples", "pattern", "format"})


def _is_literal(key: Any, value: Any) -> bool:
    """Whether it is a word for people or a value, not a schema; a property may go by such a name too."""
    return key in _LITERAL and not isinstance(value, Mapping)


def _candidates(path: str) -> Iterator[str]:
    """A path as it is written, and without the package's folder that it may begin with."""
    if path:
        yield path
        rest = re.sub(r"^(\./)?source[_-][^/]*/", "", path)
        if rest != path:
            yield rest


def _inside(folder: Path, path: str, level: int) -> Path | None:
    """A path in a folder; None where it leads out of it. Of a package's path, the package may be the folder itself."""
    if level:
        package = re.match(r"(?:\./)?([\w-]+)/", path)
        if package is None or package[1] != folder.name:
            return None
        path = path[package.end() :]
    try:
        found = (folder / path).resolve()
        return found if found.is_relative_to(folder.resolve()) else None
    except (OSError, ValueError):
        return None


def _pointed(value: Any, pointer: str) -> Any:
    for part in pointer.strip("/").split("/") if pointer.strip("/") else []:
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def _together(found: list[Schema], reasons: list[str]) -> Schema:
    """The properties of several schemas as one."""
    properties: dict[str, Any] = {}
    required: list[Any] = []
    for schema in found:
        inner = schema.value.get("properties")
        properties |= inner if isinstance(inner, Mapping) else {}
        names = schema.value.get("required")
        required += names if isinstance(names, list) else []
    value = {**found[0].value, "properties": properties, "required": required}
    notes = tuple(note for schema in found for note in schema.notes) + tuple(
        f"only a part is known: {why}" for why in reasons
    )
    return Schema(value, found[0].document, found[0].place, notes)
