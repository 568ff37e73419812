"""SourceBox schemas (JSON): tables with record counts, columns with generators, relationships and a generation order.

Four dialects of the format are about, and all are read: `generator_params` or `params`, a distribution in the params or
beside them, as a word or as a record, and constraints as flags or as a list of words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sdgen.errors import ScenarioError, SourceError, did_you_mean
from sdgen.inference.fit import ColumnNeeds, fitting
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.drafts import ColumnDraft, EntityDraft, ScenarioDraft, quoted_name
from sdgen.readers.sourcebox.derived import NUMBER, derived, expression, find, loan_of, needs_number, numbered, personal
from sdgen.readers.sourcebox.document import ColumnRecord, DocumentPart, DocumentReader, read_column
from sdgen.readers.sourcebox.generators import named
from sdgen.readers.sourcebox.tables import (
    TableRecord,
    check_links,
    check_order,
    read_relationships,
    read_tables,
    rules_kept,
)
from sdgen.scenario.model import GeneratorSpec, RowCount, Scenario
from sdgen.scenario.types import INTEGERS, TIMES

_DATABASES = {"mysql": "mysql", "mariadb": "mysql", "postgres": "postgres", "postgresql": "postgres"}
_SILENT = ("schema_version", "metadata", "tags", "license")


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a document; ScenarioError with every problem where there can be none."""
    reading = DocumentReader(source.document)
    if not isinstance(reading.document.value, dict):
        raise SourceError(reading.document.problem((), "a SourceBox schema is a mapping with `tables`"))
    document = DocumentPart(reading, (), reading.document.value)
    tables = _tables(document)
    if reading.problems:
        raise ScenarioError(reading.problems)
    draft = _draft(document, tables, source)
    if reading.problems:
        raise ScenarioError(reading.problems)
    return draft.build(reading.origin)


def _tables(document: DocumentPart) -> dict[str, TableRecord]:
    if "tables" not in document.value:
        document.refuse("there are no tables", hint="a SourceBox schema has tables, a list of records")
    tables = read_tables(document, _dialect(document))
    if tables:
        check_links(tables)
        check_order(document, tables)
        read_relationships(document, tables)
        rules_kept(document, tables)
    return tables


def _dialect(document: DocumentPart) -> str:
    """The first of the databases the schema is for, of which both are known."""
    given = document.get("database_type", "database_types")
    words = [str(word).lower() for word in (given if isinstance(given, list) else [given] if given else [])]
    for word in words:
        if word not in _DATABASES:
            hint = did_you_mean(word, _DATABASES)
            document.note(f"the database {word!r} is not known to SourceBox", "database_type", hint=hint)
    return next((_DATABASES[word] for word in words if word in _DATABASES), "mysql")


def _draft(document: DocumentPart, tables: Mapping[str, TableRecord], source: Source) -> ScenarioDraft:
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
    # Asked for so that the key counts as known; a scenario has no place for it.
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


# What fills a column of a SourceBox table: its key, its link, its generator, its default, or what rules find.
Spec = GeneratorSpec
_CLOCKS = "current_timestamp|current_date|current_time|now|localtimestamp|sysdate|curdate|getdate"
_NOW = re.compile(rf"({_CLOCKS})(\(\d*\))?( on update .*)?", re.IGNORECASE)
_UUID = re.compile(r"(uuid|gen_random_uuid|uuid_generate_v4|newid)\(\)", re.IGNORECASE)
_OLD = "-10y"  # edge cases of dates
_DUE = "{name}_when_due"


def own_generators(document: DocumentPart) -> dict[str, Spec]:
    """The document's custom_generators as presets."""
    holder, found = document.part("custom_generators"), {}
    for name, value in (holder.value if holder else {}).items():
        assert holder is not None
        path = (*holder.path, name)
        # A generator of the document's own is read like a column: it has the same keys but for a name and a type.
        record = {"type": "text", **value} if isinstance(value, dict) else {}
        part = DocumentPart(
            document.reading, path, {**record, "name": name, "type": record.get("type") or "text"}, ("presets", name)
        )
        column = read_column(part, "mysql") if record else None
        spec = named(column, "", {}) if column else None
        if spec is None:
            document.reading.note((), path, f"the custom generator {name!r} is not understood: columns' names decide")
            continue
        document.reading.aliases[("presets", name)] = path
        found[name] = spec
    return found


def fill(
    column: ColumnRecord,
    table: TableRecord,
    tables: Mapping[str, TableRecord],
    industry: str,
    own: Mapping[str, Spec],
) -> list[ColumnDraft]:
    """The column to be, after the hidden ones that it needs."""
    # Keys and links first: they are what the schema relies on, and no generator may stand against them.
    spec = _key(column, table) or _link(column) or derived(column, table, tables)
    followed = personal(column, table.columns) if spec is None and column.generator not in own else None
    if followed is not None:
        hidden, follows = followed
        _tell_unused(column)
        return [hidden, _column(column, table, follows)]
    if spec is None:
        spec = _own_choice(column, table, industry, own) or _default(column)
    if spec is None:
        spec = column.fit.generator
    _tell_unused(column)
    parts = _when_due(column, table, spec) if spec else None
    return parts or [_column(column, table, spec)]


def _column(column: ColumnRecord, table: TableRecord, spec: Spec | None) -> ColumnDraft:
    rate = column.probabilities.get("null_probability")
    if rate is not None and not column.nullable and rate > 0:
        column.part.note("null_probability is passed over: the column takes no nulls", "generator_params", "params")
    # DEFAULT NULL and no generator: the database would leave every row null.
    if column.default is not None and column.default.upper() == "NULL" and spec is None and column.nullable:
        rate = 1.0
    computed = spec is not None and spec.type == "expression"
    return ColumnDraft(
        column.name,
        column.type,
        spec,
        nullable=column.nullable and not column.primary_key,
        null_rate=rate,
        primary=column.primary_key,
        unique=column.unique or column.one_to_one,
        strict=computed,
        description=column.description,
    )


def _key(column: ColumnRecord, table: TableRecord) -> Spec | None:
    """Keys that the database counts, and whole-number keys that nothing else fills, are sequences."""
    alone = table.keys == (column.name,)
    counted = column.counts or (alone and not column.generator and column.link is None)
    if not counted or column.type.kind not in INTEGERS | {"decimal"}:
        return None
    return Spec(type="sequence")


def _link(column: ColumnRecord) -> Spec | None:
    if column.link is None:
        return None
    if column.generator:
        column.part.note(f"the generator {column.generator!r} is passed over: the column is a foreign key", "generator")
    params: dict[str, Any] = {"entity": column.link[0], "column": column.link[1]}
    return Spec(type="fk", params={**params, "one_to_one": True} if column.one_to_one else params)


def _own_choice(column: ColumnRecord, table: TableRecord, industry: str, own: Mapping[str, Spec]) -> Spec | None:
    """The generator the column names, if it can fill the column; else rules decide."""
    spec = named(column, industry, own)
    if spec is None:
        return None
    given = column.params is not None and bool(column.params.value.get("values"))
    # Listed values and the document's own generators are taken at their word.
    if spec.type not in own and not given:
        unique = column.unique or table.keys == (column.name,)
        # A unique column needs as many values as rows, which a short list or a narrow range has not.
        wanted = ColumnNeeds(column.type, rows=table.rows, need=table.rows if unique else 0)
        fit = fitting(spec, wanted)
        if fit is None:
            kind = f"a unique {column.type}" if unique else str(column.type)
            column.part.note(f"{spec.type} can't fill {kind}: the column's name and type decide", "generator")
            return None
        spec = _plain(fit)
    return _with_edges(column, spec)


def _plain(spec: Spec) -> Spec:
    return Spec(type=spec.type, params=dict(spec.params))


def _with_edges(column: ColumnRecord, spec: Spec) -> Spec:
    """A mixture with the least and the greatest value, as often as edge_case_probability says."""
    share = column.probabilities.get("edge_case_probability", 0)
    if not share:
        return spec
    edges = _edges(column, spec)
    if edges is None:
        column.part.note(
            f"edge_case_probability is passed over: {spec.type} has no least and greatest value", "generator"
        )
        return spec
    parts = [_weighted(spec, round(1 - share, 9)), _weighted(edges, share)]
    return Spec(type="mixture", params={"parts": parts})


def _weighted(spec: Spec, weight: float) -> dict[str, Any]:
    params = {"params": dict(spec.params)} if spec.params else {}
    return {"generator": spec.type, **params, "weight": weight}


def _edges(column: ColumnRecord, spec: Spec) -> Spec | None:
    if spec.type in ("date", "datetime"):
        # A date may begin and end on one day; of moments, one day is a range.
        end = _OLD if spec.type == "date" else "-3649d"
        return Spec(type=spec.type, params={"start": _OLD, "end": end})
    ranges = spec.params.get("ranges") or [spec.params]
    found = [bounds[key] for bounds in ranges for key in ("min", "max") if isinstance(bounds.get(key), int | float)]
    if column.type.kind in TIMES or len(found) < 2:
        return None
    return Spec(type="choice", params={"values": [min(found), max(found)]})


def _default(column: ColumnRecord) -> Spec | None:
    """A column without a generator has its default in every row, as the database would fill it."""
    text = column.default
    if text is None or column.generator or text.upper() == "NULL":
        return None
    if _UUID.fullmatch(text.strip("( )") + "()" * (not text.rstrip().endswith(")"))):
        return Spec(type="uuid4")
    if _NOW.fullmatch(text.strip()):
        if column.type.kind not in TIMES - {"time"}:
            return None
        what = f"the default {text} is the moment of the load: every row has the instant that counts as now (as_of)"
        hint = "take the generator out, and the rows have moments of the past"
        column.part.note(what, "default", "constraints", hint=hint)
        kept = column.type.kind
        return expression(f"cast(as_of as {kept})" if kept != "timestamp" else "as_of")
    value: Any = text[1:-1].replace("''", "'") if len(text) > 1 and text[0] == text[-1] == "'" else text
    spec = fitting(Spec(type="const", params={"value": value}), ColumnNeeds(column.type))
    if spec is None:
        column.part.note(f"the default {text!r} is not understood: the column's name and type decide", "default")
        return None
    column.part.note(f"every row has the default {value!r}", "default", "constraints")
    return _plain(spec)


def _when_due(column: ColumnRecord, table: TableRecord, spec: Spec) -> list[ColumnDraft] | None:
    """A payment that is due after now is pending, whatever becomes of it later; the others have the other values."""
    due = find(table, (), next((name for name, each in table.columns.items() if each.generator == "payment_date"), ""))
    values, weights = list(spec.params.get("values", ())), list(spec.params.get("weights", ()))
    if column.generator != "payment_status" or not due or spec.type != "choice" or "pending" not in values[1:]:
        return None
    place, name = values.index("pending"), _DUE.format(name=column.name)
    if name in table.columns or len(weights) != len(values):
        return None
    params = {"values": values[:place] + values[place + 1 :], "weights": weights[:place] + weights[place + 1 :]}
    sql = f"case when {quoted_name(due)} > as_of then 'pending' else {quoted_name(name)} end"
    column.part.note("payments due after now are pending, and no others", "generator")
    other = ColumnDraft(name, column.type, Spec(type="choice", params=params), hidden=True)
    return [other, _column(column, table, expression(sql))]


def _tell_unused(column: ColumnRecord) -> None:
    assert column.params is not None
    silent = ("distribution", "null_probability", "edge_case_probability", "description", "unique", "locale")
    # Params that stand in for missing ones have the column's path and all of its keys.
    if column.params.path != column.part.path:
        column.params.passed_over(silent, "the param")
