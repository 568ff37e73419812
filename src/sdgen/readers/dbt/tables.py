"""Models and sources as entities: columns by their types, keys and values by their tests, links by `relationships`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from sdgen.errors import Path, Problem, SourceError
from sdgen.readers.base import ROWS
from sdgen.readers.drafts import UNTYPED, ColumnDraft, EntityDraft, ScenarioDraft, spec
from sdgen.readers.feasibility import cycles_of, feasible
from sdgen.readers.shaping import shaped
from sdgen.readers.sql.postgres_types import parsed_type
from sdgen.readers.sql.schema import Schema
from sdgen.readers.sql.types import fit_of
from sdgen.readers.yaml_text import Document
from sdgen.scenario.model import RowCount, Scenario
from sdgen.scenario.problems import Origin
from sdgen.scenario.types import INTEGERS

_REF = re.compile(r"""\s*(?:\{\{)?\s*(ref|source)\s*\(\s*(.*?)\s*\)\s*(?:\}\})?\s*""")
_WORDS = re.compile(r"""['"]([^'"]+)['"]""")
_TYPES = {
    "float64": "double precision",
    "number": "decimal",
    "timestamp_ntz": "timestamp",
    "timestamp_tz": "timestamptz",
}
_TYPES |= {"timestamp_ltz": "timestamptz", "bytes": "bytea", "variant": "json", "super": "json", "struct": "json"}


@dataclass(frozen=True)
class Test:
    """A test of a column or of a table: its name without its package, its arguments, and where it stands."""

    name: str
    arguments: Mapping[str, Any]
    path: Path


@dataclass
class TableDraft(EntityDraft):
    """An entity in the making; tests: of its columns, by name, and of the whole under ""."""

    document: Document = field(kw_only=True)
    tests: dict[str, list[Test]] = field(default_factory=dict)


@dataclass
class _Reading:
    """All tables by what `ref` and `source` call them, and what is told."""

    rows: int
    tables: dict[tuple[str, ...], TableDraft] = field(default_factory=dict)
    entities: dict[str, TableDraft] = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)
    positions: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def tell(self, entity: str, column: str, what: str, draft: TableDraft, path: Path) -> None:
        place: Path = ("entities", entity, *(("columns", column) if column else ()))
        line = _line(draft.document, path)
        self.notes.append(Problem(place, what, "", draft.document.file, *line))

    def add(self, document: Document, node: Any, path: Path, called: tuple[str, ...]) -> None:
        """An entity of a model or a source's table; none where it has no columns."""
        columns = node.get("columns") if isinstance(node, dict) else None
        name = str(node.get("name", "")) if isinstance(node, dict) else ""
        if not name or not isinstance(columns, list) or not columns:
            if name:
                what = f"{'.'.join(called)} is left out: it has no columns"
                self.notes.append(Problem((), what, "", document.file, *_line(document, path)))
            return
        table = str(node.get("identifier") or node.get("alias") or name)
        own = name if name not in self.entities else "_".join(called)
        text = " ".join(str(node.get("description") or "").split())[:300]
        draft = TableDraft(own, rows=RowCount(count=self.rows), description=text, document=document)
        draft.table = table if table != own else ""
        self.positions["entities", own] = _line(document, path)
        for place, each in enumerate(columns):
            if isinstance(each, dict) and each.get("name"):
                self.column(draft, each, (*path, "columns", place))
        draft.tests[""] = list(_tests(node, path))
        if draft.columns:
            self.tables[called] = self.entities[own] = draft

    def column(self, draft: TableDraft, node: Mapping[str, Any], path: Path) -> None:
        name = str(node["name"])
        column = ColumnDraft(
            name, nullable=True, description=" ".join(str(node.get("description") or "").split())[:300]
        )
        text = str(node.get("data_type") or "").strip()
        if text:
            word = _TYPES.get(text.lower().partition("<")[0].partition("(")[0], text)
            # `data_type` is in the warehouse's own words, which the file does not name; most of them are PostgreSQL's
            # too.
            fit = fit_of(parsed_type(word, "postgres"), _SCHEMA)
            if fit is None:
                self.tell(draft.name, name, f"the type {text!r} is not known: values follow the name", draft, path)
            else:
                column.type, column.generator = fit.type, fit.generator
        draft.columns[name] = column
        draft.tests[name] = list(_tests(node, path))
        self.positions["entities", draft.name, "columns", name] = _line(draft.document, path)


_SCHEMA = Schema("", "postgres", "", ())  # types have no enums or domains of their own here


def scenario_of(documents: Sequence[Document], name: str, rows: int | None) -> Scenario:
    """The scenario of all models and sources of some documents."""
    reading = _Reading(ROWS if rows is None else rows)
    for document in documents:
        for node, path, called in _nodes(document.value):
            reading.add(document, node, path, called)
    if not reading.entities:
        hint = "an entity is a model, seed or table of a source with columns"
        raise SourceError([Problem((), "no model or source has columns", hint, documents[0].file), *reading.notes])
    for draft in reading.entities.values():
        _apply_tests(reading, draft)
    for draft in reading.entities.values():
        _set_links(reading, draft)
    # After all links are known, as a cycle may run through several files.
    _cut_cycles(reading)
    file = documents[0].file if len(documents) == 1 else str(FilePath(documents[0].file).parent)
    whole = ScenarioDraft(name or "dbt", reading.entities, reading.notes)
    return shaped(feasible(whole.build(Origin(file, reading.positions))), rows)


def _nodes(value: Any) -> Iterator[tuple[Any, Path, tuple[str, ...]]]:
    """Models, seeds, snapshots, and the tables of sources, each with its path and what it is called by."""
    # Sources first: they come first in a warehouse, and keep their plain names where a model is called the same.
    for key in ("sources", "seeds", "snapshots", "models"):
        listed = value.get(key) if isinstance(value, dict) else None
        for place, node in enumerate(listed if isinstance(listed, list) else ()):
            if not isinstance(node, dict):
                continue
            if key != "sources":
                yield node, (key, place), (str(node.get("name", "")),)
                continue
            tables = node.get("tables")
            for index, table in enumerate(tables if isinstance(tables, list) else ()):
                if isinstance(table, dict):
                    called = (str(node.get("name", "")), str(table.get("name", "")))
                    yield table, (key, place, "tables", index), called


def _tests(node: Mapping[str, Any], path: Path) -> Iterator[Test]:
    """The tests of a node under either name, and constraints, which say the same."""
    for key in ("tests", "data_tests", "constraints"):
        listed = node.get(key)
        for place, each in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(each, str):
                yield Test(each.rpartition(".")[2], {}, (*path, key, place))
            elif isinstance(each, dict) and each:
                yield _test(each, (*path, key, place))


def _test(value: Mapping[str, Any], path: Path) -> Test:
    # Three spellings: `{unique: …}`, `{test_name: unique, …}`, and `{type: unique}` in constraints.
    named = value.get("test_name") or value.get("type")
    name, inner = (str(named), value) if named else next(iter(value.items()))
    found = inner if isinstance(inner, Mapping) else {}
    arguments = found.get("arguments")
    return Test(str(name).rpartition(".")[2], {**found, **(arguments if isinstance(arguments, Mapping) else {})}, path)


# ------------------------------------------------------------------ what tests say


def _apply_tests(reading: _Reading, draft: TableDraft) -> None:
    for name, tests in draft.tests.items():
        for test in tests:
            known = _KNOWN.get(test.name) if name else _OF_TABLES.get(test.name)
            if known is None:
                reading.tell(draft.name, name, f"the test {test.name!r} is not kept", draft, test.path)
                continue
            config = test.arguments.get("config")
            where = test.arguments.get("where") or (config.get("where") if isinstance(config, Mapping) else None)
            if where:
                reading.tell(
                    draft.name, name, f"{test.name} holds in all rows, not only where {where}", draft, test.path
                )
            known(draft, name, test)
    # dbt knows no keys; what is both unique and never null is one by its tests.
    keys = [each for each in draft.columns.values() if each.unique and not each.nullable]
    if keys and not draft.primary:
        keys[0].primary, keys[0].unique = True, False


def _not_null(draft: TableDraft, name: str, test: Test) -> None:
    draft.columns[name].nullable = False


def _unique(draft: TableDraft, name: str, test: Test) -> None:
    draft.columns[name].unique = True


def _primary(draft: TableDraft, name: str, test: Test) -> None:
    draft.columns[name].primary, draft.columns[name].nullable = True, False


def _accepted(draft: TableDraft, name: str, test: Test) -> None:
    values = [each for each in _listed(test, "values") if isinstance(each, str | int | float)]
    if values:
        draft.columns[name].generator = spec("choice", values=values)


def _range(draft: TableDraft, name: str, test: Test) -> None:
    """dbt_utils.accepted_range, and the same of dbt_expectations."""
    low, high = test.arguments.get("min_value"), test.arguments.get("max_value")
    numbers = [each for each in (low, high) if isinstance(each, int | float) and not isinstance(each, bool)]
    column = draft.columns[name]
    if not numbers:
        return
    whole = column.type.kind in INTEGERS or (column.type == UNTYPED and all(isinstance(each, int) for each in numbers))
    # dbt_utils says `inclusive`, dbt_expectations `strictly`.
    inside = 0 if test.arguments.get("inclusive", True) and not test.arguments.get("strictly") else 1 if whole else 0.01
    least = low + inside if isinstance(low, int | float) else min(0, numbers[-1] - 1000)
    most = high - inside if isinstance(high, int | float) else least + 1000
    if whole:
        column.generator = spec("uniform_int", min=int(least), max=int(most))
    else:
        column.generator = spec("uniform_float", min=float(least), max=float(most), precision=2)


def _matching(draft: TableDraft, name: str, test: Test) -> None:
    if isinstance(test.arguments.get("regex"), str):
        draft.columns[name].generator = spec("pattern", regex=test.arguments["regex"])


def _listed(test: Test, key: str) -> list[Any]:
    value = test.arguments.get(key)
    return value if isinstance(value, list) else []


def _nothing(draft: TableDraft, name: str, test: Test) -> None:
    """Kept elsewhere, or by itself."""


def _combination(draft: TableDraft, name: str, test: Test) -> None:
    listed = _listed(test, "combination_of_columns") or _listed(test, "columns")
    columns = tuple(str(each) for each in listed if str(each) in draft.columns)
    if len(columns) > 1:
        draft.unique.append(columns)
    elif columns:
        draft.columns[columns[0]].unique = True


def _primary_of(draft: TableDraft, name: str, test: Test) -> None:
    for each in _listed(test, "columns"):
        if str(each) in draft.columns:
            _primary(draft, str(each), test)


_Apply = Callable[[TableDraft, str, Test], None]
_KNOWN: Mapping[str, _Apply] = {
    "not_null": _not_null,
    "unique": _unique,
    "primary_key": _primary,
    "accepted_values": _accepted,
    "accepted_range": _range,
    "expect_column_values_to_be_between": _range,
    "expect_column_values_to_be_in_set": lambda draft, name, test: _accepted(
        draft, name, Test(test.name, {"values": test.arguments.get("value_set")}, test.path)
    ),
    "expect_column_values_to_match_regex": _matching,
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_unique": _unique,
    **dict.fromkeys(("relationships", "foreign_key", "not_empty_string", "not_constant", "at_least_one"), _nothing),
    "relationships_where": _nothing,  # a link of all rows is one of some
}
_OF_TABLES: Mapping[str, _Apply] = {
    "unique_combination_of_columns": _combination,
    "expect_compound_columns_to_be_unique": lambda draft, name, test: _combination(
        draft, name, Test(test.name, {"columns": test.arguments.get("column_list")}, test.path)
    ),
    "unique": _combination,
    "primary_key": _primary_of,
    "foreign_key": _nothing,
}

# ------------------------------------------------------------------ links


def _set_links(reading: _Reading, draft: TableDraft) -> None:
    for name, tests in draft.tests.items():
        for test in tests:
            # A contract's constraint of the whole model names its column; of several together none is a link by itself.
            columns = [name] if name else [str(each) for each in _listed(test, "columns")]
            if test.name not in ("relationships", "relationships_where", "foreign_key"):
                continue
            if test.name == "relationships_where" and any(each.name == "relationships" for each in tests):
                reading.tell(draft.name, name, f"{test.name} is not kept beside another relation", draft, test.path)
            elif len(columns) == 1 and columns[0] in draft.columns:
                _link(reading, draft, columns[0], test)
            elif not name:
                what = f"no link of {', '.join(columns) or 'no column'}: one column alone can be one"
                reading.tell(draft.name, name, what, draft, test.path)


def _link(reading: _Reading, draft: TableDraft, name: str, test: Test) -> None:
    goal, told = str(test.arguments.get("to") or ""), draft.columns[name]
    called = _called(goal)
    parent = reading.tables.get(called) or reading.tables.get(called[-1:])
    fields = test.arguments.get("to_columns")
    key = str(test.arguments.get("field") or (fields[0] if isinstance(fields, list) and fields else ""))
    if parent is None or not key:
        reading.tell(draft.name, name, f"no link to {goal or 'nothing'}: it has no columns here", draft, test.path)
        return
    if key not in parent.columns:
        parent.columns[key] = ColumnDraft(key, told.type, primary=not parent.primary, unique=bool(parent.primary))
        reading.tell(
            parent.name, key, f"{parent.name} does not list it: {draft.name}.{name} refers to it", draft, test.path
        )
    if parent is draft and not told.nullable:
        told.nullable = True  # the first row has no other to refer to
    told.type = parent.columns[key].type if parent.columns[key].type != UNTYPED else told.type
    one_to_one = {"one_to_one": True} if told.unique or draft.primary == (name,) else {}
    told.fill("fk", entity=parent.name, column=key, **one_to_one)


def _called(goal: str) -> tuple[str, ...]:
    """What `ref('orders')` or `source('raw', 'orders')` is called: the last words in it."""
    match = _REF.fullmatch(goal)
    words = _WORDS.findall(match[2]) if match else [goal]
    return tuple(words[-2:] if match and match[1] == "source" else words[-1:])


def _cut_cycles(reading: _Reading) -> None:
    """Links that are never null and lead round in a cycle have no first row: the last of them may be null."""
    parents = {
        name: [str(one.params["entity"]) for one in draft.columns.values() if one.is_link and not one.nullable]
        for name, draft in reading.entities.items()
    }
    for cycle in cycles_of({name: [one for one in each if one != name] for name, each in parents.items()}):
        draft = reading.entities[cycle[-2]]
        for one in draft.columns.values():
            if one.is_link and one.params["entity"] == cycle[-1]:
                one.nullable = True
                what = f"may be null: {' → '.join(cycle)} is a cycle"
                reading.tell(draft.name, one.name, what, draft, ())


def _line(document: Document, path: Path) -> tuple[int, int]:
    sizes = range(len(path), -1, -1)
    return next((document.positions[path[:size]] for size in sizes if path[:size] in document.positions), (0, 0))
