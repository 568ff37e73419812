"""Dirt, settled: which mistakes an entity's rows have, which constraints those break, and the table that lists them.

Each column has one permutation of its rows, and so have two that are swapped: its kinds of mistakes take places in it
one behind the other, so that no cell has two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sdgen.errors import Path, Problem, ProblemType, did_you_mean
from sdgen.generators.column_batch import ColumnContext
from sdgen.generators.dirt import FITS, ShareOfRows
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.streams import stream_key
from sdgen.planning.choose import Key
from sdgen.planning.draft import Draft
from sdgen.planning.plan import ColumnPlan, DirtPlan, EntityPlan, Mistake, Plan
from sdgen.planning.written_rows import ANSWERS, BEYOND, AnswerKeyColumn
from sdgen.scenario.dirt import Dirt

ANSWER_KEY = "_dirt"
_MOST_OF_SEVERAL = 0.99  # the largest share of a column's rows that mistakes of several kinds have


def plan_dirt(draft: Draft) -> dict[str, DirtPlan]:
    """The dirt of each entity whose rows are made; what can't be had is a problem of the draft."""
    found = {}
    for name, entity in draft.scenario.entities.items():
        if entity.dirt is None or not draft.request.adds_to(name):
            continue
        path: Path = ("entities", name, "dirt")
        tables = {each.target_table or other for other, each in draft.scenario.entities.items()}
        if entity.dirt.answer_key and ANSWER_KEY in tables | draft.scenario.entities.keys():
            hint = "give it another name, or set answer_key: false"
            draft.refuse(path, f"{ANSWER_KEY} is the table that lists mistakes", hint, ProblemType.DUPLICATE)
        if draft.request.first(name):
            what = "rows can't be added to a table with dirt: its mistakes are spread over all rows"
            draft.refuse(path, what, "write the table anew, or leave out dirt", ProblemType.ROWS)
        known = set(_check_columns(draft, name, entity.dirt))
        found[name] = _settled(draft, name, entity.dirt, known)
    return found


def _named_columns(dirt: Dirt) -> Iterator[tuple[str, str, Path]]:
    """Each kind with a column that it names, and where."""
    for kind, rates in dirt.of_cells().items():
        yield from ((kind, column, (kind, column)) for column in rates)
    for number, swapped in enumerate(dirt.swapped):
        yield from (("swapped", column, ("swapped", number, "columns")) for column in swapped.columns)


def _check_columns(draft: Draft, entity: str, dirt: Dirt) -> Iterator[tuple[str, str]]:
    """The kinds and columns that are possible."""
    columns = draft.scenario.entities[entity].columns
    for kind, name, place in _named_columns(dirt):
        path, key = ("entities", entity, "dirt", *place), (entity, name)
        if name not in columns:
            draft.refuse(path, f"no column {name!r}", did_you_mean(name, columns), ProblemType.REFERENCE)
        elif columns[name].hidden:
            draft.refuse(path, f"the column {name} is hidden: it is never written", "name another one")
        elif columns[name].primary_key:
            hint = "name other columns: the answer key tells rows apart by their primary keys"
            draft.refuse(path, f"{name} is of the primary key, which stays clean", hint)
        elif key in draft.types and key in draft.generators:
            yield from ((kind, name) for _ in _possible(draft, key, kind, path))
    for number, swapped in enumerate(dirt.swapped):
        kinds = [draft.types.get((entity, name)) for name in swapped.columns]
        plain = [None if type is None else replace(type, length=0) for type in kinds]
        if None not in plain and (plain[0] != plain[1] or len(set(swapped.columns)) < 2):
            what = f"{' and '.join(swapped.columns)} are {' and '.join(map(str, kinds))}"
            hint = "only two columns of one type can be swapped"
            draft.refuse(("entities", entity, "dirt", "swapped", number), what, hint, ProblemType.TYPE)


def _possible(draft: Draft, key: Key, kind: str, path: Path) -> Iterator[None]:
    type, generator = draft.types[key], draft.generators[key]
    kinds, words = FITS.get(kind, (None, ""))
    if kinds is not None and (type.kind not in kinds or type.precision > 18):
        draft.refuse(path, f"{kind} is of {words}, and {key[1]} is {type}", "name another column", ProblemType.TYPE)
    elif kind == "swapped" and type.kind == "enum":
        draft.refuse(path, f"{key[1]} is {type}, which holds no other values", "give it the type text")
    elif kind == "broken_link" and not isinstance(generator, ForeignKey):
        draft.refuse(path, f"{key[1]} is no foreign key", "name a column of the generator fk", ProblemType.REFERENCE)
    elif kind == "broken_link" and isinstance(generator, ForeignKey) and not _has_more_keys(draft, generator):
        what = f"{generator.entity}.{generator.column} has no keys beyond those of its rows"
        hint = "a key that goes on does, such as sequence or uuid4"
        draft.refuse(path, what, hint)
    else:
        yield None


def _has_more_keys(draft: Draft, link: ForeignKey) -> bool:
    """Whether the parent's key can be computed for rows that it would have if it were longer, each another one."""
    key = (link.entity, link.column)
    if key not in draft.generators or key not in draft.types or not draft.alone_unique(key):
        return False
    generator = draft.generators[key]
    if generator.needs() or generator.counted_by or isinstance(generator, ForeignKey):
        return False
    capacity = generator.capacity(draft.facts(key))
    return capacity is not None and capacity >= draft.counts.get(link.entity, 0) + BEYOND


def _settled(draft: Draft, entity: str, dirt: Dirt, known: set[tuple[str, str]]) -> DirtPlan:
    rows, mistakes = draft.counts.get(entity, 0), []
    for group in _groups(draft, entity, dirt):
        key = stream_key(draft.seed, entity, ",".join(group), "dirt")
        rates: tuple[float, ...] = ()
        for kind, own, rate in _rates(dirt, group):
            if all((kind, name) in known for name in own):
                mistakes.append(Mistake(kind, own, ShareOfRows(key, rows, rate, rates)))
                # The next kind takes the places behind those of the kinds before it.
                rates = (*rates, rate)
        if len(rates) > 1 and (sum(rates) > _MOST_OF_SEVERAL or mistakes[-1].share.overflows):
            what = f"the mistakes in {' and '.join(group)} are of {sum(rates):.0%} of {rows:,} rows"
            draft.refuse(("entities", entity, "dirt"), what, "a row has one at most: give smaller rates, or more rows")
    key = stream_key(draft.seed, entity, "*", "dirt")
    duplicates = ShareOfRows(key, rows, dirt.duplicate) if dirt.duplicate else None
    columns = draft.scenario.entities[entity].columns
    never_null = frozenset(name for name in dirt.missing if name in columns and columns[name].nullable is False)
    return DirtPlan(rows, tuple(mistakes), duplicates, dirt.constraints, dirt.answer_key, never_null)


def _groups(draft: Draft, entity: str, dirt: Dirt) -> list[tuple[str, ...]]:
    """The columns, those that are swapped with one another together."""
    groups: list[tuple[str, ...]] = [(name,) for name in draft.scenario.entities[entity].columns]
    for swapped in dirt.swapped:
        joined = [group for group in groups if set(group) & set(swapped.columns)]
        groups = [group for group in groups if group not in joined]
        groups.append(tuple(name for group in joined for name in group))
    return groups


def _rates(dirt: Dirt, columns: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], float]]:
    for kind, rates in dirt.of_cells().items():
        yield from ((kind, (name,), rates[name]) for name in columns if name in rates)
    yield from (("swapped", each.columns, each.rate) for each in dirt.swapped if set(each.columns) <= set(columns))


def with_dirt(draft: Draft, entities: Mapping[str, EntityPlan], dirt: Mapping[str, DirtPlan]) -> dict[str, EntityPlan]:
    """The entities with their dirt, and the table that lists it."""
    found = dict(entities)
    for name, each in dirt.items():
        columns = {column: _as_written(entities[name].columns[column], each) for column in each.touched}
        settled = replace(each, columns=columns)
        found[name] = replace(entities[name], rows=each.rows + each.copies, dirt=settled)
    # Of tables that the run doesn't write, there are no mistakes to list.
    listed = {name: each for name, each in dirt.items() if each.listed and name in (draft.request.only or draft.counts)}
    if listed:
        found[ANSWER_KEY] = _answer_key(draft, listed)
    return found


def _as_written(column: ColumnPlan, dirt: DirtPlan) -> ColumnPlan:
    nulls = any(each.kind == "missing" and column.name in each.columns for each in dirt.mistakes)
    swapped = any(each.kind == "swapped" and column.name in each.columns for each in dirt.mistakes)
    # Without a dictionary, since mistakes are none of its values.
    return replace(column, arrow=column.type.arrow, nullable=column.nullable or nulls or swapped)


def _answer_key(draft: Draft, dirt: Mapping[str, DirtPlan]) -> EntityPlan:
    rows = sum(each.copies + sum(mistake.entries for mistake in each.mistakes) for each in dirt.values())

    def column(name: str) -> ColumnPlan:
        type = ANSWERS[name]
        context = ColumnContext(draft.seed, ANSWER_KEY, name, type, rows, draft.as_of)
        generator = AnswerKeyColumn(answer=name, entities=tuple(dirt))
        nullable = name not in ("table_name", "row_index", "kind")
        return ColumnPlan(name, type, type.arrow, generator, context, nullable, 0.0, None, hidden=False)

    columns = {name: column(name) for name in ANSWERS}
    return EntityPlan(ANSWER_KEY, ANSWER_KEY, rows, columns, {}, (), (), ())


def broken_constraints(plan: Plan, only: tuple[str, ...] = ()) -> Iterator[Problem]:
    """The constraints that a database would be told of, and that dirt breaks: each with what can be done about it."""
    for name, entity in plan.entities.items():
        if only and name not in only:
            continue
        own = None if entity.dirt is None or not entity.dirt.constraints else entity.dirt
        if own is not None:
            yield from _broken_by(entity, own)
        for key in entity.foreign_keys:
            parent = plan.entities[key.entity].dirt
            listed, path = ", ".join(key.columns), ("entities", name, "columns", key.columns[0])
            if own is not None and own.altered & set(key.columns):
                yield _broken(path, f"the dirt breaks the foreign key {name} ({listed})")
            # The parent's own mistakes break a key, too: children of a key that was changed lead nowhere.
            elif parent is not None and parent.constraints and parent.altered & set(key.to):
                yield _broken(path, f"the dirt of {key.entity} breaks the foreign key {name} ({listed})")


def _broken_by(entity: EntityPlan, dirt: DirtPlan) -> Iterator[Problem]:
    path: Path = ("entities", entity.name, "dirt")
    for name in sorted(dirt.never_null):
        what = f"{name} is declared never to be null, and the dirt leaves some of its values out"
        yield _broken((*path, "missing", name), what, "make the column nullable, ")
    if entity.primary_key and dirt.copies:
        yield _broken((*path, "duplicate"), f"rows that stand twice break the primary key of {entity.name}")
    for columns in entity.unique:
        if not dirt.keeps_unique(columns):
            yield _broken(path, f"the dirt breaks UNIQUE ({', '.join(columns)})")


def _broken(path: Path, what: str, more: str = "") -> Problem:
    hint = f"{more}set constraints: false in its dirt, so that it is not declared, or write files"
    return Problem(path, what, hint, type=ProblemType.CONSTRAINT)
