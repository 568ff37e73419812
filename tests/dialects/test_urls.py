"""URLs of databases, taken apart and put together."""

from __future__ import annotations

import pytest

from sdgen.dialects.urls import with_database, without_schema


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
