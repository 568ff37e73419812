"""What the tests of generator families share: the same cells for any rows, and kinds that fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from sdgen.generators.families import FAMILIES
from sdgen.generators.registry import make
from sdgen.scenario.types import KINDS
from tests.generators.fake import fill

FAR = 1 << 40


def family_names(*files: str) -> list[str]:
    return [name for file in files for name in FAMILIES[file]]


def plain(values: pa.Array) -> list[Any]:
    return list(values.to_pylist())


def check_rows(name: str, params: Mapping[str, Any] | None = None, **changes: Any) -> None:
    """The same cells for any split, order and repetition of row numbers, far ones too."""
    numbers = np.concatenate([np.arange(120), np.arange(FAR, FAR + 40)])
    whole = plain(fill(name, params, numbers, **changes))
    order = np.random.default_rng(5).permutation(len(numbers))
    assert plain(fill(name, params, numbers[order], **changes)) == [whole[place] for place in order]
    parts = [plain(fill(name, params, numbers[start : start + 37], **changes)) for start in range(0, 160, 37)]
    assert [value for part in parts for value in part] == whole
    assert plain(fill(name, params, [7, 7, 3], **changes)) == [whole[7], whole[7], whole[3]]
    assert len(fill(name, params, 0, **changes)) == 0


def check_class(name: str) -> None:
    """A generator says what it makes, in a type it fits, and shows how it is written."""
    made = make(name, {})
    assert made.natural().kind in type(made).fits <= KINDS
    assert type(made).__doc__
    assert type(made).example.startswith("{generator: ")
    assert all(field.description for field in type(made).model_fields.values())
