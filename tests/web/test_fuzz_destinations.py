"""No destination that a request can spell leads outside of what it may name (a process of its own: it has audit hooks)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import FUZZ

ROOT = Path(__file__).parents[2]


def test_no_destination_leads_outside(tmp_path: Path) -> None:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH", "")])])
    command = [sys.executable, "-m", "tests.web.fuzz_destinations", str(60 * FUZZ)]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
