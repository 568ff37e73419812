"""Where tasks of a spread run write files of Iceberg tables: in each table's own location, by pyiceberg's storage."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, cast

from sdgen.files.spread_parts import PartTable


@dataclass(frozen=True)
class IcebergPlace:
    """The storage of a catalogue's tables. marker: a file that is there as long as the run goes on."""

    shown: str
    storage: Any = field(repr=False)  # a FileIO, which may hold keys
    marker: str
    in_folders: bool = False

    @classmethod
    def of(cls, shown: str, storage: Any, location: str) -> IcebergPlace:
        return cls(shown, storage, f"{location}/data/_sdgen_{secrets.token_hex(8)}.running")

    def is_open(self) -> bool:
        return bool(self.storage.new_input(self.marker).exists())

    def create(self, name: str) -> IO[bytes]:
        return cast(IO[bytes], self.storage.new_output(name).create())

    def discard(self, name: str, sink: IO[bytes]) -> None:
        with suppress(Exception):
            sink.close()
        with suppress(Exception):
            self.storage.delete(name)

    def open(self, tables: Mapping[str, PartTable]) -> None:
        self.storage.new_output(self.marker).create().close()

    def close(self) -> None:
        with suppress(Exception):
            self.storage.delete(self.marker)

    def clean(self, tables: Mapping[str, PartTable], taken: Iterable[str], kept: Iterable[str]) -> None:
        strays = {*taken, *(name for table in tables.values() for name in self._marked(table))} - set(kept)
        for name in strays:
            with suppress(Exception):  # Iceberg's own removal of orphan files finds what stays
                self.storage.delete(name)

    def _marked(self, table: PartTable) -> list[str]:
        """The files of the run's attempts at a table, as far as the storage can list any."""
        files = table.plan.files
        with suppress(Exception):
            from pyarrow.fs import FileSelector

            scheme, host, path = self.storage.parse_location(files.base)
            selector = FileSelector(path, allow_not_found=True, recursive=True)
            found = [each.path for each in self.storage.fs_by_scheme(scheme, host).get_file_info(selector)]
            return [files.base + each[len(path) :] for each in found if files.mark in each]
        return []
