"""SourceBox distributions → generators of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log
from typing import Any

from sdgen.errors import did_you_mean
from sdgen.readers.drafts import spec
from sdgen.readers.sourcebox.document import ColumnRecord, DocumentPart
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import FLOATS, INTEGERS

Spec = GeneratorSpec
_WITHIN = 2.5  # standard deviations from a lognormal's median to its bounds, where no sigma is given
_PLACES = 2  # of floats that don't say how many


def by_law(column: ColumnRecord) -> Spec | None:
    """The generator of the column's distribution; None where it names none, or one that is not known."""
    make = _LAWS.get(column.law)
    if make is not None:
        return make(column)
    if column.law:
        assert column.params is not None
        hint = did_you_mean(column.law, _LAWS)
        column.params.note(
            f"the distribution {column.law!r} is not known: values are uniform", "distribution", hint=hint
        )
    return None


def uniform(column: ColumnRecord) -> Spec | None:
    """Numbers between the params' bounds, all equally likely; None where there are none."""
    params = _params(column)
    bounds = ordered(params, ("min", "min_value", "minimum"), ("max", "max_value", "maximum"))
    if not bounds:
        return None
    low, high = bounds.get("min", 0), bounds.get("max", bounds.get("min", 0) + 1000)
    if column.type.kind == "decimal":
        return spec("decimal", min=low, max=high, scale=params.whole("scale", "precision", "decimals"))
    if column.type.kind in INTEGERS and low == int(low) and high == int(high):
        return spec("uniform_int", min=int(low), max=int(high))
    return spec("uniform_float", min=low, max=high, precision=places(column, always=True))


def ordered(params: DocumentPart, least: tuple[str, ...], most: tuple[str, ...]) -> dict[str, Any]:
    """The bounds as `min` and `max`, those of them that are given; swapped where they stand the wrong way round."""
    low, high = params.number(*least), params.number(*most)
    if low is not None and high is not None and low > high:
        # A slip that leaves no doubt about what is meant is told and mended.
        params.note(f"{low} is more than {high}: they are taken the other way round", *least)
        low, high = high, low
    return {key: value for key, value in (("min", low), ("max", high)) if value is not None}


def places(column: ColumnRecord, always: bool = False) -> int | None:
    """Decimal places: as asked, or two for floats."""
    asked = _params(column).whole("precision", "scale", "decimals")
    if asked is not None and column.type.kind not in INTEGERS and column.type.kind != "decimal":
        return asked
    return (
        _PLACES if column.type.kind in FLOATS or (always and column.type.kind not in INTEGERS | {"decimal"}) else None
    )


def _normal(column: ColumnRecord) -> Spec:
    params = _params(column)
    bounds = ordered(params, ("min",), ("max",))
    mean, std = (
        params.number("mean", "mu", "average"),
        params.number("std_dev", "stddev", "std", "sigma", "standard_deviation"),
    )
    low, high = bounds.get("min", 0), bounds.get("max", 100)
    if mean is None or std is None:
        # Three standard deviations to each side, where the bounds alone are given.
        mean, std = (low + high) / 2 if mean is None else mean, std or (high - low) / 6 or 1
        params.note(f"the normal distribution is not told in full: mean {mean:g}, std {std:g}", "distribution")
    return spec("normal", mean=mean, std=abs(std) or 1, **bounds, precision=places(column))


def _lognormal(column: ColumnRecord) -> Spec:
    params = _params(column)
    bounds = ordered(params, ("min",), ("max",))
    median = params.number("median", "mean", "mode")
    if median is None or median <= 0:
        median = max((bounds.get("min", 1) * bounds.get("max", 10_000)) ** 0.5, 1) if bounds.get("max", 1) > 0 else 1
        params.note(f"the lognormal distribution has no median above 0: {median:g} is taken", "distribution")
    sigma = params.number("sigma", "std_dev", "stddev")
    # A number beyond that is a standard deviation in the values' own unit, which is no sigma.
    if sigma is None or not 0 < sigma <= 8:
        sigma = _sigma(median, bounds)
        params.note(f"the lognormal distribution has no sigma: {sigma} is taken, by its bounds", "distribution")
    return spec("lognormal", median=median, sigma=sigma, **bounds, scale=places(column))


def _sigma(median: float, bounds: Mapping[str, float]) -> float:
    """So wide that the bounds lie about `_WITHIN` standard deviations from the median."""
    reach = [abs(log(bound / median)) for bound in bounds.values() if bound > 0]
    # A bound at the median itself says nothing of the width.
    reach = [each for each in reach if each > 0.05]
    return max(0.1, min(2.0, round(sum(reach) / len(reach) / _WITHIN, 2))) if reach else 0.6


def _exponential(column: ColumnRecord) -> Spec:
    params = _params(column)
    bounds = ordered(params, ("min",), ("max",))
    rate = params.number("lambda", "rate")
    mean = params.number("mean", "scale") or (1 / rate if rate else None) or bounds.get("max", 5) / 5 or 1
    return spec("exponential", mean=abs(mean), **bounds, precision=places(column))


def _weighted(column: ColumnRecord) -> Spec | None:
    return _ranges(column) if _params(column).get("ranges") else choice(column)


def _ranges(column: ColumnRecord) -> Spec | None:
    params, found = _params(column), []
    for part in params.parts("ranges", "buckets"):
        bounds = ordered(part, ("min", "from", "low"), ("max", "to", "high"))
        weight = part.number("weight", "probability", "percentage", "percent", "share")
        if len(bounds) < 2:
            part.refuse("a range needs min and max")
            continue
        part.passed_over(("label", "name", "description"), "the range's")
        found.append({**bounds, **({} if weight is None else {"weight": weight})})
    if not found:
        return None
    whole = all(isinstance(each[key], int) for each in found for key in ("min", "max"))
    asked = None if column.type.kind in INTEGERS else places(column)
    if whole and asked is None and column.type.kind == "decimal":
        asked = min(column.type.scale, 15)
    return spec("ranges", ranges=found, precision=asked)


def choice(column: ColumnRecord) -> Spec | None:
    """One of the params' values, by their weights; None where there are none."""
    params = _params(column)
    values, weights = [], []
    given = params.get("values", "options", "choices")
    if isinstance(given, dict):
        values, weights = list(given), list(given.values())
    else:
        for value in params.listed("values", "options", "choices"):
            record = value if isinstance(value, dict) and "value" in value else {"value": value}
            values.append(record["value"])
            weights.append(
                next((record[key] for key in ("weight", "probability", "percentage") if key in record), None)
            )
        listed = params.listed("weights")
        weights = listed if len(listed) == len(values) and listed else weights
    if not values:
        return None
    if all(weight is None for weight in weights):
        return spec("choice", values=values)
    return spec("choice", values=values, weights=[0 if weight is None else weight for weight in weights])


def _params(column: ColumnRecord) -> DocumentPart:
    assert column.params is not None
    return column.params


_LAWS: Mapping[str, Callable[[ColumnRecord], Spec | None]] = {
    "uniform": uniform,
    "normal": _normal,
    "gaussian": _normal,
    "lognormal": _lognormal,
    "exponential": _exponential,
    "weighted": _weighted,
    "ranges": _ranges,
    "range": _ranges,
}
