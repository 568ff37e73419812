"""People: one row is one person, and e-mail names never repeat."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from sdgen.generators.people.names import names
from sdgen.generators.people.people import RESERVED
from sdgen.generators.registry import make
from tests.generators.fake import facts, fill
from tests.generators.families import check_class, check_rows, family_names, plain

NAMES = family_names("people.people", "people.lives")


@pytest.mark.parametrize("name", NAMES)
def test_cells_depend_on_row_numbers_alone(name: str) -> None:
    check_rows(name)
    check_class(name)


@pytest.mark.parametrize("locale", ["en", "de", "ru", "zh", "nl-be"])
def test_one_row_is_one_person(locale: str) -> None:
    listed = names(locale)
    given, family, whole, gender, mail = (
        plain(fill(f"person.{part}", locale=locale))
        for part in ("first_name", "last_name", "full_name", "gender", "email")
    )
    folds = dict(zip(listed.firsts.to_pylist(), listed.first_folds, strict=True))
    women = set(listed.firsts.to_pylist()[: listed.per_gender])
    for first, last, full, sex, address in zip(given, family, whole, gender, mail, strict=True):
        assert full == (f"{last}{first}" if locale == "zh" else f"{first} {last}")
        assert (sex == "Female") == (first in women)
        assert address.startswith(folds[first])
    assert 400 < gender.count("Female") < 600


def test_who_tells_people_apart() -> None:
    assert plain(fill("person.full_name")) != plain(fill("person.full_name", {"who": "buyer"}))
    assert plain(fill("person.full_name")) == plain(fill("faker_name", column="other"))


def test_titles_fit_the_gender() -> None:
    pairs = set(zip(plain(fill("person.gender")), plain(fill("person.title")), strict=True))
    assert ("Male", "Ms.") not in pairs
    assert ("Male", "Mrs.") not in pairs
    assert ("Female", "Mr.") not in pairs
    assert {("Female", "Ms."), ("Male", "Mr.")} <= pairs
    assert set(plain(fill("person.gender", {"labels": ["F", "M"]}))) == {"F", "M"}


@pytest.mark.parametrize("locale", ["en", "sk"])
@pytest.mark.parametrize("name", ["person.email", "person.username"])
def test_mail_and_user_names_never_repeat(name: str, locale: str) -> None:
    """Over the first rows, and over rows several rounds of all names later (Slovak has few names)."""
    size = names(locale).size
    rows = np.concatenate(
        [np.arange(100_000), np.arange(size - 50, size + 50_000), np.arange(1 << 39, (1 << 39) + 999)]
    )
    rows = np.unique(rows)
    assert len(set(plain(fill(name, rows=rows, locale=locale)))) == len(rows)
    assert make(name, {}).capacity(facts(make(name, {}))) == 1 << 62


def test_full_names_are_distinct_over_a_whole_round() -> None:
    size = names("sk").size
    whole = plain(fill("person.full_name", rows=size, locale="sk"))
    assert (
        len(set(whole))
        == size
        == make("person.full_name", {}).capacity(facts(make("person.full_name", {}), locale="sk"))
    )
    assert len(fill("person.full_name", rows=200_000).unique()) == 200_000
    assert names("en").size > 1_000_000


def test_mail_goes_nowhere() -> None:
    assert {mail.partition("@")[2] for mail in plain(fill("person.email"))} == set(RESERVED)
    own = plain(fill("person.email", {"domain": "shop.test"}))
    assert {mail.partition("@")[2] for mail in own} == {"shop.test"}
    with pytest.raises(ValueError):
        make("person.email", {"domain": "a@b"})


def test_first_names_can_be_unique() -> None:
    generator = make("person.first_name", {})
    size = generator.capacity(facts(generator))
    assert size == len(names("en").firsts)
    assert len(set(plain(fill("person.first_name", rows=size, unique=True)))) == size


@pytest.mark.parametrize(
    "name", ["person.first_name", "person.last_name", "person.gender", "person.title", "person.occupation"]
)
def test_repeated_values_are_dictionaries(name: str) -> None:
    generator = make(name, {})
    assert pa.types.is_dictionary(fill(name).type)
    assert generator.arrow(generator.natural()) == fill(name).type


@pytest.mark.parametrize("as_of", [datetime(2026, 1, 1, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC)])
def test_ages_fit_birth_dates(as_of: datetime) -> None:
    params = {"min_age": 21, "max_age": 23}
    born = plain(fill("person.birth_date", params, 4000, as_of=as_of))
    ages = plain(fill("person.age", params, 4000, as_of=as_of))
    today = as_of.date()
    assert ages == [_age(day, today) for day in born]
    assert set(ages) == {21, 22, 23}
    generator = make("person.age", {"min_age": 30, "max_age": 20})
    assert [fault.param for fault in generator.faults(facts(generator))] == ["min_age"]


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("international", r"^\+1-[2-9]\d\d-555-01\d\d$"),
        ("national", r"^\([2-9]\d\d\) 555-01\d\d$"),
        ("digits", r"^[2-9]\d\d55501\d\d$"),
    ],
)
def test_telephones_ring_nowhere(form: str, pattern: str) -> None:
    values = fill("person.phone_number", {"format": form})
    assert pa.compute.all(pa.compute.match_substring_regex(values, pattern)).as_py()
    generator = make("person.phone_number", {"format": form})
    size = generator.capacity(facts(generator))
    assert size is not None
    assert len(fill("person.phone_number", {"format": form}, size, unique=True).unique()) == size
