"""Scenario files of the older sdgen, translated and read by the native reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from sdgen.errors import Problem, ProblemType, ScenarioError
from sdgen.inference.names import singular, snake
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.feasibility import further_problems, independent
from sdgen.readers.native import scenario_file
from sdgen.readers.sdgen_go.older_form import columns_of, generator_of
from sdgen.readers.yaml_text import Document
from sdgen.scenario.model import Scenario

_KEYS = ("uuid4", "uniform_int")
# The seed was an int64 of Go.
_SEEDS = range(-(2**63), 2**63)


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a document; ScenarioError with every problem where it is wrong."""
    document = source.parsed
    faults = list(_faults(document))
    # Translated as data and read by the native reader, so that every check is the same as for a native file.
    native_form = replace(document, value=_translated(document.value))
    try:
        scenario = scenario_file.read_document(native_form)
    except ScenarioError as error:
        raise ScenarioError([*faults, *independent(error.problems, faults)]) from None
    # Told together with what is wrong besides, as the native reader does.
    if faults:
        raise ScenarioError([*faults, *further_problems(scenario, faults)])
    return _with_keys(scenario).read_from(scenario.origin, _notes(scenario, document.value, source.name))


def _params(column: Mapping[str, Any]) -> dict[str, Any]:
    generator = column.get("generator")
    params = generator.get("params") if isinstance(generator, Mapping) else None
    return dict(params) if isinstance(params, Mapping) else {}


def _faults(document: Document) -> Iterator[Problem]:
    """What the older sdgen found only while it ran, or could not hold."""
    seed = document.value.get("seed") if isinstance(document.value, Mapping) else None
    if isinstance(seed, int) and seed not in _SEEDS:
        what, hint = f"the seed {seed} is no signed number of 64 bits", f"it goes from {_SEEDS[0]} to {_SEEDS[-1]}"
        yield document.problem(("seed",), what, hint, ProblemType.VALUE)
    for path, entity, column in columns_of(document.value):
        low, high = _params(column).get("min"), _params(column).get("max")
        if generator_of(column) == "uniform_int" and _whole(low) and _whole(high) and high <= low:
            what = f"uniform_int from {low} to below {high} has no values"
            hint = "max itself is not included: make it greater than min"
            found = document.problem((*path, "generator", "params", "max"), what, hint, ProblemType.VALUE)
            # The place is the older file's, the path the scenario's: both kinds of problems name parts alike.
            yield replace(found, path=("entities", entity, "columns", str(column.get("name")), "params", "max"))


def _whole(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1


def _translated(value: Any) -> Any:
    """The document in native form, as far as it has the older form."""
    if not isinstance(value, Mapping) or not isinstance(value.get("entities"), list):
        return value
    return {**value, "entities": [_entity(entity) for entity in value["entities"]]}


def _entity(value: Any) -> Any:
    if not isinstance(value, Mapping) or not isinstance(value.get("columns"), list):
        return value
    entity = {key: kept for key, kept in value.items() if key != "target_table" or kept != value.get("name")}
    return {**entity, "columns": [_column(column) for column in value["columns"]]}


def _column(value: Any) -> Any:
    if isinstance(value, Mapping) and "generator" not in value and isinstance(value.get("fk"), Mapping):
        value = {**value, "generator": {"type": "fk"}}
    if not isinstance(value, Mapping) or not isinstance(value.get("generator"), Mapping):
        return value
    remarks = ("nullable",) if generator_of(value) == "fk" else ("nullable", "fk")
    column = {key: kept for key, kept in value.items() if key not in remarks}
    params = _params(value)
    if generator_of(value) == "uniform_int" and _whole(params.get("max")):
        params["max"] = int(params["max"]) - 1
    if (
        generator_of(value) == "choice"
        and value.get("type") in ("string", "text")
        and isinstance(params.get("values"), list)
    ):
        params["values"] = [_text(each) for each in params["values"]]
    if value.get("nullable") is True:
        # The older sdgen made no nulls; the column may have them all the same.
        column |= {"nullable": True, "null_rate": 0}
    elif value.get("nullable") not in (None, False):
        # Neither true nor false: the native reader tells what is wrong with it.
        column["nullable"] = value["nullable"]
    elif _lists_null(value):
        # Said outright, so that the null among the values is told instead of making the column nullable.
        column["nullable"] = False
    given = value["generator"].get("params")
    spelled = params if isinstance(given, Mapping) or given is None else given
    column["generator"] = {**value["generator"], **({"params": spelled} if spelled else {})}
    return column


def _lists_null(column: Mapping[str, Any]) -> bool:
    """Whether a column has null among its constants, though it does not say that it may be null."""
    params = _params(column)
    return None in (params["values"] if isinstance(params.get("values"), list) else [params.get("value", "")])


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _with_keys(scenario: Scenario) -> Scenario:
    """The scenario with primary keys, which the older form could not name."""
    entities = {}
    for name, entity in scenario.entities.items():
        key = _key(scenario, name)
        columns = dict(entity.columns)
        if key:
            columns[key] = columns[key].model_copy(update={"primary_key": True})
        entities[name] = entity.model_copy(update={"columns": columns})
    return scenario.model_copy(update={"entities": entities})


def _key(scenario: Scenario, name: str) -> str:
    """The first column, where it is named like the entity's key and has a value for each row."""
    entity = scenario.entities[name]
    # Only the first column: files of that form begin with their key.
    key, column = next(iter(entity.columns.items()))
    spec, word = column.generator, snake(key)
    nouns = {singular(snake(name)), singular(snake(name).rpartition("_")[2]), singular(snake(name).partition("_")[2])}
    linked = any(
        each.generator and each.generator.type == "fk" and each.generator.params == {"entity": name, "column": key}
        for other in scenario.entities.values()
        for each in other.columns.values()
    )
    if spec is None or spec.type not in _KEYS or column.nullable or not (linked or word in {"id", *_ids(nouns)}):
        return ""
    low, high = spec.params.get("min"), spec.params.get("max")
    # Twice as many values as rows: drawn freely they would repeat, and a permutation has room to look random.
    if spec.type == "uniform_int" and not (
        _whole(low) and _whole(high) and high - low >= 2 * (entity.rows.number or 0)
    ):
        return ""
    return key


def _ids(nouns: set[str]) -> set[str]:
    return {f"{noun}_id" for noun in nouns if noun}


def _notes(scenario: Scenario, value: Any, file: str) -> list[Problem]:
    notes = list(_remarks(scenario, value))
    columns = [(f"{entity}.{column.get('name')}", generator_of(column)) for _, entity, column in columns_of(value)]
    half_open = [name for name, generator in columns if generator == "uniform_int"]
    if half_open:
        what = f"read as a file of the older sdgen: uniform_int takes values below max ({_few(half_open)})"
        hint = "a native file says that it is one by a key of its own, such as `locale: en`; max is then included"
        notes.append(Problem((), what, hint, file))
    keys = [f"{name}.{_key(scenario, name)}" for name in scenario.entities if _key(scenario, name)]
    if keys:
        notes.append(Problem((), f"taken as primary keys, by their names and links: {_few(keys)}", "", file))
    return notes


def _remarks(scenario: Scenario, value: Any) -> Iterator[Problem]:
    """Columns whose `fk` was a remark, and is none of their generator's."""
    for path, entity, column in columns_of(value):
        if "fk" in column and generator_of(column) not in ("", "fk"):
            place = ("entities", entity, "columns", str(column.get("name")))
            what, hint = f"fk was a remark: {column['fk']}", "`generator: fk` makes a link"
            line = scenario.origin.problem(path, "").line
            yield replace(scenario.origin.problem(place, what, hint), line=line)


def _few(words: list[str]) -> str:
    return ", ".join(words[:8]) + (f" and {len(words) - 8} more" if len(words) > 8 else "")
