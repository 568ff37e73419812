"""Dirt: shares of rows that are exact and found at random, and what each kind of mistake makes of values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sdgen.generators.dirt import BLOCK, MISTAKES, CleanCells, ShareOfRows
from sdgen.generators.streams import Words, draw, stream_key
from sdgen.scenario.types import parse_type

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIZES = [0, 1, 2, 37, 1023, 1024, 1025, 2047, 2048, 2049, 5000, 40_000]


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("rate", [1e-4, 0.003, 0.01, 1 / 3, 0.5, 0.97, 1.0])
def test_a_share_is_exact_and_found_at_random(rows: int, rate: float) -> None:
    share = ShareOfRows(stream_key(5, "t", "c"), rows, rate)
    assert share.count == int(rate * rows + 0.5)
    found = share.at(np.arange(share.count))
    assert (np.diff(found) > 0).all()
    assert not len(found) or 0 <= found[0] <= found[-1] < rows
    numbers = np.random.default_rng(1).permutation(rows).astype(np.int64)[:3000]
    assert np.array_equal(share.among(numbers), np.isin(numbers, found))
    entries = np.random.default_rng(2).integers(0, max(share.count, 1), 50)[: 50 * (share.count > 0)]
    assert np.array_equal(share.at(entries), found[entries])


def test_shares_under_one_key_are_apart() -> None:
    for rows in (3000, 9000):
        shares = [ShareOfRows(8, rows, rate, (0.2, 0.05, 0.5)[:number]) for number, rate in enumerate((0.2, 0.05, 0.5))]
        assert not any(share.overflows for share in shares)
        found = np.concatenate([share.at(np.arange(share.count)) for share in shares])
        assert len(np.unique(found)) == len(found) == round(0.75 * rows)
    assert ShareOfRows(8, 1, 0.5, (0.49,)).overflows is False
    assert ShareOfRows(8, 3, 0.5, (0.5,)).overflows


def test_a_longer_table_begins_with_the_same_dirt() -> None:
    short, long = (ShareOfRows(3, rows, 0.07) for rows in (5 * BLOCK + 100, 90 * BLOCK + 5))
    numbers = np.arange(4 * BLOCK)
    assert np.array_equal(short.among(numbers), long.among(numbers))


def test_dirty_rows_lie_all_over() -> None:
    found = ShareOfRows(4, 200_000, 0.02).at(np.arange(4000))
    assert abs(found.mean() / 100_000 - 1) < 0.02
    gaps = np.diff(found)
    assert gaps.min() == 1  # side by side at times, as by chance
    assert gaps.max() > 200


def dirty(kind: str, values: list[Any], type: str, key: int = 9) -> list[Any]:
    parsed = parse_type(type)

    def words(purpose: str) -> Words:
        return draw(stream_key(key, purpose), np.arange(len(values)))

    made = MISTAKES[kind](CleanCells(pa.array(values, parsed.arrow), parsed, words, NOW))
    made.validate(full=True)
    assert made.type == parsed.arrow
    return list(made.to_pylist())


def distance(one: str, two: str) -> int:
    """Levenshtein's, in which an exchange of neighbours counts 2."""
    row = list(range(len(two) + 1))
    for place, letter in enumerate(one, 1):
        above, row[0] = row[:], place
        for column, other in enumerate(two, 1):
            row[column] = min(above[column] + 1, row[column - 1] + 1, above[column - 1] + (letter != other))
    return row[-1]


WORDS = ["Anna", "Müller-Lüdenscheidt", "x", "aa", "東京都", "o'Neil & Sons 42", "  ", "😀😀", "Z" * 300]


def test_a_typo_is_one_slip() -> None:
    clean = WORDS * 200
    made = dirty("typo", clean, "text")
    assert all(one != two for one, two in zip(clean, made, strict=True))
    assert {distance(*pair) for pair in zip(clean, made, strict=True)} == {1, 2}
    changes = {len(two) - len(one) for one, two in zip(clean, made, strict=True)}
    assert changes == {-1, 0, 1}
    assert dirty("typo", ["", None, "ab"], "text")[:2] == ["", None]
    assert dirty("typo", [], "text") == []


def test_typos_keep_a_columns_length() -> None:
    for text, size in (("Anna", 4), ("Ann", 4), ("é", 1), ("x", 1), ("aa", 2)):
        assert all(len(made) <= size and made != text for made in dirty("typo", [text] * 300, f"string({size})"))


def test_a_wrong_encoding_can_be_repaired() -> None:
    clean = ["München", "Łódź", "Zoë’s café", "Kraków", "plain"]
    made = dirty("encoding", clean, "text")
    assert made[0] == "MÃ¼nchen"
    assert made[4] == "ï»¿plain"
    for one, two in zip(clean, made, strict=True):
        if "\N{REPLACEMENT CHARACTER}" not in two:
            assert two.encode("cp1252").decode("utf-8-sig") == one
    assert dirty("encoding", [None, "é"], "string(1)") == [None, "Ã"]


NUMBERS: list[tuple[str, list[Any]]] = [
    ("int", [1, -7, 0, 2_000_000_000, None]),
    ("tinyint", [5, 0, 127, -128, None]),
    ("usmallint", [65_535, 1, 0]),
    ("bigint", [2**62, 12]),
    ("double", [1.5, 0.0, -3e7, None]),
    ("float", [1.5, 0.0]),
    ("decimal(4,2)", [Decimal("99.99"), Decimal("0.00"), Decimal("1.25"), None]),
    ("date", [date(2024, 3, 1), None]),
    ("timestamp", [datetime(2024, 3, 1, 12), None]),
    ("timestamptz", [datetime(2024, 3, 1, 12, tzinfo=UTC)]),
]


@pytest.mark.parametrize(("type", "values"), NUMBERS)
def test_outliers_fit_their_type_and_differ(type: str, values: list[Any]) -> None:
    clean = values * 50
    made = dirty("outlier", clean, type)
    for one, two in zip(clean, made, strict=True):
        assert (one is None) == (two is None)
        assert one is None or one != two
    assert any(two not in clean for two in made if two is not None)


LATE: list[tuple[str, Callable[[datetime], Any]]] = [
    ("timestamp", lambda moment: moment.replace(tzinfo=None)),
    ("timestamptz", lambda moment: moment),
    ("date", lambda moment: moment.date()),
]


@pytest.mark.parametrize(("type", "of"), LATE)
def test_late_moments_come_later_but_not_after_now(type: str, of: Callable[[datetime], Any]) -> None:
    clean = [of(NOW - timedelta(days=1 + number % 300)) for number in range(600)]
    made = dirty("late", clean, type)
    assert all(one < two <= of(NOW) for one, two in zip(clean, made, strict=True))
    assert all(two - one <= timedelta(days=7) for one, two in zip(clean, made, strict=True))
    assert dirty("late", [None], type) == [None]


def test_missing_values_are_null() -> None:
    assert dirty("missing", [1, 2], "int") == [None, None]
