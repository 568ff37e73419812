"""Scenarios and targets by id: files of two folders, then what the store keeps, then the shipped examples.

An id is looked for first as what a file says of itself, then as a file's stem. Only files directly in the folders
count; ids are compared with what is there, and never become part of a path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

from sdgen.databases.urls import without_password
from sdgen.errors import NotFound, Problem, ScenarioError, SdgenError, StoreError, TargetError, did_you_mean
from sdgen.execution import target_kinds
from sdgen.execution.access import ANYTHING, Access, files_in
from sdgen.execution.catalog import EXAMPLE, FOLDER, ID, STORE, CatalogEntry
from sdgen.execution.target_problems import access_problems
from sdgen.execution.target_spec import TargetSpec, absolute_spec, password_problems
from sdgen.execution.targets import resolve_target, target_of_file
from sdgen.readers.base import Source, read_text
from sdgen.readers.formats import DOCUMENTS, format_of
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import examples, is_sql, read_source, read_text_as_scenario
from sdgen.scenario.model import Scenario
from sdgen.scenario.output import METADATA
from sdgen.service.catalog_store import CatalogStore, StoredScenario
from sdgen.service.records import ScenarioEntry, TargetEntry

T = TypeVar("T")


class StoredCatalog:
    """What requests can name by id."""

    def __init__(self, store: CatalogStore, scenarios_dir: Path | None = None, targets_dir: Path | None = None) -> None:
        self.store = store
        self.scenarios_dir = scenarios_dir
        self.targets_dir = targets_dir

    def scenario(self, scenario_id: str, version: str = "") -> CatalogEntry[Scenario]:
        """A scenario; NotFound where no id or stem is such, ScenarioError or SourceError where it can't be read."""
        kept = self.store.scenario(scenario_id, version) if ID.fullmatch(scenario_id) else None
        # A file is of one version: where the store keeps the one that is named, no folder needs to be read.
        found = None if version and kept else self._in_scenarios_dir(scenario_id)
        if found is not None and version in ("", found.value.version):
            return found
        if kept is not None:
            return CatalogEntry(kept.id, read_text_as_scenario(kept.text, kept.file), STORE, kept.file, kept.text)
        path = examples().get(scenario_id)
        shipped = _example(scenario_id) if path is not None else None
        if path is not None and shipped is not None and version in ("", shipped.version):
            return CatalogEntry(scenario_id, shipped, EXAMPLE, path.name, path.read_text("utf-8"))
        raise self._no_scenario(scenario_id, version)

    def _in_scenarios_dir(self, scenario_id: str) -> CatalogEntry[Scenario] | None:
        found = _chosen(_in_folder(self.scenarios_dir, _scenario_of), scenario_id, ScenarioError)
        if found is None:
            return None
        own = found.value.id or scenario_id  # its file's stem finds it too, and runs remember its own
        return CatalogEntry(own, found.value, FOLDER, found.file, read_text(Path(found.file)))

    def _no_scenario(self, scenario_id: str, version: str) -> NotFound:
        entries = {entry.id: entry for entry in self.scenarios()}
        if version and scenario_id in entries:
            what = f"there is no scenario {scenario_id!r} of version {version!r}"
            hint = "versions: " + (", ".join(entries[scenario_id].versions) or "none that has a name")
            return NotFound(Problem(("scenario_version",), what, hint))
        what = f"there is no scenario {scenario_id!r}"
        return NotFound(Problem(("scenario_id",), what, did_you_mean(scenario_id, entries, "`sdgen scenario list`")))

    def scenarios(self) -> list[ScenarioEntry]:
        """All scenarios by id, those that can't be read among them; of several with one id, what `scenario` finds."""
        entries: dict[str, ScenarioEntry] = {}
        for file, scenario in _in_folder(self.scenarios_dir, _scenario_of):
            stem = Path(file).stem
            if isinstance(scenario, Scenario):
                state = Path(file).stat()
                kind = _kind_of(file, state.st_mtime_ns, state.st_size)
                entry = _entry(scenario.id or stem, scenario, FOLDER, file, kind)
            else:
                entry = ScenarioEntry(id=stem, kind="", source=FOLDER, file=file, problem=str(scenario))
            entries.setdefault(entry.id, entry)
        for scenario_id, versions in self.store.scenarios().items():
            entries.setdefault(scenario_id, _kept_entry(versions))
        for name in examples():
            if name not in entries:
                entries[name] = _entry(name, _example(name), EXAMPLE, f"{name}.yaml")
        return [entries[key] for key in sorted(entries)]

    def add_scenario(
        self, scenario: Scenario, text: str = "", file: str = "", scenario_id: str = "", *, replace: bool | None = None
    ) -> ScenarioEntry:
        """Keep a scenario in the store under its id, or the name of its file, or its own; each version is kept.

        replace: StoreError where a file of the folder has that id or, if false, an example; None: whoever has it.
        """
        chosen = scenario_id or scenario.id or Path(file).stem or scenario.name
        if not ID.fullmatch(chosen):
            hint = "letters, digits, dot, dash and underscore; give it one with --id"
            raise ScenarioError(Problem(("id",), f"{chosen!r} can't be an id", hint))
        if replace is not None:
            self._refuse_taken(chosen, replace)
        self.store.add_scenario(
            chosen, scenario, text or scenario_text(scenario), Path(file).name or _file_of(chosen, text)
        )
        return _kept_entry(self.store.scenarios()[chosen])

    def save_scenario(self, scenario_id: str, text: str, base: str) -> StoredScenario:
        """Keep a text that was edited from the revision `base` of a stored scenario, or as a new scenario: base "".

        ScenarioError where the text can't be read, StoreError where the id has another scenario or revision now.
        """
        if not ID.fullmatch(scenario_id):
            hint = "letters, digits, dot, dash and underscore"
            raise ScenarioError(Problem(("scenario_id",), f"{scenario_id!r} can't be an id", hint))
        self._refuse_taken(scenario_id, replace=bool(base), field="scenario_id")
        file = _file_of(scenario_id, text)
        return self.store.add_scenario(scenario_id, read_text_as_scenario(text, file), text, file, base)

    def _refuse_taken(self, chosen: str, replace: bool, field: str = "id") -> None:
        """What is kept under an id that a file of the folder has would never be seen."""
        files = [file for file, found in _in_folder(self.scenarios_dir, _scenario_of) if chosen in _ids(file, found)]
        if files:
            what = f"the scenario {chosen} is the file {files[0]}, which is what this id means"
            raise StoreError(Problem((field,), what, "choose another id, or change that file"))
        if not replace and chosen in examples() and chosen not in self.store.scenarios():
            hint = "choose another id, or keep it instead of the example with ?replace=true"
            raise StoreError(Problem((field,), f"the scenario {chosen} is a shipped example", hint))

    def remove_scenario(self, scenario_id: str) -> None:
        """Forget a stored scenario; NotFound or StoreError where it isn't one."""
        if not self.store.remove_scenario(scenario_id):
            raise _not_stored_error("scenario", self.scenario(scenario_id))

    def target(self, target_id: str) -> CatalogEntry[TargetSpec]:
        """A target; NotFound where no id or stem is such, TargetError or SourceError where it can't be read."""
        found = _chosen(_in_folder(self.targets_dir, _target_of), target_id, TargetError)
        if found is not None:
            return CatalogEntry(target_id, found.value, FOLDER, found.file)
        kept = self.store.targets()
        if target_id in kept:
            return CatalogEntry(target_id, kept[target_id], STORE)
        known = [entry.id for entry in self.targets()]
        hint = did_you_mean(target_id, known, "`sdgen target list`")
        raise NotFound(Problem(("target_id",), f"there is no target {target_id!r}", hint))

    def targets(self) -> list[TargetEntry]:
        """All targets, those that can't be read among them, sorted by id."""
        entries: dict[str, TargetEntry] = {}
        for file, spec in _in_folder(self.targets_dir, _target_of):
            stem = Path(file).stem
            if isinstance(spec, TargetSpec):
                entry = target_entry(spec, FOLDER, file)
            else:
                entry = TargetEntry(id=stem, source=FOLDER, file=file, problem=without_password(str(spec)))
            entries.setdefault(entry.id, entry)
        for target_id, spec in self.store.targets().items():
            entries.setdefault(target_id, target_entry(spec, STORE))
        return [entries[key] for key in sorted(entries)]

    def add_target(self, spec: TargetSpec, *, replace: bool = False, access: Access = ANYTHING) -> TargetEntry:
        """Keep a target in the store; TargetError with every problem. Its secrets need not be there yet."""
        placed = absolute_spec(spec, Path.cwd())
        problems = [*password_problems(spec), *access_problems(placed, access)]
        if not ID.fullmatch(spec.id):
            problems.append(Problem(("target", "id"), f"{spec.id!r} can't be an id", "letters, digits, . - _"))
        if problems:
            raise TargetError(problems)
        # What stands for a secret need not be known here: it is read by the process that does a run.
        if "${" not in spec.dsn:
            resolve_target(placed)
        self.store.add_target(placed, replace)
        return target_entry(placed, STORE)

    def remove_target(self, target_id: str) -> None:
        """Forget a stored target; NotFound or StoreError where it isn't one."""
        if not self.store.remove_target(target_id):
            raise _not_stored_error("target", self.target(target_id))


def _file_of(scenario_id: str, text: str) -> str:
    """What a text without a file is called in messages: its suffix tells its language."""
    return f"{scenario_id}{'.sql' if is_sql(text) else '.yaml'}"


def _in_folder(
    folder: Path | None, read: Callable[[str, int, int], T | SdgenError]
) -> Iterator[tuple[str, T | SdgenError]]:
    """The files of a folder, each with what it holds, or with what is wrong with it."""
    if folder is None or not folder.is_dir():
        return
    for path in files_in(folder):
        if path.suffix.lower() in DOCUMENTS and path.name != METADATA:
            state = path.stat()
            yield str(path), read(str(path), state.st_mtime_ns, state.st_size)


def _ids(file: str, found: Scenario | SdgenError) -> set[str]:
    """The ids by which a scenario of the folder is found."""
    return {Path(file).stem, found.id} if isinstance(found, Scenario) else {Path(file).stem}


def _chosen(
    files: Iterator[tuple[str, T | SdgenError]], wanted: str, error: type[SdgenError]
) -> CatalogEntry[T] | None:
    """The file whose own id is the one wanted, else the one with that stem."""
    by_id, by_stem = [], []
    for file, value in files:
        if not isinstance(value, SdgenError) and getattr(value, "id", "") == wanted:
            by_id.append((file, value))
        elif Path(file).stem == wanted:
            by_stem.append((file, value))
    candidates = by_id or by_stem
    if len(candidates) > 1:
        names = ", ".join(Path(file).name for file, _ in candidates)
        raise error(Problem(("id",), f"{wanted!r} could be any of {names}", "give each file an id of its own"))
    for file, found in candidates:
        if isinstance(found, SdgenError):
            # The error is kept with its file: raised itself it would gather a traceback with each request.
            raise type(found)(found.problems)
        return CatalogEntry(wanted, found, FOLDER, file)
    return None


def _once_a_change(read: Callable[[str], T]) -> Callable[[str, int, int], T]:
    """A reader of files that keeps what each held last, however many there are: lists go over all of them."""
    kept: dict[str, tuple[tuple[int, int], T]] = {}

    def reading(file: str, changed: int, size: int) -> T:
        known = kept.get(file)
        if known is None or known[0] != (changed, size):
            known = kept[file] = (changed, size), read(file)
        return known[1]

    return reading


@_once_a_change
def _scenario_of(file: str) -> Scenario | SdgenError:
    """The scenario of a file, or its problems."""
    try:
        return read_source(file)
    except SdgenError as error:
        return error


@cache
def _example(name: str) -> Scenario:
    return read_source(name)


@_once_a_change
def _kind_of(file: str) -> str:
    """The format that a file is written in."""
    found = format_of(Source(file))
    return found.kind if found is not None else ""


@_once_a_change
def _target_of(file: str) -> TargetSpec | SdgenError:
    try:
        return target_of_file(Path(file))
    except SdgenError as error:
        return error


def _entry(scenario_id: str, scenario: Scenario, source: str, file: str, kind: str = "native") -> ScenarioEntry:
    return ScenarioEntry(
        id=scenario_id,
        kind=kind,
        name=scenario.name,
        version=scenario.version,
        description=scenario.description,
        source=source,
        file=file,
        entities=len(scenario.entities),
        versions=(scenario.version,) if scenario.version else (),
    )


def _kept_entry(versions: list[StoredScenario]) -> ScenarioEntry:
    newest = versions[-1]
    return ScenarioEntry(
        id=newest.id,
        kind="ddl" if newest.file.endswith(".sql") else "native",
        name=newest.name,
        version=newest.version,
        description=newest.description,
        source=STORE,
        file=newest.file,
        entities=newest.entities,
        versions=tuple(each.version or str(each.number) for each in versions),
    )


def target_entry(spec: TargetSpec, source: str, file: str = "") -> TargetEntry:
    """A target as it may be shown."""
    shown = spec.model_dump(include={"id", "name", "database", "allow_databases", "options"})
    kind = target_kinds.named(spec.kind) or target_kinds.kind_of(spec.dsn)
    mode = spec.mode.value if spec.mode else ""
    dsn = without_password(spec.dsn)
    return TargetEntry(**shown, kind=kind, dsn=dsn, schema=spec.schema_, mode=mode, source=source, file=file)


def _not_stored_error(word: str, found: CatalogEntry[T]) -> StoreError:
    is_file = found.source == FOLDER
    where = f"the file {found.file}" if is_file else "a shipped example"
    hint = "remove the file itself" if is_file else "it stays"
    return StoreError(Problem((), f"the {word} {found.id} is {where}, not in the store", hint))
