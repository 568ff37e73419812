"""Rules: which generator suits a column that names none. The rules themselves are data (see `rule_files`).

A rule's conditions look at the column's name (in snake_case, abbreviations written out), type, description and
constraints, at the entity's name, and at the columns beside it. Params may hold placeholders for what was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from sdgen.generators.arrays.decimals import room
from sdgen.inference.names import snake
from sdgen.inference.neighbours import ALONE, Beside, compiled
from sdgen.inference.rule_files import built_in_rules, section_sizes, shorter_forms, turned_forms
from sdgen.inference.rule_index import RuleIndex
from sdgen.scenario.model import GeneratorSpec, Rule
from sdgen.scenario.types import Type, parse_type

_ANY_START = ("(.*", "(?:.*")  # of patterns that say nothing but a last word
_OPTIONAL_STARTS = ("(?:.*_)?", "(?:(.*)_)?")
_TEXTS = ("string", "text")
_IDENTITIES = frozenset({"id", "code", "key", "number", "identifier", "reference"})  # last words of what isn't counted
_NUMBER = Type("decimal", precision=12, scale=2)
_PLACEHOLDER = re.compile(r"\$(\w+)")
_WITHOUT_LIMIT = 10**15  # `$max` of a column whose type has none


@dataclass(frozen=True)
class ColumnTraits:
    """A column that names no generator: what rules may look at.

    names: the forms of its name that rules try. entity: the forms of its entity's name. beside: the other columns of
    the entity. unique: holds no value twice; in_unique_set: does so together with others.
    """

    raw: str
    names: tuple[str, ...]
    entity: tuple[str, ...]
    type: Type | None
    description: str = ""
    unique: bool = False
    primary_key: bool = False
    nullable: bool | None = None
    in_unique_set: bool = False
    beside: Beside = ALONE


@dataclass(frozen=True)
class Guess:
    """What a rule found: the generator, and the share of nulls where the rule says one."""

    generator: GeneratorSpec
    null_rate: float | None = None


def built_in_guesses(traits: ColumnTraits) -> Iterator[Guess]:
    """What the built-in rules suggest: by the whole name, by its last words or for another entity, by other words for
    the same, by the type alone.

    A text column that no rule of texts knows may hold a number as text, if a rule knows a number of its name.
    """
    held, (first_of_trades, first_general) = indexed_rules(traits), section_sizes()
    by_last_words: list[Guess] = []
    for place in (place for place in held if place < first_general):
        guess = _suggestion(_rule(place), traits)
        if guess is None:
            continue
        if place < first_of_trades and _by_last_words(_rule(place), traits):
            by_last_words.append(guess)
        else:
            yield guess
    forms = dict.fromkeys(form for name in traits.names for form in shorter_forms(name))
    yield from _loose_guesses([form for form in forms if "_" in form], traits)
    yield from by_last_words
    yield from _loose_guesses([form for form in forms if "_" not in form], traits)
    yield from _suggested((_rule(place) for place in held if place >= first_general and _goes_by_name(place)), traits)
    for form in dict.fromkeys(form for name in traits.names for form in turned_forms(name)):
        turned = replace(traits, names=(form,), raw=form)
        yield from _suggested(map(_rule, filter(_goes_by_name, indexed_rules(turned))), turned)
    yield from _written_guesses(traits)
    yield from _suggested(map(_rule, (place for place in held if not _goes_by_name(place))), traits)


def indexed_rules(traits: ColumnTraits) -> list[int]:
    """The places of the built-in rules for the column's type whose patterns hold a text that is in its name."""
    return sorted(_built_in_for(traits.type) & _built_in_index().places((*traits.names, traits.raw)))


def _loose_guesses(forms: Iterable[str], traits: ColumnTraits) -> Iterator[Guess]:
    """What the rules of trades say of a name or its last words, whatever the column's entity is."""
    first, end = section_sizes()
    for form in forms:
        shorter = replace(traits, names=(form,), raw=form)
        near = (place for place in indexed_rules(shorter) if first <= place < end and _says_enough(place))
        yield from _suggested(map(_for_any_entity, near), shorter)


def _written_guesses(traits: ColumnTraits) -> Iterator[Guess]:
    last = traits.names[0].rpartition("_")[2]
    if traits.type is not None and traits.type.kind in _TEXTS and not traits.unique and last not in _IDENTITIES:
        number = replace(traits, type=_NUMBER)
        known = (place for place in indexed_rules(number) if place < section_sizes()[1] and _goes_by_name(place))
        # A choice of numbers is one of codes, which a text column spells otherwise.
        yield from (guess for guess in _suggested(map(_rule, known), number) if guess.generator.type != "choice")


def _rule(place: int) -> Rule:
    return built_in_rules()[place]


def _goes_by_name(place: int) -> bool:
    return place in _named_rules()


@cache
def _named_rules() -> frozenset[int]:
    rules = enumerate(built_in_rules())
    return frozenset(place for place, rule in rules if rule.pattern or rule.field or rule.comment)


def _by_last_words(rule: Rule, traits: ColumnTraits) -> bool:
    """Whether a rule knows only the last words of a name: a rule of a trade may know the whole."""
    start = next((each for each in _OPTIONAL_STARTS if rule.pattern.startswith(each)), "")
    rest = rule.pattern[len(start) :]
    return bool(start) and all(_groups(rest, name) is None for name in (*traits.names, traits.raw))


def _says_enough(place: int) -> bool:
    """Whether a rule goes by a whole name, and not by the entity or by what may stand before a last word."""
    rule = _rule(place)
    return bool(rule.pattern) and not rule.pattern.startswith(_ANY_START) and not rule.primary_key


@lru_cache(maxsize=4096)
def _for_any_entity(place: int) -> Rule:
    rule = _rule(place)
    return rule if rule.entity.startswith("(?!") else rule.model_copy(update={"entity": ""})


def guesses(rules: Iterable[Rule], traits: ColumnTraits) -> Iterator[Guess]:
    """What the rules whose conditions all hold suggest, in their order."""
    return _suggested((rule for rule in rules if _type_holds(rule, traits.type)), traits)


@lru_cache(maxsize=4096)
def _built_in_for(type: Type | None) -> frozenset[int]:
    """The places of the built-in rules whose type is that."""
    return frozenset(place for places in _built_in_by_type() if _type_holds(_rule(places[0]), type) for place in places)


@cache
def _built_in_by_type() -> tuple[list[int], ...]:
    """The places of the built-in rules, those together that say the same of a type."""
    found: dict[tuple[object, ...], list[int]] = {}
    for place, rule in enumerate(built_in_rules()):
        found.setdefault((rule.type, rule.min_length, rule.max_length), []).append(place)
    return tuple(found.values())


@cache
def _built_in_index() -> RuleIndex:
    return RuleIndex(built_in_rules())


def _suggested(rules: Iterable[Rule], traits: ColumnTraits) -> Iterator[Guess]:
    return (guess for rule in rules if (guess := _suggestion(rule, traits)) is not None)


def _suggestion(rule: Rule, traits: ColumnTraits) -> Guess | None:
    """What a rule suggests; None where one of its conditions but the type's doesn't hold."""
    found = _found(rule, traits)
    if found is None:
        return None
    spec = rule.generator
    params = _filled(spec.params, found) if spec.params else spec.params
    # Not validated once more: rules were when they were read.
    return Guess(GeneratorSpec.model_construct(type=spec.type, params=params), rule.null_rate)


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
        and (rule.in_unique_set is None or rule.in_unique_set == traits.in_unique_set)
    )


def _type_holds(rule: Rule, type: Type | None) -> bool:
    if type is None:
        return not (rule.type or rule.min_length or rule.max_length)
    if rule.type and not _one_holds(rule.type, type):
        return False
    if rule.min_length and type.length and type.length < rule.min_length:
        return False
    return not rule.max_length or 0 < type.length <= rule.max_length


@lru_cache(maxsize=4096)
def _one_holds(rule_types: tuple[str, ...], type: Type) -> bool:
    return any(_same_type(each, type) for each in rule_types)


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
    # Without digits, which stand for nothing in a text, and which a CHECK may forbid.
    found["column"] = " ".join(re.sub(r"[\d_]+", " ", traits.names[0] or found["entity"]).split()).capitalize()
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
