"""jafgen schemas → a scenario: a file of one system, or a folder of such files as one dataset.

The format is that of the schema-driven jafgen (dbt-labs/jaffle-shop-generator, pull request 130): a YAML document with
`system`, and `entities` whose `attributes` have a type, constraints, and links `system.entity.attribute`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sdgen.errors import Path, Problem, ProblemType, ScenarioError, SourceError
from sdgen.errors import Path as Place
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.drafts import ScenarioDraft
from sdgen.readers.jafgen.columns import drafted
from sdgen.readers.jafgen.links import Entities, add_guesses, set_links
from sdgen.readers.jafgen.outputs import output_of, output_origin
from sdgen.readers.jafgen.records import EntityRecord, SystemRecord, documents, system_record
from sdgen.readers.yaml_text import Document
from sdgen.scenario.model import Scenario
from sdgen.scenario.problems import Origin

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
