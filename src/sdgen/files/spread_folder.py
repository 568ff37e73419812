"""Folders of parts that tasks on other machines write: a file for each span, in the folder of its table.

    out/orders/part-000000000000000.parquet, out/orders/part-000000001048576.parquet …, out/_sdgen.json

A task writes under an attempt's name; its receipt takes the file into the staging folder under the name of the span,
which is its first row. So what a lost task left, or one that was done twice, is never among the rows, and names sort in
the order of rows. The folder must be one that the tasks' machines and this one see under the same path.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from sdgen.errors import Cancelled, Problem, TargetError
from sdgen.files.formats import FORMATS
from sdgen.files.metadata import merged, metadata, read_metadata, write_metadata
from sdgen.files.parts import os_errors_as_target_errors, remove_leftover
from sdgen.files.table_files import FilePlan, local_files
from sdgen.scenario.output import FileNames, repeated_names
from sdgen.targets.base import Mode, Receipt, Span, Table
from sdgen.targets.file_checkpoint import TableProgress
from sdgen.targets.paths import finish_moves, folder_fault, leftovers, move_into, real, release, staged
from sdgen.targets.writer_lock import CHANGED_HINT, Look, changed_since, look

SPREADABLE = ("parquet", "csv", "jsonl")
_ATTEMPTS = ".attempts"
_SHARED = "every worker must see the folder under the same path, as on a network file system"


def spread_problems(names: FileNames) -> list[Problem]:
    """Why files can't be written in parts by tasks."""
    formats, problems = names.all_formats(), []
    if len(formats) != 1 or formats[0] not in SPREADABLE:
        what = f"files of the format {', '.join(formats)} can't be written by an engine"
        hint = f"choose one of {', '.join(SPREADABLE)}, or leave the engine out"
        problems.append(Problem(("target",), what, hint))
    if names.layout:
        what = "on an engine the parts of files are its spans"
        problems.append(Problem(("target",), what, f"leave {', '.join(names.layout.shown())} out, or the engine"))
    return problems


@dataclass(frozen=True)
class FilePartWriter:
    """Writes a span as a file in the folder of attempts. A folder that is gone says that the run is over."""

    attempts: str
    format: str

    def write(self, table: Table, span: Span, batches: Iterable[pa.RecordBatch]) -> Receipt:
        folder, format = Path(self.attempts), FORMATS[self.format]
        if not folder.is_dir():
            what = f"a worker doesn't see {folder.parent}, where files are staged"
            raise TargetError(Problem(("target",), what, _SHARED))
        # A name for each attempt: two attempts at one span never write into one file.
        path = folder / f"{uuid.uuid4().hex}.{self.format}"
        with path.open("wb") as sink:
            sink.write(format.head(table) if format.head is not None else b"")
            file = format.open(table, sink)
            try:
                for batch in batches:
                    if not folder.is_dir():
                        raise Cancelled("the run is over")
                    file.write(format.encode(table, batch))
                file.finish()
            finally:
                file.close()
        return Receipt(span, path.name, path.stat().st_size)


class SpreadFolder:
    """The driver's side of a folder of tables, each of which is a folder of parts."""

    def __init__(self, folder: Path, names: FileNames, manifest: Mapping[str, Any]) -> None:
        self.folder = folder
        self.names = names
        self.format = names.all_formats()[0]
        self.manifest = {**manifest, "formats": [self.format]}
        self.staging: Path | None = None
        self._plans: dict[Table, FilePlan] = {}
        self._parts: dict[Table, list[str]] = {}
        self._seen: Look = {}

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        fault = folder_fault(self.folder)
        if fault:
            return [Problem(("target",), fault, "choose another folder, or change its permissions")]
        with os_errors_as_target_errors(self.folder):
            finish_moves(self.folder)
        # When the process that leads a run is gone, nobody knows which spans were taken: nothing of it can be gone on
        # with.
        for path in leftovers(self.folder):
            remove_leftover(path)
        self._plans = {table: self._planned(table, table.mode_in(mode)) for table in tables}
        self._seen = look([self.folder / name for plan in self._plans.values() for name in _names(plan)])
        return [*self._repeated(tables), *(each for plan in self._plans.values() for each in self._clashes(plan))]

    def _planned(self, table: Table, mode: Mode) -> FilePlan:
        file = self.names.name(table.entity, table.name, self.format, self.manifest)
        told = read_metadata(self.folder) if mode is Mode.APPEND_ONLY else {}
        return FilePlan.of(table, mode, self.format, file, self.names.layout, partial(local_files, self.folder), told)

    def _repeated(self, tables: Sequence[Table]) -> Iterator[Problem]:
        named = {table.entity: table.name for table in tables}
        for entity, what in repeated_names(self.names, named, self.manifest):
            yield Problem(("target", named[entity]), what, "give it another target_table")

    def _clashes(self, plan: FilePlan) -> Iterator[Problem]:
        here, parts = ("target", plan.table.name), self.folder / plan.files.base
        if parts.exists() and not parts.is_dir():
            yield Problem(here, f"{parts} is a file, and an engine makes a folder of that name", "move it away")
        elif plan.mode is Mode.APPEND_ONLY and plan.format.head is not None:
            yield Problem(here, f"an engine can't append to {self.format} files", "leave the engine out")
        elif plan.keys:
            yield Problem(here, "an engine can't append to files that are partitioned", "leave the engine out")
        else:
            yield from plan.clashes(lambda name: self.folder / name)

    def prepare(self, table: Table, mode: Mode) -> None:
        with os_errors_as_target_errors(self.folder):
            (self._staging() / self._plans[table].files.base).mkdir(parents=True)
        self._parts[table] = []

    def _staging(self) -> Path:
        if self.staging is None:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self.staging = staged(self.folder)
            (self.staging / _ATTEMPTS).mkdir(parents=True)
        return self.staging

    def part_writer(self) -> FilePartWriter:
        return FilePartWriter(str((self._staging() / _ATTEMPTS).absolute()), self.format)

    def take(self, table: Table, receipt: Receipt) -> None:
        attempt = self._staging() / _ATTEMPTS / receipt.name
        # By its size the driver sees that the file is the one that the task wrote, and that all of it has arrived here.
        size = attempt.stat().st_size if attempt.is_file() else -1
        if size != receipt.bytes:
            there = "is not there" if size < 0 else f"has {size:,} bytes"
            what = f"{attempt}, of which a worker wrote {receipt.bytes:,} bytes, {there}"
            raise TargetError(Problem(("target", table.name), what, _SHARED))
        name = f"{self._plans[table].files.base}/part-{receipt.span.start:015d}.{self.format}"
        with os_errors_as_target_errors(self.folder):
            # In one step: the span counts from here on, and once.
            attempt.rename(self._staging() / name)
        self._parts[table].append(name)

    def finish(self, done: Mapping[str, TableProgress]) -> None:
        staging = self._staging()
        files = {table: [*self._plans[table].kept, *sorted(names)] for table, names in self._parts.items()}
        with os_errors_as_target_errors(self.folder):
            # What lost tasks and second attempts left must not get into the folder.
            shutil.rmtree(staging / _ATTEMPTS)
            write_metadata(staging, merged(self.folder, metadata(self.manifest, files, done)))
            changed = changed_since(self._seen)
            if changed:
                raise TargetError(Problem(("target",), changed, CHANGED_HINT))
            if not self.folder.exists():
                staging.rename(real(self.folder))
            else:
                stay = {name for names in files.values() for name in names}
                there = [name for plan in self._plans.values() for name in plan.existing]
                move_into(staging, self.folder, [name for name in there if name not in stay])
        self.staging = None

    def abort(self) -> None:
        """Remove what is staged: under another name first, so that tasks that still run find no folder to write to."""
        if self.staging is not None:
            gone = staged(self.folder)
            try:
                self.staging.rename(gone)
            except OSError:
                gone = self.staging
            shutil.rmtree(gone, ignore_errors=True)
            for name in (self.staging, gone):
                release(name)
        self.staging = None


def _names(plan: FilePlan) -> list[str]:
    return list(dict.fromkeys([plan.files.file, *plan.existing]))
