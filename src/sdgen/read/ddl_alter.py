"""ALTER TABLE, DOMAIN and TYPE: what later statements add to what is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sdgen.read.ddl_columns import read_column, read_options, read_table_name, read_type
from sdgen.read.ddl_constraints import begins_constraint
from sdgen.read.ddl_create import add_constraint, read_items
from sdgen.read.ddl_partitions import read_bounds
from sdgen.read.ddl_reading import Reading
from sdgen.read.ddl_tables import TableDraft
from sdgen.read.ddl_tokens import Unreadable, Words
from sdgen.read.schema import CheckSchema

_SETS = frozenset({"DEFAULT", "NOT"})


def alter_table(reading: Reading, words: Words) -> None:
    """All actions of one ALTER TABLE."""
    line = words.line
    words.takes("ALTER", "TABLE")
    words.takes("IF", "EXISTS")
    words.takes("ONLY")
    name = read_table_name(words)
    draft = reading.tables.find(name)
    if words.takes("WITH"):
        words.takes_any("CHECK", "NOCHECK")
    adding = words.sees("ADD") or words.sees("ATTACH")
    if draft is None:
        if adding:
            reading.note(f"ALTER TABLE {name} left out: there is no such table", line)
        return
    verb = ""
    for action in words.part(words.place, len(words.words)).split():
        verb = action.takes_any(*_ACTIONS) or (verb if begins_constraint(action, reading.dialect) else "")
        if verb:
            _ACTIONS[verb](reading, draft, action)


def _add(reading: Reading, draft: TableDraft, action: Words) -> None:
    action.takes("COLUMN")
    action.takes("IF", "NOT", "EXISTS")
    if action.sees("("):
        read_items(reading, draft, action.inside())
    elif _default_for(draft, action):
        return
    elif begins_constraint(action, reading.dialect):
        add_constraint(reading, draft, action)
    elif not action.takes("PARTITION"):
        draft.add_column(read_column(action, reading.dialect))


def _default_for(draft: TableDraft, action: Words) -> bool:
    """SQL Server: ADD CONSTRAINT name DEFAULT value FOR column."""
    start = action.place
    if action.takes("CONSTRAINT"):
        action.name()
    if not action.takes("DEFAULT"):
        action.place = start
        return False
    begin = action.place
    while not action.done and not action.sees("FOR"):
        action.skip()
    default = action.sql(begin, action.place)
    if action.takes("FOR"):
        column = draft.column(action.name())
        if column is not None:
            column.default = default
    return True


def _alter(reading: Reading, draft: TableDraft, action: Words) -> None:
    """ALTER COLUMN: default, NOT NULL, identity, type."""
    action.takes("COLUMN")
    column = draft.column(action.name())
    if column is None:
        return
    if (action.takes("SET") and action.ahead().upper in _SETS) or action.takes("ADD"):
        read_options(action, column)
    elif action.takes("DROP"):
        column.nullable = column.nullable or action.sees("NOT", "NULL")
    elif action.takes("DATA", "TYPE") or action.takes("TYPE") or reading.dialect == "tsql":
        column.type = read_type(action)
        read_options(action, column)


def _modify(reading: Reading, draft: TableDraft, action: Words) -> None:
    """MODIFY: the whole definition anew."""
    action.takes("COLUMN")
    parts = action.inside().split() if action.sees("(") else [action]
    for part in parts:
        _redefine(reading, draft, part)


def _redefine(reading: Reading, draft: TableDraft, words: Words) -> None:
    if begins_constraint(words, reading.dialect):
        return
    found = read_column(words, reading.dialect)
    old = draft.column(found.name)
    if old is None:
        return
    kept = old.type if not found.type.word else found.type
    found.foreign_keys, found.name = [], old.name
    draft.columns[old.name] = replace(found, type=kept, counts=found.counts or old.counts)


def _change(reading: Reading, draft: TableDraft, action: Words) -> None:
    """MySQL's CHANGE: a new name and definition."""
    action.takes("COLUMN")
    old = draft.column(action.name())
    if old is not None:
        found = read_column(action, reading.dialect)
        draft.columns = {
            found.name if name == old.name else name: found if name == old.name else column
            for name, column in draft.columns.items()
        }


def _attach(reading: Reading, draft: TableDraft, action: Words) -> None:
    action.expect("PARTITION")
    part = reading.tables.find(read_table_name(action))
    draft.bounds.append(read_bounds(action))
    if part is not None:
        part.partition_of = draft.name


def _drop(reading: Reading, draft: TableDraft, action: Words) -> None:
    """DROP COLUMN. Constraints are dropped by name."""
    if action.takes("CONSTRAINT"):
        action.takes("IF", "EXISTS")
        name = action.name()
        draft.checks = [check for check in draft.checks if check.name != name]
        draft.unique = [key for key in draft.unique if key.name != name]
        draft.foreign_keys = [key for key in draft.foreign_keys if key.name != name]
        return
    if action.takes("COLUMN"):
        action.takes("IF", "EXISTS")
        draft.columns.pop(action.name(), None)


_ACTIONS: dict[str, Callable[[Reading, TableDraft, Words], None]] = {
    "ADD": _add,
    "ALTER": _alter,
    "MODIFY": _modify,
    "CHANGE": _change,
    "ATTACH": _attach,
    "DROP": _drop,
}


def alter_domain(reading: Reading, words: Words) -> None:
    """ALTER DOMAIN … ADD [CONSTRAINT name] CHECK (…), SET NOT NULL."""
    words.takes("ALTER", "DOMAIN")
    line = words.line
    name = read_table_name(words).name.lower()
    domain = reading.domains.get(name)
    if domain is None:
        return
    if words.takes("SET", "NOT", "NULL"):
        reading.domains[name] = replace(domain, nullable=False)
    elif words.takes("ADD"):
        constraint = words.name() if words.takes("CONSTRAINT") else ""
        if not words.takes("CHECK"):
            raise Unreadable("only CHECK is understood")
        check = CheckSchema(words.inside().sql(), constraint, line)
        reading.domains[name] = replace(domain, checks=(*domain.checks, check))


def alter_type(reading: Reading, words: Words) -> None:
    """ALTER TYPE … ADD VALUE."""
    words.takes("ALTER", "TYPE")
    name = read_table_name(words).name.lower()
    if name in reading.enums and words.takes("ADD", "VALUE"):
        words.takes("IF", "NOT", "EXISTS")
        reading.enums[name] = (*reading.enums[name], words.next().text)
