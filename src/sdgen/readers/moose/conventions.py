"""What columns' names say by the conventions of analytical tables: ids, lists of ids, ids with names, flags, dates.

A column that a comment or a type settles already, and one that these conventions don't know, is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from sdgen.inference.comments import between, limits
from sdgen.inference.fit import ColumnNeeds, fitting
from sdgen.inference.rule_files import conventions
from sdgen.readers.moose.columns import NamedColumn, is_number, or_none, whole
from sdgen.readers.moose.guesses import guesses, sampled
from sdgen.readers.moose.shapes import singular
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGERS, Type

MOST_IDS = 10_000
MOST_CLASSES = 80


def by_convention(entity: str, columns: Mapping[str, NamedColumn]) -> dict[str, GeneratorSpec]:
    """Generators for the columns of an entity whose names tell them."""
    found: dict[str, GeneratorSpec] = {}
    # Steps go over all columns one after the other: what an earlier one settles, a later one leaves alone.
    for step in (_ids, _lists, _clusters, _shares, _days):
        for column in columns.values():
            if column.generator is None and not column.is_key and column.name not in found:
                spec = step(column)
                if spec is not None:
                    found[column.name] = spec
    found.update(named_ids(entity, columns))
    found.update({name: spec for name, spec in whole_numbers(entity, columns).items() if name not in found})
    found.update({name: spec for name, spec in _created(columns).items() if name not in found})
    # Columns that must agree with others come last, and replace what was found for them alone.
    found.update(_flags(columns))
    found.update(_tops(columns))
    return found


def _ids(column: NamedColumn) -> GeneratorSpec | None:
    """`*_id`, `*_id_1`: numbers from 1 on; where a comment says that 0 stands for none, a tenth of them is 0."""
    words = [word for word in column.words if not word.isdigit()]
    if len(words) < 2 or words[-1] not in ("id", "of") or not is_number(column):
        return None
    if words[-1] == "of":
        return _seldom(column) if column.sentinel else None
    most = min(MOST_IDS, (limits(column.kind) or (0, MOST_IDS))[1])
    named = re.search(r"\d+\s*[-–]\s*(\d+)\s*:", column.comment)
    most = min(most, int(named[1]) if named else most)
    return or_none(column, 1, most) if column.sentinel else whole(1, most)


def _seldom(column: NamedColumn) -> GeneratorSpec:
    """`is_copy_of`: the number of another row for a few rows, 0 for all others."""
    parts = [{"min": 0, "max": 0, "weight": 19}, {"min": 1, "max": (limits(column.kind) or (0, 100))[1], "weight": 1}]
    parts[1]["max"] = min(parts[1]["max"], 100)
    return GeneratorSpec(type="ranges", params={"ranges": parts})


def _lists(column: NamedColumn) -> GeneratorSpec | None:
    """`*_ids`: up to ten different numbers; numbers of classes, and whatever a comment calls distinct, likewise."""
    named = {"ids", "classes", "categories"} & set(column.words[-1:])
    if column.kind != "array" or not (named or re.search(r"\b(?:unique|distinct)\b", column.comment, re.IGNORECASE)):
        return None
    item = column.type.type.items[0]
    most = (limits(item.kind) or (0, MOST_IDS))[1]
    if item.kind not in INTEGERS and item.kind != "double":
        return None
    most = min(MOST_IDS if "ids" in named else MOST_CLASSES, most)
    numbers = {"generator": "uniform_int", "params": {"min": 1, "max": most}, "type": str(item)}
    return GeneratorSpec(type="array", params={"items": numbers, "min": 0, "max": 10, "unique": True})


def _clusters(column: NamedColumn) -> GeneratorSpec | None:
    """`pose_cluster_256`: numbered from 0."""
    if column.kind not in INTEGERS or "cluster" not in column.words:
        return None
    last = column.words[-1]
    count = int(last) if last.isdigit() and 1 < int(last) <= 100_000 else 128
    return between(column.kind, Decimal(0), Decimal(count - 1))


def _shares(column: NamedColumn) -> GeneratorSpec | None:
    """Scores and confidences of models lie between 0 and 1."""
    if column.type.word != "Float32" or not set(conventions()["scores"]) & set(column.words):
        return None
    if not column.sentinel:
        return between("float", Decimal(0), Decimal(1))
    parts = [{"min": 0, "max": 0, "weight": 1}, {"min": 0.05, "max": 0.99, "weight": 9}]
    return GeneratorSpec(type="ranges", params={"ranges": parts, "precision": 4})


def _days(column: NamedColumn) -> GeneratorSpec | None:
    """`*_date`: days, whatever the type could hold."""
    if column.kind != "timestamp" or not column.name.endswith("_date"):
        return None
    return None if {"birth", "born"} & set(column.words) else GeneratorSpec(type="date")


def _created(columns: Mapping[str, NamedColumn]) -> dict[str, GeneratorSpec]:
    """`created_at` beside an `updated_at` that is the engine's version, and so of the last days: before all of them."""
    made = [column.generator for column in columns.values() if {"updated", "modified"} & set(column.words)]
    starts = [str(spec.params["start"]) for spec in made if spec is not None and spec.type == "time_series"]
    return {
        column.name: GeneratorSpec(type="datetime", params={"start": "-3y", "end": starts[0]})
        for column in columns.values()
        if starts and column.words[:1] == ("created",) and column.kind == "timestamp"
        if column.generator is None and not column.is_key
    }


def _flags(columns: Mapping[str, NamedColumn]) -> dict[str, GeneratorSpec]:
    """`colour_ids` beside booleans `colour_red`, `colour_blue`: each is true where its number is in the list."""
    made: dict[str, GeneratorSpec] = {}
    for ids in columns.values():
        if ids.kind != "array" or ids.words[-1:] != ("ids",) or ids.type.type.items[0].kind not in INTEGERS:
            continue
        head = ids.words[:-1]
        flags = [
            column
            for column in columns.values()
            if column.type.word == "Bool" and column.words[: len(head)] == head and len(column.words) > len(head)
        ]
        # One boolean that begins with the same word is no list of flags.
        if len(flags) < 2 or ids.generator is not None:
            continue
        numbers = list(range(1, len(flags) + 1))
        made[ids.name] = GeneratorSpec(type="subset", params={"values": numbers, "min": 0, "max": min(3, len(flags))})
        for number, flag in enumerate(flags, 1):
            if flag.generator is None:
                made[flag.name] = GeneratorSpec(
                    type="expression", params={"sql": f'list_contains("{ids.name}", {number})'}
                )
    return made


def _tops(columns: Mapping[str, NamedColumn]) -> dict[str, GeneratorSpec]:
    """`detection_classes` beside `detection_top_class_id`, `detection_count`: the first of the list, and how many."""
    made: dict[str, GeneratorSpec] = {}
    for listed in columns.values():
        if listed.kind != "array" or len(listed.words) < 2 or listed.type.type.items[0].kind not in INTEGERS:
            continue
        head, last = listed.words[:-1], singular(listed.words[-1])
        first = [(*head, word, last, *end) for word in ("top", "first", "primary", "main") for end in ((), ("id",))]
        for column in columns.values():
            if column.generator is not None or column.kind not in INTEGERS or column.is_key:
                continue
            if column.words in first:
                made[column.name] = GeneratorSpec(
                    type="expression", params={"sql": f'coalesce(list_extract("{listed.name}", 1), 0)'}
                )
            elif column.words == (*head, "count"):
                made[column.name] = GeneratorSpec(type="expression", params={"sql": f'len("{listed.name}")'})
    return made


_FEW = 64  # ids with a name each
_NAMED = re.compile(r"\d+\s*[-–]\s*\d+\s*:\s*([A-Z][^).;\n]*)")


def named_ids(entity: str, columns: Mapping[str, NamedColumn]) -> dict[str, GeneratorSpec]:
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
        # DuckDB's lists count from 1, as the ids do.
        chosen = f'list_extract([{listed}], CAST("{column.name}" AS BIGINT))'
        empty = f"CASE WHEN \"{column.name}\" = 0 THEN '' ELSE {chosen} END"
        made[named.name] = GeneratorSpec(type="expression", params={"sql": chosen if low else empty})
    return made


def _is_range(column: NamedColumn) -> bool:
    """Whether its ids may be numbered from 1: nothing else fills it, or a range from 1 on does."""
    spec = column.generator
    return spec is None or (spec.type == "uniform_int" and spec.params.get("min") == 1)


def _names_of(entity: str, column: NamedColumn, named: NamedColumn, head: tuple[str, ...]) -> list[str]:
    """The names of ids: those that a comment lists, those that are known, or the word with a number."""
    stem = tuple(word for word in head if word != "name") or head
    listed = _NAMED.search(column.comment)
    if listed:
        count = int(re.findall(r"\d+", listed[0])[1])
        names = [name.strip() for name in listed[1].split(",") if name.strip() and not name.strip().startswith("etc")]
        return (names + _numbered(stem, count)[len(names) :])[: max(1, min(count, _FEW))]
    most = column.generator.params["max"] if column.generator is not None else 24
    known = list(conventions()["names"].get(stem[-1], ()))[:most]
    return known or sampled(entity, named.name, named.type.type, most, named.comment) or _numbered(stem, most)


def _numbered(stem: tuple[str, ...], count: int) -> list[str]:
    title = " ".join(stem).capitalize()
    return [f"{title} {number}" for number in range(1, min(count, _FEW) + 1)]


_COUNTED = re.compile(r"\b(?:number of|count of|how many|total number)\b", re.IGNORECASE)
_LAWS = {"lognormal": "scale", "normal": "precision", "exponential": "precision"}
_DOUBLE, _WHOLE = Type("double"), Type("bigint")
_NOTHING = "zzq"  # a name that no rule knows


def whole_numbers(entity: str, columns: Mapping[str, NamedColumn]) -> dict[str, GeneratorSpec]:
    """Generators of whole numbers for the plain numbers whose names speak of such, and of no others."""
    asked = {
        name: column.comment
        for name, column in columns.items()
        if column.type.word == "Float64" and "number" not in column.type.marks and column.generator is None
        if not column.is_key
    }
    if not asked:
        return {}
    # A name that no rule knows shows what rules give to any number: only names that are told nothing more as
    # fractions, and something as whole numbers, count.
    broken = guesses(entity, {**asked, _NOTHING: ""}, _DOUBLE)
    whole = guesses(entity, {**asked, _NOTHING: ""}, _WHOLE)
    found = {
        name: whole[name]
        for name in asked
        if _is_count(columns[name]) or (broken[name] == broken[_NOTHING] and whole[name] != whole[_NOTHING])
    }
    fitted = {name: fitting(_rounded(spec), ColumnNeeds(_DOUBLE)) for name, spec in found.items() if spec is not None}
    return {name: spec for name, spec in fitted.items() if spec is not None}


def _is_count(column: NamedColumn) -> bool:
    return bool(set(conventions()["counts"]) & set(column.words[-1:])) or bool(_COUNTED.search(column.comment))


def _rounded(spec: GeneratorSpec) -> GeneratorSpec:
    places = _LAWS.get(spec.type)
    return GeneratorSpec(type=spec.type, params={**spec.params, places: 0}) if places else spec
