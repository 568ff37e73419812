"""Columns named like a code of a standard get that code, and what is named likewise but is none does not."""

from __future__ import annotations

import pytest

from sdgen.engine import batch
from sdgen.generators.codes.facts import fact_table
from sdgen.inference.guess import with_guesses
from sdgen.planning.compile import compile_plan
from sdgen.scenario.model import Column, Entity, Scenario

# entity, column, type, the generator expected; each line is an example, or (after a !) one that must not be it.
EXPECTED = """
providers      npi                    string(10)   code.npi
providers      npi_number             text         code.npi
providers      npi                    string(4)    !code.npi
prescribers    dea_number             string(9)    code.dea
ideas          dea                    text         !code.dea
securities     isin                   string(12)   code.isin
securities     isin                   string(6)    !code.isin
instruments    cusip                  string(9)    code.cusip
instruments    sedol                  string(7)    code.sedol
instruments    figi                   string(12)   code.figi
counterparties lei                    string(20)   code.lei
counterparties legal_entity_identifier text        code.lei
gardens        leisure                text         !code.lei
customers      vat_number             string(20)   code.vat
customers      vat_id                 string(11)   code.vat
invoices       vat                    decimal(10,2) !code.vat
invoices       vat_rate               text         !code.vat
customers      ust_id                 string(14)   code.vat
clientes       cpf                    string(14)   code.cpf
clientes       cpf                    string(11)   code.cpf
empresas       cnpj                   string(18)   code.cnpj
companies      siret                  string(14)   code.siret
companies      siren                  string(9)    code.siren
alarms         siren                  text         !code.siren
employers      ein                    string(10)   code.ein
companies      abn                    string(14)   code.abn
companies      gstin                  string(15)   code.gstin
patients       nhs_number             string(10)   code.nhs_number
citizens       bsn                    string(9)    code.bsn
citizens       dni                    string(9)    code.dni
authors        orcid                  string(19)   code.orcid
journals       issn                   string(9)    code.issn
journals       issn                   string(8)    code.issn
books          isbn10                 string(10)   code.isbn10
products       upc                    string(12)   code.upc
pallets        sscc                   string(18)   code.sscc
vessels        imo_number             string(11)   code.imo
vessels        imo                    string(7)    code.imo
shipments      container_number       string(11)   code.container
jars           container              text         !code.container
sims           iccid                  string(20)   code.iccid
cars           vin                    string(17)   code.vin
wines          vintage                text         !code.vin
accounts       routing_number         string(9)    finance.routing_number
calls          routing_queue          text         !finance.routing_number
diagnoses      icd10_code             string(10)   icd10.code
encounters     primary_diagnosis_code string(10)   icd10.code
phones         dialing_code           string(10)   !icd10.code
lab_results    loinc_code             string(10)   loinc.code
admissions     drg_code               string(3)    drg.code
admissions     drg                    int          drg.code
claims         hcpcs_code             string(5)    hcpcs.code
claims         cpt_code               string(5)    pattern
encounters     cpt                    text         pattern
concepts       concept                text         !pattern
companies      naics_code             string(6)    naics.code
companies      naics                  int          naics.code
products       hs_code                string(10)   hs.code
customs_items  tariff_code            string(10)   hs.code
schools        hs_graduation          text         !hs.code
merchants      mcc                    string(4)    mcc.code
merchants      mcc                    smallint     mcc.code
airports       iata                   string(3)    airport.iata
flights        origin_airport         string(3)    airport.iata
flights        origin                 string(3)    airport.iata
products       origin                 text         !airport.iata
ports          unlocode               string(5)    locode.code
shipments      incoterm               string(3)    incoterm.code
shipments      un_number              string(6)    hazmat.code
shipments      hazard_class           string(5)    hazmat.hazard_class
lessons        class                  text         !hazmat.hazard_class
banks          swift_code             string(11)   finance.bic
accounts       bic                    string(11)   finance.bic
"""
ROWS = [line.split() for line in EXPECTED.strip().splitlines()]


@pytest.mark.parametrize(("entity", "column", "type", "expected"), ROWS, ids=[".".join(row[:3]) for row in ROWS])
def test_a_name_leads_to_its_code(entity: str, column: str, type: str, expected: str) -> None:
    made = Entity(columns={column: Column(type=type)})
    guessed = with_guesses(Scenario(name="x", entities={entity: made})).entities[entity].columns[column]
    assert guessed.generator is not None
    if expected.startswith("!"):
        assert guessed.generator.type != expected[1:]
    else:
        assert guessed.generator.type == expected


# A table's columns, the table of facts, and its columns in their order.
AGREEING = {
    "icd_codes": (
        {"code": "string(10)", "description": "text", "chapter": "text"},
        "icd10",
        "code description chapter",
    ),
    "diagnoses": ({"icd10_code": "string(8)", "diagnosis_name": "string(200)"}, "icd10", "code description"),
    "lab_results": (
        {"loinc_code": "string(10)", "test_name": "string(80)", "unit": "string(20)"},
        "loinc",
        "code name unit",
    ),
    "airports": ({"iata_code": "string(3)", "name": "string(80)", "city": "string(60)"}, "airport", "iata name city"),
    "mcc_codes": ({"code": "int", "description": "text"}, "mcc", "code description"),
    "ports": ({"locode": "string(5)", "name": "string(60)"}, "locode", "code name"),
    "banks": ({"bic": "string(11)", "name": "string(80)"}, "bank", "bic name"),
    "shipments": (
        {"un_number": "string(6)", "proper_shipping_name": "text", "hazard_class": "text"},
        "hazmat",
        "code name hazard_class",
    ),
}


@pytest.mark.parametrize("entity", AGREEING)
def test_what_stands_beside_a_code_is_what_belongs_to_it(entity: str) -> None:
    columns, table, listed = AGREEING[entity]
    made = Entity(rows=40, columns={name: Column(type=type) for name, type in columns.items()})
    rows = batch(compile_plan(Scenario(name="x", entities={entity: made})), entity, 0, 40).to_pylist()
    facts = fact_table(table).columns
    records = set(zip(*(facts[column] for column in listed.split()), strict=True))
    found = {
        tuple(str(row[name]).zfill(4) if type == "int" else row[name] for name, type in columns.items()) for row in rows
    }
    assert found <= records
    assert len(found) > 10


def test_two_airports_of_a_flight_are_drawn_apart() -> None:
    columns = {name: Column(type="string(3)") for name in ("origin_airport", "destination_airport")}
    scenario = Scenario(name="x", entities={"flights": Entity(rows=200, columns=columns)})
    rows = batch(compile_plan(scenario), "flights", 0, 200).to_pylist()
    assert sum(row["origin_airport"] != row["destination_airport"] for row in rows) > 180
