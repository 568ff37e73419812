"""Rules from a file of their own, which stand before a scenario's: a list as a scenario has it, or a plain table.

- {field: caption, generator: text.sentence}          the list, alone or under `rules:`
- {fieldPattern: _cluster_, generator: uniform_int, params: {max: 9}}

fields:   {caption: text.sentence}                    the table: generators by field, pattern or type
patterns: {"*_cluster_*": {generator: uniform_int, params: {min: 0, max: 9}}}
types:    {"string[]": {generator: array, params: {items: text.word}}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdgen.errors import Path as Place
from sdgen.errors import Problem, ScenarioError, did_you_mean
from sdgen.inference.complete import is_whole
from sdgen.readers.base import read_text
from sdgen.readers.feasibility import generator_problems
from sdgen.readers.native.scenario_file import read_rules
from sdgen.readers.override import RulesOrigin
from sdgen.readers.yaml_text import Document, read_document
from sdgen.scenario.model import Column, GeneratorSpec, Scenario

TABLES: Mapping[str, str] = {"fields": "field", "patterns": "pattern", "types": "type"}
SPELLINGS: Mapping[str, str] = {
    "fieldname": "field",
    "field_name": "field",
    "fieldpattern": "pattern",
    "field_pattern": "pattern",
    "fieldtype": "type",
    "field_type": "type",
}
# What other languages call the types of columns; a text is a text, whether its length is bounded or not.
TYPES: Mapping[str, tuple[str, ...]] = {
    "string": ("string", "text"),
    "text": ("text", "string"),
    "number": ("double", "float"),
    "boolean": ("bool",),
    "date": ("date", "timestamp", "timestamptz"),
    "datetime": ("timestamp", "timestamptz"),
    "record": ("map", "json"),
    "object": ("json", "struct", "map"),
}
_REGEX_MARKS = re.compile(r"[\\^$.|+()\[\]{}]")
_WRAPPED = re.compile(r"(?:nullable|optional|lowcardinality)\s*[<(](.*)[>)]", re.IGNORECASE)
_ARRAY = re.compile(r"(.*)\[\]|array\s*[<(](.*)[>)]", re.IGNORECASE)
_RECORD = re.compile(r"(?:record|map)\s*[<(]\s*(\w+)\s*,(.*)[>)]", re.IGNORECASE)
_ANYTHING = frozenset({"any", "unknown", "object"})  # values of which no type is known: such a record is a document
_SEARCHED = re.compile(r"/(.*)/[a-z]*", re.DOTALL)


def with_rules_of(scenario: Scenario, file: str) -> Scenario:
    """The scenario with the rules of a file before its own.

    SourceError where the file can't be read, ScenarioError with every problem of its rules.
    """
    document = read_document(read_text(Path(file)), file)
    reading = _Rules(document)
    records = list(reading.records())
    try:
        rules, origin = read_rules(document, records)
    except ScenarioError as error:
        raise ScenarioError([*reading.problems, *error.problems]) from None
    if reading.problems:
        raise ScenarioError(reading.problems)
    before = ((origin, place) for _, place in records)
    # Before the scenario's own: the first rule that fits a column is taken.
    joined = scenario.model_copy(update={"rules": (*rules, *scenario.rules)})
    found = joined.read_from(RulesOrigin(scenario.origin, before), scenario.notes)
    _check_generators(found, len(rules))
    return found


def _check_generators(scenario: Scenario, count: int) -> None:
    """ScenarioError where one of the first rules names a generator that there isn't, or params it doesn't take."""
    specs: list[tuple[GeneratorSpec, Place]] = [
        (rule.generator, ("rules", number, "generator"))
        for number, rule in enumerate(scenario.rules[:count])
        # What is left open, and what placeholders stand for, shows at the columns that the rule is taken for.
        if is_whole(Column(generator=rule.generator)) and "$" not in repr(rule.generator.params)
    ]
    problems = generator_problems(scenario, specs)
    if problems:
        raise ScenarioError(problems)


@dataclass
class _Rules:
    """One document on its way to a list of rules."""

    document: Document
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, path: Place, what: str, hint: str = "") -> None:
        self.problems.append(self.document.problem(path, what, hint))

    def records(self) -> Iterator[tuple[dict[str, Any], Place]]:
        """Each rule as a scenario has it, and where it stands."""
        value = self.document.value
        if isinstance(value, list):
            yield from self._listed(value, ())
        elif isinstance(value, Mapping):
            yield from self._mapping(value)
        else:
            self.refuse((), "a file of rules is a list, or a mapping with rules, fields, patterns or types")

    def _mapping(self, value: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Place]]:
        known = ("rules", *TABLES)
        for key in value.keys() - set(known):
            self.refuse((key,), f"unknown key {key!r}", did_you_mean(key, known, "known: " + ", ".join(known)))
        listed = value.get("rules") or []
        if not isinstance(listed, list):
            self.refuse(("rules",), "rules must be a list", "the table of generators by name goes under fields")
        else:
            yield from self._listed(listed, ("rules",))
        for table, condition in TABLES.items():
            yield from self._table(value.get(table) or {}, table, condition)

    def _table(self, value: object, table: str, condition: str) -> Iterator[tuple[dict[str, Any], Place]]:
        if not isinstance(value, Mapping):
            self.refuse((table,), f"{table} must be a mapping to generators")
            return
        for name, spec in value.items():
            record = {"generator": spec} if isinstance(spec, str) else spec
            if not isinstance(record, Mapping) or condition in record:
                self.refuse((table, name), "must be a generator's name, or {generator, params}")
            else:
                yield self._rule({**record, condition: name}, (table, name)), (table, name)

    def _listed(self, rules: list[Any], path: Place) -> Iterator[tuple[dict[str, Any], Place]]:
        for index, rule in enumerate(rules):
            place = (*path, index)
            if isinstance(rule, Mapping):
                yield self._rule(rule, place), place
            else:
                self.refuse(place, "a rule is a mapping with field, pattern or type, and a generator")

    def _rule(self, record: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """The record in a scenario's words."""
        found = {SPELLINGS.get(key.lower(), key): value for key, value in record.items()}
        if isinstance(found.get("pattern"), str):
            found["pattern"] = self._pattern(found["pattern"], "pattern" not in record, place)
        if isinstance(found.get("type"), str | list):
            wanted = [found["type"]] if isinstance(found["type"], str) else found["type"]
            found["type"] = [name for each in wanted for name in (_types(each) if isinstance(each, str) else [each])]
        return found

    def _pattern(self, text: str, searched: bool, place: Place) -> str:
        """A pattern for whole names: of one with stars for anything, or of one that may stand anywhere in a name."""
        slashed = _SEARCHED.fullmatch(text)
        bare = slashed[1] if slashed else text
        # Stars and no other mark of a regular expression: people write these as for file names.
        if slashed is None and "*" in text and not _REGEX_MARKS.search(text):
            return text.replace("*", ".*").replace("?", ".")
        try:
            re.compile(bare)
        except re.error as error:
            self.refuse((*place, "pattern"), f"{text!r} is not a regular expression: {error}")
            return ""
        if not (searched or slashed):
            return bare
        # A rule's pattern is one of whole names; `fieldPattern` and /…/ are searched for anywhere in a name.
        inner = bare.removeprefix("^").removesuffix("$")
        return f"{'' if bare.startswith('^') else '.*'}(?:{inner}){'' if bare.endswith('$') else '.*'}"


def _types(text: str) -> list[str]:
    """The types that a word speaks of: `string[]` of arrays of texts."""
    wrapped = _WRAPPED.fullmatch(text.strip())
    if wrapped is not None:
        return _types(wrapped[1])
    array = _ARRAY.fullmatch(text.strip())
    if array is not None:
        return [f"array<{item}>" for item in _types(array[1] or array[2] or "")]
    record = _RECORD.fullmatch(text.strip())
    if record is not None:
        values = _types(record[2])
        documents = ["json"] if record[2].strip().lower() in _ANYTHING else []
        return [f"map<{key}, {value}>" for key in _types(record[1]) for value in values] + documents
    return list(TYPES.get(text.strip().lower(), (text.strip(),)))
