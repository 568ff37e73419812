"""Short spellings that a scenario file may have for links; readers turn them into columns: no plan sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from sdgen.scenario.model import Record


class KeyReference(Record):
    """A foreign key of one or several columns, all of them filled from the same parent row."""

    columns: tuple[str, ...] = Field(min_length=1, description="the entity's own columns; made where they are missing")
    entity: str = Field(min_length=1, description="the parent entity")
    to: tuple[str, ...] = Field(
        (), description="the parent's columns in the same order; its primary key where left out"
    )
    params: Mapping[str, Any] = Field(default_factory=dict, description="further params of the link, as of `fk`")


class TreeShape(Record):
    """A tree of an entity's rows: a column that refers to earlier rows of the same entity."""

    column: str = Field(min_length=1, description="the column that names the parent row; made where it is missing")
    key: str = Field("", description="the column it refers to; the primary key where left out")
    depth: int = Field(0, ge=0, description="the most levels, roots being the first; 0 for any")
    roots: int = Field(1, ge=1, description="how many rows at the start have no parent")
