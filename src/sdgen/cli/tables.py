"""Plain aligned tables for a terminal or a log."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from unicodedata import combining, east_asian_width

MOST_WIDTH = 36
LEAST_WIDTH = 8  # of a column that is cut to fit a terminal


def aligned(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell; `right` tells which stand to the right."""
    widths = [max(map(width, cells)) for cells in zip(*rows, strict=True)]
    return ["  ".join(_padded(*cell) for cell in zip(row, widths, right, strict=True)).rstrip() for row in rows]


def ruled(head: Sequence[Sequence[str]], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """An aligned table with a line between its head and its rows.

    On a terminal it is no wider than that: wide columns are cut, and those for which there is no room are named below.
    """
    widths = fitted([max(map(width, cells)) for cells in zip(*head, *rows, strict=True)], terminal_width())
    cells = [[cut(text, most) for text, most in zip(row, widths, strict=False)] for row in (*head, *rows)]
    lines = aligned(cells, right[: len(widths)])
    rule = "  ".join("-" * max(map(width, column)) for column in zip(*cells, strict=True))
    left_out = ", ".join(head[0][len(widths) :])
    below = [f"beside these: {left_out}"] if left_out else []
    return [*lines[: len(head)], rule, *lines[len(head) :], *below]


def terminal_width() -> int:
    """How wide a line of standard output may be; 0 where it goes to no terminal, so that it may be of any width."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def fitted(widths: Sequence[int], most: int) -> list[int]:
    """Widths of columns, two places between them, that take no more than `most` places; 0 stands for no limit.

    The first column, by which people name a row, stays whole. Of the others the widest is cut first, down to
    `LEAST_WIDTH`; then the last ones have no room.
    """
    chosen = list(widths)
    while most and len(chosen) > 1 and (over := sum(chosen) + 2 * len(chosen) - 2 - most) > 0:
        widest = max(range(1, len(chosen)), key=chosen.__getitem__)
        if chosen[widest] > LEAST_WIDTH:
            # Down to just below the next widest one, so that wide columns shrink together.
            next_widest = max((size for size in chosen[1:] if size < chosen[widest]), default=1)
            chosen[widest] = max(LEAST_WIDTH, chosen[widest] - over, next_widest - 1)
        else:
            chosen.pop()
    return chosen


def cut(text: str, most: int = MOST_WIDTH) -> str:
    """One line of text at most so wide; control characters are spelled out."""
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
    if width(text) <= most:
        return text
    # Letters may take two places or none, so that places can't be counted in letters.
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
