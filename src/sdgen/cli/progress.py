"""Progress on stderr: a bar per entity on a terminal, a line per entity elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from sdgen.execution.events import EntityFinished, EntityStarted, Event, Finishing, Remark, RowsWritten

if TYPE_CHECKING:
    from rich.progress import TaskID


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
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        figures = TextColumn("{task.fields[figures]}", justify="right")
        columns = (TextColumn("{task.description}"), BarColumn(), figures, TimeRemainingColumn(compact=True))
        self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
        self._tasks: dict[str, TaskID] = {}

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
                self._tasks[entity] = self._bars.add_task(_plain(table), total=rows, figures=f"0 / {rows:,}")
            case RowsWritten(entity, rows, _):
                self._advance(self._tasks[entity], rows)
            case Finishing():
                self._bars.add_task("finishing", total=None, figures="")

    def _advance(self, task: TaskID, rows: int) -> None:
        self._bars.update(task, completed=rows)
        known = self._bars.tasks[self._bars.task_ids.index(task)]
        speed = f", {rows / known.elapsed:,.0f} rows/s" if known.elapsed else ""
        self._bars.update(task, figures=f"{rows:,} / {known.total:,.0f}{speed}")


def _plain(text: str) -> str:
    """Text without the square brackets that rich reads as markup."""
    return text.replace("[", "\\[")
