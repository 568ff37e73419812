"""W1 against other generators, each in an environment of its own and written as its documentation would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.figures import Figure, load
from bench.measure import BENCH, PYTHON, Child, Settings, alternate, child, emptied, peaks, processor, seconds
from bench.w1 import CUSTOMERS, ours

_ROWS = 6  # of both tables for each customer
_VERSIONS = "import sys; from importlib.metadata import version as v; print(*(f'{n} {v(n)}' for n in sys.argv[1:]))"
_LOOPS = ("faker==40.63.0", "polyfactory==3.5.0", "snowfakery==4.2.1", "setuptools<81", "pyarrow")
_SPARK = ("dbldatagen==0.4.0.post1", "pyspark==3.5.9", "jmespath", "pyparsing", "pandas", "pyarrow", "setuptools")


@dataclass(frozen=True)
class Peer:
    """A generator. share: of the rows that it makes, one in so many: slow ones are measured by a part.

    packages: what its environment has, named after `environment`; none where it is ours. command: what is run with
    FORMAT FOLDER CUSTOMERS, or of a recipe with the number and the folder.
    """

    name: str
    packages: Sequence[str]
    environment: str
    module: str
    share: int
    formats: Sequence[str] = ("csv", "parquet")
    note: str = ""

    @property
    def python(self) -> str:
        return str(BENCH / self.environment / "bin/python") if self.environment else PYTHON

    def run(self, folder: Path, form: str, customers: int) -> Child:
        where = emptied(folder / "peer")
        where.mkdir()
        if self.module.endswith(".yml"):
            program, recipe = str(Path(self.python).with_name("snowfakery")), str(BENCH / "peers" / self.module)
            amount = ("--target-number", str(max(customers, 1)), "Customer")
            return child(program, recipe, *amount, "--output-format", form, "--output-folder", str(where))
        return child(self.python, "-m", f"bench.peers.{self.module}", form, str(where), str(customers))

    def version(self) -> str:
        names = [name for name, _, _ in (each.partition("==") for each in self.packages) if name == self.name.lower()]
        return child(self.python, "-c", _VERSIONS, *(names or ["duckdb"])).output.strip()


PEERS = (
    Peer("Faker", _LOOPS, ".venv-peers", "faker_loop", 200),
    Peer("Polyfactory", _LOOPS, ".venv-peers", "polyfactory_loop", 500),
    Peer("Snowfakery", _LOOPS, ".venv-peers", "w1.recipe.yml", 500, ("csv",)),
    Peer(
        "dbldatagen",
        _SPARK,
        ".venv-spark",
        "dbldatagen_w1",
        1,
        note="Spark in local mode, ids whole numbers",
    ),
    Peer("DuckDB", (), "", "duckdb_sql", 1, note="SQL by hand, names out of 38, nothing stable from run to run"),
)


def against(peer: Peer, settings: Settings) -> list[Figure]:
    """The peer to CSV and Parquet, where it writes them."""
    if peer.environment:
        install(peer.environment, peer.packages)
    return [_figure(settings, peer, form) for form in peer.formats]


def install(environment: str, packages: Sequence[str]) -> None:
    """Make a peer's environment, once."""
    place = BENCH / environment
    if not place.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        pip = [str(place / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True)


def _figure(settings: Settings, peer: Peer, form: str) -> Figure:
    count, loaded = settings.rows(CUSTOMERS), load()
    part = max(count // peer.share, 1)
    found: Mapping[str, list[Child]] = alternate(
        settings.rounds,
        {
            "ours": partial(ours, settings.folder, form, count),
            "peer": partial(peer.run, settings.folder, form, part),
            "start": partial(peer.run, settings.folder, form, 0),
        },
    )
    mine, start = processor(found["ours"]), processor(found["start"])
    # Start-up counts once, however small the part that was measured; a loop has one thread, so that its processor
    # seconds are the clock's where nobody else is at work.
    theirs = start + (processor(found["peer"]) - start) * (count / part)
    measured = f"({part:,} customers in {seconds(found['peer']).text()})"
    memory = f"peak memory {peaks(found['ours']).most:.0f} MB against {peaks(found['peer']).most:.0f} MB"
    return Figure(
        f"W1 to {form}, N = {count:,}, against {peer.name}",
        "",
        f"{mine:.2f} processor seconds ({seconds(found['ours']).text()} of the clock)",
        f"{peer.version()}: {theirs:.1f} processor seconds {measured}",
        f"{theirs / mine:.1f} ×",
        None,
        "; ".join(filter(None, (memory, peer.note))),
        loaded,
        rates=(_ROWS * count / mine, _ROWS * count / theirs),
    )
