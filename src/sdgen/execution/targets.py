"""A target by itself: its record, as files, requests and the store hold it, and what is wrong with it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus, urlsplit

from pydantic import ConfigDict, Field

from sdgen.databases.urls import path_of, with_database, with_encoded_user, without_password
from sdgen.errors import Problem, TargetError, did_you_mean
from sdgen.execution import secrets, target_kinds
from sdgen.execution.access import ANYTHING, Access, matches
from sdgen.execution.destinations import open_target
from sdgen.execution.documents import validate_document
from sdgen.execution.secrets import Redactor, passwords_of
from sdgen.readers.base import read_text
from sdgen.readers.yaml_text import Document, read_document
from sdgen.scenario.model import ModeName, Record, Scenario
from sdgen.scenario.output import DATABASE_FORMATS, DEFAULT_PATTERN, FileNames, Output
from sdgen.targets.base import Target

FILE_NAMES = ("filename_pattern", "per_entity")
OPTIONS = ("formats", "workers", "batch_size", *FILE_NAMES)
_HARMLESS = ("schema", "sslmode", "charset", "connect_timeout", "application_name")


class TargetSpec(Record):
    """A place to write, as it is written down."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=False)

    id: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]*$", description="what requests name it by; the file's stem if left out"
    )
    name: str = Field("", description="a name for people")
    kind: str = Field("", description="postgres, sqlite, duckdb, files …; found by the DSN where it tells")
    dsn: str = Field("", description="a URL or a path; ${NAME} and ${file:/path} stand for secrets")
    database: str = Field("", description="of a server: the database, instead of the one in the DSN")
    schema_: str = Field("", alias="schema", description="of PostgreSQL: the schema in which tables are made")
    options: Mapping[str, Any] = Field(
        default_factory=dict, description="formats: of files; workers: threads; batch_size: rows at once"
    )
    mode: ModeName | None = Field(None, description="the mode of runs that name none")
    allow_databases: tuple[str, ...] = Field(
        (), description="patterns such as *_demo: a run to a database of another name is refused"
    )

    def dumped(self) -> dict[str, Any]:
        """As plain data, without what it leaves out."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


@dataclass(frozen=True)
class ResolvedTarget:
    """A target that can be opened: its secrets in place. `shown` is the destination without passwords."""

    spec: TargetSpec
    kind: str
    shown: str
    destination: str = field(repr=False)
    redactor: Redactor
    formats: tuple[str, ...]
    names: FileNames | None = None

    def open(self) -> Target:
        return open_target(self.destination, self.formats, self.names)

    @property
    def facts(self) -> dict[str, Any]:
        """What of a target decides what is written, without the place and its credentials."""
        names = {name: self.spec.options[name] for name in FILE_NAMES if name in self.spec.options}
        return {"kind": self.kind, "schema": self.spec.schema_, "formats": list(self.formats), **names}


def target_of_file(path: Path) -> TargetSpec:
    """The target of a YAML or JSON file; its id is the file's stem where it names none, its paths start at the file."""
    spec = read_target(read_document(read_text(path), str(path)))
    named = spec if spec.id else spec.model_copy(update={"id": path.stem})
    return absolute_spec(named, path.absolute().parent)


def read_target(document: Document) -> TargetSpec:
    """The target of a document; TargetError with every problem where it is none."""
    return validate_document(TargetSpec, document, TargetError, under=("target",))


def resolve_target(spec: TargetSpec, access: Access = ANYTHING, formats: tuple[str, ...] = ()) -> ResolvedTarget:
    """The target with its secrets in place; TargetError with all that is wrong. Nothing is connected to."""
    problems = [*_faults(spec), *secrets.secret_problems(spec.dsn, access)]
    kind = target_kinds.named(spec.kind) or target_kinds.kind_of(spec.dsn)
    if problems:
        raise TargetError(problems)
    expanded = secrets.expand(spec.dsn, access)
    written = with_encoded_user(expanded.text)
    kind = kind or target_kinds.kind_of(written)
    if target_kinds.facts(kind).server and not target_kinds.is_readable(written, kind):
        hint = "scheme://user:password@host:port/database, letters such as @ and / in a password as %40 and %2F"
        raise TargetError(Problem(("target", "dsn"), "the host or port of the URL can't be read", hint))
    in_kind = target_kinds.in_kind(written, kind) if spec.kind else written
    if access.folders is not None:  # what was compared with the folders is what is opened: `file:x` is a URI to SQLite
        in_kind = target_kinds.with_absolute_path(in_kind, kind, Path.cwd())
    destination = _with_parts(in_kind, spec)
    redactor = Redactor(_secret_values(destination, expanded.values))
    shown = redactor(without_password(_with_parts(target_kinds.with_absolute_path(in_kind, kind, Path.cwd()), spec)))
    names = _file_names(spec, formats or _formats(spec))
    chosen = names.all_formats() if names else formats or _formats(spec)
    target = ResolvedTarget(spec, kind, shown, destination, redactor, chosen, names)
    problems = [Problem(each.path, redactor(each.what), each.hint) for each in _checked(target, access)]
    if problems:
        raise TargetError(problems)
    return target


def _checked(target: ResolvedTarget, access: Access) -> Iterator[Problem]:
    """Why a target with its secrets in place can't be opened, or not by this caller."""
    if target.kind == target_kinds.STDOUT and not access.stdout:
        hint = "`sdgen generate --to -` writes there"
        yield Problem(("target", "dsn"), "a run that is remembered can't go to standard output", hint)
    for patterns in (target.spec.allow_databases, access.databases):
        yield from guard_problems(target, patterns, "name another database, or change the target's guard")
    try:
        target.open()
    except TargetError as error:
        yield from error.problems
    else:
        opened = target_kinds.kind_of(target.destination)
        if opened != target.kind:  # a secret may hold another URL than the kind beside it says
            yield Problem(("target", "kind"), f"the kind is {target.kind}, but the dsn is of {opened or 'none'}")


def guard_problems(target: ResolvedTarget, patterns: Sequence[str], hint: str) -> Iterator[Problem]:
    """Why a target's database is none that patterns such as *_demo allow; none where there are no patterns."""
    database = target_kinds.database_of(target.destination, target.kind)
    if patterns and tuple(patterns) != ("*",) and not matches(database, tuple(patterns)):
        called = f"the database {database!r}" if database else "a database that the dsn does not name"
        yield Problem(("target", "allow_databases"), f"{called} is not one of {', '.join(patterns)}", hint)


GUARD_VARIABLE = "SDGEN_ALLOW_DATABASES"


def database_problems(target: ResolvedTarget, patterns: Sequence[str], scenario: Scenario | None) -> Iterator[Problem]:
    """Why a run may not go to a database: by the request's guard, the environment's or the scenario's."""
    if not target_kinds.facts(target.kind).database:
        return
    yield from guard_problems(target, patterns, "name another database, or change --allow-databases")
    environment = tuple(os.environ.get(GUARD_VARIABLE, "").replace(",", " ").split())
    yield from guard_problems(target, environment, f"name another database, or change {GUARD_VARIABLE}")
    if scenario is not None:
        own = "name another database, or change the scenario's allow_databases"
        yield from guard_problems(target, scenario.allow_databases, own)


def _faults(spec: TargetSpec) -> Iterator[Problem]:
    """What is wrong with a target as it is written."""
    kind = target_kinds.named(spec.kind) or target_kinds.kind_of(spec.dsn)
    told = target_kinds.kind_of(spec.dsn)
    known = target_kinds.kinds()
    whole = spec.dsn.startswith("${")  # the secret may be the whole URL
    if not spec.dsn:
        yield Problem(("target", "dsn"), "the target has no dsn", "the destination is empty: give a URL, or a path")
        return
    if any(letter < " " or letter == "\x7f" for letter in spec.dsn):
        yield Problem(("target", "dsn"), "the dsn holds a control character, such as a line end", "leave it out")
        return
    if spec.kind and kind not in known:
        yield _unknown_kind(spec.kind)
    elif not kind and not whole:
        yield from _unopened(spec)
    elif _of_another_kind(spec):
        what = f"the kind is {spec.kind}, but {without_password(spec.dsn)} is of {told}"
        yield Problem(("target", "kind"), what, "leave the kind out, or correct the dsn")
    facts = target_kinds.facts(kind)
    if facts.server and "://" not in spec.dsn and not whole:
        hint = f"write it as {kind}://user@host/database, or name another kind"
        yield Problem(("target", "dsn"), f"a target of the kind {kind} is a server, and {spec.dsn} is no URL", hint)
    if spec.schema_ and not facts.schemas:
        yield Problem(("target", "schema"), f"a target of the kind {kind} has no schema", "leave it out")
    if spec.database and not facts.server:
        yield Problem(("target", "database"), f"a target of the kind {kind} has no database to choose", "leave it out")
    for name in spec.options.keys() - set(OPTIONS):
        yield Problem(("target", "options", name), f"unknown option {name!r}", did_you_mean(name, OPTIONS))
    for name in ("workers", "batch_size"):
        value = spec.options.get(name, 1)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            yield Problem(("target", "options", name), "must be a whole number")


def _unopened(spec: TargetSpec) -> Iterator[Problem]:
    """What keeps a destination that doesn't tell its kind from being opened."""
    try:
        open_target(spec.dsn)
    except TargetError as error:
        yield from (Problem(("target", "dsn"), each.what, each.hint) for each in error.problems)


def _unknown_kind(kind: str) -> Problem:
    return Problem(
        ("target", "kind"), f"no kind of target is called {kind!r}", did_you_mean(kind, target_kinds.kinds())
    )


def _of_another_kind(spec: TargetSpec) -> bool:
    """Whether the DSN is a URL of another kind than the one that is named."""
    is_url = "://" in spec.dsn and not spec.dsn.startswith("${")
    return is_url and bool(spec.kind) and target_kinds.kind_of(spec.dsn) != target_kinds.named(spec.kind)


def _with_parts(destination: str, spec: TargetSpec) -> str:
    """A URL with the database and schema that the target names beside it."""
    if spec.database:
        destination = with_database(destination, spec.database)
    if spec.schema_:
        destination += ("&" if "?" in destination else "?") + f"schema={quote(spec.schema_)}"
    return destination


def _secret_values(destination: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """What must be shown nowhere: passwords, and secrets' values that are no ordinary part of the URL."""
    try:
        parts = urlsplit(destination)
        plain = {parts.hostname or "", parts.username or "", str(parts.port or ""), parts.path.strip("/"), parts.scheme}
    except ValueError:
        plain = set()
    hidden = [value for value in values if value not in plain and "://" not in value and "/" not in value[:1]]
    return tuple(dict.fromkeys([*passwords_of(destination), *hidden]))


def inline_target(target: str | Mapping[str, Any], access: Access, formats: tuple[str, ...] = ()) -> ResolvedTarget:
    """The target of a request that names no stored one: a destination, or a target as data."""
    if isinstance(target, str):
        spec = TargetSpec(dsn=target)
    else:
        spec = read_target(Document("", dict(target), {}))
    problems = list(access_problems(spec, access))
    if problems:
        raise TargetError(problems)
    return resolve_target(spec, access, formats)


def access_problems(spec: TargetSpec, access: Access) -> Iterator[Problem]:
    """Why a caller may not name this place in a request, or add it."""
    if not spec.dsn:
        return  # which `resolve_target` tells of
    kind = target_kinds.named(spec.kind) or target_kinds.kind_of(spec.dsn)
    if spec.kind and kind not in target_kinds.kinds():
        yield _unknown_kind(spec.kind)
        return
    if kind == target_kinds.STDOUT:
        return
    for name in secrets.secret_names(spec.dsn):
        if not access.allows_secret(name):
            yield Problem(
                ("target", "dsn"), f"${{{name}}} may not be named here", "allowed: " + _listed(access.secrets)
            )
    if target_kinds.facts(kind).local:
        yield from _allowed_file(spec, access)
    elif not access.allows_destination(spec.dsn):
        what = f"{without_password(spec.dsn)} is not a destination that may be named here"
        yield Problem(("target", "dsn"), what, "allowed: " + _listed(access.destinations))
    elif access.destinations != ("*",):
        for name in _query_names(spec.dsn):
            if name not in _HARMLESS:  # ?host= and the like would lead elsewhere
                yield Problem(("target", "dsn"), f"{name}= may not be named here", "allowed: " + _listed(_HARMLESS))


def _query_names(dsn: str) -> list[str]:
    """The names in a URL's query, whichever letters a driver takes to part them."""
    query = re.split(r"[&;#]", dsn.partition("?")[2])
    return [unquote_plus(each.partition("=")[0]) for each in query if each]


def _allowed_file(spec: TargetSpec, access: Access) -> Iterator[Problem]:
    hidden = access.folders is not None and "${" in spec.dsn
    if hidden or not access.allows_file(path_of(spec.dsn)):
        places = _listed(tuple(str(folder) for folder in access.folders or ()))
        shown = without_password(spec.dsn)
        yield Problem(("target", "dsn"), f"{shown} is outside of the folders for files", f"allowed: {places}")


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words) or "none"


def _formats(spec: TargetSpec) -> tuple[str, ...]:
    found = spec.options.get("formats", ())
    return tuple(found.replace(",", " ").split()) if isinstance(found, str) else tuple(map(str, found))


def _file_names(spec: TargetSpec, formats: tuple[str, ...]) -> FileNames | None:
    """How a folder's files are named, where the target says so; TargetError with every problem of that."""
    given = {name: spec.options[name] for name in FILE_NAMES if name in spec.options}
    if not given:
        return None
    document = Document("", {**given, "format": formats or ("csv",)}, {})
    return validate_document(Output, document, TargetError, under=("target", "options")).names


def output_targets(scenario: Scenario) -> tuple[TargetSpec, ...]:
    """Where a scenario's own output says that rows go: a folder of files, and a file for each kind of database.

    Empty where it has no output. A relative folder is one beside the file that the scenario was read from, and one in
    the working directory where it was read from none.
    """
    output = scenario.output
    if output is None:
        return ()
    folder = _folder_of(scenario.origin.file) / output.path
    targets = []
    if output.names.all_formats():
        options: dict[str, Any] = {"formats": output.file_formats}
        if output.filename_pattern not in ("", DEFAULT_PATTERN):
            options["filename_pattern"] = output.filename_pattern
        if output.per_entity:
            options["per_entity"] = {name: each.model_dump() for name, each in output.per_entity.items()}
        targets.append(TargetSpec(kind=target_kinds.FILES, dsn=f"{folder}/", options=options))
    for form in dict.fromkeys(each for each in output.format if each in DATABASE_FORMATS):
        targets.append(TargetSpec(kind=form, dsn=str(folder / f"{output.database_name}.{form}")))
    return tuple(targets)


def _folder_of(source: str) -> Path:
    path = Path(source)
    return path if path.is_dir() else path.parent if path.is_file() else Path()


def password_problems(spec: TargetSpec) -> Iterator[Problem]:
    """Why a target can't be stored: passwords are not kept."""
    if secrets.has_literal_password(spec.dsn):
        hint = "write it as ${NAME} or ${file:/path}: the value is read where a run is performed"
        yield Problem(("target", "dsn"), "a password written out is not stored", hint)


def stored_spec(target: ResolvedTarget) -> TargetSpec:
    """The target as it may be stored: its path absolute, and without a password that was written out."""
    spec = absolute_spec(target.spec, Path.cwd())
    known = {"kind": target.kind}
    return spec.model_copy(
        update={**known, "dsn": target.redactor(spec.dsn)} if list(password_problems(spec)) else known
    )


def absolute_spec(spec: TargetSpec, base: Path) -> TargetSpec:
    """The target with its kind settled and a local path absolute."""
    kind = target_kinds.named(spec.kind) or target_kinds.kind_of(spec.dsn)
    if "${" in spec.dsn or spec.dsn in ("", "-") or _of_another_kind(spec):
        return spec
    return spec.model_copy(update={"kind": kind, "dsn": target_kinds.with_absolute_path(spec.dsn, kind, base)})
