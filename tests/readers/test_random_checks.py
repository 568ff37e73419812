"""Random CHECKs across columns: what is generated for them a database takes, or it is refused beforehand."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from decimal import Decimal
from itertools import product
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.readers.sql.check_branches import branches_of
from sdgen.readers.sql.check_facts import CheckMeaning, ColumnBounds
from tests.readers.test_random_schemas import filled

INTS, TEXTS = ("i", "j", "k"), ("s", "t")
NUMBERS: list[int | None] = [None, 1, 2, 3, 5]
WORDS: list[str | None] = [None, "a", "b", "c"]


def atoms() -> st.SearchStrategy[str]:
    """Conditions of one column, or of how many columns hold something."""
    ints, texts = st.sampled_from(INTS), st.sampled_from(TEXTS)
    number, word = st.integers(1, 5), st.sampled_from("abc")
    sign = st.sampled_from(["<", "<=", "=", "<>", ">", ">="])
    return st.one_of(
        st.builds("{} {} {}".format, ints, sign, number),
        st.builds("{} BETWEEN {} AND {}".format, ints, number, number),
        st.builds("{} IN ({}, {})".format, ints, number, number),
        st.builds("{} {} '{}'".format, texts, st.sampled_from(["=", "<>"]), word),
        st.builds("{} IN ('{}', '{}')".format, texts, word, word),
        st.builds("{} IS {}NULL".format, st.sampled_from(INTS + TEXTS), st.sampled_from(["", "NOT "])),
        st.builds("coalesce({}, {}) {} {}".format, ints, number, sign, number),
        st.builds("({} > {}) IS {}TRUE".format, ints, number, st.sampled_from(["", "NOT "])),
        st.builds("{} IS {}DISTINCT FROM '{}'".format, texts, st.sampled_from(["", "NOT "]), word),
        st.builds("(i IS NULL) + (j IS NULL) + (s IS NOT NULL) {} {}".format, sign, st.integers(0, 3)),
        st.builds("{} % {} = 1".format, ints, number),
    )


def relations() -> st.SearchStrategy[str]:
    """Conditions of several columns."""
    ints, number = st.sampled_from(INTS), st.integers(1, 5)
    sign = st.sampled_from(["<", "<=", "=", "<>", ">", ">="])
    return st.one_of(
        st.builds("{} {} {}".format, ints, sign, ints),
        st.builds("{} = {} * {}".format, ints, number, ints),
        st.builds("{} + {} <= {}".format, ints, ints, st.integers(10, 90)),
        st.builds("{} BETWEEN {} AND 9".format, st.sampled_from(["i - j", "k - i", "j - k"]), number),
        st.builds("{} * {} < {}".format, ints, ints, st.integers(10, 900)),
        st.builds("{} IS DISTINCT FROM {}".format, ints, ints),
    )


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("(NOT {})".format, inner),
        st.builds("(({}) = ({}))".format, inner, inner),
        st.builds("(CASE WHEN {} THEN {} ELSE {} END)".format, inner, inner, inner),
    )


CONDITIONS = st.recursive(atoms(), joined, max_leaves=4)
RELATED = st.recursive(atoms() | relations(), joined, max_leaves=4)
COLUMNS = "i int, j int, k int NOT NULL, s text, t text NOT NULL CHECK (t IN ('a', 'b', 'c'))"


def keeps(value: object, bounds: ColumnBounds) -> bool:
    if value is None:
        return not bounds.not_null
    known = Decimal(value) if isinstance(value, int) else str(value)
    listed = bounds.values is None or known in bounds.values
    return (
        not bounds.null and not bounds.conditions and listed and known not in bounds.other_than and bounds.spans(known)
    )


def is_kept(row: Mapping[str, object], branch: CheckMeaning) -> bool:
    return all(keeps(row[name], bounds) for name, bounds in branch.columns.items())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(condition=CONDITIONS)
def test_every_row_of_a_branch_is_one_that_a_database_takes(condition: str) -> None:
    branches = branches_of(condition, "sqlite")
    if any(branch.unknown or branch.related for branch in branches):
        return
    rows = [
        dict(zip("ijkst", row, strict=True)) for row in product(NUMBERS[:4], NUMBERS[:4], [2], WORDS[:3], ["a", "b"])
    ]
    kept = [row for row in rows if any(is_kept(row, branch) for branch in branches)]
    with closing(sqlite3.connect(":memory:")) as lite:
        lite.execute(f"CREATE TABLE r (i int, j int, k int, s text, t text, CHECK ({condition}))")
        lite.executemany("INSERT INTO r VALUES (:i, :j, :k, :s, :t)", kept)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conditions=st.lists(CONDITIONS, min_size=1, max_size=2))
def test_a_database_takes_all_rows_or_none_are_made(conditions: list[str]) -> None:
    checks = ", ".join(f"CHECK ({condition})" for condition in conditions)
    ddl = f"CREATE TABLE r (id integer PRIMARY KEY, {COLUMNS}, {checks});\n"
    with tempfile.TemporaryDirectory() as folder, suppress(sdgen.ScenarioError):
        place, result = filled(Path(folder), ddl, 60)
        with closing(sqlite3.connect(place)) as lite:
            assert lite.execute("SELECT count(*) FROM r").fetchone() == (result.entities[0].rows,)
            assert lite.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(condition=RELATED, index=st.one_of(st.none(), CONDITIONS))
def test_relations_of_branches_and_partial_keys_load_or_none_are_made(condition: str, index: str | None) -> None:
    ddl = f"CREATE TABLE r (id integer PRIMARY KEY, {COLUMNS}, CHECK ({condition}));\n"
    if index is not None:
        ddl += f"CREATE UNIQUE INDEX some ON r (k) WHERE {index};\n"
    with tempfile.TemporaryDirectory() as folder, suppress(sdgen.ScenarioError):
        place, result = filled(Path(folder), ddl, 60)
        with closing(sqlite3.connect(place)) as lite:
            assert lite.execute("SELECT count(*) FROM r").fetchone() == (result.entities[0].rows,)
            assert lite.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
