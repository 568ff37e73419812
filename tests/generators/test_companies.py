"""Companies: one row is one company."""

from __future__ import annotations

import re

import pytest

from sdgen.generators.pools import own
from sdgen.generators.registry import make
from tests.generators.fake import facts, fill
from tests.generators.families import check_class, check_rows, family_names, plain

NAMES = family_names("business.companies")


@pytest.mark.parametrize("name", NAMES)
def test_cells_depend_on_row_numbers_alone(name: str) -> None:
    check_rows(name)
    check_class(name)


def test_one_row_is_one_company() -> None:
    columns = (plain(fill(f"company.{part}")) for part in ("name", "domain", "email", "suffix", "industry"))
    words = own("words")
    industries = dict(zip(words["company_fields"], words["company_field_industries"], strict=True))
    for name, domain, mail, suffix, industry in zip(*columns, strict=True):
        plain_name = re.sub(r" (Inc\.|LLC|Group|Co\.|Ltd\.)$", "", name)
        assert re.sub("[^a-z]", "", domain.removesuffix(".example")) == re.sub("[^a-z]", "", plain_name.lower())
        assert mail.partition("@")[2] == domain
        assert plain_name == name or name.endswith(suffix)
        assert industry == industries.get(plain_name.rpartition(" ")[2], industry)
        assert industry in words["industries"]


@pytest.mark.parametrize("part", ["name", "domain", "email"])
def test_names_are_distinct_over_the_whole_domain(part: str) -> None:
    generator = make(f"company.{part}", {})
    size = generator.capacity(facts(generator))
    assert size is not None
    assert len(fill(f"company.{part}", rows=size).unique()) == size


def test_who_tells_companies_apart() -> None:
    assert plain(fill("company.name")) != plain(fill("company.name", {"who": "seller"}))
    assert all(mail.startswith("jobs@") for mail in plain(fill("company.email", {"mailbox": "jobs"})))


def test_catch_phrases_can_be_unique() -> None:
    assert len(set(plain(fill("company.catch_phrase", rows=100_000, unique=True)))) == 100_000
