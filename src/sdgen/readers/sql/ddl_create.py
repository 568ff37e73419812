"""CREATE TABLE and CREATE UNIQUE INDEX."""

from __future__ import annotations

from collections.abc import Callable

from sdgen.readers.sql.ddl_columns import read_column, read_names, read_table_name
from sdgen.readers.sql.ddl_constraints import begins_constraint, key_columns, read_constraint, read_index
from sdgen.readers.sql.ddl_partitions import read_bounds
from sdgen.readers.sql.ddl_tables import DdlTable, SchemaBuilder
from sdgen.readers.sql.ddl_tokens import Tokens, Unreadable
from sdgen.readers.sql.schema import KeySchema

_SILENT = frozenset({"key", "index", "fulltext", "spatial", "period"})


def create_table(reading: SchemaBuilder, words: Tokens) -> None:
    """CREATE TABLE in its forms: with a body, as a partition, or from a query (which is left out)."""
    while not words.takes("TABLE"):
        words.next()
    once = words.takes("IF", "NOT", "EXISTS")
    line = words.line
    draft = DdlTable(reading.tables.located(read_table_name(words)), line)
    if once and draft.name in reading.tables.drafts:
        return
    if words.takes("PARTITION", "OF"):
        _partition(reading, words, draft)
    elif words.sees("("):
        reading.tables.drafts[draft.name] = draft
        read_items(reading, draft, words.inside())
        _tail(words, draft)
    elif words.takes("LIKE"):
        draft.parents.append(read_table_name(words))
        reading.tables.drafts[draft.name] = draft
    else:
        reading.note(f"table {draft.name} left out: it is made by a query or from a type", line)


def read_items(reading: SchemaBuilder, draft: DdlTable, body: Tokens) -> None:
    """Columns and constraints; one that can't be read becomes a note, and the others are kept."""
    items = body.split()
    constraints = []
    for item in items:
        if begins_constraint(item, reading.dialect):
            constraints.append(item)
        else:
            _attempt(reading, draft, item, lambda each: draft.add_column(read_column(each, reading.dialect)))
    for item in constraints:
        _attempt(reading, draft, item, lambda each: add_constraint(reading, draft, each))


def _attempt(reading: SchemaBuilder, draft: DdlTable, item: Tokens, read: Callable[[Tokens], None]) -> None:
    line, text = item.line, item.sql()
    try:
        read(item)
    except Unreadable as error:
        shown = " ".join(text.split())[:60]
        reading.note(f"{draft.name}: {shown!r} not understood: {error}", line)


def add_constraint(reading: SchemaBuilder, draft: DdlTable, item: Tokens) -> None:
    line = item.line
    if item.takes("LIKE"):
        draft.parents.append(read_table_name(item))
        return
    kind, constraint = read_constraint(item, draft.column_names)
    if constraint is not None:
        draft.add_constraint(kind, constraint)
    elif kind not in _SILENT:
        word = "exclusion constraint" if kind == "exclude" else kind
        reading.note(f"{draft.name}: {word} left out: rows may break it", line)


def _partition(reading: SchemaBuilder, words: Tokens, draft: DdlTable) -> None:
    draft.partition_of = reading.tables.located(read_table_name(words))
    reading.tables.drafts[draft.name] = draft
    if words.sees("("):
        words.skip()
    whole = reading.tables.find(draft.partition_of)
    if whole is not None:
        whole.bounds.append(read_bounds(words))


def _tail(words: Tokens, draft: DdlTable) -> None:
    """What stands behind a table's body: inheritance, partitions, a comment."""
    while not words.done:
        if words.takes("INHERITS"):
            inner = words.inside()
            draft.parents += [read_table_name(part) for part in inner.split()]
            draft.inherits = True
        elif words.takes("PARTITION", "BY"):
            kind = words.next().upper
            columns = tuple(read_names(words.inside())) if words.sees("(") and _plain(words) else ()
            draft.partition_key = (kind, columns)
        elif words.takes("COMMENT"):
            words.takes("=")
            draft.description = words.next().text
        else:
            words.next()


def _plain(words: Tokens) -> bool:
    return words.ahead(2).upper in (")", ",")


def create_index(reading: SchemaBuilder, words: Tokens) -> None:
    """A unique index is a unique constraint; with WHERE or over expressions it is treated as one, which is noted."""
    line = words.line
    while not words.takes("INDEX"):
        words.next()
    found = read_index(words)
    draft = reading.tables.find(found.table)
    if draft is None:
        reading.note(f"unique index {found.name} left out: there is no table {found.table}", line)
        return
    own, computed = key_columns(found.columns, draft.column_names)
    if own:
        draft.unique.append(KeySchema(own, found.name, line, found.where, computed, found.nulls))
    else:
        reading.note(f"{draft.name}: unique index {found.name} left out: no column found in it", line)
