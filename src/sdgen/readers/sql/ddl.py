"""DDL text → schema: each statement is read by itself, and what can't be read becomes a note with its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import PurePath

from sdgen.errors import Problem, SdgenError, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.sql.ddl_alter import (
    RENAME_TABLE,
    alter_table,
    drop_index,
    drop_tables,
    rename_index,
    rename_tables,
    sp_rename,
)
from sdgen.readers.sql.ddl_clickhouse import with_named_links
from sdgen.readers.sql.ddl_columns import read_table_name
from sdgen.readers.sql.ddl_create import (
    alter_domain,
    alter_type,
    create_domain,
    create_index,
    create_table,
    create_type,
    drop_type,
    sp_addtype,
)
from sdgen.readers.sql.ddl_folder import DdlFolderOrigin, is_ddl_folder, read_folder
from sdgen.readers.sql.ddl_tables import SchemaBuilder
from sdgen.readers.sql.ddl_text import Statement, block_statements, statements
from sdgen.readers.sql.ddl_tokens import Tokens, Unreadable, words
from sdgen.readers.sql.ddl_triggers import drop_trigger, read_trigger, with_triggers
from sdgen.readers.sql.schema import Schema, TableName
from sdgen.scenario.model import Scenario

_CREATE = r"CREATE\s+(?:OR\s+(?:REPLACE|ALTER)\s+)?(?:\w+\s*=\s*\S+\s+|SQL\s+SECURITY\s+\w+\s+)*"
_TABLE = r"(?:(?:GLOBAL|LOCAL|PRIVATE|UNLOGGED|FOREIGN|EXTERNAL|COLUMN)\s+)*TABLE\b"

# What statements are read, by their first words.
_READ: tuple[tuple[re.Pattern[str], Callable[[SchemaBuilder, Tokens], None]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), reader)
    for pattern, reader in (
        (_CREATE + _TABLE, create_table),
        (r"ALTER\s+TABLE\b", alter_table),
        (_CREATE + r"UNIQUE\s+(?:CLUSTERED\s+|NONCLUSTERED\s+)?INDEX\b", create_index),
        (_CREATE + r"TYPE\s+(?!BODY\b)", create_type),
        (_CREATE + r"DOMAIN\b", create_domain),
        (r"ALTER\s+DOMAIN\b", alter_domain),
        (r"ALTER\s+TYPE\b", alter_type),
        (r"DROP\s+(?:TYPE|DOMAIN)\b", drop_type),
        (r"DROP\s+TABLE\b", drop_tables),
        (r"DROP\s+INDEX\b", drop_index),
        (r"DROP\s+TRIGGER\b", drop_trigger),
        (RENAME_TABLE, rename_tables),
        (r"ALTER\s+INDEX\b", rename_index),
        (r"EXEC(?:UTE)?\s+(?:\w+\.)*sp_rename\b", sp_rename),
        (r"EXEC(?:UTE)?\s+(?:\w+\.)*sp_addtype\b", sp_addtype),
        (r"COMMENT\s+ON\s+(?:TABLE|COLUMN)\b", lambda reading, found: _comment(reading, found)),
    )
)
# What is left out and deserves a word, by first words and what to call it.
_LEFT_OUT: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (_CREATE + r"(?:\w+\s+){0,4}VIEW\b", "view"),
        (_CREATE + r"(?:\w+\s+){0,2}FUNCTION\b", "function"),
        (_CREATE + r"(?:\w+\s+){0,2}PROCEDURE\b", "procedure"),
        (_CREATE + r"(?:\w+\s+){0,2}TRIGGER\b", "trigger"),
        (_CREATE + r"(?:\w+\s+){0,2}(?:PACKAGE|TYPE\s+BODY)\b", "package"),
        (_CREATE + r"RULE\b", "rule"),
        (_CREATE + r"EVENT\b", "event"),
        (_CREATE + r"POLICY\b", "row security policy"),
        (_CREATE + r"(?:TEMP|TEMPORARY|VIRTUAL)\s+TABLE\b", "temporary or virtual table"),
        (r"(?:INSERT|REPLACE|COPY)\b", "statement with rows"),
        # Another EXECUTE calls a procedure, as SQL Server's scripts do for descriptions.
        (r"EXECUTE\s+(?:format\b|'|\$|\w+\s*(?:\|\||$|USING\b))", "statement that a block puts together as it runs"),
    )
)
_ROWS = re.compile(
    r"(?:INSERT|REPLACE)(?:\s+(?!INTO\b)\w+)*\s+INTO\s+(?=\S)|COPY\s+(?=[^\s(].*\bFROM\b)", re.IGNORECASE | re.DOTALL
)
_INNER_ROWS = re.compile(r"\bINSERT\s+INTO\s+(?=\S)", re.IGNORECASE)
_HEAD = 400  # characters of a statement in which its table is named
_BLOCK = re.compile(r"DO\s+(?:LANGUAGE\s+\w+\s+)?(?=\$|')", re.IGNORECASE)
_WITH = re.compile(r"WITH\b", re.IGNORECASE)
_SCHEMA = re.compile(r"CREATE\s+SCHEMA\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+|\"[^\"]+\")", re.IGNORECASE)
_ELEMENTS = re.compile(r"^\s*CREATE\s+(?:TABLE|VIEW|UNIQUE|INDEX|SEQUENCE|TRIGGER)\b", re.IGNORECASE | re.MULTILINE)
_SEARCH_PATH = re.compile(r"SET\s+search_path\s*(?:=|TO)\s*[\"']?(\w+)|USE\s+[`\[\"]?(\w+)", re.IGNORECASE)


def matches(source: Source) -> bool:
    """Any file called `.sql`, or a folder of such files, as migrations are."""
    return not source.is_folder or is_ddl_folder(source.path)


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a file of DDL, or of a folder's files as if they were one."""
    from sdgen.readers.sql.scenario import relational_scenario

    if not source.is_folder:
        return relational_scenario(read_ddl(source.text, source.name, options.dialect), options.rows)
    folder = read_folder(source.path, SYNONYMS.get(options.dialect, options.dialect))
    try:
        schema = read_ddl(folder.text, source.name, options.dialect)
        scenario = relational_scenario(schema, options.rows)
    except SdgenError as error:
        raise type(error)([folder.placed(problem) for problem in error.problems]) from None
    return scenario.read_from(DdlFolderOrigin(scenario.origin, folder), map(folder.placed, scenario.notes))


def read_ddl(text: str, file: str, dialect: str = "") -> Schema:
    """The schema of a DDL text; the dialect is guessed where none is given. SourceError where it makes no table."""
    dialect = dialect or guess_dialect(text)
    reading = SchemaBuilder(file, dialect)
    for statement in statements(text, dialect):
        _read_all(reading, statement)
    name = PurePath(file).stem or "schema"
    tables = reading.tables.finished()
    if dialect == "clickhouse":
        tables = with_named_links(tables)
    for line, what in reading.tables.folded:
        reading.note(what, line)
    schema = Schema(name, dialect, file, tables, reading.enums, reading.domains, (), reading.composites)
    schema = with_triggers(schema, reading)
    schema = replace(schema, notes=tuple(reading.all_notes()))
    if not schema.tables:
        hint = "a schema is made by CREATE TABLE statements"
        raise SourceError([Problem((), f"no tables found (read as {dialect})", hint, file), *schema.notes])
    return schema


def _read_all(reading: SchemaBuilder, statement: Statement) -> None:
    """A statement; or the several that a block holds, or CREATE SCHEMA, which are of that schema."""
    if _BLOCK.match(statement.text) or _WITH.match(statement.text):
        for rows in _INNER_ROWS.finditer(statement.text):
            _mark_filled(reading, statement.text, rows)
    if _BLOCK.match(statement.text):
        for inner in block_statements(statement):
            _read_all(reading, inner)
        return
    begins = [match.start() for match in _ELEMENTS.finditer(statement.text)]
    head = _SCHEMA.match(statement.text)
    if head is None or not begins:
        _read(reading, statement)
        return
    before, name = reading.tables.schema, head[1]
    # The tables inside CREATE SCHEMA are of that schema, and those after the statement are not.
    reading.tables.schema = name[1:-1] if name.startswith('"') else name.lower() if _folds(reading) else name
    for start, end in pairwise([*begins, len(statement.text)]):
        line = statement.line + statement.text.count("\n", 0, start)
        _read(reading, Statement(statement.text[start:end].strip(), line))
    reading.tables.schema = before


def _folds(reading: SchemaBuilder) -> bool:
    """Whether names without quotes are in lower case."""
    return reading.dialect == "postgres"


def _read(reading: SchemaBuilder, statement: Statement) -> None:
    for pattern, reader in _READ:
        if pattern.match(statement.text):
            try:
                reader(reading, words(statement.text, reading.dialect, statement.line))
            except Unreadable as error:
                reading.note(f"{_head(statement.text)}: not understood: {error}", statement.line)
            return
    for pattern, kind in _LEFT_OUT:
        if pattern.match(statement.text):
            reading.left_out(kind, statement.line)
            _mark_filled(reading, statement.text, _ROWS.match(statement.text[:_HEAD]))
            read_trigger(reading, statement)
            return
    path = _SEARCH_PATH.match(statement.text)
    # MySQL's USE names a database, which is what a scenario is written into; it is no part of a table's name.
    if path and reading.dialect != "mysql":
        reading.tables.schema = path[1] or ""


def _mark_filled(reading: SchemaBuilder, text: str, rows: re.Match[str] | None) -> None:
    """Remember of a table that the text puts rows into it; `rows` is what stands before its name."""
    if rows is None:
        return
    named = re.split(r"[('\n]", text[rows.end() : rows.end() + _HEAD])[0]
    try:
        name = read_table_name(words(named, reading.dialect))
    except Unreadable:
        return
    draft = reading.tables.find(name)
    if draft is not None:
        draft.filled = True


def _head(text: str) -> str:
    return " ".join(text[:200].split("(")[0].split()[:6])


def _comment(reading: SchemaBuilder, found: Tokens) -> None:
    """COMMENT ON TABLE name IS 'text', COMMENT ON COLUMN table.column IS 'text'."""
    found.takes("COMMENT", "ON")
    of_column = found.takes("COLUMN") or not found.takes("TABLE")
    path = found.path()
    found.expect("IS")
    text = found.ahead().text if found.ahead().literal else ""
    tables = path[:-1] if of_column else path
    draft = reading.tables.find(TableName(tables[-1], tables[-2] if len(tables) > 1 else "")) if tables else None
    if draft is None:
        return
    if not of_column:
        draft.description = text
    elif path[-1] in draft.columns:
        draft.columns[path[-1]] = replace(draft.columns[path[-1]], description=text)


DIALECTS = ("postgres", "mysql", "sqlite", "tsql", "oracle", "duckdb", "clickhouse")
DEFAULT = "postgres"

# Names people use for the same dialects.
SYNONYMS = {
    "postgresql": "postgres",
    "mariadb": "mysql",
    "sqlite3": "sqlite",
    "sqlserver": "tsql",
    "mssql": "tsql",
}

_OPTIONS = r"(?:NOT|NULL|DEFAULT|PRIMARY|UNIQUE|CHECK|CONSTRAINT|REFERENCES|GENERATED)\b"  # behind a column's type
_TELLTALES: tuple[tuple[str, int, str], ...] = (
    ("postgres", 8, r"PostgreSQL database dump|\bpg_catalog\b|^\\c(?:onnect)?\b|\bALTER TABLE ONLY\b"),
    ("postgres", 4, r"\bCREATE (?:TYPE \S+ AS ENUM|DOMAIN|EXTENSION)\b|\bOWNER TO\b|::\s*\w|\bnextval\s*\("),
    ("postgres", 3, r"\b(?:small|big)?serial\b|\bjsonb\b|\btimestamptz\b|\bbytea\b|\$\$|\bUSING (?:btree|gin)\b"),
    ("postgres", 3, r"\bPARTITION OF\b|\bFOR VALUES (?:IN|FROM|WITH)\b|\bEXCLUDE USING\b|\bINHERITS\s*\("),
    ("postgres", 3, r"\s!?~\*?\s*''|\bNULLS NOT DISTINCT\b|\b(?:inet|cidr|tsvector|tstzrange|daterange|citext)\b"),
    ("postgres", 1, r"\bGENERATED (?:ALWAYS|BY DEFAULT) AS IDENTITY\b|\buuid\b|\b(?:text|integer|varchar)\[\]"),
    ("mysql", 8, r"^-- (?:MySQL|MariaDB) dump|\bENGINE\s*=\s*\w+|^DELIMITER\b|/\*!\d{5}"),
    ("mysql", 4, r"`\w+`|\bAUTO_INCREMENT\b|\b(?:tiny|medium|long)(?:text|blob)\b|\bUNSIGNED\b|\bENUM\s*\("),
    ("mysql", 4, r"\bDATETIME\(\d\)"),
    ("sqlite", 6, r"\bAUTOINCREMENT\b|^PRAGMA\b|\bWITHOUT ROWID\b|\bsqlite_sequence\b"),
    ("sqlite", 6, r"\[\w+\] INTEGER\b|\bDATETIME\s*\((?!\d)|\bCOLLATE NOCASE\b"),
    ("sqlite", 6, r"\bGLOB ''|\)\s*STRICT\s*;|\bTYPEOF\s*\("),
    ("tsql", 8, r"^\s*GO\s*$|\[dbo\]\.|\bIDENTITY\s*\(\s*\d+\s*,\s*\d+\s*\)|\bNONCLUSTERED\b"),
    ("tsql", 4, r"^\s*(?:CREATE|ALTER) TABLE \[|\buniqueidentifier\b|\bdatetime2\b|\bnvarchar\s*\(\s*max\s*\)"),
    ("oracle", 8, r"\bVARCHAR2\b|\bNUMBER\s*\(|\bSYSDATE\b|\bCREATE OR REPLACE PACKAGE\b"),
    ("oracle", 3, rf"^\s*/\s*$|[\w\"][ \t]+NUMBER(?=\s*(?:[,)]|$|{_OPTIONS}))|\bCLOB\b|\bUSING INDEX\b"),
    ("duckdb", 6, r"\bHUGEINT\b|\bUBIGINT\b|\bUINTEGER\b|\bSTRUCT\s*\(|\bCREATE MACRO\b"),
    # MergeTree occurs in no other database, while backquotes and ENGINE alone would make it MySQL.
    ("clickhouse", 30, r"\bENGINE\s*=\s*\w*MergeTree\b"),
    # Its names of types are written so; PostgreSQL has int8 too.
    ("clickhouse", 12, r"(?-i:\b(?:LowCardinality|Nullable|FixedString|Nested)\s*\()"),
    ("clickhouse", 12, r"(?-i:\b(?:DateTime64|U?Int(?:8|16|32|64))\b)"),
    ("duckdb", 2, r"\bATTACH\b(?!\s+PARTITION)|\bread_(?:csv|parquet)\b"),
    ("duckdb", 1, r"\b(?:VARCHAR|INTEGER)\[\]"),
)  # fmt: skip
_COMPILED = tuple((name, weight, re.compile(text, re.IGNORECASE | re.MULTILINE)) for name, weight, text in _TELLTALES)
_LOOKED_AT = 200_000
_DATA = re.compile(r"(?P<kept>--[^\n]*)|'(?:[^']|'')*'|^\s*(?:INSERT\b|\()[^\n]*", re.IGNORECASE | re.MULTILINE)


def guess_dialect(text: str) -> str:
    """The dialect most of whose tell-tale words a text uses; PostgreSQL's where there are none."""
    # Rows of a dump and texts may hold words of any dialect.
    looked_at = _DATA.sub(lambda match: match["kept"] or "''", text[:_LOOKED_AT])
    scores = dict.fromkeys(DIALECTS, 0)
    for name, weight, pattern in _COMPILED:
        # Five times are as good as a thousand: a word that is used all over should not outvote several different
        # ones.
        found = min(sum(1 for _ in zip(range(5), pattern.finditer(looked_at), strict=False)), 5)
        scores[name] += weight * found
    best = max(DIALECTS, key=lambda name: scores[name])
    return best if scores[best] else DEFAULT
