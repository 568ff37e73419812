"""`python -m tests.conformance [NAME …]` writes digests.json anew, or some of it: a change of everybody's data.

`python -m tests.conformance --show NAME` prints the outcomes, so that those of two environments can be compared.
"""

import json
import sys
from collections.abc import Iterable

from tests.conformance import libraries, shapes
from tests.conformance.grid import digested, outcomes
from tests.conformance.test_conformance import DIGESTS, KNOWN


def lines(name: str) -> Iterable[tuple[str, str]]:
    return outcomes(shapes.SHAPES[name]) if name in shapes.SHAPES else libraries.GRIDS[name]()


named = sys.argv[1:]
if named[:1] == ["--show"]:
    for under, line in lines(named[1]):
        print(under, line, sep="\t")
else:
    everything = [*shapes.SHAPES, *libraries.GRIDS]
    made = {name: digested(lines(name)) for name in everything if name in named or not named}
    kept = {name: KNOWN[name] for name in everything if name in KNOWN}
    DIGESTS.write_text(json.dumps(kept | made, indent=0) + "\n", "utf-8")
