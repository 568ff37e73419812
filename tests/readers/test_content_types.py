"""Django's generic relations, from SQL and from models: ids are those of rows of the table that the content type names."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen

SCHEMA = """
CREATE TABLE django_content_type (id serial PRIMARY KEY, app_label varchar(100) NOT NULL, model varchar(100) NOT NULL,
    UNIQUE (app_label, model));
CREATE TABLE django_migrations (id bigserial PRIMARY KEY, app varchar(255) NOT NULL, name varchar(255) NOT NULL);
CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL);
CREATE TABLE auth_user (id serial PRIMARY KEY, username varchar(150) NOT NULL UNIQUE);
CREATE TABLE farm_barn (id bigserial PRIMARY KEY, name varchar(50) NOT NULL);
CREATE TABLE farm_milk_cow (id bigserial PRIMARY KEY, name varchar(50) NOT NULL, barn_id bigint NOT NULL REFERENCES farm_barn);
CREATE TABLE farm_barn_owners (id bigserial PRIMARY KEY, barn_id bigint NOT NULL REFERENCES farm_barn,
    user_id int NOT NULL REFERENCES auth_user, UNIQUE (barn_id, user_id));
CREATE TABLE notes_note (id bigserial PRIMARY KEY, words text NOT NULL, object_id bigint NOT NULL CHECK (object_id >= 0),
    content_type_id int NOT NULL REFERENCES django_content_type);
CREATE TABLE notes_pin (id bigserial PRIMARY KEY, target_object_id text, target_content_type_id int REFERENCES django_content_type);
CREATE TABLE notes_cover (id bigserial PRIMARY KEY, object_id bigint,
    content_type_id int NOT NULL REFERENCES django_content_type, UNIQUE (content_type_id, object_id));
"""
ROWS = dict.fromkeys(("auth_user", "farm_barn", "farm_milk_cow", "notes_note", "notes_pin", "notes_cover"), 80)
TABLES = {"barn": "farm_barn", "milk_cow": "farm_milk_cow", "cow": "farm_milk_cow", "user": "auth_user"}
TABLES |= {"note": "notes_note", "pin": "notes_pin", "cover": "notes_cover"}
MODELS = """
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

class Barn(models.Model):
    name = models.CharField(max_length=50)
    stickers = GenericRelation("Sticker")

class Cow(models.Model):
    name = models.CharField(max_length=50)

class Marked(models.Model):
    kind = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    number = models.PositiveBigIntegerField()
    thing = GenericForeignKey("kind", "number")

    class Meta:
        abstract = True

class Sticker(Marked):
    color = models.CharField(max_length=20)
"""


def _dangling(table: str, type: str, id: str, model: str, target: str) -> str:
    return (
        f"SELECT count(*), count(there.id) FROM {table} AS own JOIN django_content_type AS kind ON kind.id = own.{type}"
        f" LEFT JOIN {target} AS there ON CAST(there.id AS varchar(40)) = CAST(own.{id} AS varchar(40)) WHERE kind.model = '{model}'"
    )


@pytest.mark.parametrize("migrated", [False, True])
def test_ids_are_of_the_tables_that_content_types_name(postgres_url: str, tmp_path: Path, migrated: bool) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(SCHEMA)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        if migrated:  # Django's own command has filled the table, in an order of its own
            there = (
                "('sessions', 'session'), ('farm', 'milk_cow'), ('auth', 'user'), ('farm', 'barn'), ('notes', 'note')"
            )
            there += ", ('notes', 'pin'), ('notes', 'cover'), ('contenttypes', 'contenttype')"
            connection.execute(f"INSERT INTO django_content_type (app_label, model) VALUES {there}".encode())
        sdgen.write(schema, postgres_url, mode="append_only", seed=1, rows=ROWS if migrated else 80)

        def ask(sql: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql.encode()).fetchall()

        models = [row[0] for row in ask("SELECT model FROM django_content_type")]
        assert len(models) == len(set(models))
        assert "barn" in models
        assert "owners" not in models
        for table, type, id in (
            ("notes_note", "content_type_id", "object_id"),
            ("notes_pin", "target_content_type_id", "target_object_id"),
            ("notes_cover", "content_type_id", "object_id"),
        ):
            # A row never tells of another one of its own table.
            others = {model: target for model, target in TABLES.items() if target != table}
            found = {model: ask(_dangling(table, type, id, model, target))[0] for model, target in others.items()}
            assert all(rows == there for rows, there in found.values())
            assert sum(rows > 0 for rows, _ in found.values()) > 2
        asked = "SELECT count(target_object_id) > 50, count(target_object_id) = count(target_content_type_id) FROM notes_pin"
        assert ask(asked) == [(True, not migrated)]


def test_models_with_names_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "farm").mkdir()
    (tmp_path / "farm" / "models.py").write_text(MODELS)
    to = tmp_path / "x.sqlite"
    sdgen.write(tmp_path / "farm" / "models.py", to, seed=1, rows=40)
    with closing(sqlite3.connect(to)) as connection:
        assert connection.execute("SELECT model FROM django_content_type ORDER BY model").fetchall() == [
            ("barn",),
            ("cow",),
        ]
        for model in ("barn", "cow"):
            ((rows, there),) = connection.execute(
                _dangling("farm_sticker", "kind_id", "number", model, f"farm_{model}")
            ).fetchall()
            assert 0 < rows == there
