"""Object types of a GraphQL schema → a relational schema: keys, links, the tables between lists, composites.

The language says nothing of tables. What is read so is what servers do by convention: a type with an ID is one of rows,
a field of its type is a link, and a list of them the other side of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePath
from typing import Any

from sdgen.errors import Problem, SourceError
from sdgen.inference.names import singular, snake
from sdgen.readers.graphql.declarations import (
    SCALARS,
    FieldOf,
    ObjectType,
    SchemaFile,
    kind_of,
    line_of,
    text_of,
)
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

_DIALECT = "duckdb"  # its types have structs, which parts of records are
_SIZES = {"decimal": (18, 2)}
_WHOLE_ABOVE = {"PositiveInt": 1, "NonNegativeInt": 0, "UnsignedInt": 0}
_ROOTS = frozenset({"Query", "Mutation", "Subscription"})
_HELPERS = re.compile(r".*(?:Connection|Edge|Payload|PageInfo)|_.*")


def schema_of(files: Sequence[SchemaFile], source: str) -> Schema:
    """The schema of all object types; SourceError where there are none."""
    reading = _Reading(files, source)
    tables = [reading.table(each) for each in reading.rows.values()]
    if not tables:
        what = "there is no type of records in it"
        raise SourceError(
            [Problem((), what, "a table is an object type: type Book { id: ID! }", source), *reading.notes]
        )
    tables += reading.between
    name = PurePath(source.replace("\\", "/").rstrip("/")).name.partition(".")[0] or "schema"
    enums = {each.lower(): values for each, values in reading.enums.items()}
    notes = tuple(dict.fromkeys(reading.notes))
    return Schema(name, _DIALECT, source, tuple(tables), enums, notes=notes)


@dataclass
class _Reading:
    """What all files declare, and what is told of it."""

    files: Sequence[SchemaFile]
    source: str
    notes: list[Problem] = field(default_factory=list)
    between: list[TableSchema] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.enums: dict[str, tuple[str, ...]] = {}
        self.scalars: set[str] = set()
        self.unions: dict[str, tuple[str, ...]] = {}
        self.interfaces: set[str] = set()
        self.objects: dict[str, ObjectType] = {}
        roots = set(_ROOTS)
        for file in self.files:
            for node in file.document.definitions:
                self._declare(node, file.name, roots)
        self.objects = {name: each for name, each in self.objects.items() if name not in roots}

    def _declare(self, node: Any, file: str, roots: set[str]) -> None:
        # An extension may come before what it extends, in another file: both are declared alike.
        kind = node.kind.replace("_extension", "_definition")
        # The roots may have names of their own: `schema { query: Root }`.
        if kind == "schema_definition":
            roots.update(each.type.name.value for each in node.operation_types)
            return
        name = node.name.value if getattr(node, "name", None) is not None else ""
        match kind:
            case "enum_type_definition":
                self.enums[name] = (*self.enums.get(name, ()), *(each.name.value for each in node.values or ()))
            case "scalar_type_definition":
                self.scalars.add(name)
            case "union_type_definition":
                self.unions[name] = (*self.unions.get(name, ()), *(each.name.value for each in node.types or ()))
            case "interface_type_definition":
                self.interfaces.add(name)
            case "object_type_definition":
                self._object(name, node, file)
            case "operation_definition" | "fragment_definition":
                self.tell("an operation, not a part of a schema: left out", line_of(node), file)

    def _object(self, name: str, node: Any, file: str) -> None:
        """A type, or an extension of one that was declared before or will be."""
        fields = tuple(FieldOf(each.name.value, kind_of(each.type), each, file) for each in node.fields or ())
        above = tuple(each.name.value for each in node.interfaces or ())
        before = self.objects.get(name)
        if before is not None:
            known = {each.name for each in before.fields}
            more = tuple(each for each in fields if each.name not in known)
            self.objects[name] = replace(before, fields=before.fields + more, interfaces=before.interfaces + above)
        else:
            self.objects[name] = ObjectType(name, fields, above, line_of(node), file, text_of(node))

    def tell(self, what: str, line: int, file: str) -> None:
        self.notes.append(Problem((), what, "", file, line, 1 if line else 0))

    @cached_property
    def rows(self) -> dict[str, ObjectType]:
        """The types that are tables: those with a key, and those that are no part of another; no helpers of paging."""
        # A type without a key that no field holds is still asked for by some query: it is one of rows.
        parts = {each.kind.name for one in self.objects.values() for each in one.fields}
        plain = {name: each for name, each in self.objects.items() if not _HELPERS.fullmatch(name)}
        return {name: each for name, each in plain.items() if each.key is not None or name not in parts}

    def part(self, name: str, inside: tuple[str, ...]) -> str:
        """The struct of a type without a key: its fields of plain values, and of other such types."""
        types = {each.name: self.type(each, (*inside, name)) for each in self.objects[name].fields}
        return ", ".join(f'"{field}" {_spelled(type)}' for field, type in types.items() if type is not None)

    def type(self, each: FieldOf, inside: tuple[str, ...] = ()) -> SqlType | None:
        """The type of a field of plain values; None of one that is a link, or refers to what holds it."""
        name, dimensions = each.kind.name, min(1, each.kind.listed)
        # A schema's own types go before scalars of the usual names.
        if name in self.enums:
            return SqlType("enum", values=self.enums[name], dimensions=dimensions)
        if name in SCALARS:
            return SqlType(SCALARS[name], _SIZES.get(SCALARS[name], ()), dimensions=dimensions)
        if name in self.scalars:
            self.tell(f"the scalar {name} is not known: its values are texts", each.line, each.file)
            return SqlType("text", dimensions=dimensions)
        if name not in self.objects or name in self.rows or _HELPERS.fullmatch(name) or name in inside:
            return None
        fields = self.part(name, inside)
        text = f"STRUCT({fields}){'[]' * dimensions}"
        return SqlType("struct", dimensions=dimensions, text=text) if fields else None

    def table(self, one: ObjectType) -> TableSchema:
        columns: dict[str, ColumnSchema] = {}
        links, unique, checks = list[ForeignKeySchema](), list[KeySchema](), list[CheckSchema]()
        for each in one.fields:
            type = self.type(each)
            if type is not None and each.kind.listed > 1:
                self.tell(f"{one.name}.{each.name} is a list of lists: one list is made of it", each.line, each.file)
            if type is not None:
                required = each.kind.required or each is one.key
                columns[each.name] = ColumnSchema(
                    each.name, type, each.line, not required, _default(each), description=each.description
                )
                unique += [KeySchema((each.name,), "", each.line)] if each.directive("unique") is not None else []
                checks += _checks(each)
            elif each.kind.name in self.unions or each.kind.name in self.interfaces:
                columns |= {column.name: column for column in self._any_of(one, each)}
            elif not self._linked(one, each, columns, links, unique):
                what = f"{one.name}.{each.name} is left out: nothing is known of its type {each.kind.name}"
                self.tell(what, each.line, each.file)
        key = KeySchema((one.key.name,), "", one.key.line) if one.key is not None else None
        # After the type's own fields, which say more of a link than a list on the other side.
        for name, column, link, once in self._from_other_sides(one):
            # The field may be declared as a plain value: `authorId` beside `posts` of the author.
            if name not in columns:
                columns[name] = column
                links.append(link)
                unique += [KeySchema((name,))] if once else []
        return TableSchema(
            TableName(one.name),
            tuple(columns.values()),
            one.line,
            key,
            tuple(unique),
            tuple(links),
            tuple(checks),
            one.description,
        )

    def target(self, name: str) -> tuple[ObjectType, FieldOf] | None:
        """The type of rows that a field leads to, through the helpers of paging, and its key."""
        helper = self.objects.get(name)
        if helper is not None and _HELPERS.fullmatch(name) and name not in self.rows:
            inner = [each for each in helper.fields if each.name in ("nodes", "edges", "node", "items")]
            return next((found for each in inner if (found := self.target(each.kind.name))), None)
        one = self.rows.get(name)
        return (one, one.key) if one is not None and one.key is not None else None

    def lists(self, each: FieldOf) -> bool:
        return bool(each.kind.listed) or each.kind.name.endswith("Connection")

    def _linked(
        self,
        one: ObjectType,
        each: FieldOf,
        columns: dict[str, ColumnSchema],
        links: list[ForeignKeySchema],
        unique: list[KeySchema],
    ) -> bool:
        """Give the table the link that a field is; False where it leads nowhere."""
        found = self.target(each.kind.name)
        if found is None:
            # Helpers of paging lead nowhere by themselves, which is nothing to tell.
            return bool(_HELPERS.fullmatch(each.kind.name))
        other, key = found
        back = [field for field in other.fields if (self.target(field.kind.name) or (None,))[0] is one]
        if self.lists(each):
            self._pairs(one, each, other, back)
            return True
        once = [field for field in back if not self.lists(field)]
        if other is not one and once and not any(map(self.lists, back)):
            mine, theirs = each.kind.required, once[0].kind.required
            if (theirs, other.line) > (mine, one.line):
                return True  # one to one: the other type holds the link
            unique.append(KeySchema((_link_name(one, each),), "", each.line))
        name = _link_name(one, each)
        type = self.type(key)
        assert type is not None
        own = columns.get(name)
        columns[name] = own or ColumnSchema(name, type, each.line, not each.kind.required, description=each.description)
        links.append(ForeignKeySchema((name,), TableName(other.name), (key.name,), "", each.line))
        return True

    def _pairs(self, one: ObjectType, each: FieldOf, other: ObjectType, back: Sequence[FieldOf]) -> None:
        """The table between two types that have lists of each other: once, of the one that is declared first."""
        lists = [field for field in back if self.lists(field) and field is not each]
        singles = [field for field in back if not self.lists(field)]
        # A single field on the other side is the link already, and the list its other side.
        if singles or not lists or one.key is None or other.key is None or (one.name > other.name):
            return
        name = f"{one.name}_{each.name}"
        columns, links = [], []
        first, second = f"{snake(one.name)}_id", f"{snake(singular(each.name))}_id"
        second = second if second != first else f"other_{second}"
        for column, side, key in ((first, one, one.key), (second, other, other.key)):
            type = self.type(key)
            assert type is not None
            columns.append(ColumnSchema(column, type, each.line, nullable=False))
            links.append(ForeignKeySchema((column,), TableName(side.name), (key.name,), "", each.line))
        if all(table.name.name != name for table in self.between):
            whole = KeySchema((first, second), "", each.line)
            self.between.append(
                TableSchema(TableName(name), tuple(columns), each.line, whole, foreign_keys=tuple(links))
            )

    def _from_other_sides(self, one: ObjectType) -> Iterator[tuple[str, ColumnSchema, ForeignKeySchema, bool]]:
        """Links to the types that have a list of this one, where no field of this one says so."""
        leads = {found[0].name for each in one.fields if (found := self.target(each.kind.name)) is not None}
        for other in self.rows.values():
            for each in other.fields:
                found = self.target(each.kind.name)
                if found is None or found[0] is not one or not self.lists(each) or other.name in leads or other is one:
                    continue
                if other.key is None or (type := self.type(other.key)) is None:
                    continue
                name = f"{snake(other.name)}_id"
                self.tell(f"{one.name} gets {name}: {other.name}.{each.name} lists it", each.line, each.file)
                link = ForeignKeySchema((name,), TableName(other.name), (other.key.name,), "", each.line)
                yield name, ColumnSchema(name, type, each.line), link, False

    def _any_of(self, one: ObjectType, each: FieldOf) -> Iterator[ColumnSchema]:
        """A row of one of several types: the type's name and its key, as servers keep such links."""
        members = self.unions.get(each.kind.name) or tuple(
            name for name, one in self.objects.items() if each.kind.name in one.interfaces
        )
        known = tuple(name for name in members if self.target(name) is not None)
        own = self.type(one.key) if one.key is not None else None
        if not known or (each.kind.listed and own is None):
            what = "it lists rows, and has no key of its own" if known else f"no type of {each.kind.name} has a key"
            self.tell(f"{each.name} is left out: {what}", each.line, each.file)
            return
        if each.kind.listed and one.key is not None and own is not None:
            # A row for each that is listed: whose it is, and which row of which type.
            owner = ColumnSchema(f"{snake(one.name)}_id", own, each.line, nullable=False)
            link = ForeignKeySchema((owner.name,), TableName(one.name), (one.key.name,), "", each.line)
            columns = (owner, *self._type_and_key(each, snake(singular(each.name)), known, False))
            name = TableName(f"{one.name}_{each.name}")
            self.between.append(TableSchema(name, columns, each.line, foreign_keys=(link,)))
            return
        yield from self._type_and_key(each, snake(each.name), known, not each.kind.required)

    def _type_and_key(self, each: FieldOf, stem: str, known: tuple[str, ...], nullable: bool) -> Iterator[ColumnSchema]:
        yield ColumnSchema(f"{stem}_type", SqlType("enum", values=known), each.line, nullable)
        yield ColumnSchema(f"{stem}_id", SqlType("text"), each.line, nullable, description=each.description)


def _spelled(type: SqlType) -> str:
    """A type inside a struct."""
    if type.word == "enum":
        # The names of a GraphQL enum have no quotes in them.
        values = ", ".join("'" + value + "'" for value in type.values)
        return f"ENUM({values}){'[]' * type.dimensions}"
    return str(type)


def _link_name(one: ObjectType, each: FieldOf) -> str:
    """The column of a link: the field's own name with _id, or that of a field which holds the key already."""
    spelled = {snake(other.name): other.name for other in one.fields}
    name = f"{snake(each.name)}_id"
    return spelled.get(name, name)


def _default(each: FieldOf) -> str:
    found = each.directive("default")
    value = next(iter(found.values()), None) if found else None
    if value is None or isinstance(value, list):
        return ""
    return str(value).lower() if isinstance(value, bool | int | float) else "'" + str(value).replace("'", "''") + "'"


_LIMITS = {"min": ">=", "max": "<=", "exclusiveMin": ">", "exclusiveMax": "<"}
_LENGTHS = {"minLength": ">=", "maxLength": "<="}


def _checks(each: FieldOf) -> Iterable[CheckSchema]:
    """What scalars with bounds and the usual directives for limits ask of a field."""
    column = f'"{each.name}"'
    if each.kind.name in _WHOLE_ABOVE and not each.kind.listed:
        yield CheckSchema(f"{column} >= {_WHOLE_ABOVE[each.kind.name]}", "", each.line)
    found = each.directive("constraint", "length", "range") or {}
    short = each.directive("length") is not None
    for word, value in found.items():
        mark = _LENGTHS.get(f"{word}Length" if short else word)
        if isinstance(value, int | float) and mark:
            yield CheckSchema(f"length({column}) {mark} {value}", "", each.line)
        elif isinstance(value, int | float) and word in _LIMITS:
            yield CheckSchema(f"{column} {_LIMITS[word]} {value}", "", each.line)
        elif word == "pattern" and isinstance(value, str):
            quoted = value.replace("'", "''")
            yield CheckSchema(f"regexp_matches({column}, '{quoted}')", "", each.line)
