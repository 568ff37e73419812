"""References of a recipe → links, or the ids that they come to."""

from __future__ import annotations

from typing import Any

from sdgen.errors import did_you_mean
from sdgen.readers.drafts import spec
from sdgen.readers.snowfakery.cells import NOTHING, Cell, Ref, Values, expression, lookup
from sdgen.readers.snowfakery.recipe import Raw, Template
from sdgen.readers.snowfakery.tables import ID, Table

_MOST_WEIGHTS = 100


def link_to(table: Table, **params: Any) -> Values:
    """A foreign key to a table's id."""
    return Values(spec("fk", entity=table.name, column=ID, **params), kind="int", link=table)


def reference(cell: Cell, raw: Raw, value: Any) -> Values:
    """`reference: X`: an object around this one, beside it, or the last one made of that name."""
    name = str(value).strip()
    around = cell.ancestor(name)
    if around is not None:
        # A second field that refers to the same parent follows the first one's link.
        if around is cell.table.per and cell.table.link != cell.field and cell.table.link not in cell.draft.hidden:
            return link_to(around, via=cell.table.link)
        ref = cell.whole.reach(cell.table, around, ID)
        return Values(ref.made().generator, kind="int", link=around)
    # An object that refers to itself by name means its own row.
    if cell.template.container is None and name in (cell.template.object, cell.template.nickname):
        return expression("id", "int")
    if "." in name:
        return _through(cell, raw, name)
    beside = _beside(cell, name)
    if beside is not None:
        return beside
    named = cell.whole.layout.by_nickname.get(name) or [
        template for table in cell.whole.layout.by_object.get(name, []) for template in table.templates
    ]
    visible = [template for template in named if not template.hidden]
    if not visible or not cell.whole.layout.of[visible[-1]].total.most:
        known = [*cell.whole.layout.by_nickname, *cell.whole.layout.by_object]
        cell.note(raw, f"reference to {name!r}, which there is none of: null", did_you_mean(name, known))
        return NOTHING
    return _last(cell, raw, name, visible[-1])


def _through(cell: Cell, raw: Raw, name: str) -> Values:
    """A reference by way of other fields: spouse.pet."""
    found = lookup(cell, name.split("."), raw, lambda *_: None)
    if found is None or found.ref is None:
        cell.note(raw, f"reference to {name}: there is no such way: null")
        return NOTHING
    return found.ref.made()


def _beside(cell: Cell, name: str) -> Values | None:
    """An object in a field of this one, or one that stands in the same object as this one."""
    for child in cell.template.nested.values():
        if name in (child.nickname, child.object) and not child.hidden:
            return nested(cell, child)
    container = cell.template.container
    for child in container.children if container else []:
        table = cell.whole.layout.of.get(child)
        if child is cell.template or table is None or name not in (child.nickname, child.object):
            continue
        if table.per is not None and table.per is cell.table.per and table.total.fixed:
            return _of_parent(table, child, Ref(ID, cell.table.link).sql)
    return None


def nested(cell: Cell, child: Template) -> Values:
    """The object in a field: made for each row, so that its id follows from the row's."""
    table = cell.whole.layout.of[child]
    if cell.table.per is table:
        return link_to(table)
    if not table.total.fixed or not table.counts[table.templates.index(child)].least:
        cell.note(child.raw, f"the id of {child.object} can't be told where its number varies: null")
        return NOTHING
    return _of_parent(table, child, ID)


def _of_parent(table: Table, child: Template, parent: str) -> Values:
    """The id of the last row that a template makes for a parent's row."""
    total = table.total.least
    last = table.offset(child) + table.counts[table.templates.index(child)].least
    return expression(parent if total == 1 else f"({parent} - 1) * {total} + {last}", "int")


def _last(cell: Cell, raw: Raw, name: str, template: Template) -> Values:
    """The last row of a template; the one that matches cannot be told where their number is open."""
    table = cell.whole.layout.of[template]
    run = table.run
    if run is None or not run.fixed or not run.least:
        cell.note(raw, f"reference to {name}: to any of its rows", "in the recipe it is the last one made before")
        return link_to(table)
    alone = len(table.templates) == 1
    row = run.least if alone else table.offset(template) + table.counts[table.templates.index(template)].least
    order = cell.whole.layout.tables
    # A link would order the tables the other way round; the plain number of the row does not.
    if table is cell.table or order.index(table) > order.index(cell.table) or run.least > _MOST_WEIGHTS:
        return Values(spec("const", value=row), "bigint", "int")
    if run.least == 1:
        return link_to(table)
    # Weights that leave one row keep it a foreign key, which a constant would not be.
    weights = [int(number == row) for number in range(1, run.least + 1)]
    return link_to(table, distribution="weighted", weights=weights)


def random_reference(cell: Cell, raw: Raw, value: Any) -> Values:
    """`random_reference`: any row of an object, or of those with a nickname."""
    params = value if isinstance(value, dict) else {"to": value}
    name = str(params.get("to", "")).strip()
    named = cell.whole.layout.by_nickname.get(name, [])
    tables = cell.whole.layout.by_object.get(name) or [cell.whole.layout.of[each] for each in named if not each.hidden]
    if not tables:
        hint = did_you_mean(name, [*cell.whole.layout.by_nickname, *cell.whole.layout.by_object])
        cell.note(raw, f"random_reference to {name!r}, which there is none of: null", hint)
        return NOTHING
    if len(set(tables)) > 1:
        cell.note(raw, f"random_reference to {name}: to rows of {tables[0].name} alone, of several tables")
    table = tables[0]
    if not table.total.most:
        cell.note(raw, f"random_reference to {name}, which has no rows: null")
        return NOTHING
    for key in params.keys() - {"to", "unique", "parent", "scope"}:
        cell.note(raw, f"random_reference: {key!r} is not understood")
    if params.get("parent") and params.get("unique") and cell.table.link:
        cell.draft.unique.append((cell.table.link, cell.field))
        return link_to(table)
    if params.get("unique"):
        return link_to(table, one_to_one=True)
    if name not in cell.whole.layout.by_object and table.per is None and 1 < table.total.most <= _MOST_WEIGHTS:
        weights = _weights(table, named)
        return link_to(table, distribution="weighted", weights=weights) if 1 in weights else link_to(table)
    return link_to(table)


def _weights(table: Table, chosen: list[Template]) -> list[int]:
    return [
        int(each in chosen)
        for each, count in zip(table.templates, table.counts, strict=True)
        for _ in range(count.least)
    ]
