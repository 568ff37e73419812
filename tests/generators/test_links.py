"""Trees of a bounded depth, and links that are distinct."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sdgen
from sdgen.errors import ScenarioError
from sdgen.generators.links.restricted_parents import LevelTree
from sdgen.readers.sources import read_text_as_scenario


def levels(tree: LevelTree, rows: int) -> np.ndarray:
    """The level of each row, roots being 1; a row's parent must come before it."""
    parents = tree.choose(np.arange(rows, dtype=np.int64))
    found = np.zeros(rows, dtype=np.int64)
    for row, parent in enumerate(parents.tolist()):
        assert parent < row
        found[row] = 1 if parent < 0 else found[parent] + 1
    return found


@given(key=st.integers(0, 2**64 - 1), roots=st.integers(1, 20), depth=st.integers(2, 7), rows=st.integers(1, 600))
def test_a_tree_keeps_its_depth_and_roots(key: int, roots: int, depth: int, rows: int) -> None:
    found = levels(LevelTree(key, roots, depth), rows)
    assert (found[:roots] == 1).all()
    assert (found[roots:] > 1).all()
    assert found.max() == depth if rows >= roots + 2 ** (depth - 2) else found.max() <= depth


def test_a_trees_rows_do_not_depend_on_the_split() -> None:
    tree = LevelTree(11, 3, 5)
    whole = tree.choose(np.arange(1000, dtype=np.int64))
    order = np.random.default_rng(1).permutation(1000).astype(np.int64)
    assert (tree.choose(order) == whole[order]).all()


HEAD = """\
entities:
  posts:
    rows: 200
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      tags: {type: array<int>, generator: subset, params: {values: [1, 2, 3, 4, 5, 6, 7, 8, 9], min: 1, shuffled: true}}
      size: {type: int, generator: expression, params: {sql: len(tags)}}
  tags:
    rows: 9
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
  tagged:
"""
PAIRS = """\
    rows: {per: posts, min: 0, max: 9}
    columns:
      post_id: {generator: fk, params: {entity: posts, column: id}}
      tag_id: {generator: fk, params: {entity: tags, column: id, distinct: true}}
"""
ONCE = """\
    rows: 9
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      tag_id: {generator: fk, params: {entity: tags, column: id, distinct: true}}
"""


def test_a_distinct_link_repeats_no_parent_within_what_rows_are_counted_by() -> None:
    scenario = read_text_as_scenario(HEAD + PAIRS, "t.yaml")
    rows = sdgen.generate(scenario, seed=1)["tagged"]
    pairs = set(zip(rows["post_id"].to_pylist(), rows["tag_id"].to_pylist(), strict=True))
    assert len(pairs) == rows.num_rows > 500
    assert sdgen.plan(scenario).entities["tagged"].unique == (("post_id", "tag_id"),)


def test_a_distinct_link_alone_repeats_no_parent_at_all() -> None:
    rows = sdgen.generate(read_text_as_scenario(HEAD + ONCE, "t.yaml"), seed=1)["tagged"]
    assert sorted(rows["tag_id"].to_pylist()) == list(range(1, 10))


LINES = """\
    rows: {per: posts, count: size}
    columns:
      post_id: {generator: fk, params: {entity: posts, column: id}}
      line: {type: int, generator: sequence, params: {per: post_id}}
      which: {type: int, hidden: true, generator: expression, params: {sql: "posts.tags[line]"}}
      tag_id: {generator: fk, params: {entity: tags, column: id, row: which}}
      twice: {type: bigint, generator: expression, params: {sql: tags.id * 2}}
"""


def test_a_link_by_a_column_leads_to_the_row_that_it_names() -> None:
    plan = sdgen.plan(read_text_as_scenario(HEAD + LINES, "t.yaml"), seed=1)
    rows = sdgen.generate(plan)
    named = [tag for basket in rows["posts"]["tags"].to_pylist() for tag in basket]
    assert rows["tagged"]["tag_id"].to_pylist() == named
    assert rows["tagged"]["twice"].to_pylist() == [2 * tag for tag in named]
    pieces = pa.Table.from_batches(sdgen.batches(plan, "tagged", batch_rows=37))
    assert pieces["tag_id"].to_pylist() == named
    fewer = sdgen.plan(read_text_as_scenario(HEAD + LINES, "t.yaml"), seed=1, rows={"tags": 4})
    assert sdgen.generate(fewer)["tagged"]["tag_id"].to_pylist() == [(tag - 1) % 4 + 1 for tag in named]


def test_a_link_by_a_column_has_no_parent_where_that_is_null() -> None:
    text = LINES.replace("posts.tags[line]", "nullif(posts.tags[line], 3)").replace(
        "row: which}", "row: which}, nullable: true"
    )
    rows = sdgen.generate(read_text_as_scenario(HEAD + text, "t.yaml"), seed=1)["tagged"]
    assert set(rows["tag_id"].to_pylist()) == {None, 1, 2, 4, 5, 6, 7, 8, 9}
    assert rows["twice"].null_count == rows["tag_id"].null_count


SPREAD = (
    PAIRS.replace("min: 0, max: 9", "count: 4")
    .replace("distinct", "spread")
    .replace("post_id: {", "post_id: {primary_key: true, ")
)
SPREAD = SPREAD.replace("tag_id: {", "tag_id: {primary_key: true, ")


def test_spread_parents_lie_apart_and_all_are_taken_alike() -> None:
    text = HEAD.replace("rows: 9", "rows: 101") + SPREAD
    rows = sdgen.generate(read_text_as_scenario(text, "t.yaml"), seed=1)["tagged"]
    tags = np.asarray(rows["tag_id"]).reshape(200, 4)
    assert all(len(set(each)) == 4 for each in tags.tolist())
    assert tags[:2].tolist() == [[2, 27, 52, 77], [3, 28, 53, 78]]
    assert tags[101].tolist() == [2, 28, 54, 80]
    counts = np.bincount(tags.ravel())[1:]
    assert counts.max() - counts.min() < 5


BY_PLACE = PAIRS.replace(
    "distinct: true",
    "distribution: weighted, weights_by_place: [[3, 1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1, 1, 1]]",
)


def test_weights_by_place_count_for_the_first_the_second_and_all_further_rows() -> None:
    plan = sdgen.plan(read_text_as_scenario(HEAD + BY_PLACE, "t.yaml"), seed=1)
    rows = sdgen.generate(plan)["tagged"]
    posts, tags = (np.asarray(rows[name]) for name in ("post_id", "tag_id"))
    places = np.arange(len(posts)) - np.searchsorted(posts, posts)
    assert 0.6 < (tags[places == 0] == 1).mean() < 0.9
    assert set(tags[places == 0]) == {1, 2}
    assert set(tags[places == 1]) == {3}
    assert set(tags[places > 1]) == set(range(4, 10))
    pieces = pa.Table.from_batches(sdgen.batches(plan, "tagged", batch_rows=37))
    assert pieces["tag_id"].to_pylist() == tags.tolist()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BY_PLACE.replace("weights_by", "weights: [1], weights_by"), "neither weights nor quotas"),
        (BY_PLACE.replace("[3, 1, ", "[0, 0, "), "not all zero"),
        (SPREAD.replace("count: 4", "min: 1, max: 4"), "does not have the same number of rows for each row"),
        (SPREAD.replace("count: 4", "count: 10"), "9 rows of tags are too few to give 10 of them to one row"),
        (SPREAD.replace("spread: true", "spread: true, distinct: true"), "nothing else may say so"),
        (ONCE.replace("rows: 9", "rows: 10"), "only 9 distinct values here"),
        (PAIRS.replace("max: 9", "max: 10"), "(post_id, tag_id) can't be made unique over up to 10 rows of one parent"),
        (ONCE.replace("distinct: true", "one_to_one: true, quota: [{count: 2}]"),
         "a one-to-one link takes neither a distribution nor quotas"),
        (ONCE.replace("distinct: true", "depth: 3"), "only a link to the same entity makes a tree"),
        (ONCE.replace("entity: tags, column: id, distinct: true", "entity: tagged, column: id, distinct: true"),
         "it takes only roots, depth, within and null_rate"),
        (ONCE.replace("entity: tags, column: id, distinct: true", "entity: tagged, column: id, depth: 1"),
         "a tree of one level has no links"),
        (LINES.replace("row: which", "row: which, distinct: true"), "nothing else may say so"),
        (LINES.replace("type: int, hidden", "type: double, hidden"), "a row's number is whole"),
        (LINES.replace("which: {", "which: {generator: parent, params: {column: tags.id}}\n      old: {"), "cycle"),
        (LINES + "      more: {generator: fk, params: {entity: tags, column: id, unlike: tag_id}}\n", "can't be gone by"),
        (LINES.replace("row: which", "row: which").replace("count: size", "count: 1").replace("tag_id: {", "tag_id: {unique: true, "),
         "has its parents already"),
    ],
)  # fmt: skip
def test_what_links_can_not_be(text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        sdgen.plan(read_text_as_scenario(HEAD + text, "t.yaml"))
    assert said in str(caught.value)
