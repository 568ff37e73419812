"""URLs of databases, taken apart and put together."""

from __future__ import annotations

import pytest

from sdgen.databases.urls import with_database, without_password_of, without_schema


@pytest.mark.parametrize(
    ("url", "plain", "schema"),
    [
        ("postgresql://u:p@h:5/shop", "postgresql://u:p@h:5/shop", ""),
        ("postgresql://h/shop?schema=sales", "postgresql://h/shop", "sales"),
        ("postgresql:///shop?host=/run/x&schema=s", "postgresql:///shop?host=%2Frun%2Fx", "s"),
        ("postgresql:///shop", "postgresql:///shop", ""),
        ("postgresql://u:a%23b@h/shop?application_name=&schema=", "postgresql://u:a%23b@h/shop?application_name=", ""),
    ],
)
def test_without_schema(url: str, plain: str, schema: str) -> None:
    assert without_schema(url) == (plain, schema)


@pytest.mark.parametrize(
    ("url", "changed"),
    [
        ("postgresql://u:p@h:5/shop", "postgresql://u:p@h:5/a%20b"),
        ("postgresql:///shop?host=/run/x", "postgresql:///a%20b?host=/run/x"),
        ("mysql://h", "mysql://h/a%20b"),
        ("mysql://h/?charset=utf8mb4", "mysql://h/a%20b?charset=utf8mb4"),
    ],
)
def test_with_database(url: str, changed: str) -> None:
    assert with_database(url, "a b") == changed


@pytest.mark.parametrize("password", ["p", "or", "abc"])
def test_a_short_password_is_hidden_in_its_place_alone(password: str) -> None:
    text = f"connection to port 5432 on abc failed: postgresql://me:{password}@host/shop"
    shown = without_password_of(f"postgresql://me:{password}@host/shop", text)
    assert shown == "connection to port 5432 on abc failed: postgresql://me:***@host/shop"


def test_a_long_password_is_hidden_wherever_and_however_it_stands() -> None:
    url = "postgresql://me:hunter%2Ftwo@host/shop"
    text = "hunter/two and hunter%2Ftwo in postgresql://me:other@host/shop"
    assert without_password_of(url, text) == "*** and *** in postgresql://me:***@host/shop"


@pytest.mark.parametrize("url", ["postgresql://host/shop", "postgresql://[broken", ""])
def test_a_url_without_a_password_changes_nothing(url: str) -> None:
    assert without_password_of(url, "no password was given: retry") == "no password was given: retry"
