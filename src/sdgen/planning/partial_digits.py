"""The digits of a permutation by which columns tell the rows apart that match a partial unique set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from sdgen.generators.links.links import ForeignKey
from sdgen.planning.choose import Key
from sdgen.planning.draft import Draft
from sdgen.planning.unique_sets import JointIndexes, share_product


def counted_by_link(draft: Draft, entity: str, columns: list[str]) -> int | None:
    """How many rows can match where the key has the link that rows are counted by; None where it hasn't."""
    link = draft.counting_link(entity)
    if not link or link not in columns:
        return None
    if draft.request.first(entity) and not getattr(draft.layouts[entity], "older_parents", 0):
        return None  # rows of older parents may match already
    return draft.counts.get(draft.links[entity][link], 0)


def digits(
    draft: Draft,
    entity: str,
    columns: list[str],
    joints: Mapping[Key, JointIndexes],
    taken: dict[str, tuple[JointIndexes, int]],
    key: int,
) -> int | None:
    """How many rows can match by some columns, whose digits of a permutation are added to `taken`; None for none."""
    if any(name in taken for name in columns):
        return _beside_others(draft, entity, columns, joints, taken)
    sizes: dict[str, int] = {}
    offsets: dict[str, int] = {}
    for name in columns:
        if (entity, name) not in joints:
            size, offset = _room(draft, (entity, name))
            sizes, offsets = ({**sizes, name: size}, {**offsets, name: offset}) if size else (sizes, offsets)
    if draft.request.first(entity):  # what older rows hold isn't known: new ones match with new parents alone
        sizes = {name: size for name, size in sizes.items() if offsets[name]} or dict.fromkeys(list(sizes)[:1], 0)
    if not sizes:
        return None
    rows = max(draft.counts.get(entity, 0), 1)
    if not all(sizes.values()):
        taken.update({name: (JointIndexes(key, 1, 1, 1), 0) for name in sizes})
        return 0
    shares = share_product(sizes, key, None, min(rows, prod(sizes.values())))
    taken.update({name: (joint, offsets[name]) for name, joint in shares.items()})
    return next(iter(shares.values())).product if shares else None


def _beside_others(
    draft: Draft,
    entity: str,
    columns: list[str],
    joints: Mapping[Key, JointIndexes],
    taken: dict[str, tuple[JointIndexes, int]],
) -> int | None:
    """How many rows can match by columns of which earlier sets hold some; None where those don't tell rows apart.

    Rows differ in all digits of a permutation together, so a column of this set alone takes each digit that it lacks.
    """
    held = [taken[name][0] for name in columns if name in taken]
    whole = {each.product for each in held if _is_whole([one for one in held if one.product == each.product])}
    if whole:
        return min(whole)
    product, own = held[0].product, {(each.stride, each.size) for each in held}
    lacking = {(each.stride, each.size): each for each, _ in taken.values() if each.product == product}
    spare = [name for name in columns if name not in taken and (entity, name) not in joints]
    for digit, joint in lacking.items():
        if digit in own:
            continue
        rooms = {name: _room(draft, (entity, name)) for name in spare}
        older = draft.request.first(entity)
        fitting = [name for name, (size, first) in rooms.items() if size >= joint.size and (first or not older)]
        if not fitting:
            return None
        taken[fitting[0]] = (joint, rooms[fitting[0]][1])
        spare.remove(fitting[0])
    return product


def _is_whole(joints: Iterable[JointIndexes]) -> bool:
    """Whether columns hold all digits of a permutation."""
    held = list(joints)
    below = 1
    for stride, size in sorted({(each.stride, each.size) for each in held}):
        if stride == below:
            below *= size
    return below == held[0].product


def _room(draft: Draft, key: Key) -> tuple[int, int]:
    """How many values a column can take in rows that match, and the first of them; (0, 0) where that isn't known."""
    generator = draft.generators.get(key)
    if isinstance(generator, ForeignKey):
        link = generator.via or key[1]
        plain = not (generator.within or generator.unlike or generator.follows or generator.quota or generator.sharing)
        plain = plain and generator.entity != key[0] and link != draft.counting_link(key[0]) and link == key[1]
        first = draft.request.first(generator.entity)
        plain = plain and link not in draft.each.get(key[0], ())
        return (draft.counts.get(generator.entity, 0) - first, first) if plain else (0, 0)
    domain = generator.domain(draft.facts(key)) if generator is not None else None
    return (domain.size, 0) if domain is not None else (0, 0)
