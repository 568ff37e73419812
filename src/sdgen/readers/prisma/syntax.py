"""The text of a Prisma schema → its blocks: models, enums, the datasource, each with its fields and attributes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sdgen.errors import did_you_mean
from sdgen.readers.token_reader import TokenReader

KINDS = ("model", "enum", "datasource", "generator", "type", "view")
_TOKEN = re.compile(
    r'(?P<space>[ \t\r]+|//(?!/)[^\n]*|/\*.*?\*/)|(?P<doc>///[^\n]*)|(?P<line>\n)|(?P<text>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<word>[^\W\d][\w-]*)|(?P<number>-?\d+(?:\.\d+)?)|(?P<mark>@@|[@{}()\[\]:,.?=!])",
    re.DOTALL,
)


@dataclass(frozen=True)
class Call:
    """A function in a default: `now()`, `dbgenerated("…")`; or a bare word, as an enum's value is one."""

    name: str
    args: tuple[Any, ...] = ()
    bare: bool = False


@dataclass(frozen=True)
class Attribute:
    """`@id`, `@db.VarChar(40)`, `@@unique([a, b], map: "x")`: its name, and what stands in its brackets."""

    name: str
    args: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()

    def get(self, *names: str) -> Any:
        """The argument of one of these names, or else the first that has none."""
        return next((value for key, value in self.named if key in names), self.args[0] if self.args else None)

    def option(self, name: str) -> Any:
        return next((value for key, value in self.named if key == name), None)


@dataclass(frozen=True)
class Field:
    """A field of a model, or a value of an enum (without a type)."""

    name: str
    line: int
    type: str = ""
    optional: bool = False
    listed: bool = False
    attributes: tuple[Attribute, ...] = ()
    description: str = ""
    unsupported: str = ""

    def attribute(self, name: str) -> Attribute | None:
        return next((each for each in self.attributes if each.name == name), None)


@dataclass(frozen=True)
class Block:
    """One block: its kind, its fields, the attributes of the whole, and its settings (`provider = "mysql"`)."""

    kind: str
    name: str
    file: str
    line: int
    fields: tuple[Field, ...]
    attributes: tuple[Attribute, ...]
    settings: tuple[tuple[str, Any], ...] = ()
    description: str = ""

    def attribute(self, name: str) -> Attribute | None:
        return next((each for each in self.attributes if each.name == name), None)

    @property
    def table(self) -> str:
        """Its name in the database."""
        mapped = self.attribute("map")
        return str(mapped.get("name")) if mapped is not None else self.name


def column_name(field: Field) -> str:
    """A field's name in the database, or an enum's value there."""
    mapped = field.attribute("map")
    return str(mapped.get("name")) if mapped is not None else field.name


def blocks_of(text: str, file: str) -> list[Block]:
    """The blocks of a schema; SourceError says where the text is none."""
    return list(_Parser(text, file).blocks())


class _Parser(TokenReader):
    """A recursive-descent parser over the tokens of one file; ends of lines are tokens, since they end fields."""

    PATTERN = _TOKEN
    END = "the end of the line"

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text, file)
        self.doc: list[str] = []

    def skip_lines(self) -> None:
        """Over ends of lines; what comments say is kept for what follows them."""
        # `///` documents what follows it, `//` is for readers of the file alone.
        while self.ahead.kind in ("line", "doc"):
            token = self.next()
            if token.kind == "doc":
                self.doc.append(token.text[3:].strip())

    def described(self) -> str:
        text, self.doc = " ".join(self.doc), []
        return text

    def blocks(self) -> Iterator[Block]:
        self.skip_lines()
        while self.ahead.kind != "end":
            token = self.ahead
            kind = self.word()
            if kind not in KINDS:
                hint = did_you_mean(kind, KINDS, f"blocks are {', '.join(KINDS)}")
                raise self.fault(f"{kind!r} is no block of a Prisma schema", token.line, hint)
            description = self.described()
            name = self.word()
            self.expect("{")
            yield self.block(kind, name, token.line, description)
            self.skip_lines()

    def block(self, kind: str, name: str, line: int, description: str) -> Block:
        fields, attributes, settings = [], list[Attribute](), list[tuple[str, Any]]()
        self.skip_lines()
        while not self.sees("}"):
            if self.ahead.kind == "end":
                raise self.fault(f"the block of {name} is never closed", line, "add }")
            if self.sees("@@"):
                attributes.append(self.attribute())
            # These blocks assign settings, where all others declare fields.
            elif kind in ("datasource", "generator"):
                key = self.word()
                self.expect("=")
                settings.append((key, self.value()))
            else:
                fields.append(self.field(kind == "enum"))
            self.end_of_line()
            self.skip_lines()
        return Block(kind, name, self.file, line, tuple(fields), tuple(attributes), tuple(settings), description)

    def end_of_line(self) -> None:
        # A field ends with its line: two on one line are a mistake in Prisma too.
        if self.ahead.kind not in ("line", "end", "doc") and self.ahead.text != "}":
            raise self.fault(f"{self.ahead.text!r} is not expected here", self.ahead.line)

    def field(self, is_value: bool) -> Field:
        line, description = self.ahead.line, self.described()
        name = self.word()
        type, unsupported = "", ""
        if not is_value:
            # Unsupported("circle") is the one type with something in parentheses.
            type = self.word()
            if self.sees("("):
                unsupported = str(self.value())
                self.expect(")")
        listed = self.sees("[")
        if listed:
            self.expect("]")
        optional = self.sees("?")
        # Older schemas mark required fields with an exclamation mark.
        self.sees("!")
        attributes = []
        while self.sees("@"):
            attributes.append(self.attribute())
        return Field(name, line, type, optional, listed, tuple(attributes), description, unsupported)

    def attribute(self) -> Attribute:
        name = self.word()
        while self.sees("."):
            name += "." + self.word()
        args, named = self.arguments() if self.sees("(") else ((), ())
        return Attribute(name, args, named)

    def arguments(self) -> tuple[tuple[Any, ...], tuple[tuple[str, Any], ...]]:
        """What stands in brackets, up to the closing one."""
        args, named = list[Any](), list[tuple[str, Any]]()
        while not self._closes(")"):
            if self.ahead.kind == "word" and self.tokens[self.place + 1].text == ":":
                key = self.word()
                self.expect(":")
                named.append((key, self.value()))
            else:
                args.append(self.value())
            self.sees(",")
        return tuple(args), tuple(named)

    def _closes(self, mark: str) -> bool:
        self.skip_lines()
        if self.ahead.kind == "end":
            raise self.fault(f"{mark!r} is missing", self.ahead.line)
        return self.sees(mark)

    def value(self) -> Any:
        self.skip_lines()
        token = self.next()
        if token.kind == "text":
            return _text(token.text)
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        if token.text == "[":
            values = []
            while not self._closes("]"):
                values.append(self.value())
                self.sees(",")
            return values
        if token.kind != "word":
            raise self.fault(f"a value is expected, not {token.text.strip()!r}", token.line)
        if token.text in ("true", "false"):
            return token.text == "true"
        if self.sees("("):
            return Call(token.text, self.arguments()[0])
        # A bare word is an enum's value or a field's name; which one shows only where it is used.
        name = token.text
        while self.sees("."):
            name += "." + self.word()
        return Call(name, bare=True)


def _text(quoted: str) -> str:
    try:
        # Prisma's texts are escaped as JSON's are.
        return str(json.loads(quoted))
    except ValueError:
        return quoted[1:-1]
