"""Commands leave pandas alone, where it is installed; others in the same process still find it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("pandas")


def test_a_command_imports_no_pandas() -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sdgen", "preview", "shop", "--rows", "2"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rsplit("|", 1)[-1].strip() for line in told.stderr.splitlines()}
    assert "pyarrow" in imported
    assert not [name for name in imported if name.startswith("pandas.")]


def test_pandas_is_there_for_whoever_asks_later() -> None:
    program = (
        "from sdgen.cli.pandas_guard import start_arrow; start_arrow(); import pandas; print(pandas.DataFrame.__name__)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout == "DataFrame\n"
