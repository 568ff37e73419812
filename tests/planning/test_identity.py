"""A plan's identity changes with all that decides its values, and with nothing else."""

from __future__ import annotations

from typing import Any

import pytest

import sdgen
from sdgen.generators import pools
from sdgen.generators.arrays import cast
from sdgen.generators.keys import Sequence
from sdgen.generators.places import gazetteer

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


def test_lists_of_other_packages_are_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new release of mimesis with other names makes other people, also inside arrays, and nothing else."""

    def identities() -> list[str]:
        array = {"generator": "array", "params": {"items": "person.last_name"}}
        columns = [{"generator": "person.email"}, array, {"generator": "address.street"}, {"generator": "text.word"}]
        made = ({**SMALL, "entities": {"a": {"rows": 5, "columns": {"it": column}}}} for column in columns)
        return [sdgen.plan(each).identity for each in made]

    before, digest = identities(), pools._file_digest
    monkeypatch.setattr(pools, "_file_digest", lambda locale, file: f"another than {digest(locale, file)}")
    gazetteer.street_lists.cache_clear()
    assert [new != old for new, old in zip(identities(), before, strict=True)] == [True, True, True, False]
    gazetteer.street_lists.cache_clear()


def test_lists_are_those_of_the_locale() -> None:
    def lists(locale: str, generator: str, **params: Any) -> set[str]:
        column = {"generator": generator, "params": params}
        plan = sdgen.plan({**SMALL, "locale": locale, "entities": {"a": {"rows": 5, "columns": {"it": column}}}})
        return {name for name in plan.versions if name.startswith("mimesis ")}

    assert lists("de-at", "person.last_name") == {"mimesis de-at/person", "mimesis de/person", "mimesis en/person"}
    assert lists("fr", "text.sentence") == {"mimesis fr/text", "mimesis en/text"}
    assert lists("en", "text.sentence") == lists("en", "uuid4") == lists("en", "address.city") == set()
    assert lists("en", "address.street") == {"mimesis addresses"}
    assert lists("en", "company.name") == {"mimesis en/person"}
    assert lists("de", "person.phone_number") == set(), "telephone numbers are of plans of our own"
    assert lists("en", "food.dish", pool=5) == {"mimesis food.dish en"}


def test_another_version_of_a_generator_has_another(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sdgen.plan(SMALL).identity
    monkeypatch.setattr(Sequence, "version", 2)
    assert sdgen.plan(SMALL).identity != before


def test_another_version_of_conversions_has_another(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sdgen.plan(SMALL).identity
    monkeypatch.setattr(cast, "VERSION", 99)
    assert sdgen.plan(SMALL).identity != before
