"""The columns that stand beside one, as rules look for them: by a pattern that one form of a name matches."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

_HEAD = re.compile(r"[a-z0-9_]*", re.IGNORECASE)
_MAYBE_NONE = frozenset("?*{")


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Columns with the forms of their names, in an order in which those that match a pattern are found."""

    forms: Mapping[str, tuple[str, ...]]

    @cached_property
    def _matches(self) -> dict[str, tuple[str, ...]]:
        return {}

    @cached_property
    def _sorted(self) -> list[tuple[str, int, int, str]]:
        """Each form, its place among its column's forms, and the column with its place."""
        listed = enumerate(self.forms.items())
        return sorted((form, place, number, name) for number, (name, all) in listed for place, form in enumerate(all))

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The columns one form of whose name a pattern matches: whole names first, then in their order."""
        found = self._matches.get(pattern)
        if found is None:
            hits = [each[1:] for each in self._begun(literal_head(pattern)) if compiled(pattern).fullmatch(each[0])]
            found = self._matches[pattern] = tuple(dict.fromkeys(name for _, _, name in sorted(hits)))
        return found

    def _begun(self, head: str) -> Iterator[tuple[str, int, int, str]]:
        for place in range(bisect_left(self._sorted, (head,)), len(self._sorted)):
            if not self._sorted[place][0].startswith(head):
                return
            yield self._sorted[place]


NONE = Neighbours({})


@dataclass(frozen=True)
class Beside:
    """The columns beside one: all of an entity's but those left out."""

    neighbours: Neighbours = NONE
    without: Collection[str] = frozenset()

    def first(self, pattern: str) -> str | None:
        """The first column that a pattern matches."""
        return next((name for name in self.neighbours.matching(pattern) if name not in self.without), None)


ALONE = Beside()


@lru_cache(maxsize=16_384)  # the rules have some thousands
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@lru_cache(maxsize=16_384)
def literal_head(pattern: str) -> str:
    """What every text that a pattern matches begins with, in lower case; "" where that isn't plain to see."""
    # Alternatives outside of brackets may each begin otherwise.
    if "|" in _outside(pattern):
        return ""
    head = _HEAD.match(pattern)
    text = head[0] if head is not None else ""
    following = pattern[len(text) : len(text) + 1]
    # Before such a mark the last letter need not be there.
    return (text[:-1] if following in _MAYBE_NONE and following else text).lower()


def _outside(pattern: str) -> str:
    """A pattern without what stands in brackets."""
    while True:
        fewer = re.sub(r"\\.|\[[^\]]*\]|\([^()]*\)", "", pattern)
        if fewer == pattern:
            return fewer
        pattern = fewer
