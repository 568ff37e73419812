"""`verify`: what was written is found to be right, and each way of breaking it is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

import sdgen
from sdgen.readers.sources import read_source
from sdgen.verification.findings import Finding, Report, Status

SHOP: dict[str, Any] = {
    "name": "shop",
    "seed": 5,
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {
        "users": {
            "rows": 400,
            "columns": {
                "id": {"type": "bigint", "generator": "sequence", "primary_key": True},
                "email": {"type": "string(60)", "generator": "person.email", "unique": True},
                "plan": {
                    "generator": "choice",
                    "type": "string",
                    "params": {"values": ["free", "paid"], "weights": [3, 1]},
                },
                "score": {"type": "double", "generator": "normal", "params": {"mean": 50, "std": 10}},
                "age": {"type": "int", "generator": "uniform_int", "params": {"min": 18, "max": 99}},
                "active": {"type": "bool", "generator": "boolean", "params": {"probability": 0.7}},
                "joined": {
                    "type": "timestamp",
                    "generator": "datetime",
                    "params": {"start": "2023-01-01", "end": "2025-12-31"},
                },
                "born": {"type": "date", "generator": "date", "params": {"start": "1960-01-01", "end": "2000-12-31"}},
                "nick": {"type": "string", "nullable": True, "null_rate": 0.3, "generator": "person.first_name"},
            },
        },
        "orders": {
            "rows": {"per": "users", "min": 1, "max": 6},
            "columns": {
                "user_id": {"generator": "fk", "params": {"entity": "users", "column": "id"}, "primary_key": True},
                "number": {
                    "type": "int",
                    "generator": "sequence",
                    "params": {"per": "user_id"},
                    "primary_key": True,
                },
                "user_born": {"generator": "parent", "params": {"column": "user_id.born"}},
                "total": {"type": "decimal(8,2)", "generator": "decimal", "params": {"min": 1, "max": 500}},
            },
        },
    },
}
UNSEEDED = {key: value for key, value in SHOP.items() if key != "seed"}


def bad(report: Report) -> list[tuple[str, tuple[str, ...], str, str]]:
    """What isn't ok, but for rows that are no longer the plan's: that is told of each change."""
    wrong = (*report.having(Status.BROKEN), *report.having(Status.WARNING))
    return [(each.entity, each.columns, each.check, str(each.status)) for each in wrong if each.check != "same rows"]


def one(report: Report, entity: str, check: str, *columns: str) -> Finding:
    found = [each for each in report.findings if (each.entity, each.check, each.columns) == (entity, check, columns)]
    assert len(found) == 1, [(each.entity, each.check, each.columns) for each in report.findings]
    return found[0]


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., Report]:
    """`database("DELETE …")`: the shop written to SQLite, freed of its constraints, changed, and verified."""
    place = tmp_path / "shop.sqlite"
    sdgen.write(SHOP, place)

    def changed(*statements: str, **request: Any) -> Report:
        with closing(sqlite3.connect(place)) as connection:
            schema = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall()
            for name, sql in schema:
                bare = sql.partition(" (")[2].rpartition(")")[0].split(",\n")
                columns = ",\n".join(line.replace(" NOT NULL", "") for line in bare if "CONSTRAINT" not in line)
                connection.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
                connection.execute(f"CREATE TABLE {name} ({columns})")
                connection.execute(f"INSERT INTO {name} SELECT * FROM old_{name}")
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        return sdgen.verify(request.pop("source", SHOP), place, **request)

    return changed


def test_what_was_written_is_right(database: Callable[..., Report]) -> None:
    report = database()
    assert {str(each.status) for each in report.findings} == {"ok"}
    assert not report.broken
    assert one(report, "users", "count").found == "400 rows"
    assert one(report, "users", "range", "age").expected == "18 to 99"
    assert one(report, "users", "same rows").found == "yes"
    assert one(report, "users", "distribution", "plan").method == "chi-square"
    assert one(report, "users", "distribution", "score").method == "ks"
    assert 0 < (one(report, "users", "distribution", "score").figure or 0) < 0.2


BREAKS: Mapping[str, tuple[str, tuple[str, tuple[str, ...], str, str]]] = {
    "a parent deleted": (
        "DELETE FROM users WHERE id = 17",
        ("orders", ("user_id",), "foreign key", "broken"),
    ),
    "rows dropped": ("DELETE FROM users WHERE id > 390", ("users", (), "count", "broken")),
    "a row too many": ("INSERT INTO users SELECT * FROM users WHERE id = 3", ("users", (), "count", "broken")),
    "a key twice": ("UPDATE users SET id = 3 WHERE id = 4", ("users", ("id",), "primary key", "broken")),
    "a composite key twice": (
        "UPDATE orders SET number = 1",
        ("orders", ("user_id", "number"), "primary key", "broken"),
    ),
    "a unique value twice": (
        "UPDATE users SET email = 'a@b.c' WHERE id < 3",
        ("users", ("email",), "unique", "broken"),
    ),
    "a null": ("UPDATE users SET age = NULL WHERE id = 9", ("users", ("age",), "not null", "broken")),
    "below the least": ("UPDATE users SET age = 17 WHERE id = 9", ("users", ("age",), "range", "broken")),
    "beyond the greatest": (
        "UPDATE orders SET total = 500.01 WHERE user_id = 3",
        ("orders", ("total",), "range", "broken"),
    ),
    "too early": (
        "UPDATE users SET joined = '2022-12-31 23:59:59' WHERE id = 9",
        ("users", ("joined",), "range", "broken"),
    ),
    "a day too late": ("UPDATE users SET born = '2001-01-01' WHERE id = 9", ("users", ("born",), "range", "broken")),
    "another value": ("UPDATE users SET plan = 'gold' WHERE id = 9", ("users", ("plan",), "range", "broken")),
    "too long": (
        "UPDATE users SET email = email || printf('%.60c', 'x') WHERE id = 9",
        ("users", ("email",), "length", "broken"),
    ),
    "no number": ("UPDATE users SET age = 'old' WHERE id = 9", ("users", ("age",), "types", "broken")),
    "no time": ("UPDATE users SET joined = 'soon' WHERE id = 9", ("users", ("joined",), "types", "broken")),
    "too many children": (
        "INSERT INTO orders SELECT 5, 100 + id, '1999-12-31', 9 FROM users WHERE id < 9",
        ("orders", ("user_id",), "children", "broken"),
    ),
    "too few children": ("DELETE FROM orders WHERE user_id = 5", ("orders", ("user_id",), "children", "broken")),
    "a copy that differs": (
        "UPDATE orders SET user_born = '1999-12-31' WHERE user_id = 5",
        ("orders", ("user_born",), "copy", "broken"),
    ),
    "no table": ("DROP TABLE orders", ("orders", (), "table", "broken")),
    "no column": ("ALTER TABLE users DROP COLUMN nick", ("users", ("nick",), "columns", "broken")),
    "a law moved": ("UPDATE users SET score = score + 8", ("users", ("score",), "distribution", "warning")),
    "a law widened": (
        "UPDATE users SET score = 50 + 2 * (score - 50)",
        ("users", ("score",), "distribution", "warning"),
    ),
    "another share": (
        "UPDATE users SET plan = 'paid' WHERE id % 3 = 0",
        ("users", ("plan",), "distribution", "warning"),
    ),
    "other truths": ("UPDATE users SET active = 1", ("users", ("active",), "distribution", "warning")),
    "other names": ("UPDATE users SET nick = 'Ann' WHERE nick < 'K'", ("users", ("nick",), "distribution", "warning")),
    "fewer nulls": ("UPDATE users SET nick = 'Ann' WHERE nick IS NULL", ("users", ("nick",), "null share", "warning")),
    "more nulls": ("UPDATE users SET nick = NULL WHERE id % 2 = 0", ("users", ("nick",), "null share", "warning")),
}


@pytest.mark.parametrize("way", BREAKS)
@pytest.mark.parametrize("source", [SHOP, UNSEEDED], ids=["seed known", "seed unknown"])
def test_each_way_of_breaking_it_is_named(database: Callable[..., Report], way: str, source: dict[str, Any]) -> None:
    statement, wanted = BREAKS[way]
    report = database(statement, source=source)
    found = bad(report)
    assert report.broken == (wanted[3] == "broken")
    assert wanted in found
    assert {each[:2] for each in found} <= _touched(wanted)


def _touched(wanted: tuple[str, tuple[str, ...], str, str]) -> set[tuple[str, tuple[str, ...]]]:
    """What else may be told: that rows are missing, and what follows from that or stands in the same columns."""
    entity, columns, _, _ = wanted
    others = {(entity, (column,)) for column in columns} | {("users", ()), ("orders", ()), ("orders", ("user_id",))}
    return {(entity, columns), *others, ("orders", ("user_born",)), ("orders", ("user_id", "number")), *_ALL_OF_USERS}


_ALL_OF_USERS = {("users", (name,)) for name in ("id", "email")}


def test_a_few_changed_cells_are_found_where_the_seed_is_known(database: Callable[..., Report]) -> None:
    found = one(database("UPDATE users SET age = 100 - age WHERE id % 4 = 0"), "users", "same rows", "age")
    assert found.status is Status.WARNING
    assert "age differs in" in found.found


def test_another_seed_is_told_and_nothing_else(tmp_path: Path) -> None:
    sdgen.write(SHOP, tmp_path / "x.duckdb", seed=6)
    report = sdgen.verify(SHOP, tmp_path / "x.duckdb")
    assert bad(report) == []
    assert "another seed" in one(report, "users", "same rows").found
    assert one(sdgen.verify(UNSEEDED, tmp_path / "x.duckdb"), "users", "same rows").status is Status.SKIPPED
    assert {str(each.status) for each in sdgen.verify(SHOP, tmp_path / "x.duckdb", seed=6).findings} == {"ok"}


def test_requests_are_those_of_the_run(tmp_path: Path) -> None:
    sdgen.write(SHOP, tmp_path / "x.duckdb", rows={"users": 50}, only=["users"])
    report = sdgen.verify(SHOP, tmp_path / "x.duckdb", rows={"users": 50}, only=["users"])
    assert not bad(report)
    assert {each.entity for each in report.findings} == {"users"}
    assert bad(sdgen.verify(SHOP, tmp_path / "x.duckdb", only=["users"]))[0] == ("users", (), "count", "broken")
    assert ("orders", (), "table", "broken") in bad(sdgen.verify(SHOP, tmp_path / "x.duckdb"))


def test_what_depends_on_now_is_left_out_where_now_is_not_known(tmp_path: Path) -> None:
    columns = {"at": {"type": "timestamp", "generator": "datetime", "params": {"start": "-30d", "end": "now"}}}
    source = {"name": "x", "seed": 1, "entities": {"logs": {"rows": 500, "columns": columns}}}
    then = datetime(2020, 5, 17, tzinfo=UTC)
    sdgen.write(source, tmp_path / "x.duckdb", as_of=then)
    report = sdgen.verify(source, tmp_path / "x.duckdb")
    assert not bad(report)
    assert one(report, "logs", "range", "at").status is Status.SKIPPED
    assert one(report, "logs", "distribution", "at").status is Status.SKIPPED
    known = sdgen.verify(source, tmp_path / "x.duckdb", as_of=then)
    assert one(known, "logs", "range", "at").status is Status.OK
    assert one(known, "logs", "distribution", "at").status is Status.OK


def test_a_table_without_a_key_to_find_rows_by(tmp_path: Path) -> None:
    columns = {"level": {"type": "double", "generator": "normal", "params": {"mean": 0, "std": 1}}}
    source = {"name": "x", "seed": 1, "entities": {**SHOP["entities"], "logs": {"rows": 300, "columns": columns}}}
    sdgen.write(source, tmp_path / "x.duckdb", seed=2)
    report = sdgen.verify(source, tmp_path / "x.duckdb")
    assert not bad(report)
    assert one(report, "logs", "same rows").found == "no key to find rows by"


EXAMPLES = ("shop", "iot", "fintech_loans", "clickstream")


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("suffix", [".duckdb", ".sqlite", "/"])
def test_the_examples_verify_clean(example: str, suffix: str, tmp_path: Path) -> None:
    place = f"{tmp_path}/x{suffix}"
    sdgen.write(example, place, formats=["csv"] if suffix == "/" else (), scale=0.2)
    assert bad(sdgen.verify(example, place, scale=0.2)) == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_verify_clean_in_postgres(example: str, postgres_url: str) -> None:
    sdgen.write(example, postgres_url, scale=0.2)
    report = sdgen.verify(example, postgres_url, scale=0.2)
    assert bad(report) == []
    assert {each.found for each in report.findings if each.check == "same rows"} == {"yes"}
    with psycopg.connect(postgres_url) as connection:
        last = list(read_source(example).entities)[-1]
        connection.execute(f'DELETE FROM "{last}"'.encode())
    assert (last, (), "count", "broken") in bad(sdgen.verify(example, postgres_url, scale=0.2))


def test_two_columns_of_a_link_that_hold_the_same_key(postgres_url: str) -> None:
    key = {"type": "bigint", "generator": "sequence", "primary_key": True}
    first = {"generator": "fk", "params": {"entity": "parents", "column": "id"}}
    again = {"generator": "fk", "params": {"entity": "parents", "column": "id", "via": "parent_id"}}
    columns = {"id": key, "parent_id": first, "same_parent_id": again}
    scenario = {
        "name": "twice",
        "seed": 1,
        "entities": {"parents": {"rows": 5, "columns": {"id": key}}, "children": {"rows": 40, "columns": columns}},
    }
    # A condition that the server has no function for is skipped, and ends nothing.
    scenario["entities"]["children"]["check"] = "dayname(DATE '2026-01-01') = 'Thursday' OR id > 0"  # type: ignore[index]
    sdgen.write(scenario, postgres_url)
    report = sdgen.verify(scenario, postgres_url)
    assert bad(report) == []
    assert any(each.check == "foreign key" and len(each.columns) == 2 for each in report.findings)
    assert one(report, "children", "check", "id").status is Status.SKIPPED


TYPES = {
    "flag": "bool",
    "small": "utinyint",
    "large": "ubigint",
    "real": "float",
    "wide": "decimal(30,4)",
    "day": "date",
    "clock": "time",
    "moment": "timestamptz",
    "code": "uuid",
    "mood": "enum(good, bad)",
}
MADE: Mapping[str, Any] = {
    "flag": {"generator": "boolean"},
    "small": {"generator": "uniform_int", "params": {"min": 0, "max": 250}},
    "large": {"generator": "uniform_int", "params": {"min": 0, "max": 10**15}},
    "real": {"generator": "normal", "params": {"mean": 1, "std": 1, "min": -2, "max": 4}},
    "wide": {"generator": "decimal", "params": {"min": 0, "max": 10**6}},
    "day": {"generator": "date"},
    "clock": {"generator": "time"},
    "moment": {"generator": "datetime", "params": {"start": "-30d", "end": "now"}},
    "code": {"generator": "uuid4"},
    "mood": {"generator": "choice"},
}


def _every_type(table: str = "a.things") -> dict[str, Any]:
    columns: dict[str, Any] = {"id": {"type": "bigint", "generator": "sequence", "primary_key": True}}
    columns |= {name: {"type": type, "null_rate": 0.2, **MADE[name]} for name, type in TYPES.items()}
    columns["label"] = {"type": "text", "generator": "choice", "params": {"values": ["", "a,b", 'c"d', "é\nf"]}}
    columns["extra"] = {"type": "json", "generator": "const", "params": {"value": {"a": [1, 2.5, None]}}}
    return {
        "name": "types",
        "seed": 1,
        "as_of": "2026-01-01T00:00:00Z",
        "entities": {"things": {"rows": 800, "columns": columns, "target_table": table}},
    }


@pytest.mark.parametrize(
    "kind", ["duckdb", "sqlite", "postgres", "mysql", "chdb", "csv", "jsonl", "json", "parquet", "arrow"]
)
def test_every_type_in_every_place(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    files = kind not in ("duckdb", "sqlite", "postgres", "mysql", "chdb")
    place = f"{tmp_path}/out/" if files else f"{tmp_path}/x.{kind}"
    place = request.getfixturevalue(f"{kind}_url") if kind in ("postgres", "mysql") else place
    place = f"chdb:///{place}" if kind == "chdb" else place
    source = _every_type("things" if kind == "mysql" else "a.things")  # a schema of MySQL's is a database
    sdgen.write(source, place, formats=[kind] if files else ())
    report = sdgen.verify(source, place)
    assert bad(report) == []
    assert one(report, "things", "same rows").found == "yes"
    skipped = {each.columns for each in report.having(Status.SKIPPED)}
    assert skipped <= {("extra",)}


def test_files_with_values_of_other_types(tmp_path: Path) -> None:
    sdgen.write(SHOP, tmp_path / "out", formats=["csv"])
    path = tmp_path / "out" / "users.csv"
    lines = path.read_text().splitlines()
    fields = lines[1].split(",")
    age = lines[0].split(",").index("age")
    lines[1] = ",".join([*fields[:age], "old", *fields[age + 1 :]])
    path.write_text("\n".join(lines) + "\n")
    found = bad(sdgen.verify(SHOP, f"{tmp_path}/out/"))
    assert ("users", ("age",), "types", "broken") in found
    (tmp_path / "out" / "orders.csv").unlink()
    assert ("orders", (), "table", "broken") in bad(sdgen.verify(SHOP, f"{tmp_path}/out/"))


def test_large_tables_are_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str) -> None:
    from sdgen.verification import distributions, expected

    monkeypatch.setattr(distributions, "SAMPLE", 3_000)
    monkeypatch.setattr(expected.sample_numbers, "__defaults__", (3_000,))
    for place in (
        f"{tmp_path}/x.duckdb",
        f"{tmp_path}/x.sqlite",
        f"{tmp_path}/out/",
        f"chdb:///{tmp_path}/ch",
        postgres_url,
    ):
        sdgen.write(SHOP, place, scale=25)
        report = sdgen.verify(SHOP, place, scale=25)
        assert bad(report) == [], place
    with duckdb.connect(f"{tmp_path}/x.duckdb") as connection:
        connection.execute("UPDATE users SET score = score + 4")
    assert bad(sdgen.verify(SHOP, f"{tmp_path}/x.duckdb", scale=25)) == [
        ("users", ("score",), "distribution", "warning")
    ]


def test_links_by_share_and_by_rank(tmp_path: Path) -> None:
    source: dict[str, Any] = {
        "name": "x",
        "seed": 3,
        "entities": {
            "shops": {"rows": 6, "columns": {"id": {"generator": "uuid4", "primary_key": True}}},
            "people": {"rows": 900, "columns": {"id": {"generator": "sequence", "primary_key": True}}},
            "visits": {
                "rows": 6000,
                "columns": {
                    "id": {"generator": "sequence", "primary_key": True},
                    "even": {"generator": "fk", "params": {"entity": "shops", "column": "id"}},
                    "first": {
                        "generator": "fk",
                        "params": {"entity": "shops", "column": "id", "distribution": "zipf", "exponent": 1.5},
                    },
                    "person": {"generator": "fk", "params": {"entity": "people", "column": "id", "null_rate": 0.1}},
                },
            },
        },
    }
    place = tmp_path / "x.duckdb"
    sdgen.write(source, place, seed=8)
    unseeded = {key: value for key, value in source.items() if key != "seed"}
    for seed in (8, 9, None):
        assert bad(sdgen.verify(unseeded, place, seed=seed)) == []
    with duckdb.connect(str(place)) as connection:
        connection.execute("UPDATE visits SET even = (SELECT min(id) FROM shops) WHERE id % 4 = 0")
        connection.execute("UPDATE visits SET first = (SELECT max(id) FROM shops) WHERE id % 2 = 0")
        connection.execute("UPDATE visits SET person = 7 WHERE id % 3 = 0")
    wanted = {("visits", (name,), "distribution", "warning") for name in ("even", "first", "person")}
    for seed in (8, None):
        assert wanted <= set(bad(sdgen.verify(unseeded, place, seed=seed)))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "text.sqlite").write_text("this is no database, however long it may be" * 50)
    (tmp_path / "text.duckdb").write_text("this is no database, however long it may be" * 50)
    for place in ("text.sqlite", "text.duckdb", "none.sqlite", "none.duckdb", "none/", "text.sqlite/"):
        with pytest.raises(sdgen.TargetError):
            sdgen.verify(SHOP, f"{tmp_path}/{place}")
    with pytest.raises(sdgen.TargetError, match="can't be read back"):
        sdgen.verify(SHOP, "-")
    with pytest.raises(sdgen.TargetError) as raised:
        sdgen.verify(SHOP, "postgresql://me:hidden@127.0.0.1:1/none")
    assert "hidden" not in str(raised.value)
    with pytest.raises(sdgen.ScenarioError, match="unknown entity 'nonesuch'"):
        sdgen.verify(SHOP, f"{tmp_path}/none/", only=["nonesuch"])


def test_nothing_is_changed(tmp_path: Path) -> None:
    for place in ("x.sqlite", "x.duckdb"):
        sdgen.write(SHOP, tmp_path / place)
        before = (tmp_path / place).read_bytes()
        sdgen.verify(SHOP, tmp_path / place)
        assert (tmp_path / place).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.duckdb", "x.sqlite"]


def test_whole_numbers_that_no_double_holds_are_compared(tmp_path: Path) -> None:
    columns = {
        "id": {"type": "bigint", "generator": "sequence", "primary_key": True},
        "n": {"type": "bigint", "generator": "uniform_int", "params": {"min": 2**60, "max": 2**62}},
    }
    scenario = {"name": "big", "seed": 1, "as_of": "2026-01-01", "entities": {"a": {"rows": 300, "columns": columns}}}
    sdgen.write(scenario, tmp_path / "x.sqlite")
    assert {each.status for each in sdgen.verify(scenario, tmp_path / "x.sqlite").findings} == {Status.OK}


@pytest.mark.parametrize("kind", ["postgres", "mysql", "sqlite", "duckdb"])
def test_regular_expressions_are_checked_in_every_database(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = tmp_path / f"x.{kind}"
    place = request.getfixturevalue(f"{kind}_url") if kind in ("postgres", "mysql") else place
    code = {"type": "string(10)", "generator": "pattern", "params": {"regex": "[A-Z]{2}-[0-9]{4}"}}
    columns = {"id": {"type": "int", "primary_key": True, "generator": "sequence"}, "code": code}
    checks = ["regexp_full_match(code, '[A-Z]{2}-[0-9]{4}')", "NOT regexp_full_match(code, '[0-9]') OR id > 0"]
    source = {"name": "s", "entities": {"parts": {"rows": 40, "columns": columns, "check": checks}}}
    sdgen.write(source, place, seed=1)
    found = [each.status.value for each in sdgen.verify(source, place, seed=1).findings if each.check == "check"]
    assert found == ["ok", "ok"]
