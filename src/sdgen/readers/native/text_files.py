"""Texts of files that a scenario names: `file: notes.txt` of `text.markov` becomes the text itself.

The files are read once, beside the scenario's own, so that a plan, its identity and a stored run hold the texts and
not the names of files that may change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sdgen.errors import Path as Place
from sdgen.errors import Problem, ProblemType, SourceError
from sdgen.readers.base import read_text
from sdgen.scenario.model import GeneratorSpec, Scenario

_OF_FILES = "text.markov"
_MOST = 4_000_000  # characters, as of a text that stands in the scenario


def with_texts(scenario: Scenario, folder: Path, problems: list[Problem]) -> Scenario:
    """The scenario with the texts of the files that it names, from a folder; `problems` grows by what is wrong."""
    reading = _Reading(scenario, folder, problems)
    changed = {}
    for path, spec in _specs(scenario):
        params = reading.params(spec.type, spec.params, (*path, "params"))
        if params is not spec.params:
            changed[path] = spec.model_copy(update={"params": params})
    return _with_specs(scenario, changed) if changed else scenario


def _with_specs(scenario: Scenario, changed: Mapping[Place, GeneratorSpec]) -> Scenario:
    """The scenario with other generators at these places."""
    presets = {name: changed.get(("presets", name), spec) for name, spec in scenario.presets.items()}
    rules = [
        rule.model_copy(update={"generator": changed.get(("rules", place), rule.generator)})
        for place, rule in enumerate(scenario.rules)
    ]
    entities = dict(scenario.entities)
    for name, entity in scenario.entities.items():
        specs = {each: changed[_path(name, each)] for each in entity.columns if _path(name, each) in changed}
        columns = {each: entity.columns[each].model_copy(update={"generator": spec}) for each, spec in specs.items()}
        entities[name] = entity.model_copy(update={"columns": {**entity.columns, **columns}})
    return scenario.model_copy(update={"presets": presets, "rules": tuple(rules), "entities": entities})


def _path(entity: str, column: str) -> Place:
    return ("entities", entity, "columns", column)


def _specs(scenario: Scenario) -> Iterator[tuple[Place, GeneratorSpec]]:
    yield from ((("presets", name), spec) for name, spec in scenario.presets.items())
    yield from ((("rules", place), rule.generator) for place, rule in enumerate(scenario.rules))
    for name, entity in scenario.entities.items():
        for each, column in entity.columns.items():
            if column.generator is not None:
                yield _path(name, each), column.generator


@dataclass
class _Reading:
    """The files that a scenario names, each read once, and what is wrong with them."""

    scenario: Scenario
    folder: Path
    problems: list[Problem]
    texts: dict[str, str] = field(default_factory=dict)

    def params(self, generator: str, params: Mapping[str, Any], path: Place) -> Mapping[str, Any]:
        """The params of a generator, with the texts of files in them and in the generators inside."""
        changed = {name: self.inside(value, (*path, name)) for name, value in params.items()}
        name = changed.get("file")
        if self.kind(generator) == _OF_FILES and isinstance(name, str) and name and not changed.get("text"):
            changed["text"] = self.text(name, (*path, "file"))
            del changed["file"]
        return changed if changed != params else params

    def inside(self, value: Any, path: Place) -> Any:
        """A param's value with the texts in the generators that it holds."""
        if isinstance(value, list | tuple):
            return [self.inside(each, (*path, place)) for place, each in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        if isinstance(value.get("generator"), str) and isinstance(value.get("params"), Mapping):
            return {**value, "params": self.params(value["generator"], value["params"], (*path, "params"))}
        return {name: self.inside(each, (*path, name)) for name, each in value.items()}

    def kind(self, generator: str) -> str:
        """The generator that a preset stands for; the name itself of any other."""
        # As many steps as there are presets, since they may stand for one another in a circle.
        for _ in self.scenario.presets:
            if generator not in self.scenario.presets:
                break
            generator = self.scenario.presets[generator].type
        return generator

    def text(self, name: str, path: Place) -> str:
        if name not in self.texts:
            # Stands for a text that can't be had, which is told once and not again by the generator.
            self.texts[name] = "…"
            try:
                self.texts[name] = self._read(name, path)
            except SourceError as error:
                self.problems += [replace(each, path=path) for each in error.problems]
        return self.texts[name]

    def _read(self, name: str, path: Place) -> str:
        file = self.folder / name
        if not file.is_file():
            what = f"there is no file {name}" if not file.exists() else f"{name} is no file"
            self.refuse(path, what, f"it is looked for in {self.folder.resolve()}")
            return "…"
        # Bytes first: a character takes four at most, so that no larger file need be read.
        text = read_text(file) if file.stat().st_size <= 4 * _MOST else None
        if text is None or len(text) > _MOST:
            self.refuse(path, f"{name} has more than {_MOST:,} characters", "take a part of it")
            return "…"
        if not text.split():
            self.refuse(path, f"{name} has no words", "write some sentences into it")
            return "…"
        return text

    def refuse(self, path: Place, what: str, hint: str = "") -> None:
        self.problems.append(self.scenario.origin.problem(path, what, hint, ProblemType.SOURCE))
