"""All CHECKs of a table, and of its columns' domains → bounds of columns, relations between them, and drawn branches.

A CHECK with one branch says it of every row. Those with several are combined where they speak of the same columns,
and a hidden column draws a branch for each row (docs/decisions/0012-checks-by-branches.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_branches import branches_of
from sdgen.readers.sql.check_cases import draw_branches, obstacle
from sdgen.readers.sql.check_facts import CheckMeaning, ColumnBounds, ColumnCases, Impossible
from sdgen.readers.sql.column_orders import set_link_orders, set_orders
from sdgen.readers.sql.column_sums import narrowed
from sdgen.readers.sql.disjunctions import Branches, combined
from sdgen.readers.sql.drafts import Notes, TableDraft, is_fixed, quoted
from sdgen.readers.sql.keys import OWN_ROWS
from sdgen.readers.sql.partial_keys import flag_branches, unmark_keys
from sdgen.readers.sql.schema import CheckSchema, Schema, TableName
from sdgen.readers.sql.unenforced_checks import holds_on_null, shown, told, watch

DomainChecks = Mapping[tuple[TableName, str], tuple[CheckSchema, ...]]


@dataclass(frozen=True)
class Reading:
    """A CHECK and its branches. column: the one whose domain declares it. lost: why branches are left out.

    of_key: it is the condition of a partial key, or its opposite: every row keeps it.
    """

    check: CheckSchema
    branches: Branches
    column: str = ""
    lost: tuple[str, ...] = ()
    of_key: bool = False


@dataclass
class _Table:
    """A table while its CHECKs are applied; whole: what every row keeps."""

    schema: Schema
    entity: TableDraft
    notes: Notes
    whole: CheckMeaning = field(default_factory=CheckMeaning)
    applied: list[tuple[CheckSchema, CheckMeaning]] = field(default_factory=list)


def apply_checks(
    schema: Schema,
    entity: TableDraft,
    domain_checks: DomainChecks,
    notes: Notes,
    counted: Collection[tuple[str, str]] = (),
) -> None:
    """Give a table's columns what its CHECKs ask for; what can't be kept is told, refused, or watched.

    counted: the columns of all tables, by table and name, whose values count up.
    """
    table = _Table(schema, entity, notes)
    waiting = [*_readings(schema, entity, domain_checks), *_key_readings(schema, entity)]
    # What all rows keep may leave others a single branch, which all rows keep too: until no more are decided.
    while single := [each for each in waiting if len(each.branches) == 1]:
        for reading in single:
            _apply(table, reading, reading.branches[0])
        waiting = [_possible(entity, each) for each in waiting if len(each.branches) != 1]
    # Before branches are drawn: they follow columns whose ranges are settled.
    table.whole = narrowed(entity, table.whole)
    waiting = [each for each in waiting if not _begins_beyond(entity, each.branches)]
    for group in _groups([_possible(entity, each) for each in waiting]):
        _apply_group(table, group)
    unmark_keys(entity, notes)
    whole = set_link_orders(entity, table.whole, counted)
    whole = replace(whole, different=tuple(pair for pair in whole.different if not _ring(table, *pair)))
    for pair, fault in set_orders(entity, whole):
        check = next(check for check, meaning in table.applied if set(pair) <= meaning.names)
        notes.add(entity, "", f"CHECK {check.name} {fault}".replace("  ", " "), check.line or entity.schema.line)
        watch(entity, check, schema.dialect)
    # Whatever a generator does not tell by its params is watched besides: a mistake in this reading stops the run.
    for reading in _readings(schema, entity, domain_checks):
        if len(reading.branches) != 1 or not (reading.branches[0].unknown or _is_range(entity, reading.branches[0])):
            watch(entity, reading.check, schema.dialect, reading.column)


def _ring(table: _Table, one: str, other: str) -> bool:
    """Let no row be its own parent where the link to its own table takes no null; whether it is such a link."""
    entity = table.entity
    for own, key in ((one, other), (other, one)):
        column = entity.columns.get(own)
        keys = [each for each in entity.schema.foreign_keys if each.columns == (own,)]
        itself = any(each.table == entity.schema.name for each in keys)
        if column is None or not itself or column.unique or column.params.get("sql") != quoted(key):
            continue
        column.fill("fk", True, entity=entity.name, column=key, roots=0)
        column.null_rate, path = 0.0, ("entities", entity.name, "columns", own)
        table.notes.found = [note for note in table.notes.found if note.path != path or OWN_ROWS not in note.what]
        return True
    return False


def _readings(schema: Schema, entity: TableDraft, domain_checks: DomainChecks) -> list[Reading]:
    spelled = {name.lower(): name for name in entity.columns}
    flags = {name.lower() for name, column in entity.columns.items() if column.type.kind == "bool"}
    found = [
        Reading(check, tuple(_spelled(each, spelled) for each in branches_of(check.sql, schema.dialect, flags)))
        for check in entity.schema.checks
    ]
    for name in entity.columns:
        for check in domain_checks.get((entity.schema.name, name), ()):
            branches = branches_of(check.sql, schema.dialect)
            found.append(Reading(check, tuple(_spelled(each, {"value": name}) for each in branches), name))
    return found


def _key_readings(schema: Schema, entity: TableDraft) -> list[Reading]:
    """The conditions of partial keys, which are drawn with the CHECKs of the same columns."""
    spelled = {name.lower(): name for name in entity.columns}
    return [
        Reading(
            CheckSchema("", marked.flag, marked.key.line),
            tuple(_spelled(each, spelled) for each in flag_branches(marked, schema.dialect)),
            of_key=True,
        )
        for marked in entity.marked_keys
    ]


def _spelled(meaning: CheckMeaning, spelled: Mapping[str, str]) -> CheckMeaning:
    """What was understood, with columns' names as the table spells them."""

    def own(name: str) -> str:
        return spelled.get(name.lower(), name)

    return meaning.renamed(own)


# ------------------------------------------------------------------ what every row keeps


def _apply(table: _Table, reading: Reading, meaning: CheckMeaning) -> None:
    """Let every row keep what the only branch of a CHECK says."""
    entity, check = table.entity, reading.check
    _tell_lost(table, reading)
    for sql, columns in meaning.unknown:
        _not_understood(table, reading, sql, columns)
    for name, bounds in meaning.columns.items():
        _say(table, name, bounds, reading)
    if not set(meaning.names) - entity.columns.keys():
        table.whole = table.whole.also(replace(meaning, unknown=()))
    table.applied.append((check, meaning))


def _say(table: _Table, name: str, bounds: ColumnBounds, reading: Reading) -> None:
    entity, check = table.entity, reading.check
    column = entity.columns.get(name)
    if column is None:
        return
    # Two regular expressions have no text that is made by both but by luck.
    if bounds.pattern and column.bounds.pattern not in ("", bounds.pattern):
        _not_understood(table, reading, f"{shown(check.sql)} beside another pattern", (name,))
        return
    column.bounds = column.bounds.also(bounds)
    column.checks.append(check)
    if bounds.not_null:
        column.nullable = False
    if bounds.null and column.nullable:
        column.null_rate = 1.0
    if column.bounds.null and not column.nullable:
        what = f"{told(column.checks)} can't be kept by a column that is NOT NULL: it asks for null"
        table.notes.refuse(entity, name, what, check.line)


def _not_understood(table: _Table, reading: Reading, sql: str, columns: tuple[str, ...]) -> None:
    """A part that isn't understood holds where a column is null that makes it null; else rows are watched."""
    entity, check = table.entity, reading.check
    named = f"CHECK {check.name} {shown(sql)}" if check.name else f"CHECK {shown(sql)}"
    found = [entity.columns[name] for name in columns if name in entity.columns]
    free = [column for column in found if column.nullable and not column.primary]
    free = [column for column in free if holds_on_null(sql, "VALUE" if reading.column else column.name)]
    if free:
        free[0].null_rate = 1.0
        what = f"{named} is not understood: {free[0].name} is left null, so that it holds"
    else:
        what = f"{named} is not understood: rows may break it"
        watch(entity, check, table.schema.dialect, reading.column)
    path = columns[0] if len(found) == 1 else ""
    table.notes.add(entity, path, what, check.line, "give its columns generators that keep it")


def _is_range(entity: TableDraft, found: CheckMeaning) -> bool:
    """Whether a condition is one column's range or list of values, which its generator tells.

    The values of a link are its parent's, and those of a key or a unique set are as many as it has rows.
    """
    held = {*entity.primary, *(name for columns in entity.unique for name in columns)}
    plain = [
        each == ColumnBounds(each.low, each.low_open, each.high, each.high_open, each.values)
        and not (name in held or (name in entity.columns and is_fixed(entity.columns[name])))
        for name, each in found.columns.items()
    ]
    return plain == [True] and not found.related


# ------------------------------------------------------------------ branches


def _possible(entity: TableDraft, reading: Reading) -> Reading:
    """A CHECK with the branches that rows of the table can keep; what isn't understood stays where it is alone."""
    kept, lost, unknown = [], list(reading.lost), []
    for branch in reading.branches:
        why = obstacle(entity, branch)
        if why is None:
            kept.append(branch)
        elif not isinstance(why, Impossible):
            lost.append(why)
            unknown.append(branch)
    # One branch that isn't understood may hold all the same: better watched than refused.
    kept = kept or unknown[:1]
    return replace(reading, branches=tuple(kept), lost=tuple(dict.fromkeys(lost)))


def _tell_lost(table: _Table, reading: Reading) -> None:
    if reading.of_key:
        return
    for why in reading.lost if not any(branch.unknown for branch in reading.branches) else ():
        what = f"{told([reading.check])}: {why}: no row takes this branch"
        table.notes.add(table.entity, "", what, reading.check.line, "the other branches keep it")


def _key_alone(entity: TableDraft, branches: Branches) -> ColumnDraft | None:
    """The key of its own that is all that branches speak of: which values it has matters, and not which rows."""
    names = frozenset[str]().union(*(branch.names for branch in branches))
    column = entity.columns[min(names)] if len(names) == 1 else None
    if column is None or not (column.primary or column.unique) or column.is_link or column.demanded:
        return None
    return column if all(branch.columns for branch in branches) else None


def _groups(readings: Sequence[Reading]) -> list[list[Reading]]:
    """CHECKs that speak of the same columns, together."""
    groups: list[tuple[frozenset[str], list[Reading]]] = []
    for reading in readings:
        names = frozenset[str]().union(*(branch.names for branch in reading.branches))
        touching = [group for group in groups if group[0] & names]
        groups = [group for group in groups if group not in touching]
        members = [each for _, members in touching for each in members]
        groups.append((names.union(*(each for each, _ in touching)), [*members, reading]))
    return [members for _, members in groups]


def _apply_group(table: _Table, group: Sequence[Reading]) -> None:
    """Combine CHECKs, and draw one of the branches in which all of them hold."""
    entity = table.entity
    parts: list[Reading] = []
    whole: Branches = (CheckMeaning(),)
    for reading in group:
        together = combined([whole, reading.branches])
        if together is None and reading.of_key:
            continue
        if together is None:
            what = f"{told([reading.check])} has too many branches together with others: rows may break it"
            table.notes.add(entity, "", what, reading.check.line, "give its columns generators that keep it")
            continue
        whole, parts = together, [*parts, reading]
    result = _possible(entity, Reading(CheckSchema(""), whole))
    _draw(table, parts, result)


def _draw(table: _Table, parts: Sequence[Reading], result: Reading) -> None:
    entity, checks = table.entity, [each.check for each in parts if not each.of_key]
    checks = checks or [each.check for each in parts]
    if not result.branches:
        line = checks[0].line or entity.schema.line
        what = f"{told(checks)} can't be kept: none of the branches is possible beside what else is declared"
        table.notes.refuse(entity, "", what, line)
        return
    for reading in parts:
        _tell_lost(table, reading)
    if len(result.branches) == 1:
        first = parts[0]
        _apply(table, Reading(first.check, result.branches, first.column), result.branches[0])
        return
    if (key := _key_alone(entity, result.branches)) is not None:
        key.cases = ColumnCases("", {str(at): branch.columns[key.name] for at, branch in enumerate(result.branches)})
        key.checks += checks
        return
    relations, lost = draw_branches(entity, result.branches, checks)
    table.whole = table.whole.also(relations)
    table.applied.append((checks[0], relations))
    _tell_lost(table, Reading(checks[0], (), lost=(*result.lost, *lost)))


_MOST_SKIPPED = 1000


def _begins_beyond(entity: TableDraft, branches: Branches) -> bool:
    """Let a key count from behind the numbers for which a CHECK asks what links and the like may not give.

    Of `id <> 1 OR kind_id = 3`, no row can be told to have the kind, and any may have another number.
    """
    for branch in branches:
        name, bounds = next(iter(branch.columns.items()), ("", ColumnBounds()))
        column = entity.columns.get(name)
        excepted = [each for each in bounds.other_than if isinstance(each, Decimal)]
        if column is None or branch != CheckMeaning({name: ColumnBounds(other_than=tuple(excepted))}) or not excepted:
            continue
        others = [each for each in branches if each != branch]
        free = not all(any(is_fixed(entity.columns[one]) for one in other.columns if one != name) for other in others)
        counts = column.generator is not None and column.generator.type == "sequence"
        if counts and not free and 0 < max(excepted) <= _MOST_SKIPPED:
            column.fill("sequence", column.demanded, **{**column.params, "start": int(max(excepted)) + 1})
            return True
    return False
