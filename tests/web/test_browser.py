"""The pages in headless Chromium, where there is one. Screenshots are left in SDGEN_SCREENSHOTS, or a temporary folder."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

playwright_api = pytest.importorskip("playwright.sync_api")
uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("jinja2")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

PHONE, LAPTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
WAIT = 20_000  # milliseconds
TEXT = """name: people
entities:
  people:
    rows: 50
    columns:
      id: {type: int, primary_key: true}
      email: {type: string}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pages")
    (made / "targets").mkdir()
    (made / "targets" / "demo.yaml").write_text("kind: sqlite\ndsn: demo.sqlite\n")
    (made / "scenarios").mkdir()
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    from sdgen.execution.request import RunRequest
    from sdgen.service.service import Service
    from sdgen.web.app import create_app

    service = Service.open(folder / "runs.sqlite", folder / "scenarios", folder / "targets")
    service.perform(RunRequest(scenario_id="shop", target=str(folder / "first.sqlite"), rows={"*": 20}))  # /runs/latest
    config = uvicorn.Config(create_app(service), port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    service.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    place = Path(os.environ.get("SDGEN_SCREENSHOTS") or tmp_path / "screenshots")
    place.mkdir(parents=True, exist_ok=True)
    return place


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    yield from opened_page(browser, address)


def opened_page(browser: Any, address: str, **options: Any) -> Iterator[Any]:
    context = browser.new_context(base_url=address, **{"viewport": LAPTOP, **options})
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text) if is_complaint(message) else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.set_default_timeout(WAIT)
    yield opened
    context.close()
    assert said == [], "the browser complained"


def is_complaint(message: Any) -> bool:
    """Whether the browser says that something is wrong; that a form was refused (409, 422) is no fault of the page."""
    refused = "status of 409" in message.text or "status of 422" in message.text
    return message.type in ("error", "warning") and not refused


def is_wider(page: Any) -> bool:
    """Whether the page is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def contrast(page: Any, selector: str) -> float:
    """The contrast of a text to the nearest ground behind it (WCAG 2.2, 1.4.3)."""
    return float(
        page.evaluate(
            """(selector) => {
      const light = (colour) => { const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((each) => {
        const part = each / 255; return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      let at = document.querySelector(selector); const ink = light(getComputedStyle(at).color);
      while (getComputedStyle(at).backgroundColor === "rgba(0, 0, 0, 0)") at = at.parentElement;
      const ground = light(getComputedStyle(at).backgroundColor);
      return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05); }""",
            selector,
        )
    )


def write(page: Any, text: str) -> None:
    """Put a text into the editor, in place of all that it holds."""
    page.get_by_role("textbox", name="Text", exact=True).click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)
    page.wait_for_function("text => document.querySelector('#text').value.trim() === text.trim()", arg=text)


def started(page: Any, rows: str = "") -> None:
    page.goto("/?scenario=shop&target=demo")
    if rows:
        page.get_by_label("customers", exact=True).fill(rows)
    page.get_by_label("A table that is there already").select_option("truncate_then_insert")


def test_a_run_is_planned_started_watched_and_pictured(page: Any, pictures: Path) -> None:
    started(page, "2000")
    page.get_by_role("button", name="Show the plan").click()
    page.get_by_text("In the order of writing").wait_for()
    page.screenshot(path=pictures / "plan.png", full_page=True)
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**/runs/*")
    page.screenshot(path=pictures / "running.png")
    page.locator("h1 .badge.success").wait_for()
    page.locator("details[open] svg.chart").first.wait_for()
    assert page.locator("svg.graph .node").count() == 7
    assert page.locator("tbody[data-live=entities] progress").evaluate_all(
        "all => all.every((bar) => bar.value === bar.max)"
    )
    page.locator("summary", has_text="orders").first.click()
    page.locator("figure", has_text="ordered_at").locator("svg").first.wait_for()
    page.screenshot(path=pictures / "run.png", full_page=True)
    page.get_by_role("button", name="Reproduce").click()
    page.get_by_text("The same rows as").wait_for()


def test_a_run_is_cancelled(page: Any) -> None:
    started(page, "400000")
    page.get_by_role("button", name="Start the run").click()
    page.get_by_role("button", name="Cancel").click()
    page.locator("h1 .badge.cancelled").wait_for()


def test_a_text_is_previewed_as_it_is_edited(page: Any, pictures: Path) -> None:
    page.goto("/scenarios/shop")
    page.screenshot(path=pictures / "scenario.png", full_page=True)
    write(page, TEXT)
    page.get_by_role("heading", name="people").wait_for()
    assert "@" in page.locator("#entity-people tbody tr").first.inner_text()
    write(page, TEXT.replace("rows: 50", "rows: lots"))
    page.get_by_role("button", name="line 4").click()
    assert page.locator(".cm-lint-marker-error").count() == 1
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.getAttribute('aria-label')") == "Text"
    page.screenshot(path=pictures / "problem.png")


def test_a_target_is_tested(page: Any, pictures: Path) -> None:
    page.goto("/targets")
    page.get_by_role("button", name="Test").click()
    page.get_by_text("Answers").wait_for()
    page.screenshot(path=pictures / "targets.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_phone(browser: Any, address: str, pictures: Path, scheme: str) -> None:
    for page in opened_page(browser, address, viewport=PHONE, color_scheme=scheme, has_touch=True):
        for path in ("/", "/runs", "/runs/latest", "/scenarios", "/scenarios/shop", "/targets"):
            page.goto(path)
            if path == "/runs/latest":
                page.wait_for_timeout(300)
            assert not is_wider(page), path
            assert contrast(page, "h1") >= 4.5
            name = path.strip("/").replace("/", "-") or "start"
            page.screenshot(path=pictures / f"phone-{scheme}-{name}.png", full_page=path != "/scenarios/shop")
        assert contrast(page, ".top a") >= 4.5


def test_the_keyboard_reaches_the_content_first(page: Any) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "scenario_id"


def test_fields_that_are_wrong_are_marked(page: Any) -> None:
    page.goto("/?scenario=shop&target=demo")
    page.get_by_label("Seed").fill("many")
    page.get_by_role("button", name="Show the plan").click()
    page.get_by_text("'many' is not a whole number").wait_for()
    assert page.locator("[aria-invalid=true]").evaluate_all("all => all.map((each) => each.id)") == ["seed"]
