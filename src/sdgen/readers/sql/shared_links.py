"""A second foreign key over a column that another one fills, such as a tenant's: its parent is drawn within the
same tenant, where both parents' rows can be counted per tenant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isqrt

from sdgen.inference.names import singular, snake
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.drafts import TableDraft
from sdgen.readers.sql.schema import ForeignKeySchema, TableName
from sdgen.scenario.types import INTEGERS

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
    # A parent is drawn within one other parent; within two, no row of it need be there.
    if len(links) > 1 or _is_within(entity, link) or not free:
        return False
    counted = _counted(named, entity, parent, dict(zip(key.columns, to, strict=True)), taken)
    pairs = _only_links_are_unique(entity, free)
    # Distinct pairs need to be numbered, so that the rows themselves are counted per the taken link's parent.
    if counted is not None and pairs:
        generator = entity.columns[link].generator
        assert generator is not None
        counted = [*counted, (entity, link, named[str(generator.params["entity"])])]
    if counted is None or not _agree(counted) or not all(_may_count(*each) for each in counted):
        return False
    # Nothing is changed before it is sure that all of it can be done.
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


# Pairs of columns such as `commentable_type`, `commentable_id`: rows of one of several tables, which the first names.
#
# No constraint says so, but frameworks do: Rails' polymorphic associations, Laravel's morphs, Django's generic
# relations where the type is a text.
_MOST = 5  # tables that a type is drawn among where nothing lists them
_TEXTUAL = frozenset({"text", "string", "enum"})
# The first parts of pairs that mean a row of any table, besides words that end in -able.
_ANY_ROW = re.compile(
    r"(?:.*_)?(?:owner|subject|target|source|resource|item|entity|object|record|author|actor|recipient|sender|creator|parent|"
    r"model|reference|context|holder|causer|initiator|origin|document|attachment)|.*(?:able|ible)"
)
_HOUSEKEEPING = re.compile(
    r"schema_migrations|ar_internal_metadata|migrations|_prisma_migrations|django_.*|.*_translations"
)


def set_polymorphic_links(entities: Mapping[TableName, TableDraft]) -> None:
    """Fill such pairs with the types and keys of tables that fit."""
    tables = list(entities.values())
    for entity in tables:
        for type, id in _pairs(entity):
            targets = _targets(tables, entity, type, id)
            if id.unique:  # by itself: keys of two tables may be the same
                targets = dict(list(targets.items())[:1])
            if targets:
                _fill(entity, type, id, targets)


def _pairs(entity: TableDraft) -> Iterator[tuple[ColumnDraft, ColumnDraft]]:
    for name, type in entity.columns.items():
        match = re.fullmatch(r"(.+?)(_type|Type)", name)
        id = entity.columns.get(f"{match[1]}{'_id' if match[2] == '_type' else 'Id'}") if match else None
        if id is None or type.type.kind not in _TEXTUAL or type.is_link or id.is_link or id.primary:
            continue
        if id.type.kind in INTEGERS | _TEXTUAL | {"uuid"} and not id.bounds.pattern and id.bounds.values is None:
            yield type, id


def _targets(
    tables: list[TableDraft], entity: TableDraft, type: ColumnDraft, id: ColumnDraft
) -> dict[str, tuple[TableDraft, str]]:
    """What the type column may hold, and the table and its key for each; none where nothing fits."""
    listed = _listed(type)
    if listed:
        named = {_plain_name(table.name): table for table in tables}
        found = {value: named[_plain_name(_last(value))] for value in listed if _plain_name(_last(value)) in named}
        return {value: (table, key) for value, table in found.items() if (key := fitting_key(table, id))}
    word = snake(type.name).removesuffix("_type")
    beside = {_plain_name(table.name) for table in tables}
    if not _ANY_ROW.fullmatch(word) or (singular(word) in beside and not word.endswith("able")):
        return {}
    fitting = [table for table in tables if table is not entity and fitting_key(table, id) and not is_beside(table)]
    length = type.type.length or 255
    # Rails and Django keep the class's name, which is the table's in the singular.
    spelled = {_class_name(table.name): table for table in fitting[:_MOST]}
    return {value: (table, fitting_key(table, id)) for value, table in spelled.items() if len(value) <= length}


def _listed(type: ColumnDraft) -> list[str]:
    """The values that an enum, or a CHECK, allows."""
    values = type.bounds.values if type.bounds.values is not None else type.type.values
    return [str(value) for value in values]


def _last(value: str) -> str:
    r"""The class's own name: of `App\Models\Post`, `Blog::Post`, `blog.post`."""
    return re.split(r"\\|::|\.", value)[-1]


def _plain_name(name: str) -> str:
    head, mark, last = snake(name).rpartition("_")
    return head + mark + singular(last)


def _class_name(table: str) -> str:
    return "".join(part.capitalize() for part in _plain_name(table).split("_"))


def fitting_key(table: TableDraft, id: ColumnDraft) -> str:
    """A table's key of one column which a column can hold; "" where there is none."""
    if len(table.primary) != 1 or not table.size:
        return ""
    key = table.columns[table.primary[0]]
    kinds = {key.type.kind, id.type.kind}
    fits = key.type.kind == id.type.kind or kinds <= INTEGERS or kinds <= {"text", "string"}
    fits = fits or (id.type.kind in ("text", "string") and (not id.type.length or id.type.length >= 36))
    return key.name if fits and not key.is_link else ""


def is_beside(table: TableDraft) -> bool:
    """Whether a table isn't one of things: it keeps house, or tells of others' rows itself."""
    return bool(_HOUSEKEEPING.fullmatch(table.name)) or any(True for _ in _pairs(table))


def _fill(
    entity: TableDraft, type: ColumnDraft, id: ColumnDraft, targets: Mapping[str, tuple[TableDraft, str]]
) -> None:
    type.fill("choice", values=list(targets))
    if type.bounds.values is not None:
        type.bounds = replace(type.bounds, values=tuple(targets))
    type.null_rate = None if id.nullable else 0.0
    id.null_rate = 0.0  # null where the type is, and only there
    to = {value: f"{table.name}.{key}" for value, (table, key) in targets.items()}
    pair = {type.name, id.name}
    once = id.unique or any(set(columns) <= pair for columns in entity.unique)
    if once:
        # Each type leads to each of its rows once at the most, so the smallest table limits them.
        entity.cap(min(table.size for table, _ in targets.values()))
    id.fill("polymorphic", type=type.name, to=to, **({"one_to_one": True} if once else {}))
    # The generator itself keeps what was unique: it has no domain that the planner could permute.
    id.unique, id.strict = False, not id.nullable
