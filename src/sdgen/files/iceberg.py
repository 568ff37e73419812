"""Iceberg tables of a catalogue, by the package pyiceberg: one commit for each table, last of all.

Files are written while the run goes. Iceberg's catalogues commit one table at a time: where a commit fails, those
before it are undone, new tables by dropping them and others by going back to their snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from threading import Lock
from typing import IO, Any

import pyarrow as pa

from sdgen.databases.existing_tables import ExistingRowsQuery
from sdgen.errors import Problem, TargetError
from sdgen.files.iceberg_catalog import CatalogAddress
from sdgen.files.iceberg_parts import IcebergPlace
from sdgen.files.lake import LakeTable, about_run
from sdgen.files.layout import layout_problems
from sdgen.files.parts import PartWriter, write_all
from sdgen.files.spread_files import SpreadFiles
from sdgen.files.spread_parts import PartTable
from sdgen.scenario.output import FileNames
from sdgen.scenario.request import ExistingRows
from sdgen.targets.base import Mode, Receipt, SpreadTarget, Table

LACKING: Mapping[str, str] = {
    "json": "text",
    "tinyint": "int",
    "smallint": "int",
    "utinyint": "int",
    "usmallint": "int",
    "uint": "bigint",
    "ubigint": "decimal(20,0)",
}


class IcebergTables:
    """Tables of an Iceberg catalogue."""

    takes_tables_at_once = True

    def __init__(self, address: CatalogAddress, names: FileNames | None = None) -> None:
        self.address = address
        self.layout = (names or FileNames()).layout
        self.remarks: list[str] = []
        self.manifest: Mapping[str, Any] = {}
        self._catalog: Any = None
        self._tables: dict[str, LakeTable] = {}
        self._there: dict[str, Any] = {}  # the tables that are there, by name
        self._transactions: dict[str, Any] = {}
        self._digests: dict[str, int] = {}
        self._written: dict[str, list[str]] = {}  # the files of the run, by table
        self._namespaces: list[str] = []  # those that the run made
        self._made_file = False
        self._undo: list[tuple[str, int | None]] = []  # tables that have the run's commit, and their snapshot before
        self._lock = Lock()

    def begin(self, manifest: Mapping[str, Any], resume: bool) -> None:
        self.manifest = manifest

    def spread(self, manifest: Mapping[str, Any]) -> SpreadTarget:
        self.begin(manifest, False)
        return SpreadFiles(self)

    def keep(self, table: Table, batches: int, digest: int, finished: bool = False) -> None:
        self._digests[table.name] = digest

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        problems = list(layout_problems(tables, self.layout))
        try:
            there = self._existing_tables(tables)
        except TargetError as error:
            return [*problems, *error.problems]
        for table in tables:
            layout = self.layout
            if table.name in there and not layout.partition_by:
                layout = replace(layout, partition_by=tuple(_partitions(there[table.name])))
            lake = LakeTable.of(table, table.mode_in(mode), layout, LACKING, "data", folders_tell=False)
            self._tables[table.name], self._there[table.name] = lake, there.get(table.name)
            problems += self._clashes(lake, there.get(table.name))
        self.remarks = [remark for lake in self._tables.values() if (remark := lake.remark())]
        return problems

    def _existing_tables(self, tables: Sequence[Table]) -> dict[str, Any]:
        """The tables that are there; a catalogue in a file that isn't there yet is not made for it."""
        if self.address.file is not None and not self.address.file.exists():
            if not self.address.file.parent.parent.is_dir():
                what = f"the folder {self.address.file.parent.parent} does not exist"
                raise TargetError(Problem(("target",), what, "make it, or choose another place"))
            return {}
        self._catalog = self._catalog or self.address.open()
        with self.address.translated("read"):
            names = {table.name: self.address.identifier(table.name) for table in tables}
            return {
                name: self._catalog.load_table(each) for name, each in names.items() if self._catalog.table_exists(each)
            }

    def _clashes(self, lake: LakeTable, there: Any) -> list[Problem]:
        here, name = ("target", lake.table.name), ".".join(self.address.identifier(lake.table.name))
        if there is None and lake.mode is Mode.APPEND_ONLY:
            return [Problem(here, f"{name} does not exist, so nothing can be appended", "use --mode create_if_missing")]
        if there is None:
            return []
        if lake.mode is Mode.CREATE_IF_MISSING and there.current_snapshot() is not None and lake.table.rows:
            hint = "--mode truncate_then_insert replaces its rows, --mode append_only adds some"
            return [Problem(here, f"{name} exists", hint)]
        problems = []
        if _partitions(there) != _wanted_partitions(lake):
            found, wanted = (", ".join(each) or "nothing" for each in (_partitions(there), _wanted_partitions(lake)))
            what = f"{name} is partitioned by {found}, and the run by {wanted}"
            hint = "leave --partition-by out, which takes the table's own where they are columns, years, months or days"
            problems.append(Problem(here, what, hint))
        if other := self._other_columns(lake, there):
            problems.append(Problem(here, f"{name} has other columns: {other}", "drop it, or name another namespace"))
        return problems

    def _other_columns(self, lake: LakeTable, there: Any) -> str:
        """In which way the columns are others than the run's, types inside nested columns left to the commit."""
        schema = self._catalog._convert_schema_if_needed(lake.schema)
        wanted, found = ({field.name: field.field_type for field in each.fields} for each in (schema, there.schema()))
        lacks = [f"it has no column {name}" for name in wanted if name not in found]
        further = [f"the run has no column {name}" for name in found if name not in wanted]
        plain = [name for name, type in wanted.items() if name in found and type.is_primitive]
        differ = [f"{name} is {found[name]} and not {wanted[name]}" for name in plain if found[name] != wanted[name]]
        return ", ".join([*lacks, *further, *differ])

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows | None]:
        """What the tables hold, by which the keys of rows that are added go on."""
        if self.address.file is not None and not self.address.file.exists():
            return [None for _ in wanted]
        from sdgen.files.iceberg_reader import IcebergReader

        with closing(IcebergReader(self.address)) as reader:
            return reader.existing(wanted)

    def prepare(self, table: Table, mode: Mode) -> None:
        lake, there = self._tables[table.name], self._there[table.name]
        with self.address.translated("written"):
            self._open_new()
            namespace, name = self.address.identifier(table.name)
            if there is None and not self._catalog.namespace_exists(namespace):
                self._catalog.create_namespace(namespace)
                self._namespaces.append(namespace)
            if there is not None:
                self._transactions[table.name] = there.transaction()
                return
            transaction = self._catalog.create_table_transaction((namespace, name), lake.schema)
            with transaction.update_spec() as spec:
                for key in lake.plan.keys:
                    spec.add_field(key.column.name, _transform(key.unit), key.name)
            self._transactions[table.name] = transaction

    def _open_new(self) -> None:
        if self._catalog is None:
            file = self.address.file
            self._made_file = file is not None and not file.exists()
            if file is not None:
                file.parent.mkdir(exist_ok=True)
            self._catalog = self.address.open()

    def encode(self, table: Table, batch: pa.RecordBatch) -> Any:
        # An estimate encodes rows of tables that were never checked.
        lake = self._tables.get(table.name)
        lake = lake or LakeTable.of(table, Mode.CREATE_IF_MISSING, self.layout, LACKING, "data", folders_tell=False)
        return (lake.encode(batch),)

    def write(self, table: Table, parts: Iterable[Any]) -> None:
        # A new table exists in its transaction alone, and has its location from there.
        place = self._transactions[table.name]._table

        def create(name: str) -> IO[bytes]:
            address = f"{place.location()}/{name}"
            # Tables are written on threads of their own.
            with self._lock:
                self._written.setdefault(table.name, []).append(address)
            with self.address.translated("written"):
                return _Output(self.address, place.io.new_output(address).create())  # type: ignore[return-value]

        write_all([PartWriter(self._tables[table.name].plan, create)], parts)

    def part_place(self) -> IcebergPlace:
        first = next(iter(self._transactions.values()))._table
        return IcebergPlace.of(self.address.shown, first.io, first.location())

    def part_tables(self) -> Mapping[str, PartTable]:
        return {
            lake.table.entity: replace(lake, base=f"{self._transactions[name]._table.location()}/{lake.base}")
            for name, lake in self._tables.items()
        }

    def adopt(self, table: Table, receipts: Sequence[Receipt], place: IcebergPlace) -> None:
        self._written[table.name] = [file.name for receipt in receipts for file in receipt.files]

    def finish(self) -> None:
        with self.address.translated("written"):
            for name, lake in self._tables.items():
                # Noted before the commit: of one that fails it is not known whether it has counted.
                snapshot = self._there[name].current_snapshot() if self._there[name] is not None else None
                self._undo.append((name, snapshot.snapshot_id if snapshot is not None else None))
                self._commit(lake, self._transactions[name])
        self._undo.clear()
        self._written.clear()
        self._namespaces.clear()
        self._made_file = False

    def _commit(self, lake: LakeTable, transaction: Any) -> None:
        told = about_run(self.manifest, lake.table, self._digests.get(lake.table.name, 0))
        about = {f"sdgen.{key}": value for key, value in told.items()}
        there = self._there[lake.table.name]
        # Deleting and adding are steps of one transaction: readers see the old rows or the new ones.
        if lake.mode is Mode.TRUNCATE_THEN_INSERT and there is not None and there.current_snapshot() is not None:
            from pyiceberg.expressions import AlwaysTrue

            transaction.delete(AlwaysTrue())
        # The names hold random digits, so that no table lists them yet, and the search for them is spared.
        if files := self._written.get(lake.table.name):
            transaction.add_files(files, snapshot_properties=about, check_duplicate_files=False)
        transaction.commit_transaction()

    def abort(self) -> None:
        # Tables are taken back before their files are deleted: none may list a file that is gone.
        for name, snapshot in reversed(self._undo):
            with suppress(Exception):  # another error led here, and each table is undone by itself
                self._take_back(name, snapshot)
        self._undo.clear()
        for name, files in self._written.items():
            for file in files:
                with suppress(Exception):
                    self._transactions[name]._table.io.delete(file)
        self._written.clear()
        # A namespace can be dropped when no table is left in it.
        for namespace in self._namespaces:
            with suppress(Exception):
                self._catalog.drop_namespace(namespace)
        self._namespaces.clear()
        self._remove_made_file()

    def _take_back(self, name: str, snapshot: int | None) -> None:
        identifier = self.address.identifier(name)
        if not self._catalog.table_exists(identifier):
            return
        if self._there[name] is None:
            self._catalog.drop_table(identifier)
            return
        table = self._catalog.load_table(identifier)
        now = table.current_snapshot()
        # A table that had no snapshot can't go back to one: it is emptied by a further one.
        if snapshot is None and now is not None:
            from pyiceberg.expressions import AlwaysTrue

            table.delete(AlwaysTrue())
        elif snapshot is not None and now is not None and now.snapshot_id != snapshot:
            table.manage_snapshots().rollback_to_snapshot(snapshot).commit()

    def _remove_made_file(self) -> None:
        file = self.address.file
        if not self._made_file or file is None:
            return
        with suppress(Exception):
            self._catalog.close()
        self._catalog, self._made_file = None, False
        file.unlink(missing_ok=True)
        for folder in sorted(file.parent.rglob("*"), reverse=True):
            with suppress(OSError):
                folder.rmdir()
        with suppress(OSError):
            file.parent.rmdir()


class _Output:
    """A file of pyiceberg's that counts its bytes."""

    def __init__(self, address: CatalogAddress, stream: Any) -> None:
        self._address, self._stream = address, stream
        self._bytes, self.closed = 0, False

    def write(self, part: Any) -> int:
        piece = bytes(part) if not isinstance(part, bytes) else part
        with self._address.translated("written"):
            self._stream.write(piece)
        self._bytes += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._bytes

    def flush(self) -> None:
        """Nothing: the stream does so when it is closed."""

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            with self._address.translated("written"):
                self._stream.close()


def _transform(unit: str) -> Any:
    from pyiceberg.transforms import DayTransform, IdentityTransform, MonthTransform, YearTransform

    return {"year": YearTransform, "month": MonthTransform, "day": DayTransform}.get(unit, IdentityTransform)()


def _partitions(table: Any) -> list[str]:
    """What a table is partitioned by, as --partition-by names it."""
    names = [(table.schema().find_column_name(each.source_id), str(each.transform)) for each in table.spec().fields]
    return [column if transform == "identity" else f"{column}:{transform}" for column, transform in names]


def _wanted_partitions(lake: LakeTable) -> list[str]:
    return [f"{key.column.name}:{key.unit}" if key.unit else key.column.name for key in lake.plan.keys]
