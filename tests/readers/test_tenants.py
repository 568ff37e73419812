"""Foreign keys that share a column: rows refer to rows of the same tenant, in a database with all constraints on."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdgen
from sdgen.readers.sources import read_counted, read_source

SCHEMA = Path(__file__).parent / "ddl" / "tenants.sql"


def test_nothing_is_left_out_or_left_null() -> None:
    assert [str(note) for note in read_source(SCHEMA).notes] == []


@pytest.mark.parametrize("rows", [1000, 60, 7, 1])
def test_all_keys_hold_in_postgres(postgres_url: str, rows: int) -> None:
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SCHEMA.read_bytes())
        scenario, _ = read_counted(SCHEMA, {"*": rows})
        if rows == 1:  # nobody can follow anybody else
            with pytest.raises(sdgen.ScenarioError, match="accounts has one row only"):
                sdgen.write(scenario, postgres_url, mode="append_only", seed=2)
            return
        sdgen.write(scenario, postgres_url, mode="append_only", seed=2)
        report = sdgen.verify(scenario, postgres_url, seed=2)
        assert not report.broken
        counts = {
            name: connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone() for name in scenario.entities
        }
        assert set(counts.values()) == {(rows,)}
        if rows == 1000:
            managed = connection.execute("SELECT count(manager_id), count(DISTINCT manager_id) FROM users").fetchone()
            assert managed is not None
            assert min(managed) > 300
            assert connection.execute("SELECT count(project_id) > 800 FROM audit").fetchone() == (True,)


def test_two_links_to_one_entity_never_lead_to_the_same_row() -> None:
    scenario, _ = read_counted(SCHEMA, {"*": 30})
    rows = sdgen.generate(scenario, seed=1, rows={"accounts": 30, "follows": 870})["follows"]
    pairs = list(zip(rows["follower_id"].to_pylist(), rows["followee_id"].to_pylist(), strict=True))
    assert len(set(pairs)) == 870, "every pair there is, once"
    assert all(one != other for one, other in pairs)
    with pytest.raises(
        sdgen.ScenarioError, match=r"can't be made unique over 871 rows \(follower_id: 30, followee_id: 29\)"
    ):
        sdgen.plan(scenario, rows={"accounts": 30, "follows": 871})
