"""ClickHouse's CREATE TABLE: columns with what its engine computes, indexes, and the clauses behind the body.

It keeps no keys: the sorting key tells rows apart where the engine makes one of those that share it, or where a column
of it is named as the table's own id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sdgen.databases.clickhouse.dialect import declared
from sdgen.readers.sql.ddl_columns import DdlColumn, read_type
from sdgen.readers.sql.ddl_constraints import PRIMARY, UNIQUE
from sdgen.readers.sql.ddl_tables import DdlTable, SchemaBuilder
from sdgen.readers.sql.ddl_tokens import Tokens, Unreadable
from sdgen.readers.sql.schema import CheckSchema, ForeignKeySchema, KeySchema, TableSchema

# Engines that hold no rows of their own, and why.
_WITHOUT_ROWS = {
    "Kafka": "reads its rows from a topic",
    "RabbitMQ": "reads its rows from a queue",
    "NATS": "reads its rows from a queue",
    "S3Queue": "reads its rows from files in S3",
    "Merge": "shows the rows of other tables",
    "Buffer": "passes its rows on to another table",
    "Distributed": "passes its rows on to other servers",
    "Dictionary": "shows the rows of a dictionary",
}
_COLLAPSES = ("Replacing", "Collapsing", "Summing", "Aggregating")
# The clauses behind a table's body, by their words, and what a scenario calls them.
_CLAUSES = {
    ("PARTITION", "BY"): "partition_by",
    ("PRIMARY", "KEY"): "primary_key",
    ("ORDER", "BY"): "order_by",
    ("SAMPLE", "BY"): "sample_by",
    ("TTL",): "ttl",
    ("SETTINGS",): "settings",
    ("ENGINE",): "engine",
    ("COMMENT",): "comment",
    ("AS",): "query",
}
_COMPUTED = frozenset({"MATERIALIZED", "ALIAS"})
_OPTIONS = _COMPUTED | {"DEFAULT", "EPHEMERAL", "CODEC", "TTL", "COMMENT", "STATISTICS", "SETTINGS"}


def read_clickhouse_table(reading: SchemaBuilder, draft: DdlTable, words: Tokens) -> None:
    """All of a table from its first parenthesis on; one whose engine has no rows of its own becomes a note."""
    body = words.inside()
    clauses = _clauses(words)
    engine = clauses.get("engine", "MergeTree")
    name = engine.partition("(")[0].strip()
    if name in _WITHOUT_ROWS:
        reading.note(f"table {draft.name} left out: {name} {_WITHOUT_ROWS[name]}", draft.line)
        return
    reading.tables.drafts[draft.name] = draft
    facts: dict[str, Any] = {"engine": engine, "computed": {}, "indexes": {}, "projections": {}}
    for item in body.split():
        line, text = item.line, item.sql()
        try:
            _item(draft, item, facts)
        except Unreadable as error:
            reading.note(f"{draft.name}: {' '.join(text.split())[:60]!r} not understood: {error}", line)
    _regroup(draft)
    draft.description = clauses.get("comment", "")
    draft.target = {key: value for key, value in {**facts, **_sorted(clauses)}.items() if value}
    _set_keys(draft, name, clauses)


def _clauses(words: Tokens) -> dict[str, str]:
    """The clauses behind a table's body, by what a scenario calls them."""
    found: dict[str, str] = {}
    while not words.done:
        phrase = next((phrase for phrase in _CLAUSES if words.takes(*phrase)), None)
        if phrase is None:
            words.skip()
            continue
        words.takes("=")
        start = words.place
        words.skip()
        while not words.done and not any(words.sees(*each) for each in _CLAUSES):
            words.skip()
        literal = words.words[start].literal
        found[_CLAUSES[phrase]] = words.words[start].text if literal else words.sql(start, words.place)
    return found


def _sorted(clauses: dict[str, str]) -> dict[str, Any]:
    """Clauses as a scenario has them; settings one by one."""
    kept: dict[str, Any] = {
        name: clauses[name]
        for name in ("partition_by", "primary_key", "order_by", "sample_by", "ttl")
        if clauses.get(name)
    }
    pairs = [part.partition("=") for part in clauses.get("settings", "").split(",")]
    settings = {name.strip(): value.strip().strip("'") for name, _, value in pairs if name.strip()}
    return {**kept, **({"settings": settings} if settings else {})}


def _item(draft: DdlTable, item: Tokens, facts: dict[str, Any]) -> None:
    """A column, an index, a projection or a constraint of a table's body."""
    upper = item.ahead().upper
    following = {word.upper for word in item.words[2:]}
    # A column may be called index; only a skipping index has a TYPE behind its expression.
    if (upper == "INDEX" and "TYPE" in following) or (upper == "PROJECTION" and item.ahead(2).upper == "("):
        item.next()
        name = item.name()
        facts["indexes" if upper == "INDEX" else "projections"][name] = item.sql(item.place)
    elif upper == "CONSTRAINT":
        item.next()
        name = item.name()
        if item.takes("CHECK"):
            draft.checks.append(CheckSchema(item.sql(item.place), name, item.line))
    elif upper == "PRIMARY" and item.ahead(1).upper == "KEY":
        facts["primary_key"] = item.sql(2)
    else:
        _column(draft, item, facts)


def _column(draft: DdlTable, item: Tokens, facts: dict[str, Any]) -> None:
    line, name = item.line, item.name()
    start = item.place
    typed = item.ahead().upper not in _OPTIONS
    type = read_type(item) if typed else None
    text = item.sql(start, item.place)
    rest = _without_comment(item, item.place)
    words = item.part(item.place, len(item.words))
    option = next((word.upper for word in words.words if word.upper in _COMPUTED | {"EPHEMERAL"}), "")
    if option in _COMPUTED:
        facts["computed"][name] = f"{text} {rest}".strip()
    # What is MATERIALIZED or an ALIAS is computed on insert or on reading, and EPHEMERAL is never stored.
    if option or type is None:
        return
    found = declared(text)
    explicit = words.sees("NULL")
    whole = replace(type, text=" ".join(text.split()), options=" ".join(rest.split()))
    column = DdlColumn(name, whole, line, found.nullable or explicit)
    column.description = _comment(words)
    draft.add_column(column)


def _regroup(draft: DdlTable) -> None:
    """A Nested that is kept as an array for each of its fields becomes one column: its arrays are equally long."""
    groups: dict[str, list[str]] = {}
    for name, column in draft.columns.items():
        # With flatten_nested, which is the default, ClickHouse shows a Nested column as columns `group.field`, arrays
        # all of them, and refuses rows in which they differ in length.
        group, dot, _ = name.partition(".")
        if dot and group not in draft.columns and declared(column.type.text).word == "array":
            groups.setdefault(group, []).append(name)
    for group, names in groups.items():
        first = draft.columns[names[0]]
        fields = [
            f"`{name.partition('.')[2]}` {declared(draft.columns[name].type.text).arguments[0]}" for name in names
        ]
        whole = replace(first.type, text=f"Nested({', '.join(fields)})", options="")
        columns = {
            group if name == names[0] else name: replace(column, name=group, type=whole) if name == names[0] else column
            for name, column in draft.columns.items()
        }
        draft.columns = {name: column for name, column in columns.items() if name not in names}


def _without_comment(item: Tokens, start: int) -> str:
    """What stands behind a column's type: a default, a codec, a TTL; without the comment."""
    words = item.words[start:]
    at = next((at for at, word in enumerate(words) if word.upper == "COMMENT"), len(words))
    before, after = item.sql(start, start + at), item.sql(start + at + 2, len(item.words))
    return f"{before} {after}".strip()


def _comment(words: Tokens) -> str:
    at = next((at for at, word in enumerate(words.words) if word.upper == "COMMENT"), -1)
    return words.words[at + 1].text if 0 <= at < len(words.words) - 1 else ""


def _set_keys(draft: DdlTable, engine: str, clauses: dict[str, str]) -> None:
    """What tells rows apart: the table's own id in the sorting key, or all of that where rows that share it are one."""
    text = clauses.get("order_by") or clauses.get("primary_key") or ""
    names = [part.strip().strip('`"') for part in text.strip().removeprefix("tuple").strip("()").split(",")]
    columns = tuple(name for name in names if name in draft.columns)
    # An expression in the sorting key, such as toDate(at), has fewer values than its column: nothing follows for
    # single columns.
    if not columns or len(columns) < len(names):
        return
    own = _own_key(draft.name.name, columns)
    if own:
        draft.add_constraint(PRIMARY, KeySchema((own,), "", draft.line))
    # These engines merge rows of equal sorting keys into one, whenever they merge parts: repeated keys would lose
    # rows.
    elif any(word in engine for word in _COLLAPSES):
        draft.add_constraint(UNIQUE, KeySchema(columns, "", draft.line))


_BARE = frozenset({"id", "uuid", "guid"})


def _stem(table: str) -> str:
    """A table's name in the singular, as links are called after it."""
    return re.sub(r"ies$", "y", table.lower()) if table.lower().endswith("ies") else re.sub(r"s$", "", table.lower())


def _own_key(table: str, columns: tuple[str, ...]) -> str:
    """The column of a sorting key that is named as the table's own id; "" for none."""
    stem = re.sub(r"(?:ies|es|s)$", "", table.lower())
    fits: tuple[Callable[[str], bool], ...] = (
        lambda name: name in _BARE,
        lambda name: re.fullmatch(rf"{re.escape(stem)}\w{{0,3}}_?(?:id|uuid|guid)", name) is not None,
    )
    return next((name for fit in fits for name in columns if fit(name.lower())), "")


def with_named_links(tables: Sequence[TableSchema]) -> tuple[TableSchema, ...]:
    """The tables with links by name, as ClickHouse declares none: `user_id` to the one table whose key is called so."""
    owners: dict[str, list[TableSchema]] = {}
    for table in tables:
        if table.primary_key is not None:
            owners.setdefault(_link_name(table), []).append(table)
    return tuple(replace(table, foreign_keys=tuple(_links_of(table, owners))) for table in tables)


def _link_name(table: TableSchema) -> str:
    """What a column that leads to a table is called: its own key, or its name before `_id` where that is `id` alone."""
    assert table.primary_key is not None
    key = table.primary_key.columns[0].lower()
    return key if key not in _BARE else f"{_stem(table.name.name)}_{key}"


def _links_of(table: TableSchema, owners: Mapping[str, Sequence[TableSchema]]) -> Iterator[ForeignKeySchema]:
    own = table.primary_key.columns if table.primary_key is not None else ()
    for column in table.columns:
        found = owners.get(column.name.lower(), ())
        # A name that two tables answer to says nothing, and a table's own key leads nowhere.
        if len(found) != 1 or found[0].name == table.name or column.name in own:
            continue
        key = found[0].primary_key
        there = next(each for each in found[0].columns if key is not None and each.name == key.columns[0])
        if declared(there.type.text).bare.word == declared(column.type.text).bare.word:
            yield ForeignKeySchema((column.name,), found[0].name, (there.name,), "", column.line)
