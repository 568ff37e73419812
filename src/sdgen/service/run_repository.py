"""Runs in the store: made, claimed, watched, ended. Each function is one short transaction."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from sdgen.errors import NotFound, Problem, StoreError
from sdgen.execution.job import Job
from sdgen.execution.resume import state_after_kill
from sdgen.service.processes import Owner, is_gone
from sdgen.service.records import EntityRun, LogLine, Run, Status
from sdgen.service.run_rows import first_per_target, log_line, run_of
from sdgen.service.store import Store, moment, timestamp
from sdgen.service.tables import run_entities, run_logs, runs

LATEST = "latest"
_RUNNING, _PENDING = Status.RUNNING.value, Status.PENDING.value


@dataclass(frozen=True)
class Ending:
    """How a run ended."""

    status: Status
    error: str = ""
    problems: tuple[Mapping[str, Any], ...] = ()


class RunRepository:
    """The runs of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def add(self, made: Mapping[str, Any], entities: Sequence[EntityRun], owner: Owner | None = None) -> str:
        """A new run: pending, or, where an owner is given, running under it. Its id."""
        now = timestamp()
        run_id = f"{now[:19].translate(_NO_MARKS)}-{secrets.token_hex(4)}"
        values = {**_EMPTY, **made, "id": run_id, "created_at": now}
        if owner is not None:
            values |= {"status": _RUNNING, "started_at": now, **_owned(owner, now)}
        rows = [
            {
                "run_id": run_id,
                "position": position,
                "table_name": each.table,
                **each.model_dump(include={"entity", "asked", "written", "seconds", "digest"}),
            }
            for position, each in enumerate(entities)
        ]
        with self.store.writing() as connection:
            connection.execute(sa.insert(runs).values(values))
            if rows:
                connection.execute(sa.insert(run_entities), rows)
        return run_id

    def claim(self, run_id: str, owner: Owner, limit: int | None = None) -> Status | None:
        """Make a pending run this owner's: RUNNING. Else the status it has, or None where it has to wait.

        It waits where too many are running, and, for a worker, while another run writes to its local place.
        """
        with self.store.alone() as connection:
            status = connection.execute(sa.select(runs.c.status).where(runs.c.id == run_id)).scalar_one_or_none()
            if status is None:
                raise _unknown(run_id)
            if status != _PENDING:
                return Status.FAILED if status == _RUNNING else Status(status)
            if limit is not None and (
                connection.execute(_COUNT_RUNNING).scalar_one() >= limit or run_id not in _ready(connection)
            ):
                return None
            now = timestamp()
            values = {"status": _RUNNING, "started_at": now, "revision": runs.c.revision + 1, **_owned(owner, now)}
            connection.execute(sa.update(runs).where(runs.c.id == run_id).values(values))
        return Status.RUNNING

    def advance(
        self,
        run_id: str,
        owner: Owner,
        phase: str,
        entities: Iterable[EntityRun],
        lines: Sequence[tuple[str, str, str]],
    ) -> bool:
        """What a running run has done since, and a sign of life; whether it is asked to stop."""
        changed = list(entities)
        with self.store.writing() as connection:
            for each in changed:
                values = {"asked": each.asked, "written": each.written, "seconds": each.seconds, "digest": each.digest}
                values["column_digests"] = json.dumps(dict(each.columns))
                mine = (run_entities.c.run_id == run_id) & (run_entities.c.entity == each.entity)
                connection.execute(sa.update(run_entities).where(mine).values(values))
            step: dict[str, Any] = {"heartbeat_at": timestamp(), "phase": phase}
            if changed or lines:
                sums = {"rows_written": _sum(run_id, "written"), "rows_asked": _sum(run_id, "asked")}
                step |= {"revision": runs.c.revision + 1, **sums}
            owned = (runs.c.id == run_id) & (runs.c.owner_token == owner.token)
            if connection.execute(sa.update(runs).where(owned).values(step)).rowcount:  # it may have been removed
                _log(connection, run_id, lines)
            asked = sa.select(runs.c.cancel_requested).where(runs.c.id == run_id)
            return bool(connection.execute(asked).scalar_one_or_none())

    def is_cancel_requested(self, run_id: str) -> bool:
        with self.store.reading() as connection:
            asked = sa.select(runs.c.cancel_requested).where(runs.c.id == run_id)
            return bool(connection.execute(asked).scalar_one_or_none())

    def finish(self, run_id: str, owner: Owner, ending: Ending, lines: Sequence[tuple[str, str, str]] = ()) -> bool:
        """The end of a run, told by its owner; whether it was still the owner's."""
        owned = (runs.c.id == run_id) & (runs.c.owner_token == owner.token)
        with self.store.writing() as connection:
            found = connection.execute(sa.update(runs).where(owned).values(_ended(ending)))
            if ending.status is not Status.SUCCESS and found.rowcount:
                _forget_rows(connection, run_id)
            if found.rowcount:  # else it may have been removed
                _log(connection, run_id, lines)
            return bool(found.rowcount)

    def cancel(self, run_id: str) -> Run:
        """Ask a run to stop: a pending one is cancelled at once, a running one within two batches."""
        now = timestamp()
        waiting = (runs.c.id == run_id) & (runs.c.status == _PENDING)
        going = (runs.c.id == run_id) & (runs.c.status == _RUNNING)
        with self.store.writing() as connection:
            ended = _ended(Ending(Status.CANCELLED, "cancelled before it began"))
            over = connection.execute(sa.update(runs).where(waiting).values(ended)).rowcount
            if over:
                _log(connection, run_id, [(now, "info", "cancelled before it began")])
            elif connection.execute(sa.update(runs).where(going).values(cancel_requested=1)).rowcount:
                _log(connection, run_id, [(now, "info", "asked to stop")])
        found = self.run(run_id)
        if found.status.is_over and not over:
            raise StoreError(Problem(("run",), f"the run {run_id} is over: {found.status}", "there is nothing to stop"))
        return found

    def lose(self, run_id: str, token: str, reason: str) -> bool:
        """Mark a run as failed whose owner is gone; whether it was."""
        going = (runs.c.id == run_id) & (runs.c.status == _RUNNING) & (runs.c.owner_token == token)
        with self.store.writing() as connection:
            told = connection.execute(sa.select(runs.c.phase, runs.c.request).where(runs.c.id == run_id)).one_or_none()
            phase, request = told or ("", "{}")
            error = f"the run ended without a word: {reason}; {state_after_kill(phase, json.loads(request))}"
            found = connection.execute(sa.update(runs).where(going).values(_ended(Ending(Status.FAILED, error))))
            if found.rowcount:
                if phase != "finishing":
                    _forget_rows(connection, run_id)
                _log(connection, run_id, [(timestamp(), "error", error)])
            return bool(found.rowcount)

    def refuse(self, run_id: str, reason: str) -> bool:
        """Mark a pending run as failed that no process could begin; whether it was pending."""
        waiting = (runs.c.id == run_id) & (runs.c.status == _PENDING)
        with self.store.writing() as connection:
            found = connection.execute(sa.update(runs).where(waiting).values(_ended(Ending(Status.FAILED, reason))))
            if found.rowcount:
                _log(connection, run_id, [(timestamp(), "error", reason)])
            return bool(found.rowcount)

    def mark_lost(self) -> list[str]:
        """Mark all runs whose process is no more as failed; their ids."""
        columns = (runs.c.id, runs.c.owner_token, runs.c.owner_host, runs.c.owner_pid, runs.c.owner_started)
        query = sa.select(*columns, runs.c.heartbeat_at).where(runs.c.status == _RUNNING)
        with self.store.reading() as connection:
            found = connection.execute(query).all()
        lost = []
        for run_id, token, host, pid, started, heartbeat in found:
            reason = is_gone(Owner(token, host, pid, started), moment(heartbeat))
            if reason and self.lose(run_id, token, reason):
                lost.append(run_id)
        return lost

    def log(self, run_id: str, level: str, text: str) -> None:
        with self.store.writing() as connection:
            seen = {"revision": runs.c.revision + 1}  # and the row's lock, under which lines are numbered
            connection.execute(sa.update(runs).where(runs.c.id == run_id).values(seen))
            _log(connection, run_id, [(timestamp(), level, text)])

    def run(self, run_id: str) -> Run:
        """A run by its id, or the `latest`; NotFound where there is none."""
        query = sa.select(runs).where(runs.c.id == run_id)
        if run_id == LATEST:
            query = sa.select(runs).order_by(*_NEWEST).limit(1)
        with self.store.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                raise _unknown(run_id)
            entities = run_entities.c.run_id == row["id"]
            parts = connection.execute(
                sa.select(run_entities).where(entities).order_by(run_entities.c.position)
            ).mappings()
            return run_of(row, parts.all())

    def runs(
        self,
        *,
        limit: int = 50,
        offset: int = 0,
        status: Iterable[Status] = (),
        scenario: str = "",
        target: str = "",
        text: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[list[Run], int]:
        """Runs without their entities, the newest first, and how many there are in all; RunFilter says which."""
        matching: sa.ColumnElement[bool] = sa.true()
        if chosen := [each.value for each in status]:
            matching &= runs.c.status.in_(chosen)
        if scenario:
            matching &= (runs.c.scenario_id == scenario) | (runs.c.scenario_name == scenario)
        if target:
            matching &= (runs.c.target_id == target) | (runs.c.target_name == target)
        if text:
            matching &= sa.or_(*(sa.func.lower(each).contains(text.lower(), autoescape=True) for each in _SEARCHED))
        if since is not None:
            matching &= runs.c.created_at >= _bound(since)
        if until is not None:
            matching &= runs.c.created_at < _bound(until)
        page = sa.select(runs).where(matching).order_by(*_NEWEST).limit(limit).offset(offset)
        with self.store.reading() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(runs).where(matching)).scalar_one()
            return [run_of(row, ()) for row in connection.execute(page).mappings()], total

    def names(self) -> tuple[list[str], list[str]]:
        """The scenarios and the targets that runs name, as a list of runs can be narrowed to them: some hundreds."""
        scenario = sa.func.coalesce(sa.func.nullif(runs.c.scenario_id, ""), runs.c.scenario_name)
        with self.store.reading() as connection:
            both = [
                connection.execute(sa.select(each).distinct().where(each != "").order_by(each).limit(_MOST_NAMES))
                for each in (scenario, runs.c.target_id)
            ]
            scenarios, targets = ([str(name) for name in found.scalars()] for found in both)
        return scenarios, targets

    def waiting(self) -> list[str]:
        """The ids of the pending runs, the oldest first."""
        query = sa.select(runs.c.id).where(runs.c.status == _PENDING).order_by(runs.c.created_at, runs.c.id)
        with self.store.reading() as connection:
            return list(connection.execute(query).scalars())

    def ready(self) -> list[str]:
        """The ids of the pending runs that may begin, the oldest first: of one local place one at a time."""
        with self.store.reading() as connection:
            return _ready(connection)

    def running(self) -> int:
        """How many runs are running."""
        with self.store.reading() as connection:
            return int(connection.execute(_COUNT_RUNNING).scalar_one())

    def counts(self) -> dict[Status, int]:
        """How many runs there are of each status."""
        query = sa.select(runs.c.status, sa.func.count()).group_by(runs.c.status)
        with self.store.reading() as connection:
            found = {row[0]: row[1] for row in connection.execute(query)}
        return {status: found.get(status.value, 0) for status in Status}

    def rows_written(self) -> int:
        """The rows that all runs have written."""
        with self.store.reading() as connection:
            total = sa.select(sa.func.coalesce(sa.func.sum(runs.c.rows_written), 0))
            return int(connection.execute(total).scalar_one())

    def revision(self, run_id: str) -> int:
        """A number that changes whenever the run does: for those who watch."""
        with self.store.reading() as connection:
            found = connection.execute(sa.select(runs.c.revision).where(runs.c.id == run_id)).scalar_one_or_none()
        if found is None:
            raise _unknown(run_id)
        return int(found)

    def job(self, run_id: str) -> Job:
        with self.store.reading() as connection:
            text = connection.execute(sa.select(runs.c.job).where(runs.c.id == run_id)).scalar_one_or_none()
        if text is None:
            raise _unknown(run_id)
        return Job.model_validate_json(text)

    def keep_job(self, run_id: str, owner: Owner, job: Job) -> None:
        owned = (runs.c.id == run_id) & (runs.c.owner_token == owner.token)
        with self.store.writing() as connection:
            connection.execute(sa.update(runs).where(owned).values({"job": job.model_dump_json(by_alias=True)}))

    def logs(self, run_id: str, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Lines of a run's log with numbers above `after`."""
        query = (
            sa.select(run_logs)
            .where((run_logs.c.run_id == run_id) & (run_logs.c.number > after))
            .order_by(run_logs.c.number)
            .limit(limit)
        )
        with self.store.reading() as connection:
            found = [log_line(row) for row in connection.execute(query).mappings()]
        if not found:
            self.revision(run_id)
        return found


def _ready(connection: sa.Connection) -> list[str]:
    columns = (runs.c.id, runs.c.status, runs.c.target_kind, runs.c.destination)
    query = sa.select(*columns).where(runs.c.status.in_([_PENDING, _RUNNING]))
    return first_per_target(connection.execute(query.order_by(runs.c.created_at, runs.c.id)).all())


_NO_MARKS = str.maketrans({"-": None, ":": None, "T": "-"})
_COUNT_RUNNING = sa.select(sa.func.count()).select_from(runs).where(runs.c.status == _RUNNING)
_MOST_NAMES = 500
_SEARCHED = (
    runs.c.id,
    runs.c.scenario_id,
    runs.c.scenario_name,
    runs.c.target_id,
    runs.c.target_name,
    runs.c.destination,
    runs.c.error,
)
_NEWEST = (runs.c.created_at.desc(), runs.c.id.desc())


def _bound(instant: datetime) -> str:
    """A moment to compare those of the store with; at the ends of the calendar, where UTC may have none, the year."""
    return timestamp(instant) if 1 < instant.year < 9999 else f"{instant.year:04}"


def _sum(run_id: str, column: str) -> sa.ScalarSelect[Any]:
    """The sum of a column over a run's entities."""
    total = sa.func.coalesce(sa.func.sum(run_entities.c[column]), 0)
    return sa.select(total).where(run_entities.c.run_id == run_id).scalar_subquery()


_EMPTY: Mapping[str, Any] = {
    "status": _PENDING,
    "phase": "",
    "rows_written": 0,
    "problems": "[]",
    "error": "",
    "cancel_requested": 0,
    "reproduces": "",
    "revision": 0,
    "owner_token": "",
    "owner_host": "",
    "owner_pid": 0,
    "owner_started": "",
    "heartbeat_at": "",
}


def _owned(owner: Owner, now: str) -> dict[str, Any]:
    return {
        "owner_token": owner.token,
        "owner_host": owner.host,
        "owner_pid": owner.pid,
        "owner_started": owner.started,
        "heartbeat_at": now,
    }


def _ended(ending: Ending) -> dict[str, Any]:
    return {
        "status": ending.status.value,
        "phase": "",
        "finished_at": timestamp(datetime.now(UTC)),
        "error": ending.error,
        "problems": json.dumps(list(ending.problems), ensure_ascii=False),
        "revision": runs.c.revision + 1,
    }


def _forget_rows(connection: sa.Connection, run_id: str) -> None:
    """What a run had written when it failed is not in the target any more."""
    nothing = {"written": 0, "digest": "", "column_digests": None}
    connection.execute(sa.update(run_entities).where(run_entities.c.run_id == run_id).values(nothing))
    connection.execute(sa.update(runs).where(runs.c.id == run_id).values(rows_written=0))


def _log(connection: sa.Connection, run_id: str, lines: Sequence[tuple[str, str, str]]) -> None:
    """Add lines (time, level, text) to a run's log, numbered on."""
    if not lines:
        return
    last = sa.select(sa.func.coalesce(sa.func.max(run_logs.c.number), 0)).where(run_logs.c.run_id == run_id)
    number = connection.execute(last).scalar_one()
    rows = [
        {"run_id": run_id, "number": number + place, "time": time, "level": level, "text": text}
        for place, (time, level, text) in enumerate(lines, 1)
    ]
    connection.execute(sa.insert(run_logs), rows)


def _unknown(run_id: str) -> NotFound:
    return NotFound(Problem(("run",), f"there is no run {run_id!r}", "`sdgen run list` shows them"))
