"""Settles each unique set of an entity: by itself, or by one permutation over its columns' domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from sdgen.errors import Path, ProblemType
from sdgen.generators import streams
from sdgen.generators.base import Generator
from sdgen.generators.domains import Exchange, permute
from sdgen.generators.links.counts import Later, Layout, most_children
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.links.parent_sampler import ParentSampler, pair_sizes
from sdgen.generators.streams import Numbers
from sdgen.planning.check_links import holds_distinct
from sdgen.planning.choose import Key
from sdgen.planning.draft import Draft


def plan_unique_sets(draft: Draft) -> dict[Key, JointIndexes]:
    """The columns whose indexes come from a shared permutation; sets that can't be kept become problems."""
    joints: dict[Key, JointIndexes] = {}
    for name, entity in draft.scenario.entities.items():
        sets = [columns for columns in entity.unique if len(columns) > 1]
        primary = draft.primary_key(name)
        if len(primary) > 1:
            sets.insert(0, primary)
        for columns in least_sets(sets):
            if all((name, column) in draft.types for column in columns):
                _settle(draft, name, columns, joints)
    return joints


def _settle(draft: Draft, entity: str, columns: tuple[str, ...], joints: dict[Key, JointIndexes]) -> None:
    if draft.counts.get(entity, 0) == draft.request.first(entity):
        return
    generators = {
        column: draft.generators[entity, column] for column in columns if (entity, column) in draft.generators
    }
    unique = {column for column in columns if draft.alone_unique((entity, column))}
    counted_by = draft.counting_link(entity)
    counted_by = counted_by if counted_by in _told_apart(draft, entity, columns) else ""
    alone = len(generators) == len(columns) and holds_alone(columns, unique, counted_by, generators)
    distinct = bool(counted_by) and holds_distinct(draft, entity, columns)
    # Which combinations the rows of an old parent have taken isn't known.
    if counted_by and _adds_to_old_parents(draft, entity) and not holds_alone(columns, unique, "", generators):
        _refuse_more(draft, entity, columns)
        return
    if len(generators) < len(columns) or alone or distinct:
        return
    declared, columns = columns, _reduced(draft, entity, columns)
    link = counted_by if counted_by in columns else ""
    # With the link that rows are counted by in the set, only the rows of one parent must differ in the other columns.
    rows = most_children(draft.layouts[entity]) if link else draft.counts.get(entity, 0)
    if not rows:
        return
    # A column's indexes come from one permutation: what another set has taken can't serve this one.
    free = [column for column in columns if column != link and (entity, column) not in joints]
    sizes = {column: size for column in free if (size := _size(draft, (entity, column)))}
    key = streams.stream_key(draft.seed, entity, ",".join(columns), "unique")
    shares = share_product(sizes, key, draft.layouts[entity] if link else None, rows) if sizes else {}
    if not shares and not _keeps_alone(draft, entity, columns, joints):
        _refuse(draft, _place(draft, entity, declared), columns, sizes, rows, link)
    joints.update({(entity, column): joint for column, joint in shares.items()})


def _keeps_alone(draft: Draft, entity: str, columns: tuple[str, ...], joints: Mapping[Key, JointIndexes]) -> bool:
    """Draw one column of a set without repeats, such as names, which have no domain that others could share."""
    rows = draft.counts.get(entity, 0)
    for column in columns:
        key = (entity, column)
        generator = draft.generators.get(key)
        if generator is None or isinstance(generator, ForeignKey) or key in joints or draft.missing_rate(key):
            continue
        if key in draft.types and (generator.capacity(replace(draft.facts(key), unique=True)) or 0) >= rows:
            draft.distinct.add(key)
            return True
    return False


def _adds_to_old_parents(draft: Draft, entity: str) -> bool:
    """Whether new rows are counted by rows of a parent that may have some already."""
    layout = draft.layouts[entity]
    return isinstance(layout, Later) and not layout.older_parents


def _refuse_more(draft: Draft, entity: str, columns: tuple[str, ...]) -> None:
    parent = draft.scenario.entities[entity].rows.per
    what = f"({', '.join(columns)}) is unique among the rows counted per {parent}, which have some already"
    hint = f"add rows of {parent} in the same run: they get the new rows"
    draft.refuse(_place(draft, entity, columns), what, hint, ProblemType.UNIQUE)


def _reduced(draft: Draft, entity: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The set with fewer columns, unique only if the set is.

    An expression stands for the one column that tells its values apart, and columns of one link for its first. Columns
    that are but a part of their parent's key, such as a tenant's, may be the same for many parents: they are left out.
    """
    reduced: list[str] = []
    counted_by = draft.counting_link(entity)
    links = _told_apart(draft, entity, columns)
    for column in columns:
        generator = draft.generators[entity, column]
        if isinstance(generator, ForeignKey):
            link = generator.via or column
            first = link if link == counted_by else draft.link_column(entity, link)[0]
            reduced += [first] if link in links else []
        else:
            reduced.append(generator.tells_apart(columns) or column)
    return tuple(dict.fromkeys(reduced))


def _told_apart(draft: Draft, entity: str, columns: tuple[str, ...]) -> set[str]:
    """The links of which a set has enough columns to tell their parents apart."""
    held: dict[tuple[str, str], set[str]] = {}
    for column in columns:
        generator = draft.generators.get((entity, column))
        if isinstance(generator, ForeignKey):
            held.setdefault((generator.via or column, generator.entity), set()).add(generator.column)
    return {link for (link, parent), names in held.items() if _has_key(draft, parent, names)}


def _has_key(draft: Draft, entity: str, names: set[str]) -> bool:
    """Whether some columns of an entity hold a key of it."""
    if entity not in draft.scenario.entities:
        return False
    keys = [draft.primary_key(entity), *draft.scenario.entities[entity].unique]
    alone = any((entity, name) in draft.types and draft.alone_unique((entity, name)) for name in names)
    return alone or any(key and set(key) <= names for key in keys)


def _size(draft: Draft, key: Key) -> int:
    """How many values a column can take in a unique set; 0 where it has no finite domain of its own."""
    generator = draft.generators.get(key)
    # Where a column is null, its index is lost, and rows could be alike.
    if generator is None or key not in draft.types or draft.missing_rate(key):
        return 0
    if isinstance(generator, ForeignKey):
        plain = (
            generator.distribution == "uniform" and not generator.quota and not (generator.within or generator.spread)
        ) and not generator.sharing
        plain = plain and generator.entity != key[0]
        pair = ordered_pair(draft, key[0], generator.via or key[1])
        if plain and pair is not None:
            return pair_sizes(draft.counts.get(generator.entity, 0))[pair[2]]
        return draft.counts.get(generator.entity, 0) - bool(generator.unlike) if plain else 0
    domain = generator.domain(draft.facts(key))
    return domain.size if domain is not None else 0


def ordered_pair(draft: Draft, entity: str, link: str) -> tuple[str, str, bool] | None:
    """The two links of a pair in order that a link is one of, and whether it is the later; None where it is in none."""
    for column in draft.scenario.entities[entity].columns:
        generator = draft.generators.get((entity, column))
        if isinstance(generator, ForeignKey) and generator.later_than in draft.links[entity]:
            second = generator.via or column
            if link in (generator.later_than, second):
                return generator.later_than, second, link == second
    return None


def _place(draft: Draft, entity: str, columns: tuple[str, ...]) -> Path:
    """Where a unique set stands: among the entity's, or its primary key."""
    sets = draft.scenario.entities[entity].unique
    return ("entities", entity, *(("unique", sets.index(columns)) if columns in sets else ("primary_key",)))


def _refuse(draft: Draft, path: Path, columns: tuple[str, ...], sizes: dict[str, int], rows: int, link: str) -> None:
    which = f"({', '.join(columns)})"
    domains = ", ".join(f"{column}: {size:,}" for column, size in sizes.items()) or "none of them has a finite domain"
    scope = f"up to {rows:,} rows of one parent" if link else f"{rows:,} rows"
    hint = "give its columns generators with larger domains (choice, uniform_int, date, fk …), or ask for fewer rows"
    draft.refuse(path, f"{which} can't be made unique over {scope} ({domains})", hint, ProblemType.UNIQUE)


# Indexes are 64-bit numbers with a sign.
MOST_COMBINATIONS = 1 << 62


@dataclass(frozen=True)
class JointIndexes(ParentSampler):
    """One column's digit of a permuted product of domains.

    `stride` is the product of the sizes of the columns before it. With a layout, each parent's children have a
    permutation of their own, of the place among them. `exchange` keeps rows away from values that are there already.
    """

    key: int
    size: int
    stride: int
    product: int
    layout: Layout | None = None
    exchange: Exchange | None = None

    def indexes(self, numbers: Numbers) -> Numbers:
        numbers = self.exchange.of(numbers) if self.exchange is not None else numbers
        permuted = permute(*self._places(numbers), self.product)
        return permuted // np.int64(self.stride) % np.int64(self.size)

    def choose(self, numbers: Numbers) -> Numbers:
        """As the chooser of a link: the digit is the parent's row number."""
        return self.indexes(numbers)

    def _places(self, numbers: Numbers) -> tuple[streams.Words | int, Numbers]:
        if self.layout is None:
            return self.key, numbers
        parents, ordinals = self.layout.locate(numbers)
        return streams.draw(self.key, parents), ordinals


def share_product(sizes: Mapping[str, int], key: int, layout: Layout | None, at_least: int) -> dict[str, JointIndexes]:
    """Each column's part of the product of `sizes`, using as few columns as hold `at_least` combinations.

    Empty where all of them hold fewer. Columns are taken in the given order.
    """
    taken: list[str] = []
    for name in sizes:
        if prod(sizes[column] for column in [*taken, name]) < MOST_COMBINATIONS:
            taken.append(name)
        # Two columns, though one may have room for all rows: permuted alone, it would hold no value twice.
        if prod(sizes[column] for column in taken) >= at_least and len(taken) > 1:
            break
    if prod(sizes[column] for column in taken) < at_least:  # one too large to be multiplied may be enough by itself
        taken = next(([name] for name, size in sizes.items() if size >= at_least), [])
    product = prod(sizes[column] for column in taken)
    if not taken or product < at_least:
        return {}
    # Python's own numbers: one large domain alone may not fit into 64 bits.
    strides = np.cumprod([1, *(sizes[name] for name in taken)], dtype=object)
    return {
        name: JointIndexes(key, sizes[name], int(stride), product, layout)
        for name, stride in zip(taken, strides, strict=False)
    }


def least_sets(sets: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The sets that no other one implies: what has a smaller set among its columns is as unique as that."""
    # Reversed, so that of equal sets the first stays.
    once = {frozenset(columns): columns for columns in reversed(sets)}
    return [columns for columns in sets if once[frozenset(columns)] is columns and not _implied(columns, sets)]


def _implied(columns: tuple[str, ...], sets: Sequence[tuple[str, ...]]) -> bool:
    return any(set(other) < set(columns) for other in sets)


def holds_alone(columns: Sequence[str], unique: set[str], counted_by: str, generators: Mapping[str, Generator]) -> bool:
    """Whether the set holds without a permutation of its own."""
    counts = any(getattr(generators[name], "per", "") == counted_by for name in columns)
    distinct = any(generators[name].all_distinct() for name in columns)
    distinct = distinct or any(getattr(generators[name], "distinct_beside", "") in columns for name in columns)
    return distinct or bool(unique & set(columns)) or (counted_by in columns and counts)
