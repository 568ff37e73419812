"""Where releases of DuckDB differ, expressions give what the docs say, whichever release is installed."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sdgen.errors import ScenarioError
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import Dependency
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.expressions.stages import _program
from sdgen.generators.expressions.syntax import parse_expression
from sdgen.generators.registry import make
from sdgen.scenario.types import parse_type
from tests.generators.fake import FakeRows, facts


def computed_over(sql: str, values: pa.Array, type: str) -> list[Any]:
    """An expression over one column, `a`, in the type of its own column."""
    generator = make("expression", {"sql": sql}).resolved({})
    made = generator.values(ColumnBatch(FakeRows(np.arange(len(values)), {"a": values}), facts(generator, type)))
    carried = cast_array(made, parse_type(type), parse_type(type).arrow)
    return list(carried.to_pylist())


MOMENTS = [datetime(1969, 12, 31, 23, 59, 59, 999_999), datetime(2024, 3, 31, 23, 59, 59, 999_999)]

CASES: list[tuple[str, str, list[Any], str, list[Any]]] = [
    ("round(a, -1)", "tinyint", [-128, 5, 4, None, 124], "tinyint", ["error", 10, 0, None, 120]),
    ("round(a, -3)", "bigint", [2**63 - 1, -(2**63) + 500, 1500], "bigint", ["error", -(2**63) + 808, 2000]),
    ("round(a, -1)", "decimal(2,1)", [Decimal("9.9"), Decimal("5.0"), Decimal("-4.9")], "decimal(2,0)", [10, 10, 0]),
    ("a % (a // a - 2)", "int", [-(2**31), 7, None], "int", [0, 0, None]),
    ("-a", "utinyint", [0, 1], "utinyint", [0, "error"]),
    ("typeof(a::hugeint // 10)", "bigint", [15], "text", ["HUGEINT"]),
    ("(a::hugeint // 10)::int", "bigint", [15, -15], "int", [1, -1]),
    ("typeof(-2147483648)", "int", [1], "text", ["INTEGER"]),
    ("fmod(a, 0.1)", "double", [-128.0, 1.0], "double", [-128.0 % 0.1, 1.0 % 0.1]),
    ("levenshtein(a, 'é')", "text", ["", "é", "日本"], "bigint", [1, 0, 2]),
    ("hamming(a, 'ä')", "text", ["a", "ä", "ab"], "bigint", [1, 0, None]),
    ("string_split(a, '')", "text", ["", "ab", None], "array<text>", [[""], ["a", "b"], None]),
    ("array_to_string(a, ',')", "array<int>", [[], [1, 2], None], "text", ["", "1,2", None]),
    ("list_contains(a, null::int)", "array<int>", [[], [1]], "bool", [None, None]),
    ("date_trunc('month', a)", "date", [date(2024, 2, 29)], "timestamp", [datetime(2024, 2, 1)]),
    ("date_trunc('day', a)", "timestamp", [datetime(2024, 2, 29, 12)], "timestamp", [datetime(2024, 2, 29)]),
    ("epoch_ms(a)", "timestamp", MOMENTS, "bigint", [-1, 1711929599999]),
    ("a::date", "text", ["2024-02-29", "2024-02-29 12", "2024-02-29 23:59:60"], "date", [date(2024, 2, 29), "error", "error"]),
    ("a::interval::text", "text", ["7", "1 day", "0.1234567 seconds"], "text", ["error", "1 day", "00:00:00.123456"]),
    ("try_strptime(a, '%Y')", "text", ["epoch", "2024"], "timestamp", [None, datetime(2024, 1, 1)]),
    ("to_json(a)", "decimal(2,2)", [Decimal("0.50")], "json", ["0.5"]),
    ("json_object(a, 1)", "text", ["k", None], "json", ['{"k":1}', None]),
    ("bit_count(a)", "ubigint", [2**64 - 1], "tinyint", [64]),
    ("a::double", "decimal(38,37)", [Decimal("5E-37"), Decimal("5.5E-36")], "double", [5e-37, 5.5e-36]),
    ("a + 1", "decimal(18,6)", [Decimal("1.5"), Decimal("999999999999.9")], "decimal(18,6)", [Decimal("2.5"), "error"]),
    ("regexp_replace('x1', '[0-9]', a)", "text", [r"\1", "y"], "text", [r"x\1", "xy"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "source", "values", "type", "expected"), CASES)
def test_values_and_types_are_those_of_the_docs(
    sql: str, source: str, values: list[Any], type: str, expected: list[Any]
) -> None:
    natural = make("expression", {"sql": sql}).resolved({}).natural_for({Dependency("a"): parse_type(source)})
    assert str(natural) == type
    found: list[Any] = []
    for value in values:
        try:
            found += computed_over(sql, pa.array([value], parse_type(source).arrow), type)
        except ScenarioError:
            found.append("error")
    assert found == expected


@pytest.mark.parametrize(
    ("sql", "source", "words"),
    [
        ("date_part('week', to_days(a))", "int", "an interval has no week"),
        ("extract(doy from a)", "time", "a time of day has no doy"),
        ("date_part('year', a)", "time", "a time of day has no year"),
    ],
)
def test_parts_that_only_some_releases_have_are_refused(sql: str, source: str, words: str) -> None:
    generator = make("expression", {"sql": sql}).resolved({})
    assert [words in fault.what for fault in generator.check_types({Dependency("a"): parse_type(source)})] == [True]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("printf('%c', a)", "without %c"),
        (r"regexp_replace(a, '(x)', '\2')", r"must not hold \2: the pattern has 1 groups"),
        (r"regexp_replace(a, '[(]x', '\1')", r"must not hold \1: the pattern has 0 groups"),
        (r"regexp_replace(a, b, '\1')", "must not refer to groups"),
        ("regexp_split_to_array(a, '^x')", "without ^"),
        ("regexp_split_to_array(a, b)", "must be a plain text"),
        ("regexp_matches(a, '(')", "must be a regular expression"),
        ("regexp_extract(a, '(?=b)')", "must be a regular expression"),
        ("date_sub('era', a, b)", "must be a plain unit"),
    ],
)
def test_arguments_that_mean_different_things_are_refused(sql: str, words: str) -> None:
    (fault,) = parse_expression(sql).faults
    assert words in fault.what


def test_ordinary_patterns_and_replacements_are_fine() -> None:
    for sql in (
        r"regexp_replace(a, '([a-z])([^\]]*)', '\2 \1 \0 \\')",
        "regexp_split_to_array(a, '[^a-z]+')",
        "printf('%d%%c', a)",
    ):
        assert not parse_expression(sql).faults


def test_what_no_release_changes_is_left_as_it_is() -> None:
    schema = pa.schema({"sdgen_0": pa.int32(), "sdgen_1": pa.decimal128(10, 2), "sdgen_2": pa.date32()})
    for sql in ("a % 7 + 1", "b + b + a", "a + 1.5 * b", "c + 1", "-1 * a", "'2024-01-01'::date"):
        parsed = parse_expression(sql)
        fields = [schema.field("abc".index(reference.column)) for reference in parsed.references]
        named = pa.schema(
            [field.with_name(f"sdgen_{number}") for number, field in enumerate(fields)] or [("sdgen_none", pa.int8())]
        )
        assert _program(parsed, named).sql == parsed.sql


def test_many_sums_of_decimals_stay_in_18_digits() -> None:
    sql = " + ".join(["a"] * 30)
    natural = make("expression", {"sql": sql}).resolved({}).natural_for({Dependency("a"): parse_type("decimal(18,2)")})
    assert str(natural) == "decimal(18,2)"
    assert computed_over(sql, pa.array([Decimal("0.01"), None], pa.decimal128(18, 2)), "decimal(18,2)") == [
        Decimal("0.30"),
        None,
    ]


def test_times_keep_the_parts_they_have() -> None:
    assert computed_over("extract(hour from a)", pa.array([time(12, 30)], pa.time64("us")), "bigint") == [12]


@pytest.mark.parametrize("sql", ["mod()", "date_part()", "split()", "round()", "to_json(1, 2)", "fmod(1)"])
def test_calls_without_their_arguments_are_told_as_such(sql: str) -> None:
    generator = make("expression", {"sql": sql}).resolved({})
    faults = list(generator.check_types({}))
    assert faults
    assert all(fault.param == "sql" for fault in faults)
