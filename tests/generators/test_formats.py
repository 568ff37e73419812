"""Arrays as text: against the standard library, value by value."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sdgen.generators.arrays.encode_text import hex_text, json_text, timestamp_text, uuid_bytes, uuid_text
from sdgen.scenario.types import parse_type

moments = st.datetimes(datetime(1800, 1, 1), datetime(2300, 1, 1))


@given(st.lists(st.one_of(st.none(), st.uuids())), st.integers(0, 3))
def test_uuids_both_ways(values: list[UUID | None], start: int) -> None:
    array = pa.array([None if v is None else v.bytes for v in values], pa.binary(16))[start:]
    text = uuid_text(array)
    text.validate(full=True)
    assert text.to_pylist() == [None if v is None else str(v) for v in values[start:]]
    assert uuid_bytes(text).equals(array)


@given(st.lists(st.one_of(st.none(), moments)), st.integers(0, 3))
def test_timestamps(values: list[datetime | None], start: int) -> None:
    def plain(value: datetime) -> str:
        text = value.isoformat(sep=" ")
        return text.rstrip("0") if value.microsecond else text

    made = timestamp_text(pa.array(values, pa.timestamp("us"))[start:]).to_pylist()
    assert made == [None if value is None else plain(value) for value in values[start:]]


@given(st.lists(moments), st.integers(0, 20))
def test_one_value_at_a_time_is_the_same(values: list[datetime], cut: int) -> None:
    array = pa.array(values, pa.timestamp("us", "UTC"))
    assert timestamp_text(array).to_pylist()[:cut] == timestamp_text(array[:cut]).to_pylist()


@given(st.lists(st.one_of(st.none(), st.binary())), st.integers(0, 3))
def test_hex(values: list[bytes | None], start: int) -> None:
    made = hex_text(pa.array(values, pa.binary())[start:])
    assert made.to_pylist() == [None if value is None else value.hex() for value in values[start:]]


texts = st.text(st.characters(codec="utf-8"))
records = st.fixed_dictionaries(
    {
        'a "name"\n': st.one_of(st.none(), texts),
        "n": st.one_of(st.none(), st.integers(-(2**62), 2**62)),
        "f": st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
        "b": st.booleans(),
        "l": st.one_of(st.none(), st.lists(st.one_of(st.none(), texts))),
        "s": st.one_of(st.none(), st.fixed_dictionaries({"x": st.integers(0, 9)})),
    }
)
ARROW = pa.struct(
    [
        ('a "name"\n', pa.string()),
        ("n", pa.int64()),
        ("f", pa.float64()),
        ("b", pa.bool_()),
        ("l", pa.list_(pa.string())),
        ("s", pa.struct([("x", pa.int8())])),
    ]
)


@given(st.lists(st.one_of(st.none(), records)), st.integers(0, 3))
def test_json_reads_back(values: list[dict[str, Any] | None], start: int) -> None:
    made = json_text(pa.array(values, ARROW)[start:]).to_pylist()
    assert [None if text is None else json.loads(text) for text in made] == values[start:]


def test_json_of_each_kind() -> None:
    east = timezone(timedelta(hours=2))
    record = pa.array(
        [
            {
                "day": date(2024, 2, 29),
                "at": datetime(2024, 2, 29, 1, 2, 3, 500_000),
                "zoned": datetime(2024, 2, 29, 1, 2, 3, tzinfo=east),
                "sum": Decimal("1.50"),
                "not": math.nan,
                "raw": b"\x00\xff",
                "pairs": [("k", 1), ("l", None)],
                "ready": '{"a":1}',
            }
        ],
        pa.struct(
            [
                ("day", pa.date32()),
                ("at", pa.timestamp("us")),
                ("zoned", pa.timestamp("us", "UTC")),
                ("sum", pa.decimal128(5, 2)),
                ("not", pa.float64()),
                ("raw", pa.binary()),
                ("pairs", pa.map_(pa.string(), pa.int32())),
                ("ready", pa.string()),
            ]
        ),
    )
    type = parse_type(
        "struct<day: date, at: timestamp, zoned: timestamptz, sum: decimal(5,2), not: double, raw: binary,"
        " pairs: map<text, int>, ready: json>"
    )
    assert json_text(record, type).to_pylist() == [
        '{"day":"2024-02-29","at":"2024-02-29T01:02:03.5","zoned":"2024-02-28T23:02:03Z","sum":1.50,"not":null,'
        '"raw":"00ff","pairs":{"k":1,"l":null},"ready":{"a":1}}'
    ]


def test_json_of_dictionaries_and_numbered_keys() -> None:
    assert json_text(pa.array(["a", None, "a"]).dictionary_encode()).to_pylist() == ['"a"', None, '"a"']
    pairs = pa.array([[(1, UUID(int=1).bytes)], None], pa.map_(pa.int32(), pa.binary(16)))
    assert json_text(pairs).to_pylist() == [f'{{"1":"{UUID(int=1)}"}}', None]
