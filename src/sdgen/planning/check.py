"""Is it possible? Every rule a scenario must keep, each a function that adds what is wrong to the draft's problems."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from sdgen.errors import ProblemType, Refusal, did_you_mean
from sdgen.generators.arrays.cast import scalar_array
from sdgen.generators.base import Dependency, Generator
from sdgen.generators.links.counts import most_children
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.pools import is_known, locales, mixture
from sdgen.planning.check_links import check_links
from sdgen.planning.choose import Key, column_path, columns_of
from sdgen.planning.correlations import followed
from sdgen.planning.draft import Draft
from sdgen.planning.nulls import check_nulls
from sdgen.planning.sequence_offsets import entity_order, find_cycle
from sdgen.scenario.output import repeated_names
from sdgen.scenario.types import INTEGERS, Type

_UNPRINTABLE = ("Cc", "Cs")  # control characters, and halves of pairs that no text may hold
_REFERENCE = ProblemType.REFERENCE


def check_draft(draft: Draft, strict: bool = False) -> None:
    """Add all problems of the draft; `strict` adds entities that can't be written one after the other."""
    draft.problems.extend(note for note in draft.scenario.notes if isinstance(note, Refusal))
    check_characters(draft)
    check_locale(draft)
    check_names(draft)
    check_output(draft)
    check_needs(draft)
    check_cycles(draft)
    if strict:
        check_entity_cycles(draft)
    check_generators(draft)
    check_nulls(draft)
    check_links(draft)
    check_fixed(draft)
    # Last: a type that is missing is told only where no other problem explains it.
    check_types(draft)


def check_columns(draft: Draft) -> bool:
    """Whether columns can be computed that the draft has generators for, and all that they depend on."""
    for check in (check_needs, check_cycles, check_generators, check_links):
        # Each check takes for granted what the ones before it look for.
        if not draft.problems:
            check(draft)
    return not draft.problems and draft.generators.keys() <= draft.types.keys()


def check_generators(draft: Draft) -> None:
    for key, generator in draft.generators.items():
        if key in draft.types:
            check_fit(draft, key, generator)
            check_faults(draft, key, generator)
            check_capacity(draft, key, generator)


def check_types(draft: Draft) -> None:
    """A column whose type could not be settled, where no other problem tells why."""
    untyped = [key for key, _, _ in columns_of(draft.scenario) if key not in draft.types]
    if untyped and not draft.problems:
        draft.refuse(column_path(untyped[0]), "its type can't be known", "give the column a type", ProblemType.TYPE)


def check_characters(draft: Draft) -> None:
    """Names go into files, statements and terminals, where a control character would end or change them."""
    scenario = draft.scenario
    names: list[tuple[tuple[str, ...], str]] = [(("name",), scenario.name), (("version",), scenario.version)]
    for name, entity in scenario.entities.items():
        names += [(("entities", name), name), (("entities", name, "target_table"), entity.target_table)]
        names += [(("entities", name, "columns", column), column) for column in entity.columns]
    for path, text in names:
        if any(unicodedata.category(letter) in _UNPRINTABLE for letter in text or ""):
            what = f"the name {_spelled(text)} holds a control character"
            problem = scenario.origin.problem(path, what, "write it without", ProblemType.VALUE)
            draft.problems.append(replace(problem, path=tuple(map(_spelled, path))))


def check_locale(draft: Draft) -> None:
    """Without lists of its own a locale would be written in English, which nobody has asked for."""
    for locale, _ in mixture(draft.scenario.locale):
        if not is_known(locale):
            hint = f"{did_you_mean(locale.lower(), locales())} known are {', '.join(locales())}"
            draft.refuse(("locale",), f"unknown locale {locale!r}", hint.strip(), ProblemType.VALUE)


def _spelled(text: str) -> str:
    """A text in ASCII where it can't be printed as it is."""
    return text if text.isprintable() else ascii(text)


def check_names(draft: Draft) -> None:
    tables: dict[str, str] = {}
    for name, entity in draft.scenario.entities.items():
        table = entity.target_table or name
        if table in tables:
            what = f"writes to the table {table!r}, and so does {tables[table]}"
            draft.refuse(("entities", name), what, type=ProblemType.DUPLICATE)
        tables[table] = name
        for columns in entity.unique:
            for column in columns:
                if column not in entity.columns:
                    hint = did_you_mean(column, entity.columns)
                    draft.refuse(("entities", name, "unique"), f"no column {column!r} to be unique", hint, _REFERENCE)
        if all(column.hidden for column in entity.columns.values()):
            draft.refuse(("entities", name), "all columns are hidden: nothing would be written", type=ProblemType.VALUE)
        if "" in entity.columns:
            draft.refuse(("entities", name, "columns", ""), "a column needs a name", type=ProblemType.VALUE)


def check_output(draft: Draft) -> None:
    """The output's own files: of entities that are there, each of a name of its own."""
    output, entities = draft.scenario.output, draft.scenario.entities
    if output is None:
        return
    for name in sorted(output.per_entity.keys() - entities.keys()):
        hint = did_you_mean(name, entities)
        draft.refuse(("output", "per_entity", name), f"there is no entity {name!r}", hint, _REFERENCE)
    tables = {name: entity.target_table or name for name, entity in entities.items()}
    run = {"seed": draft.seed, "scenario": draft.scenario.name, "version": draft.scenario.version}
    for _, what in repeated_names(output.names, tables, run):
        hint = "put {entity} into the pattern, and {format} at its end"
        draft.refuse(("output", "filename_pattern"), what, hint, ProblemType.DUPLICATE)


def check_needs(draft: Draft) -> None:
    """Columns that others are computed from must exist."""
    for key, generator in draft.generators.items():
        for need in generator.needs():
            known = check_children(draft, key, need) if need.children else check_entity(draft, key, need)
            if not known or not need.column:
                continue
            links = draft.links[key[0]]
            where = "" if need.link and need.link not in links else draft.home(key[0], need)[0]
            path = (*column_path(key), *(("params", *need.param.split(".")) if need.param else ()))
            line = f"line {need.line}: " if need.line else ""
            if not where:
                hint = did_you_mean(need.link, links, "links are columns with `generator: fk`")
                draft.refuse(path, f"{line}no link {need.link!r} to a parent", hint, _REFERENCE)
            elif need.column not in draft.scenario.entities[where].columns:
                terms = () if need.link else generator.known_terms(links)
                hint = did_you_mean(need.column, {*draft.scenario.entities[where].columns, *terms})
                hint = f"name a column of it: {need.column}.…" if need.column in terms else hint
                draft.refuse(path, f"{line}{where} has no column {need.column!r}", hint, _REFERENCE)
        for name in draft.column(key).null_rates.keys() - draft.scenario.entities[key[0]].columns.keys():
            hint = did_you_mean(name, draft.scenario.entities[key[0]].columns)
            draft.refuse((*column_path(key), "null_rates"), f"{key[0]} has no column {name!r}", hint, _REFERENCE)
        per = generator.counted_by
        counted = not draft.scenario.entities[key[0]].rows.per or key[0] in draft.layouts  # else told already
        if per and counted and per != draft.counting_link(key[0]):
            hint = f"count them with `rows: {{per: {draft.links[key[0]].get(per, '…')}, …}}`"
            what = f"{key[0]} does not count its rows by the link {per!r}"
            draft.refuse(column_path(key), what, hint, ProblemType.ROWS)


def check_entity(draft: Draft, key: Key, need: Dependency) -> bool:
    """Whether the entity whose rows are taken is there, and has some; told where not."""
    if not need.entity:
        return True
    if need.entity not in draft.scenario.entities:
        hint = did_you_mean(need.entity, draft.scenario.entities)
        draft.refuse(column_path(key), f"no entity {need.entity!r}", hint, _REFERENCE)
    elif draft.counts.get(need.entity) == 0:
        draft.refuse(column_path(key), f"a link to {need.entity}, which has no rows", type=ProblemType.ROWS)
    return need.entity in draft.scenario.entities and draft.counts.get(need.entity) != 0


def check_children(draft: Draft, key: Key, need: Dependency) -> bool:
    """Whether the children's entity counts its rows per this one, or the parent named; told where it doesn't."""
    child, owner = draft.scenario.entities.get(need.children), draft.links[key[0]].get(need.link, key[0])
    if child is None:
        hint = did_you_mean(need.children, draft.scenario.entities)
        draft.refuse(column_path(key), f"no entity {need.children!r}", hint, _REFERENCE)
    elif child.rows.per != owner:
        hint = f"give it `rows: {{per: {owner}, …}}`"
        what = f"{need.children} does not count its rows per {owner}"
        draft.refuse(column_path(key), what, hint, ProblemType.ROWS)
    return child is not None and child.rows.per == owner


def dependencies(draft: Draft) -> dict[Key, list[Key]]:
    """Which columns each column is computed from."""
    graph: dict[Key, list[Key]] = {}
    for key, generator in draft.generators.items():
        needs = list(generator.needs())
        if isinstance(generator, ForeignKey):
            linked = generator.via or key[1]
            needs += [Dependency(name, linked) for name in (generator.column, *generator.sharing)]
        needs += [need for _, need, _ in followed(draft, key)]
        # A parent that a column of the row names can't be had without that column.
        links = [draft.link_column(key[0], need.link)[1] for need in needs if draft.declares(key[0], need.link)]
        needs += [Dependency(link.row) for link in links if link.row]
        needs += map(Dependency, draft.column(key).null_rates)
        # Columns without a generator need nothing; why they have none is told elsewhere.
        targets = [draft.home(key[0], need) for need in needs]
        graph[key] = [target for target in targets if target in draft.generators]
    return graph


def check_cycles(draft: Draft) -> None:
    cycle = find_cycle(dependencies(draft))
    if cycle:
        path = " → ".join(".".join(key) for key in cycle)
        draft.refuse(
            column_path(cycle[0]),
            f"columns depend on each other in a cycle: {path}",
            "let one of them be drawn by itself",
            ProblemType.CYCLE,
        )


def check_entity_cycles(draft: Draft) -> None:
    """Entities that need one another's rows: whichever is written first, its links lead to rows that are not there."""
    parents: dict[str, list[str]] = {name: [] for name in draft.scenario.entities}
    for (entity, name), generator in draft.generators.items():
        if not isinstance(generator, ForeignKey) or generator.entity not in parents:
            continue
        link = generator.via or name
        key = entity, draft.link_column(entity, link)[0]
        optional = draft.column(key).nullable or draft.missing_rate(key) or link in draft.each.get(entity, ())
        if not (optional or draft.column(key).hidden):
            parents[entity].append(generator.entity)
    # Only links that are never null count: where one may be null, rows can be written with nulls first.
    for cycle in entity_order(parents)[1]:
        what = "entities need one another in a cycle of links that are never null: " + " → ".join(cycle)
        hint = "make one of the links nullable; files, and databases that check keys at the end, take the rows as it is"
        draft.refuse(("entities", cycle[0]), what, hint, ProblemType.CYCLE)


def check_fit(draft: Draft, key: Key, generator: Generator) -> None:
    """The generator must be able to fill the column's type; a link's type must be its parent key's."""
    type = draft.types[key]
    if isinstance(generator, ForeignKey):
        parent = draft.types.get((generator.entity, generator.column))
        if parent is not None and not _comparable(type, parent):
            what = f"{type}, but {generator.entity}.{generator.column}, which it refers to, is {parent}"
            draft.refuse(column_path(key), what, f"make both {parent}", ProblemType.TYPE)
    elif type.kind not in generator.fits:
        fits = ", ".join(sorted(generator.fits))
        what = f"{generator.called} can't fill a column of type {type}"
        draft.refuse(column_path(key), what, f"it fills: {fits}", ProblemType.TYPE)


def _comparable(one: Type, other: Type) -> bool:
    kinds = {one.kind, other.kind}
    return one.kind == other.kind or kinds <= {"string", "text"} or kinds <= INTEGERS


def check_faults(draft: Draft, key: Key, generator: Generator) -> None:
    faults, sort = list(generator.faults(draft.facts(key))), ProblemType.VALUE
    if not faults:
        types = {need: draft.types.get(draft.home(key[0], need)) for need in generator.needs()}
        known = all(type for need, type in types.items() if need.column)
        faults, sort = list(generator.check_types(types)) if known else [], ProblemType.TYPE
    for fault in faults:
        place = ("params", *fault.param.split(".")) if fault.param else ()
        draft.refuse((*column_path(key), *place), fault.what, fault.hint, sort)


def check_capacity(draft: Draft, key: Key, generator: Generator) -> None:
    """A unique column needs a domain at least as large as its entity."""
    rows = draft.counts.get(key[0], 0)
    # A column that is wrong already is not told of twice.
    if not draft.alone_unique(key) or any(problem.path[:4] == column_path(key) for problem in draft.problems):
        return
    # Rows that are there stay as they are: without a new one nothing has to differ from them.
    if 0 < rows == draft.request.first(key[0]):
        return
    capacity = _capacity(draft, key, generator)
    reason = "is the primary key" if draft.primary_key(key[0]) == (key[1],) else "is unique"
    if capacity is None:
        what = f"{reason}, but {generator.called} can't promise distinct values"
        draft.refuse(column_path(key), what, generator.how_unique, ProblemType.UNIQUE)
    elif capacity < rows:
        what = f"{reason} over {rows:,} rows, but {generator.called} has only {capacity:,} distinct values here"
        draft.refuse(column_path(key), what, _fewer(draft, key[0], capacity), ProblemType.UNIQUE)


def _fewer(draft: Draft, entity: str, capacity: int) -> str:
    """What to ask for where there are not enough distinct values for all rows, those among them that are there."""
    there = draft.request.first(entity)
    if not there:
        return f"ask for at most {capacity:,} rows, or widen the generator"
    more = max(capacity - there, 0)
    return f"{there:,} rows are there: ask for at most {more:,} more (--rows {entity}={more}), or widen the generator"


def _capacity(draft: Draft, key: Key, generator: Generator) -> int | None:
    if not isinstance(generator, ForeignKey):
        return generator.capacity(draft.facts(key))
    link = generator.via or key[1]
    parents = draft.counts.get(generator.entity, 0)
    # Rows that are made for each parent have distinct parents by construction.
    if link in draft.each.get(key[0], ()):
        return draft.counts[key[0]]
    if link == draft.counting_link(key[0]):
        return parents if most_children(draft.layouts[key[0]]) <= 1 else None
    if generator.within or generator.unlike or generator.later_than or generator.spread or generator.entity == key[0]:
        return None
    if generator.sharing:
        return None
    return parents if generator.distribution == "uniform" and not generator.quota else None


def check_fixed(draft: Draft) -> None:
    for name, entity in draft.scenario.entities.items():
        path = ("entities", name, "rows", "fixed")
        for index, values in enumerate(entity.rows.fixed):
            for column, value in values.items():
                where = (*path, index, column)
                if column not in entity.columns:
                    hint = did_you_mean(column, entity.columns)
                    draft.refuse(where, f"{name} has no column {column!r}", hint, _REFERENCE)
                elif (name, column) in draft.types:
                    _check_value(draft, where, value, draft.types[name, column])
        for column in entity.columns:
            _check_repeats(draft, name, column, [values[column] for values in entity.rows.fixed if column in values])


def _check_value(draft: Draft, path: tuple[str | int, ...], value: object, type: Type) -> None:
    try:
        scalar_array([value], type)
    except ValueError as error:
        draft.refuse(path, str(error), type=ProblemType.TYPE)


def _check_repeats(draft: Draft, entity: str, column: str, values: list[object]) -> None:
    # Compared as texts: a fixed value may be a list, which no set takes.
    if draft.alone_unique((entity, column)) and len({repr(value) for value in values}) < len(values):
        draft.refuse(
            ("entities", entity, "rows", "fixed"),
            f"{column} is unique, but two fixed rows have the same value",
            type=ProblemType.UNIQUE,
        )
