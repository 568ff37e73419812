"""Attributes of jafgen → columns in the making, with what is wrong or to be told of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sdgen.errors import Path, Problem, ProblemType
from sdgen.inference.names import singular, snake
from sdgen.readers.drafts import UNTYPED, ColumnDraft, EntityDraft
from sdgen.readers.jafgen.records import AttributeRecord, Constraints, EntityRecord
from sdgen.readers.jafgen.values import values_of
from sdgen.scenario.model import RowCount
from sdgen.scenario.problems import Origin
from sdgen.scenario.types import parse_type

_SPELLED = {"min": "min_value", "max": "max_value", "start": "start_date", "end": "end_date", "scale": "precision"}


@dataclass
class JafgenEntity(EntityDraft):
    """An entity to be, its attributes by name; `problems` and `notes` have the places of their columns.

    guessed: the columns that the rules will choose for by their names.
    """

    record: EntityRecord = field(kw_only=True)
    origin: Origin = field(kw_only=True)
    attributes: dict[str, AttributeRecord] = field(default_factory=dict)
    guessed: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The column that is the primary key; "" without any."""
        return next(iter(self.primary), "")

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


def drafted(name: str, record: EntityRecord) -> JafgenEntity:
    """The entity with all its columns but the links, which need the other entities."""
    draft = JafgenEntity(name, rows=RowCount(count=record.count), record=record, origin=_origin(name, record))
    for attribute in record.attributes:
        draft.attributes[attribute.name] = attribute
        draft.columns[attribute.name] = _column(draft, attribute)
    key = _primary_key(draft)
    if key:
        draft.columns[key].primary, draft.columns[key].nullable = True, False
    _set_streets(draft)
    return draft


def _column(draft: JafgenEntity, attribute: AttributeRecord) -> ColumnDraft:
    place = draft.place(attribute.name)
    column = ColumnDraft(
        attribute.name,
        nullable=not attribute.required,
        unique=attribute.unique,
        description=attribute.description,
    )
    for key in attribute.unknown:
        draft.note(place, f"the key {key!r} says nothing here")
    # Links are made when all entities of all files are known.
    if attribute.type == "link" or attribute.link_to:
        return column
    constraints = Constraints(attribute)
    values = values_of(constraints)
    column.type = parse_type(values.type) if values.type else UNTYPED
    column.generator = values.generator
    if values.by_name:
        draft.guessed.add(attribute.name)
    column.nullable = column.nullable or values.nullable
    for key, what, hint in constraints.faults:
        draft.refuse((*place, "params", key), what, hint)
    for what, hint, type in constraints.notes:
        draft.note(place, what, hint, type)
    # After the values are made: what nothing has asked for by then has no meaning for this type.
    for key, hint in constraints.left():
        draft.note(place, f"the constraint {key!r} is not used", hint)
    return column


def _set_streets(draft: JafgenEntity) -> None:
    """What mimesis calls an address is the street alone: beside a city or a postal code it stays so."""
    made = [column.generator.type for column in draft.columns.values() if column.generator]
    if any(name in ("address.city", "address.postal_code", "address.zip_code") for name in made):
        for column in draft.columns.values():
            if column.generator and column.generator.type == "address.address":
                column.fill("address.street", **column.params)


def _primary_key(draft: JafgenEntity) -> str:
    """The required attribute of distinct values that is named like a key; ContactID is one where it comes first."""
    for position, (name, column) in enumerate(draft.columns.items()):
        word = snake(name).replace("_", "")
        # The format has no word for primary keys.
        named = word in ("id", "uuid", "guid", f"{draft.noun}id") or (position == 0 and word.endswith("id"))
        distinct = column.unique or column.type.kind == "uuid"
        if named and distinct and draft.attributes[name].required and not draft.attributes[name].link_to:
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
            # A problem of a param is told at the constraint that it was made of, under the name that stands there.
            if param not in attribute.constraints:
                aliases[(*here, "params", param)] = (*there, key)
    return Origin(record.document.file, record.document.positions, aliases)
