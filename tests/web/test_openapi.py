"""The API against its own OpenAPI document: whatever is sent, the answer is one that the document tells of."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from sdgen.service.service import Service
from sdgen.web.app import create_app
from sdgen.web.security import Limiter, Rules
from tests.conftest import FUZZ
from tests.service.made import tiny
from tests.web.conftest import HERE
from tests.web.test_api import API, over, refused, started

SENT = ("post", "put")
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_LEAVES |= st.sampled_from(
    ["shop", "demo", "out/x.sqlite", "out/\0", "../x.sqlite", "name: x", 1e308, 2**63, -1, "${A}"]
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
_FIELDS: tuple[str, ...] = (
    "id",
    "dsn",
    "kind",
    "scenario",
    "scenario_id",
    "target",
    "target_id",
    "seed",
    "as_of",
    "rows",
    "scale",
)
_FIELDS += ("include", "exclude", "mode", "formats", "workers", "options", "allow_databases", "schema", "name")


@pytest.fixture
def unlimited(service: Service) -> TestClient:
    app = create_app(service, rules=Rules(changes=Limiter(10**9, 1e6)), starts_runs=False)
    return TestClient(app, HERE, raise_server_exceptions=False)


def operations(client: TestClient) -> list[tuple[str, str]]:
    paths: dict[str, dict[str, Any]] = client.get(f"{API}/openapi.json").json()["paths"]
    return [(method, path) for path, found in paths.items() for method in found]


@settings(max_examples=60 * FUZZ, phases=(Phase.generate,), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=5) | _VALUES, chosen=st.integers(0, 100))
def test_no_body_is_unforeseen(unlimited: TestClient, body: Any, chosen: int) -> None:
    senders = [each for each in operations(unlimited) if each[0] in SENT]
    method, path = senders[chosen % len(senders)]
    documented = unlimited.get(f"{API}/openapi.json").json()["paths"][path][method]["responses"]
    answer = unlimited.request(method, path.replace("{scenario_id}", "a").replace("{target_id}", "b"), json=body)
    assert str(answer.status_code) in documented, (method, path, body, answer.text)
    if answer.status_code >= 400:
        refused(answer, answer.status_code)


def test_a_scale_without_end_is_refused(client: TestClient) -> None:
    asked = {"scenario_id": "shop", "target": "out/x.sqlite", "scale": 1.1e308}
    for path in ("/runs", "/runs/plan"):
        problems = refused(client.post(f"{API}{path}", json=asked), 422)
        assert "are more than" in problems[0]["what"]


def test_a_path_that_no_file_can_have_is_refused(client: TestClient) -> None:
    refused(client.post(f"{API}/targets", json={"id": "x", "dsn": "out/\0.sqlite"}), 422)


def test_the_methods_of_an_address_are_its_own(client: TestClient) -> None:
    for path, methods in (("/runs/plan", "POST"), ("/scenarios/validate", "POST"), ("/runs/x", "DELETE, GET")):
        answer = client.request("OPTIONS", f"{API}{path}")
        refused(answer, 405)
        assert answer.headers["allow"] == methods


def test_all_that_is_documented_is_kept(service: Service) -> None:
    """Schemathesis: generated requests, right and wrong ones, against every operation, events too."""
    schemathesis = pytest.importorskip("schemathesis")
    config = schemathesis.Config.from_dict(
        {"checks": {"positive_data_acceptance": {"enabled": False}}, "generation": {"max-examples": 6}}
    )
    app = create_app(service, rules=Rules(hosts=("testserver",), changes=Limiter(10**9, 1e6)))
    with TestClient(app, HERE) as client:  # whose workers do the one run that there is
        run_id = started(client, scenario=tiny(), target="out/x.sqlite")
        assert over(client, run_id)["status"] == "success"
    schema = schemathesis.openapi.from_asgi(f"{API}/openapi.json", app, config=config)
    for found in schema.get_all_operations():
        _tried(schemathesis, found.ok(), run_id)


def _tried(schemathesis: Any, operation: Any, run_id: str) -> None:
    """A few requests to one operation; runs are named by an id that there is, or nothing would be behind them."""
    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
        try:
            strategy = operation.as_strategy(generation_mode=mode)
        except schemathesis.errors.SchemathesisError:
            continue  # nothing about it can be wrong
        _sent(strategy, run_id if mode is schemathesis.GenerationMode.POSITIVE else "")


def _sent(strategy: Any, run_id: str) -> None:
    @settings(max_examples=4 * FUZZ, phases=(Phase.generate,), suppress_health_check=list(HealthCheck), database=None)
    @given(case=strategy)
    def once(case: Any) -> None:
        if run_id and "run_id" in (case.path_parameters or {}):
            case.path_parameters["run_id"] = run_id
        case.call_and_validate()

    with suppress(Unsatisfiable):  # nothing about it can be wrong
        once()
