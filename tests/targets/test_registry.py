"""From a destination to a target."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdgen.errors import TargetError
from sdgen.execution.destinations import open_target
from sdgen.targets.base import Mode
from tests.targets.made import every_type


@pytest.mark.parametrize(
    ("destination", "kind"),
    [
        ("out/", "Files"),
        ("out", "Files"),
        ("x.duckdb", "DuckDB"),
        ("duckdb:///x.any", "DuckDB"),
        ("x.db", "SQLite"),
        ("sqlite:///x.any", "SQLite"),
        ("postgres://h/d", "Postgres"),
        ("postgresql://h/d", "Postgres"),
        ("mysql://h/d", "MySQL"),
        ("mariadb://h/d", "MySQL"),
        ("clickhouse://h/d", "ClickHouse"),
        ("chdb:///x", "ClickHouse"),
        ("-", "Stdout"),
    ],
)
def test_known(destination: str, kind: str) -> None:
    assert type(open_target(destination)).__name__ == kind


@pytest.mark.parametrize(
    ("destination", "formats", "message"),
    [
        ("", (), "is empty"),
        ("oracle://x", (), "oracle://"),
        ("postgre://x", (), "did you mean 'postgres"),
        ("orders.csv", (), "one file"),
        ("out/", ("cvs",), "did you mean 'csv'"),
        ("-", ("parquet",), "standard output"),
        ("x.duckdb", ("csv",), "is a database"),
        ("postgresql://x", ("csv",), "file format"),
    ],
)
def test_refused(destination: str, formats: tuple[str, ...], message: str) -> None:
    with pytest.raises(TargetError) as caught:
        open_target(destination, formats)
    assert message in str(caught.value)


def test_a_folder_wins_over_a_suffix(tmp_path: Path) -> None:
    folder = tmp_path / "x.v2"
    folder.mkdir()
    assert type(open_target(str(folder))).__name__ == "Files"


@pytest.mark.parametrize("name", ["x.duckdb", "x.sqlite"])
def test_places_that_cannot_be(tmp_path: Path, name: str) -> None:
    table, _ = every_type()
    (tmp_path / name).mkdir()
    for destination, message in (
        (f"{name[2:]}:///{tmp_path}/{name}", "is a folder"),
        (f"{tmp_path}/none/{name}", "does not exist"),
    ):
        (problem,) = open_target(destination).check([table], Mode.CREATE_IF_MISSING)
        assert message in problem.what


def test_password_is_never_told() -> None:
    table, _ = every_type()
    target = open_target("postgresql://me:s3cr3t%21@127.0.0.1:1/nowhere")
    (problem,) = target.check([table], Mode.CREATE_IF_MISSING)
    assert "s3cr3t" not in str(problem)
    assert "PostgreSQL" in problem.what
