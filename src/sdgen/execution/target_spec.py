"""A target as it is written down, and as it can be opened: the records that files, requests and the store hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from sdgen.errors import Problem
from sdgen.execution import secrets, target_kinds
from sdgen.execution.destinations import open_target
from sdgen.execution.secrets import Redactor
from sdgen.scenario.model import ModeName, Record
from sdgen.scenario.output import LAYOUT, FileNames
from sdgen.targets.base import Target

FILE_NAMES = ("filename_pattern", "per_entity")
OPTIONS = ("formats", "workers", "batch_size", "storage", *FILE_NAMES, *LAYOUT)


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
        default_factory=dict,
        description="formats, partition_by, part_rows, part_bytes: of files; storage: fsspec's options for an object "
        "store; workers: threads; batch_size: rows at once",
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
    storage: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def open(self) -> Target:
        return open_target(self.destination, self.formats, self.names, self.storage)

    @property
    def facts(self) -> dict[str, Any]:
        """What of a target decides what is written, without the place and its credentials."""
        names = {name: self.spec.options[name] for name in (*FILE_NAMES, *LAYOUT) if name in self.spec.options}
        return {"kind": self.kind, "schema": self.spec.schema_, "formats": list(self.formats), **names}


def has_other_kind(spec: TargetSpec) -> bool:
    """Whether the DSN is a URL of another kind than the one that is named."""
    is_url = "://" in spec.dsn and not spec.dsn.startswith("${")
    return is_url and bool(spec.kind) and target_kinds.kind_of(spec.dsn) != target_kinds.named(spec.kind)


def password_problems(spec: TargetSpec) -> Iterator[Problem]:
    """Why a target can't be stored: passwords are not kept."""
    if secrets.has_literal_password(spec.dsn):
        hint = "write it as ${NAME} or ${file:/path}: the value is read when a run is executed"
        yield Problem(("target", "dsn"), "a plain-text password is not stored", hint)
    for path, text in secrets.texts_of(spec.options.get("storage")):
        if secrets.SECRET_WORD.fullmatch(path[-1]) and "${" not in text:
            hint = "write it as ${NAME} or ${file:/path}: the value is read when a run is executed"
            yield Problem(("target", "options", "storage", *path), "a plain-text password is not stored", hint)


def stored_spec(target: ResolvedTarget) -> TargetSpec:
    """The target as it may be stored: its path absolute, and without a password that was written out."""
    # The process that executes the run may have another working directory.
    spec = absolute_spec(target.spec, Path.cwd())
    known = {"kind": target.kind}
    return spec.model_copy(
        update={**known, "dsn": target.redactor(spec.dsn)} if list(password_problems(spec)) else known
    )


def absolute_spec(spec: TargetSpec, base: Path) -> TargetSpec:
    """The target with its kind settled and a local path absolute."""
    kind = target_kinds.named(spec.kind) or target_kinds.kind_of(spec.dsn)
    # What a secret stands for isn't known here, so that no path can be made of it.
    if "${" in spec.dsn or spec.dsn in ("", "-") or has_other_kind(spec):
        return spec
    return spec.model_copy(update={"kind": kind, "dsn": target_kinds.with_absolute_path(spec.dsn, kind, base)})
