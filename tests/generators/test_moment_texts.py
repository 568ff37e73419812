"""Moments written in a form: every code gives what Python's own strftime gives, and counts are counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sdgen
from sdgen.errors import ScenarioError
from sdgen.generators.moments.formats import tells_apart, written

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1))
FORMS = [
    "%Y-%m-%dT%H:%M:%S.%f",
    "%d/%m/%y %I:%M %p",
    "%a, %d %b %Y",
    "%j%%",
    "%-d.%-m.%Y %-H:%M",
    "%B %A %y",
    "plain",
    "",
]


@given(moments=st.lists(MOMENTS, min_size=1, max_size=5), form=st.sampled_from(FORMS))
def test_codes_are_those_of_strftime(moments: list[datetime], form: str) -> None:
    found = written(pa.array(moments, pa.timestamp("us")), form).to_pylist()
    assert found == [moment.strftime(form) for moment in moments]


def test_counts_and_zones() -> None:
    moments = pa.array([datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), None], pa.timestamp("us", "UTC"))
    expected = {
        "%s": "1704164645",
        "%ms": "1704164645678",
        "%epoch_microseconds": "1704164645678901",
        "%s_as_float": "1704164645.678901",
        "%S.%_ms": "05.678",
        "%H%z %Z": "03+0000 UTC",
    }
    for form, text in expected.items():
        assert written(moments, form).to_pylist() == [text, None]


@pytest.mark.parametrize(
    ("form", "kind", "apart"),
    [
        ("%Y-%m-%d", "date", True),
        ("%Y-%m-%d", "timestamp", False),
        ("%y-%m-%d", "date", False),
        ("%H:%M:%S", "time", True),
        ("%d %b %Y %H:%M:%S", "timestamptz", True),
        ("%s", "timestamp", True),
    ],
)
def test_which_forms_tell_values_apart(form: str, kind: str, apart: bool) -> None:
    assert tells_apart(form, kind) == apart


def scenario(form: str, inner: str = "date", **column: object) -> dict[str, object]:
    params = {"value": {"generator": inner, "params": {"start": "2024-01-01", "end": "2024-12-31"}}, "format": form}
    return {
        "name": "s",
        "entities": {"a": {"rows": 300, "columns": {"x": {"generator": "as_text", "params": params, **column}}}},
    }


def test_a_unique_column_of_written_dates_has_no_value_twice() -> None:
    values = sdgen.generate(scenario("%d.%m.%Y", unique=True), seed=1)["a"].column("x").to_pylist()
    assert len(set(values)) == 300


@pytest.mark.parametrize(
    ("form", "inner", "column", "words"),
    [
        ("%d.%m", "date", {"unique": True}, "unique"),
        ("%Q", "date", {}, "the code '%Q' is not known"),
        ("%Y", "uuid4", {}, "a format is for times"),
    ],
)
def test_what_can_not_be_written_is_refused(form: str, inner: str, column: dict[str, object], words: str) -> None:
    broken = scenario(form, inner, **column)
    if inner == "uuid4":
        broken["entities"]["a"]["columns"]["x"]["params"]["value"] = "uuid4"  # type: ignore[index]
    with pytest.raises(ScenarioError, match=words):
        sdgen.plan(broken)
