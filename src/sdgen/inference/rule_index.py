"""An index over rules: which of them a name may match, found by texts that their patterns must hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from sdgen.inference.names import snake
from sdgen.scenario.model import Rule

_GRAM = 3
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
_WITHOUT_WIDTH = (codes.ASSERT, codes.ASSERT_NOT, codes.AT)


class RuleIndex:
    """An index over rules, which go by their places in the order in which they are tried."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._grams: dict[str, dict[str, set[int]]] = {}
        self._always: set[int] = set()
        self._all = frozenset(range(len(rules)))
        for place, rule in enumerate(rules):
            held = _held(rule)
            # A single letter is in nearly every name: looking for it would leave out no rule.
            if held is None or min(map(len, held)) < 2:
                self._always.add(place)
            else:
                for text in held:
                    self._grams.setdefault(text[:_GRAM], {}).setdefault(text, set()).add(place)

    def places(self, names: Iterable[str]) -> Set[int]:
        """The places of all rules that one of the names may match."""
        # No name holds a line end, so that nothing is found that reaches from one name into the next.
        text = "\n".join(names).lower()
        if not text.isascii():  # letters such as the long s match an s, whichever way they are folded
            return self._all
        grams = {text[start : start + size] for size in (2, _GRAM) for start in range(len(text) - size + 1)}
        begun = (self._grams[gram] for gram in grams & self._grams.keys())
        return self._always.union(*(places for texts in begun for held, places in texts.items() if held in text))


def _held(rule: Rule) -> frozenset[str] | None:
    """Texts in lower case of which every name that the rule holds for has one; None where any name may do."""
    if rule.field:
        return frozenset({rule.field.lower(), snake(rule.field)})
    return literals(rule.pattern) if rule.pattern else None


@lru_cache(maxsize=4096)
def literals(pattern: str) -> frozenset[str] | None:
    """Texts in lower case of which every text that a pattern matches holds one; None where there are no such."""
    return _of_sequence(parser.parse(pattern))


def _of_sequence(nodes: Iterable[tuple[Any, Any]]) -> frozenset[str] | None:
    found: list[frozenset[str]] = []
    run = ""
    for code, value in nodes:
        # What has no width does not part the letters on its sides.
        if code in _WITHOUT_WIDTH:
            continue
        if code is codes.LITERAL:
            run += chr(value).lower()
            continue
        found, run = [*found, *_whole(run)], ""
        inner = _of_node(code, value)
        found += [] if inner is None else [inner]
    return max([*found, *_whole(run)], key=_telling, default=None)


def _whole(run: str) -> list[frozenset[str]]:
    return [frozenset({run})] if run else []


def _telling(texts: frozenset[str]) -> tuple[int, int]:
    """How much a set of texts tells: the longer its shortest one, and the fewer there are."""
    return min(_GRAM + 1, *map(len, texts)), -len(texts)


def _of_node(code: Any, value: Any) -> frozenset[str] | None:
    if code is codes.SUBPATTERN:
        return _of_sequence(value[-1])
    if code is codes.ATOMIC_GROUP:
        return _of_sequence(value)
    if code in _REPEATS:
        # What may come no times at all need not be in a name.
        return _of_sequence(value[2]) if value[0] else None
    if code is codes.BRANCH:
        options = [_of_sequence(option) for option in value[1]]
        # If one alternative tells nothing, a name may match by that one whatever it holds.
        known = [option for option in options if option]
        return frozenset().union(*known) if len(known) == len(options) else None
    return None
