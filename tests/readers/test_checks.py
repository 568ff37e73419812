"""CHECK conditions → what they say about columns."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from sdgen.readers.sql.check_facts import (
    NOW,
    ColumnBounds,
    Comparison,
    can_make,
    regex_of_like,
    shortest_match,
    whole_regex,
)
from sdgen.readers.sql.checks import understand


def said(sql: str, dialect: str = "postgres") -> dict[str, ColumnBounds]:
    found = understand(sql, dialect)
    assert not found.unknown
    return dict(found.columns)


@pytest.mark.parametrize(
    ("sql", "dialect", "expected"),
    [
        ("a >= 0 AND a < 10", "postgres", ColumnBounds(low=Decimal(0), high=Decimal(10), high_open=True)),
        ("10 > a", "postgres", ColumnBounds(high=Decimal(10), high_open=True)),
        ("(a)::numeric > (-5)::numeric", "postgres", ColumnBounds(low=Decimal(-5), low_open=True)),
        ("a >= '-40'::integer", "postgres", ColumnBounds(low=Decimal(-40))),
        ("upper((a)::text) = ANY (ARRAY['W'::text, 'S'::text])", "postgres", ColumnBounds(values=("W", "S"))),
        ("[a] >= (0)", "tsql", ColumnBounds(low=Decimal(0))),
        ("a BETWEEN 1 AND 9", "mysql", ColumnBounds(low=Decimal(1), high=Decimal(9))),
        ("a IN ('x', 'y')", "sqlite", ColumnBounds(values=("x", "y"))),
        (
            "((a)::text = ANY ((ARRAY['x'::varchar, 'y'::varchar])::text[]))",
            "postgres",
            ColumnBounds(values=("x", "y")),
        ),
        ("a = 'x' OR a = 'y'", "postgres", ColumnBounds(values=("x", "y"))),
        ("upper([a])='F' OR upper([a])='M'", "tsql", ColumnBounds(values=("F", "M"))),
        ("a IS NULL OR a > 3", "postgres", ColumnBounds(low=Decimal(3), low_open=True)),
        ("a = 0 OR a >= 10", "postgres", ColumnBounds(low=Decimal(10))),
        ("a IS NOT NULL", "postgres", ColumnBounds(not_null=True)),
        ("a <> 'x'", "postgres", ColumnBounds(other_than=("x",))),
        ("NOT (a IN (1, 2))", "postgres", ColumnBounds(other_than=(Decimal(1), Decimal(2)))),
        ("char_length(a) <= 10", "postgres", ColumnBounds(longest=10)),
        ("LEN([a]) = 4", "tsql", ColumnBounds(shortest=4, longest=4)),
        ("length(btrim(a)) > 0", "postgres", ColumnBounds(shortest=1)),
        ("a = lower(a)", "postgres", ColumnBounds(letters="lower")),
        ("a ~ '^[A-Z]{2}$'::text", "postgres", ColumnBounds(pattern="[A-Z]{2}")),
        ("a <= CURRENT_DATE", "postgres", ColumnBounds(high=NOW)),
        ("a >= '2020-01-01'::date", "postgres", ColumnBounds(low="2020-01-01")),
        ("a", "postgres", ColumnBounds(values=(True,))),
        ("NOT a", "postgres", ColumnBounds(values=(False,))),
    ],
)
def test_one_column(sql: str, dialect: str, expected: ColumnBounds) -> None:
    assert said(sql, dialect) == {"a": expected}


def test_and_narrows() -> None:
    assert said("a > 0 AND a >= 5 AND a < 9 AND a <= 8 AND a IN (4, 6)")["a"] == ColumnBounds(
        low=Decimal(5), high=Decimal(8), values=(Decimal(4), Decimal(6))
    )


def test_two_columns() -> None:
    assert understand("starts <= ends", "postgres").orders == (Comparison("starts", "ends", False),)
    assert understand("ends > starts OR ends IS NULL", "postgres").orders == (Comparison("starts", "ends", True),)
    assert understand("a <> b", "postgres").different == (("a", "b"),)
    assert understand("a = b", "postgres").equal == (("a", "b"),)


def test_either_one_or_the_other_is_null() -> None:
    found = said("(a IS NULL AND b IS NOT NULL) OR (a IS NOT NULL AND b IS NULL)")
    assert found == {"a": ColumnBounds(null=True), "b": ColumnBounds(not_null=True)}
    assert said("(a IS NOT NULL) <> (b IS NOT NULL)") == {
        "a": ColumnBounds(not_null=True),
        "b": ColumnBounds(null=True),
    }
    assert said("num_nonnulls(a, b) = 1") == {"a": ColumnBounds(not_null=True), "b": ColumnBounds(null=True)}
    assert said("(a = 'done') = (b IS NOT NULL)") == {
        "a": ColumnBounds(other_than=("done",)),
        "b": ColumnBounds(null=True),
    }


def test_the_clock() -> None:
    assert said("a <= CURRENT_DATE - INTERVAL '18 years'")["a"] == ColumnBounds(high="-6575d")
    assert said("a <= (now() - '18 years'::interval)")["a"] == ColumnBounds(high="-6575d")
    assert said("a <= now() + INTERVAL '1 day'")["a"] == ColumnBounds(high="+1d")


@pytest.mark.parametrize("sql", ["a > b + 1", "a NOT LIKE 'x%'", "a > (", "f(a)"])
def test_what_is_not_understood_is_kept_as_text(sql: str) -> None:
    found = understand(sql, "postgres")
    assert len(found.unknown) == 1
    assert not found.columns


def test_part_of_a_condition_is_understood() -> None:
    found = understand("a > 1 AND f(b) = 2", "postgres")
    assert set(found.columns) == {"a"}
    assert found.unknown[0][1] == ("b",)


@pytest.mark.parametrize("text", ["abc%", "%x_y%", "a.b+c", "100\\%"])
def test_like_patterns_make_texts_that_match(text: str) -> None:
    like = re.compile(re.escape(text.replace("\\%", "\0")).replace("%", ".*").replace("_", ".").replace("\0", "%"))
    shortest = re.sub(r"\[a-z\]\{0,6\}", "", regex_of_like(text)).replace("[a-z]", "q")
    assert like.fullmatch(re.sub(r"\\(.)", r"\1", shortest))


def test_patterns_that_are_not_anchored_have_letters_around() -> None:
    assert whole_regex("@") == "[a-z]{3,8}@[a-z]{3,8}"
    assert whole_regex("^a|b$") == "(a|b)"
    assert whole_regex("^a|b") == ""


def test_a_pattern_must_fit_the_column() -> None:
    assert shortest_match("[A-Z]{2,4}-x") == 4
    assert can_make("[a-z]+@[a-z]+\\.com", 60)
    assert can_make("[A-Z]{3}", 3)
    assert not can_make("[A-Z]{3}", 2)
    assert not can_make("(?=a)b", 0)
