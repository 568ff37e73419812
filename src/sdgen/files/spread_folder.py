"""Folders of parts: a table is a folder of files, one for each span, written by tasks on any machine.

    out/orders/part-000000000000000-000000001048576.parquet …, out/_sdgen.json

A task writes under an attempt's name; its receipt takes the file into the staging folder under the span's own. So what
a lost task left, or one that was done twice, is never among the rows. The folder must be one that the tasks' machines
and this one see under the same path. Names sort in the order of rows.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from sdgen.errors import Cancelled, Problem, TargetError
from sdgen.files.folder import FORMATS, remove, translated
from sdgen.files.metadata import merged, metadata, write_metadata
from sdgen.scenario.output import FileNames, repeated_names
from sdgen.targets.base import Mode, Receipt, Span, Table
from sdgen.targets.file_checkpoint import TableProgress
from sdgen.targets.paths import finish_moves, folder_fault, leftovers, move_into, real, release, staged
from sdgen.targets.writer_lock import CHANGED_HINT, Look, changed_since, look

SPREADABLE = ("parquet", "csv", "jsonl")
_ATTEMPTS = ".attempts"
_SHARED = "every worker must see the folder under the same path, as on a network file system"


def parts_folder(file: str) -> str:
    """The folder of a table's parts, where its one file would be `file`."""
    return str(PurePosixPath(file).with_suffix(""))


def part_name(span: Span, format: str) -> str:
    return f"part-{span.start:015d}-{span.stop:015d}.{format}"


@dataclass(frozen=True)
class FilePartWriter:
    """Writes a span as a file in the folder of attempts. A folder that is gone says that the run is over."""

    attempts: str
    format: str

    def write(self, table: Table, span: Span, batches: Iterable[pa.RecordBatch]) -> Receipt:
        folder, form = Path(self.attempts), FORMATS[self.format]
        if not folder.is_dir():
            what = f"a worker doesn't see {folder.parent}, where files are staged"
            raise TargetError(Problem(("target",), what, _SHARED))
        path = folder / f"{uuid.uuid4().hex}.{self.format}"
        if form.head is not None:
            path.write_bytes(form.head(table))
        file = form.open(table, path)
        try:
            for batch in batches:
                if not folder.is_dir():
                    raise Cancelled("the run is over")
                file.write(form.encode(table, batch))
            file.finish()
        finally:
            file.close()
        return Receipt(span, path.name, path.stat().st_size)


class PartFolder:
    """A folder of tables that are folders of parts, in one format."""

    def __init__(self, folder: Path, format: str, names: FileNames, manifest: Mapping[str, Any]) -> None:
        self.folder = folder
        self.format = format
        self.names = names
        self.manifest = {**manifest, "formats": [format]}
        self.staging: Path | None = None
        self._parts: dict[Table, list[str]] = {}
        self._gone: list[str] = []
        self._seen: Look = {}

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        fault = folder_fault(self.folder)
        if fault:
            return [Problem(("target",), fault, "choose another folder, or change its permissions")]
        with translated(self.folder):
            finish_moves(self.folder)
        for path in leftovers(self.folder):
            remove(path)
        self._seen = look([self.folder / self.place(table) for table in tables])
        return [*self._repeated(tables), *(each for table in tables for each in self._clash(table, mode))]

    def place(self, table: Table) -> str:
        """The folder of a table's parts, inside the target's."""
        return parts_folder(self._file(table))

    def _file(self, table: Table) -> str:
        return self.names.name(table.entity, table.name, self.format, self.manifest)

    def _repeated(self, tables: Sequence[Table]) -> Iterator[Problem]:
        named = {table.entity: table.name for table in tables}
        for entity, what in repeated_names(self.names, named, self.manifest):
            yield Problem(("target", named[entity]), what, "give it another target_table")

    def _clash(self, table: Table, run: Mode) -> Iterator[Problem]:
        here, mode = ("target", table.name), table.mode_in(run)
        file, parts = self.folder / self._file(table), self.folder / self.place(table)
        if mode is Mode.APPEND_ONLY:
            yield Problem(here, "a run on an engine can't append to files", "leave the engine out, or use another mode")
        elif file.exists():
            yield Problem(here, f"{file} is one file, and a run on an engine writes a folder of parts", "move it away")
        elif parts.exists() and not parts.is_dir():
            yield Problem(here, f"{parts} is a file, and a run on an engine makes such a folder", "move it away")
        elif parts.is_dir() and mode is Mode.CREATE_IF_MISSING:
            hint = "replace it with --mode truncate_then_insert, or choose another folder"
            yield Problem(here, f"{parts} exists", hint)
        elif others := [path.name for path in _files(parts) if not _is_part(path)]:
            what = f"{parts} holds other files than parts: {', '.join(others[:3])}"
            yield Problem(here, what, "move them away, or choose another folder")

    def prepare(self, table: Table, mode: Mode) -> None:
        place = self.place(table)
        with translated(self.folder):
            (self._staging() / place).mkdir(parents=True)
        self._parts[table] = []
        self._gone += [f"{place}/{path.name}" for path in _files(self.folder / place)]

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
        size = attempt.stat().st_size if attempt.is_file() else -1
        if size != receipt.bytes:
            there = "is not there" if size < 0 else f"has {size:,} bytes"
            what = f"{attempt}, of which a worker wrote {receipt.bytes:,} bytes, {there}"
            raise TargetError(Problem(("target", table.name), what, _SHARED))
        name = f"{self.place(table)}/{part_name(receipt.span, self.format)}"
        with translated(self.folder):
            attempt.rename(self._staging() / name)
        self._parts[table].append(name)

    def finish(self, done: Mapping[str, TableProgress]) -> None:
        staging = self._staging()
        with translated(self.folder):
            shutil.rmtree(staging / _ATTEMPTS)
            parts = {table: sorted(names) for table, names in self._parts.items()}
            write_metadata(staging, merged(self.folder, metadata(self.manifest, parts, done)))
            changed = changed_since(self._seen)
            if changed:
                raise TargetError(Problem(("target",), changed, CHANGED_HINT))
            if not self.folder.exists():
                staging.rename(real(self.folder))
            else:
                new = {name for names in parts.values() for name in names}
                move_into(staging, self.folder, [name for name in self._gone if name not in new])
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
            release(self.staging)
        self.staging = None


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_part(path: Path) -> bool:
    return path.is_file() and path.name.startswith("part-") and path.suffix[1:] in FORMATS
