"""Scenario texts, right and wrong ones, through every address that reads them: an answer each time, and in time."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sdgen.generators import registry
from sdgen.generators.expressions.allowed import FUNCTIONS
from sdgen.service.service import Service
from sdgen.web.app import create_app
from sdgen.web.limits import RequestLimits
from sdgen.web.security import Limiter, Rules
from tests.conftest import FUZZ
from tests.web.conftest import HERE
from tests.web.test_api import API

LIMITS = RequestLimits(memory=200_000_000, seconds=10, workers=1)
TYPES = [
    "int",
    "bigint",
    "text",
    "varchar(20)",
    "decimal(10,2)",
    "bool",
    "date",
    "timestamp",
    "uuid",
    "json",
    "array<int>",
]
NUMBERS = st.integers(-3, 12) | st.sampled_from([100, 10_000, 10**6, 2**31, 2**63, 10**30, -(2**63), 1e308, 0.5])
WORDS = st.sampled_from(
    ["a", "id", "b", "x", "", "a.b", "é", "\0", "\n", "'", '"', "{a}", "%s", "-", "${HOME}", "x" * 300]
)
LEAVES = NUMBERS | WORDS | st.booleans() | st.none() | st.sampled_from(TYPES)
ANY = st.recursive(
    LEAVES, lambda part: st.lists(part, max_size=3) | st.dictionaries(WORDS, part, max_size=3), max_leaves=6
)
ARGUMENTS = [
    "id",
    "b",
    "'x'",
    "1",
    "lpad(b, 10000, 'a')",
    "replace(b, 'a', b)",
    "[b]",
    "b::text",
    "null",
    "interval 1 day",
]
CALLS = st.recursive(
    st.sampled_from(ARGUMENTS),
    lambda inner: st.builds(
        lambda name, parts: f"{name}({', '.join(parts)})",
        st.sampled_from(sorted(FUNCTIONS)),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)


@st.composite
def generators(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """A generator with some of its params, most of them of no sense."""
    name = draw(st.sampled_from(sorted(registry.names())))
    if name == "expression" or draw(st.integers(0, 4)) == 0:
        return {"generator": "expression", "params": {"sql": draw(CALLS)}}
    kind = registry.find(name)
    fields = [field.alias or each for each, field in kind.model_fields.items()] if kind else []
    value = ANY if not depth else ANY | generators(depth - 1)
    params = {each: draw(value) for each in fields if draw(st.booleans())}
    if name in ("array", "map") and depth:
        params |= {"items": draw(generators(depth - 1)), "max": draw(st.sampled_from([1, 3, 100, 10_000]))}
    return {"generator": name, "params": params}


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    columns: dict[str, Any] = {"id": {"type": "bigint", "primary_key": True}, "b": {"type": "text"}}
    for number in range(draw(st.integers(1, 3))):
        column = draw(generators())
        if draw(st.booleans()):
            column["type"] = draw(st.sampled_from(TYPES))
        columns[f"c{number}"] = column if draw(st.integers(0, 9)) else draw(ANY)
    rows = draw(st.sampled_from([5, 5, 5, 1000, 10**12]) | ANY)
    other = {"rows": {"per": "a", "max": draw(NUMBERS)}, "columns": {"id": {"type": "bigint", "primary_key": True}}}
    entities = {"a": {"rows": rows, "columns": columns}} | ({"o": other} if draw(st.booleans()) else {})
    return {"name": "fuzz", "seed": 1, "entities": entities} | ({} if draw(st.integers(0, 5)) else {"rules": draw(ANY)})


def spoiled(text: str, cuts: list[int]) -> str:
    """A text with some characters taken out, so that its form is wrong."""
    for cut in cuts:
        at = cut % max(len(text), 1)
        text = text[:at] + text[at + 1 :]
    return text


@pytest.mark.parametrize("limits", [None, LIMITS], ids=["here", "worker"])
def test_no_scenario_text_is_unforeseen(service: Service, limits: RequestLimits | None) -> None:
    app = create_app(service, rules=Rules(changes=Limiter(10**9, 1e6)), starts_runs=False, limits=limits)

    @settings(
        max_examples=25 * FUZZ, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
    )  # fmt: skip
    @given(scenario=scenarios(), cuts=st.lists(st.integers(0, 10_000), max_size=2), whole=st.booleans())
    def once(scenario: dict[str, Any], cuts: list[int], whole: bool) -> None:
        text = json.dumps(scenario)
        text = text if whole else spoiled(text, cuts)
        began = time.monotonic()
        answers = [
            client.post(f"{API}/scenarios/validate", json={"scenario": text}),
            client.post(f"{API}/runs/plan", json={"scenario": text, "target": "out/x.sqlite"}),
            client.post("/scenarios/preview", data={"scenario": text}),
            client.post("/rows", data={"scenario": text}),
        ]
        assert all(each.status_code in (200, 422, 503) for each in answers), (
            text,
            [each.status_code for each in answers],
        )
        assert not any(re.search(r"bug in sdgen|Traceback", each.text) for each in answers), text
        assert time.monotonic() - began < 200, text

    with TestClient(app, HERE, raise_server_exceptions=False) as client:
        once()
