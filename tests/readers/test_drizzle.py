"""Drizzle schemas → scenarios."""

from __future__ import annotations

import random
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

import sdgen
from sdgen.errors import SdgenError, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.drizzle.tables import schema_of
from sdgen.readers.formats import format_of
from sdgen.readers.sources import read_source
from sdgen.scenario.model import Scenario
from tests.readers.reading import UNEVEN, params_of

CLUB = Path(__file__).parent / "drizzle" / "schema.ts"


@cache
def club() -> Scenario:
    return read_source(CLUB, ReadOptions(rows=200))


def of(tmp_path: Path, core: str, text: str) -> Scenario:
    path = tmp_path / "tables.ts"
    path.write_text(f'import * as all from "drizzle-orm/{core}-core";\n{text}\n')
    return read_source(path, ReadOptions(rows=50))


def test_tables_columns_and_keys() -> None:
    assert list(club().entities) == ["members", "invoices", "lines"]
    members = club().entities["members"].columns
    assert {name: column.type for name, column in members.items()} == {
        "id": "int",
        "email": "string(120)",
        "tier": "text",
        "invited_by": "int",
        "tags": "array<text>",
        "settings": "json",
        "created_at": "timestamptz",
        "updated_at": "timestamp",
    }
    assert members["email"].unique
    assert [name for name, column in members.items() if column.nullable] == ["invited_by", "settings", "updated_at"]
    lines = club().entities["lines"]
    assert lines.target_table == "billing.lines"
    assert [name for name, column in lines.columns.items() if column.primary_key] == ["invoice", "position"]
    assert club().entities["invoices"].unique == (("year", "slot"),)


def test_links_of_columns_tables_and_relations() -> None:
    assert params_of(club(), "members", "invited_by") == {"entity": "members", "column": "id"}
    assert params_of(club(), "invoices", "member_id") == {"entity": "members", "column": "id"}
    assert params_of(club(), "lines", "invoice") == {"entity": "invoices", "column": "number"}
    assert params_of(club(), "lines", "member_ref") == {"entity": "members", "column": "id", **UNEVEN}


def test_rows_keep_enums_checks_and_partial_indexes(tmp_path: Path) -> None:
    sdgen.write(club(), to=str(tmp_path / "c.duckdb"), seed=2)
    with duckdb.connect(str(tmp_path / "c.duckdb")) as database:

        def one(sql: str) -> Any:
            return database.sql(sql).fetchall()

        assert {row[0] for row in one("SELECT DISTINCT state FROM invoices")} == {"open", "paid", "void"}
        assert {row[0] for row in one("SELECT DISTINCT tier FROM members")} == {"free", "plus"}
        assert one("SELECT count(*) FROM invoices WHERE NOT (net > 0 AND net < 5000)") == [(0,)]
        assert one("SELECT count(DISTINCT member_id) = count(*) FROM invoices WHERE main") == [(True,)]


@pytest.mark.parametrize(
    ("core", "text", "types"),
    [
        (
            "mysql",
            'export const t = mysqlTable("t", { id: serial().primaryKey(), n: bigint("n", { mode: "number", unsigned: true }).notNull(),\n'
            ' kind: mysqlEnum("kind", ["a", "b"]).notNull(), on: boolean("is_on").notNull(), at: datetime("at") });',
            {"id": "ubigint", "n": "ubigint", "kind": "enum(a, b)", "is_on": "bool", "at": "timestamp"},
        ),
        (
            "sqlite",
            "const makeTable = sqliteTableCreator((name) => `app_${name}`);\n"
            'export const t = makeTable("t", { id: integer("id").primaryKey({ autoIncrement: true }), on: integer("on", { mode: "boolean" }),\n'
            ' doc: text("doc", { mode: "json" }).notNull(), price: real("price") });',
            {"id": "bigint", "on": "bool", "doc": "json", "price": "double"},
        ),
    ],
)
def test_types_of_other_databases(core: str, text: str, types: dict[str, str], tmp_path: Path) -> None:
    found = of(tmp_path, core, text).entities["t"]
    assert {name: column.type for name, column in found.columns.items()} == types
    assert found.columns["id"].primary_key


def test_what_is_left_out_is_told_with_its_line(tmp_path: Path) -> None:
    lines = CLUB.read_text().splitlines()
    assert any("invoices.shape" in note.what and "mystery" in lines[note.line - 1] for note in club().notes)
    text = (
        'export const a = pgTable("a", { id: serial("id").primaryKey(), b: integer("b").references(() => gone.id) });'
    )
    assert any("no link" in note.what and note.line == 2 for note in of(tmp_path, "pg", text).notes)


def test_a_folder_and_the_files_that_are_imported(tmp_path: Path) -> None:
    folder = tmp_path / "src" / "db" / "schema"
    folder.mkdir(parents=True)
    head = 'import { pgTable, serial, integer } from "drizzle-orm/pg-core";\n'
    (folder / "users.ts").write_text(
        f'{head}export const users = pgTable("users", {{ id: serial("id").primaryKey() }});'
    )
    (folder / "posts.ts").write_text(
        f'{head}import {{ users }} from "./users";\n'
        'export const posts = pgTable("posts", { id: serial("id").primaryKey(), by: integer("by").references(() => users.id) });'
    )
    for source in (tmp_path, folder / "posts.ts"):
        found = format_of(Source(str(source)))
        assert found is not None
        assert found.kind == "drizzle"
        assert params_of(read_source(source), "posts", "by") == {"entity": "users", "column": "id", **UNEVEN}


def test_a_source_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no table"):
        of(tmp_path, "pg", "export const a = 1;")


def test_mutated_schemas_are_read_or_refused(tmp_path: Path) -> None:
    draws = random.Random(11)
    tokens = re.findall(r"\w+|\s+|[^\w\s]", CLUB.read_text())
    words = sorted({token for token in tokens if token.isidentifier()})
    read = 0
    for turn in range(1500):
        some = list(tokens)
        for _ in range(draws.randint(1, 4)):
            place = draws.randrange(len(some))
            some[place] = (
                draws.choice(words) if some[place].isidentifier() else draws.choice(["", "(", "}", "[", "`", "1"])
            )
        text = "".join(some)
        with suppress(SdgenError):
            schema_of([("x.ts", text)], "x.ts")
            read += 1
            if turn % 100 == 0:
                of(tmp_path, "pg", text)
    assert read > 200


def test_computed_columns_words_of_types_and_a_table_as_its_own_parent(tmp_path: Path) -> None:
    text = """
export const notes = pgTable("notes", (t) => ({
  id: t.integer().primaryKey(),
  words: t.integer().notNull(),
  twice: t.integer().generatedAlwaysAs((): SQL => sql`${notes.words} * 2`),
  kind: t.text().$type<"memo" | 'draft'>().notNull(),
  above: t.integer(),
}), (t) => [foreignKey({ columns: [t.above], foreignColumns: [t.id] })]);
"""
    scenario = of(tmp_path, "pg", text)
    assert params_of(scenario, "notes", "above")["entity"] == "notes"
    assert not scenario.notes
    rows = sdgen.generate(scenario, seed=4)["notes"].to_pylist()
    assert all(row["twice"] == 2 * row["words"] for row in rows)
    assert {row["kind"] for row in rows} == {"memo", "draft"}


def test_moments_that_sqlite_counts_are_in_their_unit(tmp_path: Path) -> None:
    text = """
export const visits = sqliteTable("visits", {
  id: integer("id").primaryKey(),
  verified: integer("verified", { mode: "timestamp_ms" }).notNull(),
  seen: integer("seen", { mode: "timestamp" }).notNull(),
});
"""
    rows = sdgen.generate(of(tmp_path, "sqlite", text), seed=4)["visits"].to_pylist()
    assert all(10**9 < row["seen"] < 10**10 and 10**12 < row["verified"] < 10**13 for row in rows)


def test_a_column_that_nothing_can_compute_is_told(tmp_path: Path) -> None:
    text = """
export const notes = pgTable("notes", {
  id: integer("id").primaryKey(),
  odd: integer("odd").generatedAlwaysAs(sql`pg_backend_pid()`),
});
"""
    notes = of(tmp_path, "pg", text).notes
    assert [(note.path[-1], "computed by the database" in note.what) for note in notes] == [("odd", True)]
