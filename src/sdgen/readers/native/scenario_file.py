"""The native scenario file: both spellings of entities and columns → one canonical form, checked key by key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from sdgen.errors import Path as Place
from sdgen.errors import Problem, ProblemType, ScenarioError, SourceError, did_you_mean
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import DOCUMENTS
from sdgen.readers.native.links import Shorthand
from sdgen.readers.native.text_files import with_texts
from sdgen.readers.yaml_text import Document
from sdgen.scenario.dirt import Dirt
from sdgen.scenario.model import Column, Entity, GeneratorSpec, RowCount, Rule, Scenario
from sdgen.scenario.output import METADATA, EntityOutput, Output
from sdgen.scenario.problems import Origin, value_in_words


def matches(source: Source) -> bool:
    """Whatever YAML, JSON or folder no other reader knows: its messages tell what a scenario needs."""
    return True


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a file, or of the one scenario file in a folder."""
    file = Source(str(_only_file(source.path))) if source.is_folder else source
    return read_document(file.parsed, folder=file.path.parent)


def read_document(document: Document, name: str = "", folder: Path | None = None) -> Scenario:
    """The scenario of a document; ScenarioError with every problem where it is wrong, those of the plan among them.

    name: of a scenario that names itself none; one that is kept in a file must have a name. folder: where the texts lie
    that it names; None for one that opens no files.
    """
    reading = _ScenarioReader(document, list(document.repeated))
    canonical = reading.scenario(document.value, name)
    scenario = reading.validated(canonical)
    if scenario is None:
        raise ScenarioError(reading.problems)
    if folder is not None:
        scenario = with_texts(scenario, folder, reading.problems)
    if reading.problems:
        from sdgen.readers.feasibility import further_problems  # most scenarios have no problems to look further for

        raise ScenarioError([*reading.problems, *further_problems(_with_checks(scenario), reading.problems)])
    return _with_checks(scenario).read_from(reading.origin)


def _with_checks(scenario: Scenario) -> Scenario:
    if not any(entity.check for entity in scenario.entities.values()):
        return scenario
    from sdgen.readers.native.checks import with_checks  # few scenarios need SQL to be parsed

    return with_checks(scenario)


def read_rules(
    document: Document, records: Iterable[tuple[Mapping[str, Any], Place]]
) -> tuple[tuple[Rule, ...], Origin]:
    """Rules of a document, given as records with the places where they stand, and where their parts stand.

    ScenarioError with every problem where one is wrong.
    """
    reading, rules = _ScenarioReader(document), []
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
class _ScenarioReader:
    """One document on its way to canonical form, and where its parts stood."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    aliases: dict[Place, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.origin = Origin(self.document.file, self.document.positions, self.aliases)

    def refuse(self, path: Place, what: str, hint: str = "", type: ProblemType = ProblemType.VALUE) -> None:
        self.problems.append(self.origin.problem(path, what, hint, type))

    def scenario(self, value: object, name: str) -> dict[str, Any]:
        record = self.mapping(value, ())
        if "entities" not in record:
            self.refuse(
                (),
                "there are no entities",
                "a scenario has a name and entities; `sdgen schema` describes it all",
                ProblemType.MISSING,
            )
        record = self.known(record, (), Scenario)
        if "name" not in record and not name and isinstance(value, Mapping):
            self.refuse(("name",), "the scenario has no name", "begin the file with `name: …`", ProblemType.MISSING)
        record.setdefault("name", name or "scenario")
        for key in ("version", "name", "id"):
            # `version: 1.0` is a number in YAML, and meant as a text.
            if isinstance(record.get(key), int | float) and not isinstance(record.get(key), bool):
                record[key] = str(record[key])
        record["entities"] = {
            name: self.entity(entity, path) for name, entity, path in self.named(record.get("entities"), ("entities",))
        }
        # Only now, since a short link may lead to an entity further below.
        Shorthand(record["entities"], self.refuse).spell_out()
        record["presets"] = {
            name: self.generator(self.by_name(self.mapping(preset, path), path, _SPELLED), path)
            for name, preset, path in self.named(record.get("presets") or {}, ("presets",))
        }
        if "output" in record:
            record["output"] = self.output(record["output"])
        rules = record.get("rules") or []
        if not isinstance(rules, list):
            self.refuse(("rules",), "rules must be a list", type=ProblemType.TYPE)
            rules = []
        record["rules"] = [self.rule(rule, ("rules", index)) for index, rule in enumerate(rules)]
        return record

    def output(self, value: object) -> dict[str, Any]:
        record = self.known(self.mapping(value, ("output",)), ("output",), Output)
        if isinstance(record.get("per_entity"), Mapping):
            record["per_entity"] = {
                name: self.known(self.mapping(own, path), path, EntityOutput)
                for name, own, path in self.named(record["per_entity"], ("output", "per_entity"))
            }
        return record

    def rule(self, value: object, path: Place) -> dict[str, Any]:
        record = self.mapping(value, path)
        spec = self.generator(record, path) if "generator" in record else None
        record = self.known({key: kept for key, kept in record.items() if key != "params"}, path, Rule)
        if spec is None:
            self.refuse(path, "the rule has no generator", type=ProblemType.MISSING)
        if not record.keys() - {"generator", "null_rate"}:
            self.refuse(path, "the rule has no condition", "give it field, pattern or type", ProblemType.MISSING)
        return {**record, "generator": spec}

    def entity(self, value: object, path: Place) -> dict[str, Any]:
        record = self.known(self.mapping(value, path), path, Entity, ("references", "tree"))
        if not record.get("columns"):
            self.refuse((*path, "columns"), "the entity has no columns", type=ProblemType.MISSING)
        record["columns"] = {
            name: self.column(column, column_path)
            for name, column, column_path in self.columns(record.get("columns") or {}, (*path, "columns"))
        }
        if isinstance(record.get("rows"), Mapping):
            record["rows"] = self.known(dict(record["rows"]), (*path, "rows"), RowCount)
        if "dirt" in record:
            record["dirt"] = self.known(self.mapping(record["dirt"], (*path, "dirt")), (*path, "dirt"), Dirt)
        return record

    def columns(self, value: object, path: Place) -> Iterator[tuple[str, Any, Place]]:
        """Columns by name; a key of several, as `paid, captured` or `{sent, closed}_at`, gives each the same record.

        In it `$name` stands for the name, and `$1` for what stood in braces. What is listed with `name` is one column
        each, whatever the name.
        """
        seen: set[str] = set()
        for key, record, place in self.named(value, path):
            several = isinstance(value, Mapping) and "," in key
            for name, part in _names(key) if several else [(key, "")]:
                if name in seen or (several and not name):
                    what = f"the name {name!r} stands here twice" if name else "a name is missing beside a comma"
                    self.refuse((*path, key), what, type=ProblemType.DUPLICATE if name else ProblemType.VALUE)
                    continue
                seen.add(name)
                if several:
                    self.aliases[(*path, name)] = self.source_path(place)
                yield (name, _named(record, name, part), (*path, name)) if several else (name, record, place)

    def column(self, value: object, path: Place) -> dict[str, Any]:
        if isinstance(value, str):  # a column may be its type alone
            return {"type": value}
        record = self.by_name(self.mapping(value, path), path, (*Column.model_fields, "references", "fk", "params"))
        spec = self.generator(record, path) if "generator" in record else None
        if "params" in record and spec is None:
            self.refuse(
                (*path, "params"), "params without a generator", "name the generator they are for", ProblemType.MISSING
            )
        record = self.known(
            {key: kept for key, kept in record.items() if key != "params"}, path, Column, ("references", "fk")
        )
        return {**record, "generator": spec} if spec else record

    def by_name(self, record: dict[str, Any], path: Place, known: tuple[str, ...]) -> dict[str, Any]:
        """The record with `generator` and `params` where one of its keys is a generator's name."""
        if record.keys() <= {*known, *_SPELLED}:
            return record
        from sdgen.generators.registry import params_of, spelled_by_name  # who names none needs no catalogue yet

        named = spelled_by_name(record, known)
        if not named:
            return record
        name, place = named[0], (*self.source_path(path), named[0])
        params = params_of(name, record[name])
        if len(named) > 1 or not record.keys().isdisjoint(("generator", "params", "fk", "references")):
            other = [key for key in record if key in (*_SPELLED, "fk", "references", *named)]
            self.refuse(path, f"names its generator twice: {', '.join(other)}", "keep one", ProblemType.DUPLICATE)
        elif params is None:
            self.refuse((*path, name), "takes params by name", f"write {name}: {{…}}", ProblemType.TYPE)
        self.aliases[(*path, "generator")] = place
        for key in params or ():
            self.aliases[(*path, "params", key)] = (*place, key) if isinstance(record[name], Mapping) else place
        rest = {key: kept for key, kept in record.items() if key not in (*named, *_SPELLED)}
        return {**rest, "generator": {"type": name, "params": params or {}}}

    def generator(self, record: Mapping[str, Any], path: Place) -> dict[str, Any]:
        """The spec of a record in either spelling: a name with params beside it, or {type, params}."""
        value = record.get("generator")
        inner: Mapping[str, Any] = {}
        if isinstance(value, Mapping):
            inner = self.known(dict(value), (*path, "generator"), GeneratorSpec)
            value = inner.get("type")
        if not isinstance(value, str) or not value:
            what, hint = "the generator has no name", "write `generator: NAME`"
            self.refuse((*path, "generator"), what, hint, ProblemType.MISSING)
            # Any known name will do: the problem is told, and the column's other mistakes are looked for.
            value = "const"
        params = inner.get("params") or {}
        if not isinstance(params, Mapping) or not isinstance(record.get("params") or {}, Mapping):
            what = "params must be a mapping from names to values"
            self.refuse((*path, "params"), what, type=ProblemType.TYPE)
            return {"type": value, "params": {}}
        for key in params:  # all spellings have their params at one path
            self.aliases.setdefault((*path, "params", key), (*self.source_path(path), "generator", "params", key))
        return {"type": value, "params": {**params, **(record.get("params") or {})}}

    def named(self, value: object, path: Place) -> Iterator[tuple[str, Any, Place]]:
        """Records by name, from a mapping or from a list of records with `name`.

        To be read one after the other, so that a record's path leads to where it stands.
        """
        if isinstance(value, Mapping):
            yield from ((name, record, (*path, name)) for name, record in value.items())
        elif not isinstance(value, list):
            what = "must be a mapping from names to records, or a list of records with `name`"
            self.refuse(path, what, type=ProblemType.TYPE)
        else:
            yield from self._listed(value, path)

    def _listed(self, value: list[Any], path: Place) -> Iterator[tuple[str, Any, Place]]:
        stands = self.source_path(path)
        first: dict[str, int] = {}
        for index, record in enumerate(value):
            name = record.get("name") if isinstance(record, Mapping) else None
            if not isinstance(name, str) or not name:
                self.refuse((*path, index), "has no name", type=ProblemType.MISSING)
                continue
            if name in first:
                line, _ = self.document.positions.get((*stands, first[name]), (0, 0))
                hint = f"the first stands in line {line}" if line else ""
                self.refuse((*path, index), f"the name {name!r} stands here twice", hint, ProblemType.DUPLICATE)
                record = {key: kept for key, kept in record.items() if key not in _KEYS}
                name = f"{name} #{index + 1}"  # read on under another name, for what else is wrong with it
            first.setdefault(name, index)
            # Set before the record is handed out, as its own parts are placed by it.
            self.aliases[(*path, name)] = (*stands, index)
            yield name, {key: kept for key, kept in record.items() if key != "name"}, (*path, name)

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
        self.refuse(path, f"must be a mapping from names to values, found {found}", type=ProblemType.TYPE)
        return {}

    def known(
        self, record: dict[str, Any], path: Place, kind: type[BaseModel], short: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """The record without the keys it can't have, each of them a problem; keys without a value are left out.

        short: names of short spellings that the record may have besides.
        """
        names = [*(field.alias or name for name, field in kind.model_fields.items()), *short]
        for key in record.keys() - set(names):
            from sdgen.generators import registry  # a column's key may be a generator's name

            near = [*names, *registry.names()] if kind is Column else names
            hint = did_you_mean(key, near, "known: " + ", ".join(names))
            self.refuse((*path, key), f"unknown key {key!r}", hint, ProblemType.UNKNOWN)
        return {key: kept for key, kept in record.items() if key in names and kept is not None}

    def validated(self, record: dict[str, Any]) -> Scenario | None:
        """The scenario of a record in canonical form; values that are wrong are reported, and left out of it.

        None where too little is left. What stands in a part that was reported already is not reported again.
        """
        before = list(self.problems)
        for _ in range(_MOST_PASSES):
            try:
                return Scenario.model_validate(record).read_from(self.origin)
            except ValidationError as error:
                from sdgen.readers.feasibility import is_reported

                found = self.translated(error)
                self.problems += [each for each in found if each not in self.problems and not is_reported(each, before)]
                # What is wrong is taken out and the rest is validated again: a wrong value must not hide problems of
                # the plan.
                left_out = [_left_out(record, problem.path) for problem in found]
                if not all(left_out):
                    return None
        return None

    def translated(self, error: ValidationError, base: Place = ()) -> list[Problem]:
        problems = []
        for detail in error.errors(include_url=False):
            # pydantic puts the names of its own validators into paths.
            path = (*base, *(part for part in detail["loc"] if not str(part).startswith("function-")))
            given = repr(detail.get("input"))
            short = given if len(given) <= 60 else given[:57] + "…"
            what = value_in_words(detail.get("input"), detail)
            type = _TYPES.get(detail["type"].rpartition("_")[2], ProblemType.VALUE)
            problems.append(
                self.origin.problem(path, what if what.startswith(short) else f"{short}: {what}", type=type)
            )
        return problems


_SPELLED = ("generator", "params")
_KEYS = ("primary_key", "unique", "target_table")  # what two records of one name would only be in each other's way by
_MOST_PASSES = 3  # a part that is left out may uncover another one
_TYPES = {"missing": ProblemType.MISSING, "type": ProblemType.TYPE, "parsing": ProblemType.TYPE}


def _names(key: str) -> list[tuple[str, str]]:
    """The names that a key of several columns stands for, each with its own part where the others are the same."""
    before, brace, rest = key.partition("{")
    inside, _, after = rest.partition("}")
    if not brace:
        return [(name.strip(), "") for name in key.split(",")]
    return [(before + part.strip() + after, part.strip()) for part in inside.split(",")]


def _named(value: Any, name: str, part: str) -> Any:
    """The record of several columns for one of them."""
    if isinstance(value, str):
        return value.replace("$name", name).replace("$1", part)
    if isinstance(value, list):
        return [_named(each, name, part) for each in value]
    return {key: _named(each, name, part) for key, each in value.items()} if isinstance(value, Mapping) else value


def _left_out(record: dict[str, Any], path: Place) -> bool:
    """Take the part at a path, or what holds it where it is missing, out of a record; whether that could be done."""
    holder: Any = record
    for depth, part in enumerate(path):
        if not isinstance(holder, dict) or part not in holder:
            return _left_out(record, path[:depth])
        if depth == len(path) - 1:
            del holder[part]
            return True
        holder = holder[part]
    return False
