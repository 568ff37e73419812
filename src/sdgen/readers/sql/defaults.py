"""Defaults as hints of what is common: the likeliest of some values, mostly true or false, a UUID, a moment.

A default is where a row begins, so that it never stands against what is known better: a state that most rows reach in
the end (`delivered`), or a rate that a column's name tells (`email_verified`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from sdgen.generators.base import Generator
from sdgen.generators.choices.choices import Choice
from sdgen.generators.numbers.uniform import Boolean, UniformInt
from sdgen.inference.likely_states import OFTEN
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_facts import Value
from sdgen.readers.sql.drafts import TableDraft
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type

_UNDECIDED = (0.2, 0.6)  # rates of true that rules give to flags they know nothing of
# Of numbers that no name tells of: with a default of 0, they count.
_PLAIN = frozenset({(0, 10), (0, 40), (0, 100), (0, 500), (0, 1000)})
_MOSTLY = 0.85
_TIMES = 3  # how much likelier the default is than another value
_LITERAL = re.compile(r"""(?:N|_\w+|B)?(['"])((?:(?!\1).|\1\1)*)\1(?:::[\w\s.\[\]"(),]+)?""", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_UUIDS = re.compile(
    r"(?:\w+\.)*(?:gen_random_uuid|uuid_generate_v\d\w*|newid|newsequentialid|uuid\d?|uuid_?v\d)\(.*\)", re.I
)
_MOMENTS = re.compile(r"datetime\((?:'now'.*)?\)|current_timestamp(?:\(\))?|now\(\)", re.I)
_EPOCHS = re.compile(r"time\(\)|unixepoch\(.*\)|unix_timestamp\(.*\)|strftime\('%s'.*\)|extract\(epoch from .*\)", re.I)

_THOUSANDS = re.compile(r"(.*?)\s*\*\s*1000")  # of seconds: milliseconds


def read_default(text: str) -> Value | None:
    """The value of a literal default; None for an expression, and for NULL."""
    text = _bare(text)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    literal = _LITERAL.fullmatch(text)
    if literal is None:
        return None
    return literal[2].replace(literal[1] * 2, literal[1])


def _bare(text: str) -> str:
    """A default without the parentheses around all of it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    return text


def hint_defaults(generators: Mapping[tuple[str, str], Generator], entity: TableDraft) -> None:
    """Let defaults weigh on columns whose values nothing else settles."""
    inside = {name for names in entity.unique for name in names}
    for name, column in entity.columns.items():
        default = column.default
        if not default or column.is_link or column.null_rate == 1.0:
            continue
        if column.generator is not None and column.generator.type == "subset":
            column.generator = _mostly_set(column.generator, default)
            continue
        found = _made(column, default)
        # A value that is likelier than others would leave a key too few distinct ones.
        if found is None and not (column.primary or column.unique or name in inside):
            found = weighed(column.type, column.generator, generators.get((entity.name, name)), read_default(default))
        if found is not None:
            column.generator = found


def _mostly_set(spec: GeneratorSpec, default: str) -> GeneratorSpec:
    """The values of an array, the default's in three rows of four: `ARRAY['a', 'b']::kind[]`, `'{a,b}'`."""
    listed = re.findall(r"'((?:[^']|'')*)'", default)
    text = listed[0][1:-1] if len(listed) == 1 and listed[0].startswith("{") else ""
    known = text.split(",") if text else listed
    values = [value for value in spec.params["values"] if value in known]
    if not values or len(values) < len(known):
        return spec
    usual = {"generator": "subset", "params": {"values": values, "min": len(values)}, "weight": 3}
    return GeneratorSpec(type="mixture", params={"parts": [usual, {"generator": "subset", "params": spec.params}]})


def _made(column: ColumnDraft, default: str) -> GeneratorSpec | None:
    """What a function makes that gives each row a value of its own."""
    if column.generator is not None or column.bounds.pattern:
        return None
    type, text = column.type, _bare(default)
    # A UUID as text has 36 characters.
    if type.kind in ("text", "string") and (not type.length or type.length >= 36):
        if _UUIDS.fullmatch(text):
            return GeneratorSpec(type="uuid4")
        if _MOMENTS.fullmatch(text):
            return GeneratorSpec(type="as_text", params={"value": {"type": "timestamp"}})
    thousands = _THOUSANDS.fullmatch(text)
    if type.kind in ("int", "bigint") and _EPOCHS.fullmatch(_bare(thousands[1]) if thousands else text):
        return GeneratorSpec(type="epoch", params={"start": "-2y", "unit": "ms" if thousands else "s"})
    return None


def weighed(
    type: Type, spec: GeneratorSpec | None, chosen: Generator | None, default: Value | None
) -> GeneratorSpec | None:
    """What fills a column in which a default is likely; None where that changes nothing.

    spec: the generator it was given. chosen: the one that rules find where it was given none.
    """
    if default is None:
        return None
    if spec is not None:
        return _likeliest(spec, type, default) if spec.type == "choice" else None
    if isinstance(chosen, Boolean):
        return _mostly(chosen.probability, default)
    if default == 0 and isinstance(chosen, UniformInt) and (chosen.min, chosen.max) in _PLAIN:
        return GeneratorSpec(type="poisson", params={"mean": 2, "max": 20})
    if isinstance(chosen, Choice) and isinstance(default, str) and type.kind in ("text", "string"):
        return _with_default(chosen, default, type.length)
    return None


def _likeliest(spec: GeneratorSpec, type: Type, default: Value) -> GeneratorSpec | None:
    """The same values, the default more often than another; as they were where a state is known to be common."""
    values: Sequence[object] = spec.params.get("values") or type.values
    weights = list(spec.params.get("weights") or [1] * len(values))
    # OFTEN marks the state that most rows reach in the end, which says more than where they begin.
    if default not in values or len(values) < 2 or OFTEN in weights:
        return None
    weights = [weight * _TIMES if value == default else weight for value, weight in zip(values, weights, strict=True)]
    return GeneratorSpec(type="choice", params={"values": list(values), "weights": weights})


def _mostly(probability: float, default: Value) -> GeneratorSpec | None:
    words = {"0": False, "1": True, "f": False, "t": True, "false": False, "true": True}
    value = words.get(str(default).lower())
    if value is None or not _UNDECIDED[0] < probability < _UNDECIDED[1]:
        return None
    return GeneratorSpec(type="boolean", params={"probability": _MOSTLY if value else round(1 - _MOSTLY, 2)})


def _with_default(chosen: Choice, default: str, length: int) -> GeneratorSpec | None:
    """The values a rule found, among them the default, which is as common as all others where it was missing."""
    entries = [(value, weight) for value, weight in chosen.entries if isinstance(value, str)]
    if len(entries) < len(chosen.entries) or not default.strip():
        return None
    # A rule's words are spelled as the schema spells its own.
    if default.isupper() and any(value.islower() for value, _ in entries):
        entries = [(value.upper(), weight) for value, weight in entries]
    kept = [(value, weight) for value, weight in entries if not length or len(value) <= length]
    if default in dict(kept):
        if chosen.weights is not None and default in {value for value, _ in chosen.entries}:
            return None
        weights = [weight * (_TIMES if value == default else 1) for value, weight in kept]
        return GeneratorSpec(type="choice", params={"values": [value for value, _ in kept], "weights": weights})
    total = sum(weight for _, weight in kept)
    return GeneratorSpec(
        type="choice",
        params={"values": [default, *(value for value, _ in kept)], "weights": [total or 1, *(w for _, w in kept)]},
    )
