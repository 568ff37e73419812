"""A draft's entities → their plans: columns, links, fixed rows and foreign keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sdgen.generators import streams
from sdgen.generators.arrays.cast import scalar_array
from sdgen.generators.base import Dependency
from sdgen.generators.correlation import Correlation
from sdgen.generators.links.counts import FixedCount
from sdgen.generators.links.links import ForeignKey, Parent
from sdgen.generators.links.parent_sampler import (
    AtPlaces,
    ByPlace,
    Counted,
    Following,
    Link,
    OneToOne,
    OrderedPair,
    ParentSampler,
    Spread,
    Uniform,
    Unlike,
    Zipf,
    pair_sizes,
    weighted,
)
from sdgen.generators.links.restricted_parents import (
    DistinctWithin,
    LevelTree,
    Sharing,
    Tree,
    TreeWithin,
    Within,
    WithQuotas,
)
from sdgen.planning.check_links import layouts_between, quota_row, shared_row
from sdgen.planning.choose import Key
from sdgen.planning.correlations import plan_correlations
from sdgen.planning.draft import Draft
from sdgen.planning.nulls import is_nullable
from sdgen.planning.plan import ColumnPlan, EntityPlan, ForeignKeyPlan, Plan
from sdgen.planning.unique_sets import JointIndexes, ordered_pair, plan_unique_sets

if TYPE_CHECKING:
    from sdgen.planning.conditions import Condition
    from sdgen.planning.partial_rows import PartialSets


@dataclass(frozen=True)
class JointDraws:
    """What columns draw together with others: unique sets, those of some rows alone, and correlations."""

    unique: Mapping[Key, JointIndexes]
    partial: PartialSets | None
    correlations: Mapping[Key, Correlation]


def column_plan(draft: Draft) -> Plan | None:
    """A plan of those columns alone that a draft has generators for: what they depend on must be among them.

    None where a unique set of them can't be had, or correlations can't hold.
    """
    joints = plan_unique_sets(draft)
    joint = JointDraws(joints, partial_sets(draft, joints), plan_correlations(draft, joints))
    if draft.problems:
        return None
    entities = {name: entity(draft, name, joint) for name in dict.fromkeys(key[0] for key in draft.generators)}
    scenario = draft.scenario
    return Plan(scenario.name, scenario.version, draft.seed, draft.as_of, entities, identity="")


def partial_sets(draft: Draft, joints: Mapping[Key, JointIndexes]) -> PartialSets | None:
    if not any(entity.partial_unique for entity in draft.scenario.entities.values()):
        return None
    from sdgen.planning.partial_sets import plan_partial_sets  # few scenarios have any

    return plan_partial_sets(draft, joints)


def entity(draft: Draft, name: str, joint: JointDraws, conditions: tuple[Condition, ...] = ()) -> EntityPlan:
    wanted = draft.scenario.entities[name]
    links = {link: _link(draft, name, link, joint.unique) for link in draft.links[name] if draft.declares(name, link)}
    settled = [column for column in wanted.columns if (name, column) in draft.generators]
    columns = {column: _column(draft, (name, column), links, joint) for column in settled}
    if joint.partial is not None:
        links = {link: _partial_link(name, each, joint.partial) for link, each in links.items()}
        columns = {column: _partial_column(name, each, links, joint.partial) for column, each in columns.items()}
    primary = draft.primary_key(name)
    singles = [(column,) for column, spec in wanted.columns.items() if spec.unique and (column,) != primary]
    return EntityPlan(
        name=name,
        table=wanted.target_table or name,
        rows=draft.counts[name],
        columns=columns,
        links=links,
        primary_key=primary,
        unique=tuple(dict.fromkeys([*singles, *wanted.unique])),
        foreign_keys=_foreign_keys(draft, name),
        conditions=conditions,
        first=draft.request.first(name),
        target=wanted.target,
        mode=wanted.table_mode,
        partial_unique=wanted.partial_unique,
    )


def _partial_link(entity: str, link: Link, partial: PartialSets) -> Link:
    """A link whose parents differ in the rows that match a condition, or which has one in those rows alone."""
    indexes, matching = partial.indexes.get((entity, link.name)), partial.matching.get((entity, link.name))
    if indexes is not None:
        link = replace(link, chooser=replace(indexes, rest=link.chooser))
    return link if matching is None else replace(link, nulls=matching)


def _partial_column(entity: str, column: ColumnPlan, links: Mapping[str, Link], partial: PartialSets) -> ColumnPlan:
    from sdgen.planning.partial_rows import Matching

    indexes, matching = partial.indexes.get((entity, column.name)), partial.matching.get((entity, column.name))
    # A link's sampler has these indexes already.
    if indexes is not None and column.name not in links:
        matching = Matching(indexes.selection, indexes)
    if matching is None:
        return column
    return replace(column, matching=matching, arrow=column.type.arrow if matching.values else column.arrow)


def _column(draft: Draft, key: Key, links: Mapping[str, Link], joint: JointDraws) -> ColumnPlan:
    generator, type, wanted = draft.generators[key], draft.types[key], draft.column(key)
    fixed, given = _fixed(draft, key)
    linked = isinstance(generator, ForeignKey | Parent)
    return ColumnPlan(
        name=key[1],
        type=type,
        arrow=type.arrow if fixed is not None else _carried(draft, key),
        generator=generator,
        facts=replace(draft.facts(key), joint=joint.unique.get(key), correlation=joint.correlations.get(key)),
        nullable=is_nullable(draft, key),
        # A link draws once which rows have no parent, for all of its columns: here nulls would be drawn again.
        null_rate=0.0 if linked and key[1] in links else draft.missing_rate(key),
        null_rates=None if linked and key[1] in links else draft.null_rates(key),
        hidden=wanted.hidden,
        fixed=fixed,
        given=given,
        target=wanted.target,
        optional=wanted.optional,
        identity=wanted.identity,
    )


def _carried(draft: Draft, key: Key) -> pa.DataType:
    """The Arrow type a column's values are carried in; a copied column is carried as its original is."""
    generator, type = draft.generators[key], draft.types[key]
    original: Key | None = None
    if isinstance(generator, ForeignKey):
        original = (generator.entity, generator.column)
    elif isinstance(generator, Parent):
        original = (draft.links[key[0]][generator.link], generator.column)
    if original is None:
        return generator.arrow(type)
    # The dictionary of the original has no entries for values of fixed rows.
    same = draft.types[original] == type and _fixed(draft, original)[0] is None
    return _carried(draft, original) if same else type.arrow


def _fixed(draft: Draft, key: Key) -> tuple[pa.Array | None, Sequence[bool] | NDArray[np.bool_]]:
    """The values of the first rows, and which of them are given: rows the target holds, then fixed ones."""
    there = draft.request.existing.get(key[0])
    first = there.rows if there is not None else 0
    held = there.columns.get(key[1]) if there is not None and first else None
    placed = zip(draft.scenario.entities[key[0]].rows.fixed, draft.fixed_places[key[0]], strict=True)
    rows = [row for row, place in placed if place >= first]
    given = tuple(key[1] in row for row in rows)
    if not any(given):
        return held, np.ones(first if held is not None else 0, dtype=np.bool_)
    values = scalar_array([row.get(key[1]) for row in rows], draft.types[key])
    if not first:
        return values, given
    before = pa.nulls(first, values.type) if held is None else held
    return pa.concat_arrays([before, values]), np.append(np.full(first, held is not None), given)


def _link(draft: Draft, entity: str, name: str, joints: Mapping[Key, JointIndexes]) -> Link:
    column, spec = draft.link_column(entity, name)
    # The words in stream keys are in everybody's data, and are never renamed.
    key = streams.stream_key(draft.seed, entity, name, "link")
    counted = name == draft.counting_link(entity)
    return Link(
        name=name,
        parent=spec.entity,
        chooser=_chooser(draft, (entity, column), spec, key, joints, counted),
        null_key=streams.stream_key(draft.seed, entity, name, "null"),
        null_rate=draft.missing_rate((entity, column)),
        null_rates=draft.null_rates((entity, column)),
        layout=draft.layouts[entity] if counted else None,
        row=spec.row,
        count=draft.counts[spec.entity] if spec.row else 0,
    )


def _chooser(
    draft: Draft, key: Key, spec: ForeignKey, stream: int, joints: Mapping[Key, JointIndexes], counted: bool
) -> ParentSampler:
    # A link that is unlike another one draws among all parents but that one.
    parents = draft.counts[spec.entity] - bool(spec.unlike)
    # The first that applies decides: how rows are laid out goes before what ties links to one another, that before
    # unique sets, and only what is left open is drawn by the link's own law.
    each = draft.each.get(key[0], {}).get(spec.via or key[1])
    if each is not None:
        return each
    if spec.follows:
        rest = _chooser(draft, key, spec.model_copy(update={"follows": ()}), stream, joints, counted)
        return Following(tuple(_path(draft, key[0], need, joints) for need in spec.followed), rest)
    if counted:
        return Counted(draft.layouts[key[0]])
    if spec.sharing:
        rest = _chooser(draft, key, spec.model_copy(update={"sharing": {}}), stream, joints, counted)
        return _sharing(draft, key, spec, stream, rest, joints)
    pair = ordered_pair(draft, key[0], spec.via or key[1])
    if pair is not None:
        return _pair(draft, key[0], pair, joints)
    if spec.among is not None:
        return AtPlaces(spec.among.every, spec.among.at)
    if spec.spread:
        layout = draft.layouts[key[0]]
        assert isinstance(layout, FixedCount)
        return Spread(layout, parents)
    if spec.unlike:
        rest = joints.get(key) or _drawn(spec, stream, parents, ())
        return Unlike(rest, _link(draft, key[0], spec.unlike, joints))
    if spec.within:
        return _within(draft, key[0], spec, stream, joints)
    if key in joints:
        return joints[key]
    if spec.entity == key[0]:
        return LevelTree(stream, spec.roots, spec.depth) if spec.depth else Tree(stream, spec.roots)
    if spec.one_to_one or draft.alone_unique(key):
        return OneToOne(stream, parents)
    if spec.weights_by_place:
        laws = tuple(_drawn(spec, stream, parents, weights) for weights in spec.weights_by_place)
        return ByPlace(draft.layouts[key[0]], laws)
    if not spec.quota:
        return _drawn(spec, stream, parents, spec.weights)
    counts = {quota_row(draft, spec, index): quota.count for index, quota in enumerate(spec.quota)}
    named = tuple(sorted(row for row in counts if row is not None))
    # Parents with quotas have all of their rows: the others are drawn as if those were not there.
    others = tuple(weight for row, weight in enumerate(spec.weights) if row not in named)
    rest = _drawn(spec, stream, max(parents - len(named), 1), others)
    return WithQuotas(named, tuple(accumulate(counts[row] for row in named)), rest)


def _pair(draft: Draft, entity: str, pair: tuple[str, str, bool], joints: Mapping[Key, JointIndexes]) -> OrderedPair:
    """One end of a pair of links in order: both ends take the same two draws."""
    first, second, later = pair
    parents = draft.counts[draft.links[entity][first]]
    draws: list[ParentSampler] = []
    for name, size in zip((first, second), pair_sizes(parents), strict=True):
        stream = streams.stream_key(draft.seed, entity, name, "link")
        draws.append(joints.get((entity, draft.link_column(entity, name)[0])) or Uniform(stream, max(size, 1)))
    return OrderedPair(draws[0], draws[1], parents, later)


def _path(draft: Draft, entity: str, need: Dependency, joints: Mapping[Key, JointIndexes]) -> tuple[Link, Link]:
    """The link to a parent, and that parent's own link that a column declares."""
    home = draft.home(entity, need)
    return _link(draft, entity, need.link, joints), _declared(draft, home, joints)


def _sharing(
    draft: Draft, key: Key, spec: ForeignKey, stream: int, rest: ParentSampler, joints: Mapping[Key, JointIndexes]
) -> Sharing:
    own, theirs = spec.shared
    # Of another link the path has two steps, of the row's own one.
    steps = _path(draft, key[0], own, joints) if own.link else (_declared(draft, (key[0], own.column), joints),)
    return Sharing(
        stream, draft.counts[spec.entity], rest, steps, _declared(draft, (spec.entity, theirs.column), joints)
    )


def _declared(draft: Draft, key: Key, joints: Mapping[Key, JointIndexes]) -> Link:
    """The link that a column declares."""
    declaring = draft.generators[key]
    assert isinstance(declaring, ForeignKey)
    return _link(draft, key[0], declaring.via or key[1], joints)


def _within(
    draft: Draft, entity: str, spec: ForeignKey, stream: int, joints: Mapping[Key, JointIndexes]
) -> ParentSampler:
    if spec.entity == entity:
        return TreeWithin(stream, spec.roots, draft.layouts[entity])
    other = _link(draft, entity, spec.within, joints)
    shared = shared_row(draft, spec, other.parent)
    layouts = layouts_between(draft, spec.entity, shared), layouts_between(draft, other.parent, shared)
    within = Within(stream, layouts[0], other, layouts[1])
    return DistinctWithin(within, draft.layouts[entity]) if spec.distinct else within


def _drawn(spec: ForeignKey, stream: int, parents: int, weights: tuple[float, ...]) -> ParentSampler:
    if spec.distribution == "zipf":
        return Zipf(stream, parents, spec.exponent)
    if spec.distribution == "weighted":
        return weighted(stream, parents, weights)
    return Uniform(stream, parents)


def _foreign_keys(draft: Draft, name: str) -> tuple[ForeignKeyPlan, ...]:
    """The links a database can hold: all their written columns together refer to a key of the parent."""
    keys = []
    for link, parent in draft.links[name].items():
        pairs = [
            (column, generator.column)
            for column, each in draft.scenario.entities[name].columns.items()
            if isinstance(generator := draft.generators.get((name, column)), ForeignKey)
            if (generator.via or column) == link and not each.hidden
        ]
        pairs += _shared_pairs(draft, name, link) if pairs else []
        key = _key_of(draft, parent, {column for _, column in pairs}) if pairs else ()
        if key:
            own = {there: column for column, there in pairs}
            keys.append(ForeignKeyPlan(tuple(own[column] for column in key), parent, key))
    return tuple(keys)


def _shared_pairs(draft: Draft, entity: str, link: str) -> list[tuple[str, str]]:
    """Columns that a link within another's row shares with that one, with the parent's columns they refer to."""
    spec = draft.link_column(entity, link)[1]
    if not spec.within:
        return []
    own = {
        _traced(draft, generator.entity, generator.column): key[1]
        for key, generator in draft.generators.items()
        if key[0] == entity and isinstance(generator, ForeignKey) and (generator.via or key[1]) == spec.within
    }
    parents = ((column, _traced(draft, spec.entity, column)) for column in draft.primary_key(spec.entity))
    return [(own[origin], column) for column, origin in parents if origin in own]


def _traced(draft: Draft, entity: str, column: str) -> Key:
    """The column whose values these are, up the links by which rows are counted."""
    generator = draft.generators.get((entity, column))
    if isinstance(generator, ForeignKey) and (generator.via or column) == draft.counting_link(entity):
        return _traced(draft, generator.entity, generator.column)
    return entity, column


def _key_of(draft: Draft, entity: str, columns: set[str]) -> tuple[str, ...]:
    """The key of an entity that consists of these columns, in its own order; empty where there is none."""
    sets = [draft.primary_key(entity), *draft.scenario.entities[entity].unique]
    sets += [(name,) for name, column in draft.scenario.entities[entity].columns.items() if column.unique]
    if any(draft.column((entity, column)).hidden for column in columns):
        return ()
    return next((key for key in sets if set(key) == columns), ())
