"""Fields of a recipe → columns: plain values, functions, formulas; what is not understood is left to the rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from sdgen.errors import did_you_mean
from sdgen.inference.names import snake
from sdgen.readers.drafts import spec
from sdgen.readers.snowfakery.cells import Cell, Unread, Values, expression, plain
from sdgen.readers.snowfakery.choices import choices, conditions
from sdgen.readers.snowfakery.formulas import formula, is_formula
from sdgen.readers.snowfakery.links import nested, random_reference, reference
from sdgen.readers.snowfakery.recipe import Raw
from sdgen.readers.snowfakery.tables import computed
from sdgen.scenario.model import GeneratorSpec

_GUESSED = Values(type="text", kind="text")
_GUESSED_AS = {
    "date_between": Values(type="date", kind="date"),
    "datetime_between": Values(type="timestamp", kind="timestamp"),
    "random_number": Values(type="int", kind="int"),
}


def column(cell: Cell, raw: Raw) -> Values:
    """The column of a field."""
    child = cell.template.nested.get(cell.field)
    # An object in a field is a row of its own table: the field is a link to it.
    if child is not None and not child.hidden:
        return nested(cell, child)
    return values_of(cell, raw)


def values_of(cell: Cell, raw: Raw) -> Values:
    """The values that a value of the recipe asks for."""
    value = raw.value
    # A single function behind a dash is a list of one, and means the function.
    if isinstance(value, list) and len(value) == 1:
        return values_of(cell, raw.at(0, value[0]))
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, inner),) = value.items()
        return _function(cell, raw.at(name, inner), str(name), inner)
    if isinstance(value, list | Mapping):
        return guessed(cell, raw, "an object" if isinstance(value, Mapping) and "object" in value else "a list")
    if is_formula(value):
        try:
            return formula(cell, raw, str(value), call)
        except Unread as part:
            return guessed(cell, raw, f"the formula {part}")
    return plain(value)


def guessed(cell: Cell, raw: Raw, what: str) -> Values:
    """Values that the rules choose by the column's name."""
    what = what if len(what) <= 120 else what[:119] + "…"
    # A hidden field is written nowhere: to guess values for it would help nobody.
    if cell.field.startswith("__"):
        cell.note(raw, f"{what} is not understood: left out")
    else:
        cell.note(raw, f"{what} is not understood: guessed from the field's name", "give the column a generator")
    return _GUESSED


def _function(cell: Cell, raw: Raw, name: str, value: Any) -> Values:
    if isinstance(value, Mapping):
        made = call(cell, raw, name, [], dict(value))
    # These take the list itself; other functions take its elements as arguments.
    elif name in ("random_choice", "if", "debug"):
        made = call(cell, raw, name, [value], {})
    else:
        made = call(cell, raw, name, value if isinstance(value, list) else [] if value is None else [value], {})
    if made is None:
        guess = guessed(cell, raw, name)
        # The function still tells the type, though its arguments are not understood.
        return _GUESSED_AS.get(name, guess)
    return made


def call(cell: Cell, raw: Raw, name: str, args: list[Any], named: dict[str, Any]) -> Values | None:
    """The values of one of the recipe's functions, variables or hidden objects; None where none is called so."""
    if name == "fake" and args:
        return fake(cell, raw, str(args[0]), named)
    if name.lower().replace("_", "") == "fake.randomelement" and isinstance(named.get("elements"), list | tuple):
        return choices(cell, raw, list(named["elements"]), values_of)
    if name.startswith("fake."):
        return fake(cell, raw, name.removeprefix("fake."), named)
    # Functions go before variables, so that a variable can't change what a function's name means.
    function = _FUNCTIONS.get(name)
    if function is not None:
        return function(cell, raw, args, named)
    return None if args or named else _variable(cell, name)


def _variable(cell: Cell, name: str) -> Values | None:
    """A variable's values, or those of a field of the object it holds; each row draws its own."""
    first, _, rest = name.partition(".")
    raw = cell.whole.recipe.variables.get(first) or _hidden_field(cell, first)
    if raw is None:
        return None
    value = raw.value[0] if isinstance(raw.value, list) and len(raw.value) == 1 else raw.value
    inner = value.get("fields") if isinstance(value, Mapping) and "object" in value else None
    if rest:
        raw = raw.at(rest, inner[rest]) if isinstance(inner, Mapping) and rest in inner else None
    elif inner is not None:
        return None
    # A variable may be defined by others, or by itself.
    if raw is None or cell.field.count("$") > 8:
        return None
    made = values_of(replace(cell, field=f"{cell.field}${name}"), raw)
    if not made.plain:
        cell.note(raw, f"{name} is shared in the recipe: here each row of {cell.table.name} draws its own")
    return made


def _hidden_field(cell: Cell, name: str) -> Raw | None:
    """A field of the row that holds a hidden object."""
    child = cell.template.nested.get(name)
    return cell.template.fields.get(name) if child is not None and child.hidden else None


def _number(cell: Cell, raw: Raw, args: list[Any], named: dict[str, Any]) -> Values | None:
    """`random_number`: whole numbers, both ends included."""
    given = {**dict(zip(("min", "max", "step"), args, strict=False)), **named}
    values = {key: computed(value, cell.options) for key, value in given.items()}
    least, most, step = values.get("min", 0), values.get("max"), values.get("step", 1)
    whole = [each for each in (least, most, step) if isinstance(each, int | float) and each == each // 1]
    if len(whole) < 3 or whole[0] > whole[1] or whole[2] < 1:
        return None
    low, high, each = (int(number) for number in whole)
    kind = "int" if low >= -(2**31) and high < 2**31 else "bigint"
    params = {"min": low, "max": high, **({"step": each} if each > 1 else {})}
    return Values(spec("uniform_int", **params), kind, "int")


def _between(generator: str, kind: str) -> Callable[..., Values | None]:
    def between(cell: Cell, raw: Raw, args: list[Any], named: dict[str, Any]) -> Values | None:
        given = {**dict(zip(("start_date", "end_date"), args, strict=False)), **named}
        ends = []
        for key in ("start_date", "end_date"):
            value = computed(given.get(key), cell.options)
            if value is None or isinstance(value, list | Mapping):
                return None
            ends.append(relative(value))
        for key in given.keys() - {"start_date", "end_date"}:
            cell.note(raw, f"{key} is not used: times are in UTC")
        # One moment is a constant; "now" is no constant until a run fixes it.
        if ends[0] == ends[1] and ends[0] != "now":
            return replace(plain(ends[0]), type=kind, kind=kind)
        return Values(spec(generator, start=ends[0], end=ends[1]), "", kind)

    return between


def _moment(kind: str) -> Callable[..., Values | None]:
    def moment(cell: Cell, raw: Raw, args: list[Any], named: dict[str, Any]) -> Values | None:
        if args or not named:
            text = str(args[0]).strip() if args else "now"
            if text in ("now", "today"):
                return expression("cast(as_of as date)" if kind == "date" else "as_of", kind)
            found = plain(text)
            return replace(found, type=kind, kind=kind) if found.kind in ("date", "timestamp") else None
        parts = [computed(named.get(key, 1 if key in ("month", "day") else 0), cell.options) for key in _CLOCK]
        if not all(isinstance(part, int) for part in parts):
            return None
        year, month, day, hour, minute, second = parts
        text = f"{year:04}-{month:02}-{day:02}"
        return plain(text if kind == "date" else f"{text} {hour:02}:{minute:02}:{second:02}")

    return moment


_CLOCK = ("year", "month", "day", "hour", "minute", "second")


def _unique_id(cell: Cell, raw: Raw, args: list[Any], named: dict[str, Any]) -> Values:
    return Values(spec("uniform_int", min=1_000_000, max=999_999_999_999), "bigint", "int", unique=True)


def _alpha_code(cell: Cell, raw: Raw, args: list[Any], named: dict[str, Any]) -> Values:
    return Values(spec("pattern", regex="[0-9A-Z]{8}"), "string", "text", unique=True)


def _counter(cell: Cell, raw: Raw, args: list[Any], named: dict[str, Any]) -> Values | None:
    start, step = (computed(named.get(key, 1), cell.options) for key in ("start", "step"))
    if not isinstance(start, int) or not isinstance(step, int) or not step:
        return None
    return Values(spec("sequence", start=start, step=step if step != 1 else None), "bigint", "int")


def _date_counter(cell: Cell, raw: Raw, args: list[Any], named: dict[str, Any]) -> Values | None:
    start, step = str(named.get("start_date", "today")), str(named.get("step", "+1d"))
    # Months and years differ in length, so that no row's date follows from its number by a product.
    if is_formula(start) or is_formula(step) or step.strip()[-1:] in ("M", "y"):
        return None
    return Values(spec("time_series", start=relative(start), step=relative(step)), "date", "date")


def _to(make: Callable[[Cell, Raw, Any], Values]) -> Callable[..., Values | None]:
    def to(cell: Cell, raw: Raw, args: list[Any], named: dict[str, Any]) -> Values | None:
        value = named if "to" in named else args[0] if args else named.get("x")
        return make(cell, raw, value) if value and not is_formula(value) else None

    return to


def _choice(cell: Cell, raw: Raw, args: list[Any], named: dict[str, Any]) -> Values | None:
    listed = args[0] if len(args) == 1 and isinstance(args[0], list) else args
    return choices(cell, raw, named or listed, values_of)


def _if(cell: Cell, raw: Raw, args: list[Any], named: dict[str, Any]) -> Values | None:
    return conditions(cell, raw, args[0] if args else [], values_of, call)


def _debug(cell: Cell, raw: Raw, args: list[Any], named: dict[str, Any]) -> Values | None:
    return values_of(cell, replace(raw, value=args[0] if args else named))


_FUNCTIONS: dict[str, Callable[..., Values | None]] = {
    "random_number": _number,
    "random_choice": _choice,
    "if": _if,
    "debug": _debug,
    "reference": _to(reference),
    "random_reference": _to(random_reference),
    "date_between": _between("date", "date"),
    "datetime_between": _between("datetime", "timestamp"),
    "date": _moment("date"),
    "datetime": _moment("timestamp"),
    "unique_id": _unique_id,
    "unique_alpha_code": _alpha_code,
    "UniqueId.unique_id": _unique_id,
    "Counters.NumberCounter": _counter,
    "Counters.DateCounter": _date_counter,
}


_WHO = frozenset(
    ["billing", "shipping", "mailing", "other", "home", "work", "business", "personal", "office", "delivery"]
)
_RELATIVE = re.compile(r"([+-]?)\s*(\d+)\s*([smhdwMy])")
_KINDS = {
    **dict.fromkeys(("address.latitude", "address.longitude", "uniform_float"), "float"),
    **dict.fromkeys(("uniform_int", "epoch"), "int"),
    **dict.fromkeys(("date", "person.birth_date"), "date"),
    "datetime": "timestamp",
    "boolean": "bool",
    "time": "time",
    "decimal": "float",
}


@cache
def _table() -> dict[str, dict[str, Any]]:
    text = files("sdgen").joinpath("data/faker.yaml").read_text("utf-8")
    found = yaml.safe_load(text)
    # Snowfakery takes FirstName and first_name for the same.
    return {_plain(name): entry for name, entry in found.items()}


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def fake(cell: Cell, raw: Raw, provider: str, params: Mapping[str, Any]) -> Values:
    """A provider's values; one that is not known is left to the rules, which go by the column's name."""
    entry = _table().get(_plain(provider))
    if entry is None:
        cell.note(raw, f"fake: {provider} is not known: guessed from the field's name", did_you_mean(provider, names()))
        return Values(type="text", kind="text")
    takes = entry.get("takes", {})
    own = dict(entry.get("params", {}))
    for key, value in params.items():
        param = takes.get(key)
        moment = param in ("start", "end")
        if param is None or isinstance(value, list | Mapping) or (isinstance(value, str) and "${{" in value):
            # A param that asks for nothing changes nothing, and need not be told.
            if value not in (None, False) and key != "variable_nb_words":
                cell.note(raw, f"fake: {provider}: {key} is not used")
        elif value is not None:
            own[param] = relative(value) if moment else value
    if entry["generator"].startswith("address.") and (who := _who(cell.field)):
        own["who"] = who
    if "loses" in entry:
        cell.note(raw, f"fake: {provider}: {entry['loses']}")
    kind = "text" if entry.get("type") == "string" else _KINDS.get(entry["generator"], "text")
    return Values(GeneratorSpec(type=entry["generator"], params=own), entry.get("type", ""), kind)


def _who(field: str) -> str:
    """Whose address a field speaks of: BillingCity and BillingState of the same."""
    first = snake(field).partition("_")[0]
    return first if first in _WHO else ""


def relative(value: Any) -> str:
    """A moment as sdgen writes it: +10M is 10mo, today and now are now, dates stay."""
    text = str(value).strip()
    match = _RELATIVE.fullmatch(text)
    if match:
        unit = {"M": "mo"}.get(match[3], match[3])
        return f"{match[1] or '+'}{match[2]}{unit}"
    return "now" if text in ("today", "now") else text


def names() -> list[str]:
    """The providers that are known."""
    return sorted(_table())
