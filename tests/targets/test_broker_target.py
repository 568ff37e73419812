"""What a run does with a broker, whichever it is: what it leaves out, what it tells when it fails, and what a probe sends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sdgen.brokers import target as target_module
from sdgen.brokers.base import Messages
from sdgen.cli.generate import generate
from sdgen.errors import TargetError
from sdgen.execution.access import ANYTHING
from sdgen.execution.resume import SENT, state_after_kill
from sdgen.execution.targets import inline_target
from sdgen.service.catalog_store import probe
from tests.targets.test_brokers import document


class Silent:
    """A publisher that keeps what it is given in memory; the server goes away after so many messages."""

    transactional = False

    def __init__(self, ends_after: int = 1 << 40) -> None:
        self.messages: list[Messages] = []
        self.ends_after = ends_after
        self.there: dict[str, int] = {}

    def topic(self, table: str) -> str:
        return table

    def check(self, topics: Sequence[str]) -> list[Any]:
        return []

    def rows_there(self, topics: Sequence[str], run: str) -> dict[str, int]:
        return self.there

    def prepare(self, topics: Sequence[str], run: str) -> None: ...

    def publish(self, topic: str, messages: Messages) -> None:
        if sum(map(len, self.messages)) >= self.ends_after:
            raise TargetError("the server is gone")
        self.messages.append(messages)

    def commit(self) -> None: ...

    def close(self) -> None: ...


def test_a_probe_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = Silent()
    monkeypatch.setattr(target_module, "PUBLISHERS", {"nats": lambda url: publisher})
    told = probe(inline_target("nats://host/x", ANYTHING))
    assert told.ok
    assert not publisher.messages


def test_what_stays_of_a_run_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    publisher = Silent(ends_after=1)
    monkeypatch.setattr(target_module, "PUBLISHERS", {"nats": lambda url: publisher})
    file = tmp_path / "harbour.json"
    file.write_text(json.dumps(document() | {"name": "harbour"}))
    with pytest.raises(TargetError, match="the server is gone"):
        generate({"seed": 5}, str(file), "nats://host/x", "", quiet=True)
    assert "messages that were sent stay, and the same run again sends the others" in capsys.readouterr().err
    assert state_after_kill("", {}, "rabbitmq") == SENT
    assert "see all or none of them" in state_after_kill("finishing", {}, "kafka")
    # What is there of the same run is left out, whichever part of a batch it ends in.
    publisher.ends_after, publisher.there, publisher.messages = 1 << 40, {"ports": 3, "calls": 8}, []
    generate({"seed": 5}, str(file), "nats://host/x", "", quiet=False)
    assert [(each.table, each.rows) for each in publisher.messages] == [("calls", range(8, 21))]
    told = capsys.readouterr()
    assert "11 messages of this run are there already" in told.err
    assert "--mode" not in told.out
