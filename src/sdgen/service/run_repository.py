"""The runs of a store, written: added, claimed, advanced, ended. Each method is one short transaction."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from sdgen.errors import Problem, StoreError
from sdgen.execution.job import Job
from sdgen.execution.resume import state_after_kill
from sdgen.service.processes import Owner, is_gone
from sdgen.service.records import EntityRun, Run, Status
from sdgen.service.run_queries import COUNT_RUNNING, PENDING, RUNNING, RunQueries, ready_runs, unknown_run
from sdgen.service.store import moment, timestamp
from sdgen.service.tables import run_entities, run_logs, runs

LogEntry = tuple[str, str, str]  # time, level, text


@dataclass(frozen=True)
class Ending:
    """How a run ended."""

    status: Status
    error: str = ""
    problems: tuple[Mapping[str, Any], ...] = ()


class RunRepository(RunQueries):
    """The runs of a store."""

    def add(self, values: Mapping[str, Any], entities: Sequence[EntityRun], owner: Owner | None = None) -> str:
        """A new run: pending, or, where an owner is given, running under it. Its id."""
        now = timestamp()
        run_id = f"{now[:19].translate(_NO_MARKS)}-{secrets.token_hex(4)}"
        row = {**_EMPTY, **values, "id": run_id, "created_at": now}
        if owner is not None:
            row |= {"status": RUNNING, "started_at": now, **owner_columns(owner, now)}
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
            connection.execute(sa.insert(runs).values(row))
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
                raise unknown_run(run_id)
            if status != PENDING:
                # RUNNING would say that the run is this owner's now.
                return Status.FAILED if status == RUNNING else Status(status)
            if limit is not None and (
                connection.execute(COUNT_RUNNING).scalar_one() >= limit or run_id not in ready_runs(connection)
            ):
                return None
            now = timestamp()
            values = {
                "status": RUNNING,
                "started_at": now,
                "revision": runs.c.revision + 1,
                **owner_columns(owner, now),
            }
            connection.execute(sa.update(runs).where(runs.c.id == run_id).values(values))
        return Status.RUNNING

    def advance(
        self,
        run_id: str,
        owner: Owner,
        phase: str,
        entities: Iterable[EntityRun],
        lines: Sequence[LogEntry],
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

    def finish(self, run_id: str, owner: Owner, ending: Ending, lines: Sequence[LogEntry] = ()) -> bool:
        """The end of a run, told by its owner; whether it was still the owner's."""
        owned = (runs.c.id == run_id) & (runs.c.owner_token == owner.token)
        with self.store.writing() as connection:
            found = connection.execute(sa.update(runs).where(owned).values(_ending_columns(ending)))
            if ending.status is not Status.SUCCESS and found.rowcount:
                _forget_rows(connection, run_id)
            if found.rowcount:  # else it may have been removed
                _log(connection, run_id, lines)
            return bool(found.rowcount)

    def cancel(self, run_id: str) -> Run:
        """Ask a run to stop: a pending one is cancelled at once, a running one within two batches."""
        now = timestamp()
        waiting = (runs.c.id == run_id) & (runs.c.status == PENDING)
        going = (runs.c.id == run_id) & (runs.c.status == RUNNING)
        with self.store.writing() as connection:
            ended = _ending_columns(Ending(Status.CANCELLED, "cancelled before it began"))
            over = connection.execute(sa.update(runs).where(waiting).values(ended)).rowcount
            if over:
                _log(connection, run_id, [(now, "info", "cancelled before it began")])
            elif connection.execute(sa.update(runs).where(going).values(cancel_requested=1)).rowcount:
                _log(connection, run_id, [(now, "info", "asked to stop")])
        found = self.run(run_id)
        if found.status.is_over and not over:
            raise StoreError(
                Problem(("run",), f"the run {run_id} is over: {found.status}", "there is nothing to cancel")
            )
        return found

    def lose(self, run_id: str, token: str, reason: str) -> bool:
        """Mark a run as failed whose owner is gone; whether it was."""
        going = (runs.c.id == run_id) & (runs.c.status == RUNNING) & (runs.c.owner_token == token)
        with self.store.writing() as connection:
            wanted = sa.select(runs.c.phase, runs.c.request, runs.c.target_kind).where(runs.c.id == run_id)
            phase, request, kind = connection.execute(wanted).one_or_none() or ("", "{}", "")
            error = f"the run was lost: {reason}; {state_after_kill(phase, json.loads(request), kind)}"
            found = connection.execute(
                sa.update(runs).where(going).values(_ending_columns(Ending(Status.FAILED, error)))
            )
            if found.rowcount:
                # Killed while its target committed, it may have left all its rows: the counters tell how many those
                # would be.
                if phase != "finishing":
                    _forget_rows(connection, run_id)
                _log(connection, run_id, [(timestamp(), "error", error)])
            return bool(found.rowcount)

    def refuse(self, run_id: str, reason: str) -> bool:
        """Mark a pending run as failed that no process could begin; whether it was pending."""
        waiting = (runs.c.id == run_id) & (runs.c.status == PENDING)
        with self.store.writing() as connection:
            found = connection.execute(
                sa.update(runs).where(waiting).values(_ending_columns(Ending(Status.FAILED, reason)))
            )
            if found.rowcount:
                _log(connection, run_id, [(timestamp(), "error", reason)])
            return bool(found.rowcount)

    def mark_lost(self) -> list[str]:
        """Mark all runs whose process is no more as failed; their ids."""
        columns = (runs.c.id, runs.c.owner_token, runs.c.owner_host, runs.c.owner_pid, runs.c.owner_started)
        query = sa.select(*columns, runs.c.heartbeat_at).where(runs.c.status == RUNNING)
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

    def keep_job(self, run_id: str, owner: Owner, job: Job) -> None:
        owned = (runs.c.id == run_id) & (runs.c.owner_token == owner.token)
        with self.store.writing() as connection:
            connection.execute(sa.update(runs).where(owned).values({"job": job.model_dump_json(by_alias=True)}))


_NO_MARKS = str.maketrans({"-": None, ":": None, "T": "-"})


def _sum(run_id: str, column: str) -> sa.ScalarSelect[Any]:
    """The sum of a column over a run's entities."""
    total = sa.func.coalesce(sa.func.sum(run_entities.c[column]), 0)
    return sa.select(total).where(run_entities.c.run_id == run_id).scalar_subquery()


_EMPTY: Mapping[str, Any] = {
    "status": PENDING,
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


def owner_columns(owner: Owner, now: str) -> dict[str, Any]:
    return {
        "owner_token": owner.token,
        "owner_host": owner.host,
        "owner_pid": owner.pid,
        "owner_started": owner.started,
        "heartbeat_at": now,
    }


def _ending_columns(ending: Ending) -> dict[str, Any]:
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


def _log(connection: sa.Connection, run_id: str, lines: Sequence[LogEntry]) -> None:
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
