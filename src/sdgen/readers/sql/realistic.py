"""Generators that rules find by a column's name, kept within what CHECKs say of it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from sdgen.generators.base import Generator
from sdgen.inference.fit import MANY, SAMPLE
from sdgen.inference.sampled_values import sampled_texts, share_kept, values_kept
from sdgen.readers.drafts import ColumnDraft, quoted_name
from sdgen.readers.sql.check_facts import NOW, VALUE_NAME, ColumnBounds, Match, Value
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type

_LISTED = 64  # values, of many that keep a condition
_LEAST = 0.05  # of a generator's values, that keep the bounds: where fewer do, its name is misleading
# Generators that know nothing but a range: a range by the CHECK says as much, and is plainer.
_RANGES = frozenset(
    {"uniform_int", "uniform_float", "decimal", "date", "datetime", "time", "sequence", "pattern", "boolean"}
)
# Generators that tell by their params which values there are, as verify reads them.
TOLD = _RANGES | {"choice", "const", "array"}
_WOMEN = ("f", "female", "w", "woman", "femme", "weiblich", "feminino", "mujer")
_MEN = ("m", "male", "man", "homme", "maennlich", "masculino", "hombre")


def written(chosen: Generator | None) -> GeneratorSpec | None:
    """A generator that a rule found, by name: a constraint relies on it."""
    if chosen is None:
        return None
    # Only what the rule has set: defaults that are written out would outlive a change of the generator's own.
    params = chosen.model_dump(mode="json", exclude_unset=True, by_alias=True)
    return GeneratorSpec(type=chosen.called, params=params)


def realistic(column: ColumnDraft, chosen: Generator, plain: GeneratorSpec | None, keyed: bool) -> GeneratorSpec | None:
    """The chosen generator within the bounds of a column, where enough of its values are; else the plain one.

    plain: what keeps the bounds by itself. keyed: the column is unique: what is drawn again may repeat.
    """
    if column.bounds.values is not None:
        return plain if keyed else _gender(chosen, column.bounds) or plain
    spec = written(chosen)
    # A generator that needs other columns can't be tried on a sample, nor drawn again for a single row.
    if spec is None or plain == spec or chosen.called in _RANGES or chosen.needs() or column.type.items:
        return plain
    own = replace(column.bounds, not_null=False, storage=())
    check = guard("value", own)
    if not check:
        return plain
    share, fold = share_kept(spec, column.type, check), ""
    # Hardly any value is in small letters by itself: it is folded instead, and tried by the rest of the bounds.
    if share < _LEAST and own.letters:
        check, fold = guard("value", replace(own, letters="")), own.letters
        share = share_kept(spec, column.type, check) if check else 1.0
    if share < _LEAST:
        return plain
    # A sample that keeps the bounds proves nothing of the other values, but for generators that are alike in all of
    # them.
    if share == 1.0 and not fold and (keyed or chosen.called.startswith("person.") or _of_form(own)):
        return spec
    return plain if keyed else _restricted(spec, check, fold, plain)


def tried(column: ColumnDraft, spec: GeneratorSpec | None, check: str, keyed: bool) -> GeneratorSpec | str:
    """Values of a generator that keep a condition over `value`, or others of the type that do; a text where none does.

    keyed: the values are to be distinct: they come from a list then.
    """
    share, kept = values_kept(spec, column.type, check, MANY if keyed else SAMPLE)
    if spec is not None and share == 1.0:
        return spec
    if not kept:
        return "no value was found that keeps it"
    listed = GeneratorSpec(type="choice", params={"values": kept if keyed else kept[:: max(len(kept) // _LISTED, 1)]})
    return listed if spec is None or keyed or share < _LEAST else _restricted(spec, check, "", listed)


def email(column: ColumnDraft) -> GeneratorSpec | None:
    """An e-mail address for a pattern that is one of addresses; None where it is of others."""
    spec = GeneratorSpec(type="person.email", params={"who": column.name} if column.name != "email" else {})
    check = guard("value", replace(column.bounds, not_null=False, storage=()))
    return spec if check and share_kept(spec, column.type, check) == 1.0 else None


def _of_form(bounds: ColumnBounds) -> bool:
    """Whether only the form of a text is asked for, which a generator keeps in all of its texts or in none."""
    return bounds == ColumnBounds(pattern=bounds.pattern, matches=bounds.matches, letters=bounds.letters)


def _restricted(spec: GeneratorSpec, check: str, fold: str, plain: GeneratorSpec | None) -> GeneratorSpec:
    params: dict[str, object] = {"value": _nested(spec), "check": check}
    params |= {"otherwise": _nested(plain)} if plain is not None else {}
    params |= {"fold": fold} if fold else {}
    return GeneratorSpec(type="restricted", params={key: value for key, value in params.items() if value})


def _nested(spec: GeneratorSpec) -> object:
    return {"generator": spec.type, "params": dict(spec.params)} if spec.params else spec.type


def _gender(chosen: Generator, bounds: ColumnBounds) -> GeneratorSpec | None:
    """Genders as a CHECK spells them, which fit first names; what is neither is rare."""
    values = [value for value in bounds.allowed if isinstance(value, str)]
    women = [value for value in values if value.lower() in _WOMEN]
    men = [value for value in values if value.lower() in _MEN]
    if chosen.called not in ("person.gender", "person.sex") or len(women) != 1 or len(men) != 1:
        return None
    known = GeneratorSpec(type=chosen.called, params={"labels": [women[0], men[0]]})
    others = [value for value in values if value not in (women[0], men[0])]
    if not others:
        return known
    rest = {"generator": "choice", "params": {"values": others}, "weight": 4}
    both = {"generator": chosen.called, "params": dict(known.params), "weight": 96}
    return GeneratorSpec(type="mixture", params={"parts": [both, rest]})


# Bounds of a column as a condition in the SQL of expressions.


def guard(name: str, bounds: ColumnBounds) -> str:
    """Bounds of a column as a condition; "" where they are none that an expression can compute, or say nothing."""
    own, parts = quoted_name(name), list[str]()
    for end, sign in ((bounds.low, ">" if bounds.low_open else ">="), (bounds.high, "<" if bounds.high_open else "<=")):
        if isinstance(end, Decimal):
            parts.append(f"{own} {sign} {end}")
        elif end is not None and (moment := _moment(end)):
            parts.append(f"{own} {sign} {moment}")
        # An end that isn't understood can't be left out of the condition: it would hold for values that the CHECK
        # refuses.
        elif end is not None:
            return ""
    if bounds.values is not None:
        parts.append(f"{own} IN ({', '.join(map(literal, bounds.values))})")
    if bounds.other_than:
        parts.append(f"{own} NOT IN ({', '.join(map(literal, bounds.other_than))})")
    for match in bounds.matches:
        options = ", 'i'" if match.any_case else ""
        # RE2 has no \Z, with which patterns of whole texts end here.
        whole = match.regex.startswith(r"\A(?:") and match.regex.endswith(r")\Z")
        called, regex = ("regexp_full_match", match.regex[5:-3]) if whole else ("regexp_matches", match.regex)
        parts.append(f"{'' if match.found else 'NOT '}{called}({own}, {literal(regex)}{options})")
    if bounds.shortest:
        parts.append(f"length({own}) >= {bounds.shortest}")
    # EMPTY, which is below zero, is of arrays alone.
    if bounds.longest > 0:
        parts.append(f"length({own}) <= {bounds.longest}")
    if bounds.letters:
        parts.append(f"{own} = {bounds.letters}({own})")
    parts += [f"({each.replace(VALUE_NAME, own)})" for each in bounds.conditions]
    return " AND ".join(parts)


def literal(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, Decimal) else "'" + value.replace("'", "''") + "'"


_RELATIVE = re.compile(r"([+-]\d+)d")


def _moment(text: str) -> str:
    """A moment as an expression has it; "" where it isn't understood."""
    relative = _RELATIVE.fullmatch(text)
    if text == NOW or relative is not None:
        return "as_of" if relative is None else f"as_of + to_days({int(relative[1])})"
    try:
        return f"TIMESTAMP '{datetime.fromisoformat(text.strip().replace('/', '-')).isoformat(sep=' ')}'"
    except ValueError:
        return ""


# Whether texts that a generator makes keep the bounds of a column: tried on a sample, where nothing tells it.


def keeps(spec: GeneratorSpec, type: Type, bounds: ColumnBounds) -> bool:
    """Whether all texts of a sample keep the bounds; False where none can be made by itself."""
    texts = sampled_texts(spec, type)
    return bool(texts) and all(text is not None and text_keeps(text, bounds) for text in texts)


def text_keeps(text: str, bounds: ColumnBounds) -> bool:
    cased = {"lower": text.lower(), "upper": text.upper()}.get(bounds.letters, text)
    long = bounds.shortest <= len(text) <= (bounds.longest or len(text))
    listed = bounds.values is None or text in bounds.values
    return text == cased and long and listed and text not in bounds.other_than and all(
        _found(text, match) for match in bounds.matches
    )  # fmt: skip


def _found(text: str, match: Match) -> bool:
    try:  # patterns are the database's, and may have what Python's have not
        there = re.search(match.regex, text, re.IGNORECASE if match.any_case else 0) is not None
    except re.error:
        return True
    return there == match.found
