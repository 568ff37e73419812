"""Targets: kinds, parts, secrets, guards, and passwords that are shown nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdgen.errors import StoreError, TargetError
from sdgen.execution.secrets import Redactor, expand, has_literal_password, passwords_of, without_passwords
from sdgen.execution.target_kinds import database_of, kind_of, with_absolute_path
from sdgen.execution.target_spec import TargetSpec
from sdgen.execution.targets import resolve_target
from sdgen.service.service import Service
from tests.service.made import asked

PASSWORD = "hunter2/s:ecret"


@pytest.mark.parametrize(
    ("dsn", "kind"),
    [
        ("out/", "files"),
        ("out", "files"),
        ("x.sqlite", "sqlite"),
        ("x.db", "sqlite"),
        ("x.duckdb", "duckdb"),
        ("postgres://h/d", "postgres"),
        ("postgresql://h/d", "postgres"),
        ("sqlite:///x", "sqlite"),
        ("x.foo", ""),
        ("${DSN}", ""),
    ],
)
def test_kinds(dsn: str, kind: str) -> None:
    assert kind_of(dsn) == kind


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "no dsn"),
        ({"dsn": "x.foo"}, "no database is known by .foo"),
        ({"dsn": "x", "kind": "nonesuch"}, "nonesuch"),
        ({"dsn": "postgresql://h/d", "kind": "sqlite"}, "is of the kind postgres"),
        ({"dsn": "x.sqlite", "schema": "s"}, "no schema"),
        ({"dsn": "out/", "database": "d"}, "no database"),
        ({"dsn": "out/", "options": {"formats": "nonesuch"}}, "nonesuch"),
        ({"dsn": "out/", "options": {"workers": "many"}}, "whole number"),
        ({"dsn": "-"}, "standard output"),
        ({"dsn": "postgresql://u:${NONESUCH_VARIABLE}@h/d"}, "NONESUCH_VARIABLE is not set"),
        ({"dsn": "postgresql://u:${file:/nonesuch}@h/d"}, "can't be read"),
        ({"dsn": "postgresql://u:${file:/etc/../etc/passwd}@h/d"}, "may not hold"),
        ({"dsn": "postgresql://u:${9}@h/d"}, "not the name of a variable"),
    ],
)
def test_what_is_wrong_with_a_target(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(TargetError, match=words):
        resolve_target(TargetSpec(**spec))


def test_parts_beside_the_dsn() -> None:
    parts: dict[str, Any] = {"database": "b_demo", "schema": "s x", "allow_databases": ("*_demo",)}
    spec = TargetSpec(dsn="postgresql://u@h/a?sslmode=disable", **parts)
    assert resolve_target(spec).destination == "postgresql://u@h/b_demo?sslmode=disable&schema=s%20x"


def test_paths_stand_where_they_stood(tmp_path: Path) -> None:
    assert with_absolute_path("out/", "files", tmp_path) == f"{tmp_path}/out/"
    assert with_absolute_path("x y", "sqlite", tmp_path) == f"sqlite:///{tmp_path}/x%20y"
    opened: Any = resolve_target(TargetSpec(dsn=with_absolute_path("x y", "sqlite", tmp_path), kind="sqlite")).open()
    assert opened.path == tmp_path / "x y"
    assert with_absolute_path("postgresql://h/d", "postgres", tmp_path) == "postgresql://h/d"


@pytest.mark.parametrize(
    ("dsn", "allowed"),
    [
        ("postgresql://h/shop_demo", True),
        ("postgresql://h/prod", False),
        ("postgresql://h/shop_demo?dbname=prod", False),
        ("postgresql://h/shop_demo?schema=x&dbname=prod", False),
        ("postgresql://h/shop_demo?service=prod", False),
        ("postgresql://h", False),
        ("x_demo.sqlite", True),
        ("prod.sqlite", False),
        ("sqlite:///x_test.sqlite", True),
        ("out_demo/", True),
        ("out/", False),
    ],
)
def test_guards(dsn: str, allowed: bool) -> None:
    spec = TargetSpec(dsn=dsn, allow_databases=("*_demo", "*_test"))
    if allowed:
        assert resolve_target(spec)
    else:
        with pytest.raises(TargetError, match=r"\*_demo"):
            resolve_target(spec)
    assert database_of("clickhouse://h/d?x=1", "clickhouse") == "d"


def test_secrets_come_from_the_environment_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_PASSWORD", PASSWORD)
    (tmp_path / "password").write_text(PASSWORD + "\n")
    for template in ("postgresql://u:${THE_PASSWORD}@h/d", f"postgresql://u:${{file:{tmp_path}/password}}@h/d"):
        settled = resolve_target(TargetSpec(dsn=template))
        assert settled.destination == "postgresql://u:hunter2%2Fs%3Aecret@h/d"
        assert settled.shown == "postgresql://u:***@h/d"
        shown = settled.redactor(f"no {PASSWORD!r} and no hunter2%2Fs%3Aecret") + repr(settled)
        assert "hunter2" not in shown
    monkeypatch.setenv("WHOLE", "postgresql://u:hunter2@h/d")
    assert resolve_target(TargetSpec(dsn="${WHOLE}")).shown == "postgresql://u:***@h/d"
    assert expand("a ${THE_PASSWORD}").text == f"a {PASSWORD}"


@pytest.mark.parametrize(
    ("dsn", "literal"),
    [
        ("postgresql://u:secret@h/d", True),
        ("postgresql://u:x${A}@h/d", True),
        ("postgresql://u@h/d?password=secret", True),
        ("postgresql://u:${A}@h/d?password=${B}", False),
        ("postgresql://u@h/d", False),
        ("sqlite:///a:b@c", False),
    ],
)
def test_passwords_written_out(dsn: str, literal: bool) -> None:
    assert has_literal_password(dsn) == literal


def test_redaction() -> None:
    assert passwords_of("x://u:a%20b@h/d?password=c") == ("a%20b", "a b", "c")
    text = "failed: postgresql://u:pw@h/d password=abc; token: x and user 'abcd' of secret-word"
    assert without_passwords(text).startswith("failed: postgresql://u:***@h/d password=***")
    assert Redactor(("abcd",))("'abcd' abc") == "'***' abc"


def test_a_password_written_out_is_not_kept(service: Service, folder: Path) -> None:
    dsn = "postgresql://u:hunter2secret@127.0.0.1:1/x_demo"
    with pytest.raises(TargetError, match=r"\$\{NAME\}"):
        service.add_target(TargetSpec(id="x", dsn=dsn))
    with pytest.raises(StoreError, match="can't store a password"):
        service.submit(asked(dsn))
    run = service.perform(asked(dsn))
    assert run.status == "failed"
    assert "connection" in run.error
    with pytest.raises(StoreError, match="successful"):
        service.again(run.id)
    service.test_target(spec=TargetSpec(dsn=dsn))
    service.close()
    for path in folder.glob("runs.sqlite*"):
        assert b"hunter2secret" not in path.read_bytes()


def test_a_secret_is_never_stored(service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_PASSWORD", "hunter2 secret")
    service.add_target(TargetSpec(id="x", dsn="postgresql://u:${THE_PASSWORD}@127.0.0.1:1/x_demo"))
    found = service.test_target("x")
    assert not found.ok
    run = service.perform(asked(None, target_id="x"))
    texts = [found.model_dump_json(), run.model_dump_json(), *(line.text for line in service.logs(run.id))]
    service.close()
    stored = b"".join(path.read_bytes() for path in folder.glob("runs.sqlite*"))
    assert b"${THE_PASSWORD}" in stored
    for text in [*(each.encode() for each in texts), stored]:
        assert b"hunter2" not in text


@pytest.mark.parametrize("dsn", ["out/", "x.sqlite", "x.duckdb"])
def test_a_test_leaves_nothing_behind(service: Service, folder: Path, dsn: str) -> None:
    before = set(folder.rglob("*"))
    found = service.test_target(spec=TargetSpec(dsn=dsn))
    assert found.ok
    assert (found.can_create, found.can_insert, found.can_truncate) == (True, True, True)
    assert set(folder.rglob("*")) - before <= {folder / f"runs.sqlite-{each}" for each in ("wal", "shm")}


def test_a_test_of_a_server(service: Service, postgres_url: str) -> None:
    import psycopg

    assert service.test_target(spec=TargetSpec(dsn=postgres_url)).can_insert
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
