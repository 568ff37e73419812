"""Pools, and the domains made of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sdgen.generators import pools
from sdgen.generators.people import names
from sdgen.generators.places import gazetteer

PINNED = Path(__file__).with_name("pool_digests.json")
OWN = {
    "people": ("female", "male", "occupation"),
    "words": ("adjectives", "nouns", "verbs", "company_words", "industries", "colors", "devices"),
}


def digests() -> dict[str, str]:
    own = [(file, name) for file, listed in OWN.items() for name in listed]
    found = {f"{file}.{name}": pools.digest(pools.own_pool(file, name)) for file, name in own}
    found |= {f"firsts.{locale}": pools.digest(names.names(locale).firsts) for locale in pools.locales()}
    found |= {f"lasts.{locale}": pools.digest(names.names(locale).lasts) for locale in pools.locales()}
    found |= {f"places.{name}": pools.digest(gazetteer.column(name)) for name in ("city", "state", "county", "country")}
    found["streets"] = pools.digest(gazetteer.streets().pool)
    return found


def test_pools_are_the_pinned_ones() -> None:
    """Whoever changes a list changes what seeds make: `python -m tests.generators.test_pools` pins it anew."""
    assert digests() == json.loads(PINNED.read_text())


def test_reading_the_lists_does_not_import_mimesis() -> None:
    code = (
        "from sdgen.generators.people.names import names; names('de'); import sys; sys.exit('mimesis' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_lists_are_distinct_and_sorted_and_fall_back() -> None:
    listed = pools.texts("de", "person", "surnames")
    assert list(listed) == sorted(set(listed))
    assert pools.chain("de_AT.UTF-8") == ("de-at", "de", "en")
    assert pools.chain("xx") == ("en",)
    assert pools.texts("nl-be", "person", "names.female") == pools.texts("nl", "person", "names.female")
    with pytest.raises(KeyError):
        pools.texts("en", "person", "no.such.list")


def test_digest_tells_texts_apart() -> None:
    first, second = pools.text_array(["ab", "c"]), pools.text_array(["a", "bc"])
    assert pools.digest(first) != pools.digest(second)
    assert pools.text_array(["é", "", "x"]).to_pylist() == ["é", "", "x"]
    assert len(pools.text_array([])) == 0


def test_joined_decodes_every_text_once() -> None:
    domain = pools.Joined((pools.text_array(["a", "b"]), pools.text_array(["-x", "-y", "-z"])))
    values = domain.decode(np.arange(6)).to_pylist()
    assert values == ["a-x", "a-y", "a-z", "b-x", "b-y", "b-z"]


@pytest.mark.parametrize("locale", pools.locales())
def test_names_of_every_locale_are_unambiguous(locale: str) -> None:
    """What full names and e-mail names being distinct rests on."""
    listed = names.names(locale)
    size = listed.last_size
    assert len(set(listed.firsts.to_pylist())) == len(set(listed.first_folds)) == len(listed.firsts) > 100
    for part in (slice(0, size), slice(size, None)):
        assert len(set(listed.lasts.to_pylist()[part])) == len(set(listed.last_folds[part])) == size
    folds = [*listed.first_folds, *listed.last_folds]
    assert all(fold.isascii() and fold.isalpha() and fold.islower() for fold in folds)
    assert not any(" " in name for name in listed.firsts.to_pylist())


def test_people_read_names_they_know() -> None:
    listed = names.names("en").lasts.to_pylist()
    assert {"McDonald", "O'Brien", "Smith"} <= set(listed)
    assert names.names("ru").lasts.to_pylist()[0].endswith("а")


def test_streets_belong_to_every_country() -> None:
    listed = gazetteer.streets()
    assert (listed.sizes >= 30).all()
    assert (listed.starts + listed.sizes <= len(listed.pool)).all()


if __name__ == "__main__":
    PINNED.write_text(json.dumps(digests(), indent=1, sort_keys=True) + "\n")
