"""Attributes of jafgen → columns in the making, with what is wrong or to be told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Path, Problem, ProblemType
from sdgen.inference.names import singular, snake
from sdgen.readers.jafgen.constraints import Wishes
from sdgen.readers.jafgen.records import AttributeRecord, EntityRecord
from sdgen.readers.jafgen.values import made
from sdgen.scenario.model import Column, GeneratorSpec, Origin

_SPELLED = {"min": "min_value", "max": "max_value", "start": "start_date", "end": "end_date", "scale": "precision"}


@dataclass
class ColumnDraft:
    """A column to be. type: "" where the generator brings one; guessed: the rules will choose by its name."""

    record: AttributeRecord
    type: str = ""
    generator: GeneratorSpec | None = None
    primary_key: bool = False
    nullable: bool = False
    guessed: bool = False

    @property
    def is_link(self) -> bool:
        return self.generator is not None and self.generator.type == "fk"

    @property
    def params(self) -> Mapping[str, Any]:
        return self.generator.params if self.generator else {}

    def fill(self, generator: str, **params: Any) -> None:
        """Give it a generator."""
        self.generator = GeneratorSpec(type=generator, params=params)

    def column(self) -> Column:
        return Column(
            type=self.type,
            generator=self.generator,
            description=self.record.description,
            primary_key=self.primary_key,
            unique=self.record.unique and not self.primary_key,
            nullable=True if self.nullable and not self.primary_key else None,
        )


@dataclass
class Draft:
    """An entity to be; `problems` and `notes` have the places of their columns."""

    name: str
    record: EntityRecord
    origin: Origin
    columns: dict[str, ColumnDraft] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The column that is the primary key; "" without any."""
        return next((name for name, column in self.columns.items() if column.primary_key), "")

    @property
    def noun(self) -> str:
        """The entity's name in the singular and in snake_case, without marks: `orderitem` of order_items."""
        return singular(snake(self.record.key)).replace("_", "")

    def place(self, *path: str) -> Path:
        return ("entities", self.name, "columns", *path)

    def refuse(self, path: Path, what: str, hint: str = "", type: ProblemType = ProblemType.VALUE) -> None:
        self.problems.append(self.origin.problem(path, what, hint, type))

    def note(self, path: Path, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> None:
        self.notes.append(self.origin.problem(path, what, hint, type))


def drafted(name: str, record: EntityRecord) -> Draft:
    """The entity with all its columns but the links, which need the other entities."""
    draft = Draft(name, record, _origin(name, record))
    for attribute in record.attributes:
        draft.columns[attribute.name] = _column(draft, attribute)
    key = _primary_key(draft)
    if key:
        draft.columns[key].primary_key = True
    _set_streets(draft)
    return draft


def _column(draft: Draft, attribute: AttributeRecord) -> ColumnDraft:
    place = draft.place(attribute.name)
    column = ColumnDraft(attribute, nullable=not attribute.required)
    for key in attribute.unknown:
        draft.note(place, f"the key {key!r} says nothing here")
    if attribute.type == "link" or attribute.link_to:
        return column
    wishes = Wishes(attribute)
    values = made(wishes)
    column.type, column.generator, column.guessed = values.type, values.generator, values.by_name
    column.nullable = column.nullable or values.nullable
    for key, what, hint in wishes.faults:
        draft.refuse((*place, "params", key), what, hint)
    for what, hint, type in wishes.notes:
        draft.note(place, what, hint, type)
    for key, hint in wishes.left():
        draft.note(place, f"the constraint {key!r} is not used", hint)
    return column


def _set_streets(draft: Draft) -> None:
    """What mimesis calls an address is the street alone: beside a city or a postal code it stays so."""
    made = [column.generator.type for column in draft.columns.values() if column.generator]
    if any(name in ("address.city", "address.postal_code", "address.zip_code") for name in made):
        for column in draft.columns.values():
            if column.generator and column.generator.type == "address.address":
                column.fill("address.street", **column.params)


def _primary_key(draft: Draft) -> str:
    """The required attribute of distinct values that is named like a key; ContactID is one where it comes first."""
    for position, (name, column) in enumerate(draft.columns.items()):
        word = snake(name).replace("_", "")
        named = word in ("id", "uuid", "guid", f"{draft.noun}id") or (position == 0 and word.endswith("id"))
        distinct = column.record.unique or column.type == "uuid"
        if named and distinct and column.record.required and not column.record.link_to:
            return name
    return ""


def _origin(name: str, record: EntityRecord) -> Origin:
    """The document's places under the names of the scenario: attributes are columns, constraints are params."""
    aliases: dict[Path, Path] = {("entities", name): record.path}
    aliases[("entities", name, "columns")] = (*record.path, "attributes")
    aliases[("entities", name, "rows")] = (*record.path, "count")
    for attribute in record.attributes:
        here: Path = ("entities", name, "columns", attribute.name)
        there: Path = (*record.path, "attributes", attribute.name, "constraints")
        aliases[(*here, "params")] = there
        for param, key in _SPELLED.items():
            if param not in attribute.constraints:
                aliases[(*here, "params", param)] = (*there, key)
    return Origin(record.document.file, record.document.positions, aliases)
