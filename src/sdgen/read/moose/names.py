"""Names in models: `customerId`, `customer_id` and `CustomerID` are the same words."""

from __future__ import annotations

import re
from functools import cache

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# What tables' names say of themselves rather than of what they hold.
_FIRST = frozenset({"dim", "fact", "fct", "stg", "raw", "olap", "tbl", "src", "dwh", "processed", "parsed", "the"})
_LAST = frozenset(
    {"dim", "dimension", "fact", "table", "model", "data", "record", "analytical", "analytics", "raw", "row", "entity"}
)
_VERSION = re.compile(r"v\d+|\d+")


@cache
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case."""
    return tuple(word.lower() for word in _PARTS.findall(name))


@cache
def stem(name: str) -> tuple[str, ...]:
    """What a table's name says that it holds, in the singular: `dim_customers` is a customer."""
    words = list(words_of(name))
    while len(words) > 1 and words[0] in _FIRST:
        del words[0]
    while len(words) > 1 and (words[-1] in _LAST or _VERSION.fullmatch(words[-1])):
        del words[-1]
        if words[-1] == "v" and len(words) > 1:
            del words[-1]
    return (*words[:-1], singular(words[-1])) if words else ()


def singular(word: str) -> str:
    """A word in the singular, by its ending."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word
