"""Faker's providers, by the names that recipes use for them, → generators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from sdgen.errors import did_you_mean
from sdgen.generators.rule_names import snake
from sdgen.read.snowfakery.drafts import Cell, Made
from sdgen.read.snowfakery.recipe import Raw
from sdgen.scenario.model import GeneratorSpec

_WHO = frozenset(
    ["billing", "shipping", "mailing", "other", "home", "work", "business", "personal", "office", "delivery"]
)
_RELATIVE = re.compile(r"([+-]?)\s*(\d+)\s*([smhdwMy])")
_KINDS = {
    **dict.fromkeys(("address.latitude", "address.longitude", "uniform_float"), "float"),
    **dict.fromkeys(("uniform_int", "epoch"), "int"),
    **dict.fromkeys(("date", "person.birth_date"), "date"),
    "datetime": "timestamp",
    "boolean": "bool",
    "time": "time",
    "decimal": "float",
}


@cache
def _table() -> dict[str, dict[str, Any]]:
    text = files("sdgen").joinpath("data/faker.yaml").read_text("utf-8")
    found = yaml.safe_load(text)
    return {_plain(name): entry for name, entry in found.items()}


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def fake(cell: Cell, raw: Raw, provider: str, params: Mapping[str, Any]) -> Made:
    """A provider's values; one that is not known is left to the rules, which go by the column's name."""
    entry = _table().get(_plain(provider))
    if entry is None:
        cell.note(raw, f"fake: {provider} is not known: guessed from the field's name", did_you_mean(provider, names()))
        return Made(type="text", kind="text")
    takes = entry.get("takes", {})
    own = dict(entry.get("params", {}))
    for key, value in params.items():
        param = takes.get(key)
        moment = param in ("start", "end")
        if param is None or isinstance(value, list | Mapping) or (isinstance(value, str) and "${{" in value):
            if value not in (None, False) and key != "variable_nb_words":
                cell.note(raw, f"fake: {provider}: {key} is not used")
        elif value is not None:
            own[param] = relative(value) if moment else value
    if entry["generator"].startswith("address.") and (who := _who(cell.field)):
        own["who"] = who
    if "loses" in entry:
        cell.note(raw, f"fake: {provider}: {entry['loses']}")
    kind = "text" if entry.get("type") == "string" else _KINDS.get(entry["generator"], "text")
    return Made(GeneratorSpec(type=entry["generator"], params=own), entry.get("type", ""), kind)


def _who(field: str) -> str:
    """Whose address a field speaks of: BillingCity and BillingState of the same."""
    first = snake(field).partition("_")[0]
    return first if first in _WHO else ""


def relative(value: Any) -> str:
    """A moment as sdgen writes it: +10M is 10mo, today and now are now, dates stay."""
    text = str(value).strip()
    match = _RELATIVE.fullmatch(text)
    if match:
        unit = {"M": "mo"}.get(match[3], match[3])
        return f"{match[1] or '+'}{match[2]}{unit}"
    return "now" if text in ("today", "now") else text


def names() -> list[str]:
    """The providers that are known."""
    return sorted(_table())
