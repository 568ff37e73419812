"""YAML and JSON text → plain values that know their lines.

YAML 1.2's rules for plain words (only true/false are booleans, dates stay texts), keys that stand twice are refused,
and the number of values is bounded, so that aliases can't blow a small file up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from sdgen.errors import Path, Problem, SourceError

MOST_NODES = 1_000_000
MOST_DEPTH = 64

_INTEGER = re.compile(r"[-+]?[0-9]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True)
class Document:
    """One document: its value, and for each path the line and column (from 1) where it stands."""

    file: str
    value: Any
    positions: dict[Path, tuple[int, int]] = field(repr=False)

    def problem(self, path: Path, what: str, hint: str = "") -> Problem:
        line, column = self.positions.get(path, (0, 0))
        return Problem(path, what, hint, self.file, line, column)


def read_document(text: str, file: str) -> Document:
    """The one document of a YAML or JSON text; SourceError where it isn't one."""
    loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if "\x00" in text:
        raise SourceError(Problem((), "this is a binary file", "a scenario is a YAML or JSON text", file))
    _refuse_depth(text, file)
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        raise SourceError(_syntax_problem(error, file)) from None
    if node is None:
        raise SourceError(Problem((), "the file is empty", "", file))
    builder = _Builder(file)
    value = builder.build(node, ())
    if builder.problems:
        raise SourceError(builder.problems)
    return Document(file, value, builder.positions)


def _refuse_depth(text: str, file: str) -> None:
    """Refuse nesting that would exhaust the parser's stack, before it is parsed."""
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        depth = max(0, depth + line.count("{") + line.count("[") - line.count("}") - line.count("]"))
        indent = len(line) - len(line.lstrip(" -"))
        if depth > MOST_DEPTH or indent > 20 * MOST_DEPTH:
            raise SourceError(Problem((), f"nested more than {MOST_DEPTH} deep", "", file, number, 1))


def _syntax_problem(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or str(error).partition("\n")[0]
    context = getattr(error, "context", None)
    text = f"not valid YAML: {what}" + (f" ({context})" if context else "")
    hint = "use spaces, not tabs, to indent" if "'\\t'" in text else ""
    return Problem((), text, hint, file, mark.line + 1 if mark else 0, mark.column + 1 if mark else 0)


class _Builder:
    """Builds values from composed nodes, and notes where each stands."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.positions: dict[Path, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._nodes = 0

    def build(self, node: yaml.Node, path: Path) -> Any:
        mark = node.start_mark
        self.positions.setdefault(path, (mark.line + 1, mark.column + 1))
        self._nodes += 1
        if self._nodes > MOST_NODES or len(path) > MOST_DEPTH:
            what = "too many values" if self._nodes > MOST_NODES else f"nested more than {MOST_DEPTH} deep"
            hint = "aliases repeat all they stand for" if self._nodes > MOST_NODES else ""
            raise SourceError(Problem((), what, hint, self.file, mark.line + 1, mark.column + 1))
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return _scalar(node)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            mark = key_node.start_mark
            place = (mark.line + 1, mark.column + 1)
            if key_node.tag == "tag:yaml.org,2002:merge":
                yield from self._merged(value_node, path, seen)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem(path, "a key must be a plain word", "", self.file, *place))
                continue
            key = str(key_node.value)
            if key in seen:
                what = f"the key {key!r} stands here twice"
                self.problems.append(Problem(path, what, "keep one of them", self.file, *place))
            seen.add(key)
            self.positions[(*path, key)] = place
            yield key, self.build(value_node, (*path, key))

    def _merged(self, node: yaml.Node, path: Path, seen: set[str]) -> Iterator[tuple[str, Any]]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in reversed(sources):
            if isinstance(source, yaml.MappingNode):
                yield from self.build(source, path).items()


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    if node.style in ("'", '"', "|", ">") or node.tag == "tag:yaml.org,2002:binary":
        return text
    if node.tag == "!":
        return text
    if text in _NULLS:
        return None
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 400 else text
    if _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
