"""People: one row is one person, and e-mail names never repeat."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from sdgen.generators.people.names import names
from sdgen.generators.people.persons import RESERVED, People, longest_text, name_marks, people_of
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
    women = set(listed.firsts.to_pylist()[: listed.women])
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


@pytest.mark.parametrize("locale", ["en", "sk", "pt-br", "ru", "hu"])
def test_unique_full_names_are_distinct_over_several_rounds(locale: str) -> None:
    """Those of people with one name differ by initials; the names themselves stay those of the row's person."""
    size = names(locale).size
    rows = np.unique(np.concatenate([np.arange(60_000), np.arange(size - 50, size + 30_000)]))
    whole = plain(fill("person.full_name", rows=rows, locale=locale, unique=True))
    assert len(set(whole)) == len(rows)
    common = plain(fill("person.full_name", rows=rows, locale=locale))
    assert all(
        len(one) <= len(other) and one.split()[0] == other.split()[0] for one, other in zip(common, whole, strict=True)
    )
    made = make("person.full_name", {})
    assert made.capacity(facts(made, locale=locale)) == 1 << 62
    assert made.capacity(facts(made, locale="zh")) is None


# A name, the column it stands in, and of how many people it is the name: published figures.
SHARES = [
    ("en", "person.last_name", "Smith", 121),
    ("en", "person.last_name", "Johnson", 153),
    ("en-gb", "person.last_name", "Smith", 85),
    ("de", "person.last_name", "Müller", 105),
    ("es-mx", "person.last_name", "Hernández", 23),
    ("zh", "person.last_name", "王", 14),
    ("ko", "person.last_name", "김", 5),
    ("pt-br", "person.last_name", "Silva", 16),
    ("en", "person.first_name", "James", 77),
    ("en", "person.first_name", "Mary", 114),
]


@pytest.mark.parametrize(("locale", "column", "name", "one_in"), SHARES)
def test_names_are_as_common_as_in_life(locale: str, column: str, name: str, one_in: int) -> None:
    listed = plain(fill(column, rows=200_000, locale=locale))
    assert listed.count(name) == pytest.approx(200_000 / one_in, rel=0.12)


@pytest.mark.parametrize("locale", ["en", "de", "ja", "ru"])
def test_slots_of_names_are_as_many_for_women_as_for_men(locale: str) -> None:
    listed = names(locale)
    for slots in (listed.first_slots, listed.last_slots):
        assert len(slots.count) in (len(listed.firsts), len(listed.lasts))
        assert slots.count.min() >= 1
        assert slots.count.sum() == slots.size
        assert (slots.number < slots.count[slots.place]).all()
    assert (listed.first_slots.place < listed.women).sum() * 2 == listed.first_slots.size


def test_people_of_one_name_have_numbers_and_marks_of_their_own() -> None:
    """All slots of the commonest pair: their e-mail names differ, and most have no number of three digits."""
    listed = names("pt-br")
    rows = np.arange(2_000_000, dtype=np.int64) % listed.size
    people = people_of(listed, rows, np.zeros_like(rows))
    same = np.flatnonzero((people.first == people.first[0]) & (people.last == people.last[0]))
    assert len(same) == len(set(people.number[same].tolist()))
    numbers = np.arange(40_000, dtype=np.int64)
    ones = np.zeros_like(numbers)
    told = name_marks(People(listed, ones, ones, ones, numbers), ones + 5)
    parts = (told.marks, told.initials, told.digits, told.numbers)
    assert len({*zip(*(part.tolist() for part in parts), strict=True)}) == len(numbers)
    assert told.numbers.max() < 10
    assert not told.initials[:303].any()
    assert not told.digits[:3].any()


def test_mail_goes_nowhere() -> None:
    assert {mail.partition("@")[2] for mail in plain(fill("person.email"))} == set(RESERVED)
    own = plain(fill("person.email", {"domain": "shop.test"}))
    assert {mail.partition("@")[2] for mail in own} == {"shop.test"}
    for wrong in ("a@b", {}, {"a.test": 0}, {"": 1}):
        with pytest.raises(ValueError):
            make("person.email", {"domain": wrong})


def test_mail_is_at_hosts_by_weight_and_unique_all_the_same() -> None:
    mails = plain(fill("person.email", {"domain": {"inbox.test": 6, "post.test": 3, "desk.test": 1}}, 40_000))
    shares = Counter(mail.partition("@")[2] for mail in mails)
    assert shares["inbox.test"] / 40_000 == pytest.approx(0.6, abs=0.03)
    assert shares["desk.test"] / 40_000 == pytest.approx(0.1, abs=0.03)
    assert len({mail.partition("@")[0] for mail in mails}) == len(mails)


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


@pytest.mark.parametrize(("locale", "young", "old"), [("en", 0.26, 0.165), ("de", 0.19, 0.22), ("ja", 0.165, 0.29)])
def test_ages_are_those_of_the_country(locale: str, young: float, old: float) -> None:
    """The shares of people below 20 (some more in the United States), and of those from 65 on."""
    ages = np.array(plain(fill("person.age", {"min_age": 0, "max_age": 104}, 100_000, locale=locale)))
    assert (ages < 20).mean() == pytest.approx(young, abs=0.02)
    assert (ages >= 65).mean() == pytest.approx(old, abs=0.02)
    assert (ages > 95).mean() < 0.01


def test_height_and_weight_fit_the_sex_and_each_other() -> None:
    sex, height, weight, index = (
        np.array(plain(fill(f"person.{each}", rows=40_000))) for each in ("gender", "height", "weight", "bmi")
    )
    men = sex == "Male"
    assert height[men].mean() - height[~men].mean() == pytest.approx(14.1, abs=0.5)
    assert height[~men].mean() == pytest.approx(161.3, abs=0.3)
    assert 0.4 < np.corrcoef(height, weight)[0, 1] < 0.7
    assert np.abs(weight / (height / 100) ** 2 - index).max() < 0.2
    assert 130 < height.min() < height.max() < 210
    inches = np.array(plain(fill("person.height", {"unit": "in"}, 40_000)))
    assert np.abs(inches * 2.54 - height).max() < 0.3
    pounds = np.array(plain(fill("person.weight", {"unit": "lb"}, 40_000)))
    assert np.abs(pounds * 0.4536 - weight).max() < 0.2
    assert np.array(plain(fill("person.height", rows=5000, locale="ja"))).mean() < height.mean() - 2


@pytest.mark.parametrize("name", ["person.full_name", "person.email", "person.username"])
@pytest.mark.parametrize("locale", ["en", "pt-br"])
def test_no_text_is_longer_than_said(name: str, locale: str) -> None:
    texts = plain(fill(name, rows=200_000, locale=locale, unique=True))
    assert max(map(len, texts)) <= longest_text(name, locale, 200_000)


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
