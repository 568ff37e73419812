"""Columns that repeat others: copies of a parent's, and parts that make up a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sdgen.generators import registry
from sdgen.inference.fit import column_needs, needed_columns
from sdgen.inference.names import entity_name, forms, free_name, snake, spelled_out
from sdgen.inference.neighbours import ALONE, Beside, Neighbours, compiled
from sdgen.inference.rule_files import abbreviations, conventions
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario
from sdgen.scenario.types import known_type

# fmt: off
# Names of structs that say nothing of what they hold.
_WRAPPERS = frozenset({
    "data", "attribute", "property", "field", "value", "record", "result", "entry", "element", "detail", "info", "list",
    "information", "metadata", "meta", "content", "body", "payload", "response", "edge", "node", "row", "option", "raw",
    "setting", "config", "configuration", "summary", "extra", "object", "relationship", "included", "nested", "basic",
    "custom_field", "main", "primary", "parent", "child", "ancestor", "root", "previous", "next", "original", "related",
})
# Those that hold the row's own person or place.
_ITS_PERSON = frozenset({
    "name", "full_name", "profile", "person", "personal_info", "contact_info", "identity", "bio", "user_profile",
})
_ITS_PLACE = frozenset({
    "address", "location", "place", "geo", "coordinate", "coord", "gps", "default_address", "primary_address",
    "home_address", "mailing_address", "postal_address", "geo_location",
})
# fmt: on
_WHEN = r"(?:_(?:at|on|date|time|timestamp|utc|datetime|ts))*"
_BEGINS = re.compile(rf"(?:.*_)?(?:created?|creation|inserted|registered|opened|started|submitted){_WHEN}|date_created")
_FOLLOWS = re.compile(
    rf"(?:.*_)?(?:updated?|modified|changed|edited|closed|ended|finished|completed|resolved){_WHEN}"
    r"|date_(?:updated|modified|changed|closed|completed)"
)
_YEARS = re.compile(r"-\d+y")
_TURN = "-120d"  # the moments of a thing that begin it lie before, those that follow after


@dataclass(frozen=True)
class Surroundings:
    """What parts are parts of: the forms of its name, and the names of the parts that stand beside one another.

    person and place: by which structs persons and places are told apart, "" for the row's own.
    """

    entity: tuple[str, ...]
    fields: tuple[str, ...] = ()
    person: str = ""
    place: str = ""

    def into(self, struct: str, fields: tuple[str, ...]) -> Surroundings:
        """What the fields of a struct are parts of: of what it stands in, where its name says nothing."""
        name, inner = _thing(struct), replace(self, fields=fields)
        if not name or name in _WRAPPERS or name in self.entity:
            return inner
        return replace(
            inner,
            entity=tuple(dict.fromkeys((name, snake(struct)))),
            person=self.person or ("" if name in _ITS_PERSON | _ITS_PLACE else name),
            place=self.place if name in _ITS_PLACE | _ITS_PERSON else name,
        )

    def names(self, name: str) -> tuple[str, ...]:
        """The forms of a field's name that rules try."""
        return forms(spelled_out(name, abbreviations()), self.entity[0], "") if self.fields else ()

    def beside(self, name: str) -> Beside:
        """The fields beside one."""
        return Beside(self._neighbours, {name}) if self.fields else ALONE

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours({field: self.names(field) for field in self.fields})

    def own(self, spec: GeneratorSpec, name: str) -> GeneratorSpec:
        """A field's guessed generator as a part of this: a person or place of its own, moments in their order."""
        params = {**self._who(spec), **self._moment(spec, name)}
        return spec.model_copy(update={"params": {**spec.params, **params}}) if params else spec

    def _who(self, spec: GeneratorSpec) -> dict[str, object]:
        family = spec.type.partition(".")[0]
        who = {"person": self.person, "company": self.person, "address": self.place}.get(family, "")
        if not who or not _tells_apart(spec):
            return {}
        said = spec.params.get("who")
        return {"who": f"{who}_{said}" if said else who}

    def _moment(self, spec: GeneratorSpec, name: str) -> dict[str, object]:
        """Fields have no other fields to follow: those that begin a thing end where those that follow it start."""
        if spec.type == "as_text":
            value = _record(spec.params.get("value"))
            inner = GeneratorSpec(type=value["generator"], params=value["params"]) if value else spec
            turned = self._moment(inner, name) if value else {}
            return {"value": {**value, "params": {**inner.params, **turned}}} if turned else {}
        years = _YEARS.fullmatch(str(spec.params.get("start")))
        if spec.type not in ("datetime", "date") or spec.params.get("end") != "now" or not years:
            return {}
        for own, other, key in ((_BEGINS, _FOLLOWS, "end"), (_FOLLOWS, _BEGINS, "start")):
            if own.fullmatch(snake(name)) and any(other.fullmatch(snake(each)) for each in self.fields):
                return {key: _TURN}
        return {}


def _thing(struct: str) -> str:
    """What a struct is named after: a merchant in merchant_data."""
    name = entity_name(struct, abbreviations())
    while name not in _WRAPPERS | _ITS_PERSON | _ITS_PLACE and name.rpartition("_")[2] in _WRAPPERS and "_" in name:
        name = name.rpartition("_")[0]
    return name


def _record(value: object) -> Mapping[str, Any]:
    """An inner generator written out with its params; nothing where it is none."""
    told = isinstance(value, Mapping) and isinstance(value.get("params"), Mapping) and "generator" in value
    return value if told and isinstance(value, Mapping) else {}


def _tells_apart(spec: GeneratorSpec) -> bool:
    made = registry.find(spec.type)
    return made is not None and "who" in made.model_fields


# Columns that repeat a parent's: a line of an order has the price of its product. Which ones is data (conventions).


def with_copies(asked: Scenario, guessed: Scenario, own: Callable[[str, str], bool]) -> Scenario:
    """The scenario whose guessed columns repeat parents' where names say so.

    own: whether a rule of the scenario's own found a column's generator.
    """

    def copied(name: str, entity: Entity, free: Collection[str]) -> Mapping[str, Column]:
        kinds = [one for one in conventions()["copies"] if _is_named(name, one["entity"])]
        found = _copied(entity, kinds, free, guessed.entities) if kinds else {}
        return {**_between(entity, free, guessed.entities), **found}

    return with_replaced(asked, guessed, own, copied)


def with_replaced(
    asked: Scenario,
    guessed: Scenario,
    own: Callable[[str, str], bool],
    replaced: Callable[[str, Entity, Collection[str]], Mapping[str, Column]],
) -> Scenario:
    """The scenario with the columns that `replaced` gives for an entity, of its name, itself and its free columns."""
    entities = dict(guessed.entities)
    for name, entity in guessed.entities.items():
        found = replaced(name, entity, free_columns(asked, entity, name, own))
        if found:
            entities[name] = entity.model_copy(update={"columns": {**entity.columns, **found}})
    return guessed.model_copy(update={"entities": entities})


def free_columns(asked: Scenario, entity: Entity, name: str, own: Callable[[str, str], bool]) -> set[str]:
    """The guessed columns that may follow others: of no unique set, spoken of by no check, of no rule of one's own."""
    held = {column for sets in entity.unique for column in sets}
    # A check's words stand for its columns, near enough: whatever it speaks of stays as it is.
    held |= {word for check in entity.check for word in re.findall(r"\w+", check)}
    columns = asked.entities[name].columns.items()
    return {c for c, column in columns if column.generator is None and c not in held and not own(name, c)}


def _is_named(entity: str, pattern: str) -> bool:
    return compiled(f"(?:.*_)?(?:{pattern})").fullmatch(entity_name(entity, abbreviations())) is not None


def _copied(
    entity: Entity, kinds: Collection[Mapping[str, str]], free: Collection[str], entities: Mapping[str, Entity]
) -> dict[str, Column]:
    """The columns of an entity that repeat one of the same name and type, through a link that is never null."""
    found: dict[str, Column] = {}
    for link, each in entity.columns.items():
        spec = each.generator
        if spec is None or spec.type != "fk" or each.nullable or str(spec.params.get("entity")) not in entities:
            continue
        parent = str(spec.params["entity"])
        via = str(spec.params.get("via") or link)
        for kind in (one for one in kinds if _is_named(parent, one["of"])):
            for name, column in entity.columns.items():
                other = _source(kind, name, parent, entities[parent]) if name in free and not column.unique else ""
                if other and name not in found and _may_repeat(column, entities[parent].columns[other]):
                    found[name] = column.model_copy(update={"generator": _repeated(kind, via, other)})
    return found


def _between(entity: Entity, free: Collection[str], entities: Mapping[str, Entity]) -> dict[str, Column]:
    """The columns whose numbers lie between two of a parent's, each with a hidden one that says how far up."""
    for link, each in entity.columns.items():
        spec = each.generator
        parent = entities.get(str(spec.params.get("entity"))) if spec is not None and spec.type == "fk" else None
        if spec is None or parent is None:
            continue
        via = str(spec.params.get("via") or link)
        for kind in (one for one in conventions()["between"] if _is_named(str(spec.params["entity"]), one["of"])):
            ends = [_named(parent, kind[end]) for end in ("low", "high")]
            name = _named(entity, kind["name"])
            if not (name in free and all(ends)) or not all(_bounds(entity, name, parent, end) for end in ends):
                continue
            place = free_name(f"{name}_place", entity.columns)
            low, high = (f'"{via}"."{end}"' for end in ends)
            known = known_type(entity.columns[name].type)
            places = known.scale if known is not None and known.kind == "decimal" else 0
            sql = f'round({low} + ({high} - {low}) * "{place}", {places})'
            if each.nullable:
                sql = f"CASE WHEN {low} IS NOT NULL THEN {sql} END"
            changed = entity.columns[name].model_copy(
                update={"generator": GeneratorSpec(type="expression", params={"sql": sql})}
            )
            drawn = GeneratorSpec(type="uniform_float", params={"min": 0.0, "max": 1.0, "precision": 3})
            if not each.nullable or entity.columns[name].nullable:
                return {place: Column(type="double", hidden=True, generator=drawn), name: changed}
    return {}


def _named(entity: Entity, pattern: str) -> str:
    return next((name for name in entity.columns if compiled(pattern).fullmatch(snake(name))), "")


def _bounds(entity: Entity, name: str, parent: Entity, end: str) -> bool:
    """Whether a parent's column is a bound that a column takes."""
    return not entity.columns[name].unique and _may_repeat(
        entity.columns[name].model_copy(update={"nullable": False}), parent.columns[end]
    )


def _source(kind: Mapping[str, str], name: str, parent: str, entity: Entity) -> str:
    """The parent's column that one is to repeat; "" where there is none."""
    called = kind["name"].replace("PARENT", re.escape(entity_name(parent, abbreviations())))
    match = compiled(called).fullmatch(snake(name))
    if match is None:
        return ""
    if "from" not in kind:
        return name if name in entity.columns else ""
    wanted = compiled(kind["from"].replace("$1", match[1] if match.lastindex else ""))
    return next((other for other in entity.columns if wanted.fullmatch(snake(other))), "")


def _repeated(kind: Mapping[str, str], link: str, other: str) -> GeneratorSpec:
    if "sql" not in kind:
        return GeneratorSpec(type="parent", params={"column": f"{link}.{other}"})
    return GeneratorSpec(type="expression", params={"sql": kind["sql"].replace("$of", f'"{link}"."{other}"')})


def _may_repeat(column: Column, other: Column) -> bool:
    """Whether a column takes all that its parent's holds, and whether that is computed from its own row alone."""
    may_be_null = bool(other.nullable) and other.null_rate != 0
    if other.generator is None or may_be_null > bool(column.nullable) or not _holds(column.type, other.type):
        return False
    return not any(need.link or need.children or need.entity for need in column_needs(other.generator))


def _holds(type: str, other: str) -> bool:
    """Whether a column of one type takes all values of another."""
    own, theirs = known_type(type), known_type(other)
    if own == theirs or own is None or theirs is None:
        return own is not None and own == theirs
    if own.kind in ("text", "string") and theirs.kind in ("text", "string"):
        return not own.length or 0 < theirs.length <= own.length
    digits = own.precision - own.scale, theirs.precision - theirs.scale
    return own.kind == theirs.kind == "decimal" and own.scale >= theirs.scale and digits[0] >= digits[1]


# Columns that have a value only where another one of their row says so. Which ones is data (conventions).


def with_conditions(asked: Scenario, guessed: Scenario, own: Callable[[str, str], bool]) -> Scenario:
    """The scenario whose guessed columns are null where what they tell of has not come.

    own: whether a rule of the scenario's own found a column's generator.
    """

    def conditional(name: str, entity: Entity, free: Collection[str]) -> Mapping[str, Column]:
        return {
            column: each.model_copy(update={"generator": _conditional(each.generator, when)})
            for column, each in entity.columns.items()
            if column in free and each.nullable and each.generator is not None and not each.unique
            if (when := _condition(column, entity))
        }

    return with_replaced(asked, guessed, own, conditional)


def _conditional(spec: GeneratorSpec, when: str) -> GeneratorSpec:
    case = {"when": when, "generator": spec.type, "params": dict(spec.params)}
    return GeneratorSpec(type="given", params={"cases": [case]})


def _condition(name: str, entity: Entity) -> str:
    """When a column has a value, by the first neighbour that tells; "" where none does."""
    for kind in conventions()["conditions"]:
        if compiled(kind["column"]).fullmatch(snake(name)):
            of = compiled(kind["of"])
            others = (other for other in entity.columns if other != name and of.fullmatch(snake(other)))
            other = next((each for each in others if not _leads_to(each, name, entity)), "")
            if other:
                return str(kind["when"]).replace("$of", other.replace('"', '""'))
    return ""


def _leads_to(start: str, name: str, entity: Entity) -> bool:
    """Whether a column is computed from another one of its row."""
    seen, left = {start}, [start]
    while left:
        column = entity.columns.get(left.pop())
        spec = column.generator if column is not None else None
        more = (needed_columns(spec) if spec is not None else frozenset()) - seen
        seen |= more
        left += more
    return name in seen
