"""Foreign keys that a schema doesn't declare, by names and types; each is told as a guess.

Only where no table declares one: a schema that declares some is taken at its word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sdgen.errors import Problem
from sdgen.inference.names import entity_name, shared_prefix, snake, spelled_out
from sdgen.inference.rule_files import conventions
from sdgen.readers.sql.schema import ColumnSchema, ForeignKeySchema, Schema, TableSchema

_ENDING = re.compile(r"_?(?:id|uuid|guid|key|sk|fk)\Z")
_INTEGERS = frozenset(
    {"int", "integer", "int4", "int8", "int2", "bigint", "smallint", "mediumint", "serial", "bigserial"}
)
_HINT = "no foreign key is declared: declare it, or give the column a generator, if it is wrong"


@dataclass(frozen=True)
class _Parent:
    """A table with a primary key of one column: its name in the singular, and its key's without the table's mark."""

    table: TableSchema
    name: str
    key: ColumnSchema
    key_form: str


def with_likely_keys(schema: Schema) -> Schema:
    """The schema with the foreign keys that names tell, if it declares none."""
    # One declared key shows that the schema's authors declare them: what they left out is meant so.
    if len(schema.tables) < 2 or any(table.foreign_keys for table in schema.tables):
        return schema
    parents = _parents(schema)
    links: dict[int, set[int]] = {}
    notes: list[Problem] = []
    tables = []
    for table in schema.tables:
        found = [key for key, parent in _likely(table, parents) if _closes_no_cycle(links, table, parent.table)]
        notes += [_note(schema, table, key) for key in found]
        tables.append(replace(table, foreign_keys=tuple(found)) if found else table)
    return replace(schema, tables=tuple(tables), notes=(*schema.notes, *notes)) if notes else schema


def _note(schema: Schema, table: TableSchema, key: ForeignKeySchema) -> Problem:
    path = ("entities", table.name.name, "columns", key.columns[0])
    what = f"guessed: holds {key.table.name}.{key.to[0]}, by its name"
    return Problem(path, what, _HINT, schema.file, key.line, 1 if key.line else 0)


def _parents(schema: Schema) -> dict[str, list[_Parent]]:
    """Tables that others may refer to, by their names in the singular, without a mark that all tables share."""
    names = {snake(table.name.name) for table in schema.tables}
    mark = shared_prefix(names)
    found: dict[str, list[_Parent]] = {}
    for table in schema.tables:
        key = table.primary_key
        if key is None or len(key.columns) != 1 or key.computed:
            continue
        column = next((each for each in table.columns if each.name == key.columns[0]), None)
        if column is None or column.computed:
            continue
        name = entity_name(snake(table.name.name).removeprefix(mark), {})
        own = shared_prefix(snake(each.name) for each in table.columns)
        parent = _Parent(table, name, column, snake(column.name).removeprefix(own))
        found.setdefault(name, []).append(parent)
    return found


def _likely(table: TableSchema, parents: Mapping[str, list[_Parent]]) -> Iterator[tuple[ForeignKeySchema, _Parent]]:
    keys = table.primary_key.columns if table.primary_key else ()
    for column in table.columns:
        if column.computed or keys == (column.name,):
            continue
        if _names_any_row(column, table):
            continue
        parent = next((one for one in _named(column, table, parents) if _same_type(column, one.key)), None)
        # A tree needs rows without a parent to begin with.
        if parent is None or (parent.table is table and not column.nullable):
            continue
        yield ForeignKeySchema((column.name,), parent.table.name, (parent.key.name,), line=column.line), parent


def _names_any_row(column: ColumnSchema, table: TableSchema) -> bool:
    """Whether it is an id beside a type, such as subject_id beside subject_type: a row of any table, or who knows."""
    stem = _ENDING.sub("", snake(column.name))
    return any(snake(each.name) == f"{stem}_type" for each in table.columns)


def _named(column: ColumnSchema, table: TableSchema, parents: Mapping[str, list[_Parent]]) -> Iterator[_Parent]:
    """The tables that a column's name may speak of, the likeliest first."""
    name = snake(column.name)
    own = shared_prefix(snake(each.name) for each in table.columns)
    for form in dict.fromkeys((name, name.removeprefix(own))):
        yield from _with_key(form, parents)
        stem = _ENDING.sub("", form)
        plain = stem == form
        # A word without `_id` is a link only as a number: a text called `country` holds its name.
        if plain and (column.type.word not in _INTEGERS):
            continue
        if stem:
            yield from _called(spelled_out(stem, {}), parents, plain)
    if name.endswith(("_parent", "parent_id", "parent")):
        yield from (one for each in parents.values() for one in each if one.table is table)


def _with_key(form: str, parents: Mapping[str, list[_Parent]]) -> Iterator[_Parent]:
    """Tables whose key is called so: person_id of person, whatever its table is called."""
    for each in parents.values():
        for one in each:
            # `id` and other short keys are called alike in many tables, so that they tell none of them.
            if one.key_form != "id" and len(one.key_form) > 3 and (form == one.key_form or form == snake(one.key.name)):
                yield one
    for each in parents.values():
        for one in each:
            if len(one.key_form) > 5 and "_" in one.key_form and form.endswith(f"_{one.key_form}"):
                yield one


def _called(stem: str, parents: Mapping[str, list[_Parent]], plain: bool) -> Iterator[_Parent]:
    yield from parents.get(stem, ())
    if plain:
        return
    words = stem.split("_")
    # `billing_address_id` speaks of an address: words before the table's name tell what for.
    for start in range(1, len(words)):
        yield from parents.get("_".join(words[start:]), ())
    aliases: Mapping[str, Any] = conventions()["aliases"]
    for form in dict.fromkeys((stem, words[-1])):
        for other in aliases.get(form, ()) if form not in parents else ():
            yield from parents.get(other, ())
    yield from (one for ending in ("type", "list") for one in parents.get(f"{stem}_{ending}", ()))


def _same_type(column: ColumnSchema, key: ColumnSchema) -> bool:
    words = {column.type.word, key.type.word}
    if words <= _INTEGERS:
        return not column.type.dimensions
    return column.type.word == key.type.word and column.type.dimensions == key.type.dimensions


def _closes_no_cycle(links: dict[int, set[int]], table: TableSchema, parent: TableSchema) -> bool:
    """Whether a link leads to no table that leads back; it is kept then."""
    child, other = id(table), id(parent)
    if child != other and _reaches(links, other, child):
        return False
    links.setdefault(child, set()).add(other)
    return True


def _reaches(links: Mapping[int, set[int]], start: int, end: int) -> bool:
    seen, left = {start}, [start]
    while left:
        one = left.pop()
        if one == end:
            return True
        more = links.get(one, set()) - seen
        seen |= more
        left += more
    return False
