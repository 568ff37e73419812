"""CREATE TABLE, CREATE UNIQUE INDEX, and the types of a schema's own: CREATE, ALTER and DROP of TYPE and DOMAIN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sdgen.readers.sql.ddl_clickhouse import read_clickhouse_table
from sdgen.readers.sql.ddl_columns import DdlColumn, read_column, read_names, read_options, read_table_name, read_type
from sdgen.readers.sql.ddl_constraints import (
    begins_constraint,
    key_columns,
    key_prefixes,
    read_bounds,
    read_constraint,
    read_index,
    split_constraints,
)
from sdgen.readers.sql.ddl_tables import DdlTable, SchemaBuilder
from sdgen.readers.sql.ddl_tokens import Tokens, Unreadable, words
from sdgen.readers.sql.schema import CheckSchema, DomainSchema, KeySchema, SqlType, TableName

_SILENT = frozenset({"key", "index", "fulltext", "spatial", "period"})


def create_table(reading: SchemaBuilder, words: Tokens) -> None:
    """CREATE TABLE in its forms: with a body, as a partition, or from a query (which is left out)."""
    while not words.takes("TABLE"):
        if words.done:
            words.expect("TABLE")
        words.next()
    once = words.takes("IF", "NOT", "EXISTS")
    line = words.line
    draft = DdlTable(reading.tables.located(read_table_name(words)), line)
    # The first one stands, as in the database.
    if once and draft.name in reading.tables.drafts:
        return
    if reading.dialect == "clickhouse":
        while not words.done and not words.sees("(") and not words.sees("AS"):
            words.next()  # UUID '…', ON CLUSTER …
        if words.sees("("):
            read_clickhouse_table(reading, draft, words)
            return
    if words.takes("PARTITION", "OF"):
        _partition(reading, words, draft)
    elif words.sees("("):
        reading.tables.drafts[draft.name] = draft
        read_items(reading, draft, words.inside())
        _tail(words, draft)
    elif words.takes("LIKE"):
        reading.tables.drafts[draft.name] = draft
        copy_columns(reading, draft, read_table_name(words), frozenset({"ALL"}))
    else:
        reading.note(f"table {draft.name} left out: it is made by a query or from a type", line)


def read_items(reading: SchemaBuilder, draft: DdlTable, body: Tokens) -> None:
    """Columns and constraints; one that can't be read becomes a note, and the others are kept."""
    items = body.split()
    constraints = []
    for item in items:
        if begins_constraint(item, reading.dialect):
            constraints += split_constraints(item) if reading.dialect == "sqlite" else [item]
        else:
            _attempt(reading, draft, item, lambda each: draft.add_column(read_column(each, reading.dialect)))
    # Constraints are read when all columns are known: those within expressions are found by their names, and SQLite
    # and MySQL take constraints before columns.
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
        copy_columns(reading, draft, read_table_name(item), _included(item))
        return
    kind, constraint = read_constraint(item, draft.column_names)
    if constraint is not None:
        draft.add_constraint(kind, constraint)
    elif kind not in _SILENT:
        word = "exclusion constraint" if kind == "exclude" else kind
        reading.note(f"{draft.name}: {word} left out: rows may break it", line)


def _included(item: Tokens) -> frozenset[str]:
    """What LIKE copies besides columns: INCLUDING ALL, EXCLUDING INDEXES …"""
    words: set[str] = set()
    while not item.done:
        more = item.takes("INCLUDING")
        if not more and not item.takes("EXCLUDING"):
            break
        option = {item.next().upper}
        words = words | option if more else (words | _PARTS if "ALL" in words else words) - option - {"ALL"}
    return frozenset(words)


_PARTS = {"CONSTRAINTS", "DEFAULTS", "GENERATED", "IDENTITY", "INDEXES"}


def copy_columns(reading: SchemaBuilder, draft: DdlTable, name: TableName, included: frozenset[str]) -> None:
    """The columns of another table as it is now, and those of its constraints that are included."""
    other = reading.tables.find(name)
    if other is None:
        reading.note(f"{draft.name}: what it copies of {name} left out: there is no such table", draft.line)
        return
    parts = _PARTS if "ALL" in included else included
    columns, checks = reading.tables.with_inherited(other)
    keyed = other.primary.columns if other.primary is not None else ()
    for each in columns.values():
        # A serial column counts by its default, an identity column by itself.
        counts = each.counts and bool(parts & {"IDENTITY", "DEFAULTS"})
        default = each.default if "DEFAULTS" in parts else ""
        computed = each.computed and "GENERATED" in parts
        # PostgreSQL copies NOT NULL with the columns whatever is included, and that of a primary key's columns with
        # it.
        nullable = each.nullable and each.name not in keyed
        draft.columns[each.name] = DdlColumn(
            each.name, each.type, each.line, nullable, default, counts, computed, each.description, each.expression
        )
    if "CONSTRAINTS" in parts:
        draft.checks += checks
    if "INDEXES" in parts:
        draft.primary = draft.primary or other.primary
        draft.unique += other.unique


def _partition(reading: SchemaBuilder, words: Tokens, draft: DdlTable) -> None:
    draft.partition_of = reading.tables.located(read_table_name(words))
    reading.tables.drafts[draft.name] = draft
    if words.sees("("):
        words.skip()
    draft.bound = read_bounds(words)
    whole = reading.tables.find(draft.partition_of)
    if whole is not None:
        draft.partition_of = whole.name
    _tail(words, draft)


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
        if words.done:
            words.expect("INDEX")
        words.next()
    found = read_index(words)
    draft = reading.tables.find(found.table)
    if draft is None and found.table.name.lower() in reading.views:
        return  # a materialized view's, whose rows follow from its tables
    if draft is None:
        reading.note(f"unique index {found.name} left out: there is no table {found.table}", line)
        return
    own, parts = key_columns(found.columns, draft.column_names)
    if own or parts:
        prefixes = key_prefixes(found.columns)
        draft.unique.append(KeySchema(own, found.name, line, found.where, bool(parts), found.nulls, prefixes, parts))
    else:
        reading.note(f"{draft.name}: unique index {found.name} left out: no column found in it", line)


def create_type(reading: SchemaBuilder, words: Tokens) -> None:
    """CREATE TYPE … AS ENUM, AS (…), AS RANGE; SQL Server's CREATE TYPE … FROM is a domain; others are left out."""
    line = words.line
    while not words.takes("TYPE"):
        if words.done:
            words.expect("TYPE")
        words.next()
    name = read_table_name(words).name.lower()
    if words.takes("AS", "ENUM"):
        # A block that makes a type only where there is none changes nothing of the one that is there.
        reading.enums.setdefault(name, tuple(part.ahead().text for part in words.inside().split()))
    elif words.takes("FROM"):
        reading.domains[name] = _domain(words)
    elif words.takes("AS", "RANGE"):
        _range_type(reading, name, words.inside())
    elif words.takes("AS") and words.sees("("):
        reading.composites[name] = {part.name(): read_type(part) for part in words.inside().split()}
    elif not words.done:
        reading.note(f"type {name} left out: none of enum, domain, composite and range", line)


def sp_addtype(reading: SchemaBuilder, found: Tokens) -> None:
    """SQL Server: EXEC sp_addtype name, 'type', 'NOT NULL'."""
    while not found.done and found.next().text.lower() != "sp_addtype":
        pass
    name, type, *null = [part.words[-1].text for part in found.split() if part.words] or ["", ""]
    declared = read_type(words(type, reading.dialect))
    reading.domains[name.lower()] = DomainSchema(declared, not any(each.upper() == "NOT NULL" for each in null))


# The range whose texts one of a subtype reads.
_LIKE_RANGES = {"date": "daterange", "timestamp": "tsrange", "timestamp with time zone": "tstzrange"}


def _range_type(reading: SchemaBuilder, name: str, options: Tokens) -> None:
    """CREATE TYPE … AS RANGE, and the type of several such ranges that comes with it."""
    for option in options.split():
        if option.takes("SUBTYPE", "="):
            subtype = read_type(option).word.replace("timestamptz", "timestamp with time zone")
            known = _LIKE_RANGES.get(subtype, "numrange")
            # PostgreSQL names the multirange so: "range" in the name is replaced, else there is a suffix.
            several = name.replace("range", "multirange") if "range" in name else f"{name}_multirange"
            reading.domains[name] = DomainSchema(SqlType(known))
            reading.domains[several] = DomainSchema(SqlType(known.replace("range", "multirange")))


def create_domain(reading: SchemaBuilder, words: Tokens) -> None:
    """CREATE DOMAIN name AS type, with its conditions."""
    words.takes("CREATE")
    words.takes("DOMAIN")
    name: TableName = read_table_name(words)
    words.takes("AS")
    reading.domains[name.name.lower()] = _domain(words)


def _domain(words: Tokens) -> DomainSchema:
    # A domain's conditions call the value VALUE, so they are read as those of a column of that name.
    found = DdlColumn("value", read_type(words), words.line)
    read_options(words, found)
    return DomainSchema(found.type, found.nullable, tuple(found.checks))


def alter_domain(reading: SchemaBuilder, words: Tokens) -> None:
    """ALTER DOMAIN: NOT NULL and CHECKs that come or go, another name."""
    words.takes("ALTER", "DOMAIN")
    line = words.line
    name = read_table_name(words).name.lower()
    domain = reading.domains.get(name)
    if domain is None:
        return
    if words.takes("RENAME", "TO"):
        _rename(reading, name, words.name().lower())
    elif words.takes("SET", "NOT", "NULL"):
        reading.domains[name] = replace(domain, nullable=False)
    elif words.takes("DROP", "NOT", "NULL"):
        reading.domains[name] = replace(domain, nullable=True)
    elif words.takes("DROP", "CONSTRAINT"):
        words.takes("IF", "EXISTS")
        gone = words.name()
        reading.domains[name] = replace(domain, checks=_without(domain.checks, gone, name))
    elif words.takes("ADD"):
        constraint = words.name() if words.takes("CONSTRAINT") else ""
        if not words.takes("CHECK"):
            raise Unreadable("only CHECK is understood")
        check = CheckSchema(words.inside().sql(), constraint, line)
        reading.domains[name] = replace(domain, checks=(*domain.checks, check))


def _without(checks: tuple[CheckSchema, ...], gone: str, domain: str) -> tuple[CheckSchema, ...]:
    """The CHECKs but one; PostgreSQL calls those without a name domain_check, domain_check1 …"""
    names = [check.name or f"{domain}_check{number or ''}" for number, check in enumerate(checks)]
    return tuple(check for check, name in zip(checks, names, strict=True) if name != gone)


def alter_type(reading: SchemaBuilder, words: Tokens) -> None:
    """ALTER TYPE … ADD VALUE, RENAME VALUE, RENAME TO."""
    words.takes("ALTER", "TYPE")
    name = read_table_name(words).name.lower()
    if words.takes("RENAME", "TO"):
        _rename(reading, name, words.name().lower())
    elif name not in reading.enums:
        return
    elif words.takes("ADD", "VALUE"):
        once = words.takes("IF", "NOT", "EXISTS")
        value = words.next().text
        if not (once and value in reading.enums[name]):
            reading.enums[name] = (*reading.enums[name], value)
    elif words.takes("RENAME", "VALUE"):
        old = words.next().text
        words.expect("TO")
        new = words.next().text
        reading.enums[name] = tuple(new if value == old else value for value in reading.enums[name])


def drop_type(reading: SchemaBuilder, words: Tokens) -> None:
    """DROP TYPE, DROP DOMAIN."""
    words.takes("DROP")
    words.takes_any("TYPE", "DOMAIN")
    words.takes("IF", "EXISTS")
    for part in words.split():
        name = read_table_name(part).name.lower()
        reading.enums.pop(name, None)
        reading.domains.pop(name, None)
        reading.composites.pop(name, None)


def _rename(reading: SchemaBuilder, old: str, new: str) -> None:
    """A type under another name, in all columns of it: this is how migrations change an enum's values."""
    if old in reading.enums:
        reading.enums[new] = reading.enums.pop(old)
    if old in reading.domains:
        reading.domains[new] = reading.domains.pop(old)
    for draft in reading.tables.drafts.values():
        for column in draft.columns.values():
            if column.type.word == old:
                column.type = replace(column.type, word=new)
