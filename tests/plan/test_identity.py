"""A plan's identity changes with all that decides its values, and with nothing else."""

from __future__ import annotations

from typing import Any

import pytest

import sdgen
from sdgen.generators import conform
from sdgen.generators.keys import Sequence

SMALL: dict[str, Any] = {
    "name": "small",
    "seed": 1,
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {"a": {"rows": 5, "columns": {"id": {"generator": "sequence"}}}},
}


def test_the_same_request_has_the_same_identity() -> None:
    assert sdgen.plan(SMALL).identity == sdgen.plan(SMALL, seed=1).identity


@pytest.mark.parametrize("request_", [{"seed": 2}, {"rows": 6}, {"scale": 2}], ids=str)
def test_another_request_has_another(request_: dict[str, Any]) -> None:
    assert sdgen.plan(SMALL).identity != sdgen.plan(SMALL, **request_).identity


def test_another_version_of_a_generator_has_another(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sdgen.plan(SMALL).identity
    monkeypatch.setattr(Sequence, "version", 2)
    assert sdgen.plan(SMALL).identity != before


def test_another_version_of_conversions_has_another(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sdgen.plan(SMALL).identity
    monkeypatch.setattr(conform, "VERSION", 99)
    assert sdgen.plan(SMALL).identity != before
