"""What later statements change of tables in the making: names, columns and constraints that go or are called anew.

A name is known in several places: a column's in keys, in foreign keys of other tables, in the texts of CHECKs. A change
follows it to all of them, as a database does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from sdgen.readers.sql.ddl_tables import DdlTable, Tables
from sdgen.readers.sql.ddl_tokens import Unreadable, Word, words
from sdgen.readers.sql.schema import CheckSchema, ForeignKeySchema, KeySchema, TableName

C = TypeVar("C", KeySchema, ForeignKeySchema, CheckSchema)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_QUOTES = {"mysql": ("`", "`"), "tsql": ("[", "]")}


def rename_table(tables: Tables, draft: DdlTable, name: TableName) -> None:
    """A table under another name; its foreign keys, parts and heirs go with it."""
    before = draft.name
    for other, key in _references(tables, draft):
        other.foreign_keys = [replace(each, table=name) if each is key else each for each in other.foreign_keys]
    for other in tables.drafts.values():
        if other.partition_of is not None and tables.find(other.partition_of) is draft:
            other.partition_of = name
        other.parents = [name if tables.find(parent) is draft else parent for parent in other.parents]
    draft.name, draft.former = name, [*draft.former, before]
    # The place among the tables stays: rows are shown and written in the order of the file.
    tables.drafts = {name if each is draft else known: each for known, each in tables.drafts.items()}


def drop_table(tables: Tables, draft: DdlTable, cascade: bool) -> None:
    """A table that is no more. Foreign keys to it stay unless they go with it: a new table may take its name.

    SQLite's way to change a table is a new one that takes the old one's place; where the old one was renamed before,
    foreign keys that followed it go back to the name they were declared with.
    """
    for other, key in list(_references(tables, draft)):
        kept = [each for each in other.foreign_keys if each is not key]
        # ORMs rebuild tables on SQLite by CREATE new, INSERT, DROP old, RENAME new: the keys must find the new one.
        stays = [] if cascade or other is draft else [replace(key, table=(*draft.former, draft.name)[0])]
        other.foreign_keys = kept + stays
    tables.drafts = {known: each for known, each in tables.drafts.items() if each is not draft}


def rename_column(tables: Tables, draft: DdlTable, old: str, new: str, dialect: str) -> None:
    """A column under another name, in all that names it."""
    column = draft.column(old)
    if column is None:
        return
    # The statement may spell the name in another case than the table does.
    old = column.name

    def named(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if _same(name, old) else name for name in names)

    def key(each: KeySchema) -> KeySchema:
        parts = tuple(_rewritten(part, old, new, dialect) for part in each.parts)
        where = _rewritten(each.where, old, new, dialect)
        return replace(each, columns=named(each.columns), where=where, parts=parts)

    for other, link in _references(tables, draft):
        other.foreign_keys = [replace(each, to=named(each.to)) if each is link else each for each in other.foreign_keys]
    draft.foreign_keys = [replace(each, columns=named(each.columns)) for each in draft.foreign_keys]
    draft.primary = draft.primary and key(draft.primary)
    draft.unique = [key(each) for each in draft.unique]
    draft.checks = [replace(each, sql=_rewritten(each.sql, old, new, dialect)) for each in draft.checks]
    kind, parts = draft.partition_key
    draft.partition_key = (kind, named(parts))
    column.name = new
    draft.columns = {new if known == old else known: each for known, each in draft.columns.items()}


def drop_column(tables: Tables, draft: DdlTable, name: str, dialect: str) -> None:
    """A column that is no more, and with it each constraint that names it. MySQL's keys keep their other columns."""
    column = draft.column(name)
    if column is None:
        return

    def names(columns: tuple[str, ...]) -> bool:
        return any(_same(each, column.name) for each in columns)

    def rest(key: KeySchema) -> KeySchema | None:
        if not names(key.columns):
            return key
        left = tuple(each for each in key.columns if not _same(each, column.name))
        return replace(key, columns=left) if left and dialect == "mysql" and not key.parts else None

    for other, link in list(_references(tables, draft)):
        if names(link.to):
            other.foreign_keys = [each for each in other.foreign_keys if each is not link]
    draft.foreign_keys = [key for key in draft.foreign_keys if not names(key.columns)]
    draft.primary = draft.primary and rest(draft.primary)
    draft.unique = [key for each in draft.unique if (key := rest(each)) is not None]
    draft.checks = [check for check in draft.checks if not any(_mentions(check.sql, column.name, dialect))]
    del draft.columns[column.name]


def drop_primary(draft: DdlTable) -> None:
    """No primary key any more; its columns still take no nulls."""
    for name in draft.primary.columns if draft.primary else ():
        column = draft.column(name)
        if column is not None:
            column.nullable = False
    draft.primary = None


def drop_constraint(draft: DdlTable, name: str) -> None:
    """The constraint of that name, be it given or the one that a database gives where none is."""
    constraints = dict(_named_constraints(draft))
    known = next((each for each in constraints if _same(each, name)), None)
    gone = constraints.get(known) if known is not None else None
    if gone is not None and gone is draft.primary:
        drop_primary(draft)
    draft.unique = [each for each in draft.unique if each is not gone]
    draft.foreign_keys = [each for each in draft.foreign_keys if each is not gone]
    draft.checks = [each for each in draft.checks if each is not gone]


def rename_constraint(draft: DdlTable, old: str, new: str) -> None:
    """A constraint or an index under another name."""

    def called(each: C) -> C:
        return replace(each, name=new) if _same(each.name, old) else each

    draft.primary = draft.primary and called(draft.primary)
    draft.unique = [called(each) for each in draft.unique]
    draft.foreign_keys = [called(each) for each in draft.foreign_keys]
    draft.checks = [called(each) for each in draft.checks]


def _named_constraints(draft: DdlTable) -> Iterator[tuple[str, KeySchema | ForeignKeySchema | CheckSchema]]:
    """Constraints by the names they can be dropped by; names that were given come last, since they hold.

    Without one, PostgreSQL calls a constraint table_columns_kind, MySQL table_kind_number or as a key's first column.
    """
    # A name that was given when the constraint was made stays when the table is renamed.
    for table in (draft.name.name, *(former.name for former in draft.former)):
        if draft.primary is not None:
            yield f"{table}_pkey", draft.primary
        for key in draft.unique:
            yield f"{table}_{'_'.join(key.columns)}_key", key
            yield (key.columns[0] if key.columns else ""), key
        for number, link in enumerate(draft.foreign_keys, 1):
            yield f"{table}_{'_'.join(link.columns)}_fkey", link
            yield f"{table}_ibfk_{number}", link
        for number, check in enumerate(draft.checks, 1):
            yield f"{table}_chk_{number}", check
            yield from ((f"{table}_{column}_check", check) for column in _columns_in(draft, check))
            yield f"{table}_check{number - 1 or ''}", check
    given = (draft.primary, *draft.unique, *draft.foreign_keys, *draft.checks)
    yield from ((each.name, each) for each in given if each is not None and each.name)


def _columns_in(draft: DdlTable, check: CheckSchema) -> list[str]:
    texts = {text.lower() for text in re.findall(r"\w+", check.sql)}
    return [name for name in draft.columns if name.lower() in texts]


def _references(tables: Tables, draft: DdlTable) -> Iterator[tuple[DdlTable, ForeignKeySchema]]:
    """The foreign keys that lead to a table, with the tables that have them."""
    for other in tables.drafts.values():
        for key in other.foreign_keys:
            if tables.find(key.table) is draft:
                yield other, key


def _same(one: str, other: str) -> bool:
    return one == other or one.lower() == other.lower()


def _mentions(sql: str, name: str, dialect: str) -> Iterator[Word]:
    """The words of an SQL text that are a column's name."""
    try:
        found = words(sql, dialect)
    except Unreadable:
        return
    for place, word in enumerate(found.words):
        # A function may have the name of a column: `date(created)` does not mention a column `date`.
        called = place + 1 < len(found.words) and found.words[place + 1].upper == "("
        if not word.literal and not called and _same(word.text, name):
            yield word


def _rewritten(sql: str, old: str, new: str, dialect: str) -> str:
    """An SQL text in which a column has another name."""
    opening, closing = _QUOTES.get(dialect, ('"', '"'))
    written = new if _PLAIN.fullmatch(new) else f"{opening}{new}{closing}"
    # From the end on, so that the places of the words before stay true.
    for word in reversed(list(_mentions(sql, old, dialect))):
        sql = sql[: word.start] + written + sql[word.end :]
    return sql
