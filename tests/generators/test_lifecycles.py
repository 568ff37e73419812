"""Lives: state, moments and the rows of each change agree, follow their probabilities and times, and end at as_of."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

import sdgen
from sdgen.engine import batch
from sdgen.errors import ScenarioError
from sdgen.readers.sources import read_text_as_scenario

TEXT = """
name: x
as_of: 2026-01-01T00:00:00Z
entities:
  tickets:
    rows: 12000
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      urgent: {type: bool, generator: boolean, params: {probability: 0.3}}
      opened_at: {type: timestamp, generator: datetime, params: {start: -90d, rhythm: support}}
      status:
        type: string(12)
        generator: lifecycle
        params:
          start: opened_at
          states:
            new:
              after: 8h
              rhythm: office
              next: {open: 95, spam: 5}
              cases: [{when: urgent, next: {open: {weight: 1, after: 30m}}}]
            open: {next: {pending: 60, solved: 40}, after: 6h}
            pending: {next: open, after: 1d}
            solved: {next: {open: 10, solved: 90}, after: 2d}
            spam:
      first_reply_at: {type: timestamp, nullable: true, generator: lifecycle.moment, params: {of: status, state: open}}
      solved_at: {type: timestamp, nullable: true, generator: lifecycle.moment, params: {of: status, state: solved, last: true}}
      changes: {type: int, generator: lifecycle.count, params: {of: status}}
  events:
    rows: {per: tickets, count: 4}
    columns:
      ticket_id: {generator: fk, params: {entity: tickets, column: id}}
      number: {type: int, generator: sequence, params: {per: ticket_id}}
      state: {type: string, nullable: true, generator: lifecycle.step, params: {of: tickets.status}}
      left: {type: string, nullable: true, generator: lifecycle.step, params: {of: ticket_id.status, before: true}}
      at: {type: timestamp, nullable: true, generator: lifecycle.moment, params: {of: tickets.status}}
"""


@pytest.fixture(scope="module")
def made() -> dict[str, pa.Table]:
    return sdgen.generate(read_text_as_scenario(TEXT, "x.yaml"), seed=9)


def one(query: str, **tables: pa.Table) -> tuple[object, ...]:
    connection = duckdb.connect()
    for name, table in tables.items():
        connection.register(name, table)
    return tuple(connection.sql(query).fetchall()[0])


def test_states_and_moments_agree(made: dict[str, pa.Table]) -> None:
    wrong = one(
        """select count(*) filter (first_reply_at < opened_at), count(*) filter (solved_at < first_reply_at),
          count(*) filter (status = 'solved' and solved_at is null), count(*) filter (status = 'new' and changes <> 1),
          count(*) filter (status = 'spam' and first_reply_at is not null), count(*) filter (status is null),
          count(*) filter (greatest(first_reply_at, solved_at) > timestamp '2026-01-01')
        from tickets""",
        **made,
    )
    assert wrong == (0,) * 7


def test_probabilities_depend_on_the_row(made: dict[str, pa.Table]) -> None:
    urgent, others = one(
        """select avg((status = 'spam')::int) filter (urgent), avg((status = 'spam')::int) filter (not urgent)
        from tickets where opened_at < '2025-12-01'""",
        **made,
    )
    assert urgent == 0
    assert 0.04 < float(str(others)) < 0.06


def test_times_have_their_medians(made: dict[str, pa.Table]) -> None:
    quick, slow = one(
        """select median(epoch(first_reply_at - opened_at)) filter (urgent and dayofweek(opened_at) = 3),
          median(epoch(first_reply_at - opened_at)) filter (not urgent) from tickets
        where hour(opened_at) between 9 and 11 and opened_at < '2025-12-15'""",
        **made,
    )
    assert 25 * 60 < float(str(quick)) < 50 * 60
    assert float(str(slow)) > 6 * 3600


def test_a_row_for_each_change(made: dict[str, pa.Table]) -> None:
    wrong = one(
        """select count(*) filter (number = 1 and (state <> 'new' or "at" <> opened_at or "left" is not null)),
          count(*) filter ((state is null) <> (number > changes)), count(*) filter ((state is null) <> ("at" is null)),
          count(*) filter (number = changes and state <> status)
        from events join tickets on id = ticket_id""",
        **made,
    )
    assert wrong == (0,) * 4
    steps = """select count(*) from (select "left", lag(state) over (partition by ticket_id order by number) l, number, "at",
        lag("at") over (partition by ticket_id order by number) b from events) where number > 1 and ("left" <> l or "at" < b)"""
    assert one(steps, **made) == (0,)


def test_any_split_gives_the_same_lives(made: dict[str, pa.Table]) -> None:
    plan = sdgen.plan(read_text_as_scenario(TEXT, "x.yaml"), seed=9)
    for entity in ("tickets", "events"):
        for start, stop in ((0, 3), (5000, 5001), (11_990, 12_000)):
            part = pa.Table.from_batches([batch(plan, entity, start, stop)])
            assert part.to_pylist() == made[entity].slice(start, stop - start).to_pylist()


def test_the_unborn_have_no_state() -> None:
    later = TEXT.replace("start: -90d, rhythm: support", "start: -90d, end: +30d")
    made = sdgen.generate(read_text_as_scenario(later, "x.yaml"), seed=9)
    assert one("select bool_and((status is null) = (opened_at > '2026-01-01')) from tickets", **made) == (True,)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("state: open}", "state: opne}", "status has no state 'opne'"),
        ("{of: status, state: open}", "{of: urgent, state: open}", "urgent is made by boolean, not by lifecycle"),
        ("pending: 60", "pendign: 60", "no state 'pendign'"),
        ("after: 1d}", "after: 1q}", "'1q' is not a length of time"),
        ("when: urgent", "when: urgant", "has no column 'urgant'"),
        ("start: opened_at", "start: urgent", "urgent is bool, not a moment"),
        ("{open: 10, solved: 90}", "{open: 0}", "all weights are zero"),
        ("{of: tickets.status}}\n      left", "{of: status}}\n      left", "events has no column 'status'"),
    ],
)
def test_problems(old: str, new: str, what: str) -> None:
    assert old in TEXT
    with pytest.raises(ScenarioError) as error:
        sdgen.plan(read_text_as_scenario(TEXT.replace(old, new), "x.yaml"))
    assert what in str(error.value)
