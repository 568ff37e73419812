"""`python -m tests.conformance [NAME …]` writes digests.json anew, or some of it: a change of everybody's data."""

import json
import sys

from tests.conformance import libraries, shapes
from tests.conformance.grid import digests
from tests.conformance.test_conformance import DIGESTS, KNOWN

named = sys.argv[1:]
made = {name: digests(listed) for name, listed in shapes.SHAPES.items() if name in named or not named}
made |= {grid: libraries.digests(grid) for grid in libraries.GRIDS if grid in named or not named}
kept = {name: KNOWN[name] for name in KNOWN if name in shapes.SHAPES or name in libraries.GRIDS}
DIGESTS.write_text(json.dumps(kept | made, indent=0) + "\n", "utf-8")
