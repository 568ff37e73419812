"""Runs as they are listed, counted and forgotten: one query each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from sdgen.errors import NotFound, Problem, StoreError
from sdgen.execution.job import Job
from sdgen.execution.target_kinds import lock_path
from sdgen.scenario.model import Record
from sdgen.service.records import EntityRun, LogLine, ProblemRecord, Run, Status
from sdgen.service.store import Store, moment, timestamp
from sdgen.service.tables import run_entities, run_logs, runs

LATEST = "latest"
RUNNING, PENDING = Status.RUNNING.value, Status.PENDING.value
_MOST_NAMES = 500
COUNT_RUNNING = sa.select(sa.func.count()).select_from(runs).where(runs.c.status == RUNNING)
_SEARCHED = (
    runs.c.id,
    runs.c.scenario_id,
    runs.c.scenario_name,
    runs.c.target_id,
    runs.c.target_name,
    runs.c.destination,
    runs.c.error,
)
# The id decides between runs that were made at one moment, so that pages of a list never overlap.
_NEWEST = (runs.c.created_at.desc(), runs.c.id.desc())


class RunQueries:
    """What can be asked about the runs of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def is_cancel_requested(self, run_id: str) -> bool:
        with self.store.reading() as connection:
            asked = sa.select(runs.c.cancel_requested).where(runs.c.id == run_id)
            return bool(connection.execute(asked).scalar_one_or_none())

    def run(self, run_id: str) -> Run:
        """A run by its id, or the `latest`; NotFound where there is none."""
        query = sa.select(runs).where(runs.c.id == run_id)
        if run_id == LATEST:
            query = sa.select(runs).order_by(*_NEWEST).limit(1)
        with self.store.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                raise unknown_run(run_id)
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
            # Signs that LIKE would read as patterns stand for themselves.
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
        query = sa.select(runs.c.id).where(runs.c.status == PENDING).order_by(runs.c.created_at, runs.c.id)
        with self.store.reading() as connection:
            return list(connection.execute(query).scalars())

    def ready(self) -> list[str]:
        """The ids of the pending runs that may begin, the oldest first: of one local place one at a time."""
        with self.store.reading() as connection:
            return ready_runs(connection)

    def running(self) -> int:
        """How many runs are running."""
        with self.store.reading() as connection:
            return int(connection.execute(COUNT_RUNNING).scalar_one())

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
            raise unknown_run(run_id)
        return int(found)

    def job(self, run_id: str) -> Job:
        with self.store.reading() as connection:
            text = connection.execute(sa.select(runs.c.job).where(runs.c.id == run_id)).scalar_one_or_none()
        if text is None:
            raise unknown_run(run_id)
        return Job.model_validate_json(text)

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
            # Raises where there is no such run, which can't be told from one without lines.
            self.revision(run_id)
        return found


def ready_runs(connection: sa.Connection) -> list[str]:
    columns = (runs.c.id, runs.c.status, runs.c.target_kind, runs.c.destination)
    query = sa.select(*columns).where(runs.c.status.in_([PENDING, RUNNING]))
    return first_per_target(connection.execute(query.order_by(runs.c.created_at, runs.c.id)).all())


def _bound(instant: datetime) -> str:
    """A moment to compare those of the store with; at the ends of the calendar, where UTC may have none, the year."""
    return timestamp(instant) if 1 < instant.year < 9999 else f"{instant.year:04}"


def unknown_run(run_id: str) -> NotFound:
    return NotFound(Problem(("run",), f"there is no run {run_id!r}", "`sdgen run list` shows them"))


_AS_THEY_ARE = (
    "id",
    "phase",
    "config_hash",
    "scenario_id",
    "scenario_name",
    "scenario_version",
    "scenario_source",
    "target_id",
    "target_name",
    "target_kind",
    "destination",
    "mode",
    "rows_asked",
    "rows_written",
    "error",
    "reproduces",
    "revision",
)


def first_per_target(rows: Iterable[Any]) -> list[str]:
    """Of pending and running runs in their order, the pending ones that may begin: one at a time into a local place."""
    places = [(row, lock_path(row.target_kind, row.destination)) for row in rows]
    taken = {place for row, place in places if row.status == Status.RUNNING.value and place}
    ready = []
    for row, place in places:
        if row.status == Status.PENDING.value and place not in taken:
            ready.append(row.id)
            # Who waits first has the place as well, so that no later run overtakes it.
            taken |= {place} if place else set()
    return ready


def run_of(row: Mapping[Any, Any], entities: Sequence[Mapping[Any, Any]]) -> Run:
    """A run of its row, and those of its entities."""
    return Run(
        **{name: row[name] for name in _AS_THEY_ARE},
        status=Status(row["status"]),
        created_at=moment(row["created_at"]),
        started_at=moment(row["started_at"]) if row["started_at"] else None,
        finished_at=moment(row["finished_at"]) if row["finished_at"] else None,
        seed=int(row["seed"]),
        as_of=moment(row["as_of"]),
        warnings=tuple(json.loads(row["warnings"])),
        problems=tuple(ProblemRecord(**each) for each in json.loads(row["problems"])),
        request=json.loads(row["request"]),
        versions=json.loads(row["versions"]),
        cancel_requested=bool(row["cancel_requested"]),
        worker=f"{row['owner_host'].rpartition('/')[0]}:{row['owner_pid']}" if row["owner_pid"] else "",
        entities=tuple(_entity(each) for each in entities),
    )


def _entity(row: Mapping[Any, Any]) -> EntityRun:
    return EntityRun(
        entity=row["entity"],
        table=row["table_name"],
        asked=row["asked"],
        written=row["written"],
        seconds=row["seconds"],
        digest=row["digest"],
        columns=json.loads(row["column_digests"] or "{}"),
    )


def log_line(row: Mapping[Any, Any]) -> LogLine:
    return LogLine(number=row["number"], time=moment(row["time"]), level=row["level"], text=row["text"])


def last_number(store: Store, run_id: str) -> int:
    """The number of the last line of a run's log; 0 where it has none."""
    query = sa.select(sa.func.coalesce(sa.func.max(run_logs.c.number), 0)).where(run_logs.c.run_id == run_id)
    with store.reading() as connection:
        return int(connection.execute(query).scalar_one())


# Which runs are kept: they are removed by id, all but the newest, or once they are older than so long.
#
# Only the record of a run goes, with its log; what it wrote stays where it is. A run that waits or runs is never
# removed.
_OVER: Final = tuple(status.value for status in Status if status.is_over)
_AT_ONCE = 500  # ids in one statement
_AGE = re.compile(r"\s*(\d{1,6})\s*(min|h|d|w)\s*")
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def age(text: str) -> timedelta:
    """The length of time of a text such as 30d, 12h or 4w; ValueError where it is none."""
    found = _AGE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a length of time such as 30d, 12h or 4w")
    return int(found[1]) * _UNITS[found[2]]


class Retention(Record):
    """What is kept: so many of the newest runs that are over, and those that are younger than so long; None: any."""

    keep: int | None = None
    age: timedelta | None = None


def retention(text: str) -> Retention:
    """What a number of runs (500) or an age (30d) says; ValueError where it is neither."""
    if text.strip().isdecimal() and len(text.strip()) < 10:
        return Retention(keep=int(text))
    try:
        return Retention(age=age(text))
    except ValueError:
        raise ValueError(f"{text!r} is neither a number of runs, such as 500, nor an age, such as 30d") from None


def old_runs(store: Store, kept: Retention) -> list[str]:
    """The runs that are over and aren't kept, the newest first."""
    over = runs.c.status.in_(_OVER)
    query = sa.select(runs.c.id).where(over).order_by(runs.c.created_at.desc(), runs.c.id.desc())
    if kept.age is not None:
        query = query.where(runs.c.finished_at < timestamp(datetime.now(UTC) - kept.age))
    with store.reading() as connection:
        found = list(connection.execute(query).scalars())
        if kept.keep is None:
            return found
        newest = sa.select(runs.c.id).where(over).order_by(runs.c.created_at.desc(), runs.c.id.desc())
        protected = set(connection.execute(newest.limit(kept.keep)).scalars())
    return [run_id for run_id in found if run_id not in protected]


def remove_runs(store: Store, run_ids: Sequence[str]) -> None:
    """Remove these runs, all or none of them; NotFound or StoreError with every one that can't be."""
    with store.alone() as connection:
        statuses: dict[str, str] = {}
        for ids in _chunks(run_ids):
            found = connection.execute(sa.select(runs.c.id, runs.c.status).where(runs.c.id.in_(ids)))
            statuses |= {row.id: row.status for row in found}
        unknown = [Problem(("run",), f"there is no run {each!r}") for each in run_ids if each not in statuses]
        if unknown:
            raise NotFound(unknown)
        active = [each for each in run_ids if statuses[each] not in _OVER]
        if active:
            hint = "cancel it first, or wait for its end"
            raise StoreError([Problem(("run",), f"the run {each} is {statuses[each]}", hint) for each in active])
        for ids in _chunks(run_ids):
            # What refers to a run goes before it, as the store's foreign keys want it.
            for table, column in (
                (run_logs, run_logs.c.run_id),
                (run_entities, run_entities.c.run_id),
                (runs, runs.c.id),
            ):
                connection.execute(sa.delete(table).where(column.in_(ids)))


def _chunks(run_ids: Sequence[str]) -> list[Sequence[str]]:
    return [run_ids[start : start + _AT_ONCE] for start in range(0, len(run_ids), _AT_ONCE)]
