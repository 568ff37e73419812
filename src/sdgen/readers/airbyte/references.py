"""References and $parameters of an Airbyte manifest, followed as they are met.

A reference is any text that begins with `#/`, alone or under `$ref`; keys beside `$ref` go before those of what it
refers to. `$parameters` of a component are handed down to all components in it, and stand in for what they leave out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import unquote

from sdgen.errors import Path, SourceError
from sdgen.readers.yaml_text import Document

MANIFESTS = ("manifest.yaml", "manifest.yml")


def manifest_in(folder: FilePath) -> FilePath | None:
    """A connector's manifest: at the top of its folder, or, in the older layout, in its package `source_x`."""
    packages = sorted(each for each in folder.glob("source_*") if each.is_dir())
    return next((each / name for each in (folder, *packages) for name in MANIFESTS if (each / name).is_file()), None)


_PARAMETERS = ("$parameters", "$options")  # the second was its name before version 0.29
_OLD = re.compile(r"\*ref\(([\w.-]+)\)")
_TEMPLATE = re.compile(r"\{\{(.*?)\}\}")
_PARAMETER = re.compile(
    r"""\s*(?:parameters|options)\s*(?:\.\s*(\w+)|\[\s*['"](\w+)['"]\s*\]|\.get\(\s*['"](\w+)['"]\s*(?:,[^)]*)?\))\s*"""
)
_MOST_STEPS = 64


@dataclass(frozen=True)
class Node:
    """A component or value of a manifest, itself no reference any more.

    place: where it stands. places: where its keys stand, those that came by reference elsewhere. parameters: those that
    hold in it, its own among them.
    """

    value: Any
    place: Path = ()
    places: Mapping[str, Path] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mapping(self) -> Mapping[str, Any]:
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def type(self) -> str:
        found = self.mapping.get("type")
        return found if isinstance(found, str) else ""


@dataclass(frozen=True)
class Manifest:
    """A manifest's document, and the ways to follow what it says."""

    document: Document

    @cached_property
    def root(self) -> Node:
        return Node(self.document.value, ())

    def line(self, place: Path) -> tuple[int, int]:
        """Line and column of the nearest part of the document that holds a place."""
        positions = self.document.positions
        return next(
            (positions[place[:size]] for size in range(len(place), -1, -1) if place[:size] in positions), (0, 0)
        )

    def node(self, value: Any, place: Path, parameters: Mapping[str, Any]) -> Node:
        """What stands there, references followed; SourceError for one that goes in a cycle or nowhere."""
        value, places, origin = self._followed(value, place, ())
        if not isinstance(value, Mapping):
            return Node(value, origin, {}, parameters)
        own: dict[str, Any] = {}
        for key in _PARAMETERS:
            # Parameters may stand at a reference themselves.
            own |= self.node(value[key], (*place, key), {}).mapping if key in value else {}
        return Node(value, origin, places, {**parameters, **own})

    def child(self, node: Node, key: str) -> Node:
        """A field of a component; what $parameters say where it is missing or empty."""
        value = node.mapping.get(key)
        # A parameter that stands in for a field must not stand in for the same field inside it, and so on for ever.
        handed = {name: given for name, given in node.parameters.items() if name != key}
        # An empty value counts as missing, as it does for Airbyte.
        if not value and key in node.parameters:
            return self.node(node.parameters[key], (*node.place, "$parameters", key), handed)
        return self.node(value, node.places.get(key, (*node.place, key)), handed)

    def items(self, node: Node) -> Iterator[Node]:
        """The members of a list, or the one that stands in place of a list."""
        if isinstance(node.value, list):
            for index, each in enumerate(node.value):
                yield self.node(each, (*node.place, index), node.parameters)
        # Where a list is expected, a single component stands for a list of one.
        elif node.value is not None:
            yield node

    def text(self, node: Node, key: str) -> str:
        """A field that is a text, templates of parameters filled in; "" where it is none or another template."""
        found = self.child(node, key)
        return self.filled(found.value, node) if isinstance(found.value, str) else ""

    def filled(self, text: str, node: Node) -> str:
        """A text with the values of `{{ parameters.x }}`; "" where it holds another template."""
        known = True

        def value(match: re.Match[str]) -> str:
            nonlocal known
            inner = _PARAMETER.fullmatch(match[1])
            name = next(filter(None, inner.groups()), "") if inner else ""
            # Manifests write `{{ parameters.name }}` in a stream that has a name of its own and no such parameter.
            given = node.parameters.get(name, node.mapping.get(name) if name == "name" else None)
            known = known and isinstance(given, str | int) and "{{" not in str(given)
            return str(given)

        filled = _TEMPLATE.sub(value, text)
        return filled.strip() if known and "{%" not in filled else ""

    def looked_up(self, reference: str, place: Path) -> tuple[Any, Path]:
        """What stands at a reference, itself perhaps another one, and where; SourceError where nothing does."""
        return self._looked_up(reference, place, ())

    def _followed(self, value: Any, place: Path, trail: tuple[str, ...]) -> tuple[Any, dict[str, Path], Path]:
        """A value that is no reference, where its keys stand, and where it does."""
        reference = _reference(value)
        if reference:
            found, stands = self._looked_up(reference, place, trail)
            return self._followed(found, stands, (*trail, reference))
        if not isinstance(value, Mapping):
            return value, {}, place
        own = {key: (*place, key) for key in value}
        pointed = value.get("$ref")
        reference = _reference(pointed) or (pointed if isinstance(pointed, str) else "")
        if not reference:
            return value, own, place
        found, stands = self._looked_up(reference, place, trail)
        base, places, stands = self._followed(found, stands, (*trail, reference))
        beside = {key: each for key, each in value.items() if key != "$ref"}
        if not isinstance(base, Mapping):
            return (beside, own, place) if beside else (base, {}, stands)
        return {**base, **beside}, {**places, **{key: own[key] for key in beside}}, place

    def _looked_up(self, reference: str, place: Path, trail: tuple[str, ...]) -> tuple[Any, Path]:
        # The trail is a path through the document, so a component that is used twice is no cycle.
        if reference in trail or len(trail) > _MOST_STEPS:
            cycle = " → ".join([*trail[trail.index(reference) if reference in trail else 0 :], reference])
            raise self.refused(place, f"the references go in a cycle: {cycle}", "let one of them stand for itself")
        found = self._at(self.document.value, _path(reference), ())
        if found is None:
            raise self.refused(
                place, f"nothing stands at the reference {reference!r}", "references begin with #/definitions/"
            )
        return found

    def _at(self, value: Any, path: str, place: Path) -> tuple[Any, Path] | None:
        """What stands at a path in a value; a key may hold slashes itself, and is tried whole first."""
        if not path:
            return value, place
        if isinstance(value, list):
            head, _, rest = path.partition("/")
            known = head.isdigit() and int(head) < len(value)
            return self._at(value[int(head)], rest, (*place, int(head))) if known else None
        if _reference(value) or (
            isinstance(value, Mapping) and "$ref" in value and path.partition("/")[0] not in value
        ):
            # A path may lead through a reference: `#/definitions/a/b` where `a` stands for another component.
            value, _, place = self._followed(value, place, ("#/" + path,))
        if not isinstance(value, Mapping):
            return None
        for head in _heads(path):
            # As it is written first: most manifests don't escape anything.
            for key in dict.fromkeys((head, unquote(head.replace("~1", "/").replace("~0", "~")))):
                if key in value:
                    found = self._at(value[key], path[len(head) + 1 :], (*place, key))
                    if found is not None:
                        return found
        return None

    def refused(self, place: Path, what: str, hint: str = "") -> SourceError:
        line, column = self.line(place)
        problem = self.document.problem((), what, hint)
        return SourceError(type(problem)(place, what, hint, self.document.file, line, column))


def _heads(path: str) -> Iterator[str]:
    """The whole path, then its beginnings up to each slash, the longest first."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _reference(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return value if value.startswith("#/") or (value.startswith("*ref(") and _OLD.fullmatch(value)) else ""


def _path(reference: str) -> str:
    old = _OLD.fullmatch(reference)
    if old:
        return old[1].replace(".", "/")
    return reference.removeprefix("#").removeprefix("/")
