"""Whether texts that a generator makes keep the bounds of a column: tried on a sample, where nothing tells it."""

from __future__ import annotations

import re

from sdgen.inference.fit import sampled_texts
from sdgen.readers.sql.check_facts import ColumnBounds, Match
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type


def keeps(spec: GeneratorSpec, type: Type, bounds: ColumnBounds) -> bool:
    """Whether all texts of a sample keep the bounds; False where none can be made by itself."""
    texts = sampled_texts(spec, type)
    return bool(texts) and all(text is not None and text_keeps(text, bounds) for text in texts)


def text_keeps(text: str, bounds: ColumnBounds) -> bool:
    cased = {"lower": text.lower(), "upper": text.upper()}.get(bounds.letters, text)
    long = bounds.shortest <= len(text) <= (bounds.longest or len(text))
    listed = bounds.values is None or text in bounds.values
    return text == cased and long and listed and text not in bounds.other_than and all(
        _found(text, match) for match in bounds.matches
    )  # fmt: skip


def _found(text: str, match: Match) -> bool:
    try:  # patterns are the database's, and may have what Python's have not
        there = re.search(match.regex, text, re.IGNORECASE if match.any_case else 0) is not None
    except re.error:
        return True
    return there == match.found
