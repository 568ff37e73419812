"""Texts that match a regular expression."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain
from sdgen.generators.patterns.syntax import PatternError
from sdgen.generators.patterns.texts import PatternTexts, pattern_texts
from sdgen.generators.registry import register
from sdgen.generators.text_generator import TextGenerator


@register("pattern")
class Pattern(TextGenerator):
    """Text that matches a regular expression, such as `[A-Z]{3}-\\d{4}`.

    A column drawn at random takes each alternative and each number of repeats equally often; a unique column takes
    each text equally often, so that longer ones prevail.
    """

    example: ClassVar[str] = "{generator: pattern, params: {regex: '[A-Z]{3}-[0-9]{4}'}}"

    regex: str = Field(
        max_length=2000,
        description="the regular expression: characters, classes, groups, alternatives and quantifiers",
    )
    max_repeat: int = Field(
        default=8, ge=1, le=256, description="the most repeats for the open quantifiers `*`, `+` and `{n,}`"
    )

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        try:
            texts = self._texts()
        except PatternError as error:
            hint = "characters, classes, groups, alternatives and ? * + {n,m} can be used"
            yield ParamError("regex", f"the pattern has {error}, which can't be used", hint)
            return
        most = facts.type.length
        if most and texts.longest > most:
            what = f"the pattern makes texts of up to {texts.longest} characters, the column takes {most}"
            yield ParamError("regex", what, "shorten the pattern, or take a longer type")

    def domain(self, facts: ColumnContext) -> Domain:
        return self._texts()

    def capacity(self, facts: ColumnContext) -> int | None:
        """The number of texts; None where some text can be made in two ways."""
        texts = self._texts()
        return texts.size if texts.exact else None

    def values(self, cells: ColumnBatch) -> pa.Array:
        texts = self._texts()
        if cells.facts.unique or cells.facts.joint is not None:
            return texts.decode(cells.indexes(texts.size))
        return texts.spread(cells.draw())

    def _texts(self) -> PatternTexts:
        return pattern_texts(self.regex, self.max_repeat)
