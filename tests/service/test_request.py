"""A request: settled the same way for every caller, or refused with every problem."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdgen.errors import NotFound, ScenarioError, SdgenError, TargetError
from sdgen.execution.access import Access
from sdgen.execution.request import RunRequest, read_request
from sdgen.execution.resolve import resolve
from sdgen.scenario.identity import canonical
from sdgen.service.service import Service
from tests.service.made import asked, tiny


def test_all_problems_at_once(service: Service) -> None:
    scenario = tiny()
    scenario["entities"]["parents"]["columns"]["value"]["params"]["max"] = -1
    request = asked(
        {"dsn": "x.foo", "options": {"nonesuch": 1}}, scenario=scenario, rows={"parnts": 1}, exclude=["kids"]
    )
    with pytest.raises(ScenarioError) as error:
        service.resolve(request)
    text = str(error.value)
    for word in ("value", "x.foo", "nonesuch", "parnts", "did you mean 'parents'", "kids"):
        assert word in text


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({}, "request.scenario_id"),
        ({"scenario_id": "shop"}, "request.target_id"),
        ({"scenario_id": "shop", "scenario": tiny(), "target": "out/"}, "request.scenario"),
        ({"scenario": tiny(), "target": "out/", "target_id": "x"}, "request.target"),
        ({"scenario": tiny(), "target": "out/", "scenario_version": "2"}, "request.scenario_version"),
        ({"scenario": tiny(), "target": "out/", "include": ["parents"], "exclude": ["parents"]}, "request.exclude"),
    ],
)
def test_what_a_request_must_name(service: Service, data: dict[str, Any], path: str) -> None:
    with pytest.raises(SdgenError) as error:
        service.resolve(RunRequest(**data))
    assert path in [problem.where for problem in error.value.problems]


@pytest.mark.parametrize(
    "data",
    [
        {"seed": 2**64},
        {"seed": "many"},
        {"scale": 0},
        {"scale": float("inf")},
        {"rows": {"a": -1}},
        {"mode": "replace"},
        {"nonesuch": 1},
        {"include": 7},
        [],
        None,
    ],
    ids=str,
)
def test_wrong_types_are_problems(data: Any) -> None:
    with pytest.raises(ScenarioError) as error:
        read_request(data)
    assert all(problem.path[0] == "request" for problem in error.value.problems if problem.path)


def test_unknown_ids_are_not_found(service: Service) -> None:
    with pytest.raises(NotFound, match="did you mean 'shop'"):
        service.resolve(RunRequest(scenario_id="shpo", target="out/"))
    with pytest.raises(NotFound):
        service.resolve(RunRequest(scenario_id="shop", target_id="nonesuch"))
    with pytest.raises(TargetError):
        service.resolve(asked("nonesuch://x"))


def test_the_hash_tells_runs_apart(service: Service) -> None:
    def hash_of(**more: Any) -> str:
        return service.resolve(asked(more.pop("target", "out/"), **more)).config_hash

    same = hash_of()
    assert same == hash_of() == hash_of(seed=1, target="elsewhere/") == hash_of(workers=3, rows={"parents": 100})
    others: list[dict[str, Any]] = [
        {"seed": 2},
        {"rows": {"parents": 5}},
        {"scale": 2},
        {"exclude": "children"},
        {"target": "x.sqlite"},
    ]
    others += [{"mode": "append_only"}, {"formats": ["jsonl"]}, {"as_of": "2025-01-01"}]
    assert len({same, *(hash_of(**each) for each in others)}) == len(others) + 1


def test_credentials_are_no_part_of_the_hash(service: Service) -> None:
    urls = ["postgresql://a:one1one1@x/d", "postgresql://b:two2two2@y/d"]
    assert len({service.resolve(asked(url)).config_hash for url in urls}) == 1


def test_a_missing_seed_is_settled_once(service: Service) -> None:
    scenario = tiny()
    del scenario["seed"], scenario["as_of"]
    resolved = service.resolve(asked("out/", scenario=scenario))
    assert resolved.job.seed == resolved.plan.seed
    assert resolved.job.plan().identity == resolved.plan.identity == resolved.job.identity


def test_the_stored_text_is_the_scenario(service: Service) -> None:
    from sdgen.readers.sources import read_text_as_scenario

    resolved = service.resolve(RunRequest(scenario_id="shop", target="out/", scale=0.01))
    again = read_text_as_scenario(resolved.job.scenario_text, "x.yaml")
    assert canonical(again) == canonical(resolved.scenario)


def test_entities_and_warnings(service: Service) -> None:
    resolved = service.resolve(asked("out/", exclude="parents"))
    assert resolved.entities == ("children",)
    assert any("parents was not written" in each for each in resolved.warnings)
    assert service.resolve(asked("out/", include=["parents", "children"])).job.only == ()


def test_what_comes_over_a_network_names_no_paths(service: Service, folder: Path) -> None:
    (folder / "secret.yaml").write_text("name: x\nentities: {a: {columns: {id: int}}}\n")
    narrow = Access(paths=False, folders=(folder / "data",), destinations=(), secrets=())
    refused: list[dict[str, Any]] = [
        {"scenario_path": "secret.yaml", "target": "data/x/"},
        {"scenario": tiny(), "target_path": "secret.yaml"},
        {"scenario": tiny(), "target": "elsewhere/"},
        {"scenario": tiny(), "target": "data/../elsewhere/"},
        {"scenario": tiny(), "target": "sqlite:////etc/x.sqlite"},
        {"scenario": tiny(), "target": "duckdb:///../x.duckdb"},
        {"scenario": tiny(), "target": "data/${HOME}/"},
        {"scenario": tiny(), "target": "${HOME}/x/"},
        {"scenario": tiny(), "target": {"dsn": "${HOME}", "kind": "files"}},
        {"scenario": tiny(), "target": "postgresql://h/d"},
        {"scenario": tiny(), "target": "postgresql://u:${HOME}@h/d"},
        {"scenario_id": "../secret", "target": "data/x/"},
        {"scenario_id": "shop", "target_id": "../secret"},
    ]
    for data in refused:
        with pytest.raises(SdgenError):
            resolve(RunRequest(**data), service.catalog, narrow)
    (folder / "data").mkdir()
    (folder / "data" / "out").symlink_to(folder)
    with pytest.raises(SdgenError):
        resolve(asked("data/out/x/"), service.catalog, narrow)
    assert resolve(asked("data/x/"), service.catalog, narrow).target.kind == "files"


def test_allowed_destinations(service: Service) -> None:
    access = Access(paths=False, folders=(), destinations=("postgresql://me*@db/*",), databases=("*_demo",))
    assert resolve(asked("postgresql://me:pw@db/x_demo"), service.catalog, access).target.kind == "postgres"
    for url in ("postgresql://me@db/x", "postgresql://me@other/x_demo", "postgresql://me@db/x_demo?host=other"):
        with pytest.raises(TargetError):
            resolve(asked(url), service.catalog, access)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"parents": "lots"}, "'lots' is not a number of rows"),
        ({"parents": True}, "true is not a number of rows"),
        ({"parents": 1.5}, "1.5 is not a number of rows"),
        ({"parents": -3}, "a number of rows can't be negative: -3"),
        ({"parents": "--3"}, "is not a number of rows"),
        ("lots", "'lots' is not a mapping of entities to counts"),
        (500, "{'*': 500} for all"),
    ],
)
def test_rows_that_are_none(rows: object, told: str) -> None:
    with pytest.raises(ScenarioError) as error:
        read_request({"scenario": tiny(), "target": "out/", "rows": rows})
    assert told in str(error.value)
    assert "valid" not in str(error.value)


def test_rows_as_texts() -> None:
    assert read_request({"rows": {"a": " 5 ", "b": 7.0}}).rows == {"a": 5, "b": 7}


@pytest.mark.parametrize(
    ("target", "more", "told"),
    [
        ("out/", {"commit_every": 9}, "files appear all at once"),
        ("x.sql", {"commit_every": 9}, "can't commit during a run"),
        ("x.sqlite", {"resume": True}, "all rows of a run or none"),
        ("x.sqlite", {"commit_every": 9, "mode": "append_only"}, "a run that appends can't be resumed"),
    ],
)
def test_commits_that_cannot_be(service: Service, target: str, more: dict[str, Any], told: str) -> None:
    with pytest.raises(TargetError, match=told):
        service.resolve(read_request({"scenario": tiny(), "target": target, **more}))


@pytest.mark.parametrize("moment", [20260101, 0.0, "20260101"])
def test_numbers_are_no_moments(moment: object) -> None:
    with pytest.raises(SdgenError, match="a number is no moment: write it like 2026"):
        read_request({"scenario_id": "shop", "target": "out/", "as_of": moment})
