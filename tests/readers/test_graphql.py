"""GraphQL schemas → scenarios."""

from __future__ import annotations

import random
import re
from contextlib import suppress
from functools import cache
from pathlib import Path

import duckdb
import pytest

import sdgen
from sdgen.errors import SdgenError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import format_of
from sdgen.readers.sources import read_source
from sdgen.scenario.model import Scenario
from tests.readers.reading import UNEVEN, assert_fault, params_of

pytest.importorskip("graphql")
PRESS = Path(__file__).parent / "graphql" / "press.graphql"


@cache
def press() -> Scenario:
    return read_source(PRESS, ReadOptions(rows=200))


def of(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "a.gql"
    path.write_text(text)
    return read_source(path, ReadOptions(rows=50))


def test_object_types_are_tables_and_helpers_are_none() -> None:
    assert list(press().entities) == ["Author", "Post", "Tag", "Comment", "Profile", "Badge", "Post_tags"]
    author = press().entities["Author"]
    assert author.description == "Who writes."
    assert author.columns["id"].primary_key
    assert author.columns["email"].unique
    assert "posts" not in author.columns
    assert author.columns["home"].type == "struct<street: text, geo: struct<lat: double, lon: double>, floor: int>"
    assert author.columns["desks"].type.startswith("array<struct<street")
    post = press().entities["Post"]
    assert post.columns["status"].type == "enum(DRAFT, LIVE, GONE)"
    assert post.columns["keywords"].type == "array<text>"
    assert post.columns["publishedAt"].nullable
    assert not post.columns["title"].nullable
    assert post.columns["title"].description == "What it is called."
    assert list(press().entities["Badge"].columns) == ["id", "label", "given", "author_id"]


def test_fields_of_types_are_links_and_lists_their_other_sides() -> None:
    assert params_of(press(), "Post", "author_id") == {"entity": "Author", "column": "id", **UNEVEN}
    assert params_of(press(), "Post", "editorId") == {"entity": "Author", "column": "id", **UNEVEN}
    assert params_of(press(), "Author", "boss_id")["entity"] == "Author"
    assert params_of(press(), "Comment", "post_id")["entity"] == "Post"
    assert params_of(press(), "Badge", "author_id")["entity"] == "Author"
    assert press().entities["Profile"].columns["author_id"].unique
    assert params_of(press(), "Post_tags", "tag_id") == {"entity": "Tag", "column": "name"}
    assert params_of(press(), "Comment", "about_id")["to"] == {"Post": "Post.id", "Author": "Author.id"}


def test_rows_load_with_all_keys(tmp_path: Path) -> None:
    sdgen.write(press(), to=str(tmp_path / "press.duckdb"), seed=3)
    with duckdb.connect(str(tmp_path / "press.duckdb")) as database:
        joined = "SELECT count(*) FROM Post p JOIN Author a ON a.id = p.author_id JOIN Author e ON e.id = p.author_id"
        assert database.sql(joined).fetchall() == [(200,)]
        assert database.sql("SELECT count(DISTINCT (post_id, tag_id)) FROM Post_tags").fetchall() == [(200,)]
        checked = database.sql("SELECT min(len(handle)), max(len(handle)) FROM Author").fetchall()[0]
        assert 3 <= checked[0] <= checked[1] <= 12
        codes = database.sql("SELECT code FROM Author").fetchall()
        assert all(re.fullmatch("[A-Z]{2}-[0-9]{3}", code) for (code,) in codes)
        assert database.sql("SELECT min(rating), max(rating), min(words) > 0 FROM Post").fetchall() == [(1, 5, True)]


def test_what_is_guessed_or_left_out_is_told_with_its_line() -> None:
    lines = PRESS.read_text().splitlines()
    told = {note.what: lines[note.line - 1] for note in press().notes if note.line}
    assert any("scalar Slug" in what and "slug" in line for what, line in told.items())
    assert any("Badge.mystery is left out" in what and "mystery" in line for what, line in told.items())
    assert any("Badge gets author_id" in what and "badges" in line for what, line in told.items())


def test_a_folder_of_parts(tmp_path: Path) -> None:
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "a.graphql").write_text("type A { id: ID! }")
    (tmp_path / "schema" / "b.graphqls").write_text("extend type A { bs: [B!]! }\ntype B { id: ID!, a: A! }")
    found = format_of(Source(str(tmp_path)))
    assert found is not None
    assert found.kind == "graphql"
    assert params_of(read_source(tmp_path), "B", "a_id") == {"entity": "A", "column": "id", **UNEVEN}


def test_parts_that_hold_themselves_are_cut(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        "type Box { id: ID!, inside: Part }\ntype Part { size: Int!, more: [Part!], other: Other }\ntype Other { part: Part }",
    )
    assert found.entities["Box"].columns["inside"].type == "struct<size: int>"


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("type A { id: ID!", "no GraphQL schema", 1),
        ("type A {\n id ID!\n}", "no GraphQL schema", 2),
        ("type Query { a: Int }", "no type of records", 0),
        ("", "no GraphQL schema", 1),
    ],
)
def test_faults_have_their_line(tmp_path: Path, text: str, what: str, line: int) -> None:
    assert_fault(lambda: of(tmp_path, text), what, line)


def test_mutated_schemas_are_read_or_refused() -> None:
    from graphql import GraphQLError, parse

    from sdgen.readers.graphql.declarations import SchemaFile
    from sdgen.readers.graphql.tables import schema_of

    draws = random.Random(7)
    tokens = re.findall(r"\w+|\s+|[^\w\s]", PRESS.read_text())
    words = sorted({token for token in tokens if token.isalpha()})
    read = 0
    for _ in range(1500):
        some = list(tokens)
        for _ in range(draws.randint(1, 3)):
            place = draws.randrange(len(some))
            some[place] = draws.choice(words) if some[place].isalpha() else draws.choice([some[place], "", "[", "!"])
        with suppress(SdgenError, GraphQLError):
            schema_of([SchemaFile("x", parse("".join(some)))], "x")
            read += 1
    assert read > 200


def test_a_list_of_rows_of_several_types_is_a_table_between(tmp_path: Path) -> None:
    text = """
        type Page { id: ID! parts: [Part!]! words: [[String!]!] }
        union Part = Text | Film
        type Text { id: ID! body: String! }
        type Film { id: ID! minutes: Int! }
        type Query { page: Page }
    """
    path = tmp_path / "pages.graphql"
    path.write_text(text)
    scenario = read_source(path, ReadOptions(rows=80))
    assert [note.what for note in scenario.notes] == ["Page.words is a list of lists: one list is made of it"]
    tables = {name: rows.to_pylist() for name, rows in sdgen.generate(scenario, seed=3).items()}
    ids = {name: {row["id"] for row in tables[name]} for name in ("Page", "Text", "Film")}
    parts = tables["Page_parts"]
    assert {row["page_id"] for row in parts} <= ids["Page"]
    assert {row["part_type"] for row in parts} == {"Text", "Film"}
    assert all(row["part_id"] in ids[row["part_type"]] for row in parts)
