"""`python -m tests.conformance` writes digests.json anew. What changed is a change of everybody's data."""

import json

from tests.conformance import libraries, shapes
from tests.conformance.grid import digests
from tests.conformance.test_conformance import DIGESTS

made = {name: digests(listed) for name, listed in shapes.SHAPES.items()}
made |= {grid: libraries.digests(grid) for grid in libraries.GRIDS}
DIGESTS.write_text(json.dumps(made, indent=0) + "\n", "utf-8")
