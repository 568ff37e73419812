"""Partitioned tables: rows that find a partition, in a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.readers.sources import read_source
from sdgen.scenario.model import Scenario

SCHEMA = """
CREATE TABLE visits (id int NOT NULL, shop int, note text) PARTITION BY RANGE (shop);
CREATE TABLE visits_a PARTITION OF visits FOR VALUES FROM (1) TO (40);
CREATE TABLE visits_b (id int NOT NULL, shop int, note text);
ALTER TABLE visits ATTACH PARTITION visits_b FOR VALUES FROM (40) TO (90);
CREATE TABLE sales (id int, land text, at timestamptz) PARTITION BY LIST (land);
CREATE TABLE sales_eu PARTITION OF sales FOR VALUES IN ('de', 'fr') PARTITION BY RANGE (at);
CREATE TABLE sales_us PARTITION OF sales FOR VALUES IN ('us');
CREATE TABLE sales_24 PARTITION OF sales_eu FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE sales_25 PARTITION OF sales_eu FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
CREATE TABLE pairs (a int, b int) PARTITION BY RANGE (a, b);
CREATE TABLE pairs_1 PARTITION OF pairs FOR VALUES FROM (1, 50) TO (30, 20);
CREATE TABLE maybe (id int, kind text) PARTITION BY LIST (kind);
CREATE TABLE maybe_1 PARTITION OF maybe FOR VALUES IN ('x', NULL);
CREATE TABLE any_kind (id int, kind text) PARTITION BY LIST (kind);
CREATE TABLE any_kind_1 PARTITION OF any_kind DEFAULT;
CREATE TABLE spread (id int, n int) PARTITION BY HASH (n);
CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 1, REMAINDER 0);
"""
EMPTY = """
CREATE TABLE logs (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE lines (id int PRIMARY KEY, log_id int NOT NULL REFERENCES logs);
CREATE TABLE marks (id int PRIMARY KEY, log_id int REFERENCES logs, other_id int NOT NULL REFERENCES marks2);
"""


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def read_both(url: str, folder: Path, ddl: str) -> list[Scenario]:
    schema = folder / "s.sql"
    schema.write_text(ddl)
    ask(url, ddl)
    return [read_source(schema), read_source(url)]


@pytest.mark.parametrize("place", [0, 1], ids=["ddl", "database"])
def test_every_row_finds_a_partition(postgres_url: str, tmp_path: Path, place: int) -> None:
    scenario = read_both(postgres_url, tmp_path, SCHEMA)[place]
    assert [str(note) for note in scenario.notes] == []
    sdgen.write(scenario, postgres_url, mode="append_only", seed=2, rows=150)
    assert not sdgen.verify(scenario, postgres_url, seed=2, rows=150).broken
    nulls = "SELECT count(*) FILTER (WHERE {} IS NULL) > 0 FROM {}"
    assert ask(postgres_url, nulls.format("kind", "maybe")) == [(True,)]
    assert ask(postgres_url, nulls.format("kind", "any_kind")) == [(True,)]
    assert ask(postgres_url, "SELECT count(DISTINCT tableoid) FROM visits") == [(2,)]
    assert ask(postgres_url, "SELECT count(DISTINCT tableoid) FROM sales") == [(3,)]


@pytest.mark.parametrize("place", [0, 1], ids=["ddl", "database"])
def test_a_table_without_partitions_stays_empty_and_so_do_its_children(
    postgres_url: str, tmp_path: Path, place: int
) -> None:
    ddl = "CREATE TABLE marks2 (id int PRIMARY KEY);" + EMPTY
    scenario = read_both(postgres_url, tmp_path, ddl)[place]
    told = sorted(note.what for note in scenario.notes)
    assert told == [
        "the table is left empty: it has no partition",
        "the table is left empty: log_id must refer to logs, which is empty",
    ]
    sdgen.write(scenario, postgres_url, mode="append_only", seed=2)
    counts = {name: ask(postgres_url, f"SELECT count(*) FROM {name}")[0][0] for name in ("logs", "lines", "marks")}
    assert (counts["logs"], counts["lines"]) == (0, 0)
    assert ask(postgres_url, "SELECT count(*) > 0, count(log_id) FROM marks") == [(True, 0)]


def test_mysqls_partitions_by_hash_are_there_by_themselves(tmp_path: Path) -> None:
    (tmp_path / "s.sql").write_text(
        "CREATE TABLE `hits` (`id` int AUTO_INCREMENT PRIMARY KEY, `at` datetime NOT NULL) ENGINE=InnoDB"
        " PARTITION BY HASH (`id`) PARTITIONS 8;"
    )
    assert sdgen.generate(tmp_path / "s.sql", rows=30, seed=1)["hits"].num_rows == 30


def test_a_detached_partition_is_a_table_of_its_own(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(SCHEMA + "ALTER TABLE visits DETACH PARTITION visits_a;")
    scenario = read_source(schema)
    assert list(scenario.entities["visits_a"].columns) == ["id", "shop", "note"]
    shops = sdgen.generate(scenario, seed=1, rows=200)["visits"]["shop"].to_pylist()
    assert set(shops) <= set(range(40, 90))


NESTED = """
CREATE TABLE tracks (id int NOT NULL, land text, on_day date, n int) PARTITION BY LIST (land);
CREATE TABLE tracks_eu PARTITION OF tracks FOR VALUES IN ('de', 'fr') PARTITION BY RANGE (on_day);
CREATE TABLE tracks_eu_24 PARTITION OF tracks_eu FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE tracks_us PARTITION OF tracks FOR VALUES IN ('us') PARTITION BY RANGE (n);
CREATE TABLE tracks_us_1 PARTITION OF tracks_us FOR VALUES FROM (0) TO (10);
CREATE TABLE tracks_rest PARTITION OF tracks DEFAULT PARTITION BY LIST (n);
CREATE TABLE tracks_rest_1 PARTITION OF tracks_rest FOR VALUES IN (77);
CREATE TABLE shards (id int NOT NULL, k int) PARTITION BY HASH (id);
CREATE TABLE shards_0 PARTITION OF shards FOR VALUES WITH (MODULUS 2, REMAINDER 0) PARTITION BY RANGE (k);
CREATE TABLE shards_0a PARTITION OF shards_0 FOR VALUES FROM (0) TO (MAXVALUE);
CREATE TABLE shards_1 PARTITION OF shards FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY LIST (k);
CREATE TABLE shards_1a PARTITION OF shards_1 FOR VALUES IN (1, 2, 3);
"""


@pytest.mark.parametrize("place", [0, 1], ids=["ddl", "database"])
def test_parts_that_are_parted_by_different_columns(postgres_url: str, tmp_path: Path, place: int) -> None:
    scenario = read_both(postgres_url, tmp_path, NESTED)[place]
    assert [str(note) for note in scenario.notes] == []
    sdgen.write(scenario, postgres_url, mode="append_only", seed=2, rows=150)
    assert ask(postgres_url, "SELECT count(DISTINCT tableoid) FROM tracks") == [(2,)]
    assert ask(postgres_url, "SELECT count(DISTINCT tableoid) FROM shards") == [(2,)]


def test_an_index_of_a_materialized_view_is_no_loss(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(
        "CREATE TABLE a (id int PRIMARY KEY);\nCREATE MATERIALIZED VIEW per_a AS SELECT id FROM a;\n"
        "CREATE UNIQUE INDEX per_a_once ON per_a (id);"
    )
    assert [note.what for note in read_source(schema).notes] == ["1 view left out"]
