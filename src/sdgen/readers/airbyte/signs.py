"""What tells an Airbyte manifest from other documents."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdgen.errors import SdgenError
from sdgen.readers.base import Source
from sdgen.readers.formats import DOCUMENTS

NAMES = ("manifest.yaml", "manifest.yml")
_KEY = re.compile(r"""^["']?(streams|dynamic_streams|entities)["']?\s*:""", re.MULTILINE)
_MARKS = re.compile(r"DeclarativeS|json_schema|schema_loader|\bretriever\b|#/|\$parameters|\$options|\*ref\(")


def fits(source: Source) -> bool:
    """Whether it is a manifest or a folder with one: a mapping with `streams` that are described as Airbyte does."""
    if source.is_folder:
        return any((source.path / name).is_file() for name in NAMES)
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
        keys = set(_KEY.findall(source.text))
    return "" if "entities" in keys else " ".join(keys)
