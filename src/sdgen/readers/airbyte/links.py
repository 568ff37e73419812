"""Parent streams and names of fields → foreign keys between the entities of a manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sdgen.inference.names import entity_name, snake
from sdgen.readers.airbyte.columns import StreamDraft, refers_to
from sdgen.readers.airbyte.streams import Parent
from sdgen.readers.drafts import ColumnDraft
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGERS, NESTED, Type

Entities = Mapping[str, StreamDraft]
_REFERENCE = re.compile(r"(.+)_(id|uuid|guid|gid|key)")
_SAID_ID = re.compile(r"\b(?:ID|id|[Ii]dentifier) (?:of|for)\b")
_NO_TARGETS = NESTED | {"json", "binary", "bool"}
_MANY = frozenset({"uuid4", "code.token", "code.hex", "pattern", "sequence", "epoch", "as_text"})
_TEXTS = frozenset({"text", "string", "uuid"})


def set_links(drafts: Entities) -> None:
    """Give columns that hold another entity's key a link to it: first what parent streams say, then names."""
    by_stream = {draft.stream.name: draft for draft in drafts.values()}
    for draft in drafts.values():
        for parent in draft.stream.parents:
            _set_parent(draft, parent, by_stream)
    # The surest first: parent streams are declared, copies by AddFields nearly so, and names are guesses.
    targets = _targets(drafts)
    for draft in drafts.values():
        _set_copied(draft, targets, drafts)
    for draft in drafts.values():
        for column in tuple(draft.columns):
            _set_by_name(draft, column, targets, drafts)
    for draft in drafts.values():
        _set_inside(draft, targets, drafts)
    _settle_types(drafts)


def _set_inside(draft: StreamDraft, targets: Entities, drafts: Entities) -> None:
    """Structs that hold another entity's key: the row they speak of is one of that entity's."""
    by_stream = {each.stream.name: each for each in drafts.values()}
    for column, other, several in tuple(found_inside(draft, targets)):
        key = other.primary[0]
        names = (*_inside_links(column, key), *_copied(draft, column, key))
        link = next((name for name in names if _leads(draft, name, other)), "")
        if several:
            draft.tell(f"by its name it holds {other.name}.{key}, but elements have no links: none is made", column)
        elif not link and _reaches(other, draft, by_stream):
            what = f"by its name it holds {other.name}.{key}, but a link would close a cycle: none is made"
            draft.tell(what, column)
        else:
            free = (name for name in _inside_links(column, key) if name not in draft.columns)
            link_inside(draft, column, other, link or next(free, f"{column}_{key}_link"))


def _set_copied(draft: StreamDraft, targets: Entities, drafts: Entities) -> None:
    """Columns that hold a copy of the key inside a struct are links to what the struct is one of."""
    by_stream = {each.stream.name: each for each in drafts.values()}
    for column, other, several in tuple(found_inside(draft, targets)):
        key = other.primary[0]
        for name in _copied(draft, column, key) if not several else ():
            if not draft.columns[name].is_link and not _reaches(other, draft, by_stream):
                _link(draft, name, other, key)


def _inside_links(column: str, key: str) -> tuple[str, ...]:
    """Names of a column that holds the key beside the struct."""
    humped = key[:1].upper() + key[1:]
    return (f"{column}_{key}", f"{column}{humped}", f"{snake(column)}_{snake(key)}")


def _copied(draft: StreamDraft, column: str, key: str) -> Iterator[str]:
    """The columns that AddFields copies the key inside a struct to: `{{ record['author']['id'] }}`."""
    field = next((each for each, name in draft.names.items() if name == column), column)
    parts = ("record", field, key)
    for added in draft.stream.added:
        words = [word for word in re.findall(r"\w+", added.value) if word not in ("get", "or")]
        if tuple(words) == parts and draft.field_of(added.path):
            yield draft.field_of(added.path)


def _leads(draft: StreamDraft, column: str, other: StreamDraft) -> bool:
    """Whether a column is a link to the other entity's key."""
    found = draft.columns.get(column)
    goal = {"entity": other.name, "column": other.primary[0]}
    return found is not None and found.is_link and found.params == goal


def _set_parent(child: StreamDraft, parent: Parent, drafts: Entities) -> None:
    other = drafts.get(parent.stream)
    place = child.stream.place
    key = ".".join(parent.key)
    if other is None:
        child.tell(
            f"its parent stream {parent.stream!r} is not among the entities: there is no link to it", place=place
        )
        return
    target = other.field_of(parent.key)
    if not target or not _can_be_target(other, target):
        why = "is inside another field" if len(parent.key) > 1 else "is no field that can be a key"
        child.tell(f"the parent's key {parent.stream}.{key} {why}: there is no link to it", place=place)
        return
    column, guessed = _column_for(child, parent, other)
    if not column and any(found_inside(child, {entity_name(parent.stream, {}): other})):
        return  # a struct holds it, which becomes one of the parent's rows
    if not column:
        what = f"no field holds the key of its parent stream {parent.stream!r}: there is no link to it"
        child.tell(what, place=place)
    elif not child.columns[column].is_link and _reaches(other, child, drafts):
        child.tell(f"a link to {other.name} would close a cycle: left out", column, place)
    elif not child.columns[column].is_link:
        if guessed:
            child.tell(f"guessed: holds {other.name}.{target}, the key of the parent stream", column, place)
        _link(child, column, other, target)


def _can_be_target(other: StreamDraft, target: str) -> bool:
    return other.columns[target].type.kind not in _NO_TARGETS


def _column_for(child: StreamDraft, parent: Parent, other: StreamDraft) -> tuple[str, bool]:
    """The child's column that holds the parent's key, and whether it was guessed."""
    for added in child.stream.added:
        name = child.field_of(added.path)
        if name and refers_to(added.value, parent.field):
            return name, False
    own = child.primary
    # `partition_field` names a variable of the connector; that the records have a field of that name is a habit, not
    # a rule.
    name = child.names.get(parent.field, "")
    if name and own != (name,) and _is_plain(child, name):
        return name, False
    stem = entity_name(parent.stream, {})
    wanted = {f"{stem}_{snake(parent.key[-1])}", f"{stem}_id", f"id_{stem}", snake(parent.field)}
    similar = [each for each in child.columns if snake(each) in wanted and own != (each,) and _is_plain(child, each)]
    return (similar[0], True) if similar else ("", False)


def _is_plain(draft: StreamDraft, column: str) -> bool:
    return draft.columns[column].type.kind not in _NO_TARGETS


def _link(child: StreamDraft, column: str, other: StreamDraft, target: str) -> None:
    if other.primary != (target,) and not other.columns[target].is_link:
        key = other.columns[target]
        key.unique, key.nullable = True, False
        if key.generator is not None and key.generator.type not in _MANY:
            key.generator = None  # few values are left to a rule
    # A key that is a link has each parent once at the most.
    once = {"one_to_one": True} if child.primary == (column,) or child.columns[column].unique else {}
    child.columns[column].fill("fk", True, entity=other.name, column=target, **once)
    child.columns[column].nullable = False


def _targets(drafts: Entities) -> dict[str, StreamDraft]:
    """Entities by their names in the singular, where one alone has it and a key of one column."""
    found: dict[str, list[StreamDraft]] = {}
    for draft in drafts.values():
        found.setdefault(entity_name(draft.name, {}), []).append(draft)
    return {name: each[0] for name, each in found.items() if len(each) == 1 and len(each[0].primary) == 1}


def _set_by_name(draft: StreamDraft, column: str, targets: Entities, drafts: Entities) -> None:
    # A generator that the schema asked for says more than the name.
    if draft.primary == (column,) or draft.columns[column].generator is not None:
        return
    stem, ending = _stem(draft, column)
    other = targets.get(stem)
    if other is None or other is draft:
        return
    target = other.primary[0]
    # `owner_uuid` asks for a key that is called so; `owner_id` for whatever names an owner.
    if ending != "id" and not re.fullmatch(rf"(.*_)?{ending}", snake(target)):
        return
    if other.columns[target].is_link or not _same_family(draft, column, other, target):
        return
    by_stream = {each.stream.name: each for each in drafts.values()}
    if _reaches(other, draft, by_stream):
        draft.tell(
            f"by its name it may hold {other.name}.{target}, but a link would close a cycle: none is made", column
        )
        return
    draft.tell(f"guessed: holds {other.name}.{target}, by its name", column)
    _link(draft, column, other, target)


def _stem(draft: StreamDraft, column: str) -> tuple[str, str]:
    """What a column's name refers to, and by which kind of key: `owner_id`, or an `owner` that is said to be an id."""
    match = _REFERENCE.fullmatch(snake(column))
    if match is not None:
        return match[1], match[2]
    return (snake(column), "id") if _SAID_ID.search(draft.columns[column].description) else ("", "")


def _same_family(draft: StreamDraft, column: str, other: StreamDraft, target: str) -> bool:
    kinds = {draft.columns[column].type.kind, other.columns[target].type.kind}
    return kinds <= _TEXTS or kinds <= INTEGERS


def _reaches(start: StreamDraft, goal: StreamDraft, drafts: Entities) -> bool:
    """Whether links lead from one entity to another, or are the same."""
    by_name = {draft.name: draft for draft in drafts.values()}
    seen: set[str] = set()
    waiting = [start.name]
    while waiting:
        name = waiting.pop()
        if name == goal.name:
            return True
        if name not in seen:
            seen.add(name)
            waiting += _leads_to(by_name[name])
    return False


def _leads_to(draft: StreamDraft) -> Iterator[str]:
    for column in draft.columns.values():
        if column.is_link:
            yield str(column.params["entity"])


def _settle_types(drafts: Entities) -> None:
    """A link has the type of what it leads to, through all links between."""
    # Types travel one link in each round, so that there are no more rounds than entities.
    for _ in drafts:
        changed = False
        for draft in drafts.values():
            for column in draft.columns.values():
                if column.is_link:
                    type = drafts[column.params["entity"]].columns[column.params["column"]].type
                    changed = changed or type != column.type
                    column.type = type
        if not changed:
            return


_USERS = frozenset({
    "assignee", "author", "creator", "owner", "reporter", "requester", "submitter", "reviewer", "created_by",
    "updated_by", "assigned_to", "assigned_by", "completed_by", "closed_by", "modified_by", "last_modified_by",
})  # fmt: skip


def found_inside(draft: StreamDraft, targets: Entities) -> Iterator[tuple[str, StreamDraft, bool]]:
    """Columns with structs that hold another entity's key, that entity, and whether there may be several of them."""
    for name, column in draft.columns.items():
        type = column.type
        several = type.kind == "array"
        struct = type.items[0] if several else type
        if struct.kind != "struct":
            continue
        stem = entity_name(name, {})
        other = targets.get(stem) or (targets.get("user") if snake(name) in _USERS else None)
        if other is not None and other is not draft and _holds_key(struct, other):
            yield name, other, several


def _holds_key(struct: Type, other: StreamDraft) -> bool:
    key = other.primary[0]
    return key in struct.fields and _field(struct, key) == other.columns[key].type


def _field(struct: Type, name: str) -> Type:
    return struct.items[struct.fields.index(name)]


def link_inside(draft: StreamDraft, column: str, other: StreamDraft, link: str) -> None:
    """Give the struct's fields the values of the row that a link leads to; the link is added where it is none yet."""
    key = other.primary[0]
    struct = draft.columns[column].type
    if link not in draft.columns:
        leads = GeneratorSpec(type="fk", params={"entity": other.name, "column": key})
        hidden = ColumnDraft(link, other.columns[key].type, leads, hidden=True)
        draft.columns = dict(_with(draft.columns, column, link, hidden))
    spec = draft.columns[column].generator
    own = dict(spec.params.get("fields", {})) if spec is not None and spec.type == "struct" else {}
    shared = {name: {"generator": "parent", "params": {"column": f"{link}.{name}"}} for name in _shared(struct, other)}
    draft.columns[column].fill("struct", fields={**own, **shared})
    fields = ", ".join(shared)
    draft.tell(f"guessed: one of {other.name}, by its name and the key inside it: {fields} are that one's", column)


def _with(
    columns: Mapping[str, ColumnDraft], before: str, name: str, new: ColumnDraft
) -> Iterator[tuple[str, ColumnDraft]]:
    for each, column in columns.items():
        if each == before:
            yield name, new
        yield each, column


def _shared(struct: Type, other: StreamDraft) -> list[str]:
    """The struct's fields that are columns of the other entity, of the same plain type."""
    return [
        name
        for name, type in zip(struct.fields, struct.items, strict=True)
        if name in other.columns and type.kind not in NESTED and type == other.columns[name].type
    ]
