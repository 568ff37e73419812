"""Keys of other entities inside structs: `project: {id, name}` of an issue is one of the projects.

A struct's field can be no foreign key, so that a link stands beside it, hidden where the stream has none of its own.
The struct's fields that the other entity has too are that row's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sdgen.generators.rule_names import entity_name, snake
from sdgen.read.airbyte.columns import Draft
from sdgen.scenario.model import Column, GeneratorSpec
from sdgen.scenario.types import NESTED, Type, parse_type

_USERS = frozenset({
    "assignee", "author", "creator", "owner", "reporter", "requester", "submitter", "reviewer", "created_by",
    "updated_by", "assigned_to", "assigned_by", "completed_by", "closed_by", "modified_by", "last_modified_by",
})  # fmt: skip


def found_inside(draft: Draft, targets: Mapping[str, Draft]) -> Iterator[tuple[str, Draft, bool]]:
    """Columns with structs that hold another entity's key, that entity, and whether there may be several of them."""
    for name, column in draft.columns.items():
        type = parse_type(column.type)
        several = type.kind == "array"
        struct = type.items[0] if several else type
        if struct.kind != "struct":
            continue
        stem = entity_name(name, {})
        other = targets.get(stem) or (targets.get("user") if snake(name) in _USERS else None)
        if other is not None and other is not draft and _holds_key(struct, other):
            yield name, other, several


def _holds_key(struct: Type, other: Draft) -> bool:
    key = other.primary_key[0]
    return key in struct.fields and _field(struct, key) == parse_type(other.columns[key].type)


def _field(struct: Type, name: str) -> Type:
    return struct.items[struct.fields.index(name)]


def link_inside(draft: Draft, column: str, other: Draft, link: str) -> None:
    """Give the struct's fields the values of the row that a link leads to; the link is added where it is none yet."""
    key = other.primary_key[0]
    struct = parse_type(draft.columns[column].type)
    if link not in draft.columns:
        leads = GeneratorSpec(type="fk", params={"entity": other.name, "column": key})
        hidden = Column(type=other.columns[key].type, generator=leads, hidden=True)
        draft.columns = dict(_with(draft.columns, column, link, hidden))
    spec = draft.columns[column].generator
    own = dict(spec.params.get("fields", {})) if spec is not None and spec.type == "struct" else {}
    shared = {name: {"generator": "parent", "params": {"column": f"{link}.{name}"}} for name in _shared(struct, other)}
    draft.change(column, generator=GeneratorSpec(type="struct", params={"fields": {**own, **shared}}))
    fields = ", ".join(shared)
    draft.tell(f"guessed: one of {other.name}, by its name and the key inside it: {fields} are that one's", column)


def _with(columns: Mapping[str, Column], before: str, name: str, new: Column) -> Iterator[tuple[str, Column]]:
    for each, column in columns.items():
        if each == before:
            yield name, new
        yield each, column


def _shared(struct: Type, other: Draft) -> list[str]:
    """The struct's fields that are columns of the other entity, of the same plain type."""
    return [
        name
        for name, type in zip(struct.fields, struct.items, strict=True)
        if name in other.columns and type.kind not in NESTED and type == parse_type(other.columns[name].type)
    ]
