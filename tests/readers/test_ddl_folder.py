"""Folders of SQL: migrations in the order in which their tools apply them, and schemas with a file for each table."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdgen.errors import SdgenError
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_source

MAKES = "CREATE TABLE stall (id bigint PRIMARY KEY, title text);"
ADDS = "ALTER TABLE stall ADD COLUMN keeper text NOT NULL"
RENAMES = "ALTER TABLE stall RENAME COLUMN keeper TO holder;"


def folder_of(path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


@pytest.mark.parametrize(
    "names",
    [
        ("20240101_a/migration.sql", "20240203_b/migration.sql", "20250101_c/migration.sql"),
        ("prisma/migrations/1_a/migration.sql", "prisma/migrations/2_b/migration.sql", "prisma/migrations/10_c/m.sql"),
        ("supabase/migrations/1_a.sql", "supabase/migrations/2_b.sql", "supabase/migrations/3_c.sql"),
        ("2024-01-01-01_z/up.sql", "2024-01-01-02_y/up.sql", "2024-01-02-01_a/up.sql"),
        ("V2__z.sql", "V2_1__y.sql", "V10__a.sql"),
        ("V1.9__z.sql", "V1.10__y.sql", "R__a.sql"),
        ("1_z.up.sql", "9_y.up.sql", "10_a.up.sql"),
        ("db/migrate/001.sql", "db/migrate/002.sql", "db/migrate/sub/003.sql"),
    ],
)
def test_migrations_are_read_in_their_order(tmp_path: Path, names: tuple[str, str, str]) -> None:
    folder = folder_of(tmp_path, dict(zip(names, (MAKES, ADDS, RENAMES), strict=True)))
    assert list(read_source(folder).entities["stall"].columns) == ["id", "title", "holder"]


def test_what_takes_changes_back_and_what_fills_is_not_read(tmp_path: Path) -> None:
    gone = "DROP TABLE stall;"
    files = {"1_a.up.sql": MAKES, "1_a.down.sql": gone, "2_b/up.sql": ADDS, "2_b/down.sql": gone, "U1__a.sql": gone}
    assert list(read_source(folder_of(tmp_path, {**files, "seed.sql": gone})).entities) == ["stall"]


def test_files_for_several_databases(tmp_path: Path) -> None:
    files = {
        "1_a.mysql.up.sql": "CREATE TABLE stall (id int PRIMARY KEY, size tinyint unsigned NOT NULL);",
        "1_a.sqlite3.up.sql": "CREATE TABLE stall (id INTEGER PRIMARY KEY, size INTEGER NOT NULL);",
        "1_a.up.sql": "CREATE TABLE stall (id int PRIMARY KEY);",
        "2_b.up.sql": "ALTER TABLE stall ADD COLUMN note varchar(9);",
    }
    folder = folder_of(tmp_path, files)
    columns = read_source(folder, ReadOptions(dialect="sqlite")).entities["stall"].columns
    assert list(columns) == ["id", "size", "note"]
    of_mysql = read_source(folder, ReadOptions(dialect="mysql")).entities["stall"].columns["size"]
    assert (columns["size"].type, of_mysql.type) == ("bigint", "utinyint")


def test_a_file_for_each_table(tmp_path: Path) -> None:
    """The order of such files is that of their names, so that links lead to tables that come later."""
    files = {
        "shop/tables/cart.sql": "CREATE TABLE cart (id int PRIMARY KEY, stall_id int NOT NULL REFERENCES stall (id));",
        "shop/tables/stall.sql": MAKES,
    }
    cart = read_source(folder_of(tmp_path, files)).entities["cart"].columns["stall_id"].generator
    assert cart is not None
    assert cart.params["entity"] == "stall"


def test_notes_and_problems_have_their_file_and_line(tmp_path: Path) -> None:
    late = (
        "-- ties\nINSERT INTO stall VALUES (1);\n\nCREATE TABLE tie (id int PRIMARY KEY, what nosuchtype NOT NULL);\n"
    )
    folder = folder_of(tmp_path, {"1.sql": MAKES, "2.sql": late})
    told = {(Path(note.file).name, note.line) for note in read_source(folder).notes}
    assert ("2.sql", 2) in told
    assert ("2.sql", 4) in told


def test_a_scenario_in_the_folder_goes_first(tmp_path: Path) -> None:
    scenario = "name: x\nentities: {cup: {rows: 1, columns: {id: {generator: sequence}}}}\n"
    folder = folder_of(tmp_path, {"x.yaml": scenario, "a.sql": MAKES})
    assert list(read_source(folder).entities) == ["cup"]


def test_a_folder_without_sql(tmp_path: Path) -> None:
    with pytest.raises(SdgenError, match="no scenario files"):
        read_source(folder_of(tmp_path, {"notes.txt": MAKES}))
