"""Pools of mimesis's methods."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pyarrow as pa
import pytest

from sdgen.generators.registry import find, make
from sdgen.generators.text.mimesis_providers import ProviderPool, find_provider, methods
from tests.generators.fake import facts, fill
from tests.generators.families import check_rows, plain


@pytest.mark.parametrize(
    "name", ["food.dish", "datetime.date", "development.boolean", "datetime.year", "address.coordinates"]
)
def test_cells_depend_on_row_numbers_alone(name: str) -> None:
    check_rows(name, {"pool": 50})


def test_every_method_makes_values_or_says_why_not() -> None:
    for name in sorted(methods()):
        generator = ProviderPool.model_validate({"pool": 5})
        object.__setattr__(generator, "_called", name)
        if not list(generator.faults(facts(generator, "text"))):
            assert generator.natural().kind in ProviderPool.fits
            assert 1 <= (generator.capacity(facts(generator)) or 0) <= 5


def test_pools_are_the_same_in_another_process() -> None:
    names = [
        "food.dish",
        "datetime.datetime",
        "cryptographic.token_hex",
        "internet.http_response_headers",
        "hardware.cpu",
    ]
    code = (
        "import hashlib; from tests.generators.fake import fill\n"
        f"for name in {names!r}:\n"
        "    print(hashlib.md5(str(fill(name, {'pool': 40}, 200).to_pylist()).encode()).hexdigest())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = [hashlib.md5(str(fill(name, {"pool": 40}, 200).to_pylist()).encode()).hexdigest() for name in names]
    assert ran.stdout.split() == here


def test_pools_are_shared_but_cells_are_the_columns_own() -> None:
    first, second = plain(fill("food.dish", rows=500)), plain(fill("food.dish", rows=500, column="other"))
    assert first != second
    values = plain(fill("food.dish", {"pool": 100}, 100, unique=True))
    assert len(set(values)) == 100


def test_params_reach_the_method() -> None:
    assert set(plain(fill("datetime.year", {"minimum": 1999, "maximum": 1999}))) == {1999}
    assert set(plain(fill("datetime.year", {"params": {"minimum": 2001, "maximum": 2001}}))) == {2001}
    assert max(plain(fill("datetime.year"))) <= 2025
    generator = make("datetime.year", {"minimun": 3})
    fault = next(iter(generator.faults(facts(generator))))
    assert "minimum" in fault.hint


def test_values_keep_their_types() -> None:
    assert fill("datetime.date").type == pa.date32()
    assert fill("datetime.year").type == pa.int64()
    assert fill("address.coordinates")[0].as_py().startswith('{"')
    assert make("food.dish", {}).natural().kind == "string"


def test_our_own_names_win_and_unknown_ones_are_unknown() -> None:
    assert find("person.full_name") is not ProviderPool
    assert find("food.dish") is ProviderPool
    assert find_provider("food.no_such_dish") is None
    assert find("cryptographic.jwt") is None
    assert find("a.b.c") is None
    assert find("no such") is None
