"""A table's ClickHouse engine, as its config has it: the words of its DDL, what it asks of the rows, and their keys.

Models declare neither outright which columns tell rows apart nor which refer to rows of other tables: sorting keys and
names do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sdgen.readers.moose.click_type import ClickType, quoted
from sdgen.readers.moose.shapes import MooseTable, singular, stem, unknown_text, words_of
from sdgen.scenario.types import INTEGERS

MERGE_TREE = "MergeTree"
# Engines that hold no rows of their own, and why.
WITHOUT_ROWS: Mapping[str, str] = {
    "S3Queue": "reads its rows from files in S3",
    "Kafka": "reads its rows from a topic",
    "Merge": "shows the rows of other tables",
    "Buffer": "passes its rows on to another table",
    "Distributed": "passes its rows on to other servers",
    "IcebergS3": "shows the rows of an Iceberg table",
}
_COLLAPSES = ("Replacing", "Collapsing", "Summing", "Aggregating")


@dataclass(frozen=True)
class Engine:
    """A table's engine.

    order_by: the sorting key's columns, or its expression. sign, version, deleted: the columns with these roles.
    collapses: rows of equal sorting keys become one. null_keys: columns of the sorting key may be null.
    """

    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    order_by: tuple[str, ...] = ()
    sign: str = ""
    version: str = ""
    deleted: str = ""
    collapses: bool = False
    null_keys: bool = False


def engine_of(table: MooseTable, keys: tuple[str, ...]) -> Engine:
    """The engine of a table whose Key columns are `keys`."""
    name, params = _named(table.config)
    columns, expression = _texts(table.config.get("order_by_fields")), table.config.get("order_by_expression")
    facts: dict[str, Any] = {"engine": _spelled(name, params)}
    if isinstance(expression, str):
        columns, facts["order_by"] = _plain_columns(expression), expression
    else:
        columns = columns or keys
        # MergeTree has to be told a sorting key, be it an empty one.
        facts["order_by"] = list(columns) or "tuple()"
    facts.update(_others(table.config))
    settings = facts.get("settings", {})
    return Engine(
        name=name,
        facts=facts,
        order_by=columns,
        sign=_text(params.get("sign")),
        version=_text(params.get("ver")),
        deleted=_text(params.get("is_deleted")),
        collapses=any(word in name for word in _COLLAPSES),
        null_keys=str(settings.get("allow_nullable_key", "0")) in ("1", "true", "True"),
    )


def _named(config: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The engine's name and its params, which stand beside it or, in Python, in its call."""
    engine = config.get("engine")
    if isinstance(engine, Mapping):
        return str(engine.get("name", MERGE_TREE)), {**config, **engine}
    text = engine if isinstance(engine, str) else unknown_text(engine).rpartition(".")[2]
    # `deduplicate: true` is how older versions of Moose ask for this engine.
    if not text and config.get("deduplicate") is True:
        return "ReplacingMergeTree", config
    name = text.removesuffix("Engine")
    return name if is_engine(name) else MERGE_TREE, config


def is_engine(name: str) -> bool:
    """Whether ClickHouse has an engine of this name, as far as Moose knows."""
    return name.endswith(MERGE_TREE) or name == "S3" or name in WITHOUT_ROWS


def _spelled(name: str, params: Mapping[str, Any]) -> str:
    """The engine with its params, as CREATE TABLE has it."""
    given = _given(name, params)
    if name.startswith("Replicated"):
        place = [params.get("keeper_path"), params.get("replica_name")]
        given = [*(quoted(text) for text in place if isinstance(text, str)), *given]
    return f"{name}({', '.join(given)})" if given else name


def _given(name: str, params: Mapping[str, Any]) -> list[str]:
    family = name.removeprefix("Replicated")
    if family == "S3":
        place, form = _text(params.get("path")), _text(params.get("format"))
        # Keys to a bucket never go into a scenario: without any in the model, the bucket is taken for a public one.
        unsigned = [] if "aws_access_key_id" in params else ["NOSIGN"]
        return [quoted(place), *unsigned, *([quoted(form)] if form else [])] if place else []
    if family == "SummingMergeTree":
        columns = _texts(params.get("columns"))
        return [f"({', '.join(columns)})" if len(columns) > 1 else columns[0]] if columns else []
    wanted = {
        "ReplacingMergeTree": ("ver", "is_deleted"),
        "CollapsingMergeTree": ("sign",),
        "VersionedCollapsingMergeTree": ("sign", "ver"),
    }.get(family, ())
    return [text for key in wanted if (text := _text(params.get(key)))]


_CLAUSES = {
    "partition_by": "partition_by",
    "primary_key_expression": "primary_key",
    "sample_by_expression": "sample_by",
    "ttl": "ttl",
}


def _others(config: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {ours: config[key] for key, ours in _CLAUSES.items() if _text(config.get(key))}
    settings = config.get("settings")
    if isinstance(settings, Mapping):
        plain = {key: value for key, value in settings.items() if isinstance(value, str | int | float)}
        found.update({"settings": plain} if plain else {})
    indexes = {each["name"]: _index(each) for each in _records(config, "indexes", "expression")}
    projections = {each["name"]: _bracketed(each["body"]) for each in _records(config, "projections", "body")}
    named = {"indexes": indexes, "projections": projections}
    return {**found, **{key: value for key, value in named.items() if value}}


def _bracketed(query: str) -> str:
    return query if query.strip().startswith("(") else f"({query})"


def _index(index: Mapping[str, Any]) -> str:
    args = ", ".join(str(each) for each in index.get("arguments") or () if isinstance(each, str | int | float))
    kind = str(index.get("type", "minmax")) + (f"({args})" if args else "")
    granularity = index.get("granularity")
    return f"{index['expression']} TYPE {kind}" + (
        f" GRANULARITY {granularity}" if isinstance(granularity, int) else ""
    )


def _records(config: Mapping[str, Any], key: str, needed: str) -> Iterable[Mapping[str, Any]]:
    """The records of a list that have a name, and a text under `needed`."""
    value = config.get(key)
    items = value if isinstance(value, list | tuple) else ()
    return [each for each in items if isinstance(each, Mapping) and _text(each.get("name")) and _text(each.get(needed))]


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list | tuple) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _plain_columns(expression: str) -> tuple[str, ...]:
    """The columns of an expression that is a list of names; () where it computes anything."""
    inner = expression.strip()
    inner = inner[1:-1] if inner.startswith("(") and inner.endswith(")") else inner
    names = tuple(name.strip(" `") for name in inner.split(",") if name.strip())
    return names if all(name.replace("_", "a").isalnum() for name in names) else ()


_IDS = frozenset({"id", "uuid", "guid", "key", "sku", "code"})
_TELLING = frozenset({"text", "string", "uuid", "double", "decimal", "date", "timestamp"}) | INTEGERS


@dataclass(frozen=True)
class Keyed:
    """A table with what is known of its columns."""

    entity: str
    columns: Mapping[str, ClickType]
    keys: tuple[str, ...]
    engine: Engine

    @property
    def stems(self) -> tuple[str, ...]:
        """The names its rows may go by: `ImagesAnalytical` holds images."""
        return ("_".join(stem(self.entity)), singular(words_of(self.entity)[0] if words_of(self.entity) else ""))


def primary_key(table: Keyed) -> tuple[str, ...]:
    """The columns declared as Key; else the id of the table's own rows, in the sorting key or in the first place."""
    keys = tuple(name for name in table.keys if _tells(table.columns.get(name)))
    if keys:
        return keys
    # The sorting key names what rows are found by; without one, the id stands first by habit.
    places = [name for name in table.engine.order_by if name in table.columns] or list(table.columns)[:1]
    own = [name for name in places if _tells(table.columns[name]) and _is_own(table, name)]
    return tuple(own[:1])


def _tells(type: ClickType | None) -> bool:
    return type is not None and type.type.kind in _TELLING and not type.values


def _is_own(table: Keyed, name: str) -> bool:
    words = words_of(name)
    if words in (("id",), ("uuid",), ("guid",)):
        return True
    return len(words) > 1 and words[-1] in _IDS and "_".join(words[:-1]) in table.stems


# What a comment says of a link: `Foreign key to transactions.transactionId`, `references accounts(id)`, `→ Shop`.
_SAID = re.compile(
    r"(?:\b(?P<sure>foreign[ -]?key|fk)\b|→|->|=>|(?P<verb>\b(?:references?|refers|links?|points?|joins?)\b))"
    r"[^\w`'\"\n{.]*(?:\b(?:to|of|for|on|into|with|from|in)\b)?[\s:`'\"→>-]*(?:\{@link\s+)?(?:the\s+)?`?"
    r"(?P<table>\w+(?:\.\w+(?=[.(#]))?)`?"
    r"(?:\s*(?:[.(#]|'s\s|::)\s*`?(?P<column>\w+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class TableNames:
    """Entities by all they go by: exactly, then by what their names say that they hold, in singular or plural."""

    exact: Mapping[str, str]
    stems: Mapping[tuple[str, ...], str]

    @classmethod
    def of(cls, names: Mapping[str, Iterable[str]]) -> TableNames:
        """Of each entity's names; one that two entities could go by is nobody's."""
        exact: dict[str, set[str]] = {}
        stems: dict[tuple[str, ...], set[str]] = {}
        for entity, words in names.items():
            for word in (entity, *words):
                exact.setdefault(word.lower(), set()).add(entity)
                stems.setdefault(stem(word), set()).add(entity)
        return cls(_unambiguous(exact), _unambiguous(stems))

    def entity(self, word: str) -> str:
        """The entity of a name; "" where there is none."""
        return self.exact.get(word.lower()) or self.stems.get(stem(word)) or ""


_Key = TypeVar("_Key")


def _unambiguous(found: Mapping[_Key, set[str]]) -> dict[_Key, str]:
    return {key: next(iter(entities)) for key, entities in found.items() if len(entities) == 1}


def commented_links(
    tables: Sequence[Keyed], names: TableNames, comments: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], tuple[str, str]]:
    """(entity, column) → (parent, its column), where a column's comment says so."""
    known = {table.entity: table for table in tables}
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for (entity, column), comment in comments.items():
        for parent, key in goals_of(comment, names, known):
            other = (parent.entity, key) != (entity, column)
            if other and _alike(known[entity].columns[column], parent.columns[key]):
                found.setdefault((entity, column), (parent.entity, key))
    return found


def goals_of(comment: str, names: TableNames, known: Mapping[str, Keyed]) -> Iterator[tuple[Keyed, str]]:
    """The tables and keys that a comment tells of as those of a link."""
    for match in _SAID.finditer(comment):
        parent = known.get(names.entity(match["table"]))
        key = _named_key(parent, match) if parent is not None else ""
        if parent is not None and key:
            yield parent, key


def _named_key(parent: Keyed, match: re.Match[str]) -> str:
    """The parent's column that a comment names, in any spelling; its key, where it names none or says `id`."""
    words = words_of(match["column"] or "")
    spelled = next((name for name in parent.columns if name == match["column"]), "")
    spelled = spelled or next((name for name in parent.columns if words and words_of(name) == words), "")
    if spelled:
        return spelled
    if words and words[-1] not in _IDS and match["verb"]:
        return ""  # `references the orders of a day` names no column
    key = primary_key(parent)
    # "References" inside a sentence is an ordinary word; only at its start does it tell of a key.
    return key[0] if len(key) == 1 and (not match["verb"] or match.start() == 0) else ""


def unique_rows(table: Keyed, primary: tuple[str, ...]) -> tuple[str, ...]:
    """The sorting key of an engine that makes rows of equal keys one, where nothing in it is unique by itself."""
    order = tuple(dict.fromkeys(name for name in table.engine.order_by if name in table.columns))
    if not table.engine.collapses or len(order) < len(set(table.engine.order_by)) or not order:
        return ()
    # A key in the sorting key makes it unique already.
    if set(primary) & set(order) or any(
        table.columns[name].type.kind not in _TELLING | {"bool", "enum"} for name in order
    ):
        return ()
    return order


def links(tables: Sequence[Keyed], primaries: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, str], tuple[str, str]]:
    """(entity, column) → (parent, its key): a column named after another table's rows, or exactly as its key."""
    parents = _parents(tables, primaries)
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for table in tables:
        for name, type in table.columns.items():
            if (name,) == primaries[table.entity] or type.values:
                continue
            parent = _parent(table, name, parents)
            if parent is not None and _alike(type, parent[2]):
                found[table.entity, name] = parent[:2]
    return found


Parent = tuple[str, str, ClickType]


def _parents(tables: Sequence[Keyed], primaries: Mapping[str, tuple[str, ...]]) -> dict[str, Parent | None]:
    """By the name a row goes by: the entity, its key and that key's type; None where several tables could be meant."""
    found: dict[str, Parent | None] = {}
    for table in tables:
        key = primaries[table.entity]
        if len(key) != 1:
            continue
        name = table.stems[0]
        parent = (table.entity, key[0], table.columns[key[0]])
        found[name] = _chosen(found[name], parent) if name in found else parent
    return found


def _chosen(one: Parent | None, other: Parent) -> Parent | None:
    """Of two tables of the same things, the dimension is meant."""
    dimensions = [each for each in (one, other) if each is not None and {"dim", "dimension"} & set(words_of(each[0]))]
    return dimensions[0] if len(dimensions) == 1 else None


def _parent(table: Keyed, name: str, parents: Mapping[str, Parent | None]) -> Parent | None:
    """`customer_id`, `customerId`, `product_sku`; not where the parent's key has another word at its end."""
    words = words_of(name)
    if len(words) < 2 or words[-1] not in _IDS:
        return None
    parent = parents.get("_".join(words[:-1]))
    if parent is None or (parent[0] == table.entity):
        return None
    last = words_of(parent[1])[-1:]  # () of a key called `_`
    return parent if last == words[-1:] or words[-1] == "id" else None


def _alike(one: ClickType, other: ClickType) -> bool:
    kinds = {one.type.kind, other.type.kind}
    return len(kinds) == 1 or kinds <= {"text", "string"} or kinds <= {"double", *INTEGERS}
