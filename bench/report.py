"""What was measured, kept in measured.json, and the table made of it. A bench run again replaces its own lines."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from bench.figures import Figure
from bench.measure import BENCH

_KEPT = BENCH / "measured.json"
_RESULTS = BENCH / "RESULTS.md"
_PACKAGES = ("numpy", "pyarrow", "mimesis", "duckdb", "psycopg", "adbc-driver-sqlite", "pydantic")
_COLUMNS = ("figure", "must reach", "measured", "peer", "ratio", "reached", "load", "date", "note")
_HEAD = """# What was measured

Written by `bench/run` from what it measured; do not edit. Each line was measured together with its peer, in turns.
Times are of whole cold processes, start-up included, the middle of the rounds (and the least and the most) in seconds
of wall clock. `load` is the machine's load average when the bench began: above 0.7, others were at work beside it.
"""


def machine() -> str:
    """The machine and the versions, as one line each."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    system = f"{platform.system()} {platform.release()}"
    return (
        f"Machine: {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}.\n"
        f"Versions: Python {platform.python_version()}, {packages}, sqllocks-shape 0.9.3.\n"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def keep(found: Mapping[str, Sequence[Figure]]) -> None:
    """Add the figures of some benches to what is kept, and write the table."""
    kept = json.loads(_KEPT.read_text()) if _KEPT.exists() else {}
    kept |= {name: [asdict(figure) for figure in figures] for name, figures in found.items()}
    _KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    figures = [Figure(**figure) for name in sorted(kept) for figure in kept[name]]
    _RESULTS.write_text("\n".join([_HEAD, machine(), *_table(figures), ""]))


def _table(figures: Sequence[Figure]) -> list[str]:
    lines = [f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|"]
    for each in figures:
        reached = {True: "yes", False: "**no**", None: ""}[each.reached]
        cells = (each.name, each.must, each.measured, each.peer, f"**{each.ratio}**", reached)
        lines.append(f"| {' | '.join((*cells, str(each.loaded), each.date, each.note))} |")
    return lines
