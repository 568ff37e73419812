"""Places: one row is one place, as the gazetteer has it."""

from __future__ import annotations

import re
import zoneinfo

import pyarrow as pa
import pytest

from sdgen.generators.places import gazetteer
from sdgen.generators.pools import locales, own, own_yaml
from sdgen.generators.registry import make
from tests.generators.fake import facts, fill
from tests.generators.families import check_class, check_rows, family_names, plain

NAMES = family_names("places.places")
COLUMNS = ("city", "state", "state_code", "county", "time_zone", "country", "country_code")


def column(name: str, rows: int = 2000, **params: str) -> list[object]:
    return plain(fill(f"address.{name}", params, rows))


@pytest.mark.parametrize("name", NAMES)
def test_cells_depend_on_row_numbers_alone(name: str) -> None:
    check_rows(name)
    check_rows(name, {"country": "world"})
    check_class(name)


@pytest.mark.parametrize("country", ["US", "DE", "world"])
def test_one_row_is_one_place(country: str) -> None:
    batch = gazetteer.gazetteer()
    listed = {tuple(row) for row in zip(*(batch[name].to_pylist() for name in COLUMNS), strict=True)}
    rows = list(zip(*(column(name, country=country) for name in COLUMNS), strict=True))
    assert set(rows) <= listed
    assert len(set(rows)) > 100


def test_american_zip_codes_are_the_towns_own() -> None:
    batch = gazetteer.gazetteer()
    wanted = ("postal_code", "city", "state_code", "latitude", "longitude")
    places = {code: rest for code, *rest in zip(*(batch[name].to_pylist() for name in wanted), strict=True) if code}
    for code, city, state, north, east in zip(
        column("zip_code"), column("city"), column("state_code"), column("latitude"), column("longitude"), strict=True
    ):
        assert [city, state] == places[code][:2]
        assert abs(north - places[code][2] / 10_000) <= 0.0201
        assert abs(east - places[code][3] / 10_000) <= 0.0201
        assert round(north, 6) == north


def test_large_cities_come_often() -> None:
    cities = column("city", 50_000)
    share = cities.count("Houston") / len(cities)
    assert 0.008 < share < 0.015


def test_addresses_hold_their_parts() -> None:
    for line, street, city, code in zip(
        *(column(name, 500, country="world") for name in ("address", "street", "city", "postal_code")), strict=True
    ):
        assert line.startswith(street + ", ")
        assert city in line
        assert code in line
    for street, number, name in zip(
        *(column(part, 500, country="world") for part in ("street", "street_number", "street_name")), strict=True
    ):
        assert street in (f"{number} {name}", f"{name} {number}")


def test_countries_are_the_locales_own() -> None:
    assert set(fill("address.country_code", locale="de-at").to_pylist()) == {"AT"}
    assert set(fill("address.country_code", locale="en").to_pylist()) == {"US"}
    assert all(gazetteer.country_of(locale) in gazetteer.countries() for locale in locales())
    generator = make("address.city", {"country": "de"})
    fault = next(iter(generator.faults(facts(generator))))
    assert "DE" in fault.hint


@pytest.mark.parametrize(
    ("country", "pattern"),
    [
        ("DE", r"\d{5}"),
        ("GB", r"[A-Z]{2}\d \d[A-Z]{2}"),
        ("CA", r"[A-Z]\d[A-Z] \d[A-Z]\d"),
        ("JP", r"\d{3}-\d{4}"),
        ("XK", r"\d{5}"),
    ],
)
def test_postal_codes_look_like_the_countrys(country: str, pattern: str) -> None:
    assert all(re.fullmatch(pattern, code) for code in column("postal_code", country=country))


def test_postal_codes_begin_as_their_state_has_it() -> None:
    begins = own("postal")["by_state"]["CA"]
    for code, state in zip(column("postal_code", country="CA"), column("state_code", country="CA"), strict=True):
        assert code[0] in begins[state]


def test_places_have_real_time_zones() -> None:
    assert set(gazetteer.column("time_zone").to_pylist()) <= zoneinfo.available_timezones() | {"America/Coyhaique"}


def test_cities_can_be_unique() -> None:
    generator = make("address.city", {"country": "DE"})
    size = generator.capacity(facts(generator))
    assert size is not None
    assert size > 300
    assert len(set(plain(fill("address.city", {"country": "DE"}, size, unique=True)))) == size


def test_names_are_dictionaries() -> None:
    assert pa.types.is_dictionary(fill("address.city").type)
    assert fill("address.city").type == make("address.city", {}).arrow(make("address.city", {}).natural())


PREFIXES = own_yaml("postal_prefixes")
POSTAL = {  # the countries' forms, as their posts describe them
    "FR": r"\d{5}",
    "IT": r"\d{5}",
    "ES": r"\d{5}",
    "NL": r"\d{4} [A-Z]{2}",
    "PL": r"\d{2}-\d{3}",
    "PT": r"\d{4}-\d{3}",
    "SE": r"\d{3} \d{2}",
    "CZ": r"\d{3} \d{2}",
    "SK": r"\d{3} \d{2}",
    "GR": r"\d{3} \d{2}",
    "NO": r"\d{4}",
    "DK": r"\d{4}",
    "CH": r"\d{4}",
    "AT": r"\d{4}",
    "HU": r"\d{4}",
    "FI": r"\d{5}",
    "HR": r"\d{5}",
    "TR": r"\d{5}",
    "KR": r"\d{5}",
    "MX": r"\d{5}",
    "UA": r"\d{5}",
    "IN": r"\d{6}",
    "CN": r"\d{6}",
    "RU": r"\d{6}",
    "JP": r"\d{3}-\d{4}",
    "BR": r"\d{5}-\d{3}",
    "AZ": r"AZ\d{4}",
}


@pytest.mark.parametrize("country", sorted({*PREFIXES["regions"], *PREFIXES["cities"]}))
def test_postal_codes_begin_as_those_of_the_region_and_city(country: str) -> None:
    regions, cities = (PREFIXES[name].get(country, {}) for name in ("regions", "cities"))
    columns = (column(part, 2500, country=country) for part in ("postal_code", "state_code", "city"))
    seen = set()
    for code, state, city in zip(*columns, strict=True):
        assert re.fullmatch(POSTAL.get(country, r"\d{5}"), code)
        of_region, of_city = regions.get(state, regions.get("*", "")).split(), cities.get(city, "").split()
        prefixes = of_city if not of_region or (of_city and set(of_city) <= set(of_region)) else of_region
        assert not prefixes or code.startswith(tuple(prefixes)), (code, state, city)
        seen.add(city)
    assert seen & cities.keys() or not cities


def test_prefixes_are_of_regions_and_cities_that_there_are() -> None:
    batch = gazetteer.gazetteer()
    found = {name: batch[name].to_pylist() for name in ("country_code", "state_code", "city")}
    for key, name in (("regions", "state_code"), ("cities", "city")):
        known = set(zip(found["country_code"], found[name], strict=True))
        assert (
            not {(country, each) for country, listed in PREFIXES[key].items() for each in listed}
            - known
            - {("AZ", "*")}
        )
    # A city lies in its region, so that its codes are some of the region's.
    inside = set()
    for country, city, state in zip(found["country_code"], found["city"], found["state_code"], strict=True):
        own_codes = PREFIXES["cities"].get(country, {}).get(city)
        region = PREFIXES["regions"].get(country, {}).get(state, own_codes)
        if own_codes and set(own_codes.split()) <= set(region.split()):
            inside.add((country, city))
    assert inside == {(country, each) for country, listed in PREFIXES["cities"].items() for each in listed}


@pytest.mark.parametrize(
    ("country", "pattern"),
    [
        ("DE", r"\D+ \d+, \d{5} \D.*"),
        ("FR", r"\d+ \D.*, \d{5} \D.*"),
        ("JP", r"\w+ \d-chome \d+, [^,]+, [^,\d]+ \d{3}-\d{4}"),
        ("BR", r"(Rua|Avenida) [^,]+ \d+, [^,]+ - [A-Z]{2}, \d{5}-\d{3}"),
        ("MX", r"Calle [^,]+ \d+, \d{5} [^,]+, [^,]+"),
        ("RU", r"ul\. \w+ \d+, [^,]+, \d{6}"),
        ("IN", r"\d+ [^,]+, [^,]+, [^,\d]+ \d{6}"),
        ("GB", r"\d+ [^,]+, \D+ [A-Z]{2}\d \d[A-Z]{2}"),
        ("US", r"\d+ [^,]+, [^,]+, [A-Z]{2} \d{5}"),
    ],
)
def test_addresses_are_written_as_in_the_country(country: str, pattern: str) -> None:
    lines = column("address", 400, country=country)
    assert all(re.fullmatch(pattern, line) for line in lines), next(x for x in lines if not re.fullmatch(pattern, x))


def test_addresses_of_several_countries_have_each_its_order() -> None:
    lines = column("address", 3000, country="world")
    assert sum(bool(re.search(r" - [A-Z]{2}, \d{5}-\d{3}, Brazil$", line)) for line in lines) > 20
    assert sum(bool(re.search(r"-chome \d+, .* \d{3}-\d{4}, Japan$", line)) for line in lines) > 20
