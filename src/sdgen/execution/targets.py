"""Targets, read and resolved: of files, of requests, and of a scenario's own output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from sdgen.databases.urls import with_database, with_encoded_user, without_password
from sdgen.errors import Problem, TargetError
from sdgen.execution import secrets, target_kinds
from sdgen.execution.access import ANYTHING, Access
from sdgen.execution.destinations import OWN_FORMATS
from sdgen.execution.documents import validate_document
from sdgen.execution.secrets import Redactor, passwords_of
from sdgen.execution.target_problems import access_problems, guard_problems, spec_problems
from sdgen.execution.target_spec import FILE_NAMES, ResolvedTarget, TargetSpec, absolute_spec
from sdgen.readers.base import read_text
from sdgen.readers.yaml_text import Document, read_document
from sdgen.scenario.model import Scenario
from sdgen.scenario.output import DATABASE_FORMATS, DEFAULT_PATTERN, LAYOUT, FileNames, Output


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
    problems = [*spec_problems(spec), *secrets.secret_problems(spec.dsn, access)]
    kind = target_kinds.named(spec.kind) or target_kinds.kind_of(spec.dsn)
    if problems:
        raise TargetError(problems)
    expanded = secrets.expand(spec.dsn, access)
    written = with_encoded_user(expanded.text)
    # The whole DSN may be a secret: then only its text tells the kind.
    kind = kind or target_kinds.kind_of(written)
    if target_kinds.facts(kind).server and not target_kinds.is_readable(written, kind):
        hint = "scheme://user:password@host:port/database, letters such as @ and / in a password as %40 and %2F"
        raise TargetError(Problem(("target", "dsn"), "the host or port of the URL can't be read", hint))
    in_kind = target_kinds.in_kind(written, kind) if spec.kind else written
    if access.folders is not None:  # what was compared with the folders is what is opened: `file:x` is a URI to SQLite
        in_kind = target_kinds.with_absolute_path(in_kind, kind, Path.cwd())
    destination = _with_parts(in_kind, spec)
    storage, values = secrets.expand_options(dict(spec.options.get("storage") or {}), access)
    # An option that is called a password or a key is hidden, though it was written out and not referred to.
    hidden = [text for path, text in secrets.texts_of(storage) if secrets.SECRET_WORD.fullmatch(path[-1])]
    redactor = Redactor((*_secret_values(destination, (*expanded.values, *values)), *hidden))
    shown = redactor(without_password(_with_parts(target_kinds.with_absolute_path(in_kind, kind, Path.cwd()), spec)))
    names = _file_names(spec, formats or _formats(spec))
    told = formats or _formats(spec)
    chosen = names.all_formats() if names and not OWN_FORMATS & set(told) and kind != target_kinds.ICEBERG else told
    target = ResolvedTarget(spec, kind, shown, destination, redactor, chosen, names, storage)
    # These messages may quote the destination, in which the secrets stand by now.
    problems = [Problem(each.path, redactor(each.what), each.hint) for each in _opening_problems(target, access)]
    if problems:
        raise TargetError(problems)
    return target


def _opening_problems(target: ResolvedTarget, access: Access) -> Iterator[Problem]:
    """Why a target with its secrets in place can't be opened, or not by this caller."""
    if target.kind == target_kinds.STDOUT and not access.stdout:
        hint = "`sdgen generate --to -` writes there"
        yield Problem(("target", "dsn"), "a stored run can't write to standard output", hint)
    # Each guard must hold by itself: none may open what another one closes.
    for patterns in (target.spec.allow_databases, access.databases):
        yield from guard_problems(target, patterns, "name another database, or change the target's guard")
    try:
        target.open()
    except TargetError as error:
        yield from error.problems
    else:
        opened = target_kinds.kind_of(target.destination)
        if opened != target.kind:  # a secret may hold another URL than the kind beside it says
            yield Problem(
                ("target", "kind"), f"the kind is {target.kind}, but the dsn is of the kind {opened or 'none'}"
            )


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


def inline_target(
    target: str | Mapping[str, Any],
    access: Access,
    formats: tuple[str, ...] = (),
    options: Mapping[str, Any] | None = None,
) -> ResolvedTarget:
    """The target of a request that names no stored one: a destination, or a target as data.

    options: of the request, which go before the target's own.
    """
    if isinstance(target, str):
        spec = TargetSpec(dsn=target)
    else:
        spec = read_target(Document("", dict(target), {}))
    spec = with_options(spec, options or {})
    problems = list(access_problems(spec, access))
    if problems:
        raise TargetError(problems)
    return resolve_target(spec, access, formats)


def with_options(spec: TargetSpec, options: Mapping[str, Any]) -> TargetSpec:
    """The target with some options instead of its own."""
    return spec.model_copy(update={"options": {**spec.options, **options}}) if options else spec


def _formats(spec: TargetSpec) -> tuple[str, ...]:
    found = spec.options.get("formats", ())
    return tuple(found.replace(",", " ").split()) if isinstance(found, str) else tuple(map(str, found))


def _file_names(spec: TargetSpec, formats: tuple[str, ...]) -> FileNames | None:
    """How a folder's files are named, where the target says so; TargetError with every problem of that."""
    given = {name: spec.options[name] for name in (*FILE_NAMES, *LAYOUT) if name in spec.options}
    if not given:
        return None
    of_files = tuple(each for each in formats if each not in OWN_FORMATS)
    document = Document("", {**given, "format": of_files or ("csv",)}, {})
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
        options |= {name: getattr(output, name) for name in LAYOUT if getattr(output, name)}
        if output.per_entity:
            options["per_entity"] = {name: each.model_dump() for name, each in output.per_entity.items()}
        targets.append(TargetSpec(kind=target_kinds.FILES, dsn=f"{folder}/", options=options))
    for form in dict.fromkeys(each for each in output.format if each in DATABASE_FORMATS):
        targets.append(TargetSpec(kind=form, dsn=str(folder / f"{output.database_name}.{form}")))
    return tuple(targets)


def _folder_of(source: str) -> Path:
    path = Path(source)
    return path if path.is_dir() else path.parent if path.is_file() else Path()
