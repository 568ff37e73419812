"""Codes with check characters: python-stdnum finds them all valid, and they are unique by construction."""

from __future__ import annotations

import re
from importlib import import_module

import numpy as np
import pytest

from sdgen.generators.codes.check_digits import CheckRule, automaton, free_digits
from sdgen.generators.codes.checked import RECORDS
from sdgen.generators.families import FAMILIES
from sdgen.generators.registry import make
from tests.generators.fake import facts, fill
from tests.generators.families import check_class, check_rows, plain

ORACLES = {
    "code.isin": "isin",
    "code.cusip": "cusip",
    "code.sedol": "gb.sedol",
    "code.figi": "figi",
    "code.lei": "lei",
    "code.cpf": "br.cpf",
    "code.cnpj": "br.cnpj",
    "code.siren": "fr.siren",
    "code.siret": "fr.siret",
    "code.abn": "au.abn",
    "code.cuit": "ar.cuit",
    "code.rut": "cl.rut",
    "code.gstin": "in_.gstin",
    "code.nhs_number": "gb.nhs",
    "code.bsn": "nl.bsn",
    "code.dni": "es.dni",
    "code.pesel": "pl.pesel",
    "code.aadhaar": "in_.aadhaar",
    "code.sin": "ca.sin",
    "code.orcid": "isni",
    "code.issn": "issn",
    "code.isbn10": "isbn",
    "code.upc": "ean",
    "code.gtin14": "ean",
    "code.gln": "ean",
    "code.imo": "imo",
    "code.container": "iso6346",
    "code.iccid": "luhn",
    "code.creditor_reference": "iso11649",
}
# Checked here, as the oracle doesn't know them: a published number of each, and where its check character stands.
PUBLISHED = {
    "code.vin": ("1M8GDM9AXKP042788", 8),
    "code.dea": ("AP5836727", 8),
    "code.sscc": ("006141411234567890", 17),
}
FORMLESS = {"code.ein"}  # without check characters
NAMES = list(RECORDS)


def test_the_table_and_the_catalogue_have_the_same_codes() -> None:
    assert list(FAMILIES["codes.checked"]) == NAMES
    assert set(NAMES) == {*ORACLES, *PUBLISHED, *FORMLESS, "code.vat"}


@pytest.mark.parametrize("name", NAMES)
def test_cells_depend_on_row_numbers_alone(name: str) -> None:
    check_rows(name)
    check_class(name)


@pytest.mark.parametrize(("name", "oracle"), ORACLES.items())
def test_the_oracle_finds_all_valid(name: str, oracle: str) -> None:
    number = import_module(f"stdnum.{oracle}")
    for unique in (False, True):
        for code in plain(fill(name, rows=3000, unique=unique)):
            number.validate(code)


@pytest.mark.parametrize("country", RECORDS["code.vat"].forms)
def test_vat_numbers_are_valid_in_their_country(country: str) -> None:
    number = import_module(
        f"stdnum.{country.lower().replace('el', 'gr') if country != 'NO' else 'no'}.{VAT.get(country, 'vat')}"
    )
    codes = plain(fill("code.vat", {"countries": [country]}, 3000))
    for code in codes:
        assert code.startswith(country)
        number.validate(code if country != "NO" else code.removeprefix("NO"))


VAT = {"AT": "uid", "CZ": "dic", "DK": "cvr", "EE": "kmkr", "ES": "nif", "FI": "alv", "FR": "tva", "HR": "oib"}
VAT |= {"HU": "anum", "IT": "iva", "LT": "pvm", "LU": "tva", "LV": "pvn", "NL": "btw", "NO": "mva", "PL": "nip"}
VAT |= {"PT": "nif", "RO": "cf", "SI": "ddv", "SK": "dph"}


@pytest.mark.parametrize(("name", "published"), PUBLISHED.items())
def test_published_numbers_have_the_check_character_of_the_rule(name: str, published: tuple[str, int]) -> None:
    code, place = published
    rule = RECORDS[name].forms[""].checks[0]
    letters = np.array([list(code.encode())], dtype=np.uint8)
    letters[:, place] = ord("_") if name == "code.vin" else ord("0")
    assert automaton(rule).check(letters).tobytes().decode() == code[place]
    for made in plain(fill(name, rows=300)):
        raw = np.array([list(made.encode())], dtype=np.uint8)
        raw[:, place] = ord("_") if name == "code.vin" else ord("0")
        assert automaton(rule).check(raw).tobytes().decode() == made[place]


@pytest.mark.parametrize("name", NAMES)
def test_codes_are_unique_over_all_of_a_domain(name: str) -> None:
    generator = make(name, {})
    size = generator.capacity(facts(generator))
    assert size is not None
    assert 10_000 < size < 1 << 63
    rows = min(size, 300_000)
    assert len(fill(name, rows=rows, unique=True).unique()) == rows


@pytest.mark.parametrize("country", RECORDS["code.vat"].forms)
def test_numbers_without_a_check_character_are_left_out(country: str) -> None:
    """All of a small part of the domain: none twice, and none with the mark for a missing character."""
    generator = make("code.vat", {"countries": [country]})
    domain = generator.domain(facts(generator))
    assert domain is not None
    listed = plain(domain.decode(np.arange(20_000, dtype=np.int64)))
    assert len(set(listed)) == 20_000
    assert not any("-" in code or "_" in code for code in listed)


def test_codes_are_written_with_marks_or_without() -> None:
    marked, bare = plain(fill("code.cpf", rows=50)), plain(fill("code.cpf", {"marks": False}, rows=50))
    assert all(re.fullmatch(r"\d{3}\.\d{3}\.\d{3}-\d\d", code) for code in marked)
    assert [re.sub(r"\D", "", code) for code in marked] == bare
    made = make("code.vin", {"marks": True})
    assert [fault.param for fault in made.faults(facts(made))] == ["marks"]


def test_unknown_countries_are_refused_with_those_there_are() -> None:
    made = make("code.vat", {"countries": ["DE", "de", "XX", "DE"]})
    found = list(made.faults(facts(made)))
    assert {fault.param for fault in found} == {"countries"}
    assert len(found) == 3
    assert any("DE" in fault.hint for fault in found)


def test_a_rule_that_leaves_two_digits_without_a_check_is_refused() -> None:
    rule = CheckRule(at=2, over=(0, 2), weights=(5, 1), symbols="-123456789", free=0)
    with pytest.raises(ValueError, match="no check character"):
        free_digits(rule)
