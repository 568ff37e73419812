"""A row's country: address, telephone, currency, time zone and names agree where they follow one column."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.generators.places import countries
from sdgen.generators.places.gazetteer import countries as all_countries
from sdgen.generators.pools import locales

# What a country's postal codes look like, told apart from how they are made.
POSTAL = {
    "US": r"\d{5}",
    "DE": r"\d{5}",
    "JP": r"\d{3}-\d{4}",
    "BR": r"\d{5}-\d{3}",
    "PL": r"\d{2}-\d{3}",
    "KW": r"\d{5}",
    "SE": r"\d{3} \d{2}",
    "CA": r"[A-Z]\d[A-Z] \d[A-Z]\d",
}
CURRENCY = {"US": "USD", "DE": "EUR", "JP": "JPY", "BR": "BRL", "PL": "PLN", "KW": "KWD", "SE": "SEK", "CA": "CAD"}
DIGITS = {"JPY": 0, "KWD": 3}
WEIGHTS = [30, 20, 15, 10, 10, 5, 5, 5]
PLACE = {"country": "$country"}
COLUMNS: dict[str, Any] = {
    "country": {"generator": "choice", "params": {"values": list(POSTAL), "weights": WEIGHTS}},
    "name": {"generator": "person.full_name", "params": {"locale": "$country"}},
    "email": {"generator": "person.email", "unique": True, "params": {"locale": "$country"}},
    "code": {"generator": "address.country_code", "params": PLACE},
    "land": {"generator": "address.country", "params": PLACE},
    "city": {"generator": "address.city", "params": PLACE},
    "postal": {"generator": "address.postal_code", "params": PLACE},
    "line": {"generator": "address.address", "params": PLACE},
    "zone": {"generator": "address.time_zone", "params": PLACE},
    "phone": {"generator": "person.phone_number", "params": PLACE},
    "currency": {"generator": "finance.currency_code", "params": PLACE},
    "price": {"generator": "finance.price", "params": {"currency": "$currency", "base": "USD", "min": 5, "max": 200}},
    "home": {"generator": "address.country_code", "params": {"country": "$currency"}},
}


def made(columns: dict[str, Any], rows: int = 3000, **head: Any) -> Any:
    return sdgen.generate({"name": "x", "seed": 5, **head, "entities": {"people": {"rows": rows, "columns": columns}}})


@cache
def people() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = made(COLUMNS)["people"].to_pylist()
    return rows


def test_countries_are_by_weight_and_all_columns_agree() -> None:
    shares = Counter(row["country"] for row in people())
    assert shares["US"] / len(people()) == pytest.approx(0.3, abs=0.03)
    for row in people():
        country = row["country"]
        assert row["code"] == country
        assert re.fullmatch(POSTAL[country], row["postal"])
        assert row["postal"] in row["line"]
        assert row["city"] in row["line"]
        assert row["line"].endswith(row["land"])
        assert row["currency"] == CURRENCY[country]
        assert ZoneInfo(row["zone"])
        number = phonenumbers.parse(row["phone"])
        # What is kept for fiction is possible, and not valid everywhere.
        assert phonenumbers.is_possible_number(number)
        assert number.country_code == phonenumbers.country_code_for_region(country)


def test_names_are_written_in_the_countrys_language() -> None:
    japanese = [row["name"] for row in people() if row["country"] == "JP"]
    assert japanese
    assert all(
        re.fullmatch(r"[\u3040-\u30ff\u3400-\u9fff々]+ [\u3040-\u30ff\u3400-\u9fff々]+", name) for name in japanese
    )
    assert len({row["email"] for row in people()}) == len(people())


def test_amounts_have_the_decimals_and_the_size_of_their_currency() -> None:
    for row in people():
        digits = DIGITS.get(row["currency"], 2)
        assert row["price"] == row["price"].quantize(Decimal(1).scaleb(-digits))
    yen = [row["price"] for row in people() if row["currency"] == "JPY"]
    dinars = [row["price"] for row in people() if row["currency"] == "KWD"]
    assert min(yen) >= 750
    assert max(dinars) <= 62
    assert any(price % 1 * 1000 % 10 == 0 and price % 1 for price in dinars)


def test_a_country_pays_in_the_currency_that_chose_it() -> None:
    assert all(countries.currency_of(row["home"]) == row["currency"] for row in people())
    assert len({row["home"] for row in people() if row["currency"] == "EUR"}) > 5


def test_any_split_gives_the_same_rows() -> None:
    plan = sdgen.plan({"name": "x", "seed": 5, "entities": {"people": {"rows": 700, "columns": COLUMNS}}})
    whole = [row for each in sdgen.batches(plan, "people") for row in each.to_pylist()]
    parts = [row for each in sdgen.batches(plan, "people", batch_rows=83) for row in each.to_pylist()]
    assert parts == whole == people()[:700]


def test_a_column_may_hold_names_locales_or_nothing() -> None:
    columns: dict[str, Any] = {
        "where": {"type": "string", "generator": "choice", "params": {"values": ["Germany", "de-AT", "CHF", None]}},
        "code": {"generator": "address.country_code", "params": {"country": "$where"}},
        "money": {"generator": "finance.price", "params": {"currency": "$where"}},
        "sign": {"generator": "finance.currency_symbol", "params": {"currency": "$where"}},
    }
    columns["where"]["params"]["values"].remove("CHF")  # whose countries are two
    found = {(row["where"], row["code"], row["sign"]) for row in made(columns, 300)["people"].to_pylist()}
    assert found == {("Germany", "DE", "€"), ("de-AT", "AT", "€"), (None, None, None)}


def test_a_parents_column_says_the_country() -> None:
    orders = {
        "rows": {"per": "people", "min": 1, "max": 3},
        "columns": {
            "person_id": {"generator": "fk", "params": {"entity": "people", "column": "id"}},
            "person_country": {"generator": "parent", "params": {"link": "person_id", "column": "country"}},
            "ship_to": {"generator": "address.country_code", "params": {"country": "$people.country"}},
            "total": {"type": "decimal(12,3)", "generator": "finance.price", "params": {"currency": "$people.country"}},
        },
    }
    keys = {"id": {"generator": "sequence", "primary_key": True}, "country": COLUMNS["country"]}
    entities = {"people": {"rows": 200, "columns": keys}, "orders": orders}
    rows = sdgen.generate({"name": "x", "seed": 5, "entities": entities})["orders"].to_pylist()
    assert all(row["ship_to"] == row["person_country"] for row in rows)
    assert all(row["total"] == int(row["total"]) for row in rows if row["person_country"] == "JP")


@pytest.mark.parametrize(
    ("generator", "params", "what"),
    [
        ("address.city", {"country": "$"}, "names no column"),
        ("address.city", {"country": "$nowhere"}, "nowhere"),
        ("address.city", {"country": "$number"}, "no text"),
        ("address.city", {"country": "$word"}, "no country is called 'Atlantis'"),
        ("finance.currency_code", {"country": "Germania"}, "unknown country"),
        ("finance.price", {"currency": "EURO"}, "unknown currency"),
        ("finance.price", {"currency": "$number"}, "no text"),
        ("finance.price", {"currency": "$word"}, "no currency is called 'Atlantis'"),
        ("finance.price", {"base": "USD"}, "base without currency"),
        ("finance.amount", {"of": "number"}, "no currency is named"),
        ("finance.amount", {"of": "word", "currency": "JPY"}, "no number"),
        ("finance.currency_name", {}, "no currency is named"),
        ("person.full_name", {"locale": "xx"}, "unknown locale"),
        ("person.full_name", {"locale": {"en": "many"}}, "not a number"),
        ("person.full_name", {"locale": "$"}, "names no column"),
        ("person.full_name", {"locale": "$number"}, "no text"),
        ("person.full_name", {"locale": "$word"}, "no locale is called 'Atlantis'"),
    ],
)
def test_what_is_wrong_is_told(generator: str, params: dict[str, Any], what: str) -> None:
    columns: dict[str, Any] = {
        "number": {"generator": "uniform_int", "params": {"min": 1, "max": 2}},
        "word": {"type": "string", "generator": "choice", "params": {"values": ["Atlantis"]}},
        "it": {"generator": generator, "params": params},
    }
    with pytest.raises(ScenarioError, match=re.escape(what)):
        made(columns, 5)


def test_amounts_follow_another_column() -> None:
    columns: dict[str, Any] = {
        "usd": {"type": "decimal(10,2)", "nullable": True, "generator": "lognormal", "params": {"median": 30}},
        "yen": {"generator": "finance.amount", "params": {"of": "usd", "currency": "JPY", "base": "USD"}},
        "dinar": {"generator": "finance.amount", "params": {"of": "usd", "currency": "KWD"}},
    }
    table = made(columns, 500)["people"]
    assert str(table.schema.field("yen").type) == "decimal128(18, 0)"
    for row in table.to_pylist():
        assert (row["yen"] is None) == (row["usd"] is None)
        if row["usd"] is not None:
            assert abs(row["yen"] - row["usd"] * 150) <= Decimal("0.5")
            assert row["dinar"] == row["usd"]


def test_the_tables_cover_every_country() -> None:
    listed = [country for each in countries.currencies().values() for country in each.countries]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(all_countries())
    assert all(countries.locale_of(country) in locales() for country in all_countries())
    for country, locale in {"DE": "de", "AT": "de-at", "BE": "nl-be", "MX": "es-mx", "KE": "en", "BR": "pt-br"}.items():
        assert countries.locale_of(country) == locale
    assert [countries.currencies()[code].digits for code in ("EUR", "JPY", "KWD", "CLP", "TND")] == [2, 0, 3, 0, 3]


def test_unique_people_of_any_column_of_locales_stay_apart() -> None:
    """The column's generator lists nothing, so that any locale may come: addresses still never meet."""
    columns: dict[str, Any] = {
        "which": {"generator": "uniform_int", "params": {"min": 0, "max": 2}},
        "locale": {
            "type": "string",
            "generator": "expression",
            "params": {"sql": "case which when 0 then 'en' when 1 then 'en-GB' else 'en_AU.UTF-8' end"},
        },
        "email": {"generator": "person.email", "unique": True, "params": {"locale": "$locale"}},
    }
    assert len(made(columns, 40_000)["people"]["email"].unique()) == 40_000
