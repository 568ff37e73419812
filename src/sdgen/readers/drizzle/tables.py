"""Drizzle's tables → a relational schema, with the types of the database that they are made for.

https://orm.drizzle.team/docs/column-types/pg and its siblings say what each column is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from sdgen.errors import Problem, SourceError
from sdgen.readers.drizzle.columns import Constants
from sdgen.readers.drizzle.source import Link, bare, chain, constants, literal, pairs, returned, text_of
from sdgen.readers.sql.schema import (
    CheckSchema,
    ColumnSchema,
    ForeignKeySchema,
    KeySchema,
    Schema,
    TableName,
    TableSchema,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_MAKERS = {"pgTable": "postgres", "mysqlTable": "mysql", "sqliteTable": "sqlite", "singlestoreTable": "mysql"}
_MAKERS |= {f"{name}Creator": dialect for name, dialect in _MAKERS.items()}
_SCHEMAS = {"pgSchema": "postgres", "mysqlSchema": "mysql"}


@dataclass(frozen=True)
class TableConstant:
    """A constant that is a table: its name in the database, its columns' nodes by key, and what stands behind them."""

    table: TableName
    dialect: str
    columns: Mapping[str, Node]
    extra: Node | None
    line: int
    file: str


def schema_of(texts: Sequence[tuple[str, str]], source: str) -> Schema:
    """The schema of the tables of files; SourceError where there are none."""
    reading = _Reading(texts, source)
    tables = [reading.schema(made) for made in reading.tables.values()]
    tables = [each for each in tables if each.columns]
    if not tables:
        hint = 'a table is made by pgTable("name", {...}), mysqlTable or sqliteTable'
        raise SourceError([Problem((), "there is no table in it", hint, source), *reading.notes])
    dialect = next(iter(reading.tables.values())).dialect
    name = PurePath(source.replace("\\", "/").rstrip("/")).name.partition(".")[0] or "schema"
    return Schema(name, dialect, source, tuple(tables), notes=tuple(dict.fromkeys(reading.notes)))


_WORD = r"""(?:"[^"\\]*"|'[^'\\]*')"""


def _typed(text: str) -> list[str]:
    """The values, as SQL, of a column whose type in TypeScript lists them: `.$type<"a" | "b">()`."""
    match = re.search(rf"\.\$type<\s*\|?\s*({_WORD}(?:\s*\|\s*{_WORD})*)\s*>", text)
    words = re.findall(_WORD, match[1]) if match is not None else []
    return ["'" + each[1:-1].replace("'", "''") + "'" for each in words]


@dataclass
class _Table:
    """A table in the making."""

    columns: dict[str, ColumnSchema] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    primary: KeySchema | None = None
    unique: list[KeySchema] = field(default_factory=list)
    links: list[ForeignKeySchema] = field(default_factory=list)
    checks: list[CheckSchema] = field(default_factory=list)


class _Reading:
    """All constants of the files, the tables and enums among them, and what is told."""

    def __init__(self, texts: Sequence[tuple[str, str]], source: str) -> None:
        self.source = source
        self.notes: list[Problem] = []
        self.constants = Constants()
        self.tables: dict[str, TableConstant] = {}
        self.relations: list[Node] = []
        files: dict[str, str] = {}
        for file, text in texts:
            found, _ = constants(text)
            self.constants.nodes.update(found)
            files |= dict.fromkeys(found, file)
        # Only after the constants of all files are known, since a table may use an enum or a spread of another file.
        for name, node in self.constants.nodes.items():
            self._declare(name, node, files[name])

    def tell(self, what: str, file: str, line: int) -> None:
        self.notes.append(Problem((), what, "", file, line, 1))

    def _declare(self, name: str, node: Node, file: str) -> None:
        links = chain(node)
        if not links:
            return
        first, last = links[0], links[-1]
        if last.name in ("pgEnum", "enum") and len(last.args) > 1:
            values = self.constants.literal(last.args[1])
            if isinstance(values, list):
                self.constants.enums[name] = tuple(str(each) for each in values)
        elif first.name == "relations":
            self.relations.append(node)
        else:
            dialect, schema = self._maker(first, node)
            called = last if schema else first
            if dialect and called.args and isinstance(title := literal(called.args[0]), str) and len(called.args) > 1:
                columns = dict(self._pairs(returned(called.args[1])))
                extra = called.args[2] if len(called.args) > 2 else None
                self.tables[name] = TableConstant(TableName(title, schema), dialect, columns, extra, first.line, file)
            elif dialect and called.name.endswith("Table"):
                self.tell(f"the table {name} has no name that can be read, and is left out", file, first.line)

    def _maker(self, link: Link, node: Node) -> tuple[str, str]:
        """The dialect of a table's maker, and the schema that it is of; "" of any other call."""
        if link.name in _MAKERS and not link.name.endswith("Creator"):
            return _MAKERS[link.name], ""
        function = node.child_by_field_name("function")
        owner = text_of(function.child_by_field_name("object")) if function is not None else ""
        # A creator such as pgTableCreator, or a pgSchema, is a constant of the source: it tells the dialect and the
        # schema.
        made = chain(self.constants.nodes[owner or link.name]) if (owner or link.name) in self.constants.nodes else []
        if made and made[0].name in _SCHEMAS and made[0].args and link.name == "table":
            return _SCHEMAS[made[0].name], str(literal(made[0].args[0]) or "")
        return (
            (_MAKERS[made[0].name], "")
            if made and made[0].name.endswith("Creator") and made[0].name in _MAKERS
            else ("", "")
        )

    def _pairs(self, node: Node, depth: int = 0) -> Iterator[tuple[str, Node]]:
        """The columns of an object, those that it spreads too."""
        for key, value in pairs(node):
            if key != "...":
                yield key, value
            elif text_of(value) in self.constants.nodes and depth < 8:
                yield from self._pairs(returned(self.constants.nodes[text_of(value)]), depth + 1)

    def schema(self, made: TableConstant) -> TableSchema:
        table = _Table()
        for key, node in made.columns.items():
            links = self.constants.column_chain(node)
            column = self.constants.column(made.dialect, key, links) if links else None
            if column is None:
                what = f"{made.table}.{key} is left out: nothing is known of {text_of(node)[:80]}"
                self.tell(what, made.file, node.start_point[0] + 1)
                continue
            table.names[key], table.columns[column.name] = column.name, column
            self._options(made, table, column, links)
            values = _typed(text_of(node))
            if values:
                table.checks.append(CheckSchema(f'"{column.name}" IN ({", ".join(values)})', "", column.line))
        for key, node in made.columns.items():
            self._compute(table, key, self.constants.column_chain(node))
        for node in self._extras(made):
            self._extra(made, table, node)
        self._related(made, table)
        return TableSchema(
            made.table,
            tuple(table.columns.values()),
            made.line,
            table.primary,
            tuple(table.unique),
            tuple(table.links),
            tuple(table.checks),
        )

    def _compute(self, table: _Table, key: str, links: Sequence[Link]) -> None:
        """The expression of a computed column, which may name any other."""
        given = next((each.args[0] for each in links if each.name == "generatedAlwaysAs" and each.args), None)
        if given is not None and key in table.names:
            column = table.columns[table.names[key]]
            text = self._sql(table, returned(given)) or self.constants.literal(given)
            table.columns[column.name] = replace(column, expression=text if isinstance(text, str) else "")

    def _options(self, made: TableConstant, table: _Table, column: ColumnSchema, links: Sequence[Link]) -> None:
        """Keys, links and values that stand behind one column."""
        for each in links:
            if each.name == "primaryKey":
                table.primary = KeySchema((column.name,), "", each.line)
            elif each.name == "unique":
                table.unique.append(KeySchema((column.name,), "", each.line))
            elif each.name == "references" and each.args:
                self._refer(made, table, (column.name,), [returned(each.args[0])], each.line)
        options = next((found for each in links[0].args if isinstance(found := self.constants.literal(each), dict)), {})
        values = options.get("enum")
        for node in links[0].args:
            named = next((value for key, value in pairs(node) if key == "enum"), None)
            values = self.constants.literal(named) if named is not None else values
        if isinstance(values, list) and values:
            listed = ", ".join("'" + str(value).replace("'", "''") + "'" for value in values)
            table.checks.append(CheckSchema(f'"{column.name}" IN ({listed})', "", column.line))

    def _refer(
        self, made: TableConstant, table: _Table, columns: tuple[str, ...], goals: Sequence[Node], line: int
    ) -> None:
        """A foreign key to columns written as `users.id`."""
        found = [text_of(bare(each)).split(".") for each in goals]
        parent = self.tables.get(found[0][0]) if found and len(found[0]) == 2 else None
        # `(t) => [foreignKey({ foreignColumns: [t.id] })]`: the table itself.
        if (
            parent is None
            and made.extra is not None
            and re.match(rf"\(?\s*{re.escape(found[0][0])}\b", text_of(made.extra))
        ):
            parent = made
        if parent is None or any(len(each) != 2 or each[1] not in parent.columns for each in found):
            self.tell(f"{made.table}: {', '.join(columns)} refers to what is not known: no link", made.file, line)
            return
        to = tuple(self._name(parent, each[1]) for each in found)
        # `relations` repeat what `references` declare.
        if columns not in [each.columns for each in table.links]:
            table.links.append(ForeignKeySchema(columns, parent.table, to, "", line))

    def _name(self, made: TableConstant, key: str) -> str:
        """The name of a column in the database."""
        links = self.constants.column_chain(made.columns[key])
        column = self.constants.column(made.dialect, key, links) if links else None
        return column.name if column is not None else key

    def _extras(self, made: TableConstant) -> list[Node]:
        """What a table's last argument gives: a list, or an object."""
        if made.extra is None:
            return []
        found = returned(made.extra)
        return (
            [value for _, value in pairs(found)]
            if found.type == "object"
            else [bare(each) for each in found.named_children]
        )

    def _columns(self, table: _Table, nodes: Sequence[Node]) -> tuple[str, ...]:
        """The columns that are written as `t.id`, or as a list of such."""
        flat = [
            each
            for node in nodes
            for each in (bare(node).named_children if bare(node).type == "array" else [bare(node)])
        ]
        keys = [text_of(each).split("(")[0].split(".") for each in flat if each.type == "member_expression"]
        found = tuple(table.names[each[1]] for each in keys if len(each) == 2 and each[1] in table.names)
        # A key of which one part is an expression is none of the columns alone.
        return found if len(found) == len(flat) else ()

    def _extra(self, made: TableConstant, table: _Table, node: Node) -> None:
        """A key, a constraint or an index of a table."""
        links = chain(node)
        if not links:
            return
        kind, line = links[0].name, links[0].line
        on = next((each for each in links if each.name == "on"), None)
        words = {key: value for each in links[0].args for key, value in pairs(each)}
        named = self._columns(table, [words["columns"]] if "columns" in words else on.args if on else links[0].args)
        where = next((self._sql(table, each.args[0]) for each in links if each.name == "where" and each.args), "")
        if kind == "primaryKey" and named:
            table.primary = KeySchema(named, "", line)
        # A condition that can't be read leaves the key out, or it would be unique in more rows than is asked.
        elif kind in ("unique", "uniqueIndex") and named and where is not None:
            table.unique.append(KeySchema(named, "", line, where))
        elif kind == "check" and len(links[0].args) > 1 and (sql := self._sql(table, links[0].args[1])):
            table.checks.append(CheckSchema(sql, "", line))
        elif kind == "foreignKey" and named and "foreignColumns" in words:
            goals = bare(words["foreignColumns"]).named_children
            self._refer(made, table, named, goals, line)
        elif kind != "index":
            self.tell(f"{made.table}: {text_of(node)[:100]} is not kept", made.file, line)

    def _sql(self, table: _Table, node: Node) -> str | None:
        """The text of sql`...`, its columns by their names; None where anything else is put in."""
        text = text_of(node)
        match = re.fullmatch(r"sql(?:<.*?>)?`(.*)`", text.strip(), re.DOTALL)
        if match is None:
            return None
        filled = re.sub(r"\$\{\s*\w+\.(\w+)\s*\}", lambda each: f'"{table.names.get(each[1], each[1])}"', match[1])
        return None if "${" in filled else filled

    def _related(self, made: TableConstant, table: _Table) -> None:
        """Links that `relations` alone tell of."""
        own = next((name for name, each in self.tables.items() if each is made), "")
        for node in self.relations:
            args = chain(node)[0].args
            if len(args) < 2 or text_of(args[0]) != own:
                continue
            for _, value in pairs(returned(args[1])):
                words = {
                    key: inner for each in (chain(value) or [Link("", (), 0)])[0].args for key, inner in pairs(each)
                }
                if {"fields", "references"} <= words.keys():
                    columns = self._columns(table, [words["fields"]])
                    if columns and columns not in [each.columns for each in table.links]:
                        self._refer(
                            made, table, columns, bare(words["references"]).named_children, value.start_point[0] + 1
                        )
