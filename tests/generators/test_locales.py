"""Several locales in one scenario: a row is of one of them, in all its columns, and unique values stay unique."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.generators.pools import mixture

COLUMNS: dict[str, Any] = {
    "id": {"generator": "sequence", "primary_key": True},
    "name": {"generator": "person.full_name", "unique": True},
    "email": {"generator": "person.email", "unique": True},
    "login": {"generator": "person.username", "unique": True},
    "country": {"generator": "address.country_code"},
    "city": {"generator": "address.city"},
    "phone": {"generator": "person.phone_number"},
    "friend": {"generator": "struct", "params": {"fields": {"first": "person.first_name"}}},
}


def made(locale: Any, rows: int = 4000, columns: dict[str, Any] = COLUMNS) -> Any:
    entities = {"people": {"rows": rows, "columns": columns}}
    return sdgen.generate({"name": "x", "seed": 3, "locale": locale, "entities": entities})["people"]


def test_rows_are_of_the_locales_by_weight_and_agree() -> None:
    rows = made({"en": 3, "de": 1}).to_pylist()
    shares = Counter(row["country"] for row in rows)
    assert shares.keys() == {"US", "DE"}
    assert shares["DE"] / len(rows) == pytest.approx(0.25, abs=0.03)
    assert all(row["phone"].startswith("+49" if row["country"] == "DE" else "+1-") for row in rows)
    assert not {row["city"] for row in rows if row["country"] == "DE"} & {"Chicago", "Houston", "Phoenix"}


@pytest.mark.parametrize("locale", [["en", "en-gb", "en-au"], ["ru", "uk"], ["de", "de-at"]])
def test_unique_values_stay_unique_across_locales(locale: list[str]) -> None:
    """These share most of their names, and the people of one name are told apart all the same."""
    table = made(locale, 60_000)
    for column in ("name", "email", "login"):
        assert len(table[column].unique()) == 60_000


def test_any_split_gives_the_same_rows() -> None:
    plan = sdgen.plan(
        {"name": "x", "seed": 3, "locale": "en, fr", "entities": {"people": {"rows": 900, "columns": COLUMNS}}}
    )
    whole = [row for each in sdgen.batches(plan, "people") for row in each.to_pylist()]
    parts = [row for each in sdgen.batches(plan, "people", batch_rows=71) for row in each.to_pylist()]
    assert parts == whole


def test_one_locale_in_a_list_is_that_locale() -> None:
    assert made(["de"], 200).equals(made("de", 200))


def test_what_can_not_be_unique_in_several_locales_is_refused() -> None:
    columns = {"first": {"generator": "person.first_name", "unique": True}}
    with pytest.raises(ScenarioError, match="unique"):
        made(["en", "de"], 10, columns)
    assert len(made("en", 10, columns)) == 10


@pytest.mark.parametrize(
    ("locale", "what"),
    [(["en", "xx"], "unknown locale 'xx'"), ({"en": 0}, "above 0"), ("en, en", "twice"), ({"en": "x"}, "not a number")],
)
def test_wrong_mixtures_are_refused(locale: Any, what: str) -> None:
    with pytest.raises(ScenarioError, match=what):
        made(locale, 10)


def test_mixtures_are_read() -> None:
    assert mixture("de") == (("de", 1.0),)
    assert mixture("en 3, de 1.5") == (("en", 3.0), ("de", 1.5))
