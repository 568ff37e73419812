"""The command that is printed after a run is typed into a real shell, for each kind of target and way to ask.

The shell tells what it makes of a line; sdgen itself then runs in this process, which takes a fifth of the time. Lines
that do more than call sdgen are run as they are.
"""

from __future__ import annotations

import csv
import re
import shlex
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.typed import run_by, shell_commands, typed

FILES = ("csv", "jsonl", "json", "parquet", "arrow", "csv,parquet")
QUOTES = "out of 'the' $HOME"


@pytest.fixture
def shell(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shell_commands(tmp_path_factory.mktemp("bin"))


def test_a_command_of_its_own(shell: Path) -> None:
    """Once, as a process."""
    first = run_by(shell, f"sdgen generate small.yaml --to {shlex.quote(QUOTES)}/", {})
    assert digests(run_by(shell, printed(first), {})) == digests(first)


def printed(done: subprocess.CompletedProcess[str]) -> str:
    """The printed command."""
    assert done.returncode == 0, done.stderr
    return next(
        line.removeprefix("again: ") for line in (done.stdout + done.stderr).splitlines() if line.startswith("again: ")
    )


def digests(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return re.findall(r"\b[0-9a-f]{32}$", done.stdout + done.stderr, re.MULTILINE)


def typed_again(shell: Path, *options: str, **variables: str) -> str:
    """A run, and the command it prints, typed twice: the same digests each time. The command."""
    first = typed(shell, shlex.join(["sdgen", "generate", "small.yaml", *options]), **variables)
    line = printed(first)
    second = typed(shell, line, **variables)
    assert digests(second) == digests(first)
    assert printed(second) == line
    assert digests(typed(shell, line, **variables)) == digests(first)
    return line


@pytest.mark.parametrize("formats", FILES)
def test_files(formats: str, shell: Path) -> None:
    assert "--mode truncate_then_insert" in typed_again(shell, "--to", f"{QUOTES}/", "--format", formats)
    assert Path(QUOTES).is_dir()


@pytest.mark.parametrize("dsn", ["{}.sqlite", "{}.duckdb", "x.db", "sqlite:///x.y", "chdb:///x.chdb"])
@pytest.mark.parametrize("mode", ["create", "truncate"])
def test_database_files(dsn: str, mode: str, shell: Path) -> None:
    typed_again(shell, "--to", dsn.format(QUOTES), "--mode", mode)


def test_a_kind_beside_the_path(shell: Path) -> None:
    typed_again(shell, "--to", "x.data", "--target-kind", "sqlite", "--only", "customers", "--scale", "0.5")
    with closing(sqlite3.connect("x.data")) as connection:
        assert connection.execute("SELECT count(*) FROM customers").fetchall() == [(25,)]


def test_a_run_that_commits_as_it_goes(shell: Path) -> None:
    typed_again(shell, "--to", "x.sqlite", "--commit-every", "10", "--rows", "customers=70000", "--batch-size", "1k")


@pytest.mark.parametrize("name", [f"{QUOTES}.sql", "x.mysql.sql", "x.sqlite.sql", "scripts/"])
@pytest.mark.parametrize("mode", ["create", "append", "truncate"])
def test_scripts(name: str, mode: str, shell: Path) -> None:
    """The same script again, to the byte: its mode is what it does to the database that it is loaded into."""
    formats = ("--format", "sql:mysql") if name.endswith("/") else ()
    options = shlex.join(["--to", name, "--mode", mode, *formats])
    first = typed(shell, f"sdgen generate small.yaml {options}")
    place = Path(name, "dump.sql") if name.endswith("/") else Path(name)
    script, line = place.read_bytes(), printed(first)
    for _ in range(2):
        assert digests(typed(shell, line)) == digests(first)
        assert place.read_bytes() == script


def test_standard_output(shell: Path) -> None:
    for more in ("--only customers", "--only orders --format jsonl", "--format sql:mysql --mode append"):
        first = typed(shell, f"sdgen generate small.yaml --to - {more} 2>said")
        line = next(line for line in Path("said").read_text().splitlines() if line.startswith("again: "))
        assert typed(shell, f"{line.removeprefix('again: ')} 2>/dev/null").stdout == first.stdout


def test_files_that_are_appended_to(shell: Path) -> None:
    """Each time as many rows again, whose keys go on after those that are there."""
    typed(shell, "sdgen generate small.yaml --to out/")
    line = printed(typed(shell, "sdgen generate small.yaml --to out/ --mode append"))
    assert "--mode append_only" in line
    assert printed(typed(shell, line)) == line
    with Path("out/sales_orders.csv").open(encoding="utf-8") as file:
        assert [row["id"] for row in csv.DictReader(file)] == [str(number) for number in range(1, 601)]


def test_the_scenarios_own_output(shell: Path) -> None:
    small = Path("small.yaml")
    small.write_text(small.read_text() + "output: {format: [csv, duckdb], path: mine}\n")
    assert "--to" in typed_again(shell, "--to", "other/")
    first = typed(shell, "sdgen generate small.yaml")
    lines = [line.removeprefix("again: ") for line in first.stdout.splitlines() if line.startswith("again: ")]
    assert len(lines) == 2
    for line in lines:
        assert typed(shell, line).returncode == 0
    assert typed(shell, "rm -r mine").returncode == 0
    typed_again(shell, "--format", "jsonl")
    assert sorted(path.name for path in Path("mine").iterdir()) == [
        "_sdgen.json",
        "customers.jsonl",
        "sales_orders.jsonl",
    ]


def test_a_target_file(shell: Path) -> None:
    Path("target.yaml").write_text("kind: duckdb\ndsn: x.bin\nmode: create_if_missing\n")
    typed_again(shell, "--to", "target.yaml")


def test_tables_with_modes_of_their_own(shell: Path) -> None:
    small = Path("small.yaml")
    typed(shell, "sdgen generate small.yaml --to x.sqlite --only customers")
    text = small.read_text()
    small.write_text(text.replace("  customers:\n", "  customers:\n    table_mode: append_only\n"))
    assert "--set entities.orders.table_mode=truncate_then_insert" in printed(
        done := typed(shell, "sdgen generate small.yaml --to x.sqlite --rows customers=10")
    )
    assert typed(shell, printed(done)).returncode == 0
    with closing(sqlite3.connect("x.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM customers").fetchall() == [(70,)]
        assert connection.execute("SELECT count(*) FROM sales_orders").fetchall() == [(280,)], (
            "not those of the first run too"
        )


def test_older_rows_of_a_table_without_keys_stay(shell: Path) -> None:
    Path("log.yaml").write_text("name: log\nentities: {log: {rows: 5, columns: {id: {generator: sequence}}}}\n")
    assert "--mode truncate_then_insert" in printed(typed(shell, "sdgen generate log.yaml --to x.duckdb"))
    line = printed(typed(shell, "sdgen generate log.yaml --to x.duckdb"))
    assert "truncate" not in line, "it would empty what the first run wrote"
    assert typed(shell, line).returncode == 0


def test_a_server_with_a_password(shell: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    user, _, rest = postgres_url.removeprefix("postgresql://").partition("@")
    name, secret = user.partition(":")[0], "s3cr@et/word"
    line = typed_again(shell, "--to", f"postgresql://{name}:s3cr%40et%2Fword@{rest}", SDGEN_PASSWORD=secret)
    assert "${SDGEN_PASSWORD}" in line
    assert "s3cr" not in line
    refused = typed(shell, line)
    assert refused.returncode == 1
    assert "the variable SDGEN_PASSWORD is not set" in refused.stderr
    own = typed_again(shell, "--to", f"postgresql://{name}:${{MINE}}@{rest}", "--mode", "truncate", MINE=secret)
    assert "${MINE}" in own


def test_a_clickhouse_server(shell: Path, clickhouse_url: str) -> None:
    from tests.targets.clickhouse_server import PASSWORD

    assert PASSWORD not in typed_again(shell, "--to", clickhouse_url, SDGEN_PASSWORD=PASSWORD)


def test_a_mysql_server(shell: Path, mysql_url: str) -> None:
    typed_again(shell, "--to", mysql_url)


def test_a_schema_that_is_a_database_with_a_password(shell: Path, postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE things (id int PRIMARY KEY, name text NOT NULL)")
    user, _, rest = postgres_url.removeprefix("postgresql://").partition("@")
    url = f"postgresql://{user.partition(':')[0]}:s3cret@{rest}"
    first = typed(shell, shlex.join(["sdgen", "generate", url, "--to", "out/", "--rows", "5"]))
    line = printed(first)
    assert "s3cret" not in line
    assert "put it into the variable SDGEN_SCENARIO_PASSWORD" in first.stdout
    assert digests(typed(shell, line, SDGEN_SCENARIO_PASSWORD="s3cret")) == digests(first)
