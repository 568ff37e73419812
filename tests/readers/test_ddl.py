"""DDL text → schema, for each dialect, with all that stands between the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdgen.errors import SourceError
from sdgen.readers.sources import read_text_as_scenario
from sdgen.readers.sql.ddl import guess_dialect, read_ddl
from sdgen.readers.sql.ddl_text import statements
from sdgen.readers.sql.scenario import relational_scenario
from sdgen.readers.sql.schema import Schema, TableName, TableSchema

FOLDER = Path(__file__).parent / "ddl"
DIALECTS = {
    "library.sql": "postgres",
    "garage.mysql.sql": "mysql",
    "orders.tsql.sql": "tsql",
    "depot.oracle.sql": "oracle",
    "notes.sqlite.sql": "sqlite",
}


def schema(name: str) -> Schema:
    return read_ddl((FOLDER / name).read_text("utf-8"), name)


def table(found: Schema, name: str) -> TableSchema:
    return next(each for each in found.tables if each.name.name == name)


def told(found: Schema) -> str:
    return "\n".join(str(note) for note in found.notes)


@pytest.mark.parametrize(("name", "dialect"), DIALECTS.items())
def test_dialects_are_told_apart(name: str, dialect: str) -> None:
    assert guess_dialect((FOLDER / name).read_text("utf-8")) == dialect


def test_a_postgres_dump() -> None:
    found = schema("library.sql")
    assert [each.name.name for each in found.tables] == ["branches", "books", "staff", "loans"]
    assert found.enums == {"shelf_mark": ("open", "closed", "rare; do not lend")}
    assert found.domains["print_year"].checks[0].sql == "((VALUE >= 1450) AND (VALUE <= 2100))"
    branches = table(found, "branches")
    assert [column.name for column in branches.columns] == ["id", "Öffnung", "code", "manager_id"]
    assert branches.description == "Houses; some are small"
    assert branches.columns[2].description == "three letters"
    assert branches.columns[0].counts
    assert branches.primary_key is not None
    assert branches.primary_key.columns == ("id",)


def test_later_statements_add_to_a_table() -> None:
    books = table(schema("library.sql"), "books")
    columns = {column.name: column for column in books.columns}
    assert columns["id"].counts
    assert columns["title_length"].computed
    assert str(columns["tags"].type) == "text[]"
    assert columns["mark"].type.word == "shelf_mark"
    assert not columns["mark"].nullable
    assert books.unique[0].columns == ("isbn",)
    assert books.unique[0].where == "(price IS NOT NULL)"
    assert len(books.checks) == 3


def test_an_index_over_an_expression_knows_its_column() -> None:
    key = table(schema("library.sql"), "staff").unique[0]
    assert (key.columns, key.computed) == (("email",), True)


def test_partitions_become_a_condition_and_give_their_keys_to_the_whole() -> None:
    loans = table(schema("library.sql"), "loans")
    bounds = loans.checks[-1].sql
    assert bounds == "\"lent_at\" >= '2023-01-01 00:00:00+00' AND \"lent_at\" < '2025-01-01 00:00:00+00'"
    assert {key.columns for key in loans.foreign_keys} == {("book_id",), ("branch_id",)}


def test_what_is_left_out_is_told_with_its_line() -> None:
    found = told(schema("library.sql"))
    for line, what in ((11, "1 function left out"), (77, "1 view left out"), (92, "1 trigger left out")):
        assert f"library.sql:{line}:1: {what}" in found
    assert "exclusion constraint left out" in found


def test_a_mysql_dump() -> None:
    found = schema("garage.mysql.sql")
    cars = table(found, "cars")
    columns = {column.name: column for column in cars.columns}
    assert columns["id"].description == "it's a number; really"
    assert columns["id"].type.unsigned
    assert columns["kind"].type.values == ("saloon", "estate", "van")
    assert columns["label"].computed
    assert columns["changed"].nullable
    assert cars.description == "What we look after"
    assert cars.unique[0].columns == ("plate",)
    assert cars.foreign_keys[0].to == ("id",)
    assert cars.checks[0].sql == "`seats` between 1 and 9"
    assert [each.name.name for each in found.tables][-1] == "last_one"


def test_sql_server() -> None:
    found = schema("orders.tsql.sql")
    assert [each.name for each in found.tables] == [TableName("Customer", "sales"), TableName("Order")]
    customer, order = found.tables
    assert found.domains["flag"].type.word == "bit"
    assert customer.columns[0].counts
    assert {column.name for column in customer.columns if column.computed} == {"Shown"}
    assert customer.primary_key is not None
    assert customer.primary_key.columns == ("Customer Id",)
    assert order.foreign_keys[0].table == TableName("Customer", "sales")
    assert order.columns[2].default == "((0))"
    assert "1 procedure left out" in told(found)


def test_oracle() -> None:
    found = schema("depot.oracle.sql")
    stock = table(found, "stock")
    assert stock.primary_key is not None
    assert stock.primary_key.columns == ("part_no", "bin")
    assert not any(column.nullable for column in stock.columns)
    assert stock.foreign_keys[0].columns == ("part_no",)
    assert table(found, "parts").columns[1].type.sizes == (30,)


def test_sqlite() -> None:
    found = schema("notes.sqlite.sql")
    note, tag = found.tables
    assert [str(column.type) for column in note.columns] == ["integer", "", "datetime", "unsigned big int", ""]
    assert note.foreign_keys[0].columns == ("parent",)
    assert tag.foreign_keys[0].to == ()
    assert tag.primary_key is not None


def test_one_broken_column_costs_no_other() -> None:
    found = read_ddl("CREATE TABLE t (a int, ) b, c text NOT NULL);\nCREATE TABLE u (x int);", "x.sql")
    assert [each.name.name for each in found.tables] == ["t", "u"]
    broken = read_ddl("CREATE TABLE t (\n a int,\n = 3,\n c text NOT NULL\n);", "x.sql")
    assert [column.name for column in broken.tables[0].columns] == ["a", "c"]
    assert broken.notes[0].line == 3


def test_a_text_without_tables_is_refused() -> None:
    with pytest.raises(SourceError, match="no tables found"):
        read_ddl("SELECT 1;", "x.sql")


def test_tables_of_which_nothing_can_be_filled_are_refused() -> None:
    with pytest.raises(SourceError) as raised:
        relational_scenario(read_ddl("CREATE TABLE t (a thing NOT NULL);", "x.sql"))
    assert [problem.what for problem in raised.value.problems] == [
        "no table has a column that can be filled",
        "the column is left out: nothing fills the type thing",
        "the table is left out: it has no column to fill",
    ]


@pytest.mark.parametrize(
    ("text", "dialect", "count"),
    [
        ("a; 'b;c'; \"d;e\"; -- f;\n g", "postgres", 4),
        ("CREATE FUNCTION f() AS $x$ a; $$ ; $$ b; $x$; c", "postgres", 2),
        ("a /* ; /* */ ; b", "mysql", 2),
        ("INSERT 'it\\'s;'; b # no; comment\n; c", "mysql", 3),
        ("a\nGO\nb\ngo\n", "tsql", 2),
        ("BEGIN; a; COMMIT;", "postgres", 3),
        ("CREATE TRIGGER t BEGIN a; b; END; c;", "sqlite", 2),
        ("COPY t FROM stdin;\n1;2\n\\.\na", "postgres", 2),
        ("'never closed ; a", "postgres", 2),
    ],
)
def test_statements(text: str, dialect: str, count: int) -> None:
    assert len(list(statements(text, dialect))) == count


@pytest.mark.parametrize(
    "text", ["CREATE TABLE a (id int);\nCREATE UNIQUE x (id", "CREATE TABLE a (id int);\nCREATE INDE x ON a (id);"]
)
def test_a_statement_that_breaks_off_ends(text: str) -> None:
    assert "a" in read_text_as_scenario(text, "s.sql").entities
