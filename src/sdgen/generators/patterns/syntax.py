"""Regular expressions of a finite subset, read into a tree.

Taken: characters and escapes, `.`, classes (`[a-z_]`, `[^0-9]`, `\\d \\w \\s`), groups, alternatives, and the
quantifiers `? * + {n} {n,m}`. Open ends are bounded by `most`. `.` and negated classes mean printable ASCII,
`\\s` a space.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

LONGEST = 1024  # characters in a text: patterns for longer ones are refused
_DEEPEST = 40

# Printable ASCII is what every target and every encoding can hold.
_PRINTABLE = "".join(map(chr, range(32, 127)))
_DIGITS = "0123456789"
_WORDS = _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_CLASSES = {"d": _DIGITS, "w": _WORDS, "s": " "}
_CLASSES |= {letter.upper(): "".join(c for c in _PRINTABLE if c not in held) for letter, held in _CLASSES.items()}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_CODES = {"x": 2, "u": 4, "U": 8}
# These match places and no characters: there is nothing that could be written for them.
_ESCAPES_REFUSED = {"b": "a word boundary", "B": "a word boundary", "A": "an anchor", "Z": "an anchor"}
_GROUPS_REFUSED = {
    "=": "a lookahead",
    "!": "a lookahead",
    "<": "a lookbehind",
    "(": "a condition",
    ">": "an atomic group",
    "P=": "a backreference",
    "#": "a comment",
}
_COUNTS = re.compile(r"\{(\d*)(,?)(\d*)\}")
_NAMED = re.compile(r"\?P<\w+>|\?:")


class PatternError(ValueError):
    """What in a pattern can't be used, and at which character (from 1)."""

    def __init__(self, what: str, position: int) -> None:
        super().__init__(f"{what} at character {position + 1}")


@dataclass(frozen=True)
class Symbols:
    """One character out of several."""

    characters: tuple[str, ...]


@dataclass(frozen=True)
class Sequence:
    """One after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of several."""

    options: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """A part, from `low` to `high` times."""

    part: Node
    low: int
    high: int


Node = Symbols | Sequence | Choice | Repeat


def read_pattern(text: str, most: int) -> Node:
    """The tree of a regular expression; PatternError says what can't be used, and where."""
    # A text with this character can't be stored by some databases.
    if "\0" in text:
        raise PatternError("a code that is no character", text.index("\0"))
    reader = _Reader(text, most)
    # The pattern matches a whole text, so that anchors at its ends say nothing new.
    start = 1 if text.startswith("^") else 0
    reader.position = start
    node = reader.choice(0)
    if reader.position < len(text):
        raise PatternError("a parenthesis that was never opened", reader.position)
    if longest(node) > LONGEST:
        raise PatternError(f"texts of up to {longest(node)} characters (the most is {LONGEST})", 0)
    return node


def longest(node: Node) -> int:
    """The length of the longest text, in characters."""
    match node:
        case Symbols():
            return 1
        case Sequence(parts):
            return sum(map(longest, parts))
        case Choice(options):
            return max(map(longest, options))
        case Repeat(part, _, high):
            return longest(part) * high


# A quantifier of a pattern's text, and what is no quantifier however it looks: escapes and classes.
_QUANTIFIER = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<open>[+*])|\{(?P<low>\d+),(?P<high>\d*)\}")


def shorter_pattern(text: str, longest_text: int, most: int = 8) -> str:
    """The pattern with fewer repeats, so that no text has more characters; "" where that can't be."""
    found = [each for each in _QUANTIFIER.finditer(text) if each["open"] or each["low"]]
    lows = [int(each["low"] or 0) + (each["open"] == "+") for each in found]
    highs = [int(each["high"] or max(low, most)) for each, low in zip(found, lows, strict=True)]
    shorter = text
    while longest(read_pattern(shorter, most)) > longest_text:
        widest = max(range(len(found)), key=lambda place: highs[place] - lows[place], default=None)
        if widest is None or highs[widest] <= lows[widest]:
            return ""
        highs[widest] -= 1
        shorter, end = "", 0
        for each, low, high in zip(found, lows, highs, strict=True):
            shorter += f"{text[end : each.start()]}{{{low},{high}}}"
            end = each.end()
        shorter += text[end:]
    return shorter


def count(node: Node) -> int:
    """How many ways there are to make a text: as many as texts, unless the pattern is ambiguous."""
    match node:
        case Symbols(characters):
            return len(characters)
        case Sequence(parts):
            return prod(map(count, parts))
        case Choice(options):
            return sum(map(count, options))
        case Repeat(part, low, high):
            ways = count(part)
            return sum(ways**times for times in range(low, high + 1))


class _Reader:
    """A recursive-descent reader over one pattern."""

    def __init__(self, text: str, most: int) -> None:
        self.text = text
        self.most = most
        self.position = 0

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def take(self) -> str:
        letter = self.peek()
        if not letter:
            raise PatternError("an end too early", self.position)
        self.position += 1
        return letter

    def choice(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise PatternError("groups nested too deeply", self.position)
        options = [self.sequence(depth)]
        while self.peek() == "|":
            self.take()
            options.append(self.sequence(depth))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.peek() and self.peek() not in "|)":
            if self.peek() == "$" and self.position == len(self.text) - 1:
                self.take()
                break
            parts.append(self.quantified(self.atom(depth)))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def atom(self, depth: int) -> Node:
        start = self.position
        letter = self.take()
        match letter:
            case "(":
                return self.group(start, depth)
            case "[":
                return Symbols(self.members(start))
            case ".":
                return Symbols(tuple(_PRINTABLE))
            case "\\":
                return Symbols(tuple(self.escape(start)))
            case "^" | "$":
                raise PatternError("an anchor in the middle", start)
            case "*" | "+" | "?":
                raise PatternError(f"nothing to repeat before {letter!r}", start)
        if letter == "{" and self.counts(start) is not None:
            raise PatternError("nothing to repeat before '{'", start)
        return Symbols((letter,))

    def group(self, start: int, depth: int) -> Node:
        named = _NAMED.match(self.text, self.position)
        if named:
            self.position = named.end()
        elif self.peek() == "?":
            rest = self.text[self.position + 1 :]
            marks = [mark for mark in _GROUPS_REFUSED if rest.startswith(mark)]
            raise PatternError(_GROUPS_REFUSED[marks[0]] if marks else "a group with flags", start)
        node = self.choice(depth + 1)
        if self.peek() != ")":
            raise PatternError("a parenthesis that is never closed", start)
        self.take()
        return node

    def escape(self, start: int) -> str:
        """The characters an escape stands for; the backslash is read already."""
        letter = self.take()
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter in _CODES:
            digits = self.text[self.position : self.position + _CODES[letter]]
            self.position += len(digits)
            if not re.fullmatch(rf"[0-9a-fA-F]{{{_CODES[letter]}}}", digits):
                raise PatternError(f"\\{letter} without its {_CODES[letter]} hex digits", start)
            return _character(int(digits, 16), start)
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter.isdigit():
            raise PatternError("a backreference", start)
        if letter.isalpha():
            raise PatternError(_ESCAPES_REFUSED.get(letter, f"the escape \\{letter}"), start)
        return letter

    def members(self, start: int) -> tuple[str, ...]:
        """The characters of a class; the opening bracket is read already."""
        negated = self.peek() == "^"
        if negated:
            self.take()
        found: set[str] = set()
        while self.peek() != "]" or not found:
            found.update(self.member(start))
        self.take()
        if negated:
            found = set(_PRINTABLE) - found
        if not found:
            raise PatternError("a class without characters", start)
        # Sorted, so that the same class has the same texts in the same order, however it is written.
        return tuple(sorted(found))

    def member(self, start: int) -> str:
        first = self.bound(start)
        if self.text[self.position : self.position + 1] != "-" or self.text[self.position + 1 :][:1] in ("]", ""):
            return first
        place = self.position
        self.take()
        last = self.bound(start)
        if len(first) > 1 or len(last) > 1 or first > last:
            raise PatternError("a range from the larger to the smaller", place)
        return "".join(map(chr, range(ord(first), ord(last) + 1)))

    def bound(self, start: int) -> str:
        if not self.peek():
            raise PatternError("a class that is never closed", start)
        letter = self.take()
        return self.escape(self.position - 1) if letter == "\\" else letter

    def quantified(self, node: Node) -> Node:
        start = self.position
        letter = self.peek()
        simple = {"?": (0, 1), "*": (0, self.most), "+": (1, max(1, self.most))}.get(letter)
        if simple:
            self.take()
        counts = simple or (self.counts(start) if letter == "{" else None)
        if counts is None:
            return node
        if self.peek() == "?":
            # A lazy quantifier differs in what is searched, not in what matches.
            self.take()  # a lazy quantifier takes the same texts
        elif self.peek() in ("*", "+") or (self.peek() == "{" and self.counts(self.position) is not None):
            raise PatternError("a quantifier behind a quantifier", self.position)
        low, high = counts
        if low > high:
            raise PatternError(f"{low} as the least and {high} as the most repeats", start)
        if high > LONGEST:
            raise PatternError(f"more than {LONGEST} repeats", start)
        return node if low == high == 1 else Repeat(node, low, high)

    def counts(self, start: int) -> tuple[int, int] | None:
        """The bounds of `{n}`, `{n,}`, `{,m}` or `{n,m}` here, read; None where the brace is a mere character."""
        found = _COUNTS.match(self.text, start)
        if found is None or found[0] == "{}":
            return None
        self.position = found.end()
        low = int(found[1] or 0)
        if not found[2]:
            return low, low
        return low, int(found[3]) if found[3] else max(low, self.most)


def _character(code: int, start: int) -> str:
    if code == 0 or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
        raise PatternError("a code that is no character", start)
    return chr(code)
