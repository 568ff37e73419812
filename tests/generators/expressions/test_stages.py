"""Functions of our own inside expressions: stages, nulls, conditions, types, and what fails."""

from __future__ import annotations

import math
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdgen.errors import ScenarioError
from sdgen.generators.base import Dependency
from sdgen.generators.expressions import duckdb_engine, stages, transcendental
from sdgen.generators.expressions.allowed import FUNCTIONS
from sdgen.generators.expressions.functions import OWN_FUNCTIONS
from sdgen.generators.expressions.syntax import parse_expression
from sdgen.generators.expressions.vectorized import numpy_engine
from sdgen.generators.registry import make
from sdgen.scenario.types import parse_type
from tests.generators.expressions.test_expressions import COLUMNS, COUNT, TYPES, computed, faults, made

NUMBERS = pa.table({"sdgen_0": pa.array([0.5, None, -1.0, 1e300, 2.0])})


def over(column: pa.Array, sql: str) -> list[Any]:
    """An expression over one column, which it calls x."""
    parsed = parse_expression(sql)
    assert parsed.faults == ()
    return list(stages.evaluate(parsed, pa.table({"sdgen_0": column})).to_pylist())


def selects(monkeypatch: pytest.MonkeyPatch, sql: str, by_numpy: bool = False) -> list[int]:
    """How many expressions each call of DuckDB computes, once the types are known, with numpy's help or without."""
    if not by_numpy:
        monkeypatch.setattr(numpy_engine, "evaluate", lambda sql, table: None)
    computed(sql)
    calls: list[int] = []
    real = duckdb_engine._selected

    def counted(sqls: list[str], table: pa.Table) -> pa.Table:
        calls.append(len(sqls))
        return real(sqls, table)

    monkeypatch.setattr(duckdb_engine, "_selected", counted)
    computed(sql)
    return calls


@pytest.mark.parametrize(
    ("sql", "calls"),
    [
        ("price * quantity + 1", [1]),
        ("upper(name) || cast(quantity as text)", [1]),
        ("cast(quantity as bigint) * 2", [1]),
        ("round(cast(quantity as decimal(9, 2)) / 3, 2)", [2]),
        ("exp(price)", []),
        ("exp(price) + 1", [1]),
        ("cast(price as decimal(9, 2))", []),
        ("cast(price as hugeint)", [1]),
        ("exp(quantity) + ln(price + 1)", [2, 1]),
        ("exp(ln(price + 1) * 2)", [1, 1]),
        ("exp(price + 1) / exp(price + 1)", [1, 1]),
    ],
)
def test_duckdb_is_called_once_and_once_for_each_stage(
    monkeypatch: pytest.MonkeyPatch, sql: str, calls: list[int]
) -> None:
    assert selects(monkeypatch, sql) == calls


@pytest.mark.parametrize(
    ("sql", "calls"),
    [
        ("price * quantity + 1", []),
        ("upper(name) || cast(quantity as text)", [1]),
        ("round(cast(quantity as decimal(9, 2)) / 3, 2)", [1]),
        ("exp(quantity) + ln(price + 1)", []),
    ],
)
def test_duckdb_is_not_called_for_what_numpy_computes(
    monkeypatch: pytest.MonkeyPatch, sql: str, calls: list[int]
) -> None:
    assert selects(monkeypatch, sql, by_numpy=True) == calls


def test_nested_functions_and_nulls() -> None:
    xs = [0.5, None, 2.0, 3.25]
    column = pa.array(xs)
    expected = [None if x is None else float(transcendental.exp(np.sqrt(transcendental.ln([x * 8])))[0]) for x in xs]
    assert over(column, "exp(sqrt(ln(x * 8)))") == expected
    assert over(column, "round(exp(ln(x)), 3) + round(x, 1)") == [1.0, None, 4.0, 6.55]
    assert over(column, "coalesce(ln(x - 2), -1.0::double)") == [-1.0, -1.0, -1.0, float(transcendental.ln([1.25])[0])]
    assert over(pa.array([], pa.float64()), "exp(x) + pi()") == []


def test_arguments_are_any_numbers() -> None:
    for arrow in (pa.int8(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(5, 2), pa.decimal128(38, 0)):
        assert over(pa.array([4, None], arrow), "log2(x)") == [2.0, None]
    assert over(pa.array([4.0, 5.0]).dictionary_encode(), "log2(x)")[0] == 2.0
    assert over(pa.array([None, None]), "log2(x)") == [None, None]
    assert over(pa.array([1, 2], pa.int32()), "round(2.345::double, x)") == [2.3, 2.35]


OUTSIDE = "ln(0) ln(-1) log(0) log2(-1) log10(0) log(1,8) log(-2,8) exp(1000) pow(0,-1) pow(-8,0.5) 10**309 asin(2)"
OUTSIDE += (
    " acos(-1.1) acosh(0.5) atanh(1) atanh(-2) cot(0) sin(1e16) cos(-1e16) tan(1e300) sinh(1000) exp('inf'::double)"
)


@pytest.mark.parametrize("sql", OUTSIDE.split())
def test_outside_of_a_domain_is_null(sql: str) -> None:
    assert computed(f"{sql.replace(',', ', ')}", 2) == [None, None]


def test_conditions_keep_arguments_from_failing() -> None:
    bad = "cast(name as double)"
    assert computed(f"case when quantity > 900 then round({bad}, 2) else 1.5 end", 2) == [1.5, 1.5]
    assert computed(f"case when quantity < 900 then 1.5 when exp({bad}) > 1 then 2 end", 2) == [1.5, 1.5]
    assert computed(f"case quantity when 900 then exp({bad}) when 0 then 1 else 2 end", 2) == [1.0, 2.0]
    assert computed(f"if(quantity < 900, 1.5, ln({bad}))", 2) == [1.5, 1.5]
    assert computed(f"if(quantity > 900, ln({bad}), 2.5)", 2) == [2.5, 2.5]
    assert computed(f"coalesce(price, ln({bad}))", 2) == [0.0, 0.25]
    assert computed(f"ifnull(exp(price), exp({bad}))", 1) == [1.0]
    assert computed(f"try(round({bad}, 2))", 2) == [None, None]
    assert computed("case when price < 100 then cast(price as tinyint) else -1 end", [0, 499]) == [0, -1]
    assert computed("case when ln(price) > 4.6 then exp(ln(price)) when price > 1 then cast(price as tinyint) end", [0, 9, 499]) == [None, 2, float(transcendental.exp(transcendental.ln([124.75]))[0])]  # fmt: skip
    with pytest.raises(ScenarioError, match="Name 1"):
        computed(f"case when quantity >= 0 then round({bad}, 2) else 1.5 end", 2)


def natural(sql: str) -> str:
    generator = make("expression", {"sql": sql})
    return str(generator.natural_for({Dependency(name): parse_type(type) for name, type in TYPES.items()}))


@pytest.mark.parametrize(
    ("sql", "type"),
    [
        ("exp(quantity)", "double"),
        ("round(exp(price), 2)", "double"),
        ("cast(exp(price) as decimal(10, 2))", "decimal(10,2)"),
        ("round(cast(exp(price) as decimal(10, 4)), 2)", "decimal(10,2)"),
        ("[pow(price, 2)]", "array<double>"),
        ("typeof(cast(price as hugeint))", "text"),
        ("round(quantity, -1)", "int"),
    ],
)
def test_types_are_known_before_anything_runs(sql: str, type: str) -> None:
    assert natural(sql) == type


def test_wrong_arguments_are_told_before_anything_runs() -> None:
    with pytest.raises(ValueError, match=r"no function exp\(VARCHAR\)"):
        natural("exp(name)")
    with pytest.raises(ValueError, match=r"exp\(DOUBLE, DOUBLE\)"):
        natural("1 + exp(price, price)")
    with pytest.raises(ValueError, match=r"no function power\(TIMESTAMP WITH TIME ZONE, INTEGER\)"):
        natural("at ** 2")
    with pytest.raises(ValueError, match=r"round\(VARCHAR"):
        natural("round(name, 2)")


def test_what_does_not_fit_names_column_value_and_type() -> None:
    with pytest.raises(ScenarioError) as caught:
        computed("cast(price * 1000 as tinyint)", [0, 1])
    assert "entities.things.columns.it" in str(caught.value)
    assert "250.0 doesn't fit into tinyint" in str(caught.value)
    assert computed("try_cast(price * 1000 as tinyint)", [0, 1]) == [0, None]
    assert computed("try_cast(price * 1000 as decimal(5, 2))", [0, 3, 4]) == [Decimal(0), Decimal(750), None]


def test_casts_round_halves_away_from_zero() -> None:
    column = pa.array([0.5, 1.5, 2.5, -0.5, -2.5, 1.005, None])
    assert over(column, "x::int") == [1, 2, 3, -1, -3, 1, None]
    assert over(column, "x::hugeint::text") == ["1", "2", "3", "-1", "-3", "1", None]
    assert over(column, "x::decimal(5, 2)")[-2:] == [Decimal("1.01"), None]
    assert over(column, "[x, 0.25]::decimal(3, 1)[]")[:2] == [[Decimal("0.5"), Decimal("0.3")], [Decimal("1.5"), Decimal("0.3")]]  # fmt: skip
    assert over(column, "[x, 0.5]::int[2]")[-2:] == [[1, 1], [None, 1]]
    assert over(column, "[x, 0.5]::double[2]::int[]")[-2:] == [[1, 1], [None, 1]]
    assert over(column, "try_cast([x * 2e9, 0.5] as int[])")[:2] == [[1_000_000_000, 1], [None, 1]]
    assert over(pa.array([12345678.9, 0.285], pa.float32()), "x::decimal(18, 2)") == [Decimal(12345679), Decimal("0.29")]  # fmt: skip


@pytest.mark.parametrize("width", [4, 9, 18, 38])
def test_decimals_round_halves_away_from_zero_in_duckdb(width: int) -> None:
    values = [Decimal(n).scaleb(-2) for n in (5, 15, 25, 95, 995, 994, -5, -15, -995)]
    column = pa.array(values, pa.decimal128(width, 2))
    expected = [Decimal(v) for v in ("0.1", "0.2", "0.3", "1.0", "10.0", "9.9", "-0.1", "-0.2", "-10.0")]
    assert over(column, "round(x, 1)") == expected
    assert over(column, f"x::decimal({width}, 1)") == expected
    assert over(column, "(x * 10)::int") == [1, 2, 3, 10, 100, 99, -1, -2, -100]


LONG = [
    (digits, places)
    for digits, places in [
        (9, 2),
        (15, 15),
        (16, 3),
        (18, 2),
        (18, 18),
        (20, 5),
        (30, 10),
        (38, 0),
        (38, 10),
        (38, 25),
        (38, 38),
    ]
]


def long_decimals(digits: int, places: int) -> list[Decimal]:
    """Decimals of all lengths up to so many digits."""
    words = [(n * 0x9E3779B97F4A7C15F39CC0605CEDC835 + 12345) % 10**38 for n in range(1, 300)]
    return [Decimal(word % 10 ** (1 + n % digits) * (-1) ** n).scaleb(-places) for n, word in enumerate(words)]


@pytest.mark.parametrize(("digits", "places"), LONG)
def test_decimals_become_the_nearest_doubles(digits: int, places: int) -> None:
    with localcontext(Context(prec=80)):
        values = long_decimals(digits, places)
        column = pa.array(values, pa.decimal128(digits, places))
        doubles = [float(value) for value in values]
        third = [value / 3.0 for value in doubles]
        singles = [np.float32(value).item() for value in doubles]
    assert over(column, "x::double") == doubles
    assert over(column, "try_cast(x as double)") == doubles
    assert over(column, "x / 3") == third
    assert over(column, "x // 3") == third
    assert over(column, "(x + 0) / 3") == third if digits < 38 else True
    assert over(column, "x * 0.7::double + 1") == [value * 0.7 + 1 for value in doubles]
    assert over(column, "case when 1 = 1 then x else 0.5::double end") == doubles
    assert over(column, "if(x is null, 0.5::double, x)") == doubles
    assert over(column, "coalesce(x, 0.5::double)") == doubles
    assert over(column, "greatest(x, -1e300::double)") == doubles
    assert over(column, "[x, 0.5::double][1]") == doubles
    assert over(column, "fdiv(x, 3) = fdiv(x::double, 3) and even(x) = even(x::double)") == [True] * len(values)
    assert over(column, "sqrt(abs(x))") == [math.sqrt(abs(value)) for value in doubles]
    assert over(column, "sqrt(abs(x::double)) = sqrt(abs(x)) and x in (x::double) and x = x::double") == [True] * len(
        values
    )
    assert over(column, "x between x::double and x::double") == [True] * len(values)
    assert over(column, "degrees(x)") == transcendental.degrees(doubles).tolist()
    assert over(column, "x::float") == singles
    assert over(column, "x * 1::float") == singles


def test_whole_numbers_are_rounded_to_tens() -> None:
    for arrow in (pa.int8(), pa.uint8(), pa.int32(), pa.uint64()):
        column = pa.array([25, 24, 115, 4, None], arrow)
        assert over(column, "round(x, -1)") == [30, 20, 120, 0, None]
        assert over(column, "round(x, 1)") == [25, 24, 115, 4, None]
        assert over(column, "round(x, -30)") == [0, 0, 0, 0, None]
    assert over(pa.array([-25, -24, -(2**62)]), "round(x, -1)") == [-30, -20, -4611686018427387900]
    with pytest.raises(Exception, match=r"127|130"):
        over(pa.array([127], pa.int8()), "round(x, -1)")
    assert over(pa.array([127], pa.int8()), "case when x < 100 then round(x, -1) else x end") == [127]


MIXED = "round(exp(sin(price)) * ln(quantity + 1), 3) + atan2(price, quantity) + cast(price as int)"


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=60), st.data())
def test_any_order_and_split_gives_the_same(numbers: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(numbers)))
    assert computed(MIXED, numbers) == computed(MIXED, numbers[:cut]) + computed(MIXED, numbers[cut:])


def test_parents_and_aliases() -> None:
    assert computed("log2(boss.quantity + 1)", 4, {"boss": "people"}) == [2.0, float(transcendental.log2([3])[0]), 1, 0]
    assert computed('log2("group" + 1)', 2) == [0.0, 1.0]
    shifted = made("at + to_days(cast(exp(price) as int)) ")
    assert shifted.tells_apart([]) == ""
    assert made("quantity + exp(1)").tells_apart([]) == "quantity"


def test_the_list_has_every_function_of_ours() -> None:
    assert OWN_FUNCTIONS.keys() <= FUNCTIONS
    assert all(function.summary for function in OWN_FUNCTIONS.values())
    assert not faults("pow(price, 2) ** 2 + exp(1)")
    assert COLUMNS["price"].type == pa.float64()


def test_the_page_on_expressions_names_every_function_of_ours() -> None:
    page = (Path(__file__).parents[3] / "docs" / "expressions.md").read_text("utf-8")
    assert not [name for name in OWN_FUNCTIONS if f"`{name}(" not in page]


def test_deep_nesting_is_computed_or_refused() -> None:
    assert computed("exp(" * 20 + "-40" + ")" * 20, 1) == [None]
    assert computed("1 " + "** price " * 100, 2) == [1.0, 1.0]
