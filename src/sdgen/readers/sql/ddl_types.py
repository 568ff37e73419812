"""CREATE, ALTER and DROP of TYPE and DOMAIN: the types of a schema's own."""

from __future__ import annotations

from dataclasses import replace

from sdgen.readers.sql.ddl_columns import ColumnFound, read_options, read_table_name, read_type
from sdgen.readers.sql.ddl_tables import SchemaBuilder
from sdgen.readers.sql.ddl_tokens import Tokens, Unreadable
from sdgen.readers.sql.schema import CheckSchema, DomainSchema, TableName


def create_type(reading: SchemaBuilder, words: Tokens) -> None:
    """CREATE TYPE … AS ENUM; SQL Server's CREATE TYPE … FROM is a domain; others are left out."""
    line = words.line
    while not words.takes("TYPE"):
        words.next()
    name = read_table_name(words).name.lower()
    if words.takes("AS", "ENUM"):
        reading.enums[name] = tuple(part.ahead().text for part in words.inside().split())
    elif words.takes("FROM"):
        reading.domains[name] = _domain(words)
    elif not words.done:
        reading.note(f"type {name} left out: neither an enum nor a domain", line)


def create_domain(reading: SchemaBuilder, words: Tokens) -> None:
    """CREATE DOMAIN name AS type, with its conditions."""
    words.takes("CREATE")
    words.takes("DOMAIN")
    name: TableName = read_table_name(words)
    words.takes("AS")
    reading.domains[name.name.lower()] = _domain(words)


def _domain(words: Tokens) -> DomainSchema:
    found = ColumnFound("value", read_type(words), words.line)
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
