"""Is each link possible? Its params together, its quotas, and the parents that it may choose from."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sdgen.errors import ProblemType, did_you_mean
from sdgen.generators.links.counts import BLOCK, FixedCount, Layout, least_children, most_children
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.links.parent_sampler import Spread
from sdgen.generators.streams import Numbers
from sdgen.planning.choose import Key, column_path
from sdgen.planning.draft import Draft

_REFERENCE = ProblemType.REFERENCE


def check_links(draft: Draft) -> None:
    for key, link in draft.generators.items():
        if not isinstance(link, ForeignKey) or link.entity not in draft.counts:
            continue
        parents, children = draft.counts[link.entity], draft.counts[key[0]]
        path = column_path(key)
        if children and not parents:
            draft.refuse(path, f"{children:,} rows link to {link.entity}, which has none", type=ProblemType.ROWS)
        if link.among is not None and children > link.among.parents(parents):
            what = f"{children:,} rows, but only {link.among.parents(parents):,} of the rows of {link.entity} take one"
            draft.refuse(path, what, f"ask for fewer rows, or for more of {link.entity}", ProblemType.ROWS)
        if link.one_to_one and children > parents and (link.via or key[1]) not in draft.each.get(key[0], ()):
            what = f"one to one, but {children:,} rows and only {parents:,} parents in {link.entity}"
            draft.refuse(path, what, type=ProblemType.UNIQUE)
        _check_each(draft, key, link)
        _check_follows(draft, key, link)
        _check_sharing(draft, key, link)
        _check_quota(draft, key, link, parents, children)
        if link.within:
            check_within(draft, key, link)
        if link.unlike:
            _check_unlike(draft, key, link, parents)
        if link.weights_by_place and draft.counting_link(key[0]) in ("", link.via or key[1]):
            what = f"the rows of {key[0]} have no places: they are not counted by another link"
            draft.refuse((*path, "params", "weights_by_place"), what, "write rows: {per: …}, or give weights alone")
        _check_row(draft, key, link)
        if link.spread:
            _check_spread(draft, key, link, parents)
        if link.later_than:
            _check_later(draft, key, link, parents)
        if link.entity == key[0] and not link.roots and children == 1:
            draft.refuse(path, "a tree without roots has two rows or more", "ask for more rows", ProblemType.ROWS)
        if link.entity == key[0] and link.roots and not (draft.column(key).nullable or draft.missing_rate(key)):
            if draft.column(key).nullable is None:
                continue  # a tree's roots make the column nullable
            draft.refuse(path, "a tree's first rows have no parent, but nullable is false", "drop nullable: false")


def _check_each(draft: Draft, key: Key, link: ForeignKey) -> None:
    """A link that rows are made for has nothing to draw."""
    if (link.via or key[1]) not in draft.each.get(key[0], ()):
        return
    wanted = ("one_to_one", "quota", "distinct", "within", "unlike", "null_rate", "weights")
    for param in (name for name in wanted if getattr(link, name)):
        what = f"rows are one for each of {link.entity}: {param} has nothing to say"
        draft.refuse((*column_path(key), "params", param), what, "leave it out")


def _check_row(draft: Draft, key: Key, link: ForeignKey) -> None:
    """A link by a column of its rows: other links, which know rows by their numbers alone, can't go by it."""
    name = link.via or key[1]
    if link.row and (name == draft.counting_link(key[0]) or draft.alone_unique(key)):
        what = "a link that rows are counted by, or that is unique, has its parents already"
        draft.refuse((*column_path(key), "params", "row"), what, "leave row out")
    others = [("within", link.within), ("unlike", link.unlike), ("later_than", link.later_than)]
    paths = [(param, (key[0], other)) for param, other in others if other]
    paths += [("follows", (key[0], need.link)) for need in link.followed]
    paths += [("follows", draft.home(key[0], need)) for need in link.followed]
    for param, (entity, other) in paths:
        row = draft.link_column(entity, other)[1].row if draft.declares(entity, other) else ""
        if row:
            what = f"{entity}.{other} leads where its column {row} says, and can't be gone by"
            draft.refuse((*column_path(key), "params", param), what, "copy that column, and take it for `row` here")


def _check_follows(draft: Draft, key: Key, link: ForeignKey) -> None:
    path = (*column_path(key), "params", "follows")
    if not link.follows:
        return
    if link.one_to_one or link.quota or link.within or link.unlike or link.distinct or link.entity == key[0]:
        what = "a link that follows others takes neither quotas nor within, unlike, distinct or one_to_one"
        draft.refuse(path, what, "leave them out")
    # The parents of such a link are settled already: by how the rows are laid out, or by a permutation.
    if (link.via or key[1]) == draft.counting_link(key[0]) or draft.alone_unique(key):
        draft.refuse(path, "a link that rows are counted by, or that is unique, can't follow others")
    for index, need in enumerate(link.followed):
        home = draft.home(key[0], need)
        further = draft.generators.get(home)
        if not need.link or need.link == (link.via or key[1]):
            draft.refuse(
                (*path, index), "names no other link's column", "write it like order_id.customer_id", _REFERENCE
            )
        elif need.link in draft.links[key[0]] and getattr(further, "entity", link.entity) != link.entity:
            what = f"{home[0]}.{home[1]} does not lead to {link.entity}"
            draft.refuse((*path, index), what, "name a link that does", _REFERENCE)
        elif further is not None and need.link in draft.links[key[0]] and not isinstance(further, ForeignKey):
            hint = f"name a foreign key to {link.entity}"
            draft.refuse((*path, index), f"{home[0]}.{home[1]} is no link", hint, _REFERENCE)


def _check_sharing(draft: Draft, key: Key, link: ForeignKey) -> None:
    path = (*column_path(key), "params", "sharing")
    if not link.sharing:
        return
    # The parents of such a link are settled already: by how the rows are laid out, or by a permutation.
    if (link.via or key[1]) == draft.counting_link(key[0]) or draft.alone_unique(key):
        draft.refuse(path, "a link that rows are counted by, or that is unique, can't share another's row")
    own, theirs = (draft.home(key[0], need) for need in link.shared[:1]), (link.entity, link.shared[1].column)
    led = [getattr(draft.generators.get(each), "entity", "") for each in (*own, theirs)]
    if not all(led):
        draft.refuse(path, "names columns that are no links", "write it like {team_id: task_id.team_id}", _REFERENCE)
    elif led[0] != led[1]:
        draft.refuse(path, f"one link leads to {led[0]}, the other to {led[1]}", "name links to one entity", _REFERENCE)


def _check_unlike(draft: Draft, key: Key, link: ForeignKey, parents: int) -> None:
    path = (*column_path(key), "params", "unlike")
    links = draft.links[key[0]]
    if link.unlike not in links or link.unlike == (link.via or key[1]):
        draft.refuse(
            path,
            f"no other link {link.unlike!r}",
            did_you_mean(link.unlike, links.keys() - {link.via or key[1]}),
            _REFERENCE,
        )
    elif links[link.unlike] != link.entity:
        what = f"{link.unlike} leads to {links[link.unlike]}, not to {link.entity}"
        draft.refuse(path, what, "leave unlike out", _REFERENCE)
    elif draft.link_column(key[0], link.unlike)[1].unlike:
        draft.refuse(path, f"{link.unlike} is unlike another link itself", "name a link that is not")
    elif parents == 1 and draft.counts[key[0]]:
        draft.refuse(path, f"{link.entity} has one row only: both links would have it", "ask for more rows")
    elif (link.via or key[1]) == draft.counting_link(key[0]):
        draft.refuse(path, "the link that rows are counted by leads where it must", f"make {link.unlike} unlike it")


def _check_spread(draft: Draft, key: Key, link: ForeignKey, parents: int) -> None:
    """Rows that are so many for each row of another link, with enough parents to keep them apart."""
    path, layout = (*column_path(key), "params", "spread"), draft.layouts.get(key[0])
    counting = draft.counting_link(key[0])
    if counting in ("", link.via or key[1]) or not isinstance(layout, FixedCount):
        hint = "write rows: {per: …, count: 4}, by another link"
        draft.refuse(path, f"{key[0]} does not have the same number of rows for each row of another entity", hint)
    elif parents and draft.counts[key[0]] and not Spread(layout, parents).is_distinct:
        what = f"{parents:,} rows of {link.entity} are too few to give {layout.count} of them to one row, none twice"
        draft.refuse(path, what, f"ask for more rows of {link.entity}", ProblemType.UNIQUE)


def _check_later(draft: Draft, key: Key, link: ForeignKey, parents: int) -> None:
    """Both links of a pair in order are drawn together, and so by nothing else."""
    path, links = (*column_path(key), "params", "later_than"), draft.links[key[0]]
    if link.later_than not in links or link.later_than == (link.via or key[1]):
        hint = did_you_mean(link.later_than, links.keys() - {link.via or key[1]})
        draft.refuse(path, f"no other link {link.later_than!r}", hint, _REFERENCE)
        return
    column, other = draft.link_column(key[0], link.later_than)
    odd = other.quota or other.within or other.unlike or other.follows or other.one_to_one or other.later_than
    counted = draft.counting_link(key[0]) in (link.later_than, link.via or key[1])
    unique = draft.alone_unique((key[0], column)) or draft.alone_unique(key)
    if links[link.later_than] != link.entity:
        what = f"{link.later_than} leads to {links[link.later_than]}, not to {link.entity}"
        draft.refuse(path, what, "leave later_than out", _REFERENCE)
    elif odd or other.distribution != "uniform" or counted or unique or link.entity == key[0]:
        draft.refuse(path, f"{link.later_than} and this link are drawn together, and neither can be drawn otherwise")
    elif parents == 1 and draft.counts[key[0]]:
        draft.refuse(path, f"{link.entity} has one row only: both links would have it", "ask for more rows")


def _check_quota(draft: Draft, key: Key, link: ForeignKey, parents: int, children: int) -> None:
    path = (*column_path(key), "params", "quota")
    if not link.quota:
        return
    if draft.counting_link(key[0]) == (link.via or key[1]):
        draft.refuse(path, "rows counted per parent can't have quotas", "give `rows` as a number")
    least = sum(quota.count for quota in link.quota)
    if least > children:
        hint = f"ask for at least {least} rows (--rows {key[0]}={least}), or give smaller quotas"
        draft.refuse(path, f"quotas add up to {least:,} of {children:,} rows", hint)
    rows = [quota_row(draft, link, index) for index in range(len(link.quota))]
    for index, row in enumerate(rows):
        if row is None:
            draft.refuse(
                (*path, index),
                f"no fixed row of {link.entity} has these values",
                "quotas name fixed rows, or row numbers",
            )
        elif row >= parents:
            draft.refuse((*path, index), f"row {row} is not one of the {parents:,} of {link.entity}")
    if len(set(rows)) < len(rows):
        draft.refuse(path, "two quotas for one parent row")
    if len(rows) >= parents and sum(quota.count for quota in link.quota) < children:
        draft.refuse(path, "every parent has a quota, so that none is left for the other rows")


def quota_row(draft: Draft, link: ForeignKey, index: int) -> int | None:
    """The parent's row number that a quota names; None where no fixed row has its values."""
    quota = link.quota[index]
    if quota.where is None:
        return quota.row
    fixed = draft.scenario.entities[link.entity].rows.fixed
    places = zip(fixed, draft.fixed_places[link.entity], strict=True)
    return next((place for values, place in places if quota.where.items() <= values.items()), None)


# Links within another link's row: both parents belong to one row further up, by which their rows are counted.


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
    # Bounds of a layout say nothing of rows that a target holds: those are counted.
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
    # Where rows are asked for by their number in all, only the first parents may have some.
    layout = draft.layouts[top]
    return min(layout.parents, draft.counts[shared]) if isinstance(layout, FixedCount) else draft.counts[shared]


def _least(draft: Draft, entity: str, shared: str, rows: int) -> int:
    """The fewest rows of an entity that belong to one of the first rows of the shared one."""
    chain = counted_by(draft, entity)
    least, layouts = 1, [draft.layouts[each] for each in chain[: chain.index(shared)]]
    for layout in reversed(layouts):
        least *= least_children(layout, rows)
        # Children lie parent after parent: those of the first rows are the first rows one level down.
        rows = int(layout.starts(np.array([rows], dtype=np.int64))[0])
    return least
