"""Makes a drafted scenario possible: generators with enough distinct values, or fewer rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from functools import partial
from math import prod
from typing import TYPE_CHECKING

from sdgen.errors import Path
from sdgen.generators.base import Generator
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.feasibility import (
    Planner,
    least_unique_sets,
    letters,
    refused_conditions,
    refused_partial_sets,
    refused_unique_sets,
)
from sdgen.readers.sql.check_facts import ColumnBounds
from sdgen.readers.sql.column_checks import stretched
from sdgen.readers.sql.defaults import hint_defaults
from sdgen.readers.sql.drafts import Notes, TableDraft
from sdgen.readers.sql.kept_checks import keep_checks, never_null
from sdgen.readers.sql.partial_keys import give_up_partial_key, part_nullable_links, settle_partial_keys
from sdgen.scenario.model import GeneratorSpec, Scenario
from sdgen.scenario.types import INTEGERS, Type

if TYPE_CHECKING:
    from sdgen.readers.feasibility import PlanDraft

MOST_ROUNDS = 8
_WEIGHED = 1000  # keys that are looked at at least, of a link with a CHECK
SEVERAL_RUNS = 10  # so many may add as many rows again


def make_feasible(name: str, entities: Sequence[TableDraft], notes: Notes, dialect: str = "") -> Scenario:
    """The scenario of drafts, after columns and row counts were changed until nothing stands against it."""
    for entity in entities:
        _forget_nulls(entity)
        part_nullable_links(entity)
    planner = Planner(name, entities)
    named = {entity.name: entity for entity in entities}
    draft = planner.draft()
    for entity in entities:
        keep_checks(draft, entity, notes, dialect)
        # After the CHECKs: a default weighs on what is chosen, and never replaces what a condition asks for.
        hint_defaults(draft.generators, entity)
    if any(entity.partial_keys for entity in entities):
        draft = planner.draft()
        for entity in entities:
            settle_partial_keys(entity, draft.generators, partial(_size, draft, entities=named), notes)
    for entity in entities:
        _keep_link_values(entity, named)
    draft = _suited(planner, named)
    while gone := _refused_partial(planner, entities):
        for name, number in gone.items():
            give_up_partial_key(named[name], number, notes)
        draft = _suited(planner, named)
    # An append continues the table, so unique sets need room for more rows than the first run makes.
    refused = refused_unique_sets(planner.draft(SEVERAL_RUNS))
    for entity in entities:
        if entity.name in refused:
            _leave_room(entity)
    for entity in entities:
        never_null(draft, entity)
    if any(entity.watched for entity in entities):
        _forget_uncomputable(refused_conditions(planner.draft()), entities)
    return Scenario(name=name, entities={entity.name: entity.entity() for entity in entities})


def _refused_partial(planner: Planner, entities: Iterable[TableDraft]) -> dict[str, int]:
    return refused_partial_sets(planner.draft()) if any(each.partial_unique for each in entities) else {}


def _suited(planner: Planner, entities: dict[str, TableDraft]) -> PlanDraft:
    """The plan in the making after columns and counts were changed until all that is unique holds."""
    for _ in range(MOST_ROUNDS):
        draft = planner.draft()
        refused = refused_unique_sets(draft)
        changed = [_suit(draft, entity, entities, entity.name in refused) for entity in entities.values()]
        if not any(changed):
            break
    return draft


def _forget_uncomputable(refused: Collection[Path], entities: Iterable[TableDraft]) -> None:
    """Drop the watched CHECKs that a scenario can't compute."""
    for entity in entities:
        kept = enumerate(entity.watched.items())
        entity.watched = {
            sql: check for at, (sql, check) in kept if ("entities", entity.name, "check", at) not in refused
        }


def _forget_nulls(entity: TableDraft) -> None:
    """A column that is always null repeats no value: what is unique with it holds."""
    empty = {name for name, column in entity.columns.items() if column.null_rate == 1.0}
    entity.unique = [columns for columns in entity.unique if not empty & set(columns)]
    for name in empty:
        entity.columns[name].unique = False


def _keep_link_values(entity: TableDraft, entities: dict[str, TableDraft]) -> None:
    """Let links whose CHECKs allow some values lead to the rows with these keys, where keys count up from one."""
    for column in entity.columns.values():
        bounds, params = column.bounds, dict(column.params)
        parent = entities.get(str(params.get("entity", ""))) if column.is_link else None
        # Weights stand for row numbers of the parent, so they say something only where key and row number agree.
        if parent is None or parent is entity or set(params) != {"entity", "column"} or column.unique:
            continue
        if bounds == ColumnBounds():
            continue
        key = parent.columns[params["column"]].generator
        if key is None or key.type != "sequence" or key.params:
            continue
        # More rows than the parent has now, since it may grow.
        numbers = map(Decimal, range(1, max(parent.size, _WEIGHED) + 1))
        weights = [
            float(bounds.spans(each) and each not in bounds.other_than and each in (bounds.values or (each,)))
            for each in numbers
        ]
        if 0 < sum(weights) < len(weights):
            column.fill("fk", True, **params, distribution="weighted", weights=weights)


def _leave_room(entity: TableDraft) -> None:
    """Give the numbers in unique sets as many values as several runs need."""
    rows = SEVERAL_RUNS * entity.size
    for name in {name for columns in entity.unique for name in columns}:
        column = entity.columns[name]
        if column.is_link or column.type.kind not in INTEGERS:
            continue
        wider = stretched(column, rows) if column.demanded else _in_set(column, rows)
        if wider is not None and not column.unique:
            column.generator, column.demanded = wider, True
            column.null_rate = 0.0  # a rule may have said so, which goes with its generator


def _suit(draft: PlanDraft, entity: TableDraft, entities: dict[str, TableDraft], refused: bool) -> bool:
    """Change what stands against an entity's unique columns and sets; whether anything was."""
    changed = False
    for name, column in entity.columns.items():
        key = (entity.name, name)
        if key in draft.types and draft.alone_unique(key):
            changed = _suit_column(draft, entity, name, column, entities) or changed
    if refused and not changed and entity.counts is not None:
        # What holds together with counts of chance may be unknown: rows of a plain number are tried first.
        entity.counts = None
        return True
    return changed or (refused and _suit_sets(draft, entity, entities))


def _suit_column(
    draft: PlanDraft, entity: TableDraft, name: str, column: ColumnDraft, entities: dict[str, TableDraft]
) -> bool:
    capacity = _capacity(draft, entity, name, column, entities)
    if capacity is not None and capacity >= entity.size:
        return False
    # What a CHECK demands may only be stretched within the CHECK; anything else may be replaced.
    wider = stretched(column, SEVERAL_RUNS * entity.size) if column.demanded else _distinct(column)
    if wider is not None and not column.is_link:
        column.generator, column.demanded = wider, True
        return True
    # The last resort: fewer rows, where neither the type nor the CHECKs have room for more values.
    return entity.cap(capacity or 1)


def _capacity(
    draft: PlanDraft, entity: TableDraft, name: str, column: ColumnDraft, entities: dict[str, TableDraft]
) -> int | None:
    generator = draft.generators.get((entity.name, name))
    if generator is None:
        return None
    if column.is_link and column.generator is not None:
        parent = entities.get(str(column.generator.params["entity"]))
        return None if parent is None else _linked(entity, column, parent)
    # A sequence has as many values as its type holds, which the generator itself does not know.
    if generator.called == "sequence":
        return _most(column.type)
    found = generator.capacity(draft.facts((entity.name, name)))
    if found is None and generator.all_distinct():
        return 1 << 40
    return found


def _linked(entity: TableDraft, column: ColumnDraft, parent: TableDraft) -> int:
    """A unique link to another entity has as many values as that has rows; a tree of them is a chain."""
    return parent.size if parent is not entity else 1


def _most(type: Type) -> int:
    """How far a sequence can count in a type."""
    from sdgen.readers.sql.number_ranges import limits

    if type.kind in INTEGERS or type.kind == "decimal":
        return int(limits(type)[1])
    return 10**type.length - 1 if 0 < type.length < 18 else 1 << 40


def _distinct(column: ColumnDraft) -> GeneratorSpec | None:
    """A generator of as many distinct values as a type has room for; None where the type has few."""
    kind, length = column.type.kind, column.type.length
    if kind in INTEGERS or kind == "decimal":
        return GeneratorSpec(type="sequence")
    if kind in ("string", "text"):
        # A UUID as text has 36 characters.
        if kind == "text" or length == 0 or length >= 36:
            return GeneratorSpec(type="uuid4") if column.primary else letters(12)
        return letters(min(length, 12))
    # A hundred years of days: more distinct dates than the usual range of a few years has.
    if kind == "date":
        return GeneratorSpec(type="date", params={"start": "1950-01-01", "end": "2049-12-31"})
    if kind in ("float", "double"):
        params = {"min": 0, "max": 9_999_999 if kind == "double" else 99_999, "precision": 0}
        return GeneratorSpec(type="uniform_float", params=params)
    return GeneratorSpec(type=_WIDEST[kind]) if kind in _WIDEST else None


_WIDEST = {"uuid": "uuid4", "timestamp": "datetime", "timestamptz": "datetime", "time": "time"}


def _suit_sets(draft: PlanDraft, entity: TableDraft, entities: dict[str, TableDraft]) -> bool:
    """Unique sets: no nulls in them, then more values in one of their columns, then fewer rows."""
    sets = least_unique_sets([columns for columns in (entity.primary, *entity.unique) if len(columns) > 1])
    inside = [entity.columns[name] for columns in sets for name in columns]
    nullable = [column for column in inside if column.nullable and column.null_rate != 0]
    for column in nullable:
        column.null_rate = 0.0
    if nullable:
        return True
    changed = False
    for columns in sets:
        sizes = {name: _size(draft, entity, name, entities) for name in columns}
        if prod(size or 1 for size in sizes.values()) >= entity.size and all(sizes.values()):
            continue
        changed = _widen(entity, columns, sizes) or changed
    if changed or _make_unique(draft, entity, sets, entities):
        return True
    least = min(prod(_size(draft, entity, name, entities) or 1 for name in columns) for columns in sets)
    # Overlapping sets leave less room than each of them alone: how much is only known by trying.
    return entity.cap(least) or entity.cap(max(entity.size // 2, 1))


def _make_unique(
    draft: PlanDraft, entity: TableDraft, sets: Sequence[tuple[str, ...]], entities: dict[str, TableDraft]
) -> bool:
    """Where sets overlap so that no permutation is found: make one more of their columns unique by itself.

    A link comes last: each of its parents would have one row at the most.
    """
    counts = Counter(name for columns in sets for name in columns if not entity.columns[name].unique)
    held = {name for columns in sets if any(entity.columns[each].unique for each in columns) for name in columns}
    for name in sorted(counts, key=lambda name: (entity.columns[name].is_link, -counts[name])):
        column = entity.columns[name]
        if name not in held and _could_be_unique(draft, entity, name, entities):
            column.generator = stretched(column, SEVERAL_RUNS * entity.size) or column.generator
            column.unique = True
            return True
    return False


def _could_be_unique(draft: PlanDraft, entity: TableDraft, name: str, entities: dict[str, TableDraft]) -> bool:
    """Whether a column has, or can be given, a value for each row."""
    column = entity.columns[name]
    if column.is_link or _size(draft, entity, name, entities) >= entity.size:
        return _size(draft, entity, name, entities) >= entity.size
    if not column.demanded:
        return _distinct(column) is not None and column.type.kind not in ("time", "bool")
    wider = stretched(column, entity.size)
    return wider is not None and wider.params["max"] - wider.params["min"] >= entity.size


def _size(draft: PlanDraft, entity: TableDraft, name: str, entities: dict[str, TableDraft]) -> int:
    """How many values a column may take in a set; 0 where that isn't known."""
    column = entity.columns[name]
    generator: Generator | None = draft.generators.get((entity.name, name))
    if column.is_link and column.generator is not None:
        params = column.generator.params
        # Such links don't draw freely among the parent's rows, so that they add nothing to the product.
        if "via" in params or params["entity"] == entity.name:
            return 1
        parent = entities.get(str(params["entity"]))
        return _pairs(entity, name, parent.size) if parent is not None else 0
    if generator is None or (entity.name, name) not in draft.types:
        return 0
    domain = generator.domain(draft.facts((entity.name, name)))
    return domain.size if domain is not None else 0


def _pairs(entity: TableDraft, name: str, parents: int) -> int:
    """How many values a link draws: half of the parents, or about all, where it is in a pair in order."""
    few, many = parents // 2, (parents - 1) | 1
    if entity.columns[name].params.get("later_than"):
        return many
    return few if any(column.params.get("later_than") == name for column in entity.columns.values()) else parents


def _widen(entity: TableDraft, columns: tuple[str, ...], sizes: dict[str, int]) -> bool:
    """Give the columns of a set that have too few values, and no demands on them, a generator with more."""
    free = [name for name in columns if not entity.columns[name].demanded]
    for name in sorted(free, key=lambda name: sizes[name]):
        column = entity.columns[name]
        wider = _in_set(column, entity.size)
        if wider is not None:
            column.generator, column.demanded = wider, True
            return True
    for name in columns:
        column = entity.columns[name]
        wider = stretched(column, SEVERAL_RUNS * entity.size) if column.demanded and not column.is_link else None
        if wider is not None:
            column.generator = wider
            return True
    return False


def _in_set(column: ColumnDraft, rows: int) -> GeneratorSpec | None:
    if column.type.kind in INTEGERS or column.type.kind == "decimal":
        most = min(_most(column.type), max(100, rows))
        return GeneratorSpec(type="uniform_int", params={"min": 1, "max": most})
    return _distinct(column)
