"""Folders of parts that tasks on other machines write: a file for each span, in the folder of its table.

    out/orders/part-000000000000000.parquet, out/orders/part-000000001048576.parquet …, out/_sdgen.json

A task writes into an attempt's folder; its receipt takes the files from there into the staging folder, under names that
begin with the span's first row. So what a lost task left, or one that was done twice, is never among the rows, and
names sort in the order of rows. The folder must be one that the tasks' machines and this one see under the same path.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sdgen.errors import Problem, TargetError
from sdgen.files.layout import layout_problems
from sdgen.files.metadata import merged, metadata, read_metadata, write_metadata
from sdgen.files.parts import os_errors_as_target_errors, remove_leftover
from sdgen.files.spread_parts import SHARED, FilePartWriter, LocalPlace, part_tables
from sdgen.files.table_files import FilePlan, described, local_files
from sdgen.scenario.output import FileNames, repeated_names
from sdgen.targets.base import Mode, Receipt, Table
from sdgen.targets.file_checkpoint import TableProgress
from sdgen.targets.paths import finish_moves, folder_fault, leftovers, move_into, real, release, staged
from sdgen.targets.writer_lock import CHANGED_HINT, Look, changed_since, look

_ATTEMPTS = ".attempts"


class SpreadFolder:
    """The driver's side of a folder of tables, each of which is a folder of parts."""

    def __init__(self, folder: Path, names: FileNames, manifest: Mapping[str, Any]) -> None:
        self.folder = folder
        self.names = names
        self.format = names.all_formats()[0]
        self.manifest = {**manifest, "formats": [self.format], **names.layout.shown()}
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
        clashes = [each for plan in self._plans.values() for each in self._clashes(plan)]
        return [*layout_problems(tables, self.names.layout), *self._repeated(tables), *clashes]

    def _planned(self, table: Table, mode: Mode) -> FilePlan:
        file = self.names.name(table.entity, table.name, self.format, self.manifest)
        told = read_metadata(self.folder) if mode is Mode.APPEND_ONLY else {}
        plan = FilePlan.of(table, mode, self.format, file, self.names.layout, partial(local_files, self.folder), told)
        return replace(plan, files=replace(plan.files, parted=True))

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
        place = LocalPlace(str((self._staging() / _ATTEMPTS).absolute()))
        return FilePartWriter(place, part_tables(self._plans.values()))

    def take(self, table: Table, receipt: Receipt) -> None:
        for file in receipt.files:
            attempt = self._staging() / _ATTEMPTS / receipt.attempt / file.name
            # By its size the driver sees that the file is the one that the task wrote, and that all of it has arrived.
            size = attempt.stat().st_size if attempt.is_file() else -1
            if size != file.size:
                there = "is not there" if size < 0 else f"has {size:,} bytes"
                what = f"{attempt}, of which a worker wrote {file.size:,} bytes, {there}"
                raise TargetError(Problem(("target", table.name), what, SHARED))
            with os_errors_as_target_errors(self.folder):
                path = self._staging() / file.name
                path.parent.mkdir(parents=True, exist_ok=True)
                attempt.rename(path)
            self._parts[table].append(file.name)

    def finish(self, done: Mapping[str, TableProgress]) -> None:
        staging = self._staging()
        files = {table: [*self._plans[table].kept, *sorted(names)] for table, names in self._parts.items()}
        with os_errors_as_target_errors(self.folder):
            # What lost tasks and second attempts left must not get into the folder.
            shutil.rmtree(staging / _ATTEMPTS)
            about = described(self.manifest, {table.name: (plan,) for table, plan in self._plans.items()})
            write_metadata(staging, merged(self.folder, metadata(about, files, done)))
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
