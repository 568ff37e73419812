"""The formats that can be read: one line each, tried in this order. Other packages add theirs as entry points.

An entry point of the group `sdgen.formats` is named after its kind and is a Format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from sdgen.readers.base import Reader, Source

DOCUMENTS = (".yaml", ".yml", ".json")
TYPESCRIPT = (".ts", ".mts", ".tsx", "/")
MOOSE = (".ts", ".tsx", ".py", "/")
_DATABASE = "database"  # stands for the suffixes of all kinds, which `--help` has no need to know


@dataclass(frozen=True)
class Format:
    """One format: the word after `sdgen import`, the module that reads it, and what may be of it.

    suffixes: of its files; `/` for folders, `:` for words such as `module:name`, `database` for URLs and files of
        databases.
    counted: its sources tell row counts; else they are the reader's choice, or what `--rows N` asks.
    """

    kind: str
    module: str
    summary: str
    suffixes: tuple[str, ...] = DOCUMENTS
    counted: bool = True

    @property
    def reader(self) -> Reader:
        return cast("Reader", import_module(self.module))

    def matches(self, source: Source) -> bool:
        """Whether a source is of this format; the reader is only asked where the name allows it."""
        if not any(suffix in self.suffixes for suffix in _suffixes(source)):
            return False
        reader = self.reader
        # `fits` was its earlier name: readers of other packages may still have that one.
        detect: Callable[[Source], bool] = getattr(reader, "matches", None) or reader.fits  # type: ignore[attr-defined]
        return detect(source)


# The order matters where suffixes are shared, as the first that knows a source reads it. The native format is last,
# since it takes any document and tells what is wrong with it.
FORMATS = (
    Format("database", "sdgen.readers.sql.database", "a live database: its catalogue is read", (_DATABASE,), False),
    Format(
        "drizzle", "sdgen.readers.drizzle", "a Drizzle schema in TypeScript, or a folder with one", TYPESCRIPT, False
    ),
    Format("moose", "sdgen.readers.moose", "Moose data models, TypeScript or Python: a file or project", MOOSE, False),
    Format(
        "django",
        "sdgen.readers.django",
        "Django models in their source: a file, an app or a project",
        (".py", "/"),
        False,
    ),
    Format(
        "models", "sdgen.readers.models", "SQLAlchemy, Pydantic or dataclass models: module:Name", (":", ".py"), False
    ),
    Format("prisma", "sdgen.readers.prisma", "a Prisma schema, or a folder with one", (".prisma", "/"), False),
    Format(
        "airbyte", "sdgen.readers.airbyte", "an Airbyte manifest, or a connector's folder", (*DOCUMENTS, "/"), False
    ),
    Format("jafgen", "sdgen.readers.jafgen", "a jafgen schema, or a folder of them", (*DOCUMENTS, "/")),
    Format("dbt", "sdgen.readers.dbt", "dbt models and sources with tests, or a project", (*DOCUMENTS, "/"), False),
    Format("avro", "sdgen.readers.avro", "an Avro schema of records", (".avsc", ".json"), False),
    Format(
        "protobuf",
        "sdgen.readers.protobuf",
        "Protocol Buffers: a .proto file, or a folder with some",
        (".proto", "/"),
        False,
    ),
    Format(
        "graphql",
        "sdgen.readers.graphql",
        "a GraphQL schema, or a folder with one",
        (".graphql", ".graphqls", ".gql", "/"),
        False,
    ),
    Format("older", "sdgen.readers.sdgen_go", "a scenario file of the older sdgen, with half-open uniform_int"),
    Format("jsonschema", "sdgen.readers.jsonschema", "JSON Schema, OpenAPI and Swagger documents", counted=False),
    Format(
        "snowfakery", "sdgen.readers.snowfakery", "a Snowfakery recipe: objects, friends, references, fakes, formulas"
    ),
    Format("sourcebox", "sdgen.readers.sourcebox", "a SourceBox schema: tables with record counts and generators"),
    Format(
        "ddl",
        "sdgen.readers.sql.ddl",
        "CREATE TABLE and ALTER TABLE statements: a dump, or a folder of migrations",
        (".sql", "/"),
        False,
    ),
    Format(
        "native", "sdgen.readers.native.scenario_file", "a scenario file, or a folder that holds one", (*DOCUMENTS, "/")
    ),
)


_SUFFIXES = frozenset(suffix for each in FORMATS for suffix in each.suffixes)


def formats() -> Iterator[Format]:
    """All formats, those of other packages first: they may know a special kind of a common one."""
    from importlib.metadata import entry_points  # slow to load, and --help has no need of it

    for point in entry_points(group="sdgen.formats"):
        yield cast(Format, point.load())
    yield from FORMATS


def format_of(source: Source) -> Format | None:
    """The format a source is of; None where no reader knows it."""
    return next((each for each in formats() if each.matches(source)), None)


def is_database(source: str) -> bool:
    """Whether a source names a database: by a URL, or a file of a known kind."""
    from sdgen.databases.registry import by_suffix

    return "://" in source or by_suffix(Path(source)) is not None


def _suffixes(source: Source) -> tuple[str, ...]:
    if source.is_folder:
        return ("/",)
    colon = (":",) if ":" in source.name else ()
    # To look for other packages' kinds of databases takes milliseconds: only where no format knows the suffix.
    database = source.suffix not in _SUFFIXES and is_database(source.name)
    return (source.suffix, *colon, *((_DATABASE,) if database else ()))
