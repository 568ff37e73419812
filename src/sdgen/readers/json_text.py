"""JSON text → plain values that know their lines, fast enough for documents of many megabytes.

Lines are looked up when they are asked for: the standard library's parser skips what stands before a value.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from sdgen.errors import Path

_BLANK = re.compile(r"[ \t\r\n]*")
_LONE = re.compile(r"\\u[dD][89a-fA-F]")
_DECODER = json.JSONDecoder()


def read_json(text: str) -> Any:
    """The value of a JSON text; ValueError where it is none, or where a key stands twice in a mapping."""
    value = json.loads(text, object_pairs_hook=_mapping, parse_constant=_refuse)
    if _LONE.search(text):
        json.dumps(value, ensure_ascii=False).encode()  # halves of letters alone are no text
    return value


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    # Refused here, so that the YAML reader is asked, which tells key and line.
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


class JsonPositions(Mapping[Path, tuple[int, int]]):
    """Line and column, from 1, of all parts of a valid JSON text: of a mapping's by their keys."""

    def __init__(self, text: str) -> None:
        self._text = text
        start = self._after_blank(0)
        self._starts: dict[Path, int] = {(): start}  # where values begin
        self._shown: dict[Path, int] = {(): start}  # where their keys do
        self._opened: set[Path] = set()

    def __getitem__(self, path: Path) -> tuple[int, int]:
        # Only the mappings and lists on the way to a part are looked through.
        for size in range(len(path)):
            self._open(path[:size])
        offset = self._shown[path]
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def __iter__(self) -> Iterator[Path]:
        waiting: list[Path] = [()]
        while waiting:
            path = waiting.pop()
            yield path
            waiting += reversed(self._open(path))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self._text))]

    def _after_blank(self, offset: int) -> int:
        match = _BLANK.match(self._text, offset)
        return match.end() if match else offset

    def _open(self, path: Path) -> list[Path]:
        """Find the parts of a mapping or a list; () of anything else."""
        start = self._starts.get(path)
        if start is None:
            raise KeyError(path)
        mark = self._text[start]
        if path in self._opened or mark not in "{[":
            return [each for each in self._starts if each[:-1] == path and each] if mark in "{[" else []
        self._opened.add(path)
        return list(self._parts(path, start, mark == "{"))

    def _parts(self, path: Path, start: int, named: bool) -> Iterator[Path]:
        offset, index = self._after_blank(start + 1), 0
        while self._text[offset] not in "}]":
            shown, part = offset, (*path, index)
            if named:
                # The parser of the standard library finds the end of a value faster than any loop over letters here
                # could.
                key, offset = _DECODER.raw_decode(self._text, offset)
                part = (*path, key)
                offset = self._after_blank(self._after_blank(offset) + 1)
            self._starts[part], self._shown[part] = offset, shown
            offset = self._after_blank(_DECODER.raw_decode(self._text, offset)[1])
            if self._text[offset] == ",":
                offset = self._after_blank(offset + 1)
            index += 1
            yield part
