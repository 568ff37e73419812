"""Whether some text can be made in two ways by one pattern.

Two walks through the pattern's position automaton (Glushkov, "The abstract theory of automata", 1961) run side by
side: the pattern is ambiguous if they can part, read the same characters, and both reach the end (Book, Even,
Greibach & Ott, "Ambiguity in graphs and expressions", 1971). Texts made without any character are counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sdgen.generators.patterns.syntax import Choice, Node, Repeat, Sequence, Symbols

# Larger patterns count as ambiguous: they can be drawn, but not promised to be unique.
_MOST_POSITIONS = 600
_MOST_PAIRS = 100_000


def ambiguous(node: Node) -> bool:
    """True where two ways may make the same text; too large patterns count as ambiguous."""
    # Places alone, each with one character out of several, make each text in one way.
    if not varies(node):
        return False
    automaton = _Automaton()
    try:
        whole = automaton.build(node)
    except _Ambiguous:
        return True
    return _two_walks_meet(automaton, whole)


def varies(node: Node) -> bool:
    """Whether texts may differ by more than the characters at their places."""
    match node:
        case Symbols():
            return False
        case Sequence(parts):
            return any(map(varies, parts))
        case Choice():
            return True
        case Repeat(part, low, high):
            return low != high or varies(part)


class _Ambiguous(Exception):
    pass


@dataclass(frozen=True)
class _Ends:
    """Where a part's texts begin and end, and in how many ways it can be empty."""

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    empties: int = 1


@dataclass
class _Automaton:
    characters: list[frozenset[str]] = field(default_factory=list)
    follow: list[set[int]] = field(default_factory=list)

    def build(self, node: Node) -> _Ends:
        match node:
            case Symbols(characters):
                part = self.position(frozenset(characters))
            case Sequence(parts):
                part = _Ends()
                for inner in reversed(parts):
                    part = self.joined(self.build(inner), part)
            case Choice(options):
                part = _either(self.build(option) for option in options)
            case Repeat(inner, low, high):
                part = self.repeated(inner, low, high)
        # Two ways to be empty are two ways to make the same text.
        if part.empties > 1:
            raise _Ambiguous
        return part

    def position(self, characters: frozenset[str]) -> _Ends:
        number = len(self.characters)
        if number >= _MOST_POSITIONS:
            raise _Ambiguous
        self.characters.append(characters)
        self.follow.append(set())
        return _Ends((number,), (number,), 0)

    def repeated(self, inner: Node, low: int, high: int) -> _Ends:
        """inner inner (inner (inner)?)?: nested, so that each number of repeats is one way."""
        part = _Ends()
        for times in range(high, 0, -1):
            part = self.joined(self.build(inner), part)
            if times > low:
                part = _Ends(part.first, part.last, part.empties + 1)
                if part.empties > 1:
                    raise _Ambiguous
        return part

    def joined(self, left: _Ends, right: _Ends) -> _Ends:
        for number in left.last:
            self.follow[number].update(right.first)
        first = left.first + right.first if left.empties else left.first
        last = left.last + right.last if right.empties else right.last
        return _Ends(first, last, left.empties * right.empties)


def _either(parts: Iterable[_Ends]) -> _Ends:
    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    empties = 0
    for part in parts:
        first, last, empties = first + part.first, last + part.last, empties + part.empties
    return _Ends(first, last, empties)


def _two_walks_meet(automaton: _Automaton, whole: _Ends) -> bool:
    """Whether two different walks read one text from start to end."""
    ends = frozenset(whole.last)
    # Walks part where one place leads to two that read the same character.
    todo = list(_partings(automaton, whole.first))
    for follow in automaton.follow:
        todo.extend(_partings(automaton, tuple(follow)))
    # Pairs that were seen lead nowhere new, so that the search ends.
    seen = set(todo)
    while todo:
        left, right = todo.pop()
        # Two walks that have parted and meet again, or both end, have read one text in two ways.
        if left == right or (left in ends and right in ends) or len(seen) > _MOST_PAIRS:
            return True
        for one in automaton.follow[left]:
            for other in automaton.follow[right]:
                pair = (min(one, other), max(one, other))
                if pair not in seen and automaton.characters[one] & automaton.characters[other]:
                    seen.add(pair)
                    todo.append(pair)
    return False


def _partings(automaton: _Automaton, steps: tuple[int, ...]) -> Iterable[tuple[int, int]]:
    for place, one in enumerate(steps):
        for other in steps[place + 1 :]:
            if automaton.characters[one] & automaton.characters[other]:
                yield min(one, other), max(one, other)
