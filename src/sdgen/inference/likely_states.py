"""How likely states are that a schema lists without saying so: most orders arrive, few are lost, and each step of a
funnel is rarer than the one before (data/states.json)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

OFTEN = 60
_WEIGHTS = {"often": OFTEN, "seldom": 4}
_ELSE = 14
_STEPS = 3  # of a funnel, without which a list isn't one


def weights(values: Sequence[object]) -> list[int] | None:
    """A weight for each state, as its word suggests; None where they aren't all texts, or none stands out."""
    if not all(isinstance(value, str) for value in values):
        return None
    words = [_word(str(value)) for value in values]
    steps = max(_states()["funnels"], key=lambda funnel: sum(word in funnel for word in words))
    if sum(word in steps for word in words) >= max(_STEPS, 0.6 * len(words)):
        return [steps.get(word, 2) for word in words]
    found = [_known().get(word, _ELSE) for word in words]
    return found if len(set(found)) > 1 else None


def _word(state: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", state.lower()).strip("_")


@cache
def _states() -> Any:
    return json.loads(files("sdgen").joinpath("data/states.json").read_text(encoding="utf-8"))


@cache
def _known() -> dict[str, int]:
    return {state: weight for kind, weight in _WEIGHTS.items() for state in _states()[kind]}
