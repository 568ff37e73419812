"""Rules: which generator suits a column that names none. The rules themselves are data (`data/rules.yaml`).

A rule's conditions look at the column's name (in snake_case, abbreviations written out), type, description and
constraints, at the entity's name, and at the columns beside it. Params may hold placeholders for what was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from sdgen.generators.arrays.decimals import room
from sdgen.generators.pools import own_yaml
from sdgen.inference.names import snake
from sdgen.inference.neighbours import ALONE, Beside, compiled
from sdgen.scenario.model import GeneratorSpec, Rule
from sdgen.scenario.types import Type, parse_type

_PLACEHOLDER = re.compile(r"\$(\w+)")
_EXAMPLES = frozenset({"like", "unlike"})  # columns that a rule is for, and isn't for: for tests and readers
_LEAST_JOINED = 6  # letters of a word that may be two
_WITHOUT_LIMIT = 10**15  # `$max` of a column whose type has none


@dataclass(frozen=True)
class ColumnTraits:
    """A column that names no generator: what rules may look at.

    names: the forms of its name that rules try. entity: the forms of its entity's name. beside: the other columns of
    the entity.
    """

    raw: str
    names: tuple[str, ...]
    entity: tuple[str, ...]
    type: Type | None
    description: str = ""
    unique: bool = False
    primary_key: bool = False
    nullable: bool | None = None
    beside: Beside = ALONE


@dataclass(frozen=True)
class Guess:
    """What a rule found: the generator, and the share of nulls where the rule says one."""

    generator: GeneratorSpec
    null_rate: float | None = None


@cache
def built_in_rules() -> tuple[Rule, ...]:
    """The rules that stand behind a scenario's own, in the order in which they are tried."""
    return tuple(_rule({key: record[key] for key in record.keys() - _EXAMPLES}) for record in rule_records("rules"))


@lru_cache(maxsize=32_768)
def words_apart(name: str) -> str:
    """A name with words apart that run together; as it is where none do, or where a rule knows it whole."""
    return "_".join(word if word in _whole_words() else _apart(word) for word in name.split("_"))


def _apart(word: str) -> str:
    known: frozenset[str] = _joined_words()
    if len(word) < _LEAST_JOINED or word in known:
        return word
    splits = ((word[:at], word[at:]) for at in range(3, len(word) - 1))
    return next((f"{head}_{rest}" for head, rest in splits if head in known and (rest in known or rest == "id")), word)


@cache
def _joined_words() -> frozenset[str]:
    return frozenset(own_yaml("rules")["joined"].split())


@cache
def _whole_words() -> frozenset[str]:
    """Words that stand whole in a rule's pattern."""
    return frozenset(word for rule in built_in_rules() for word in re.findall(r"[a-z]{6,}", rule.pattern))


def rule_records(file: str) -> Iterator[Mapping[str, Any]]:
    """The rules of a data file as they are written there, and those of the files that it names."""
    for record in own_yaml(file)["rules"]:
        if "file" in record:
            yield from rule_records(f"rules/{record['file']}")
        else:
            yield record


@cache
def abbreviations() -> Mapping[str, str]:
    """Words that names shorten, and what they stand for."""
    found: dict[str, str] = own_yaml("rules")["abbreviations"]
    return found


def _rule(record: dict[str, Any]) -> Rule:
    # Not validated: a test does that once, and there are many.
    spec = GeneratorSpec.model_construct(type=str(record.pop("generator")), params=record.pop("params", {}))
    types, beside = record.pop("type", ()), record.pop("with", {})
    named = beside if isinstance(beside, Mapping) else {"with": beside}
    alternatives = {name: _several(patterns) for name, patterns in named.items()}
    return Rule.model_construct(**record, generator=spec, type=_several(types), beside=alternatives)


def _several(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def built_in_guesses(traits: ColumnTraits) -> Iterator[Guess]:
    """What the built-in rules suggest, in their order."""
    # Few rules are tried: those for the type, found once for each type, whose patterns hold a text that is in the name.
    held, rules = _built_in_for(traits.type), built_in_rules()
    places = _built_in_index().places((*traits.names, traits.raw))
    return _suggested((rules[place] for place in places if place in held), traits)


def guesses(rules: Iterable[Rule], traits: ColumnTraits) -> Iterator[Guess]:
    """What the rules whose conditions all hold suggest, in their order."""
    return _suggested((rule for rule in rules if _type_holds(rule, traits.type)), traits)


@lru_cache(maxsize=4096)
def _built_in_for(type: Type | None) -> frozenset[int]:
    """The places of the built-in rules whose type is that."""
    return frozenset(place for place, rule in enumerate(built_in_rules()) if _type_holds(rule, type))


@cache
def _built_in_index() -> RuleIndex:
    return RuleIndex(built_in_rules())


def _suggested(rules: Iterable[Rule], traits: ColumnTraits) -> Iterator[Guess]:
    for rule in rules:
        found = _found(rule, traits)
        if found is not None:
            spec = rule.generator
            params = _filled(spec.params, found) if spec.params else spec.params
            # Not validated once more: rules were when they were read.
            yield Guess(GeneratorSpec.model_construct(type=spec.type, params=params), rule.null_rate)


def _found(rule: Rule, traits: ColumnTraits) -> dict[str, Any] | None:
    """What the placeholders stand for, if all conditions but the type's hold; None where one does not."""
    if not _constraints_hold(rule, traits):
        return None
    found: dict[str, Any] = {}
    if rule.field and not any(_same(rule.field, name) for name in (traits.raw, *traits.names)):
        return None
    if rule.pattern:
        groups = _named(rule.pattern, traits)
        if groups is None:
            return None
        found.update({str(number): text for number, text in enumerate(groups, 1)})
    if rule.entity and not any(compiled(f"(?:.*_)?(?:{rule.entity})").fullmatch(name) for name in traits.entity):
        return None
    if rule.comment and not compiled(rule.comment).search(traits.description):
        return None
    return _with_others(rule, traits, found)


def _same(field: str, name: str) -> bool:
    return field.lower() == name.lower() or snake(field) == name


def _constraints_hold(rule: Rule, traits: ColumnTraits) -> bool:
    """Whether the conditions without a look at any name hold."""
    return (
        (rule.unique is None or rule.unique == traits.unique)
        and (rule.primary_key is None or rule.primary_key == traits.primary_key)
        and (rule.nullable is None or rule.nullable == bool(traits.nullable))
    )


def _type_holds(rule: Rule, type: Type | None) -> bool:
    if type is None:
        return not (rule.type or rule.min_length or rule.max_length)
    if rule.type and not any(_same_type(each, type) for each in rule.type):
        return False
    if rule.min_length and type.length and type.length < rule.min_length:
        return False
    return not rule.max_length or 0 < type.length <= rule.max_length


def _same_type(rule_type: str, type: Type) -> bool:
    """Whether a column's type is the rule's: the same in full, or of its kind where the rule gives no details."""
    parsed = _parsed(rule_type)
    if parsed is None:
        return False
    return parsed == type or ("(" not in rule_type and "<" not in rule_type and parsed.kind == type.kind)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Type | None:
    try:
        return parse_type(text)
    except ValueError:
        return None if text not in ("enum", "array", "map", "struct") else Type(text)


def _named(pattern: str, traits: ColumnTraits) -> tuple[str, ...] | None:
    """The groups of the first form of the column's name that a pattern matches."""
    for name in (*traits.names, traits.raw):
        groups = _groups(pattern, name)
        if groups is not None:
            return groups
    return None


@lru_cache(maxsize=1 << 18)
def _groups(pattern: str, name: str) -> tuple[str, ...] | None:
    match = compiled(pattern).fullmatch(name)
    return None if match is None else tuple(group or "" for group in match.groups())


def _with_others(rule: Rule, traits: ColumnTraits, found: dict[str, Any]) -> dict[str, Any] | None:
    """`found` with the columns that stand beside this one; None where one that the rule needs is missing."""
    for label, patterns in rule.beside.items():
        filled = (_filled(pattern, found) for pattern in patterns)
        column = next((one for pattern in filled if (one := traits.beside.first(pattern)) is not None), None)
        if column is None:
            return None
        found[label] = column
    found["length"] = traits.type.length if traits.type else 0
    found["entity"] = traits.entity[0] or traits.raw
    found["max"] = _most(traits.type)
    return found


def _most(type: Type | None) -> int | float:
    """The greatest number that a column holds."""
    limits = room(type) if type is not None else None
    if limits is None:
        return _WITHOUT_LIMIT
    most = min(limits[1], Fraction(_WITHOUT_LIMIT))
    return int(most) if most.denominator == 1 else float(most)


def _filled(value: Any, found: Mapping[str, Any]) -> Any:
    """Params with their placeholders filled in; `$length` alone stays a number."""
    if isinstance(value, str) and "$" in value:
        whole = _PLACEHOLDER.fullmatch(value)
        if whole is not None and whole[1] in found:
            return found[whole[1]]
        return _PLACEHOLDER.sub(lambda match: str(found.get(match[1], match[0])), value)
    if isinstance(value, Mapping):
        return {key: _filled(inner, found) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(inner, found) for inner in value]
    return value


_GRAM = 3
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
_WITHOUT_WIDTH = (codes.ASSERT, codes.ASSERT_NOT, codes.AT)


class RuleIndex:
    """An index over rules, which go by their places in the order in which they are tried."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._grams: dict[str, list[tuple[str, int]]] = {}
        self._always: list[int] = []
        self._all = range(len(rules))
        for place, rule in enumerate(rules):
            held = _held(rule)
            # A single letter is in nearly every name: looking for it would leave out no rule.
            if held is None or min(map(len, held)) < 2:
                self._always.append(place)
            else:
                for text in held:
                    self._grams.setdefault(text[:_GRAM], []).append((text, place))

    def places(self, names: Iterable[str]) -> Iterable[int]:
        """The places, in their order, of all rules that one of the names may match."""
        # No name holds a line end, so that nothing is found that reaches from one name into the next.
        text = "\n".join(names).lower()
        if not text.isascii():  # letters such as the long s match an s, whichever way they are folded
            return self._all
        grams = {text[start : start + size] for size in (2, _GRAM) for start in range(len(text) - size + 1)}
        found = {place for gram in grams for literal, place in self._grams.get(gram, ()) if literal in text}
        return sorted(found.union(self._always))


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
