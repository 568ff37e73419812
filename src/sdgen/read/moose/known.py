"""A column with what is known of it so far, as the conventions of names see it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sdgen.read.moose.clicktypes import ClickType
from sdgen.read.moose.names import words_of
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGERS

_SENTINEL = re.compile(
    r"(?<![\w.-])0(?:\.0+)?\s*=\s*(?:no\b|none|not\b|unknown|unset|missing|n/?a\b|empty)", re.IGNORECASE
)


@dataclass(frozen=True)
class Known:
    """A column, and what is known of it so far."""

    name: str
    type: ClickType
    comment: str
    generator: GeneratorSpec | None = None
    is_key: bool = False

    @property
    def kind(self) -> str:
        return self.type.type.kind

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.name)

    @property
    def sentinel(self) -> bool:
        return bool(_SENTINEL.search(self.comment))


def is_number(column: Known) -> bool:
    """Whether it holds whole numbers, or numbers that may be."""
    return column.kind in INTEGERS or column.type.word == "Float64"


def whole(low: int, high: int) -> GeneratorSpec:
    """Whole numbers from low to high."""
    return GeneratorSpec(type="uniform_int", params={"min": low, "max": high})


def or_none(column: Known, low: int, high: int) -> GeneratorSpec:
    """Likewise, and 0 in a tenth of the rows, where a comment says that it stands for none."""
    parts = [{"min": 0, "max": 0, "weight": 1}, {"min": low, "max": high, "weight": 9}]
    return GeneratorSpec(type="ranges", params={"ranges": parts})
