"""Sequences that go on after the largest value that the target holds."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from sdgen.generators.base import Generator
from sdgen.generators.keys import Sequence
from sdgen.plan.choose import Key
from sdgen.plan.request import PlanRequest


def continued(generators: Mapping[Key, Generator], request: PlanRequest) -> dict[Key, Generator]:
    """The generators, those that count beginning so that the run's first row comes after all existing ones."""
    return {key: _continued(key, generator, request) for key, generator in generators.items()}


def _continued(key: Key, generator: Generator, request: PlanRequest) -> Generator:
    there = request.existing.get(key[0])
    if not isinstance(generator, Sequence) or generator.per or there is None or key[1] not in there.columns:
        return generator
    last = _last(there.columns[key[1]], falling=generator.step < 0)
    if last is None:
        return generator
    return generator.model_copy(update={"start": last + generator.step - generator.step * there.rows})


def _last(values: pa.Array, falling: bool) -> int | None:
    """The value furthest along the way a sequence counts; None where there is none, or they are no numbers."""
    try:
        ends = pc.min_max(pc.cast(values, pa.int64()))
    except pa.ArrowInvalid:
        return None
    found: int | None = ends["min" if falling else "max"].as_py()
    return found
