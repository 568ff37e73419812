"""SourceBox schemas (JSON): tables with record counts, columns with generators, relationships and a generation order.

Four dialects of the format are about, and all are read: `generator_params` or `params`, a distribution in the params or
beside them, as a word or as a record, and constraints as flags or as a list of words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdgen.errors import ScenarioError, SourceError, did_you_mean
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.drafts import ColumnDraft, EntityDraft, ScenarioDraft
from sdgen.readers.sourcebox.derived import NUMBER, loan_of, needs_number, numbered
from sdgen.readers.sourcebox.document import DocumentReader, Part
from sdgen.readers.sourcebox.fill import fill, own_generators
from sdgen.readers.sourcebox.tables import (
    TableRecord,
    check_links,
    check_order,
    read_relationships,
    read_tables,
    rules_kept,
)
from sdgen.scenario.model import GeneratorSpec, RowCount, Scenario

_DATABASES = {"mysql": "mysql", "mariadb": "mysql", "postgres": "postgres", "postgresql": "postgres"}
_SILENT = ("schema_version", "metadata", "tags", "license")


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a document; ScenarioError with every problem where there can be none."""
    reading = DocumentReader(source.document)
    if not isinstance(reading.document.value, dict):
        raise SourceError(reading.document.problem((), "a SourceBox schema is a mapping with `tables`"))
    document = Part(reading, (), reading.document.value)
    tables = _tables(document)
    if reading.problems:
        raise ScenarioError(reading.problems)
    draft = _draft(document, tables, source)
    if reading.problems:
        raise ScenarioError(reading.problems)
    return draft.build(reading.origin)


def _tables(document: Part) -> dict[str, TableRecord]:
    if "tables" not in document.value:
        document.refuse("there are no tables", hint="a SourceBox schema has tables, a list of records")
    tables = read_tables(document, _dialect(document))
    if tables:
        check_links(tables)
        check_order(document, tables)
        read_relationships(document, tables)
        rules_kept(document, tables)
    return tables


def _dialect(document: Part) -> str:
    """The first of the databases the schema is for, of which both are known."""
    given = document.get("database_type", "database_types")
    words = [str(word).lower() for word in (given if isinstance(given, list) else [given] if given else [])]
    for word in words:
        if word not in _DATABASES:
            hint = did_you_mean(word, _DATABASES)
            document.note(f"the database {word!r} is not known to SourceBox", "database_type", hint=hint)
    return next((_DATABASES[word] for word in words if word in _DATABASES), "mysql")


def _draft(document: Part, tables: Mapping[str, TableRecord], source: Source) -> ScenarioDraft:
    metadata = document.part("metadata")
    industry = (metadata.text("industry") if metadata else "") or document.text("name")
    own = own_generators(document)
    entities = {name: _entity(table, tables, industry, own) for name, table in tables.items()}
    draft = ScenarioDraft(
        document.text("name") or source.path.stem or "scenario",
        entities,
        document.reading.notes,
        version=document.text("version"),
        description=document.text("description"),
        presets=own,
    )
    document.text("author")
    document.passed_over(_SILENT)
    return draft


def _entity(
    table: TableRecord, tables: Mapping[str, TableRecord], industry: str, own: Mapping[str, GeneratorSpec]
) -> EntityDraft:
    entity = EntityDraft(
        table.name, rows=_rows(table, tables), description=table.description, unique=list(table.unique)
    )
    loan = loan_of(table, tables)
    if needs_number(table) and loan:
        number = GeneratorSpec(type="sequence", params={"per": loan.link})
        entity.columns[NUMBER] = ColumnDraft(NUMBER, generator=number, hidden=True)
    for column in table.columns.values():
        entity.columns |= {each.name: each for each in fill(column, table, tables, industry, own)}
    return entity


def _rows(table: TableRecord, tables: Mapping[str, TableRecord]) -> RowCount:
    """Payments that are numbered are counted per loan, exactly as many in all as the table has records."""
    loan = loan_of(table, tables)
    if loan is None or not (numbered(table) or needs_number(table)):
        return RowCount(count=table.rows)
    links = [name for name, column in table.columns.items() if column.link and column.link[0] == loan.table.name]
    via: dict[str, Any] = {"via": loan.link} if len(links) > 1 else {}
    return RowCount(per=loan.table.name, total=table.rows, **via)
