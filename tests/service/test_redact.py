"""Secrets out of texts: long ones wherever they stand, short ones in their places, and no words torn apart."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sdgen.databases.urls import without_password
from sdgen.execution.secrets import Redactor, has_literal_password, passwords_of, without_passwords
from sdgen.execution.target_spec import TargetSpec
from sdgen.execution.targets import resolve_target
from sdgen.service.catalog_store import probe


@pytest.mark.parametrize("secret", ["p", "po", "por"])
def test_a_short_secret_tears_no_word_apart(secret: str) -> None:
    text = f"port 5432: postgresql://app:{secret}@host/support?password={secret} password={secret}"
    assert Redactor((secret,))(text) == "port 5432: postgresql://app:***@host/support?password=*** password=***"


@pytest.mark.parametrize("spelled", ["s3cret/word", "s3cret%2Fword"])
def test_a_long_secret_is_hidden_everywhere(spelled: str) -> None:
    shown = Redactor(("s3cret/word",))(f"tried {spelled}, and {spelled} again: postgresql://app:{spelled}@host/shop")
    assert spelled not in shown
    assert shown.count("***") == 3


_LETTERS = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"'<>{}$&;=")
_PASSWORDS = st.text(_LETTERS, min_size=4, max_size=14).filter(lambda each: not each[:1].isdigit())


@given(password=_PASSWORDS, user=st.sampled_from(["u", "me@corp"]), scheme=st.sampled_from(["postgresql", "mysql"]))
@example(password="p@ss", user="u", scheme="postgresql")
@example(password="hunter@two/three?four#five", user="u", scheme="mysql")
def test_no_part_of_a_password_is_shown_however_it_is_written(password: str, user: str, scheme: str) -> None:
    url = f"{scheme}://{user}:{password}@host:5432/shop"
    assume(url.count(password) == 1)  # a password such as "post" is hidden in "postgresql" as well
    texts = [
        without_password(url),
        without_passwords(f"can't reach {url}, try again"),
        Redactor(passwords_of(url))(url),
    ]
    for text in texts:
        assert f"{scheme}://{user}:***@host:5432/shop" in text
    assert password not in Redactor(passwords_of(url))(f"it said {password}!")
    assert has_literal_password(url)
    assert not has_literal_password(url.replace(password, "${PASSWORD}"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host:5432/shop?options=me@corp",
        "postgresql://me@host:5432/shop",
        "clickhouse://host/a:b@c",
        "see http://host/a, or ask me@host",
    ],
)
def test_what_holds_no_password_is_shown_whole(url: str) -> None:
    assert without_passwords(url) == without_password(url) == url
    assert not has_literal_password(url)


def test_drivers_are_given_a_password_that_they_read_whole() -> None:
    """libpq takes the first @ for the end of the password, and tells the rest as the host that it can't find."""
    spec = TargetSpec(dsn="postgresql://me@corp:p@ss@w0rd@127.0.0.1:1/shop")
    target = resolve_target(spec)
    assert target.destination == "postgresql://me%40corp:p%40ss%40w0rd@127.0.0.1:1/shop"
    assert target.shown == "postgresql://me%40corp:***@127.0.0.1:1/shop"
    told = probe(target).model_dump_json()
    assert "w0rd" not in told
    assert "ss@" not in told


@pytest.mark.parametrize("text", ["x" * 300_000, "a://" * 30_000, "://" * 60_000, "a" * 100_000 + "://u:p@h"])
def test_long_texts_take_no_square_of_time(text: str) -> None:
    began = time.process_time()
    without_passwords(text)
    assert time.process_time() - began < 2
