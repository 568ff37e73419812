"""A CHECK doesn't turn off the generator that a column's name asks for: its values are kept within the condition."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sdgen
from sdgen.generators.registry import make
from sdgen.readers.sources import read_source
from tests.readers.test_check_branches import filled

MAIL = re.compile(r"[a-z._-]+\d*@example\.(com|org|net)")
# A column with its CHECK, and a pattern that its values have.
COLUMNS = {
    "age int NOT NULL CHECK (age > 0)": r"[1-9]\d?",
    "age smallint NOT NULL CHECK (age BETWEEN 30 AND 50)": r"[345]\d",
    "first_name text NOT NULL CHECK (char_length(first_name) >= 5)": r"[A-Z][a-z]{4,}",
    "last_name varchar(40) NOT NULL CHECK (last_name <> '' AND last_name !~ '[0-9]')": r"[A-Z][A-Za-z' -]+",
    "email text NOT NULL UNIQUE CHECK (email = lower(email))": MAIL.pattern,
    "contact_mail text NOT NULL CHECK (contact_mail ~ '^[^@ ]+@[^@ ]+$')": MAIL.pattern,
    "last_name text NOT NULL CHECK (last_name = upper(last_name))": r"[A-Z' -]+",
    "country_code char(2) NOT NULL CHECK (country_code = upper(country_code))": r"[A-Z]{2}",
    "begin_year int NOT NULL, end_year int, CHECK (begin_year <= end_year)": r"20[12]\d",
    "birth_date date NOT NULL CHECK (birth_date <= current_date - interval '40 years')": r"19\d\d-\d\d-\d\d",
    "gender char(1) NOT NULL CHECK (gender IN ('F', 'M', 'X'))": r"[FMX]",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_values_are_of_the_name_and_keep_the_check(postgres_url: str, tmp_path: Path, column: str) -> None:
    name = column.split()[0]
    with filled(postgres_url, tmp_path, f"CREATE TABLE people (id int PRIMARY KEY, {column});", 200) as connection:
        values = [str(value) for (value,) in connection.execute(f"SELECT {name} FROM people".encode()).fetchall()]
    assert [value for value in values if not re.fullmatch(COLUMNS[column], value)] == []
    assert len(set(values)) > 2


def test_genders_by_a_check_fit_first_names(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(
        "CREATE TABLE people (id int PRIMARY KEY, first_name text NOT NULL,"
        " gender varchar(6) NOT NULL CHECK (gender IN ('male', 'female', 'other')));"
    )
    rows = sdgen.generate(schema, seed=1, rows=4000)["people"].to_pylist()
    genders: dict[str, set[str]] = {}
    for row in rows:
        genders.setdefault(row["first_name"], set()).add(row["gender"])
    assert all(not {"male", "female"} <= found for found in genders.values())
    assert 0 < sum(row["gender"] == "other" for row in rows) < 400


def test_two_bounds_of_a_pair_of_names_hold(tmp_path: Path) -> None:
    """max_lvl is above min_lvl by its name, and within its own CHECK."""
    schema = tmp_path / "s.sql"
    schema.write_text(
        "CREATE TABLE t (id int PRIMARY KEY, min_lvl int NOT NULL CHECK (min_lvl BETWEEN 1 AND 20),"
        " max_lvl int NOT NULL CHECK (max_lvl BETWEEN 1 AND 20));"
    )
    rows = sdgen.generate(schema, seed=1, rows=900)["t"].to_pylist()
    assert all(1 <= row[name] <= 20 for row in rows for name in ("min_lvl", "max_lvl"))


@pytest.mark.parametrize(
    "column",
    ["u int NOT NULL REFERENCES u CHECK (u < 50)", "k int NOT NULL CHECK (k < 50), n int NOT NULL, UNIQUE (k, n)"],
)
def test_what_a_check_says_of_a_link_or_a_unique_set_is_watched(tmp_path: Path, column: str) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(f"CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, {column});")
    scenario = read_source(schema)
    assert any("< 50" in sql for sql in scenario.entities["t"].check)


def test_a_restricted_generator_keeps_its_condition() -> None:
    params = {
        "value": "person.first_name",
        "check": "length(value) > 5",
        "otherwise": {"generator": "const", "params": {"value": "Nobody"}},
    }
    column = {"type": "text", "generator": "restricted", "params": params}
    scenario = {"name": "r", "seed": 1, "entities": {"t": {"rows": 500, "columns": {"it": column}}}}
    values = sdgen.generate(scenario)["t"]["it"].to_pylist()
    assert min(map(len, values)) > 5
    assert len(set(values)) > 50
    wrong = {**column, "params": {**params, "check": "length(value)"}}
    with pytest.raises(sdgen.ScenarioError, match="it is of type bigint, not true or false"):
        sdgen.generate({"name": "r", "entities": {"t": {"columns": {"it": wrong}}}})
    assert make("restricted", params).called == "restricted"
