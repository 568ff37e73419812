"""Which schemas of a document are entities: records with a key of their own; not parts, wrappers and messages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sdgen.inference.names import entity_name, singular, snake
from sdgen.readers.jsonschema.references import References, SchemaNode, Unresolved

KEY_WORDS = ("id", "uuid", "guid", "sid", "uid", "gid")
_MOST_DEPTH = 8
# What APIs call the same record when it is sent, listed or shortened.
_VARIANT = re.compile(
    r"^(?:nullable|minimal|simple|basic|full|short|partial|new|create|update|patch|delete|upsert|replace|edit|put|post|batch|"
    r"bulk|webhooks?|deleted|paginated|list|base|public|private|raw|get)_+|"
    r"_+(?:request|response|input|output|params|payload|list|page|collection|results?|item|summary|details?|full|simple|basic|"
    r"base|in|out|read|write|create|update|patch|dto|view|model|body|data|resource|object|public|private|with_.*|[0-9]+|v[0-9]+)$"
)
_MESSAGE = re.compile(r"(?:^|_)(?:errors?|exception|problem|pagination|request|links?|meta|metadata|error_.*)$")
_WRAPPED = ("items", "data", "results", "records", "values", "value", "content", "entries", "list", "hits", "edges")


@dataclass(frozen=True)
class Candidate:
    """A schema of records: the name it goes by, where it stands, its fields' names, and the one that is its key."""

    name: str
    place: SchemaNode
    fields: tuple[str, ...]
    key: str = ""

    @property
    def called(self) -> str:
        """Its name as names are compared: the last part, in snake_case, in the singular."""
        return entity_name(_last(self.name), {})


@dataclass(frozen=True)
class Chosen:
    """The entities of a document, by the names they get, and the records that were left out."""

    entities: Mapping[str, Candidate]
    left_out: tuple[Candidate, ...]


def candidates(references: References, places: Iterable[tuple[str, SchemaNode]]) -> list[Candidate]:
    """The schemas, among those named, that are of records."""
    found = []
    for name, place in places:
        fields = tuple(dict.fromkeys(fields_of(references, place)))
        if fields:
            found.append(Candidate(name, place, fields, key_of(name, fields)))
    return found


def fields_of(references: References, place: SchemaNode, depth: int = 0) -> Iterator[str]:
    """The names of a schema's fields, those of schemas it is made of included."""
    value = place.value
    if not isinstance(value, dict) or depth > _MOST_DEPTH:
        return
    if isinstance(value.get("$ref"), str):
        try:
            yield from fields_of(references, references.target(place, value["$ref"]), depth + 1)
        except Unresolved:
            return
    if isinstance(value.get("properties"), dict):
        yield from map(str, value["properties"])
    for key in ("allOf", "oneOf", "anyOf"):
        listed = value.get(key)
        # allOf is one record in parts; alternatives of alternatives would gather the fields of half the document.
        if isinstance(listed, list) and not (key != "allOf" and depth > 2):
            for index in range(min(len(listed), 40)):
                yield from fields_of(references, place.child(key, index), depth + 1)


def key_of(name: str, fields: Sequence[str]) -> str:
    """The field that names a record: id, or the schema's own name and id; "" where there is none."""
    # Reversed, so that of two spellings of one name the first field stays.
    spelled = {snake(each): each for each in reversed(fields)}
    own = entity_name(_last(name), {})
    for word in KEY_WORDS:
        for form in (word, f"{own}_{word}", f"{own.rpartition('_')[2]}_{word}"):
            if form in spelled:
                return spelled[form]
    return ""


def choose(found: Sequence[Candidate]) -> Chosen:
    """Those with a key; where none has one, those that no other refers to. Of variants of one record, one."""
    # A union of entities is none itself: its rows are those of its kinds.
    found = [each for each in found if not is_one_of(each, found)] or found
    keyed = [each for each in found if each.key and not _MESSAGE.search(each.called)]
    chosen = _without_variants(keyed) if keyed else _roots(found)
    entities = named(chosen)
    kept = {id(each) for each in chosen}
    return Chosen(entities, tuple(each for each in found if id(each) not in kept))


def is_one_of(each: Candidate, found: Sequence[Candidate]) -> bool:
    """Whether a schema only says that a record is one of others that are records by themselves."""
    value = each.place.value
    if not isinstance(value, dict):
        return False
    # The base of kinds that a discriminator tells apart: a kind has it in its allOf.
    if "discriminator" in value and "properties" in value and each.place.path:
        bases = {str(part.get("$ref")) for other in found if other.key for part in _all_of(other.place.value)}
        return any(base.rpartition("/")[2] == str(each.place.path[-1]) for base in bases)
    if {"properties", "allOf", "$ref"} & value.keys():
        return False
    kinds = [kind for key in ("oneOf", "anyOf") if isinstance(listed := value.get(key), list) for kind in listed]
    keyed = {str(other.place.path[-1]) for other in found if other.key and other is not each and other.place.path}
    targets = [str(kind.get("$ref", "")).rpartition("/")[2] if isinstance(kind, dict) else "" for kind in kinds]
    return bool(targets) and set(targets) <= keyed


def _all_of(value: Any) -> list[dict[str, Any]]:
    listed = value.get("allOf") if isinstance(value, dict) else None
    return [part for part in listed if isinstance(part, dict)] if isinstance(listed, list) else []


def _without_variants(found: Sequence[Candidate]) -> list[Candidate]:
    """One schema of each record: that by the plain name, or else the one with most fields."""
    groups: dict[str, list[Candidate]] = {}
    for each in found:
        groups.setdefault(_plain_name(each.name), []).append(each)
    kept = {id(max(group, key=lambda each: _rank(each, name))) for name, group in groups.items()}
    return [each for each in found if id(each) in kept]


def _rank(each: Candidate, name: str) -> tuple[bool, int]:
    return snake(_last(each.name)) == name, len(each.fields)


def _plain_name(name: str) -> str:
    """A name without what makes it a variant; whole paths stay apart."""
    head, dot, last = name.rpartition(".")
    word, before = snake(last), ""
    # Words are taken off until none is left: `create_user_request_body` is a user.
    while word != before:
        word, before = _VARIANT.sub("", word), word
    return f"{head}{dot}{singular(word or snake(last))}"


def _roots(found: Sequence[Candidate]) -> list[Candidate]:
    """Schemas that no other refers to, wrappers and messages left out; all of them where that leaves none."""
    sound = [each for each in found if not _is_wrapper(each) and not _MESSAGE.search(each.called)]
    inside = {target for each in sound for target in _references_in(each.place.value)}
    roots = [each for each in sound if each.place.path[-1:] == () or str(each.place.path[-1]) not in inside]
    return roots or sound or list(found)


def _is_wrapper(each: Candidate) -> bool:
    """Whether a schema only carries a list of others: a page of results."""
    properties = each.place.value.get("properties") if isinstance(each.place.value, dict) else None
    for name in _WRAPPED:
        inner = properties.get(name) if isinstance(properties, dict) else None
        if isinstance(inner, dict) and inner.get("type") == "array":
            return len(each.fields) <= 8
    return False


def _references_in(value: Any) -> Iterator[str]:
    """The last words of all references in a schema."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            reference = each.get("$ref")
            if isinstance(reference, str):
                yield reference.rpartition("/")[2]
            waiting += [inner for inner in each.values() if isinstance(inner, dict | list)]
        elif isinstance(each, list):
            waiting += [inner for inner in each if isinstance(inner, dict | list)]


def _last(name: str) -> str:
    return name.rpartition(".")[2] or name


def named(found: Sequence[Candidate]) -> dict[str, Candidate]:
    """Entities by name: the last part of a dotted name, with as many before it as tell it from the others."""
    parts = [[part for part in re.split(r"[.]", each.name) if part] or ["entity"] for each in found]
    names: dict[str, Candidate] = {}
    taken: set[str] = set()
    for each, own in zip(found, parts, strict=True):
        size = 1
        while size < len(own) and _shared(own, parts, size):
            size += 1
        name = re.sub(r"[^\w-]+", "_", "_".join(own[-size:])).strip("_") or "entity"
        number, new = 2, name
        # Databases and file systems take names that differ in case alone for the same.
        while new.lower() in taken:
            new, number = f"{name}_{number}", number + 1
        taken.add(new.lower())
        names[new] = each
    return names


def _shared(own: list[str], parts: list[list[str]], size: int) -> bool:
    return Counter(tuple(each[-size:]) for each in parts)[tuple(own[-size:])] > 1
