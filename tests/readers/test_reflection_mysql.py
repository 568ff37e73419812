"""A live MySQL or MariaDB → scenario, and its rows back into the same tables."""

from __future__ import annotations

import pytest

import sdgen
from sdgen.readers.sources import read_source
from sdgen.readers.sql.database import read_database
from tests.targets.places import run_mysql

SHOP = """
CREATE TABLE departments (dept_no CHAR(4) NOT NULL PRIMARY KEY, dept_name VARCHAR(40) NOT NULL UNIQUE) COMMENT 'where people work';
CREATE TABLE people (
    emp_no INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, boss INT UNSIGNED,
    first_name VARCHAR(14) NOT NULL COMMENT 'given name', gender ENUM('M','F') NOT NULL,
    is_remote TINYINT(1) NOT NULL, skills SET('sql','go'), prefs JSON,
    age TINYINT UNSIGNED CHECK (age BETWEEN 18 AND 70), hired DATE NOT NULL, gone DATE,
    initial CHAR(1) AS (left(first_name, 1)) STORED, started YEAR, pass BIT(1) NOT NULL,
    FOREIGN KEY (boss) REFERENCES people (emp_no), CHECK (gone >= hired));
CREATE TABLE posts (
    emp_no INT UNSIGNED NOT NULL, dept_no CHAR(4) NOT NULL, from_date DATE NOT NULL, wage DECIMAL(9,2) UNSIGNED NOT NULL,
    PRIMARY KEY (emp_no, dept_no), FOREIGN KEY (emp_no) REFERENCES people (emp_no) ON DELETE CASCADE,
    FOREIGN KEY (dept_no) REFERENCES departments (dept_no));
CREATE TABLE reviews (
    id BIGINT AUTO_INCREMENT PRIMARY KEY, emp_no INT UNSIGNED NOT NULL, dept_no CHAR(4) NOT NULL, stars TINYINT UNSIGNED NOT NULL,
    made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, FOREIGN KEY (emp_no, dept_no) REFERENCES posts (emp_no, dept_no));
CREATE TRIGGER stamp BEFORE INSERT ON reviews FOR EACH ROW SET NEW.stars = NEW.stars;
CREATE VIEW staff AS SELECT emp_no FROM people"""


@pytest.fixture
def company(mysql_url: str) -> str:
    run_mysql(mysql_url, *SHOP.split(";\n"))
    return mysql_url


def test_what_is_read(company: str) -> None:
    scenario = read_source(company)
    assert set(scenario.entities) == {"departments", "people", "posts", "reviews"}
    types = {name: column.type for name, column in scenario.entities["people"].columns.items()}
    assert types["emp_no"] == "uint"
    assert types["gender"] == "enum(M, F)"
    assert types["is_remote"] == "bool"
    assert types["pass"] == "bool"
    assert types["prefs"] == "json"
    assert "initial" in scenario.entities["people"].target["mysql"]["computed"]
    people = scenario.entities["people"]
    assert people.columns["first_name"].description == "given name"
    assert scenario.entities["departments"].description == "where people work"
    assert any("stamp" in note.what for note in scenario.notes)


def test_checks_of_columns_and_tables(company: str) -> None:
    schema = read_database(company)
    people = next(table for table in schema.tables if table.name.name == "people")
    told = " ".join(check.sql for check in people.checks)
    assert "between 18 and 70" in told
    assert "`gone` >= `hired`" in told
    assert "json_valid" not in told


def test_rows_come_back(company: str) -> None:
    scenario = read_source(company)
    sdgen.write(scenario, company, seed=7)
    wrong = """SELECT (SELECT count(*) FROM people WHERE age NOT BETWEEN 18 AND 70 OR gone < hired OR boss = emp_no),
        (SELECT count(*) FROM people WHERE initial <> left(first_name, 1)),
        (SELECT count(*) FROM reviews LEFT JOIN posts USING (emp_no, dept_no) WHERE posts.emp_no IS NULL)"""
    assert run_mysql(company, wrong) == [(0, 0, 0)]
    rows = run_mysql(company, "SELECT count(*) FROM reviews")[0][0]
    assert rows == sdgen.plan(scenario, seed=7).entities["reviews"].rows
    sdgen.write(scenario, company, seed=8, mode="truncate_then_insert")
    rows = run_mysql(company, "SELECT count(*) FROM reviews")[0][0]
    assert rows == sdgen.plan(scenario, seed=8).entities["reviews"].rows
    report = sdgen.verify(scenario, company, seed=8)
    assert not [each for each in report.findings if each.status.name == "BROKEN"]
