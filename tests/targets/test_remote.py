"""Files at URLs: an S3-compatible server in a process of its own, and fsspec's memory."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

import sdgen
from sdgen.errors import Cancelled, TargetError
from sdgen.execution.destinations import open_target
from sdgen.targets.base import Mode
from sdgen.verification.verify import verify
from tests.targets import servers
from tests.targets.made import breaking, family, write

fsspec = pytest.importorskip("fsspec")

TEXT = """
name: harbour
seed: 11
as_of: "2026-05-01T00:00:00Z"
entities:
  ships:
    rows: 40
    columns:
      id: {generator: sequence, primary_key: true}
      flag: {generator: choice, params: {values: ["NO", PA, "K/N"]}, nullable: true, null_rate: 0.2}
  calls:
    rows: 900
    columns:
      id: {generator: sequence, primary_key: true}
      ship_id: {generator: fk, params: {entity: ships, column: id}}
      arrived: {generator: datetime, params: {start: "2026-01-01", end: "2026-04-01"}}
"""


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    with servers.s3() as endpoint:
        yield endpoint


class Bucket:
    """A folder of files at a URL, and how a test looks into it."""

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        self.url = url
        self.filesystem, root = fsspec.core.url_to_fs(url, **options)
        self.root = root.rstrip("/")

    def names(self) -> list[str]:
        self.filesystem.invalidate_cache()
        return sorted(each[len(self.root) + 1 :] for each in self.filesystem.find(self.root))

    def read(self, name: str) -> bytes:
        return bytes(self.filesystem.cat_file(f"{self.root}/{name}"))

    def uploads(self) -> list[Any]:
        """Uploads that were begun, and neither completed nor given up."""
        if not self.url.startswith("s3"):
            return [name for name in self.names() if "sdgen-upload" in name]
        return list(self.filesystem.list_multipart_uploads(self.root.partition("/")[0]))


@pytest.fixture(params=["s3", "memory"])
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    if request.param == "memory":
        fsspec.filesystem("memory").store.clear()
        return Bucket("memory://bay/data/", {})
    endpoint = request.getfixturevalue("s3_endpoint")
    name = f"bay-{time.monotonic_ns()}"
    for variable, value in {
        "AWS_ACCESS_KEY_ID": "me",
        "AWS_SECRET_ACCESS_KEY": "hidden-word",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }.items():
        monkeypatch.setenv(variable, value)
    fsspec.filesystem("s3", endpoint_url=endpoint).mkdir(name)
    return Bucket(f"s3://{name}/data/", {"endpoint_url": endpoint})


def scenario() -> Any:
    return sdgen.read(yaml.safe_load(TEXT))


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl", "arrow", "json"])
def test_files_are_there_and_read_back(bucket: Bucket, format: str) -> None:
    result = sdgen.write(scenario(), bucket.url, formats=[format])
    assert bucket.names() == ["_sdgen.json", f"calls.{format}", f"ships.{format}"]
    told = json.loads(bucket.read("_sdgen.json"))
    digests = {each.table: each.digest for each in result.entities}
    assert {name: each["digest"] for name, each in told["tables"].items()} == digests
    assert told["tables"]["calls"] == {"rows": 900, "digest": digests["calls"], "files": [f"calls.{format}"]}
    assert not verify(scenario(), bucket.url).broken
    assert bucket.uploads() == []


def test_the_bytes_are_those_of_local_files(bucket: Bucket, tmp_path: Path) -> None:
    options: dict[str, Any] = {"formats": ["csv", "parquet"], "partition_by": ["flag"]}
    sdgen.write(scenario(), bucket.url, **options)
    sdgen.write(scenario(), tmp_path / "out", **options)
    local = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*.*")}
    files = {name: path for name, path in local.items() if path.is_file() and name != "_sdgen.json"}
    assert {name: bucket.read(name) for name in files} == {name: path.read_bytes() for name, path in files.items()}


def test_modes(bucket: Bucket) -> None:
    options: dict[str, Any] = {"formats": ["parquet"], "part_rows": 400}
    with pytest.raises(TargetError, match="does not exist, so nothing can be appended"):
        sdgen.write(scenario(), bucket.url, mode="append_only", **options)
    sdgen.write(scenario(), bucket.url, **options)
    parts = [f"calls/part-0000{number}.parquet" for number in range(3)]
    assert bucket.names() == ["_sdgen.json", *parts, "ships/part-00000.parquet"]
    with pytest.raises(TargetError, match="exists"):
        sdgen.write(scenario(), bucket.url, **options)
    sdgen.write(scenario(), bucket.url, mode="append_only", rows={"calls": 10, "ships": 2}, seed=5, formats=["parquet"])
    assert {"calls/part-00003.parquet", "ships/part-00001.parquet"} <= set(bucket.names())
    more = pq.read_table(io.BytesIO(bucket.read("calls/part-00003.parquet")))
    assert more["id"].to_pylist() == list(range(901, 911))
    sdgen.write(scenario(), bucket.url, mode="truncate_then_insert", formats=["parquet"])
    assert bucket.names() == ["_sdgen.json", "calls.parquet", "ships.parquet"]
    assert not verify(scenario(), bucket.url).broken


@pytest.mark.parametrize("mode", [Mode.CREATE_IF_MISSING, Mode.TRUNCATE_THEN_INSERT, Mode.APPEND_ONLY])
def test_a_run_that_fails_leaves_nothing(bucket: Bucket, mode: Mode) -> None:
    if mode is not Mode.CREATE_IF_MISSING:
        write(open_target(bucket.url, ("parquet",)), family())
    before = {name: bucket.read(name) for name in bucket.names()}
    target, rows = open_target(bucket.url, ("parquet",)), family(start=5)
    assert target.check(list(rows), mode) == []
    parents, children = rows
    target.prepare(parents, mode)
    target.prepare(children, mode)
    target.write(parents, (target.encode(parents, each) for each in rows[parents]))
    with pytest.raises(RuntimeError, match="broken half-way"):
        target.write(children, breaking(target.encode(children, each) for each in rows[children]))
    visible = {name for name in bucket.names() if "sdgen-upload" not in name}
    assert visible == before.keys()
    target.abort()
    target.abort()
    assert {name: bucket.read(name) for name in bucket.names()} == before
    assert bucket.uploads() == []


@pytest.mark.parametrize("which", ["children", "_sdgen.json"])
def test_a_commit_that_fails_takes_back_what_was_shown(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    from sdgen.files.remote import Upload

    commit = Upload.commit

    def failing(self: Upload) -> None:
        if self.name.startswith(which):
            raise TargetError(sdgen.Problem(("target",), "the connection is gone"))
        commit(self)

    monkeypatch.setattr(Upload, "commit", failing)
    if which == "children":
        with pytest.raises(TargetError, match="connection is gone"):
            write(open_target(bucket.url, ("csv",)), family())
    else:
        with pytest.raises(TargetError, match="connection is gone"):
            sdgen.write(scenario(), bucket.url, formats="csv")
    assert bucket.names() == []
    assert bucket.uploads() == []


@pytest.mark.parametrize("name", ["harbour.yaml", "harbour.sql"])
def test_scenarios_and_schemas_are_read_from_urls(bucket: Bucket, name: str) -> None:
    text = TEXT if name.endswith(".yaml") else "CREATE TABLE quays (id int PRIMARY KEY, depth int NOT NULL);"
    bucket.filesystem.pipe_file(f"{bucket.root}/in/{name}", text.encode())
    read = sdgen.read(f"{bucket.url}in/{name}")
    assert list(read.entities) in (["ships", "calls"], ["quays"])
    sdgen.write(f"{bucket.url}in/{name}", bucket.url, formats=["csv"])
    with pytest.raises(sdgen.SdgenError, match="no such file"):
        sdgen.read(f"{bucket.url}in/none.sql")
    bucket.filesystem.pipe_file(f"{bucket.root}/in/wrong.yaml", b"entities: {a: {rows: many}}")
    with pytest.raises(sdgen.SdgenError, match=f"{bucket.url}in/wrong.yaml") as refused:
        sdgen.read(f"{bucket.url}in/wrong.yaml")
    assert "sdgen-source" not in str(refused.value)


def test_cancelled(bucket: Bucket) -> None:
    cancel = Event()
    plan = sdgen.plan(scenario(), rows={"calls": 400_000})
    from sdgen.execution.events import RowsWritten
    from sdgen.execution.execute import execute

    def listen(event: object) -> None:
        if isinstance(event, RowsWritten) and event.entity == "calls":
            cancel.set()

    with pytest.raises(Cancelled):
        execute(plan, open_target(bucket.url, ("parquet",)), listen=listen, cancel=cancel)
    assert bucket.names() == []
    assert bucket.uploads() == []


def test_ctrl_c(bucket: Bucket, tmp_path: Path) -> None:
    if bucket.url.startswith("memory"):
        pytest.skip("another process has a memory of its own")
    path = tmp_path / "harbour.yaml"
    path.write_text(TEXT)
    command = [sys.executable, "-m", "sdgen", "generate", str(path), "--to", bucket.url, "--format", "csv"]
    with subprocess.Popen([*command, "--rows", "calls=20M"], stderr=subprocess.PIPE, text=True) as process:
        for _ in range(600):
            if bucket.uploads() or process.poll() is not None:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
    assert process.returncode == 130, said
    assert "cancelled" in said
    assert bucket.names() == []
    assert bucket.uploads() == []


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(TargetError, match=r"(?s)s3:// needs a package.*sdgen\[s3\]"):
        sdgen.write(scenario(), "s3://bucket/path/")


def test_an_unknown_bucket_is_told(bucket: Bucket) -> None:
    if bucket.url.startswith("memory"):
        pytest.skip("memory has no buckets")
    with pytest.raises(TargetError, match="there is no bucket 'nowhere-at-all'"):
        sdgen.write(scenario(), "s3://nowhere-at-all/x/")


def test_secrets_are_read_where_the_run_is_done_and_shown_nowhere(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if bucket.url.startswith("memory"):
        pytest.skip("memory has no credentials")
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("LAKE_SECRET", "s3cr3t-of-the-lake")
    storage = {"key": "me", "secret": "${LAKE_SECRET}", "client_kwargs": {"endpoint_url": endpoint}}
    target = {"dsn": bucket.url, "options": {"formats": ["csv"], "storage": storage}}
    sdgen.write(scenario(), target)
    assert "ships.csv" in bucket.names()
    asked = f"{bucket.url}?key=me&secret=${{LAKE_SECRET}}&endpoint_url={endpoint}"
    sdgen.write(scenario(), asked, mode="truncate_then_insert", formats=["csv"])
    with pytest.raises(TargetError) as refused:
        sdgen.write(scenario(), f"s3://gone/x/?key=me&secret=${{LAKE_SECRET}}&endpoint_url={endpoint}")
    assert "s3cr3t" not in str(refused.value) + caplog.text
    with pytest.raises(TargetError, match="LAKE_OTHER"):
        sdgen.write(scenario(), {"dsn": bucket.url, "options": {"storage": {"secret": "${LAKE_OTHER}"}}})


def test_a_stored_target_keeps_no_secret(tmp_path: Path) -> None:
    from sdgen.execution.target_spec import TargetSpec, password_problems

    spec = TargetSpec(dsn="s3://b/x/", options={"storage": {"key": "me", "secret": "written out"}})
    assert [problem.path[-1] for problem in password_problems(spec)] == ["secret"]
    assert not list(password_problems(TargetSpec(dsn="s3://b/x/", options={"storage": {"secret": "${X}"}})))
