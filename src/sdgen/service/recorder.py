"""Events of a run → counters and log lines in the store, a few times a second, whatever the run's pace.

A thread writes, and gives signs of life while a target is busy for long. The flag that asks to cancel is read after
batches as well, so that a run stops within two of them.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from types import TracebackType

from sdgen.errors import Cancelled, StoreError
from sdgen.execution.events import (
    EntityFinished,
    EntityStarted,
    Event,
    Finishing,
    Listener,
    Remark,
    RowsWritten,
    log_line,
)
from sdgen.execution.job import Job
from sdgen.execution.secrets import Redactor
from sdgen.service.processes import Owner
from sdgen.service.records import EntityRun
from sdgen.service.run_repository import RunRepository
from sdgen.service.store import timestamp

EVERY = 0.25  # seconds between two writes
SIGN_OF_LIFE = 2.0  # seconds between two writes where nothing has changed
LOOK = 0.01  # seconds between two looks at the flag, at least: less than most batches take


class Recorder:
    """A listener that is entered before a run and left after it."""

    def __init__(
        self,
        repository: RunRepository,
        run_id: str,
        owner: Owner,
        redactor: Redactor,
        listen: Listener,
        cancel: threading.Event,
    ) -> None:
        self._repository, self._run_id, self._owner = repository, run_id, owner
        self._redactor, self._listen, self._cancel = redactor, listen, cancel
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # what was taken first is stored first
        self._changed: dict[str, EntityRun] = {}
        self._lines: list[tuple[str, str, str]] = []
        self._phase = "writing"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="sdgen-recorder", daemon=True)
        self._looked = 0.0

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def __call__(self, event: Event) -> None:
        self._note(event)
        self._listen(event)
        if isinstance(event, Finishing):
            self._write()  # what is left of a run that is killed while it commits must be known
        elif isinstance(event, RowsWritten):
            self._look()

    def keep(self, job: Job) -> None:
        """Store the job again, with what was learnt when it began."""
        self._repository.keep_job(self._run_id, self._owner, job)

    def say(self, level: str, text: str) -> None:
        """Add a line to the run's log."""
        shown = self._redactor(text)
        log_line(self._run_id, level, shown)
        with self._lock:
            self._lines.append((timestamp(), level, shown))

    def rest(self) -> list[tuple[str, str, str]]:
        """The lines that are not written yet; they are the caller's now."""
        with self._lock:
            lines, self._lines = self._lines, []
        return lines

    def _note(self, event: Event) -> None:
        match event:
            case Remark(text):
                self.say("info", text)
            case EntityStarted(entity, table, rows):
                self.say("info", f"{table}: {rows:,} rows to write")
                self._set(EntityRun(entity=entity, table=table, asked=rows))
            case RowsWritten(entity, rows, total):
                self._set(EntityRun(entity=entity, table="", asked=total, written=rows))
            case EntityFinished(entity, table, rows, seconds, digest, columns):
                self.say("info", f"{table}: {rows:,} rows in {seconds:.2f} s, digest {digest}")
                figures = {"asked": rows, "written": rows, "seconds": seconds, "digest": digest}
                self._set(EntityRun(entity=entity, table=table, **figures, columns=columns))
            case Finishing():
                self.say("info", "all rows are written; the target adds its constraints and commits")
                self._phase = "finishing"

    def _set(self, entity: EntityRun) -> None:
        with self._lock:
            self._changed[entity.entity] = entity

    def _look(self) -> None:
        """Stop here where that is asked for."""
        now = time.monotonic()
        if now - self._looked >= LOOK:
            self._looked = now
            self._ask()
        if self._cancel.is_set():
            raise Cancelled("the run was cancelled")

    def _ask(self) -> None:
        with suppress(StoreError):  # a store that is away for a moment stops no run
            if self._repository.is_cancel_requested(self._run_id):
                self._cancel.set()

    def _write_on(self) -> None:
        written = time.monotonic()
        while not self._over.wait(EVERY):
            if self._changed or self._lines or time.monotonic() - written >= SIGN_OF_LIFE:
                self._write()
                written = time.monotonic()
            else:
                self._ask()

    def _write(self) -> None:
        with self._writing:
            self._write_changes()

    def _write_changes(self) -> None:
        """Write what has changed; where the store does not take it, it is kept for the next time."""
        with self._lock:
            changed, lines, self._changed, self._lines = self._changed, self._lines, {}, []
        try:
            asked = self._repository.advance(self._run_id, self._owner, self._phase, changed.values(), lines)
        except StoreError:
            with self._lock:
                # What has been noted meanwhile is newer than what was to be written.
                self._changed = {**changed, **self._changed}
                self._lines = [*lines, *self._lines]
            return
        if asked:
            self._cancel.set()

    def flush(self) -> None:
        """Write what is left, for the last time."""
        self._write()
