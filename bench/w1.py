"""W1 to Parquet and CSV, against a row loop with Mimesis and against sqllocks-shape; and its peak memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.figures import Figure, load
from bench.measure import BENCH, PYTHON, SDGEN, Child, Settings, alternate, child, emptied, peaks, processor, seconds

CUSTOMERS = 1_000_000
MIMESIS_PART = 20
SHAPE = BENCH / ".venv-shape/bin/shape"
_SHAPE_PIN = "sqllocks-shape==0.9.3"
_AGAINST_MIMESIS = {"parquet": 35, "csv": 22}
_AGAINST_SHAPE = {"parquet": 2, "csv": 1.5}
_MB_AT_MOST, _GROWTH_AT_MOST = 600, 1.2


def ours(folder: Path, form: str, customers: int, scenario: str = "w1") -> Child:
    """A cold `sdgen generate` of N customers and 5N orders."""
    counts = ("--rows", f"customers={customers}", "--rows", f"orders={5 * customers}")
    file = str(BENCH / f"{scenario}.yaml")
    return child(SDGEN, "generate", file, "--to", f"{emptied(folder / 'ours')}/", "--format", form, *counts, "-q")


def mimesis(folder: Path, form: str, customers: int) -> Child:
    where = emptied(folder / "mimesis")
    where.mkdir()
    return child(PYTHON, "-m", "bench.peers.mimesis_loop", form, str(where), str(customers))


def against_mimesis(settings: Settings) -> list[Figure]:
    """The row loop makes a twentieth of the rows; its time is multiplied by twenty, start-up and all."""
    return [_mimesis_figure(settings, form) for form in _AGAINST_MIMESIS]


def _mimesis_figure(settings: Settings, form: str) -> Figure:
    count, loaded = settings.rows(CUSTOMERS), load()
    found = alternate(
        settings.rounds,
        {
            "ours": partial(ours, settings.folder, form, count),
            "mimesis": partial(mimesis, settings.folder, form, count // MIMESIS_PART),
            "start": partial(mimesis, settings.folder, form, 0),
        },
    )
    mine, start = seconds(found["ours"]), seconds(found["start"]).middle
    peer = seconds(found["mimesis"]).times(MIMESIS_PART)
    once = peer.middle - (MIMESIS_PART - 1) * start
    ratio, least = peer.middle / mine.middle, _AGAINST_MIMESIS[form]
    return Figure(
        f"W1 to {form}, N = {count:,}, against a Mimesis loop",
        f"≥ {least} ×",
        f"{mine.text()}, {6 * count / mine.middle / 1e6:.2f} M rows/s",
        f"{peer.text('s', 1)}; {once:.1f} s with its start-up counted once",
        f"{ratio:.1f} × ({once / mine.middle:.1f} × with start-up once)",
        ratio >= least,
        f"{processor(found['ours']):.1f} processor seconds; the loop's start-up is {start:.2f} s; both write uuids "
        "(16 bytes in Parquet)",
        loaded,
        rates=(6 * count / processor(found["ours"]), 6 * count / (processor(found["mimesis"]) * MIMESIS_PART)),
    )


def installed_shape() -> None:
    """Install the peer into an environment of its own, once."""
    if SHAPE.exists():
        return
    place = SHAPE.parent.parent
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, _SHAPE_PIN], check=True)


def shape(folder: Path, form: str, customers: int) -> Child:
    counts = ("--rows", f"customers={customers}", "--rows", f"orders={5 * customers}")
    spec, out = str(folder / "w1.gen.json"), str(emptied(folder / "shape"))
    return child(str(SHAPE), "generate", spec, "--format", form, "-o", out, *counts)


def against_shape(settings: Settings) -> list[Figure]:
    """Shape writes whole numbers as ids whatever was declared: measured with uuids and with the same whole numbers."""
    installed_shape()
    child(str(SHAPE), "from-ddl", str(BENCH / "peers/w1.sql"), "-o", str(settings.folder / "w1.gen.json"))
    return [figure for form in _AGAINST_SHAPE for figure in _shape_figures(settings, form)]


def _shape_figures(settings: Settings, form: str) -> list[Figure]:
    count, loaded, least = settings.rows(CUSTOMERS), load(), _AGAINST_SHAPE[form]
    found = alternate(
        settings.rounds,
        {
            "uuid": partial(ours, settings.folder, form, count),
            "shape": partial(shape, settings.folder, form, count),
            "bigint": partial(ours, settings.folder, form, count, "w1_bigint"),
        },
    )
    peer, memory = seconds(found["shape"]), peaks(found["shape"]).most

    def figure(ids: str, wanted: bool) -> Figure:
        mine = seconds(found[ids])
        ratio = peer.middle / mine.middle
        name = f"W1 to {form}, N = {count:,}, our ids {ids}, against Shape 0.9.3 (ids bigint)"
        must, reached = (f"≥ {least} ×", ratio >= least) if wanted else ("", None)
        work = f"{processor(found[ids]):.1f} processor seconds against {processor(found['shape']):.1f}"
        note = f"{work}; peak memory: {peaks(found[ids]).most:.0f} MB against {memory:.0f} MB"
        rates = (6 * count / processor(found[ids]), 6 * count / processor(found["shape"]))
        return Figure(name, must, mine.text(), peer.text(), f"{ratio:.2f} ×", reached, note, loaded, rates=rates)

    return [figure("uuid", True), figure("bigint", False)]


def memory(settings: Settings) -> list[Figure]:
    """Ten times the rows must not need more memory: the peer is the smaller run."""
    return [_memory_figure(settings, form) for form in _AGAINST_MIMESIS]


def _memory_figure(settings: Settings, form: str) -> Figure:
    large, small, loaded = settings.rows(2_000_000), settings.rows(200_000), load()
    works: dict[str, Callable[[], Child]] = {
        "large": partial(ours, settings.folder, form, large),
        "small": partial(ours, settings.folder, form, small),
    }
    found = alternate(settings.rounds, works)
    much, little = peaks(found["large"]), peaks(found["small"])
    growth = much.middle / little.middle
    return Figure(
        f"peak memory of W1 to {form}, N = {large:,} against N = {small:,}",
        f"≤ {_GROWTH_AT_MOST} ×, < {_MB_AT_MOST} MB",
        much.text("MB", 0),
        little.text("MB", 0),
        f"{growth:.2f} ×",
        growth <= _GROWTH_AT_MOST and much.most < _MB_AT_MOST,
        "maximum resident set of the process",
        loaded,
    )
