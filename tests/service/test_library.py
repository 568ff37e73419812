"""Scenarios and targets by id: folders first, then the store, then the shipped ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdgen.errors import NotFound, ScenarioError, SdgenError, StoreError
from sdgen.execution.target_spec import TargetSpec
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_source
from sdgen.service import catalog as library
from sdgen.service.naming import scenario_fields, target_fields
from sdgen.service.service import Service

TEXT = "name: Tiny\nversion: {}\nentities: {{a: {{rows: {}, columns: {{id: {{generator: sequence}}}}}}}}\n"


def text(version: str = "1.0.0", rows: int = 5) -> str:
    return TEXT.format(version, rows)


def test_ids_come_before_stems(service: Service, folder: Path) -> None:
    (folder / "scenarios" / "one.yaml").write_text("id: two\n" + text(rows=1))
    (folder / "scenarios" / "two.yaml").write_text(text(rows=2))
    (folder / "scenarios" / "three.json").write_text('{"name": "three", "entities": {"a": {"columns": {"id": "int"}}}}')
    assert service.catalog.scenario("two").value.entities["a"].rows.count == 1
    assert service.catalog.scenario("one").value.id == service.catalog.scenario("one").id == "two"
    assert service.catalog.scenario("three").file.endswith("three.json")
    assert {"two", "three", "shop"} <= {entry.id for entry in service.scenarios()}
    (folder / "scenarios" / "four.yaml").write_text("id: two\n" + text())
    with pytest.raises(ScenarioError, match=r"one.yaml, .*four.yaml|four.yaml, one.yaml"):
        service.catalog.scenario("two")


def test_a_version_may_be_of_a_file_or_an_example(service: Service, folder: Path) -> None:
    (folder / "scenarios" / "x.yaml").write_text(text("2.0.0", rows=1))
    service.add_scenario(text("1.0.0", rows=3), "x")
    library = service.catalog
    assert [library.scenario("x", version).source for version in ("", "2.0.0", "1.0.0")] == [
        "folder",
        "folder",
        "store",
    ]
    assert library.scenario("shop", library.scenario("shop").value.version).source == "example"
    for name in ("x", "shop"):
        with pytest.raises(NotFound, match=r"of version '7'\n +versions: \d"):
            library.scenario(name, "7")


def test_a_changed_file_is_read_again(service: Service, folder: Path) -> None:
    file = folder / "scenarios" / "x.yaml"
    file.write_text(text(rows=1))
    assert service.catalog.scenario("x").value.entities["a"].rows.count == 1
    file.write_text(text(rows=12345))
    assert service.catalog.scenario("x").value.entities["a"].rows.count == 12345


def test_broken_files_are_listed_with_their_problem(service: Service, folder: Path) -> None:
    (folder / "scenarios" / "bad.yaml").write_text("name: x\nentitees: {}\n")
    (folder / "targets" / "bad.yaml").write_text("dsn: [1]\n")
    assert "entitees" in next(entry.problem for entry in service.scenarios() if entry.id == "bad")
    assert "bad.yaml:1" in next(entry.problem for entry in service.targets() if entry.id == "bad")
    for find in (service.catalog.scenario, service.catalog.target):
        with pytest.raises(SdgenError, match=r"bad\.yaml") as error:
            find("bad")
        assert error.value.problems[0].line


def test_nothing_outside_of_the_folders(service: Service, folder: Path) -> None:
    (folder / "secret.yaml").write_text(text())
    (folder / "scenarios" / "link.yaml").symlink_to(folder / "secret.yaml")
    (folder / "scenarios" / "inner").mkdir()
    (folder / "scenarios" / "inner" / "deep.yaml").write_text(text())
    for name in ("link", "../secret", "secret", "inner/deep", "deep", "", ".", "..", "/etc/passwd"):
        with pytest.raises(NotFound):
            service.catalog.scenario(name)
        with pytest.raises(NotFound):
            service.catalog.target(name)
    assert not {"link", "deep"} & {entry.id for entry in service.scenarios()}


def test_versions_are_kept(service: Service) -> None:
    assert service.add_scenario(text("1.0.0"), "x").versions == ("1.0.0",)
    assert service.add_scenario(text("1.0.0"), "x").versions == ("1.0.0",)
    with pytest.raises(ScenarioError, match="raise the version"):
        service.add_scenario(text("1.0.0", rows=6), "x")
    assert service.add_scenario(text("1.1.0", rows=6), "x").versions == ("1.0.0", "1.1.0")
    assert service.catalog.scenario("x").value.version == "1.1.0"
    for version in ("1.0.0", "1"):
        assert service.catalog.scenario("x", version).value.version == "1.0.0"
    assert service.catalog.scenario("x").text == text("1.1.0", rows=6)
    with pytest.raises(NotFound, match=r"version '9'"):
        service.catalog.scenario("x", "9")
    service.catalog.remove_scenario("x")
    with pytest.raises(NotFound):
        service.catalog.scenario("x")


def test_what_is_not_in_the_store_is_not_removed(service: Service, folder: Path) -> None:
    (folder / "targets" / "x.yaml").write_text("dsn: out/\n")
    with pytest.raises(StoreError, match="shipped example"):
        service.catalog.remove_scenario("shop")
    with pytest.raises(StoreError, match="the file"):
        service.catalog.remove_target("x")
    with pytest.raises(NotFound):
        service.catalog.remove_target("nonesuch")


@pytest.mark.parametrize("name", ["a b", "../x", "x/y", ""])
def test_ids_are_plain(service: Service, name: str) -> None:
    with pytest.raises((SdgenError, ValueError)):
        service.add_target(TargetSpec(id=name, dsn="out/"))
    if name:
        with pytest.raises(ScenarioError, match="can't be an id"):
            service.add_scenario(text(), name)


def test_stored_targets(service: Service, folder: Path) -> None:
    entry = service.add_target(TargetSpec(id="x", dsn="out/", name="Files"))
    assert (entry.kind, entry.dsn) == ("files", f"{folder}/out/")
    with pytest.raises(StoreError, match="already"):
        service.add_target(TargetSpec(id="x", dsn="other/"))
    service.add_target(TargetSpec(id="x", dsn="other/"), replace=True)
    assert service.catalog.target("x").value.dsn == f"{folder}/other/"
    (folder / "targets" / "x.yaml").write_text("dsn: here/\n")
    assert service.catalog.target("x").value.dsn == f"{folder}/targets/here/"
    service.catalog.remove_target("x")


def test_what_people_type(service: Service, folder: Path) -> None:
    (folder / "x.yaml").write_text(text())
    (folder / "t.yaml").write_text("dsn: out/\n")
    library = service.catalog
    assert scenario_fields("shop", library)["scenario_id"] == "shop"
    assert scenario_fields("shop@1.0.0", library) == {"scenario_id": "shop", "scenario_version": "1.0.0"}
    assert scenario_fields("x.yaml", library) == {"scenario_path": "x.yaml"}
    assert scenario_fields("nonesuch", library) == {"scenario_id": "nonesuch"}
    assert target_fields("t.yaml", library) == {"target_path": "t.yaml"}
    assert target_fields("out/", library) == {"target": "out/"}
    assert target_fields("x.bin", library, "sqlite") == {"target": {"dsn": "x.bin", "kind": "sqlite"}}
    with pytest.raises(NotFound, match="nonesuch/"):
        target_fields("nonesuch", library)


def test_the_text_of_a_shipped_one_is_its_own(service: Service) -> None:
    found = service.catalog.scenario("shop")
    assert found.text.startswith(("#", "name", "id"))
    assert scenario_text(found.value)


def test_a_folder_of_many_files_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists go over all files, so that a cache of some of them would never have the next one."""
    for number in range(600):
        text = f"name: n{number}\nentities:\n  a: {{rows: 1, columns: {{id: {{type: int, primary_key: true}}}}}}\n"
        (tmp_path / f"s{number}.yaml").write_text(text)
    read: list[str] = []
    monkeypatch.setattr(library, "read_source", lambda file: (read.append(file), read_source(file))[1])
    service = Service.open(tmp_path / "runs.sqlite", scenarios_dir=tmp_path)
    try:
        assert sum(each.source == "folder" for each in service.scenarios()) == 600
        assert len(read) >= 600
        read.clear()
        assert sum(each.name.startswith("n") for each in service.scenarios()) == 600
        assert not [file for file in read if file.startswith(str(tmp_path))]
        (tmp_path / "s7.yaml").write_text("name: other\nentities:\n  a: {rows: 1, columns: {id: {type: bigint}}}\n")
        assert service.catalog.scenario("s7").value.name == "other"
        assert len(read) == 1
    finally:
        service.close()
