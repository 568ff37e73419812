"""Rows that are one for each row of other entities (`rows: {each: …}`): can they be, and how are they laid out?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sdgen.errors import ProblemType, did_you_mean
from sdgen.generators.links.parent_sampler import EachOf
from sdgen.scenario.model import RowCount
from sdgen.scenario.request import PlanRequest

# Takes an entity, what is wrong with its rows, a hint, and what sort of problem it is.
Refuse = Callable[[str, str, str, ProblemType], None]


def each_links(rows: RowCount, links: Mapping[str, str]) -> dict[str, str]:
    """The link that leads to each entity of `each`; entities that none or several lead to are left out."""
    found = {parent: [link for link, there in links.items() if there == parent] for parent in rows.each}
    return {parent: names[0] for parent, names in found.items() if len(names) == 1}


def each_is_right(name: str, rows: RowCount, links: Mapping[str, str], entities: Iterable[str], refuse: Refuse) -> bool:
    """Whether rows can be laid out so; what is wrong otherwise is told."""
    known = each_links(rows, links)
    before = len(known)
    if any((rows.count, rows.per, rows.min, rows.max, rows.mean, rows.total, rows.fixed, rows.law, rows.weight)):
        refuse(name, "each takes only share beside it", "leave count, per and fixed out", ProblemType.ROWS)
        before = -1
    for parent in rows.each:
        if parent not in entities:
            what = f"rows are one for each of the unknown entity {parent!r}"
            refuse(name, what, did_you_mean(parent, entities), ProblemType.REFERENCE)
        elif parent not in known:
            count = sum(there == parent for there in links.values())
            hint = f"add a column with `generator: fk` to {parent}" if not count else "keep one of them"
            refuse(
                name,
                f"rows are one for each of {parent}, but {count} foreign keys lead there",
                hint,
                ProblemType.REFERENCE,
            )
    return before == len(rows.each)


def each_laid_out(
    name: str, rows: RowCount, links: Mapping[str, str], counts: Mapping[str, int], request: PlanRequest
) -> tuple[int, dict[str, EachOf]]:
    """How many rows there are, and how each link finds its parents: first the rows of the first entity, and so on.

    Rows that are there already stay with their parents; the run's rows belong to those parents that it makes.
    """
    start = request.first(name)
    found = {}
    for parent, link in each_links(rows, links).items():
        older = request.first(parent)
        found[link] = EachOf(start, counts[parent] - older, older)
        start += counts[parent] - older
    new = start - request.first(name)
    asked = request.rows.get(name)
    whole = asked if asked is not None else round(new / (rows.share or 1))
    return request.first(name) + max(new, whole), found
