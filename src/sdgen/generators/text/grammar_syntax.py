"""The texts of a grammar's rules, read: literals, references, alternatives and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sdgen.errors import did_you_mean
from sdgen.generators.text.templates import FILTERS, TemplateError

_RANGE = re.compile(r"(\d{1,15})\.\.(\d{1,15})")
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)?")
_DEEPEST = 20
_ESCAPED = frozenset("{}|\\")


@dataclass(frozen=True)
class Reference:
    """A rule or a column by name, and the filter that its text goes through."""

    name: str
    filter: str = ""


@dataclass(frozen=True)
class NumberRange:
    """A whole number from low to high."""

    low: int
    high: int


@dataclass(frozen=True)
class Alternatives:
    """One of several texts, each as likely as the others."""

    texts: tuple[GrammarText, ...]


GrammarPiece = str | Reference | NumberRange | Alternatives


@dataclass(frozen=True)
class GrammarText:
    """What stands one after the other; literals are never neighbours."""

    # Neighbouring literals would be joined for every row.
    pieces: tuple[GrammarPiece, ...]

    @property
    def literal(self) -> str | None:
        """The text itself, where nothing in it varies."""
        if not self.pieces:
            return ""
        only = self.pieces[0]
        return only if len(self.pieces) == 1 and isinstance(only, str) else None

    def references(self) -> tuple[Reference, ...]:
        """Every rule and column named in it, in alternatives too."""
        found: list[Reference] = []
        for piece in self.pieces:
            if isinstance(piece, Reference):
                found.append(piece)
            elif isinstance(piece, Alternatives):
                found += [each for text in piece.texts for each in text.references()]
        return tuple(found)


@lru_cache(maxsize=65_536)
def read_grammar_text(text: str) -> GrammarText:
    """A rule's text: `{name}`, `{name:filter}`, `{this|that}`, `{2..9}`; a backslash before a brace or bar.

    TemplateError says what is wrong with it.
    """
    return GrammarText(tuple(_pieces(text, 0)))


def _pieces(text: str, depth: int) -> list[GrammarPiece]:
    pieces: list[GrammarPiece] = []
    plain, position = "", 0
    while position < len(text):
        letter = text[position]
        # A backslash stands for itself before other letters, as in paths.
        if letter == "\\" and text[position + 1 : position + 2] in _ESCAPED:
            plain += text[position + 1]
            position += 2
        elif letter not in "{}":
            plain += letter
            position += 1
        elif letter == "}":
            raise TemplateError(f"a closing brace without an opening one at character {position + 1}", "write \\}")
        else:
            end = _closing(text, position)
            pieces += [plain] if plain else []
            pieces.append(_braced(text[position + 1 : end], depth + 1))
            plain, position = "", end + 1
    return [*pieces, plain] if plain else pieces


def _closing(text: str, start: int) -> int:
    for position, depth in _depths(text, start):
        if not depth:
            return position
    raise TemplateError(f"the brace at character {start + 1} is never closed", "write \\{ for a brace")


def _braced(inner: str, depth: int) -> GrammarPiece:
    # Deeper braces could take more than Python's stack.
    if depth > _DEEPEST:
        raise TemplateError(f"braces stand {depth} deep in each other", "make rules of the inner ones")
    branches = _split(inner)
    if len(branches) > 1:
        return Alternatives(tuple(GrammarText(tuple(_pieces(branch, depth))) for branch in branches))
    numbers = _RANGE.fullmatch(inner.strip())
    if numbers:
        low, high = int(numbers[1]), int(numbers[2])
        if low > high:
            raise TemplateError(f"{{{inner}}} ends before it begins", f"write {{{high}..{low}}}")
        return NumberRange(low, high)
    name, _, filter = (part.strip() for part in inner.partition(":"))
    if not _NAME.fullmatch(name):
        raise TemplateError(f"{{{inner}}} names neither a rule nor a column", "write {rule}, {column} or {this|that}")
    if filter and (filter not in FILTERS or FILTERS[filter].check("")):
        raise TemplateError(f"unknown filter {filter!r}", did_you_mean(filter, ["capital", "lower", "upper", "title"]))
    return Reference(name, filter)


def _split(inner: str) -> list[str]:
    """The branches between the bars that stand in no further braces."""
    bars = [position for position, depth in _depths(inner) if inner[position] == "|" and not depth]
    return [inner[start + 1 : end] for start, end in zip((-1, *bars), (*bars, len(inner)), strict=True)]


def _depths(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """The place of each character from `start` on, and in how many braces the next one stands; not of escaped ones."""
    depth, position = 0, start
    while position < len(text):
        if text[position] == "\\" and text[position + 1 : position + 2] in _ESCAPED:
            position += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        yield position, depth
        position += 1
