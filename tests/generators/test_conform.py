"""conform: every pair of types that meet, nulls, rounding, slices; scalars from YAML."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.generators.arrays.cast import cast_array, scalar_array
from sdgen.scenario.types import Type, parse_type

SOME = UUID("00112233-4455-6677-8899-aabbccddeeff")
UUID_ARRAY = pa.array([SOME.bytes, None], pa.binary(16))


def to(array: pa.Array, type: str) -> pa.Array:
    wanted = parse_type(type)
    return cast_array(array, wanted, wanted.arrow)


CASES: list[tuple[pa.Array, str, list[Any]]] = [
    (pa.array([1, None, 127]), "tinyint", [1, None, 127]),
    (pa.array([0.5, 1.5, -2.5, None]), "int", [1, 2, -3, None]),
    (pa.array([1, None, -3]), "decimal(10,2)", [Decimal("1.00"), None, Decimal("-3.00")]),
    (pa.array([1.125, None, -0.005]), "decimal(5,2)", [Decimal("1.13"), None, Decimal("-0.01")]),
    (pa.array([1.005, 0.285, -2.675, 1234567.125]), "decimal(15,2)",
     [Decimal("1.01"), Decimal("0.29"), Decimal("-2.68"), Decimal("1234567.13")]),
    (pa.array([0.285, 12345678.9], pa.float32()), "decimal(18,2)", [Decimal("0.29"), Decimal(12345679)]),
    (pa.array([12345678901234.566, 0.00005, None, 123456789012345678.9]), "decimal(38,4)",
     [Decimal("12345678901234.566"), Decimal("0.0001"), None, Decimal(123456789012345680)]),
    (pa.array([2**62]), "decimal(38,2)", [Decimal(2**62)]),
    (pa.array([2.0**80]), "decimal(38,2)", [Decimal(2**80)]),
    (pa.array([Decimal("1.25"), Decimal("1.35"), None]), "decimal(4,1)",
     [Decimal("1.3"), Decimal("1.4"), None]),
    (pa.array([Decimal("9.99")]), "decimal(3,1)", [Decimal("10.0")]),
    (pa.array([Decimal("2.50"), Decimal("3.50")]), "bigint", [3, 4]),
    (pa.array([Decimal("2.50")]), "double", [2.5]),
    (pa.array([Decimal("1E-8"), None], pa.decimal128(18, 8)), "text", ["0.00000001", None]),
    (pa.array([1.5, 100.0, None]), "text", ["1.5", "100", None]),
    (pa.array([True, None]), "string", ["true", None]),
    (pa.array([date(2024, 2, 29), None]), "text", ["2024-02-29", None]),
    (pa.array([datetime(2024, 2, 29, 1, 2, 3), datetime(1960, 1, 1, 0, 0, 0, 250_000), None]), "text",
     ["2024-02-29 01:02:03", "1960-01-01 00:00:00.25", None]),
    (pa.array([datetime(2024, 2, 29, tzinfo=UTC)]), "text", ["2024-02-29 00:00:00+00:00"]),
    (pa.array([time(1, 2, 3), time(1, 2, 3, 500)]), "text", ["01:02:03", "01:02:03.0005"]),
    (UUID_ARRAY, "string", [str(SOME), None]),
    (UUID_ARRAY[1:], "string", [None]),
    (pa.array([str(SOME).upper(), None, SOME.hex]), "uuid", [SOME.bytes, None, SOME.bytes]),
    (pa.array(["12", None]), "int", [12, None]),
    (pa.array(["1.255", "7"]), "decimal(5,2)", [Decimal("1.26"), Decimal("7.00")]),
    (pa.array(["true", "False"]), "bool", [True, False]),
    (pa.array(["2024-02-29", None]), "date", [date(2024, 2, 29), None]),
    (pa.array(["2024-02-29T23:00:00+02:00"]), "date", [date(2024, 2, 29)]),
    (pa.array(["10:00", "10:00:00.5"]), "time", [time(10), time(10, 0, 0, 500_000)]),
    (pa.array(["2024-02-29", "2024-02-29 01:00:00+02:00", None]), "timestamp",
     [datetime(2024, 2, 29), datetime(2024, 2, 28, 23), None]),
    (pa.array(["2024-02-29T01:00:00", "2024-02-29T01:00:00Z"]), "timestamptz",
     [datetime(2024, 2, 29, 1, tzinfo=UTC)] * 2),
    (pa.array([date(2024, 2, 29)]), "timestamptz", [datetime(2024, 2, 29, tzinfo=UTC)]),
    (pa.array([datetime(2024, 2, 29, 23)]), "date", [date(2024, 2, 29)]),
    (pa.array([datetime(2024, 2, 29, 23)]), "timestamptz", [datetime(2024, 2, 29, 23, tzinfo=UTC)]),
    (pa.array([datetime(2024, 2, 29, 23, tzinfo=UTC)]), "timestamp", [datetime(2024, 2, 29, 23)]),
    (pa.nulls(2), "struct<a: int>", [None, None]),
    (pa.array(["a", "b", "a", None]).dictionary_encode(), "text", ["a", "b", "a", None]),
    (pa.array([1, 2, 1]).dictionary_encode(), "decimal(4,1)", [Decimal(1), Decimal(2), Decimal(1)]),
    (pa.array(["longer", "ünïcödé", None]), "string(3)", ["lon", "ünï", None]),
    (pa.array([[1, 2], None, [], [3]]), "array<decimal(4,1)>",
     [[Decimal(1), Decimal(2)], None, [], [Decimal(3)]]),
    (pa.array([[1, 2], None, [3]])[1:], "array<text>", [None, ["3"]]),
    (pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), "map<text, text>", [[("a", "1")], None]),
    (pa.array([{"b": 1, "a": 2}, None, {"b": None, "a": 3}])[1:], "struct<a: int, b: text>",
     [None, {"a": 3, "b": None}]),
    (pa.array([{"a": 1, "b": [None, "x"]}, None]), "json", ['{"a":1,"b":[null,"x"]}', None]),
]  # fmt: skip


@pytest.mark.parametrize(("array", "type", "expected"), CASES)
def test_converts(array: pa.Array, type: str, expected: list[Any]) -> None:
    made = to(array, type)
    made.validate(full=True)
    assert made.type == parse_type(type).arrow
    assert made.to_pylist() == pa.array(expected, made.type).to_pylist()


@pytest.mark.parametrize(
    ("array", "type", "words"),
    [
        (pa.array([1, 300]), "tinyint", "300"),
        (pa.array([1e30]), "bigint", "bigint"),
        (pa.array([float("nan")]), "decimal(5,2)", "decimal"),
        (pa.array([12345]), "decimal(5,2)", "decimal(5,2)"),
        (pa.array(["x1"]), "int", "x1"),
        (pa.array(["2023-02-30"]), "date", "2023-02-30"),
        (pa.array(["zz" + SOME.hex[2:]]), "uuid", "is not a uuid"),
        (pa.array(["ab"]), "uuid", "'ab' is not a uuid"),
        (pa.array([{"a": 1}]), "struct<b: int>", "'b'"),
        (pa.array([[1], [1000]]), "array<tinyint>", "1000"),
    ],
)
def test_refuses(array: pa.Array, type: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        to(array, type)
    assert words in str(caught.value)
    assert "(for a column of type" in str(caught.value)


def test_no_copy_when_types_agree() -> None:
    array = pa.array(["a", "b"])
    assert to(array, "text") is array
    assert to(array, "string(1)") is array


def test_dictionaries_are_kept_and_recoded() -> None:
    wanted = pa.dictionary(pa.int8(), pa.decimal128(4, 1))
    made = cast_array(pa.array([1, 2, None, 1]).dictionary_encode(), Type("decimal", 4, 1), wanted)
    assert made.type == wanted
    assert made.to_pylist() == [Decimal("1.0"), Decimal("2.0"), None, Decimal("1.0")]
    made = cast_array(pa.array(["x", None, "x"]), Type("text"), pa.dictionary(pa.int8(), pa.string()))
    assert made.to_pylist() == ["x", None, "x"]
    assert made.type.index_type == pa.int8()


@given(st.lists(st.one_of(st.none(), st.integers(-(10**9), 10**9))), st.integers(0, 8))
def test_integers_to_decimal_as_arrow_does(values: list[int | None], scale: int) -> None:
    array = pa.array(values, pa.int64())
    assert to(array, f"decimal(18,{scale})").to_pylist() == [None if v is None else Decimal(v) for v in values]


GOOD: list[tuple[str, object, object]] = [
    ("int", 5, 5), ("int", "5", 5), ("int", 5.0, 5), ("ubigint", 2**64 - 1, 2**64 - 1), ("double", 1, 1.0),
    ("double", "1.5", 1.5), ("decimal(4,1)", 1.5, Decimal("1.5")),
    ("decimal(4,1)", "999.9", Decimal("999.9")),
    ("bool", "TRUE", True), ("bool", 0, False), ("text", 5, "5"), ("text", True, "true"),
    ("text", date(2024, 1, 2), "2024-01-02"), ("enum(a, b)", "b", "b"),
    ("json", {"a": [1, None]}, '{"a":[1,null]}'),
    ("json", "[1]", "[1]"), ("json", "plain", '"plain"'), ("date", "2024-02-29", date(2024, 2, 29)),
    ("time", "10:30", time(10, 30)), ("timestamp", "2024-01-01T02:00:00+02:00", datetime(2024, 1, 1)),
    ("timestamptz", date(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)), ("uuid", str(SOME), SOME.bytes),
    ("uuid", SOME, SOME.bytes), ("binary", "ab", b"ab"), ("array<int>", [1, None], [1, None]),
    ("map<text, int>", {"a": 1}, [("a", 1)]), ("struct<a: int, b: text>", {"a": 1}, {"a": 1, "b": None}),
    ("string(3)", "äöü", "äöü"), ("int", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("type", "value", "expected"), GOOD)
def test_scalars(type: str, value: object, expected: object) -> None:
    made = scalar_array([value], parse_type(type))
    assert made.type == parse_type(type).arrow
    assert made.to_pylist() == [expected]


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("int", "abc"), ("int", 1.5), ("tinyint", 300), ("utinyint", -1), ("int", True), ("bool", "maybe"),
        ("bool", 2), ("date", "2023-02-30"), ("date", 5), ("time", "25:00"), ("timestamp", "soon"),
        ("string(2)", "abc"),
        ("enum(a, b)", "c"), ("decimal(4,1)", 1.25), ("decimal(4,1)", 1000), ("decimal(4,1)", "x"),
        ("double", "x"),
        ("decimal(4,1)", float("nan")), ("double", [1]), ("text", {"a": 1}), ("uuid", "123"),
        ("array<int>", 5),
        ("array<int>", ["x"]), ("map<text, int>", []), ("struct<a: int>", {"b": 1}), ("int", float("inf")),
    ],
)  # fmt: skip
def test_unfit_scalars(type: str, value: object) -> None:
    with pytest.raises(ValueError, match="doesn't fit"):
        scalar_array([value], parse_type(type))


def test_a_decimal_becomes_the_nearest_double() -> None:
    texts = ["0.69", "-1.29", "128.49", "0.07", "99999999.99"]
    narrow = pa.array([None, *map(Decimal, texts)], pa.decimal128(10, 2))
    wide = narrow.cast(pa.decimal128(30, 2))
    for array in (narrow, wide, narrow.slice(1, 3)):
        found = cast_array(array, parse_type("double"), pa.float64())
        assert found.to_pylist() == [None if value is None else float(value) for value in array.to_pylist()]
