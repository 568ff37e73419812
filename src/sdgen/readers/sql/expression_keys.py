"""Keys over expressions, or over computed columns → keys over what rows must differ in so that those differ.

`lower(email)` differs wherever e-mail addresses do; `data->>'id'` where a member of the document does, which becomes a
hidden column; `date(at)` where the day does that a moment is drawn on. What isn't understood is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sdgen.inference.names import free_name
from sdgen.readers.drafts import ColumnDraft, quoted_name
from sdgen.readers.feasibility import letters
from sdgen.readers.sql.drafts import Notes, TableDraft
from sdgen.readers.sql.key_parts import KeyPart, followed, ordered_columns, parsed
from sdgen.readers.sql.partial_keys import draw_one_row, partial_key
from sdgen.readers.sql.schema import CheckSchema, ColumnSchema, KeySchema
from sdgen.readers.sql.text_types import FALLBACKS, pattern
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGERS, Type

_LETTERS = 12
_WORD = 8
_TEXTUAL = ("text", "string")
_MOMENTS = ("timestamp", "timestamptz")
_KEYED = (*_TEXTUAL, *INTEGERS, *_MOMENTS, "uuid", "date", "time", "decimal", "enum", "bool", "json", "array")


def plain_key(entity: TableDraft, key: KeySchema, notes: Notes, dialect: str) -> KeySchema | None:
    """A key over columns that are filled, which holds only if the declared one does; None where there is none.

    What a computed column is computed from stands for it, as what an expression speaks of does.
    """
    computed = {column.name: column for column in entity.schema.columns if column.computed}
    if not key.parts and not computed.keys() & set(key.columns):
        return key
    if not key.parts and any(name not in entity.columns and name not in computed for name in key.columns):
        return key  # a column was left out, which is told
    key = _in_order(entity, key, dialect)
    parts = _parts(entity, key, computed, dialect)
    known = [part for part in parts if part is not None and part.column]
    if not known:
        return _without_columns(entity, key, parts, notes, dialect)
    own = [part.where.sql(dialect=dialect) for part in known if part.where is not None]
    where = " AND ".join(f"({each})" for each in (key.where, *own) if each) if own else key.where
    if None in parts and key.parts and not any(_is_wide(entity, part) for part in known):
        return key  # the columns that are left could have few values together
    chosen = _without_defaults(entity, known)
    if not chosen:
        return key
    columns = tuple(dict.fromkeys(_distinct_column(entity, part) for part in chosen))
    return replace(key, columns=columns, where=where, computed=False, parts=())


def _in_order(entity: TableDraft, key: KeySchema, dialect: str) -> KeySchema:
    """A key over the least and the greatest of two columns: in all rows the one is less than the other, then."""
    trees = [parsed(part, dialect) for part in key.parts]
    pairs = [ordered_columns(tree) if tree is not None else ("", "", "") for tree in trees]
    least = next((pair for pair in pairs if pair[0] == "Least"), None)
    greatest = [pair for pair in pairs if pair[0] == "Greatest"]
    if least is None or not greatest or {*least[1:]} != {*greatest[0][1:]} or "" in least:
        return key
    order = CheckSchema(f"{quoted_name(least[1])} < {quoted_name(least[2])}", key.name, key.line)
    entity.schema = replace(entity.schema, checks=(*entity.schema.checks, order))
    own = iter(least[1:])
    return replace(
        key, parts=tuple(next(own) if pair[0] else part for pair, part in zip(pairs, key.parts, strict=True))
    )


def _parts(
    entity: TableDraft, key: KeySchema, computed: Mapping[str, ColumnSchema], dialect: str
) -> list[KeyPart | None]:
    """What each part of a key asks; None where that isn't understood."""
    spelled = {name.lower(): name for name in entity.columns}
    found = []
    for name in key.parts or key.columns:
        own = computed.get(name)
        tree = parsed(own.expression if own is not None else name, dialect) if own or key.parts else None
        part = followed(tree) if tree is not None else KeyPart(name) if not (own or key.parts) else None
        if part is not None and part.column:
            column = spelled.get(part.column.lower(), "")
            part = replace(part, column=column) if column and entity.columns[column].type.kind in _KEYED else None
        found.append(part)
    return found


def _without_columns(
    entity: TableDraft, key: KeySchema, parts: Sequence[KeyPart | None], notes: Notes, dialect: str
) -> KeySchema | None:
    """A key none of whose parts tells rows apart: of one row, or of what isn't understood."""
    shown, line = ", ".join(key.parts or key.columns), key.line or entity.schema.line
    if None in parts:
        if key.parts and key.columns:
            return key
        notes.add(entity, "", f"({shown}) is unique and computed by what isn't understood: rows may break it", line)
        return None
    if not key.where:
        entity.cap(1)
        notes.add(entity, "", f"({shown}) is the same in all rows, and unique: the table has one row", line)
        return None
    partial = partial_key(entity, replace(key, computed=False), dialect)
    if partial is None or not draw_one_row(entity, partial, {}):
        what = f"unique index {key.name} is of one row where {' '.join(key.where.split())}: rows may break it"
        notes.add(entity, "", what, line)
    return None


def _without_defaults(entity: TableDraft, parts: Sequence[KeyPart]) -> list[KeyPart]:
    """The parts that are to differ, where values stand for nulls in some: such columns are never null, or left out."""
    open_ = [part for part in parts if part.default and entity.columns[part.column].nullable]
    rest = [part for part in parts if part not in open_]
    # Without them the key is stricter, and their nulls keep what they mean (`deleted_at`, a tree's roots).
    if any(_is_wide(entity, part) for part in rest):
        return rest
    trees = {name for key in entity.schema.foreign_keys if key.table == entity.schema.name for name in key.columns}
    if any(part.column in trees for part in open_):
        return rest
    for part in open_:
        entity.columns[part.column].null_rate = 0.0
    return list(parts)


def _is_wide(entity: TableDraft, part: KeyPart) -> bool:
    """Whether a column may have a value of its own for each row, as far as its declaration tells."""
    column = entity.columns[part.column]
    linked = any(part.column in key.columns for key in entity.schema.foreign_keys)
    checked = any(
        re.search(rf"\b{re.escape(part.column)}\b", check.sql, re.IGNORECASE) for check in entity.schema.checks
    )
    short = column.type.kind in _TEXTUAL and 0 < min(part.length or 99, column.type.length or 99) < 8
    kinds = (*_TEXTUAL, "int", "bigint", "uuid", "json", *_MOMENTS)
    return column.type.kind in kinds and not (linked or checked or short or part.day)


# ------------------------------------------------------------------ columns whose values differ


def arrays_apart(entity: TableDraft, names: Iterable[str]) -> tuple[str, ...]:
    """The columns of a key, the first element of an array standing for it."""
    return tuple(_first_element(entity, name) if entity.columns[name].type.kind == "array" else name for name in names)


def _distinct_column(entity: TableDraft, part: KeyPart) -> str:
    """The column that is to be distinct, which may be a hidden one."""
    column = entity.columns[part.column]
    if part.path:
        return _member_column(entity, column, part)
    if part.day and column.type.kind in _MOMENTS:
        return _day_column(entity, column)
    textual = column.type.kind in _TEXTUAL and not column.is_link
    if textual and (part.length or part.joined):
        # The distinct part must lie within the letters that the expression keeps.
        sizes = [size for size in (part.length, column.type.length, _LETTERS) if size]
        column.generator, column.demanded = letters(min(sizes)), True
    return part.column


# Of distinct parts of documents and arrays: so many that runs of other seeds make others.
_OWN = {
    **dict.fromkeys(INTEGERS, GeneratorSpec(type="sequence")),
    **dict.fromkeys(("text", "string", "uuid"), GeneratorSpec(type="uuid4")),
}


def _hidden(entity: TableDraft, name: str, type: Type) -> ColumnDraft:
    """A further column that is not written."""
    draft = ColumnDraft(free_name(name, entity.columns), type, _OWN.get(type.kind), hidden=True)
    entity.columns = {draft.name: draft, **entity.columns}
    return draft


def _member_column(entity: TableDraft, column: ColumnDraft, part: KeyPart) -> str:
    """A hidden column that a document's member is taken from."""
    fields: dict[str, Any] = dict(
        column.params.get("fields", {}) if column.demanded else FALLBACKS["json"].params["fields"]
    )
    inside = fields
    for name in part.path[:-1]:
        held = inside.get(name, {})
        inner = dict(held.get("params", {}).get("fields", {}) if held.get("generator") == "json" else {})
        inside[name] = {"generator": "json", "params": {"fields": inner}}
        inside = inner
    held = inside.get(part.path[-1], {})
    if held.get("generator") != "expression":
        own = _hidden(entity, f"{column.name}_{part.path[-1]}", Type(part.type))
        held = inside[part.path[-1]] = {"generator": "expression", "params": {"sql": quoted_name(own.name)}}
    column.fill("json", fields=fields)
    return str(held["params"]["sql"]).strip('"')


def _day_column(entity: TableDraft, column: ColumnDraft) -> str:
    """A hidden column of days, on which the moments lie."""
    day = _hidden(entity, f"{column.name}_day", Type("date"))
    second = _hidden(entity, f"{column.name}_second", Type("int"))
    second.fill("uniform_int", min=0, max=86_399)
    column.fill(
        "expression", sql=f"CAST({quoted_name(day.name)} AS TIMESTAMP) + to_seconds({quoted_name(second.name)})"
    )
    column.strict = not column.nullable
    return day.name


def _first_element(entity: TableDraft, name: str) -> str:
    """A hidden column that holds the first elements of an array, which is the others after it."""
    column = entity.columns[name]
    first = _hidden(entity, f"{name}_first", column.type.items[0])
    if first.type.kind in _TEXTUAL:
        first.generator = pattern(f"[a-z]{{{min(first.type.length or _WORD, _WORD)}}}")
    rest = _hidden(entity, f"{name}_rest", column.type)
    rest.generator, rest.demanded = column.generator, column.demanded
    column.fill("expression", sql=f"list_prepend({quoted_name(first.name)}, {quoted_name(rest.name)})")
    column.strict = not column.nullable
    return first.name
