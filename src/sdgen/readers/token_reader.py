"""Tokens of a text, read one after the other: what parsers by recursive descent of small languages are built on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from sdgen.errors import Problem, ProblemType, SourceError


@dataclass(frozen=True)
class Token:
    """A token: its kind is the name of the pattern's group that it matched, `line` the one that it starts on."""

    kind: str
    text: str
    line: int


class TokenReader:
    """The tokens of one file. A subclass gives the pattern: groups `word` and `text` are names and quoted texts.

    SourceError with file and line where the text doesn't go on as the grammar wants it.
    """

    PATTERN: ClassVar[re.Pattern[str]]
    END: ClassVar[str] = "the end"  # what messages call the place where nothing more stands

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.place = 0
        self.tokens = list(self._tokens(text))

    def _tokens(self, text: str) -> Iterator[Token]:
        position, line = 0, 1
        while position < len(text):
            match = self.PATTERN.match(text, position)
            if match is None:
                raise self.fault(f"{text[position]!r} is not expected here", line)
            if match.lastgroup != "space":
                yield Token(str(match.lastgroup), match[0], line)
            # Comments and texts may span lines, which notes have to count.
            line += match[0].count("\n")
            position = match.end()
        yield Token("end", "", line)

    def fault(self, what: str, line: int, hint: str = "") -> SourceError:
        return SourceError(Problem((), what, hint, self.file, line, 1, ProblemType.SYNTAX))

    @property
    def ahead(self) -> Token:
        return self.tokens[self.place]

    def next(self) -> Token:
        token = self.tokens[self.place]
        # The last token stays ahead, however often it is read: no grammar has to look for the end of the list.
        self.place += token.kind != "end"
        return token

    def sees(self, text: str) -> bool:
        """Whether this comes next, and if so, step over it. A quoted text is never a mark or a word."""
        if self.ahead.text == text and self.ahead.kind != "text":
            self.place += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.sees(text):
            raise self.fault(f"{text!r} is expected before {self.shown(self.ahead)!r}", self.ahead.line)

    def word(self) -> str:
        token = self.next()
        if token.kind != "word":
            raise self.fault(f"a name is expected, not {self.shown(token)!r}", token.line)
        return token.text

    def shown(self, token: Token) -> str:
        return token.text.strip() or self.END
