"""What a lookup table lists: the values that its name, and those of the tables that refer to it, suggest.

The lists are data (`data/lookups.yaml`). They become fixed rows, which a user can read and change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sdgen.generators.pools import own_yaml
from sdgen.inference.names import entity_name, forms, shared_prefix, spelled_out
from sdgen.inference.neighbours import compiled
from sdgen.inference.rule_files import abbreviations
from sdgen.scenario.model import Column, Entity
from sdgen.scenario.types import INTEGERS, Type, known_type

# What a column of a lookup holds, by its name without the table's before it; the first that matches.
_ROLES = {
    "name": r"name|title|label|display_name|full_name|value|text|caption|type|status|state|kind|category|role|genre"
    r"|.*_name|descr?(?:iption)?_short|short_description",
    "code3": r"(?:code|iso|iso_code|alpha|iso_alpha|iso_?3166)_?3(?:_code)?|iso3|alpha_3(?:_code)?|iso_639_[23]",
    "phone_code": r"(?:phone|dial|dialing|calling|country_calling)_(?:code|prefix)",
    "currency_code": r"currency(?:_code)?",
    "continent": r"continent(?:_name)?|region",
    "digits": r"digits|decimals|decimal_places|minor_units?|precision|exponent",
    "symbol": r"symbol|sign|abbreviation|abbr",
    "code": r"code|key|slug|short_name|short_code|abbreviation|abbr|identifier|iso|iso_?2|iso_code|alpha_?2(?:_code)?"
    r"|iso_?code|iso_3166(?:_1)?|iso_639(?:_1)?|.*_code|.*_key|enum|constant",
    "number": r"sort|sort_order|sorting|position|display_order|ordinal|order_index|sequence|rank|level|weight|order",
    "active": r"(?:is_)?(?:active|enabled|visible|available)",
}
_DESCRIPTIONS = r"description|descr|desc|comment|comments|notes?|details?|remarks"
_TEXTS = frozenset({"text", "string"})


@dataclass(frozen=True)
class _Listed:
    """A list: its columns by role, and their values row by row."""

    roles: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def values(self, role: str) -> list[Any] | None:
        if role not in self.roles:
            return None
        return [row[self.roles.index(role)] for row in self.rows]


def listed_rows(
    name: str, entity: Entity, children: Iterable[str], free: Iterable[str]
) -> tuple[Mapping[str, Any], ...]:
    """The fixed rows of a lookup, their values by column; none where no list is known of it, or no column can hold it.

    children: the entities that refer to it. free: its columns of which nothing says yet what they hold.
    """
    found = _list_of(name, children)
    columns = set(free)
    if found is None:
        return ()
    values = {
        column: held
        for column, role in _roles(name, entity).items()
        if column in columns and (held := _values(found, role, entity.columns[column])) is not None
    }
    # A code alone tells people nothing, but what it is told by is a name.
    if not any(_is_text(entity.columns[column]) for column in values):
        return ()
    return tuple({column: held[at] for column, held in values.items()} for at in range(len(found.rows)))


def _list_of(name: str, children: Iterable[str]) -> _Listed | None:
    own = entity_name(name, abbreviations())
    # `statuses` alone goes by what refers to it.
    names = [own] if "_" in own else [f"{entity_name(child, abbreviations())}_{own}" for child in children] + [own]
    for each in names:
        for pattern, found in _lists():
            if compiled(pattern).fullmatch(each):
                return found
    return None


@cache
def _lists() -> Sequence[tuple[str, _Listed]]:
    data = own_yaml("lookups")
    tables = [(one["table"], _Listed(tuple(one["columns"]), tuple(map(tuple, one["rows"])))) for one in data["tables"]]
    return [
        *tables,
        *((one["table"], _Listed(("name",), tuple((each,) for each in one["values"]))) for one in data["lists"]),
    ]


def _roles(name: str, entity: Entity) -> dict[str, str]:
    """The columns of a lookup by what they hold, each role once."""
    own = entity_name(name, abbreviations())
    spelled = {column: spelled_out(column, abbreviations()) for column in entity.columns}
    prefix = shared_prefix(spelled.values())
    found: dict[str, str] = {}
    for column, words in spelled.items():
        tried = forms(words, own, prefix)
        role = next((role for role, pattern in _ROLES.items() if _matches(pattern, tried)), "")
        if role and role not in found.values():
            found[column] = role
    described = [column for column in entity.columns if _matches(_DESCRIPTIONS, forms(spelled[column], own, prefix))]
    if described and "name" not in found.values():
        found[described.pop(0)] = "name"  # region(region_id, region_description)
    return found | dict.fromkeys(described, "description")


def _matches(pattern: str, names: Sequence[str]) -> bool:
    return any(compiled(pattern).fullmatch(each) for each in names)


def _values(found: _Listed, role: str, column: Column) -> list[Any] | None:
    """What a column holds of a list, row by row; None where it can't hold that, or the list says nothing of it."""
    type = known_type(column.type) or Type("text")
    names = [str(each) for each in found.values("name") or ()]
    if role == "description":
        return [None] * len(names) if column.nullable else _fitting(names, type)
    if role == "active":
        return [True] * len(names) if type.kind == "bool" else None
    if role == "number":
        return list(range(1, len(names) + 1)) if type.kind in INTEGERS and not column.primary_key else None
    known = found.values(role) or (found.values("code") if role == "symbol" else None)  # abbreviations are either
    if known is None and role == "code":
        known = [_code(each) for each in names]
    if role == "code" and found.values("code3") and type.length == 3 and type.kind == "string":
        known = found.values("code3")
    if known is None or type.kind in _TEXTS:
        # A word that is the key reads as a code, whatever its column is called.
        plain = role == "name" and column.primary_key and "code" not in found.roles
        texts = [_code(each) if plain else str(each) for each in known or ()]
        told_apart = role in ("name", "code", "code3") or column.unique or column.primary_key
        return None if told_apart and len(set(texts)) < len(texts) else _fitting(texts, type)
    return known if type.kind in INTEGERS and all(isinstance(each, int) for each in known) else None


def _fitting(texts: list[str], type: Type) -> list[Any] | None:
    fits = texts and type.kind in _TEXTS and not 0 < type.length < max(map(len, texts))
    return list(texts) if fits else None


def _code(name: str) -> str:
    return re.sub(
        r"[^a-z0-9]+", "_", name.lower().replace("+", "_pos").replace("-", "_neg" if len(name) < 4 else "_")
    ).strip("_")


def _is_text(column: Column) -> bool:
    type = known_type(column.type)
    return type is None or type.kind in _TEXTS
