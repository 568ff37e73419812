"""Plain aligned tables for a terminal or a log."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import combining, east_asian_width

MOST_WIDTH = 36


def aligned(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell; `right` tells which stand to the right."""
    widths = [max(map(width, cells)) for cells in zip(*rows, strict=True)]
    return ["  ".join(_padded(*cell) for cell in zip(row, widths, right, strict=True)).rstrip() for row in rows]


def ruled(head: Sequence[Sequence[str]], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """An aligned table with a line between its head and its rows."""
    lines = aligned([*head, *rows], right)
    widths = [max(map(width, cells)) for cells in zip(*head, *rows, strict=True)]
    return [*lines[: len(head)], "  ".join("-" * size for size in widths), *lines[len(head) :]]


def cut(text: str, most: int = MOST_WIDTH) -> str:
    """One line of text at most so wide; control characters are spelled out."""
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
    if width(text) <= most:
        return text
    while width(text) > most - 1:
        text = text[: min(most - 1, len(text) - 1)]
    return text + "…"


def width(text: str) -> int:
    """How many places text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(letter) else 1 + (east_asian_width(letter) in "WF") for letter in text)


def _padded(text: str, size: int, right: bool) -> str:
    space = " " * (size - width(text))
    return space + text if right else text + space
