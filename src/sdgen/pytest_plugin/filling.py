"""Datasets as files: a SQLite or DuckDB database, Arrow tables; made once and then taken from the cache."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.errors import Problem
from sdgen.pytest_plugin.cache import Cache
from sdgen.pytest_plugin.marks import (
    MarkedData,
    MarkOptions,
    is_self_contained,
    outside_files,
    request_key,
    resolve_mark,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from sdgen.planning.plan import Plan

FILES = {"sqlite": "data.sqlite", "duckdb": "data.duckdb"}
ARROW = "arrow"
_ENTITIES = "entities.json"


@dataclass
class Filler:
    """Makes datasets, or takes them from a cache. report_notes: is given the notes on a scenario, once."""

    cache: Cache
    report_notes: Callable[[MarkOptions, tuple[Problem, ...]], None] = lambda options, notes: None
    _resolved: dict[str, MarkedData] = field(default_factory=dict)

    def file(self, options: MarkOptions, kind: str, to: Path) -> None:
        """A copy of the filled database file of a kind."""
        name = FILES[kind]
        self.cache.copied(self.key(options, kind), lambda folder: self.write(options, folder / name), name, to)

    def tables(self, options: MarkOptions) -> dict[str, pa.Table]:
        """The entities as Arrow tables, mapped from the disk."""
        return read_tables(self.cache.entry(self.key(options, ARROW), lambda folder: self._save(options, folder)))

    def key(self, options: MarkOptions, kind: str) -> str:
        """The name under which a dataset of a kind is kept. Most scenarios needn't be planned to know it again."""
        # What generators of others do is not in the note, so that the hash has to be made anew.
        noted = "" if outside_files() else self.cache.noted(request_key(options))
        return f"{kind}-{noted or self.resolve(options).hash}"

    def write(self, options: MarkOptions, to: str | Path) -> None:
        """Fill a database of the tests' own, which no guard concerns, by its path or URL.

        A signal cancels it, and is raised again once the target is as it was.
        """
        from sdgen.errors import Cancelled
        from sdgen.execution.destinations import open_target
        from sdgen.execution.execute import execute
        from sdgen.execution.interruption import Interruption
        from sdgen.execution.request import RunSettings

        data, target = self.resolve(options), open_target(str(to))
        settings = RunSettings(only=data.only)
        with Interruption() as signals:
            work = partial(execute, data.plan, target, settings, cancel=signals.event, probed=True)
            try:
                # In a thread, so that the main one is free for signals.
                signals.run(work)
            except Cancelled:
                if not signals.number:
                    raise
            except BaseException:  # from whatever interrupts a test, such as a time limit
                signals.event.set()
                raise
        if signals.number:
            # Now that the target is as it was, whoever waits for the signal gets it: pytest, or the system.
            signal.raise_signal(signals.number)
            raise KeyboardInterrupt  # the signal's handler may have returned

    def resolve(self, options: MarkOptions) -> MarkedData:
        """The plan; ScenarioError or SourceError with every problem."""
        key = request_key(options)
        if key not in self._resolved:
            self._resolved[key] = data = resolve_mark(options)
            if data.notes:
                self.report_notes(options, data.notes)
            elif is_self_contained(options) and not outside_files():
                self.cache.note(key, data.hash)
        return self._resolved[key]

    def _save(self, options: MarkOptions, folder: Path) -> None:
        from sdgen.targets.tables import tables_of

        data = self.resolve(options)
        names = list(tables_of(data.plan, data.only))
        for number, name in enumerate(names):
            _save_entity(data.plan, name, folder / f"{number}.arrows")
        (folder / _ENTITIES).write_text(json.dumps(names), "utf-8")


def _save_entity(plan: Plan, name: str, file: Path) -> None:
    import pyarrow as pa

    from sdgen.api import batches

    stream_of = batches(plan, name, workers=2)
    first = next(stream_of, None)
    schema = first.schema if first is not None else _empty(plan, name).schema
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
        if first is not None:
            stream.write_batch(first)
        for batch in stream_of:
            stream.write_batch(batch)


def _empty(plan: Plan, name: str) -> pa.RecordBatch:
    from sdgen.engine import batch
    from sdgen.targets import columnar
    from sdgen.targets.tables import tables_of

    return columnar.encode(tables_of(plan, [name])[name], batch(plan, name, 0, 0))


def read_tables(folder: Path) -> dict[str, pa.Table]:
    """The tables of an entry; the values stay on the disk until they are looked at."""
    import pyarrow as pa

    names = json.loads((folder / _ENTITIES).read_text("utf-8"))
    maps = [pa.memory_map(str(folder / f"{number}.arrows")) for number, _ in enumerate(names)]
    return {name: pa.ipc.open_stream(mapped).read_all() for name, mapped in zip(names, maps, strict=True)}
