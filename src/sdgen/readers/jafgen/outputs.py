"""Outputs of jafgen's systems → the scenario's one output.

    output: {format: [csv, parquet, duckdb], path: ./output, formats: {csv: {filename_pattern: "{entity_name}.{ext}"}},
             per_entity: {orders: {format: parquet, path: facts}}}

Of several systems, the first one that has an output gives the folder; the formats of the others are those of their
entities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sdgen.errors import Path, Problem, ProblemType
from sdgen.readers.jafgen.links import Entities
from sdgen.readers.jafgen.records import SystemRecord
from sdgen.scenario.output import DATABASE_FORMATS, FILE_FORMATS, EntityOutput, Output
from sdgen.scenario.problems import Origin

_KEYS = ("format", "path", "filename_pattern", "formats", "per_entity")
_OWN_KEYS = ("format", "path", "filename_pattern", "formats")
_PLACEHOLDERS = {"{entity_name}": "{entity}", "{ext}": "{format}", "{system}": "{scenario}"}


def output_of(systems: Sequence[SystemRecord], drafts: Entities, notes: list[Problem]) -> Output | None:
    """The output that the systems ask for, None where none does; what can't be had is added to the notes."""
    asked = [system for system in systems if system.output]
    if not asked:
        return None
    first, *others = [_SystemOutput(system, drafts, notes) for system in asked]
    whole = first.whole()
    for other in others:
        own = other.whole()
        if own.path != whole.path:
            what = f"{own.path} is not used: all files go to {whole.path}, as {first.system.name} has it"
            other.note(("path",), what)
        whole = whole.model_copy(update={"per_entity": {**whole.per_entity, **other.as_entities(own, whole)}})
    return whole


def output_origin(systems: Sequence[SystemRecord]) -> Origin | None:
    """Where the scenario's output stands."""
    return next((_origin(system) for system in systems if system.output), None)


def _origin(system: SystemRecord) -> Origin:
    return Origin(system.document.file, system.document.positions, {("output",): ("system", "output")})


class _SystemOutput:
    """The output of one system."""

    def __init__(self, system: SystemRecord, drafts: Entities, notes: list[Problem]) -> None:
        self.system = system
        self.entities = {draft.record.key: name for name, draft in drafts.items() if draft.record.system == system.name}
        self._notes = notes
        self._origin = _origin(system)

    def note(self, path: Path, what: str, type: ProblemType = ProblemType.OTHER, hint: str = "") -> None:
        self._notes.append(self._origin.problem(("output", *path), what, hint, type))

    def whole(self) -> Output:
        record = self.system.output
        self._strange(record, _KEYS, ())
        formats = self._formats(record.get("format"), FILE_FORMATS + DATABASE_FORMATS, ())
        return Output(
            format=formats or ("csv",),
            path=str(record.get("path") or "./output"),
            per_entity=self._per_entity(record.get("per_entity")),
            **self._pattern(record, ()),
            **self._database_name(record),
        )

    def as_entities(self, own: Output, whole: Output) -> dict[str, EntityOutput]:
        """What its entities have that differs from the whole."""
        changed: dict[str, Any] = {}
        if own.file_formats != whole.file_formats:
            changed["format"] = own.file_formats
        if own.filename_pattern != whole.filename_pattern:
            changed["filename_pattern"] = own.filename_pattern
        names = self.entities.values() if changed else own.per_entity
        return {name: EntityOutput(**{**changed, **_set(own.per_entity.get(name))}) for name in names}

    def _per_entity(self, value: object) -> dict[str, EntityOutput]:
        found = {}
        for key, record in value.items() if isinstance(value, Mapping) else ():
            path: Path = ("per_entity", str(key))
            if key not in self.entities or not isinstance(record, Mapping):
                what = f"{key!r} is no entity of {self.system.name}" if isinstance(record, Mapping) else "is no mapping"
                self.note(path, f"per_entity: {what}", ProblemType.REFERENCE)
                continue
            self._strange(record, _OWN_KEYS, path)
            formats = self._formats(record.get("format"), FILE_FORMATS, path)
            try:
                own = EntityOutput(format=formats, path=str(record.get("path") or ""), **self._pattern(record, path))
            except ValidationError as error:
                self.note((*path, "path"), f"is not used: {error.errors()[0]['msg'].removeprefix('Value error, ')}")
                own = EntityOutput(format=formats)
            found[self.entities[str(key)]] = own
        return found

    def _formats(self, value: object, known: tuple[str, ...], path: Path) -> tuple[str, ...]:
        words = [str(each) for each in value] if isinstance(value, list) else [str(value)] if value else []
        for word in (word for word in words if word not in known):
            what = f"the format {word!r} is left out: not known here"
            self.note((*path, "format"), what, ProblemType.UNKNOWN, "known: " + ", ".join(known))
        return tuple(dict.fromkeys(word for word in words if word in known))

    def _pattern(self, record: Mapping[str, Any], path: Path) -> dict[str, str]:
        """The one pattern of the names of files, where there is one that can be had."""
        formats = record.get("formats")
        settings = (
            [each for each in formats.values() if isinstance(each, Mapping)] if isinstance(formats, Mapping) else []
        )
        own = [str(each["filename_pattern"]) for each in (record, *settings) if each.get("filename_pattern")]
        if any(each.keys() - {"filename_pattern"} for each in settings):
            what = "formats: their options are not used: files are written with settings of their own"
            self.note((*path, "formats"), what)
        if not own:
            return {}
        pattern = own[0]
        for word, ours in _PLACEHOLDERS.items():
            pattern = pattern.replace(word, ours)
        if len(set(own)) > 1:
            self.note((*path, "formats"), f"of several patterns for names of files the first counts: {own[0]}")
        try:
            EntityOutput(filename_pattern=pattern)
        except ValidationError as error:
            what = f"filename_pattern {own[0]!r} is not used: {error.errors()[0]['msg'].removeprefix('Value error, ')}"
            self.note((*path, "formats"), what, ProblemType.VALUE)
            return {}
        return {"filename_pattern": pattern}

    def _database_name(self, record: Mapping[str, Any]) -> dict[str, str]:
        formats = record.get("formats")
        duckdb = formats.get("duckdb") if isinstance(formats, Mapping) else None
        options = duckdb.get("options") if isinstance(duckdb, Mapping) else None
        name = options.get("database_name") if isinstance(options, Mapping) else None
        plain = isinstance(name, str) and name.removesuffix(".duckdb") and "/" not in name and "\\" not in name
        return {"database_name": str(name).removesuffix(".duckdb")} if plain else {}

    def _strange(self, record: Mapping[str, Any], known: Sequence[str], path: Path) -> None:
        strange = sorted(str(key) for key in record.keys() - set(known))
        if strange:
            what = f"unknown keys: {', '.join(strange)}"
            self.note(path, what, ProblemType.UNKNOWN, "known: " + ", ".join(known))


def _set(own: EntityOutput | None) -> dict[str, Any]:
    return own.model_dump(exclude_defaults=True) if own is not None else {}
