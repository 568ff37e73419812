"""Which runs are kept, and how they are found again: removal by id, number and age; search."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from sdgen.errors import NotFound, StoreError
from sdgen.execution.request import RunRequest
from sdgen.service.processes import this_process
from sdgen.service.records import EntityRun
from sdgen.service.run_queries import Retention, age, retention
from sdgen.service.service import Service
from sdgen.service.store import timestamp
from sdgen.service.tables import run_entities, run_logs, runs
from tests.service.made import tiny


def done(service: Service, name: str = "x") -> str:
    return service.perform(RunRequest(scenario=tiny(5, name=f"tiny {name}"), target=f"{name}.sqlite")).id


def aged(service: Service, run_id: str, days: float) -> None:
    with service.store.writing() as connection:
        then = timestamp(datetime.now(UTC) - timedelta(days=days))
        values = {"created_at": then, "finished_at": then}
        connection.execute(sa.update(runs).where(runs.c.id == run_id).values(values))


def ids(service: Service) -> list[str]:
    return [run.id for run in service.runs()[0]]


def rows(service: Service, run_id: str) -> int:
    with service.store.reading() as connection:
        return sum(
            connection.execute(sa.select(sa.func.count()).where(column == run_id)).scalar_one()
            for column in (run_logs.c.run_id, run_entities.c.run_id, runs.c.id)
        )


def test_runs_are_removed_with_their_logs_and_rows_stay(service: Service) -> None:
    first, second = done(service, "a"), done(service, "b")
    assert rows(service, first) > 3
    service.remove_runs([first, first])
    assert rows(service, first) == 0
    assert ids(service) == [second]
    with pytest.raises(NotFound):
        service.remove_runs([second, first])
    assert ids(service) == [second]  # all or none
    assert (service.catalog.targets(), service.run("latest").id) == ([], second)


def test_active_runs_stay(service: Service) -> None:
    waiting = service.submit(RunRequest(scenario=tiny(5), target="w.sqlite")).id
    with pytest.raises(StoreError, match="is pending"):
        service.remove_runs([waiting])
    assert service.remove_old_runs(Retention(keep=0)) == []
    service.cancel(waiting)
    assert service.remove_old_runs(Retention(keep=0), dry=True) == [waiting]
    assert ids(service) == [waiting]
    assert service.remove_old_runs(Retention(keep=0)) == [waiting]
    assert ids(service) == []


def test_the_newest_are_kept_or_the_young(service: Service) -> None:
    made = [done(service, name) for name in "abcd"]
    for days, run_id in zip((40, 30, 20, 10), made, strict=True):
        aged(service, run_id, days)
    assert service.remove_old_runs(Retention(keep=3)) == [made[0]]
    assert service.remove_old_runs(Retention(keep=2, age=timedelta(days=15)), dry=True) == [made[1]]
    assert service.remove_old_runs(Retention(age=age("15d"))) == [made[2], made[1]]
    assert ids(service) == [made[3]]


def test_a_run_whose_record_was_removed_ends_quietly(service: Service) -> None:
    """A process that was thought dead, and whose run was removed meanwhile, has nobody to tell."""
    run_id, owner = done(service), this_process()
    service.remove_runs([run_id])
    assert not service.repository.advance(
        run_id, owner, "", [EntityRun(entity="a", table="a", asked=1)], [("", "", "x")]
    )
    assert rows(service, run_id) == 0


@pytest.mark.parametrize(("text", "kept"), [("500", {"keep": 500}), ("30d", {"age": timedelta(days=30)})])
def test_what_is_kept_is_a_number_or_an_age(text: str, kept: dict[str, object]) -> None:
    assert retention(text) == Retention(**kept)
    with pytest.raises(ValueError, match="neither a number of runs"):
        retention("forever")
    with pytest.raises(ValueError, match="not a length of time"):
        age("30")


def test_runs_are_searched(service: Service) -> None:
    first, second = done(service, "50%_a"), done(service, "other")
    aged(service, first, 3)

    def found(**query: Any) -> list[str]:
        return [run.id for run in service.runs(**query)[0]]

    assert found(text="TINY 50%_A") == [first]
    assert found(text="%_") == [first]
    assert found(text=second[-8:]) == [second]
    assert found(text="other.sqlite") == [second]
    day = datetime.now(UTC) - timedelta(days=1)
    assert (found(since=day), found(until=day)) == ([second], [first])
    assert found(since=datetime.min.replace(tzinfo=UTC), until=datetime.max.replace(tzinfo=UTC)) == [second, first]
    assert service.repository.names() == (["tiny 50%_a", "tiny other"], [])
