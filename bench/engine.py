"""The engine alone: orders of W1 made on one core and thrown away, against the same columns straight from numpy."""

from __future__ import annotations

import sys
from functools import partial
from time import perf_counter, process_time

from bench.figures import Figure, load
from bench.measure import BENCH, PYTHON, Settings, Spread, alternate, child

_ORDERS = 5_000_000
_AT_LEAST = 2.5e6


def engine(settings: Settings) -> list[Figure]:
    loaded, count = load(), settings.rows(_ORDERS)
    works = {
        "ours": partial(child, PYTHON, "-m", "bench.engine", str(count)),
        "numpy": partial(child, PYTHON, "-m", "bench.peers.numpy_orders", str(count)),
    }
    found = alternate(settings.rounds, works)
    mine, core, sketch = (
        Spread(tuple(count / float(each.output.split()[field]) / 1e6 for each in found[name]))
        for name, field in (("ours", 0), ("ours", 1), ("numpy", 0))
    )
    return [
        Figure(
            f"engine alone, {count:,} orders, one worker",
            "≥ 2.5 M rows/s per core",
            mine.text("M rows/s"),
            f"numpy by hand, no stable cells: {sketch.text('M rows/s')}",
            f"{mine.middle / sketch.middle:.2f} ×",
            min(mine.middle, core.middle) * 1e6 >= _AT_LEAST,
            f"{core.middle:.2f} M rows per processor second; without the time to read and plan",
            loaded,
        )
    ]


def main(count: int) -> None:
    """Make the orders, and print the seconds on the wall and of the processor."""
    from sdgen.api import plan
    from sdgen.engine import batches

    settled = plan(BENCH / "w1.yaml", rows={"customers": count // 5, "orders": count})
    started, worked = perf_counter(), process_time()
    made = sum(len(batch) for batch in batches(settled, "orders", encode=lambda batch, _: batch, workers=1))
    wall, core = perf_counter() - started, process_time() - worked
    assert made == count
    print(wall, core)


if __name__ == "__main__":
    main(int(sys.argv[1]))
