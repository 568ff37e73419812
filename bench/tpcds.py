"""TPC-DS: the example `tpcds` against dsdgen, the benchmark's own generator; and a template of a service's data.

Neither makes the other's tables: dsdgen has 24, of which the example has 14 and two more. So what is compared are rows
for each second, of all that each writes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.figures import Figure, load
from bench.measure import BENCH, SDGEN, Child, Settings, alternate, child, emptied, peaks, processor, seconds
from bench.others import install

_VERSION = "1.4.4"
_PACKAGES = (f"duckdb=={_VERSION}", "duckdb-ext-tpcds")
_ENVIRONMENT = ".venv-tpcds"
_PER_FACTOR = 100  # the example has scale factor 0.01
_SERVICE, _SERVICE_SCALE = "stripe", 60  # a million rows
_ROWS = re.compile(r"([\d,]+) rows in")


def tpcds(settings: Settings) -> list[Figure]:
    """As Parquet files, at scale factor 1."""
    install(_ENVIRONMENT, _PACKAGES)
    loaded, factor = load(), settings.share
    works = {
        "sdgen": partial(_ours, settings.folder / "tpcds-sdgen", "tpcds", factor * _PER_FACTOR),
        "native": partial(_native, settings.folder / "tpcds-native", factor),
    }
    found = alternate(settings.rounds, works)
    (rows, times), (their_rows, their_times) = (_told(found[name]) for name in works)
    rates = rows / processor(found["sdgen"]), their_rows / processor(found["native"])
    return [
        Figure(
            f"TPC-DS, scale factor {factor:g}, to Parquet",
            "",
            f"{rows:,} rows, {times}",
            f"dsdgen in DuckDB {_VERSION}: {their_rows:,} rows, {their_times}",
            f"{rates[0] / rates[1]:.2f} × the rows for each processor second",
            None,
            f"peak memory {peaks(found['sdgen']).most:.0f} MB against {peaks(found['native']).most:.0f} MB",
            loaded,
            rates=rates,
        )
    ]


def saas(settings: Settings) -> list[Figure]:
    """A template of a service's data, which follows lives, rhythms and totals: rows for each processor second."""
    loaded, scale = load(), _SERVICE_SCALE * settings.share
    work = partial(_ours, settings.folder / "saas", _SERVICE, scale)
    runs = alternate(settings.rounds, {"sdgen": work})["sdgen"]
    rows, times = _told(runs)
    rate = f"{rows / processor(runs):,.0f} rows for each processor second"
    note = f"peak memory {peaks(runs).most:.0f} MB"
    return [Figure(f"{_SERVICE}, {rows:,} rows, to Parquet", "", times, "", rate, None, note, loaded)]


def _ours(folder: Path, scenario: str, scale: float) -> Child:
    where = f"{emptied(folder)}/"
    return child(SDGEN, "generate", scenario, "--scale", f"{scale:g}", "--format", "parquet", "--to", where)


def _native(folder: Path, factor: float) -> Child:
    emptied(folder).mkdir()
    python = str(BENCH / _ENVIRONMENT / "bin/python")
    return child(python, "-m", "bench.peers.tpcds_duckdb", str(folder), f"{factor:g}")


def _told(children: Sequence[Child]) -> tuple[int, str]:
    """The rows of a run, and how long the runs took."""
    *_, rows = _ROWS.findall(children[0].output)  # the last line tells the sum; those above it, each table's
    times = f"{processor(children):.1f} processor seconds ({seconds(children).text()} of the clock)"
    return int(rows.replace(",", "")), times
