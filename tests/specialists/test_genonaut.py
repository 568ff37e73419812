"""What who runs a community of pictures asks: when people come and make things, what tags go with, how jobs end."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection
LOCAL = "at time zone 'UTC' at time zone 'America/New_York'"


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("genonaut", request.param)


def test_nothing_is_made_before_its_maker_came(rows: Rows) -> None:
    for table in ("content_items", "content_items_auto"):
        assert not one(
            rows, f"select count(*) from {table} c join users u on u.id = creator_id where c.created_at < u.created_at"
        )


def test_people_come_in_the_first_weeks_and_never_stop(rows: Rows) -> None:
    months = [
        n
        for (n,) in rows.execute(
            "select count(*) from users group by month(created_at) order by month(created_at)"
        ).fetchall()
    ]
    assert len(months) == 5
    assert months[0] > 2.5 * max(months[1:])
    assert min(months) > 50


def test_each_month_has_more_content(rows: Rows) -> None:
    sql = "select count(*) / count(distinct created_at::date) from content_items_auto group by month(created_at) order by month(created_at)"
    days = [n for (n,) in rows.execute(sql).fetchall()]
    assert all(later > earlier for earlier, later in pairwise(days[1:]))


def test_evenings_are_busy_and_nights_are_not(rows: Rows) -> None:
    def share(first: int, last: int) -> float:
        return float(
            one(rows, f"select avg((hour(created_at {LOCAL}) between {first} and {last})::int) from content_items_auto")
        )

    assert share(19, 22) > 0.3
    assert share(2, 5) < 0.06


def test_weekends_are_busier(rows: Rows) -> None:
    weekend = f"select avg((isodow(created_at {LOCAL}) >= 6)::int) from content_items_auto"
    assert 2 / 7 < one(rows, weekend) < 0.42


@pytest.mark.parametrize(
    ("word", "tag"),
    [
        ("wave", "ocean"),
        ("dune", "canyon"),
        ("neon", "neon"),
        ("planet", "galaxy"),
        ("torii", "bamboo"),
        ("lion", "lion"),
    ],
)
def test_tags_say_what_a_prompt_says(rows: Rows, word: str, tag: str) -> None:
    sql = f"select avg((list_contains(tags, '{tag}'))::int) from content_items_auto where"
    assert one(rows, f"{sql} prompt like '%{word}%'") > 2 * one(rows, f"{sql} prompt not like '%{word}%'")


def test_most_have_some_tags_and_a_few_very_many(rows: Rows) -> None:
    middle, most = rows.execute("select median(len(tags)), max(len(tags)) from content_items_auto").fetchone() or (0, 0)
    assert 10 <= middle <= 18
    assert 80 < most <= 200


def test_long_jobs_are_rare(rows: Rows) -> None:
    seconds = "select epoch(completed_at - created_at) as s from generation_jobs where completed_at is not null"
    assert 14 <= one(rows, f"select median(s) from ({seconds})") <= 25
    assert 0.002 < one(rows, f"select avg((s > 90)::int) from ({seconds})") < 0.05


def test_scores_lie_around_a_middle(rows: Rows) -> None:
    assert one(rows, "select avg((quality_score between 0.3 and 0.9)::int) from content_items_auto") > 0.65
    assert one(rows, "select count(*) from content_items_auto where quality_score not between 0 and 1") == 0


def test_jobs_take_longer_with_more_steps_and_wait_for_a_day_at_most(rows: Rows) -> None:
    steps = "select (parameters->>'steps')::int as steps, epoch(completed_at - created_at) as s from generation_jobs"
    assert one(rows, f"select corr(steps, s) from ({steps})") > 0.25
    assert one(rows, f"select median(s) filter (steps = 50) / median(s) filter (steps = 20) from ({steps})") > 1.8
    assert one(rows, "select min(created_at) from generation_jobs where status = 'pending'") > datetime(2025, 9, 20, 20)
    assert not one(
        rows, "select count(*) from generation_jobs j join users u on u.id = user_id where j.created_at < u.created_at"
    )
