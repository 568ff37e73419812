"""Branches of CHECKs → a hidden column that draws one for each row, and columns that follow it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from sdgen.inference.likely_states import weights
from sdgen.inference.names import free_name
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.branch_relations import RelatedBranch, expressions, related_branches
from sdgen.readers.sql.check_facts import (
    CheckMeaning,
    ColumnBounds,
    ColumnCases,
    Impossible,
)
from sdgen.readers.sql.column_checks import demanded
from sdgen.readers.sql.disjunctions import Branches
from sdgen.readers.sql.drafts import TableDraft, is_fixed, quoted
from sdgen.readers.sql.realistic import guard, literal
from sdgen.readers.sql.schema import CheckSchema
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type

_RARE = 9  # how much likelier a branch is that depends on a key than one that is there for the other rows
_FREE = ColumnBounds()
_LABEL = 40  # characters


def obstacle(entity: TableDraft, branch: CheckMeaning) -> str | None:
    """Why no row can take a branch: Impossible where none ever could. None where rows can."""
    if branch.unknown:
        return f"{branch.unknown[0][0]} is not understood"
    for name, bounds in branch.columns.items():
        column = entity.columns.get(name)
        if column is None:
            return f"{name} is no column that is filled"
        why = _column_obstacle(column, bounds)
        if why is not None:
            return why
    missing = branch.names - entity.columns.keys()
    return f"{min(missing)} is no column that is filled" if missing else None


def _column_obstacle(column: ColumnDraft, bounds: ColumnBounds) -> str | None:
    whole = column.bounds.also(bounds)
    # The column's own NOT NULL takes part, so that a branch that leaves it null is seen to be impossible.
    if not column.nullable:
        whole = whole.also(ColumnBounds(not_null=True))
    if whole.contradictory or (column.null_rate == 1.0 and whole.not_null):
        return Impossible("no value is allowed")
    if whole.null or _valueless(bounds) == _FREE:
        return None
    if is_fixed(column):
        return None if guard(column.name, bounds) else f"the values of {column.name} are not free"
    if bounds.pattern and column.bounds.pattern not in ("", bounds.pattern):
        return f"two patterns of {column.name} are not kept together"
    found = demanded(replace(column, bounds=whole), None)
    return found if isinstance(found, str) else None


def _valueless(bounds: ColumnBounds) -> ColumnBounds:
    """What bounds say besides null or not."""
    return replace(bounds, null=False, not_null=False)


# ------------------------------------------------------------------ the column that draws


def draw_branches(
    entity: TableDraft, branches: Branches, checks: Sequence[CheckSchema]
) -> tuple[CheckMeaning, tuple[str, ...]]:
    """Let a hidden column draw a branch for each row. What is left for all rows to keep, and why branches were dropped.

    A branch computes what its own orders and equations ask, in its rows alone. Where that can't be, all rows keep
    them, and two branches that contradict one another in them are one too many.
    """
    related, relations, lost = _consistent(related_branches(entity, branches))
    kept = [each.branch for each in related]
    # The table's order is kept, so that the columns stand where people look for them.
    names = [name for name in entity.columns if any(name in branch.names for branch in (*branches, *kept))]
    labels = _labels(entity, kept)
    read = _read_by_guards(entity, kept)
    guards = [_guard(entity, branch, read) for branch in kept]
    case = _case_column(entity, checks, names, labels, guards, _shares(entity, kept, guards))
    for name in dict.fromkeys(name for branch in kept for name in branch.columns):
        own = dict(zip(labels, (each.columns.get(name, _FREE) for each in kept), strict=True))
        _follow(entity.columns[name], case, own, name not in read)
    for name in names:
        entity.columns[name].checks += checks
    for label, each in zip(labels, related, strict=True):
        for name, sql in expressions(entity, each):
            column = entity.columns[name]
            cases = column.cases or ColumnCases(case)
            column.cases = replace(cases, sql={**cases.sql, label: sql})
    return relations, tuple(lost)


def _consistent(related: Sequence[RelatedBranch]) -> tuple[list[RelatedBranch], CheckMeaning, list[str]]:
    """The branches whose orders go together, these orders, and what is dropped."""
    kept: list[RelatedBranch] = []
    relations, lost = CheckMeaning(), list[str]()
    computed = {column.column for each in related for column in each.computed}
    for each in related:
        branch = each.branch
        lost += [f"{one} = {other} is not kept" for one, other in branch.equal]
        own = replace(branch, columns={}, equal=(), unknown=())
        together = relations.also(own)
        fits = not _in_cycle(together) and own.equations == kept[0].branch.equations if kept else True
        # All rows keep what is not computed, so it must go together with what earlier branches ask, and must not
        # touch a column that some branch computes.
        if not fits or own.names & computed:
            if not any(each.covers(other) for other in related if other is not each):
                lost.append("its order of columns is against that of another branch")
            continue
        kept.append(each)
        relations = together
    if not kept:  # better watched than nothing
        first = replace(related[0], computed=())
        return [first], replace(first.branch, columns={}, equal=(), unknown=()), lost
    return kept, relations, lost


def _in_cycle(meaning: CheckMeaning) -> bool:
    above: dict[str, set[str]] = {}
    pairs = [*((each.low, each.high) for each in meaning.orders), *((each.low, each.high) for each in meaning.gaps)]
    for low, high in pairs:
        above.setdefault(low, set()).add(high)
    for start in above:
        seen, waiting = set[str](), [start]
        while waiting:
            for name in above.get(waiting.pop(), ()):
                if name == start:
                    return True
                waiting += [name] if name not in seen else []
                seen.add(name)
    return False


def _case_column(
    entity: TableDraft,
    checks: Sequence[CheckSchema],
    names: Sequence[str],
    labels: Sequence[str],
    guards: Sequence[str],
    shares: Sequence[float] | None,
) -> str:
    """The hidden column that draws a branch, before the columns that follow it; its name."""
    called = next((check.name for check in checks if check.name), "") or names[0]
    name = free_name(f"{called}_case", entity.columns)
    drawn = ColumnDraft(name, Type("text"), hidden=True)
    params = {"values": list(labels), **({"weights": [round(each, 4) for each in shares]} if shares else {})}
    drawn.generator, drawn.demanded = GeneratorSpec(type="choice", params=params), True
    added = [drawn]
    if any(guards):
        drawn.name = free_name(f"{name}_draw", entity.columns)
        taken = ColumnDraft(name, Type("text"), hidden=True)
        taken.fill("expression", sql=_guarded(drawn.name, labels, guards))
        added.append(taken)
    # The hidden columns stand before the first column that follows them, which the written scenario is read by.
    first = next(at for at, each in enumerate(entity.columns) if each in names)
    columns = list(entity.columns.items())
    entity.columns = dict([*columns[:first], *((each.name, each) for each in added), *columns[first:]])
    return name


def _guarded(drawn: str, labels: Sequence[str], guards: Sequence[str]) -> str:
    """The branch that is drawn where its guard holds, else the first one whose guard does."""
    own = [
        f"WHEN {quoted(drawn)} = {literal(label)}{f' AND ({guard})' if guard else ''} THEN {literal(label)}"
        for label, guard in zip(labels, guards, strict=True)
    ]
    # Those that ask nothing of what is settled come last: they take every row that is left.
    order = sorted(zip(labels, guards, strict=True), key=lambda each: not each[1])
    rest = [f"WHEN {guard or 'true'} THEN {literal(label)}" for label, guard in order]
    return f"CASE {' '.join([*own, *rest])} END"


def _follow(column: ColumnDraft, case: str, bounds: dict[str, ColumnBounds], nulls: bool) -> None:
    """Let a column follow the drawn branch, in its nulls (where it is to) and its values."""
    if column.nullable and nulls:
        rates = {label: float(each.null) for label, each in bounds.items() if each.null or each.not_null}
        column.null_rates = {case: rates} if rates else {}
    if not is_fixed(column):
        apart = {label: _valueless(each) for label, each in bounds.items() if not each.null}
        apart = {label: each for label, each in apart.items() if each != _FREE}
        column.cases = ColumnCases(case, apart) if apart else None


# ------------------------------------------------------------------ branches that depend on what is settled


def _read_by_guards(entity: TableDraft, branches: Sequence[CheckMeaning]) -> frozenset[str]:
    """The columns whose settled values decide which branch a row takes: their nulls can't follow the branch as well."""
    said = [(name, bounds) for branch in branches for name, bounds in branch.columns.items()]
    # The first rows of a tree have no parent, whatever their branch asks.
    trees = [name for name, bounds in said if bounds.not_null and _is_tree(entity, name)]
    values = (name for name, bounds in said if not bounds.null and guard(name, bounds))
    return frozenset([*trees[:1], *(name for name in values if is_fixed(entity.columns[name]))])


def _is_tree(entity: TableDraft, name: str) -> bool:
    column = entity.columns[name]
    return column.nullable and column.is_link and column.params["entity"] == entity.name


def _guard(entity: TableDraft, branch: CheckMeaning, read: Collection[str]) -> str:
    """The condition of a branch over columns whose values are settled by something else; "" where there is none."""
    fixed = [name for name in branch.columns if is_fixed(entity.columns[name])]
    parts = []
    for name in fixed:
        bounds = branch.columns[name]
        said = "" if bounds.null else guard(name, bounds)
        if name in read and not said and (bounds.null or bounds.not_null):
            parts.append(f"{quoted(name)} IS {'' if bounds.null else 'NOT '}NULL")
            continue
        # A null keeps what isn't asked of it: without this, a row with a null would be in no branch.
        open = said and entity.columns[name].nullable and not bounds.not_null
        parts.append(f"({said} OR {quoted(name)} IS NULL)" if open else said)
    return " AND ".join(filter(None, parts))


# ------------------------------------------------------------------ what branches are called, and how common they are


def _labels(entity: TableDraft, branches: Sequence[CheckMeaning]) -> list[str]:
    """Words for branches: the values that tell them apart, else what is there, else what is not."""
    for words in _WORDS:
        labels = [_label(entity, branch, branches, words) for branch in branches]
        if all(labels) and len(set(labels)) == len(labels):
            return labels
    return [f"case {number}" for number in range(1, len(branches) + 1)]


Words = Callable[[str, ColumnBounds], str]


def _label(entity: TableDraft, branch: CheckMeaning, branches: Sequence[CheckMeaning], words: Sequence[Words]) -> str:
    apart = [
        name for name, bounds in branch.columns.items() if any(each.columns.get(name) != bounds for each in branches)
    ]
    parts = []
    for name in apart:
        whole = entity.columns[name].bounds.also(branch.columns[name]) if name in entity.columns else _FREE
        said = replace(branch.columns[name], values=whole.allowed or None)
        parts += [text for word in words if (text := word(name, said))][:1]
    label = ", ".join(dict.fromkeys(parts))
    return label if len(label) <= _LABEL else ""


def _of_values(name: str, bounds: ColumnBounds) -> str:
    if bounds.null or not bounds.values:
        return ""
    if isinstance(bounds.values[0], bool):
        return name if bounds.values[0] else f"not {name}"
    texts = all(isinstance(value, str) for value in bounds.values)
    return f"{'' if texts else name + ' '}{' or '.join(map(str, bounds.values))}"


def _of_presence(name: str, bounds: ColumnBounds) -> str:
    return name if bounds.not_null and not bounds.null else ""


def _of_absence(name: str, bounds: ColumnBounds) -> str:
    return f"no {name}" if bounds.null else ""


def _of_others(name: str, bounds: ColumnBounds) -> str:
    if bounds.other_than:
        return f"{name} not {' or '.join(map(str, bounds.other_than))}"
    ends = [f"from {bounds.low}"] * (bounds.low is not None) + [f"to {bounds.high}"] * (bounds.high is not None)
    return f"{name} {' '.join(ends)}" if ends else ""


_WORDS: tuple[tuple[Words, ...], ...] = (
    (_of_values,),
    (_of_presence,),
    (_of_values, _of_presence),
    (_of_values, _of_others, _of_presence, _of_absence),
)


def _shares(entity: TableDraft, branches: Sequence[CheckMeaning], guards: Sequence[str]) -> list[float] | None:
    """How common branches are: as many values of a list, each as likely as its word; None where all are alike."""
    # A branch with a guard is taken only where its guard allows it: drawn no more often than the others, it would
    # hardly occur.
    if any(guards) and not all(guards):
        return [float(_RARE) if guard else 1.0 for guard in guards]
    for name in branches[0].columns:
        lists = [entity.columns[name].bounds.also(branch.columns.get(name, _FREE)).allowed for branch in branches]
        if all(lists):
            each = dict.fromkeys(value for values in lists for value in values)
            likely = dict(zip(each, weights(list(each)) or [1] * len(each), strict=True))
            found = [float(sum(likely[value] for value in values)) for values in lists]
            found = _with_rare_nulls(found, [branch.columns.get(name, _FREE).null for branch in branches])
            return found if len(set(found)) > 1 else None
    return None


def _with_rare_nulls(shares: Sequence[float], nulls: Sequence[bool]) -> list[float]:
    """Shares of branches, those that leave the listed column null having a tenth of all, as nulls have elsewhere."""
    listed = sum(share for share, null in zip(shares, nulls, strict=True) if not null)
    if not listed or not any(nulls):
        return list(shares)
    return [listed / 9 / sum(nulls) if null else share for share, null in zip(shares, nulls, strict=True)]


def cases_of(column: ColumnDraft) -> dict[str, ColumnDraft]:
    """The column once for each branch that says something of its values."""
    if column.cases is None:
        return {}
    return {label: replace(column, bounds=column.bounds.also(each)) for label, each in column.cases.bounds.items()}
