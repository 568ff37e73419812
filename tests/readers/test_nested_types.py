"""ClickHouse's and DuckDB's own types: read whole, made again, and filled in tables that are there."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

import sdgen
from sdgen.databases.clickhouse.connection import Embedded, fetch_rows
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.errors import Refusal
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_source, read_text_as_scenario
from sdgen.readers.sql.ddl import guess_dialect
from sdgen.scenario.model import Scenario
from sdgen.scenario.types import parse_type

NOW = datetime(2026, 1, 1, tzinfo=UTC)

VISITS = """
CREATE TABLE shop.visits ON CLUSTER main
(
    `visit_id` UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'the visit, by number',
    at DateTime('UTC') DEFAULT now(),
    `source` Enum16('ad' = -1, 'mail' = 7),
    lang LowCardinality(Nullable(FixedString(2))),
    client IPv4,
    client6 Nullable(IPv6) TTL at + INTERVAL 90 YEAR,
    pages Array(Tuple(url String, seconds UInt16)),
    marks Map(String, Array(Float32)),
    place Tuple(lat Float64, lon Float64),
    cart Nested(sku String, n UInt8),
    paid Nullable(Decimal(12, 3)),
    month Date MATERIALIZED toStartOfMonth(at),
    shout String ALIAS upper(toString(source)),
    index Int8,
    CONSTRAINT small CHECK index BETWEEN 1 AND 9,
    INDEX by_lang lang TYPE set(10) GRANULARITY 2
)
ENGINE = ReplacingMergeTree(at)
PARTITION BY toYYYYMM(at)
ORDER BY (source, visit_id)
SETTINGS index_granularity = 4096
COMMENT 'who came';
CREATE TABLE shop.inbox (x String) ENGINE = Kafka('b:9092', 't', 'g', 'JSONEachRow');
"""


def clean(scenario: Scenario, place: str, rows: int) -> None:
    found = sdgen.verify(scenario, place, seed=4, as_of=NOW, rows=rows).findings
    assert [each for each in found if each.status.value not in ("ok", "skipped")] == []


def visits() -> Scenario:
    return read_text_as_scenario(VISITS.replace("shop.", "").replace(" ON CLUSTER main", ""), "visits.sql")


def test_a_clickhouse_table_is_read_whole() -> None:
    assert guess_dialect(VISITS) == "clickhouse"
    scenario = read_text_as_scenario(VISITS, "visits.sql")
    (note,) = scenario.notes
    assert "inbox left out: Kafka reads its rows from a topic" in str(note)
    visits = scenario.entities["visits"]
    assert visits.target_table == "shop.visits"
    assert list(visits.columns) == [
        *("visit_id", "at", "source", "lang", "client", "client6", "pages", "marks", "place", "cart", "paid", "index")
    ]
    assert visits.columns["pages"].type == "array<struct<url: text, seconds: usmallint>>"
    assert visits.columns["lang"].nullable
    assert visits.columns["visit_id"].primary_key
    assert visits.columns["visit_id"].description == "the visit, by number"
    assert visits.columns["client6"].target == {"clickhouse": "Nullable(IPv6) TTL at + INTERVAL 90 YEAR"}
    facts = visits.target["clickhouse"]
    assert facts["computed"] == {
        "month": "Date MATERIALIZED toStartOfMonth(at)",
        "shout": "String ALIAS upper(toString(source))",
    }
    assert (facts["engine"], facts["order_by"]) == ("ReplacingMergeTree(at)", "(source, visit_id)")
    assert facts["settings"] == {"index_granularity": "4096"}


def test_it_is_made_filled_and_read_back_in_chdb(tmp_path: Path) -> None:
    place = f"chdb:///{tmp_path}/one"
    sdgen.write(visits(), place, seed=4, as_of=NOW, rows=80)
    clean(visits(), place, 80)
    engine = Embedded(tmp_path / "one")
    rows = fetch_rows(
        engine, "SELECT toString(client), toString(month), shout, length(cart.sku), toString(`index`) FROM visits"
    )
    engine.discard()
    assert len(rows) == 80
    assert all(ipaddress.IPv4Address(client) for client, *_ in rows)
    assert all(month.endswith("-01") and shout in ("AD", "MAIL") for _, month, shout, *_ in rows)
    assert {int(index) for *_, index in rows} <= set(range(1, 10))


def test_a_chdb_folder_is_a_source_whose_tables_can_be_added_to(tmp_path: Path) -> None:
    place = f"chdb:///{tmp_path}/one"
    sdgen.write(visits(), place, seed=4, as_of=NOW, rows=30)
    read = read_source(place)
    assert read.entities["visits"].columns["cart"].type == "array<struct<sku: text, n: utinyint>>"
    assert set(read.entities["visits"].columns) == set(visits().entities["visits"].columns)
    sdgen.write(read, place, mode="truncate_then_insert", seed=4, as_of=NOW, rows=40)
    clean(read, place, 40)
    sdgen.write(read, f"chdb:///{tmp_path}/two", seed=4, as_of=NOW, rows=40)
    clean(read, f"chdb:///{tmp_path}/two", 40)


def test_a_clickhouse_server_is_a_source_too(clickhouse_url: str) -> None:
    sdgen.write(visits(), clickhouse_url, seed=4, as_of=NOW, rows=20)
    assert list(read_source(clickhouse_url).entities) == ["visits"]


BOXES = """
CREATE TABLE shelf (id HUGEINT PRIMARY KEY, size STRUCT(w INTEGER, "the depth" DECIMAL(6,2), tags VARCHAR[]) NOT NULL);
CREATE TABLE box (
  id UUID PRIMARY KEY, shelf_id HUGEINT NOT NULL REFERENCES shelf (id), labels MAP(VARCHAR, SMALLINT), worth UNION(n INTEGER, t VARCHAR),
  corner FLOAT[3] NOT NULL, grid INTEGER[2][], shelf_life INTERVAL NOT NULL, bits BIT, seen TIMESTAMP_NS,
  moves STRUCT(day DATE, by_whom STRUCT(n VARCHAR))[], price DECIMAL NOT NULL, kind ENUM('small', 'large'));
"""


@pytest.mark.parametrize("made", [False, True])
def test_duckdb_takes_its_own_types(tmp_path: Path, made: bool) -> None:
    place = tmp_path / "x.duckdb"
    if not made:
        with duckdb.connect(str(place)) as connection:
            connection.execute(BOXES)
    scenario = read_text_as_scenario(BOXES, "boxes.sql")
    assert scenario.notes == ()
    sdgen.write(scenario, place, mode=None if made else "append_only", seed=4, as_of=NOW, rows=60)
    clean(scenario, str(place), 60)
    with duckdb.connect(str(place)) as connection:
        types = {row[0]: row[1] for row in connection.execute("DESCRIBE box").fetchall()}
        assert (types["worth"], types["corner"]) == ("UNION(n INTEGER, t VARCHAR)", "FLOAT[3]")
        assert (types["grid"], types["shelf_life"], types["bits"]) == ("INTEGER[2][]", "INTERVAL", "BIT")
        assert connection.execute("SELECT max(corner[3]), min(shelf_life) > INTERVAL 1 DAY FROM box").fetchone()
    assert read_source(place).entities["box"].columns["labels"].type == "map<text, smallint>"


FINDINGS = """
CREATE TABLE finding (
  id INTEGER PRIMARY KEY, above INTEGER REFERENCES finding (id), worth UNION(n INTEGER, "a text" VARCHAR, day DATE) NOT NULL,
  extra UNION(flag BOOLEAN, at_place STRUCT(x DOUBLE, y DOUBLE)));
"""


@pytest.mark.parametrize("made", [False, True])
def test_all_members_of_duckdbs_unions_appear(tmp_path: Path, made: bool) -> None:
    place = tmp_path / "x.duckdb"
    if not made:
        with duckdb.connect(str(place)) as connection:
            connection.execute(FINDINGS)
    scenario = read_text_as_scenario(FINDINGS, "findings.sql")
    assert scenario.notes == ()
    sdgen.write(scenario, place, mode=None if made else "append_only", seed=4, as_of=NOW, rows=90)
    clean(scenario, str(place), 90)
    with duckdb.connect(str(place)) as connection:
        asked = "SELECT union_tag({0})::VARCHAR, count(*) FROM finding GROUP BY ALL ORDER BY ALL NULLS LAST"
        worth = dict(connection.execute(asked.format("worth")).fetchall())
        extra = dict(connection.execute(asked.format("extra")).fetchall())
        types = {row[0]: row[1] for row in connection.execute("DESCRIBE finding").fetchall()}
    assert worth.keys() == {"n", "a text", "day"}
    assert min(worth.values()) > 15
    assert extra.keys() == {"flag", "at_place", None}
    assert types["worth"] == 'UNION(n INTEGER, "a text" VARCHAR, "day" DATE)'
    assert read_source(place).entities["finding"].columns["worth"].type == "struct<n: int, 'a text': text, day: date>"


@pytest.mark.parametrize(
    ("declared", "type"),
    [
        ('STRUCT(a INT, "b,c" MAP(VARCHAR, BIGINT))[]', "array<struct<a: int, 'b,c': map<text, bigint>>>"),
        ("ENUM('it''s', 'b')", "enum('it''s', b)"),
        ("UNION(a DATE, b VARCHAR)", "date"),
        ("DECIMAL[4]", "array<decimal(18,3)>"),
    ],
)
def test_duckdb_types_are_read(declared: str, type: str) -> None:
    assert DUCKDB.read(declared) == parse_type(type)


def test_enums_of_a_schemas_own_stand_in_other_types(tmp_path: Path) -> None:
    ddl = """
        CREATE TYPE shade AS ENUM ('pale', 'de''ep');
        CREATE TABLE paint (id INTEGER PRIMARY KEY, shades shade[] NOT NULL, coat STRUCT(shade shade, layers INTEGER) NOT NULL,
          by_room MAP(VARCHAR, shade));
    """
    place = tmp_path / "x.duckdb"
    with duckdb.connect(str(place)) as connection:
        connection.execute(ddl)
    sdgen.write(
        read_text_as_scenario(ddl, "paint.sql", ReadOptions(dialect="duckdb")),
        place,
        mode="append_only",
        seed=4,
        rows=40,
    )
    with duckdb.connect(str(place)) as connection:
        found = connection.execute("SELECT DISTINCT coat.shade FROM paint WHERE len(shades) > 0 ORDER BY 1").fetchall()
    assert found == [("pale",), ("de'ep",)]


def test_a_column_that_nothing_fills_is_a_problem() -> None:
    ddl = "CREATE TABLE t (id UInt8, s AggregateFunction(sum, UInt64)) ENGINE = MergeTree ORDER BY id;"
    scenario = read_text_as_scenario(ddl, "t.sql")
    (note,) = scenario.notes
    assert isinstance(note, Refusal)
    assert "nothing fills the type AggregateFunction(sum, UInt64)" in str(note)


def test_clickhouse_tables_are_linked_by_the_names_of_their_keys(tmp_path: Path) -> None:
    ddl = """
        CREATE TABLE cities (id UInt32, name String) ENGINE = MergeTree ORDER BY id;
        CREATE TABLE riders (rider_id UUID, city_id UInt32, other_id UInt32) ENGINE = MergeTree ORDER BY (city_id, rider_id);
        CREATE TABLE rides (at DateTime64(3), rider_id Nullable(UUID), city_id String) ENGINE = MergeTree ORDER BY at;"""
    scenario = read_text_as_scenario(ddl, "c.sql")
    links = {
        (name, key): column.generator.params["entity"]
        for name, entity in scenario.entities.items()
        for key, column in entity.columns.items()
        if column.generator is not None and column.generator.type == "fk"
    }
    assert links == {("riders", "city_id"): "cities", ("rides", "rider_id"): "riders"}
    sdgen.write(scenario, f"chdb:///{tmp_path}/x", seed=4, as_of=NOW, rows=40)
    clean(scenario, f"chdb:///{tmp_path}/x", 40)
