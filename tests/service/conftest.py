"""A service on an empty store, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sdgen.service.service import Service


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SDGEN_RUNS_DB", str(tmp_path / "runs.sqlite"))
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "targets").mkdir()
    return tmp_path


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    opened = Service.open()
    yield opened
    opened.close()
