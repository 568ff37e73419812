"""An Airbyte low-code manifest → a scenario: each stream whose schema is known is an entity."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdgen.errors import SdgenError
from sdgen.readers.airbyte.references import manifest_in
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import DOCUMENTS
from sdgen.scenario.model import Scenario

_KEY = re.compile(r"""^["']?(streams|dynamic_streams|entities)["']?\s*:""", re.MULTILINE)
_MARKS = re.compile(r"DeclarativeS|json_schema|schema_loader|\bretriever\b|#/|\$parameters|\$options|\*ref\(")


def matches(source: Source) -> bool:
    """Whether it is a manifest or a folder with one: a mapping with `streams` that are described as Airbyte does."""
    if source.is_folder:
        return manifest_in(source.path) is not None
    if source.suffix not in DOCUMENTS:
        return False
    try:
        return bool(_MARKS.search(source.text)) and "streams" in _keys(source)
    except SdgenError:
        return False


def _keys(source: Source) -> str:
    """Which of the telling keys a document has at its top; a YAML text is not parsed for that."""
    if source.text.lstrip().startswith("{"):
        value = source.document.value
        keys = set(value) if isinstance(value, Mapping) else set()
    else:
        # A large manifest is slow to parse, and most YAML files are none.
        keys = set(_KEY.findall(source.text))
    return "" if "entities" in keys else " ".join(keys)


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a manifest; SourceError where no stream of it has a schema."""
    from sdgen.readers.airbyte.reader import read  # much to import for a source that may be of another format

    return read(source, options)
