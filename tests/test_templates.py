"""The shipped templates of well-known services tell stories that hold: totals, orders of time, states and links.

Each story is a query in `stories/` for the rows that would break it. Links that the scenarios compute (a charge's customer through its
invoice) are not foreign keys of any target, so they are checked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import sdgen
from sdgen.readers.sources import read_source

TEMPLATES = ("github", "hubspot", "salesforce", "shopify", "stripe", "xero", "zendesk")

STORIES = Path(__file__).with_name("stories")


def stories(template: str) -> Iterator[tuple[str, str]]:
    """Each story of a template, and the query for the rows that would break it."""
    for part in (STORIES / f"{template}.sql").read_text("utf-8").split(";\n"):
        title, _, query = part.strip().partition("\n")
        if title:
            yield title.removeprefix("-- "), query


FORMS = {
    "github.users.node_id": "MDQ6VXNlc[A-Za-z0-9+/]+=*",
    "github.commits.sha": "[0-9a-f]{40}",
    "hubspot.contacts.id": "[1-9][0-9]{10}",
    "salesforce.Account.Id": "001[A-Za-z0-9]{15}",
    "salesforce.Contact.Id": "003[A-Za-z0-9]{15}",
    "salesforce.Opportunity.Id": "006[A-Za-z0-9]{15}",
    "salesforce.Lead.Id": "00Q[A-Za-z0-9]{15}",
    "shopify.orders.admin_graphql_api_id": "gid://shopify/Order/[0-9]{13}",
    "stripe.customers.id": "cus_[A-Za-z0-9]{14}",
    "stripe.invoices.id": "in_1[A-Za-z0-9]{23}",
    "stripe.charges.id": "ch_3[A-Za-z0-9]{23}",
    "xero.invoices.InvoiceID": "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "zendesk.users.id": "[0-9]{12}",
}


@cache
def tables(template: str) -> dict[str, pa.Table]:
    return sdgen.generate(template, scale=0.4)


def broken(template: str, query: str) -> int:
    """How many rows of a template's tables a query finds."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE MACRO as_of() AS timestamptz '2026-01-01 00:00:00+00'")
        for name, table in tables(template).items():
            connection.register(name, table)
        found = connection.execute(f"SELECT count(*) FROM ({query})").fetchall()
    return int(found[0][0])


@pytest.mark.parametrize(
    ("template", "query"),
    [pytest.param(name, query, id=f"{name}: {title}") for name in TEMPLATES for title, query in stories(name)],
)
def test_a_story_holds(template: str, query: str) -> None:
    assert broken(template, query) == 0


@pytest.mark.parametrize("place", FORMS)
def test_ids_have_the_service_s_form(place: str) -> None:
    template, entity, column = place.split(".")
    query = f"""from "{entity}" where not regexp_full_match(cast("{column}" as varchar), '{FORMS[place]}')"""
    assert broken(template, query) == 0


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_has_four_to_eight_linked_entities(template: str) -> None:
    scenario = read_source(template)
    linked = {
        name
        for name, entity in scenario.entities.items()
        if any(column.generator and column.generator.type == "fk" for column in entity.columns.values())
    }
    assert 4 <= len(scenario.entities) <= 8
    assert len(linked) >= 4


def salesforce_checksum(identifier: str) -> str:
    """The last three of 18 characters: for each five of the first 15, one that tells which of them are capitals."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    parts = (identifier[start : start + 5] for start in (0, 5, 10))
    return "".join(letters[sum(letter.isupper() << place for place, letter in enumerate(part))] for part in parts)


@pytest.mark.parametrize("entity", ["User", "Account", "Contact", "Lead", "Product2", "Opportunity", "Case"])
def test_salesforce_ids_end_in_their_checksum(entity: str) -> None:
    found = tables("salesforce")[entity]["Id"].to_pylist()
    assert [each for each in found if each[15:] != salesforce_checksum(each)] == []


STATES = {
    "hubspot.deals.properties_dealstage": 7,
    "salesforce.Opportunity.StageName": 10,
    "stripe.subscriptions.status": 3,
    "stripe.invoices.status": 3,
    "xero.invoices.Status": 5,
    "shopify.orders.financial_status": 4,
    "zendesk.tickets.status": 3,
    "github.reviews.state": 4,
}


@pytest.mark.parametrize("place", STATES)
def test_there_are_rows_in_the_usual_states(place: str) -> None:
    template, entity, column = place.split(".")
    assert len(set(tables(template)[entity][column].to_pylist())) >= STATES[place]


# Moments of people at work: by far the most on weekdays, no weekday much above the others, few at night.
OFFICE = (
    "hubspot.companies.createdAt",
    "hubspot.contacts.createdAt",
    "hubspot.deals.createdAt",
    "hubspot.tickets.createdAt",
    "salesforce.Opportunity.CreatedDate",
    "salesforce.Lead.CreatedDate",
    "salesforce.Case.CreatedDate",
    "zendesk.tickets.created_at",
    "github.issues.created_at",
    "github.pull_requests.created_at",
)


@pytest.mark.parametrize("place", OFFICE)
def test_people_work_on_weekdays(place: str) -> None:
    template, entity, column = place.split(".")
    query = f"""
        select 1 from (select isodow("{column}") as day, hour("{column}") as hour from "{entity}")
        having avg(cast(day > 5 as int)) > 0.22 or avg(cast(hour between 6 and 11 as int)) > 0.12
            or greatest(avg(cast(day = 1 as int)), avg(cast(day = 3 as int)), avg(cast(day = 5 as int))) > 0.29"""
    assert broken(template, query) == 0


def test_shops_sell_in_the_evening() -> None:
    query = """
        select 1 from (select hour(created_at - interval 5 hours) as hour from orders)
        having avg(cast(hour between 17 and 21 as int)) < 0.27 or avg(cast(hour < 6 as int)) > 0.12"""
    assert broken("shopify", query) == 0


def test_books_are_kept_on_weekdays() -> None:
    assert broken("xero", "from invoices where isodow(Date) > 5") == 0
    assert broken("xero", "select 1 from payments having avg(cast(isodow(Date) > 5 as int)) > 0.03") == 0


def test_a_count_for_all_leaves_lists_of_fixed_rows() -> None:
    plan = sdgen.plan(read_source("xero"), rows=300)
    counts = {name: entity.rows for name, entity in plan.entities.items()}
    assert (counts["accounts"], counts["items"], counts["contacts"]) == (17, 9, 300)
    assert sdgen.plan(read_source("xero"), rows={"accounts": 20}).entities["accounts"].rows == 20


def test_too_few_rows_for_a_quota_say_how_many_there_must_be() -> None:
    with pytest.raises(sdgen.ScenarioError, match="at least 50 rows"):
        sdgen.plan(read_source("genonaut"), rows=7)
