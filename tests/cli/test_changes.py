"""`--set`, `--rules` and `--size` on the command line, and in the command that is printed."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]
SET = (
    "--set",
    "entities.customers.rows=7",
    "--set",
    "entities.customers.columns.full_name={generator: const, params: {value: a b}}",
)


def again(stdout: str) -> list[str]:
    line = next(line for line in stdout.splitlines() if line.startswith("again: "))
    return shlex.split(line.removeprefix("again: sdgen "))


def test_set_and_the_command_for_the_same(run: Run, folder: Path) -> None:
    first = run("generate", "small.yaml", "--to", "out/", *SET)
    assert (folder / "out/customers.csv").read_text().count("a b") == 7
    words = again(first.stdout)
    words[words.index("out/")] = "out2/"
    second = run(*words)
    assert (folder / "out2/sales_orders.csv").read_bytes() == (folder / "out/sales_orders.csv").read_bytes()
    assert again(second.stdout) == words


def test_set_everywhere(run: Run) -> None:
    assert run("preview", "small.yaml", "customers", *SET).stdout.count("a b") == 7
    assert ": 2 entities, 8 columns, 35 rows" in run("validate", "small.yaml", *SET).stdout
    run("generate", "small.yaml", "--to", "out/", *SET)
    assert run("verify", "small.yaml", "out/", *SET).exit_code == 0
    assert run("verify", "small.yaml", "out/").exit_code == 1


def test_a_wrong_path_is_told(run: Run) -> None:
    for command in (["generate", "small.yaml", "--to", "out/"], ["preview", "small.yaml"], ["validate", "small.yaml"]):
        result = run(*command, "--set", "entities.custommers.rows=1", "--set", "x")
        assert result.exit_code == 1
        assert "did you mean 'customers'?" in result.stderr
        assert "--set x: no path" in result.stderr


def test_rules(run: Run, folder: Path) -> None:
    (folder / "plain.yaml").write_text("name: p\nseed: 1\nentities: {a: {rows: 3, columns: {caption: text}}}\n")
    (folder / "rules.yaml").write_text("fields: {caption: {generator: const, params: {value: hey}}}\n")
    assert run("preview", "plain.yaml", "--rules", "rules.yaml").stdout.count("hey") == 3
    words = again(run("generate", "plain.yaml", "--to", "out/", "--rules", "rules.yaml").stdout)
    assert words[-2:] == ["--rules", "rules.yaml"]
    assert run("verify", "plain.yaml", "out/", "--rules", "rules.yaml").exit_code == 0
    (folder / "rules.yaml").write_text("fields: {caption: konst}\n")
    assert "rules.yaml:1:10: fields.caption" in run("validate", "plain.yaml", "--rules", "rules.yaml").stderr


def test_size_is_printed_as_a_scale(run: Run, folder: Path) -> None:
    first = run("generate", "small.yaml", "--to", "out/", "--size", "100kB")
    assert abs(sum(file.stat().st_size for file in (folder / "out").iterdir()) / 1e5 - 1) < 0.1
    words = again(first.stdout)
    assert "--scale" in words
    assert "--size" not in words
    assert f"size: --scale {words[words.index('--scale') + 1]} makes about" in first.stderr
    assert run("generate", "small.yaml", "--to", "out/", "--size", "1MB", "--scale", "2").exit_code == 2
    assert run("generate", "small.yaml", "--to", "out/", "--size", "big").exit_code == 2


def test_resume(run: Run, folder: Path) -> None:
    assert run("generate", "small.yaml", "--to", "out/", "--resume").exit_code == 0
    assert (folder / "out/customers.csv").exists()
    refused = run("generate", "small.yaml", "--to", "x.sqlite", "--resume")
    assert refused.exit_code == 1
    assert "with commit_every (--commit-every 1M) it keeps what is done" in refused.stderr
