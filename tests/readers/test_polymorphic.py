"""Rows of one of several tables, named by a column: in schemas, where a real PostgreSQL joins them, and in scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.readers.sources import read_source, read_text_as_scenario

SCHEMA = r"""
CREATE TABLE articles (id bigserial PRIMARY KEY, title text NOT NULL);
CREATE TABLE sound_files (id bigserial PRIMARY KEY, url text NOT NULL);
CREATE TABLE companies (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE reviews (
    id bigserial PRIMARY KEY, reviewable_type varchar(40) NOT NULL, reviewable_id bigint NOT NULL, body text NOT NULL
);
CREATE TYPE kind AS ENUM ('Article', 'SoundFile');
CREATE TABLE marks (
    id bigserial PRIMARY KEY, markable_type kind, markable_id bigint, mark text NOT NULL,
    UNIQUE (markable_type, markable_id, mark)
);
CREATE TABLE logos (
    id bigserial PRIMARY KEY, owner_type text NOT NULL CHECK (owner_type IN ('App\Models\Company', 'Article', 'Gone')),
    owner_id varchar(36) NOT NULL, UNIQUE (owner_type, owner_id)
);
CREATE TABLE covers (id bigserial PRIMARY KEY, coverable_type text NOT NULL, coverable_id bigint NOT NULL UNIQUE);
CREATE TABLE payments (id bigserial PRIMARY KEY, article_type text, article_id bigint, event_type text, event_id text);
"""
TABLES = {"Article": "articles", "SoundFile": "sound_files", r"App\Models\Company": "companies"}


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("from_database", [False, True], ids=["ddl", "database"])
def test_ids_are_those_of_rows_of_the_table_that_the_type_names(
    postgres_url: str, tmp_path: Path, from_database: bool
) -> None:
    ask(postgres_url, SCHEMA)
    schema = tmp_path / "s.sql"
    schema.write_text(SCHEMA)
    scenario = read_source(postgres_url if from_database else schema)
    sdgen.write(scenario, postgres_url, mode="append_only", seed=1, rows=100)
    assert not sdgen.verify(scenario, postgres_url, seed=1, rows=100).broken
    sdgen.write(scenario, postgres_url, mode="append_only", seed=2, rows=50, only=["articles", "reviews", "marks"])
    for table, prefix in (
        ("reviews", "reviewable"),
        ("marks", "markable"),
        ("logos", "owner"),
        ("covers", "coverable"),
    ):
        types = ask(postgres_url, f"SELECT DISTINCT {prefix}_type::text FROM {table} WHERE {prefix}_type IS NOT NULL")
        assert len(types) == (1 if table == "covers" else 2)
        for (type,) in types:
            found = ask(
                postgres_url,
                f"SELECT count(*), count(p.id) FROM {table} c LEFT JOIN {TABLES[type]} p ON p.id::text = c.{prefix}_id::text"
                f" WHERE {prefix}_type::text = '{type}'",
            )
            assert found[0][0] == found[0][1] > 0
    assert ask(postgres_url, "SELECT count(*) FROM marks WHERE (markable_type IS NULL) <> (markable_id IS NULL)") == [
        (0,)
    ]
    plain = scenario.entities["payments"].columns["article_id"]
    assert plain.generator is None, "article_id has a table of its name, and event_type says nothing of tables"


SCENARIO = """
name: s
entities:
  posts: {rows: 30, columns: {id: {type: bigint, primary_key: true, generator: sequence}}}
  people: {rows: 20, columns: {key: {type: uuid, primary_key: true, generator: uuid4}}}
  notes:
    rows: 200
    columns:
      id: {type: int, primary_key: true, generator: sequence}
      about: {type: text, nullable: true, generator: choice, params: {values: [Post, Person]}}
      about_id: {type: text, generator: polymorphic, params: {type: about, to: {Post: posts.id, Person: people.key}}}
"""


def test_a_scenario_says_it_too() -> None:
    tables = sdgen.generate(read_text_as_scenario(SCENARIO, "s.yaml"), seed=1)
    assert tables["notes"].column_names == ["id", "about", "about_id"]
    ids = {"Post": set(map(str, tables["posts"]["id"].to_pylist()))}
    ids["Person"] = set(map(str, tables["people"]["key"].to_pylist()))
    rows = tables["notes"].to_pylist()
    assert all(row["about_id"] in ids[row["about"]] if row["about"] else row["about_id"] is None for row in rows)
    assert {row["about"] for row in rows} == {"Post", "Person", None}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("posts.id", "poots.id", "'poots' does not exist"),
        ("posts.id", "posts.key", "posts has no column 'key'"),
        ("posts.id", "posts", "names no column: write entity.column"),
        ("type: about,", "type: abut,", "notes has no column 'abut'"),
        ("nullable: true, ", "", ""),
    ],
)
def test_what_leads_nowhere_is_a_problem(before: str, after: str, told: str) -> None:
    scenario = read_text_as_scenario(SCENARIO.replace(before, after), "s.yaml")
    if not told:
        assert sdgen.generate(scenario, seed=1)["notes"]["about_id"].null_count == 0
        return
    with pytest.raises(sdgen.ScenarioError, match=told):
        sdgen.plan(scenario)
