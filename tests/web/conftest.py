"""An application on an empty store, in a folder of its own, and a client on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from sdgen.execution.access import MOST_PARTS, Access
from sdgen.service.service import Service
from sdgen.web.app import create_app

HERE = "http://127.0.0.1"
PASSWORD = "hunter2secret"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SDGEN_RUNS_DB", str(tmp_path / "runs.sqlite"))
    monkeypatch.setenv("DEMO_PASSWORD", PASSWORD)
    for name in ("scenarios", "targets", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "targets" / "demo.yaml").write_text("id: demo\nname: Demo\ndsn: ../out/demo.sqlite\n")
    (tmp_path / "targets" / "far.yaml").write_text(
        "id: far\ndsn: postgresql://app:${DEMO_PASSWORD}@127.0.0.1:1/shop_demo?connect_timeout=2\n"
    )
    (tmp_path / "targets" / "open.yaml").write_text(f"id: open\ndsn: postgresql://app:{PASSWORD}@127.0.0.1:1/shop\n")
    return tmp_path


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    access = Access(paths=False, folders=(folder / "out",), destinations=(), secrets=("DEMO_*",), parts=MOST_PARTS)
    opened = Service.open(access=access)
    yield opened
    opened.close()


@pytest.fixture
def client(service: Service) -> TestClient:
    """A client of an application that performs no runs."""
    return TestClient(create_app(service, starts_runs=False), HERE, raise_server_exceptions=False)


@pytest.fixture
def working(service: Service) -> Iterator[TestClient]:
    """A client of an application whose workers do the runs."""
    with TestClient(create_app(service), HERE) as opened:
        yield opened
