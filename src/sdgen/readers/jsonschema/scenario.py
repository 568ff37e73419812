"""Entities of JSON Schemas → scenario: a column for each property, keys, and links that the names of columns tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sdgen.errors import Path, Problem
from sdgen.inference.names import snake
from sdgen.readers.feasibility import chosen_generators, feasible
from sdgen.readers.jsonschema.columns import Property, distinct_names, read_property
from sdgen.readers.jsonschema.entities import KEY_WORDS, Candidate
from sdgen.readers.jsonschema.expand import Cut, Expansion
from sdgen.readers.jsonschema.references import Place, References, Unresolved
from sdgen.readers.jsonschema.shapes import shape_of
from sdgen.readers.sql.defaults import weighed
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Origin, RowCount, Scenario
from sdgen.scenario.types import INTEGERS, parse_type

_NAMED_AT_MOST = 12


@dataclass
class Draft:
    """An entity in the making. linked: the records that columns said they may hold instead of a key."""

    name: str
    candidate: Candidate
    description: str
    columns: dict[str, Column] = field(default_factory=dict)
    linked: dict[str, Place] = field(default_factory=dict)
    key: str = ""
    defaults: dict[str, object] = field(default_factory=dict)


@dataclass
class Reading:
    """What is told of the columns read so far, and where they stand."""

    notes: list[Problem] = field(default_factory=list)
    positions: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def tell(self, path: Path, what: str, place: Place, hint: str = "") -> None:
        self.notes.append(Problem(path, what, hint, place.file, *place.line))


def scenario_of(
    name: str, references: References, entities: Mapping[str, Candidate], rows: int, left_out: Sequence[Candidate] = ()
) -> Scenario:
    """The scenario of the chosen schemas; what is left out is told."""
    reading = Reading()
    drafts = {name: _draft(references, name, each, reading) for name, each in entities.items()}
    drafts = {name: draft for name, draft in drafts.items() if _has_columns(draft, reading)}
    _set_links(drafts, reading)
    if left_out:
        shown = ", ".join(each.name for each in left_out[:_NAMED_AT_MOST])
        more = f" and {len(left_out) - _NAMED_AT_MOST} more" if len(left_out) > _NAMED_AT_MOST else ""
        what = f"left out, being parts, messages or variants of others: {shown}{more}"
        reading.tell((), what, Place(references.first, references.first.file, (), None))
    found = Scenario(name=name, entities={name: _entity(draft, rows) for name, draft in drafts.items()})
    origin = Origin(references.first.file, reading.positions)
    defaults = {(name, key): value for name, draft in drafts.items() for key, value in draft.defaults.items()}
    return feasible(hinted(found.read_from(origin, reading.notes), defaults))


def _entity(draft: Draft, rows: int) -> Entity:
    return Entity(description=draft.description, rows=RowCount(count=rows), columns=draft.columns)


def _has_columns(draft: Draft, reading: Reading) -> bool:
    if not draft.columns:
        reading.tell(("entities", draft.name), "left out: nothing of it can be filled", draft.candidate.place)
    return bool(draft.columns)


def _draft(references: References, name: str, candidate: Candidate, reading: Reading) -> Draft:
    place = candidate.place
    reading.positions["entities", name] = place.line
    whole = shape_of(_without_properties(references, place))
    draft = Draft(name, candidate, whole.description[:300])
    properties = _properties(references, place)
    required = whole.required
    names = distinct_names(properties)
    for old, each in properties.items():
        _column(references, draft, names[old], each, old in required, reading)
    return draft


def _without_properties(references: References, place: Place) -> object:
    """The schema with all that says which properties are required, but with nothing of what they are."""
    value = place.value
    if not isinstance(value, dict):
        return {}
    found = {key: each for key, each in value.items() if key in ("required", "description", "title")}
    for key in ("allOf", "$ref"):
        for part in _parts(references, place, key):
            inner = shape_of(_without_properties(references, part))
            found["required"] = [*inner.required, *(found.get("required") or [])]
            found.setdefault("description", inner.description)
    return {**found, "type": "object"}


def _properties(references: References, place: Place, depth: int = 0) -> dict[str, Place]:
    """The properties of a schema and of all that it is made of, by name; its own go first."""
    value = place.value
    if not isinstance(value, dict) or depth > 8:
        return {}
    found: dict[str, Place] = {}
    for key in ("$ref", "allOf", "oneOf", "anyOf"):
        for part in _parts(references, place, key):
            found |= {
                name: each for name, each in _properties(references, part, depth + 1).items() if name not in found
            }
    own = value.get("properties")
    if isinstance(own, dict):
        found |= {str(name): place.child("properties", name) for name in own}
    return found


def _parts(references: References, place: Place, key: str) -> list[Place]:
    value = place.value.get(key)
    if key == "$ref" and isinstance(value, str):
        try:
            return [references.target(place, value)]
        except Unresolved:
            return []
    return [place.child(key, index) for index in range(min(len(value), 40))] if isinstance(value, list) else []


def _column(references: References, draft: Draft, name: str, place: Place, required: bool, reading: Reading) -> None:
    path: Path = ("entities", draft.name, "columns", name)
    reading.positions[path] = place.line
    expansion = Expansion(references, trail=[draft.candidate.place])
    try:
        schema = expansion.of(place)
    except Cut:
        reading.tell(path, f"the column is left out: {'; '.join(expansion.told)}", place)
        return
    key = str(place.path[-1]) == draft.candidate.key
    column, told = read_property(Property(name, schema, required, key, place.path))
    for what in expansion.told:
        reading.tell(path, what, place)
    for each in told:
        inner = ".".join(str(part) for part in each.place[len(place.path) :] if part != "properties")
        reading.tell(path, f"{inner}: {each.what}" if inner else each.what, place)
    if key:
        column, draft.key = column.model_copy(update={"primary_key": True, "nullable": None, "null_rate": None}), name
    if expansion.linked is not None:
        draft.linked[name] = expansion.linked
    draft.columns[name] = column
    default = schema.get("default") if isinstance(schema, dict) else None
    if isinstance(default, str | int):
        draft.defaults[name] = default


def _set_links(drafts: Mapping[str, Draft], reading: Reading) -> None:
    """Links that schemas tell, then those by whole names, then those by the ends of names; none closes a circle."""
    found = [one for draft in drafts.values() for one in _links(draft, drafts)]
    parents: dict[str, set[str]] = {}
    for rank in (0, 1, 2):
        for own, name, parent in [(own, name, parent) for each, own, name, parent in found if each == rank]:
            link = link_to(own.columns[name], own, parent)
            if link is None:
                continue
            path: Path = ("entities", own.name, "columns", name)
            goal = f"{parent.name}.{parent.key}"
            if closes_a_circle(own.name, parent.name, parents):
                what = f"no link to {goal}: it would close a circle of entities"
            else:
                parents.setdefault(own.name, set()).add(parent.name)
                own.columns[name] = link
                what = f"a link to {goal}, by its {'name' if rank else 'schema'}"
            reading.notes.append(Problem(path, what, "", own.candidate.place.file, *reading.positions[path]))


def _links(draft: Draft, drafts: Mapping[str, Draft]) -> Iterator[tuple[int, Draft, str, Draft]]:
    """What the columns of an entity may link to, and how that is known: 0 by the schema, 1 and 2 by the name."""
    for name, column in draft.columns.items():
        if column.primary_key or (column.generator is not None and column.generator.type in ("choice", "const")):
            continue
        said = draft.linked.get(name)
        parent = _at(said, drafts.values()) if said is not None else link_by_name(name, draft, drafts)
        if parent is not None:
            whole = snake(name).startswith(parent.candidate.called) or parent is draft
            yield 0 if said is not None else 1 if whole else 2, draft, name, parent


def _at(place: Place, drafts: Iterable[Draft]) -> Draft | None:
    return next((each for each in drafts if each.candidate.place == place), None)


_SELVES = ("parent", "reply_to", "in_reply_to", "previous")


def link_by_name(name: str, own: Draft, drafts: Mapping[str, Draft]) -> Draft | None:
    """The entity that a column's name speaks of: `billing_customer_id` of customers; None where of none."""
    head, _, word = snake(name).rpartition("_")
    if word not in KEY_WORDS or not head:
        return None
    if head in _SELVES:
        return own if own.key else None
    called = {each.candidate.called: each for each in drafts.values() if each.key}
    words = head.split("_")
    for start in range(len(words)):
        found = called.get("_".join(words[start:]))
        if found is not None and snake(found.key).rpartition("_")[2] in (word, "id"):
            return found
    return None


def closes_a_circle(own: str, parent: str, parents: Mapping[str, set[str]]) -> bool:
    """Whether an entity's link to a parent would lead back to it; a link to itself is a tree, and no circle."""
    waiting, seen = [parent], {parent}
    while waiting and own != parent:
        for each in parents.get(waiting.pop(), ()):
            if each == own:
                return True
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return False


def link_to(column: Column, own: Draft, parent: Draft) -> Column | None:
    """The column as a link to a parent's key; None where their types differ, or where no first row could be made."""
    key = parent.columns.get(parent.key)
    if key is None or (parent is own and not column.nullable):
        return None
    kinds = {parse_type(column.type).kind, parse_type(key.type).kind}
    if len(kinds) > 1 and not kinds <= INTEGERS and not kinds <= {"text", "string", "uuid"}:
        return None
    generator = GeneratorSpec(type="fk", params={"entity": parent.name, "column": parent.key})
    rate = column.null_rate if column.nullable else None
    return column.model_copy(update={"type": key.type, "generator": generator, "null_rate": rate})


Defaults = Mapping[tuple[str, str], object]


def hinted(scenario: Scenario, defaults: Defaults) -> Scenario:
    """The scenario with defaults, by entity and column, weighing on columns that have no generator yet."""
    wanted = {key: value for key, value in defaults.items() if _open(scenario, key)}
    if not wanted:
        return scenario
    generators = chosen_generators(scenario)
    entities = dict(scenario.entities)
    for (entity, name), value in wanted.items():
        column = entities[entity].columns[name]
        default = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
        spec = weighed(parse_type(column.type), None, generators.get((entity, name)), default)  # type: ignore[arg-type]
        if spec is not None:
            columns = {**entities[entity].columns, name: column.model_copy(update={"generator": spec})}
            entities[entity] = entities[entity].model_copy(update={"columns": columns})
    return scenario.model_copy(update={"entities": entities}).read_from(scenario.origin, scenario.notes)


def _open(scenario: Scenario, key: tuple[str, str]) -> bool:
    column: Column | None = scenario.entities[key[0]].columns.get(key[1]) if key[0] in scenario.entities else None
    return column is not None and column.generator is None and not column.primary_key
