"""A table that fails while others are written beside it: the run has failed for that reason, and was not cancelled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from sdgen.errors import TargetError
from sdgen.files.folder import Files
from sdgen.service.records import Status
from sdgen.service.service import Service
from sdgen.targets.base import Table
from tests.service.made import asked


def test_the_fault_of_one_of_several_tables_is_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(self: Files, table: Table, parts: Iterable[Any]) -> None:
        if table.entity == "parents":
            raise TargetError("no space left")
        for _ in parts:
            pass

    monkeypatch.setattr(Files, "write", write)
    run = service.perform(asked("out/", workers=2))
    assert (run.status, run.rows_written) == (Status.FAILED, 0)
    assert "no space left" in run.error
