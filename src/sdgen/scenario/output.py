"""Where a scenario's rows go where a run names no destination: formats, folder, and the names of files.

It changes no value, so that it is no part of what identifies them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated
from unicodedata import normalize

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from sdgen.errors import did_you_mean

FILE_FORMATS = ("csv", "jsonl", "json", "parquet", "arrow")
DATABASE_FORMATS = ("duckdb", "sqlite")  # one file that holds all entities
PLACEHOLDERS = ("entity", "table", "format", "seed", "scenario", "version")
DEFAULT_PATTERN = "{table}.{format}"
METADATA = "_sdgen.json"  # beside files that a run wrote: what it was a run of; no scenario
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_ENDING = ".{format}"


def several(value: object) -> object:
    """A list of texts, of which one may be written alone."""
    return (value,) if isinstance(value, str) else value


def _one_of(known: tuple[str, ...], else_hint: str = "") -> AfterValidator:
    def check(value: str) -> str:
        if value not in known:
            hint = else_hint if value in DATABASE_FORMATS else did_you_mean(value, known)
            raise ValueError(f"no format of files is called {value!r}; {hint}")
        return value

    return AfterValidator(check)


def _pattern(text: str) -> str:
    """A pattern that gives names of files inside the folder; ValueError says what is wrong with it."""
    for name in _PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            known = "known: " + ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise ValueError(f"no placeholder is called {{{name}}}; {did_you_mean(name, PLACEHOLDERS, known)}")
    if text and not text.endswith(_ENDING):
        raise ValueError(f"a file's name ends in {_ENDING}, by which programs know what it holds")
    return _inside(text)


def _inside(text: str) -> str:
    # A backslash parts folders on some systems, and a scenario writes the same files on all.
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text:
        raise ValueError("must stay inside the output's folder: no .. and no / in front")
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
_HINT = "a database holds all entities: name it in the output's own format"
Formats = Annotated[tuple[Annotated[str, _one_of(FILE_FORMATS + DATABASE_FORMATS)], ...], BeforeValidator(several)]
FileFormats = Annotated[tuple[Annotated[str, _one_of(FILE_FORMATS, _HINT)], ...], BeforeValidator(several)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


LAYOUT = ("partition_by", "part_rows", "part_bytes")  # options that make a FileLayout


class EntityOutput(_Record):
    """How one entity's files differ from those of the others."""

    format: FileFormats = Field((), description="formats of its files; the output's where left out")
    path: Annotated[str, AfterValidator(_inside)] = Field("", description="a folder inside the output's")
    filename_pattern: Pattern = Field("", description="the output's where left out")


class Output(_Record):
    """Where rows go where a run names no destination."""

    format: Formats = Field(
        ("csv",),
        min_length=1,
        description="formats of files, or duckdb and sqlite for one file of all entities; a list, or one alone",
    )
    path: str = Field("./output", min_length=1, description="a folder; relative to the scenario's own file")
    filename_pattern: Pattern = Field(
        DEFAULT_PATTERN,
        description="names of files: {entity}, {table}, {format}, {seed}, {scenario}, {version}; a / makes folders",
    )
    database_name: str = Field(
        "generated_data", pattern=r"^[^/\\]+$", description="the name of a duckdb or sqlite file, without its ending"
    )
    per_entity: Mapping[str, EntityOutput] = Field(
        default_factory=dict, description="format, path and filename_pattern of single entities"
    )
    partition_by: Annotated[tuple[str, ...], BeforeValidator(several)] = Field(
        (),
        description="columns by whose values files are parted into folders (country=DE/), or a moment's year, month "
        "or day: placed_at:month; of the entities that have them",
    )
    part_rows: int = Field(0, ge=0, description="the most rows of a file; 0: one file, or one for each partition")
    part_bytes: int = Field(0, ge=0, description="after about how many bytes a file ends, and the next one begins")

    @property
    def file_formats(self) -> tuple[str, ...]:
        """The formats of files, each once."""
        return tuple(dict.fromkeys(each for each in self.format if each in FILE_FORMATS))

    @property
    def names(self) -> FileNames:
        """How the files are named."""
        layout = FileLayout(self.partition_by, self.part_rows, self.part_bytes)
        return FileNames(self.filename_pattern or DEFAULT_PATTERN, self.file_formats, self.per_entity, layout)


@dataclass(frozen=True)
class FileLayout:
    """How a table's rows are spread over files; false where each has one. part_rows, part_bytes: 0 for no limit."""

    partition_by: tuple[str, ...] = ()
    part_rows: int = 0
    part_bytes: int = 0

    def __bool__(self) -> bool:
        return bool(self.partition_by or self.part_rows or self.part_bytes)

    def shown(self) -> dict[str, object]:
        """What of it is set, as data."""
        told = {"partition_by": list(self.partition_by), "part_rows": self.part_rows, "part_bytes": self.part_bytes}
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True)
class FileNames:
    """How a run's files are named, and which formats each entity has; `run` fills in what an entity does not know."""

    pattern: str = DEFAULT_PATTERN
    formats: tuple[str, ...] = ()
    per_entity: Mapping[str, EntityOutput] = field(default_factory=dict)
    layout: FileLayout = FileLayout()

    def formats_of(self, entity: str) -> tuple[str, ...]:
        own = self.per_entity.get(entity)
        return own.format if own is not None and own.format else self.formats

    def all_formats(self) -> tuple[str, ...]:
        """The formats that any entity has."""
        own = (each for one in self.per_entity.values() for each in one.format)
        return tuple(dict.fromkeys((*self.formats, *own)))

    def name(self, entity: str, table: str, format: str, run: Mapping[str, object]) -> str:
        """The path of an entity's file inside the folder. run: seed, scenario and version."""
        own = self.per_entity.get(entity, EntityOutput())
        values = {**run, "entity": entity, "table": table, "format": format}
        pattern = own.filename_pattern or self.pattern
        found = _PLACEHOLDER.sub(lambda match: _in_a_name(values.get(match[1], "")), pattern)
        parts = PurePosixPath(own.path, found.lstrip("/")).parts  # a value may be empty, or dots alone
        return "/".join("__" if part == ".." else part for part in parts)


def _in_a_name(value: object) -> str:
    """A value as a part of a file's name: no slash may lead out of the folder."""
    return str(value).replace("/", "_").replace("\\", "_")


def repeated_names(names: FileNames, tables: Mapping[str, str], run: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Entities whose file another one writes, or the run's own: the entity, and what is wrong, in words.

    tables: the name of each entity's table. Names that differ in case alone, or in how an accent is composed, are one
    file on some file systems: a scenario writes the same files wherever it is run, so that they are refused on all.
    """
    first: dict[str, tuple[str, str]] = {_one_file(METADATA): ("", METADATA)}
    for entity, table in tables.items():
        for format in names.formats_of(entity):
            file = names.name(entity, table, format, run)
            other, its_file = first.setdefault(_one_file(file), (entity, file))
            if not other:
                yield entity, f"{table} would be written to {file}, and {METADATA} tells of the run"
            elif other != entity and file == its_file:
                yield entity, f"{tables[other]} and {table} would both be written to {file}"
            elif other != entity:
                what = f"{tables[other]} and {table} would be written to {its_file} and {file}"
                yield entity, f"{what}, which is one file where capitals don't count"


def _one_file(name: str) -> str:
    """The same for all names that may lead to one file."""
    # Composed once more at the end, since folding may take letters with accents apart.
    return normalize("NFC", normalize("NFC", name).casefold())
