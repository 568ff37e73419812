"""Entities of JSON Schemas → scenario: a column for each property, keys, and links that the names of columns tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from sdgen.errors import Path, Problem
from sdgen.inference.names import snake
from sdgen.readers.base import ROWS
from sdgen.readers.drafts import ColumnDraft, EntityDraft, ScenarioDraft
from sdgen.readers.feasibility import chosen_generators, feasible
from sdgen.readers.jsonschema.branches import branches, has_conditions
from sdgen.readers.jsonschema.columns import Note, Property, distinct_names, read_property
from sdgen.readers.jsonschema.entities import KEY_WORDS, Candidate
from sdgen.readers.jsonschema.expand import Cut, Expansion, empty_value
from sdgen.readers.jsonschema.keywords import FORBIDDEN, Schema
from sdgen.readers.jsonschema.references import References, SchemaNode, Unresolved
from sdgen.readers.jsonschema.shapes import shape_of
from sdgen.readers.jsonschema.validity import BranchColumn, branch_column, branched, broken
from sdgen.readers.shaping import shaped
from sdgen.readers.sql.defaults import weighed
from sdgen.scenario.model import RowCount, Scenario
from sdgen.scenario.problems import Origin
from sdgen.scenario.types import INTEGERS

_NAMED_AT_MOST = 12
_MOST_SCHEMAS = 10_000  # of one record, where its conditions are looked at


@dataclass
class RecordDraft(EntityDraft):
    """An entity in the making, of a schema of records.

    linked: the records that columns said they may hold instead of a key. defaults: of columns, as the schema has them.
    properties: what columns that are the same in all rows are read from.
    """

    candidate: Candidate = field(kw_only=True)
    linked: dict[str, SchemaNode] = field(default_factory=dict)
    key: str = ""
    defaults: dict[str, str | int] = field(default_factory=dict)
    properties: dict[str, Property] = field(default_factory=dict)


Entities = Mapping[str, RecordDraft]


@dataclass
class Notes:
    """What is told of the columns read so far, and where they stand."""

    notes: list[Problem] = field(default_factory=list)
    positions: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def tell(self, path: Path, what: str, node: SchemaNode, hint: str = "") -> None:
        self.notes.append(Problem(path, what, hint, node.file, *node.line))


def scenario_of(
    name: str,
    references: References,
    entities: Mapping[str, Candidate],
    rows: int | None,
    left_out: Sequence[Candidate] = (),
) -> Scenario:
    """The scenario of the chosen schemas, `rows` rows each or those of its shape; what is left out is told."""
    notes = Notes()
    drafts = {
        name: _draft(references, name, each, ROWS if rows is None else rows, notes) for name, each in entities.items()
    }
    # Before links are set, so that none leads to an entity that is left out.
    drafts = {name: draft for name, draft in drafts.items() if _has_columns(draft, notes)}
    _set_links(drafts, notes)
    if left_out:
        shown = ", ".join(each.name for each in left_out[:_NAMED_AT_MOST])
        more = f" and {len(left_out) - _NAMED_AT_MOST} more" if len(left_out) > _NAMED_AT_MOST else ""
        what = f"left out, being parts, messages or variants of others: {shown}{more}"
        notes.tell((), what, references.root())
    origin = Origin(references.first.file, notes.positions)
    # Hints first: they are lost with the generator where a column has to give way.
    whole = feasible(_hinted(ScenarioDraft(name, drafts, notes.notes).build(origin), drafts))
    return shaped(_valid(whole, drafts), rows)


def _valid(scenario: Scenario, drafts: Entities) -> Scenario:
    """The scenario with the columns whose values break their schemas read to the letter; what is broken still, told."""
    schemas = {
        (entity, name): one.schema
        for entity, draft in drafts.items()
        for name, one in draft.properties.items()
        if name in scenario.entities[entity].columns and not draft.columns[name].is_link
    }
    # Names give more natural values than limits do; only where these break the schema is it read to the letter.
    found = broken(scenario, schemas, margin=1)
    if not found:
        return scenario
    entities = dict(scenario.entities)
    for entity, name in found:
        own, column = drafts[entity], entities[entity].columns[name]
        exact = read_property(replace(own.properties[name], strict=True))[0]
        update = {"type": str(exact.type), "generator": exact.generator}
        columns = {**entities[entity].columns, name: column.model_copy(update=update)}
        entities[entity] = entities[entity].model_copy(update={"columns": columns})
    exact_one = feasible(scenario.model_copy(update={"entities": entities}).read_from(scenario.origin, scenario.notes))
    notes = list(exact_one.notes)
    for (entity, name), fault in broken(exact_one, {key: schemas[key] for key in found}).items():
        path: Path = ("entities", entity, "columns", name)
        notes.append(exact_one.origin.problem(path, f"some values are not valid: {fault}", "give it a generator"))
    return exact_one.read_from(exact_one.origin, notes)


def _has_columns(draft: RecordDraft, notes: Notes) -> bool:
    if not draft.columns:
        notes.tell(("entities", draft.name), "left out: nothing of it can be filled", draft.candidate.place)
    return bool(draft.columns)


def _draft(references: References, name: str, candidate: Candidate, rows: int, notes: Notes) -> RecordDraft:
    node = candidate.place
    notes.positions["entities", name] = node.line
    whole = shape_of(_without_properties(references, node))
    draft = RecordDraft(name, rows=RowCount(count=rows), description=whole.description[:300], candidate=candidate)
    properties = _properties(references, node)
    kinds = _alternatives(references, node, draft, notes)
    properties = {
        key: each
        for key, each in properties.items()
        if not kinds or any(key not in one.get(FORBIDDEN, ()) for one in kinds)
    }
    names = distinct_names(properties)
    by = branch_column(kinds, names) if len(kinds) > 1 else None
    # First among the columns, since others follow it.
    if by is not None and by.hidden:
        draft.columns[by.name] = by.draft()
    for old, each in properties.items():
        _column(references, draft, names[old], each, _present(old, kinds, whole.required), notes, kinds, by)
    return draft


def _alternatives(references: References, node: SchemaNode, draft: RecordDraft, notes: Notes) -> tuple[Schema, ...]:
    """The alternatives that a schema of records has; () where it has no conditions, or contradicts itself."""
    path: Path = ("entities", draft.name)
    expansion = Expansion(references, trail=[node], most=_MOST_SCHEMAS)
    try:
        schema = expansion.of(node)
    except Cut:
        return ()
    if not has_conditions(schema):
        return ()
    found = branches(schema)
    for what in found.told:
        notes.tell(path, what, node)
    if not found.schemas:
        notes.tell(path, "no record is valid: its conditions contradict each other, and are left out", node)
    return tuple(each for each in found.schemas if _fields(each))


def _fields(schema: Schema) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _differs(name: str, schemas: Sequence[Any], kinds: Sequence[Schema]) -> bool:
    """Whether a field, of these schemas, is not the same in all alternatives."""
    present = {name in (each.get("required") or ()) for each in kinds}
    return bool(schemas) and (
        len(schemas) < len(kinds) or len(present) > 1 or any(each != schemas[0] for each in schemas)
    )


def _present(name: str, kinds: Sequence[Schema], required: Collection[str]) -> bool:
    """Whether every record has a field."""
    return all(name in (each.get("required") or ()) for each in kinds) if kinds else name in required


def _without_properties(references: References, node: SchemaNode) -> object:
    """The schema with all that says which properties are required, but with nothing of what they are."""
    value = node.value
    if not isinstance(value, dict):
        return {}
    found = {key: each for key, each in value.items() if key in ("required", "description", "title")}
    for key in ("allOf", "$ref"):
        for part in _parts(references, node, key):
            inner = shape_of(_without_properties(references, part))
            found["required"] = [*inner.required, *(found.get("required") or [])]
            found.setdefault("description", inner.description)
    return {**found, "type": "object"}


def _properties(references: References, node: SchemaNode, depth: int = 0) -> dict[str, SchemaNode]:
    """The properties of a schema and of all that it is made of, by name; its own go first."""
    value = node.value
    if not isinstance(value, dict) or depth > 8:
        return {}
    found: dict[str, SchemaNode] = {}
    for key in ("$ref", "allOf", "oneOf", "anyOf"):
        for part in _parts(references, node, key):
            found |= {
                name: each for name, each in _properties(references, part, depth + 1).items() if name not in found
            }
    own = value.get("properties")
    if isinstance(own, dict):
        found |= {str(name): node.child("properties", name) for name in own}
    return found


def _parts(references: References, node: SchemaNode, key: str) -> list[SchemaNode]:
    value = node.value.get(key)
    if key == "$ref" and isinstance(value, str):
        try:
            return [references.target(node, value)]
        except Unresolved:
            return []
    return [node.child(key, index) for index in range(min(len(value), 40))] if isinstance(value, list) else []


def _column(
    references: References,
    draft: RecordDraft,
    name: str,
    node: SchemaNode,
    required: bool,
    notes: Notes,
    kinds: Sequence[Schema] = (),
    by: BranchColumn | None = None,
) -> None:
    path: Path = ("entities", draft.name, "columns", name)
    notes.positions[path] = node.line
    # The record itself stands in the trail, so that a field that refers back to it is cut.
    expansion = Expansion(references, trail=[draft.candidate.place], instance=1)
    try:
        schema = expansion.of(node)
    except Cut:
        # What has a default may as well be missing, which a column in which all is null is no better than.
        empty = empty_value(node) if required and "default" not in (node.value or ()) else None
        if empty is None:
            notes.tell(path, f"the column is left out: {'; '.join(expansion.told)}", node)
            return
        schema = empty
    own = str(node.path[-1])
    key = own == draft.candidate.key
    schemas = [_fields(each)[own] for each in kinds if own in _fields(each)]
    if by is not None and own == by.name and not by.hidden:
        told: tuple[Note, ...] = ()
        column = by.draft()
    elif by is not None and not key and _differs(own, schemas, kinds):
        column, told = branched(Property(own, schema, required, key, node.path, True), kinds, by)
        column.name = name
    else:
        # All alternatives say the same here: what they say is narrower than the property alone.
        schema = schemas[0] if schemas else schema
        draft.properties[name] = Property(name, schema, required, key, node.path, True)
        column, told = read_property(draft.properties[name])
    for what in expansion.told:
        notes.tell(path, what, node)
    for each in told:
        inner = ".".join(str(part) for part in each.place[len(node.path) :] if part != "properties")
        notes.tell(path, f"{inner}: {each.what}" if inner else each.what, node)
    if key:
        column.primary, column.nullable, draft.key = True, False, name
    if expansion.linked is not None:
        draft.linked[name] = expansion.linked
    draft.columns[name] = column
    default = schema.get("default") if isinstance(schema, dict) else None
    if isinstance(default, str | int):
        draft.defaults[name] = default


def _set_links(drafts: Entities, notes: Notes) -> None:
    """Links that schemas tell, then those by whole names, then those by the ends of names; none closes a cycle."""
    found = [one for draft in drafts.values() for one in _links(draft, drafts)]
    parents: dict[str, set[str]] = {}
    # The surest first: what is told by a schema takes its place before a guess could close a cycle against it.
    for rank in (0, 1, 2):
        for own, name, parent in [(own, name, parent) for each, own, name, parent in found if each == rank]:
            if not _can_link(own.columns[name], own, parent):
                continue
            path: Path = ("entities", own.name, "columns", name)
            goal = f"{parent.name}.{parent.key}"
            if closes_a_cycle(own.name, parent.name, parents):
                what = f"no link to {goal}: it would close a cycle of entities"
            else:
                parents.setdefault(own.name, set()).add(parent.name)
                own.columns[name].type = parent.columns[parent.key].type
                own.columns[name].fill("fk", entity=parent.name, column=parent.key)
                what = f"a link to {goal}, by its {'name' if rank else 'schema'}"
            notes.notes.append(Problem(path, what, "", own.candidate.place.file, *notes.positions[path]))


def _links(draft: RecordDraft, drafts: Entities) -> Iterator[tuple[int, RecordDraft, str, RecordDraft]]:
    """What the columns of an entity may link to, and how that is known: 0 by the schema, 1 and 2 by the name."""
    for name, column in draft.columns.items():
        # Listed values are the field's own, whatever it is called.
        if column.primary or (column.generator is not None and column.generator.type in ("choice", "const")):
            continue
        said = draft.linked.get(name)
        parent = _at(said, drafts.values()) if said is not None else link_by_name(name, draft, drafts)
        if parent is not None:
            # `customer_id` is surer than `billing_customer_id`, which could be of another kind of customer.
            whole = snake(name).startswith(parent.candidate.called) or parent is draft
            yield 0 if said is not None else 1 if whole else 2, draft, name, parent


def _at(node: SchemaNode, drafts: Iterable[RecordDraft]) -> RecordDraft | None:
    return next((each for each in drafts if each.candidate.place == node), None)


_SELVES = ("parent", "reply_to", "in_reply_to", "previous")


def link_by_name(name: str, own: RecordDraft, drafts: Entities) -> RecordDraft | None:
    """The entity that a column's name speaks of: `billing_customer_id` of customers; None where of none."""
    head, _, word = snake(name).rpartition("_")
    if word not in KEY_WORDS or not head:
        return None
    if head in _SELVES:
        return own if own.key else None
    called = {each.candidate.called: each for each in drafts.values() if each.key}
    # The longest name first: `order_item_id` is of order items where there are some, else of items.
    words = head.split("_")
    for start in range(len(words)):
        found = called.get("_".join(words[start:]))
        if found is not None and snake(found.key).rpartition("_")[2] in (word, "id"):
            return found
    return None


def closes_a_cycle(own: str, parent: str, parents: Mapping[str, set[str]]) -> bool:
    """Whether an entity's link to a parent would lead back to it; a link to itself is a tree, and no cycle."""
    waiting, seen = [parent], {parent}
    while waiting and own != parent:
        for each in parents.get(waiting.pop(), ()):
            if each == own:
                return True
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return False


def _can_link(column: ColumnDraft, own: RecordDraft, parent: RecordDraft) -> bool:
    """Whether a column can hold a parent's keys: they are of one sort, and a first row can be made."""
    key = parent.columns.get(parent.key)
    if key is None or (parent is own and not column.nullable):
        return False
    kinds = {column.type.kind, key.type.kind}
    return len(kinds) == 1 or kinds <= INTEGERS or kinds <= {"text", "string", "uuid"}


def _hinted(scenario: Scenario, drafts: Entities) -> Scenario:
    """The scenario with defaults weighing on columns that have no generator yet."""
    defaults = {
        (entity, name): (draft.columns[name], default)
        for entity, draft in drafts.items()
        for name, default in draft.defaults.items()
        if draft.columns[name].generator is None and not draft.columns[name].primary
    }
    if not defaults:
        return scenario
    generators = chosen_generators(scenario)
    entities = dict(scenario.entities)
    for (entity, name), (draft, value) in defaults.items():
        default = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
        spec = weighed(draft.type, None, generators.get((entity, name)), default)
        if spec is not None:
            column = entities[entity].columns[name].model_copy(update={"generator": spec})
            columns = {**entities[entity].columns, name: column}
            entities[entity] = entities[entity].model_copy(update={"columns": columns})
    return scenario.model_copy(update={"entities": entities}).read_from(scenario.origin, scenario.notes)
