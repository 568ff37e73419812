"""Expressions that releases of sqlglot and DuckDB read differently are refused; all others are handed over in brackets."""

from __future__ import annotations

import pytest

from sdgen.generators.expressions.syntax import parse_expression


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("a = b is null", "character 7"),
        ("a is distinct from b = c", "character 22"),
        ("a < b < c", "character 7"),
        ("a between 1 and 2 is true", "character 19"),
        ("a -> 'x' || b", "character 3"),
        ("a -> 'x'::text", "character 3"),
        ("a -> 'x'[1]", "character 3"),
        ("a + b -> 'x'", "character 7"),
        ("-a -> 'x'", "character 4"),
        ("~a + 1", "character 1"),
        ("a !~~ b = c", "character 3"),
        ("case when a = b is null then 1 end", "character 17"),
        ("lower(a) || (b = c = d)", "character 20"),
    ],
)
def test_two_readings_are_refused(sql: str, place: str) -> None:
    found = [fault for fault in parse_expression(sql).faults if place in fault.what]
    assert found
    assert found[0].hint


@pytest.mark.parametrize(
    ("sql", "run"),
    [
        ("(a = b) is null", "(a = b) IS NULL"),
        ("a not like b and c", "(NOT (a LIKE b)) AND c"),
        ("a not like b escape '!'", "NOT (a LIKE b ESCAPE '!')"),
        ("a || b & c", "(a || b) & c"),
        ("a + b * c % d - -e", "a + b * c % d - -e"),
        ("a and b and c or d", "(a AND b AND c) OR d"),
        ("a -> 'x' ->> 'y' = b", "((a -> '$.x') ->> '$.y') = b"),
        ("a -> -1", "a -> (-1)"),
        ("a << b + c", "a << (b + c)"),
        ("a between b + 1 and c and d", "(a BETWEEN (b + 1) AND c) AND d"),
        ("a is not null", "NOT (a IS NULL)"),
        ("(~a) + 1", "(~a) + 1"),
        ("map {a: b}", "MAP {a: b}"),
        ("map {'a': b}", "MAP {'a': b}"),
        ("{a: b}", "{'a': b}"),
    ],
)
def test_the_order_of_operators_is_written_out(sql: str, run: str) -> None:
    parsed = parse_expression(sql)
    assert not parsed.faults
    text = parsed.sql
    for number, reference in enumerate(parsed.references):
        text = text.replace(f'"sdgen_{number}"', str(reference))
    assert text == f"({run})"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("interval '1.5 days'", "has a fraction"),
        ("interval 1.5 hour", "has a fraction"),
        ("null", "is always null"),
        ("case when a then null else coalesce(null, null) end", "is always null"),
        ("[[], null]", "is always null"),
        ("a + 123456789012345678901234567890123456789", "more than 38 digits"),
    ],
)
def test_what_has_no_one_value_or_type_is_refused(sql: str, words: str) -> None:
    assert any(words in fault.what for fault in parse_expression(sql).faults)


def test_typed_nulls_and_whole_intervals_are_fine() -> None:
    for sql in ("null::int", "case when a then null else b end", "interval '90 minutes'", "'1.5 days'::interval::text"):
        assert not parse_expression(sql).faults
