"""TPC-H: the example `tpch` against tpchgen-cli, a generator of these tables alone, in native code."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from bench.figures import Figure, load
from bench.measure import SDGEN, Child, Failed, Settings, alternate, child, emptied, peaks, processor, seconds

_NATIVE = "tpchgen-cli"  # pip install tpchgen-cli, wherever PATH leads
_TABLES = "customer,part,orders,lineitem"
_PER_FACTOR = 100  # the example has scale factor 0.01
_ALL = "all eight tables"
_MUST = "≤ 1.0 × the time"


def tpch(settings: Settings) -> list[Figure]:
    """Four tables and all eight, as Parquet files, at scale factor 1: wall clock, processor time and memory."""
    if shutil.which(_NATIVE) is None:
        raise Failed(f"{_NATIVE} is not installed: pip install {_NATIVE}")
    return [_figure(settings, tables) for tables in (_TABLES, "")]


def _ours(folder: Path, factor: float, tables: str) -> Child:
    only = ("--only", tables) if tables else ()
    scale = ("--scale", f"{factor * _PER_FACTOR:g}")
    return child(SDGEN, "generate", "tpch", *scale, *only, "--format", "parquet", "--to", f"{emptied(folder)}/")


def _native(folder: Path, factor: float, tables: str) -> Child:
    """Into a new folder each time: it skips files that are there."""
    chosen = (f"--tables={tables}",) if tables else ()
    return child(_NATIVE, "parquet", "-s", f"{factor:g}", *chosen, f"--output-dir={emptied(folder)}")


def _figure(settings: Settings, tables: str) -> Figure:
    loaded, factor = load(), settings.share
    mine, theirs = settings.folder / "tpch-sdgen", settings.folder / "tpch-native"
    works = {
        "sdgen": partial(_ours, mine, factor, tables),
        "native": partial(_native, theirs, factor, tables),
    }
    found = alternate(settings.rounds, works)
    times = {name: seconds(children) for name, children in found.items()}
    cpu = {name: processor(children) for name, children in found.items()}
    memory = {name: peaks(children).middle for name, children in found.items()}
    wall, processors = times["sdgen"].middle / times["native"].middle, cpu["sdgen"] / cpu["native"]
    note = (
        f"{cpu['sdgen']:.1f} processor seconds against {cpu['native']:.1f} ({processors:.2f} ×); peak memory: "
        f"{memory['sdgen']:.0f} MB against {memory['native']:.0f} MB; "
        f"files: {_megabytes(mine)} MB against {_megabytes(theirs)} MB"
    )
    version = child(_NATIVE, "--version").output.strip()
    return Figure(
        f"TPC-H, scale factor {factor:g}, {tables or _ALL}, to Parquet",
        _MUST,
        times["sdgen"].text(),
        f"{version}: {times['native'].text()}",
        f"{wall:.2f} × the time",
        wall <= 1 and processors <= 1,
        note,
        loaded,
    )


def _megabytes(folder: Path) -> int:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6)
