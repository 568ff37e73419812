"""What every generator's tests share: the one rule as a check, and faults by param."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.families import FAMILIES
from sdgen.generators.registry import find, make
from tests.generators.fake import facts, fill

FAR = 1 << 40


def plain(array: pa.Array) -> list[Any]:
    array.validate(full=True)
    return list(array.to_pylist())


def assert_split_free(name: str, params: Mapping[str, Any], type: str = "", rows: int = 140, **changes: Any) -> None:
    """Cells are the same computed at once, in pieces, out of order, one by one, and far away; the seed moves them."""
    numbers = np.arange(rows, dtype=np.int64)
    if not changes.get("unique") and name != "time_series":
        numbers[rows - 20 :] += FAR

    def at(places: Any, **more: Any) -> list[Any]:
        return plain(fill(name, params, numbers[places], type, **changes, **more))

    places = np.arange(rows)
    whole = at(places)
    assert [cell for part in np.array_split(places, [1, 8, 77]) for cell in at(part)] == whole
    mixed = np.random.default_rng(3).permutation(np.repeat(places, 2))
    assert at(mixed) == [whole[place] for place in mixed]
    assert at(places[-1:]) == whole[-1:]
    assert at(places[:0]) == []
    assert at(places, seed=43) != whole


def assert_family_documented(family: str) -> None:
    """Each name's example is valid, has no fault, and its values conform to its type; each param is described."""
    for name in FAMILIES[family]:
        kind = find(name)
        assert kind is not None
        column = yaml.safe_load(kind.example)
        assert column["generator"] == name
        generator = make(name, column.get("params", {}))
        settled = facts(generator, column.get("type", ""))
        assert settled.type.kind in kind.fits
        assert list(generator.faults(settled)) == []
        made = fill(name, column.get("params", {}), 50, column.get("type", ""))
        assert len(cast_array(made, settled.type, generator.arrow(settled.type))) == 50
        assert (kind.__doc__ or "").strip()
        assert all(param.description for param in kind.model_fields.values())


def faulty(name: str, params: Mapping[str, Any], type: str = "", **changes: Any) -> list[str]:
    """The params that have faults; each fault says what is wrong."""
    generator = make(name, dict(params))
    found = list(generator.faults(facts(generator, type, **changes)))
    assert all(fault.what for fault in found)
    return [fault.param for fault in found]
