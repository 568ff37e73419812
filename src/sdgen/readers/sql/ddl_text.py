"""A DDL text → its statements, each with its line, whatever stands between them.

Quotes, dollar quotes, comments, the bodies of routines, psql's meta-commands, COPY data, MySQL's DELIMITER and
conditional comments, SQL Server's GO and Oracle's `/` are understood; nothing is parsed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

_PARTS = {
    "line comment": r"--[^\n]*",
    "comment": r"/\*.*?(?:\*/|\Z)",
    # PostgreSQL's E'…' takes backslashes, which stand for themselves in all its other texts.
    "escaped": r"[eE]'(?:[^'\\]|\\.|'')*'",
    "quoted": r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`",
    "dollar": r"\$(?:[A-Za-z_]\w*)?\$",
    "end": r";",
    "open": r"\(",
    "close": r"\)",
    "routine": r"\b(?:BEGIN|CASE|END(?:\s+(?:IF|LOOP|CASE|REPEAT|WHILE))?)\b",
}
_BACKSLASHES = r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`(?:[^`]|``)*`"
_OWN_PARTS: dict[str, dict[str, str]] = {
    "postgres": {"command": r"^[ \t]*\\[^\n]*"},
    "duckdb": {"command": r"^[ \t]*\.\w[^\n]*"},
    "sqlite": {"command": r"^\.\w[^\n]*"},
    "mysql": {
        "quoted": _BACKSLASHES,
        "hash": r"(?:^|(?<=\s))\#[^\n]*",
        "delimiter": r"^[ \t]*DELIMITER[ \t]+\S+[ \t]*$",
    },
    "clickhouse": {"quoted": _BACKSLASHES},
    "tsql": {
        "brackets": r"\[[^\]\n]*\]",
        # GO is no SQL: it tells SQL Server's clients to send what stands before it.
        "batch": r"^[ \t]*GO(?:[ \t]+\d+)?[ \t]*;?[ \t]*$",
        "begins": r"^[ \t]*(?=(?:CREATE|ALTER\s+TABLE|INSERT|DROP|EXEC|EXECUTE|PRINT|USE|DECLARE|IF)\b)",
    },
    "oracle": {
        "batch": r"^[ \t]*/[ \t]*$",
        "command": r"^[ \t]*(?:PROMPT|REM|SET|SPOOL|WHENEVER|EXIT|CONNECT)\b[^\n]*$",
    },
}  # fmt: skip
_WITHOUT = {
    "clickhouse": {"escaped"},
    "mysql": {"dollar", "escaped"},
    "sqlite": {"dollar", "escaped"},
    "tsql": {"dollar", "escaped"},
}
_ROUTINE = re.compile(
    r"\s*(?:CREATE|ALTER)\s+(?:OR\s+(?:REPLACE|ALTER)\s+)?(?:(?:DEFINER\s*=\s*\S+|EDITIONABLE|NONEDITIONABLE|TEMP|"
    r"TEMPORARY|CONSTRAINT|AGGREGATE)\s+)*(?:FUNCTION|PROCEDURE|TRIGGER|PACKAGE|EVENT|TYPE\s+BODY)\b"
    r"|\s*(?:BEGIN|DECLARE)\s+(?!TRANSACTION|WORK)\w",
    re.IGNORECASE,
)
_COPY = re.compile(r"\s*COPY\b[^;]*\bFROM\s+STDIN\b", re.IGNORECASE)
# What takes a migration back stands below it in one file, behind a mark: goose, sql-migrate, dbmate.
_MARK = r"^--[ \t]*(?:\+(?:goose|migrate)[ \t]+|migrate:)"
_DOWN = re.compile(rf"{_MARK}down\b.*?(?={_MARK}up\b|\Z)", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_SKIPPED = frozenset({"line comment", "comment", "hash"})


@dataclass(frozen=True)
class Statement:
    """One statement without its end mark, and the line (from 1) it begins on."""

    text: str
    line: int


def statements(text: str, dialect: str) -> Iterator[Statement]:
    """The statements of a text, in order."""
    # Only line breaks are left of what is cut, so that notes keep the lines of the file.
    text = _DOWN.sub(lambda part: "\n" * part[0].count("\n"), text.replace("\r\n", "\n"))
    if dialect == "mysql":
        text = _conditional_comments(text)
    yield from _Splitter(text, dialect).split()


def _conditional_comments(text: str) -> str:
    """MySQL's `/*!40101 … */` with what they hold laid open."""
    return re.sub(r"/\*M?!\d*(.*?)\*/", r" \1 ", text, flags=re.DOTALL)


def _pattern(dialect: str) -> re.Pattern[str]:
    own = _OWN_PARTS.get(dialect, {})
    # A dialect's own marks are tried first, and replace the general ones of the same name.
    parts = {**own, **{name: part for name, part in _PARTS.items() if name not in own}}
    kept = [
        f"(?P<{name.replace(' ', '_')}>{part})"
        for name, part in parts.items()
        if name not in _WITHOUT.get(dialect, set())
    ]
    return re.compile("|".join(kept), re.IGNORECASE | re.MULTILINE | re.DOTALL)


class _Splitter:
    """One pass over a text from mark to mark."""

    def __init__(self, text: str, dialect: str) -> None:
        self.text = text
        self.dialect = dialect
        self.pattern = _pattern(dialect)
        self.lines = [match.end() for match in re.finditer("\n", text)]
        self.start = 0  # of the statement
        self.position = 0
        self.parentheses = 0
        self.depth = 0  # of BEGIN … END
        self.begun = False
        self.delimiter = ";"

    def split(self) -> Iterator[Statement]:
        # One pattern for all marks, so that a quote in a comment and a comment in a quote can't be mistaken for one
        # another.
        while match := self.pattern.search(self.text, self.position):
            if self.delimiter != ";" and (end := self.text.find(self.delimiter, self.position, match.start())) >= 0:
                yield from self.cut(end, end + len(self.delimiter))
                continue
            self.position = max(match.end(), self.position)
            yield from self.mark((match.lastgroup or "").replace("_", " "), match)
            if match.end() == match.start():
                self.position = match.end() + 1
        yield from self.rest()

    def rest(self) -> Iterator[Statement]:
        end = self.text.find(self.delimiter, self.position) if self.delimiter != ";" else -1
        if end >= 0:
            yield from self.cut(end, end + len(self.delimiter))
        yield from self.cut(len(self.text), len(self.text))

    def mark(self, kind: str, match: re.Match[str]) -> Iterator[Statement]:
        empty = not self.text[self.start : match.start()].strip()
        if kind in _SKIPPED or (kind == "command" and empty):
            # A comment before a statement is no part of it; one inside stays, since positions must not move.
            self.start = match.end() if empty else self.start
        elif kind == "dollar":
            end = self.text.find(match[0], match.end())
            self.position = len(self.text) if end < 0 else end + len(match[0])
        elif kind == "open":
            self.parentheses += 1
        elif kind == "close":
            self.parentheses -= 1
        elif kind == "routine":
            self.block(match[0].upper().split())
        elif kind == "delimiter":
            self.delimiter = match[0].split()[1]
            yield from self.cut(match.start(), match.end())
        elif (
            kind == "batch"
            or (kind == "begins" and not empty and self.parentheses <= 0 and not self.in_routine())
            or (kind == "end" and self.ends())
        ):
            yield from self.cut(match.start(), match.end())

    def block(self, words: list[str]) -> None:
        """Follow BEGIN … END and CASE … END; `END IF` and the like close what was never counted."""
        if words[0] in ("BEGIN", "CASE"):
            self.depth += 1
            self.begun = self.begun or words[0] == "BEGIN"
        elif len(words) == 1 or words[1] == "CASE":
            self.depth -= 1

    def in_routine(self) -> bool:
        return _ROUTINE.match(self.text, self.start) is not None

    def ends(self) -> bool:
        """Whether a semicolon ends the statement: always, but within a routine's body."""
        if self.delimiter != ";":
            return False
        if not self.in_routine():
            return True
        # Oracle's routines declare variables between IS and BEGIN, each with a semicolon.
        waits = self.dialect == "oracle" and not self.begun
        return self.depth <= 0 and not waits

    def cut(self, end: int, after: int) -> Iterator[Statement]:
        text = self.text[self.start : end]
        start = self.start + len(text) - len(text.lstrip())
        self.start, self.parentheses, self.depth, self.begun = after, 0, 0, False
        self.position = after
        if text.strip():
            yield Statement(text.strip(), bisect_right(self.lines, start) + 1)
        if self.dialect == "postgres" and _COPY.match(text):
            self.skip_copied()

    def skip_copied(self) -> None:
        """Pass over the rows that follow a COPY … FROM stdin."""
        end = re.compile(r"^\\\.[ \t]*$", re.MULTILINE).search(self.text, self.position)
        self.start = self.position = end.end() if end else len(self.text)


# ------------------------------------------------------------------ what a DO block holds

_OPAQUE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|(\$\w*\$).*?\1", re.DOTALL)
_CHANGES = re.compile(
    r"(?:(?<=;)|\b(?:BEGIN|THEN|ELSE|LOOP)\b)\s*(?P<statement>(?:CREATE|ALTER|DROP|COMMENT|EXECUTE)\b[^;]*)",
    re.IGNORECASE,
)
_CONSTANT = re.compile(r"EXECUTE\s+(?:'((?:[^']|'')*)'|(\$\w*\$)(.*?)\2)\s*", re.IGNORECASE | re.DOTALL)


def block_statements(block: Statement) -> Iterator[Statement]:
    """The statements of a PL/pgSQL block that change the schema, as if all of its conditions held.

    Migrations ask so whether a constraint is there already. EXECUTE of a constant text is that text's statement; others
    are given as they are.
    """
    # A block's body is a text to PostgreSQL, in quotes or between dollars.
    quoted = re.search(r"(\$\w*\$|').*(?=\1)", block.text, re.DOTALL)
    if quoted is None:
        return
    start = quoted.start() + len(quoted[1])
    body = block.text[start : quoted.end()]
    # Texts and comments are blanked, so that no semicolon or keyword in them counts.
    plain = _OPAQUE.sub(lambda part: re.sub(r"[^\n]", " ", part[0]), body)
    for match in _CHANGES.finditer(plain):
        text = body[match.start("statement") : match.end("statement")].strip()
        constant = _CONSTANT.fullmatch(text)
        if constant is not None:
            text = constant[3] if constant[3] is not None else constant[1].replace("''", "'")
        line = block.line + block.text.count("\n", 0, start + match.start("statement"))
        yield Statement(text.strip().rstrip(";"), line)
