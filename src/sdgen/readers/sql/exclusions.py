"""Exclusion constraints → slots: rows of one parent lie in different slots, so that their intervals don't overlap."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.drafts import Notes, TableDraft
from sdgen.readers.sql.schema import ExclusionSchema
from sdgen.scenario.types import INTEGERS, Type

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
    slot = _free_name(entity, f"{span[0]}_slot")
    draft = ColumnDraft(slot, Type("bigint"), hidden=True)
    parents = max(
        (sizes[str(columns[name].params["entity"])] for name in exclusion.equal if columns[name].is_link), default=1
    )
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


def _free_name(entity: TableDraft, name: str) -> str:
    while name in entity.columns:
        name += "_"
    return name
