"""Runs that commit as they go, stopped and gone on with; and stopped before there are rows."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdgen.databases.checkpoint_table import NAME
from sdgen.errors import Cancelled, ScenarioError, StoreError
from sdgen.execution import job as standing
from sdgen.execution.events import Event, RowsWritten
from sdgen.execution.request import read_request
from sdgen.generators.cancellation import cancelled_by, raise_if_cancelled
from sdgen.generators.links.counts import DrawnCounts
from sdgen.service.records import Run
from sdgen.service.service import Service
from tests.service.made import asked, succeeded, tiny

BATCH = 65_536


def long(**more: Any) -> dict[str, Any]:
    """A scenario of several batches, without a seed of its own."""
    made = tiny()
    for key in ("seed", "as_of"):
        made.pop(key, None)
    made["entities"]["parents"]["rows"] = 3 * BATCH
    return {"scenario": made, "include": "parents", **more}


def stopped(service: Service, target: str, **more: Any) -> Run:
    cancel = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, RowsWritten) and event.rows > BATCH:
            cancel.set()

    return service.perform(asked(target, **long(**more)), listen=listen, cancel=cancel)


def test_a_stopped_run_is_gone_on_with(service: Service, folder: Path) -> None:
    first = stopped(service, "x.sqlite", commit_every=BATCH)
    assert first.status == "cancelled"
    assert "committed rows stay" in first.error
    with closing(sqlite3.connect(folder / "x.sqlite")) as connection:
        assert connection.execute(f"SELECT rows_done FROM {NAME} WHERE entry = 'parents'").fetchone() == (BATCH,)
    run = succeeded(service.perform(asked("x.sqlite", **long(commit_every=BATCH, resume=True))))
    assert (run.seed, run.as_of) == (first.seed, first.as_of)
    assert run.rows_written == 3 * BATCH
    whole = succeeded(service.perform(asked("y.sqlite", **long(seed=first.seed, as_of=first.as_of))))
    assert [each.digest for each in run.entities] == [each.digest for each in whole.entities]


def test_files_are_gone_on_with(service: Service, folder: Path) -> None:
    first = stopped(service, "out/", resume=True)
    assert "continues with what is done" in first.error
    run = succeeded(service.perform(asked("out/", **long(resume=True))))
    assert run.seed == first.seed


def test_another_seed_is_refused(service: Service, folder: Path) -> None:
    first = stopped(service, "x.sqlite", commit_every=BATCH)
    run = service.perform(asked("x.sqlite", **long(commit_every=BATCH, resume=True, seed=1)))
    assert run.status == "failed"
    assert f"seed {first.seed} instead of 1" in run.error


def test_stopped_while_it_is_planned(service: Service) -> None:
    cancel = threading.Event()
    cancel.set()
    made = tiny()
    made["entities"]["children"]["rows"] = {"per": "parents", "min": 0, "max": 2}
    with pytest.raises(Cancelled):
        service.perform(asked("x.sqlite", scenario=made), cancel=cancel)
    assert service.runs()[1] == 0


def test_sums_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    event, seen = threading.Event(), []

    def counted(self: DrawnCounts, start: int) -> Any:
        seen.append(start)
        event.set()
        return np.zeros(1, dtype="int64")

    monkeypatch.setattr(DrawnCounts, "_counts", counted)
    with cancelled_by(event), pytest.raises(Cancelled):
        DrawnCounts(1 << 30, 0, 3, key=1)
    assert seen == [0]
    raise_if_cancelled()  # outside nobody is stopped


def test_what_was_asked_counts_what_is_there(service: Service) -> None:
    """Rows per parent are known only when the target has been asked: new parents have children, old ones too."""
    made = tiny()
    succeeded(service.perform(asked("x.sqlite", scenario=made, seed=1)))
    run = succeeded(service.perform(asked("x.sqlite", scenario=made, seed=2, mode="append_only")))
    assert run.rows_asked == run.rows_written
    assert [each.asked for each in run.entities] == [each.written for each in run.entities]


def growing() -> dict[str, Any]:
    made = tiny(20)
    parents = made["entities"]["parents"]["columns"]
    parents["mark"] = {"type": "uuid", "generator": "uuid4", "unique": True}
    made["entities"]["children"]["columns"]["mark"] = {
        "generator": "fk",
        "params": {"entity": "parents", "column": "mark", "via": "parent_id"},
    }
    made["entities"]["notes"] = {
        "rows": 50,
        "columns": {
            "id": {"type": "bigint", "primary_key": True, "generator": "sequence"},
            "parent_id": {"generator": "fk", "params": {"entity": "parents", "column": "id"}},
        },
    }
    return made


@pytest.mark.parametrize("target", ["x.sqlite", "x.duckdb", "out/"])
def test_what_was_added_is_made_again_without_the_target(service: Service, folder: Path, target: str) -> None:
    succeeded(service.perform(asked(target, scenario=growing(), seed=1)))
    added = [succeeded(service.perform(asked(target, scenario=growing(), mode="append_only"))) for _ in (1, 2)]
    for path in folder.glob("x.*"):
        path.unlink()
    for run in added:
        again = succeeded(service.perform_again(run.id))
        found = service.comparison(again.id)
        assert found.same, found
        assert again.rows_written == run.rows_written
    if target != "out/":
        assert added[0].entities != added[1].entities


def test_what_was_added_to_too_much(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "MOST_BYTES", 100)
    succeeded(service.perform(asked("x.sqlite", scenario=growing(), seed=1)))
    run = succeeded(service.perform(asked("x.sqlite", scenario=growing(), mode="append_only")))
    with pytest.raises(StoreError, match="too many to store"):
        service.perform_again(run.id)


def test_what_was_added_goes_nowhere_else(service: Service) -> None:
    succeeded(service.perform(asked("x.sqlite", scenario=growing(), seed=1)))
    run = succeeded(service.perform(asked("x.sqlite", scenario=growing(), mode="append_only")))
    with pytest.raises(StoreError, match="another target may not hold"):
        service.perform_again(run.id, target="y.sqlite")


def test_a_commit_of_no_rows() -> None:
    with pytest.raises(ScenarioError, match="-1 is less than 0"):
        read_request({"scenario": tiny(), "target": "x.sqlite", "commit_every": -1})
