"""What CHECKs say → generators that keep to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sdgen.generators.base import Generator
from sdgen.inference.likely_states import weights
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_facts import EMPTY, NOW, ColumnBounds, Impossible, Value
from sdgen.readers.sql.check_patterns import fitting_pattern, longer_pattern
from sdgen.readers.sql.number_ranges import (
    SPAN,
    closed_range,
    is_on_edge,
    range_spec,
    rounded_to,
    stays_within,
    step_of,
    widest,
)
from sdgen.readers.sql.realistic import email, guard, keeps, realistic, tried, written
from sdgen.readers.sql.text_types import FALLBACKS
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGERS, NUMBERS, Type

_ELEMENTS = 4  # the most of an array that may have any number


def demanded(column: ColumnDraft, chosen: Generator | None, keyed: bool = False) -> GeneratorSpec | str | None:
    """The generator that keeps what is said of a column; None where `chosen` does; a text that says why there is none.

    chosen: the generator that rules find for the column. keyed: the column is unique, or in a unique set.
    """
    keyed = keyed or column.unique or column.primary
    if column.bounds.conditions:
        return _tried(column, chosen, keyed)
    plain = _plain_demanded(column, chosen, keyed)
    # A pattern of e-mail addresses would be kept by letters at random; addresses look like addresses.
    if "@" in column.bounds.pattern and isinstance(plain, GeneratorSpec) and (mail := email(column)) is not None:
        return mail
    if chosen is None or isinstance(plain, str) or (plain is None and column.bounds.values is None):
        return plain
    return realistic(column, chosen, plain, keyed)


def _tried(column: ColumnDraft, chosen: Generator | None, keyed: bool) -> GeneratorSpec | str | None:
    """Values that keep conditions which nothing is known of but whether a value keeps them."""
    # First the generator that the understood conditions ask for: its values are then tried by the others.
    plain = demanded(replace(column, bounds=replace(column.bounds, conditions=())), chosen, keyed)
    check = guard("value", replace(column.bounds, not_null=False, storage=()))
    if isinstance(plain, str) or not check:
        return plain or "is not understood"
    spec = plain or (written(chosen) if chosen is not None and not chosen.needs() else None)
    return tried(column, spec or FALLBACKS.get(column.type.kind), check, keyed)


def _plain_demanded(column: ColumnDraft, chosen: Generator | None, keyed: bool) -> GeneratorSpec | str | None:
    bounds = column.bounds
    # From what leaves the least choice to what leaves the most: a list, then ends, then a pattern or a length.
    if bounds.values is not None:
        return _one_of(column.type, bounds)
    if column.type.kind == "enum" and bounds.other_than:
        values = tuple(value for value in column.type.values if value not in bounds.other_than)
        if not values:
            return Impossible("no value is allowed by all of its CHECKs")
        return GeneratorSpec(type="choice", params={"values": list(values)})
    if bounds.low is not None or bounds.high is not None:
        return _in_range(column.type, bounds, chosen)
    if column.type.kind == "array":
        return _sized(column)
    return _text(column, keyed) if column.type.kind in ("string", "text") else _other_than(column, chosen)


def _plain_array(type: Type) -> GeneratorSpec | None:
    """Elements as usual, for lists whose own generator would be guessed later."""
    items = FALLBACKS.get(type.items[0].kind)
    nested = items and {"generator": items.type, "params": dict(items.params)}
    return GeneratorSpec(type="array", params={"items": nested}) if nested else None


def _sized(column: ColumnDraft) -> GeneratorSpec | str | None:
    """An array with as many elements as is bounds."""
    bounds, spec = column.bounds, column.generator or _plain_array(column.type)
    if spec is None or (not bounds.shortest and not bounds.longest):
        return None
    if bounds.longest == EMPTY:
        none = Impossible("no array has as many elements as its CHECKs ask")
        return none if bounds.shortest else GeneratorSpec(type=spec.type, params={**spec.params, "min": 0, "max": 0})
    most = max(min(bounds.longest or _ELEMENTS, _ELEMENTS), bounds.shortest)
    if bounds.longest and most > bounds.longest:
        return Impossible("no array has as many elements as its CHECKs ask")
    return GeneratorSpec(type=spec.type, params={**spec.params, "min": bounds.shortest, "max": most})


def _one_of(type: Type, bounds: ColumnBounds) -> GeneratorSpec | str:
    values = [
        _plain(value, type)
        for value in bounds.values or ()
        if value not in bounds.other_than and _inside(value, bounds) and _spelled(value, bounds)
    ]
    if type.kind == "bool":
        values = [value for value in values if isinstance(value, bool)] or values
    if not values:
        return Impossible("no value is allowed by all of its CHECKs")
    if len(values) == 1:
        return GeneratorSpec(type="const", params={"value": values[0]})
    shares = weights(values)
    return GeneratorSpec(type="choice", params={"values": values} | ({"weights": shares} if shares else {}))


def _inside(value: Value, bounds: ColumnBounds) -> bool:
    if not isinstance(value, Decimal):
        return True
    low = not isinstance(bounds.low, Decimal) or value > bounds.low or (value == bounds.low and not bounds.low_open)
    high = (
        not isinstance(bounds.high, Decimal) or value < bounds.high or (value == bounds.high and not bounds.high_open)
    )
    return low and high


def _spelled(value: Value, bounds: ColumnBounds) -> bool:
    """Whether a text keeps what is said of its letters, as far as Python reads the pattern."""
    if not isinstance(value, str):
        return True
    try:  # patterns are the database's, and may have what Python's have not
        fits = not bounds.pattern or re.fullmatch(bounds.pattern, value) is not None
    except re.error:
        fits = True
    cased = not bounds.letters or value == (value.lower() if bounds.letters == "lower" else value.upper())
    return fits and cased and bounds.shortest <= len(value) <= (bounds.longest or len(value))


def _plain(value: Value, type: Type) -> object:
    if not isinstance(value, Decimal):
        # PostgreSQL takes these texts, and their beginnings, for booleans.
        if type.kind == "bool" and isinstance(value, str):
            return value.lower() in ("t", "true", "y", "yes", "1")
        return value
    if type.kind == "bool":
        return value != 0
    if type.kind in ("string", "text", "enum"):
        return str(value)
    return int(value) if value == value.to_integral_value() else float(value)


def _in_range(type: Type, bounds: ColumnBounds, chosen: Generator | None) -> GeneratorSpec | str | None:
    if type.kind == "bool":
        return _truths(bounds)
    ranger = next((ranger for kinds, ranger in _RANGERS if type.kind in kinds), None)
    if ranger is None:
        return f"a range of {type} is not understood"
    return ranger(type, bounds, chosen)


def _truths(bounds: ColumnBounds) -> GeneratorSpec | str | None:
    """MySQL's booleans are 0 and 1, and may be asked to lie between."""
    kept = [bit for bit in (0, 1) if _inside(Decimal(bit), bounds) and Decimal(bit) not in bounds.other_than]
    if len(kept) == 2:
        return None
    return (
        GeneratorSpec(type="const", params={"value": bool(kept[0])})
        if kept
        else Impossible("neither 0 nor 1 is allowed")
    )


def _numbers(type: Type, bounds: ColumnBounds, chosen: Generator | None) -> GeneratorSpec | str | None:
    if isinstance(bounds.low, str) or isinstance(bounds.high, str):
        return "a number is compared with a text"
    step = step_of(type)
    low = (
        None
        if bounds.low is None
        else rounded_to(bounds.low, step, up=True) + step * is_on_edge(bounds.low, step, bounds.low_open)
    )
    high = (
        None
        if bounds.high is None
        else rounded_to(bounds.high, step, up=False) - step * is_on_edge(bounds.high, step, bounds.high_open)
    )
    # x >= 0 AND x <> 0 is x > 0, which what a rule chose for the name may keep.
    if low is not None and low == 0 and Decimal(0) in bounds.other_than:
        low = step
    refused = {value for value in bounds.other_than if isinstance(value, Decimal)}
    # What a rule chose for the name is more like real values than a range: it stays where it keeps the CHECK anyway.
    if chosen is not None and not refused - {0} and stays_within(chosen, low, high):
        return written(chosen)
    # A range can't have holes: of the parts between refused values the widest is taken.
    low, high = widest(*closed_range(low, high, type), refused, step)
    if low > high:
        return Impossible(f"no {type} lies between its CHECKs")
    return range_spec(type, low, high)


def stretched(column: ColumnDraft, rows: int) -> GeneratorSpec | None:
    """As many numbers as a column's CHECKs allow, up to one for each row where they leave an end open."""
    bounds, far = column.bounds, max(SPAN, rows)
    if bounds.values is not None or column.type.kind not in INTEGERS | {"decimal"}:
        return None
    if isinstance(bounds.low, Decimal) and bounds.high is None:
        bounds = replace(bounds, high=bounds.low + far)
    elif isinstance(bounds.high, Decimal) and bounds.low is None:
        bounds = replace(bounds, low=bounds.high - far)
    elif not isinstance(bounds.low, Decimal) or not isinstance(bounds.high, Decimal):
        return None
    found = _numbers(column.type, bounds, None)
    return found if isinstance(found, GeneratorSpec) and found != column.generator else None


def _dates(type: Type, bounds: ColumnBounds, chosen: Generator | None) -> GeneratorSpec | str | None:
    """Dates and moments. An end by the clock is as_of; a missing one is the generator's own or years away."""
    if isinstance(bounds.low, Decimal) or isinstance(bounds.high, Decimal):
        return "a time is compared with a number"
    if not all(end is None or _is_moment(end) for end in (bounds.low, bounds.high)):
        return "a time is compared with a text that is none"
    name = "date" if type.kind == "date" else "datetime"
    params: dict[str, Any] = {}
    if bounds.low is not None:
        # A day more or less opens an end of dates; of moments, a draw hardly ever meets the very end.
        params["start"] = _moment(bounds.low, 1 if bounds.low_open and name == "date" else 0)
    if bounds.high is not None:
        params["end"] = _moment(bounds.high, -1 if bounds.high_open and name == "date" else 0)
    # The generators' own defaults end at as_of: an end or a start of another time needs a partner near it.
    if "start" not in params and bounds.high != NOW:
        params["start"] = _years_from(params["end"], -5)
    if params.get("start") == "now" or (bounds.low == NOW and "end" not in params):
        params["end"] = params.get("end", "+1y")
        params["start"] = "+1d"
    elif "end" not in params and (params["start"][0] == "+" or params["start"][:4] >= "2024"):
        params["end"] = _years_from(params["start"], 5)
    if _is_after(*(str(params.get(end, "")) for end in ("start", "end"))):
        return Impossible(f"no {type} lies between its CHECKs")
    return GeneratorSpec(type=name, params=params)


_BY_THE_CLOCK = re.compile(r"([+-]\d+)d")


def _is_moment(end: Decimal | str) -> bool:
    """Whether an end of a range is a date, a moment, or relative to the clock's."""
    from datetime import datetime

    text = _moment(end, 0)
    if text == NOW or _BY_THE_CLOCK.fullmatch(text):
        return True
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _years_from(moment: str, years: int) -> str:
    """A moment some years from another one, which is a date or relative to the clock's."""
    relative = _BY_THE_CLOCK.fullmatch(moment)
    if relative is not None:
        return f"{int(relative[1]) + 365 * years:+d}d"
    return f"{int(moment[:4]) + years:04d}-01-01" if moment[:4].isdigit() else f"{years:+d}y"


def _is_after(start: str, end: str) -> bool:
    """Whether one moment is after another of its kind: two dates, or two by the clock."""
    one, other = _BY_THE_CLOCK.fullmatch(start), _BY_THE_CLOCK.fullmatch(end)
    if one is not None and other is not None:
        return int(one[1]) > int(other[1])
    return start[:4].isdigit() and end[:4].isdigit() and start > end


def _moment(text: Decimal | str, days: int) -> str:
    from datetime import datetime, timedelta

    if text == NOW:
        return "-1d" if days < 0 else "now"
    relative = _BY_THE_CLOCK.fullmatch(str(text))
    if relative is not None:
        return f"{int(relative[1]) + days:+d}d"
    try:
        moment = datetime.fromisoformat(str(text).strip().replace("/", "-")) + timedelta(days=days)
    except ValueError:
        return str(text)
    return moment.isoformat() if (moment.hour, moment.minute, moment.second) != (0, 0, 0) else moment.date().isoformat()


def _other_than(column: ColumnDraft, chosen: Generator | None) -> GeneratorSpec | str | None:
    """A number that is none of some others: one above them all."""
    most = max((value for value in column.bounds.other_than if isinstance(value, Decimal)), default=None)
    if most is None or column.type.kind not in NUMBERS:
        return None
    return _in_range(column.type, ColumnBounds(low=most, low_open=True), chosen)


def _text(column: ColumnDraft, keyed: bool) -> GeneratorSpec | str | None:
    """A text by its pattern, or of a length. What rules make is never empty, and cut to the column's length."""
    type, bounds = column.type, column.bounds
    # 0 stands for no limit, on both sides.
    most = min(filter(None, (bounds.longest, type.length)), default=0)
    if bounds.pattern:
        within = fitting_pattern(bounds.pattern, most)
        if not within:
            return "no text can be made of its pattern"
        regex = longer_pattern(within, bounds.shortest, most)
        spec = GeneratorSpec(type="pattern", params={"regex": regex})
        if not regex:
            return "its pattern and its other CHECKs are not kept together"
        return _tried_text(column, spec, keyed)
    if bounds.shortest < 2 and not bounds.letters and not bounds.matches:
        return None
    letters = {"lower": "[a-z0-9]", "upper": "[A-Z0-9]"}.get(bounds.letters, "[a-z]")
    # Texts of one or two letters would repeat soon; six letters make 300 million.
    least = max(bounds.shortest, min(6, most or 6))
    high = min(most or least + 8, least + 8)
    if least > high:
        return Impossible("no text is as long as its CHECKs ask")
    size = f"{{{least}}}" if least == high else f"{{{least},{high}}}"
    return _tried_text(column, GeneratorSpec(type="pattern", params={"regex": letters + size}), keyed)


def _tried_text(column: ColumnDraft, spec: GeneratorSpec, keyed: bool) -> GeneratorSpec | str:
    """Texts that may hold what another pattern forbids, or lack what it asks for: those that do are drawn again."""
    check = guard("value", replace(column.bounds, not_null=False, storage=()))
    return spec if not check or keeps(spec, column.type, column.bounds) else tried(column, spec, check, keyed)


Ranger = Callable[[Type, ColumnBounds, Generator | None], GeneratorSpec | str | None]
_RANGERS: tuple[tuple[frozenset[str], Ranger], ...] = (
    (INTEGERS | {"decimal", "float", "double"}, _numbers),
    (frozenset({"date", "timestamp", "timestamptz"}), _dates),
)
