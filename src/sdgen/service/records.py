"""Runs, scenarios and targets as they are shown: frozen records, the same for the command line, Python and HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict

from pydantic import Field

from sdgen.errors import Problem
from sdgen.scenario.model import Record


class Status(StrEnum):
    """Where a run stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self not in (Status.PENDING, Status.RUNNING)


class ProblemRecord(Record):
    """A Problem as data."""

    path: str = ""
    what: str
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0

    @classmethod
    def of(cls, problem: Problem) -> ProblemRecord:
        return cls(
            path=problem.where,
            what=problem.what,
            hint=problem.hint,
            file=problem.file,
            line=problem.line,
            column=problem.column,
        )

    def as_problem(self) -> Problem:
        """The problem, without its place in a file."""
        return Problem((self.path,) if self.path else (), self.what, self.hint)

    def redacted(self, redactor: Callable[[str], str]) -> ProblemRecord:
        """The same problem without secrets."""
        return self.model_copy(update={"what": redactor(self.what), "hint": redactor(self.hint)})


class EntityRun(Record):
    """One entity of a run. `seconds` is the time of its rows; `digest` is there once they all are written.

    `columns` are digests of each column's values in the first 65,536 rows, where they are known.
    """

    entity: str
    table: str
    asked: int
    written: int = 0
    seconds: float = 0.0
    digest: str = ""
    columns: Mapping[str, str] = {}


class Run(Record):
    """One execution of a scenario into a target, as it is remembered."""

    id: str
    status: Status
    phase: str = ""
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seed: int
    as_of: datetime
    config_hash: str
    scenario_id: str
    scenario_name: str
    scenario_version: str
    scenario_source: str
    target_id: str
    target_name: str
    target_kind: str
    destination: str
    mode: str
    rows_asked: int
    rows_written: int
    entities: tuple[EntityRun, ...] = ()
    warnings: tuple[str, ...] = ()
    problems: tuple[ProblemRecord, ...] = ()
    error: str = ""
    request: Mapping[str, Any]
    versions: Mapping[str, Any]
    cancel_requested: bool = False
    reproduces: str = ""
    worker: str = ""
    revision: int = 0

    @property
    def seconds(self) -> float:
        """From start to end; 0 where it has not come to its end."""
        if self.started_at is None or self.finished_at is None:
            return 0.0
        return (self.finished_at - self.started_at).total_seconds()


class LogLine(Record):
    """A line of a run's log; `number` counts from 1."""

    number: int
    time: datetime
    level: str
    text: str


class ScenarioEntry(Record):
    """A scenario as it is listed.

    kind: the format that it is written in, such as native or jafgen. source: folder, store or example. problem: why it
    can't be read.
    """

    id: str
    kind: str = "native"
    name: str = ""
    version: str = ""
    description: str = ""
    source: str
    file: str = ""
    entities: int = 0
    versions: tuple[str, ...] = ()
    problem: str = ""


class RunFilter(TypedDict, total=False):
    """Which runs: those that all that is named fits. text: part of their ids, names, destinations or errors, in
    whichever case. since, until: when they were made."""

    status: Iterable[Status]
    scenario: str
    target: str
    text: str
    since: datetime | None
    until: datetime | None


class Probe(Record):
    """The result of a target's test. milliseconds: until the target had answered.

    can_*: with a table of its own, in a run's transaction. Truncating is judged by
    that table too: existing tables of other users may refuse it.
    """

    ok: bool
    kind: str
    destination: str
    milliseconds: float
    can_create: bool = False
    can_insert: bool = False
    can_truncate: bool = False
    problems: tuple[ProblemRecord, ...] = ()


class TargetTest(Record):
    """The last test of a target as it is now, and when it was."""

    tested_at: datetime
    result: Probe


class TargetEntry(Record):
    """A target as it is listed; its DSN as written, without passwords.

    last_test: None where it was never tested, or has changed since.
    """

    id: str
    name: str = ""
    kind: str = ""
    dsn: str = ""
    database: str = ""
    schema_: str = Field("", alias="schema")
    mode: str = ""
    allow_databases: tuple[str, ...] = ()
    options: Mapping[str, Any] = {}
    source: str
    file: str = ""
    problem: str = ""
    last_test: TargetTest | None = None
