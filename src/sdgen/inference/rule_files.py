"""The built-in rules as their files tell them: `data/rules.yaml` and the files that it names.

In these files a rule may be short: `values: A | B | C` stands for a choice of texts, the first being the commonest,
and `normal: [72, 12, 40, 160]` for the generator and its params in their order. `like` and `unlike` are columns that a
rule is for, and isn't for: for tests and readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sdgen.generators.pools import own_yaml
from sdgen.scenario.model import GeneratorSpec, Rule

_SECTIONS = ("rules", "trades", "general")
_EXAMPLES = frozenset({"like", "unlike"})
_TELLING = 4  # letters of a form that says something
_LEAST_JOINED = 6  # letters of a word that may be two
_TEXTS = ("string", "text")
_WHOLE = ("tinyint", "smallint", "int", "bigint", "utinyint", "usmallint", "uint", "ubigint")
_NUMBERS = (*_WHOLE, "float", "double", "decimal")
# What a short rule writes, the generator that it stands for, its params in their order, and the usual types.
_SHORT: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "values": ("choice", ("values", "weights"), _TEXTS),
    "matches": ("pattern", ("regex",), _TEXTS),
    "uniform": ("uniform_int", ("min", "max"), _NUMBERS),
    "between": ("uniform_float", ("min", "max", "precision"), ("float", "double", "decimal")),
    "normal": ("normal", ("mean", "std", "min", "max"), _NUMBERS),
    "lognormal": ("lognormal", ("median", "sigma", "min", "max"), _NUMBERS),
    "zipf": ("zipf", ("min", "max", "exponent"), _WHOLE),
}


@cache
def built_in_rules() -> tuple[Rule, ...]:
    """The rules that stand behind a scenario's own, in the order in which they are tried."""
    return tuple(_rule(record) for record in rule_records())


@cache
def section_sizes() -> tuple[int, int]:
    """How many of the rules are specific ones, and how many with those of trades."""
    specific = sum(1 for _ in rule_records("rules"))
    return specific, specific + sum(1 for _ in rule_records("trades"))


def rule_records(*sections: str) -> Iterator[Mapping[str, Any]]:
    """The rules as they are written, those that are short written out; of all sections where none is named."""
    for section in sections or _SECTIONS:
        yield from _records("rules", section)


def _records(file: str, section: str) -> Iterator[Mapping[str, Any]]:
    for record in own_yaml(file)[section]:
        if "file" in record:
            yield from _records(f"rules/{record['file']}", "rules")
        else:
            yield _written_out(record)


def _written_out(record: dict[str, Any]) -> dict[str, Any]:
    short = next((key for key in _SHORT if key in record), None)
    if short is None:
        return record
    generator, names, types = _SHORT[short]
    values = record[short]
    if short == "values":
        listed = [each.strip() for each in values.split("|")] if isinstance(values, str) else values
        values = (listed, list(range(len(listed), 0, -1)))
    values = values if isinstance(values, list | tuple) else (values,)
    params = dict(zip(names, values, strict=True))
    rest = {key: value for key, value in record.items() if key != short}
    return {"type": list(types), **rest, "generator": generator, "params": params}


def _rule(record: Mapping[str, Any]) -> Rule:
    """A rule that isn't validated: that would compile its patterns, of which a run needs few. Tests validate all."""
    fields = {key: record[key] for key in record.keys() - _EXAMPLES - {"params", "with"}}
    beside = record.get("with", {})
    named = beside if isinstance(beside, Mapping) else {"with": beside}
    fields["beside"] = {name: _several(patterns) for name, patterns in named.items()}
    fields["type"] = _several(record.get("type", ()))
    fields["generator"] = GeneratorSpec.model_construct(type=record["generator"], params=record.get("params", {}))
    return Rule.model_construct(**fields)


def _several(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@cache
def abbreviations() -> Mapping[str, str]:
    """Words that names shorten, and what they stand for."""
    found: dict[str, str] = own_yaml("rules")["abbreviations"]
    return found


@cache
def conventions() -> Mapping[str, Any]:
    """The vocabulary of data/conventions.yaml."""
    found: Mapping[str, Any] = own_yaml("conventions")
    return found


@lru_cache(maxsize=32_768)
def words_apart(name: str) -> str:
    """A name with words apart that run together; as it is where none do, or where a rule knows it whole."""
    return "_".join(word if word in _whole_words() else _apart(word) for word in name.split("_"))


def _apart(word: str) -> str:
    known, starts = _joined_words(), _word_list("starts")
    if word in known or word in _word_list("whole"):
        return word
    splits = [(word[:at], word[at:]) for at in range(1, len(word))]
    for head, rest in splits if len(word) >= _LEAST_JOINED else ():
        if ((len(head) > 2 and head in known) or head in starts) and (rest in known or rest in _whole_words()):
            return f"{rest}_id" if head == "id" else f"{head}_{rest}"
    for head, rest in splits if word not in _known_together() else ():
        if rest in _word_list("tails") and (len(head) > 1 or rest in _word_list("tails of letters")):
            return f"{_spelled(head)}_{rest}"
        if rest in _word_list("tails of known words") and len(head) > 2 and _is_known(head):
            return f"{_spelled(head)}_{abbreviations().get(rest, rest)}"
    return word


def _spelled(head: str) -> str:
    return abbreviations().get(head) or _apart(head)


def _is_known(head: str) -> bool:
    return head in _joined_words() or head in _whole_words() or _spelled(head) != head


@lru_cache(maxsize=32_768)
def turned_forms(name: str) -> tuple[str, ...]:
    """What a name says in other words: place_of_publication is a place, name_first a first name, code_2 a code."""
    words = name.split("_")
    found: list[str] = []
    at = next((at for at, word in enumerate(words) if at and word in _word_list("links")), 0)
    if at:
        found += ["_".join([*words[at + 1 :], *words[:at]]), "_".join(words[:at])]
    elif words[0] in _word_list("turned") and 1 < len(words) < 4 and words[-1] not in _common_words():
        found.append("_".join([*words[1:], words[0]]))
    while len(words) > 1 and (words[-1].isdigit() or words[-1] in _word_list("endings")):
        words = words[:-1]
        found.append("_".join(words))
    return tuple(each for each in found if len(each) >= _TELLING)


@lru_cache(maxsize=32_768)
def shorter_forms(name: str) -> tuple[str, ...]:
    """A name and what is left of it without its first words, as long as that says enough."""
    words = name.split("_")
    tails = ("_".join(words[start:]) for start in range(len(words)))
    return tuple(tail for tail in tails if len(tail) >= _TELLING and not _common_words().issuperset(tail.split("_")))


def lone_words() -> frozenset[str]:
    """Names that say nothing without their entity's."""
    return _word_list("lone")


def _common_words() -> frozenset[str]:
    return _word_list("common")


def _joined_words() -> frozenset[str]:
    return _word_list("joined")


@cache
def _word_list(name: str) -> frozenset[str]:
    return frozenset(own_yaml("rules")[name].split())


@cache
def _whole_words() -> frozenset[str]:
    """Words that stand whole in a rule's pattern."""
    return frozenset(word for rule in built_in_rules() for word in re.findall(r"[a-z]{6,}", rule.pattern))


@cache
def _known_together() -> frozenset[str]:
    """Words that a rule's pattern lets run together: `call_?number`."""
    patterns = (rule.pattern.replace("_?", "") for rule in built_in_rules() if "_?" in rule.pattern)
    return frozenset(word for pattern in patterns for word in re.findall(r"[a-z]{6,}", pattern))
