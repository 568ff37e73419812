"""`python -m tests.web.fuzz_destinations EXAMPLES`: DSN-like texts through every road of the API, in a process of its own.

An audit hook watches what Python opens, makes, renames and connects to; what libraries in C open is seen by the arguments
they are given, and by what lies in the folder afterwards. Ends with an error at the first place outside of `out`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import psycopg
import pymysql
from adbc_driver_sqlite import dbapi as adbc_sqlite
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sdgen.errors import TargetError
from sdgen.execution import target_kinds
from sdgen.execution.access import Access
from sdgen.execution.target_spec import TargetSpec
from sdgen.execution.targets import resolve_target
from sdgen.service.service import Service
from sdgen.web.app import create_app
from sdgen.web.security import Limiter, Rules

ALLOWED = ("postgresql://app@*.internal/*", "mysql://app@db.internal/*", "clickhouse://app@db.internal/*")
HOSTS = (".internal",)
TINY = "name: t\nseed: 1\nentities:\n  a: {rows: 2, columns: {id: {type: bigint, primary_key: true}}}\n"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_MAKING = {"os.mkdir": 0, "os.rename": 1, "os.remove": 0, "os.rmdir": 0, "os.symlink": 1, "os.truncate": 0}
_COMMON = ("/proc/", "/dev/", tempfile.gettempdir())  # of libraries, whatever is asked

_SCHEMES = [
    *target_kinds.kinds(),
    *target_kinds.SYNONYMS,
    "SQLITE",
    "postgres",
    "clickhouses",
    "md",
    "file",
    "http",
    "",
]
_PARTS = [
    "out",
    "out/",
    "../",
    "..",
    "/",
    "//",
    "outside/",
    "secret.sqlite",
    "secret.duckdb",
    "x.sqlite",
    "x.db",
    "x.sql",
]
_PARTS += [
    "x.duckdb",
    "file:",
    "md:",
    "link/",
    "app@",
    "u:p@ss@",
    "evil",
    "db.internal",
    "@db.internal",
    ",",
    "%2C",
    "%2F",
]
_PARTS += [
    ":",
    ":5432",
    "?",
    "#",
    "&",
    "host=evil",
    "schema=x",
    "service=evil",
    "?mode=memory",
    "\\",
    "\0",
    "\n",
    " ",
    "%00",
]
_PARTS += [
    "${",
    "}",
    "${file:/etc/passwd}",
    "${HOME}",
    ";",
    "'",
    "unix_socket=/tmp/x",
    "~",
    "dbname=evil",
    "..%2F",
    "é",
]
_TEXTS = st.lists(st.sampled_from(_PARTS) | st.text(max_size=3), max_size=6).map("".join)
_ROOTS = st.sampled_from(["", "BASE/", "BASE/outside/", "BASE/out/", "out/", "out/../", "out/link/"])
DSNS = st.builds(lambda root, text: root + text, _ROOTS, _TEXTS)
DSNS |= st.builds(lambda s, slashes, root, text: f"{s}:{slashes}{root}{text}",
                  st.sampled_from(_SCHEMES), st.sampled_from(["//", "///", "////", "/"]), _ROOTS, _TEXTS)  # fmt: skip
KINDS = st.sampled_from(["", "", *_SCHEMES, "nonsense"])
_OPTIONS = st.sampled_from([{}, {"formats": ["csv"]}, {"formats": ["sql"]}, {"filename_pattern": "../{entity}.csv"}])


class Watch:
    """What was opened outside of `out`, while `on`."""

    def __init__(self, base: Path) -> None:
        self.base, self.on = base, False
        self.seen: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            mode, flags = arguments[1], arguments[2]
            writes = bool(set(mode or "") & set("wax+")) or (isinstance(flags, int) and bool(flags & _WRITING))
            self.path(os.fsdecode(arguments[0]), event, reads=not writes)
        elif event in _MAKING and arguments[-1] in (-1, None):  # others are told by a folder that is open
            self.path(os.fsdecode(arguments[_MAKING[event]]), event)
        elif event == "sqlite3.connect":
            uri = str(arguments[0])
            self.path(unquote(uri[5:].partition("?")[0]) if uri.startswith("file:") else uri, event)
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            self.host(str(arguments[0]), event)

    def path(self, path: str, event: str, reads: bool = False) -> None:
        place = Path(os.path.realpath(path))
        if place == self.base or (reads and not place.exists()):
            return
        beside = str(place).startswith(str(self.base / ".out.sdgen-"))  # where files wait until all are there
        fine = beside or place.is_relative_to(self.base / "out") or "runs.sqlite" in place.name
        if not fine and (place.is_relative_to(self.base) or not (reads or str(place).startswith(_COMMON))):
            self.seen.append(f"{event} {path}")

    def host(self, host: str, event: str) -> None:
        if not all(each.partition(":")[0].endswith(HOSTS) for each in host.split(",")):
            self.seen.append(f"{event} {host}")


def watched(watch: Watch) -> None:
    """Put watchers where libraries in C are asked to open something. Nothing is connected to."""

    def refuse_server(*arguments: Any, **named: Any) -> Any:
        text = str(named.get("host") or (arguments[0] if arguments else ""))
        if "://" in text:
            found = psycopg.conninfo.conninfo_to_dict(text)
            if found.get("service") or str(found.get("host") or "").startswith("/"):
                watch.seen.append(f"psycopg {text}")
            text = str(found.get("host") or "none")
        if named.get("unix_socket"):
            watch.seen.append(f"socket {named}")
        watch.host(text, "connect")
        raise psycopg.OperationalError("not here")

    psycopg.connect = refuse_server
    pymysql.connect = refuse_server
    plain_duckdb, plain_sqlite = duckdb.connect, adbc_sqlite.connect

    def duck(database: Any = ":memory:", *arguments: Any, **named: Any) -> Any:
        if database != ":memory:":
            if not os.path.isabs(str(database)):
                watch.seen.append(f"duckdb {database}")
            watch.path(str(database), "duckdb")
        return plain_duckdb(database, *arguments, **named)

    def sqlite(uri: str | None = None, *arguments: Any, **named: Any) -> Any:
        if watch.on and uri is not None:
            watch.path(uri, "adbc sqlite")
        return plain_sqlite(uri, *arguments, **named)

    duckdb.connect = duck
    adbc_sqlite.connect = sqlite


@contextmanager
def application(base: Path) -> Iterator[TestClient]:
    access = Access(paths=False, folders=(base / "out",), destinations=ALLOWED, secrets=())
    service = Service.open(base / "runs.sqlite", access=access)
    rules = Rules(changes=Limiter(10**9, 1e6))
    try:
        yield TestClient(create_app(service, rules=rules, starts_runs=False), "http://127.0.0.1")
    finally:
        service.close()


def tree(base: Path) -> dict[str, bytes]:
    """All that lies in the folder beside `out` and the store."""
    files = (path for path in base.rglob("*") if path.is_file() and not path.is_relative_to(base / "out"))
    own = ("runs.sqlite", ".hypothesis")
    return {str(path): path.read_bytes() for path in files if not path.relative_to(base).parts[0].startswith(own)}


def main(examples: int) -> None:
    base = Path.cwd().resolve()
    for name in ("out", "outside"):
        (base / name).mkdir()
    (base / "out" / "link").symlink_to(base / "outside")
    for name in ("secret.sqlite", "secret.duckdb", "secret.txt"):
        (base / "outside" / name).write_bytes(b"secret")
    before, watch = tree(base), Watch(base)
    sys.addaudithook(watch)
    watched(watch)
    with application(base) as client:
        client.get("/api/v1/scenarios/shop")  # what is imported and read once

        @settings(
            max_examples=examples, deadline=None, database=None, phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(dsn=DSNS, kind=KINDS, options=_OPTIONS)
        def once(dsn: str, kind: str, options: dict[str, Any]) -> None:
            dsn = dsn.replace("BASE", str(base))
            spec = {"dsn": dsn, "kind": kind, "options": options}
            watch.on = True
            try:
                statuses = tried(client, spec, str(len(watch.seen)))
            finally:
                watch.on = False
            assert not watch.seen, (spec, watch.seen)
            assert all(each < 500 for each in statuses), (spec, statuses)
            opened_kind(dsn, kind)

        once()
    after = tree(base)
    assert after == before, sorted(after.keys() ^ before.keys())


def tried(client: TestClient, spec: dict[str, Any], name: str) -> list[int]:
    """The statuses of every road that a target of a request goes."""
    api = "/api/v1"
    inline = {"scenario": TINY, "target": spec if spec["kind"] or spec["options"] else spec["dsn"]}
    answers = [client.post(f"{api}/runs/plan", json=inline), client.post(f"{api}/runs", json=inline)]
    answers.append(client.put(f"{api}/targets/t{name}", json=spec))
    if answers[-1].status_code == 200:
        answers.append(client.post(f"{api}/targets/t{name}/test"))
        answers.append(client.post(f"{api}/runs/plan", json={"scenario": TINY, "target_id": f"t{name}"}))
        client.delete(f"{api}/targets/t{name}")
    return [answer.status_code for answer in answers]


def opened_kind(dsn: str, kind: str) -> None:
    """Without limits too, as at the shell: what is opened is of the kind that is named."""
    try:
        target = resolve_target(TargetSpec(dsn=dsn, kind=kind))
    except TargetError:
        return
    assert not kind or target.kind == target_kinds.named(kind)
    assert target_kinds.kind_of(target.destination) == target.kind
    names = {"files": ("Files", "Script"), "sqlite": ("SQLite",), "duckdb": ("DuckDB",), "sql": ("Script",)}
    names |= {"postgres": ("Postgres",), "mysql": ("MySQL",), "stdout": ("Stdout", "Script")}
    assert type(target.open()).__name__ in names.get(target.kind, (type(target.open()).__name__,)), (dsn, kind)


if __name__ == "__main__":
    main(int(sys.argv[1]))
