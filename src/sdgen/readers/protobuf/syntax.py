"""The text of a .proto file → its messages, enums and imports. proto2, proto3 and editions are read alike.

The grammar is that of https://protobuf.dev/reference/protobuf/proto3-spec/ and its proto2 sibling. `protoc` refuses a
file as a whole where one import is missing, so the text is read here: what is unknown is left to whoever uses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sdgen.readers.token_reader import Token, TokenReader

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<note>//[^\n]*|/\*.*?\*/)|(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<word>\.?[^\W\d]\w*(?:\.[^\W\d]\w*)*)|(?P<number>[-+]?(?:\d|\.\d)[\w.]*(?:(?<=[eE])[-+]\d+)?)"
    r"|(?P<mark>[{}()\[\]<>:,;=/+.-])",
    re.DOTALL,
)
_LABELS = ("optional", "required", "repeated")


@dataclass(frozen=True)
class ProtoField:
    """A field: `label` is one of optional, required, repeated, or "". key: of a map, the type of its keys."""

    name: str
    type: str
    line: int
    label: str = ""
    key: str = ""
    oneof: str = ""
    description: str = ""


@dataclass(frozen=True)
class ProtoEnum:
    name: str
    values: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Message:
    """A message; `name` is its whole one, with its package and the messages around it. top: it is in no other."""

    name: str
    fields: tuple[ProtoField, ...]
    line: int
    file: str
    top: bool
    description: str = ""


@dataclass(frozen=True)
class ProtoFile:
    """One file. imports: names with lines. calls: messages that services take or answer. skipped: what is not read."""

    name: str
    messages: tuple[Message, ...]
    enums: tuple[ProtoEnum, ...]
    imports: tuple[tuple[str, int], ...]
    calls: frozenset[str]
    skipped: tuple[tuple[str, int], ...]
    package: str = ""


def proto_file(text: str, file: str) -> ProtoFile:
    """What a file declares; SourceError says where it is no .proto text."""
    return _Parser(text, file).statements()


class _Parser(TokenReader):
    """A recursive-descent parser over the tokens of one file."""

    PATTERN = _TOKEN

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text, file)
        # Comments are no tokens, but kept by the line they end on: a description may stand above a field or behind it.
        self.notes = {
            token.line + token.text.count("\n"): _plain(token.text) for token in self.tokens if token.kind == "note"
        }
        self.tokens = [token for token in self.tokens if token.kind != "note"]
        self.package = ""
        self.messages: list[Message] = []
        self.enums: list[ProtoEnum] = []
        self.imports: list[tuple[str, int]] = []
        self.calls: set[str] = set()
        self.skipped: list[tuple[str, int]] = []
        self.code = {token.line for token in self.tokens if token.kind != "end"}

    def described(self, line: int) -> str:
        """The comment on the line, or on those above it, nothing between."""
        own = self.notes.get(self.tokens[max(self.place - 1, 0)].line, "")
        above: list[str] = []
        # A comment behind code belongs to that line, not to the next one.
        while (at := line - 1 - len(above)) in self.notes and at not in self.code:
            above.insert(0, self.notes[at])
        return " ".join(filter(None, above)) or own

    def skip(self) -> None:
        """Over the rest of a statement: up to its semicolon, or over its block."""
        depth = 0
        while self.ahead.kind != "end":
            text = self.next().text
            depth += (text in "{[(") - (text in "}])") if text in tuple("{[()]}") else 0
            # A statement ends at its semicolon or with its block, whichever comes first outside of any bracket.
            if depth < 0 or (depth == 0 and text in (";", "}")):
                return

    def statements(self) -> ProtoFile:
        while self.ahead.kind != "end":
            token = self.next()
            match token.text:
                case "package":
                    self.package = self.word().strip(".")
                    self.skip()
                case "import":
                    self.sees("public") or self.sees("weak") or self.sees("option")
                    self.imports.append((self.next().text.strip("\"'"), token.line))
                    self.skip()
                case "message":
                    self.message(self.package, token.line, top=True)
                case "enum":
                    self.enum(self.package, token.line)
                case "service":
                    self.service()
                case "extend":
                    self.skipped.append((f"extensions of {self.ahead.text}", token.line))
                    self.skip()
                case "syntax" | "edition" | "option" | ";":
                    if token.text != ";":
                        self.skip()
                case text:
                    raise self.fault(f"{text!r} is no statement of a .proto file", token.line)
        kept = tuple(self.messages), tuple(self.enums), tuple(self.imports)
        return ProtoFile(self.file, *kept, frozenset(self.calls), tuple(self.skipped), self.package)

    def service(self) -> None:
        self.word()
        self.expect("{")
        while not self.sees("}"):
            if self.ahead.kind == "end":
                raise self.fault("the block of the service is never closed", self.ahead.line)
            if self.sees("rpc"):
                self.word()
                # `rpc Name (Request) returns (Response)`: two messages in parentheses, each perhaps a stream.
                for _ in range(2):
                    self.expect("(")
                    self.sees("stream")
                    self.calls.add(self.word())
                    self.expect(")")
                    self.sees("returns")
            self.skip()

    def enum(self, scope: str, line: int) -> None:
        name = _joined(scope, self.word())
        self.expect("{")
        values = []
        while not self.sees("}"):
            token = self.next()
            if token.kind != "word":
                raise self.fault(f"a value of {name} is expected, not {token.text or 'the end'!r}", token.line)
            # Only values have a number; `option` and `reserved` are statements of an enum as well.
            if self.ahead.text == "=":
                values.append(token.text)
            self.skip()
        self.enums.append(ProtoEnum(name, tuple(values), line))

    def message(self, scope: str, line: int, top: bool = False, own: str = "") -> None:
        description = self.described(line)
        name = _joined(scope, own or self.word())
        self.expect("{")
        fields = list(self.fields(name, ""))
        self.messages.append(Message(name, tuple(fields), line, self.file, top, description))

    def fields(self, scope: str, oneof: str) -> Iterator[ProtoField]:
        """The fields of a message or a oneof, whose block is open; what else stands in it is kept."""
        while not self.sees("}"):
            token = self.ahead
            if token.kind == "end":
                raise self.fault(f"the block of {scope} is never closed", token.line)
            following = self.tokens[self.place + 1]
            # Keywords may be names: `message message = 1;` is a field, so a block is told by its brace.
            if token.text in ("message", "enum", "oneof") and following.kind == "word" and self._opens(2):
                self.next()
                yield from self._block(token, scope)
            elif token.text in ("reserved", "extensions", "option", "extend", ";") and following.text != "=":
                self.next()
                if token.text == "extend":
                    self.skipped.append((f"extensions of {following.text}", token.line))
                if token.text != ";":
                    self.skip()
            else:
                yield self.field(scope, oneof)

    def _opens(self, ahead: int) -> bool:
        return self.tokens[min(self.place + ahead, len(self.tokens) - 1)].text == "{"

    def _block(self, token: Token, scope: str) -> Iterator[ProtoField]:
        if token.text == "message":
            self.message(scope, token.line)
        elif token.text == "enum":
            self.enum(scope, token.line)
        else:
            name = self.word()
            self.expect("{")
            yield from self.fields(scope, name)

    def field(self, scope: str, oneof: str) -> ProtoField:
        line = self.ahead.line
        label = self.next().text if self.ahead.text in _LABELS and self.tokens[self.place + 1].text != "=" else ""
        type, key = self.word(), ""
        if type == "map" and self.sees("<"):
            key = self.word()
            self.expect(",")
            type = self.word()
            self.expect(">")
        name = self.word()
        self.expect("=")
        self.next()
        if self.sees("["):
            # The bracket itself is counted below, so that options with lists in them end in the right place.
            self.place -= 1
            self._bracketed()
        # proto2's groups are a message and a field of it in one.
        if type == "group" and self.ahead.text == "{":
            self.message(scope, line, own=name)
            # The field of a group has the message's name in lower case, by the language's own rule.
            return ProtoField(name.lower(), name, line, label, "", oneof, self.described(line))
        self.expect(";")
        return ProtoField(name, type, line, label, key, oneof, self.described(line))

    def _bracketed(self) -> None:
        depth = 0
        while self.ahead.kind != "end":
            text = self.next().text
            depth += (text == "[") - (text == "]")
            if depth == 0:
                return


def _joined(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name


def _plain(comment: str) -> str:
    """A comment without its marks and line breaks."""
    return " ".join(re.sub(r"^\s*(?://+|/\*+|\*+/|\*)|\*+/$", "", comment, flags=re.M).split())
