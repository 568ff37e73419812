"""Tables of an Iceberg catalogue that are read back by DuckDB: the files of their newest snapshot, or Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdgen.databases.dialect import literal
from sdgen.databases.duckdb.connection import connect
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.existing_tables import ExistingRowsQuery
from sdgen.files.iceberg_catalog import CatalogAddress
from sdgen.files.reader import TypedViews, make_view
from sdgen.scenario.request import ExistingRows
from sdgen.targets.base import Table

_LOCAL = "file://"


class IcebergReader(TypedViews):
    """The tables of a catalogue."""

    def __init__(self, address: CatalogAddress) -> None:
        super().__init__(connect(), Path(address.shown))
        self.address = address
        self.catalog = address.open()
        self._views: dict[str, list[str]] = {}

    def columns(self, table: Table) -> list[str]:
        if table.name not in self._views:
            with self.address.translated("read"):
                self._views[table.name] = self._viewed(table)
        return self._views[table.name]

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows | None]:
        """What tables hold; None for one that isn't there."""
        return [
            each.existing(self.arrow(each.sql(DUCKDB, self.selected))) if self.columns(each.table) else None
            for each in wanted
        ]

    def _viewed(self, table: Table) -> list[str]:
        identifier = self.address.identifier(table.name)
        if not self.catalog.table_exists(identifier):
            return []
        return make_view(self.connection, table, self._source(table, self.catalog.load_table(identifier)))

    def _source(self, table: Table, found: Any) -> str:
        """The newest snapshot's files on this machine, where no rows are marked as deleted; else its rows as Arrow."""
        tasks = list(found.scan().plan_files())
        paths = [task.file.file_path for task in tasks]
        if paths and all(path.startswith(_LOCAL) for path in paths) and not any(task.delete_files for task in tasks):
            listed = ", ".join(literal(path.removeprefix(_LOCAL)) for path in paths)
            # Files that are older than a column lack it. Partition columns are in the files, whatever their folders are
            # called.
            return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
        known = f"iceberg table {table.name}"
        self.connection.register(known, found.scan().to_arrow())
        return DUCKDB.quote(known)
