"""CHECK conditions → their branches, and what each says about columns."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from sdgen.readers.sql.check_branches import branches_of
from sdgen.readers.sql.check_facts import NOW, CheckMeaning, ColumnBounds, Comparison, Gap
from sdgen.readers.sql.check_patterns import can_make, regex_of_like, shortest_match, whole_regex


def understand(sql: str, dialect: str = "postgres") -> CheckMeaning:
    (found,) = branches_of(sql, dialect)
    return found


def said(sql: str, dialect: str = "postgres") -> dict[str, ColumnBounds]:
    found = understand(sql, dialect)
    assert not found.unknown
    # How texts are searched is told beside the pattern that they are made of.
    return {name: replace(bounds, matches=()) for name, bounds in found.columns.items()}


def branches(sql: str, dialect: str = "postgres") -> list[str]:
    """The branches of a condition, each as columns with signs: + a value, - null, ? any, or the values themselves."""

    def sign(bounds: ColumnBounds) -> str:
        listed = "".join(f"={value}" for value in bounds.values or ()) + "".join(
            f"!{each}" for each in bounds.other_than
        )
        ends = f">{bounds.low}" * (bounds.low is not None) + f"<{bounds.high}" * (bounds.high is not None)
        return listed + ends + ("-" if bounds.null else "+" if bounds.not_null else "?")

    found = branches_of(sql, dialect)
    assert not any(branch.unknown for branch in found)
    return [" ".join(f"{name}{sign(bounds)}" for name, bounds in sorted(branch.columns.items())) for branch in found]


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


NOT_BOTH = ["a+ b-", "a- b+"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a = 0 OR a >= 10", ["a=0?", "a>10?"]),
        ("(a IS NULL AND b IS NOT NULL) OR (a IS NOT NULL AND b IS NULL)", ["a- b+", "a+ b-"]),
        ("(a IS NOT NULL) <> (b IS NOT NULL)", NOT_BOTH),
        ("num_nonnulls(a, b) = 1", NOT_BOTH),
        ("(a IS NOT NULL)::int + (b IS NOT NULL)::int = 1", NOT_BOTH),
        ("1 = CASE WHEN a IS NULL THEN 0 ELSE 1 END + CASE WHEN b IS NULL THEN 0 ELSE 1 END", NOT_BOTH),
        ("cardinality(array_remove(ARRAY[a, b], NULL)) = 1", NOT_BOTH),
        ("CASE WHEN a IS NULL THEN b IS NOT NULL ELSE b IS NULL END", ["a- b+", "a+ b-"]),
        ("num_nonnulls(a, b) IN (0, 2) OR num_nonnulls(a, b) = 1", ["a? b?"]),
        ("num_nonnulls(a, b) IN (0, 2)", ["a- b-", "a+ b+"]),
        ("num_nonnulls(a, b) % 2 = 0", None),
        ("num_nulls(a, b, c) <= 1", ["b+ c+", "a+ c+", "a+ b+"]),
        ("(a, b) IS NULL OR (a, b) IS NOT NULL", ["a- b-", "a+ b+"]),
        ("(a IS NULL) = (b IS NULL)", ["a- b-", "a+ b+"]),
        ("coalesce(a, b) IS NOT NULL", ["a+", "a- b+"]),
        ("coalesce(a, 0) > 5", ["a>5+"]),
        ("coalesce(a, 9) > 5", ["a>5?"]),
        ("(a = 'done') = (b IS NOT NULL)", ["a=done+ b+", "a!done+ b-", "a-"]),
        ("kind <> 'x' OR b IS NOT NULL", ["kind!x?", "b+"]),
        ("a IS NOT TRUE OR b IS NOT TRUE", ["a=False?", "b=False?"]),
        ("(a > 3) IS TRUE", ["a>3+"]),
        ("(a > 3) IS NOT FALSE", ["a>3?"]),
        ("a IS NOT DISTINCT FROM 3", ["a=3+"]),
        ("a IS DISTINCT FROM 3", ["a!3?"]),
        ("greatest(a, 5) > 6", ["a>6+"]),
        ("least(a, 9) > 6", ["a>6+"]),
        ("abs(a) <= 4", ["a>-4<4?"]),
        ("a NOT BETWEEN 3 AND 5", ["a<3?", "a>5?"]),
        ("NOT (a > 3 AND b IS NULL)", ["a<3?", "b+"]),
        ("nullif(btrim(a), '') IS NOT NULL", ["a+"]),
        ("a = 1 OR a = 2 OR b = 3", ["a=1=2?", "b=3?"]),
        ("a IS NULL AND a IS NOT NULL", []),
        ("a::interval = a::interval", [""]),
        ("CASE kind WHEN 'u' THEN a > 5 WHEN 'v' THEN a < 3 ELSE a IS NULL END",
         ["a>5? kind=u+", "a<3? kind=v!u+", "a- kind!u!v?"]),
    ],
)  # fmt: skip
def test_branches(sql: str, expected: list[str] | None) -> None:
    if expected is None:
        assert branches_of(sql, "postgres")[0].unknown, "what isn't read is watched"
    else:
        assert branches(sql) == expected


def test_branches_in_other_dialects() -> None:
    assert branches("IIF(a IS NULL, 1, 0) + IIF(b IS NULL, 1, 0) = 1", "sqlite") == ["a- b+", "a+ b-"]
    assert branches("(a IS NULL) + (b IS NULL) = 1", "mysql") == ["a- b+", "a+ b-"]
    assert branches("a XOR b", "mysql") == ["a=True+ b=False+", "a=False+ b=True+", "a-", "b-"]
    assert said("typeof(a) = 'integer'", "sqlite")["a"].storage == ("integer",)
    assert said("a SIMILAR TO '[A-Z]{2}-%'")["a"].pattern == "[A-Z]{2}-[a-z]{0,6}"
    assert said("a ~ similar_to_escape('[0-9]{5}'::text)")["a"].pattern == "[0-9]{5}"
    assert said("a GLOB '[A-Z][0-9]'", "sqlite")["a"].pattern == "[A-Z][0-9]"
    assert said("a ~ E'^\\\\d+$'")["a"].pattern == r"\d+"


def test_too_many_branches_are_not_told_apart() -> None:
    names = [f"c{number}" for number in range(12)]
    assert branches_of(f"num_nonnulls({', '.join(names)}) = 6", "postgres")[0].unknown
    assert len(branches_of(f"num_nonnulls({', '.join(names)}) = 1", "postgres")) == 12


def test_sums() -> None:
    assert understand("b - a BETWEEN 1 AND 9").gaps == (Gap("a", "b", Decimal(1)), Gap("a", "b", None, Decimal(9)))
    assert understand("b <= a + interval '2 hours'").gaps == (Gap("a", "b", None, Decimal(7200), True),)
    assert understand("b > a + 5").gaps == (Gap("a", "b", Decimal(6)),)
    assert understand("b - a > 0").orders == (Comparison("a", "b", True),)
    (equation,) = understand("gross = net + tax").equations
    assert [(way.column, way.needs) for way in equation.ways] == [
        ("gross", ("net", "tax")), ("net", ("gross", "tax")), ("tax", ("gross", "net")),
    ]  # fmt: skip


def test_the_clock() -> None:
    assert said("a <= CURRENT_DATE - INTERVAL '18 years'")["a"] == ColumnBounds(high="-6575d")
    assert said("a <= (now() - '18 years'::interval)")["a"] == ColumnBounds(high="-6575d")
    assert said("a <= now() + INTERVAL '1 day'")["a"] == ColumnBounds(high="+1d")
    assert said("a + INTERVAL '18 years' <= CURRENT_DATE")["a"] == ColumnBounds(high="-6575d")
    assert said("age(a) >= INTERVAL '18 years'")["a"] == ColumnBounds(high="-6575d")
    assert said("a > now() - INTERVAL '1 month'")["a"] == ColumnBounds(low="-27d", low_open=True), "February's"


@pytest.mark.parametrize("sql", ["a * b > a", "a ^ b < 9", "a > (", "f(a)"])
def test_what_is_not_understood_is_kept_as_text(sql: str) -> None:
    found = understand(sql)
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
