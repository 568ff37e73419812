"""Files: one per table and format, staged in a folder beside the destination and renamed at the end.

    out/orders.parquet, out/orders.csv …, out/_sdgen.json, or in parts as `layout` tells

Until `finish` nothing is seen at the destination. A killed run leaves a folder `.<name>.sdgen-<pid>-…` and its
checkpoint, which the next run to the same destination removes, or goes on with: with text files at the batch where they
end, with the other formats at the first table that isn't finished. A run that was killed while it renamed files in a
folder that existed is ended by the next one there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from time import monotonic
from typing import IO, Any

import pyarrow as pa

from sdgen.databases.existing_tables import ExistingRowsQuery
from sdgen.errors import Problem, TargetError
from sdgen.files.formats import FORMATS, Format, OpenFile, TextFile
from sdgen.files.layout import layout_problems
from sdgen.files.metadata import merged, metadata, read_metadata, write_metadata
from sdgen.files.parts import PartWriter, os_errors_as_target_errors, remove_leftover, write_all
from sdgen.files.table_files import FilePlan, described, every_file, local_files, replaced_files
from sdgen.scenario.output import DEFAULT_PATTERN, FileNames, repeated_names
from sdgen.scenario.request import ExistingRows
from sdgen.targets.base import Mode, SpreadTarget, Table
from sdgen.targets.file_checkpoint import SUFFIX, FileCheckpoint, TableProgress, differing
from sdgen.targets.paths import finish_moves, folder_fault, leftovers, move_into, real, release, staged
from sdgen.targets.writer_lock import CHANGED_HINT, LocalPath, Look, changed_since, look

KEPT_EVERY = 0.5  # seconds of a table's work that may have to be done again


class Files:
    """A folder of files."""

    takes_tables_at_once = True

    def __init__(self, folder: Path, formats: Sequence[str], names: FileNames | None = None) -> None:
        self.folder = folder
        self.local_path = LocalPath(folder, makes_folders=True)
        self.formats = {name: FORMATS[name] for name in formats}
        self.names = names or FileNames(formats=tuple(formats))
        self.staging: Path | None = None
        self.manifest: Mapping[str, Any] | None = None
        self.resume = False
        self.checkpoint: FileCheckpoint | None = None
        self.beside: dict[str, bytes] = {}  # further files of the run, by their names
        self._tables: dict[Table, list[str]] = {}
        self._plans: dict[str, tuple[FilePlan, ...]] = {}
        self._seen: Look = {}
        self._open: dict[str, dict[str, OpenFile]] = {}
        self._kept: dict[str, float] = {}

    def spread(self, manifest: Mapping[str, Any]) -> SpreadTarget:
        from sdgen.files.spread_folder import SpreadFolder
        from sdgen.files.spread_parts import format_problems

        problems = format_problems(self.names)
        if problems:
            raise TargetError(problems)
        return SpreadFolder(self.folder, self.names, manifest)

    def left(self) -> Mapping[str, Any] | None:
        found = self._stopped()
        return found.manifest if found else None

    def _stopped(self) -> FileCheckpoint | None:
        """The checkpoint of a run that was stopped and whose staging folder is still there: the longest one."""
        names = [path for path in leftovers(self.folder) if path.is_dir()]
        found = [FileCheckpoint.read(path.with_name(path.name + SUFFIX)) for path in names]
        return max((each for each in found if each), key=lambda each: each.path.stat().st_size, default=None)

    def begin(self, manifest: Mapping[str, Any], resume: bool) -> None:
        own = {"filename_pattern": self.names.pattern} if self.names.pattern != DEFAULT_PATTERN else {}
        self.manifest = {**manifest, "formats": list(self.formats), **own, **self.names.layout.shown()}
        self.resume = resume

    def done(self, table: Table) -> TableProgress:
        found = self.checkpoint.done.get(table.name) if self.checkpoint else None
        if found is None or self.staging is None:
            return TableProgress()
        files = self._staged_files(table, found.sizes)
        return found if found.is_kept_in(files) else TableProgress()

    def _staged_files(self, table: Table, names: Iterable[str]) -> dict[str, Path]:
        """The staged files of a table, by the names that its progress has for them: formats, or the files' own."""
        assert self.staging is not None
        formats = {plan.name: self._new_file(plan) for plan in self._plans_of(table)}
        return {name: self.staging / formats.get(name, name) for name in names}

    def keep(self, table: Table, batches: int, digest: int, finished: bool = False) -> None:
        if self.checkpoint is None or self.staging is None:
            return
        if finished:
            names = self._tables[table] if self._parted(table) else list(self.formats_of(table))
            sizes = {name: path.stat().st_size for name, path in self._staged_files(table, names).items()}
            self.checkpoint.advance(table.name, TableProgress(batches, digest, sizes, finished=True))
        elif self._goes_on and not self._parted(table) and monotonic() - self._kept.get(table.name, 0.0) >= KEPT_EVERY:
            opened = self._open[table.name].items()
            sizes = {name: file.sync() for name, file in opened if isinstance(file, TextFile)}
            self.checkpoint.advance(table.name, TableProgress(batches, digest, sizes))
            self._kept[table.name] = monotonic()

    @property
    def _goes_on(self) -> bool:
        """Whether all files can be continued where they end."""
        return not self.names.layout and all(format.head is not None for format in self.formats.values())

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        fault = folder_fault(self.folder)
        if fault:
            return [Problem(("target",), fault, "choose another folder, or change its permissions")]
        with os_errors_as_target_errors(self.folder):
            # Before the first look: a run that was killed between two renames has left some files old and some new.
            finish_moves(self.folder)
        self._plans = {table.name: tuple(self._planned(table, table.mode_in(mode))) for table in tables}
        every = [plan for plans in self._plans.values() for plan in plans]
        paths = [self.folder / name for plan in every for name in (plan.files.file, *plan.existing)]
        # What appears or changes from here on is the work of another writer, which `_look_again` finds.
        self._seen = look(list(dict.fromkeys(paths)))
        self._note_sizes(every)
        stopped = self._stopped() if self.resume and self.manifest is not None else None
        other = differing(stopped.manifest, self.manifest or {}, self.folder) if stopped else []
        clashes = list(layout_problems(tables, self.names.layout))
        clashes += list(self._repeated(tables)) or [problem for plan in every for problem in self._clashes(plan)]
        if stopped and not other and not clashes:
            self._take_over(stopped)
        # What a stopped run left stays where this one is refused: another try with the same options as then can still
        # go on with it.
        for path in leftovers(self.folder) if not other else ():
            remove_leftover(path)
        return [*other, *clashes]

    def _planned(self, table: Table, mode: Mode) -> Iterator[FilePlan]:
        """What the run does with the files of a table, in each of its formats."""
        told = read_metadata(self.folder) if mode is Mode.APPEND_ONLY else {}
        for name in self.formats_of(table):
            among = partial(local_files, self.folder)
            yield FilePlan.of(table, mode, name, self.file(table, name), self.names.layout, among, told)

    def _plans_of(self, table: Table) -> tuple[FilePlan, ...]:
        """What `check` has planned; of a table that was not checked, what a new one would be."""
        if table.name not in self._plans:
            self._plans[table.name] = tuple(self._planned(table, Mode.CREATE_IF_MISSING))
        return self._plans[table.name]

    def _clashes(self, plan: FilePlan) -> Iterator[Problem]:
        path = self.folder / plan.files.file
        if path.is_dir():
            yield Problem(("target", plan.table.name), f"{path} is a folder", "move it away")
        else:
            yield from plan.clashes(lambda name: self.folder / name)
            if plan.grows and plan.format.head is not None:
                yield from _other_header(path, plan.table, plan.format.head(plan.table))

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows | None]:
        """What the tables' files hold, by which the keys of rows that are added go on."""
        from sdgen.files.reader import FilesReader, LocalFolder

        with os_errors_as_target_errors(self.folder):
            finish_moves(self.folder)
        if not self.folder.is_dir():
            return [None for _ in wanted]
        with closing(FilesReader(LocalFolder(self.folder), self.folder, self.names)) as reader:
            return reader.existing(wanted)

    def _note_sizes(self, plans: Sequence[FilePlan]) -> None:
        """What an appending run adds to is a part of what it is: one that goes on has copied those bytes already."""
        appended = [plan for plan in plans if plan.mode is Mode.APPEND_ONLY]
        # Where such a file has grown since, the run that was stopped had copied other bytes, and its manifest differs.
        files = [name for plan in appended for name in plan.existing]
        sizes = {file: (self.folder / file).stat().st_size for file in files}
        if self.manifest is not None and appended:
            self.manifest = {**self.manifest, "bytes before": sizes}

    def _take_over(self, stopped: FileCheckpoint) -> None:
        """Go on under a name of this process, so that no other takes it for left."""
        self.staging = staged(self.folder)
        with os_errors_as_target_errors(self.folder):
            stopped.path.with_name(stopped.path.name.removesuffix(SUFFIX)).rename(self.staging)
            self.checkpoint = stopped.moved(self.staging.with_name(self.staging.name + SUFFIX))

    def _repeated(self, tables: Sequence[Table]) -> Iterator[Problem]:
        """Tables whose names are different, and whose files' names are not."""
        named = {table.entity: table.name for table in tables}
        for entity, what in repeated_names(self.names, named, self.manifest or {}):
            yield Problem(("target", named[entity]), what, "give it another target_table")

    def formats_of(self, table: Table) -> dict[str, Format]:
        """The formats that a table is written in."""
        return {name: FORMATS[name] for name in self.names.formats_of(table.entity)}

    def file(self, table: Table, format: str) -> str:
        """The path of a table's file inside the folder."""
        return self.names.name(table.entity, table.name, format, self.manifest or {})

    def _new_file(self, plan: FilePlan) -> str:
        """The name of a table's new file, where it has one for each format."""
        return plan.files.file if plan.grows else plan.next_names().next()

    def _parted(self, table: Table) -> bool:
        return any(plan.layout for plan in self._plans_of(table))

    def prepare(self, table: Table, mode: Mode) -> None:
        with os_errors_as_target_errors(self.folder):
            staging = self._staging()
            done = self.done(table)
            plans = self._plans_of(table)
            if self._parted(table):
                self._tables[table] = list(done.sizes)
                return
            self._tables[table] = [self._new_file(plan) for plan in plans]
            for plan in plans:
                path = staging / self._new_file(plan)
                path.parent.mkdir(parents=True, exist_ok=True)
                # Only text files can be continued: the end of a Parquet or Arrow file tells of all that stands before
                # it.
                if plan.format.head is None or done.finished:
                    continue
                if done.batches:
                    # What stands behind the last size that was noted is of batches that will be made again.
                    os.truncate(path, done.sizes[plan.name])
                elif plan.grows:
                    # A copy grows, so that the place stays as it was until the end.
                    shutil.copyfile(self.folder / plan.files.file, path)
                else:
                    path.write_bytes(plan.format.head(table))

    def _staging(self) -> Path:
        if self.staging is None:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self.staging = staged(self.folder)
            self.staging.mkdir()
            if self.manifest is not None:
                path = self.staging.with_name(self.staging.name + SUFFIX)
                self.checkpoint = FileCheckpoint.create(path, self.manifest)
        return self.staging

    def encode(self, table: Table, batch: pa.RecordBatch) -> tuple[Any, ...]:
        # An estimate encodes rows of tables that were never checked: then there are no plans.
        plans = self._plans.get(table.name, ())
        if any(plan.layout for plan in plans):
            return tuple(plan.encode(batch) for plan in plans)
        return tuple(format.encode(table, batch) for format in self.formats_of(table).values())

    def write(self, table: Table, parts: Iterable[tuple[Any, ...]]) -> None:
        plans = self._plans_of(table)
        if self._parted(table):
            with os_errors_as_target_errors(self.folder):
                writers = [PartWriter(plan, self._create) for plan in plans]
                write_all(writers, parts)
                self._tables[table] = [each.name for writer in writers for each in writer.written]
            return
        files: list[OpenFile] = []
        with os_errors_as_target_errors(self.folder), ExitStack() as stack:
            for plan in plans:
                # Text files have been begun in `prepare`: with their head, or with what they held.
                sink = (self._staging() / self._new_file(plan)).open("wb" if plan.format.head is None else "ab")
                # Callbacks run backwards: a file is closed before the sink that it may still write to.
                stack.callback(sink.close)
                files.append(plan.format.open(table, sink))
                stack.callback(files[-1].close)
            self._open[table.name] = dict(zip((plan.name for plan in plans), files, strict=True))
            for part in parts:
                for file, piece in zip(files, part, strict=True):
                    file.write(piece)
            for file in files:
                file.finish()

    def _create(self, name: str) -> IO[bytes]:
        path = self._staging() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")

    def finish(self) -> None:
        if self.staging is None:
            return
        with os_errors_as_target_errors(self.folder):
            if self.checkpoint is not None:
                tables = metadata(
                    described(self.manifest or {}, self._plans),
                    every_file(self._plans, self._tables),
                    self.checkpoint.done,
                )
                write_metadata(self.staging, merged(self.folder, tables))
            for name, text in self.beside.items():
                (self.staging / name).write_bytes(text)
            # As late as can be: only between this look and the rename can a writer that knows nothing of the lock lose
            # its work.
            self._look_again()
            # A new folder appears by one rename, whole. In one that exists files are renamed one by one, which a later
            # run can end.
            if not self.folder.exists():
                self.staging.rename(real(self.folder))
            else:
                move_into(self.staging, self.folder, replaced_files(self._plans, self._tables))
        self.staging = None
        self._end_checkpoint()

    def new_files(self) -> Mapping[Table, list[str]]:
        """The files that the run wrote, of each table; before `finish`."""
        return self._tables

    def _look_again(self) -> None:
        """Nothing is put over files that have changed meanwhile: TargetError where some have."""
        changed = changed_since(self._seen)
        if changed:
            raise TargetError(Problem(("target",), changed, CHANGED_HINT))

    def abort(self) -> None:
        if self.staging is not None and self.resume:
            # The folder stays for a run that goes on, which may be one of this process.
            release(self.staging)
        elif self.staging is not None:
            shutil.rmtree(self.staging, ignore_errors=True)
            # A disk that was full when the checkpoint was begun leaves a file that is no checkpoint yet.
            self.staging.with_name(self.staging.name + SUFFIX).unlink(missing_ok=True)
            self._end_checkpoint()
        self.staging = self.checkpoint = None

    def _end_checkpoint(self) -> None:
        if self.checkpoint is not None:
            self.checkpoint.path.unlink(missing_ok=True)
        self.checkpoint = None


def file_name(table: Table, format: str) -> str:
    """The name of a table's file where a run says nothing else: the table's, schema and all."""
    return FileNames().name(table.entity, table.name, format, {})


def _other_header(path: Path, table: Table, head: bytes) -> Iterator[Problem]:
    with path.open("rb") as file:
        found = file.read(len(head))
    if found != head:
        what = f"the first line of {path} is not {head.decode().strip()!r}"
        yield Problem(("target", table.name), what, "replace it with --mode truncate_then_insert")
