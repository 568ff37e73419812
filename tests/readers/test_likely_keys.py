"""Schemas that declare no foreign keys: their links are guessed by names and types, and told."""

from __future__ import annotations

import duckdb
import pytest

import sdgen
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.model import Scenario

FILMS = """
CREATE TABLE kind_type (id int PRIMARY KEY, kind varchar(15) NOT NULL);
CREATE TABLE title (id int PRIMARY KEY, title text NOT NULL, kind_id int NOT NULL);
CREATE TABLE name (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE cast_info (id int PRIMARY KEY, person_id int NOT NULL, movie_id int NOT NULL, nr_order int);
"""
SCHOOL = """
CREATE TABLE edu_user (id bigint PRIMARY KEY, username varchar(100) NOT NULL);
CREATE TABLE edu_quiz (id bigint PRIMARY KEY, name varchar(255) NOT NULL);
CREATE TABLE edu_attempt (id bigint PRIMARY KEY, quiz bigint NOT NULL, userid bigint NOT NULL, attempt int NOT NULL);
"""
GENES = """
CREATE TABLE region (region_id int PRIMARY KEY, name varchar(40) NOT NULL);
CREATE TABLE gene (gene_id int PRIMARY KEY, region_id int NOT NULL, parent_gene_id int, canonical_transcript_id int);
CREATE TABLE transcript (transcript_id int PRIMARY KEY, gene_id int NOT NULL, label varchar(20));
"""
SALES = """
CREATE TABLE date_dim (d_date_sk int PRIMARY KEY, d_date date NOT NULL, d_year int NOT NULL);
CREATE TABLE sales (s_sold_date_sk int NOT NULL, s_ship_date_sk int NOT NULL, s_quantity int NOT NULL);
"""
ANY_ROW = """
CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL);
CREATE TABLE notes (id int PRIMARY KEY, owner_id int NOT NULL, owner_type varchar(40) NOT NULL, user_id uuid NOT NULL);
"""
DECLARED = """
CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL);
CREATE TABLE posts (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users (id));
CREATE TABLE likes (id int PRIMARY KEY, post_id int NOT NULL);
"""


def _links(scenario: Scenario) -> set[str]:
    return {
        f"{name}.{column} {each.generator.params['entity']}"
        for name, entity in scenario.entities.items()
        for column, each in entity.columns.items()
        if each.generator is not None and each.generator.type == "fk"
    }


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (FILMS, {"title.kind_id kind_type", "cast_info.person_id name", "cast_info.movie_id title"}),
        (SCHOOL, {"edu_attempt.quiz edu_quiz", "edu_attempt.userid edu_user"}),
        # A gene's transcript would close a cycle with the transcript's gene: the first found is kept.
        (GENES, {"gene.region_id region", "gene.parent_gene_id gene", "gene.canonical_transcript_id transcript"}),
        (SALES, {"sales.s_sold_date_sk date_dim", "sales.s_ship_date_sk date_dim"}),
        (DECLARED, {"posts.user_id users"}),
    ],
    ids=["films", "school", "genes", "sales", "declared"],
)
def test_links_are_guessed_where_none_is_declared(schema: str, expected: set[str]) -> None:
    scenario = read_text_as_scenario(schema, "schema.sql")
    assert _links(scenario) == expected
    told = {note.where for note in scenario.notes if note.what.startswith("guessed: ")}
    guessed = expected if schema is not DECLARED else set()
    assert {where.split(".")[1] for where in told} == {link.split(".")[0] for link in guessed}


def test_an_id_beside_a_type_and_a_key_of_another_type_are_no_such_links() -> None:
    assert not {
        link for link in _links(read_text_as_scenario(ANY_ROW, "schema.sql")) if link.startswith("notes.user_id")
    }
    assert "notes.owner_id users" not in _links(read_text_as_scenario(ANY_ROW, "schema.sql"))


def test_joins_over_guessed_links_find_rows() -> None:
    tables = sdgen.generate(read_text_as_scenario(FILMS, "schema.sql"), rows=50, seed=3)
    connection = duckdb.connect()
    for name, table in tables.items():
        connection.register(name, table)
    joined = "cast_info c JOIN title t ON t.id = c.movie_id JOIN name n ON n.id = c.person_id JOIN kind_type k ON k.id = t.kind_id"
    assert connection.execute(f"SELECT count(*) FROM {joined}").fetchall() == [(50,)]
