"""CHECKs that nothing keeps by construction: rows are watched, and refused before they are written.

The constraints of a schema by name and line, for what is told of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from sdgen.errors import Path, Problem, ProblemType
from sdgen.readers.sql.check_syntax import as_meant, is_computable, with_backslashes, with_escapes
from sdgen.readers.sql.drafts import TableDraft
from sdgen.readers.sql.schema import CheckSchema, Schema
from sdgen.scenario.problems import Origin


def watch(entity: TableDraft, check: CheckSchema, dialect: str, column: str = "") -> None:
    """Let a CHECK of a table, or of a column's domain, be watched where it can be said in a scenario's words."""
    folded = check.sql.lower()
    spelled = frozenset((name.lower(), name) for name in entity.columns if name.lower() in folded)
    condition = _translated(check.sql, dialect, spelled, column)
    if condition:
        entity.watched[condition] = check


@lru_cache(maxsize=4096)
def _translated(sql: str, dialect: str, spellings: Collection[tuple[str, str]], column: str) -> str:
    """A condition in DuckDB's SQL; "" where it isn't understood, or speaks of columns that nothing fills.

    spellings: columns in lower case, and as the table spells them. column: what VALUE stands for.
    """
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    spelled = dict(spellings)
    try:
        tree = parse_one(sql, dialect=dialect, into=exp.Condition)
        # A condition that can't be computed here is kept by nobody; its note has told so.
        if not is_computable(tree):
            return ""
        for found in tree.find_all(exp.Column):
            # A domain's condition calls the value VALUE, whatever the column is called.
            name = column if column and found.name.lower() == "value" else spelled[found.name.lower()]
            found.set("this", exp.to_identifier(name, quoted=True))
        return with_escapes(as_meant(with_backslashes(tree, dialect), dialect)).sql(dialect="duckdb")
    except (SqlglotError, AttributeError, KeyError, ValueError):
        return ""


# What may be something where a part of it is null.
_NOT_BY_PARTS = frozenset(
    (
        *("Coalesce", "Greatest", "Least", "Case", "If", "Nullif", "Concat", "ConcatWs", "Is", "NullSafeEQ", "Xor"),
        *("NullSafeNEQ", "Array", "Tuple", "JSONObject", "Subquery", "Select", "Exists", "Any", "All"),
    )
)
_NOT_STRICT = re.compile(
    r"num_(?:non)?nulls|concat\w*|coalesce|ifnull|nvl\d?|greatest|least|\w*distinct\w*|\w*null\w*", re.I
)


def holds_on_null(sql: str, column: str) -> bool:
    """Whether a condition is null, and so holds, wherever a column is null."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    def null(node: exp.Expr, never: bool | None) -> bool:
        """Whether a part is never true, or never false, where the column is null; null itself where `never` is None."""
        if isinstance(node, exp.Column):
            return node.name.lower() == column.lower()
        if isinstance(node, exp.Paren):
            return null(node.this, never)
        if isinstance(node, exp.Not):
            return null(node.this, None if never is None else not never)
        if isinstance(node, exp.And | exp.Or):
            sides = [null(each, never) for each in (node.this, node.args["expression"])]
            # Null OR true is true, null OR false is null: either way not false. Null AND false is false.
            return any(sides) if never is isinstance(node, exp.And) else all(sides)
        if type(node).__name__ in _NOT_BY_PARTS or (
            isinstance(node, exp.Anonymous) and _NOT_STRICT.fullmatch(str(node.this))
        ):
            return False
        return any(null(each, None) for each in node.iter_expressions())

    try:
        return null(parse_one(sql, into=exp.Condition), False)
    except (SqlglotError, AttributeError):
        return False


class SchemaOrigin(Origin):
    """Where the parts of a schema stand; problems of a constraint name it."""

    def __init__(self, schema: Schema, entities: Collection[TableDraft]) -> None:
        positions: dict[Path, tuple[int, int]] = {}
        self._named: dict[Path, str] = {}
        for entity in entities:
            path: Path = ("entities", entity.name)
            positions[path] = (entity.schema.line, 1)
            for name, column in entity.columns.items():
                positions[(*path, "columns", name)] = (column.line or entity.schema.line, 1)
            self._add_constraints(entity, path, positions)
        super().__init__(schema.file, {path: place for path, place in positions.items() if place[0]})
        self.filled = frozenset(entity.name for entity in entities if entity.schema.filled)

    def _add_constraints(self, entity: TableDraft, path: Path, positions: dict[Path, tuple[int, int]]) -> None:
        table = entity.schema
        for place, kind, name, line in (
            *_sets(entity),
            *((("check", at), "CHECK", check.name, check.line) for at, check in enumerate(entity.watched.values())),
            *(
                (("columns", one, "foreign key"), "foreign key", key.name, key.line)
                for key in table.foreign_keys
                for one in key.columns
            ),
        ):
            self._named[*path, *place], positions[*path, *place] = f"{kind} {name}" if name else "", (line, 1)

    def problem(self, path: Path, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> Problem:
        # The planner knows columns, not constraints: the words of its message tell which of them it is about.
        place: Path = (*path, *(kind for words, kind in _SPEAKS_OF.items() if what.startswith(words)))
        named = self._named.get(place, "")
        found = super().problem(place if named else path, f"{named}: {what}" if named else what, hint, type)
        return replace(found, path=path)


# What is told of a column by the constraint that asks it.
_SPEAKS_OF = {
    "is unique": "unique",
    "is the primary key": "primary key",
    "columns depend on each other": "foreign key",
}


def _sets(entity: TableDraft) -> Iterator[tuple[Path, str, str, int]]:
    """Where keys stand in an entity, what they are, and their names and lines."""
    # Reversed, so that of several keys over the same columns the first one gives its name.
    keys = {frozenset(key.columns): key for key in reversed(entity.schema.unique)}
    for at, columns in enumerate(entity.unique):
        if (key := keys.get(frozenset(columns))) is not None:
            yield ("unique", at), "unique constraint", key.name, key.line
    for key in keys.values():
        if len(key.columns) == 1:
            yield ("columns", *key.columns, "unique"), "unique constraint", key.name, key.line
    primary = entity.schema.primary_key
    if primary is not None:
        yield ("primary_key",), "primary key", primary.name, primary.line
        yield ("columns", primary.columns[0], "primary key"), "primary key", primary.name, primary.line


def told(checks: Iterable[CheckSchema]) -> str:
    """CHECKs by their names, or as they are written."""
    return ", ".join(dict.fromkeys(f"CHECK {check.name or shown(check.sql)}" for check in checks))


def shown(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= 80 else text[:79] + "…"
