"""The driver's side of a spread run into places beyond one disk: object stores, Delta Lake and Iceberg tables.

    s3://bucket/path/_sdgen_…_0/running                          there as long as the run goes on
    s3://bucket/path/_sdgen_…_0/<attempt>/orders/part-….parquet  where files stand until the end, of plain folders
    s3://bucket/path/orders/part-…-<mark>-<attempt>.parquet      of a lake's table, whose log does not list them yet

The files of receipts are what counts. In the end the target takes them over, by moves or a commit for each table;
what other attempts have left is removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

from sdgen.databases import loading
from sdgen.errors import Problem, TargetError
from sdgen.files.remote import Store, Upload
from sdgen.files.spread_parts import FilePartWriter, PartPlace, PartTable
from sdgen.targets.base import Mode, Receipt, Table
from sdgen.targets.file_checkpoint import TableProgress

_MARKER = "running"


class DriverPlace(PartPlace, Protocol):
    """A place of tasks as the driver keeps it."""

    def open(self, tables: Mapping[str, PartTable]) -> None:
        """Before the first task."""
        ...

    def close(self) -> None:
        """Tasks that still run, though their spans are done or not wanted any more, stop soon."""
        ...

    def clean(self, tables: Mapping[str, PartTable], taken: Iterable[str], kept: Iterable[str]) -> None:
        """Remove what attempts left, the names that were taken too, but for those to keep."""
        ...


class PartsTarget(Protocol):
    """A target that takes over files which tasks have written."""

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]: ...

    def prepare(self, table: Table, mode: Mode) -> None: ...

    def part_place(self) -> DriverPlace:
        """Where tasks write; after `prepare`."""
        ...

    def part_tables(self) -> Mapping[str, PartTable]:
        """How tasks write, by entity; after `prepare`."""
        ...

    def adopt(self, table: Table, receipts: Sequence[Receipt], place: Any) -> None:
        """All rows of a table are in the files of these receipts, in the order of their spans."""
        ...

    def keep(self, table: Table, batches: int, digest: int, finished: bool = False) -> None: ...

    def finish(self) -> None: ...

    def abort(self) -> None: ...


class SpreadFiles:
    """A target whose files are written by tasks."""

    def __init__(self, target: PartsTarget) -> None:
        self.target = target
        self._place: DriverPlace | None = None
        self._receipts: dict[Table, list[Receipt]] = {}
        self._kept: list[str] = []

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        return self.target.check(tables, mode)

    def prepare(self, table: Table, mode: Mode) -> None:
        self.target.prepare(table, mode)
        self._receipts[table] = []

    def part_writer(self) -> FilePartWriter:
        tables = self.target.part_tables()
        self._place = self.target.part_place()
        self._place.open(tables)
        return FilePartWriter(self._place, tables)

    def take(self, table: Table, receipt: Receipt) -> None:
        self._receipts[table].append(receipt)

    def finish(self, done: Mapping[str, TableProgress]) -> None:
        assert self._place is not None
        self._place.close()
        for table, receipts in self._receipts.items():
            receipts.sort(key=lambda receipt: receipt.span)
            self.target.adopt(table, receipts, self._place)
            self._kept += [file.name for receipt in receipts for file in receipt.files]
            told = done[table.name]
            self.target.keep(table, told.batches, told.digest, finished=True)
        self.target.finish()
        with suppress(TargetError):  # the rows are there: what is left beside them is in nobody's way
            self._clean()

    def _clean(self) -> None:
        if self._place is not None:
            taken = [file.name for receipts in self._receipts.values() for each in receipts for file in each.files]
            self._place.clean(self.target.part_tables(), taken, self._kept)
        self._place = None

    def abort(self) -> None:
        if self._place is not None:
            with suppress(TargetError):
                self._place.close()
            with suppress(TargetError):
                # Files that the target has adopted are its own to remove, after commits that list them.
                self._clean()
        self.target.abort()


class _TaskStore(Store):
    """A store whose refusals are worth another attempt: a server was busy, or a connection was cut."""

    @contextmanager
    def translated(self, done: str, passed: type[Exception] = TargetError) -> Iterator[None]:
        try:
            with super().translated(done, passed):
                yield
        except TargetError as error:
            raise ConnectionError(error.problems[0].what) from None


class _ShownUpload:
    """An upload that is seen when it is closed."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.closed = False

    def write(self, part: Any) -> int:
        return self.upload.write(part)

    def flush(self) -> None:
        """Nothing: blocks are sent as they fill."""

    def tell(self) -> int:
        return self.upload.tell()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.upload.close()
            self.upload.commit()


@dataclass(frozen=True)
class StorePlace:
    """A place that fsspec knows. run: the run's own folder in it."""

    url: str
    options: Mapping[str, Any] = field(repr=False)
    run: str
    in_folders: bool

    @classmethod
    def of(cls, store: Store, in_folders: bool) -> StorePlace:
        return cls(store.url, store.options, loading.new_staging_name(0), in_folders)

    @property
    def _store(self) -> Store:
        return _TaskStore(self.url, self.options)

    @property
    def shown(self) -> str:
        return Store(self.url, self.options).shown

    def is_open(self) -> bool:
        store = self._store
        with store.translated("read"):
            store.filesystem.invalidate_cache()
            return bool(store.filesystem.exists(f"{store.root}/{self.run}/{_MARKER}"))

    def attempt_name(self, receipt: Receipt, name: str) -> str:
        """Where a file of an attempt stands until the end."""
        return f"{self.run}/{receipt.attempt}/{name}"

    def create(self, name: str) -> IO[bytes]:
        path = f"{self.run}/{name}" if self.in_folders else name
        return _ShownUpload(self._store.create(path))  # type: ignore[return-value]

    def discard(self, name: str, sink: IO[bytes]) -> None:
        assert isinstance(sink, _ShownUpload)
        sink.upload.discard()
        with suppress(Exception):
            self._store.remove([f"{self.run}/{name}" if self.in_folders else name])

    def open(self, tables: Mapping[str, PartTable]) -> None:
        marker = Store(self.url, self.options).create(f"{self.run}/{_MARKER}")
        # By these marks a later run knows the files of a killed one.
        marks = {table.plan.files.base: table.plan.files.mark for table in tables.values() if table.plan.files.mark}
        marker.write(json.dumps(marks).encode())
        marker.close()
        marker.commit()

    def close(self) -> None:
        store = Store(self.url, self.options)
        store.remove([f"{self.run}/{_MARKER}"])
        if not self.in_folders:
            remove_folder(store, self.run)

    def clean(self, tables: Mapping[str, PartTable], taken: Iterable[str], kept: Iterable[str]) -> None:
        store = Store(self.url, self.options)
        if self.in_folders:
            remove_folder(store, self.run)
            return
        marks = {table.plan.files.base: table.plan.files.mark for table in tables.values()}
        store.remove(set(_marked(store.names(), marks)) - set(kept))


def remove_folder(store: Store, name: str) -> None:
    """Remove a folder of a store with all that is in it."""
    with store.translated("changed"), suppress(FileNotFoundError):
        # What it has listed before lacks what tasks have written since.
        store.filesystem.invalidate_cache()
        store.filesystem.rm(f"{store.root}/{name}", recursive=True)


def remove_leftovers(store: Store) -> None:
    """Remove what driving processes of this machine that are no more left in a place."""
    for run in {name.partition("/")[0] for name in store.names(again=True)}:
        if loading.is_left_over(run):
            marks: Mapping[str, str] = {}
            with suppress(FileNotFoundError, ValueError):
                marks = json.loads(store.read(f"{run}/{_MARKER}"))
            # Of a table that has a log it would be to ask what the log lists; a vacuum of the lake's does that.
            logged = {name.partition("/_delta_log/")[0] for name in store.names() if "/_delta_log/" in name}
            store.remove(_marked(store.names(), {base: mark for base, mark in marks.items() if base not in logged}))
            remove_folder(store, run)
            store.names(again=True)


def _marked(names: Iterable[str], marks: Mapping[str, str]) -> list[str]:
    """The files of a run's attempts, by the folders of tables and the marks of their names."""
    return [
        name for base, mark in marks.items() if mark for name in names if name.startswith(f"{base}/") and mark in name
    ]
