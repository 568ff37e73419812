"""What a GraphQL schema declares, as graphql-core parses it: object types, their fields, and what a field holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdgen.inference.names import snake

if TYPE_CHECKING:
    from graphql import DocumentNode, FieldDefinitionNode, Node, TypeNode


SCALARS: Mapping[str, str] = {
    "ID": "text",
    "String": "text",
    "Int": "integer",
    "Float": "double",
    "Boolean": "boolean",
    **dict.fromkeys(
        ("DateTime", "Timestamp", "Instant", "OffsetDateTime", "ISO8601DateTime", "timestamptz"), "timestamptz"
    ),
    **dict.fromkeys(("LocalDateTime", "NaiveDateTime", "timestamp"), "timestamp"),
    **dict.fromkeys(("Date", "LocalDate", "ISO8601Date", "date"), "date"),
    **dict.fromkeys(("Time", "LocalTime"), "time"),
    **dict.fromkeys(("JSON", "JSONObject", "Json", "jsonb", "Map", "Object"), "json"),
    **dict.fromkeys(("UUID", "uuid", "GUID"), "uuid"),
    **dict.fromkeys(("BigInt", "Long", "bigint", "Int64"), "bigint"),
    **dict.fromkeys(("Decimal", "BigDecimal", "Money", "numeric"), "decimal"),
    **dict.fromkeys(("Email", "EmailAddress", "URL", "Url", "URI", "PhoneNumber", "Phone", "Upload"), "text"),
    **dict.fromkeys(("PositiveInt", "NonNegativeInt", "UnsignedInt"), "integer"),
}


@dataclass(frozen=True)
class SchemaFile:
    """A file and what it declares."""

    name: str
    document: DocumentNode


@dataclass(frozen=True)
class Kind:
    """What a field holds: the type's name, whether it is a list, and whether it is there in every record."""

    name: str
    listed: int
    required: bool


@dataclass(frozen=True)
class FieldOf:
    """A field of a type, and the file that it stands in."""

    name: str
    kind: Kind
    node: FieldDefinitionNode
    file: str

    @property
    def line(self) -> int:
        return line_of(self.node)

    @property
    def description(self) -> str:
        return text_of(self.node)

    def directive(self, *names: str) -> dict[str, Any] | None:
        """The arguments of a directive, by its name."""
        for each in self.node.directives or ():
            if each.name.value in names:
                return {arg.name.value: value_of(arg.value) for arg in each.arguments or ()}
        return None


@dataclass(frozen=True)
class ObjectType:
    name: str
    fields: tuple[FieldOf, ...]
    interfaces: tuple[str, ...]
    line: int
    file: str
    description: str

    @property
    def key(self) -> FieldOf | None:
        """The field that names a record: by a directive, or an ID (of any scalar) that is called so."""
        marked = next((each for each in self.fields if each.directive("id", "primaryKey", "pk") is not None), None)
        own = ("id", "uuid", f"{snake(self.name)}_id", "_id")
        named = [
            each for word in own for each in self.fields if snake(each.name) == word.strip("_") or each.name == word
        ]
        ids = [each for each in self.fields if each.kind.name == "ID" and each.kind.required]
        # An `id` of an object type is a link to another record, and no key.
        found = [each for each in named if each.kind.name in SCALARS and not each.kind.listed]
        # The only required ID names the record, whatever it is called; of several none is sure to.
        return marked or (found[0] if found else ids[0] if len(ids) == 1 else None)


def kind_of(node: TypeNode) -> Kind:
    required = node.kind == "non_null_type"
    listed = 0
    inner: Any = node
    # `[[Post!]!]!` is a list like any other here, and the outermost mark says whether the field may be null.
    while inner.kind != "named_type":
        listed += inner.kind == "list_type"
        inner = inner.type
    return Kind(inner.name.value, listed, required)


def line_of(node: Node) -> int:
    return node.loc.start_token.line if node.loc is not None else 0


def text_of(node: Any) -> str:
    description = getattr(node, "description", None)  # an extension has none
    return " ".join(description.value.split())[:300] if description is not None else ""


def value_of(node: Any) -> Any:
    if node.kind == "list_value":
        return [value_of(each) for each in node.values]
    value: Any = getattr(node, "value", None)
    if node.kind == "int_value":
        return int(value)
    return float(value) if node.kind == "float_value" else value
