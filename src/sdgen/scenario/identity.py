"""What a run is a run of: the canonical form of a scenario, and its hash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sdgen.scenario.model import Scenario

FORMAT_VERSION = 1


def canonical(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain data in one spelling: what it says and nothing it leaves out.

    Entities and columns are lists, since their order is part of what is written.
    """
    # Without defaults: a field that a later release adds changes the hash of no scenario that doesn't use it.
    data = scenario.model_dump(mode="json", exclude_defaults=True)
    for entity in data["entities"].values():
        entity["columns"] = _listed(entity["columns"])
    if scenario.output is not None:  # said, though nothing in it need be
        data["output"] = {"path": scenario.output.path, **data["output"]}
    return {**data, "entities": _listed(data["entities"])}


def _listed(records: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, **record} for name, record in records.items()]


def canonical_json(data: object) -> str:
    """JSON in one spelling: keys sorted, no spaces, texts as they are."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def config_hash(scenario: Scenario) -> str:
    """SHA-256 of the canonical form, as 64 hexadecimal digits."""
    return sha256(canonical_json(canonical(scenario)).encode()).hexdigest()


def values_of(scenario: Scenario) -> dict[str, Any]:
    """The canonical form without what changes no value: where rows are written, and what becomes of older ones."""
    data = canonical(scenario)
    # Rows written elsewhere are the same rows: a stored run can be reproduced into another place.
    for name in ("output", "allow_databases"):
        data.pop(name, None)
    return {**data, "entities": [_without(entity, "table_mode") for entity in data["entities"]]}


def _without(record: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != key}


def identity(
    scenario: Scenario, seed: int, as_of: datetime, rows: Mapping[str, int], versions: Mapping[str, int | str]
) -> str:
    """SHA-256 over all that decides the values: scenario, seed, as_of, row counts, and the versions of what makes them.

    versions: those of generators, and digests of the lists that they take values from.
    """
    settled = {
        "format": FORMAT_VERSION,
        "scenario": values_of(scenario),
        "seed": seed,
        "as_of": as_of.isoformat(),
        "rows": dict(rows),
        "versions": dict(versions),
    }
    return sha256(canonical_json(settled).encode()).hexdigest()
