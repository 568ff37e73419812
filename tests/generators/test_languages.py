"""Companies, jobs, products, notes and reviews in the language of the locale, with the legal forms of its country."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.generators.business.company_names import company_names
from sdgen.generators.pools import locales, own_yaml
from sdgen.generators.text.languages import is_english, language_digests, pairs, words
from tests.generators.fake import fill
from tests.generators.families import check_class, check_rows, family_names, plain

OTHERS = [locale for locale in locales() if not is_english(locale)]
# What a company's name ends or begins with in its country, as its law has it.
FORMS = {
    "de": r"(GmbH|GmbH & Co\. KG|AG|OHG|e\.K\.|UG \(haftungsbeschränkt\))$",
    "de-at": r"(GmbH|OG|KG|AG|e\.U\.)$",
    "en-gb": r"(Ltd|LLP|PLC|& Co\.)$",
    "en-au": r"(Pty Ltd|Ltd|& Co\.)$",
    "fr": r"(SARL|SAS|SA|EURL|SNC)$",
    "it": r"(S\.r\.l\.|S\.p\.A\.|S\.n\.c\.|S\.a\.s\.)$",
    "pl": r"(Sp\. z o\.o\.|S\.A\.|sp\. [kj]\.)$",
    "sv": r"(AB|HB|KB)$",
    "fi": r"(Oy|Oyj|Ky|Ay)$",
    "nl": r"(B\.V\.|V\.O\.F\.|N\.V\.|C\.V\.)$",
    "pt-br": r"(Ltda\.|Ltda\. ME|S\.A\.|EIRELI)$",
    "ja": r"^(株式会社|有限会社)|(株式会社|合同会社)$",
    "ru": r"^(ООО|АО|ПАО) «.+»$",
    "zh": r"有限公司$",
}
SCRIPTS = {"ja": r"[\u3040-\u30ff\u4e00-\u9fff]", "zh": r"[\u4e00-\u9fff]", "ko": r"[\uac00-\ud7a3]"} | {
    "ru": "[а-я]",
    "uk": "[а-яі]",
    "kk": "[а-яқ]",
    "el": "[α-ω]",
    "ar": r"[\u0600-\u06ff]",
    "fa": r"[\u0600-\u06ff]",
}


def test_every_language_has_all_words() -> None:
    for locale in OTHERS:
        assert len(pairs(locale, "job")[0].unique()) == 30
        assert len(words(locale, "field")) == 16
        things = words(locale, "product")
        assert len(things) == 8
        assert len({thing for each in things.values() for thing in each}) == 32
        assert len(set(words(locale, "phrase"))) == 6
        assert len(set(words(locale, "note"))) >= 8
        reviews = [text for each in words(locale, "review").values() for text in each]
        assert len(set(reviews)) == len(reviews) >= 17
        assert all(text[-1] in ".。" for text in (*reviews, *words(locale, "note")))
        script = SCRIPTS.get(locale.partition("-")[0])
        assert script is None or all(re.search(script, text.lower()) for text in (*reviews, *words(locale, "note")))
        assert language_digests(locale)
    assert not language_digests("en", "en-gb")


@pytest.mark.parametrize("locale", FORMS)
def test_companies_have_the_legal_forms_of_their_country(locale: str) -> None:
    names, suffixes = (plain(fill(f"company.{part}", rows=400, locale=locale)) for part in ("name", "suffix"))
    assert all(re.search(FORMS[locale], name) for name in names)
    assert all(suffix in name for name, suffix in zip(names, suffixes, strict=True))
    # The common form is that of small companies everywhere.
    assert max(map(suffixes.count, set(suffixes))) > 0.4 * len(suffixes)


@pytest.mark.parametrize("locale", ["sk", "ko", "pt"])
def test_names_and_domains_of_companies_are_distinct(locale: str) -> None:
    size = min(company_names(locale).size, 40_000)
    for part in ("name", "domain"):
        assert len(fill(f"company.{part}", rows=size, locale=locale).unique()) == size


def test_a_companys_industry_is_what_its_name_says() -> None:
    fields = dict(zip(*(side.to_pylist() for side in pairs("es", "field")), strict=True))
    names, industries = (plain(fill(f"company.{part}", rows=500, locale="es")) for part in ("name", "industry"))
    told = [(fields[name.split(" ")[0]], told) for name, told in zip(names, industries, strict=True) if "&" not in name]
    assert len(told) > 250
    assert all(field == industry for field, industry in told)


def test_jobs_and_titles_fit_the_gender() -> None:
    men, women = (set(side.to_pylist()) for side in pairs("de", "job"))
    columns = (plain(fill(f"person.{part}", rows=800, locale="de")) for part in ("gender", "job_title", "title"))
    for gender, job, title in zip(*columns, strict=True):
        assert job in (men if gender == "Male" else women)
        assert title == ("Herr" if gender == "Male" else "Frau")
    assert not men & women


@pytest.mark.parametrize("locale", ["fr", "ja", "pt-br"])
def test_products_agree_in_every_language(locale: str) -> None:
    category = {thing: name for name, things in words(locale, "product").items() for thing in things}
    columns = (plain(fill(f"product.{part}", rows=300, locale=locale)) for part in ("name", "category", "description"))
    for name, told, description in zip(*columns, strict=True):
        thing = next(each for each in sorted(category, key=len, reverse=True) if name.startswith(f"{each} "))
        assert category[thing] == told
        assert description.startswith(thing)
        said = [phrase for phrase in words(locale, "phrase") if phrase in description]
        assert len(said) == 2


def test_reviews_fit_their_rating() -> None:
    ratings = np.arange(1000) % 5 + 1
    texts = plain(fill("text.review", {"rating": "stars"}, 1000, columns={"stars": ratings.tolist()}, locale="it"))
    listed = words("it", "review")
    for stars, text in zip(ratings.tolist(), texts, strict=True):
        kind = "good" if stars >= 4 else "fair" if stars == 3 else "bad"
        assert any(text.startswith(sentence) for sentence in listed[kind])
    alone = plain(fill("text.review", rows=3000, locale="it"))
    assert sum(any(map(text.startswith, listed["good"])) for text in alone) / 3000 == pytest.approx(0.66, abs=0.03)


@pytest.mark.parametrize("name", [*family_names("text.remarks"), "company.name", "product.name", "person.occupation"])
@pytest.mark.parametrize("locale", ["en", "de", "ja"])
def test_cells_depend_on_row_numbers_alone(name: str, locale: str) -> None:
    check_rows(name, locale=locale)
    check_class(name)


def test_each_row_is_written_in_the_locale_of_its_column() -> None:
    columns: dict[str, Any] = {
        "market": {"generator": "choice", "params": {"values": ["FR", "JP", "US"]}},
        "firm": {"generator": "company.name", "params": {"locale": "$market"}},
        "item": {"generator": "product.name", "params": {"locale": "$market"}},
        "note": {"generator": "text.note", "params": {"locale": "$market"}},
        "memo": {"generator": "text.sentence", "params": {"locale": "$market"}},
    }
    rows = sdgen.generate({"name": "x", "seed": 4, "entities": {"a": {"rows": 300, "columns": columns}}})["a"]
    for row in rows.to_pylist():
        locale = {"FR": "fr", "JP": "ja", "US": "en"}[row["market"]]
        assert row["note"] in words(locale, "note")
        if locale != "en":
            assert re.search(FORMS[locale], row["firm"])
        assert bool(re.search(SCRIPTS["ja"], row["item"] + row["memo"])) == (locale == "ja")


def test_forms_are_listed_for_known_locales() -> None:
    listed = own_yaml("companies")
    assert {name for side in listed.values() for name in side} <= set(locales())


def test_a_rating_that_is_no_number_is_refused() -> None:
    columns = {"word": {"generator": "text.word"}, "it": {"generator": "text.review", "params": {"rating": "word"}}}
    with pytest.raises(ScenarioError, match="no number"):
        sdgen.plan({"name": "x", "entities": {"a": {"rows": 3, "columns": columns}}})
