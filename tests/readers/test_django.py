"""Django models in their source → scenarios."""

from __future__ import annotations

import ast
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
from sdgen.readers.django.tables import schema_of
from sdgen.readers.formats import format_of
from sdgen.readers.sources import read_source
from sdgen.scenario.model import Scenario
from tests.readers.reading import UNEVEN

HARBOUR = Path(__file__).parent / "django" / "harbour" / "models.py"


@cache
def harbour() -> Scenario:
    return read_source(HARBOUR, ReadOptions(rows=300))


def params(entity: str, column: str) -> Any:
    generator = harbour().entities[entity].columns[column].generator
    assert generator is not None
    return dict(generator.params)


def of(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "models.py"
    path.write_text(f"from django.db import models\n{text}\n")
    return read_source(path, ReadOptions(rows=50))


def test_models_are_the_tables_that_migrations_make() -> None:
    names = ["auth_user", "harbour_pier", "boats", "harbour_sailor", "harbour_loan", "harbour_ferry"]
    assert list(harbour().entities) == [*names, "boats_sailors", "boats_friends"]
    pier = harbour().entities["harbour_pier"]
    assert pier.description == "Where boats lie."
    assert [(name, column.type) for name, column in pier.columns.items()] == [
        ("created", "timestamptz"),
        ("changed", "timestamptz"),
        ("code", "string(8)"),
        ("size", "string(1)"),
        ("depth", "decimal(4,1)"),
    ]
    assert pier.columns["code"].primary_key
    boats = harbour().entities["boats"].columns
    assert boats["id"].type == "uuid"
    assert boats["name"].description == "As it is painted"
    assert boats["tags"].type == "array<string(12)>"
    assert harbour().entities["harbour_sailor"].columns["email"].unique


def test_links_of_all_kinds() -> None:
    assert params("boats", "owner_id") == {"entity": "auth_user", "column": "id", **UNEVEN}
    assert params("boats", "tender_of_id") == {"entity": "boats", "column": "id"}
    assert params("harbour_loan", "who") == {"entity": "harbour_sailor", "column": "id"}
    assert params("harbour_loan", "pier_id") == {"entity": "harbour_pier", "column": "code", **UNEVEN}
    assert params("harbour_ferry", "boat_ptr_id")["entity"] == "boats"
    assert harbour().entities["boats_sailors"].unique == (("boat_id", "sailor_id"),)
    assert list(harbour().entities["boats_friends"].columns) == ["id", "from_boat_id", "to_boat_id"]


def test_rows_keep_choices_validators_and_constraints(tmp_path: Path) -> None:
    sdgen.write(harbour(), to=str(tmp_path / "h.duckdb"), seed=6)
    with duckdb.connect(str(tmp_path / "h.duckdb")) as database:

        def one(sql: str) -> Any:
            return database.sql(sql).fetchall()

        assert {row[0] for row in one("SELECT DISTINCT rig FROM boats")} == {"SL", "KE"}
        assert {row[0] for row in one("SELECT DISTINCT risk FROM boats")} == {1, 2}
        assert one("SELECT count(*) FROM harbour_pier WHERE depth NOT BETWEEN 1 AND 30 OR size NOT IN ('s', 'l')") == [
            (0,)
        ]
        assert one("SELECT count(*) FROM harbour_loan WHERE fee NOT BETWEEN 10 AND 90 OR lowest >= highest") == [(0,)]
        assert one('SELECT count(DISTINCT who) = count(*) FROM harbour_loan WHERE "open"') == [(True,)]
        assert one("SELECT count(*) FROM boats WHERE changed < created") == [(0,)]
        assert one("SELECT count(DISTINCT boat_ptr_id) FROM harbour_ferry JOIN boats ON id = boat_ptr_id") == [(300,)]


def test_what_is_left_out_is_told_with_its_line() -> None:
    lines = HARBOUR.read_text().splitlines()
    told = {note.what: lines[note.line - 1] for note in harbour().notes if note.line}
    for what, line in (("Boat.shape", "shape ="), ("Old is left out", "class Old"), ("start__year", "start__year")):
        assert any(what in each and line in where for each, where in told.items())


def test_a_project_is_read_whole_and_a_user_of_its_own_is_meant(tmp_path: Path) -> None:
    (tmp_path / "manage.py").write_text("")
    for app, text in (
        (
            "people",
            "from django.contrib.auth.models import AbstractUser\nclass Person(AbstractUser):\n  born = models.DateField(null=True)\n",
        ),
        (
            "blog",
            "class Post(models.Model):\n  by = models.ForeignKey('people.Person', models.CASCADE)\n"
            "  read_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)\n",
        ),
    ):
        (tmp_path / app / "migrations").mkdir(parents=True)
        (tmp_path / app / "models.py").write_text(
            f"from django.conf import settings\nfrom django.db import models\n{text}"
        )
        (tmp_path / app / "migrations" / "models.py").write_text(
            "from django.db import models\nclass X(models.Model): pass"
        )
    found = format_of(Source(str(tmp_path)))
    assert found is not None
    assert found.kind == "django"
    scenario = read_source(tmp_path)
    assert set(scenario.entities) == {"people_person", "blog_post"}
    assert scenario.entities["people_person"].columns["username"].unique
    for column in ("by_id", "read_by_id"):
        generator = scenario.entities["blog_post"].columns[column].generator
        assert generator is not None
        assert generator.params["entity"] == "people_person"


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("class A(models.Model):\n  x = (", "no Python", 3),
        ("class A(models.Model):\n  class Meta:\n    abstract = True", "no model", 0),
    ],
)
def test_faults_have_their_line(tmp_path: Path, text: str, what: str, line: int) -> None:
    with pytest.raises(SourceError) as caught:
        of(tmp_path, text)
    assert what in caught.value.problems[0].what
    assert caught.value.problems[0].line == line


def test_models_that_refer_to_each_other_in_circles_are_read_or_refused(tmp_path: Path) -> None:
    text = "class A(B, models.Model):\n  a = models.OneToOneField('B', models.CASCADE, primary_key=True)\nclass B(A):\n  b = models.ForeignKey(A)\n"
    with suppress(SdgenError):
        of(tmp_path, text)


def test_mutated_models_are_read_or_refused(tmp_path: Path) -> None:
    draws = random.Random(3)
    tokens = re.findall(r"\w+|\s+|[^\w\s]", HARBOUR.read_text())
    words = sorted({token for token in tokens if token.isidentifier()})
    read = 0
    for turn in range(1500):
        some = list(tokens)
        for _ in range(draws.randint(1, 3)):
            place = draws.randrange(len(some))
            some[place] = (
                draws.choice(words) if some[place].isidentifier() else draws.choice([some[place], "", "1", "()"])
            )
        text = "".join(some)
        with suppress(SdgenError, SyntaxError):
            schema_of([("x.py", "x", ast.parse(text))], "x.py")
            read += 1
            if turn % 100 == 0:
                of(tmp_path, text)
    assert read > 200


def test_a_user_of_the_projects_own_has_djangos_fields_and_is_no_base_of_itself(tmp_path: Path) -> None:
    text = """
from django.contrib.auth.models import AbstractUser
class User(AbstractUser):
    motto = models.TextField()
class Note(models.Model):
    author = models.ForeignKey(User, models.CASCADE)
"""
    entities = of(tmp_path, text).entities
    app = tmp_path.name.lower()
    assert list(entities) == [f"{app}_user", f"{app}_note"]
    assert {"username", "is_staff", "motto"} <= entities[f"{app}_user"].columns.keys()


def test_models_of_one_name_in_two_apps_are_two_tables(tmp_path: Path) -> None:
    (tmp_path / "manage.py").write_text("")
    for app, text in {
        "music": "class Label(models.Model):\n    title = models.CharField(max_length=9)\n"
        "class Song(models.Model):\n    label = models.ForeignKey(Label, models.CASCADE)\n"
        "    mark = models.ForeignKey('paper.Label', models.CASCADE)\n",
        "paper": "class Label(models.Model):\n    width = models.IntegerField()\n"
        "class Sheet(models.Model):\n    label = models.ForeignKey('Label', models.CASCADE)\n",
    }.items():
        (tmp_path / app).mkdir()
        (tmp_path / app / "models.py").write_text(f"from django.db import models\n{text}")
    entities = read_source(tmp_path, ReadOptions(rows=20)).entities
    assert {"music_label", "paper_label"} <= entities.keys()
    links = {
        (name, key): column.generator.params["entity"]
        for name, entity in entities.items()
        for key, column in entity.columns.items()
        if column.generator is not None and column.generator.type == "fk"
    }
    assert links == {
        ("music_song", "label_id"): "music_label",
        ("music_song", "mark_id"): "paper_label",
        ("paper_sheet", "label_id"): "paper_label",
    }


def test_computed_fields_sets_of_expressions_and_numbers_in_words_are_kept(tmp_path: Path) -> None:
    text = """
class Ticket(models.Model):
    seat = models.CharField(max_length=12, validators=[validate_slug, clean_seat])
    phone = models.CharField(max_length=13, validators=[RegexValidator(r"^\\\\+?1?\\\\d{9,15}$")])
    net = models.DecimalField(max_digits=6, decimal_places=2)
    gross = models.GeneratedField(expression=F("net") * Value(2), output_field=models.DecimalField(max_digits=7, decimal_places=2), db_persist=True)
    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(net__range=(Decimal("2.5"), Decimal("80"))), name="net"),
            models.UniqueConstraint(Lower("seat"), "net", name="once"),
        ]
""".replace("\\\\", "\\")
    scenario = of(tmp_path, text)
    assert [note.what for note in scenario.notes] == ["Ticket.seat: clean_seat is not kept"]
    target = tmp_path / "tickets.duckdb"
    sdgen.write(scenario, str(target), seed=2)
    with duckdb.connect(str(target)) as base:
        rows = base.execute("select seat, phone, net, gross from " + next(iter(scenario.entities))).fetchall()
    assert len({(seat.lower(), net) for seat, _, net, _ in rows}) == len(rows) == 50
    for seat, phone, net, gross in rows:
        assert re.fullmatch(r"[-a-zA-Z0-9_]+", seat)
        assert re.fullmatch(r"\+?1?\d{9,15}", phone)
        assert len(phone) <= 13
        assert 2.5 <= net <= 80
        assert gross == 2 * net
