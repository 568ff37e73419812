"""What was measured, kept in measured.json, and the table made of it. A bench run again replaces its own lines."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version

from bench.figures import Figure, processor_name
from bench.measure import BENCH
from bench.plot import plot

_KEPT = BENCH / "measured.json"
_RESULTS, _PLOT = BENCH / "RESULTS.md", BENCH / "RESULTS.svg"
_PACKAGES = ("numpy", "pyarrow", "mimesis", "duckdb", "psycopg", "adbc-driver-sqlite", "pydantic")
_COLUMNS = ("figure", "must reach", "measured", "peer", "ratio", "reached", "load", "date", "processor", "note")
_HEAD = """# What was measured

Written by `bench/run` from what it measured; do not edit. Each line was measured together with its peer, in turns.
Times are of whole cold processes, start-up included, the middle of the rounds (and the least and the most) in seconds
of wall clock. `load` is the machine's load average when the bench began: above 0.7, others were at work beside it.
Seconds of lines with other processors or loads don't compare; ratios do.

![rows for each processor second, of sdgen (blue) and of its peers](RESULTS.svg)
"""


def machine() -> str:
    """The machine and the versions, as one line each."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    system = f"{platform.system()} {platform.release()}"
    return (
        f"The last bench ran on: {processor_name()}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}.\n"
        f"Its versions: Python {platform.python_version()}, {packages}, sqllocks-shape 0.9.3.\n"
    )


def keep(found: Mapping[str, Sequence[Figure]]) -> None:
    """Add the figures of some benches to what is kept, and write the table."""
    kept = json.loads(_KEPT.read_text()) if _KEPT.exists() else {}
    kept |= {name: [asdict(figure) for figure in figures] for name, figures in found.items()}
    _KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    figures = [Figure(**figure) for name in sorted(kept) for figure in kept[name]]
    _RESULTS.write_text("\n".join([_HEAD, machine(), *_table(figures), ""]))
    _PLOT.write_text(plot(figures))


def _table(figures: Sequence[Figure]) -> list[str]:
    lines = [f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|"]
    for each in figures:
        reached = {True: "yes", False: "**no**", None: ""}[each.reached]
        cells = (each.name, each.must, each.measured, each.peer, f"**{each.ratio}**", reached)
        lines.append(f"| {' | '.join((*cells, str(each.loaded), each.date, each.machine, each.note))} |")
    return lines
