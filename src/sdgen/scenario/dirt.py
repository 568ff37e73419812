"""Dirt on purpose: which cells of an entity are written wrong, and how many of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sdgen.scenario.output import several

Rate = Annotated[float, Field(gt=0, le=1)]
KINDS_OF_CELLS = ("missing", "typo", "encoding", "outlier", "late", "broken_link")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class SwappedColumns(_Record):
    """Two columns whose values change places in some rows."""

    columns: Annotated[tuple[str, ...], BeforeValidator(several)] = Field(
        min_length=2, max_length=2, description="the two columns, of one type"
    )
    rate: Rate = Field(description="the share of rows, above 0 and at most 1")


class Dirt(_Record):
    """Mistakes that are written on purpose: of each kind exactly so large a share of the rows, rounded."""

    missing: Mapping[str, Rate] = Field(default_factory=dict, description="columns with the share of rows left null")
    typo: Mapping[str, Rate] = Field(
        default_factory=dict, description="text columns: letters left out, doubled, exchanged, or hit beside the key"
    )
    encoding: Mapping[str, Rate] = Field(
        default_factory=dict, description="text columns: UTF-8 that was read as Windows-1252, as in MÃ¼nchen"
    )
    outlier: Mapping[str, Rate] = Field(
        default_factory=dict,
        description="numbers whose decimal point has moved; dates and moments that stand for none, as 1970-01-01",
    )
    late: Mapping[str, Rate] = Field(
        default_factory=dict, description="dates and moments up to a week later, as of rows that arrived late"
    )
    broken_link: Mapping[str, Rate] = Field(
        default_factory=dict, description="foreign keys to rows that the parent does not have"
    )
    swapped: tuple[SwappedColumns, ...] = Field((), description="pairs of columns whose values change places")
    duplicate: float = Field(0, ge=0, le=1, description="the share of rows that are written again, after the last one")
    answer_key: bool = Field(True, description="whether the table _dirt lists these mistakes")
    constraints: bool = Field(
        True, description="false: databases are not told of keys and other constraints that the dirt breaks"
    )

    def of_cells(self) -> Mapping[str, Mapping[str, float]]:
        """The rates of the kinds that change a column by itself, by kind and column."""
        return {kind: getattr(self, kind) for kind in KINDS_OF_CELLS}
