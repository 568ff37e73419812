"""Takes a table's encoded rows to its files: a new one at each partition, and wherever a part is full."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from sdgen.databases.driver_errors import next_step
from sdgen.errors import Problem, TargetError
from sdgen.files.formats import OpenFile
from sdgen.files.table_files import Encoded, FilePlan, NextNames
from sdgen.targets import columnar
from sdgen.targets.base import WrittenFile

_MOST_OPEN = 64  # files of a table at once: each holds buffers
_MOST_HELD = 4 * columnar.GROUP_ROWS  # rows that wait for their row groups, over all files of a table
_MOST_PARTITIONS = 10_000


class _OpenPart:
    """A file that is being written."""

    def __init__(self, name: str, folder: str, sink: IO[bytes], file: OpenFile) -> None:
        self.name, self.folder, self.sink, self.file = name, folder, sink, file
        self.rows = 0

    @property
    def held(self) -> int:
        """Rows that wait for their row group."""
        return self.file.rows if isinstance(self.file, columnar.ParquetFile) else 0

    def finish(self) -> WrittenFile:
        self.file.finish()
        size = 0 if self.sink.closed else self.sink.tell()
        self.sink.close()
        return WrittenFile(self.name, self.rows, size, self.folder)


class PartWriter:
    """The files of one table in one format. create: makes the file of a name. written: those that are complete.

    names: what files are called, where it is other than the plan says.
    """

    def __init__(self, plan: FilePlan, create: Callable[[str], IO[bytes]], names: NextNames | None = None) -> None:
        self.plan = plan
        self.table = plan.inner
        self.layout, self.create, self.names = plan.layout, create, names or plan.next_names()
        self.written: list[WrittenFile] = []
        self._open: OrderedDict[str, _OpenPart] = OrderedDict()
        self._folders: set[str] = set()

    def write(self, pieces: Encoded) -> None:
        for folder, rows, piece in pieces:
            while rows:
                part = self._part(folder, rows, divisible=isinstance(piece, pa.RecordBatch))
                room = min(rows, self.layout.part_rows - part.rows) if self.layout.part_rows else rows
                now, piece = (piece.slice(0, room), piece.slice(room)) if room < rows else (piece, None)
                part.file.write(now)
                part.rows += room
                rows -= room
                if self._is_full(part):
                    self._end(folder)
        self._write_groups()

    def _part(self, folder: str, rows: int, divisible: bool) -> _OpenPart:
        """The open file for rows of a partition: rows that can't be divided go into one file."""
        part, most = self._open.get(folder), self.layout.part_rows
        if part is not None and most and not divisible and part.rows + rows > most:
            self._end(folder)
            part = None
        if part is None:
            part = self._begin(folder)
        self._open.move_to_end(folder)
        return part

    def _begin(self, folder: str) -> _OpenPart:
        self._folders.add(folder)
        if len(self._folders) > _MOST_PARTITIONS:
            name = self.plan.table.name
            what = f"{name} would have more than {_MOST_PARTITIONS:,} partitions"
            hint = "partition by columns of fewer values, such as a moment's month"
            raise TargetError(Problem(("target", name), what, hint))
        if len(self._open) >= _MOST_OPEN:
            # The one that was written to longest ago: rows that come to its partition again begin a further part.
            self._end(next(iter(self._open)))
        name = self.names.next(folder)
        sink = self.create(name)
        if self.plan.format.head is not None:
            sink.write(self.plan.format.head(self.table))
        part = _OpenPart(name, folder, sink, self.plan.format.open(self.table, sink))
        self._open[folder] = part
        return part

    def _is_full(self, part: _OpenPart) -> bool:
        rows, size = self.layout.part_rows, self.layout.part_bytes
        return bool(rows and part.rows >= rows) or bool(size and part.sink.tell() >= size)

    def _end(self, folder: str) -> None:
        self.written.append(self._open.pop(folder).finish())

    def _write_groups(self) -> None:
        """Give rows that wait to their files where many files have some waiting."""
        while len(self._open) > 1 and sum(part.held for part in self._open.values()) > _MOST_HELD:
            # The fullest one's row group is the least short of a whole one.
            fullest = max(self._open.values(), key=lambda part: part.held)
            if isinstance(fullest.file, columnar.ParquetFile):
                fullest.file.flush()

    def finish(self) -> None:
        """Complete all files; a table without rows has one of none, unless it is partitioned."""
        if not self.written and not self._open and not self.plan.keys:
            self._begin("")
        for folder in list(self._open):
            self._end(folder)

    def close(self) -> None:
        """Give up what is open."""
        for part in self._open.values():
            # Files are open here only where something else has failed, which is what is to be told.
            with suppress(Exception):
                part.file.close()
        self._open.clear()


def write_all(writers: Iterable[PartWriter], parts: Iterable[tuple[Any, ...]]) -> None:
    """The parts of a table into its files of all formats."""
    writers = list(writers)
    try:
        for part in parts:
            for writer, pieces in zip(writers, part, strict=True):
                writer.write(pieces)
        for writer in writers:
            writer.finish()
    finally:
        for writer in writers:
            writer.close()


@contextmanager
def os_errors_as_target_errors(folder: Path) -> Iterator[None]:
    """What the operating system refuses (a full disk, a missing permission), as a TargetError."""
    try:
        yield
    except OSError as error:
        what = f"{folder} can't be written: {error.strerror or error}"
        raise TargetError(Problem(("target",), what, next_step(what))) from error


def remove_leftover(path: Path) -> None:
    """Remove a folder or file that a run left, if that can be done."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
