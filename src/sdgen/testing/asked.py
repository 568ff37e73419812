"""What a mark asks of a scenario, checked: as a RunRequest has it, without the store of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from sdgen.errors import ScenarioError
from sdgen.read.yamlfile import Document
from sdgen.runs.documents import Moment, Names, validated
from sdgen.scenario.model import Record


def _counts(value: object) -> object:
    return {"*": value} if isinstance(value, int) else value


class Asked(Record):
    """Counts, seed, now and the entities to write."""

    rows: Annotated[Mapping[str, Annotated[int, Field(ge=0)]], BeforeValidator(_counts)] = Field(default_factory=dict)
    scale: float = Field(1.0, gt=0, allow_inf_nan=False)
    seed: int | None = Field(None, ge=-(2**63), lt=2**64)
    as_of: Moment | None = None
    include: Names = ()
    exclude: Names = ()


def read_asked(data: Mapping[str, Any], place: str) -> Asked:
    """The record; ScenarioError with every problem. place: where the mark stands."""
    return validated(Asked, Document(place, dict(data), {}), ScenarioError)
