"""The pages of scenarios and generators in headless Chromium: edited, saved, restored, completed, marked, and looked up."""

# ruff: noqa: F401, F811, F402 (fixtures of another module)

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("fastapi")

from sdgen.readers.sources import is_sql
from sdgen.web.scenario_pages import NEW
from tests.web.test_browser import (
    CHROMIUM,
    PHONE,
    TEXT,
    address,
    browser,
    contrast,
    folder,
    is_wider,
    opened_page,
    page,
    pictures,
    playwright_api,
    write,
)

DDL = """CREATE TABLE authors (id integer PRIMARY KEY, full_name varchar(80) NOT NULL);
CREATE TABLE books (id integer PRIMARY KEY, author_id integer NOT NULL REFERENCES authors (id));
"""
LANGUAGES = [  # and whether they are SQL
    (NEW, False),
    (DDL, True),
    ("/* CREATE */ create table a (b int)", True),
    ("# mysql\nCREATE TABLE a (b int)", True),
    ("\\restrict x\nCREATE TABLE a (b int);", True),
    ("create: x", False),
    ("# CREATE TABLE\nname: x", False),
    ('{"name": "CREATE TABLE"}', False),
]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


def text_of(page: Any) -> str:
    """What would be posted: the editor keeps the form's field in step."""
    return str(page.locator("#text").evaluate("area => area.value"))


def saved_as(page: Any, scenario_id: str, text: str) -> None:
    """A new scenario with this text, opened."""
    page.goto("/new-scenario")
    write(page, text)
    page.locator("summary", has_text="Save…").click()
    page.get_by_label("Id of the scenario").fill(scenario_id)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/scenarios/{scenario_id}")


def test_an_edit_is_saved_as_a_new_version_and_stays_on_reload(page: Any) -> None:
    saved_as(page, "kept", TEXT)
    assert "Version 1" in page.locator("#versions").inner_text()
    write(page, TEXT.replace("rows: 50", "rows: 51"))
    page.locator("#edit-state", has_text="Not saved").wait_for()
    page.keyboard.press("Control+s")
    page.get_by_text("Saved as version 2 of kept").wait_for()
    assert page.locator("#versions a").all_inner_texts() == ["2", "1"]
    page.locator("#edit-state", has_text="Saved").wait_for()
    page.reload()
    assert "rows: 51" in text_of(page)
    assert not page.locator("#draft").is_visible()
    page.locator("#versions a", has_text="1").click()
    page.wait_for_url("**version=1")
    assert "rows: 50" in text_of(page)


def test_an_edit_of_another_version_meanwhile_is_not_overwritten(browser: Any, address: str, page: Any) -> None:
    saved_as(page, "shared", TEXT)
    for other in opened_page(browser, address):
        other.goto("/scenarios/shared")
        write(other, TEXT.replace("rows: 50", "rows: 70"))
        other.keyboard.press("Control+s")
        other.get_by_text("Saved as version 2").wait_for()
    write(page, TEXT.replace("rows: 50", "rows: 60"))
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.get_by_text("was saved by somebody else meanwhile").wait_for()
    assert "rows: 60" in text_of(page)
    page.get_by_role("button", name="Save mine as version 3").click()
    page.get_by_text("Saved as version 3 of shared").wait_for()


def test_a_draft_is_offered_after_leaving_and_a_warning_before(page: Any) -> None:
    page.goto("/scenarios/shop")
    write(page, TEXT)
    page.locator("#edit-state", has_text="Not saved").wait_for()
    page.wait_for_timeout(400)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]
    assert "rows: 50" not in text_of(page)
    page.get_by_role("button", name="Restore it").click()
    assert "rows: 50" in text_of(page)
    assert not page.locator("#draft").is_visible()
    page.locator("#entity-people").wait_for()
    page.reload()
    page.get_by_role("button", name="Discard it").click()
    page.reload()
    assert not page.locator("#draft").is_visible()


def test_an_edited_text_is_what_runs(page: Any) -> None:
    page.goto("/scenarios/shop")
    assert page.get_by_role("link", name="Run", exact=True).is_visible()
    write(page, TEXT)
    page.get_by_role("button", name="Run the edited text").click()
    page.wait_for_url("**/edit")
    assert "rows: 50" in page.locator("#scenario").input_value()


def completed(page: Any, label: str) -> None:
    """Ask for completions at the caret, and take the one of this label; asked again where the machine is slow."""
    chosen = page.locator("#code .cm-tooltip-autocomplete li").filter(
        has=page.locator(".cm-completionLabel", has_text=re.compile(f"^{re.escape(label)}$"))
    )
    for wait in (2_000, 5_000, 20_000):
        page.keyboard.press("Control+Space")
        try:
            chosen.wait_for(timeout=wait)
            break
        except playwright_api.TimeoutError:
            page.keyboard.press("Escape")
    chosen.click()


def test_keys_generators_params_and_names_are_completed(page: Any) -> None:
    page.goto("/new-scenario")
    write(page, TEXT + "  pets:\n    columns:\n      owner_id: {ref")
    completed(page, "references")
    completed(page, "people.email")
    page.keyboard.type(", type: int")
    assert text_of(page).rstrip("}").endswith("owner_id: {references: people.email, type: int")
    write(page, TEXT.replace("{type: string}", "{generator: deci").rstrip())
    completed(page, "decimal")
    page.keyboard.type(", params: {")
    completed(page, "scale")
    assert text_of(page).rstrip().rstrip("}").endswith("{generator: decimal, params: {scale: ")
    write(page, TEXT + "      state: {ty")
    completed(page, "type")
    completed(page, "boolean")
    write(page, TEXT + "    chec")
    completed(page, "check")


def test_problems_are_marked_at_their_lines_and_the_last_rows_stay(page: Any, pictures: Path) -> None:
    page.goto("/scenarios/shop")
    write(page, TEXT)
    page.locator("#entity-people").wait_for()
    write(page, TEXT.replace("rows: 50", "rows: lots"))
    page.locator("#code .cm-lint-marker-error").wait_for()
    page.locator("#shown.stale #entity-people").wait_for()
    page.get_by_role("button", name="line 4").click()
    assert page.evaluate("document.activeElement.id") == "code"
    assert page.locator("#code .cm-activeLine").inner_text().strip() == "rows: lots"
    page.screenshot(path=pictures / "editor-problem.png")
    write(page, TEXT)
    page.locator("#shown:not(.stale)").wait_for()
    assert page.locator("#code .cm-lint-marker-error").count() == 0


def test_a_preview_that_is_refused_for_its_size_says_so(page: Any) -> None:
    page.goto("/scenarios/shop")
    told = (
        '<div class="notice bad"><ul class="problems"><li><span class="what">it takes too much</span></li></ul></div>'
    )
    page.route("**/scenarios/preview", lambda route: route.fulfill(status=422, content_type="text/html", body=told))
    write(page, TEXT)
    page.locator("#text-problems", has_text="it takes too much").wait_for()
    page.locator("#edit-state", has_text="1 problem").wait_for()
    assert page.locator("#shown.stale svg.graph").count() == 1


def test_a_mistake_in_the_rows_of_another_entity_is_marked_too(page: Any) -> None:
    page.goto("/new-scenario")
    write(
        page,
        TEXT
        + "  pets:\n    columns:\n      n: {type: int, generator: expression, params: {sql: \"CAST('x' AS INTEGER)\"}}",
    )
    page.locator("#entity-people").wait_for()
    page.locator("#code .cm-lint-marker-error").wait_for()
    page.get_by_role("button", name="line 10").wait_for()


def test_an_entity_of_the_graph_shows_its_rows_by_mouse_and_by_keyboard(page: Any, pictures: Path) -> None:
    page.goto("/scenarios/stripe")
    page.locator("svg.graph a[data-entity=charges]").click()
    page.locator("#entity-charges tbody tr").first.wait_for()
    assert page.url.endswith("?entity=charges")
    assert page.locator(".entity-list a[aria-current]").inner_text().startswith("charges")
    page.locator("svg.graph a[data-entity=refunds]").focus()
    page.keyboard.press("Enter")
    page.locator("#entity-refunds").wait_for()
    page.locator(".entity-list a", has_text="products").click()
    page.locator("#entity-products").wait_for()
    page.get_by_role("button", name="Fit").click()
    first = page.locator("svg.graph > g").get_attribute("transform")
    page.get_by_role("button", name="Larger").click()
    assert page.locator("svg.graph > g").get_attribute("transform") != first
    page.get_by_role("button", name="Fit").click()
    assert page.locator("svg.graph > g").get_attribute("transform") == first
    assert page.evaluate("document.documentElement.scrollHeight") < 1600
    page.screenshot(path=pictures / "editor-graph.png")


def test_pasted_sql_is_previewed_turned_into_a_scenario_and_saved(page: Any, pictures: Path) -> None:
    page.goto("/new-scenario")
    write(page, DDL)
    page.locator("#entity-authors").wait_for()
    page.locator("#language", has_text="SQL").wait_for()
    page.screenshot(path=pictures / "editor-sql.png")
    page.get_by_role("button", name="Turn it into a scenario").click()
    page.locator("#language", has_text="YAML").wait_for()
    assert "entities:" in text_of(page)
    page.locator("#entity-authors").wait_for()


def test_the_editor_tells_languages_apart_as_the_server_does(page: Any) -> None:
    page.goto("/new-scenario")
    for text, sql in LANGUAGES:
        spoken = page.evaluate("async text => (await import('/static/code.js')).languageOf(text)", text)
        assert (spoken == "SQL") is is_sql(text) is sql, text


def test_the_catalogue_is_searched_and_shows_values(page: Any, pictures: Path) -> None:
    page.goto("/generators")
    page.get_by_label("Search generators").fill("iban")
    entry = page.locator("details[data-generator]:visible")
    entry.first.wait_for()
    assert entry.count() < 5
    entry.first.locator("summary").click()
    page.locator("details[open] ul.values li").first.wait_for()
    assert page.locator("details[open] ul.values li").count() >= 5
    page.screenshot(path=pictures / "generators.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_these_pages_fit_a_phone(browser: Any, address: str, pictures: Path, scheme: str) -> None:
    for page in opened_page(browser, address, viewport=PHONE, color_scheme=scheme, has_touch=True):
        for path in ("/scenarios", "/scenarios/stripe", "/new-scenario", "/generators", "/generators/expression"):
            page.goto(path)
            page.wait_for_timeout(200)
            assert not is_wider(page), path
            assert contrast(page, "h1") >= 4.5
            page.screenshot(path=pictures / f"phone-{scheme}-{path.strip('/').replace('/', '-')}.png")
