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
from sdgen.pytest_plugin.marks import MarkOptions
from sdgen.pytest_plugin.resolve import MarkedData, is_self_contained, outside_files, request_key, resolve_mark

if TYPE_CHECKING:
    import pyarrow as pa

    from sdgen.planning.plan import Plan

FILES = {"sqlite": "data.sqlite", "duckdb": "data.duckdb"}
ARROW = "arrow"
_ENTITIES = "entities.json"


@dataclass
class Filler:
    """Makes datasets, or finds them in a cache. told: is given what a reader has to say of a scenario, once."""

    cache: Cache
    told: Callable[[MarkOptions, tuple[Problem, ...]], None] = lambda wanted, notes: None
    _settled: dict[str, MarkedData] = field(default_factory=dict)

    def file(self, wanted: MarkOptions, kind: str, to: Path) -> None:
        """A copy of the filled database file of a kind."""
        name = FILES[kind]
        self.cache.copied(self.key(wanted, kind), lambda folder: self.write(wanted, folder / name), name, to)

    def tables(self, wanted: MarkOptions) -> dict[str, pa.Table]:
        """The entities as Arrow tables, mapped from the disk."""
        return read_tables(self.cache.entry(self.key(wanted, ARROW), lambda folder: self._save(wanted, folder)))

    def key(self, wanted: MarkOptions, kind: str) -> str:
        """The name under which a dataset of a kind is kept. Most scenarios needn't be planned to know it again."""
        question = request_key(wanted)
        known = "" if outside_files() else self.cache.known(question)
        return f"{kind}-{known or self.settled(wanted).hash}"

    def write(self, wanted: MarkOptions, to: str | Path) -> None:
        """Fill a database of the tests' own, which no guard speaks of, by its path or URL.

        A signal stops it, and is passed on when the place is as it was.
        """
        from sdgen.errors import Cancelled
        from sdgen.execution.destinations import open_target
        from sdgen.execution.execute import execute
        from sdgen.execution.interruption import Interruption
        from sdgen.execution.request import RunSettings

        data, target = self.settled(wanted), open_target(str(to))
        settings = RunSettings(only=data.only)
        with Interruption() as signals:
            work = partial(execute, data.plan, target, settings, cancel=signals.event, probed=True)
            try:
                signals.run(work)
            except Cancelled:
                if not signals.number:
                    raise
            except BaseException:  # raised by what else breaks into a test, such as a time limit
                signals.event.set()
                raise
        if signals.number:
            signal.raise_signal(signals.number)
            raise KeyboardInterrupt  # where whoever heard the signal went on

    def settled(self, wanted: MarkOptions) -> MarkedData:
        """The plan; ScenarioError or SourceError with every problem."""
        question = request_key(wanted)
        if question not in self._settled:
            self._settled[question] = made = resolve_mark(wanted)
            if made.notes:
                self.told(wanted, made.notes)
            elif is_self_contained(wanted) and not outside_files():
                self.cache.note(question, made.hash)
        return self._settled[question]

    def _save(self, wanted: MarkOptions, folder: Path) -> None:
        from sdgen.targets.tables import tables_of

        settled = self.settled(wanted)
        names = list(tables_of(settled.plan, settled.only))
        for number, name in enumerate(names):
            _save_entity(settled.plan, name, folder / f"{number}.arrows")
        (folder / _ENTITIES).write_text(json.dumps(names), "utf-8")


def _save_entity(plan: Plan, name: str, file: Path) -> None:
    import pyarrow as pa

    from sdgen.api import batches

    made = batches(plan, name, workers=2)
    first = next(made, None)
    schema = first.schema if first is not None else _empty(plan, name).schema
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
        if first is not None:
            stream.write_batch(first)
        for batch in made:
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
