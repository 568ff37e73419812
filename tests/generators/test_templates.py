"""template: pieces, filters, parents, nulls, uniqueness."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.generators.base import Dependency, Generator
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.registry import make
from tests.generators.fake import FakeRows, facts

COUNT = 200
COLUMNS = {
    "first_name": pa.array(["Zoë", "ÅSA", None, "Jean-Luc "] * 50),
    "city": pa.array(["São Paulo", "Łódź", "Straße 7!", None] * 50).dictionary_encode(),
    "id": pa.array([n.to_bytes(16, "big") for n in range(COUNT)], pa.binary(16)),
    "number": pa.array(range(COUNT), pa.int32()),
    "total": pa.array([Decimal(n) / 4 for n in range(COUNT)], pa.decimal128(10, 2)),
    "at": pa.array([datetime(2024, 2, 29, 23, 59, 58, 123_456)] * COUNT, pa.timestamp("us")),
    "zoned": pa.array([datetime(2024, 2, 29, 23, 0, tzinfo=UTC)] * COUNT, pa.timestamp("us", "UTC")),
    "day": pa.array([date(1960, 1, 5)] * COUNT),
    "hour": pa.array([clock(7, 5)] * COUNT, pa.time64("us")),
    "written": pa.array(["2024-07-04T10:00:00"] * COUNT),
    "tags": pa.array([["a", None]] * COUNT),
}


def made(template: str, links: Mapping[str, str] | None = None, **params: Any) -> Generator:
    return make("template", {"template": template, **params}).resolved(links or {})


def texts(template: str, numbers: Any = 4, links: Mapping[str, str] | None = None, **params: Any) -> list[Any]:
    rows = np.arange(numbers) if isinstance(numbers, int) else np.asarray(numbers, dtype=np.int64)
    parents = {link: FakeRows(rows[::-1].copy(), COLUMNS) for link in links or {}}
    generator = made(template, links, **params)
    array = generator.values(ColumnBatch(FakeRows(rows, COLUMNS, parents), facts(generator)))
    assert array.type == pa.string()
    return array.to_pylist()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain {{text}}", ["plain {text}"] * 4),
        ("{number}", ["0", "1", "2", "3"]),
        ("{ number | pad:3 }/{row|pad:2}", ["000/01", "001/02", "002/03", "003/04"]),
        ("{total} EUR", ["0.00 EUR", "0.25 EUR", "0.50 EUR", "0.75 EUR"]),
        ("{first_name}!", ["Zoë!", "ÅSA!", None, "Jean-Luc !"]),
        ("{first_name|lower}.{city|slug}", ["zoë.sao-paulo", "åsa.lodz", None, None]),
        ("{city|upper}", ["SÃO PAULO", "ŁÓDŹ", "STRAẞE 7!", None]),
        ("{city|slug|upper}", ["SAO-PAULO", "LODZ", "STRASSE-7", None]),
        ("{first_name|slug}{{}}", ["zoe{}", "asa{}", None, "jean-luc{}"]),
        ("{first_name|lower|title}", ["Zoë", "Åsa", None, "Jean-Luc "]),
        ("{at}", ["2024-02-29 23:59:58.123456"] * 4),
        ("{at|date:%Y-%m}", ["2024-02"] * 4),
        ("{at|date:%H:%M:%S}", ["23:59:58"] * 4),
        ("{zoned} {zoned|date:%d.%m.%y %A %B %%}", ["2024-02-29 23:00:00+00:00 29.02.24 Thursday February %"] * 4),
        ("{day|date:%j}", ["005"] * 4),
        ("{hour|date:%H}h {hour}", ["07h 07:05:00"] * 4),
        ("{written|date:%m}", ["07"] * 4),
        ("{tags}", ['["a",null]'] * 4),
        ("{id}", [f"00000000-0000-0000-0000-00000000000{n}" for n in range(4)]),
    ],
)
def test_texts(template: str, expected: list[Any]) -> None:
    assert texts(template) == expected


def test_null_text_stands_for_nulls() -> None:
    assert texts("{first_name}/{city}", null_text="?") == ["Zoë/São Paulo", "ÅSA/Łódź", "?/Straße 7!", "Jean-Luc /?"]
    assert texts("{first_name}", null_text="") == ["Zoë", "ÅSA", "", "Jean-Luc "]


def test_parents() -> None:
    links = {"boss_id": "people"}
    assert texts("{number}<{people.number}={boss_id.number}", 3, links) == ["0<2=2", "1<1=1", "2<0=0"]
    generator = made("{people.number} {boss_id.number} {number} {row}", links)
    assert generator.needs() == (Dependency("number", "boss_id"), Dependency("number"))
    assert pickle.loads(pickle.dumps(generator)).needs() == generator.needs()
    with pytest.raises(ValueError, match="did you mean 'people'"):
        made("{peple.number}", links)


@given(st.lists(st.integers(0, COUNT - 1), max_size=40), st.integers(0, 40))
def test_any_order_and_split_gives_the_same(numbers: list[int], cut: int) -> None:
    template = "{first_name|slug}.{city|upper}-{total}-{at|date:%Y}-{row|pad:6}"
    assert texts(template, numbers) == texts(template, numbers[:cut]) + texts(template, numbers[cut:])


def test_row_numbers_far_out() -> None:
    generator = made("R{row|pad:8}")
    rows = FakeRows(np.array([2**40, 0]))
    assert generator.values(ColumnBatch(rows, facts(generator))).to_pylist() == ["R1099511627777", "R00000001"]


@pytest.mark.parametrize(
    ("template", "unique"),
    [
        ("{row}", True),
        ("A-{row|pad:6}", True),
        ("{row}-{city}", True),
        ("{city}-{row}", True),
        ("{city}{row}", False),
        ("{city}7{row}", False),
        ("{city}", False),
        ("{row|date:%Y}", False),
        ("a-{row}-{city}", False),
        ("constant", False),
    ],
)
def test_unique_where_the_row_can_be_told(template: str, unique: bool) -> None:
    generator = made(template)
    assert (generator.capacity(facts(generator)) is not None) == unique


def test_a_column_too_short_for_all_numbers_is_not_unique() -> None:
    generator = made("ORD-{row}")
    assert generator.capacity(facts(generator, "string(8)", rows=9_999)) is not None
    assert generator.capacity(facts(generator, "string(8)", rows=10_000)) is None


@pytest.mark.parametrize(
    ("template", "words", "hint"),
    [
        ("{name", "the brace at character 1 is never closed", "{{"),
        ("a}b", "closing brace without an opening one at character 2", "}}"),
        ("{}", "{} names no column", "{column}"),
        ("{.x}", "{.x} names no column", "{column}"),
        ("{x|lowr}", "unknown filter 'lowr'", "did you mean 'lower'"),
        ("{x|pad}", "pad needs a width", "pad:5"),
        ("{x|pad:999}", "pad needs a width from 1 to 200", "pad:5"),
        ("{x|lower:3}", "lower takes nothing", ""),
        ("{x|date}", "date needs a format", "date:%Y-%m"),
        ("{x|date:%Q}", "date doesn't know %Q", ""),
        ("{x|date:%}", "date doesn't know %", ""),
    ],
)
def test_mistakes_are_named(template: str, words: str, hint: str) -> None:
    generator = make("template", {"template": template})
    (fault,) = generator.faults(facts(generator))
    assert fault.param == "template"
    assert words in fault.what
    assert hint in fault.hint
