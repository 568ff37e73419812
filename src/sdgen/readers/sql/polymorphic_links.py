"""Pairs of columns such as `commentable_type`, `commentable_id`: rows of one of several tables, which the first names.

No constraint says so, but frameworks do: Rails' polymorphic associations, Laravel's morphs, Django's generic relations
where the type is a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sdgen.inference.names import singular, snake
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.drafts import TableDraft
from sdgen.readers.sql.schema import TableName
from sdgen.scenario.types import INTEGERS

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
        return {value: (table, key) for value, table in found.items() if (key := _key(table, id))}
    word = snake(type.name).removesuffix("_type")
    beside = {_plain_name(table.name) for table in tables}
    if not _ANY_ROW.fullmatch(word) or (singular(word) in beside and not word.endswith("able")):
        return {}
    fitting = [table for table in tables if table is not entity and _key(table, id) and not _is_beside(table)]
    length = type.type.length or 255
    spelled = {_class_name(table.name): table for table in fitting[:_MOST]}
    return {value: (table, _key(table, id)) for value, table in spelled.items() if len(value) <= length}


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


def _key(table: TableDraft, id: ColumnDraft) -> str:
    """A table's key of one column which a column can hold; "" where there is none."""
    if len(table.primary) != 1 or not table.size:
        return ""
    key = table.columns[table.primary[0]]
    kinds = {key.type.kind, id.type.kind}
    fits = key.type.kind == id.type.kind or kinds <= INTEGERS or kinds <= {"text", "string"}
    fits = fits or (id.type.kind in ("text", "string") and (not id.type.length or id.type.length >= 36))
    return key.name if fits and not key.is_link else ""


def _is_beside(table: TableDraft) -> bool:
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
        entity.cap(min(table.size for table, _ in targets.values()))
    id.fill("polymorphic", type=type.name, to=to, **({"one_to_one": True} if once else {}))
    id.unique, id.strict = False, not id.nullable
