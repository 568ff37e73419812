"""Names as rules compare them: in snake_case, abbreviations written out, without what the entity's name repeats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MARKS = re.compile(r"[^0-9a-z]+")
_DIGITS = re.compile(r"(?<=[a-z]{3})(?=\d{1,2}$)")  # address1 is address_1, but h1 and md5 stay
_ENTITY_MARKS = ("tbl", "table", "dim", "fact", "stg", "raw", "t", "tb", "vw", "mst", "app")
_PLURALS = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "indices": "index",
    "data": "data",
    "series": "series",
} | {f"{word}s": word for word in ("movie", "cookie", "tie", "pie", "calorie", "selfie", "rookie", "zombie")}
# Fewer columns may begin with the same word by chance.
_LEAST_PREFIXED = 3


@lru_cache(maxsize=65_536)
def snake(name: str) -> str:
    """CustomerName, customerName, CUSTOMER_NAME and customer-name as customer_name."""
    humped = _HUMP.sub("_", name) if not name.isupper() else name
    return _MARKS.sub("_", humped.lower()).strip("_")


def spelled_out(name: str, words: Mapping[str, str]) -> str:
    """The name in snake_case with abbreviations written out: `cust_lname` is customer_last_name, `addr1` address_1."""
    return "_".join(words.get(part, part) for word in snake(name).split("_") for part in _parts(word, words))


def _parts(word: str, words: Mapping[str, str]) -> list[str]:
    """A word and its number apart, where it isn't known with that: SAP's ort01."""
    return [word] if word in words else _DIGITS.sub("_", word).split("_")


def singular(word: str) -> str:
    """The singular of an English noun, near enough for names of tables."""
    if word in _PLURALS:
        return _PLURALS[word]
    for ending, instead in (
        ("ies", "y"),
        ("sses", "ss"),
        ("shes", "sh"),
        ("ches", "ch"),
        ("xes", "x"),
        ("ouses", "ouse"),
        ("auses", "ause"),
        ("uses", "us"),
    ):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def entity_name(name: str, words: Mapping[str, str]) -> str:
    """An entity's name without schema and marks such as `tbl_`, its last word in the singular."""
    parts = spelled_out(name.rpartition(".")[2], words).split("_")
    while len(parts) > 1 and parts[0] in _ENTITY_MARKS:
        parts = parts[1:]
    last = singular(parts[-1])
    return "_".join([*parts[:-1], words.get(last, last)])


def shared_prefix(names: Iterable[str]) -> str:
    """The first word that all columns of an entity share (`c_` in c_name, c_phone), or a letter that most do; or ""."""
    words = [name.partition("_") for name in names]
    firsts = [first for first, _, rest in words if rest]
    if len(firsts) < _LEAST_PREFIXED:
        return ""
    mark, count = Counter(firsts).most_common(1)[0]
    # A link in a table of b_name, b_share has its parent's letter.
    most = len(mark) == 1 and mark.isalpha() and count >= max(_LEAST_PREFIXED, 0.6 * len(words))
    return f"{mark}_" if most or count == len(words) else ""


def forms(name: str, entity: str, prefix: str) -> tuple[str, ...]:
    """The forms of a column's name that rules try: whole, and without a prefix or the entity's name before it."""
    found = [name]
    if prefix and name.startswith(prefix):
        found.append(name.removeprefix(prefix))
    for mark in (f"{entity}_", f"{entity.rpartition('_')[2]}_"):
        for form in tuple(found):
            rest = form.removeprefix(mark)
            if rest != form and rest and not rest.isdigit():
                found.append(rest)
    if name == entity or name == entity.rpartition("_")[2]:
        found.append("name")  # city.city, language.language
    return tuple(dict.fromkeys(found))


def free_name(name: str, taken: Collection[str]) -> str:
    """A name that nothing among others has yet."""
    while name in taken:
        name += "_"
    return name
