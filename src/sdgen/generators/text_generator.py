"""What generators of texts share: the type they make, and domains drawn from a family's stream."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from sdgen.generators import streams
from sdgen.generators.base import Generator
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.streams import Numbers, Words
from sdgen.scenario.types import Type

PLAIN_TEXTS = frozenset({"string", "text"})
ALL_TEXTS = PLAIN_TEXTS | {"enum"}

STRING = Type("string")
DICTIONARY = pa.dictionary(pa.int32(), pa.string())


class TextGenerator(Generator):
    """Makes texts."""

    fits: ClassVar[frozenset[str]] = PLAIN_TEXTS

    def natural(self) -> Type:
        return STRING


class FamilyGenerator(TextGenerator):
    """Makes one column of a family whose columns agree within a row."""

    family: ClassVar[str] = ""

    who: str = Field(
        default="",
        max_length=100,
        description="which one is meant where a row has several, such as `buyer` and `seller`",
    )

    def family_draw(self, cells: ColumnBatch, purpose: str) -> Words:
        """One word per row that all columns of this family and `who` share, for each purpose."""
        # The family's stream and not the column's: columns of one row and one `who`
        # must speak of the same person or place.
        return streams.draw(cells.family_key(f"{self.family}/{purpose}", self.who), cells.numbers)

    def family_below(self, cells: ColumnBatch, purpose: str, size: int) -> Numbers:
        return streams.below(self.family_draw(cells, purpose), size)


# Rows stay numbers of a short list up to the target: a text for each row would be made and copied.
def carried(type: Type) -> pa.DataType:
    """Text of few different values: carried as a dictionary array."""
    return DICTIONARY if type.kind in ALL_TEXTS else type.arrow


def chosen(word: NDArray[np.uint64], size: int) -> Numbers:
    """An index below a small size from the word's lower 32 bits, so that its upper bits can serve elsewhere."""
    # The upper bits may have chosen something else already, and what follows must not depend on that choice.
    low = word & np.uint64(0xFFFFFFFF)
    return ((low * np.uint64(size)) >> np.uint64(32)).view(np.int64)


def capitalised(texts: pa.Array) -> pa.Array:
    """The texts with a capital first letter."""
    first = pc.utf8_upper(pc.utf8_slice_codeunits(texts, 0, 1))
    return pc.binary_join_element_wise(first, pc.utf8_slice_codeunits(texts, 1), "")
