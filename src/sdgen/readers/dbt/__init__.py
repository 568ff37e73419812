"""dbt's sources and models (properties in YAML) → scenario: an entity for each, and what their tests say of columns.

Generic tests of dbt and of dbt_utils that speak of one table's values or of links are read; so are constraints of
contracts. https://docs.getdbt.com/reference/resource-properties/data-tests
"""

from __future__ import annotations

from sdgen.errors import Problem, SdgenError, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import DOCUMENTS
from sdgen.scenario.model import Scenario

_PROJECT = ("dbt_project.yml", "dbt_project.yaml")
_FOLDERS = ("models", "sources", "seeds", "snapshots")


def matches(source: Source) -> bool:
    """A project's folder, or a YAML file with `sources` of tables or `models` of columns."""
    if source.is_folder:
        return any((source.path / name).is_file() for name in _PROJECT)
    if source.suffix not in DOCUMENTS:
        return False
    try:
        if "sources" not in source.text and "models" not in source.text:
            return False
        value = source.document.value
    except SdgenError:
        return False
    # `models` and `sources` are common words: a document that says it is something else is taken at its word.
    return isinstance(value, dict) and not {"entities", "$schema", "openapi"} & value.keys() and _has_nodes(value)


def _has_nodes(value: dict[str, object]) -> bool:
    """Whether it lists models or sources as dbt does: mappings with a name, and columns or tables."""
    for key, inner in (("models", "columns"), ("sources", "tables"), ("seeds", "columns"), ("snapshots", "columns")):
        listed = value.get(key)
        if isinstance(listed, list) and any(
            isinstance(each, dict) and "name" in each and inner in each for each in listed
        ):
            return True
    return False


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a file or of a project's files; SourceError where no table of it has columns."""
    from sdgen.readers.dbt.tables import scenario_of

    if not source.is_folder:
        return scenario_of([source.document], source.path.stem, options.rows)
    folders = [source.path / name for name in _FOLDERS if (source.path / name).is_dir()] or [source.path]
    files = sorted(path for folder in folders for path in folder.rglob("*.y*ml") if path.suffix in (".yml", ".yaml"))
    documents = [each.document for each in map(Source, map(str, files)) if isinstance(each.document.value, dict)]
    if not documents:
        raise SourceError(Problem((), "this project has no YAML files of models or sources", "", source.name))
    return scenario_of(documents, source.path.resolve().name, options.rows)
