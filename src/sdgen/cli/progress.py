"""Progress on stderr: a bar per entity on a terminal, a line per entity elsewhere."""

from __future__ import annotations

import sys
from typing import Protocol

from sdgen.execution.events import EntityFinished, EntityStarted, Event, Finishing, Remark, RowsWritten


class Progress(Protocol):
    """A listener that is entered before the run and left after it."""

    def __enter__(self) -> Progress: ...

    def __exit__(self, *_: object) -> None: ...

    def __call__(self, event: Event) -> None: ...


def progress(quiet: bool, data_on_stdout: bool) -> Progress:
    """What shows a run's progress here. Bars would run into rows that go to the same terminal."""
    if quiet:
        return Silence()
    on_terminal = sys.stderr.isatty() and not (data_on_stdout and sys.stdout.isatty())
    return Bars() if on_terminal else Lines()


class Silence:
    """Shows nothing."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        pass


class Lines(Silence):
    """A line for each entity that is done."""

    def __call__(self, event: Event) -> None:
        if isinstance(event, Remark):
            print(event.text, file=sys.stderr, flush=True)
        if isinstance(event, EntityFinished):
            line = f"{event.table}: {event.rows:,} rows in {event.seconds:.2f} s"
            print(line, file=sys.stderr, flush=True)


class Bars:
    """A bar for each entity."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
        self._tasks: dict[str, object] = {}

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        match event:
            case Remark(text):
                self._bars.console.print(_plain(text))
            case EntityStarted(entity, table, rows):
                self._tasks[entity] = self._bars.add_task(_plain(table), total=rows)
            case RowsWritten(entity, rows, _):
                self._bars.update(self._tasks[entity], completed=rows)  # type: ignore[arg-type]
            case Finishing():
                self._bars.add_task("finishing", total=None)


def _plain(text: str) -> str:
    """Text without the square brackets that rich reads as markup."""
    return text.replace("[", "\\[")
