"""Which columns hold nulls, and whether they may."""

from __future__ import annotations

from sdgen.generators.base import Dependency
from sdgen.generators.links.links import ForeignKey
from sdgen.planning.choose import Key, column_path, columns_of
from sdgen.planning.draft import Draft


def check_nulls(draft: Draft) -> None:
    """A column that is never null asks for no nulls, has none among its values, and copies none."""
    for key, _, column in columns_of(draft.scenario):
        rate = draft.missing_rate(key)
        if column.primary_key and (rate or column.nullable):
            draft.refuse(column_path(key), "a primary key is never null", "drop nullable and null_rate")
        elif rate and column.nullable is False:
            name = "null_rates has" if draft.null_rates(key) else "null_rate is"
            draft.refuse(column_path(key), f"{name} {rate:g}, but nullable is false", "drop one of them")
        elif column.primary_key or column.nullable is False:
            why = "a primary key is never null" if column.primary_key else "nullable is false"
            _check_values(draft, key, why)


def _check_values(draft: Draft, key: Key, why: str) -> None:
    generator = draft.generators.get(key)
    if generator is not None and generator.gives_null:
        hint = "take null out of its values" + ("" if draft.column(key).primary_key else ", or leave nullable out")
        draft.refuse(column_path(key), f"{why}, but {generator.called} gives nulls here", hint)
    elif isinstance(generator, ForeignKey) and _made_beside(draft, key, generator):
        what = f"{why}, but some rows are made for no row of {generator.entity}"
        hint = f"make the link nullable, or let all rows be one for each of {generator.entity}"
        draft.refuse(column_path(key), what, hint)
    elif source := null_source(draft, key):
        what = f"{why}, but {source} has nulls, and its values follow from it"
        draft.refuse(column_path(key), what, f"give {source} no nulls, or this column another generator")
    for row, values in enumerate(draft.scenario.entities[key[0]].rows.fixed):
        if values.get(key[1], "") is None:
            draft.refuse(("entities", key[0], "rows", "fixed", row, key[1]), f"{why}, but a fixed row has null here")


def _made_beside(draft: Draft, key: Key, link: ForeignKey) -> bool:
    """Whether rows are made for each of a link's parents, and others beside them that have none."""
    name = link.via or key[1]
    return name in draft.each.get(key[0], ()) and may_lack_parent(draft, key[0], name)


def null_source(draft: Draft, key: Key) -> str:
    """A column whose nulls a column copies, as entity.column; "" where there is none."""
    return _null_source(draft, key, set())


def _null_source(draft: Draft, key: Key, seen: set[Key]) -> str:
    generator = draft.generators.get(key)
    if generator is None or not generator.passes_null or key in seen:
        return ""
    # Columns may still depend on one another in a cycle, of which another check tells.
    seen.add(key)
    for need in _copied(draft, key):
        home = draft.home(key[0], need)
        if home not in draft.generators:  # told where the dependency is checked
            continue
        other = draft.generators[home]
        if draft.missing_rate(home) or other.gives_null:
            return ".".join(home)
        linked = need.link in draft.links[key[0]] and (key[0], need.link) != key
        if linked and may_lack_parent(draft, key[0], need.link):
            return f"{key[0]}.{need.link}"
        if source := _null_source(draft, home, seen):
            return source
    return ""


def _copied(draft: Draft, key: Key) -> list[Dependency]:
    """The columns that a column's values depend on, with the parent's of a link."""
    generator = draft.generators[key]
    if isinstance(generator, ForeignKey):
        # Where what a link follows has no parent it draws one of its own.
        return [Dependency(generator.column, generator.via or key[1])]
    return [need for need in generator.needs() if need.column and not need.children and not need.entity]


def is_nullable(draft: Draft, key: Key) -> bool:
    """Whether the target's column takes nulls: as declared, or where nulls can come about."""
    wanted, generator = draft.column(key), draft.generators[key]
    if wanted.primary_key or wanted.nullable is not None:
        return bool(wanted.nullable)
    if draft.missing_rate(key) or generator.may_be_null:
        return True
    if generator.never_null:
        return False
    # This comes to an end: plans of columns are made only where no cycle was found.
    return any(
        may_lack_parent(draft, key[0], need.link) or is_nullable(draft, draft.home(key[0], need))
        for need in _copied(draft, key)
    )


def may_lack_parent(draft: Draft, entity: str, link: str) -> bool:
    if not link:
        return False
    column, spec = draft.link_column(entity, link)
    if link in draft.each.get(entity, ()):
        return draft.each[entity][link].parents < draft.counts[entity]
    tree = spec.entity == entity and link != draft.counting_link(entity)
    if spec.within and not tree:
        return may_lack_parent(draft, entity, spec.within) or bool(draft.column((entity, column)).nullable)
    return (tree and bool(spec.roots)) or draft.missing_rate((entity, column)) > 0
