"""Files: one per table and format, staged in a folder beside the destination and renamed at the end.

    out/orders.parquet, out/orders.csv …, out/_sdgen.json

Until `finish` nothing is seen at the destination. A killed run leaves a folder `.<name>.sdgen-<pid>-…` and its
checkpoint, which the next run to the same destination removes, or goes on with: with text files at the batch where they
end, with the other formats at the first table that isn't finished. A run that was killed while it renamed files in a
folder that existed is ended by the next one there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, Any, Protocol

import pyarrow as pa

from sdgen.databases.driver_errors import next_step
from sdgen.errors import Problem, TargetError
from sdgen.files import jsonl
from sdgen.files.metadata import merged, metadata, write_metadata
from sdgen.scenario.output import DEFAULT_PATTERN, FileNames, repeated_names
from sdgen.scenario.types import Type
from sdgen.targets import columnar, csv_encoding
from sdgen.targets.base import Mode, SpreadTarget, Table
from sdgen.targets.file_checkpoint import SUFFIX, FileCheckpoint, TableProgress, differing
from sdgen.targets.paths import finish_moves, folder_fault, leftovers, move_into, real, release, staged
from sdgen.targets.writer_lock import CHANGED_HINT, LocalPath, Look, changed_since, look

KEPT_EVERY = 0.5  # seconds of a table's work that may have to be done again


class _File(Protocol):
    """A file being written; `finish` completes it, `close` gives it up."""

    def write(self, part: Any) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


class _TextFile:
    """A file that parts are added to; its head, or what it held before, is there already."""

    def __init__(self, table: Table, path: Path) -> None:
        self.file: IO[bytes] = path.open("ab")

    def write(self, part: pa.Buffer) -> None:
        self.file.write(part)

    def sync(self) -> int:
        """See that all is on the disk; how many bytes there are."""
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.file.tell()

    def finish(self) -> None:
        self.file.close()

    close = finish


@dataclass(frozen=True)
class Format:
    """A file format: how a batch becomes a part (on worker threads), and what takes the parts.

    head: what a text file begins with; only text files can be appended to.
    """

    encode: Callable[[Table, pa.RecordBatch], Any]
    open: Callable[[Table, Path], _File]
    head: Callable[[Table], bytes] | None = None


def _types(table: Table) -> list[Type]:
    return [column.type for column in table.columns]


FORMATS: Mapping[str, Format] = {
    "csv": Format(
        lambda table, batch: csv_encoding.encode(_types(table), batch),
        _TextFile,
        lambda table: csv_encoding.header(table.names),
    ),
    "jsonl": Format(
        lambda table, batch: jsonl.encode(_types(table), batch, optional=table.optional), _TextFile, lambda table: b""
    ),
    "json": Format(
        lambda table, batch: jsonl.encode(_types(table), batch, jsonl.ELEMENT, table.optional), jsonl.ArrayFile
    ),
    "parquet": Format(columnar.encode, columnar.ParquetFile),
    "arrow": Format(columnar.encode, columnar.ArrowFile),
}


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
        self._tables: dict[Table, list[str]] = {}
        self._seen: Look = {}
        self._open: dict[str, dict[str, _File]] = {}
        self._kept: dict[str, float] = {}

    def spread(self, manifest: Mapping[str, Any]) -> SpreadTarget:
        from sdgen.files.spread_folder import SPREADABLE, PartFolder

        formats = self.names.all_formats()
        if len(formats) == 1 and formats[0] in SPREADABLE:
            return PartFolder(self.folder, formats[0], self.names, manifest)
        what = f"files of the format {', '.join(formats)} can't be written in parts"
        raise TargetError(Problem(("target",), what, f"choose one of {', '.join(SPREADABLE)}, or leave the engine out"))

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
        self.manifest = {**manifest, "formats": list(self.formats), **own}
        self.resume = resume

    def done(self, table: Table) -> TableProgress:
        found = self.checkpoint.done.get(table.name) if self.checkpoint else None
        if found is None or self.staging is None:
            return TableProgress()
        files = {name: self.staging / self.file(table, name) for name in self.formats_of(table)}
        return found if found.is_kept_in(files) else TableProgress()

    def keep(self, table: Table, batches: int, digest: int, finished: bool = False) -> None:
        if self.checkpoint is None or self.staging is None:
            return
        if finished:
            files = {name: self.staging / self.file(table, name) for name in self.formats_of(table)}
            sizes = {name: path.stat().st_size for name, path in files.items()}
            self.checkpoint.advance(table.name, TableProgress(batches, digest, sizes, finished=True))
        elif self._goes_on and monotonic() - self._kept.get(table.name, 0.0) >= KEPT_EVERY:
            opened = self._open[table.name].items()
            sizes = {name: file.sync() for name, file in opened if isinstance(file, _TextFile)}
            self.checkpoint.advance(table.name, TableProgress(batches, digest, sizes))
            self._kept[table.name] = monotonic()

    @property
    def _goes_on(self) -> bool:
        """Whether all files can be continued where they end."""
        return all(format.head is not None for format in self.formats.values())

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        fault = folder_fault(self.folder)
        if fault:
            return [Problem(("target",), fault, "choose another folder, or change its permissions")]
        with translated(self.folder):
            finish_moves(self.folder)
        self._seen = look([self._path(table, name) for table in tables for name in self.formats_of(table)])
        self._note_sizes(tables, mode)
        stopped = self._stopped() if self.resume and self.manifest is not None else None
        other = differing(stopped.manifest, self.manifest or {}, self.folder) if stopped else []
        clashes = list(self._repeated(tables)) or [
            problem
            for table in tables
            for name, format in self.formats_of(table).items()
            for problem in _clash(self._path(table, name), table, format, table.mode_in(mode))
        ]
        if stopped and not other and not clashes:
            self._take_over(stopped)
        for path in leftovers(self.folder) if not other else ():
            remove(path)
        return [*other, *clashes]

    def _note_sizes(self, tables: Sequence[Table], mode: Mode) -> None:
        """What an appending run adds to is a part of what it is: one that goes on has copied those bytes already."""
        appended = [table for table in tables if table.mode_in(mode) is Mode.APPEND_ONLY]
        files = [self.file(table, name) for table in appended for name in self.formats_of(table)]
        sizes = {file: (self.folder / file).stat().st_size for file in files if (self.folder / file).is_file()}
        if self.manifest is not None and appended:
            self.manifest = {**self.manifest, "bytes before": sizes}

    def _take_over(self, stopped: FileCheckpoint) -> None:
        """Go on under a name of this process, so that no other takes it for left."""
        self.staging = staged(self.folder)
        with translated(self.folder):
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

    def _path(self, table: Table, format: str) -> Path:
        return self.folder / self.file(table, format)

    def prepare(self, table: Table, mode: Mode) -> None:
        with translated(self.folder):
            staging = self._staging()
            self._tables[table] = [self.file(table, name) for name in self.formats_of(table)]
            done = self.done(table)
            for name, format in self.formats_of(table).items():
                path = staging / self.file(table, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                if format.head is None or done.finished:
                    continue
                if done.batches:
                    os.truncate(path, done.sizes[name])
                    continue
                if mode is Mode.APPEND_ONLY:
                    shutil.copyfile(self._path(table, name), path)
                else:
                    path.write_bytes(format.head(table))

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
        return tuple(format.encode(table, batch) for format in self.formats_of(table).values())

    def write(self, table: Table, parts: Iterable[tuple[Any, ...]]) -> None:
        files: list[_File] = []
        with translated(self.folder), ExitStack() as stack:
            formats = self.formats_of(table)
            for name, format in formats.items():
                files.append(format.open(table, self._staging() / self.file(table, name)))
                stack.callback(files[-1].close)
            self._open[table.name] = dict(zip(formats, files, strict=True))
            for part in parts:
                for file, piece in zip(files, part, strict=True):
                    file.write(piece)
            for file in files:
                file.finish()

    def finish(self) -> None:
        if self.staging is None:
            return
        with translated(self.folder):
            if self.checkpoint is not None:
                tables = metadata(self.checkpoint.manifest, self._tables, self.checkpoint.done)
                write_metadata(self.staging, merged(self.folder, tables))
            self._look_again()
            if not self.folder.exists():
                self.staging.rename(real(self.folder))
            else:
                move_into(self.staging, self.folder)
        self.staging = None
        self._end_checkpoint()

    def _look_again(self) -> None:
        """Nothing is put over files that have changed meanwhile: TargetError where some have."""
        changed = changed_since(self._seen)
        if changed:
            raise TargetError(Problem(("target",), changed, CHANGED_HINT))

    def abort(self) -> None:
        if self.staging is not None and self.resume:
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


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """What the operating system refuses (a full disk, a missing permission), as a TargetError."""
    try:
        yield
    except OSError as error:
        what = f"{folder} can't be written: {error.strerror or error}"
        raise TargetError(Problem(("target",), what, next_step(what))) from error


def remove(path: Path) -> None:
    """Remove a folder or file that a run left, if that can be done."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def file_name(table: Table, format: str) -> str:
    """The name of a table's file where a run says nothing else: the table's, schema and all."""
    return FileNames().name(table.entity, table.name, format, {})


def _clash(path: Path, table: Table, format: Format, mode: Mode) -> Iterator[Problem]:
    here = ("target", table.name)
    if path.is_dir():
        yield Problem(here, f"{path} is a folder", "move it away")
    elif (parts := path.with_suffix("")).is_dir() and next(parts.glob(f"part-*{path.suffix}"), None):
        what = f"{parts} holds {table.name} in parts, which a run on an engine wrote"
        yield Problem(here, what, "move it away, or choose another folder")
    elif mode is Mode.CREATE_IF_MISSING and path.exists():
        yield Problem(here, f"{path} exists", "replace it with --mode truncate_then_insert, or choose another folder")
    elif mode is Mode.APPEND_ONLY and format.head is None:
        hint = "use --mode truncate_then_insert, or csv or jsonl"
        yield Problem(here, f"{path.suffix[1:]} files can't be appended to: their end is more than rows", hint)
    elif mode is Mode.APPEND_ONLY and not path.exists():
        yield Problem(here, f"{path} does not exist, so nothing can be appended", "use --mode create_if_missing")
    elif mode is Mode.APPEND_ONLY and format.head is not None:
        yield from _other_header(path, table, format.head(table))


def _other_header(path: Path, table: Table, head: bytes) -> Iterator[Problem]:
    with path.open("rb") as file:
        found = file.read(len(head))
    if found != head:
        what = f"the first line of {path} is not {head.decode().strip()!r}"
        yield Problem(("target", table.name), what, "replace it with --mode truncate_then_insert")
