"""Small runs, cold: what a person waits for at the prompt."""

from __future__ import annotations

from functools import partial

from bench.figures import Figure, load
from bench.measure import BENCH, PYTHON, SDGEN, Settings, alternate, child, seconds
from bench.w1 import mimesis, ours

_SMALL = 1_000
_ROUNDS = 5
_IMPORTS = (PYTHON, "-c", "import numpy, pyarrow, pyarrow.compute")
_SHOP = (SDGEN, "preview", "shop")
_FAR = (SDGEN, "preview", str(BENCH / "two_billion.yaml"), "readings", "--at", "1000000000")
_LESS_THAN = {
    f"W1 to csv, N = {_SMALL:,}, cold": 0.9,
    "sdgen --help": 0.5,
    "sdgen preview shop": 1.0,
    "sdgen preview --at 1000000000 of 2 billion rows": 1.0,
}


def startup(settings: Settings) -> list[Figure]:
    loaded = load()
    names = list(_LESS_THAN)
    works = {
        names[0]: partial(ours, settings.folder, "csv", _SMALL),
        names[1]: partial(child, SDGEN, "--help"),
        names[2]: partial(child, *_SHOP),
        names[3]: partial(child, *_FAR),
        "a Mimesis loop": partial(mimesis, settings.folder, "csv", _SMALL),
        "python": partial(child, PYTHON, "-c", "pass"),
        "python, importing numpy and pyarrow": partial(child, *_IMPORTS),
    }
    found = {name: seconds(children) for name, children in alternate(_ROUNDS, works).items()}
    peers = ("a Mimesis loop", "python", *["python, importing numpy and pyarrow"] * 2)

    def figure(name: str, peer: str) -> Figure:
        mine, theirs, limit = found[name], found[peer], _LESS_THAN[name]
        ratio = f"{mine.middle / theirs.middle:.1f} × the time"
        return Figure(
            name, f"< {limit} s", mine.text(), f"{peer}: {theirs.text()}", ratio, mine.middle < limit, "", loaded
        )

    return [figure(name, peer) for name, peer in zip(names, peers, strict=True)]
