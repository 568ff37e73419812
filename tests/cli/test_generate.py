"""`sdgen generate`: what is written, what is said, and what is left when it is stopped."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from sdgen.cli.run_options import MODES
from sdgen.databases.urls import without_password
from sdgen.scenario.model import SHORT_MODES
from sdgen.targets.base import Mode

SDGEN = [sys.executable, "-m", "sdgen"]
LONG = ["generate", "small.yaml", "--only", "customers", "--rows", "1G"]


def test_files_are_named_after_tables(run: Callable[..., Any], folder: Path) -> None:
    result = run("generate", "small.yaml", "--to", "out/", "--format", "csv,jsonl", "--format", "csv,jsonl")
    assert result.exit_code == 0, result.stderr
    names = {file.name for file in (folder / "out").iterdir()}
    assert names == {"_sdgen.json", "customers.csv", "customers.jsonl", "sales_orders.csv", "sales_orders.jsonl"}
    assert (folder / "out" / "sales_orders.csv").read_text().startswith("id,customer_id,status,total\n")


def test_summary_tells_rows_digests_and_the_command_for_the_same_rows(run: Callable[..., Any], folder: Path) -> None:
    result = run("generate", "small.yaml", "--to", "out/", "--seed", "11", "--rows", "customers=1_0", "--workers", "2")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["entity", "table", "rows", "seconds", "rows/s", "digest"]
    assert re.match(r"customers +customers +10 .* [0-9a-f]{32}$", lines[2])
    assert re.match(r"orders +sales_orders +40 .* [0-9a-f]{32}$", lines[3])
    assert re.match(r"50 rows in [\d.]+ s to out/$", lines[4])
    assert lines[5].startswith("again: sdgen generate small.yaml --to out/ --seed 11 --as-of 2026-01-01T00:00:00Z")
    said = sorted(result.stderr.splitlines())
    assert [line.partition(" rows in ")[0] for line in said] == ["customers: 10", "sales_orders: 40"]
    assert "\r" not in result.stderr


def test_the_command_that_is_printed_writes_the_same_rows(run: Callable[..., Any], folder: Path) -> None:
    text = (folder / "small.yaml").read_text()
    (folder / "small.yaml").write_text(text.replace("seed: 7\n", "").replace("as_of: 2026-01-01T00:00:00Z\n", ""))
    first = run(
        "generate", "small.yaml", "--to", "out/", "--rows", "customers=20", "--scale", "0.5", "--format", "jsonl"
    )
    again = first.stdout.splitlines()[-1].removeprefix("again: sdgen ")
    assert run(*shlex.split(again.replace("out/", "second/"))).exit_code == 0
    for file in (folder / "out").iterdir():
        assert file.read_bytes() == (folder / "second" / file.name).read_bytes()


def test_columns_that_stay_english_are_told(run: Callable[..., Any], folder: Path) -> None:
    columns = (
        "{a: {generator: company.catch_phrase}, b: {generator: company.name}, c: {type: text, generator: prose.note}}"
    )
    for locale, told in (("fr", True), ("[fr, en]", False)):
        text = f"name: firms\nlocale: {locale}\nentities: {{firms: {{rows: 2, columns: {columns}}}}}\n"
        (folder / "firms.yaml").write_text(text, "utf-8")
        result = run("generate", "firms.yaml", "--to", "out/", "--mode", "truncate_then_insert")
        assert ("note: in English, whatever the locale: firms.a, firms.c\n" in result.stdout) == told


def test_quiet_says_nothing(run: Callable[..., Any]) -> None:
    result = run("generate", "small.yaml", "--to", "out/", "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_only_writes_some_and_tells_which_keys_are_missing(run: Callable[..., Any], folder: Path) -> None:
    result = run("generate", "small.yaml", "--to", "x.duckdb", "--only", "orders")
    assert result.exit_code == 0, result.stderr
    warning = "warning: no foreign key orders (customer_id) to customers (id): customers was not written"
    assert warning in result.stdout.splitlines()
    assert run("generate", "small.yaml", "--to", "out/", "--only", "orders").stdout.count("warning") == 0
    assert sorted(file.name for file in (folder / "out").iterdir()) == ["_sdgen.json", "sales_orders.csv"]


def test_rows_go_to_stdout_and_messages_to_stderr(run: Callable[..., Any]) -> None:
    process = subprocess.run(
        [*SDGEN, "generate", "small.yaml", "--to", "-", "--only", "orders"], capture_output=True, text=True, check=True
    )
    lines = process.stdout.splitlines()
    assert len(lines) == 201
    assert lines[0] == "id,customer_id,status,total"
    assert "again: sdgen generate" in process.stderr


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    script = f"{shlex.join([*SDGEN, *LONG])} --to - --quiet | head -n 2"
    process = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert len(process.stdout.splitlines()) == 2
    assert process.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told(folder: Path) -> None:
    with open("/dev/full", "wb") as full:
        process = subprocess.run(
            [*SDGEN, *LONG, "--to", "-"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert process.returncode == 1
    assert "No space left on device" in process.stderr
    assert "Traceback" not in process.stderr
    assert "bug" not in process.stderr


def _started(folder: Path, destination: str) -> subprocess.Popen[str]:
    """A long run that has begun to write."""
    process = subprocess.Popen([*SDGEN, *LONG, "--to", destination], stderr=subprocess.PIPE, text=True, cwd=folder)
    deadline = time.monotonic() + 30
    while process.poll() is None and not _staged(folder) and time.monotonic() < deadline:
        time.sleep(0.02)
    return process


def _staged(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if ".sdgen-" in name]


@pytest.fixture
def stop() -> Iterator[Callable[[subprocess.Popen[str], list[int]], str]]:
    """Send signals to a process; what it says on stderr until its end."""
    processes: list[subprocess.Popen[str]] = []

    def send(process: subprocess.Popen[str], numbers: list[int]) -> str:
        processes.append(process)
        for number in numbers:
            process.send_signal(number)
        return process.communicate(timeout=60)[1]

    yield send
    for process in processes:
        if process.poll() is None:
            process.kill()


@pytest.mark.parametrize("destination", ["out/", "x.duckdb", "x.sqlite"])
@pytest.mark.parametrize(
    ("numbers", "code"),
    [([signal.SIGINT], 130), ([signal.SIGTERM], 143), ([signal.SIGINT] * 3, 130)],
    ids=["ctrl-c", "term", "ctrl-c thrice"],
)
def test_a_stopped_run_leaves_nothing(
    destination: str, numbers: list[int], code: int, folder: Path, stop: Callable[..., str]
) -> None:
    process = _started(folder, destination)
    told = stop(process, numbers)
    late = -numbers[0] if len(numbers) > 1 else code  # the third may come when all is done
    assert process.returncode in (code, late)
    assert f"cancelled; {destination} is as it was" in told
    assert "Traceback" not in told
    assert os.listdir(folder) == ["small.yaml"]


@pytest.mark.parametrize(
    "args",
    [
        ["--rows", "many"],
        ["--rows", "-5"],
        ["--rows", "0.5"],
        ["--rows", "=5"],
        ["--format", "xml"],
        ["--mode", "replace"],
        ["--as-of", "yesterday"],
        ["--seed", str(2**64)],
        ["--workers", "-1"],
        ["--nonesuch"],
    ],
)
def test_wrong_usage(args: list[str], run: Callable[..., Any], folder: Path) -> None:
    result = run("generate", "small.yaml", "--to", "out/", *args)
    assert result.exit_code == 2
    assert args[0] in result.stderr
    assert not (folder / "out").exists()


def test_no_destination_is_refused_where_the_scenario_has_none(run: Callable[..., Any]) -> None:
    result = run("generate", "small.yaml")
    assert result.exit_code == 1
    assert "--to" in result.stderr


def test_modes_are_the_targets() -> None:
    assert set(get_args(MODES)) == {*map(str, Mode), *SHORT_MODES}


@pytest.mark.parametrize(
    ("destination", "shown"),
    [
        ("postgresql://me:s3cr@et@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me@host/db?password=s3cret&x=1", "postgresql://me@host/db?password=***&x=1"),
        ("postgresql://me@host:5432/db", "postgresql://me@host:5432/db"),
        ("out/a:b@c/", "out/a:b@c/"),
    ],
)
def test_passwords_are_not_shown(destination: str, shown: str) -> None:
    assert without_password(destination) == shown


def test_bars_on_a_terminal(folder: Path) -> None:
    terminal, side = os.openpty()
    command = [*SDGEN, "generate", "small.yaml", "--to", "out/"]
    process = subprocess.run(
        command, stderr=side, stdout=subprocess.PIPE, text=True, env={**os.environ, "TERM": "xterm"}
    )
    os.close(side)
    shown = os.read(terminal, 1 << 20).decode()
    os.close(terminal)
    assert "sales_orders" in shown
    assert "\x1b[" in shown
    assert "\x1b" not in process.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
@pytest.mark.parametrize("destination", ["closed/", "closed/out/", "closed/x.duckdb", "closed/x.sqlite"])
def test_a_folder_one_may_not_write(destination: str, run: Callable[..., Any], folder: Path) -> None:
    (folder / "closed").mkdir(mode=0o555)
    result = run("generate", "small.yaml", "--to", destination)
    assert result.exit_code == 1
    assert "no permission to write in" in result.stderr


def test_an_option_is_named_in_its_own_error(run: Callable[..., Any]) -> None:
    result = run("generate", "small.yaml", "--to", "out/", "--rows-override", "customers=many")
    assert result.exit_code == 2
    assert "--rows-override" in result.stderr
