"""Value pools: lists of distinct texts in a fixed order, and the domains made of them.

Lists come from sdgen's own data files, or from the JSON files of the installed `mimesis` package (MIT). Those are read
as files: importing the package would cost more than making a small dataset.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.generators.streams import Numbers
from sdgen.scenario.model import locale_weights

DATA = Path(__file__).parent.parent / "data"
FALLBACK = "en"


@dataclass(frozen=True, eq=False)
class Pool:
    """A domain of listed texts."""

    values: pa.Array

    @property
    def size(self) -> int:
        return len(self.values)

    def decode(self, indexes: Numbers) -> pa.Array:
        return taken(self.values, indexes)


@dataclass(frozen=True, eq=False)
class Joined:
    """The domain of all texts made by writing one text of each part after another.

    Its values are distinct if the parts are such that a text can be cut in one way alone.
    """

    # A permutation of the product is a permutation of the texts only then.
    parts: tuple[pa.Array, ...]

    @property
    def size(self) -> int:
        return prod(len(part) for part in self.parts)

    def decode(self, indexes: Numbers) -> pa.Array:
        sizes = [len(part) for part in self.parts]
        places = split(indexes, sizes)
        return joined(*(taken(part, place) for part, place in zip(self.parts, places, strict=True)))


def split(indexes: Numbers, sizes: Sequence[int]) -> list[Numbers]:
    """Indexes of a product of domains as one index into each, the last changing fastest."""
    places: list[Numbers] = []
    for size in reversed(sizes[1:]):
        rest = indexes // size
        places.append(indexes - rest * size)
        indexes = rest
    places.append(indexes)
    return places[::-1]


def taken(values: pa.Array, indexes: NDArray[np.integer[Any]]) -> pa.Array:
    """The values at these places (fewer than 2^31)."""
    return values.take(pa.array(indexes.astype(np.int32)))


def encoded(values: pa.Array, indexes: NDArray[np.integer[Any]]) -> pa.DictionaryArray:
    """The values at these places, as a dictionary array that lists each once."""
    return pa.DictionaryArray.from_arrays(pa.array(indexes.astype(np.int32)), values)


def joined(*parts: pa.Array | str) -> pa.Array:
    """Texts written one after another, row by row; a plain string is the same for every row."""
    return pc.binary_join_element_wise(*parts, "")


def in_groups(kinds: Numbers, make: Callable[[int, Numbers], pa.Array]) -> pa.Array:
    """Values that are made in another way for each kind: `make(kind, rows)` makes those of the rows of one kind."""
    groups = rows_by_kind(kinds)
    if len(groups) == 1:
        return make(*groups[0])
    # Made kind by kind and put back in the rows' order, so that each kind is made by whole arrays.
    made = pa.concat_arrays([make(kind, rows) for kind, rows in groups])
    places = np.empty(len(kinds), dtype=np.int32)
    places[np.concatenate([rows for _, rows in groups])] = np.arange(len(kinds), dtype=np.int32)
    return taken(made, places)


def rows_by_kind(kinds: Numbers) -> list[tuple[int, Numbers]]:
    """Each kind there is, from the least, with its rows in their order; kind 0 without a row where there are none."""
    if not len(kinds):
        return [(0, np.arange(0))]
    # Numbers of two bytes are sorted by counting, in a tenth of the time.
    small = kinds.min() >= 0 and kinds.max() < 1 << 16
    order = np.argsort(kinds.astype(np.uint16) if small else kinds, kind="stable")
    begins = np.flatnonzero(np.diff(kinds[order], prepend=kinds[order[0]] - 1))
    return [(int(kinds[rows[0]]), rows) for rows in np.split(order, begins[1:])]


def text_array(texts: Iterable[str]) -> pa.Array:
    """An Arrow array of texts, made from buffers (pyarrow imports pandas for Python objects where it is installed)."""
    encoded_texts = [text.encode() for text in texts]
    offsets = np.zeros(len(encoded_texts) + 1, dtype=np.int32)
    np.cumsum([len(text) for text in encoded_texts], out=offsets[1:])
    data = pa.py_buffer(b"".join(encoded_texts))
    return pa.StringArray.from_buffers(len(encoded_texts), pa.py_buffer(offsets), data)


def digest(values: pa.Array) -> str:
    """A pool's identity: the same digest, the same texts in the same order."""
    total = blake2b(digest_size=16)
    for text in values.to_pylist():
        raw = text.encode()
        # Each text with its length in front, so that two pools can't run together.
        total.update(len(raw).to_bytes(4, "big") + raw)
    return total.hexdigest()


@cache
def own(file: str) -> Any:
    """One of sdgen's own data files (JSON)."""
    return json.loads((DATA / f"{file}.json").read_text(encoding="utf-8"))


@cache
def own_yaml(file: str) -> Any:
    """One of sdgen's own data files (YAML)."""
    import yaml

    text = (DATA / f"{file}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def own_pool(file: str, name: str) -> pa.Array:
    """One list of one of sdgen's own data files."""
    return text_array(own(file)[name])


@cache
def datasets() -> Path:
    """The folder of mimesis's locales."""
    # Found and not imported: importing mimesis would cost more than making a small dataset.
    spec = find_spec("mimesis")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("mimesis is not installed: its lists of names and words are needed")
    return Path(spec.origin).parent / "datasets"


@cache
def _file_digest(locale: str, file: str) -> str:
    """A digest of a file's bytes: far sooner had than one of its lists, which need not be read for a plan."""
    path = datasets() / locale / f"{file}.json"
    return blake2b(path.read_bytes(), digest_size=8).hexdigest() if path.is_file() else ""


def file_digests(locales: Iterable[str], file: str) -> dict[str, str]:
    """The digests of one file of several locales, by names such as `mimesis en/person`, of those that have it."""
    digests = {f"mimesis {locale}/{file}": _file_digest(locale, file) for locale in locales}
    return {name: found for name, found in digests.items() if found}


@cache
def locales() -> tuple[str, ...]:
    """The locales there are lists for."""
    return tuple(sorted(path.name for path in datasets().iterdir() if (path / "person.json").is_file()))


@cache
def chain(locale: str) -> tuple[str, ...]:
    """Where to look for a locale's lists, in this order: itself, its language, English. Of several, those of each."""
    plain = [_plain(name) for name, _ in mixture(locale)]
    wanted = (*(part for name in plain for part in (name, name.partition("-")[0])), FALLBACK)
    return tuple(dict.fromkeys(name for name in wanted if name in locales()))


def _plain(locale: str) -> str:
    """As the folders of lists are called: `de-at` for `de_AT.UTF-8`."""
    return locale.strip().lower().replace("_", "-").partition(".")[0]


def is_known(locale: str) -> bool:
    """Whether there are lists of a locale, or of its language: de-LU is written as de is."""
    return bool({_plain(locale), _plain(locale).partition("-")[0]} & set(locales()))


@cache
def mixture(locale: str) -> tuple[tuple[str, float], ...]:
    """The locales that a scenario's `locale` names, with their weights."""
    return tuple(locale_weights(locale).items())


@cache
def texts(locale: str, file: str, path: str) -> tuple[str, ...]:
    """A list of the nearest locale that has it, each text once, sorted; `path` is dotted (`names.female`)."""
    for name in chain(locale):
        found = _look(name, file, path)
        if found:
            # Sorted, since a list's order may change with a release of mimesis while its texts don't.
            return tuple(sorted({text.strip() for text in found if text.strip()}))
    raise KeyError(f"no locale has {file}.{path}")


@cache
def pool(locale: str, file: str, path: str) -> pa.Array:
    """The same list as an Arrow array."""
    return text_array(texts(locale, file, path))


@cache
def _document(locale: str, file: str) -> Any:
    path = datasets() / locale / f"{file}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _look(locale: str, file: str, path: str) -> list[str]:
    found = _document(locale, file)
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, list) else []
