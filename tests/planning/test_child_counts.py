"""Rows per parent by laws other than Poisson's, by a column of the parent, and by a mean that the parent weighs."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import sdgen
from sdgen.engine import batch
from sdgen.errors import ScenarioError
from sdgen.generators.links.counts import BLOCK
from sdgen.planning.plan import Plan
from sdgen.readers.sources import read_text_as_scenario

ID = {"generator": "sequence", "primary_key": True}
SOME = 40_000
WEIGHT = {"generator": "lognormal", "params": {"median": 1, "sigma": 0.7}}


def scenario(rows: Any, parents: int = SOME, **columns: Any) -> dict[str, Any]:
    child = {"id": ID, "parent_id": {"generator": "fk", "params": {"entity": "parents", "column": "id"}}}
    return {
        "name": "counts",
        "seed": 11,
        "as_of": "2026-01-01T00:00:00Z",
        "entities": {
            "parents": {"rows": parents, "columns": {"id": ID, **columns}},
            "children": {"rows": {"per": "parents", **rows}, "columns": child},
        },
    }


def counts_of(plan: Plan, entity: str = "children", link: str = "parent_id") -> np.ndarray:
    found = plan.entities[entity].links[link]
    assert found.layout is not None
    return np.diff(found.layout.starts(np.arange(plan.entities[found.parent].rows + 1, dtype=np.int64)))


def problems_of(source: dict[str, Any]) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        sdgen.plan(source)
    return [f"{each.where}: {each.what}; {each.hint}" for each in raised.value.problems]


@pytest.mark.parametrize(
    ("rows", "mean", "variance"),
    [
        ({"law": "poisson", "mean": 4}, 4, 4),
        ({"law": "geometric", "mean": 4}, 4, 20),
        ({"law": "negative_binomial", "mean": 4}, 4, 20),
        ({"law": "negative_binomial", "mean": 4, "dispersion": 2.5}, 4, 10),
        ({"law": "negative_binomial", "mean": 90, "dispersion": 3}, 90, 270),
        ({"law": "lognormal", "mean": 30, "sigma": 0.5}, 30, 30**2 * (np.exp(0.25) - 1)),
    ],
)
def test_a_law_has_its_mean_and_variance(rows: dict[str, Any], mean: float, variance: float) -> None:
    counts = counts_of(sdgen.plan(scenario(rows)))
    assert counts.mean() == pytest.approx(mean, rel=0.03)
    assert counts.var() == pytest.approx(variance, rel=0.08)


def test_geometric_and_zipf_shares_fall_as_they_should() -> None:
    shares = np.bincount(counts_of(sdgen.plan(scenario({"law": "geometric", "mean": 1.5})))) / SOME
    assert shares[:5] == pytest.approx([0.4 * 0.6**number for number in range(5)], abs=0.01)
    zipf = np.bincount(counts_of(sdgen.plan(scenario({"law": "zipf", "min": 1, "max": 40, "exponent": 1.4}))))
    assert len(zipf) == 41
    assert not zipf[0]
    assert zipf[1] / zipf[2] == pytest.approx(2**1.4, rel=0.06)
    assert zipf[1] / zipf[4] == pytest.approx(4**1.4, rel=0.1)


@pytest.mark.parametrize("law", ["negative_binomial", "geometric", "lognormal", "poisson"])
@pytest.mark.parametrize("weight", ["", "activity"])
def test_bounds_cut_a_law_off(law: str, weight: str) -> None:
    """The law keeps its shape between them: nothing piles up at an end."""
    rows = {"law": law, "mean": 4, "weight": weight, "min": 2, "max": 6}
    counts = counts_of(sdgen.plan(scenario(rows, activity={"generator": "const", "params": {"value": 1}})))
    free = {name: value for name, value in rows.items() if name not in ("min", "max")}
    whole = counts_of(sdgen.plan(scenario(free, activity={"generator": "const", "params": {"value": 1}})))
    whole = whole[(whole >= 2) & (whole <= 6)]
    assert (counts.min(), counts.max()) == (2, 6)
    assert np.bincount(counts) / len(counts) == pytest.approx(np.bincount(whole) / len(whole), abs=0.015)


def test_the_mean_alone_is_poissons_law_as_ever() -> None:
    plain = counts_of(sdgen.plan(scenario({"mean": 2.5, "min": 1, "max": 9})))
    named = counts_of(sdgen.plan(scenario({"mean": 2.5, "min": 1, "max": 9, "law": "poisson"})))
    assert (plain == named).all()
    assert plain[:12].tolist() == [3, 4, 1, 2, 3, 5, 1, 4, 3, 1, 1, 3]


@pytest.mark.parametrize("law", [None, "negative_binomial", "geometric", "lognormal"])
def test_a_weight_multiplies_the_mean(law: str | None) -> None:
    rows = {"mean": 3, "weight": "activity", **({"law": law} if law else {})}
    plan = sdgen.plan(scenario(rows, activity=WEIGHT))
    counts = counts_of(plan)
    activity = batch(plan, "parents", 0, SOME).column("activity").to_numpy()
    for group in np.array_split(np.argsort(activity), 5):
        assert counts[group].mean() == pytest.approx(3 * activity[group].mean(), rel=0.06, abs=0.03)


def test_no_weight_means_no_rows() -> None:
    weight = {"type": "double", "generator": "choice", "params": {"values": [0, 2, None]}}
    plan = sdgen.plan(scenario({"mean": 3, "weight": "w"}, parents=999, w=weight))
    counts, weights = counts_of(plan), batch(plan, "parents", 0, 999).column("w").to_pylist()
    assert {int(count) for count, one in zip(counts, weights, strict=True) if not one} == {0}
    assert max(counts) > 6


MONTHS = {"type": "int", "hidden": True, "generator": "expression"}
BORN = {"generator": "date", "params": {"start": "2020-01-01", "end": "2025-12-31"}}


def by_months(parents: int = 500) -> dict[str, Any]:
    """Children as many as months have passed, at most a term that the parents of the parents have."""
    made = scenario({"count": "due"}, parents)
    link = {"generator": "fk", "params": {"entity": "groups", "column": "id"}}
    sql = "least(greatest(datediff('month', born, as_of) - 2, 0), groups.term)"
    due = {**MONTHS, "params": {"sql": sql}}
    made["entities"]["parents"]["columns"] |= {"group_id": link, "born": BORN, "due": due}
    term = {"type": "int", "generator": "choice", "params": {"values": [6, 12, 24]}}
    made["entities"]["groups"] = {"rows": 40, "columns": {"id": ID, "term": term, "name": "text"}}
    return made


def test_a_parent_has_as_many_rows_as_its_column_says() -> None:
    plan = sdgen.plan(by_months())
    rows = sdgen.generate(plan)
    terms = dict(zip(rows["groups"]["id"].to_pylist(), rows["groups"]["term"].to_pylist(), strict=True))
    expected = {}
    for parent in rows["parents"].to_pylist():
        months = 2026 * 12 - parent["born"].year * 12 - parent["born"].month + 1
        expected[parent["id"]] = min(max(months - 2, 0), terms[parent["group_id"]])
    found = dict.fromkeys(expected, 0)
    for parent_id in rows["children"]["parent_id"].to_pylist():
        found[parent_id] += 1
    assert found == expected
    assert min(found.values()) == 0
    assert max(found.values()) == 24


def test_counts_by_a_column_make_small_plans_that_can_be_sent() -> None:
    plan = sdgen.plan(by_months(BLOCK + 500))
    sent = pickle.dumps(plan)
    assert len(sent) < 20_000
    rows = plan.entities["children"].rows
    for start in (0, rows // 2, rows - 300):
        assert batch(pickle.loads(sent), "children", start, start + 300).equals(
            batch(plan, "children", start, start + 300)
        )


def test_children_of_children_counted_by_columns_in_turn() -> None:
    made = by_months(60)
    made["entities"]["children"]["columns"]["parts"] = {"type": "int", "generator": "poisson", "params": {"mean": 1}}
    columns = {"child_id": {"generator": "fk", "params": {"entity": "children", "column": "id"}}}
    made["entities"] = {"parts": {"rows": {"per": "children", "count": "parts"}, "columns": columns}} | made["entities"]
    plan = sdgen.plan(made)
    parts = batch(plan, "children", 0, plan.entities["children"].rows).column("parts").to_numpy()
    assert (counts_of(plan, "parts", "child_id") == parts).all()


def test_a_rollup_counts_what_the_column_says() -> None:
    made = by_months(300)
    made["entities"]["parents"]["columns"]["number"] = {
        "generator": "rollup",
        "params": {"entity": "children", "function": "count"},
    }
    made["entities"]["parents"]["columns"]["due"]["hidden"] = False
    rows = sdgen.generate(made)["parents"]
    assert rows["number"].to_pylist() == rows["due"].to_pylist()


def test_a_column_of_a_unique_set_counts_too() -> None:
    """Its values come from a permutation over the whole set, in the count as in the column."""
    pair = {"generator": "uniform_int", "type": "int", "params": {"min": 0, "max": 9}}
    made = scenario({"count": "a"}, parents=90, a=pair, b=pair)
    made["entities"]["parents"]["unique"] = [["a", "b"]]
    plan = sdgen.plan(made)
    assert (counts_of(plan) == batch(plan, "parents", 0, 90).column("a").to_numpy()).all()


def test_rows_asked_for_by_number_are_spread() -> None:
    assert sdgen.plan(by_months(), rows={"children": 77}).entities["children"].rows == 77


def test_more_parents_keep_the_counts_of_the_first() -> None:
    for rows, more in (({"count": "n"}, {}), ({"mean": 2, "weight": "n", "law": "geometric"}, {})):
        column = {"type": "int", "generator": "uniform_int", "params": {"min": 0, "max": 3}}
        few, many = (counts_of(sdgen.plan(scenario(rows, parents=size, n=column, **more))) for size in (400, 900))
        assert (few == many[:400]).all()


ROWS = "entities.children.rows"


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        ({"count": "due"}, {"dew": BORN}, f"{ROWS}: parents has no column 'due' to count rows by; did you mean 'dew'?"),
        ({"count": "born"}, {"born": BORN}, f"{ROWS}: parents.born is date, not a whole number; "),
        (
            {"count": "n"},
            {"n": {"type": "int", "generator": "choice", "params": {"values": [1, -2]}}},
            f"{ROWS}: rows are counted by parents.n, which is -2 in row ",
        ),
        (
            {"count": "n"},
            {"n": {"generator": "rollup", "params": {"entity": "children", "function": "count"}}},
            f"{ROWS}: rows are counted by columns that depend on them in a cycle: children → children; ",
        ),
        ({"count": "n", "mean": 3}, {"n": "int"}, f"{ROWS}: rows per parent need one of: "),
        ({"mean": 2, "dispersion": 3}, {}, f"{ROWS}: dispersion is a param of another law; write `law: negative_bin"),
        ({"law": "geometric", "max": 9}, {}, f"{ROWS}: geometric needs a mean; "),
        ({"law": "zipf", "min": 1}, {}, f"{ROWS}: zipf needs the most rows a parent has; give it as max"),
        ({"law": "zipf", "max": 9, "mean": 3}, {}, f"{ROWS}: zipf takes no mean and no weight; "),
        ({"law": "geometric", "mean": 2, "min": 400}, {}, f"{ROWS}: the law hardly ever gives numbers of rows bet"),
        ({"mean": 400, "weight": "w"}, {"w": WEIGHT}, f"{ROWS}: a mean of "),
        ({"min": 0, "max": 4, "weight": "w"}, {"w": WEIGHT}, f"{ROWS}: weight needs a mean; "),
        ({"mean": 4, "weight": "born"}, {"born": BORN}, f"{ROWS}: parents.born is date, not a number; "),
        ({"mean": 4, "law": "poison"}, {}, f"{ROWS}.law: 'poison': input should be 'poisson', "),
    ],
)
def test_what_cannot_be_is_told(rows: dict[str, Any], columns: dict[str, Any], expected: str) -> None:
    found = problems_of(scenario(rows, **columns))
    assert len(found) == 1, found
    assert found[0].startswith(expected)


def test_a_faulty_column_is_told_once_where_it_stands() -> None:
    wrong = {"type": "int", "generator": "uniform_int", "params": {"min": 5, "max": 1}}
    assert problems_of(scenario({"count": "n"}, n=wrong)) == [
        "entities.parents.columns.n.params.min: min 5 is more than max 1; swap them"
    ]


def test_a_count_by_a_column_needs_a_parent() -> None:
    made = scenario({"count": 1})
    made["entities"]["children"]["rows"] = {"count": "months"}
    found = problems_of(made)
    assert any("count names a column, months, but rows are not counted per a parent" in each for each in found)


def test_columns_of_parents_are_the_same_for_one_child_and_for_many() -> None:
    """Parents repeat in a batch of children: what is computed once for each goes to all of its children."""
    name = {"generator": "choice", "nullable": True, "params": {"values": ["a", "b", "c"]}}
    score = {"generator": "normal"}
    made = scenario({"law": "geometric", "mean": 9}, parents=300, name=name, score=score)
    own = made["entities"]["children"]["columns"]
    own |= {"name": {"generator": "parent", "params": {"column": "parents.name"}}}
    own |= {"twice": {"type": "double", "generator": "expression", "params": {"sql": "parents.score * 2"}}}
    own |= {"near": {"generator": "normal", "correlate": {"parents.score": 0.8}}}
    plan = sdgen.plan(made)
    whole = batch(plan, "children", 0, 2_000)
    assert whole.column("name").null_count > 50
    for start in (0, 7, 1_234):
        assert batch(plan, "children", start, start + 1).equals(whole.slice(start, 1))
    rows = sdgen.generate(plan)
    by_id = dict(zip(rows["parents"]["id"].to_pylist(), rows["parents"]["name"].to_pylist(), strict=True))
    assert [by_id[parent] for parent in whole.column("parent_id").to_pylist()] == whole.column("name").to_pylist()


def test_a_count_by_a_column_of_a_wrong_link_is_a_problem_of_that_link() -> None:
    text = """
name: x
entities:
  a:
    rows: 5
    columns:
      id: {type: int, primary_key: true, generator: sequence}
      x: {type: int, generator: fk, params: {entity: nowhere, column: id}}
      n: {generator: expression, params: {sql: "x + 1"}}
  b:
    rows: {per: a, count: n}
    columns: {a_id: {generator: fk, params: {entity: a, column: id}}}
"""
    with pytest.raises(sdgen.ScenarioError, match="the parent entity 'nowhere' does not exist"):
        sdgen.plan(read_text_as_scenario(text, "x.yaml"))


def test_a_wrong_generator_behind_a_count_is_told() -> None:
    """The count's column is computed from another, and that from one whose params are wrong."""
    wards = {
        "id": {"generator": "sequence", "primary_key": True},
        "beds": {"type": "int", "generator": "poisson", "params": {"mean": 3, "min": 1}},
        "share": {"type": "double", "generator": "expression", "params": {"sql": "1.0 / beds"}},
    }
    stays = {
        "id": {"generator": "sequence", "primary_key": True},
        "ward_id": {"generator": "fk", "params": {"entity": "wards", "column": "id"}},
        "visits": {"type": "int", "generator": "expression", "params": {"sql": "wards.share * 5"}},
    }
    visits = {"stay_id": {"generator": "fk", "params": {"entity": "stays", "column": "id"}}}
    entities = {
        "wards": {"rows": 3, "columns": wards},
        "stays": {"rows": {"per": "wards", "count": 2}, "columns": stays},
        "visits": {"rows": {"per": "stays", "count": "visits"}, "columns": visits},
    }
    with pytest.raises(sdgen.SdgenError, match="beds"):
        sdgen.plan({"name": "hospital", "seed": 1, "entities": entities})
