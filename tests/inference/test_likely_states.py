"""Weights for states that a schema lists."""

from __future__ import annotations

import pytest

import sdgen
from sdgen.inference.likely_states import weights


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["pending", "completed", "No-Show"], [14, 60, 4]),
        (["IN PROGRESS", "FAILED"], [14, 4]),
        (["red", "green"], None),
        (["paid", "delivered"], None),
        ([1, 2, 3], None),
    ],
)
def test_a_state_is_as_likely_as_its_word_suggests(values: list[object], expected: list[int] | None) -> None:
    assert weights(values) == expected


def test_lists_and_enums_of_a_schema_get_them(tmp_path: object) -> None:
    from pathlib import Path

    file = Path(str(tmp_path)) / "x.sql"
    file.write_text(
        "CREATE TYPE mood AS ENUM ('normal', 'critical');\n"
        "CREATE TABLE t (id int PRIMARY KEY, s text NOT NULL CHECK (s IN ('paid', 'void')), m mood NOT NULL,\n"
        "  stars int NOT NULL CHECK (stars BETWEEN 1 AND 5), rating int NOT NULL CHECK (rating BETWEEN 1 AND 5));\n"
    )
    made = sdgen.generate(str(file), seed=1, rows=2000)["t"].to_pydict()
    assert made["s"].count("paid") > 1700
    assert made["m"].count("normal") > 1700
    assert sum(star > 3 for star in made["rating"]) > 1300
    assert set(made["rating"]) == {1, 2, 3, 4, 5}


def test_each_step_of_a_funnel_is_rarer_than_the_one_before() -> None:
    impressions, clicks, conversions = weights(["impression", "click", "conversion"]) or []
    assert impressions > 10 * clicks > 50 * conversions
