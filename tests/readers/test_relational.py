"""Schema → scenario: what constraints demand is in it, what can't be kept is told, and its rows keep all of it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import sdgen
from sdgen.planning.compile import check_scenario
from sdgen.readers.sources import read_counted
from sdgen.readers.sql.ddl import read_ddl
from sdgen.readers.sql.scenario import relational_scenario
from sdgen.scenario.model import Scenario
from tests.readers.reading import UNEVEN

FOLDER = Path(__file__).parent / "ddl"


def scenario(ddl: str, rows: int = 200, dialect: str = "postgres") -> Scenario:
    return relational_scenario(read_ddl(ddl, "x.sql", dialect), rows)


def rows_of(ddl: str, rows: int = 200, dialect: str = "postgres") -> dict[str, pa.Table]:
    found = scenario(ddl, rows, dialect)
    assert check_scenario(found) == []
    return sdgen.generate(found, seed=3)


def told(found: Scenario) -> str:
    return "\n".join(str(note) for note in found.notes)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sql")), ids=lambda path: path.name)
def test_every_schema_can_be_generated(path: Path) -> None:
    found = relational_scenario(read_ddl(path.read_text("utf-8"), path.name), 300)
    assert check_scenario(found) == []
    tables = sdgen.generate(found, seed=1)
    assert all(table.num_rows for table in tables.values())


def test_keys_and_links() -> None:
    found = relational_scenario(read_ddl((FOLDER / "library.sql").read_text("utf-8"), "library.sql"))
    columns = found.entities["staff"].columns
    assert columns["id"].primary_key
    assert columns["id"].generator is not None
    assert columns["id"].generator.type == "sequence"
    assert columns["branch_id"].generator is not None
    assert columns["branch_id"].generator.params == {"entity": "branches", "column": "id", **UNEVEN}
    assert columns["chief_id"].nullable
    assert columns["email"].unique
    assert columns["hired"].generator is None, "where only name and type speak, the rules choose"
    assert "left null" not in told(found)


def test_columns_the_database_fills_are_left_out() -> None:
    found = relational_scenario(read_ddl((FOLDER / "library.sql").read_text("utf-8"), "library.sql"))
    books = found.entities["books"]
    assert "words" not in books.columns
    assert "title_length" in books.target["postgres"]["computed"]
    assert "books.columns.words" in told(found), "not the computed one, but the search words are told of"


def test_all_that_a_schema_declares_holds_in_duckdb() -> None:
    ddl = """
        CREATE TABLE areas (code varchar(2) PRIMARY KEY, tax decimal(4,2) NOT NULL CHECK (tax BETWEEN 0 AND 30));
        CREATE TABLE shops (id int PRIMARY KEY, area varchar(2) NOT NULL REFERENCES areas (code),
            opened date NOT NULL, closed date, CHECK (opened < closed), level varchar CHECK (level IN ('a', 'b')),
            low smallint NOT NULL, high smallint NOT NULL, CHECK (low <= high AND low > 10));
        CREATE TABLE wares (shop int NOT NULL REFERENCES shops (id), number int NOT NULL, ref varchar(8) NOT NULL UNIQUE,
            state varchar NOT NULL CHECK (state = 'new' OR state = 'used'), PRIMARY KEY (shop, number));
        CREATE TABLE sales (shop int, number int, week int CHECK (week > 0 AND week <= 53), amount double CHECK (amount >= 0.5),
            UNIQUE (shop, number, week), FOREIGN KEY (shop, number) REFERENCES wares (shop, number));
    """
    tables = rows_of(ddl, 500, "duckdb")
    database = duckdb.connect()
    database.execute(ddl)
    for name, table in tables.items():
        database.register("made", table)
        database.execute(f"INSERT INTO {name} BY NAME SELECT * FROM made")
    assert [len(table) for table in tables.values()] == [500, 500, 500, 500]


def test_a_junction_has_no_more_rows_than_pairs() -> None:
    ddl = """
        CREATE TABLE a (id int PRIMARY KEY, kind text UNIQUE CHECK (kind IN ('x', 'y', 'z')));
        CREATE TABLE b (id smallint PRIMARY KEY, CHECK (id BETWEEN 1 AND 4));
        CREATE TABLE ab (a int REFERENCES a, b smallint REFERENCES b, PRIMARY KEY (a, b));
        CREATE TABLE one (a int NOT NULL UNIQUE REFERENCES a);
    """
    counts = {name: table.num_rows for name, table in rows_of(ddl).items()}
    assert counts == {"a": 3, "b": 4, "ab": 12, "one": 3}


def test_times_of_a_row_follow_one_another() -> None:
    ddl = """CREATE TABLE t (id int PRIMARY KEY, asked timestamp NOT NULL, begun timestamp NOT NULL, done timestamp,
        paid date NOT NULL, CHECK (asked < begun), CHECK (begun <= done), CHECK (paid > done OR done IS NULL))"""
    table = rows_of(ddl)["t"]
    assert pc.all(pc.less(table["asked"], table["begun"])).as_py()
    assert pc.all(pc.less_equal(table["begun"], table["done"])).as_py()
    assert pc.all(pc.greater(pc.cast(table["paid"], pa.timestamp("us")), table["done"])).as_py()
    assert 0 < table["done"].null_count < len(table)
    assert table["paid"].null_count == 0


@pytest.mark.parametrize(
    ("column", "test"),
    [
        ("a int NOT NULL CHECK (a > 5 AND a <= 7)", {6, 7}),
        ("a numeric(3,1) NOT NULL CHECK (a > 9.7 AND a < 10)", {"9.8", "9.9"}),
        ("a text NOT NULL CHECK (a IN ('p', 'q'))", {"p", "q"}),
        ("a boolean NOT NULL CHECK (a)", {True}),
        ("a text NOT NULL CHECK (a ~ '^x[12]$')", {"x1", "x2"}),
        ("a smallint NOT NULL CHECK (a <> 0 AND a >= 0 AND a < 3)", {1, 2}),
    ],
)
def test_checks_of_one_column(column: str, test: set[object]) -> None:
    values = rows_of(f"CREATE TABLE t (id int PRIMARY KEY, {column})")["t"]["a"].to_pylist()
    assert {str(value) if not isinstance(value, int | str) else value for value in values} == test


@pytest.mark.parametrize(
    ("column", "length"),
    [("char_length(a) = 5", {5}), ("length(a) <= 4", {1, 2, 3, 4}), ("length(a) BETWEEN 3 AND 4", {3, 4})],
)
def test_lengths(column: str, length: set[int]) -> None:
    values = rows_of(f"CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL CHECK ({column}))")["t"]["a"].to_pylist()
    assert {len(value) for value in values} <= length


def test_a_domain_s_conditions_hold_where_it_is_used() -> None:
    ddl = """CREATE DOMAIN grade AS smallint NOT NULL CHECK (VALUE >= 1 AND VALUE <= 6);
        CREATE TABLE t (id int PRIMARY KEY, g grade)"""
    values = rows_of(ddl)["t"]["g"].to_pylist()
    assert set(values) <= set(range(1, 7))


def test_a_key_that_another_one_implies_needs_no_note() -> None:
    ddl = """
        CREATE TABLE tenants (id int PRIMARY KEY);
        CREATE TABLE users (tenant int REFERENCES tenants, id int, PRIMARY KEY (tenant, id));
        CREATE TABLE posts (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenants, author int NOT NULL,
            FOREIGN KEY (tenant, author) REFERENCES users (tenant, id));
    """
    found = scenario(ddl)
    assert found.notes == ()
    tables = sdgen.generate(found, seed=1)
    keys = {(row["tenant"], row["id"]) for row in tables["users"].to_pylist()}
    assert {(row["tenant"], row["author"]) for row in tables["posts"].to_pylist()} <= keys


def test_a_not_null_key_to_its_own_table() -> None:
    ddl = "CREATE TABLE t (id int PRIMARY KEY, up int NOT NULL REFERENCES t (id))"
    table = rows_of(ddl)["t"]
    assert table["up"].to_pylist() == table["id"].to_pylist()
    assert "each row refers to itself" in told(scenario(ddl))


def test_a_condition_that_is_not_understood_is_told_or_made_to_hold() -> None:
    found = scenario("CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b int, CHECK (f(a) = 1), CHECK (f(b) = 1))")
    assert "F(a) = 1 is not understood: rows may break it" in told(found)
    assert "b is left null" in told(found)
    assert sdgen.generate(found, seed=1)["t"]["b"].null_count == 200


def test_types_without_a_kind_of_their_own() -> None:
    ddl = """CREATE TABLE t (id bigserial PRIMARY KEY, a inet NOT NULL, b interval NOT NULL, c point NOT NULL,
        d int[] NOT NULL, e jsonb NOT NULL, f bytea NOT NULL, g bit(3) NOT NULL, h money NOT NULL, i nosuch, j nosuch NOT NULL)"""
    found = scenario(ddl)
    assert "i: the column is left out" in told(found)
    assert "it is NOT NULL without a default: add it by hand" in told(found)
    row = sdgen.generate(found, seed=1)["t"].to_pylist()[0]
    assert not {"i", "j"} & row.keys()
    assert None not in row.values()
    assert len(row["g"]) == 3


def test_two_schemas_with_one_table_name() -> None:
    found = scenario("CREATE TABLE a.t (id int PRIMARY KEY); CREATE TABLE b.t (id int REFERENCES a.t);")
    assert {name: entity.target_table for name, entity in found.entities.items()} == {"a_t": "a.t", "b_t": "b.t"}
    assert found.entities["b_t"].columns["id"].generator is not None


def test_notes_have_lines_and_paths() -> None:
    found = scenario("CREATE TABLE t (\n  id int PRIMARY KEY,\n  x nosuch\n)")
    note = found.notes[0]
    assert (note.path, note.file, note.line) == (("entities", "t", "columns", "x"), "x.sql", 3)


def test_rows_of_every_table_are_the_reader_s_affair(tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_text("CREATE TABLE t (code boolean PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY);")
    found, counts = read_counted(path, {"*": 50, "u": 7})
    assert {name: entity.rows.count for name, entity in found.entities.items()} == {"t": 2, "u": 50}
    assert counts == {"u": 7}


INHERITED = """
CREATE TABLE payments (id int PRIMARY KEY, paid_on date NOT NULL, account_id int);
CREATE TABLE accounts (id int PRIMARY KEY);
CREATE TABLE payments_2024 (CHECK (paid_on < '2025-01-01'), FOREIGN KEY (account_id) REFERENCES accounts) INHERITS (payments);
CREATE TABLE refunds (reason text) INHERITS (payments);
"""


def test_a_table_that_inherits_all_its_columns_is_a_part_of_its_parent() -> None:
    found = scenario(INHERITED)
    assert list(found.entities) == ["payments", "accounts", "refunds"]
    assert "x.sql:4:1: table payments_2024 left out: it inherits all its columns from payments" in told(found)
    assert list(found.entities["refunds"].columns) == ["id", "paid_on", "account_id", "reason"]
    assert str(found.entities["payments"].columns["account_id"].generator).startswith("type='fk'"), "its parts' keys"


def test_a_live_table_that_inherits_is_left_out_too(postgres_url: str) -> None:
    import psycopg

    from sdgen.readers.sources import read_source

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(INHERITED.encode())
    assert sorted(read_source(postgres_url).entities) == ["accounts", "payments", "refunds"]
