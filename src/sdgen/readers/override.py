"""Values of a scenario set anew by their paths, whichever reader it came from: `entities.users.rows=500`.

The scenario is spelled as a native file would have it, the values are put in, and it is read again: so a value may have
any form that it may have in a file, and is checked as one there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sdgen.errors import Path, Problem, ProblemType, ScenarioError, SourceError, did_you_mean
from sdgen.readers.native.scenario_file import read_document
from sdgen.readers.yaml_text import Document
from sdgen.readers.yaml_text import read_document as read_yaml
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import Column, Entity, RowCount, Rule, Scenario
from sdgen.scenario.problems import Origin, WrappedOrigin

_SPEC = ("generator", "params")
_OPEN = frozenset({"params", "target", "fixed", "correlate"})  # what stands below these has names of its own
_NAMED = {"entities": "entity", "columns": "column", "presets": "preset"}
_KEYS: Mapping[str, tuple[str, ...]] = {
    "": tuple(Scenario.model_fields),
    "entities": tuple(Entity.model_fields),
    "columns": (*Column.model_fields, "params"),
    "presets": _SPEC,
    "rules": (*(field.alias or name for name, field in Rule.model_fields.items()), "params"),
    "rows": tuple(RowCount.model_fields),
}


@dataclass(frozen=True)
class Setting:
    """A value for the part of a scenario at a path; `words` is how it was asked for."""

    path: str
    value: Any
    words: str


def setting(words: str) -> Setting:
    """The setting that `path=value` asks for, the value being read as YAML; ScenarioError where there is none."""
    path, equals, text = words.partition("=")
    if not equals or not path.strip():
        hint = "write it like entities.users.rows=500"
        raise ScenarioError(Problem((), "no path and value with = between", hint, _told(words)))
    return Setting(path.strip(), _yaml_value(text, _told(words)), words)


def _yaml_value(text: str, file: str) -> Any:
    """The value that a YAML text stands for; None where it is empty."""
    if not text.strip():
        return None
    try:
        return read_yaml(text, file).value
    except SourceError as error:
        raise ScenarioError(
            [
                replace(each, path=(), hint="put quotes around a text", file=file, line=0, column=0)
                for each in error.problems
            ]
        ) from None


def overridden(scenario: Scenario, wanted: Iterable[str]) -> Scenario:
    """The scenario with values set in words such as `entities.users.rows=500`, one after the other.

    ScenarioError with every path that it doesn't have and value that can't be read, or what is wrong with it then.
    """
    # Spelled as a file, so that a path that is asked for is the path that the file would have.
    data = _spelled(scenario)
    # All settings are tried, so that every wrong one is told at once.
    problems: list[Problem] = []
    told: dict[Path, str] = {}
    for words in wanted:
        try:
            told[_set(data, setting(words))] = _told(words)
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(problems)
    origin = OverriddenOrigin(scenario.origin, told)
    try:
        read = read_document(Document(scenario.origin.file, data, {}))
    except ScenarioError as error:
        raise ScenarioError(
            [origin.problem(each.path, each.what, each.hint, each.type) for each in error.problems]
        ) from None
    # The notes of the first reading stay: they tell of the source, which the settings do not change.
    return read.read_from(origin, scenario.notes)


def _told(words: str) -> str:
    return f"--set {words}"


def _spelled(scenario: Scenario) -> dict[str, Any]:
    """The scenario as a native file would have it, with names as keys."""
    data = canonical(scenario)
    data["entities"] = {entity.pop("name"): entity for entity in data["entities"]}
    for entity in data["entities"].values():
        entity["columns"] = {column.pop("name"): _beside(column) for column in entity["columns"]}
    if "presets" in data:
        data["presets"] = {name: _beside({"generator": spec}) for name, spec in data["presets"].items()}
    if "rules" in data:
        data["rules"] = [_beside(_aliased(rule)) for rule in data["rules"]]
    return data


def _aliased(rule: dict[str, Any]) -> dict[str, Any]:
    return {Rule.model_fields[key].alias or key: value for key, value in rule.items()}


def _beside(record: dict[str, Any]) -> dict[str, Any]:
    """A record with its generator's params beside the generator's name."""
    spec = record.get("generator")
    if not isinstance(spec, Mapping):
        return record
    return {**record, "generator": spec["type"], **({"params": dict(spec["params"])} if spec.get("params") else {})}


def _set(data: dict[str, Any], wanted: Setting) -> Path:
    """Put a value where its path leads; the path as it is spelled there. ScenarioError where there is no such place."""
    path = tuple(_walked(data, wanted))
    holder: Any = data
    for part in path[:-1]:
        # A part that the spelled scenario leaves out, as it has its default value.
        if isinstance(holder, dict) and holder.get(part) is None:
            holder[part] = {}
        holder = holder[part]
    if path[-1] == "generator" and holder.get("generator") != wanted.value:
        holder.pop("params", None)  # another generator has params of its own
    holder[path[-1]] = _kept_fixed(holder, path, wanted.value)
    return path


def _kept_fixed(holder: Any, path: Path, value: Any) -> Any:
    """A count for an entity's rows leaves its fixed rows."""
    before = holder.get("rows") if path[-1] == "rows" and isinstance(holder, Mapping) else None
    # Fixed rows are written out in the scenario; a number of rows for testing is not meant to drop them.
    if isinstance(value, int) and isinstance(before, Mapping) and before.get("fixed"):
        return {"count": value, "fixed": before["fixed"]}
    return value


def _walked(data: dict[str, Any], wanted: Setting) -> Iterator[str | int]:
    """The parts of a path, as the spelled scenario has them; ScenarioError where it has not."""
    words = _plain_words(wanted.path)
    here: Any = data
    walked: Path = ()
    kind, is_open = "", False
    while words:
        if isinstance(here, list):
            part: str | int = _index(here, words.pop(0), walked, wanted)
        elif isinstance(here, Mapping) or here is None:
            part = _longest(here or {}, words)
            is_open = is_open or (kind != "" and part in _OPEN)
            _refuse_unknown(here or {}, (*walked, part), kind, is_open, wanted)
        else:
            raise _refused(wanted, (*walked, words[0]), f"{'.'.join(map(str, walked))} is a value and has no parts")
        yield part
        walked = (*walked, part)
        here = here[part] if isinstance(part, int) else (here or {}).get(part)
        kind = _kind(kind, part, walked)
        # `rows: 500` is short for `rows: {count: 500}`, so that a path may lead below it.
        if kind == "rows" and isinstance(here, int):
            here = {"count": here}


def _plain_words(path: str) -> list[str]:
    """A path's words: `generator.params.max` stands for `params.max`, `generator.type` for `generator`."""
    # Both spellings of a generator are read, and the file's own has the params beside its name.
    text = f"{path}.".replace(".generator.params.", ".params.").replace(".generator.type.", ".generator.")
    return text.removesuffix(".").split(".")


def _longest(here: Mapping[str, Any], words: list[str]) -> str:
    """The longest name at the path's beginning that is there, as names may hold dots; else its first word."""
    for size in range(len(words), 1, -1):
        name = ".".join(words[:size])
        if name in here:
            del words[:size]
            return name
    return words.pop(0)


def _refused(wanted: Setting, path: Path, what: str, hint: str = "") -> ScenarioError:
    return ScenarioError(Problem(path, what, hint, _told(wanted.words)))


def _index(here: list[Any], word: str, walked: Path, wanted: Setting) -> int:
    if not word.isdecimal() or int(word) >= len(here):
        what = f"{'.'.join(map(str, walked))} is a list of {len(here)}, without a part {word!r}"
        raise _refused(wanted, (*walked, word), what, "parts of a list are numbered from 0")
    return int(word)


def _kind(kind: str, part: str | int, walked: Path) -> str:
    """What a mapping holds: by the name of what it stands in, as a path alternates between names and records."""
    if part in ("entities", "presets", "rules") and len(walked) == 1:
        return f"{part}*"  # the names, or numbers, of its records come first
    if kind.endswith("*"):
        return kind.removesuffix("*")
    if kind == "entities" and part == "columns":
        return "columns*"
    return "rows" if kind == "entities" and part == "rows" else "open"


def _refuse_unknown(here: Mapping[str, Any], path: Path, kind: str, is_open: bool, wanted: Setting) -> None:
    part = str(path[-1])
    # What is there may be set anew, and below params names are the generator's own, which the plan checks.
    if part in here or is_open or kind == "open":
        return
    if kind.endswith("*"):
        word = _NAMED.get(kind.removesuffix("*"), "part")
        raise _refused(wanted, path, f"there is no {word} {part!r}", did_you_mean(part, here))
    known = _KEYS[kind]
    if part not in known:
        hint = did_you_mean(part, known, "known: " + ", ".join(known))
        raise _refused(wanted, path, f"unknown key {part!r}", hint)


class OverriddenOrigin(WrappedOrigin):
    """Where a scenario's parts stand, some of which were set on the command line: their words stand for a place."""

    def __init__(self, below: Origin, words: Mapping[Path, str]) -> None:
        super().__init__(below)
        self.open_counts -= {str(path[1]) for path in words if path[2:3] == ("rows",)}
        self._words = dict(words)

    def problem(self, path: Path, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> Problem:
        """A problem at a canonical path, told at the override that the part comes from, or in the source."""
        sizes = range(len(path), 0, -1)
        # The longest path first: the innermost setting is the one that a problem comes from.
        words = next((self._words[path[:size]] for size in sizes if path[:size] in self._words), None)
        if words is None:
            return self._below.problem(path, what, hint, type)
        return Problem(path, what, hint, words, type=type)


class RulesOrigin(WrappedOrigin):
    """Where a scenario's parts stand whose first rules were read from elsewhere."""

    def __init__(self, below: Origin, before: Iterable[tuple[Origin, Path]]) -> None:
        super().__init__(below)
        self._before = tuple(before)

    def problem(self, path: Path, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> Problem:
        """A problem at a canonical path: of the first rules in their own source, else in the scenario's."""
        if path[:1] != ("rules",) or len(path) < 2 or not isinstance(path[1], int):
            return self._below.problem(path, what, hint, type)
        if path[1] < len(self._before):
            origin, place = self._before[path[1]]
            return origin.problem((*place, *path[2:]), what, hint, type)
        return self._below.problem(("rules", path[1] - len(self._before), *path[2:]), what, hint, type)
