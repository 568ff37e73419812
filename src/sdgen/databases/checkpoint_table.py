"""What a run that commits as it goes has done so far: a small table beside its rows, changed in the same transactions.

    sdgen_progress
    entry      rows_done  batches  state
                       0        0  {"manifest": {…}, "made": ["customers", …], "suspended": […]}
    customers    983,040       15  {"digest": "…"}

So whatever stops a run, and at whatever moment, the table tells exactly which rows are there. It goes with the run's
last commit, which adds the constraints.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sdgen.databases.dialect import Dialect
from sdgen.databases.existing_tables import ExistingTables
from sdgen.errors import Problem, TargetError
from sdgen.targets.base import Mode, Table
from sdgen.targets.file_checkpoint import TableProgress, run_differences

NAME = "sdgen_progress"
HINT = "ask for the same as then, or begin anew with --mode truncate_then_insert, without --resume"

# MySQL's usual collations take names that differ in capitals alone for one, and its TEXT ends at 64 KiB.
_TEXTS = {"mysql": ("VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "LONGTEXT")}

Run = Callable[[str], Sequence[tuple[Any, ...]]]
SuspendedKeys = tuple[tuple[str, str, str], ...]  # table, name and definition of each foreign key that was put off


@dataclass(frozen=True)
class Checkpoint:
    """How far a run is: what it is a run of, the tables it made, the foreign keys it put off, and its rows."""

    manifest: Mapping[str, Any]
    made: tuple[str, ...] = ()
    suspended: SuspendedKeys = ()
    done: Mapping[str, TableProgress] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(self.manifest.get("tables", ()))


@dataclass(frozen=True)
class CheckpointTable:
    """The table in one database. Its statements are run by the target, inside the transaction that is open there.

    lock: what makes a query wait for others that change the same row, and keep them waiting until the commit.
    """

    dialect: Dialect
    name: str = NAME
    lock: str = ""

    def read(self, run: Run) -> Checkpoint | None:
        """What a run left; None where it was stopped before it had said what it is a run of."""
        rows = run(f"SELECT entry, batches, state FROM {self.name}{self.lock}")
        states = {entry: (batches, json.loads(state)) for entry, batches, state in rows}
        if "" not in states:
            return None
        head = states.pop("")[1]
        done = {entry: TableProgress(batches, int(state["digest"], 16)) for entry, (batches, state) in states.items()}
        suspended = tuple((table, name, sql) for table, name, sql in head["suspended"])
        return Checkpoint(head["manifest"], tuple(head["made"]), suspended, done)

    def create(self, run: Run) -> None:
        """Make the table; one that a run left before it said anything may be there."""
        entry, state = _TEXTS.get(self.dialect.name, ("TEXT", "TEXT"))
        columns = f"entry {entry}, rows_done BIGINT, batches BIGINT, state {state}"
        run(f"CREATE TABLE IF NOT EXISTS {self.name} ({columns})")

    def begin(self, run: Run, progress: Checkpoint, tables: Iterable[str]) -> None:
        """Put down what the run is a run of, before any of its rows are counted."""
        state = {"manifest": progress.manifest, "made": progress.made, "suspended": progress.suspended}
        self._add(run, "", state)
        for name in tables:
            self._add(run, name, {"digest": "0"})

    def _add(self, run: Run, entry: str, state: Mapping[str, Any]) -> None:
        text = self.dialect.literal(json.dumps(state))
        run(f"INSERT INTO {self.name} VALUES ({self.dialect.literal(entry)}, 0, 0, {text})")

    def advance(self, run: Run, table: Table, before: TableProgress, now: TableProgress, rows: int) -> None:
        """Move on by one span; TargetError where another process has done so."""
        where = f"FROM {self.name} WHERE entry = {self.dialect.literal(table.name)}"
        # The lock makes a second process wait for the first one's commit, after which the count is not the one it
        # knows.
        found = run(f"SELECT batches {where}{self.lock}")
        if [tuple(row) for row in found] != [(before.batches,)]:
            what = "another process is writing the rows of this run"
            raise TargetError(Problem(("target", table.name), what, "let it come to its end"))
        state = self.dialect.literal(json.dumps({"digest": f"{now.digest:x}"}))
        entry = self.dialect.literal(table.name)
        run(
            f"UPDATE {self.name} SET rows_done = {rows}, batches = {now.batches}, state = {state} WHERE entry = {entry}"
        )

    def drop(self, run: Run) -> None:
        run(f"DROP TABLE {self.name}")


class PeriodicCommits:
    """The side of a database target that commits as it goes, where it is asked to; and what it finds of such runs."""

    def __init__(self, table: CheckpointTable, place: str) -> None:
        self.table = table
        self.place = place
        self.manifest: Mapping[str, Any] | None = None
        self.resume = False
        self.left: Checkpoint | None = None
        self.discards = False
        self.recorded = False
        self._done: dict[str, TableProgress] = {}

    def configure(self, manifest: Mapping[str, Any], resume: bool) -> None:
        self.manifest, self.resume = manifest, resume

    @property
    def active(self) -> bool:
        """Whether this run commits as it goes."""
        return self.manifest is not None

    @property
    def going_on(self) -> bool:
        return self.active and self.resume and self.left is not None

    @property
    def made(self) -> tuple[str, ...]:
        """The tables that a stopped run made and this one goes on with, or drops."""
        return self.left.made if self.left is not None and (self.going_on or self.discards) else ()

    @property
    def moved(self) -> bool:
        """Whether rows have been committed."""
        return any(done.batches for done in self._done.values())

    def done(self, table: Table) -> TableProgress:
        return self._done.get(table.name, TableProgress())

    def faults(
        self, left: Checkpoint | None, tables: Sequence[Table], mode: Mode, filled: Sequence[str]
    ) -> list[Problem]:
        """What of a stopped run is in the way of this one. filled: those of this run's tables that hold rows."""
        self.left = left
        names = [table.name for table in tables]
        if left is None:
            return self._over(filled) if self.resume and mode is not Mode.TRUNCATE_THEN_INSERT else []
        if self.resume and self.manifest is not None:
            self._done, self.recorded = dict(left.done), True
            return self._differing(left, self.manifest)
        shared = [name for name in left.tables if name in names]
        # A run that doesn't commit as it goes, into other tables of the same database, disturbs nothing of the stopped
        # one.
        if not shared and not self.active:
            self.left = None
            return []
        # Only where all its tables are replaced: the others would stay without the keys that they were to get at the
        # end.
        self.discards = mode is Mode.TRUNCATE_THEN_INSERT and len(shared) == len(left.tables)
        return [] if self.discards else [self._stopped(left)]

    def _over(self, filled: Sequence[str]) -> list[Problem]:
        what = "there is no stopped run to go on with, and the table holds rows: has the run come to its end?"
        hint = "sdgen verify tells; to add rows, leave --resume out"
        return [Problem(("target", name), what, hint) for name in filled]

    def _differing(self, left: Checkpoint, wanted: Mapping[str, Any]) -> list[Problem]:
        differences = run_differences(left.manifest, wanted)
        what = f"the run that was stopped half-way in {self.place} was another one: {differences}"
        return [Problem(("target",), what, HINT)] if differences else []

    def _stopped(self, left: Checkpoint) -> Problem:
        made = f", which drops the tables it made ({', '.join(left.made)})" if left.made else ""
        what = (
            f"a run into {', '.join(left.tables)} was stopped half-way in {self.place} (the table {NAME} tells how far)"
        )
        again = f"or begin it anew with --mode truncate_then_insert{made}"
        return Problem(("target",), what, f"go on with it: its command, with --commit-every and --resume; {again}")

    def cleared(self, there: ExistingTables) -> ExistingTables:
        """What stands there, without the tables that the stopped run made: they are this run's own, or go."""
        made = self.made
        columns = {name: found for name, found in there.columns.items() if name not in made}
        others = {
            name: [each for each in found if each not in made]
            for name, found in there.referrers.items()
            if name not in made
        }
        return ExistingTables(columns, others)

    def advance(
        self, run: Run, table: Table, done: TableProgress, rows: int, made: Sequence[str], suspended: SuspendedKeys
    ) -> None:
        """A span's rows are written: tell so beside them. The target commits right after."""
        if not self.recorded:
            self.begin(run, made, suspended)
        self.table.advance(run, table, self.done(table), done, rows)
        self._done[table.name] = done

    def begin(self, run: Run, made: Sequence[str], suspended: SuspendedKeys) -> None:
        assert self.manifest is not None
        self.table.create(run)
        self.table.begin(run, Checkpoint(self.manifest, tuple(made), suspended), self.manifest["tables"])
        self.recorded = True

    def end(self, run: Run) -> None:
        """In the run's last transaction, or right before its first rows where it begins a stopped one anew."""
        if self.recorded:
            self.table.drop(run)
            self.recorded = False


class CommittingTarget:
    """What all targets that can commit as they go have in common. committed: rows of the run are there for good."""

    commits: PeriodicCommits
    committed = False

    def begin(self, manifest: Mapping[str, Any], resume: bool) -> None:
        self.commits.configure(manifest, resume)

    def done(self, table: Table) -> TableProgress:
        return self.commits.done(table)
