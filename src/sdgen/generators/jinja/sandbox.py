"""Where templates run: nothing but values, with bounds on what one rendering may do.

Jinja's sandbox keeps templates from Python's internals. This one is narrower, since a template may come with a request:
what can be read, called and filtered stands on lists, and each rendering has a budget of steps, so that none fills the
memory or goes on for ever. Nothing on the lists knows the time, the process or chance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa
from jinja2 import StrictUndefined, pass_context
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sdgen.generators.jinja import draws
from sdgen.generators.jinja.draws import HEAVIEST, Draws, ExcessError, check_length, text_of
from sdgen.generators.text import templates

DRAWS = "_draws"  # the name under which a context holds the row's draws: no template can write it
EACH, CONCAT, LITERAL = "_each", "_concat", "_literal"  # filters that the compiled template has where none is written


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Filters of Jinja that are pure; those of texts get each value as it would be written.
# Text filters work on what a value would be written as, so that null is an empty text to them.
_TEXT_FILTERS = _names("capitalize lower title trim truncate upper urlencode wordcount")
_VALUE_FILTERS = _names(
    "abs count d default dictsort first float int items last length list map max min reject rejectattr reverse select"
    " selectattr sort unique"
)
TESTS = _names(
    "boolean defined divisibleby eq equalto even false float ge greaterthan gt in integer iterable le lessthan lower"
    " lt mapping ne none number odd sequence string true undefined upper == != < <= > >="
)
# Widths and places have few digits, so that a format can't fill the memory.
_FORMATS = re.compile(r"%(?:%|[-+ 0#]{0,5}\d{0,3}(?:\.\d{1,2})?[sdifgxXoeEG])")
_OF_MOMENTS = _names("year month day hour minute second microsecond date time weekday isoweekday isoformat")
_READABLE: tuple[tuple[type, frozenset[str]], ...] = (
    (str, _names("capitalize count endswith find lower lstrip rstrip split startswith strip title upper")),
    (dict, _names("get items keys values")),
    (LoopContext, _names("cycle first index index0 last length nextitem previtem revindex revindex0")),
    (date, _OF_MOMENTS),
    (time, _OF_MOMENTS),
    (timedelta, _names("days seconds microseconds total_seconds")),
)


# --- filters, functions and operators of our own ---


def _joined(values: Iterable[Any], separator: Any = "", attribute: Any = None) -> str:
    parts = values if attribute is None else [value[attribute] for value in values]
    texts = [part if type(part) is str else text_of(part) for part in parts]
    between = text_of(separator)
    # The length is known before the text is made.
    check_length(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _replaced(value: Any, old: str, new: str, count: int = -1) -> str:
    text = text_of(value)
    # As long as the text can become, and not as long as it does: the count must come before the work.
    check_length(len(text) + text.count(old) * len(new))
    return text.replace(old, new, count)


def _formatted(value: Any, *args: Any) -> str:
    pattern = text_of(value)
    if "%" in _FORMATS.sub("", pattern):
        raise ValueError(f"format takes %s, %d, %05d, %.2f and the like, not {pattern!r}")
    return pattern % tuple(arg if isinstance(arg, (int, float)) else text_of(arg) for arg in args)


def _rounded(value: Any, places: int = 0, method: str = "common") -> Any:
    if not 0 <= places <= 15:
        raise ValueError("round takes from 0 to 15 places")
    return _plain().call_filter("round", value, (places, method))


def _summed(values: Iterable[Any], attribute: Any = None, start: Any = 0) -> Any:
    # Adding texts or lists would be a way around the weights of + and join.
    numbers = [start, *(value if attribute is None else value[attribute] for value in values)]
    if not all(map(_is_number, numbers)):
        raise TypeError("sum adds numbers")
    return sum(numbers)


def _like_template(name: str) -> Callable[..., str | None]:
    """A filter of the generator `template`, for one value: both write the same."""
    # One definition for both kinds of templates, so that their filters write the same.
    known = templates.FILTERS[name]

    def filtered(value: Any, argument: Any = "") -> str | None:
        if problem := known.check(str(argument)):
            raise ValueError(f"{name} {problem.replace(' behind a colon', '')}")
        if value is None:
            return None
        array = pa.array([value if isinstance(value, (date, time)) else text_of(value)])
        return str(known.apply(array, str(argument))[0])

    return filtered


_OWN: Mapping[str, Callable[..., Any]] = {
    "date": _like_template("date"),
    "format": _formatted,
    "join": _joined,
    "pad": _like_template("pad"),
    "replace": _replaced,
    "round": _rounded,
    "slug": _like_template("slug"),
    "string": text_of,
    "sum": _summed,
    "tojson": lambda value: text_of([value])[1:-1],
}


def _range(drawn: Draws, *ends: int) -> list[int]:
    numbers = range(*ends)
    if len(numbers) > HEAVIEST:
        raise ExcessError(f"a range of more than {HEAVIEST:,} numbers")
    return list(numbers)


FILTERS = _TEXT_FILTERS | _VALUE_FILTERS | _OWN.keys() | draws.FILTERS.keys()
FUNCTIONS: Mapping[str, Callable[..., Any]] = {"random": draws.number, "range": _range, "weighted": draws.weighted}


def _plus(left: Any, right: Any) -> Any:
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return [*left, *right]
    return left + right


def _times(left: Any, right: Any) -> Any:
    text, often = (left, right) if isinstance(left, str) else (right, left)
    if isinstance(text, str) and isinstance(often, int):
        check_length(len(text) * often)
    elif not (_is_number(left) and _is_number(right)):
        raise TypeError("* multiplies numbers, or repeats a text")
    return left * right


def _power(left: Any, right: Any) -> Any:
    # Powers of floats differ from one machine to the next, and those of whole numbers can have any length.
    if not (isinstance(left, int) and isinstance(right, int) and 0 <= right <= 128):
        raise TypeError("** takes whole numbers, and exponents from 0 to 128")
    return left**right


def _remainder(left: Any, right: Any) -> Any:
    if not (_is_number(left) and _is_number(right)):
        raise TypeError("% takes numbers; texts are filled in by the filter format")
    return left % right


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal))


# --- the environment ---


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with less in it."""

    # Operators whose results may be larger than their operands.
    intercepted_binops = _names("+ * ** %")

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        # A positive list by type: Jinja's own sandbox lets all public attributes through.
        return any(isinstance(obj, kind) and attr in names for kind, names in _READABLE)

    def wrap_str_format(self, value: Any) -> None:
        """Never: Jinja would hand out a text's `format`, whose widths have no bound, before it asks what is safe."""

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        return _drawn(context).budget.checked(self.binop_table[operator](left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs.pop("_loop_vars", None)  # what Jinja hands to functions that take a context
        kwargs.pop("_block_vars", None)
        drawn = _drawn(__context)
        if __obj in FUNCTIONS.values():
            return drawn.budget.checked(__obj(drawn, *args, **kwargs))
        if not hasattr(__obj, "__self__"):
            raise TypeError(f"{text_of(__obj)!r} is no function")
        drawn.budget.taken(__obj.__self__)
        return drawn.budget.checked(__obj(*args, **kwargs))


def _drawn(context: Context) -> Draws:
    drawn: Draws = context.parent[DRAWS]
    return drawn


def _filter(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter under the rendering's budget. As it takes the context, none is computed while a template is compiled."""

    @pass_context
    def filtered(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        budget = _drawn(context).budget
        return budget.checked(function(budget.taken(value), *args, **kwargs))

    return filtered


def _filter_of_jinja(name: str) -> Callable[..., Any]:
    @pass_context
    def filtered(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        budget = _drawn(context).budget
        # Values are written first, so that filters of texts never see an object.
        taken = text_of(value) if name in _TEXT_FILTERS else value
        return budget.checked(_plain().call_filter(name, budget.taken(taken), args, kwargs, context))

    return filtered


def _filter_of_draws(function: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def filtered(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        return function(_drawn(context), value, *args, **kwargs)  # of values that are paid for

    return filtered


@pass_context
def _each(context: Context, values: Any, steps: int) -> Any:
    """What a loop runs over, all of its turns paid for: `steps` each."""
    # Lists and texts have a length, so that all turns of a loop can be paid for beforehand.
    if not isinstance(values, (list, tuple, dict, str)):
        raise TypeError(f"a loop runs over a list, not over {text_of(values)!r}")
    _drawn(context).budget.charge(len(values) * steps)
    return values


def _literal(value: Any) -> Any:
    """A list or record as it is written in the template: its size is what counts."""
    # A function within a list would come out as text with its address in it.
    for part in value.values() if isinstance(value, dict) else value:
        if callable(part):
            text_of(part)
    return value


@cache
def _plain() -> Sandbox:
    """The sandbox with Jinja's own filters, for those of ours that are the same."""
    return Sandbox(undefined=StrictUndefined)


@cache
def environment() -> Sandbox:
    """The environment that templates are compiled in."""
    # Undefined names are errors, since a text with a gap would be taken for data.
    made = Sandbox(undefined=StrictUndefined, finalize=text_of, autoescape=False)
    # Jinja's globals hold a source of chance, among others.
    made.globals.clear()
    made.filters = {
        **{name: _filter_of_jinja(name) for name in _TEXT_FILTERS | _VALUE_FILTERS},
        **{name: _filter(function) for name, function in _OWN.items()},
        **{name: _filter_of_draws(function) for name, function in draws.FILTERS.items()},
        EACH: _each,
        CONCAT: _filter(_joined),
        LITERAL: _filter(_literal),
    }
    made.tests = {name: test for name, test in made.tests.items() if name in TESTS}
    made.binop_table |= {"+": _plus, "*": _times, "**": _power, "%": _remainder}
    return made
