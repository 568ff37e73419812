"""A source → a scenario: a file, a folder, a database, or the name of a shipped example, whichever format it is in."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from sdgen.databases.registry import of_source
from sdgen.databases.urls import without_password
from sdgen.errors import Problem, ProblemType, SdgenError, SourceError, TargetError, did_you_mean
from sdgen.files.remote import Store, is_remote
from sdgen.readers.base import MOST_BYTES, ReadOptions, Source
from sdgen.readers.formats import Format, format_of, formats
from sdgen.readers.native import scenario_file
from sdgen.readers.yaml_text import Document, read_document
from sdgen.scenario.model import Scenario

DEFAULTS = ReadOptions()

# Comments and white space, then a word that statements begin with and no mapping does: a colon would follow there.
_SQL = re.compile(
    r"(?:\s|--[^\n]*|\#[^\n]*|/\*.*?\*/)*+"
    r"(?:create|alter|drop|set|begin|start|use|comment|pragma|lock|select|grant|copy|insert|commit|truncate|exec|print"
    r"|declare|delimiter|delete|update|if|go|do|\\\w+)\b(?!\s*:)",
    re.IGNORECASE | re.DOTALL,
)


def read_source(source: str | Path, options: ReadOptions = DEFAULTS) -> Scenario:
    """The scenario of a source of any known format, or of a shipped example.

    SourceError where there is none or it can't be read, ScenarioError where it is wrong.
    """
    with _here(_named(source)) as found, _uncollected():
        # A file or folder goes before a shipped example of the same name.
        return changed(_read(_format(found), found, options) if _is_there(found) else _example(found), options)


def _named(source: str | Path) -> Source:
    """The source of this name; SourceError for a scenario's own text, which no file system could look up."""
    name = str(source)
    if "\n" in name:
        hint = "write it to a file, or give it as data: sdgen.read(yaml.safe_load(text))"
        what = f"this is a text of {len(name.splitlines())} lines, not a file, folder or example"
        raise SourceError(Problem((), what, hint, type=ProblemType.SOURCE))
    return Source(name)


@contextmanager
def _here(source: Source) -> Iterator[Source]:
    """The source; of a file beyond this machine, s3://bucket/schema.sql, a copy of it. Problems name the URL."""
    scheme, separator, _ = source.name.partition("://")
    if not separator or of_source(source.name) is not None or not is_remote(scheme.lower()):
        yield source
        return
    shown = without_password(source.name.partition("?")[0])
    with TemporaryDirectory(prefix="sdgen-source-") as folder:
        # The copy keeps the file's name: formats go by its suffix, and scenarios are named after it.
        path = Path(folder) / PurePosixPath(source.name.partition("?")[0]).name
        path.write_bytes(_remote_bytes(source.name, shown))
        try:
            yield Source(str(path), shown)
        except SdgenError as error:
            problems = [replace(each, file=each.file.replace(str(path), shown)) for each in error.problems]
            raise type(error)(problems) from None


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for cycles of garbage meanwhile: of a large schema's records, all of them kept, it takes a seventh."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _read(form: Format, source: Source, options: ReadOptions) -> Scenario:
    scenario = form.reader.read(source, options)
    if not form.counted:
        scenario.origin.open_counts = frozenset(scenario.entities)
    if source.url:  # what is found to be wrong later is told of the URL
        scenario.origin.file = source.url
    return scenario


def _remote_bytes(url: str, shown: str) -> bytes:
    """A file's bytes; SourceError where there are none, or too many."""
    place, mark, query = url.partition("?")
    folder, _, name = place.rpartition("/")
    try:
        found = Store(f"{folder}{mark}{query}").read(name, MOST_BYTES)
    except FileNotFoundError:
        raise SourceError(Problem((), "there is no such file", "", shown, type=ProblemType.SOURCE)) from None
    except TargetError as error:
        raise SourceError([replace(each, path=(), type=ProblemType.SOURCE) for each in error.problems]) from None
    if len(found) > MOST_BYTES:
        what = f"larger than {MOST_BYTES // 1024**2} MiB"
        raise SourceError(Problem((), what, "", shown, type=ProblemType.SOURCE))
    return found


def changed(scenario: Scenario, options: ReadOptions) -> Scenario:
    """The scenario with the rules and values that a user asks for besides; ScenarioError where they are wrong."""
    if options.rules:
        from sdgen.readers.native.rules_file import with_rules_of

        scenario = with_rules_of(scenario, options.rules)
    if options.sets:
        from sdgen.readers.override import overridden

        scenario = overridden(scenario, options.sets)
    return scenario


def read_counted(
    source: str | Path, rows: Mapping[str, int], options: ReadOptions = DEFAULTS
) -> tuple[Scenario, dict[str, int]]:
    """A scenario, and the row counts still to be asked of it.

    Where a source says nothing of counts, its reader takes that of every entity: it knows how many it may have.
    """
    counts = dict(rows)
    with _here(_named(source)) as found, _uncollected():
        if not _is_there(found):
            return changed(_example(found), options), counts
        form = _format(found)
        # The count of every entity is taken out of those to be asked of the scenario: the reader has kept to it
        # already, where keys left room for as many.
        if not form.counted:
            options = replace(options, rows=counts.pop("*", options.rows))
        return changed(_read(form, found, options), options), counts


def read_as(kind: str, source: str, options: ReadOptions = DEFAULTS) -> Scenario:
    """The scenario of a source that is said to be of a kind of format; SourceError where there is no such kind."""
    known = {each.kind: each for each in formats()}
    if kind not in known:
        what, hint = f"no format is called {kind!r}", did_you_mean(kind, known)
        raise SourceError(Problem((), what, hint, source, type=ProblemType.SOURCE))
    with _here(Source(source)) as found:
        return _read(known[kind], found, options)


def read_text_as_scenario(text: str, file: str, options: ReadOptions = DEFAULTS) -> Scenario:
    """The scenario of a text: YAML or JSON as a native file holds it, or the statements of a DDL file.

    `file` is its name in messages, and the scenario's where it has none. No file is opened, whatever the text says.
    """
    if is_sql(text):
        from sdgen.readers.sql.ddl import read_ddl
        from sdgen.readers.sql.scenario import relational_scenario

        scenario = relational_scenario(read_ddl(text, file, options.dialect), options.rows)
        scenario.origin.open_counts = frozenset(scenario.entities)
        return scenario
    return scenario_file.read_document(read_document(text, file, may_repeat=True), name=_stem(file))


def read_text_counted(text: str, file: str, rows: Mapping[str, int]) -> tuple[Scenario, dict[str, int]]:
    """The scenario of a text, and the row counts still to be asked of it; see `read_counted`."""
    counts = dict(rows)
    every = counts.pop("*", None) if is_sql(text) else None
    return read_text_as_scenario(text, file, ReadOptions(rows=every)), counts


def is_sql(text: str) -> bool:
    """Whether a text begins as SQL does, and neither YAML nor JSON."""
    return _SQL.match(text) is not None


def read_mapping(value: dict[str, object], name: str = "scenario") -> Scenario:
    """The scenario of plain data, as a native file would hold it."""
    return scenario_file.read_document(Document(name, value, {}), name=_stem(name))


def _stem(file: str) -> str:
    return file.rpartition("/")[2].partition(".")[0] or "scenario"


def examples() -> dict[str, Path]:
    """The shipped examples, by name."""
    folder = files("sdgen").joinpath("examples")
    found = [Path(str(entry)) for entry in folder.iterdir()] if folder.is_dir() else []
    return {path.stem: path for path in sorted(found) if path.suffix == ".yaml"}


def _is_there(source: Source) -> bool:
    return ":" in source.name or source.path.exists() or source.name not in examples()


def _format(source: Source) -> Format:
    """The format of a source; SourceError where there is no such source, or no reader knows it."""
    if ":" not in source.name and not source.path.exists():
        word = source.path.stem if source.path.suffix in (".yaml", ".yml") else source.name
        hint = did_you_mean(word, examples(), "give a file, a folder, or a shipped example: " + ", ".join(examples()))
        what = "there is no such file, folder or example"
        raise SourceError(Problem((), what, hint, source.name, type=ProblemType.SOURCE))
    found = format_of(source)
    if found is None:
        kinds = ", ".join(each.kind for each in formats())
        hint = f"known formats: {kinds}; `sdgen import KIND` reads a file as the kind you name"
        raise SourceError(Problem((), "no known format", hint, source.name, type=ProblemType.SOURCE))
    return found


def _example(source: Source) -> Scenario:
    return read_text_as_scenario(examples()[source.name].read_text("utf-8"), f"{source.name}.yaml")
