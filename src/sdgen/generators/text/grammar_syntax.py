"""The texts of a grammar's rules, read: literals, references, alternatives and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sdgen.errors import did_you_mean
from sdgen.generators.text.template_syntax import FILTERS, TemplateError

_RANGE = re.compile(r"(\d{1,15})\.\.(\d{1,15})")
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)?")
_DEEPEST = 20


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
    """A rule's text: `{name}`, `{name:filter}`, `{this|that}`, `{2..9}`, and `{{`, `}}` for braces.

    TemplateError says what is wrong with it.
    """
    return GrammarText(tuple(_pieces(text, 0)))


def _pieces(text: str, depth: int) -> list[GrammarPiece]:
    pieces: list[GrammarPiece] = []
    plain, position = "", 0
    while position < len(text):
        letter = text[position]
        if letter not in "{}":
            plain += letter
            position += 1
        elif text[position + 1 : position + 2] == letter:
            plain += letter
            position += 2
        elif letter == "}":
            raise TemplateError(f"a closing brace without an opening one at character {position + 1}", "write }}")
        else:
            end = _closing(text, position)
            pieces += [plain] if plain else []
            pieces.append(_braced(text[position + 1 : end], depth + 1))
            plain, position = "", end + 1
    return [*pieces, plain] if plain else pieces


def _closing(text: str, start: int) -> int:
    depth = 0
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if not depth:
            return position
    raise TemplateError(f"the brace at character {start + 1} is never closed", "write {{ for a brace")


def _braced(inner: str, depth: int) -> GrammarPiece:
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
    branches, depth = [""], 0
    for letter in inner:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "|" and not depth:
            branches.append("")
        else:
            branches[-1] += letter
    return branches
