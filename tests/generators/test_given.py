"""Cases: which generator makes a value depends on other columns."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from pydantic import ValidationError

import sdgen
from sdgen.engine import batch
from sdgen.errors import ScenarioError
from sdgen.generators.registry import make
from sdgen.readers.sources import read_text_as_scenario

TEXT = """
name: x
as_of: 2026-01-01T00:00:00Z
entities:
  accounts:
    rows: 300
    columns:
      id: {type: int, primary_key: true, generator: sequence}
      country: {type: string(2), generator: choice, params: {values: [US, DE, FR]}}
  users:
    rows: 9000
    columns:
      account_id: {generator: fk, params: {entity: accounts, column: id}}
      plan: {type: string, nullable: true, generator: choice, params: {values: [free, pro, team, null]}}
      score: {type: int, generator: uniform_int, params: {min: 300, max: 850}}
      seats:
        type: int
        nullable: true
        null_rate: 0
        generator: given
        params:
          by: plan
          cases:
            - {is: free, generator: const, params: {value: 1}}
            - {is: [pro, team], generator: uniform_int, params: {min: 2, max: 9}}
      late:
        type: bool
        generator: given
        params:
          cases: [{when: score < 500 and plan is not null, generator: boolean, params: {probability: 0.4}}]
          otherwise: {generator: boolean, params: {probability: 0.02}}
      currency:
        type: string(3)
        generator: given
        params:
          by: accounts.country
          cases: [{is: US, generator: const, params: {value: USD}}]
          otherwise: {generator: const, params: {value: EUR}}
"""


@pytest.fixture(scope="module")
def users() -> pa.Table:
    return sdgen.generate(read_text_as_scenario(TEXT, "x.yaml"), seed=1)["users"]


def test_the_first_case_that_holds_counts(users: pa.Table) -> None:
    assert users
    rows = duckdb.sql(
        "select plan, min(seats), max(seats), count(seats) = count(*) from users group by 1 order by 1"
    ).fetchall()
    assert rows == [("free", 1, 1, True), ("pro", 2, 9, True), ("team", 2, 9, True), (None, None, None, False)]
    low, high = duckdb.sql("""
        select avg(late::int) filter (score < 500 and plan is not null), avg(late::int) filter (score >= 500 or plan is null)
        from users""").fetchall()[0]
    assert 0.36 < low < 0.44
    assert 0.01 < high < 0.03


def test_a_parents_column_chooses() -> None:
    made = sdgen.generate(read_text_as_scenario(TEXT, "x.yaml"), seed=2)
    users, accounts = made["users"], made["accounts"]
    assert users
    assert accounts
    wrong = "select count(*) from users join accounts on id = account_id where (country = 'US') <> (currency = 'USD')"
    assert duckdb.sql(wrong).fetchall()[0] == (0,)


def test_any_split_gives_the_same_values(users: pa.Table) -> None:
    plan = sdgen.plan(read_text_as_scenario(TEXT, "x.yaml"), seed=1)
    for start in (0, 1, 4000, 8999):
        part = pa.Table.from_batches([batch(plan, "users", start, start + 1)])
        assert part.to_pylist() == users.slice(start, 1).to_pylist()


@pytest.mark.parametrize(
    ("params", "what"),
    [
        ({"cases": [{"generator": "sequence"}]}, "case 1 needs one of `when`"),
        ({"cases": [{"is": 1, "generator": "sequence"}]}, "`by` names no column"),
        ({"cases": []}, "at least 1"),
        ({"cases": [{"when": "x = 1", "generator": "sequense"}]}, "unknown generator 'sequense'"),
    ],
)
def test_wrong_cases(params: dict[str, object], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        make("given", params)


def test_problems_in_conditions_and_cases_are_told() -> None:
    for old, new, what in (
        ("score < 500", "scoer < 500", "has no column 'scoer'"),
        ("score < 500", "random() < 0.5", "random"),
        ("{min: 2, max: 9}", "{min: 9, max: 2}", "min 9 is more than max 2"),
    ):
        with pytest.raises(ScenarioError, match=what):
            sdgen.plan(read_text_as_scenario(TEXT.replace(old, new), "x.yaml"))
