"""The tables of a SourceBox document, its relationships, and the order in which it wants them made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Path, did_you_mean
from sdgen.readers.base import ROWS
from sdgen.readers.sourcebox.document import ColumnRecord, DocumentPart, read_column

_MOST = 10**15


@dataclass
class TableRecord:
    """A table as declared."""

    part: DocumentPart
    name: str
    rows: int
    columns: dict[str, ColumnRecord] = field(default_factory=dict)
    unique: list[tuple[str, ...]] = field(default_factory=list)
    description: str = ""

    @property
    def path(self) -> Path:
        return ("entities", self.name)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(name for name, column in self.columns.items() if column.primary_key)


def read_tables(document: DocumentPart, dialect: str) -> dict[str, TableRecord]:
    """All tables with names, by name; what is wrong with them is told."""
    tables: dict[str, TableRecord] = {}
    for part in document.parts("tables"):
        table = _table(part, dialect)
        if table is None:
            continue
        if table.name in tables:
            # The first one stays, so that links to it are checked.
            part.refuse(f"the table {table.name!r} stands here twice", "name")
            continue
        tables[table.name] = table
    if not tables and not document.reading.problems:
        document.refuse("there are no tables", "tables", hint="a schema has one table at least")
    return tables


def _table(part: DocumentPart, dialect: str) -> TableRecord | None:
    name = part.text("name")
    if not name:
        part.refuse("the table has no name")
        return None
    # Set before the parts below are read, so that what is told of them stands at the entity.
    part.canonical = ("entities", name)
    part.reading.aliases[part.canonical] = part.path
    table = TableRecord(part, name, _count(part), description=part.text("description"))
    for column_part in part.parts("columns"):
        _add_column(table, column_part, dialect)
    if not part.get("columns"):
        part.refuse(f"the table {name!r} has no columns", "columns")
    if len(table.keys) > 1:
        what = f"the primary key has {len(table.keys)} columns, where SourceBox takes one: together they are the key"
        part.note(what, "columns")
    _read_indexes(table)
    part.passed_over(("comment",))
    return table


def _count(part: DocumentPart) -> int:
    count = part.whole("record_count", "row_count", "count")
    if count is None:
        # A count that is there and wrong has been told already.
        if not any(key in part.value for key in ("record_count", "row_count", "count")):
            part.note(f"the table has no record_count: {ROWS:,} rows are made")
        return ROWS
    if not 0 < count < _MOST:
        part.refuse(f"the record_count must be above 0, found {count}", "record_count", "row_count", "count")
        return ROWS
    return count


def _add_column(table: TableRecord, part: DocumentPart, dialect: str) -> None:
    name = part.value.get("name")
    if isinstance(name, str):
        part.canonical = (*table.path, "columns", name)
        if name not in table.columns:
            part.reading.aliases[part.canonical] = part.path
            params = next((key for key in ("generator_params", "params") if key in part.value), "")
            if params:
                part.reading.aliases[(*part.canonical, "params")] = (*part.path, params)
    column = read_column(part, dialect)
    if column is None:
        return
    if column.name in table.columns:
        part.refuse(f"the column {column.name!r} stands here twice", "name")
        return
    table.columns[column.name] = column


def _read_indexes(table: TableRecord) -> None:
    for part in table.part.parts("indexes"):
        columns = tuple(str(name) for name in part.listed("columns"))
        unknown = [name for name in columns if name not in table.columns]
        if unknown:
            hint = did_you_mean(unknown[0], table.columns)
            part.note(f"the index speaks of a column {unknown[0]!r}, which {table.name} has not", "columns", hint=hint)
        # A unique index of one column is a unique column; of several, a set.
        elif part.flag("unique") and len(columns) == 1:
            table.columns[columns[0]].unique = True
        elif part.flag("unique") and columns:
            table.unique.append(columns)


def check_links(tables: Mapping[str, TableRecord]) -> None:
    """Refuse foreign keys that lead nowhere."""
    for table in tables.values():
        for column in table.columns.values():
            if column.link is None:
                continue
            parent, name = column.link
            keys = ("foreign_key", "references", "constraints")
            if parent not in tables:
                what = f"the foreign key of {table.name}.{column.name} leads to a table {parent!r} that does not exist"
                column.part.refuse(what, *keys, hint=did_you_mean(parent, tables))
                column.link = None
            elif name not in tables[parent].columns:
                what = f"{parent}, which {table.name}.{column.name} refers to, has no column {name!r}"
                column.part.refuse(what, *keys, hint=did_you_mean(name, tables[parent].columns))
                column.link = None


def check_order(document: DocumentPart, tables: Mapping[str, TableRecord]) -> None:
    """Refuse a generation_order that is no order of all tables, or has a child before its parent."""
    order, key = document.listed("generation_order"), document.key("generation_order")
    # sdgen finds an order itself: the schema's own is only checked.
    if "generation_order" not in document.value:
        return
    places: dict[str, int] = {}
    for place, name in enumerate(order):
        path = (*key, place)
        if not isinstance(name, str) or name not in tables:
            hint = did_you_mean(str(name), tables)
            document.reading.refuse(path, f"generation_order names a table {name!r} that does not exist", hint)
        elif name in places:
            document.reading.refuse(path, f"generation_order names the table {name!r} twice")
        else:
            places[name] = place
    for name in tables:
        if name not in places:
            document.refuse(f"generation_order leaves the table {name!r} out", "generation_order")
    for name, place in places.items():
        for column in tables[name].columns.values():
            parent = column.link[0] if column.link else name
            if places.get(parent, -1) > place:
                what = f"{name} comes before {parent}, to which its column {column.name} refers"
                document.reading.refuse((*key, place), f"generation_order: {what}", f"move {parent} before {name}")


def read_relationships(document: DocumentPart, tables: Mapping[str, TableRecord]) -> None:
    """Add what only the relationships say: links that no column declares, and those of one child for each parent."""
    for part in document.parts("relationships"):
        kind = part.text("relationship_type", "type").lower().replace("-", "_")
        ends = [(part.text(f"{end}_table"), part.text(f"{end}_column")) for end in ("from", "to")]
        part.passed_over(("description", "name", "on_delete", "on_update", "through", "junction_table"))
        wrong = next(_lost(part, ends, tables), "")
        if wrong:
            part.note(f"the relationship is passed over: {wrong}")
        # It has no column of its own: the table between has two links, which say it all.
        elif kind == "many_to_many":
            what = "many_to_many is told by the table between"
            part.note(what, "relationship_type", "type", hint="give that table two foreign keys")
        else:
            _relate(part, kind, ends, tables)


def _lost(part: DocumentPart, ends: list[tuple[str, str]], tables: Mapping[str, TableRecord]) -> Iterator[str]:
    for table, column in ends:
        if table not in tables:
            yield f"there is no table {table!r}"
        elif column not in tables[table].columns:
            yield f"{table} has no column {column!r}"


def _relate(part: DocumentPart, kind: str, ends: list[tuple[str, str]], tables: Mapping[str, TableRecord]) -> None:
    child, parent = ends
    there = tables[parent[0]].columns[parent[1]]
    # Schemas name the two ends in either order: the end that holds the key is the child, whatever it is called.
    if kind == "one_to_many" or there.link == child:
        child, parent = parent, child
    column = tables[child[0]].columns[child[1]]
    if column.link is None:
        column.link = parent
        column.part.note(f"refers to {parent[0]}.{parent[1]}, as the relationships say")
    if column.link == parent and kind == "one_to_one":
        column.one_to_one = True


def rules_kept(document: DocumentPart, tables: Mapping[str, TableRecord]) -> None:
    """Tell of the validation rules that are not kept: those beyond keys, links and unique columns."""
    for part in document.parts("validation_rules"):
        rule = part.text("rule", "name")
        part.text("severity", "enforcement", "type")
        if _is_declared(rule, tables):
            continue
        said = part.text("description")
        part.note(f"the rule {rule!r} is not checked" + (f": {said}" if said else ""))


def _is_declared(rule: str, tables: Mapping[str, TableRecord]) -> bool:
    """Whether a rule such as `loans.borrower_id REFERENCES borrowers.id` says what the columns say already."""
    words: list[Any] = rule.replace("(", ".").replace(")", "").split()
    table, _, name = (words[0] if words else "").partition(".")
    column = tables[table].columns.get(name) if table in tables else None
    if column is None or len(words) < 2:
        return False
    said = " ".join(words[1:]).upper()
    if said.startswith("REFERENCES") and column.link:
        return said == f"REFERENCES {'.'.join(column.link)}".upper()
    return (said == "UNIQUE" and (column.unique or column.primary_key)) or (said == "NOT NULL" and not column.nullable)
