"""Tables of facts: columns of one row are of one record, by weight; others follow the column that they are `of`."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import numpy as np
import pyarrow as pa
import pytest

import sdgen
from sdgen.generators.codes.facts import fact_table
from sdgen.generators.families import FAMILIES
from sdgen.generators.pools import own_yaml
from sdgen.generators.registry import make
from tests.generators.fake import facts, fill
from tests.generators.families import check_class, check_rows, family_names, plain

NAMES = family_names("codes.facts")
TABLES = own_yaml("facts")


def test_the_catalogue_has_the_columns_of_all_tables() -> None:
    listed = [f"{table}.{column}" for table, described in TABLES.items() for column in described["columns"]]
    assert sorted(FAMILIES["codes.facts"]) == sorted([*listed, "loinc.value"])
    assert all(
        column in fact_table(name.partition(".")[0]).columns for name in listed for column in [name.partition(".")[2]]
    )


@pytest.mark.parametrize("name", NAMES)
def test_cells_depend_on_row_numbers_alone(name: str) -> None:
    check_rows(name)
    check_class(name)


@pytest.mark.parametrize("table", TABLES)
def test_columns_of_a_row_are_of_one_record(table: str) -> None:
    columns = TABLES[table]["columns"]
    rows = list(zip(*(plain(fill(f"{table}.{column}", rows=3000)) for column in columns), strict=True))
    listed = fact_table(table).columns
    numeric = [columns[column].get("type") == "double" for column in columns]
    records = set(
        zip(
            *([float(x) for x in listed[c]] if n else listed[c] for c, n in zip(columns, numeric, strict=True)),
            strict=True,
        )
    )
    assert set(rows) <= records
    assert len(set(rows)) > min(len(records), 30) * 0.7


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_each_key_once_and_nothing_empty(table: str) -> None:
    listed = fact_table(table)
    keys = listed.columns[listed.key]
    assert len(set(keys)) == len(keys)
    for column, texts in listed.columns.items():
        assert all(text and text == text.strip() for text in texts), column
    size = len(keys)
    assert sorted(plain(fill(f"{table}.{listed.key}", rows=size, unique=True))) == sorted(keys)


def test_weights_are_kept() -> None:
    drawn = Counter(plain(fill("icd10.code", rows=40_000)))
    listed = fact_table("icd10").columns
    total = sum(map(int, listed["weight"]))
    assert drawn["I10"] / 40_000 == pytest.approx(90 / total, rel=0.1)
    assert drawn.most_common(1)[0][0] == "I10"


def test_other_columns_follow_the_one_that_holds_the_code() -> None:
    codes = ["E11.9", None, "J06.9", "no such code"]
    made = fill("icd10.description", {"of": "code"}, 4, columns={"code": codes})
    assert plain(made)[:3] == [
        "Type 2 diabetes mellitus without complications",
        None,
        "Acute upper respiratory infection, unspecified",
    ]
    assert plain(made)[3] in fact_table("icd10").columns["description"]
    numbers = fill("mcc.description", {"of": "code"}, 2, columns={"code": [742, 5411]})
    assert plain(numbers) == ["Veterinary services", "Grocery stores and supermarkets"]
    ranges = fill("loinc.low", {"of": "code"}, 2, columns={"code": ["2951-2", None]})
    assert plain(ranges) == [136.0, None]


def test_unique_codes_and_their_descriptions_agree_in_a_scenario() -> None:
    columns = {
        "code": {"generator": "mcc.code", "type": "int", "primary_key": True},
        "name": {"generator": "mcc.description", "params": {"of": "code"}},
    }
    table = sdgen.generate({"name": "x", "seed": 4, "entities": {"codes": {"rows": 60, "columns": columns}}})["codes"]
    listed = fact_table("mcc").columns
    meaning = dict(zip(map(int, listed["code"]), listed["description"], strict=True))
    assert [meaning[code] for code in table["code"].to_pylist()] == table["name"].to_pylist()
    assert len(set(table["code"].to_pylist())) == 60


def test_digits_fill_numbers_too() -> None:
    texts, whole = plain(fill("mcc.code", rows=500)), fill("mcc.code", rows=500, type="smallint")
    assert [int(text) for text in texts] == plain(whole)
    made = make("mcc.code", {})
    assert made.arrow(facts(made, "smallint").type) == pa.int16()
    assert not list(made.faults(facts(made, "smallint")))
    naics = make("naics.code", {})
    assert [fault.what for fault in naics.faults(facts(naics, "smallint"))]
    assert not list(naics.faults(facts(naics, "int")))


def test_results_lie_about_the_usual_range_of_their_test() -> None:
    low, high, value, unit = (
        np.array(plain(fill(f"loinc.{each}", rows=20_000))) for each in ("low", "high", "value", "unit")
    )
    within = (value >= low) & (value <= high)
    assert 0.89 < within.mean() < 0.95
    assert value.min() >= 0
    assert value[unit == "%"].max() <= 100
    assert len(fill("loinc.value", rows=2000).unique()) > 300


def test_codes_have_the_form_of_their_system() -> None:
    bic, luhn = import_module("stdnum.bic"), import_module("stdnum.luhn")
    for code in fact_table("bank").columns["bic"]:
        bic.validate(code)
    for code, country in zip(
        fact_table("bank").columns["bic"], fact_table("bank").columns["country_code"], strict=True
    ):
        assert code[4:6] == country
    for code in fact_table("loinc").columns["code"]:
        luhn.validate(code.replace("-", ""))
    for code, country in zip(
        fact_table("locode").columns["code"], fact_table("locode").columns["country_code"], strict=True
    ):
        assert code[:2] == country
        assert len(code) == 5
    widths = {"mcc": {4}, "naics": {6}, "hs": {6}, "drg": {3}, "hcpcs": {5}, "incoterm": {3}}
    for table, allowed in widths.items():
        assert {len(code) for code in fact_table(table).columns["code"]} == allowed
