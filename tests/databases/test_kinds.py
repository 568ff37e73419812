"""What the records of the databases say, as far as it can be wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sdgen.databases.base import DatabaseKind, server_address
from sdgen.databases.registry import BUILT_IN, by_name, by_scheme, by_suffix, of_source

ALL = pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)


def test_no_two_share_a_name_a_scheme_or_a_suffix() -> None:
    words = [kind.name for kind in BUILT_IN], [each for kind in BUILT_IN for each in (*kind.schemes, *kind.suffixes)]
    assert [word for each in words for word, times in Counter(each).items() if times > 1] == []


@ALL
def test_it_is_found_by_its_words(kind: DatabaseKind) -> None:
    assert by_name(kind.name) is kind
    assert all(by_scheme(scheme) is kind for scheme in kind.schemes)
    assert all(by_suffix(Path(f"x{suffix.upper()}")) is kind for suffix in kind.suffixes)
    assert of_source(f"{kind.schemes[0]}+driver://host/x") is kind


@ALL
def test_files_are_local(kind: DatabaseKind) -> None:
    assert kind.local or not kind.suffixes
    assert not (kind.local and kind.schemas)


@ALL
def test_its_package_has_the_same_modules_as_the_others(kind: DatabaseKind) -> None:
    package = Path(kind.open_target.__code__.co_filename).parent
    modules = {path.stem for path in package.glob("*.py")}
    assert {"__init__", "dialect", "connection", "target", "introspect"} <= modules
    known = {"create", "load", "encode", "encode_text", "encode_binary", "copy_rows", "spread"}
    assert modules - {"__init__", "dialect", "connection", "target", "introspect"} <= known


@pytest.mark.parametrize(
    ("url", "database", "readable"),
    [
        ("mysql://me@host:3306/shop", "shop", True),
        ("mysql://me@host/a%20b/c?x=1", "a b", True),
        ("mysql://me@host", "", True),
        ("mysql://me@host:no/shop", "", False),
        ("mysql://me@host:0/shop", "shop", False),
    ],
)
def test_the_address_in_a_url(url: str, database: str, readable: bool) -> None:
    found = server_address(url)
    assert (found.database, found.readable) == (database, readable)


@pytest.mark.parametrize(
    ("url", "database", "readable"),
    [
        ("postgresql://me@host:5432/shop?schema=x", "shop", True),
        ("postgresql:///shop?host=/run&dbname=other", "other", True),
        ("postgresql://me@host/?service=x", "", True),
        ("postgresql://me@host:70000/shop", "shop", False),
        ("postgresql://me@host:1,2/shop", "shop", True),
        ("postgresql://me@[host/shop", "", False),
    ],
)
def test_the_address_as_postgres_reads_it(url: str, database: str, readable: bool) -> None:
    kind = by_scheme("postgresql")
    assert kind is not None
    found = kind.address(url)
    assert (found.database, found.readable) == (database, readable)
