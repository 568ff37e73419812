"""Columns of people that follow from a hidden one: dates of birth by a law of ages, job titles of a level."""

from __future__ import annotations

from collections.abc import Collection

from sdgen.read.sourcebox.columns import ColumnRecord
from sdgen.read.sourcebox.derived import expression, quoted
from sdgen.read.sourcebox.generators import BIRTHS, JOBS
from sdgen.scenario.model import Column, GeneratorSpec
from sdgen.scenario.types import TIMES

_LEVELS = {"entry": "Junior ", "junior": "Junior ", "mid": "", "middle": "", "senior": "Senior "}
_DAYS = 365.25


def personal(column: ColumnRecord, taken: Collection[str]) -> tuple[str, Column, GeneratorSpec] | None:
    """The name and record of the hidden column, and the generator that takes its values; None where none is needed."""
    if column.unique or column.primary_key:
        return None
    made = {**dict.fromkeys(BIRTHS, _born), **dict.fromkeys(JOBS, _titled)}.get(column.generator.strip().lower())
    found = made(column) if made is not None else None
    if found is None or found[0] in taken:
        return None
    return found


def _born(column: ColumnRecord) -> tuple[str, Column, GeneratorSpec] | None:
    """A date of birth so long ago as a normal law of ages, in years, says."""
    if column.law not in ("normal", "gaussian") or column.type.kind not in TIMES - {"time"}:
        return None
    assert column.params is not None
    low, high = column.params.whole("min_age", "min"), column.params.whole("max_age", "max")
    low, high = sorted((18 if low is None else low, 80 if high is None else high))
    mean, std = column.params.number("mean", "mean_age", "average"), column.params.number("std_dev", "stddev", "std")
    if low == high or mean is None or not low <= mean <= high:
        return None
    name, params = (
        f"{column.name}_age",
        {"mean": mean, "std": abs(std or 0) or (high - low) / 6, "min": low, "max": high},
    )
    age = Column(type="double", hidden=True, generator=GeneratorSpec(type="normal", params=params))
    days = f"to_days(cast(ceil({quoted(name)} * {_DAYS}) as int))"
    return name, age, expression(f"cast(as_of - {days} as {column.type.kind})")


def _titled(column: ColumnRecord) -> tuple[str, Column, GeneratorSpec] | None:
    """A job title with the word for its level before it; those of the middle have none."""
    assert column.params is not None
    word = _LEVELS.get(column.params.text("level").lower(), "")
    if not word:
        return None
    name = f"{column.name}_trade"
    trade = Column(type="text", hidden=True, generator=GeneratorSpec(type="person.occupation"))
    return name, trade, expression(f"'{word}' || {quoted(name)}")
