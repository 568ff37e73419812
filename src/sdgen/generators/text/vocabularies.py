"""Vocabularies: shipped presets of a trade under its name, such as `fintech.loan_amount` (`data/vocabularies/`).

A preset is a generator with params under a new name; params given beside the name go before the preset's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sdgen.scenario.model import GeneratorSpec

# One file each; the text is the title of its part of the catalogue.
VOCABULARIES: Mapping[str, str] = {
    "fintech": "Presets for lending, banking and payments",
    "healthcare": "Presets for medical care",
    "retail": "Presets for shops and orders",
    "works": "Presets for what films, songs, books and other works are called",
    "prose": "Presets for what people write: notes, comments, messages; and the words of tags, roles and scopes",
}


@dataclass(frozen=True)
class Preset:
    """A generator with params, under its full name."""

    name: str
    description: str
    spec: GeneratorSpec


def preset(name: str) -> Preset | None:
    """The preset of a full name such as `fintech.loan_amount`; None where there is none."""
    vocabulary, _, word = name.partition(".")
    return presets(vocabulary).get(word) if word and vocabulary in VOCABULARIES else None


@cache
def presets(vocabulary: str) -> Mapping[str, Preset]:
    """All presets of a vocabulary, by the word behind its name."""
    import yaml

    records: dict[str, dict[str, Any]] = yaml.load(_text(vocabulary), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {word: _preset(f"{vocabulary}.{word}", record) for word, record in records.items()}


def names() -> list[str]:
    """The full names of all presets, vocabulary by vocabulary."""
    return [each.name for vocabulary in VOCABULARIES for each in presets(vocabulary).values()]


def versions(text: str) -> dict[str, int]:
    """A number for what each vocabulary says that a scenario's text speaks of: it changes with the file."""
    # What a vocabulary says is part of what a scenario means, so that its digest counts as a version.
    spoken = [vocabulary for vocabulary in VOCABULARIES if f'"{vocabulary}.' in text]
    return {f"{vocabulary} presets": _digest(vocabulary) for vocabulary in spoken}


@cache
def _digest(vocabulary: str) -> int:
    return int.from_bytes(hashlib.blake2b(_text(vocabulary).encode(), digest_size=6).digest(), "big")


def _text(vocabulary: str) -> str:
    return files("sdgen").joinpath(f"data/vocabularies/{vocabulary}.yaml").read_text(encoding="utf-8")


def _preset(name: str, record: Mapping[str, Any]) -> Preset:
    spec = GeneratorSpec(type=record["generator"], params=record.get("params", {}))
    return Preset(name, record["description"], spec)
