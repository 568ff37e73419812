"""What a run tells while it goes on reaches the store in the order in which it was told."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from sdgen.execution.events import EntityFinished, EntityStarted, Finishing, ignore
from sdgen.execution.secrets import Redactor
from sdgen.service.processes import this_process
from sdgen.service.recorder import Recorder
from sdgen.service.records import EntityRun


class SlowRepository:
    """A store that keeps its first writer waiting."""

    def __init__(self) -> None:
        self.stored: dict[str, EntityRun] = {}
        self.entered, self.released = threading.Event(), threading.Event()

    def advance(self, run_id: str, owner: object, phase: str, entities: Iterable[EntityRun], lines: object) -> bool:
        changed = list(entities)
        if not self.entered.is_set():
            self.entered.set()
            self.released.wait(5)
        self.stored |= {each.entity: each for each in changed}
        return False

    def is_cancel_requested(self, run_id: str) -> bool:
        return False


def test_an_older_word_of_an_entity_never_follows_a_newer_one() -> None:
    repository: Any = SlowRepository()
    with Recorder(repository, "r", this_process(), Redactor(), ignore, threading.Event()) as recorder:
        recorder(EntityStarted("parents", "parents", 5))
        assert repository.entered.wait(5)
        recorder(EntityFinished("parents", "parents", 5, 0.1, "abc"))
        ending = threading.Thread(target=recorder, args=(Finishing(),))
        ending.start()
        ending.join(0.2)
        repository.released.set()
        ending.join(5)
    assert (repository.stored["parents"].written, repository.stored["parents"].digest) == (5, "abc")
