"""Words of languages: jobs, fields of companies, products, reviews and notes, from `data/languages`.

A locale has the words of its own file, or else of its language's (de for de-AT), or else English ones.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import Any

import pyarrow as pa

from sdgen.generators.pools import DATA, FALLBACK, chain, own_yaml, text_array

_FOLDER = DATA / "languages"
_IN_ENGLISH_ALONE = frozenset(
    {"company.catch_phrase", "code.color_name", "code.color", "code.device_name", "internet.slug", "text.slug"}
    | {"internet.hashtag", "finance.currency_name"}
)
_ENGLISH_PRESETS = "prose."


def is_english(locale: str) -> bool:
    """Whether a locale's first language is English."""
    return chain(locale)[0].partition("-")[0] == FALLBACK


def in_english_alone(generator: str) -> bool:
    """Whether a generator's texts are English, whatever the locale."""
    return generator in _IN_ENGLISH_ALONE or generator.startswith(_ENGLISH_PRESETS)


@cache
def words(locale: str, name: str) -> Any:
    """One entry of the nearest file that has it; None where there is none, as of most entries in English."""
    for file in _files(locale):
        found = own_yaml(f"languages/{file}").get(name)
        if found is not None:
            return found
    return None


@cache
def language_digests(*locales: str) -> dict[str, str]:
    """Digests of the files that these locales take words from; none for English, whose words are older than these."""
    files = {file for locale in locales if not is_english(locale) for file in _files(locale)}
    return {f"words of {file}": _digest(file) for file in sorted(files)}


def _digest(file: str) -> str:
    return blake2b((_FOLDER / f"{file}.yaml").read_bytes(), digest_size=8).hexdigest()


def _files(locale: str) -> tuple[str, ...]:
    """The files to look into, in this order."""
    return tuple(name for name in chain(locale) if (_FOLDER / f"{name}.yaml").is_file())


@cache
def pairs(locale: str, name: str) -> tuple[pa.Array, pa.Array]:
    """Both sides of an entry's texts, `Lehrer|Lehrerin`; a text without a bar is the same on both."""
    split = [text.partition("|") for text in words(locale, name)]
    return text_array(first for first, _, _ in split), text_array(second or first for first, _, second in split)
