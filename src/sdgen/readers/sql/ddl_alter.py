"""ALTER TABLE: what later statements add to a table, change of it, and take away."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from sdgen.readers.sql import ddl_changes as changes
from sdgen.readers.sql.ddl_columns import DdlColumn, read_column, read_options, read_table_name, read_type
from sdgen.readers.sql.ddl_constraints import begins_constraint, read_bounds
from sdgen.readers.sql.ddl_create import add_constraint, copy_columns, read_items
from sdgen.readers.sql.ddl_tables import DdlTable, SchemaBuilder
from sdgen.readers.sql.ddl_tokens import Tokens
from sdgen.readers.sql.ddl_tokens import words as words_of
from sdgen.readers.sql.schema import TableName

RENAME_TABLE = r"\s*RENAME\s+TABLE\b"


def alter_table(reading: SchemaBuilder, words: Tokens) -> None:
    """All actions of one ALTER TABLE."""
    line = words.line
    words.takes("ALTER", "TABLE")
    words.takes("IF", "EXISTS")
    # pg_dump writes ALTER TABLE ONLY for every constraint.
    words.takes("ONLY")
    name = read_table_name(words)
    draft = reading.tables.find(name)
    # SQL Server's scripts say WITH CHECK or WITH NOCHECK before ADD.
    if words.takes("WITH"):
        words.takes_any("CHECK", "NOCHECK")
    if draft is None:
        # Only what would have added something is missed; dumps alter OWNER and the like of things that aren't read.
        if words.sees("ADD") or words.sees("ATTACH"):
            reading.note(f"ALTER TABLE {name} left out: there is no such table", line)
        return
    verb = ""
    for action in words.split():
        # MySQL and PostgreSQL repeat the verb for each action, SQL Server lists several behind one.
        verb = action.takes_any(*_ACTIONS) or (verb if _goes_on(reading, verb, action) else "")
        if verb:
            _ACTIONS[verb](reading, draft, action)


def _goes_on(reading: SchemaBuilder, verb: str, action: Tokens) -> bool:
    """Whether an action without a verb is one more of the last: constraints, and in SQL Server all that is listed."""
    return begins_constraint(action, reading.dialect) or (reading.dialect == "tsql" and verb in ("ADD", "DROP"))


def _add(reading: SchemaBuilder, draft: DdlTable, action: Tokens) -> None:
    action.takes("COLUMN")
    once = action.takes("IF", "NOT", "EXISTS")
    if action.sees("("):
        read_items(reading, draft, action.inside())
    elif _default_for(draft, action):
        return
    elif begins_constraint(action, reading.dialect):
        add_constraint(reading, draft, action)
    elif not action.takes("PARTITION"):
        column = read_column(action, reading.dialect)
        if not (once and draft.column(column.name)):
            draft.add_column(column)


def _default_for(draft: DdlTable, action: Tokens) -> bool:
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


def _alter(reading: SchemaBuilder, draft: DdlTable, action: Tokens) -> None:
    """ALTER COLUMN: default, NOT NULL, identity, type."""
    action.takes("COLUMN")
    column = draft.column(action.name())
    if column is None:
        return
    if action.takes("SET", "DATA", "TYPE") or action.takes("TYPE") or action.takes("DATA", "TYPE"):
        column.type = read_type(action)
    elif action.takes("SET") or action.takes("ADD"):
        read_options(action, column)
    elif action.takes("DROP"):
        _drop_option(column, action)
    elif reading.dialect == "tsql":  # without NOT NULL behind the type, SQL Server's column takes nulls again
        column.type, column.nullable = read_type(action), True
        read_options(action, column)


def _drop_option(column: DdlColumn, action: Tokens) -> None:
    if action.takes("NOT", "NULL"):
        column.nullable = True
    elif action.takes("DEFAULT"):
        column.default, column.counts = "", False
    elif action.takes("IDENTITY"):
        column.counts = False
    elif action.takes("EXPRESSION"):
        column.computed = False


def _modify(reading: SchemaBuilder, draft: DdlTable, action: Tokens) -> None:
    """MODIFY: the whole definition anew."""
    action.takes("COLUMN")
    parts = action.inside().split() if action.sees("(") else [action]
    for part in parts:
        if not begins_constraint(part, reading.dialect):
            _redefine(draft, read_column(part, reading.dialect))


def _redefine(draft: DdlTable, column: DdlColumn) -> None:
    """A column's definition anew. Keys stand beside it and stay; Oracle may leave the type out."""
    old = draft.column(column.name)
    if old is None:
        return
    type = column.type if column.type.word else old.type
    draft.columns[old.name] = replace(
        column, name=old.name, type=type, counts=column.counts or old.counts, foreign_keys=[]
    )


def _change(reading: SchemaBuilder, draft: DdlTable, action: Tokens) -> None:
    """MySQL's CHANGE: a new name and definition."""
    action.takes("COLUMN")
    old = action.name()
    column = read_column(action, reading.dialect)
    changes.rename_column(reading.tables, draft, old, column.name, reading.dialect)
    _redefine(draft, column)


def _attach(reading: SchemaBuilder, draft: DdlTable, action: Tokens) -> None:
    action.expect("PARTITION")
    part = reading.tables.find(read_table_name(action))
    bound = read_bounds(action)
    if part is None:
        draft.bounds.append(bound)
    else:
        part.partition_of, part.bound = draft.name, bound


def _detach(reading: SchemaBuilder, draft: DdlTable, action: Tokens) -> None:
    action.expect("PARTITION")
    part = reading.tables.find(read_table_name(action))
    if part is not None:
        part.partition_of = part.bound = None
        # A partition that was created as one has no columns of its own; detached, it is a table with those of its
        # whole.
        if not part.columns:
            copy_columns(reading, part, draft.name, frozenset({"ALL"}))


def _rename(reading: SchemaBuilder, draft: DdlTable, action: Tokens) -> None:
    """RENAME TO name, RENAME COLUMN a TO b, RENAME a TO b, RENAME CONSTRAINT or INDEX a TO b."""
    if action.takes("TO") or action.takes("AS"):
        name = read_table_name(action)
        schema = name.schema or draft.name.schema
        changes.rename_table(reading.tables, draft, TableName(name.name, schema))
        return
    constraint = action.takes_any("CONSTRAINT", "INDEX", "KEY")
    action.takes("COLUMN")
    old = action.name()
    if not action.takes("TO"):
        changes.rename_table(reading.tables, draft, TableName(old, draft.name.schema))  # MySQL: RENAME name
    elif constraint:
        changes.rename_constraint(draft, old, action.name())
    else:
        changes.rename_column(reading.tables, draft, old, action.name(), reading.dialect)


def _set(reading: SchemaBuilder, draft: DdlTable, action: Tokens) -> None:
    if action.takes("SCHEMA"):
        moved = TableName(draft.name.name, action.name())
        changes.rename_table(reading.tables, draft, reading.tables.located(moved))


def _drop(reading: SchemaBuilder, draft: DdlTable, action: Tokens) -> None:
    """DROP of a column, of a constraint by its name, of MySQL's keys by their kind."""
    if action.takes("PRIMARY", "KEY"):
        changes.drop_primary(draft)
    elif action.takes_any("CONSTRAINT", "INDEX", "KEY", "CHECK") or action.takes("FOREIGN", "KEY"):
        action.takes("IF", "EXISTS")
        changes.drop_constraint(draft, action.name())
    elif not action.takes("PARTITION"):
        action.takes("COLUMN")
        action.takes("IF", "EXISTS")
        names = [part.name() for part in action.inside().split()] if action.sees("(") else [action.name()]
        for name in names:
            known = draft.column(name)
            if known is None and reading.dialect == "tsql":
                changes.drop_constraint(draft, name)  # SQL Server: DROP name is DROP CONSTRAINT name
            changes.drop_column(reading.tables, draft, name, reading.dialect)


_ACTIONS: dict[str, Callable[[SchemaBuilder, DdlTable, Tokens], None]] = {
    "ADD": _add,
    "ALTER": _alter,
    "MODIFY": _modify,
    "CHANGE": _change,
    "ATTACH": _attach,
    "DETACH": _detach,
    "RENAME": _rename,
    "SET": _set,
    "DROP": _drop,
}


def drop_tables(reading: SchemaBuilder, words: Tokens) -> None:
    """DROP TABLE a, b."""
    words.takes("DROP", "TABLE")
    words.takes("IF", "EXISTS")
    parts = words.split()
    # CASCADE stands once behind the last name and holds for all of them.
    cascade = bool(parts) and parts[-1].words[-1].upper == "CASCADE" and reading.dialect != "sqlite"
    for part in parts:
        draft = reading.tables.find(read_table_name(part))
        if draft is not None:
            changes.drop_table(reading.tables, draft, cascade)


def drop_index(reading: SchemaBuilder, words: Tokens) -> None:
    """DROP INDEX a, b; DROP INDEX name ON table."""
    words.takes("DROP", "INDEX")
    words.takes("CONCURRENTLY")
    words.takes("IF", "EXISTS")
    for part in words.split():
        path = part.path()
        # MySQL's and SQL Server's indexes are named within their table, PostgreSQL's and SQLite's within the schema.
        named = read_table_name(part) if part.takes("ON") else None
        if named is None and reading.dialect == "tsql" and len(path) > 1:  # table.index
            named = TableName(path[-2])
        only = reading.tables.find(named) if named is not None else None
        for draft in [only] if only is not None else reading.tables.drafts.values():
            draft.unique = [key for key in draft.unique if key.name.lower() != path[-1].lower()]


def rename_tables(reading: SchemaBuilder, words: Tokens) -> None:
    """MySQL: RENAME TABLE a TO b, c TO d."""
    # The tokenizer takes all behind RENAME for one text, so that the list is read by itself.
    listed = re.sub(RENAME_TABLE, "", words.text, count=1, flags=re.IGNORECASE)
    for part in words_of(listed, reading.dialect, words.line).split():
        draft = reading.tables.find(read_table_name(part))
        part.expect("TO")
        if draft is not None:
            changes.rename_table(reading.tables, draft, reading.tables.located(read_table_name(part)))


def rename_index(reading: SchemaBuilder, words: Tokens) -> None:
    """PostgreSQL: ALTER INDEX a RENAME TO b, which renames a key's constraint too."""
    words.takes("ALTER", "INDEX")
    words.takes("IF", "EXISTS")
    old = words.path()[-1]
    if words.takes("RENAME", "TO"):
        new = words.name()
        for draft in reading.tables.drafts.values():
            changes.rename_constraint(draft, old, new)


def sp_rename(reading: SchemaBuilder, words: Tokens) -> None:
    """SQL Server: EXEC sp_rename 'table', 'name' and EXEC sp_rename 'table.column', 'name', 'COLUMN'."""
    while not words.done and words.ahead().text.lower() != "sp_rename":
        words.next()
    words.next()
    texts = [word.text for word in words.words[words.place :] if word.literal]
    if len(texts) < 2:
        return
    path = [part.strip('[]"') for part in texts[0].split(".")]
    if len(texts) > 2 and texts[2].upper() in ("COLUMN", "INDEX") and len(path) > 1:
        draft = reading.tables.find(TableName(path[-2], path[-3] if len(path) > 2 else ""))
        if draft is not None and texts[2].upper() == "COLUMN":
            changes.rename_column(reading.tables, draft, path[-1], texts[1], reading.dialect)
        elif draft is not None:
            changes.rename_constraint(draft, path[-1], texts[1])
        return
    draft = reading.tables.find(TableName(path[-1], path[-2] if len(path) > 1 else ""))
    if draft is not None:
        changes.rename_table(reading.tables, draft, TableName(texts[1], draft.name.schema))
