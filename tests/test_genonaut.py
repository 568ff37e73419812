"""The genonaut example: each of its stories, in SQL over the rows in a real database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import sdgen
from sdgen.readers.sources import read_source

ADMIN = "8f0b1f2e-3f0a-4f37-9d5c-6b1f0c9a7e10"
TABLES = ("content_items", "content_items_auto")
ROWS = 3000
ZONE = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def rows(postgres_server: str) -> Iterator[Any]:
    """A connection to a database that holds 3,000 rows a table."""
    import psycopg

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS genonaut_demo")
        connection.execute("CREATE DATABASE genonaut_demo")
    url = postgres_server.replace("/postgres?", "/genonaut_demo?")
    sdgen.write("genonaut", url, rows=ROWS)
    with psycopg.connect(url) as connection:
        yield connection


def one(rows: Any, sql: str, *params: object) -> Any:
    return rows.execute(sql, params or None).fetchone()[0]


def test_counts(rows: Any) -> None:
    counts = [one(rows, f"SELECT count(*) FROM {table}") for table in ("users", *TABLES)]
    assert counts == [ROWS] * 3
    assert one(rows, "SELECT count(*) FROM generation_jobs") == round(2 * ROWS / 0.98)


def test_usernames_are_unique_and_the_admin_is_there(rows: Any) -> None:
    assert one(rows, "SELECT count(DISTINCT username) FROM users") == ROWS
    assert one(rows, "SELECT count(DISTINCT email) FROM users") == ROWS
    assert one(rows, "SELECT username FROM users WHERE id = %s", ADMIN) == "admin"


@pytest.mark.parametrize("table", TABLES)
def test_exactly_fifty_items_are_the_admins_and_the_rest_is_spread(rows: Any, table: str) -> None:
    assert one(rows, f"SELECT count(*) FROM {table} WHERE creator_id = %s", ADMIN) == 50
    others = f"SELECT count(*) AS items FROM {table} WHERE creator_id <> %s GROUP BY creator_id"
    assert one(rows, f"SELECT max(items) FROM ({others}) x", ADMIN) <= 10  # 1 each on average
    makers = one(rows, f"SELECT count(*) FROM ({others}) x", ADMIN)
    assert abs(makers / ROWS - (1 - 1 / 2.718)) < 0.03


@pytest.mark.parametrize("table", ["users", *TABLES])
def test_times_are_of_a_window_in_new_york_and_kept_in_utc(rows: Any, table: str) -> None:
    first, last = datetime(2025, 5, 1, tzinfo=ZONE), datetime(2025, 9, 22, tzinfo=ZONE)
    low, high = rows.execute(f"SELECT min(created_at), max(created_at) FROM {table}").fetchone()
    assert low.tzinfo is None
    assert first <= low.replace(tzinfo=UTC) < high.replace(tzinfo=UTC) < last
    assert (low.replace(tzinfo=UTC) - first).days < 1
    assert (last - high.replace(tzinfo=UTC)).days < 1
    assert one(rows, f"SELECT count(*) FROM {table} WHERE updated_at <> created_at") == 0


def phrases() -> tuple[dict[str, set[str]], set[str]]:
    params = read_source("genonaut").presets["prompt"].params
    from sdgen.generators.text.phrases import alternatives

    def all_of(pool: list[str]) -> set[str]:
        return {each for phrase in pool for each in alternatives(phrase)}

    return {name: all_of(pool) for name, pool in params["pools"].items()}, all_of(params["values"])


@pytest.mark.parametrize("table", TABLES)
def test_prompts_are_phrases_of_one_of_thirty_domains_and_general_ones(rows: Any, table: str) -> None:
    domains, general = phrases()
    assert len(domains) == 30
    found, of_domain, of_general = set(), set(), set()
    for (prompt,) in rows.execute(f"SELECT prompt FROM {table}"):
        parts = prompt.split(", ")
        styles = [part for part in parts if part in general]
        subject = parts[: len(parts) - len(styles)]
        domain = next(name for name, pool in domains.items() if set(subject) <= pool)
        assert len(set(parts)) == len(parts)
        found.add(domain)
        of_domain.add(len(subject))
        of_general.add(len(styles))
    assert found == set(domains)
    assert of_domain == set(range(4, 31))
    assert of_general == set(range(11))


@pytest.mark.parametrize("table", TABLES)
def test_what_is_taken_from_other_columns(rows: Any, table: str) -> None:
    assert one(rows, f"SELECT count(*) FROM {table} WHERE title <> left(prompt, 30)") == 0
    for tags, metadata, prompt in rows.execute(f"SELECT tags, item_metadata, prompt FROM {table} LIMIT 300"):
        record = metadata if isinstance(metadata, dict) else json.loads(metadata)
        listed = tags if isinstance(tags, list) else json.loads(tags)
        assert record["tags"] == listed
        assert record["prompt"] == prompt
        assert len(set(listed)) == len(listed) <= 200


@pytest.mark.parametrize("table", TABLES)
def test_shares(rows: Any, table: str) -> None:
    assert abs(float(one(rows, f"SELECT avg(is_private::int) FROM {table}")) - 0.1) < 0.03
    assert abs(float(one(rows, "SELECT avg(is_active::int) FROM users")) - 0.99) < 0.01
    assert one(rows, f"SELECT count(DISTINCT quality_score) FROM {table}") == 101
    assert (
        one(rows, f"SELECT count(*) FROM {table} WHERE content_data !~ '^io/storage/images/[0-9a-f-]{{36}}.png$'") == 0
    )


@pytest.mark.parametrize(
    ("table", "link"), [("content_items", "content_id"), ("content_items_auto", "content_auto_id")]
)
def test_one_completed_job_for_each_item_which_copies_it(rows: Any, table: str, link: str) -> None:
    joined = f"FROM {table} c LEFT JOIN generation_jobs j ON j.{link} = c.id"
    assert one(rows, f"SELECT count(*) {joined}") == ROWS
    same = "j.status = 'completed' AND j.user_id = c.creator_id AND j.prompt = c.prompt AND j.created_at = c.created_at"
    assert one(rows, f"SELECT count(*) {joined} WHERE {same}") == ROWS


def test_the_mix_of_states(rows: Any) -> None:
    total = one(rows, "SELECT count(*) FROM generation_jobs")
    shares = {
        state: count / total for state, count in rows.execute("SELECT status, count(*) FROM generation_jobs GROUP BY 1")
    }
    assert abs(shares.pop("completed") - 0.98) < 0.0005
    assert abs(shares.pop("pending") - 0.009) < 0.004
    assert abs(shares.pop("error") - 0.01) < 0.004
    assert shares.pop("canceled", 0) < 0.004
    assert not shares


def test_what_goes_with_a_state(rows: Any) -> None:
    assert one(rows, "SELECT count(*) FROM generation_jobs WHERE (completed_at IS NULL) = (status = 'completed')") == 0
    assert one(rows, "SELECT count(*) FROM generation_jobs WHERE completed_at <= created_at") == 0
    assert one(rows, "SELECT count(*) FROM generation_jobs WHERE (error_message IS NULL) = (status = 'error')") == 0


def test_all_keys_are_there(rows: Any) -> None:
    kinds = dict(
        rows.execute(
            "SELECT contype::text, count(*) FROM pg_constraint WHERE contype IN ('p', 'f') AND connamespace = 'public'::regnamespace GROUP BY 1"
        )
    )
    unique = one(rows, "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE 'CREATE UNIQUE%' AND schemaname = 'public'")
    assert kinds["p"] == 4
    assert kinds["f"] == 5
    assert unique == 6  # four primary keys, usernames and e-mail addresses


def test_every_option_can_be_set() -> None:
    sets = {
        "presets.image_path.params.template": "s3://x/{image}.webp",
        "presets.style_phrases.params.max": 0,
        "presets.tags.params.max": 3,
        "presets.creator.params.quota.0.count": 5,
        "entities.users.rows": 20,
        "entities.users.rows.fixed.0.id": "00000000-0000-4000-8000-000000000001",
        "entities.content_items.rows": 30,
        "entities.content_items_auto.rows": 40,
        "entities.generation_jobs.rows.share": 0.5,
    }
    tables = sdgen.generate("genonaut", set=sets)
    assert [table.num_rows for table in tables.values()] == [20, 30, 40, 140]
    items = tables["content_items"].to_pylist()
    assert sum(str(item["creator_id"]).endswith("000001") for item in items) == 5
    assert all(item["content_data"].endswith(".webp") and len(item["tags"]) <= 3 for item in items)


def test_only_demo_and_test_databases_are_filled() -> None:
    with pytest.raises(sdgen.SdgenError, match="the database 'genonaut' is not one of"):
        sdgen.write("genonaut", "postgresql://nobody@127.0.0.1:1/genonaut", rows=10)
