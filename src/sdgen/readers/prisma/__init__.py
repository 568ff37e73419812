"""A Prisma schema → scenario: its models as the tables that Prisma makes of them."""

from __future__ import annotations

from sdgen.errors import Problem, SourceError
from sdgen.readers.base import ReadOptions, Source, read_text
from sdgen.scenario.model import Scenario

_SUFFIX = ".prisma"
_PLACES = ("", "prisma", "prisma/schema", "schema")


def matches(source: Source) -> bool:
    """A .prisma file, or a folder with some: `schema.prisma`, or the files of a schema in parts."""
    return bool(_files(source)) if source.is_folder else source.suffix == _SUFFIX


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a schema's models; SourceError where there are none, or the text is no Prisma schema."""
    from sdgen.readers.prisma.syntax import blocks_of
    from sdgen.readers.prisma.tables import schema_of
    from sdgen.readers.sql.scenario import relational_scenario

    files = _files(source) if source.is_folder else [source.name]
    if not files:
        raise SourceError(Problem((), "there is no .prisma file in this folder", "", source.name))
    texts = [(name, source.text if name == source.name else read_text(source.path / name)) for name in files]
    blocks = [block for name, text in texts for block in blocks_of(text, name)]
    return relational_scenario(schema_of(blocks, source.name), options.rows)


def _files(source: Source) -> list[str]:
    """The .prisma files of a folder, of the first of the places where Prisma looks that has any."""
    found = ([*(source.path / place).glob(f"*{_SUFFIX}")] for place in _PLACES)
    return [str(path.relative_to(source.path)) for path in sorted(next(filter(None, found), []))]
