"""Bare schemas: links of a row that lead to the same entity in the same role lead to the same row of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import sdgen
from sdgen.readers.sources import read_text_as_scenario

DESK = """
CREATE TABLE organizations (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE statuses (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE users (id int PRIMARY KEY, organization_id int NOT NULL REFERENCES organizations(id), email text NOT NULL);
CREATE TABLE tickets (id int PRIMARY KEY, organization_id int NOT NULL REFERENCES organizations(id), requester_id int NOT NULL REFERENCES users(id),
  assignee_id int REFERENCES users(id), status_id int NOT NULL REFERENCES statuses(id), subject text NOT NULL);
CREATE TABLE comments (id int PRIMARY KEY, ticket_id int NOT NULL REFERENCES tickets(id), author_id int NOT NULL REFERENCES users(id), body text NOT NULL);
CREATE TABLE tasks (id int PRIMARY KEY, ticket_id int NOT NULL REFERENCES tickets(id), status_id int NOT NULL REFERENCES statuses(id), title text NOT NULL);
CREATE TABLE calls (id int PRIMARY KEY, ticket_id int REFERENCES tickets(id), organization_id int NOT NULL REFERENCES organizations(id));
"""
POSTS = """
CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL);
CREATE TABLE posts (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users(id), title text NOT NULL);
CREATE TABLE comments (id int PRIMARY KEY, post_id int NOT NULL REFERENCES posts(id), user_id int NOT NULL REFERENCES users(id), body text NOT NULL);
CREATE TABLE uploads (id int PRIMARY KEY, post_id int NOT NULL REFERENCES posts(id), user_id int NOT NULL REFERENCES users(id), path text NOT NULL);
"""


def _links(schema: str) -> dict[tuple[str, str], Any]:
    scenario = read_text_as_scenario(schema, "schema.sql")
    told = {
        (name, column): {
            key: each.generator.params[key] for key in ("follows", "sharing") if key in each.generator.params
        }
        for name, entity in scenario.entities.items()
        for column, each in entity.columns.items()
        if each.generator is not None
    }
    return {place: params for place, params in told.items() if params}


def test_what_belongs_to_one_owner_is_not_linked_with_anothers() -> None:
    assert _links(DESK) == {
        ("tickets", "organization_id"): {"follows": "requester_id.organization_id"},
        ("tickets", "assignee_id"): {"sharing": {"organization_id": "organization_id"}},
        ("comments", "author_id"): {"sharing": {"organization_id": "ticket_id.organization_id"}},
        ("calls", "organization_id"): {"follows": "ticket_id.organization_id"},
    }


def test_who_acts_is_not_whose_it_is() -> None:
    assert _links(POSTS) == {("uploads", "user_id"): {"follows": "post_id.user_id"}}


def test_rows_agree_and_no_column_loses_its_not_null(tmp_path: Path) -> None:
    path = tmp_path / "desk.sql"
    path.write_text(DESK)
    sdgen.write(path, to=tmp_path / "desk.duckdb", seed=4, as_of="2026-06-01")
    with duckdb.connect(str(tmp_path / "desk.duckdb")) as db:
        for joined in (
            "tickets t JOIN users u ON u.id = t.requester_id",
            "tickets t JOIN users u ON u.id = t.assignee_id",
            "comments c JOIN tickets t ON t.id = c.ticket_id JOIN users u ON u.id = c.author_id",
        ):
            odd = db.sql(f"SELECT count(*), count(*) FILTER (t.organization_id <> u.organization_id) FROM {joined}")
            total, others = odd.fetchall()[0]
            assert (total > 0, others) == (True, 0)
        nullable = (
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'calls' AND is_nullable = 'YES'"
        )
        assert db.sql(nullable).fetchall() == [("ticket_id",)]


def test_any_batch_and_worker_shares_alike() -> None:
    scenario = read_text_as_scenario(DESK, "desk.sql")
    first, second = (
        pa.Table.from_batches(sdgen.batches(scenario, "comments", seed=3, batch_rows=rows, as_of="2026-06-01"))
        for rows in (17, 65_536)
    )
    assert first.combine_chunks().equals(second.combine_chunks())


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"sharing": {"nothing": "t_id"}}, "names columns that are no links"),
        ({"sharing": {"id": "t_id"}}, "names columns that are no links"),
        ({"sharing": {"t_id": "o_id"}}, "one link leads to o, the other to t"),
        ({"sharing": {"t_id": "t_id"}, "unlike": "t_id"}, "takes neither quotas nor within"),
    ],
)
def test_what_can_not_be_shared(params: dict[str, Any], said: str) -> None:
    key = {"generator": "sequence", "primary_key": True}
    shared = {"generator": "fk", "params": {"entity": "b", "column": "id", **params}}
    entities = {
        "t": {"rows": 5, "columns": {"id": key}},
        "o": {"rows": 5, "columns": {"id": key}},
        "b": {"rows": 50, "columns": {"id": key, "t_id": {"references": "t"}}},
        "e": {"columns": {"id": key, "t_id": {"references": "t"}, "o_id": {"references": "o"}, "b_id": shared}},
    }
    assert any(said in str(problem) for problem in sdgen.check({"name": "n", "entities": entities}))
