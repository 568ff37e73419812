"""The command line in this process, and a small scenario for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sdgen.cli.app import app

SMALL = """\
name: small
version: 1.0.0
seed: 7
as_of: 2026-01-01T00:00:00Z
entities:
  customers:
    rows: 50
    columns:
      id: {type: uuid, primary_key: true, generator: uuid4}
      full_name: {generator: person.full_name}
      opened: {type: timestamp, generator: datetime, params: {start: 2020-01-01, end: 2025-01-01}}
  orders:
    target_table: sales_orders
    rows: {per: customers, count: 4}
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      customer_id: {generator: fk, params: {entity: customers, column: id}}
      status: {type: string, nullable: true, generator: choice, params: {values: [paid, sent, lost]}}
      total: {type: "decimal(10,2)", generator: decimal, params: {min: 1, max: 500}}
      secret: {type: int, hidden: true, generator: uniform_int, params: {min: 0, max: 9}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, holding small.yaml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SDGEN_RUNS_DB", str(tmp_path / "runs.sqlite"))
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Callable[..., Any]:
    """`run("validate", "small.yaml")`: its exit_code, stdout and stderr, none of which may hold a traceback."""

    def invoke(*args: str) -> Any:
        result = CliRunner().invoke(app, list(args))
        assert "Traceback" not in result.stdout + result.stderr
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return invoke
