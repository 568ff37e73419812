"""How likely states are that a schema lists without saying so: most orders arrive, few are lost (data/states.json)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

OFTEN = 60
_WEIGHTS = {"often": OFTEN, "seldom": 4}
_ELSE = 14


def weights(values: Sequence[object]) -> list[int] | None:
    """A weight for each state, as its word suggests; None where they aren't all texts, or none stands out."""
    if not all(isinstance(value, str) for value in values):
        return None
    found = [_known().get(_word(str(value)), _ELSE) for value in values]
    return found if len(set(found)) > 1 else None


def _word(state: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", state.lower()).strip("_")


@cache
def _known() -> dict[str, int]:
    listed = json.loads(files("sdgen").joinpath("data/states.json").read_text(encoding="utf-8"))
    return {state: _WEIGHTS[kind] for kind, states in listed.items() for state in states}
