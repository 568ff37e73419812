"""The streams of a manifest: names, keys, cursors, parents and transformations, in one form for all spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Path, Problem, SourceError
from sdgen.readers.airbyte.references import Manifest, Node

FieldPath = tuple[str, ...]


@dataclass(frozen=True)
class Cursor:
    """The field that new and changed records are found by.

    form: how its values are written, in strptime codes and Airbyte's own; "" where nothing says. start: the first
    moment that is asked for, where it is written out.
    """

    field: FieldPath
    form: str = ""
    start: str = ""


@dataclass(frozen=True)
class Parent:
    """A stream whose records are asked for one by one; `field` is a variable's name, often the child's own field's."""

    stream: str
    key: FieldPath
    field: str
    place: Path


@dataclass(frozen=True)
class SliceValues:
    """Values that are asked for one by one, under a variable's name."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class AddedField:
    """A field that a transformation adds, and the template of its value."""

    path: FieldPath
    value: str
    place: Path


@dataclass(frozen=True)
class Stream:
    """One stream as the manifest declares it."""

    name: str
    node: Node
    place: Path
    description: str = ""
    primary_key: tuple[FieldPath, ...] = ()
    cursor: Cursor | None = None
    parents: tuple[Parent, ...] = ()
    listed: tuple[SliceValues, ...] = ()
    added: tuple[AddedField, ...] = ()
    removed: tuple[FieldPath, ...] = ()


@dataclass
class Streams:
    """The streams of one manifest, and what was left out on the way."""

    manifest: Manifest
    left_out: list[tuple[str, str, Path]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def all(self) -> list[Stream]:
        """All streams, in the manifest's order."""
        found = list(self._listed("streams"))
        for place in self._dynamic():
            what = "dynamic streams are made at run time, one for each thing the source finds: left out"
            self.left_out.append(("dynamic_streams", what, place))
        return found

    def _dynamic(self) -> Iterator[Path]:
        listed = self.manifest.child(self.manifest.root, "dynamic_streams")
        if listed.value:
            yield from (node.place for node in self.manifest.items(listed))

    def _listed(self, key: str) -> Iterator[Stream]:
        listed = self.manifest.child(self.manifest.root, key)
        members = listed.value if isinstance(listed.value, list) else []
        for index in range(len(members)):
            place = (*listed.place, index)
            try:
                yield from self._opened(self.manifest.node(members[index], place, {}), place)
            except SourceError as error:
                self.problems += error.problems

    def _opened(self, node: Node, place: Path) -> Iterator[Stream]:
        """The stream of a component; those inside it where it only says when which is meant."""
        if node.type == "ConditionalStreams" or (not node.type and "condition" in node.mapping):
            inner = self.manifest.child(node, "streams")
            for one in self.manifest.items(inner):
                yield from self._opened(one, one.place)
            return
        if isinstance(node.mapping.get("stream"), Mapping):  # a configured catalog
            inner = self.manifest.child(node, "stream")
            node = Node({**inner.mapping, **_without(node.mapping, "stream")}, inner.place, inner.places)
        name = self._name(node)
        if not name:
            self.left_out.append((f"streams.{place[-1]}", "a stream without a name: left out", place))
            return
        yield self._stream(node, name, place)

    def _name(self, node: Node) -> str:
        return self.manifest.text(node, "name") or str(node.parameters.get("name") or "")

    def _stream(self, node: Node, name: str, place: Path) -> Stream:
        whole, node = node, self._full(node)
        router = list(self._routers(node))
        return Stream(
            name=name,
            node=node,
            place=place,
            description=str(node.mapping.get("description") or ""),
            primary_key=self._primary_key(node) or self._primary_key(whole),
            cursor=self._cursor(node),
            parents=tuple(parent for one in router for parent in self._parents(one)),
            listed=tuple(found for one in router if (found := self._values(one)) is not None),
            added=tuple(self._added(node)),
            removed=tuple(self._removed(node)),
        )

    def _full(self, node: Node) -> Node:
        """Of a stream that has two ways of being read, the one that tells more: the incremental."""
        # A StateDelegatingStream reads one or the other; the incremental one has a cursor besides all that the other
        # has.
        for key in ("incremental_stream", "full_refresh_stream"):
            if key in node.mapping:
                return self.manifest.child(node, key)
        return node

    def _primary_key(self, node: Node) -> tuple[FieldPath, ...]:
        # Manifests say the first, catalogs the second.
        for key in ("primary_key", "source_defined_primary_key"):
            value = self.manifest.child(node, key).value
            if isinstance(value, str):
                value = [value]
            if isinstance(value, list) and value:
                paths = [self._path(each, node) for each in value]
                return tuple(dict.fromkeys(path for path in paths if path))
        return ()

    def _path(self, value: Any, node: Node) -> FieldPath:
        """A path of fields, written as a name, a list, or names joined by slashes or points."""
        parts = value if isinstance(value, list) else [value]
        return tuple(filled for part in parts if isinstance(part, str) and (filled := self.manifest.filled(part, node)))

    def _cursor(self, node: Node) -> Cursor | None:
        sync = self.manifest.child(node, "incremental_sync")
        field = self._path(self.manifest.child(sync, "cursor_field").value, sync)
        if not field:
            for key in ("default_cursor_field", "cursor_field"):
                field = field or self._path(self.manifest.child(node, key).value, node)
            return Cursor(field) if field else None
        return Cursor(field, self._form(sync), self._start(sync))

    def _form(self, sync: Node) -> str:
        """How the records write the cursor; what the requests say is like it, where nothing says more."""
        listed = self.manifest.child(sync, "cursor_datetime_formats").value
        forms = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
        # The first format is the one that records are parsed by before any other.
        return forms[0] if forms else self.manifest.text(sync, "datetime_format")

    def _start(self, sync: Node) -> str:
        start = self.manifest.child(sync, "start_datetime")
        # A MinMaxDatetime component, or the moment itself.
        if isinstance(start.value, Mapping):
            return self.manifest.text(start, "datetime")
        return self.manifest.filled(start.value, sync) if isinstance(start.value, str) else ""

    def _routers(self, node: Node) -> Iterator[Node]:
        """All partition routers of a stream, those inside others too."""
        retriever = self.manifest.child(node, "retriever")
        # Older manifests call partition routers stream slicers; the word is still taken.
        for key in ("partition_router", "stream_slicer"):
            if retriever.mapping.get(key):
                for one in self.manifest.items(self.manifest.child(retriever, key)):
                    yield from self._inside(one, 0)
        sync = self.manifest.child(node, "incremental_sync")
        # Cursors of a class of one's own take parents as well as partition routers do.
        if "parent_stream" in sync.mapping or "parent_stream_configs" in sync.mapping:
            yield sync

    def _inside(self, router: Node, depth: int) -> Iterator[Node]:
        yield router
        for key in ("underlying_partition_router", "stream_slicers", "partition_routers"):
            if depth < 8 and router.mapping.get(key):
                for one in self.manifest.items(self.manifest.child(router, key)):
                    yield from self._inside(one, depth + 1)

    def _parents(self, router: Node) -> Iterator[Parent]:
        configs = self.manifest.child(router, "parent_stream_configs")
        listed = [*self.manifest.items(configs)] if configs.value else []
        if "parent_stream" in router.mapping:  # a class of one's own, with one parent
            listed.append(router)
        for config in listed:
            stream = self.manifest.child(config, "parent_stream" if "parent_stream" in config.mapping else "stream")
            name = self._name(stream) if stream.mapping else ""
            key = self._key(self.manifest.child(config, "parent_key").value, config)
            variable = self.manifest.text(config, "partition_field") or self.manifest.text(config, "stream_slice_field")
            # A class of one's own may take a parent stream for other reasons than its key.
            if name and key:
                yield Parent(name, key, variable, config.place)

    def _key(self, value: Any, node: Node) -> FieldPath:
        path = self._path(value, node)
        return tuple(re.split(r"[./]", path[0])) if len(path) == 1 else path

    def _values(self, router: Node) -> SliceValues | None:
        values = self.manifest.child(router, "values").value
        variable = self.manifest.text(router, "cursor_field") or self.manifest.text(router, "slice_field")
        if not isinstance(values, list) or not variable:
            return None
        # Values of templates depend on the connector's settings, and are not known here.
        known = tuple(str(each) for each in values if isinstance(each, str | int) and "{{" not in str(each))
        return SliceValues(variable, known) if known else None

    def _added(self, node: Node) -> Iterator[AddedField]:
        for transformation in self._transformations(node):
            fields = self.manifest.child(transformation, "fields") if transformation.type == "AddFields" else None
            for one in self.manifest.items(fields) if fields is not None else ():
                path = self._path(self.manifest.child(one, "path").value, one)
                value = self.manifest.child(one, "value").value
                if path and isinstance(value, str | int | float):
                    yield AddedField(path, str(value), one.place)

    def _removed(self, node: Node) -> Iterator[FieldPath]:
        for transformation in self._transformations(node):
            pointers = self.manifest.child(transformation, "field_pointers").value
            if transformation.type == "RemoveFields" and isinstance(pointers, list):
                condition = transformation.mapping.get("condition")
                # A field that is removed on a condition is there in the other records.
                yield from (path for each in pointers if (path := self._path(each, transformation)) and not condition)

    def _transformations(self, node: Node) -> Iterator[Node]:
        listed = self.manifest.child(node, "transformations")
        yield from self.manifest.items(listed) if listed.value else ()


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}
