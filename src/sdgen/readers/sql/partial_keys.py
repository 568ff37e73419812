"""Partial unique indexes → partial unique sets, where a key has too few values to be unique in all rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from math import prod
from typing import Any

from sdgen.generators.base import Generator
from sdgen.generators.choices.choices import Choice
from sdgen.generators.moments.after import After
from sdgen.inference.names import free_name
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_branches import Truth, branches_of
from sdgen.readers.sql.check_facts import CheckMeaning, ColumnBounds
from sdgen.readers.sql.drafts import MarkedKey, Notes, PartialKey, TableDraft, is_fixed, quoted
from sdgen.readers.sql.realistic import literal
from sdgen.readers.sql.schema import ExclusionSchema, KeySchema
from sdgen.scenario.model import PartialUnique
from sdgen.scenario.types import INTEGERS, Type

Sizer = Callable[[TableDraft, str], int]  # how many values a column may take in a set; 0 where that isn't known

_NOT_NULL = {"not": None}
_FEW = 0.3  # the share of rows that match a flag or one value of many
_LIVE = re.compile(r"(?:deleted|archived|discarded|removed|destroyed|disabled|retired|voided|expired|revoked)(?:_|$)")


def partial_key(entity: TableDraft, key: KeySchema, dialect: str) -> PartialKey | None:
    """What a partial index's condition says column by column; None where it says more than that."""
    # An expression can't be permuted, and NULLS NOT DISTINCT asks something of the rows with nulls as well.
    if key.computed or not key.nulls:
        return None
    branches = branches_of(key.where, dialect, truth=Truth.TRUE)
    spelled = {name.lower(): name for name in entity.columns}
    if len(branches) != 1 or branches[0] != CheckMeaning(found := branches[0].columns) or not found:
        return None
    where: dict[str, Any] = {}
    for name, bounds in found.items():
        column = entity.columns.get(spelled.get(name.lower(), ""))
        said = None if column is None else _said(column, bounds)
        if column is None or said is None:
            return None
        where |= said
    return PartialKey(key, where)


# ------------------------------------------------------------------ conditions that are drawn


def without_own_nulls(entity: TableDraft, key: KeySchema, dialect: str) -> KeySchema:
    """A key without a condition that says no more than that its own columns are not null, as nulls repeat anyway."""
    branches = branches_of(key.where, dialect, truth=Truth.TRUE) if key.where else ()
    own, plain = {name.lower() for name in key.columns}, ColumnBounds(not_null=True)
    if len(branches) != 1 or branches[0] != CheckMeaning(branches[0].columns) or not key.nulls:
        return key
    said = branches[0].columns
    return replace(key, where="") if all(name.lower() in own and said[name] == plain for name in said) else key


def is_drawn(entity: TableDraft, key: KeySchema, dialect: str) -> bool:
    """Whether columns of a partial index's condition are in a CHECK with branches, which its rows are to follow."""
    from sqlglot.errors import SqlglotError

    def names(sql: str, truth: Truth) -> tuple[int, set[str]]:
        found = branches_of(sql, dialect, truth=truth)
        return len(found), {name.lower() for branch in found for name in branch.names}

    try:
        own = names(key.where, Truth.TRUE)[1]
        checks = [names(check.sql, Truth.NOT_FALSE) for check in entity.schema.checks]
    except (SqlglotError, AttributeError):
        return False
    return any(count > 1 and own & others for count, others in checks)


def mark_key(entity: TableDraft, key: KeySchema, dialect: str) -> bool:
    """Add a flag that is true in the rows that a partial index holds, if its condition is understood."""
    # The opposite has to be understood as well: the other rows must fail the condition.
    found = [*branches_of(key.where, dialect, truth=Truth.TRUE), *branches_of(key.where, dialect, truth=Truth.NOT_TRUE)]
    if key.computed or not key.nulls or not found or any(branch.unknown for branch in found):
        return False
    flag = free_name(f"{key.name or key.columns[0]}_rows", entity.columns)
    draft = ColumnDraft(flag, Type("bool"), hidden=True)
    entity.columns = {flag: draft, **entity.columns}
    entity.marked_keys.append(MarkedKey(key, flag))
    return True


def flag_branches(marked: MarkedKey, dialect: str) -> tuple[CheckMeaning, ...]:
    """The branches of a condition and of its opposite, each with its flag."""
    return tuple(
        CheckMeaning({marked.flag: ColumnBounds(values=(flag,))}).also(branch)
        for flag, truth in ((True, Truth.TRUE), (False, Truth.NOT_TRUE))
        for branch in branches_of(marked.key.where, dialect, truth=truth)
    )


def unmark_keys(entity: TableDraft, notes: Notes) -> None:
    """Let the branch that is drawn tell the rows that match, instead of their flag."""
    for marked in entity.marked_keys:
        # The flag only led the branches together: a scenario names the column that draws them.
        flag = entity.columns.pop(marked.flag)
        cases = flag.cases
        drawn = entity.columns.get(cases.column) if cases is not None else None
        if flag.bounds.values == (False,):
            continue  # no row ever matches
        if cases is None or drawn is None or drawn.generator is None or drawn.generator.type != "choice":
            unique_everywhere(entity, marked.key, notes)
            continue
        labels = [label for label in drawn.generator.params["values"] if _is_true(cases.bounds.get(label))]
        entity.partial_keys.append(PartialKey(marked.key, {cases.column: labels}))


def _is_true(bounds: ColumnBounds | None) -> bool:
    return bounds is not None and bounds.values == (True,)


def _said(column: ColumnDraft, bounds: ColumnBounds) -> dict[str, Any] | None:
    """A column's part of a condition, empty where all rows keep it; None where none do, or it says something else."""
    # What is left besides equality and null can't be said in a scenario's `where`.
    plain = ColumnBounds(values=bounds.values, other_than=bounds.other_than, null=bounds.null, not_null=bounds.not_null)
    if bounds.other_than and bounds.values is None and not bounds.null:
        return {column.name: {"not": [_value(value, column) for value in bounds.other_than]}}
    if bounds != plain or (bounds.null and not column.nullable):
        return None
    if bounds.null:
        return {column.name: None}
    if bounds.values is None:
        return {column.name: {"not": None}} if column.nullable else {}
    return {column.name: [_value(value, column) for value in bounds.values]}


def _value(value: Any, column: ColumnDraft) -> Any:
    if isinstance(value, Decimal):
        return bool(value) if column.type.kind == "bool" else int(value) if value == int(value) else float(value)
    if isinstance(value, bool) and column.type.kind != "bool":
        return int(value)
    return value


def part_nullable_links(entity: TableDraft) -> None:
    """Let a unique link that may be null be so in rows beyond its parents: it is unique where it is not null."""
    for name, column in entity.columns.items():
        params = dict(column.params)
        plain = column.is_link and set(params) == {"entity", "column"} and params["entity"] != entity.name
        open = column.nullable and column.null_rate is None and not column.null_rates and not column.primary
        if plain and open and column.unique:
            key = next((key for key in entity.schema.unique if key.columns == (name,)), KeySchema((name,)))
            column.unique = False
            entity.partial_keys.append(PartialKey(replace(key, where=""), {name: _NOT_NULL}))


def settle_partial_keys(
    entity: TableDraft, generators: Mapping[tuple[str, str], Generator], size: Sizer, notes: Notes
) -> None:
    """Keep those keys unique in the rows that match which have too few values for all rows; the others in all rows."""
    for partial in (_open(entity, each) for each in entity.partial_keys):
        columns = tuple(
            name
            for name in partial.key.columns
            if partial.where.get(name, _NOT_NULL) == _NOT_NULL and not _goes_with_another(entity, name, partial.key)
        )
        sizes = [size(entity, name) for name in columns]
        if not columns and draw_one_row(entity, partial, generators):
            continue
        if not partial.where or not columns or not all(sizes):
            unique_everywhere(entity, partial.key, notes)
            continue
        # No more rows may match than there are distinct values for them.
        share = min(_natural_share(entity, partial, generators), prod(sizes) / max(entity.size, 1))
        entity.partial_unique.append(PartialUnique(columns=columns, where=partial.where, share=round(share, 4)))
        entity.kept_keys.append(partial.key)
        for name, said in partial.where.items():
            if said in (None, _NOT_NULL):
                _keep_from_own_nulls(entity.columns[name], generators.get((entity.name, name)))


def _keep_from_own_nulls(column: ColumnDraft, generator: Generator | None) -> None:
    """Let a moment that is null by a state be so by the choice of rows alone."""
    if isinstance(generator, After) and generator.may_be_null and column.generator is None:
        column.fill("after", column=generator.column, min=generator.min, max=generator.max)


def _goes_with_another(entity: TableDraft, name: str, key: KeySchema) -> bool:
    """Whether a column is of the same parent as another one of the key: then it tells no rows apart."""
    column = entity.columns.get(name)
    via = column.params.get("via") if column is not None and column.is_link else None
    return via is not None and via != name and via in key.columns


def draw_one_row(entity: TableDraft, partial: PartialKey, generators: Mapping[tuple[str, str], Generator]) -> bool:
    """Let one row match a condition that at most one may match, if a flag or one of a list's values says it."""
    # `UNIQUE (is_default) WHERE is_default`, or over a constant: the first row of all runs has the flag.
    (name, said), *others = partial.where.items() or [("", None)]
    column = entity.columns.get(name)
    if others or column is None or not isinstance(said, list):
        return False
    number = ColumnDraft(free_name(f"{name}_number", entity.columns), Type("bigint"), hidden=True)
    number.fill("sequence")
    if column.type.kind == "bool" and said in ([True], [False]) and not is_fixed(column):
        added, sql = [number], f"{quoted(number.name)} {'=' if said == [True] else '<>'} 1"
    else:
        weights = {value: weight for value, weight in _listed(entity, column, generators).items() if value not in said}
        if not weights or column.type.kind not in ("text", "string", "enum", *INTEGERS):
            return False
        other = ColumnDraft(free_name(f"{name}_of_others", entity.columns), column.type, hidden=True)
        other.fill("choice", values=list(weights), weights=list(weights.values()))
        one = said[0] if isinstance(said[0], int) else literal(str(said[0]))
        added, sql = [number, other], f"case {quoted(number.name)} when 1 then {one} else {quoted(other.name)} end"
    entity.columns = {**{each.name: each for each in added}, **entity.columns}
    column.fill("expression", sql=sql)
    column.strict = not column.nullable
    return True


def _listed(
    entity: TableDraft, column: ColumnDraft, generators: Mapping[tuple[str, str], Generator]
) -> Mapping[Any, float]:
    """The values that a column chooses from, with their weights; none where it isn't a plain choice."""
    chosen = generators.get((entity.name, column.name))
    if column.primary or column.unique or column.is_link or not isinstance(chosen, Choice):
        return {}
    # A choice without a list takes its type's values.
    entries = chosen.entries or [(value, 1.0) for value in column.type.values]
    return {value: weight for value, weight in entries if value is not None and weight}


def _open(entity: TableDraft, partial: PartialKey) -> PartialKey:
    """A key without the parts of its condition that all rows keep anyway, or that are settled by a branch."""
    where = {
        name: said
        for name, said in partial.where.items()
        # What follows a branch can't follow the choice of rows too: to be unique in more rows is to be so in these.
        if not (isinstance(said, list) and _all_in(entity.columns[name], said))
        and not (entity.columns[name].null_rates or entity.columns[name].cases)
    }
    return replace(partial, where=where)


def _all_in(column: ColumnDraft, values: list[Any]) -> bool:
    """Whether a column's CHECKs leave no value besides these."""
    allowed = [_value(value, column) for value in column.bounds.allowed]
    return bool(allowed) and all(value in values for value in allowed)


def _natural_share(entity: TableDraft, partial: PartialKey, generators: Mapping[tuple[str, str], Generator]) -> float:
    name, said = next(iter(partial.where.items()))
    if said is None:
        # Soft deletion leaves most rows alive: `deleted_at IS NULL` holds for nearly all.
        return 0.9 if _LIVE.match(name.lower()) else 0.5
    if isinstance(said, Mapping):
        return 0.9 if name in partial.key.columns else 0.5
    chosen = generators.get((entity.name, name))
    listed = dict(chosen.entries) if isinstance(chosen, Choice) else {}
    weight = sum(listed.get(value, 0.0) for value in said)
    return max(weight / sum(listed.values()), 0.02) if weight else _FEW


def unique_everywhere(entity: TableDraft, key: KeySchema, notes: Notes) -> None:
    """Make a key unique in all rows, which is more than it asks."""
    if len(key.columns) == 1:
        entity.columns[key.columns[0]].unique = True
    elif all(set(key.columns) != set(known) for known in (entity.primary, *entity.unique)):
        entity.unique.append(key.columns)
    if not key.where:
        return
    what = f"unique index {key.name} holds where {' '.join(key.where.split())}: made unique everywhere"
    notes.add(entity, "", what, key.line)


def give_up_partial_key(entity: TableDraft, number: int, notes: Notes) -> None:
    """Make a key unique in all rows whose condition the plan can't keep."""
    del entity.partial_unique[number]
    unique_everywhere(entity, entity.kept_keys.pop(number), notes)


# Exclusion constraints → slots: rows of one parent lie in different slots, so that their intervals don't overlap.
_ORIGIN = "2024-01-01"  # of all runs, so that slots of later ones lie between those of the first
_WIDTHS = {"date": 7, "timestamp": 36, "timestamptz": 36, "int": 10}  # in a slot's units: a week, three hours, ten
_LEAST = {"date": 104, "timestamp": 5_840, "timestamptz": 5_840, "int": 10_000}  # two years of them
_MOST = {"date": 3_000, "timestamp": 300_000, "timestamptz": 300_000, "int": 100_000_000}
_ROOM = 10  # slots for each row
_RANGES = {
    "daterange": "date",
    "tsrange": "timestamp",
    "tstzrange": "timestamptz",
    **dict.fromkeys(("int4range", "int8range", "numrange"), "int"),
}


def set_exclusions(entity: TableDraft, sizes: Mapping[str, int], notes: Notes) -> None:
    """Keep a table's exclusion constraints; a second one over the same columns, or of another form, is told.

    sizes: how many rows tables have.
    """
    filled: set[str] = set()
    for exclusion in entity.schema.exclusions:
        names = {*exclusion.equal, *(name for span in exclusion.spans for name in span)}
        if not names or filled & names or not _keep(entity, exclusion, sizes):
            notes.add(entity, "", "exclusion constraint left out: rows may break it", exclusion.line)
        else:
            filled |= {name for span in exclusion.spans for name in span}


def _keep(entity: TableDraft, exclusion: ExclusionSchema, sizes: Mapping[str, int]) -> bool:
    columns = entity.columns
    first = exclusion.spans[0] if exclusion.spans else ()
    if any(name not in columns for name in (*exclusion.equal, *first)):
        return False
    if not exclusion.spans:
        _unique(entity, exclusion.equal)
        return True
    span = first  # rows that are apart in one range are so whatever the others hold
    kind = _kind(entity, span)
    if not kind or any(columns[name].is_link or columns[name].primary or columns[name].unique for name in span):
        return False
    slot = free_name(f"{span[0]}_slot", entity.columns)
    draft = ColumnDraft(slot, Type("bigint"), hidden=True)
    parents = max(
        (sizes[str(columns[name].params["entity"])] for name in exclusion.equal if columns[name].is_link), default=1
    )
    # More slots than rows leave gaps between intervals, and room for rows that are added later.
    slots = max(_LEAST[kind], _ROOM * entity.size // max(parents, 1))
    draft.fill("uniform_int", min=0, max=min(slots, _MOST[kind]) - 1)
    for name, part in zip(span, ("start", "end") if len(span) == 2 else ("range",), strict=True):
        of = {"of": kind} if part == "range" else {}
        columns[name].fill("slot", True, slot=slot, part=part, width=_WIDTHS[kind], origin=_ORIGIN, **of)
        columns[name].strict = not columns[name].nullable
        columns.pop(f"{name}_after", None)  # what an order of the two had drawn
    entity.columns = {slot: draft, **entity.columns}
    _unique(entity, (*exclusion.equal, slot))
    return True


def _unique(entity: TableDraft, columns: tuple[str, ...]) -> None:
    if len(columns) == 1:
        entity.columns[columns[0]].unique = True
    elif all(set(columns) != set(known) for known in (entity.primary, *entity.unique)):
        entity.unique.append(columns)


def _kind(entity: TableDraft, span: tuple[str, ...]) -> str:
    """What a range is of; "" where that can't be laid out in slots."""
    if len(span) == 1:
        declared = next(column.type for column in entity.schema.columns if column.name == span[0])
        return "" if declared.dimensions else _RANGES.get(declared.word, "")
    kinds = {entity.columns[name].type.kind for name in span}
    kind = kinds.pop() if len(kinds) == 1 else "int" if kinds <= INTEGERS else ""
    return "int" if kind in INTEGERS else kind if kind in _WIDTHS else ""
