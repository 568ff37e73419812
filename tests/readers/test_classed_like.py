"""LIKE of SQL Server, whose patterns have classes; conditions over keys, whose values are settled by something else."""

from __future__ import annotations

import re
from pathlib import Path

import sdgen

TABLE = """
CREATE TABLE parts (
    number INT IDENTITY(1, 1) PRIMARY KEY,
    code CHAR(5) NOT NULL CHECK (code LIKE '[A-F][A-F]-[0-9][0-9]'),
    batch VARCHAR(8) NOT NULL CHECK (batch LIKE 'b[x-z][0-6]'),
    seal NVARCHAR(9) NOT NULL CHECK (seal LIKE '[[]x]_')
);
GO
"""


def test_classes_of_like(tmp_path: Path) -> None:
    (tmp_path / "parts.sql").write_text(TABLE)
    rows = sdgen.generate(tmp_path / "parts.sql", rows=80, seed=1)["parts"].to_pylist()
    for name, pattern in (
        ("code", "[A-F]{2}-[0-9]{2}"),
        ("batch", "b[x-z][0-6]"),
        ("seal", r"\[x\]."),
    ):
        assert all(re.fullmatch(pattern, row[name]) for row in rows), name
    assert len({row["code"] for row in rows}) > 60


def test_a_pattern_over_a_link_is_a_condition_of_its_branch(tmp_path: Path) -> None:
    text = """
        CREATE TABLE lots (code varchar(9) PRIMARY KEY);
        CREATE TABLE picks (id int PRIMARY KEY, lot varchar(9) NOT NULL REFERENCES lots, why text,
            CHECK (lot LIKE 'A%' OR why IS NOT NULL));
    """
    (tmp_path / "lots.sql").write_text(text)
    rows = sdgen.generate(tmp_path / "lots.sql", rows=80, seed=1)["picks"].to_pylist()
    assert all(row["lot"].startswith("A") or row["why"] is not None for row in rows)
