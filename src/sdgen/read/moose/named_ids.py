"""Ids beside names: `site_id` with `site_name` or `site`. Each id has a name of its own, wherever it occurs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdgen.read.moose.hints import REGIONS
from sdgen.read.moose.known import Known, is_number, or_none, whole
from sdgen.read.moose.samples import sampled
from sdgen.scenario.model import GeneratorSpec

_FEW = 64  # ids with a name each
_NAMED = re.compile(r"\d+\s*[-–]\s*\d+\s*:\s*([A-Z][^).;\n]*)")
_GENDERS = ("Male", "Female", "Non-binary", "Other")
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "gender": _GENDERS,
    "sex": _GENDERS[:2],
    "age": ("Newborn", "Baby", "Child", "Teen", "Young adult", "Adult", "Middle-aged", "Older", "Senior"),
    "region": REGIONS,
    "continent": ("Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America"),
    "priority": ("Low", "Medium", "High", "Urgent"),
    "department": ("Sales", "Marketing", "Engineering", "Finance", "Support", "Operations", "People", "Legal"),
}


def named_ids(entity: str, columns: Mapping[str, Known]) -> dict[str, GeneratorSpec]:
    """`site_id` beside `site_name` or `site`: each id has a name of its own, wherever it occurs."""
    made: dict[str, GeneratorSpec] = {}
    texts = {column.words: column for column in columns.values() if column.type.word == "String"}
    for column in columns.values():
        if column.words[-1:] != ("id",) or not is_number(column) or column.is_key or not _is_range(column):
            continue
        head = column.words[:-1]
        if not head:
            continue
        named = next((texts[each] for each in (head, (*head, "name"), (*head, "label")) if each in texts), None)
        if named is None or named.generator is not None or named.type.values or named.is_key:
            continue
        names = _names_of(entity, column, named, head)
        low = 0 if column.sentinel else 1
        made[column.name] = or_none(column, 1, len(names)) if column.sentinel else whole(1, len(names))
        listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
        chosen = f'list_extract([{listed}], CAST("{column.name}" AS BIGINT))'
        empty = f"CASE WHEN \"{column.name}\" = 0 THEN '' ELSE {chosen} END"
        made[named.name] = GeneratorSpec(type="expression", params={"sql": chosen if low else empty})
    return made


def _is_range(column: Known) -> bool:
    """Whether its ids may be numbered from 1: nothing else fills it, or a range from 1 on does."""
    spec = column.generator
    return spec is None or (spec.type == "uniform_int" and spec.params.get("min") == 1)


def _names_of(entity: str, column: Known, named: Known, head: tuple[str, ...]) -> list[str]:
    """The names of ids: those that a comment lists, those that are known, or the word with a number."""
    stem = tuple(word for word in head if word != "name") or head
    listed = _NAMED.search(column.comment)
    if listed:
        count = int(re.findall(r"\d+", listed[0])[1])
        names = [name.strip() for name in listed[1].split(",") if name.strip() and not name.strip().startswith("etc")]
        return (names + _numbered(stem, count)[len(names) :])[: max(1, min(count, _FEW))]
    most = column.generator.params["max"] if column.generator is not None else 24
    known = list(_KNOWN.get(stem[-1], ()))[:most]
    return known or sampled(entity, named.name, named.type.type, most, named.comment) or _numbered(stem, most)


def _numbered(stem: tuple[str, ...], count: int) -> list[str]:
    title = " ".join(stem).capitalize()
    return [f"{title} {number}" for number in range(1, min(count, _FEW) + 1)]
