"""Any other method of mimesis's providers, by its name (`food.dish`), through a pool of its values.

The pool is made once, by a generator seeded from the names and params alone, so columns share it; rows draw from it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from sdgen.errors import did_you_mean
from sdgen.generators.base import Generator, ParamError
from sdgen.generators.column_batch import ColumnContext
from sdgen.generators.domains import Domain
from sdgen.generators.pools import chain, digest, text_array
from sdgen.generators.streams import Numbers, stream_key
from sdgen.generators.text_generator import PLAIN_TEXTS, STRING
from sdgen.scenario.types import NUMBERS, TIMES, Type

# Methods that change the provider instead of giving a value.
_UNFIT = {"reseed", "validate_enum", "update_dataset", "override_locale", "get_current_locale"}
# Methods that read the clock, or whose values differ from one process to the next.
_UNSTEADY = {
    "past_date",
    "past_datetime",
    "future_date",
    "future_datetime",
    "jwt",
    "calver",
    "http_request_headers",
} | {*("query_parameters", "query_string", "increment", "bulk_create_datetimes")}
# Years that mimesis would otherwise take from the clock.
_DATES, _MOMENTS = {"start": 2000, "end": 2025}, {"start": 2015, "end": 2025}
_YEARS: dict[str, dict[str, Any]] = {
    "datetime.date": _DATES,
    "datetime.week_date": _DATES,
    "datetime.formatted_date": _DATES,
    "datetime.datetime": _MOMENTS,
    "datetime.formatted_datetime": _MOMENTS,
    "datetime.timestamp": _MOMENTS,
    "datetime.year": {"minimum": 1990, "maximum": 2025},
}
_TRIES = 10  # draws for each wanted value, before a smaller pool is taken


@cache
def methods() -> frozenset[str]:
    """The names `provider.method` there are."""
    made = _mimesis("en", 0)
    found = set()
    # Methods are found and not listed: what a release of mimesis adds can be used.
    for provider in dir(made):
        if provider.startswith("_") or provider in ("choice", "binaryfile"):
            continue
        instance = getattr(made, provider)
        for method in dir(type(instance)):
            if method[0].islower() and method not in _UNFIT | _UNSTEADY and callable(getattr(instance, method, None)):
                found.add(f"{provider}.{method}")
    return frozenset(found)


def find_provider(name: str) -> type[Generator] | None:
    """The class of generators for a method of mimesis; None where there is no such method."""
    provider, _, method = name.partition(".")
    if not (provider.isidentifier() and method.isidentifier()) or name not in methods():
        return None
    return ProviderPool


class ProviderPool(Generator):
    """A value of a mimesis provider, from a pool made once."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)
    fits: ClassVar[frozenset[str]] = PLAIN_TEXTS | {"enum", "bool"} | NUMBERS | (TIMES - {"time"})
    example: ClassVar[str] = "{generator: food.dish, params: {pool: 200}}"

    pool: int = Field(default=1000, ge=1, le=1_000_000, description="how many different values to make, at most")
    params: dict[str, Any] = Field(default_factory=dict, description="the method's own params")

    def natural(self) -> Type:
        try:
            return _natural(_pool_of(self.called, "en", _frozen(self._own), min(self.pool, 50)).type)
        except Exception:  # the params are wrong, as `faults` says
            return STRING

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        known = params_of(self.called)
        for name in self._own:
            if name not in known and name not in _YEARS.get(self.called, {}):
                yield ParamError(name, f"{self.called} has no param {name!r}", did_you_mean(name, [*known, "pool"]))
                return
        try:
            made = len(self._values(facts))
        except Exception as error:  # whatever the outside package raises is about the params
            yield ParamError(
                "params", f"{self.called} can't make values: {error}", "see the method's params in mimesis"
            )
            return
        if not made:
            yield ParamError(
                "", f"{self.called} has no values for the locale {facts.locale!r}", "choose another locale"
            )

    def domain(self, facts: ColumnContext) -> Domain | None:
        return _Listed(self._values(facts))

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        # The values themselves are made by another package, so that their digest tells when they change.
        made = self._values(facts).cast(pa.string())
        return {f"mimesis {self.called} {chain(facts.locale)[0]}": digest(made)}

    @property
    def _own(self) -> dict[str, Any]:
        return {**_YEARS.get(self.called, {}), **(self.model_extra or {}), **self.params}

    def _values(self, facts: ColumnContext) -> pa.Array:
        return _pool_of(self.called, chain(facts.locale)[0], _frozen(self._own), self.pool)


class _Listed:
    """A domain of listed values of any type."""

    def __init__(self, values: pa.Array) -> None:
        self.values = values
        self.size = len(values)

    def decode(self, indexes: Numbers) -> pa.Array:
        return self.values.take(pa.array(indexes))


@lru_cache(maxsize=512)
def _pool_of(name: str, locale: str, params: tuple[tuple[str, str, Any], ...], size: int) -> pa.Array:
    """Distinct values in the order they came, `size` of them if the method has so many."""
    given = {key: value for key, _, value in params}
    # Seeded by names and params alone, so that all columns of one method share the pool.
    seed = stream_key(0, "provider", name, locale, *(f"{key}={shown}" for key, shown, _ in params))
    provider, _, method = name.partition(".")
    call = getattr(getattr(_mimesis(locale, seed), provider), method)
    # A dictionary and not a set: its order is that in which the values came, in every process.
    found: dict[Any, None] = {}
    for _ in range(size * _TRIES):
        value = call(**given)
        if value is not None:
            found[_plain(value)] = None
        if len(found) == size:
            break
    return _array(list(found))


def _array(values: list[Any]) -> pa.Array:
    # Types are told by the values, since the methods have none that could be relied on.
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return pa.array(np.array(values, dtype=np.bool_))
    if kinds == {int} and all(abs(value) < 1 << 62 for value in values):
        return pa.array(np.array(values, dtype=np.int64))
    if kinds <= {int, float}:
        return pa.array(np.array(values, dtype=np.float64))
    if kinds == {datetime}:
        return pa.array(np.array(values, dtype="datetime64[us]"))
    if kinds == {date}:
        return pa.array(np.array(values, dtype="datetime64[D]"))
    return text_array(str(value) for value in values)


def _plain(value: Any) -> Any:
    """A value that can be compared and listed: what is no scalar becomes text."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, (bool, int, float, str, date)):
        return value
    if isinstance(value, (Decimal, time)):
        return str(value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
        return " ".join(value)
    return str(value)


def _natural(arrow: pa.DataType) -> Type:
    kinds = {pa.bool_(): "bool", pa.int64(): "bigint", pa.float64(): "double", pa.date32(): "date"}
    if pa.types.is_timestamp(arrow):
        return Type("timestamp")
    return Type(kinds[arrow]) if arrow in kinds else STRING


def _frozen(params: Mapping[str, Any]) -> tuple[tuple[str, str, Any], ...]:
    """Params as a hashable value: lists become tuples."""
    return tuple(
        (key, repr(value), tuple(value) if isinstance(value, list) else value) for key, value in sorted(params.items())
    )


@cache
def params_of(name: str) -> tuple[str, ...]:
    """The params of a method of mimesis."""
    provider, _, method = name.partition(".")
    made = getattr(getattr(_mimesis("en", 0), provider), method)
    return tuple(parameter for parameter in inspect.signature(made).parameters if parameter not in ("args", "kwargs"))


def _mimesis(locale: str, seed: int) -> Any:
    """A bundle of all providers with a seed; imported here, for its import takes longer than small runs."""
    from mimesis import Generic
    from mimesis.locales import Locale

    return Generic(locale=Locale(locale), seed=seed)
