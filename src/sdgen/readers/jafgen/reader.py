"""jafgen schemas → a scenario: a file of one system, or a folder of such files as one dataset.

The format is that of the schema-driven jafgen (dbt-labs/jaffle-shop-generator, pull request 130): a YAML document with
`system`, and `entities` whose `attributes` have a type, constraints, and links `system.entity.attribute`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sdgen.errors import Path, Problem, ProblemType, ScenarioError, SourceError
from sdgen.errors import Path as Place
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.drafts import ScenarioDraft
from sdgen.readers.jafgen.columns import drafted
from sdgen.readers.jafgen.links import Entities, add_guesses, set_links
from sdgen.readers.jafgen.records import EntityRecord, SystemRecord, documents, system_record
from sdgen.readers.yaml_text import Document
from sdgen.scenario.model import Scenario
from sdgen.scenario.output import DATABASE_FORMATS, FILE_FORMATS, EntityOutput, Output
from sdgen.scenario.problems import Origin

# Without a seed, too, the rows are the same every time.
SEED = 42


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a file or a folder; ScenarioError with every problem of all its files."""
    problems: list[Problem] = []
    notes: list[Problem] = []
    documents = list(_documents(source, problems, notes))
    systems = [system_record(document, problems) for document in documents]
    entities = _named(systems, problems)
    if not problems and not entities:
        what, hint = "there are no entities", "a schema has `system` and `entities`"
        problems.append(Problem((), what, hint, source.name, type=ProblemType.MISSING))
    drafts = {name: drafted(name, record) for name, record in entities.items()}
    set_links(drafts)
    found = [problem for draft in drafts.values() for problem in draft.problems]
    # A file that can't be read takes its entities along: that links lead nowhere then is the same mistake told twice.
    problems += [each for each in found if not (each.type is ProblemType.REFERENCE and _lost_names(problems))]
    if problems:
        raise ScenarioError(problems)
    add_guesses(drafts)
    return _scenario(source, systems, drafts, notes)


def _lost_names(problems: Sequence[Problem]) -> bool:
    """Whether a system could not be read, so that links to it lead nowhere for that reason alone."""
    return any(each.type in (ProblemType.SYNTAX, ProblemType.SOURCE) or each.path == ("system",) for each in problems)


def _scenario(source: Source, systems: Sequence[SystemRecord], drafts: Entities, notes: list[Problem]) -> Scenario:
    add_notes(source.name, systems, drafts, notes)
    first = systems[0]
    seeds = [system.seed for system in systems if system.seed is not None]
    versions = {system.version for system in systems}
    draft = ScenarioDraft(
        name=source.path.resolve().name if source.is_folder else first.name,
        entities=drafts,
        version=first.version if len(versions) == 1 else "",
        seed=seeds[0] if seeds else SEED,
        output=output_of(systems, drafts, notes),
        notes=notes,
    )
    return draft.build(FilesOrigin(source.name, drafts, output_origin(systems)))


class FilesOrigin(Origin):
    """Where the parts of a scenario stand that was read from several files: each entity is in one of them."""

    def __init__(self, file: str, drafts: Entities, output: Origin | None = None) -> None:
        super().__init__(file)
        self._output = output
        self._origins = {name: draft.origin for name, draft in drafts.items()}

    def problem(self, path: Place, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> Problem:
        if path[:1] == ("output",) and self._output is not None:
            return self._output.problem(path, what, hint, type)
        origin = self._origins.get(str(path[1])) if path[:1] == ("entities",) and len(path) > 1 else None
        return (origin.problem if origin else super().problem)(path, what, hint, type)


def _documents(source: Source, problems: list[Problem], notes: list[Problem]) -> Iterator[Document]:
    """The documents of the source; what can't be read is a problem, what is no schema a note."""
    for each in documents(source.path) if source.is_folder else [source]:
        try:
            document = each.parsed
        except SourceError as error:
            problems.extend(error.problems)
            continue
        problems += document.repeated
        value = document.value
        # A folder may hold other files of YAML; a file that was named itself is meant to be one.
        if source.is_folder and not (isinstance(value, Mapping) and "system" in value):
            notes.append(Problem((), "left out: it has no `system`, so it is no schema", "", document.file))
        else:
            yield document


def _named(systems: Sequence[SystemRecord], problems: list[Problem]) -> dict[str, EntityRecord]:
    """Entities by names that tell them apart: a name that several systems use gets the system's before it."""
    records = [entity for system in systems for entity in system.entities]
    uses: dict[str, set[str]] = {}
    for record in records:
        uses.setdefault(record.key, set()).add(record.system)
    found: dict[str, EntityRecord] = {}
    for record in records:
        name = f"{record.system}_{record.key}" if len(uses[record.key]) > 1 else record.key
        name = name if name == record.key else name.replace("-", "_").replace(" ", "_").replace(".", "_")
        if name in found:
            what = f"{record.system} has a second entity {record.key!r}; the first is in {found[name].document.file}"
            hint = "give one of them another name"
            problems.append(record.document.problem(record.path, what, hint, ProblemType.DUPLICATE))
        found[name] = record
    return found


def add_notes(source: str, systems: Sequence[SystemRecord], drafts: Entities, notes: list[Problem]) -> None:
    """Add the notes of all entities, and those of the whole."""
    notes += _of_seeds(systems)
    keys = [f"{name}.{draft.key}" for name, draft in drafts.items() if draft.key]
    if keys:
        notes.append(Problem((), "taken as primary keys, by their names: " + ", ".join(keys), "", source))
    for name, draft in drafts.items():
        notes += draft.notes
        words = [column for column in draft.columns if column in draft.guessed]
        if words:
            what = f"plain words as to their type, so that the rules choose by name: {', '.join(words)}"
            notes.append(draft.origin.problem(("entities", name), what, "`generator: text.word` makes words of them"))


def _of_seeds(systems: Sequence[SystemRecord]) -> Iterator[Problem]:
    seeds = {system.seed for system in systems if system.seed is not None}
    if len(seeds) > 1:
        first = next(system for system in systems if system.seed is not None)
        told = ", ".join(str(seed) for seed in sorted(seeds))
        yield _origin(first).problem((), f"several seeds ({told}): that of {first.name} counts, {first.seed}")


def _origin(system: SystemRecord) -> Origin:
    root: Mapping[Path, Path] = {(): ("system",)}
    return Origin(system.document.file, {(): system.document.positions.get(("system", "output"), (1, 1))}, root)


# Outputs of jafgen's systems → the scenario's one output.
#
#     output: {format: [csv, parquet, duckdb], path: ./output, formats: {csv: {filename_pattern:
# "{entity_name}.{ext}"}},
#              per_entity: {orders: {format: parquet, path: facts}}}
#
# Of several systems, the first one that has an output gives the folder; the formats of the others are those of their
# entities.
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
    return next((_output_origin(system) for system in systems if system.output), None)


def _output_origin(system: SystemRecord) -> Origin:
    return Origin(system.document.file, system.document.positions, {("output",): ("system", "output")})


class _SystemOutput:
    """The output of one system."""

    def __init__(self, system: SystemRecord, drafts: Entities, notes: list[Problem]) -> None:
        self.system = system
        self.entities = {draft.record.key: name for name, draft in drafts.items() if draft.record.system == system.name}
        self._notes = notes
        self._origin = _output_origin(system)

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
            # The record itself tells whether a pattern may be used, so that it can't differ from what a scenario file
            # is told.
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
