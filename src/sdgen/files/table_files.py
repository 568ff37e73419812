"""The files of one table in one format: those that are there, and what new ones are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from sdgen.errors import Problem
from sdgen.files.formats import FORMATS, Format
from sdgen.files.layout import PartitionKey, partition_keys, split, within_files
from sdgen.scenario.output import FileLayout
from sdgen.targets.base import Mode, Table

Encoded = list[tuple[str, int, Any]]  # a batch as its files take it: folders, rows, and what the format makes of them


@dataclass(frozen=True)
class TableFiles:
    """The files that a table has in one format: which of a place's names they are, and what further ones are called.

    file: the name of the table's one file where it has no parts. parted: whether new files are parts in folders.
    mark: ends the names of new parts, where those of other runs stay beside them.
    """

    file: str
    parted: bool
    mark: str = ""

    @property
    def base(self) -> str:
        return self.file.rpartition(".")[0]

    @property
    def suffix(self) -> str:
        return self.file.rpartition(".")[2]

    def among(self, names: Iterable[str]) -> list[str]:
        """Those of some names that are the table's."""
        base, suffix = re.escape(self.base), re.escape(self.suffix)
        # A file by itself, a further part beside it, or a part in the table's folder, below those of partitions.
        pattern = re.compile(rf"{base}(\.part-\d+|/([^/]+=[^/]*/)*part-\d+)?\.{suffix}")
        return sorted(name for name in names if pattern.fullmatch(name))

    def partitions(self, names: Iterable[str]) -> set[tuple[str, ...]]:
        """The names of the folders' keys, outermost first, that the table's files are under."""
        return {
            tuple(folder.partition("=")[0] for folder in name[len(self.base) + 1 :].split("/")[:-1])
            for name in self.among(names)
        }


def local_files(folder: Path, files: TableFiles) -> list[str]:
    """A table's files in a folder of this machine."""
    above = (folder / files.file).parent
    beside = above.iterdir() if above.is_dir() else ()
    found = [*beside, *(folder / files.base).rglob(f"*.{files.suffix}")]
    return files.among(path.relative_to(folder).as_posix() for path in found if path.is_file())


def described(manifest: Mapping[str, Any], plans: PlansByTable) -> Mapping[str, Any]:
    """A run's manifest, with the layout of files that are added to others."""
    keys = next((plan.layout.partition_by for several in plans.values() for plan in several if plan.keys), ())
    return {**manifest, **({"partition_by": list(keys)} if keys else {})}


def every_file(plans: PlansByTable, new: Mapping[Table, Sequence[str]]) -> dict[Table, list[str]]:
    """The files of each table when a run is over: those that it keeps, and its new ones."""
    kept = {name: [file for plan in several for file in plan.kept] for name, several in plans.items()}
    return {table: list(dict.fromkeys([*kept[table.name], *names])) for table, names in new.items()}


def replaced_files(plans: PlansByTable, new: Mapping[Table, Sequence[str]]) -> list[str]:
    """The files of rows that are no more, which no new one takes the place of."""
    stay = {name for names in every_file(plans, new).values() for name in names}
    return [name for several in plans.values() for plan in several for name in plan.existing if name not in stay]


class NextNames:
    """Names of a table's new files, behind those that it keeps. first: the number of the first one, so many digits."""

    def __init__(self, files: TableFiles, kept: Iterable[str], first: int = 0, digits: int = 5) -> None:
        self._files, self._first, self._digits = files, first, digits
        self._next: dict[str, int] = {}
        for name in files.among(kept):
            found = re.search(r"part-(\d+)\.[^.]*$", name)
            folder = name[len(files.base) + 1 : found.start()] if found and "/" in name[len(files.base) :] else ""
            # The one file of a table without parts counts as part 0.
            number = int(found[1]) if found else 0
            self._next[folder] = max(self._next.get(folder, 0), number + 1)

    def next(self, folder: str = "") -> str:
        """The next file's name; folder: of its partition."""
        number = self._next.get(folder, self._first)
        self._next[folder] = number + 1
        if self._files.parted:
            return f"{self._files.base}/{folder}part-{number:0{self._digits}}{self._files.mark}.{self._files.suffix}"
        return f"{self._files.base}.part-{number:05}.{self._files.suffix}" if number else self._files.file


@dataclass(frozen=True)
class FilePlan:
    """What a run does with one table in one format. existing: its files that are there, as names in the place.

    folders_tell: whether the columns that folders are named after are left out of the files.
    """

    table: Table
    mode: Mode
    name: str
    files: TableFiles
    layout: FileLayout
    existing: tuple[str, ...]
    folders_tell: bool = True

    @classmethod
    def of(
        cls,
        table: Table,
        mode: Mode,
        format: str,
        file: str,
        layout: FileLayout,
        among: Callable[[TableFiles], Sequence[str]],
        told: Mapping[str, Any],
    ) -> FilePlan:
        """file: the table's one file. among: finds a table's files. told: the place's metadata.

        A run that appends and names no layout takes that of the files that are there.
        """
        existing = among(TableFiles(file, parted=False))
        appends = mode is Mode.APPEND_ONLY
        if appends and not layout.partition_by:
            recorded = told.get("partition_by")
            words = tuple(map(str, recorded)) if isinstance(recorded, list) else ()
            layout = FileLayout(words, layout.part_rows, layout.part_bytes)
        base = TableFiles(file, parted=False).base
        # A table that stands in parts gets a further part, though the run names no layout.
        parted = bool(layout) or (appends and any(name.startswith(f"{base}/part-") for name in existing))
        return cls(table, mode, format, TableFiles(file, parted), layout, tuple(existing))

    @property
    def format(self) -> Format:
        return FORMATS[self.name]

    @property
    def keys(self) -> tuple[PartitionKey, ...]:
        return partition_keys(self.table, self.layout)

    @property
    def kept(self) -> tuple[str, ...]:
        """The files that stay beside the new ones."""
        return self.existing if self.mode is Mode.APPEND_ONLY else ()

    @property
    def grows(self) -> bool:
        """Whether rows can be added to the end of the one file that is there."""
        alone = self.existing == (self.files.file,) and not self.files.parted
        return self.mode is Mode.APPEND_ONLY and alone and self.format.head is not None

    def next_names(self) -> NextNames:
        return NextNames(self.files, self.kept)

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """A batch as a `PartWriter` takes it: pure, for worker threads."""
        inner, keys = self.inner, self.keys
        pieces = split(batch, keys, self.layout.part_rows)
        kept = list(inner.names)
        return [(folder, len(rows), self.format.encode(inner, rows.select(kept))) for folder, rows in pieces]

    @property
    def inner(self) -> Table:
        """The table as its files hold it."""
        return within_files(self.table, self.keys) if self.folders_tell else self.table

    def clashes(self, shown: Callable[[str], object]) -> Iterator[Problem]:
        """Why the files that are there don't go with the run. shown: a file as messages name it."""
        here = ("target", self.table.name)
        if self.mode is Mode.APPEND_ONLY and self.name == "json":
            hint = "use --mode truncate_then_insert, or another format"
            yield Problem(here, "json files can't be appended to: their end is more than rows", hint)
        elif self.mode is Mode.CREATE_IF_MISSING and self.existing:
            hint = "replace it with --mode truncate_then_insert, or choose another folder"
            yield Problem(here, f"{shown(self.existing[0])} exists", hint)
        elif self.mode is Mode.APPEND_ONLY and not self.existing:
            what = f"{shown(self.files.file)} does not exist, so nothing can be appended"
            yield Problem(here, what, "use --mode create_if_missing")
        elif self.mode is Mode.APPEND_ONLY:
            keys = tuple(key.name for key in self.keys)
            others = self.files.partitions(self.existing) - {keys}
            if others:
                found, wanted = (", ".join(each) or "nothing" for each in (min(others), keys))
                hint = "name the same columns with --partition-by, or replace the files: --mode truncate_then_insert"
                what = f"{self.table.name} is partitioned by {found}, and the run by {wanted}"
                yield Problem(here, what, hint)


PlansByTable = Mapping[str, Sequence[FilePlan]]
