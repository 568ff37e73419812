"""Orders of columns and entities, and cycles: named by the nodes that are in them, and by no other."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sdgen.planning.sequence_offsets import entity_order, find_cycle

GRAPHS = st.integers(1, 8).flatmap(
    lambda size: st.fixed_dictionaries({node: st.lists(st.integers(0, size - 1), max_size=4) for node in range(size)})
)


def test_nodes_that_lead_to_a_cycle_are_not_in_it() -> None:
    assert find_cycle({"outside": ["before"], "before": ["a"], "a": ["b", "leaf"], "b": ["a"], "leaf": []}) == [
        "a",
        "b",
        "a",
    ]
    assert find_cycle({"a": ["a"]}) == ["a", "a"]
    assert find_cycle({"a": ["b", "c"], "b": ["c"], "c": []}) == []


@given(GRAPHS)
def test_a_cycle_is_one(graph: dict[int, list[int]]) -> None:
    cycle = find_cycle(graph)
    if not cycle:
        done: set[int] = set()
        while ready := [node for node in graph if node not in done and done.issuperset(graph[node])]:
            done.update(ready)
        assert done == set(graph), "there is a cycle, and it was not seen"
    else:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(following in graph[node] for node, following in pairwise(cycle))


@given(GRAPHS)
def test_parents_come_first_but_in_cycles(graph: dict[int, list[int]]) -> None:
    parents = {str(node): [str(each) for each in above] for node, above in graph.items()}
    ordered, cycles = entity_order(parents)
    assert sorted(ordered) == sorted(parents)
    inside = {name for cycle in cycles for name in cycle}
    for place, name in enumerate(ordered):
        late = set(parents[name]) - set(ordered[:place]) - {name}
        assert not late or name in inside
    if not cycles:
        assert all(set(parents[name]) - {name} <= set(ordered[:place]) for place, name in enumerate(ordered))


def test_what_the_links_leave_open_stays_as_given() -> None:
    assert entity_order({"c": [], "a": ["b"], "b": [], "d": ["c"]}) == (["c", "b", "a", "d"], [])
    ordered, cycles = entity_order({"outside": ["b"], "a": ["b"], "b": ["a"], "self": ["self"]})
    assert (ordered[:1], [set(each) for each in cycles]) == (["self"], [{"a", "b"}])
