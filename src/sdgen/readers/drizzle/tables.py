"""Drizzle's tables → a relational schema, with the types of the database that they are made for.

https://orm.drizzle.team/docs/column-types/pg and its siblings say what each column is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sdgen.errors import Problem, SourceError
from sdgen.readers.drizzle.source import Link, bare, chain, constants, literal, pairs, returned, text_of
from sdgen.readers.sql.postgres_types import parsed_type
from sdgen.readers.sql.schema import (
    CheckSchema,
    ColumnSchema,
    ForeignKeySchema,
    KeySchema,
    Schema,
    SqlType,
    TableName,
    TableSchema,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_MAKERS = {"pgTable": "postgres", "mysqlTable": "mysql", "sqliteTable": "sqlite", "singlestoreTable": "mysql"}
_MAKERS |= {f"{name}Creator": dialect for name, dialect in _MAKERS.items()}
_SCHEMAS = {"pgSchema": "postgres", "mysqlSchema": "mysql"}
_TYPES: Mapping[str, Mapping[str, str]] = {
    "postgres": {
        "doublePrecision": "double precision",
        "bigserial": "bigint",
        "smallserial": "smallint",
        "serial": "integer",
    },
    "mysql": {"serial": "bigint unsigned", "boolean": "tinyint(1)"},
    "sqlite": {},
}
_NUMBERS = (
    "integer",
    "int",
    "smallint",
    "bigint",
    "tinyint",
    "mediumint",
    "numeric",
    "decimal",
    "real",
    "double",
    "float",
)
_TEXTS = ("text", "tinytext", "mediumtext", "longtext", "varchar", "char", "citext", "uuid", "json", "jsonb", "xml")
_MOMENTS = ("date", "time", "timestamp", "datetime", "interval", "year")
_OTHERS = (
    "boolean",
    "bytea",
    "blob",
    "binary",
    "varbinary",
    "inet",
    "cidr",
    "macaddr",
    "point",
    "line",
    "geometry",
    "bit",
)
_VECTORS = ("vector", "halfvec", "sparsevec")
_PLAIN = frozenset(
    (*_NUMBERS, "doublePrecision", *_TEXTS, *_MOMENTS, *_OTHERS, *_VECTORS, "serial", "bigserial", "smallserial")
)
_COUNTED = ("serial", "bigserial", "smallserial")


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
        self.constants: dict[str, Node] = {}
        self.tables: dict[str, TableConstant] = {}
        self.enums: dict[str, tuple[str, ...]] = {}
        self.relations: list[Node] = []
        files: dict[str, str] = {}
        for file, text in texts:
            found, _ = constants(text)
            self.constants |= found
            files |= dict.fromkeys(found, file)
        # Only after the constants of all files are known, since a table may use an enum or a spread of another file.
        for name, node in self.constants.items():
            self._declare(name, node, files[name])

    def tell(self, what: str, file: str, line: int) -> None:
        self.notes.append(Problem((), what, "", file, line, 1))

    def _declare(self, name: str, node: Node, file: str) -> None:
        links = chain(node)
        if not links:
            return
        first, last = links[0], links[-1]
        if last.name in ("pgEnum", "enum") and len(last.args) > 1:
            values = self._literal(last.args[1])
            if isinstance(values, list):
                self.enums[name] = tuple(str(each) for each in values)
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
        made = chain(self.constants[owner or link.name]) if (owner or link.name) in self.constants else []
        if made and made[0].name in _SCHEMAS and made[0].args and link.name == "table":
            return _SCHEMAS[made[0].name], str(literal(made[0].args[0]) or "")
        return (
            (_MAKERS[made[0].name], "")
            if made and made[0].name.endswith("Creator") and made[0].name in _MAKERS
            else ("", "")
        )

    def _literal(self, node: Node) -> Any:
        node = bare(node)
        name = text_of(node)
        return literal(self.constants[name]) if node.type == "identifier" and name in self.constants else literal(node)

    def _pairs(self, node: Node, depth: int = 0) -> Iterator[tuple[str, Node]]:
        """The columns of an object, those that it spreads too."""
        for key, value in pairs(node):
            if key != "...":
                yield key, value
            elif text_of(value) in self.constants and depth < 8:
                yield from self._pairs(returned(self.constants[text_of(value)]), depth + 1)

    def schema(self, made: TableConstant) -> TableSchema:
        table = _Table()
        for key, node in made.columns.items():
            links = self._column_chain(node)
            column = self._column(made, key, links) if links else None
            if column is None:
                what = f"{made.table}.{key} is left out: nothing is known of {text_of(node)[:80]}"
                self.tell(what, made.file, node.start_point[0] + 1)
                continue
            table.names[key], table.columns[column.name] = column.name, column
            self._options(made, table, column, links)
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

    def _column_chain(self, node: Node) -> list[Link]:
        """The chain of a column, which a function without arguments may make."""
        links = chain(node)
        if links and links[0].name in self.constants and not links[0].args:
            return [*chain(returned(self.constants[links[0].name])), *links[1:]]
        return links

    def _column(self, made: TableConstant, key: str, links: Sequence[Link]) -> ColumnSchema | None:
        kind, args = links[0].name, [self._literal(each) for each in links[0].args]
        # Without a name of its own a column has its key's.
        name = next((each for each in args if isinstance(each, str)), key)
        options = next((each for each in args if isinstance(each, dict)), {})
        type = self._type(made.dialect, kind, options, args)
        if type is None:
            return None
        words = {each.name for each in links}
        if "array" in words:
            type = replace(type, dimensions=1)
        primary = next((each for each in links if each.name == "primaryKey"), None)
        counts = kind in _COUNTED or bool(
            {"autoincrement", "generatedAlwaysAsIdentity", "generatedByDefaultAsIdentity"} & words
        )
        # SQLite's INTEGER PRIMARY KEY is the row's number, and counts by itself.
        counts = counts or (primary is not None and made.dialect == "sqlite" and kind == "integer")
        return ColumnSchema(
            name,
            type,
            links[0].line,
            nullable=not (words & {"notNull", "primaryKey"} or kind in _COUNTED),
            default=self._default(links),
            counts=counts,
            computed="generatedAlwaysAs" in words,
        )

    def _type(self, dialect: str, kind: str, options: Mapping[str, Any], args: Sequence[Any]) -> SqlType | None:
        if kind in self.enums:
            return SqlType("enum", values=self.enums[kind])
        listed = next((each for each in args if isinstance(each, list)), None)
        if kind in ("mysqlEnum", "singlestoreEnum") and listed:
            return SqlType("enum", values=tuple(map(str, listed)))
        if kind not in _PLAIN:
            return None
        mode = options.get("mode")
        if dialect == "sqlite":
            # SQLite has few types: `mode` says what Drizzle keeps in them, and moments are counted in whole numbers.
            moments = {"boolean": "boolean", "timestamp": "integer", "timestamp_ms": "integer", "json": "json"}
            return parsed_type(moments.get(str(mode), {"numeric": "decimal(12,2)"}.get(kind, kind)), dialect)
        text = _TYPES[dialect].get(kind, kind.lower())
        sizes = [
            options[word]
            for word in ("length", "precision", "scale", "dimensions")
            if isinstance(options.get(word), int)
        ]
        text += (
            f"({', '.join(map(str, sizes))})"
            # The precision of a moment is no length.
            if sizes and kind not in ("time", "timestamp", "datetime", "interval")
            else ""
        )
        text = "timestamptz" if kind == "timestamp" and options.get("withTimezone") and dialect == "postgres" else text
        return parsed_type(text + " unsigned" * bool(options.get("unsigned")), dialect)

    def _default(self, links: Sequence[Link]) -> str:
        for each in links:
            if each.name in ("defaultNow", "$onUpdate"):
                return "now()"
            if each.name == "defaultRandom":
                return "gen_random_uuid()"
            value = literal(each.args[0]) if each.name == "default" and each.args else None
            if isinstance(value, bool):
                return str(value).lower()
            if isinstance(value, str):
                return "'" + value.replace("'", "''") + "'"
            if value is not None and not isinstance(value, list | dict):
                return str(value)
        return ""

    def _options(self, made: TableConstant, table: _Table, column: ColumnSchema, links: Sequence[Link]) -> None:
        """Keys, links and values that stand behind one column."""
        for each in links:
            if each.name == "primaryKey":
                table.primary = KeySchema((column.name,), "", each.line)
            elif each.name == "unique":
                table.unique.append(KeySchema((column.name,), "", each.line))
            elif each.name == "references" and each.args:
                self._refer(made, table, (column.name,), [returned(each.args[0])], each.line)
        options = next((found for each in links[0].args if isinstance(found := self._literal(each), dict)), {})
        values = options.get("enum")
        for node in links[0].args:
            named = next((value for key, value in pairs(node) if key == "enum"), None)
            values = self._literal(named) if named is not None else values
        if isinstance(values, list) and values:
            listed = ", ".join("'" + str(value).replace("'", "''") + "'" for value in values)
            table.checks.append(CheckSchema(f'"{column.name}" IN ({listed})', "", column.line))

    def _refer(
        self, made: TableConstant, table: _Table, columns: tuple[str, ...], goals: Sequence[Node], line: int
    ) -> None:
        """A foreign key to columns written as `users.id`."""
        found = [text_of(bare(each)).split(".") for each in goals]
        parent = self.tables.get(found[0][0]) if found and len(found[0]) == 2 else None
        if parent is None or any(len(each) != 2 or each[1] not in parent.columns for each in found):
            self.tell(f"{made.table}: {', '.join(columns)} refers to what is not known: no link", made.file, line)
            return
        to = tuple(self._name(parent, each[1]) for each in found)
        # `relations` repeat what `references` declare.
        if columns not in [each.columns for each in table.links]:
            table.links.append(ForeignKeySchema(columns, parent.table, to, "", line))

    def _name(self, made: TableConstant, key: str) -> str:
        """The name of a column in the database."""
        links = self._column_chain(made.columns[key])
        column = self._column(made, key, links) if links else None
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
