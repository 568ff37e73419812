"""A GraphQL schema (SDL) → scenario: its object types as tables, their fields of other types as links."""

from __future__ import annotations

from sdgen.errors import Problem, ProblemType, SourceError
from sdgen.readers.base import ReadOptions, Source, read_text
from sdgen.scenario.model import Scenario

_SUFFIXES = (".graphql", ".graphqls", ".gql")
_PLACES = ("", "schema", "graphql")


def matches(source: Source) -> bool:
    """A file of a schema, or a folder with some at its top, in `schema/` or in `graphql/`."""
    return bool(_files(source)) if source.is_folder else source.suffix in _SUFFIXES


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a schema's types; SourceError where there are none, or a text is no SDL."""
    try:
        from graphql import GraphQLError, parse
    except ImportError:
        hint = 'pip install "sdgen[graphql]"'
        raise SourceError(Problem((), "GraphQL schemas are read by graphql-core", hint, source.name)) from None
    from sdgen.readers.graphql.declarations import SchemaFile
    from sdgen.readers.graphql.tables import schema_of
    from sdgen.readers.sql.scenario import relational_scenario

    files = []
    for name in _files(source) if source.is_folder else [source.name]:
        text = source.text if name == source.name else read_text(source.path / name)
        try:
            files.append(SchemaFile(name, parse(text)))
        except GraphQLError as error:
            line, column = error.locations[0] if error.locations else (0, 0)
            what = f"no GraphQL schema: {error.message}"
            raise SourceError(Problem((), what, "", name, line, column, ProblemType.SYNTAX)) from None
        except RecursionError:
            raise SourceError(Problem((), "it is nested too deeply to be read", "", name)) from None
    return relational_scenario(schema_of(files, source.name), options.rows)


def _files(source: Source) -> list[str]:
    """The files of a folder, of the first of the usual places that has any."""
    found = ([path for each in _SUFFIXES for path in (source.path / place).glob(f"*{each}")] for place in _PLACES)
    return sorted(str(path.relative_to(source.path)) for path in next(filter(None, found), []))
