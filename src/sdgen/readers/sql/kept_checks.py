"""Generators that keep their columns' CHECKs, and what becomes of columns that have none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sdgen.generators.base import Generator
from sdgen.inference.fit import MANY
from sdgen.inference.sampled_values import values_kept
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_cases import cases_of
from sdgen.readers.sql.check_facts import Impossible
from sdgen.readers.sql.column_checks import demanded
from sdgen.readers.sql.drafts import Notes, TableDraft
from sdgen.readers.sql.realistic import TOLD, guard, written
from sdgen.readers.sql.text_types import FALLBACKS
from sdgen.readers.sql.unenforced_checks import told, watch
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type, parse_type

if TYPE_CHECKING:
    from sdgen.readers.feasibility import PlanDraft


def keep_checks(draft: PlanDraft, entity: TableDraft, notes: Notes, dialect: str) -> None:
    """Give columns the generators their CHECKs demand, and those no rule serves one of their kind."""
    for name, column in entity.columns.items():
        chosen = draft.generators.get((entity.name, name))
        if column.bounds.longest and column.type.kind in ("text", "string"):
            length = min(filter(None, (column.bounds.longest, column.type.length)))
            column.type = Type("string", length=length)
        keyed = any(name in columns for columns in (entity.primary, *entity.unique))
        found = None if column.is_link or not _may_change(column) else _kept(column, chosen, keyed)
        if isinstance(found, str):
            _unkept(entity, column, found, notes, dialect)
        elif found is not None:
            column.generator, column.demanded = found, True
            # A generator whose params don't tell its values is taken at its word here, and its rows are watched.
            for check in column.checks if found.type not in TOLD else ():
                watch(entity, check, dialect, name)
        elif chosen is None and column.generator is None:
            column.generator = FALLBACKS.get(column.type.kind)


def _kept(column: ColumnDraft, chosen: Generator | None, keyed: bool) -> GeneratorSpec | str | None:
    """The generator that keeps a column's CHECKs, in each of the branches that it follows."""
    found = demanded(column, chosen, keyed)
    if column.cases is None or isinstance(found, str):
        return found
    if not column.cases.column:
        return _listed(column, chosen)
    plain = found or written(chosen) or FALLBACKS.get(column.type.kind)
    cases: dict[str, GeneratorSpec] = {
        label: GeneratorSpec(type="expression", params={"sql": sql}) for label, sql in column.cases.sql.items()
    }
    for label, each in cases_of(column).items():
        kept = demanded(each, chosen)
        # One branch that no generator can serve makes all of the column's CHECKs unkept: its rows can't be told apart
        # later.
        if isinstance(kept, str):
            return kept
        if kept is not None and label not in cases:
            cases[label] = kept
    if not cases or plain is None:
        return found
    params = {"by": column.cases.column, "cases": {label: _nested(spec) for label, spec in cases.items()}}
    return GeneratorSpec(type="given", params={**params, "otherwise": _nested(plain)})


def _listed(column: ColumnDraft, chosen: Generator | None) -> GeneratorSpec | str:
    """Values of a key that keep any of its branches."""
    values: list[object] = []
    for each in cases_of(column).values():
        kept = demanded(each, chosen, keyed=True)
        if isinstance(kept, str):
            return kept
        check = guard("value", replace(each.bounds, not_null=False, storage=()))
        values += values_kept(kept or written(chosen), column.type, check or "true", MANY)[1]
    params = {"values": list(dict.fromkeys(values))}
    return GeneratorSpec(type="choice", params=params) if values else "no value was found that keeps it"


def _nested(spec: GeneratorSpec) -> dict[str, object]:
    params = dict(spec.params)
    items = params.get("items")
    if spec.type == "array" and isinstance(items, dict) and "generator" not in items:  # no rule looks for one there
        plain = FALLBACKS.get(parse_type(str(items.get("type", "text"))).kind)
        params["items"] = {**items, **(_nested(plain) if plain is not None else {})}
    return {"generator": spec.type, **({"params": params} if params else {})}


def _may_change(column: ColumnDraft) -> bool:
    """Whether CHECKs may give a column another generator, or another size of its arrays."""
    return not column.demanded or column.bounds.values is not None or column.type.kind == "array"


def _unkept(entity: TableDraft, column: ColumnDraft, why: str, notes: Notes, dialect: str) -> None:
    """A column with no generator that keeps its CHECKs is left null where it may be; else its rows are watched."""
    name, checks = column.name, told(column.checks)
    line = max((check.line for check in column.checks), default=0) or column.line
    # A CHECK that null would break has made the column NOT NULL by now, so that null keeps the others.
    if column.nullable and not column.primary:
        column.null_rate, column.unique = 1.0, False
        notes.add(entity, name, f"{checks} is not kept: {why}: the column is left null, so that it holds", line)
    elif isinstance(why, Impossible):
        notes.refuse(entity, name, f"{checks} can't be kept by a column that is NOT NULL: {why}", line)
    else:
        notes.add(entity, name, f"{checks} is not kept: {why}: rows may break it", line)
    for check in column.checks if entity.columns[name].null_rate != 1.0 else ():
        watch(entity, check, dialect, name)


def never_null(draft: PlanDraft, entity: TableDraft) -> None:
    """What a NOT NULL column is computed from has no nulls either, though it might."""
    waiting = [name for name, column in entity.columns.items() if not column.nullable and not column.is_link]
    seen = set(waiting)
    while waiting:
        name = waiting.pop()
        column, generator = entity.columns[name], draft.generators.get((entity.name, name))
        if generator is None:
            continue
        needs = [need.link or need.column for need in generator.needs()]
        column.strict = not column.nullable and not column.primary and (bool(needs) or generator.may_be_null)
        for need in needs if not column.demanded else ():
            if need in entity.columns and need not in seen:
                entity.columns[need].null_rate = 0.0
                waiting.append(need)
                seen.add(need)
