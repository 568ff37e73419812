"""Snowfakery recipes → a scenario: the common part of them, the rest told with file and line.

Every object has an `id` that counts its rows from 1, as in Snowfakery. A recipe is read for one run of it; what it
makes once for each object stays so when more rows are asked for (`--scale 1000` is what `--reps 1000` was).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sdgen.errors import Problem, ProblemType, ScenarioError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.drafts import EntityDraft, ScenarioDraft, spec
from sdgen.readers.snowfakery.cells import NULL, TYPES, Cell, RecipeDraft, RecipeTable, Values, kind_of
from sdgen.readers.snowfakery.choices import case
from sdgen.readers.snowfakery.fields import column
from sdgen.readers.snowfakery.links import link_to
from sdgen.readers.snowfakery.recipe import Raw, Template, read_recipe
from sdgen.readers.snowfakery.tables import ID, Count, Table, layout_of
from sdgen.scenario.model import RowCount, Scenario
from sdgen.scenario.problems import Origin

_LONGEST = 4000  # characters of an expression
_ID = Values(spec("sequence"), "bigint", "int")
_NULL = Values(NULL, "", "", nullable=True, plain=(None,))


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a recipe; ScenarioError with every problem where there can be none."""
    recipe = read_recipe(source)
    layout = layout_of(recipe)
    if not recipe.problems and not layout.tables:
        recipe.problems.append(Problem((), "the recipe makes no objects", "", source.name))
    if recipe.problems:
        raise ScenarioError(dict.fromkeys(recipe.problems))
    whole = RecipeDraft(recipe, layout)
    for table in layout.tables:
        _build(whole, table)
    _note_tables(whole)
    entities = {table.name: _entity(whole.drafts[table]) for table in layout.tables}
    name = source.path.name.partition(".")[0] or "recipe"
    draft = ScenarioDraft(name, entities, [*recipe.notes, *whole.notes])
    return draft.build(_RecipeOrigin(source.name, whole))


def _build(whole: RecipeDraft, table: Table) -> None:
    """The columns of a table, those of what its rows are counted per first."""
    if table in whole.drafts:
        return
    if table.per is not None:
        _build(whole, table.per)
    draft = whole.drafts[table] = RecipeTable(table, {ID: _ID})
    # Rows that are counted per others need a link to them, though the recipe has no field for it.
    if table.per is not None and not table.link:
        table.link = draft.hide(table.per.name, link_to(table.per)).column
    names = dict.fromkeys(name for template in table.templates for name in template.fields)
    for name in names:
        if name == ID:
            _note_id(whole, table)
        elif name == table.link and table.per is not None:
            draft.columns[name] = link_to(table.per)
        else:
            _column(whole, draft, name)
    # After all columns are made: rows that are given as they are take their types.
    _fixed(draft)


def _column(whole: RecipeDraft, draft: RecipeTable, name: str) -> None:
    """A field that templates of the table have; nothing is written for hidden ones that hold objects."""
    dynamic = draft.table.templates[draft.table.fixed :]
    cells = [Cell(whole, draft, template, name) for template in dynamic]
    found = [(cell, cell.template.fields.get(name)) for cell in cells]
    if all(_holds_hidden(cell.template, name) for cell, _ in found if name in cell.template.fields) and any(
        raw for _, raw in found
    ):
        return
    made = _NULL if not found else _one(found) or _several(found)
    if not dynamic:
        made = _of_fixed(draft.table, name)
    if name.startswith("__") and made.generator is None:
        return  # not understood, as is told: nothing is computed from it
    draft.columns[name] = made
    if name.startswith("__"):
        draft.hidden.add(name)


def _holds_hidden(template: Template, name: str) -> bool:
    child = template.nested.get(name)
    return child is not None and (child.hidden or name.startswith("__"))


def _one(found: list[tuple[Cell, Raw | None]]) -> Values | None:
    """The column where all templates say the same."""
    said = {json.dumps(raw.value, default=str) if raw else "" for _, raw in found}
    cell, raw = found[0]
    # child_index counts within its template, so that the same words mean another number in each.
    if len(said) > 1 or (len(found) > 1 and "child_index" in "".join(said)):
        return None
    return column(cell, raw) if raw is not None else _NULL


def _several(found: list[tuple[Cell, Raw | None]]) -> Values:
    """The column where templates differ: which one a row is of follows from its place."""
    cases: list[tuple[str, Values]] = []
    ends: list[int] = []
    table = found[0][0].table
    for cell, raw in found:
        index = table.templates.index(cell.template)
        ends.append((ends[-1] if ends else 0) + table.counts[index].least)
        if raw is not None:
            cases.append((_place(cell, ends, len(found)), column(cell, raw)))
    complete = all(raw is not None for _, raw in found)
    made = case(found[0][0], cases[:-1] if complete else cases, cases[-1][1] if complete else None)
    if made.generator is not None and len(str(made.generator.params.get("sql", ""))) > _LONGEST:
        cell.note(
            cell.template.raw, f"{len(found)} templates are too many for one column: the last one's values for all"
        )
        return cases[-1][1]
    return made


def _place(cell: Cell, ends: list[int], templates: int) -> str:
    """SQL for whether a row is of the template whose rows end at the last of these places."""
    tests = [f"{cell.position()} >= {ends[-2]}"] if len(ends) > 1 else []
    tests += [f"{cell.position()} < {ends[-1]}"] if len(ends) < templates else []
    return " and ".join(tests)


def _of_fixed(table: Table, name: str) -> Values:
    """The column of rows that are all fixed: its type is theirs."""
    values = [template.fields[name].value if name in template.fields else None for template in table.templates]
    kinds = {kind_of(value) for value in values if value is not None}
    kind = kinds.pop() if len(kinds) == 1 else "text"
    return Values(None, TYPES[kind], kind, nullable=None in values)


def _fixed(draft: RecipeTable) -> None:
    """The rows that are given as they are."""
    for number, template in enumerate(draft.table.templates[: draft.table.fixed], 1):
        row: dict[str, Any] = {ID: number}
        for name, made in draft.columns.items():
            if name != ID and name not in draft.hidden:
                value = template.fields[name].value if name in template.fields else None
                text = made.type in ("text", "string") or made.kind == "text"
                row[name] = str(value) if text and value is not None else value
        draft.fixed.append(row)
    for name, made in draft.columns.items() if draft.fixed else []:
        if any(row.get(name) is None for row in draft.fixed) and name != ID and name not in draft.hidden:
            draft.columns[name] = replace(made, nullable=True)


def _entity(draft: RecipeTable) -> EntityDraft:
    names = sorted(draft.columns, key=lambda name: name in draft.hidden)  # hidden ones stand after all others
    columns = {name: draft.column(name) for name in names}
    return EntityDraft(draft.table.name, columns, _rows(draft), unique=draft.unique)


def _rows(draft: RecipeTable) -> RowCount:
    table, total = draft.table, draft.table.total
    if table.per is not None:
        # The link is named only where two lead to the same parent: one alone is found without.
        via = table.link if _leads_twice(draft) else ""
        if total.fixed:
            return RowCount(per=table.per.name, via=via, count=total.least)
        return RowCount(per=table.per.name, via=via, min=total.least, max=total.most)
    count = total.least if total.fixed else (total.least + total.most) // 2
    if draft.fixed and len(draft.fixed) == count:
        return RowCount(fixed=tuple(draft.fixed))
    return RowCount(count=count, fixed=tuple(draft.fixed))


def _leads_twice(draft: RecipeTable) -> bool:
    links = [made for made in draft.columns.values() if made.generator and made.generator.type == "fk"]
    return sum(made.link is draft.table.per for made in links) > 1


def _note_id(whole: RecipeDraft, table: Table) -> None:
    raw = table.first.fields.get(ID, table.first.raw)
    what = "the field id is not read: every object has an id of its own, which counts"
    whole.notes.append(raw.problem(("entities", table.name, "columns", ID), what))


def _note_tables(whole: RecipeDraft) -> None:
    for table in whole.layout.tables:
        path = ("entities", table.name)
        for what in _of_table(table):
            whole.notes.append(table.first.raw.problem(path, what))


def _of_table(table: Table) -> Iterator[str]:
    dynamic = len(table.templates) - table.fixed
    if table.name != table.first.object:
        yield f"rows of {table.first.object} that stand elsewhere in the recipe have a table of their own"
    if dynamic > 1:
        yield f"{dynamic} templates of {table.first.object}: which one a row is of follows from its place"
    if table.first.just_once and not table.fixed:
        yield "just_once: with --scale its rows grow like all others; --rows gives them a number of their own"
    for count in table.counts:
        if count.guessed:
            yield f"the count {count.guessed} is read as {_said(count)}"
    if table.per is None and not table.total.fixed:
        yield f"the count varies from {table.total.least} to {table.total.most}; here it is the mean"


def _said(count: Count) -> str:
    return f"{count.least}" if count.fixed else f"{count.least} to {count.most}, each as likely"


class _RecipeOrigin(Origin):
    """Where entities and columns stand in a recipe and the files that it includes."""

    def __init__(self, file: str, whole: RecipeDraft) -> None:
        super().__init__(file)
        self._raws: dict[tuple[str, ...], Raw] = {}
        for table in whole.layout.tables:
            self._raws[(table.name,)] = table.first.raw
            # Reversed, so that the first template's field gives the line.
            for template in reversed(table.templates):
                self._raws |= {(table.name, name): raw for name, raw in template.fields.items()}

    def problem(
        self, path: tuple[str | int, ...], what: str, hint: str = "", type: ProblemType = ProblemType.OTHER
    ) -> Problem:
        key = tuple(str(part) for part in (path[1:2] + path[3:4] if path[:1] == ("entities",) else ()))
        raw = self._raws.get(key) or self._raws.get(key[:1])
        return raw.problem(path, what, hint, type) if raw else super().problem(path, what, hint, type)
