"""Prisma's models → a relational schema, as `prisma migrate` makes it: keys, links, enums, and tables between lists.

https://www.prisma.io/docs/orm/reference/prisma-schema-reference says what each type and attribute is in a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sdgen.errors import Problem
from sdgen.readers.prisma.syntax import Attribute, Block, Call, Field, column_name
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

_DIALECTS = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "cockroachdb": "postgres",
    "mysql": "mysql",
    "sqlite": "sqlite",
    "sqlserver": "tsql",
}
_TYPES: Mapping[str, Mapping[str, str]] = {
    # The types of `prisma migrate`, which are not the databases' own defaults: MySQL's index can hold varchar(191).
    "String": {"": "text", "mysql": "varchar(191)", "tsql": "nvarchar(1000)"},
    "Boolean": {"": "boolean", "tsql": "bit"},
    "Int": {"": "integer", "mysql": "int", "tsql": "int"},
    "BigInt": {"": "bigint"},
    "Float": {"": "double precision", "sqlite": "real", "mysql": "double"},
    "Decimal": {"": "decimal(65,30)", "tsql": "decimal(32,16)"},
    "DateTime": {"": "timestamp(3)", "sqlite": "datetime", "mysql": "datetime(3)", "tsql": "datetime2"},
    "Json": {"": "jsonb", "mysql": "json", "sqlite": "json", "tsql": "nvarchar(max)"},
    "Bytes": {"": "bytea", "mysql": "longblob", "sqlite": "blob", "tsql": "varbinary(max)"},
}
_WIDEST = "decimal(18,2)"  # instead of decimal(65,30), whose digits no money needs
# Ids that Prisma's client makes, as conditions that their texts keep.
_IDS = {"cuid": "^c[a-z0-9]{24}$", "nanoid": "^[A-Za-z0-9_-]{21}$", "ulid": "^01[0-9A-HJKMNP-TV-Z]{24}$"}
_NATIVE = {"UnsignedInt": "int unsigned", "UnsignedBigInt": "bigint unsigned", "UnsignedSmallInt": "smallint unsigned"}
_NATIVE |= {"DoublePrecision": "double precision", "Real": "real", "ByteA": "bytea", "Timestamptz": "timestamptz"}


def schema_of(blocks: Sequence[Block], file: str) -> Schema:
    """The schema of all models."""
    reading = _Reading(blocks, file)
    tables = [reading.table(block) for block in reading.models.values()]
    tables += reading.between()
    for block in blocks:
        if block.kind == "view":
            reading.tell(f"the view {block.name} is left out: a database computes it", block.line, block.file)
    name = file.replace("\\", "/").rstrip("/").rpartition("/")[2].partition(".")[0] or "schema"
    return Schema(name, reading.dialect, file, tuple(tables), reading.enums, notes=tuple(reading.notes))


@dataclass
class _Reading:
    """The blocks by their names, and what is told of them."""

    blocks: Sequence[Block]
    file: str
    notes: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        named = {
            kind: {each.name: each for each in self.blocks if each.kind == kind} for kind in ("model", "enum", "type")
        }
        self.models, self.enum_blocks, self.composites = named["model"], named["enum"], named["type"]
        self.enums = {name.lower(): tuple(map(column_name, each.fields)) for name, each in self.enum_blocks.items()}
        settings = [dict(each.settings) for each in self.blocks if each.kind == "datasource"]
        provider = str(settings[0].get("provider", "")) if settings else ""
        self.dialect = _DIALECTS.get(provider, "postgres")
        if provider not in _DIALECTS and provider:
            self.tell(f"the provider {provider!r} has no tables: types are PostgreSQL's")

    def tell(self, what: str, line: int = 0, file: str = "") -> None:
        self.notes.append(Problem((), what, "", file or self.file, line, 1 if line else 0))

    def table(self, block: Block) -> TableSchema:
        columns = [self.column(block, each) for each in block.fields if not self.is_relation(each)]
        return TableSchema(
            self.table_name(block),
            tuple(columns),
            block.line,
            primary_key=_key(block, "id"),
            unique=tuple(_unique(block)),
            foreign_keys=tuple(self.links(block)),
            checks=tuple(self.checks(block)),
            description=block.description,
        )

    def table_name(self, block: Block) -> TableName:
        own = block.attribute("schema")
        return TableName(block.table, str(own.get("map")) if own is not None else "")

    def is_relation(self, each: Field) -> bool:
        return each.type in self.models

    def column(self, block: Block, each: Field) -> ColumnSchema:
        default = each.attribute("default")
        value = default.get("value") if default is not None else None
        return ColumnSchema(
            column_name(each),
            self.type(block, each),
            each.line,
            nullable=each.optional and each.attribute("id") is None,
            default=self.default(each, value),
            counts=isinstance(value, Call) and value.name in ("autoincrement", "sequence"),
            computed=False,
            description=each.description,
        )

    def type(self, block: Block, each: Field) -> SqlType:
        dimensions = 1 if each.listed else 0
        native = next((one for one in each.attributes if one.name.startswith("db.")), None)
        if each.type in self.enum_blocks:
            return SqlType("enum", values=self.enums[each.type.lower()], dimensions=dimensions)
        # Composite types exist for MongoDB alone, where they are documents in a document.
        if each.type in self.composites:
            return SqlType("json")
        if each.type == "Unsupported":
            return replace(parsed_type(each.unsupported, self.dialect), dimensions=dimensions)
        if each.type not in _TYPES:
            self.tell(
                f"{block.name}.{each.name}: the type {each.type!r} is not known: taken as String", each.line, block.file
            )
        words = _TYPES.get(each.type, _TYPES["String"])
        text = _native(native) if native is not None else words.get(self.dialect, words[""])
        if text == "decimal(65,30)":
            text = _WIDEST
        return replace(parsed_type(text, self.dialect), dimensions=dimensions)

    def default(self, each: Field, value: Any) -> str:
        if each.attribute("updatedAt") is not None:
            return "now()"
        if isinstance(value, Call):
            if value.bare:
                return _quoted(self._value_of(each.type, value.name))
            return str(value.args[0]) if value.name == "dbgenerated" and value.args else f"{value.name}()"
        if isinstance(value, bool):
            return str(value).lower()
        return (
            "" if value is None or isinstance(value, list) else _quoted(value) if isinstance(value, str) else str(value)
        )

    def _value_of(self, enum: str, name: str) -> str:
        block = self.enum_blocks.get(enum)
        found = [column_name(each) for each in (block.fields if block else ()) if each.name == name]
        return found[0] if found else name

    def checks(self, block: Block) -> Iterator[CheckSchema]:
        """Conditions of ids that the client makes; only PostgreSQL's words can say them."""
        for each in block.fields:
            default = each.attribute("default")
            value = default.get("value") if default is not None else None
            if isinstance(value, Call) and value.name in _IDS and each.type == "String" and self.dialect == "postgres":
                yield CheckSchema(f'"{column_name(each)}" ~ {_quoted(_IDS[value.name])}', "", each.line)

    def links(self, block: Block) -> Iterator[ForeignKeySchema]:
        for each in block.fields:
            relation = each.attribute("relation")
            # Of a relation's two sides, the one with `fields` holds the column; the other is no column at all.
            if not self.is_relation(each) or relation is None or not relation.option("fields"):
                continue
            parent = self.models[each.type]
            columns = _columns(block, relation.option("fields"))
            to = _columns(parent, relation.option("references"))
            if columns and len(columns) == len(to):
                yield ForeignKeySchema(columns, self.table_name(parent), to, "", each.line)

    def between(self) -> Iterator[TableSchema]:
        """The tables of relations between two lists, which have no model: `_AToB`, or `_name` of the relation."""
        seen: set[str] = set()
        for block in self.models.values():
            for each in block.fields:
                if not (self.is_relation(each) and each.listed):
                    continue
                other, name = self.models[each.type], _relation_name(each)
                backs = [one for one in other.fields if one.type == block.name and one.listed and one is not each]
                backs = [one for one in backs if _relation_name(one) == name]
                # Both sides are met, and only the one that comes first by name makes the table, as Prisma names it.
                if not backs or block.name > other.name:
                    continue
                table = f"_{name}" if name else f"_{block.name}To{other.name}"
                if table not in seen:
                    seen.add(table)
                    yield from self._pair(table, block, other, each)

    def _pair(self, table: str, one: Block, other: Block, at: Field) -> Iterator[TableSchema]:
        keys = [_key(each, "id") for each in (one, other)]
        if any(key is None or len(key.columns) != 1 for key in keys):
            self.tell(f"the relation {table} is left out: it needs keys of one column", at.line, one.file)
            return
        columns, links = [], []
        # Prisma calls the two columns A and B, in the order of the models' names.
        for name, block, key in zip("AB", (one, other), keys, strict=True):
            names = key.columns if key is not None else ()
            own = next(each for each in block.fields if column_name(each) == names[0])
            columns.append(ColumnSchema(name, self.type(block, own), at.line, nullable=False))
            links.append(ForeignKeySchema((name,), self.table_name(block), names, "", at.line))
        key = KeySchema(("A", "B"), "", at.line)
        yield TableSchema(TableName(table), tuple(columns), at.line, primary_key=key, foreign_keys=tuple(links))


def _native(attribute: Attribute) -> str:
    """A database's own type: `@db.VarChar(40)`."""
    name = attribute.name.removeprefix("db.")
    sizes = ", ".join(str(each.name if isinstance(each, Call) else each) for each in attribute.args)
    return _NATIVE.get(name, name.lower()) + (f"({sizes})" if sizes else "")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _columns(block: Block, names: Any) -> tuple[str, ...]:
    """The columns of fields that a list names, each plain or with options: `[a, b(sort: Desc)]`."""
    spelled = {each.name: column_name(each) for each in block.fields}
    listed: Iterable[Any] = names if isinstance(names, list) else ()
    return tuple(spelled[each.name] for each in listed if isinstance(each, Call) and each.name in spelled)


def _key(block: Block, name: str) -> KeySchema | None:
    whole = block.attribute(name)
    if whole is not None:
        return KeySchema(_columns(block, whole.get("fields")), "", block.line)
    own = next((each for each in block.fields if each.attribute(name) is not None), None)
    return KeySchema((column_name(own),), "", own.line) if own is not None else None


def _unique(block: Block) -> Iterator[KeySchema]:
    for each in block.fields:
        if each.attribute("unique") is not None:
            yield KeySchema((column_name(each),), "", each.line)
    for one in block.attributes:
        if one.name == "unique" and (columns := _columns(block, one.get("fields"))):
            yield KeySchema(columns, "", block.line)


def _relation_name(each: Field) -> str:
    relation = each.attribute("relation")
    name = relation.get("name") if relation is not None else None
    return name if isinstance(name, str) else ""
