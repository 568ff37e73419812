"""A statement's tokens with a cursor: the words of DDL, by sqlglot's tokenizer for the dialect at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.tokenizer_core import Token, TokenType


_KEPT = 63  # bytes of a name that PostgreSQL keeps


@dataclass(frozen=True)
class Word:
    """One token. `upper` is "" for texts and quoted names, so that no keyword equals them.

    start, end: its place in the text, the end not included.
    """

    text: str
    upper: str
    line: int
    start: int
    end: int
    quoted: bool = False
    literal: bool = False


class Unreadable(ValueError):
    """A statement that isn't understood."""


class Tokens:
    """Words of a statement and a place among them. Past the last word stands an empty one."""

    def __init__(self, text: str, words: Sequence[Word], folds: bool) -> None:
        self.text = text
        self.words = words
        self.place = 0
        self.folds = folds
        self._last = Word("", "", words[-1].line if words else 1, len(text), len(text))

    def ahead(self, by: int = 0) -> Word:
        place = self.place + by
        return self.words[place] if place < len(self.words) else self._last

    @property
    def done(self) -> bool:
        return self.place >= len(self.words)

    @property
    def line(self) -> int:
        return self.ahead().line

    def next(self) -> Word:
        word = self.ahead()
        self.place += 1
        return word

    def sees(self, *phrase: str) -> bool:
        """Whether these words come next; not passed over."""
        return all(self.ahead(by).upper == word for by, word in enumerate(phrase))

    def takes(self, *phrase: str) -> bool:
        """Whether these words come next; if so, they are passed over."""
        if self.sees(*phrase):
            self.place += len(phrase)
            return True
        return False

    def takes_any(self, *words: str) -> str:
        """The one of some words that comes next, passed over; "" where none does."""
        word = self.ahead().upper
        return self.next().upper if word and word in words else ""

    def expect(self, word: str) -> None:
        if not self.takes(word):
            found = self.ahead().text or "its end"
            raise Unreadable(f"expected {word} before {found!r}")

    def name(self) -> str:
        """An identifier; PostgreSQL folds unquoted ones to lower case, and keeps the first 63 bytes of any."""
        word = self.next()
        if not word.text or not (word.quoted or word.text[0].isalnum() or word.text[0] in "_@#$"):
            raise Unreadable(f"expected a name before {word.text or 'its end'!r}")
        if not self.folds:
            return word.text
        # Cut as PostgreSQL cuts it, or foreign keys by a long name would not find their table. A character is not cut
        # in two.
        kept = word.text.encode()[:_KEPT].decode(errors="ignore")
        return kept if word.quoted else kept.lower()

    def path(self) -> list[str]:
        """Names with dots between."""
        names = [self.name()]
        while self.takes("."):
            names.append(self.name())
        return names

    def inside(self) -> Tokens:
        """The words between parentheses, which are passed over."""
        self.expect("(")
        start, depth = self.place, 1
        while depth:
            if self.done:
                raise Unreadable("a parenthesis is not closed")
            depth += {"(": 1, ")": -1}.get(self.next().upper, 0)
        return self.part(start, self.place - 1)

    def part(self, start: int, end: int) -> Tokens:
        return Tokens(self.text, self.words[start:end], self.folds)

    def split(self) -> list[Tokens]:
        """The words between commas outside of parentheses."""
        parts, start, depth = [], self.place, 0
        for place in range(self.place, len(self.words)):
            upper = self.words[place].upper
            depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(upper, 0)
            if upper == "," and depth == 0:
                parts.append(self.part(start, place))
                start = place + 1
        parts.append(self.part(start, len(self.words)))
        return [part for part in parts if part.words]

    def sql(self, start: int = 0, end: int | None = None) -> str:
        """The text of the words from one place to another, as it was written."""
        chosen = self.words[start : len(self.words) if end is None else end]
        return self.text[chosen[0].start : chosen[-1].end] if chosen else ""

    def skip(self) -> None:
        """Pass over a word, or over a whole parenthesis."""
        if self.sees("("):
            self.inside()
        else:
            self.next()


def words(text: str, dialect: str, line: int = 1) -> Tokens:
    """The words of a statement that begins on `line`; Unreadable where it isn't even made of words."""
    from sqlglot.errors import SqlglotError
    from sqlglot.tokenizer_core import TokenType

    try:
        # Only the tokenizer of sqlglot is used here: its parsers refuse a whole statement for one unknown option.
        tokens = _dialect(dialect).tokenize(text)
    except SqlglotError as error:
        raise Unreadable(str(error).partition("\n")[0]) from None
    strings = {TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.RAW_STRING, TokenType.BYTE_STRING}
    found = [word for token in tokens for word in _split(token, text, line - 1, strings, TokenType.IDENTIFIER)]
    return Tokens(text, found, dialect == "postgres")


def _split(token: Token, text: str, before: int, strings: set[TokenType], identifier: TokenType) -> list[Word]:
    """A token as words: sqlglot joins some keywords, such as `PRIMARY KEY`, into one token."""
    # sqlglot counts the last letter into a token's place, Python's slices do not.
    line, start, end = token.line + before, token.start, token.end + 1
    if token.token_type in strings:
        return [Word(token.text, "", line, start, end, literal=True)]
    if token.token_type == identifier:
        return [Word(token.text, "", line, start, end, quoted=True)]
    parts = text[start:end].split()
    if len(parts) < 2:
        return [Word(token.text, token.text.upper(), line, start, end)]
    return [Word(part, part.upper(), line, start, end) for part in parts]


@cache
def _dialect(name: str) -> Dialect:
    from sqlglot.dialects.dialect import Dialect

    return Dialect.get_or_raise(name)
