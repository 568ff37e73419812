"""Types of jafgen → types and generators: its own short names, its constraints, and any mimesis `provider.method`.

`text.word` and `string` without constraints say little more than "some text", so that such columns name no generator:
the rules choose one by the column's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from sdgen.errors import ProblemType
from sdgen.inference.names import snake
from sdgen.readers.drafts import spec
from sdgen.readers.jafgen.records import Constraints, day_after
from sdgen.scenario.model import GeneratorSpec

# Names that mean what a generator of another name makes.
SAME = {
    "address.full_address": "address.address",
    "cryptographic.uuid": "uuid4",
    "development.version": "code.version",
    "finance.company": "company.name",
    "internet.email": "person.email",
    "internet.user_name": "person.username",
    "internet.username": "person.username",
    "person.birthday": "person.birth_date",
    "person.job": "person.occupation",
    "person.phone": "person.phone_number",
    "person.profession": "person.occupation",
    "person.user_name": "person.username",
    "text.sentences": "text.paragraph",
    "text.text": "text.paragraph",
}
# Constraint keys under the names that generators have for them.
_PARAMS = {"min_value": "min", "max_value": "max", "start_date": "start", "end_date": "end", "precision": "scale"}
_INT = range(-(2**31), 2**31)
_BIGINT = range(-(2**63), 2**63)
_SALESFORCE = (15, 18)


@dataclass(frozen=True)
class Values:
    """Values for an attribute. by_name: nothing but the column's name says what they should be."""

    type: str = ""
    generator: GeneratorSpec | None = None
    nullable: bool = False
    by_name: bool = False


def values_of(constraints: Constraints) -> Values:
    """Type and generator of an attribute; what is wrong with its constraints is among the constraints' faults."""
    if constraints.has("min_items", "max_items"):
        return _array(constraints)
    maker = MAKERS.get(constraints.type) or MAKERS.get(constraints.type.lower())
    return maker(constraints) if maker else _provided(constraints)


def _uuid(constraints: Constraints) -> Values:
    return Values("uuid", spec("uuid4"))


def _integer(constraints: Constraints) -> Values:
    low, high = constraints.bounds(1, 100_000)
    least, most = int(low), int(high)
    if (least, most) != (low, high):
        constraints.note(f"min_value and max_value are cut to whole numbers: {least} to {most}")
    if least not in _BIGINT or most not in _BIGINT:
        constraints.refuse("min_value", "whole numbers have 64 bits", "narrow min_value and max_value")
    whole = "int" if least in _INT and most in _INT else "bigint"
    return Values(whole, spec("uniform_int", min=least, max=most))


def _decimal(constraints: Constraints) -> Values:
    low, high = constraints.bounds(0, 1000)
    scale = constraints.whole("precision", "scale", least=0, most=18)
    scale = 2 if scale is None else scale
    digits = len(str(int(max(abs(low), abs(high))))) + scale
    if digits > 38:
        constraints.refuse("max_value", "a decimal has at most 38 digits", "narrow min_value and max_value")
    # Ten digits at least, so that a narrow range does not make a narrow column in a database.
    return Values(f"decimal({max(10, min(digits, 38))},{scale})", spec("decimal", min=low, max=high))


def _float(constraints: Constraints) -> Values:
    low, high = constraints.bounds(0, 1000)
    precision = constraints.whole("precision", least=0, most=18)
    return Values("double", spec("uniform_float", min=low, max=high, precision=2 if precision is None else precision))


def _boolean(constraints: Constraints) -> Values:
    return Values("bool", spec("boolean"))


def _choice(constraints: Constraints) -> Values:
    values: Any = constraints.value("choices", "values", "options")
    weights = constraints.value("weights")
    if isinstance(values, Mapping):
        values, weights = list(values), list(values.values())
    if values is None:
        constraints.note("choice without choices: option1, option2 and option3 stand for them")
        values = ["option1", "option2", "option3"]
    if not isinstance(values, list) or not values or any(isinstance(each, list | dict) for each in values):
        constraints.refuse("choices", "choices must be a list of plain values, at least one")
        return Values()
    nullable = None in values
    kind, values = _of_one_kind(values)
    if kind == "bool" and weights is None and len(set(values)) == 2 and not nullable:
        return _boolean(constraints)
    return Values(kind, spec("choice", values=values, weights=weights), nullable)


def _of_one_kind(values: list[Any]) -> tuple[str, list[Any]]:
    """The type that fits all the values, and the values as it has them."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "bool", values
    if kinds == {int} and all(value in _BIGINT for value in values if value is not None):
        return ("int" if all(value in _INT for value in values if value is not None) else "bigint"), values
    if kinds and kinds <= {int, float}:
        return "double", values
    return "string", [value if value is None or isinstance(value, str) else _text(value) for value in values]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _datetime(constraints: Constraints) -> Values:
    start, end = _span(constraints)
    return Values(
        "timestamp",
        spec("datetime", start=start.isoformat() if start else None, end=day_after(end) if end else None),
    )


def _date(constraints: Constraints) -> Values:
    start, end = _span(constraints)
    days = [each.date() if isinstance(each, datetime) else each for each in (start, end)]
    first, last = (each.isoformat() if each else None for each in days)
    return Values("date", spec("date", start=first, end=last))


def _span(constraints: Constraints) -> tuple[date | datetime | None, date | datetime | None]:
    start, end = (
        constraints.moment("start_date", "start", "min_value"),
        constraints.moment("end_date", "end", "max_value"),
    )
    if start and end and _plain(start) > _plain(end):
        constraints.refuse("start_date", f"start_date {start} is after end_date {end}")
    if isinstance(start, date) and end is None and start.year >= 2020:
        constraints.note("there is no end_date: moments lie before `as_of`")
    return start, end


def _plain(moment: date | datetime) -> str:
    return moment.isoformat()[:19]


def _time(constraints: Constraints) -> Values:
    return Values("time", spec("time"))


def _word(constraints: Constraints) -> Values:
    """A text of which nothing but constraints is known, if even they are."""
    pattern = constraints.value("pattern", "regex")
    # From what says most to what says least; of several, the first one counts.
    if pattern is not None:
        return Values(_string(constraints), spec("pattern", regex=str(pattern)))
    if constraints.has("choices"):
        return _choice(constraints)
    length = constraints.whole("length", least=1, most=200)
    if length:
        letters = (
            # Salesforce's ids have 15 or 18 characters, small letters among them.
            "0-9A-Za-z" if length in _SALESFORCE and snake(constraints.attribute.name).endswith("id") else "A-Z0-9"
        )
        return Values(f"string({length})", spec("pattern", regex=f"[{letters}]{{{length}}}"))
    words = constraints.whole("nb_words", least=1, most=500)
    if words:
        return Values("string", spec("text.words" if words > 1 else "text.word", nb_words=words if words > 1 else None))
    least = constraints.whole("min_length", least=0, most=10_000)
    if least and least > 1:
        most = constraints.whole("max_length", least=least, most=1_000_000)
        return Values("string", spec("text.words", min_length=least, max_length=most))
    return Values(_string(constraints), by_name=True)


def _string(constraints: Constraints) -> str:
    length = constraints.whole("max_length", least=1, most=1_000_000)
    return f"string({length})" if length else "string"


def _prose(constraints: Constraints) -> Values:
    """Sentences: several of them make a paragraph."""
    sentences = constraints.whole("nb_sentences", "quantity", least=1, most=200)
    words = constraints.whole("nb_words", least=1, most=500)
    least, most = constraints.whole("min_length", most=10_000), constraints.whole("max_length", least=1, most=1_000_000)
    if (sentences or 1) > 1 or SAME.get(constraints.type, constraints.type) == "text.paragraph":
        return Values("text", spec("text.paragraph", nb_sentences=sentences, min_length=least, max_length=most))
    return Values("text", spec("text.sentence", nb_words=words, min_length=least, max_length=most))


def _array(constraints: Constraints) -> Values:
    least = constraints.whole("min_items", most=10_000) or 0
    most = constraints.whole("max_items", least=least, most=10_000)
    return Values(
        "array<string>",
        spec("array", items={"generator": "text.word"}, min=least, max=max(least, 5) if most is None else most),
    )


def _provided(constraints: Constraints) -> Values:
    """A generator of that name, sdgen's own or a mimesis provider, with those constraints that are its params."""
    from sdgen.generators.registry import find
    from sdgen.generators.text.mimesis_providers import params_of

    name = SAME.get(constraints.type, constraints.type)
    # These generators need an entity, another column or fields, which an attribute's constraints can't name.
    kind = find(name) if name not in _NOT_ALONE else None
    if kind is None:
        return _unknown(constraints)
    # A pool of mimesis values takes the params of the method that fills it.
    known = params_of(name) if "pool" in kind.model_fields else kind.model_fields
    params = {}
    for key in constraints.attribute.constraints:
        param = key if key in known else _PARAMS.get(key, "")
        if param in known:
            params[param] = constraints.value(key)
    string = _string(constraints) if constraints.has("max_length") and "max_length" not in params else ""
    return Values(string, spec(name, **params))


_NOT_ALONE = frozenset({"fk", "parent", "rollup", "const", "after", "above", "expression", "template", "struct", "map"})


def _unknown(constraints: Constraints) -> Values:
    from sdgen.generators.registry import names

    words = [*MAKERS, *SAME, *names()]
    near = get_close_matches(constraints.type, words, n=1, cutoff=0.7)
    hint = f"did you mean {near[0]!r}?" if near else "`sdgen generators` lists those there are"
    constraints.note(
        f"unknown type {constraints.type!r}: the rules choose by the column's name", hint, ProblemType.TYPE
    )
    word = _word(constraints)
    return Values(word.type, word.generator)


MAKERS: dict[str, Callable[[Constraints], Values]] = {
    **dict.fromkeys(("uuid", "cryptographic.uuid"), _uuid),
    **dict.fromkeys(("int", "integer", "bigint", "number", "numeric.integer", "numeric.integer_number"), _integer),
    **dict.fromkeys(("decimal", "numeric.decimal", "numeric.decimal_number"), _decimal),
    **dict.fromkeys(("float", "double", "numeric.float", "numeric.float_number"), _float),
    **dict.fromkeys(("bool", "boolean", "development.boolean"), _boolean),
    **dict.fromkeys(("choice", "enum"), _choice),
    **dict.fromkeys(("datetime", "timestamp", "datetime.datetime", "datetime.timestamp"), _datetime),
    **dict.fromkeys(("date", "datetime.date"), _date),
    **dict.fromkeys(("time", "datetime.time"), _time),
    **dict.fromkeys(("string", "str", "text", "text.word"), _word),
    **dict.fromkeys(("text.sentence", "text.sentences", "text.paragraph", "text.text"), _prose),
}
