"""What a task of a spread run does where rows go to files: it writes those of a span, under names of its attempt.

A span may be written more than once, by tasks that were lost or taken for dead. So each attempt has names of its own,
which no other has and nothing reads; the driver takes over the files of one attempt at each span, by its receipt.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

import pyarrow as pa

from sdgen.errors import Cancelled, Problem, TargetError
from sdgen.files.parts import PartWriter, write_all
from sdgen.files.table_files import Encoded, FilePlan, NextNames
from sdgen.scenario.output import FileNames
from sdgen.targets.base import Receipt, Span, Table

SPREADABLE = ("parquet", "csv", "jsonl")
SHARED = "every worker must see the place under the same name, as on a network file system or in an object store"
_LOOK = 1.0  # seconds between two looks at whether the run goes on: in an object store each is a request
_DIGITS = 15  # of a part's number, which is a row's: names sort in the order of rows


def format_problems(names: FileNames) -> list[Problem]:
    """Why files of these formats can't be written in parts by tasks."""
    formats = names.all_formats()
    if len(formats) == 1 and formats[0] in SPREADABLE:
        return []
    what = f"files of the format {', '.join(formats)} can't be written by an engine"
    return [Problem(("target",), what, f"choose one of {', '.join(SPREADABLE)}, or leave the engine out")]


class PartTable(Protocol):
    """A table as its files take it: a `FilePlan`, or a table of a lake."""

    @property
    def plan(self) -> FilePlan: ...

    def encode(self, batch: pa.RecordBatch) -> Encoded: ...


class PartPlace(Protocol):
    """Where tasks write. Small and picklable. What it raises but TargetError is worth another attempt.

    in_folders: whether an attempt's files stand in a folder named after it; else their own names end in its name.
    """

    @property
    def shown(self) -> str: ...

    @property
    def in_folders(self) -> bool: ...

    def is_open(self) -> bool:
        """Whether the run goes on: not before the driver has opened the place, and not after it has closed it."""
        ...

    def create(self, name: str) -> IO[bytes]:
        """A new file, which is there when it is closed."""
        ...

    def discard(self, name: str, sink: IO[bytes]) -> None:
        """Remove what there is of a file; whatever goes wrong with that is passed over."""
        ...


@dataclass(frozen=True)
class FilePartWriter:
    """Writes spans as files. tables: by entity."""

    place: PartPlace
    tables: Mapping[str, PartTable]

    def write(self, table: Table, span: Span, batches: Iterable[pa.RecordBatch]) -> Receipt:
        if not self.place.is_open():
            what = f"a worker doesn't see {self.place.shown}, where files are staged"
            raise TargetError(Problem(("target",), what, SHARED))
        attempt, part = uuid.uuid4().hex, self.tables[span.entity]
        made: list[tuple[str, IO[bytes]]] = []

        def create(name: str) -> IO[bytes]:
            path = f"{attempt}/{name}" if self.place.in_folders else name
            made.append((path, self.place.create(path)))
            return made[-1][1]

        files = part.plan.files
        if not self.place.in_folders:
            files = replace(files, mark=f"{files.mark}-{attempt}")
        # A file's number lies within the span, as each has a row at least: so no number comes twice in a table.
        writer = PartWriter(part.plan, create, NextNames(files, (), span.start, _DIGITS))
        try:
            write_all([writer], ((part.encode(batch),) for batch in self._while_open(batches)))
            # The driver closes the place before it looks for what attempts have left: either it sees these files there,
            # or this sees that the place is closed.
            self._raise_if_closed()
        except BaseException:
            for path, sink in made:
                self.place.discard(path, sink)
            raise
        return Receipt(span, attempt, tuple(writer.written))

    def _while_open(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        looked = time.monotonic()
        for batch in batches:
            if time.monotonic() - looked > _LOOK:
                self._raise_if_closed()
                looked = time.monotonic()
            yield batch

    def _raise_if_closed(self) -> None:
        if not self.place.is_open():
            raise Cancelled("the run is over")


@dataclass(frozen=True)
class LocalPlace:
    """A folder for attempts that all machines of the run see. One that is gone says that the run is over."""

    folder: str
    in_folders: bool = True

    @property
    def shown(self) -> str:
        return str(Path(self.folder).parent)

    def is_open(self) -> bool:
        return Path(self.folder).is_dir()

    def create(self, name: str) -> IO[bytes]:
        # Step by step: the folder of attempts itself must not come back where the driver has removed it.
        for above in reversed(PurePosixPath(name).parents[:-1]):
            (Path(self.folder) / above).mkdir(exist_ok=True)
        return (Path(self.folder) / name).open("wb")

    def discard(self, name: str, sink: IO[bytes]) -> None:
        with suppress(OSError):
            sink.close()
            (Path(self.folder) / name).unlink()


def part_tables(plans: Iterable[FilePlan]) -> dict[str, PartTable]:
    """Plans of files by entity, as tasks write them: always in parts."""
    return {plan.table.entity: _InParts(replace(plan, files=replace(plan.files, parted=True))) for plan in plans}


@dataclass(frozen=True)
class _InParts:
    """A plan of files as a table that tasks write."""

    plan: FilePlan

    def encode(self, batch: pa.RecordBatch) -> Any:
        return self.plan.encode(batch)
