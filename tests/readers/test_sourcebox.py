"""SourceBox schemas: all four dialects, what their generators become, and every mistake with its line."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.errors import ScenarioError, SdgenError
from sdgen.readers import sourcebox
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sourcebox.generators import DERIVED, MAKERS
from sdgen.readers.sources import read_as, read_source, read_text_as_scenario
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import Column, GeneratorSpec, Scenario

AS_OF = "2026-01-01T00:00:00Z"
KEY = {"name": "id", "type": "int", "primary_key": True, "auto_increment": True, "nullable": False}


def schema(*tables: dict[str, Any], **more: Any) -> dict[str, Any]:
    names = [table.get("name") for table in tables]
    return {"name": "lender", "database_type": ["mysql"], "tables": list(tables), "generation_order": names, **more}


def table(name: str, *columns: dict[str, Any], rows: int = 200, **more: Any) -> dict[str, Any]:
    return {"name": name, "record_count": rows, "columns": [KEY, *columns], **more}


def column(name: str, type: str, generator: str = "", /, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type, **({"generator": generator} if generator else {}), **more}


def link(name: str, parent: str, **more: Any) -> dict[str, Any]:
    key = {"table": parent, "column": "id", "on_delete": "CASCADE", "on_update": "CASCADE"}
    return {"name": name, "type": "int", "foreign_key": key, **more}


def read(document: dict[str, Any]) -> Scenario:
    return _read_text(json.dumps(document, indent=2))


def _read_text(text: str) -> Scenario:
    source = Source("lender.json")
    source.__dict__["text"] = text
    return sourcebox.read(source, ReadOptions())


def filled(type: str, generator: str = "", rows: int = 300, **more: Any) -> tuple[Column, list[Any], Scenario]:
    """What becomes of one column: its record, its values, and the scenario."""
    scenario = read(schema(table("t", column("it", type, generator, **more), rows=rows)))
    values = sdgen.generate(scenario, seed=1, as_of=_instant())["t"]["it"].to_pylist()
    return scenario.entities["t"].columns["it"], values, scenario


def _instant() -> Any:
    from sdgen.planning.drafting import parse_instant

    return parse_instant(AS_OF)


def spec(column: Column) -> GeneratorSpec:
    assert column.generator is not None
    return column.generator


def notes(scenario: Scenario) -> str:
    return "\n".join(map(str, scenario.notes))


# The whole of a lender's books, in the flat dialect.
LENDER = schema(
    table(
        "borrowers",
        column("email", "varchar(255)", "email", unique=True, nullable=False),
        column("phone", "varchar(20)", "phone", nullable=True),
        column("created_at", "timestamp", "timestamp_past", generator_params={"days_ago_min": 730, "days_ago_max": 30}),
        rows=60,
    ),
    table(
        "loans",
        link("borrower_id", "borrowers"),
        column("loan_number", "varchar(50)", "loan_number", unique=True),
        column(
            "amount",
            "decimal(12,2)",
            "loan_amount",
            generator_params={"distribution": "lognormal", "median": 50000, "min": 5000, "max": 500000},
        ),
        column("interest_rate", "decimal(5,2)", "interest_rate"),
        column("term_months", "int", "loan_term"),
        column("funded_date", "date", "date_past", generator_params={"days_ago_min": 730, "days_ago_max": 1}),
        column(
            "maturity_date",
            "date",
            "maturity_date",
            generator_params={"based_on": "funded_date", "months_forward": "term_months"},
        ),
        column("created_at", "timestamp", default="CURRENT_TIMESTAMP"),
        rows=100,
    ),
    table(
        "payments",
        link("loan_id", "loans"),
        column("payment_number", "int", "payment_number"),
        column("payment_date", "date", "payment_date", generator_params={"based_on_loan": "funded_date"}),
        column("amount", "decimal(10,2)", "payment_amount", generator_params={"calculated_from": "loan.amount"}),
        column("principal", "decimal(10,2)", "payment_principal"),
        column("interest", "decimal(10,2)", "payment_interest"),
        column(
            "status",
            "varchar(20)",
            "payment_status",
            generator_params={
                "values": [
                    {"value": "paid", "weight": 85},
                    {"value": "pending", "weight": 10},
                    {"value": "late", "weight": 5},
                ]
            },
        ),
        rows=350,
    ),
    table("scores", link("borrower_id", "borrowers"), column("score", "int", "credit_score"), rows=60),
    relationships=[
        {
            "from_table": "scores",
            "from_column": "borrower_id",
            "to_table": "borrowers",
            "to_column": "id",
            "relationship_type": "one_to_one",
        }
    ],
    validation_rules=[{"rule": "loans.borrower_id REFERENCES borrowers.id"}, {"rule": "rates_follow_scores"}],
    metadata={"industry": "fintech"},
)


@pytest.fixture(scope="module")
def lender() -> Scenario:
    return read(LENDER)


@pytest.fixture(scope="module")
def rows(lender: Scenario) -> dict[str, pa.Table]:
    return sdgen.generate(lender, seed=5, as_of=_instant())


def test_counts_and_links(rows: dict[str, pa.Table]) -> None:
    assert {name: len(made) for name, made in rows.items()} == {
        "borrowers": 60,
        "loans": 100,
        "payments": 350,
        "scores": 60,
    }
    assert set(rows["loans"]["borrower_id"].to_pylist()) <= set(rows["borrowers"]["id"].to_pylist())


def test_one_to_one_is_only_in_the_relationships(rows: dict[str, pa.Table]) -> None:
    assert sorted(rows["scores"]["borrower_id"].to_pylist()) == list(range(1, 61))


def test_bounds_of_days_may_stand_either_way_round(rows: dict[str, pa.Table]) -> None:
    made = [moment.date() for moment in rows["borrowers"]["created_at"].to_pylist()]
    now = date(2026, 1, 1)
    assert now - timedelta(730) <= min(made) < max(made) <= now - timedelta(30)


def test_a_loan_is_paid_back(rows: dict[str, pa.Table]) -> None:
    """Numbers count up within a loan, dates are a month apart, and the parts make the whole."""
    loans = {row["id"]: row for row in rows["loans"].to_pylist()}
    seen: dict[int, int] = {}
    for row in rows["payments"].to_pylist():
        loan = loans[row["loan_id"]]
        seen[row["loan_id"]] = seen.get(row["loan_id"], 0) + 1
        assert row["payment_number"] == seen[row["loan_id"]]
        months = (row["payment_date"].year - loan["funded_date"].year) * 12
        assert months + row["payment_date"].month - loan["funded_date"].month == row["payment_number"]
        assert row["amount"] == row["principal"] + row["interest"]
        assert abs(row["principal"] - loan["amount"] / loan["term_months"]) < 1
        assert (row["status"] == "pending") == (row["payment_date"] > date(2026, 1, 1))
    for loan in loans.values():
        months = (loan["maturity_date"].year - loan["funded_date"].year) * 12
        assert months + loan["maturity_date"].month - loan["funded_date"].month == loan["term_months"]


def test_what_is_told(lender: Scenario) -> None:
    told = notes(lender)
    assert "no sigma" in told
    assert "rates_follow_scores" in told
    assert "REFERENCES" not in told
    assert "CURRENT_TIMESTAMP" in told
    assert all(note.file == "lender.json" and note.line for note in lender.notes)


def test_round_trip(lender: Scenario, rows: dict[str, pa.Table]) -> None:
    again = read_text_as_scenario(scenario_text(lender), "lender.yaml")
    assert canonical(again) == canonical(lender)
    made = sdgen.generate(again, seed=5, as_of=_instant())
    assert all(made[name].equals(rows[name]) for name in rows)


@pytest.mark.parametrize(
    "spelled",
    [
        {"generator_params": {"distribution": {"type": "normal", "params": {"mean": 680, "std_dev": 80}}}},
        {"generator_params": {"distribution": "normal", "mean": 680, "std_dev": 80}},
        {"params": {"distribution": "normal", "mean": 680, "std_dev": 80}},
        {"distribution": {"type": "normal", "params": {"mean": 680, "std_dev": 80}}},
        {"distribution": {"type": "Normal", "mean": 680, "stddev": 80}},
    ],
)
def test_spellings_of_a_distribution(spelled: dict[str, Any]) -> None:
    made, values, scenario = filled("int", "int_range", **spelled)
    assert spec(made) == GeneratorSpec(type="normal", params={"mean": 680, "std": 80})
    assert 650 < sum(values) / len(values) < 710
    assert not scenario.notes


def test_constraints_as_words() -> None:
    columns = [
        {"name": "id", "type": "int", "constraints": ["PRIMARY KEY", "AUTO_INCREMENT"]},
        {"name": "email", "type": "varchar(99)", "generator": "email", "constraints": ["unique", "not null"]},
        {"name": "level", "type": "int", "constraints": ["DEFAULT 3"]},
        {"name": "boss_id", "type": "int", "constraints": ["NULL", "REFERENCES t(id)"]},
        {"name": "odd", "type": "int", "constraints": ["CHECK (odd > 0)"]},
    ]
    scenario = read({"tables": [{"name": "t", "record_count": 20, "columns": columns}], "database_type": "mysql"})
    made = scenario.entities["t"].columns
    assert spec(made["id"]).type == "sequence"
    assert made["id"].primary_key
    assert made["email"].unique
    assert spec(made["level"]) == GeneratorSpec(type="const", params={"value": "3"})
    assert spec(made["boss_id"]).params == {"entity": "t", "column": "id"}
    assert "CHECK (odd > 0)" in notes(scenario)
    assert sdgen.check(scenario) == []


@pytest.mark.parametrize(
    ("type", "generator", "params", "wanted"),
    [
        ("int", "int_range", {"min": 1, "max": 6}, {"type": "uniform_int", "params": {"min": 1, "max": 6}}),
        ("int", "int_range", {"min": 6, "max": 1}, {"type": "uniform_int", "params": {"min": 1, "max": 6}}),
        (
            "float",
            "float_range",
            {"min": 0, "max": 1},
            {"type": "uniform_float", "params": {"min": 0, "max": 1, "precision": 2}},
        ),
        (
            "decimal(8,2)",
            "decimal_range",
            {"min": 1, "max": 2.5},
            {"type": "decimal", "params": {"min": 1, "max": 2.5}},
        ),
        ("varchar(9)", "enum", {"values": ["a", "b"]}, {"type": "choice", "params": {"values": ["a", "b"]}}),
        (
            "varchar(9)",
            "weighted",
            {"distribution": "weighted", "values": [{"value": "a", "weight": 0.7}, {"value": "b", "weight": 0.3}]},
            {"type": "choice", "params": {"values": ["a", "b"], "weights": [0.7, 0.3]}},
        ),
        (
            "decimal(5,2)",
            "interest_rate",
            {"distribution": "weighted", "ranges": [{"min": 3.0, "max": 6.0, "weight": 60}]},
            {"type": "ranges", "params": {"ranges": [{"min": 3.0, "max": 6.0, "weight": 60}]}},
        ),
        ("boolean", "boolean_random", {"probability_true": 0.2}, {"type": "boolean", "params": {"probability": 0.2}}),
        ("boolean", "weighted_boolean", {"true_weight": 70}, {"type": "boolean", "params": {"probability": 0.7}}),
        (
            "date",
            "date_between",
            {"start_date": "2020-01-01", "end_date": "2021-01-01"},
            {"type": "date", "params": {"start": "2020-01-01", "end": "2021-01-01"}},
        ),
        ("datetime", "date_past", {"days_ago": 9}, {"type": "datetime", "params": {"start": "-9d", "end": "now"}}),
        (
            "timestamp",
            "timestamp_past",
            {"years_ago": 2},
            {"type": "datetime", "params": {"start": "-730d", "end": "now"}},
        ),
        (
            "date",
            "date_future",
            {"min_days_ahead": 5, "max_days_ahead": 9},
            {"type": "date", "params": {"start": "+5d", "end": "+9d"}},
        ),
        ("varchar(20)", "phone", {"format": "digits"}, {"type": "person.phone_number", "params": {"format": "digits"}}),
        (
            "varchar(90)",
            "company_email",
            {"domain": "a.example"},
            {"type": "person.email", "params": {"domain": "a.example"}},
        ),
        ("text", "lorem_ipsum", {"paragraphs": 2}, {"type": "text.paragraphs", "params": {"nb_paragraphs": 2}}),
        ("char(36)", "uuid", {}, {"type": "uuid4"}),
        ("varchar(4)", "ssn_last_4", {}, {"type": "pattern", "params": {"regex": "[0-9]{4}"}}),
        ("varchar(20)", "loan_status", {}, {"type": "fintech.loan_status"}),
        ("varchar(20)", "healthcare.blood_type", {}, {"type": "healthcare.blood_type"}),
        ("enum('a', 'it''s')", "enum", {}, {"type": "choice"}),
        ("json", "json_object", {"schema": {"level": "int", "mail": {"generator": "email"}}}, {"type": "json"}),
    ],
)
def test_generators(type: str, generator: str, params: dict[str, Any], wanted: dict[str, Any]) -> None:
    made, values, _ = filled(type, generator, generator_params=params)
    assert spec(made).type == wanted["type"]
    if wanted["type"] != "json":
        assert spec(made).params == wanted.get("params", {})
    assert any(value is not None for value in values)


TYPES = ("int", "bigint", "decimal(12,2)", "float", "varchar(200)", "char(2)", "date", "timestamp", "boolean", "json")


@pytest.mark.parametrize("generator", sorted({*MAKERS, *DERIVED, "icd10_code", "sku", "nonesuch"}))
def test_every_generator_on_every_type(generator: str) -> None:
    """Whatever can't fill a column is told, and the column is filled all the same."""
    columns = [column(f"c{place}", type, generator) for place, type in enumerate(TYPES)]
    scenario = read(schema(table("t", *columns, rows=20)))
    assert sdgen.check(scenario) == []
    assert len(sdgen.generate(scenario, seed=1)["t"]) == 20


def test_the_industry_decides_between_trades() -> None:
    for industry in ("fintech", "retail"):
        document = schema(table("t", column("m", "varchar(30)", "payment_method")), metadata={"industry": industry})
        assert spec(read(document).entities["t"].columns["m"]).type == f"{industry}.payment_method"


@pytest.mark.parametrize("type", ["int", "bigint", "INT(11)", "int unsigned", "smallint"])
def test_whole_number_keys_count(type: str) -> None:
    document = {
        "tables": [{"name": "t", "record_count": 50, "columns": [{"name": "id", "type": type, "primary_key": True}]}]
    }
    made = sdgen.generate(read(document))["t"]["id"].to_pylist()
    assert made == list(range(1, 51))


def test_nulls() -> None:
    params = {"min": 1, "max": 9, "null_probability": 0.5}
    _, values, _ = filled("int", "int_range", nullable=True, generator_params=params)
    assert 0.35 < values.count(None) / 300 < 0.65
    _, values, scenario = filled("int", "int_range", generator_params=params)
    assert None not in values
    assert "takes no nulls" in notes(scenario)


def test_edge_cases() -> None:
    params = {"min": 1, "max": 10**6, "edge_case_probability": 20}
    made, values, _ = filled("int", "int_range", generator_params=params)
    assert spec(made).type == "mixture"
    assert 20 < sum(value in (1, 10**6) for value in values) < 100
    _, values, _ = filled("date", "date_past", generator_params={"days_ago": 30, "edge_case_probability": 0.3})
    assert values.count(date(2016, 1, 1)) > 40
    _, _, scenario = filled("varchar(50)", "full_name", generator_params={"edge_case_probability": 0.1})
    assert "edge_case_probability" in notes(scenario)


@pytest.mark.parametrize(
    ("type", "default", "value"),
    [
        ("varchar(9)", "active", "active"),
        ("varchar(9)", "'it''s'", "it's"),
        ("int", "7", 7),
        ("int", 7, 7),
        ("boolean", "true", True),
        ("boolean", False, False),
        ("date", "CURRENT_DATE", date(2026, 1, 1)),
        ("date", "NOW()", date(2026, 1, 1)),
    ],
)
def test_defaults(type: str, default: Any, value: Any) -> None:
    _, values, scenario = filled(type, default=default)
    assert set(values) == {value}
    assert "default" in notes(scenario)


def test_a_default_that_cannot_be_kept() -> None:
    _, values, scenario = filled("int", default="nextval('x')")
    assert len(set(values)) > 1
    assert "not understood" in notes(scenario)
    _, values, _ = filled("int", default="NULL", nullable=True)
    assert set(values) == {None}


def test_generators_of_the_document() -> None:
    own = {
        "grade": {
            "type": "varchar(1)",
            "description": "x",
            "generator": "enum",
            "generator_params": {"values": ["A", "B"]},
        },
        "odd": 5,
    }
    scenario = read(schema(table("t", column("g", "varchar(1)", "grade")), custom_generators=own))
    assert spec(scenario.entities["t"].columns["g"]).type == "grade"
    assert scenario.presets["grade"].params == {"values": ["A", "B"]}
    assert set(sdgen.generate(scenario, seed=1)["t"]["g"].to_pylist()) == {"A", "B"}
    assert "'odd'" in notes(scenario)


def test_relationships_alone_make_links() -> None:
    ends = {"from_table": "a", "from_column": "id", "to_table": "b", "to_column": "a_id"}
    document = schema(
        table("a"), table("b", column("a_id", "int")), relationships=[{**ends, "relationship_type": "one_to_many"}]
    )
    made = spec(read(document).entities["b"].columns["a_id"])
    assert made.params == {"entity": "a", "column": "id"}


def test_unique_indexes() -> None:
    indexes = [{"columns": ["a"], "unique": True}, {"columns": ["a", "b"], "unique": True}, {"columns": ["c"]}]
    scenario = read(schema(table("t", column("a", "int"), column("b", "int"), rows=5, indexes=indexes)))
    assert scenario.entities["t"].columns["a"].unique
    assert scenario.entities["t"].unique == (("a", "b"),)
    assert "'c'" in notes(scenario)


PEOPLE = table("people")
PETS = table("pets", link("owner_id", "people"))


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    (schema(PETS, PEOPLE), '"pets"', "pets comes before people, to which its column owner_id refers"),
    (schema(PEOPLE, PETS, generation_order=["people"]), "generation_order", "leaves the table 'pets' out"),
    (schema(PEOPLE, generation_order=["people", "peple"]), "peple", "did you mean 'people'?"),
    (schema(PEOPLE, generation_order=["people", "people"]), "people", "twice"),
    (schema(PETS), "foreign_key", "leads to a table 'people' that does not exist"),
    (schema(PEOPLE, PEOPLE), "people", "stands here twice"),
    (schema(table("t", column("id", "int"))), '"name": "id"', "the column 'id' stands here twice"),
    (schema(table("t", column("a", "intt"))), "intt", "the type 'intt' is not known"),
    (schema(table("t", {"type": "int"})), "{", "the column has no name"),
    (schema(table("t", {"name": "a"})), "{", "the column 'a' has no type"),
    (schema({"record_count": 5, "columns": [KEY]}), "{", "the table has no name"),
    (schema({"name": "t", "record_count": 5}), "{", "has no columns"),
    (schema(table("t", rows=0)), "record_count", "above 0, found 0"),
    (schema(table("t", rows=-4)), "-4", "above 0, found -4"),
    (schema(), "tables", "there are no tables"),
    (schema(table("t", column("a", "int", "int_range", generator_params={"min": "x"}))), '"x"', "min must be a number"),
    (
        schema(table("t", column("a", "int", "int_range", generator_params=[1]))),
        "generator_params",
        "must be a mapping",
    ),
]


@pytest.mark.parametrize(("document", "there", "message"), MISTAKES)
def test_mistakes(document: dict[str, Any], there: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(document)
    found = [problem for problem in caught.value.problems if message in str(problem)]
    assert found, caught.value
    assert {problem.file for problem in caught.value.problems} == {"lender.json"}
    assert there in json.dumps(document, indent=2).splitlines()[found[0].line - 1]


def test_all_mistakes_at_once() -> None:
    broken = schema(table("t", column("a", "intt"), {"name": "b"}, link("c", "x"), rows=-1))
    with pytest.raises(ScenarioError) as caught:
        read(broken)
    assert len(caught.value.problems) == 4


def test_unknown_words_are_told_with_a_hint() -> None:
    document = schema(table("t", column("a", "varchar(99)", "emial", generater="x"), recordcount=4), tabels=[])
    told = notes(read(document))
    for word in (
        "'emial'",
        "did you mean 'email'",
        "'generater'",
        "'recordcount'",
        "'tabels'",
        "did you mean 'tables'",
    ):
        assert word in told


def test_problems_of_the_plan_stand_in_the_source() -> None:
    document = schema(table("t", column("a", "varchar(2)", "enum", generator_params={"values": ["long"]})))
    (problem,) = sdgen.check(read(document))
    assert problem.file == "lender.json"
    assert '"values"' in json.dumps(document, indent=2).splitlines()[problem.line - 1]


def test_sniffed(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(LENDER))
    assert canonical(read_source(path)) == canonical(read_as("sourcebox", str(path)))
    others: list[Any] = [{"entities": {}, "tables": []}, [], {"tables": [{"name": "t"}]}, {"name": "x"}]
    for value in others:
        path.write_text(json.dumps(value))
        assert not sourcebox.matches(Source(str(path)))
    path.write_text("{broken")
    assert not sourcebox.matches(Source(str(path)))


def _paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, each in inner for path in _paths(each, (*here, key)))]


PATHS = _paths(LENDER)[1:]
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 10**20), st.floats(), st.text(max_size=4), st.just([]), st.just({}),
    st.just([{}]), st.just({"type": "normal"}), st.sampled_from(["id", "loans", "normal", "enum", "1e999", "DEFAULT"]),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(PATHS), JUNK, st.booleans()), min_size=1, max_size=3))
@settings(max_examples=60)
def test_mutated_documents(changes: list[tuple[tuple[Any, ...], Any, bool]]) -> None:
    """A scenario that can be checked, or problems: nothing else."""
    document = copy.deepcopy(LENDER)
    for path, junk, removed in changes:
        place: Any = document
        try:
            for key in path[:-1]:
                place = place[key]
            if removed:
                del place[path[-1]]
            else:
                place[path[-1]] = junk
        except (KeyError, IndexError, TypeError):
            continue
    with suppress(SdgenError):
        sdgen.check(_read_text(json.dumps(document)))


@given(st.integers(0, 5000))
@settings(max_examples=30)
def test_truncated_documents(length: int) -> None:
    with suppress(SdgenError):
        _read_text(json.dumps(LENDER, indent=1)[:length])


@pytest.mark.parametrize("spelled", [{"distribution": "normal"}, {"distribution": {"type": "normal", "params": {}}}])
def test_dates_of_birth_keep_their_law_and_its_bounds(spelled: dict[str, Any]) -> None:
    ages = {"min_age": 21, "max_age": 65, "mean": 40, "std_dev": 5}
    _, values, scenario = filled("date", "date_of_birth", rows=2000, generator_params={**ages, **spelled})
    assert not scenario.notes
    found = sorted((date(2026, 1, 1) - value).days / 365.25 for value in values)
    assert found[0] >= 21
    assert found[-1] < 65.01
    assert 39.5 < sum(found) / len(found) < 40.6
    within = sum(35 < age < 45 for age in found) / len(found)
    assert 0.63 < within < 0.73  # one standard deviation to either side


def test_dates_of_birth_of_another_law_keep_their_bounds() -> None:
    params = {"min_age": 21, "max_age": 30, "distribution": "lognormal", "median": 25}
    _, values, scenario = filled("date", "date_of_birth", generator_params=params)
    assert all(date(1995, 1, 1) <= value <= date(2005, 1, 1) for value in values)
    assert "spread evenly" in str([note.what for note in scenario.notes])


@pytest.mark.parametrize(("level", "word"), [("entry", "Junior "), ("senior", "Senior ")])
def test_job_titles_have_their_level(level: str, word: str) -> None:
    _, values, scenario = filled("varchar(100)", "job_title", generator_params={"level": level})
    assert all(value.startswith(word) for value in values)
    assert not scenario.notes
    _, values, scenario = filled("varchar(100)", "job_title", generator_params={"level": "mid"})
    assert not any(value.startswith(("Junior ", "Senior ")) for value in values)
    assert not scenario.notes
