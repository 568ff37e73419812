"""A second foreign key over a column that another one fills, such as a tenant's: its parent is drawn within the
same tenant, where both parents' rows can be counted per tenant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt

from sdgen.readers.sql.drafts import TableDraft
from sdgen.readers.sql.schema import ForeignKeySchema

_MOST_STEPS = 6
_EACH = 20


@dataclass(frozen=True)
class _Step:
    """A column of an entity, and the link that fills it: "" where none does."""

    entity: TableDraft
    column: str
    link: str


def drawn_within(
    entities: Iterable[TableDraft],
    entity: TableDraft,
    parent: TableDraft,
    key: ForeignKeySchema,
    to: Sequence[str],
    taken: Sequence[str],
) -> bool:
    """Fill the free columns of a key from a parent of the same tenant as the taken ones; False where that can't be."""
    named = {each.name: each for each in entities}
    links = {_link_of(entity, name) for name in taken}
    link = next(iter(links))
    free = [name for name in key.columns if name not in taken]
    if len(links) > 1 or _is_within(entity, link) or not free:
        return False
    counted = _counted(named, entity, parent, dict(zip(key.columns, to, strict=True)), taken)
    pairs = _only_links_are_unique(entity, free)
    if counted is not None and pairs:
        generator = entity.columns[link].generator
        assert generator is not None
        counted = [*counted, (entity, link, named[str(generator.params["entity"])])]
    if counted is None or not _agree(counted) or not all(_may_count(*each) for each in counted):
        return False
    for child, via, above in counted:
        _count(child, via, above)
    first = free[0]
    for name, there in zip(key.columns, to, strict=True):
        if name in free:
            params: dict[str, object] = {"within": link} if name == first else {"via": first}
            params |= {"distinct": True} if pairs and name == first else {}
            entity.columns[name].fill("fk", True, entity=parent.name, column=there, **params)
    if not entity.columns[first].nullable:
        entity.columns[first].null_rate = 0.0
    return True


def _count(child: TableDraft, via: str, above: TableDraft) -> None:
    """Count rows by a link, which every row then has whole."""
    child.per, child.per_link = above, via
    for name, column in child.columns.items():
        if column.nullable and _link_of(child, name) == via:
            column.null_rate = 0.0


def _counted(
    named: dict[str, TableDraft], entity: TableDraft, parent: TableDraft, to: dict[str, str], taken: Sequence[str]
) -> list[tuple[TableDraft, str, TableDraft]] | None:
    """What must be counted per what, and by which link, so that both parents belong to one row; None if it can't be."""
    found: list[tuple[TableDraft, str, TableDraft]] = []
    for name in taken:
        above = _path(named, parent, to[name])
        own = _path(named, entity, name)[1:]
        meeting = next((step for step in above[1:] if any(_same(step, each) for each in own)), None)
        if meeting is None:
            return None
        found += _steps(above, meeting)
        if parent is not entity:
            steps = _steps(own, meeting)
            if not steps and not all(entity.columns[each].nullable for each in to if each not in taken):
                steps = [(entity, _link_of(entity, name), meeting.entity)]
            found += steps
    return found


def _path(named: dict[str, TableDraft], entity: TableDraft, column: str) -> list[_Step]:
    """A column, the one it takes its values from, the one that takes them from, and so on."""
    path = [_Step(entity, column, _link_of(entity, column))]
    while path[-1].link and len(path) <= _MOST_STEPS:
        generator = path[-1].entity.columns[path[-1].column].generator
        assert generator is not None
        above, there = named[str(generator.params["entity"])], str(generator.params["column"])
        path.append(_Step(above, there, _link_of(above, there)))
    return path


def _steps(path: Sequence[_Step], meeting: _Step) -> list[tuple[TableDraft, str, TableDraft]]:
    end = next(place for place, step in enumerate(path) if _same(step, meeting))
    return [(low.entity, low.link, high.entity) for low, high in pairwise(path[: end + 1])]


def _same(one: _Step, other: _Step) -> bool:
    return one.entity is other.entity and one.column == other.column


def _may_count(child: TableDraft, via: str, above: TableDraft) -> bool:
    """Whether rows can be counted so: by one link alone, which every row has, and which nothing else draws."""
    generator = child.columns[via].generator if via in child.columns else None
    if generator is None or child is above or child.columns[via].nullable or child.columns[via].unique:
        return False
    plain = "within" not in generator.params and child.primary != (via,)
    return plain and (child.per is None or (child.per is above and child.per_link == via))


def _agree(found: Sequence[tuple[TableDraft, str, TableDraft]]) -> bool:
    asked: dict[str, tuple[str, str]] = {}
    return all(asked.setdefault(child.name, (via, above.name)) == (via, above.name) for child, via, above in found)


def _link_of(entity: TableDraft, name: str) -> str:
    """The link that fills a column, named after its first column; "" where none does."""
    generator = entity.columns[name].generator if name in entity.columns else None
    return str(generator.params.get("via", name)) if generator is not None and generator.type == "fk" else ""


def _is_within(entity: TableDraft, link: str) -> bool:
    generator = entity.columns[link].generator
    return generator is None or "within" in generator.params


def share_out(entities: Iterable[TableDraft]) -> None:
    """Let some rows have several of those counted by them: 1,000 rows become 20 for each of 50 tenants.

    But each row has one, where one is all that some table may have.
    """
    entities = list(entities)
    once = {entity.per.name for entity in entities if entity.per is not None and _once_each(entity)}
    for entity in entities:
        above = entity.per
        if above is not None and above.per is None and above.name not in once:
            entity.each = _divisor(above.size)
            above.active = above.size // entity.each


def _once_each(entity: TableDraft) -> bool:
    """Whether a unique set holds the columns of the counting link alone: each parent has one row at the most."""
    filled = {name for name in entity.columns if _link_of(entity, name) == entity.per_link}
    return any(columns and set(columns) <= filled for columns in (entity.primary, *entity.unique))


def _divisor(rows: int) -> int:
    """The largest divisor of a number that is at most 20, and at most its root."""
    return max(each for each in range(1, min(_EACH, isqrt(max(rows, 1))) + 1) if rows % each == 0)


def _only_links_are_unique(entity: TableDraft, free: Sequence[str]) -> bool:
    """Whether a unique set holds one of these columns and nothing but links: nothing else tells its rows apart."""
    sets = [*entity.unique, entity.primary, *((name,) for name in free if entity.columns[name].unique)]
    columns = entity.columns
    linked = {name for name in columns if columns[name].is_link} | set(free)
    return any(set(free) & set(each) and set(each) <= linked for each in sets)
