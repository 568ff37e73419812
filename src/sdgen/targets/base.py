"""What a target is: three methods, and the records it is given.

    target.check(tables, mode)         before anything is written: all problems at once
    target.prepare(table, mode)        create or empty one table, inside the run's transaction; all tables come first
    target.write(table, parts)         take the encoded batches, in row order
    target.finish()                    constraints, then commit: only now does the place change
    target.abort()                     leave the place as it was

`encode` turns one batch into what `write` takes. It is pure and runs on worker threads, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa

from sdgen.errors import Problem, TargetError
from sdgen.scenario.model import Mode as Mode  # every target takes it from here
from sdgen.scenario.types import Type
from sdgen.targets.file_checkpoint import TableProgress
from sdgen.targets.writer_lock import LocalPath


@dataclass(frozen=True)
class TableColumn:
    """One column as it is written; `target` holds its types in databases' own words, by dialect.

    repeats: its values are few, and come again and again. optional: JSON leaves it out where it is null. identity: the
    database numbers further rows, where it can.
    """

    name: str
    type: Type
    nullable: bool
    target: Mapping[str, str] = field(default_factory=dict, hash=False)
    repeats: bool = False
    optional: bool = False
    identity: bool = False


@dataclass(frozen=True)
class Reference:
    """A foreign key: columns of this table, and the table and columns they refer to."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table as it is written: an entity without its hidden columns.

    `name` may hold a schema before a dot. `rows` is how many rows the run will write. `target` is what databases are to
    be told of the table, by dialect. `mode` is the table's own, None where the run's counts.
    """

    name: str
    entity: str
    columns: tuple[TableColumn, ...]
    rows: int = 0
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    references: tuple[Reference, ...] = ()
    target: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    mode: Mode | None = None

    def mode_in(self, run: Mode) -> Mode:
        """What happens to the table in a run of a mode."""
        return self.mode or run

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def optional(self) -> frozenset[str]:
        """The columns that JSON leaves out where they are null."""
        return frozenset(column.name for column in self.columns if column.optional)

    def column(self, name: str) -> TableColumn:
        return next(column for column in self.columns if column.name == name)


@runtime_checkable
class Described(Protocol):
    """A target that is told what the run is a run of, and each table's digest, to write them beside the rows."""

    def begin(self, manifest: Mapping[str, Any], resume: bool) -> None:
        """Before `check`; resume: as of a `Resumable`."""
        ...

    def keep(self, table: Table, batches: int, digest: int, finished: bool = False) -> None:
        """So many batches of a table are written, and the sum of their digests: after each part, and at the end."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A target that goes on where a stopped run left off; its manifest tells what the run was a run of."""

    def left(self) -> Mapping[str, Any] | None:
        """The manifest of a run that was stopped on the way to this place; None where there is none."""
        ...

    def begin(self, manifest: Mapping[str, Any], resume: bool) -> None:
        """Before `check`: go on with what such a run left where `resume`, and then keep what is done when aborted."""
        ...

    def done(self, table: Table) -> TableProgress:
        """How far a table is; after `check`."""
        ...

    def keep(self, table: Table, batches: int, digest: int, finished: bool = False) -> None:
        """So many batches of a table are written, and the sum of their digests: after each part, and at the end."""
        ...


@runtime_checkable
class Committing(Protocol):
    """A database that can commit as it goes, tell what is committed beside the rows, and go on from there.

    committed: whether rows of the run are there for good already.
    """

    @property
    def committed(self) -> bool: ...

    def left(self) -> Mapping[str, Any] | None:
        """The manifest of a run that was stopped in this place; None where there is none."""
        ...

    def begin(self, manifest: Mapping[str, Any], resume: bool) -> None:
        """Before `check`: commit as it goes, and go on with what such a run left where `resume`."""
        ...

    def done(self, table: Table) -> TableProgress:
        """How far a table is; after `check`."""
        ...

    def commit(self, table: Table, done: TableProgress, rows: int) -> None:
        """All that `write` was given is to stay: the table's batches so far, which are so many rows."""
        ...


@dataclass(frozen=True, order=True)
class Span:
    """Rows start (included) to stop (excluded) of an entity: what one task of a spread run makes."""

    entity: str
    start: int
    stop: int


@dataclass(frozen=True)
class WrittenFile:
    """A file that is complete: its name, rows, bytes and the folder of its partition."""

    name: str
    rows: int
    size: int
    folder: str = ""


@dataclass(frozen=True)
class Receipt:
    """What a task left behind for a span: of files, which ones, and the name of the attempt that they are of."""

    span: Span
    attempt: str = ""
    files: tuple[WrittenFile, ...] = ()


class PartWriter(Protocol):
    """Writes spans on whatever machine a task runs. Small and picklable.

    A span may be written more than once, even at the same time: a task that was lost is done again, and a machine that
    was taken for dead may still be at work.
    """

    def write(self, table: Table, span: Span, batches: Iterable[pa.RecordBatch]) -> Receipt:
        """One attempt at a span. TargetError where another one can't help; else OSError or a driver's own exception."""
        ...


class SpreadTarget(Protocol):
    """A target as the driver of a spread run sees it. All or nothing, as `Target`: check, prepare, finish, abort."""

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]: ...

    def prepare(self, table: Table, mode: Mode) -> None: ...

    def part_writer(self) -> PartWriter:
        """What writes the parts of all tables; after `prepare`."""
        ...

    def take(self, table: Table, receipt: Receipt) -> None:
        """A span is written; of each span the first receipt alone is given."""
        ...

    def finish(self, done: Mapping[str, TableProgress]) -> None:
        """All spans were taken. done: by table, with the sums of digests."""
        ...

    def abort(self) -> None:
        """Undo everything, with what killed attempts left; tasks that still run must find nothing to write to."""
        ...


@runtime_checkable
class Spreadable(Protocol):
    """A target whose rows can be written in parts, by tasks on other machines."""

    def spread(self, manifest: Mapping[str, Any]) -> SpreadTarget:
        """The same place, written in parts; TargetError where what is asked of it can't be. manifest: of the run."""
        ...


@runtime_checkable
class Parallel(Spreadable, Protocol):
    """A target that several connections can fill at the same time, where a run asks for so many workers."""

    def takes_spans_at_once(self, tables: Sequence[Table], mode: Mode) -> bool:
        """Whether they gain anything for these tables, and are allowed to; TargetError where it can't be told."""
        ...


@runtime_checkable
class Local(Protocol):
    """A target in files of this machine, whose place takes one run at a time; None where it has no place."""

    @property
    def local_path(self) -> LocalPath | None: ...


@runtime_checkable
class Database(Protocol):
    """A target of tables that may be there before a run."""

    def existed(self, table: Table) -> bool:
        """Whether a table was there when the run looked at it; after `check`."""
        ...


@runtime_checkable
class Computing(Protocol):
    """A target whose tables compute columns themselves: it is given no values for them. computes: its dialect."""

    @property
    def computes(self) -> str: ...


@runtime_checkable
class Remarking(Protocol):
    """A target that has something to tell of its tables, though they can be written."""

    @property
    def remarks(self) -> Sequence[str]:
        """What is to be known of the tables of the run; after `check`."""
        ...


@runtime_checkable
class Sending(Protocol):
    """A target that can't take back what it was given. sent: how much of this run, which is left if it fails."""

    @property
    def sent(self) -> int: ...


@runtime_checkable
class Interruptible(Protocol):
    """A target whose statements take long by themselves, such as one that adds a key to many rows."""

    def interrupt(self) -> None:
        """Stop the statement that runs, which then raises; called on another thread, at any moment."""
        ...


class Target(Protocol):
    """A place to write. All or nothing: until `finish` returns, the place is as it was.

    `takes_tables_at_once`: `write` may be called for several tables at the same time, on threads of their own.
    """

    takes_tables_at_once: bool

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        """Why these tables can't be written here; nothing is changed. Opens the connection."""
        ...

    def prepare(self, table: Table, mode: Mode) -> None: ...

    def encode(self, table: Table, batch: pa.RecordBatch) -> Any:
        """One batch as `write` takes it: pure, called on worker threads in any order."""
        ...

    def write(self, table: Table, parts: Iterable[Any]) -> None:
        """All parts of one table, in row order."""
        ...

    def finish(self) -> None: ...

    def abort(self) -> None:
        """Undo everything; may be called at any moment, more than once, and after a failed `finish`."""
        ...


# What to do where nothing else is known of a refusal.
REFUSED = "change what the database refuses (a trigger may do so), or leave the table out (--exclude)"


def at_table(error: TargetError, table: str) -> TargetError:
    """A target's problems, at the table they came up with."""
    return TargetError([replace(each, path=("target", table), hint=each.hint or REFUSED) for each in error.problems])
