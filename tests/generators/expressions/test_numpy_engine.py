"""What numpy computes in DuckDB's place: the same values, types and errors, for ordinary and awkward numbers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdgen.generators.expressions import duckdb_engine, stages
from sdgen.generators.expressions.syntax import parse_expression
from sdgen.generators.expressions.vectorized import numpy_engine

TYPES = {
    "small": pa.int16(),
    "count": pa.int32(),
    "number": pa.int64(),
    "price": pa.decimal128(9, 2),
    "rate": pa.decimal128(4, 3),
    "wide": pa.decimal128(30, 2),
    "day": pa.date32(),
    "other": pa.date32(),
    "flag": pa.bool_(),
    "ratio": pa.float64(),
    "growth": pa.float64(),
    "state": pa.string(),
    "kind": pa.dictionary(pa.int16(), pa.string()),
    "moment": pa.timestamp("us"),
}
ORDINARY: dict[str, list[Any]] = {
    "small": [3, 1, 40, 0],
    "count": [7, 250, 1, 12],
    "number": [10**10, 5, 1, 99],
    "price": [Decimal("19.99"), Decimal("0.01"), Decimal("-3.50"), Decimal("1000.00")],
    "rate": [Decimal("0.075"), Decimal("0.000"), Decimal("1.000"), Decimal("0.333")],
    "wide": [Decimal("123456789.01"), Decimal("-0.01"), Decimal("0"), Decimal("7")],
    "day": [date(2024, 2, 29), date(1995, 6, 17), date(1969, 12, 31), date(2026, 1, 1)],
    "other": [date(2024, 3, 1), date(1995, 6, 17), date(2000, 1, 1), date(1900, 1, 1)],
    "flag": [True, False, False, True],
    "ratio": [0.1, -2.5, 1e150, 3.0],
    "growth": [1.05, 0.333, -1e-9, 7.25],
    "state": ["paid", "late", "", "Paid"],
    "kind": ["card", "iban", "card", "cash"],
    "moment": [
        datetime(2024, 2, 29, 23, 59, 59, 999999),
        datetime(1970, 1, 1),
        datetime(2000, 1, 1, 12),
        datetime(1999, 12, 31),
    ],
}
COMPUTED = (
    "price * count",
    "count * price + 1",
    "price * (1 - rate) * (1 + rate)",
    "(90000 + number // 10 % 20001 + 100 * (number % 1000)) * 0.01",
    "small + 1",
    "-price + rate",
    "day + count",
    "day - other",
    "other + 7 - count",
    "case when day > date '1995-06-17' then 2 else count end",
    "case small when 3 then price when 40 then 0.5 else rate end",
    "cast(day > other as int) + cast(flag as int)",
    "cast(count as decimal(12, 3)) * rate",
    "cast(small as bigint) * number",
    "price between 0 and 20 or not flag and count <> 7",
    "case when flag then day else other end",
    "wide + price",
    "count >= price",
    "ratio * (growth - 1) / growth + count",
    "-ratio / number",
    "ratio > growth and growth < 0.5::double",
    "case when ratio < 1 then growth else count end",
    "cast(count as double) * ratio",
    "least(count, number, 5) - greatest(small, count)",
    "least(day, other + 3)",
    "greatest(price, rate, 2)",
    "case when state = 'paid' then 'done' when count > 7 and kind <> 'cash' then 'open' else 'done' end",
    "case kind when 'card' then 1 when 'iban' then 2 else 3 end",
    "cast(day as timestamp)",
    "cast(moment as date) + count",
    "number / count",
    "if(flag, 1, 2)",
)
LEFT_TO_DUCKDB = (
    "price / count",
    "number // (count - 7)",
    "(count - 10) % 7",
    "day + interval 1 day",
    "case when flag then 1 end",
    "cast(price as int)",
    "coalesce(count, 1)",
    "count > 1.5e0",
    "flag = true",
    "day = '2024-02-29'",
    "ratio / (count - 7)",
    "ratio * ratio * ratio",
    "state > 'a'",
    "case when flag then state else 'none' end",
    "greatest(ratio, growth)",
    "state || kind",
)


def table(values: dict[str, list[Any]], names: tuple[str, ...]) -> pa.Table:
    return pa.table({f"sdgen_{place}": pa.array(values[name], TYPES[name]) for place, name in enumerate(names)})


def computed(sql: str, values: dict[str, list[Any]]) -> tuple[pa.Array | None, pa.Array | str]:
    """What numpy makes of it (None where it leaves it), and DuckDB alone: an error as the word for it."""
    parsed = parse_expression(sql)
    assert not parsed.faults
    columns = table(values, tuple(str(one) for one in parsed.references))
    program = stages._program(parsed, columns.schema)
    for stage in program.stages:  # casts of decimals and of doubles are functions of our own
        arguments = iter(duckdb_engine.evaluate_all([sql for call in stage for sql in call.arguments], columns))
        for call in stage:
            made = call.compute([next(arguments) for _ in call.arguments], len(columns))
            columns = columns.append_column(call.column, made)
    ours = numpy_engine.evaluate(program.sql, columns)
    try:
        (theirs,) = duckdb_engine.evaluate_all([program.sql], columns)
    except duckdb.Error:
        return ours, "error"
    return ours, theirs


@pytest.mark.parametrize("sql", COMPUTED)
def test_values_and_types_are_those_of_duckdb(sql: str) -> None:
    ours, theirs = computed(sql, ORDINARY)
    assert ours is not None
    ours.validate(full=True)
    assert ours.type == theirs.type
    assert ours.equals(theirs)


@pytest.mark.parametrize("sql", LEFT_TO_DUCKDB)
def test_others_are_left_to_duckdb(sql: str) -> None:
    assert computed(sql, ORDINARY)[0] is None


@pytest.mark.parametrize("sql", COMPUTED)
def test_nulls_and_no_rows_are_left_to_duckdb(sql: str) -> None:
    nulls = {name: [*values[1:], None] for name, values in ORDINARY.items()}
    assert computed(sql, nulls)[0] is None
    assert computed(sql, {name: [] for name in ORDINARY})[0] is None


AWKWARD = {
    "small": st.sampled_from([-(2**15), 2**15 - 1, -1, 0, 1]),
    "count": st.sampled_from([-(2**31), 2**31 - 1, -1, 0, 1, 46_341]),
    "number": st.sampled_from([-(2**63), 2**63 - 1, 2**62, -(2**62) - 1, -1, 0, 1, 3_037_000_500]),
    "price": st.sampled_from([Decimal("9999999.99"), Decimal("-9999999.99"), Decimal("0.01"), Decimal(0)]),
    "rate": st.sampled_from([Decimal("9.999"), Decimal("-9.999"), Decimal("0.001")]),
    "wide": st.sampled_from(
        [Decimal(10**28 - 1), Decimal(-(10**28) + 1), Decimal(2**63), Decimal("92233720368547758.07")]
    ),
    "day": st.dates(),
    "other": st.dates(),
    "flag": st.booleans(),
    "ratio": st.sampled_from([0.0, -0.0, 1.7e308, -1.7e308, 5e-324, 0.1, 2.0**53 + 2, float("inf"), float("nan")]),
    "growth": st.floats(),
}
numbers = st.recursive(
    st.sampled_from(["small", "count", "number", "price", "rate", "wide", "ratio", "growth", "0", "1", "7", "0.05", "123456.789", "2147483648"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "//", "%", "/"]), inner),
        st.builds("(-{})".format, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["least", "greatest"]), inner, inner),
        st.builds("cast({} as {})".format, inner, st.sampled_from(["int", "bigint", "decimal(18, 3)", "decimal(30, 4)"])),
        st.builds("case when {} {} {} then {} else {} end".format, inner, st.sampled_from(["<", "=", ">="]), inner, inner, inner),
    ),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(sql=numbers, data=st.data())
def test_whatever_numpy_computes_is_what_duckdb_computes(sql: str, data: st.DataObject) -> None:
    """In any tree, for numbers at the ends of their types and others; where DuckDB has an error, numpy gives nothing."""
    awkward = data.draw(st.booleans())
    values = {
        name: data.draw(st.lists(AWKWARD[name], min_size=3, max_size=3)) if awkward else ORDINARY[name]
        for name in AWKWARD
    }
    parsed = parse_expression(sql)
    if parsed.faults:
        return
    try:
        ours, theirs = computed(sql, values)
    except (duckdb.Error, ValueError, OverflowError):
        return  # no types, or too long: told before anything is computed
    if ours is not None:
        assert not isinstance(theirs, str), "an error of DuckDB's"
        assert ours.type == theirs.type
        assert ours.equals(theirs)
        if pa.types.is_floating(ours.type):  # to the sign of a zero
            assert np.asarray(ours).tobytes() == np.asarray(theirs).tobytes()


def test_a_batch_that_leaves_64_bits_is_left_to_duckdb() -> None:
    assert computed("number * number", {**ORDINARY, "number": [2**32, 1, 1, 1]})[0] is None
    assert computed("number * number", {**ORDINARY, "number": [2**30, 1, 1, 1]})[0] is not None
    ours, theirs = computed("count * count", {**ORDINARY, "count": [46_341, 1, 1, 1]})
    assert (ours, theirs) == (None, "error")
