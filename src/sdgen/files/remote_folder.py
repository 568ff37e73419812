"""A folder of files beyond the local disk: uploaded while the run goes, shown at its end, told of by the last one.

`_sdgen.json`, with each table's files, rows and digest, is written when all others are there, and removed before files
that it tells of are replaced: where it stands, the folder is complete. Object stores have no transaction over several
files, so that a run which is killed while it shows them, the last moment of all, leaves those that it had shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa

from sdgen.databases.existing_tables import ExistingRowsQuery
from sdgen.errors import Problem, TargetError
from sdgen.files.layout import layout_problems
from sdgen.files.metadata import merged_with, metadata, parsed, written
from sdgen.files.parts import PartWriter, write_all
from sdgen.files.remote import Store, Upload
from sdgen.files.spread_files import SpreadFiles, StorePlace, remove_leftovers
from sdgen.files.spread_parts import PartTable, format_problems, part_tables
from sdgen.files.table_files import FilePlan, TableFiles, described, every_file, replaced_files
from sdgen.scenario.output import DEFAULT_PATTERN, METADATA, FileNames, repeated_names
from sdgen.scenario.request import ExistingRows
from sdgen.targets.base import Mode, Receipt, SpreadTarget, Table
from sdgen.targets.file_checkpoint import TableProgress

_SMALL_BLOCK = 5 << 20  # bytes: the least that S3 takes; for partitioned tables, which have many files open


class RemoteFiles:
    """A folder of files at a URL."""

    takes_tables_at_once = True

    def __init__(self, store: Store, formats: Sequence[str], names: FileNames | None = None) -> None:
        self.store = store
        self.formats = tuple(formats)
        self.names = names or FileNames(formats=tuple(formats))
        self.manifest: Mapping[str, Any] | None = None
        self.beside: dict[str, bytes] = {}  # further files of the run, by their names
        self._plans: dict[str, tuple[FilePlan, ...]] = {}
        self._tables: dict[Table, list[str]] = {}
        self._done: dict[str, TableProgress] = {}
        self._uploads: list[Upload] = []
        self._moves: dict[str, str] = {}  # files that tasks have written: where they are, and where they belong
        self._shown: list[str] = []  # files that are there by this run, and were not before
        self._lock = Lock()

    def begin(self, manifest: Mapping[str, Any], resume: bool) -> None:
        own = {"filename_pattern": self.names.pattern} if self.names.pattern != DEFAULT_PATTERN else {}
        self.manifest = {**manifest, "formats": list(self.formats), **own, **self.names.layout.shown()}

    def spread(self, manifest: Mapping[str, Any]) -> SpreadTarget:
        problems = format_problems(self.names)
        if problems:
            raise TargetError(problems)
        self.begin(manifest, False)
        return SpreadFiles(self)

    def keep(self, table: Table, batches: int, digest: int, finished: bool = False) -> None:
        if finished:
            self._done[table.name] = TableProgress(batches, digest, finished=True)

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        try:
            fault = self.store.fault()
            if fault is not None:
                return [fault]
            remove_leftovers(self.store)
            told, there = self._told(), self.store.names()
            for table in tables:
                self._plans[table.name] = tuple(self._planned(table, table.mode_in(mode), told, there))
        except TargetError as error:
            return list(error.problems)
        every = [plan for plans in self._plans.values() for plan in plans]
        clashes = [problem for plan in every for problem in plan.clashes(self.store.shown_name)]
        return [*layout_problems(tables, self.names.layout), *(list(self._repeated(tables)) or clashes)]

    def _told(self) -> dict[str, Any]:
        """The metadata of the folder as it is."""
        if METADATA not in self.store.names(again=True):
            return {}
        with suppress(FileNotFoundError):
            return parsed(self.store.read(METADATA))
        return {}

    def _planned(self, table: Table, mode: Mode, told: Mapping[str, Any], there: Sequence[str]) -> Iterator[FilePlan]:
        for name in self.names.formats_of(table.entity):
            file = self.names.name(table.entity, table.name, name, self.manifest or {})
            among = partial(TableFiles.among, names=there)
            yield FilePlan.of(table, mode, name, file, self.names.layout, among, told)

    def formats_of(self, table: Table) -> tuple[str, ...]:
        """The formats that a table is written in."""
        return self.names.formats_of(table.entity)

    def _repeated(self, tables: Sequence[Table]) -> Iterator[Problem]:
        named = {table.entity: table.name for table in tables}
        for entity, what in repeated_names(self.names, named, self.manifest or {}):
            yield Problem(("target", named[entity]), what, "give it another target_table")

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows | None]:
        """What the tables' files hold, by which the keys of rows that are added go on."""
        from sdgen.files.reader import FilesReader, RemoteFolder

        if not self.store.names(again=True):
            return [None for _ in wanted]
        with closing(FilesReader(RemoteFolder(self.store), Path(self.store.shown), self.names)) as reader:
            return reader.existing(wanted)

    def prepare(self, table: Table, mode: Mode) -> None:
        self._tables[table] = []

    def encode(self, table: Table, batch: pa.RecordBatch) -> tuple[Any, ...]:
        # An estimate encodes rows of tables that were never checked.
        plans = self._plans.get(table.name) or tuple(self._planned(table, Mode.CREATE_IF_MISSING, {}, ()))
        return tuple(plan.encode(batch) for plan in plans)

    def write(self, table: Table, parts: Iterable[tuple[Any, ...]]) -> None:
        plans = self._plans[table.name]
        writers = [PartWriter(plan, partial(self._create, bool(plan.keys))) for plan in plans]
        write_all(writers, parts)
        self._tables[table] = [each.name for writer in writers for each in writer.written]

    def part_place(self) -> StorePlace:
        return StorePlace.of(self.store, in_folders=True)

    def part_tables(self) -> Mapping[str, PartTable]:
        return part_tables(plan for plans in self._plans.values() for plan in plans)

    def adopt(self, table: Table, receipts: Sequence[Receipt], place: StorePlace) -> None:
        for receipt in receipts:
            self._moves |= {place.attempt_name(receipt, file.name): file.name for file in receipt.files}
        self._tables[table] = sorted(file.name for receipt in receipts for file in receipt.files)

    def _create(self, small: bool, name: str) -> Any:
        upload = self.store.create(name, *([_SMALL_BLOCK] if small else ()))
        # Tables are written on threads of their own.
        with self._lock:
            self._uploads.append(upload)
        return upload

    def finish(self) -> None:
        for name, text in self.beside.items():
            upload = self._create(False, name)
            upload.write(text)
            upload.close()
        told = self._told()
        there = set(self.store.names())
        # Gone before anything that it tells of changes: where it stands, the folder is complete.
        if METADATA in there:
            self.store.remove([METADATA])
        # Noted before the commit, which may count though it fails. What replaces an older file can't be taken back.
        self._shown += [name for name in self._moves.values() if name not in there]
        self.store.move(self._moves)
        while self._uploads:
            upload = self._uploads[0]
            if upload.name not in there:
                self._shown.append(upload.name)
            upload.commit()
            self._uploads.pop(0)
        self.store.remove(replaced_files(self._plans, self._tables))
        if self.manifest is not None:
            files = every_file(self._plans, self._tables)
            about = metadata(described(self.manifest, self._plans), files, self._done)
            # Last of all, when everything that it tells of is in its place.
            last = self._create(False, METADATA)
            last.write(written(merged_with(told, about)))
            last.close()
            last.commit()
            self._uploads.pop()
        self._shown.clear()
        self._moves.clear()

    def new_files(self) -> Mapping[Table, list[str]]:
        """The files that the run wrote, of each table; before `finish`."""
        return self._tables

    def abort(self) -> None:
        while self._uploads:
            self._uploads.pop().discard()
        if self._shown:
            with suppress(TargetError):
                self.store.remove(self._shown)
            self._shown.clear()
