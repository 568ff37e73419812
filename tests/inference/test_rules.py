"""The built-in table: which generator a column's name, type and entity lead to."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdgen.engine import batch
from sdgen.generators import registry
from sdgen.inference.guess import with_guesses
from sdgen.inference.names import entity_name, forms, shared_prefix, singular, snake, spelled_out
from sdgen.inference.rule_files import abbreviations, built_in_rules, rule_records
from sdgen.planning.compile import compile_plan
from sdgen.readers.sources import read_source, read_text_as_scenario
from sdgen.scenario.model import Column, Entity, Rule, Scenario
from sdgen.scenario.request import PlanRequest

# entity, then column, type and the generator expected, one a line.
EXPECTED = """
things       email                  string(60)     person.email
customers    CustomerEmail          string(120)    person.email
customers    e_mail_address         text           person.email
customers    name                   string(80)     person.full_name
customers    CustomerName           string(80)     person.full_name
users        first_name             string(50)     person.first_name
users        firstName              string(50)     person.first_name
users        FNAME                  string(50)     person.first_name
users        fname                  string(50)     person.first_name
users        lname                  string(50)     person.last_name
users        LastName               string(50)     person.last_name
users        surname                string(50)     person.last_name
users        middle_name            string(50)     person.first_name
users        username               string(40)     person.username
users        login                  string(40)     person.username
users        password_hash          string(60)     internet.password_hash
users        encrypted_password     text           internet.password_hash
users        password               string(255)    internet.password_hash
users        password               string(40)     code.hex
users        phone                  string(20)     person.phone_number
users        MobilePhone            string(20)     person.phone_number
users        tel                    string(20)     person.phone_number
users        fax                    string(20)     person.phone_number
users        ssn                    string(11)     code.ssn
users        gender                 string(1)      person.gender
users        sex                    string(10)     person.gender
users        dob                    date           person.birth_date
users        birth_date             date           person.birth_date
users        date_of_birth          text           person.birth_date
users        age                    smallint       person.age
users        salutation             string(10)     person.title
employees    title                  string(60)     choice
users        job_title              string(60)     person.job_title
people       occupation             string(60)     person.job_title
customers    address                string(120)    address.address
customers    address_line1          string(120)    address.street
customers    addr1                  string(120)    address.street
customers    AddressLine2           string(60)     pattern
customers    street                 string(60)     address.street
customers    city                   string(60)     address.city
customers    billing_city           string(60)     address.city
customers    BillingCity            string(60)     address.city
customers    ship_to_zip            string(10)     address.postal_code
customers    postal_code            string(10)     address.postal_code
customers    zip                    int            uniform_int
customers    country                string(60)     address.country
customers    country                string(2)      address.country_code
customers    country_code           string(2)      address.country_code
customers    province               string(40)     address.state
customers    time_zone              string(40)     address.time_zone
customers    latitude               double         address.latitude
customers    lng                    decimal(9,6)   address.longitude
cities       city                   string(60)     address.city
cities       name                   string(60)     address.city
countries    name                   string(60)     address.country
states       name                   string(60)     address.state
companies    name                   string(80)     company.name
suppliers    CompanyName            string(80)     company.name
orders       vendor                 string(80)     company.name
companies    industry               string(60)     company.industry
employees    department             string(40)     choice
products     brand                  string(40)     choice
products     name                   string(100)    product.name
products     product_name           string(100)    product.name
tbl_products ProductName            string(100)    product.name
products     description            text           product.description
products     category               string(40)     product.category
categories   name                   string(40)     product.category
things       url                    string(200)    internet.url
users        website                string(200)    internet.url
things       domain                 string(60)     internet.domain_name
things       ip                     string(15)     internet.ipv4
logs         IPAddress              string(45)     internet.ipv4
things       mac_address            string(17)     internet.mac
sessions     user_agent             text           internet.user_agent
things       slug                   string(80)     internet.slug
users        api_key                string(64)     code.token
users        reset_token            string(64)     code.token
things       uuid                   string(36)     uuid4
things       rowguid                uuid           uuid4
things       sha256                 string(64)     code.hex
files        checksum               string(64)     code.hex
files        etag                   string(40)     pattern
products     price                  decimal(10,2)  finance.price
products     UnitPrice              decimal(10,2)  finance.price
products     price                  string(20)     as_text
orders       total_amount           decimal(10,2)  lognormal
orders       amt                    decimal(10,2)  lognormal
orders       subtotal               double         lognormal
orders       tax                    decimal(8,2)   lognormal
orders       shipping_cost          decimal(8,2)   choice
orders       currency               string(3)      finance.currency_code
accounts     balance                decimal(12,2)  lognormal
employees    salary                 decimal(10,2)  lognormal
employees    annual_income          int            lognormal
loans        interest_rate          decimal(5,2)   normal
loans        interest_rate          decimal(5,4)   uniform_float
orders       discount_percent       int            choice
tasks        percent_complete       int            uniform_int
order_items  qty                    int            zipf
order_items  quantity               smallint       zipf
posts        view_count             int            lognormal
posts        comment_cnt            int            lognormal
products     UnitsInStock           smallint       lognormal
things       sort_order             int            uniform_int
things       priority               int            choice
reviews      rating                 int            choice
reviews      score                  double         normal
people       weight                 double         person.weight
people       height                 double         person.height
boxes        width                  double         lognormal
files        size                   bigint         lognormal
files        file_size              int            lognormal
api_calls    latency_ms             int            lognormal
readings     temperature            float          normal
readings     humidity               float          uniform_float
devices      battery_level          int            uniform_int
devices      voltage                float          normal
trips        distance_km            double         lognormal
trips        speed                  double         normal
users        is_active              bool           boolean
users        is_active              tinyint        boolean
users        is_active              string(1)      choice
users        is_deleted             int            boolean
users        has_children           bool           boolean
users        can_login              bool           boolean
users        marketing_flag         string(1)      choice
users        enabled                bool           boolean
users        email_verified         bool           boolean
orders       created_at             timestamp      datetime
orders       created_at             string(30)     datetime
orders       created_at             bigint         epoch
orders       order_date             date           date
orders       expires_at             timestamp      datetime
orders       due_date               date           date
orders       start_time             time           time
orders       status                 string(20)     choice
orders       status                 int            choice
tickets      status                 string(20)     choice
tickets      state                  string(20)     choice
tickets      severity               string(20)     choice
users        role                   string(20)     choice
users        plan                   string(20)     choice
users        language               string(2)      choice
users        locale                 string(5)      choice
visits       browser                string(20)     choice
visits       os                     string(20)     choice
files        mime_type              string(100)    choice
files        file_name              string(200)    pattern
files        file_path              string(200)    pattern
things       color                  string(20)     choice
things       hex_color              string(7)      code.hex_color
things       unit                   string(10)     choice
posts        title                  string(200)    prose.article_title
posts        body                   text           prose.article_body
posts        summary                string(200)    prose.article_summary
things       notes                  text           prose.note
things       desc                   string(200)    prose.description
users        bio                    text           prose.bio
tasks        title                  string(200)    prose.task_title
tasks        description            text           prose.task_description
tickets      description            text           prose.problem_report
comments     body                   text           prose.comment
messages     body                   text           prose.message
messages     subject                text           prose.email_subject
emails       body                   text           prose.email_body
reviews      title                  text           prose.review_title
reviews      review_text            text           prose.review
orders       notes                  text           prose.order_note
orders       notes                  string(20)     prose.short_note
invoices     memo                   text           prose.invoice_note
notifications message               text           prose.notification
companies    description            text           prose.company_description
products     description            text           product.description
movies       overview               text           prose.film_plot
commits      message                text           prose.commit_message
patients     notes                  text           prose.clinical_note
emails       subject                string(120)    pattern
apps         version                string(12)     code.version
documents    revision               int            zipf
cars         year                   int            uniform_int
things       month                  int            uniform_int
things       quarter                int            uniform_int
things       hour                   tinyint        uniform_int
things       week                   int            uniform_int
things       other_id               int            uniform_int
things       other_id               string(20)     code.hex
things       other_id               uuid           uuid4
products     sku                    string(20)     code.sku
products     barcode                string(13)     code.ean13
books        isbn                   string(17)     code.isbn13
accounts     iban                   string(34)     finance.iban
banks        bic                    string(11)     finance.bic
accounts     account_number         string(20)     finance.account_number
cards        card_number            string(19)     finance.credit_card_number
cars         vin                    string(17)     code.vin
cars         license_plate          string(10)     pattern
devices      serial_number          string(20)     pattern
shipments    tracking_number        string(30)     pattern
invoices     invoice_number         string(20)     pattern
orders       order_number           string(20)     pattern
orders       stripe_customer_id     string(40)     pattern
things       tags                   array<string>  array
things       other_ids              array<int>     array
things       attributes             map<string,string>  map
things       place                  struct<city:string,zip:string>  struct
things       settings               json           json
things       payload                binary         bytes
things       kind                   enum(a,b)      choice
things       zxq                    string(40)     choice
things       zxq                    int            uniform_int
things       zxq                    decimal(10,2)  decimal
things       zxq                    double         uniform_float
things       zxq                    time           time
"""
ROWS = [line.split() for line in EXPECTED.strip().splitlines()]


@pytest.mark.parametrize(("entity", "column", "type", "expected"), ROWS, ids=[".".join(row[:3]) for row in ROWS])
def test_a_name_leads_to_its_generator(entity: str, column: str, type: str, expected: str) -> None:
    made = Entity(columns={column: Column(type=type)})
    guessed = with_guesses(Scenario(name="x", entities={entity: made})).entities[entity].columns[column]
    assert guessed.generator is not None
    assert guessed.generator.type == expected


# Columns whose elements come from a list of that kind, each once in a row.
LISTS = {
    "users.permissions": "users:read",
    "oauth_clients.scopes": "openid",
    "webhooks.events": "order.created",
    "issues.labels": "bug",
    "products.tags": "sale",
    "hotels.amenities": "Wi-Fi",
    "employees.skills": "SQL",
    "recipes.ingredients": "garlic",
}


@pytest.mark.parametrize("place", LISTS)
@pytest.mark.parametrize("written", ["CREATE TABLE {0} (id int PRIMARY KEY, {1} text[] NOT NULL);", ""])
def test_lists_hold_words_of_their_kind(place: str, written: str, tmp_path: Path) -> None:
    entity, column = place.split(".")
    if written:
        (tmp_path / "x.sql").write_text(written.format(entity, column))
        scenario = read_source(str(tmp_path / "x.sql"))
    else:
        scenario = Scenario(name="x", entities={entity: Entity(columns={column: Column(type="array<text>")})})
    rows = batch(compile_plan(scenario, PlanRequest(seed=1)), entity, 0, 100).column(column).to_pylist()
    assert all(len(set(row)) == len(row) for row in rows)
    assert {LISTS[place]} <= {element for row in rows for element in row}


def test_other_languages_have_their_own_sentences() -> None:
    entities = {"comments": Entity(columns={"body": Column(type="text")})}
    guessed = with_guesses(Scenario(name="x", locale="de", entities=entities)).entities["comments"].columns["body"]
    assert guessed.generator is not None
    assert guessed.generator.type == "text.paragraph"


# Columns of one entity, and what is true of each of its rows: a moment comes with its state, sums follow their parts.
AGREEING: dict[str, tuple[str, Callable[[dict[str, Any]], bool]]] = {
    "orders": (
        "created_at: timestamp, status: text, cancelled_at: timestamp?, shipped_at: timestamp?, delivered_at: timestamp?",
        lambda row: (
            (row["cancelled_at"] is not None) == (row["status"] == "cancelled")
            and (row["shipped_at"] is not None) == (row["status"] in ("shipped", "delivered", "returned"))
            and (row["delivered_at"] is None or row["created_at"] <= row["shipped_at"] <= row["delivered_at"])
        ),
    ),
    "invoices": (
        "issued_at: timestamp, status: text, total: 'decimal(9,2)', amount_paid: 'decimal(9,2)', "
        "balance_due: 'decimal(9,2)', paid_at: timestamp?",
        lambda row: (
            (row["paid_at"] is not None) == (row["status"] == "paid") == (row["balance_due"] == 0)
            and row["amount_paid"] + row["balance_due"] == row["total"]
        ),
    ),
    "loans": (
        "loan_date: date, due_date: date, return_date: date?, status: text",
        lambda row: (
            14 <= (row["due_date"] - row["loan_date"]).days <= 22
            and (row["return_date"] is not None) == (row["status"] == "returned")
        ),
    ),
    "subscriptions": (
        "current_period_start: timestamp, current_period_end: timestamp, trial_start: date, trial_end: date",
        lambda row: (
            28 <= (row["current_period_end"] - row["current_period_start"]).days <= 31
            and 14 <= (row["trial_end"] - row["trial_start"]).days <= 16
        ),
    ),
}


@pytest.mark.parametrize("entity", AGREEING)
def test_the_guesses_of_a_row_agree(entity: str) -> None:
    listed, holds = AGREEING[entity]
    columns = "\n".join(
        f"      {name}: {{type: {type.rstrip('?')}, nullable: {str(type.endswith('?')).lower()}}}"
        for name, _, type in (column.partition(": ") for column in listed.split(", "))
    )
    text = f"name: x\nseed: 3\nas_of: 2026-01-01T00:00:00Z\nentities:\n  {entity}:\n    rows: 300\n    columns:\n{columns}\n"
    rows = batch(compile_plan(read_text_as_scenario(text, "x.yaml")), entity, 0, 300).to_pylist()
    assert [row for row in rows if not holds(row)] == []


def test_the_rules_are_valid_and_read_as_validation_would_read_them() -> None:
    for record, rule in zip(rule_records(), built_in_rules(), strict=True):
        spec = {"type": record["generator"], "params": record.get("params", {})}
        fields = {key: record[key] for key in record.keys() - {"like", "unlike", "params"}}
        assert Rule.model_validate({**fields, "generator": spec}).model_dump() == rule.model_dump(), record


def test_a_short_rule_stands_for_a_generator_and_its_params() -> None:
    short = next(record for record in rule_records() if record.get("pattern", "").startswith("blood_product_type"))
    assert short["params"]["values"][0] == "Red cells"
    assert short["params"]["weights"] == sorted(short["params"]["weights"], reverse=True)


def test_small_numbers_are_no_guess_for_a_column_of_a_unique_set() -> None:
    columns = {name: Column(type="int") for name in ("quux", "frob", "plugh")}
    entity = Entity(columns=columns, unique=(("quux", "frob"),))
    guessed = with_guesses(Scenario(name="x", entities={"things": entity}), PlanRequest(rows={"things": 4}))
    specs = {name: column.generator for name, column in guessed.entities["things"].columns.items()}
    assert {name: spec and spec.params["max"] for name, spec in specs.items()} == {
        "quux": 1000,
        "frob": 1000,
        "plugh": 40,
    }
    # The same numbers stay for a column whose name says them.
    named = Entity(
        columns={"battery_level": Column(type="int"), "frob": Column(type="int")}, unique=(("battery_level", "frob"),)
    )
    found = with_guesses(Scenario(name="x", entities={"things": named})).entities["things"].columns["battery_level"]
    assert found.generator is not None
    assert found.generator.params == {"min": 2, "max": 100}


def test_all_rules_name_known_generators() -> None:
    unknown = {rule.generator.type for rule in built_in_rules() if registry.find(rule.generator.type) is None}
    assert not unknown


def test_all_rules_have_patterns_that_compile() -> None:
    for rule in built_in_rules():
        for pattern in (
            rule.pattern,
            rule.entity,
            rule.comment,
            *(one for each in rule.beside.values() for one in each),
        ):
            re.compile(pattern, re.IGNORECASE)


def test_a_scenarios_own_pattern_is_compiled_as_it_is_read() -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        Rule.model_validate({"pattern": "a(", "generator": {"type": "uuid4"}})


def test_all_rules_have_a_condition() -> None:
    assert all(rule.model_dump(exclude_defaults=True).keys() - {"generator", "null_rate"} for rule in built_in_rules())


@pytest.mark.parametrize(
    ("written", "snaked"),
    [
        ("CustomerName", "customer_name"),
        ("customerName", "customer_name"),
        ("CUSTOMER_NAME", "customer_name"),
        ("IPAddress", "ip_address"),
        ("OrderID", "order_id"),
        ("order-id", "order_id"),
        ("e mail", "e_mail"),
    ],
)
def test_names_are_compared_in_snake_case(written: str, snaked: str) -> None:
    assert snake(written) == snaked


def test_abbreviations_are_written_out() -> None:
    assert spelled_out("cust_lname", abbreviations()) == "customer_last_name"
    assert spelled_out("addr1", abbreviations()) == "address_1"
    assert spelled_out("order_no", abbreviations()) == "order_number"


def test_names_of_entities_lose_marks_and_plurals() -> None:
    assert entity_name("sales.tbl_Categories", {}) == "category"
    assert [singular(word) for word in ("addresses", "boxes", "people", "status", "companies", "warehouses")] == [
        "address",
        "box",
        "person",
        "status",
        "company",
        "warehouse",
    ]


def test_forms_of_a_name_leave_out_what_is_repeated() -> None:
    assert forms("product_name", "product", "") == ("product_name", "name")
    assert forms("city", "city", "") == ("city", "name")
    assert shared_prefix(["c_name", "c_phone", "c_id"]) == "c_"
    assert shared_prefix(["name", "phone", "id"]) == ""
    assert shared_prefix(["b_name", "b_share", "b_born", "c_number"]) == "b_"
    assert spelled_out("ORT01", abbreviations()) == "city"
    assert forms("c_phone", "customer", "c_") == ("c_phone", "phone")


def test_a_rule_may_name_one_type_or_several() -> None:
    rule = Rule.model_validate({"type": "int", "with": "a", "generator": {"type": "sequence"}})
    assert rule.type == ("int",)
    assert rule.beside == {"with": ("a",)}
