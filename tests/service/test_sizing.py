"""Row counts for a size: within a tenth of it in every file format, and all counts by one factor."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.execution.byte_counts import byte_count, format_bytes
from sdgen.targets.base import Mode

WIDE = {
    "name": "wide",
    "seed": 3,
    "entities": {
        "people": {
            "rows": {"count": 50, "fixed": [{"id": 1, "name": "admin"}]},
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "name": {"generator": "person.full_name"},
                "key": {"generator": "uuid4"},
                "tags": {"generator": "subset", "params": {"values": ["a", "b", "c"]}},
            },
        },
        "visits": {
            "rows": {"per": "people", "min": 0, "max": 6},
            "columns": {
                "person": {"generator": "fk", "params": {"entity": "people", "column": "id"}},
                "text": {"generator": "text.sentence"},
                "at": {"generator": "datetime"},
            },
        },
    },
}


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet", "arrow"])
@pytest.mark.parametrize("wanted", ["300kB", "6MB"])
def test_files_are_about_as_large_as_asked(tmp_path: Path, form: str, wanted: str) -> None:
    result = sdgen.write(WIDE, f"{tmp_path}/out/", formats=[form], size=wanted)
    assert abs(size_of(tmp_path / "out") / byte_count(wanted) - 1) < 0.1
    people, visits = result.entities
    assert 2.5 < visits.rows / people.rows < 3.5


def test_several_formats_and_one_table(tmp_path: Path) -> None:
    sdgen.write(WIDE, f"{tmp_path}/out/", formats=["csv", "parquet"], size="2MB", only=["visits"])
    assert abs(size_of(tmp_path / "out") / 2e6 - 1) < 0.1


@pytest.mark.parametrize(("name", "near"), [("x.sqlite", 0.1), ("x.sql", 0.1), ("x.duckdb", 0.6)])
def test_database_files(tmp_path: Path, name: str, near: float) -> None:
    sdgen.write(WIDE, tmp_path / name, size=6_000_000)
    assert abs((tmp_path / name).stat().st_size / 6e6 - 1) < near


def test_appended_rows_are_those_that_count(tmp_path: Path) -> None:
    sdgen.write(WIDE, f"{tmp_path}/out/", size="1MB")
    sdgen.write(WIDE, f"{tmp_path}/out/", size="1MB", mode=Mode.APPEND_ONLY)
    assert abs(size_of(tmp_path / "out") / 2e6 - 1) < 0.1


def test_counts_that_are_asked_for_stay(tmp_path: Path) -> None:
    result = sdgen.write(WIDE, f"{tmp_path}/out/", size="1MB", rows={"visits": 10})
    assert result.entities[1].rows == 10
    assert abs(size_of(tmp_path / "out") / 1e6 - 1) < 0.1


@pytest.mark.parametrize(("size", "rows"), [("20", None), ("5MB", 30)])
def test_a_size_that_can_not_be(tmp_path: Path, size: str, rows: int | None) -> None:
    with pytest.raises(ScenarioError, match="no scale of the row counts"):
        sdgen.write(WIDE, f"{tmp_path}/out/", size=size, rows=rows)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("5GB", 5 * 10**9),
        ("500 mb", 5 * 10**8),
        ("1.5G", 15 * 10**8),
        ("2GiB", 2 << 30),
        ("1_000", 1000),
        ("1TB", 10**12),
    ],
)
def test_byte_counts(text: str, count: int) -> None:
    assert byte_count(text) == count


@pytest.mark.parametrize("text", ["", "GB", "-5MB", "5XB", "5 i", "0", "1e9", "٣MB"])
def test_no_byte_counts(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        byte_count(text)


def test_shown() -> None:
    counts = (12, 999, 1000, 12_345, 123_456_789, 5e9)
    assert [format_bytes(count) for count in counts] == [
        "12 bytes",
        "999 bytes",
        "1.00 kB",
        "12.3 kB",
        "123 MB",
        "5.00 GB",
    ]
