"""Telephone numbers: of the country and region of the row's address, kept for fiction where there are such."""

from __future__ import annotations

import re

import numpy as np
import phonenumbers
import pyarrow as pa
import pytest
from phonenumbers import geocoder

from sdgen.generators.places.gazetteer import column, countries
from sdgen.generators.pools import own_yaml
from sdgen.generators.registry import make
from tests.generators.fake import facts, fill
from tests.generators.families import check_class, check_rows, family_names, plain

DATA = own_yaml("phones")
# Kept for fiction: regulators publish them, and some are valid for no library.
FICTION = {
    "US": r"\+1-\d{3}-555-01\d\d",
    "CA": r"\+1-\d{3}-555-01\d\d",
    "GB": r"\+44 (20 7946 0|1\d\d 496 0|191 498 0|28 9649 6|29 2018 0|1632 960|7700 900)\d{3}",
    "IE": r"\+353 20 91\d \d{4}",
    "DE": r"\+49 (30 23125|40 66969|69 90009|89 99998|221 4710) \d{3}",
    "FR": r"\+33 (1 99 00|2 61 91|3 53 01|4 65 71|5 36 49|6 39 98) \d\d \d\d",
    "SE": r"\+46 (8 465 004 |31 390 06 |40 628 04 |980 319 2|70 174 06 )\d\d",
    "AU": r"\+61 [2378] (5550|7010) \d{4}",
}


@pytest.mark.parametrize("name", family_names("people.phones"))
def test_cells_depend_on_row_numbers_alone(name: str) -> None:
    check_rows(name)
    check_class(name)


@pytest.mark.parametrize("country", DATA["forms"])
def test_numbers_are_of_their_country(country: str) -> None:
    for text in plain(fill("person.phone_number", {"country": country}, 300)):
        number = phonenumbers.parse(text)
        if country in FICTION:
            assert re.fullmatch(FICTION[country], text)
            assert phonenumbers.is_possible_number(number)
        else:
            assert phonenumbers.is_valid_number(number)
            assert phonenumbers.region_code_for_number(number) == country


@pytest.mark.parametrize("country", ["US", "GB", "DE", "FR", "JP", "BR", "KE"])
def test_the_forms_are_of_one_number(country: str) -> None:
    one, two, three = (
        plain(fill("person.phone_number", {"country": country, "format": form}, 200))
        for form in ("international", "national", "digits")
    )
    assert three == [re.sub(r"\D", "", text) for text in two]
    for inner, outer in zip(two, one, strict=True):
        assert phonenumbers.parse(inner, country) == phonenumbers.parse(outer)


def test_every_country_of_the_gazetteer_has_a_calling_code() -> None:
    assert set(countries()) <= DATA["forms"].keys() | DATA["codes"].keys()
    assert not DATA["forms"].keys() & DATA["codes"].keys()
    for country in set(countries()) & DATA["codes"].keys():
        known = str(phonenumbers.country_code_for_region(country))
        assert known == "0" or str(DATA["codes"][country]).startswith(known)


def test_numbers_fit_the_address_of_the_row() -> None:
    states = plain(fill("address.state_code", rows=2000))
    for state, text in zip(states, plain(fill("person.phone_number", rows=2000)), strict=True):
        assert text[3:6] in str(DATA["forms"]["US"]["regions"][state]).split()
    where = {"country": "world"}
    codes = plain(fill("address.country_code", where, 2000))
    for country, text in zip(codes, plain(fill("person.phone_number", where, 2000)), strict=True):
        code = DATA["codes"].get(country) or DATA["forms"][country].get("code", 1)
        assert text.startswith(f"+{code}")
    assert plain(fill("person.phone_number", rows=50)) != plain(fill("person.phone_number", {"who": "fax"}, 50))


def test_locales_have_the_numbers_of_their_country() -> None:
    for locale, begin in {"en": "+1-", "de": "+49 ", "en-gb": "+44 ", "fr": "+33 ", "ja": "+81 "}.items():
        assert all(text.startswith(begin) for text in plain(fill("person.phone_number", rows=50, locale=locale)))


def test_area_codes_are_of_their_states() -> None:
    regions = DATA["forms"]["US"]["regions"]
    assert set(regions) <= set(column("state_code").to_pylist())
    names = {"NY": "New York", "TX": "Texas", "CA": "California", "FL": "Florida", "OH": "Ohio"}
    for state, areas in regions.items():
        for area in str(areas).split():
            place = geocoder.description_for_number(phonenumbers.parse(f"+1{area}5550100"), "en")
            assert ", " not in place or place.endswith((f", {state}", "D.C."))
            assert state not in names or names[state] in place or place.endswith(f", {state}")


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("international", r"^\+1-[2-9]\d\d-555-01\d\d$"),
        ("national", r"^\([2-9]\d\d\) 555-01\d\d$"),
        ("digits", r"^[2-9]\d\d55501\d\d$"),
    ],
)
def test_telephones_ring_nowhere(form: str, pattern: str) -> None:
    values = fill("person.phone_number", {"format": form})
    assert pa.compute.all(pa.compute.match_substring_regex(values, pattern)).as_py()
    generator = make("person.phone_number", {"format": form})
    size = generator.capacity(facts(generator))
    assert size is not None
    assert size > 20_000
    assert len(fill("person.phone_number", {"format": form}, size, unique=True).unique()) == size


def test_unique_numbers_are_of_one_country() -> None:
    made = make("person.phone_number", {"country": "JP"})
    assert (made.capacity(facts(made)) or 0) > 10_000_000
    assert len(fill("person.phone_number", {"country": "JP"}, 200_000, unique=True).unique()) == 200_000
    world = make("person.phone_number", {"country": "world"})
    assert world.capacity(facts(world)) is None
    faulty = make("person.phone_number", {"country": "XX"})
    assert [fault.param for fault in faulty.faults(facts(faulty))] == ["country"]
    assert np.array(plain(fill("person.phone_number", {"country": "JP"}, 10, unique=True))).shape == (10,)
