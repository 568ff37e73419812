"""YAML and JSON text → plain values that know their lines.

YAML 1.2's rules for plain words (only true/false are booleans, dates stay texts), keys that stand twice are refused,
and the number of values is bounded, so that aliases can't blow a small file up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml

from sdgen.errors import Path, Problem, ProblemType, SourceError
from sdgen.readers.json_text import JsonPositions, read_json

MOST_NODES = 1_000_000
_HINTS = {
    "'\\t'": "use spaces, not tabs, to indent",
    "cannot start any token": "use spaces, not tabs, to indent; put a text that begins with @, % or ` in quotes",
    "expected key (while parsing a block mapping": "keys that belong together begin in the same column",
    "mapping values are not allowed": "put a text that holds a colon and a space in quotes",
}
MOST_DEPTH = 64

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = re.compile(r"[-+]?[0-9]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# A letter beyond the first 65,536 as JSON escapes it; YAML knows no such pairs.
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_NULLS = {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True)
class Document:
    """One document: its value, and for each path the line and column (from 1) where it stands."""

    file: str
    value: Any
    positions: Mapping[Path, tuple[int, int]] = field(repr=False)
    repeated: tuple[Problem, ...] = ()  # keys that stand twice, where that was allowed

    def problem(self, path: Path, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> Problem:
        line, column = self.positions.get(path, (0, 0))
        return Problem(path, what, hint, self.file, line, column, type)


def read_document(text: str, file: str, may_repeat: bool = False) -> Document:
    """The one document of a YAML or JSON text; SourceError where it isn't one.

    may_repeat: of a key that stands twice the last one counts, as most programs take it, instead of being refused.
    """
    if "\x00" in text:
        hint = "a scenario is a YAML or JSON text"
        raise SourceError(Problem((), "this is a binary file", hint, file, type=ProblemType.SYNTAX))
    _refuse_depth(text, file)
    if text.lstrip()[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):  # what is no JSON may be YAML, which tells more of its mistakes
            return Document(file, read_json(text), JsonPositions(text))
    text = _PAIR.sub(_as_one_letter, text)
    # The fast way first: few files have aliases or merged keys, and those are built once more from nodes.
    builder: _Builder = _Streamed(file)
    try:
        try:
            value = builder.document(text)
        except _Unusual:
            builder = _Composed(file)
            value = builder.document(text)
    except yaml.YAMLError as error:
        raise SourceError(_syntax_problem(error, file)) from None
    if builder.problems or (builder.repeated and not may_repeat):
        raise SourceError([*builder.problems, *builder.repeated])
    return Document(file, value, builder.positions, tuple(builder.repeated))


def _as_one_letter(pair: re.Match[str]) -> str:
    """A letter that is escaped as a pair of surrogates, as YAML escapes it."""
    high, low = int(pair[2], 16), int(pair[3], 16)
    return f"{pair[1]}\\U{0x10000 + ((high - 0xD800) << 10) + low - 0xDC00:08x}"


def _refuse_depth(text: str, file: str) -> None:
    """Refuse nesting that would exhaust the parser's stack, before it is parsed."""
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        depth = max(0, depth + line.count("{") + line.count("[") - line.count("}") - line.count("]"))
        indent = len(line) - len(line.lstrip(" -"))
        if depth > MOST_DEPTH or indent > 20 * MOST_DEPTH:
            what = f"nested more than {MOST_DEPTH} deep"
            raise SourceError(Problem((), what, "", file, number, 1, ProblemType.SYNTAX))


def _syntax_problem(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or str(error).partition("\n")[0]
    context = getattr(error, "context", None)
    text = f"not valid YAML: {what}" + (f" ({context})" if context else "")
    hint = next((hint for part, hint in _HINTS.items() if part in text), "")
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem((), text, hint, file, line, column, ProblemType.SYNTAX)


class _Unusual(Exception):
    """Aliases, merged keys, several documents: what can't be built while the text is being read."""


class _Builder:
    """Builds values, and notes where each stands."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.positions: dict[Path, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self.repeated: list[Problem] = []
        self._nodes = 0

    def document(self, text: str) -> Any:
        raise NotImplementedError

    def _empty(self) -> SourceError:
        return SourceError(Problem((), "the file is empty", "", self.file, type=ProblemType.SYNTAX))

    def _enter(self, path: Path, mark: Any) -> None:
        """Note where a value stands; SourceError where there are too many, or it lies too deep."""
        # A key has noted its own place for the value already, which is where people look.
        self.positions.setdefault(path, (mark.line + 1, mark.column + 1))
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise self._too_many(mark)
        if len(path) > MOST_DEPTH:
            what, place = f"nested more than {MOST_DEPTH} deep", (mark.line + 1, mark.column + 1)
            raise SourceError(Problem((), what, "", self.file, *place, ProblemType.SYNTAX))

    def _too_many(self, mark: Any) -> SourceError:
        hint, place = "aliases repeat all they stand for", (mark.line + 1, mark.column + 1)
        return SourceError(Problem((), "too many values", hint, self.file, *place, ProblemType.SYNTAX))

    def _key(self, key: str, path: Path, seen: set[str], mark: Any) -> Path:
        """The path of a key's value, where the key stands being noted."""
        place = (mark.line + 1, mark.column + 1)
        if key in seen:
            what = f"the key {key!r} stands here twice"
            self.repeated.append(Problem(path, what, "keep one of them", self.file, *place, ProblemType.DUPLICATE))
        seen.add(key)
        inner = (*path, key)
        self.positions[inner] = place
        return inner


class _Streamed(_Builder):
    """Builds values from a text's events as they come: several times as fast as from composed nodes."""

    def document(self, text: str) -> Any:
        events = yaml.parse(text, Loader=_LOADER)
        next(events)
        if isinstance(next(events), yaml.StreamEndEvent):
            raise self._empty()
        value = self._build(next(events), (), events)
        next(events)
        if not isinstance(next(events), yaml.StreamEndEvent):
            raise _Unusual
        return value

    def _build(self, event: Any, path: Path, events: Iterator[Any]) -> Any:
        kind = type(event)
        if kind is yaml.AliasEvent:
            raise _Unusual
        self._enter(path, event.start_mark)
        if kind is yaml.ScalarEvent:
            return _scalar(event)
        if kind is yaml.MappingStartEvent:
            return self._mapping(path, events)
        found: list[Any] = []
        while type(event := next(events)) is not yaml.SequenceEndEvent:
            found.append(self._build(event, (*path, len(found)), events))
        return found

    def _mapping(self, path: Path, events: Iterator[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        seen: set[str] = set()
        while type(event := next(events)) is not yaml.MappingEndEvent:
            if type(event) is not yaml.ScalarEvent or event.value == "<<":
                raise _Unusual
            key = event.value
            inner = self._key(key, path, seen, event.start_mark)
            found[key] = self._build(next(events), inner, events)
        return found


class _Composed(_Builder):
    """Builds values from composed nodes, which know what aliases stand for."""

    def document(self, text: str) -> Any:
        node = yaml.compose(text, Loader=_LOADER)
        if node is None:
            raise self._empty()
        # Counted before anything is built: ten aliases in each of nine levels are a billion values.
        if _expanded(node, {}) > MOST_NODES:
            raise self._too_many(node.start_mark)
        return self.build(node, ())

    def build(self, node: yaml.Node, path: Path) -> Any:
        self._enter(path, node.start_mark)
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
            if key_node.tag == "tag:yaml.org,2002:merge":
                # Keys that stand before the merged mapping are the mapping's own all the same, and win.
                yield from (pair for pair in self._merged(value_node, path) if pair[0] not in seen)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                place = (mark.line + 1, mark.column + 1)
                what = "a key must be a plain word"
                self.problems.append(Problem(path, what, "", self.file, *place, ProblemType.SYNTAX))
                continue
            key = str(key_node.value)
            yield key, self.build(value_node, self._key(key, path, seen, mark))

    def _merged(self, node: yaml.Node, path: Path) -> Iterator[tuple[str, Any]]:
        # Of several merged mappings the first one counts, so that it comes last here.
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in reversed(sources):
            if isinstance(source, yaml.MappingNode):
                yield from self.build(source, path).items()


def _expanded(node: yaml.Node, known: dict[int, float]) -> float:
    """How many nodes there are once aliases are written out; counted before that is done, each node once."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = float("inf")  # what a node that holds itself comes to
        inner = (part for item in node.value for part in (item if isinstance(item, tuple) else (item,)))
        known[id(node)] = 1 + sum(_expanded(part, known) for part in inner)
    return known[id(node)]


def _scalar(node: yaml.ScalarNode | yaml.ScalarEvent) -> Any:
    text: str = node.value
    # What is quoted is text, whatever it looks like.
    if node.style in ("'", '"', "|", ">") or node.tag == "tag:yaml.org,2002:binary":
        return text
    if node.tag == "!":
        return text
    if text in _NULLS:
        return None
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        # Python refuses to convert numbers of thousands of digits, as it takes quadratic time.
        return int(text) if len(text) < 400 else text
    if _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
