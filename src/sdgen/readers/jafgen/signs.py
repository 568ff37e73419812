"""What tells a jafgen schema, or a folder of them, from others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sdgen.errors import Problem, SdgenError, SourceError
from sdgen.readers.base import MOST_BYTES, Source
from sdgen.readers.formats import DOCUMENTS
from sdgen.scenario.output import METADATA


def fits(source: Source) -> bool:
    """Whether it is a document with a system and entities, or a folder that holds one directly."""
    if not source.is_folder:
        return _is_schema(source)
    return any(_is_schema(each) for each in sources(source.path))


def _is_schema(source: Source) -> bool:
    """Whether a file is a schema; its text is looked at before it is parsed, since folders may hold many others."""
    try:
        if source.path.stat().st_size > MOST_BYTES or "system" not in source.text or "entities" not in source.text:
            return False
        value = source.parsed.value
    except (SdgenError, OSError):
        return False
    return isinstance(value, Mapping) and "entities" in value and isinstance(value.get("system"), Mapping)


def sources(folder: Path) -> Iterator[Source]:
    """The documents of a folder, by name."""
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in DOCUMENTS and path.name != METADATA and path.is_file():
                yield Source(str(path))
    except OSError as error:
        raise SourceError(Problem((), f"can't be read: {error.strerror}", "", str(folder))) from None
