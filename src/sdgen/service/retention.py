"""Which runs are kept: they are removed by id, all but the newest, or once they are older than so long.

Only the record of a run goes, with its log; what it wrote stays where it is. A run that waits or runs is never removed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from sdgen.errors import NotFound, Problem, StoreError
from sdgen.scenario.model import Record
from sdgen.service.records import Status
from sdgen.service.store import Store, timestamp
from sdgen.service.tables import run_entities, run_logs, runs

_OVER: Final = tuple(status.value for status in Status if status.is_over)
_AT_ONCE = 500  # ids in one statement
_AGE = re.compile(r"\s*(\d{1,6})\s*(min|h|d|w)\s*")
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Retention(Record):
    """What is kept: so many of the newest runs that are over, and those that are younger than so long; None: any."""

    keep: int | None = None
    age: timedelta | None = None


def age(text: str) -> timedelta:
    """The length of time of a text such as 30d, 12h or 4w; ValueError where it is none."""
    found = _AGE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a length of time such as 30d, 12h or 4w")
    return int(found[1]) * _UNITS[found[2]]


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
            for table, column in (
                (run_logs, run_logs.c.run_id),
                (run_entities, run_entities.c.run_id),
                (runs, runs.c.id),
            ):
                connection.execute(sa.delete(table).where(column.in_(ids)))


def _chunks(run_ids: Sequence[str]) -> list[Sequence[str]]:
    return [run_ids[start : start + _AT_ONCE] for start in range(0, len(run_ids), _AT_ONCE)]
