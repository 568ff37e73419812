"""bench/run [--quick] [NAME]...: measure, print each figure, and write RESULTS.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bench.databases import postgres, sqlite
from bench.engine import engine
from bench.figures import Figure
from bench.flat import flat
from bench.measure import Failed, Settings
from bench.others import PEERS, against
from bench.report import keep
from bench.service import service
from bench.startup import startup
from bench.tpcds import saas, tpcds
from bench.tpch import tpch
from bench.w1 import against_mimesis, against_shape, memory

BENCHES: Mapping[str, Callable[[Settings], list[Figure]]] = {
    "w1": against_mimesis,
    "shape": against_shape,
    **{peer.name.lower(): partial(against, peer) for peer in PEERS},
    "engine": engine,
    "postgres": postgres,
    "sqlite": sqlite,
    "memory": memory,
    "flat": flat,
    "startup": startup,
    "service": service,
    "tpch": tpch,
    "tpcds": tpcds,
    "saas": saas,
}


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run", description="Measure speed and memory against peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"benches to run (all): {', '.join(BENCHES)}")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the rows, one round; RESULTS.md stays as it is"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (3)")
    parser.add_argument("--share", type=float, default=1.0, help="of the rows of each bench (1): for slow machines")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in BENCHES]
    if unknown:
        parser.error(f"no bench is called {', '.join(unknown)}")
    return asked


def main() -> int:
    asked, failed = _asked(), False
    with tempfile.TemporaryDirectory(prefix="sdgen-bench-") as folder:
        settings = Settings(0.1 if asked.quick else asked.share, 1 if asked.quick else asked.rounds, Path(folder))
        for name in asked.names or BENCHES:
            try:
                figures = BENCHES[name](settings)
            except Failed as failure:
                print(f"{name}: {failure}", file=sys.stderr)
                failed = True
                continue
            print("\n".join(figure.line() for figure in figures), flush=True)
            if not asked.quick:
                keep({name: figures})
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
