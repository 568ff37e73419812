"""Payment cards: the number and the network of one row and one `who` are of the same card."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pyarrow as pa

from sdgen.generators.arrays.fixed_text import beside, digits, luhn, spelled
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import permute
from sdgen.generators.pools import encoded, in_groups, text_array
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers, stream_key
from sdgen.generators.text_generator import ALL_TEXTS, FamilyGenerator, carried
from sdgen.scenario.types import Type

# Prefixes that card networks and processors publish for tests, two slots for the usual ones: (network, prefix, length).
_CARDS = (
    ("Visa", "424242", 16),
    ("Visa", "424242", 16),
    ("Visa", "400000", 16),
    ("Mastercard", "555555", 16),
    ("Mastercard", "555555", 16),
    ("Mastercard", "222300", 16),
    ("American Express", "378282", 15),
    ("Discover", "601111", 16),
)
_CARD_SIZE = 10**7  # cards of one slot


class CardGenerator(FamilyGenerator):
    """One column of a payment card."""

    family: ClassVar[str] = "card"

    def cards(self, cells: ColumnBatch) -> tuple[Numbers, Numbers]:
        """Each row's slot, and its number within the slot: distinct for as many rows as there are cards."""
        # The family's key and not the column's, so that the number and the network of a row are of one card.
        size = _CARD_SIZE * len(_CARDS)
        index = permute(cells.family_key(self.family, self.who), cells.numbers % size, size)
        # Slots alternate within the permuted indexes, so that each has the share that the table above gives it.
        number = index // len(_CARDS)
        return index - number * len(_CARDS), number


@register("finance.credit_card_number", "payment.credit_card_number")
class CardNumber(CardGenerator):
    """A card number with a right check digit, of the prefixes published for tests."""

    example: ClassVar[str] = "{generator: finance.credit_card_number}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return _CARD_SIZE * len(_CARDS)

    def values(self, cells: ColumnBatch) -> pa.Array:
        slot, number = self.cards(cells)
        return in_groups(slot, lambda place, rows: _card_numbers(place, number[rows]))


def _card_numbers(slot: int, numbers: Numbers) -> pa.Array:
    _, prefix, length = _CARDS[slot]
    # A network that stands in the table twice has two slots of one prefix: the odd numbers are the
    # second's, so that no card comes twice.
    again = slot > 0 and _CARDS[slot - 1] == _CARDS[slot]
    free = length - len(prefix) - 1
    # A permutation of the free digits, whose key is the same for all seeds: which cards there are
    # is no matter of a seed, the order is.
    spread = permute(stream_key(0, "card", prefix, str(length)), numbers * 2 + again, 10**free)
    body = beside(prefix, digits(spread, free))
    return spelled(beside(body, luhn(body)))


@register("finance.credit_card_type", "payment.credit_card_network")
class CardType(CardGenerator):
    """The network of a payment card; fits the card number of the row."""

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    example: ClassVar[str] = "{generator: finance.credit_card_type}"

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def values(self, cells: ColumnBatch) -> pa.Array:
        networks = sorted({network for network, _, _ in _CARDS})
        order = np.array([networks.index(network) for network, _, _ in _CARDS], dtype=np.int64)
        return encoded(text_array(networks), order[self.cards(cells)[0]])
