"""A column of Drizzle, a chain of calls → its type, default and nullability in the database that it is made for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sdgen.readers.drizzle.source import Link, bare, chain, literal, returned, text_of
from sdgen.readers.sql.postgres_types import parsed_type
from sdgen.readers.sql.schema import ColumnSchema, SqlType

if TYPE_CHECKING:
    from tree_sitter import Node

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
class Constants:
    """The constants of all files by name, and the values of those that are enums."""

    nodes: dict[str, Node] = field(default_factory=dict)
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def literal(self, node: Node) -> Any:
        """The value of a literal, or of the constant that names one; None of anything else."""
        node = bare(node)
        name = text_of(node)
        return literal(self.nodes[name]) if node.type == "identifier" and name in self.nodes else literal(node)

    def column_chain(self, node: Node) -> list[Link]:
        """The chain of a column, which a function without arguments may make."""
        links = chain(node)
        if links and links[0].name in self.nodes and not links[0].args:
            return [*chain(returned(self.nodes[links[0].name])), *links[1:]]
        return links

    def column(self, dialect: str, key: str, links: Sequence[Link]) -> ColumnSchema | None:
        kind, args = links[0].name, [self.literal(each) for each in links[0].args]
        # Without a name of its own a column has its key's.
        name = next((each for each in args if isinstance(each, str)), key)
        options = next((each for each in args if isinstance(each, dict)), {})
        type = self._type(dialect, kind, options, args)
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
        counts = counts or (primary is not None and dialect == "sqlite" and kind == "integer")
        return ColumnSchema(
            name,
            type,
            links[0].line,
            nullable=not (words & {"notNull", "primaryKey"} or kind in _COUNTED),
            default=_default(links) or self._counted_moment(dialect, options),
            counts=counts,
            computed="generatedAlwaysAs" in words,
        )

    def _counted_moment(self, dialect: str, options: Mapping[str, Any]) -> str:
        """What a moment that SQLite keeps as a number is counted by, as a default would say it."""
        counted = {"timestamp": "unixepoch()", "timestamp_ms": "unixepoch() * 1000"}
        return counted.get(str(options.get("mode")), "") if dialect == "sqlite" else ""

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


def _default(links: Sequence[Link]) -> str:
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
