"""The native scenario file: both spellings of entities and columns → one canonical form, checked key by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sdgen.errors import Path as Place
from sdgen.errors import Problem, ScenarioError, SourceError, did_you_mean
from sdgen.read.base import ReadOptions, Source
from sdgen.read.formats import DOCUMENTS
from sdgen.read.shorthand import Shorthand
from sdgen.read.yamlfile import Document
from sdgen.scenario.identity import METADATA
from sdgen.scenario.model import (
    Column,
    Entity,
    GeneratorSpec,
    Origin,
    Record,
    RowCount,
    Rule,
    Scenario,
)
from sdgen.scenario.wording import said_of


def fits(source: Source) -> bool:
    """Whatever YAML, JSON or folder no other reader knows: its messages tell what a scenario needs."""
    return True


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a file, or of the one scenario file in a folder."""
    return read_document(Source(str(_only_file(source.path))).document if source.is_folder else source.document)


def read_document(document: Document) -> Scenario:
    """The scenario of a document; ScenarioError with every problem where it is wrong."""
    reading = _Reading(document)
    canonical = reading.scenario(document.value)
    if not reading.problems:
        try:
            scenario = Scenario.model_validate(canonical)
        except ValidationError as error:
            reading.problems.extend(reading.translated(error))
        else:
            return _with_checks(scenario).read_from(reading.origin)
    raise ScenarioError(reading.problems)


def _with_checks(scenario: Scenario) -> Scenario:
    if not any(entity.check for entity in scenario.entities.values()):
        return scenario
    from sdgen.read.native_checks import with_checks  # few scenarios need SQL to be parsed

    return with_checks(scenario)


def read_rules(
    document: Document, records: Iterable[tuple[Mapping[str, Any], Place]]
) -> tuple[tuple[Rule, ...], Origin]:
    """Rules of a document, given as records with the places where they stand, and where their parts stand.

    ScenarioError with every problem where one is wrong.
    """
    reading, rules = _Reading(document), []
    for record, place in records:
        found = reading.rule(record, place)
        if found["generator"] is None:
            continue
        try:
            rules.append(Rule.model_validate(found))
        except ValidationError as error:
            reading.problems.extend(reading.translated(error, place))
    if reading.problems:
        raise ScenarioError(reading.problems)
    return tuple(rules), reading.origin


def scenario_files(folder: Path) -> list[Path]:
    """The scenario files directly in a folder, sorted by name."""
    found = (path for path in folder.iterdir() if path.suffix in DOCUMENTS and path.name != METADATA)
    return sorted(path for path in found if path.is_file())


def _only_file(folder: Path) -> Path:
    found = scenario_files(folder)
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found[:8])
    what = f"{len(found)} scenario files in the folder" if found else "no scenario files in the folder"
    hint = f"name one of them: {names}" if found else "a scenario is a .yaml or .json file"
    raise SourceError(Problem((), what, hint, str(folder)))


@dataclass
class _Reading:
    """One document on its way to canonical form, and where its parts stood."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    aliases: dict[Place, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.origin = Origin(self.document.file, self.document.positions, self.aliases)

    def refuse(self, path: Place, what: str, hint: str = "") -> None:
        self.problems.append(self.origin.problem(path, what, hint))

    def scenario(self, value: object) -> dict[str, Any]:
        record = self.mapping(value, ())
        if "entities" not in record:
            self.refuse(
                (),
                "there are no entities",
                "a scenario has a name and entities; `sdgen schema` describes it all",
            )
        record = self.known(record, (), Scenario)
        record.setdefault("name", self.document.file.rpartition("/")[2].partition(".")[0] or "scenario")
        for key in ("version", "name", "id"):
            if isinstance(record.get(key), int | float) and not isinstance(record.get(key), bool):
                record[key] = str(record[key])
        record["entities"] = {
            name: self.entity(entity, path) for name, entity, path in self.named(record.get("entities"), ("entities",))
        }
        Shorthand(record["entities"], self.refuse).spell_out()
        record["presets"] = {
            name: self.generator(self.mapping(preset, path), path)
            for name, preset, path in self.named(record.get("presets") or {}, ("presets",))
        }
        rules = record.get("rules") or []
        if not isinstance(rules, list):
            self.refuse(("rules",), "rules must be a list")
            rules = []
        record["rules"] = [self.rule(rule, ("rules", index)) for index, rule in enumerate(rules)]
        return record

    def rule(self, value: object, path: Place) -> dict[str, Any]:
        record = self.mapping(value, path)
        spec = self.generator(record, path) if "generator" in record else None
        record = self.known({key: kept for key, kept in record.items() if key != "params"}, path, Rule)
        if spec is None:
            self.refuse(path, "the rule has no generator")
        if not record.keys() - {"generator", "null_rate"}:
            self.refuse(path, "the rule has no condition", "give it field, pattern or type")
        return {**record, "generator": spec}

    def entity(self, value: object, path: Place) -> dict[str, Any]:
        record = self.known(self.mapping(value, path), path, Entity, ("references", "tree"))
        if not record.get("columns"):
            self.refuse(path, "the entity has no columns")
        record["columns"] = {
            name: self.column(column, column_path)
            for name, column, column_path in self.named(record.get("columns") or {}, (*path, "columns"))
        }
        if isinstance(record.get("rows"), Mapping):
            record["rows"] = self.known(dict(record["rows"]), (*path, "rows"), RowCount)
        return record

    def column(self, value: object, path: Place) -> dict[str, Any]:
        if isinstance(value, str):  # a column may be its type alone
            return {"type": value}
        record = self.mapping(value, path)
        spec = self.generator(record, path) if "generator" in record else None
        if "params" in record and spec is None:
            self.refuse((*path, "params"), "params without a generator", "name the generator they are for")
        record = self.known(
            {key: kept for key, kept in record.items() if key != "params"}, path, Column, ("references",)
        )
        return {**record, "generator": spec} if spec else record

    def generator(self, record: Mapping[str, Any], path: Place) -> dict[str, Any]:
        """The spec of a record in either spelling: a name with params beside it, or {type, params}."""
        value = record.get("generator")
        inner: Mapping[str, Any] = {}
        if isinstance(value, Mapping):
            inner = self.known(dict(value), (*path, "generator"), GeneratorSpec)
            value = inner.get("type")
        if not isinstance(value, str) or not value:
            self.refuse((*path, "generator"), "the generator has no name", "write `generator: NAME`")
            value = "const"
        params = inner.get("params") or {}
        if not isinstance(params, Mapping) or not isinstance(record.get("params") or {}, Mapping):
            self.refuse((*path, "params"), "params must be a mapping from names to values")
            return {"type": value, "params": {}}
        for key in params:  # both spellings have their params at one path
            self.aliases[(*path, "params", key)] = (*self.source_path(path), "generator", "params", key)
        return {"type": value, "params": {**params, **(record.get("params") or {})}}

    def named(self, value: object, path: Place) -> list[tuple[str, Any, Place]]:
        """Records by name, from a mapping or from a list of records with `name`."""
        if isinstance(value, Mapping):
            return [(name, record, (*path, name)) for name, record in value.items()]
        if not isinstance(value, list):
            self.refuse(path, "must be a mapping from names to records, or a list of records with `name`")
            return []
        found: dict[str, tuple[str, Any, Place]] = {}
        for index, record in enumerate(value):
            name = record.get("name") if isinstance(record, Mapping) else None
            if not isinstance(name, str) or not name:
                self.refuse((*path, index), "has no name")
                continue
            if name in found:
                self.refuse((*path, index), f"the name {name!r} stands here twice")
            self.aliases[(*path, name)] = (*self.source_path(path), index)
            rest = {key: kept for key, kept in record.items() if key != "name"}
            found[name] = (name, rest, (*path, name))
        return list(found.values())

    def source_path(self, path: Place) -> Place:
        """The path at which a canonical part stands in the source."""
        stands: Place = ()
        for size, part in enumerate(path, 1):
            stands = self.aliases.get(path[:size], (*stands, part))
        return stands

    def mapping(self, value: object, path: Place) -> dict[str, Any]:
        if isinstance(value, Mapping):
            return dict(value)
        found = "nothing" if value is None else f"a {type(value).__name__}"
        self.refuse(path, f"must be a mapping from names to values, found {found}")
        return {}

    def known(
        self, record: dict[str, Any], path: Place, kind: type[Record], short: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """The record without the keys it can't have, each of them a problem; keys without a value are left out.

        short: names of short spellings that the record may have besides.
        """
        names = [*(field.alias or name for name, field in kind.model_fields.items()), *short]
        for key in record.keys() - set(names):
            hint = did_you_mean(key, names, "known: " + ", ".join(names))
            self.refuse((*path, key), f"unknown key {key!r}", hint)
        return {key: kept for key, kept in record.items() if key in names and kept is not None}

    def translated(self, error: ValidationError, base: Place = ()) -> list[Problem]:
        problems = []
        for detail in error.errors(include_url=False):
            path = (*base, *(part for part in detail["loc"] if not str(part).startswith("function-")))
            given = repr(detail.get("input"))
            short = given if len(given) <= 60 else given[:57] + "…"
            what = said_of(detail.get("input"), detail)
            problems.append(self.origin.problem(path, what if what.startswith(short) else f"{short}: {what}"))
        return problems
