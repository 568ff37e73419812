"""Links as they stand in a target: orphans, copies of a parent's columns, numbers of children. By SQL on all rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sdgen.generators.links.counts import DrawnCounts, EvenSpread, FixedCount, Layout
from sdgen.generators.links.links import ForeignKey, Parent
from sdgen.generators.links.parent_sampler import EachOf, OneToOne
from sdgen.planning.plan import Plan
from sdgen.verification.findings import Finding, Status, StoredEntity, list_values, status_of


@dataclass(frozen=True)
class WrittenLink:
    """A link whose columns are written: the child's, and the parent's that they hold."""

    name: str
    columns: tuple[str, ...]
    to: tuple[str, ...]


def written_links(stored: StoredEntity) -> Iterator[WrittenLink]:
    """An entity's links, as far as their columns are in the target."""
    for link in stored.entity.links:
        pairs = [
            (column.name, column.generator.column)
            for column in stored.entity.written
            if isinstance(column.generator, ForeignKey) and (column.generator.via or column.name) == link
            if column.name in stored.names
        ]
        if pairs:
            own, theirs = _whole_key(stored, stored.entity.links[link].parent, tuple(pairs))
            yield WrittenLink(link, own, theirs)


def _whole_key(
    stored: StoredEntity, parent: str, pairs: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of a link, with those that the foreign key it is part of shares with another link."""
    own, theirs = zip(*pairs, strict=True)
    for key in stored.entity.foreign_keys:
        if key.entity == parent and set(own) < set(key.columns) <= stored.names:
            return key.columns, key.to
    return own, theirs


def check_links(stored: StoredEntity, plan: Plan, parents: dict[str, StoredEntity | None]) -> Iterator[Finding]:
    """Orphans, copies that differ from their parent's, and the numbers of children."""
    for link in written_links(stored):
        entity = stored.entity.links[link.name].parent
        parent = parents.get(entity)
        if parent is None or not set(link.to) <= parent.names:
            what = f"{entity} ({', '.join(link.to)}) is not there"
            yield Finding(stored.entity.name, link.columns, "foreign key", Status.SKIPPED, found=what)
            continue
        yield _orphans(stored, parent, link)
        if _is_key(parent, link.to):
            yield from _copies(stored, parent, link)
            yield from _children(stored, parent, link)


def _is_key(parent: StoredEntity, columns: tuple[str, ...]) -> bool:
    keys = [parent.table.primary_key, *parent.table.unique]
    return any(key and set(key) <= set(columns) for key in keys)


def _join_condition(stored: StoredEntity, link: WrittenLink) -> str:
    pairs = zip(stored.quoted(link.columns, "child."), stored.quoted(link.to, "parent."), strict=True)
    return " AND ".join(f"{own} = {theirs}" for own, theirs in pairs)


def _orphans(stored: StoredEntity, parent: StoredEntity, link: WrittenLink) -> Finding:
    listing = ", ".join(dict.fromkeys(stored.quoted(link.to)))  # several columns of a child may hold the same one
    keys = f"(SELECT DISTINCT {listing} FROM {parent.source})"
    filled = " AND ".join(f"{name} IS NOT NULL" for name in stored.quoted(link.columns, "child."))
    texts = ", ".join(
        f"min(CAST({name} AS {stored.reader.dialect.text}))" for name in stored.quoted(link.columns, "child.")
    )
    alone = f"{stored.quoted(link.to, 'parent.')[0]} IS NULL AND {filled}"
    tables = f"{stored.source} AS child LEFT JOIN {keys} AS parent ON {_join_condition(stored, link)}"
    number, *example = stored.reader.rows(f"SELECT count(*), {texts} FROM {tables} WHERE {alone}")[0]
    what = f"{number:,} rows without a parent, such as ({list_values(example)})" if number else "no orphans"
    expected = f"rows of {parent.entity.name} ({', '.join(link.to)})"
    return Finding(stored.entity.name, link.columns, "foreign key", status_of(not number), expected, what)


def _copies(stored: StoredEntity, parent: StoredEntity, link: WrittenLink) -> Iterator[Finding]:
    """Columns that copy one of the parent's: both must agree."""
    for column in stored.columns:
        planned = stored.entity.columns[column.name]
        generator = planned.generator
        if not isinstance(generator, Parent) or generator.link != link.name or generator.column not in parent.names:
            continue
        original = parent.entity.columns[generator.column]
        # Values of other types may be written otherwise, and floats and documents have no equality that all databases
        # share.
        if original.type != planned.type or column.type.kind in {"json", "array", "map", "struct", "float"}:
            continue
        own, theirs = stored.quoted([column.name], "child.")[0], stored.quoted([generator.column], "parent.")[0]
        differs = f"{own} <> {theirs} OR ({own} IS NULL) <> ({theirs} IS NULL)"
        # The copy has nulls of its own, which are no difference.
        if planned.null_rate:
            differs = f"{own} <> {theirs}"
        tables = f"{stored.source} AS child JOIN {parent.source} AS parent ON {_join_condition(stored, link)}"
        number = stored.reader.rows(f"SELECT count(*) FROM {tables} WHERE {differs}")[0][0]
        expected, what = f"as {parent.entity.name}.{generator.column}", f"{number:,} rows differ"
        yield Finding(stored.entity.name, (column.name,), "copy", status_of(not number), expected, what)


def _children(stored: StoredEntity, parent: StoredEntity, link: WrittenLink) -> Iterator[Finding]:
    planned = stored.entity.links[link.name]
    limits = child_limits(planned.layout, parent.rows) if planned.layout is not None else None
    if isinstance(planned.chooser, OneToOne):
        limits = (0, 1)
    if isinstance(planned.chooser, EachOf):
        limits = (1, 1)
    if limits is None:
        return
    low, high = (0 if planned.null_rate else limits[0]), limits[1]
    numbers = child_counts(stored, parent, link)
    wrong = sum(parents for children, parents in numbers.items() if not low <= children <= high)
    ends = f"{min(numbers)} to {max(numbers)}" if numbers else "no parents"
    what = f"{ends}; {wrong:,} parents outside" if wrong else ends
    expected = f"{low} to {high} for each of {parent.entity.name}"
    yield Finding(stored.entity.name, link.columns, "children", status_of(not wrong), expected, what)


def child_limits(layout: Layout, parents: int) -> tuple[int, int] | None:
    """The fewest and the most children that one of so many parents has."""
    if isinstance(layout, FixedCount):
        return (layout.count if layout.parents >= parents else 0), layout.count
    if isinstance(layout, DrawnCounts):
        return layout.minimum, layout.maximum
    if isinstance(layout, EvenSpread):
        return 0, 2 * -(-layout.total // max(layout.parents, 1)) + 1
    return None


def child_counts(stored: StoredEntity, parent: StoredEntity, link: WrittenLink) -> dict[int, int]:
    """How many parents have how many children."""
    keys = ", ".join(stored.quoted(link.to, "parent."))
    first = stored.quoted(link.columns, "child.")[0]
    tables = f"{parent.source} AS parent LEFT JOIN {stored.source} AS child ON {_join_condition(stored, link)}"
    each = f"SELECT count({first}) AS children FROM {tables} GROUP BY {keys}"
    return dict(stored.reader.rows(f"SELECT children, count(*) FROM ({each}) AS each_parent GROUP BY children"))
