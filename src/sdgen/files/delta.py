"""Delta Lake tables in a folder or at a URL, by the package deltalake: one commit for each table, last of all.

    out/orders/_delta_log/…, out/orders/country=DE/part-00000-….parquet

Files are written while the run goes, and are nobody's before a commit lists them. Delta has no transaction over several
tables: where a commit fails, those before it are undone, new tables by removing them and others by restoring the
version that they had.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import IO, Any

import pyarrow as pa

from sdgen.databases.existing_tables import ExistingRowsQuery
from sdgen.errors import Problem, TargetError
from sdgen.files.delta_library import delta_lake, folder_of, storage_options
from sdgen.files.lake import LakeTable, about_run, other_columns, partition_values
from sdgen.files.layout import layout_problems
from sdgen.files.parts import PartWriter, write_all
from sdgen.files.reader import open_delta
from sdgen.files.remote import Store, Upload
from sdgen.files.spread_files import SpreadFiles, StorePlace, remove_leftovers
from sdgen.files.spread_parts import PartTable
from sdgen.scenario.output import FileNames
from sdgen.scenario.request import ExistingRows
from sdgen.targets.base import Mode, Receipt, SpreadTarget, Table, WrittenFile
from sdgen.targets.writer_lock import LocalPath

LACKING: Mapping[str, str] = {
    "uuid": "text",
    "json": "text",
    "time": "text",
    "utinyint": "smallint",
    "usmallint": "int",
    "uint": "bigint",
    "ubigint": "decimal(20,0)",
}


class DeltaTables:
    """A folder of Delta Lake tables; each has a folder of its own in it."""

    takes_tables_at_once = True

    def __init__(self, store: Store, names: FileNames | None = None, folder: Path | None = None) -> None:
        self.store = store
        self.local_path = LocalPath(folder, makes_folders=True) if folder is not None else None
        self.layout = (names or FileNames()).layout
        self.remarks: list[str] = []
        self.manifest: Mapping[str, Any] = {}
        self._tables: dict[str, LakeTable] = {}
        self._there: dict[str, Any] = {}  # the tables that are there, by name
        self._files: dict[str, list[WrittenFile]] = {}
        self._digests: dict[str, int] = {}
        self._uploads: list[Upload] = []
        self._shown: list[str] = []
        self._undo: list[tuple[str, Any]] = []  # tables that have the run's commit, and the version before it
        self._lock = Lock()

    def begin(self, manifest: Mapping[str, Any], resume: bool) -> None:
        self.manifest = manifest

    def spread(self, manifest: Mapping[str, Any]) -> SpreadTarget:
        self.begin(manifest, False)
        return SpreadFiles(self)

    def keep(self, table: Table, batches: int, digest: int, finished: bool = False) -> None:
        self._digests[table.name] = digest

    def _address(self, name: str) -> str:
        return self.store.address(folder_of(name))

    def _opened(self, name: str) -> Any:
        """A table that is there; None where there is none."""
        package = delta_lake()
        with self.store.translated("read"):
            options = storage_options(self.store)
            if not package.DeltaTable.is_deltatable(self._address(name), options):
                return None
            return package.DeltaTable(self._address(name), storage_options=options)

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        problems = list(layout_problems(tables, self.layout))
        for word in (word for word in self.layout.partition_by if ":" in word):
            what, hint = f"Delta partitions by columns, and {word} is none", "name a column, or add one to the scenario"
            problems.append(Problem(("target", "partition_by"), what, hint))
        try:
            fault = self.store.fault()
            if fault is not None:
                return [*problems, fault]
            remove_leftovers(self.store)
            for table in tables:
                there = self._opened(table.name)
                self._there[table.name] = there
                layout = self.layout
                if there is not None and not layout.partition_by:
                    layout = replace(layout, partition_by=tuple(there.metadata().partition_columns))
                lake = LakeTable.of(table, table.mode_in(mode), layout, LACKING, folder_of(table.name))
                self._tables[table.name] = lake
                problems += self._clashes(lake, there)
        except TargetError as error:
            return [*problems, *error.problems]
        self.remarks = [remark for lake in self._tables.values() if (remark := lake.remark())]
        return problems

    def _clashes(self, lake: LakeTable, there: Any) -> list[Problem]:
        here = ("target", lake.table.name)
        address = self.store.shown_name(lake.base)
        if there is None:
            if lake.mode is Mode.APPEND_ONLY:
                what = f"{address} is no Delta table, so nothing can be appended"
                return [Problem(here, what, "use --mode create_if_missing")]
            other = any(name.startswith(f"{lake.base}/") for name in self.store.names())
            return [Problem(here, f"{address} holds other files", "choose another folder")] if other else []
        if lake.mode is Mode.CREATE_IF_MISSING:
            hint = "--mode truncate_then_insert replaces its rows, --mode append_only adds some"
            return [Problem(here, f"{address} exists", hint)]
        if there.metadata().partition_columns != lake.partition_columns:
            found = ", ".join(there.metadata().partition_columns) or "nothing"
            wanted = ", ".join(lake.partition_columns) or "nothing"
            what = f"{address} is partitioned by {found}, and the run by {wanted}"
            return [Problem(here, what, "name the same columns with --partition-by, or choose another folder")]
        schema = pa.schema(there.schema())
        other_types = other_columns(lake, list(zip(schema.names, schema.types, strict=True)))
        if other_types:
            what = f"{address} has other columns: {other_types}"
            return [Problem(here, what, "remove it, or choose another folder: rows are replaced, and tables stay")]
        return []

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows | None]:
        """What the tables hold, by which the keys of rows that are added go on."""
        with closing(open_delta(self.store)) as reader:
            return reader.existing(wanted)

    def prepare(self, table: Table, mode: Mode) -> None:
        self._files[table.name] = []

    def encode(self, table: Table, batch: pa.RecordBatch) -> Any:
        # An estimate encodes rows of tables that were never checked.
        lake = self._tables.get(table.name) or LakeTable.of(table, Mode.CREATE_IF_MISSING, self.layout, LACKING, "x")
        return (lake.encode(batch),)

    def write(self, table: Table, parts: Iterable[Any]) -> None:
        writer = PartWriter(self._tables[table.name].plan, self._create)
        write_all([writer], parts)
        self._files[table.name] = writer.written

    def part_place(self) -> StorePlace:
        return StorePlace.of(self.store, in_folders=False)

    def part_tables(self) -> Mapping[str, PartTable]:
        return {lake.table.entity: lake for lake in self._tables.values()}

    def adopt(self, table: Table, receipts: Sequence[Receipt], place: StorePlace) -> None:
        self._files[table.name] = [file for receipt in receipts for file in receipt.files]
        self._shown += [file.name for file in self._files[table.name]]

    def _create(self, name: str) -> IO[bytes]:
        upload = self.store.create(name)
        # Tables are written on threads of their own.
        with self._lock:
            self._uploads.append(upload)
        return upload  # type: ignore[return-value]

    def finish(self) -> None:
        # All files are shown before the first commit: no commit may list a file that isn't there.
        while self._uploads:
            self._uploads[0].commit()
            self._shown.append(self._uploads.pop(0).name)
        for name, lake in self._tables.items():
            there = self._there[name]
            # Noted before the commit: of one that fails it is not known whether it has counted.
            self._undo.append((name, there.version() if there is not None else None))
            with self.store.translated("written"):
                self._commit(lake, there)
        self._undo.clear()
        self._shown.clear()

    def _commit(self, lake: LakeTable, there: Any) -> None:
        from deltalake.transaction import AddAction, CommitProperties, create_table_with_add_actions

        # The log of Delta counts milliseconds.
        now = int(time.time() * 1000)
        actions = [
            AddAction(
                path=file.name.removeprefix(f"{lake.base}/"),
                size=file.size,
                partition_values=partition_values(file),
                modification_time=now,
                data_change=True,
                # With the count in the log readers can tell a table's rows without opening its files.
                stats=json.dumps({"numRecords": file.rows}),
            )
            for file in self._files[lake.table.name]
        ]
        told = about_run(self.manifest, lake.table, self._digests.get(lake.table.name, 0))
        about = CommitProperties(custom_metadata={"sdgen": json.dumps(told)})
        schema = delta_lake().Schema.from_arrow(lake.schema)
        if there is None:
            create_table_with_add_actions(
                self._address(lake.table.name),
                schema,
                actions,
                # Where somebody else has made the table meanwhile, theirs stays and this run fails.
                mode="error",
                partition_by=lake.partition_columns,
                storage_options=storage_options(self.store),
                commit_properties=about,
            )
            return
        mode = "append" if lake.mode is Mode.APPEND_ONLY else "overwrite"
        there.create_write_transaction(
            actions, mode, schema, partition_by=lake.partition_columns, commit_properties=about
        )

    def abort(self) -> None:
        while self._uploads:
            self._uploads.pop().discard()
        for name, version in reversed(self._undo):
            with suppress(Exception):  # another error led here, and each table is undone by itself
                self._take_back(name, version)
        if self._shown:
            with suppress(TargetError):
                self.store.remove(self._shown)
        self._undo.clear()
        self._shown.clear()
        self._remove_empty_folders()

    def _take_back(self, name: str, version: int | None) -> None:
        if version is None:
            # The listing of the first look knows nothing of the log that the commit has written.
            log = [each for each in self.store.names(again=True) if each.startswith(f"{folder_of(name)}/")]
            self.store.remove(log)
            return
        table = self._opened(name)
        # A commit that never counted needs no restoring, which would be a version of its own.
        if table is not None and table.version() > version:
            table.restore(version)

    def _remove_empty_folders(self) -> None:
        """Folders that were made for files which are no more; only file systems of this machine have such."""
        if self.local_path is None:
            return
        root = self.local_path.path
        for lake in self._tables.values():
            if self._there.get(lake.table.name) is None and (root / lake.base).is_dir():
                for folder in sorted((root / lake.base).rglob("*"), reverse=True):
                    with suppress(OSError):
                        folder.rmdir()
                with suppress(OSError):
                    (root / lake.base).rmdir()
        with suppress(OSError):
            root.rmdir()
