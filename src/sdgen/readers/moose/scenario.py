"""Tables of a project → scenario."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sdgen.errors import Path
from sdgen.inference.comments import CommentedColumn, by_comment
from sdgen.inference.guess import with_guesses
from sdgen.inference.habits import with_skew
from sdgen.inference.names import free_name
from sdgen.readers.base import ROWS
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.moose.columns import Column, Columns, NamedColumn, columns_of, without_null
from sdgen.readers.moose.conventions import by_convention
from sdgen.readers.moose.engines import (
    WITHOUT_ROWS,
    Engine,
    Keyed,
    TableNames,
    commented_links,
    engine_of,
    goals_of,
    is_engine,
    links,
    primary_key,
    unique_rows,
)
from sdgen.readers.moose.guesses import by_stem, with_sizes, within_range
from sdgen.readers.moose.shapes import MooseTable, Notes, unknown_text, words_of
from sdgen.readers.moose.values import choose_outlines, hold_scores, linked_parts, of_role, of_type
from sdgen.readers.native.rules_file import with_rules_of
from sdgen.readers.sql.capacity import make_feasible
from sdgen.readers.sql.check_facts import ColumnBounds
from sdgen.readers.sql.drafts import Notes as DraftNotes
from sdgen.readers.sql.drafts import TableDraft, column_draft
from sdgen.readers.sql.keys import set_keys, set_links
from sdgen.readers.sql.schema import ColumnSchema, ForeignKeySchema, KeySchema, SqlType, TableName, TableSchema
from sdgen.readers.sql.table_shapes import list_lookups, set_null_habits, set_shapes
from sdgen.scenario.model import Column as ScenarioColumn
from sdgen.scenario.model import Entity, GeneratorSpec, Scenario
from sdgen.scenario.problems import Origin

DIALECT = "clickhouse"


@dataclass(frozen=True)
class FilledTable:
    """One table that has rows: its entity's name, columns and engine."""

    entity: str
    table: MooseTable
    columns: Columns
    engine: Engine

    @property
    def keyed(self) -> Keyed:
        types = {name: column.type for name, column in self.columns.found.items()}
        keys = tuple(name for name, column in self.columns.found.items() if column.is_key)
        return Keyed(self.entity, types, keys, self.engine)


def moose_scenario(
    name: str, file: str, tables: Sequence[MooseTable], notes: Notes, rows: int | None
) -> Scenario | None:
    """The scenario of tables, `rows` rows each or those of its shape; None where none of them has rows."""
    reads = [read for table, entity in _named(tables, notes) if (read := _read(table, entity, notes)) is not None]
    if not reads:
        return None
    # What a comment says outright comes before what names suggest; keys are chosen when it is known which columns are
    # links, since `customer_id` of an order is not the order's own key.
    told = _commented_links(reads)
    primaries = {read.entity: primary_key(_without_links(read.keyed, told)) for read in reads}
    for parent, key in told.values():  # what others refer to tells rows apart
        primaries[parent] = primaries[parent] or ((key,) if (parent, key) not in told else ())
    drafts = {read.entity: _draft(read, primaries[read.entity], ROWS if rows is None else rows) for read in reads}
    _link(reads, primaries, drafts, told)
    ordered = list(drafts.values())
    list_lookups(ordered, set_shapes(ordered, ROWS) if rows is None else ())
    for draft in ordered:
        set_null_habits(draft)
    inner = DraftNotes(file)
    scenario = make_feasible(name, list(drafts.values()), inner)
    types = {read.entity: read.keyed.columns for read in reads}
    # From the inside out: stems decide which rules are asked, ranges correct what these choose, sizes apply to what
    # is left.
    scenario = with_skew(with_sizes(within_range(by_stem(_with_targets(scenario, reads)), types), types))
    return scenario.read_from(_origin(file, reads), [*notes.found, *inner.found])


def _named(tables: Sequence[MooseTable], notes: Notes) -> list[tuple[MooseTable, str]]:
    """Tables with their entities' names: the model's, where one table alone holds it; else the table's own."""
    once: dict[str, MooseTable] = {}
    for table in tables:
        if table.physical in once:
            first = once[table.physical]
            what = f"{table.physical} is declared in {first.file}:{first.line} already: this one is left out"
            notes.add((), what, table.file, table.line)
        once.setdefault(table.physical, table)
    models = Counter(table.model for table in once.values())
    taken: set[str] = set()
    found = []
    for table in once.values():
        own = bool(table.model) and models[table.model] == 1 and table.model != "DeadLetterModel"
        name = table.model if own else table.physical.replace(".", "_")
        name = free_name(name, taken)
        taken.add(name)
        found.append((table, name))
    return found


def _read(table: MooseTable, entity: str, notes: Notes) -> FilledTable | None:
    path = ("entities", entity)
    if table.shape.index is not None:
        what = "the table is left out: an index signature ([key: string]: ...) has no columns"
        notes.add(
            path, what, table.file, table.line, "keep what is not known in a field of its own: Record<string, any>"
        )
        return None
    keys = tuple(each.name for each in table.fields if each.shape.marks.get("key"))
    engine = engine_of(table, keys)
    written = unknown_text(table.config.get("engine"))
    if written and not is_engine(written.rpartition(".")[2].removesuffix("Engine")):
        what = f"its engine is known only when the program runs: MergeTree is taken for it ({written})"
        notes.add(path, what, table.file, table.line)
    if engine.name in WITHOUT_ROWS:
        notes.add(path, f"the table is left out: {engine.name} {WITHOUT_ROWS[engine.name]}", table.file, table.line)
        return None
    columns = columns_of(table, entity, notes)
    if not columns.found:
        notes.add(path, "the table is left out: it has no column to fill", table.file, table.line)
        return None
    return FilledTable(entity, table, _without_null_keys(table, entity, columns, engine, notes), engine)


def _without_null_keys(table: MooseTable, entity: str, columns: Columns, engine: Engine, notes: Notes) -> Columns:
    """Columns of the sorting key, and those the engine has a use for, take no nulls."""
    roles = {engine.sign, engine.version, engine.deleted}
    changed = {}
    for name, column in columns.found.items():
        sorted_by = name in engine.order_by and not engine.null_keys
        if column.type.takes_null and (column.is_key or sorted_by or name in roles):
            changed[name] = without_null(column)
            what = "never null here: it is in the sorting key, or the engine needs it"
            line = column.field.line or table.line
            notes.add(("entities", entity, "columns", name), what, column.field.file or table.file, line)
    return replace(columns, found={**columns.found, **changed})


def _draft(read: FilledTable, primary: tuple[str, ...], rows: int) -> TableDraft:
    columns = read.columns.found
    schema = TableSchema(
        name=TableName(read.table.physical),
        columns=tuple(_schema(column) for column in columns.values()),
        line=read.table.line,
        primary_key=KeySchema(primary) if primary else None,
        unique=tuple(KeySchema(names) for names in (unique_rows(read.keyed, primary),) if names),
        description=_first_paragraph(read.table.comment),
    )
    draft = TableDraft(read.entity, schema=schema, alone=rows)
    for name, column in columns.items():
        draft.columns[name] = _column(column, read.engine, schema.columns[len(draft.columns)])
    set_keys(draft, DraftNotes(read.table.file))
    for name in primary:
        # Moose's plain `number` is Float64, also where it is an id.
        if len(primary) == 1 and draft.columns[name].generator is None and draft.columns[name].type.kind == "double":
            draft.columns[name].fill("sequence", demanded=False)
    return draft


def _first_paragraph(comment: str) -> str:
    """What a model's comment begins with: its first paragraph, up to 300 characters."""
    text = " ".join(comment.partition("\n\n")[0].split())
    return text if len(text) <= 300 else text[:299] + "…"


def _schema(column: Column) -> ColumnSchema:
    comment = " ".join(column.field.comment.split())
    return ColumnSchema(column.name, SqlType(column.type.word), column.field.line, description=comment)


def _column(column: Column, engine: Engine, schema: ColumnSchema) -> ColumnDraft:
    draft = column_draft(schema, column.type.type, column.type.takes_null)
    draft.generator = of_role(column.name, column.type, engine) or of_type(column.type)
    if draft.generator is None:
        draft.generator = by_comment(column.comment, _commented(column))
    # A key may get another generator with more values.
    draft.demanded = draft.generator is not None and not column.is_key
    longest, shortest = (column.type.marks.get(name, 0) for name in ("longest", "shortest"))
    if column.type.word == "String" and not column.type.values:
        draft.bounds = ColumnBounds(longest=int(longest), shortest=int(shortest))
    return draft


def _commented(column: Column) -> CommentedColumn:
    type = column.type
    text = type.word == "String" and not type.values
    return CommentedColumn(
        words_of(column.name), type.type.kind, text, type.low_cardinality, any_number="number" not in type.marks
    )


def _commented_links(reads: Sequence[FilledTable]) -> dict[tuple[str, str], tuple[str, str]]:
    """The links that comments tell of, to tables by their own names, their entities' or their models'."""
    names = TableNames.of({read.entity: read.table.other_names for read in reads})
    comments = {(read.entity, name): column.comment for read in reads for name, column in read.columns.found.items()}
    return commented_links([read.keyed for read in reads], names, comments)


def _without_links(keyed: Keyed, told: Mapping[tuple[str, str], tuple[str, str]]) -> Keyed:
    """A table without the columns that are links, none of which names its own rows; as a part of a key it may."""
    kept = {name: type for name, type in keyed.columns.items() if (keyed.entity, name) not in told}
    if any(name in kept for name in keyed.keys):
        kept |= {name: keyed.columns[name] for name in keyed.keys if name in keyed.columns}
    return replace(keyed, columns=kept, keys=tuple(name for name in keyed.keys if name in kept))


def _link(
    reads: Sequence[FilledTable],
    primaries: Mapping[str, tuple[str, ...]],
    drafts: Mapping[str, TableDraft],
    told: Mapping[tuple[str, str], tuple[str, str]],
) -> None:
    """Links between tables, those of comments first, then what columns' names tell, then outlines of places."""
    found = {**links([read.keyed for read in reads], primaries), **told}
    for (entity, column), (parent, key) in found.items():
        draft = drafts[entity]
        reference = ForeignKeySchema((column,), drafts[parent].schema.name, (key,), line=draft.schema.line)
        draft.schema = replace(draft.schema, foreign_keys=(*draft.schema.foreign_keys, reference))
    set_links({draft.schema.name: draft for draft in drafts.values()}, DraftNotes(""))
    for (entity, column), (parent, key) in found.items():
        if drafts[entity].columns[column].is_link:  # in one type, as databases ask; ClickHouse is told its own
            drafts[entity].columns[column].type = drafts[parent].columns[key].type
    known = {read.entity: read.keyed for read in reads}
    names = TableNames.of({read.entity: read.table.other_names for read in reads})
    for read in reads:
        draft = drafts[read.entity]
        for name, each in read.columns.found.items():
            parts = linked_parts(
                each.field.shape, each.type.type, lambda text: next(goals_of(text, names, known), None)
            )
            if parts is not None:
                draft.columns[name].fill(parts["generator"], **parts["params"])
        _copy_names(draft, drafts)
        own = _known(read, draft)
        for name, spec in by_convention(read.entity, own).items():
            draft.columns[name].generator, draft.columns[name].demanded = spec, True
        hold_scores(draft, own)
        choose_outlines(draft, read.keyed.columns)


def _known(read: FilledTable, draft: TableDraft) -> dict[str, NamedColumn]:
    inside = {name for names in draft.unique for name in names}
    return {
        name: NamedColumn(
            name, column.type, column.comment, draft.columns[name].generator, _is_key(draft, name, inside)
        )
        for name, column in read.columns.found.items()
    }


def _is_key(draft: TableDraft, name: str, inside: set[str]) -> bool:
    column = draft.columns[name]
    return column.primary or column.unique or name in inside


def _copy_names(draft: TableDraft, drafts: Mapping[str, TableDraft]) -> None:
    """`customer_name` beside a link to customers is the customer's own name."""
    for name, column in list(draft.columns.items()):
        if not column.is_link or column.generator is None:
            continue
        parent = drafts[column.generator.params["entity"]]
        for wanted, there in _copies(name, parent):
            copy = draft.columns.get(wanted)
            if (
                copy is not None
                and copy.generator is None
                and not copy.primary
                and copy.type == parent.columns[there].type
            ):
                copy.fill("parent", column=f"{name}.{there}")


def _copies(link: str, parent: TableDraft) -> Iterable[tuple[str, str]]:
    """Names of columns here that repeat columns of the parent, in both spellings."""
    head = link[: -len("_id")] if link.endswith("_id") else link[: -len("Id")] if link.endswith("Id") else ""
    for there in parent.columns if head else ():
        yield f"{head}_{there}", there
        yield f"{head}{there[:1].upper()}{there[1:]}", there


def _with_targets(scenario: Scenario, reads: Iterable[FilledTable]) -> Scenario:
    entities = {read.entity: _with_target(scenario.entities[read.entity], read) for read in reads}
    return scenario.model_copy(update={"entities": entities})


def _with_target(entity: Entity, read: FilledTable) -> Entity:
    facts = {**read.engine.facts, **({"computed": dict(read.columns.computed)} if read.columns.computed else {})}
    columns = {
        name: column.model_copy(update={"target": {DIALECT: read.columns.found[name].ddl}})
        if name in read.columns.found and not _says_all(column, read.columns.found[name])
        else column
        for name, column in entity.columns.items()
    }
    return entity.model_copy(update={"target": {DIALECT: facts}, "columns": columns})


def _says_all(written: ScenarioColumn, column: Column) -> bool:
    """Whether the scenario's own type tells ClickHouse all; a link's type is its parent's."""
    return column.is_plain and written.type == str(column.type.type)


def _origin(file: str, reads: Sequence[FilledTable]) -> Origin:
    places: dict[Path, tuple[int, int]] = {}
    for read in reads:
        places["entities", read.entity] = (read.table.line, 1)
        for name, column in read.columns.found.items():
            if column.field.line and column.field.file in ("", file):
                places["entities", read.entity, "columns", name] = (column.field.line, 1)
    words = [(word, read.entity) for read in reads for word in read.table.other_names]
    names = {word: entity for word, entity in words if len({other for each, other in words if each == word}) == 1}
    return Origin(file, places, entity_names=names)


_FOUND = GeneratorSpec(type="const", params={"value": "a rule of the file speaks of this column"})
_LINKS = frozenset({"fk", "parent"})


def giving_way(scenario: Scenario, file: str) -> Scenario:
    """The scenario without the generators that were found for columns which a rule of the file speaks of.

    Keys, links and what the engine needs keep theirs. SourceError, ScenarioError as for the file itself.
    """
    rules = with_rules_of(scenario, file).rules[: None if not scenario.rules else -len(scenario.rules)]
    # A mark instead of the rule's generator tells the columns that the rules speak of, whether or not it fits them:
    # fitting is asked later, of the scenario itself.
    marking = tuple(rule.model_copy(update={"generator": _FOUND}) for rule in rules)
    bare = {name: _bare(entity) for name, entity in scenario.entities.items()}
    asked = with_guesses(scenario.model_copy(update={"entities": bare, "rules": marking})).entities
    entities = {name: _without(entity, asked[name]) for name, entity in scenario.entities.items()}
    return scenario.model_copy(update={"entities": entities})


def _bare(entity: Entity) -> Entity:
    """The entity without the generators that may give way."""
    engine = set(re.findall(r"\w+", str(entity.target.get("clickhouse", {}).get("engine", "")).partition("(")[2]))
    columns = {
        name: column
        if column.generator is None or column.generator.type in _LINKS or _stays(name, column.primary_key, engine)
        else column.model_copy(update={"generator": None})
        for name, column in entity.columns.items()
        if not column.hidden
    }
    return entity.model_copy(update={"columns": columns})


def _stays(name: str, primary_key: bool, engine: set[str]) -> bool:
    return primary_key or name in engine


def _without(entity: Entity, asked: Entity) -> Entity:
    columns = {
        name: column.model_copy(update={"generator": None})
        if name in asked.columns and asked.columns[name].generator == _FOUND
        else column
        for name, column in entity.columns.items()
    }
    return entity.model_copy(update={"columns": columns})
