"""Protocol Buffers → scenarios, whose rows the messages themselves take."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import sdgen
from sdgen.errors import SdgenError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import format_of
from sdgen.readers.protobuf.syntax import proto_file
from sdgen.readers.sources import read_source
from sdgen.scenario.model import Scenario
from tests.readers.reading import UNEVEN, assert_fault

FOLDER = Path(__file__).parent / "protobuf"
FLEET = FOLDER / "fleet.proto"


@cache
def fleet() -> Scenario:
    return read_source(FLEET, ReadOptions(rows=300))


def records(scenario: Scenario, folder: Path) -> dict[str, list[dict[str, Any]]]:
    sdgen.write(scenario, to=str(folder), formats=["jsonl"], seed=4)
    return {
        path.stem: [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted(folder.glob("*.jsonl"))
    }


def of(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "a.proto"
    path.write_text(f'syntax = "proto3";\n{text}\n')
    return read_source(path, ReadOptions(rows=50))


def test_messages_that_stand_by_themselves_are_tables() -> None:
    assert list(fleet().entities) == ["Boat", "Trip"]
    boat = fleet().entities["Boat"]
    assert boat.description == "A boat of the fleet."
    assert boat.columns["boat_id"].primary_key
    assert boat.columns["boat_id"].description == "What it is registered under."
    assert boat.columns["built_at"].description == "when it was launched"
    assert boat.columns["draft_cm"].nullable
    assert boat.columns["tanks"].type == "map<text, double>"
    link = fleet().entities["Trip"].columns["boat_id"].generator
    assert link is not None
    assert link.params == {"entity": "Boat", "column": "boat_id", **UNEVEN}


def test_what_is_left_out_is_told_with_its_line() -> None:
    lines = FLEET.read_text().splitlines()
    told = {note.what: note for note in fleet().notes}
    (request,) = [note for what, note in told.items() if "GetTripRequest is no table" in what]
    assert lines[request.line - 1].startswith("message GetTripRequest")
    (extended,) = [note for what, note in told.items() if "extensions of Engine" in what]
    assert extended.file.endswith("engine.proto")
    assert extended.line == 13


def test_real_messages_take_the_rows(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools")
    from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

    made = tmp_path / "set.bin"
    words = [f"-I{FOLDER}", f"--descriptor_set_out={made}", "--include_imports", "fleet.proto"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *words], check=True)
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(made.read_bytes()).file:
        pool.Add(file)
    for name, rows in records(fleet(), tmp_path / "out").items():
        kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"fleet.v1.{name}"))
        for row in rows:
            found = json_format.ParseDict(row, kind())
            assert kind.FromString(found.SerializeToString()) == found


def test_all_members_of_a_oneof_appear_one_at_a_time(tmp_path: Path) -> None:
    rows = records(fleet(), tmp_path)
    for members in ({"sails_m2", "motor", "towed_by"}, {"country", "pirate"}):
        held = [members & row.keys() for row in rows["Boat"]]
        assert all(len(each) == 1 for each in held)
        assert set().union(*held) == members
    crews = [crew for row in rows["Boat"] for crew in row["berths"].values()]
    assert {tuple(crew.keys() & {"wage", "hours"}) for crew in crews} == {("wage",), ("hours",)}
    assert {row["rig"] for row in rows["Boat"]} == {"SLOOP", "KETCH", "YAWL"}


def test_a_folder_is_read_whole_and_imports_that_are_missing_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.proto").write_text(
        'syntax = "proto3";\nimport "far/away.proto";\nmessage A { int64 id = 1; far.B b = 2; }'
    )
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "c.proto").write_text("message C { required int64 id = 1; optional int64 a_id = 2; }")
    found = format_of(Source(str(tmp_path)))
    assert found is not None
    assert found.kind == "protobuf"
    scenario = read_source(tmp_path)
    assert {name: list(each.columns) for name, each in scenario.entities.items()} == {"A": ["id"], "C": ["id", "a_id"]}
    link = scenario.entities["C"].columns["a_id"].generator
    assert link is not None
    assert link.type == "fk"
    assert {note.line for note in scenario.notes if "far" in note.what} == {2, 3}


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("message A { int64 id = 1", "';' is expected", 3),
        ("message A {\n int64 id = 1;", "never closed", 4),
        ("massage A {}", "no statement", 2),
        ("message A { int64 % = 1; }", "'%' is not expected", 2),
        ("message A { int64 = 1; }", "a name is expected", 2),
        ("service S {}", "no message", 0),
    ],
)
def test_faults_have_their_line(tmp_path: Path, text: str, what: str, line: int) -> None:
    assert_fault(lambda: of(tmp_path, text), what, line)


def test_mutated_texts_are_read_or_refused(tmp_path: Path) -> None:
    draws = random.Random(5)
    text = FLEET.read_text()
    tokens = text.split(" ")
    for _ in range(1500):
        some = list(tokens)
        for _ in range(draws.randint(1, 4)):
            place = draws.randrange(len(some))
            some[place : place + draws.randint(0, 3)] = draws.choice(
                [[], ["{"], ["}"], [";"], ["oneof"], ["map<"], ['"']]
            )
        with suppress(SdgenError):
            proto_file(" ".join(some), "x.proto")
    for _ in range(20):
        start = draws.randrange(len(text))
        with suppress(SdgenError):
            of(tmp_path, text[:start] + text[start + draws.randint(1, 9) :])
