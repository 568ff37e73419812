"""What a scenario's text gives: its problems at their lines, or its entities, their graph, and first rows of one.

All reading and planning of a request's text for these pages goes through `preview_of`; what it returns is plain data
and markup, so that it can be called in another process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from markupsafe import Markup

from sdgen.engine import batch, probe
from sdgen.errors import Problem, SdgenError
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import ColumnPlan, EntityPlan, Plan
from sdgen.readers.sources import is_sql, read_text_as_scenario
from sdgen.scenario.model import Origin, Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.scenario.types import NUMBERS
from sdgen.service.records import ProblemRecord
from sdgen.web.figures import texts_of
from sdgen.web.graph import graph_of
from sdgen.web.limits import check_size
from sdgen.web.pictures import graph_picture

ROWS = 8
MOST_CHECKED = 40  # entities whose rows are made to see that they can be
FILE = "scenario.yaml"


@dataclass(frozen=True)
class ColumnHead:
    """A column over its values. key: of the primary key. to: the parent entity that it leads to. right: of numbers."""

    name: str
    type: str
    generator: str
    nullable: bool
    key: bool
    to: str
    right: bool


@dataclass(frozen=True)
class EntityRows:
    """The first rows of an entity as texts; None is null."""

    name: str
    count: int
    columns: tuple[ColumnHead, ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True)
class EntityItem:
    """An entity in the list of all. line: where it begins in the text; 0 where that isn't known."""

    name: str
    rows: int
    columns: int
    line: int


@dataclass(frozen=True)
class Preview:
    """What is shown of a text. With problems there is nothing else but the reader's notes."""

    problems: tuple[ProblemRecord, ...] = ()
    notes: tuple[ProblemRecord, ...] = ()
    graph: Markup = field(default_factory=Markup)
    entities: tuple[EntityItem, ...] = ()
    shown: EntityRows | None = None
    sql: bool = False


def preview_of(text: str, entity: str = "", *, every: bool = False) -> Preview:
    """The preview of a text, with rows of the entity that is named, or of the first one.

    every: make the first rows of the others too, for mistakes that only rows bring to light; it takes its time.
    """
    sql = is_sql(text)
    notes: tuple[ProblemRecord, ...] = ()
    origin = None
    try:
        scenario = read_text_as_scenario(text, FILE)
        notes, origin = tuple(map(ProblemRecord.of, scenario.notes)), scenario.origin
        plan = compile_plan(check_size(scenario), PlanRequest(seed=scenario.seed if scenario.seed is not None else 0))
        problems = probe(plan, origin)
        for each in list(plan.entities.values())[: MOST_CHECKED if every else 0]:
            batch(plan, each.name, 0, min(ROWS, each.rows))
        shown = _rows(plan, plan.entities.get(entity) or next(iter(plan.entities.values())))
    except SdgenError as error:
        problems = list(error.problems)
    if problems:
        return Preview(tuple(_on_page(each, origin) for each in problems), notes, sql=sql)
    graph = graph_picture(graph_of(plan), plan.scenario, {name: f"?entity={quote(name)}" for name in plan.entities})
    return Preview((), notes, graph, tuple(_items(scenario, plan)), shown, sql)


def _on_page(problem: Problem, origin: Origin | None) -> ProblemRecord:
    """A problem at its place in the text."""
    if not problem.line and origin is not None:
        problem = origin.problem(problem.path, problem.what, problem.hint, problem.type)
    return ProblemRecord.of(problem)


def _items(scenario: Scenario, plan: Plan) -> list[EntityItem]:
    lines = {
        name: scenario.origin.problem(("entities", name), "").line if scenario.origin else 0 for name in plan.entities
    }
    return [EntityItem(each.name, each.rows, len(each.written), lines[each.name]) for each in plan.entities.values()]


def _rows(plan: Plan, entity: EntityPlan) -> EntityRows:
    made = batch(plan, entity.name, 0, min(ROWS, entity.rows))
    columns = [texts_of(array, column.type) for array, column in zip(made.columns, entity.written, strict=True)]
    texts = [column.to_pylist() for column in columns]
    heads = tuple(_head(entity, column) for column in entity.written)
    return EntityRows(entity.name, entity.rows, heads, tuple(zip(*texts, strict=True)))


def _head(entity: EntityPlan, column: ColumnPlan) -> ColumnHead:
    return ColumnHead(
        name=column.name,
        type=str(column.type),
        generator=column.generator.called,
        nullable=column.nullable,
        key=column.name in entity.primary_key,
        to=next((each.entity for each in entity.foreign_keys if column.name in each.columns), ""),
        right=column.type.kind in NUMBERS,
    )
