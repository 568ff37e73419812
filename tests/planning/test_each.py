"""Rows that are one for each row of other entities, and links that lead where a parent's link leads."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import sdgen
from sdgen.errors import ScenarioError

ID = {"generator": "sequence", "primary_key": True}


def link(entity: str, **params: Any) -> dict[str, Any]:
    return {"generator": "fk", "params": {"entity": entity, "column": "id", **params}}


def scenario(rows: Any = None, **columns: Any) -> dict[str, Any]:
    jobs = {"id": ID, "photo_id": link("photos"), "film_id": link("films"), **columns}
    return {
        "name": "each",
        "seed": 5,
        "entities": {
            "users": {"rows": 9, "columns": {"id": ID}},
            "photos": {"rows": 30, "columns": {"id": ID, "user_id": link("users")}},
            "films": {"rows": 20, "columns": {"id": ID, "user_id": link("users")}},
            "jobs": {"rows": {"each": ["photos", "films"], "share": 0.8} if rows is None else rows, "columns": jobs},
        },
    }


def made(**request: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sdgen.generate(scenario(), **request)["jobs"].to_pylist()
    return found


def test_one_for_each_and_others_besides() -> None:
    jobs = made()
    assert [job["photo_id"] for job in jobs] == [*range(1, 31)] + [None] * 32
    assert [job["film_id"] for job in jobs] == [None] * 30 + [*range(1, 21)] + [None] * 12  # 50 / 0.8 = 62.5
    assert all(job["id"] == number for number, job in enumerate(jobs, 1))


@pytest.mark.parametrize(
    ("request_", "count"),
    [({"scale": 2}, 125), ({"rows": {"jobs": 90}}, 90), ({"rows": {"jobs": 10}}, 50), ({"rows": 8}, 20)],
)
def test_counts_follow_the_parents(request_: dict[str, Any], count: int) -> None:
    assert abs(len(made(**request_)) - count) <= 1


def test_without_a_share_there_are_no_others_and_no_nulls() -> None:
    settled = sdgen.plan(scenario({"each": "photos"}, film_id={"generator": "const", "params": {"value": 1}}))
    assert settled.entities["jobs"].rows == 30
    assert not settled.entities["jobs"].columns["photo_id"].nullable


def test_a_nullable_link_has_no_nulls_of_its_own() -> None:
    columns = {"photo_id": {**link("photos"), "nullable": True}}
    jobs = sdgen.generate(scenario(**columns))["jobs"].to_pylist()
    assert sum(job["photo_id"] is not None for job in jobs) == 30


def test_links_that_follow() -> None:
    follows = link("users", follows=["photo_id.user_id", "film_id.user_id"])
    tables = sdgen.generate(scenario(user_id=follows))
    owners = {name: {row["id"]: row["user_id"] for row in tables[name].to_pylist()} for name in ("photos", "films")}
    drawn = Counter[int]()
    for job in tables["jobs"].to_pylist():
        if job["photo_id"] is not None:
            assert job["user_id"] == owners["photos"][job["photo_id"]]
        elif job["film_id"] is not None:
            assert job["user_id"] == owners["films"][job["film_id"]]
        else:
            drawn[job["user_id"]] += 1
    assert sum(drawn.values()) == 12
    assert len(drawn) > 3
    assert set(drawn) <= set(range(1, 10))


def test_following_goes_with_any_split() -> None:
    settled = sdgen.plan(scenario(user_id=link("users", follows="photo_id.user_id")))
    whole = sdgen.generate(settled)["jobs"]
    parts = list(sdgen.batches(settled, "jobs", batch_rows=7))
    assert [row for part in parts for row in part.to_pylist()] == whole.to_pylist()


def test_a_database_holds_all_keys(tmp_path: Path) -> None:
    wanted = scenario(user_id=link("users", follows=["photo_id.user_id"]))
    sdgen.write(wanted, tmp_path / "x.duckdb")
    report = sdgen.verify(wanted, tmp_path / "x.duckdb")
    assert not report.broken
    limits = [each for each in report.findings if each.check == "children" and each.columns == ("photo_id",)]
    assert limits[0].expected == "1 to 1 for each of photos"


def test_appended_rows_belong_to_the_new_parents(tmp_path: Path) -> None:
    sdgen.write(scenario(), tmp_path / "x.sqlite")
    sdgen.write(scenario(), tmp_path / "x.sqlite", mode="append_only")
    import sqlite3

    with sqlite3.connect(tmp_path / "x.sqlite") as connection:
        counts = connection.execute("SELECT count(*), count(DISTINCT photo_id), count(DISTINCT film_id) FROM jobs")
        total, photos, films = counts.fetchone()
        assert (photos, films) == (60, 40)
        assert abs(total - 125) <= 1
        assert connection.execute("SELECT count(*) FROM jobs WHERE photo_id > 30 AND id <= 62").fetchone() == (0,)


@pytest.mark.parametrize(
    ("rows", "columns", "what"),
    [
        ({"each": "photo"}, {}, "unknown entity 'photo'"),
        ({"each": "jobs"}, {}, "in a cycle: jobs → jobs"),
        ({"each": "users"}, {}, "0 foreign keys lead there"),
        ({"each": "photos", "count": 5}, {}, "each takes only share"),
        ({"count": 5, "share": 0.5}, {}, "share speaks of rows"),
        ({"each": "photos", "share": 0}, {}, "not above 0"),
        ({"each": "photos"}, {"other": link("photos")}, "2 foreign keys lead there"),
        ({"each": "photos"}, {"photo_id": link("photos", one_to_one=True)}, "one_to_one has nothing to say"),
        (5, {"user_id": link("users", follows=["user_id"])}, "names no other link"),
        (5, {"user_id": link("users", follows=["photo_id.id"])}, "photos.id is no link"),
        (5, {"user_id": link("users", follows=["photo_id.usr"])}, "photos has no column 'usr'"),
        (5, {"user_id": link("users", follows=["foto.user_id"])}, "no link 'foto'"),
        (5, {"other": link("films", follows=["photo_id.user_id"])}, "does not lead to films"),
        (5, {"user_id": link("users", follows=["photo_id.user_id"], one_to_one=True)}, "takes neither quotas"),
    ],
)
def test_mistakes(rows: Any, columns: Any, what: str) -> None:
    with pytest.raises(ScenarioError, match=what):
        sdgen.plan(scenario(rows, **columns))


def _badges(**params: Any) -> dict[str, Any]:
    """Badges, one for each of three people, and rows beside them; each links to a locker too."""
    columns = {
        "person": {"generator": "fk", "params": {"entity": "people", "column": "id"}, **params},
        "locker": {"generator": "fk", "params": {"entity": "lockers", "column": "id", "one_to_one": True}},
    }
    entities = {
        "people": {"rows": 30, "columns": {"id": {"type": "int", "generator": "sequence", "primary_key": True}}},
        "lockers": {"rows": 3, "columns": {"id": {"type": "int", "generator": "sequence", "primary_key": True}}},
        "badges": {"rows": {"each": ["people"]}, "columns": columns},
    }
    return {"name": "office", "entities": entities}


def test_a_link_beside_the_one_that_rows_are_made_for_is_one_to_one_all_the_same() -> None:
    with pytest.raises(ScenarioError, match=r"30 rows and only 3 parents in lockers"):
        sdgen.plan(_badges())


def test_a_link_that_rows_beside_have_no_parent_for_may_be_null() -> None:
    scenario = _badges(nullable=False)
    scenario["entities"]["badges"]["columns"].pop("locker")
    scenario["entities"]["badges"]["rows"]["share"] = 1.0
    sdgen.plan(scenario)
    scenario["entities"]["badges"]["rows"] = {"each": ["people", "lockers"]}
    scenario["entities"]["badges"]["columns"]["locker"] = link("lockers")
    with pytest.raises(ScenarioError, match="nullable is false, but some rows are made for no row of people"):
        sdgen.plan(scenario)
