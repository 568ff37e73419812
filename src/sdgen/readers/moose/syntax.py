"""What TypeScript source declares: types, declarations, constructor calls. The records know nothing of the parser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# The parser's nodes are left behind here: what resolves types sees these records alone, and works without
# tree-sitter.
Literal = str | int | float | bool


@dataclass(frozen=True)
class Ref:
    """A named type with its arguments: `Key<string>`; the name is without its namespace. Keywords are names too."""

    name: str
    args: tuple[TypeNode, ...] = ()
    space: str = ""


@dataclass(frozen=True)
class Value:
    """A literal type: `"a"`, `3`, `true`."""

    value: Literal


@dataclass(frozen=True)
class Several:
    """A union, or an intersection."""

    parts: tuple[TypeNode, ...]
    union: bool


@dataclass(frozen=True)
class ListOf:
    """`T[]`."""

    item: TypeNode


@dataclass(frozen=True)
class Row:
    """A tuple type: `[number, number]`."""

    items: tuple[TypeNode, ...]


@dataclass(frozen=True)
class Lookup:
    """A member's type: `T["name"]`; of a list, `T[number]`."""

    base: TypeNode
    key: TypeNode


@dataclass(frozen=True)
class KeysOf:
    """`keyof T`."""

    base: TypeNode


@dataclass(frozen=True)
class TypeOf:
    """`typeof name`: the type of a value."""

    name: str


@dataclass(frozen=True)
class Mapped:
    """`{[K in keyof T]?: T[K]}`: a field for each key; `optional` is None where they are as they were."""

    name: str
    keys: TypeNode
    value: TypeNode
    optional: bool | None = None


@dataclass(frozen=True)
class Odd:
    """A type that only a TypeScript compiler could work out."""

    what: str


@dataclass(frozen=True)
class Member:
    """A property: `comment` is its TSDoc, or what stands behind it on its line; `aside` is that, where both are."""

    name: str
    type: TypeNode
    optional: bool = False
    comment: str = ""
    aside: str = ""
    line: int = 0


@dataclass(frozen=True)
class Body:
    """An object type. `index` is the key's and the value's type of an index signature."""

    members: tuple[Member, ...] = ()
    index: tuple[TypeNode, TypeNode] | None = None


TypeNode = Ref | Value | Several | ListOf | Row | Lookup | KeysOf | TypeOf | Mapped | Odd | Body


@dataclass(frozen=True)
class Declaration:
    """An interface, a class or a type alias, whose type is `type`; what it extends comes first in it."""

    name: str
    type: TypeNode
    params: tuple[str, ...] = ()
    defaults: tuple[TypeNode | None, ...] = ()
    kind: str = "interface"
    exported: bool = False
    comment: str = ""
    line: int = 0


@dataclass(frozen=True)
class Enum:
    """An enum: its members' names and values, in order; None for a value that is computed."""

    name: str
    members: tuple[tuple[str, Literal | None], ...]
    line: int = 0


@dataclass(frozen=True)
class Named:
    """A value that is another one's name: `ClickHouseEngines.MergeTree`, `targetTable`."""

    path: tuple[str, ...]


@dataclass(frozen=True)
class Unknown:
    """A value that is known only when the program runs."""

    text: str


@dataclass(frozen=True)
class Call:
    """`new OlapTable<T>("name", {...})`: the class, its type argument, its arguments' values, and where it stands."""

    name: str
    type: TypeNode | None
    args: tuple[object, ...]
    line: int
    assigned: str = ""


@dataclass
class Module:
    """One file: what it declares, imports and exports.

    imports: local names → (the module's words, the name there; "*" for all of it). reexports: (words, names there by
    names here; None for all). values: constants. setups: `DataModelConfig<T>` constants by T's name. default: the
    default export's name. faulty: the line of the first syntax error; 0 where there is none.
    """

    path: Path
    file: str
    types: dict[str, Declaration | Enum] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    reexports: list[tuple[str, Mapping[str, str] | None]] = field(default_factory=list)
    # Constants count, since engines, sorting keys and lists of literals are often written as one.
    values: dict[str, object] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    setups: dict[str, object] = field(default_factory=dict)
    default: str = ""
    faulty: int = 0
