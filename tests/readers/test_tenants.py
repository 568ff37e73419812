"""Foreign keys that share a column: rows refer to rows of the same tenant, in a database with all constraints on."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdgen
from sdgen.readers.sources import read_counted, read_source, read_text_as_scenario

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


ONE_EACH = """
CREATE TABLE firms (id text PRIMARY KEY);
CREATE TABLE talks (id text, firm_id text NOT NULL REFERENCES firms, PRIMARY KEY (id, firm_id));
CREATE TABLE drives (
    id text, firm_id text NOT NULL, talk_id text NOT NULL, PRIMARY KEY (id, firm_id),
    FOREIGN KEY (talk_id, firm_id) REFERENCES talks (id, firm_id), UNIQUE (firm_id, talk_id)
);
CREATE TABLE events (
    firm_id text, talk_id text, number int, drive_id text NOT NULL, PRIMARY KEY (firm_id, talk_id, number),
    FOREIGN KEY (drive_id, firm_id) REFERENCES drives (id, firm_id),
    FOREIGN KEY (talk_id, firm_id) REFERENCES talks (id, firm_id)
);
"""


def test_a_key_over_the_columns_of_a_shared_link_holds(postgres_url: str, tmp_path: Path) -> None:
    import psycopg

    schema = tmp_path / "s.sql"
    schema.write_text(ONE_EACH)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(ONE_EACH.encode())
        sdgen.write(schema, postgres_url, mode="append_only", seed=1, rows=80)
        for name in ("firms", "talks", "drives", "events"):
            assert connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone() == (80,)


def test_a_set_of_a_counting_links_columns_is_refused_where_parents_have_several_rows() -> None:
    text = """
name: s
entities:
  talks:
    rows: 9
    columns: {id: {type: int, primary_key: true, generator: sequence}, firm: {type: int, primary_key: true, generator: sequence}}
  drives:
    rows: {per: talks, count: 5}
    columns:
      firm: {type: int, generator: fk, params: {entity: talks, column: firm, via: talk}}
      talk: {type: int, generator: fk, params: {entity: talks, column: id}}
    unique: [[firm, talk]]
"""
    with pytest.raises(sdgen.ScenarioError, match="can't be made unique over up to 5 rows of one parent"):
        sdgen.plan(read_text_as_scenario(text, "s.yaml"))
