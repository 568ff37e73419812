"""Primary keys, unique sets and foreign keys of a schema → columns' flags, unique sets and links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_branches import branches_of
from sdgen.readers.sql.drafts import Notes, TableDraft, quoted
from sdgen.readers.sql.expression_keys import arrays_apart, plain_key
from sdgen.readers.sql.key_parts import constant_of
from sdgen.readers.sql.partial_keys import is_drawn, mark_key, partial_key, unique_everywhere, without_own_nulls
from sdgen.readers.sql.schema import ForeignKeySchema, KeySchema, TableName
from sdgen.readers.sql.shared_links import drawn_within, share_out
from sdgen.readers.sql.unenforced_checks import told
from sdgen.scenario.types import INTEGERS, Type

Entities = Mapping[TableName, TableDraft]
OWN_ROWS = "each row refers to itself"


def set_keys(entity: TableDraft, notes: Notes, dialect: str = "") -> None:
    """Mark the primary key and all that is unique."""
    table = entity.schema
    primary = table.primary_key and plain_key(entity, table.primary_key, notes, dialect)
    if primary and not _missing(entity, primary.columns):
        for name in primary.columns:
            entity.columns[name].primary, entity.columns[name].nullable = True, False
    # Unique sets come after the primary key: one that says the same is left out there.
    for key in table.unique:
        plain = plain_key(entity, key, notes, dialect)
        if plain is not None:
            _set_unique(entity, plain, notes, dialect)
    for name, column in entity.columns.items():
        # Oracle's keys are decimals: NUMBER has no integers.
        whole = column.type.kind in INTEGERS or column.type.kind == "decimal"
        # demanded=False: a CHECK or a foreign key over the key may still give it something else.
        if column.generator is None and (column.counts or (whole and entity.primary == (name,))):
            column.fill("sequence", demanded=False)


def _set_unique(entity: TableDraft, key: KeySchema, notes: Notes, dialect: str) -> None:
    if _missing(entity, key.columns):
        return  # a column that was left out with a note
    key = without_own_nulls(entity, replace(key, columns=arrays_apart(entity, key.columns)), dialect)
    partial = partial_key(entity, key, dialect) if key.where and not is_drawn(entity, key, dialect) else None
    if partial is not None:
        entity.partial_keys.append(partial)
        return
    # Conditions of plain values choose their rows; others are drawn as branches; what is neither is unique
    # everywhere.
    if key.where and mark_key(entity, key, dialect):
        return
    if key.where:
        unique_everywhere(entity, key, notes)
        return
    if key.computed:
        notes.add(entity, "", f"unique index {key.name} is over expressions: made unique by its columns", key.line)
    # NULLS NOT DISTINCT counts null as a value like any other: at most one row could have it.
    if not key.nulls:
        for name in key.columns:
            entity.columns[name].null_rate = 0.0
    if len(key.columns) == 1:
        entity.columns[key.columns[0]].unique = True
    elif all(set(key.columns) != set(known) for known in (entity.primary, *entity.unique)):
        entity.unique.append(key.columns)


def _missing(entity: TableDraft, names: tuple[str, ...]) -> bool:
    return not names or any(name not in entity.columns for name in names)


def set_links(entities: Entities, notes: Notes, dialect: str = "") -> None:
    """Turn foreign keys into links, those of several columns first: they may imply the others.

    Those that share columns with others come last, when it is known where all the other columns come from.
    """
    waiting: list[tuple[TableDraft, ForeignKeySchema]] = []
    for entity in entities.values():
        for key in sorted(entity.schema.foreign_keys, key=lambda key: -len(key.columns)):
            if not _set_link(entities, entity, key, notes, dialect):
                waiting.append((entity, key))
    for entity, key in waiting:
        parent = entities[key.table]
        to = _to(parent, key)
        taken = [name for name in key.columns if entity.columns[name].is_link]
        if not taken:
            _link(entity, parent, key, to, notes)
            continue
        # The values come from the same row already, by way of another parent: nothing is left to draw.
        if all(_implied(entities, entity, *pair) for pair in _goals(parent, key, to)):
            continue
        if not drawn_within(entities.values(), entity, parent, key, to, taken):
            _overlapping(entity, parent, key, taken, notes)
    share_out(entities.values())


def _to(parent: TableDraft, key: ForeignKeySchema) -> tuple[str, ...]:
    return key.to or (parent.schema.primary_key.columns if parent.schema.primary_key else ())


def _without_computed(
    entity: TableDraft, parent: TableDraft, key: ForeignKeySchema, to: tuple[str, ...], dialect: str
) -> tuple[ForeignKeySchema, tuple[str, ...]]:
    """A foreign key without the parent's columns that are the same in all rows: the child's have that value too."""
    computed = {column.name: column for column in parent.schema.columns if column.computed}
    kept = []
    for own, there in zip(key.columns, to, strict=False):
        constant = constant_of(computed[there], dialect) if there in computed else None
        column = entity.columns.get(own)
        if constant is None:
            kept.append((own, there))
        elif column is not None:
            column.fill("const", value=int(constant) if column.type.kind in INTEGERS else constant)
    if len(to) != len(key.columns) or len(kept) == len(to):
        return key, to
    return replace(key, columns=tuple(own for own, _ in kept)), tuple(there for _, there in kept)


def _set_link(entities: Entities, entity: TableDraft, key: ForeignKeySchema, notes: Notes, dialect: str) -> bool:
    """Make a link of a foreign key, or tell why there is none; False where another link has some of its columns."""
    parent = entities.get(key.table)
    if not key.columns:
        notes.add(entity, "", f"foreign key to {key.table} left out: it names no columns", key.line)
        return True
    if parent is None:
        what = f"foreign key to {key.table} left out: no such table is here"
        free = [
            entity.columns[name] for name in key.columns if name in entity.columns and entity.columns[name].nullable
        ]
        if free:  # where that table is, it may hold none of the values
            free[0].null_rate = 1.0
            what = f"{what}: {free[0].name} is left null"
        notes.add(entity, key.columns[0], what, key.line)
        return True
    to = _to(parent, key)
    key, to = _without_computed(entity, parent, key, to, dialect)
    if len(to) != len(key.columns) or not to or _missing(parent, to) or _missing(entity, key.columns):
        what = f"foreign key to {key.table} left out: its columns are not all filled"
        notes.add(entity, key.columns[0], what, key.line)
        return True
    # A tree's columns wait for the other links of its table, since its own rows are the parents.
    if any(entity.columns[name].is_link for name in key.columns) or (parent is entity and _shares(entity, key)):
        return False
    _link(entity, parent, key, to, notes)
    return True


def _shares(entity: TableDraft, key: ForeignKeySchema) -> bool:
    """Whether another foreign key has one of its columns."""
    others = [other for other in entity.schema.foreign_keys if other is not key]
    return any(set(other.columns) & set(key.columns) for other in others)


def _link(entity: TableDraft, parent: TableDraft, key: ForeignKeySchema, to: tuple[str, ...], notes: Notes) -> None:
    first = key.columns[0]
    columns = [entity.columns[name] for name in key.columns]
    nullable = all(column.nullable for column in columns)
    if parent is entity and not nullable:
        _own_rows(entity, key, to, notes)
        return
    for name, there in zip(key.columns, to, strict=True):
        via = {} if name == first else {"via": first}
        entity.columns[name].fill("fk", True, entity=parent.name, column=there, **via)
    if not nullable:
        columns[0].null_rate = 0.0
    for column in columns[1:] if nullable or key.full else ():
        column.null_rate = 0.0  # null where the first one is, and only there
    if parent is entity and nullable and _is_unique(entity, key.columns):
        _never_twice(entity, key, notes)
    for column, there in zip(columns, to, strict=True):
        _fit_type(column, parent.columns[there])
        if not column.nullable and parent.columns[there].nullable:
            parent.columns[there].null_rate, column.strict = 0.0, not column.primary


def _is_unique(entity: TableDraft, names: tuple[str, ...]) -> bool:
    sets = [*entity.unique, *((name,) for name in names if entity.columns[name].unique)]
    return any(set(each) <= set(names) for each in sets)


def _never_twice(entity: TableDraft, key: ForeignKeySchema, notes: Notes) -> None:
    """A tree draws earlier rows, some of them twice."""
    for name in key.columns:
        entity.columns[name].null_rate = 1.0
    what = "refers to its own table and is unique: it is left null"
    notes.add(entity, key.columns[0], what, key.line, "give it values that make the chain you want")


def _fit_type(column: ColumnDraft, parent: ColumnDraft) -> None:
    """A link has its parent's type where it need not differ; a shorter text shortens the parent's."""
    if column.type.kind in ("string", "text") and parent.type.kind in ("string", "text"):
        # A key that is longer than the column that refers to it could not be written there.
        if column.type.length and not 0 < parent.type.length <= column.type.length:
            parent.type = Type("string", length=column.type.length)
        column.type = parent.type
    elif column.type.kind != parent.type.kind and not {column.type.kind, parent.type.kind} <= INTEGERS:
        column.type = parent.type


def _own_rows(entity: TableDraft, key: ForeignKeySchema, to: tuple[str, ...], notes: Notes) -> None:
    """A NOT NULL key to its own table has no first row to begin with, but that a row may refer to itself."""
    for name, there in zip(key.columns, to, strict=True):
        if name != there:
            entity.columns[name].fill("expression", sql=quoted(there))
    what = f"refers to its own table and is NOT NULL: {OWN_ROWS}"
    notes.add(entity, key.columns[0], what, key.line, "make it nullable for a tree")


def _goals(parent: TableDraft, key: ForeignKeySchema, to: tuple[str, ...]) -> list[tuple[str, tuple[str, str]]]:
    return [(own, (parent.name, there)) for own, there in zip(key.columns, to, strict=True)]


def _implied(entities: Entities, entity: TableDraft, own: str, goal: tuple[str, str], depth: int = 0) -> bool:
    """Whether a column's values are the goal's by the links that are there: it refers to it, or to what does."""
    column = entity.columns[own]
    if column.generator is None or not column.is_link or depth > 8:
        return False
    parent, there = column.generator.params["entity"], column.generator.params["column"]
    if (parent, there) == goal:
        return True
    entity = next(each for each in entities.values() if each.name == parent)
    return _implied(entities, entity, there, goal, depth + 1)


def _overlapping(entity: TableDraft, parent: TableDraft, key: ForeignKeySchema, taken: list[str], notes: Notes) -> None:
    """A second key over a column that another one fills: it holds where a column of it may be null."""
    shown = f"({', '.join(key.columns)}) to {parent.name}"
    free = [entity.columns[name] for name in key.columns if name not in taken]
    nullable = next((column for column in free if column.nullable), None)
    if nullable is not None:
        nullable.null_rate = 1.0
        what = f"foreign key {shown} shares {', '.join(taken)} with another: its {nullable.name} is left null"
    else:
        what = f"foreign key {shown} shares {', '.join(taken)} with another and is not kept: rows may break it"
    notes.add(entity, key.columns[0], what, key.line)


_WITHOUT_TRIGGER = "take the trigger out of the database, and out of the schema that is read"


def leave_empty(entities: Entities, notes: Notes, dialect: str = "") -> None:
    """Tables that can hold no rows have none, and neither has what must refer to them."""
    waiting = [(entity, "it has no partition") for entity in entities.values() if not entity.schema.takes_rows]
    for entity in entities.values():
        if entity.schema.left_empty:
            waiting.append((entity, entity.schema.left_empty))
        if entity.schema.filled_by:
            waiting.append((entity, f"the trigger {entity.schema.filled_by} fills it"))
        triggers = {"filled_by": entity.schema.filled_by, "set_by": dict(entity.schema.set_by)}
        if facts := {name: value for name, value in triggers.items() if value}:
            entity.target = {**entity.target, dialect: {**entity.target.get(dialect, {}), **facts}}
        never = [check for check in entity.schema.checks if not branches_of(check.sql, dialect)]
        if never:
            entity.schema = replace(entity.schema, checks=())
            waiting.append((entity, f"no row keeps {told(never)}"))
    # Emptiness spreads: what must refer to an empty table is empty too, and so on.
    while waiting:
        entity, why = waiting.pop()
        if not entity.size:
            continue
        entity.alone, entity.per = 0, None
        hint = _WITHOUT_TRIGGER if why == entity.schema.left_empty else ""
        notes.add(entity, "", f"the table is left empty: {why}", entity.schema.line, hint)
        for child in entities.values():
            waiting += _without_parents(child, entity)


def _without_parents(child: TableDraft, parent: TableDraft) -> list[tuple[TableDraft, str]]:
    """Null the links of a table to one that has no rows; the table itself where they can't be null."""
    links: dict[str, list[ColumnDraft]] = {}
    for column in child.columns.values():
        if column.is_link and column.params["entity"] == parent.name:
            links.setdefault(str(column.params.get("via", column.name)), []).append(column)
    for column in (column for columns in links.values() for column in columns):
        column.generator, column.demanded = None, False
        column.null_rate = 1.0 if column.nullable else column.null_rate
    firm = [link for link, columns in links.items() if not any(column.nullable for column in columns)]
    return [(child, f"{link} must refer to {parent.name}, which is empty") for link in firm[:1]]
