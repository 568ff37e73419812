"""Runs, rows and targets in headless Chromium: run again, browse, compare, filter, targets. As test_browser.py."""

# ruff: noqa: F811 - fixtures are named like what they give

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api")
pytest.importorskip("uvicorn")
pytest.importorskip("jinja2")

from tests.web.test_browser import (  # noqa: F401
    CHROMIUM,
    address,
    browser,
    contrast,
    folder,
    is_wider,
    opened_page,
    page,
    pictures,
    started,
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
NARROW = {"width": 390, "height": 800}
LONG = "a_name_that_does_not_end_" * 5


def ended(page: Any, status: str = "success") -> str:
    """Wait for the run of this page; its id."""
    page.wait_for_url("**/runs/*")
    page.locator(f"h1 .badge.{status}").wait_for()
    return str(page.url.rpartition("/")[2])


def test_a_run_is_run_again_with_another_seed(page: Any, pictures: Path) -> None:
    started(page, "60")
    page.get_by_label("Seed").fill("11")
    page.get_by_role("button", name="Start the run").click()
    first = ended(page)
    page.get_by_role("link", name="Run again").click()
    page.get_by_role("heading", name="Run again").wait_for()
    assert page.get_by_label("Seed").input_value() == "11"
    assert page.get_by_label("customers", exact=True).input_value() == "60"
    assert "customers:" in page.get_by_label("Scenario text").input_value()
    page.screenshot(path=pictures / "again.png", full_page=True)
    page.get_by_label("Seed").fill("12")
    page.get_by_role("button", name="Start the run").click()
    second = ended(page)
    assert second != first
    runs = [page.request.get(f"/api/v1/runs/{each}").json() for each in (first, second)]
    assert [each["seed"] for each in runs] == [11, 12]
    assert [each["rows_written"] > 60 for each in runs] == [True, True]
    assert runs[0]["entities"][3]["digest"] != runs[1]["entities"][3]["digest"]


def test_a_cancelled_run_is_run_again_with_fewer_rows(page: Any) -> None:
    started(page, "900000")
    page.get_by_role("button", name="Start the run").click()
    page.get_by_role("button", name="Cancel").click()
    page.locator("h1 .badge.cancelled").wait_for()
    page.get_by_role("link", name="Run again").click()
    assert page.get_by_label("customers", exact=True).input_value() == "900,000"
    page.get_by_label("customers", exact=True).fill("20")
    page.get_by_role("button", name="Start the run").click()
    ended(page)


def test_rows_are_browsed_from_row_to_row(page: Any, pictures: Path) -> None:
    page.goto("/runs/latest")
    page.get_by_role("link", name="orders", exact=True).click()
    page.get_by_role("heading", name="orders").wait_for()
    page.get_by_label("From row", exact=True).first.fill("20")
    page.get_by_role("button", name="Show", exact=True).click()
    assert page.locator("table.rows tbody th").first.inner_text() == "20"
    page.screenshot(path=pictures / "rows.png", full_page=True)
    customer = page.locator("table.rows tbody tr").first.locator("td").nth(1)
    key = customer.inner_text()
    customer.get_by_role("link").click()
    page.get_by_role("heading", name="customers").wait_for()
    assert key in page.locator("dl.row").inner_text()
    page.screenshot(path=pictures / "row.png", full_page=True)
    page.get_by_role("link", name="orders", exact=False).filter(has_text="orders").last.click()
    page.get_by_role("heading", name="orders").wait_for()
    keys = page.locator("table.rows tbody tr td:nth-child(3)").all_inner_texts()
    assert keys
    assert set(keys) == {key}


def test_rows_are_filtered_and_downloaded(page: Any, tmp_path: Path) -> None:
    page.goto("/scenarios/shop/rows/orders")
    page.get_by_label("Where").select_option("status")
    page.get_by_label("is", exact=True).select_option("=")
    page.get_by_label("Value").fill("cancelled")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_text("found among").wait_for()
    status = page.locator("table.rows thead th").all_inner_texts()
    place = next(index for index, text in enumerate(status) if text.startswith("status"))
    found = page.locator(f"table.rows tbody tr > :nth-child({place + 1})").all_inner_texts()
    assert set(found) == {"cancelled"}
    page.locator("summary", has_text="Download").click()
    page.get_by_label("At most so many rows").fill("7")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "rows.csv")
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    assert len(lines) == 8
    assert all(",cancelled," in line for line in lines[1:])


def test_runs_are_filtered_and_two_compared(page: Any, pictures: Path) -> None:
    for seed in ("1", "2"):
        started(page, "15")
        page.get_by_label("Seed").fill(seed)
        page.get_by_role("button", name="Start the run").click()
        ended(page)
    page.goto("/runs")
    page.get_by_label("Search").fill("demo")
    page.get_by_label("success").check()
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**text=demo*")
    assert set(page.locator("table.list .badge").all_inner_texts()) == {"success"}
    page.screenshot(path=pictures / "runs.png", full_page=True)
    compare = page.get_by_role("button", name="Compare two")
    assert compare.is_disabled()
    for box in page.locator("input[name=run]").all()[:2]:
        box.check()
    assert page.locator("input[name=run]:disabled").count() == page.locator("input[name=run]").count() - 2
    compare.click()
    page.get_by_role("heading", name="Compare runs").wait_for()
    assert "seed" in page.locator("tr.differs").first.inner_text()
    page.locator("details[open] .two svg.chart").first.wait_for()
    page.screenshot(path=pictures / "compare.png", full_page=True)


def test_a_target_is_added_tried_edited_and_deleted(page: Any, folder: Path, pictures: Path) -> None:
    page.goto("/targets")
    page.get_by_role("link", name="Add a target").click()
    page.get_by_label("Id").fill("mine")
    page.get_by_label("Path or address").fill("nowhere://x")
    page.get_by_role("button", name="Save").click()
    page.locator("#kind[aria-invalid=true]").wait_for()
    page.get_by_label("Path or address").fill(str(folder / "mine.sqlite"))
    page.get_by_role("button", name="Try it").click()
    page.get_by_text("Answers").wait_for()
    page.screenshot(path=pictures / "target.png", full_page=True)
    page.get_by_role("button", name="Save").click()
    card = page.locator("#target-mine")
    card.get_by_role("button", name="Test").click()
    card.get_by_text("Answers").wait_for()
    page.reload()
    card.get_by_text("answered").wait_for()
    page.screenshot(path=pictures / "targets-tested.png", full_page=True)
    card.get_by_role("link", name="Edit").click()
    page.get_by_label("Name", exact=True).fill("My own")
    page.get_by_role("button", name="Save").click()
    card.get_by_text("My own").wait_for()
    card.get_by_text("Delete …").click()
    card.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/targets")
    assert card.count() == 0


def test_a_run_is_deleted_after_a_second_thought(page: Any) -> None:
    started(page, "5")
    page.get_by_role("button", name="Start the run").click()
    run_id = ended(page)
    page.get_by_text("Delete …").click()
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/runs")
    assert page.request.get(f"/api/v1/runs/{run_id}").status == 404


def test_the_command_line_is_copied(browser: Any, address: str) -> None:
    grants = {"permissions": ["clipboard-read", "clipboard-write"]}
    for tab in opened_page(browser, address, **grants):
        tab.goto("/runs/latest")
        tab.get_by_text("Command line").click()
        tab.get_by_role("button", name="Copy the command").click()
        tab.locator(".copied").wait_for()
        text = tab.evaluate("navigator.clipboard.readText()")
        assert text == tab.locator("#command").inner_text()
        assert text.startswith("sdgen run start --scenario ")


def test_problems_of_the_start_stand_at_their_fields(page: Any, pictures: Path) -> None:
    started(page)
    page.get_by_text("More options").click()
    page.get_by_label("Commit after so many rows").fill("few")
    page.get_by_text("More options").click()
    page.get_by_label("Seed").fill("many")
    page.get_by_role("button", name="Show the plan").click()
    page.locator("#seed-wrong").get_by_text("'many' is not a whole number").wait_for()
    assert page.locator("#commit_every-wrong").is_visible()  # its fold opens
    page.screenshot(path=pictures / "wrong.png", full_page=True)
    page.get_by_label("Seed").fill("1")
    assert not page.locator("#seed-wrong").is_visible()
    page.locator("#plan").get_by_role("link", name="Commit after so many rows").click()
    assert page.evaluate("document.activeElement.id || location.hash") in ("commit_every", "#commit_every")


def test_a_log_is_read_from_its_end(page: Any) -> None:
    page.goto("/runs/latest")
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    at_end = "(log) => log.scrollHeight - log.scrollTop - log.clientHeight < 3"
    assert page.locator("ol.log").evaluate(at_end)


@pytest.fixture(scope="module")
def long_run(address: str, browser: Any) -> str:
    text = (
        f"name: {LONG}\nentities:\n  {LONG}:\n    rows: 9\n    columns:\n      id: {{type: int, primary_key: true}}\n"
    )
    text += f"      {LONG}: {{type: string}}\n"
    context = browser.new_context(base_url=address)
    asked = {"scenario": text, "target_id": "demo", "mode": "truncate_then_insert"}
    answer = context.request.post("/api/v1/runs", data=asked)
    assert answer.ok, answer.text()
    run_id = str(answer.json()["id"])
    for _ in range(200):
        if context.request.get(f"/api/v1/runs/{run_id}").json()["status"] == "success":
            break
    context.close()
    return run_id


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [NARROW, {"width": 1280, "height": 800}])
def test_pages_of_runs_fit(
    browser: Any,
    address: str,
    pictures: Path,
    long_run: str,
    scheme: str,
    viewport: dict[str, int],
) -> None:
    for tab in opened_page(browser, address, viewport=viewport, color_scheme=scheme):
        paths = {
            "start": "/",
            "again": f"/start?run={long_run}",
            "runs": "/runs",
            "run": f"/runs/{long_run}",
            "rows": f"/runs/{long_run}/rows",
            "row": f"/runs/{long_run}/rows/{LONG}/3",
            "shop-rows": "/scenarios/shop/rows/orders?column=total&op=%3E&value=20",
            "compare": f"/runs/compare?run={long_run}&run={long_run}",
            "targets": "/targets",
            "new-target": "/targets/new",
        }
        for name, path in paths.items():
            tab.goto(path)
            tab.wait_for_timeout(100)
            assert not is_wider(tab), path
            assert contrast(tab, "h1") >= 4.5
            tab.screenshot(path=pictures / f"{name}-{viewport['width']}-{scheme}.png", full_page=True)
