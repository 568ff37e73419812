"""What a regular expression is about, told by texts that it takes and others that it doesn't."""

from __future__ import annotations

import re
from collections.abc import Callable

from sdgen.generators.patterns.syntax import PatternError, read_pattern
from sdgen.inference.moments import DAY, ISO

_MOMENTS = (
    ("2024-03-15T10:20:30Z", ISO),
    ("2024-03-15T10:20:30", "%Y-%m-%dT%H:%M:%S"),
    ("2024-03-15 10:20:30", "%Y-%m-%d %H:%M:%S"),
    ("2024-03-15", DAY),
)
_KINDS = {  # by the format that has the same texts
    "email": ("ana.berg@example.org", "o.neil12@example.com", "li@example.net"),
    "uri": ("https://example.net/garden/warm-river", "https://www.example.com/a/b-c", "https://blog.example.org/x"),
}
_NEITHER = ("abcdefgh", "12345678", "a", "")


def form_by_pattern(pattern: object) -> str:
    """The form of moments where a pattern takes one and no plain words or digits."""
    if not isinstance(pattern, str) or len(pattern) > 200 or not re.search(r"\\d|\[0-9\]|\(\?:0", pattern):
        return ""
    takes = matcher(pattern)
    if takes is None or any(takes(text) for text in _NEITHER):
        return ""
    return next((form for text, form in _MOMENTS if takes(text)), "")


def kind_by_pattern(pattern: str) -> str:
    """The format whose texts a pattern takes, where it takes no other ones; "" for none."""
    takes = matcher(pattern)
    if takes is None or any(takes(text) for text in _NEITHER):
        return ""
    found = [kind for kind, texts in _KINDS.items() if all(map(takes, texts))]
    return found[0] if len(found) == 1 else ""


def matcher(pattern: str) -> Callable[[str], bool] | None:
    """Whether a text is of a pattern; None for patterns that can't be told in a short time."""
    try:
        read_pattern(pattern.removesuffix("$"), 8)  # what it refuses could take for ever
        compiled = re.compile(pattern)
    except (PatternError, re.error, RecursionError, OverflowError):
        return None
    return lambda text: compiled.fullmatch(text) is not None
