"""`correlate`: columns that rise and fall with others, their laws being what they were."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import sdgen
from sdgen.engine import batch
from sdgen.errors import ScenarioError

ID = {"generator": "sequence", "primary_key": True}
ROWS = 50_000

# A column of each generator that takes part, and of each kind of law.
RISING: dict[str, dict[str, Any]] = {
    "normal": {"generator": "normal", "params": {"mean": 170, "std": 8, "min": 150, "precision": 1}},
    "lognormal": {"type": "decimal(12,2)", "generator": "lognormal", "params": {"median": 900, "sigma": 0.9}},
    "exponential": {"generator": "exponential", "params": {"mean": 9, "max": 60}},
    "uniform_int": {"type": "bigint", "generator": "uniform_int", "params": {"min": -400, "max": 4_000}},
    "uniform_float": {"generator": "uniform_float"},
    "decimal": {"generator": "decimal", "params": {"min": 1, "max": 40, "scale": 2}},
    "ranges": {
        "generator": "ranges",
        "params": {"precision": 2, "ranges": [{"min": 5, "max": 9}, {"min": 0, "max": 3, "weight": 4}]},
    },
    "date": {"generator": "date", "params": {"start": "2019-01-01", "end": "2025-12-31"}},
    "datetime": {"generator": "datetime", "params": {"start": "2019-01-01", "end": "2026-01-01"}},
    "time": {"generator": "time", "params": {"start": "08:00", "end": "19:00"}},
    "poisson": {"generator": "poisson", "params": {"mean": 40}},
    "zipf": {"generator": "zipf", "params": {"size": 1 << 20, "exponent": 0.7}},
    "choice": {"type": "int", "generator": "choice", "params": {"values": [*range(60)], "weights": [*range(1, 61)]}},
}


def scenario(columns: dict[str, Any], rows: int = ROWS, **entities: Any) -> dict[str, Any]:
    return {
        "name": "correlated",
        "seed": 8,
        "as_of": "2026-01-01T00:00:00Z",
        "entities": {"people": {"rows": rows, "columns": {"id": ID, **columns}}, **entities},
    }


def numbers(values: pa.ChunkedArray) -> np.ndarray:
    kind = values.type
    if pa.types.is_date32(kind):
        values = values.cast(pa.int32())
    elif pa.types.is_temporal(kind):
        values = values.cast(pa.int64())
    return np.asarray(values.cast(pa.float64()).to_numpy(), dtype=float)


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks, equal values having their mean one."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - counts / 2)[places])


def rank_correlation(one: pa.ChunkedArray, two: pa.ChunkedArray) -> float:
    return float(np.corrcoef(ranks(numbers(one)), ranks(numbers(two)))[0, 1])


@pytest.mark.parametrize("name", RISING)
def test_a_column_follows_another_and_keeps_its_law(name: str) -> None:
    other = {"generator": "normal"}
    alone = sdgen.generate(scenario({"other": other, "it": RISING[name]}))["people"]
    made = sdgen.generate(scenario({"other": other, "it": {**RISING[name], "correlate": {"other": -0.6}}}))["people"]
    assert made["other"].equals(alone["other"])
    assert rank_correlation(made["it"], made["other"]) == pytest.approx(-0.6, abs=0.03)
    shares = np.linspace(0.02, 0.98, 25)
    before, after = (np.quantile(numbers(each["it"]), shares) for each in (alone, made))
    spread = before[-1] - before[0]
    step = 1 if name in ("poisson", "choice") else 0  # a quantile may lie on the edge between two whole numbers
    assert np.abs(after - before).max() <= max(0.03 * spread, step)


@pytest.mark.parametrize("name", RISING)
def test_a_column_is_followed_and_stays_as_it_is(name: str) -> None:
    """That others follow it changes no cell of it, though its own draws may not rise with its values."""
    it = {"generator": "normal", "correlate": {"other": 0.7}}
    alone = sdgen.generate(scenario({"other": RISING[name]}))["people"]
    made = sdgen.generate(scenario({"other": RISING[name], "it": it}))["people"]
    assert made["other"].equals(alone["other"])
    assert rank_correlation(made["it"], made["other"]) == pytest.approx(0.7, abs=0.03)
    assert numbers(made["it"]).std() == pytest.approx(1, abs=0.02)


def test_booleans_are_true_where_others_are_high() -> None:
    flag = {"generator": "boolean", "params": {"probability": 0.2}}
    columns = {"score": {"generator": "normal"}, "flag": {**flag, "correlate": {"score": 0.5}}}
    columns |= {"other": flag, "late": {"generator": "exponential", "correlate": {"other": 0.6}}}
    made = sdgen.generate(scenario(columns))["people"].to_pandas()
    assert made["flag"].mean() == pytest.approx(0.2, abs=0.01)
    assert made["score"][made["flag"]].mean() > made["score"][~made["flag"]].mean() + 0.6
    assert made["late"][made["other"]].mean() > made["late"][~made["other"]].mean() + 0.6


def test_several_at_once_and_one_after_another() -> None:
    columns: dict[str, Any] = {
        "age": {"generator": "uniform_int", "params": {"min": 18, "max": 90}},
        "income": {"generator": "lognormal", "params": {"median": 40}, "correlate": {"age": 0.3}},
        "score": {"generator": "normal", "correlate": {"age": 0.5, "income": 0.4, "luck": -0.3}},
        "luck": {"generator": "uniform_float"},
        "late": {"generator": "poisson", "params": {"mean": 30}, "correlate": {"score": -0.8}},
    }
    made = sdgen.generate(scenario(columns))["people"]
    for one, two, expected in [
        ("income", "age", 0.3),
        ("score", "age", 0.5),
        ("score", "income", 0.4),
        ("score", "luck", -0.3),
        ("income", "luck", 0.0),
        ("late", "score", -0.8),
    ]:
        assert rank_correlation(made[one], made[two]) == pytest.approx(expected, abs=0.02)


LOANS: dict[str, Any] = {
    "borrower": {"generator": "fk", "params": {"entity": "people", "column": "id", "null_rate": 0.3}},
    "term": {"generator": "uniform_int", "type": "int", "params": {"min": 1, "max": 400}},
    "amount": {"generator": "lognormal", "params": {"median": 9}, "correlate": {"people.income": 0.5, "term": 0.6}},
}


def test_a_parents_column_is_followed_through_the_link() -> None:
    income = {"generator": "lognormal", "params": {"median": 50}, "correlate": {"age": 0.6}}
    age = {"generator": "uniform_int", "type": "int", "params": {"min": 18, "max": 90}}
    made = sdgen.generate(scenario({"age": age, "income": income}, loans={"rows": ROWS, "columns": LOANS}))
    loans, people = made["loans"].to_pandas(), made["people"].to_pandas()
    both = loans.dropna().merge(people, left_on="borrower", right_on="id")
    pairs = {
        name: rank_correlation(pa.chunked_array([both["amount"]]), pa.chunked_array([both[name]])) for name in both
    }
    assert pairs["income"] == pytest.approx(0.5, abs=0.02)
    assert pairs["term"] == pytest.approx(0.6, abs=0.02)
    assert pairs["age"] == pytest.approx(0.3, abs=0.03)  # by way of the income
    without = loans[loans["borrower"].isna()]
    assert np.log(without["amount"] / 9).std() == pytest.approx(0.6, abs=0.02)  # no heap where there is no parent
    assert np.log(without["amount"] / 9).mean() == pytest.approx(0, abs=0.03)


def test_any_rows_alone_are_the_same() -> None:
    made = scenario({"income": {"generator": "exponential"}}, 700, loans={"rows": 3_000, "columns": LOANS})
    plan = pickle.loads(pickle.dumps(sdgen.plan(made)))
    whole = batch(plan, "loans", 0, 3_000)
    assert pa.Table.from_batches([batch(plan, "loans", start, start + 100) for start in range(0, 3_000, 100)]).equals(
        pa.Table.from_batches([whole])
    )
    assert batch(plan, "loans", 2_222, 2_223).equals(whole.slice(2_222, 1))


def test_rows_are_counted_by_a_correlated_column() -> None:
    visits = {"generator": "poisson", "type": "int", "params": {"mean": 3}, "correlate": {"age": -0.7}}
    age = {"generator": "uniform_int", "type": "int", "params": {"min": 18, "max": 90}}
    link = {"person": {"generator": "fk", "params": {"entity": "people", "column": "id"}}}
    entries = {"rows": {"per": "people", "count": "visits"}, "columns": link}
    made = sdgen.generate(scenario({"age": age, "visits": visits}, 900, entries=entries))
    found = np.bincount(made["entries"]["person"].to_numpy(), minlength=901)[1:]
    assert (found == made["people"]["visits"].to_numpy()).all()


def test_it_is_part_of_the_identity() -> None:
    one, two = (
        sdgen.plan(scenario({"a": {"generator": "normal"}, "b": {"generator": "normal", "correlate": {"a": value}}}))
        for value in (0.5, 0.4)
    )
    assert one.identity != two.identity
    assert one.versions["correlate"] == 1


NORMAL: dict[str, Any] = {"generator": "normal"}
UNFIT = "don't rise with one draw"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"b": {**NORMAL, "correlate": {"aa": 0.5}}}, "b.correlate.aa: people has no column 'aa'; did you mean 'a'?"),
        ({"b": {**NORMAL, "correlate": {"x.a": 0.5}}}, "b.correlate.x.a: 'x' is no parent of this entity: "),
        ({"b": {**NORMAL, "correlate": {"a": 1.5}}}, "b.correlate.a: 1.5 is more than 1"),
        (
            {"b": {**NORMAL, "correlate": {"id": 0.5}}},
            f"b.correlate.id: id can't be followed: values of sequence {UNFIT}",
        ),
        (
            {"b": {"generator": "person.first_name", "correlate": {"a": 0.5}}},
            f"b.correlate: can't be correlated: values of person.first_name {UNFIT}; normal, lognormal, ",
        ),
        (
            {
                "b": {
                    "generator": "uniform_int",
                    "unique": True,
                    "params": {"min": 1, "max": 10**6},
                    "correlate": {"a": 1},
                }
            },
            "b.correlate: can't be correlated: values of a unique column are a permutation, no draws; let another",
        ),
        (
            {"b": {**NORMAL, "correlate": {"a": 0.9}}, "c": {**NORMAL, "correlate": {"a": 0.8, "b": -0.2}}},
            "c.correlate: 0.8 with a and -0.2 with b can't be: these two have 0.9 with each other; "
            "beside 0.8 with a, b can have 0.48 to 0.98",
        ),
        (
            {**dict.fromkeys("bcde", NORMAL), "f": {**NORMAL, "correlate": dict.fromkeys("abcde", 0.5)}},
            "f.correlate: these correlations can't hold together: a, b, c, d, e; ask for weaker ones, or for fewer",
        ),
        (
            {"b": {**NORMAL, "correlate": {"c": 0.5}}, "c": {**NORMAL, "correlate": {"b": 0.5}}},
            "b: columns depend on each other in a cycle: people.b → people.c → people.b; let one of them be drawn by its",
        ),
    ],
)
def test_what_cannot_be_is_told(columns: dict[str, Any], expected: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        sdgen.plan(scenario({"a": NORMAL, **columns}, 100))
    found = [f"{each.where}: {each.what}; {each.hint}" for each in raised.value.problems]
    assert len(found) == 1, found
    assert found[0].startswith(f"entities.people.columns.{expected}")
