"""Links within another link's row: both parents belong to one row further up, by which their rows are counted."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sdgen.errors import ProblemType, did_you_mean
from sdgen.generators.links.counts import BLOCK, FixedCount, Layout, least_children, most_children
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.streams import Numbers
from sdgen.planning.choose import Key, column_path
from sdgen.planning.draft import Draft


def counted_by(draft: Draft, entity: str) -> list[str]:
    """An entity, the one its rows are counted per, the one that entity's are counted per, and so on."""
    chain = [entity]
    while chain[-1] in draft.layouts and draft.scenario.entities[chain[-1]].rows.per not in chain:
        chain.append(draft.scenario.entities[chain[-1]].rows.per)
    return chain


def shared_row(draft: Draft, link: ForeignKey, other: str) -> str:
    """The entity to one row of which the link's parent and a row of `other` belong; "" where there is none."""
    above = counted_by(draft, other)
    return next((each for each in counted_by(draft, link.entity)[1:] if each in above), "")


def layouts_between(draft: Draft, entity: str, shared: str) -> tuple[Layout, ...]:
    """The layouts from an entity up to the one that its rows are counted by."""
    chain = counted_by(draft, entity)
    return tuple(draft.layouts[each] for each in chain[: chain.index(shared)])


def check_within(draft: Draft, key: Key, link: ForeignKey) -> None:
    """Both links must lead to rows that are counted, in some steps, per the same entity."""
    path = (*column_path(key), "params", "within")
    other = draft.links[key[0]].get(link.within)
    shared = shared_row(draft, link, other) if other is not None else ""
    if other is None or link.within == (link.via or key[1]):
        hint = did_you_mean(link.within, draft.links[key[0]].keys() - {link.via or key[1]})
        draft.refuse(path, f"no other link {link.within!r}", hint, ProblemType.REFERENCE)
    elif draft.link_column(key[0], link.within)[1].within:
        draft.refuse(path, f"{link.within} is within another link itself", "name that one")
    elif link.entity == key[0]:
        if link.within != draft.counting_link(key[0]):
            hint = "a tree is within the link that rows are counted by"
            draft.refuse(path, f"{key[0]} does not count its rows by {link.within}", hint, ProblemType.ROWS)
    elif not shared:
        what = f"{link.entity} and {other} have no row in common that both are counted per"
        draft.refuse(path, what, f"count the rows of {link.entity}, and of {other}, per the same entity")
    else:
        _check_room(draft, key, link, shared, _fewest(draft, key, link.entity, other, shared))


def _check_room(draft: Draft, key: Key, link: ForeignKey, shared: str, least: int) -> None:
    """There must be a parent for each row; where no parent may come twice, one for each of a parent's rows."""
    path = (*column_path(key), "params")
    if not least and not draft.column(key).nullable:
        what = f"some rows of {shared} may have no rows in {link.entity} to link to"
        hint = f"let {link.entity} have at least one row for each, or make the column nullable"
        draft.refuse((*path, "within"), what, hint)
    elif link.distinct and draft.counting_link(key[0]) in ("", link.via or key[1]):
        what = "a link within another's row is distinct among rows counted per a parent, and these are not"
        draft.refuse((*path, "distinct"), what, "count the rows by another link, or drop distinct")
    elif link.distinct and (most := most_children(draft.layouts[key[0]])) > least:
        what = f"up to {most:,} rows of one parent, but only {least:,} rows of {link.entity} for some of {shared}"
        draft.refuse((*path, "distinct"), what, f"ask for fewer rows, or for more of {link.entity}")


def holds_distinct(draft: Draft, entity: str, columns: tuple[str, ...]) -> bool:
    """Whether a unique set holds because a link in it is spread, or distinct within another's row."""
    if draft.counting_link(entity) not in columns:
        return False
    found = [draft.generators.get((entity, column)) for column in columns]
    return any(isinstance(link, ForeignKey) and (link.spread or (link.within and link.distinct)) for link in found)


def _fewest(draft: Draft, key: Key, parent: str, other: str, shared: str) -> int:
    """The fewest of a parent entity's rows that belong to one of the shared entity's that the other link reaches."""
    if draft.request.existing:
        return _counted_fewest(draft, key, parent, other, shared)
    return _least(draft, parent, shared, _reached(draft, key, other, shared))


def _counted_fewest(draft: Draft, key: Key, parent: str, other: str, shared: str) -> int:
    """The same by counting: rows that were there before lie as they lie."""
    via = key[0] if other == shared and draft.counting_link(key[0]) else other
    above, beside = layouts_between(draft, parent, shared), layouts_between(draft, via, shared)
    first = draft.request.first(key[0]) if via == key[0] else 0  # old rows have their links
    fewest: int | None = None
    for start in range(0, draft.counts[shared], BLOCK):
        numbers = np.arange(start, min(start + BLOCK, draft.counts[shared]) + 1, dtype=np.int64)
        reached = np.diff(np.maximum(_below(beside, numbers), first)) > 0
        held = np.diff(_below(above, numbers))[reached]
        if len(held):
            fewest = int(held.min()) if fewest is None else min(fewest, int(held.min()))
    return 1 if fewest is None else fewest


def _below(layouts: tuple[Layout, ...], numbers: Numbers) -> Numbers:
    """The first row, that many levels down, of each of the given rows."""
    for layout in reversed(layouts):
        numbers = layout.starts(numbers)
    return numbers


def _reached(draft: Draft, key: Key, other: str, shared: str) -> int:
    """How many of the shared entity's rows, from the first on, the other link can lead to."""
    chain = counted_by(draft, key[0] if other == shared else other)
    top = next((low for low, high in pairwise(chain) if high == shared), "")
    if not top or (other == shared and draft.counting_link(key[0]) == ""):
        return draft.counts[shared]
    layout = draft.layouts[top]
    return min(layout.parents, draft.counts[shared]) if isinstance(layout, FixedCount) else draft.counts[shared]


def _least(draft: Draft, entity: str, shared: str, rows: int) -> int:
    """The fewest rows of an entity that belong to one of the first rows of the shared one."""
    chain = counted_by(draft, entity)
    least, layouts = 1, [draft.layouts[each] for each in chain[: chain.index(shared)]]
    for layout in reversed(layouts):
        least *= least_children(layout, rows)
        rows = int(layout.starts(np.array([rows], dtype=np.int64))[0])
    return least
