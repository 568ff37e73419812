"""Who may ask: hosts, origins, tokens, sizes and rates; and that no password is ever told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from sdgen.execution.access import Access
from sdgen.execution.target_problems import access_problems
from sdgen.execution.target_spec import TargetSpec
from sdgen.service.service import Service
from sdgen.web.app import create_app
from sdgen.web.security import COOKIE, HEADERS, Limiter, Rules
from tests.service.made import tiny
from tests.web.conftest import HERE, PASSWORD
from tests.web.test_api import API, refused

TOKEN = "a-token-of-some-length"
BEARER = {"authorization": f"Bearer {TOKEN}"}
RUNS = f"{API}/runs"


@pytest.fixture
def guarded(service: Service) -> TestClient:
    app = create_app(service, token=TOKEN, allowed_hosts=("sdgen.example",), starts_runs=False)
    return TestClient(app, HERE, follow_redirects=False)


def limited(service: Service, **rules: object) -> TestClient:
    return TestClient(create_app(service, rules=Rules(**rules), starts_runs=False), HERE)  # type: ignore[arg-type]


def test_names_of_this_machine(client: TestClient) -> None:
    for host in ("127.0.0.1", "localhost:8765", "[::1]:8765", "LOCALHOST", "localhost."):
        assert client.get(f"{API}/health", headers={"host": host}).status_code == 200, host


def test_other_names_are_refused(client: TestClient) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "", "a@localhost", "localhost/x", "[::1"):
        refused(client.get(f"{API}/health", headers={"host": host}), 421)


def test_a_name_can_be_allowed(guarded: TestClient) -> None:
    assert guarded.get(f"{API}/health", headers={"host": "sdgen.example:80"}).status_code == 200


def test_pages_of_other_origins_change_nothing(client: TestClient, service: Service) -> None:
    asked = {"scenario": tiny(), "target": "out/x.sqlite"}
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9999", "file://127.0.0.1", "http://["):
        refused(client.post(RUNS, json=asked, headers={"origin": origin}), 403)
        refused(client.delete(f"{API}/scenarios/shop", headers={"origin": origin}), 403)
    for site in ("cross-site", "same-site"):
        refused(client.post(RUNS, json=asked, headers={"sec-fetch-site": site}), 403)
    assert service.runs()[1] == 0


def test_our_own_pages_and_programs_may(client: TestClient) -> None:
    own: tuple[dict[str, str], ...] = ({"origin": HERE}, {"sec-fetch-site": "same-origin"}, {})
    for headers in own:
        assert client.post(f"{API}/scenarios/validate", json={"scenario": "x"}, headers=headers).status_code == 200


def test_a_form_of_another_kind_is_no_request(client: TestClient) -> None:
    body = json.dumps({"scenario_id": "shop", "target_id": "demo"})
    refused(client.post(RUNS, content=body, headers={"content-type": "text/plain"}), 422)


def test_a_token_is_asked_for(guarded: TestClient) -> None:
    answer = guarded.get(RUNS)
    refused(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    for wrong in ("Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ", "Bearer é"):
        refused(guarded.get(RUNS, headers={"authorization": wrong.encode()}), 401)
    refused(guarded.get(f"{API}/runs?token={TOKEN}"), 401)
    refused(guarded.get(f"{API}/openapi.json"), 401)
    assert guarded.get(RUNS, headers=BEARER).status_code == 200
    assert guarded.get(f"{API}/health").status_code == 200


def test_a_browser_signs_in_with_a_form(guarded: TestClient) -> None:
    away = guarded.get("/")
    assert (away.status_code, away.headers["location"]) == (303, "/login")
    assert "<form" in guarded.get("/login").text
    assert guarded.post("/login", data={"token": "wrong"}).status_code == 401
    assert COOKIE not in guarded.cookies
    came = guarded.post("/login", data={"token": TOKEN})
    told = came.headers["set-cookie"].lower()
    assert (came.status_code, "httponly" in told, "samesite=strict" in told, TOKEN in told) == (303, True, True, False)
    assert guarded.get(RUNS).status_code == 200
    guarded.post("/logout")
    refused(guarded.get(RUNS), 401)


def test_an_address_with_the_token_signs_in_once(guarded: TestClient) -> None:
    came = guarded.get("/runs/latest", params={"token": TOKEN, "tab": "log"})
    assert (came.status_code, came.headers["location"]) == (303, "/runs/latest?tab=log")
    assert guarded.get(RUNS).status_code == 200
    guarded.cookies.clear()
    assert guarded.get(f"//evil.example/?token={TOKEN}").headers.get("location", "/").startswith("/")
    assert (
        not guarded.get(f"http://127.0.0.1//evil.example/?token={TOKEN}").headers.get("location", "/").startswith("//")
    )


def test_tokens_are_not_guessed_for_long(service: Service) -> None:
    client = limited(service, token=TOKEN, failures=Limiter(3, 0.01))
    codes = [client.get(RUNS, headers={"authorization": f"Bearer {each}"}).status_code for each in range(5)]
    assert codes == [401, 401, 401, 429, 429]
    assert client.post("/login", data={"token": "wrong"}).status_code == 429
    assert client.get(RUNS, headers=BEARER).status_code == 200


def test_large_bodies_are_refused(service: Service) -> None:
    client = limited(service, largest_body=1000)
    address = f"{API}/scenarios/validate"
    refused(client.post(address, json={"scenario": "x" * 2000}), 413)
    refused(client.post(address, content=(b"x" * 500 for _ in range(3))), 413)
    assert client.post(address, json={"scenario": "x"}).status_code == 200


def test_requests_that_change_something_have_a_rate(service: Service) -> None:
    client = limited(service, changes=Limiter(2, 0.01))
    address = f"{API}/scenarios/validate"
    assert [client.post(address, json={"scenario": "x"}).status_code for _ in range(2)] == [200, 200]
    answer = client.post(address, json={"scenario": "x"})
    refused(answer, 429)
    assert int(answer.headers["retry-after"]) > 1
    assert client.get(RUNS).status_code == 200


def test_permits_come_back() -> None:
    now = [100.0]
    limiter = Limiter(2, 0.5, lambda: now[0])
    assert [limiter.take("a"), limiter.take("a"), limiter.take("a"), limiter.take("b")] == [0, 0, 2, 0]
    now[0] += 2
    assert [limiter.take("a"), limiter.take("a")] == [0, 2]


def test_headers_are_on_every_answer(client: TestClient) -> None:
    for address in (f"{API}/health", RUNS, f"{API}/nothing", "/nothing"):
        headers = client.get(address).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
        assert "unsafe" not in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
        assert headers["cache-control"] == "no-store"


def test_no_password_is_told(client: TestClient) -> None:
    written = {"scenario": tiny(), "target": f"postgresql://app:{PASSWORD}@db/shop"}
    told = [
        client.get(f"{API}/targets"),
        client.get(f"{API}/targets/open"),
        client.get(f"{API}/targets/far"),
        client.post(f"{API}/targets/far/test"),
        client.post(f"{API}/targets/open/test"),
        client.post(RUNS, json=written),
        client.post(f"{RUNS}/plan", json=written),
        client.post(RUNS, json={**written, "target": {"dsn": written["target"], "kind": "sqlite"}}),
        client.post(RUNS, json={**written, "target": {"dsn": [written["target"]]}}),
        client.post(RUNS, json={**written, "seed": f"password={PASSWORD}"}),
        client.post(f"{API}/targets", json={"id": "x", "dsn": written["target"]}),
        client.post(RUNS, json={"scenario_id": "shop", "target_id": "far"}),
        client.post(f"{RUNS}/plan", json={"scenario_id": "shop", "target_id": "far"}),
        client.post(RUNS, json={"scenario_id": "shop", "target_id": "open"}),
        client.get(RUNS),
        client.get(f"{RUNS}/latest"),
    ]
    assert [each.status_code for each in told][:3] == [200] * 3
    for response in told:
        assert PASSWORD not in response.text, response.request.url
        assert response.status_code < 500


@pytest.mark.parametrize(
    ("destination", "allowed"),
    [
        ("postgresql://demo@db/shop", True),
        ("postgresql://demo:***@db/shop?sslmode=require", True),
        ("postgresql://demo:***@evil/@db/shop", False),
        ("postgresql://demo:***@evil?@db/shop", False),
        ("postgresql://demo@evil\\@db/shop", False),
        ("postgresql://demo@db.evil/shop", False),
        ("postgresql://other@db/shop", False),
        ("mysql://demo@db/shop", False),
    ],
)
def test_a_pattern_of_destinations_holds_the_host(destination: str, allowed: bool) -> None:
    for pattern in ("postgresql://demo@db/*", "postgresql://d*@db/*", "postgresql://d*:***@db/*"):
        assert Access(destinations=(pattern,)).allows_destination(destination) is allowed


@pytest.mark.parametrize("password", ["p@ssw0rd", "sl/ashw0rd", "qu?estw0rd", "h#ashw0rd", "@w0rd@"])
def test_a_password_of_awkward_letters_is_told_by_no_address(client: TestClient, folder: Path, password: str) -> None:
    dsn = f"postgresql://app:{password}@127.0.0.1:1/shop?connect_timeout=2"
    (folder / "targets" / "awkward.yaml").write_text(f"id: awkward\ndsn: '{dsn}'\n")
    told = [
        client.get("/api/v1/targets/awkward"),
        client.get("/api/v1/targets"),
        client.post("/api/v1/targets/awkward/test"),
        client.post("/api/v1/targets", json={"id": "new", "dsn": dsn}),
        client.post(RUNS, json={"scenario_id": "shop", "target": dsn}),
        client.post(RUNS, json={"scenario_id": "shop", "target_id": "awkward"}),
        client.post(f"{RUNS}/plan", json={"scenario_id": "shop", "target_id": "awkward"}),
        client.post(f"{RUNS}/plan", json={"scenario_id": "shop", "target": dsn}),
        client.get("/targets"),
        client.post("/plan", data={"scenario_id": "shop", "target": dsn}),
    ]
    for response in told:
        assert "w0rd" not in response.text, (response.request.url, response.text)
        assert response.status_code != 500
    store = (folder / "runs.sqlite").read_bytes() + (folder / "runs.sqlite-wal").read_bytes()
    assert b"w0rd" not in store


@pytest.mark.parametrize(
    ("destination", "allowed"),
    [
        ("postgresql://app@a.db.internal/shop", True),
        ("postgresql://app@a.db.internal,b.db.internal:5433/shop", True),
        ("postgresql://app@evil,b.db.internal/shop", False),
        ("postgresql://app@evil%2Cb.db.internal/shop", False),
        ("postgresql://app:x@evil/a@b.db.internal/shop", False),
    ],
)
def test_every_host_of_a_destination_must_match(destination: str, allowed: bool) -> None:
    assert Access(destinations=("postgresql://app@*.db.internal*/*",)).allows_destination(destination) is allowed


@pytest.mark.parametrize("query", ["schema=x#&host=evil", "schema=x;host=evil", "%68ost=evil", "schema=x#host=evil"])
def test_no_spelling_of_a_query_leads_elsewhere(query: str) -> None:
    access = Access(paths=False, destinations=("postgresql://app@db/*",))
    spec = TargetSpec(dsn=f"postgresql://app@db/shop?{query}")
    assert list(access_problems(spec, access))
