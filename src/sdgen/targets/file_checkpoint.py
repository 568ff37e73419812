"""What a run into files has done so far, kept beside its staging folder, so that a run that was stopped can go on.

The first line tells what the run is a run of; each further line how far one table is. A line is written after the rows
it speaks of are on the disk, and a line that was cut short counts as not written.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sdgen.errors import Problem

SUFFIX = "-journal"
HINT = "ask for the same as then, or begin anew without --resume"


@dataclass(frozen=True)
class TableProgress:
    """How far a table is: its batches written, the sum of their digests, and the bytes of its file in each format."""

    batches: int = 0
    digest: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)
    finished: bool = False

    def is_kept_in(self, files: Mapping[str, Path]) -> bool:
        """Whether the files still hold what was written."""
        return all(files[name].is_file() and files[name].stat().st_size >= size for name, size in self.sizes.items())


class FileCheckpoint:
    """The checkpoint of one staging folder. `advance` may be called on several threads."""

    def __init__(self, path: Path, manifest: Mapping[str, Any], done: Mapping[str, TableProgress]) -> None:
        self.path = path
        self.manifest = manifest
        self.done = dict(done)
        self._lock = threading.Lock()

    @classmethod
    def create(cls, path: Path, manifest: Mapping[str, Any]) -> FileCheckpoint:
        """A new one."""
        checkpoint = cls(path, manifest, {})
        checkpoint._append(dict(manifest))
        return checkpoint

    @classmethod
    def read(cls, path: Path) -> FileCheckpoint | None:
        """The one that a run left; None where there is none that can be read."""
        try:
            lines = list(_records(path.read_bytes()))
            done = {record["table"]: TableProgress(**record["done"]) for record in lines[1:]}
            # A file without a whole first line, and one with other fields than these, count as no checkpoint.
            return cls(path, lines[0], done)
        except (OSError, LookupError, TypeError):
            return None

    def advance(self, table: str, done: TableProgress) -> None:
        self.done[table] = done
        self._append({"table": table, "done": asdict(done)})

    def _append(self, record: dict[str, Any]) -> None:
        line = (json.dumps(record, separators=(",", ":")) + "\n").encode()
        with self._lock, self.path.open("ab") as file:
            file.write(line)
            file.flush()
            # Flushing hands the line to the system, and a power cut would lose it.
            os.fsync(file.fileno())

    def moved(self, path: Path) -> FileCheckpoint:
        """The same under another name; what was cut short at its end is left out from then on."""
        whole = self.path.read_bytes()
        # Half a line at the end would become one line with the next record.
        os.truncate(self.path, whole.rfind(b"\n") + 1)
        self.path.rename(path)
        return FileCheckpoint(path, self.manifest, self.done)


def _records(text: bytes) -> Iterator[dict[str, Any]]:
    """The records of all whole lines, up to the first that is none."""
    for line in text.split(b"\n")[:-1]:
        try:
            record = json.loads(line)
        except ValueError:
            return
        yield record


def differing(left: Mapping[str, Any], wanted: Mapping[str, Any], place: Path) -> list[Problem]:
    """What keeps a run from going on with what another run left."""
    differences = run_differences(left, wanted)
    what = f"what a stopped run left beside {place} is of another run: {differences}"
    return [Problem(("target",), what, HINT)] if differences else []


def run_differences(left: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """In which ways two runs are not the same; "" where they are."""
    names = [name for name in wanted if left.get(name) != wanted[name]]
    differences = [_difference(name, left.get(name), wanted[name]) for name in names if name != "plan"]
    return ", ".join(differences) or ("other rows, or another scenario" if names else "")


def _difference(name: str, left: Any, wanted: Any) -> str:
    if isinstance(left, Mapping) and isinstance(wanted, Mapping):
        keys = [key for key in wanted if left.get(key) != wanted[key]]
        return ", ".join(f"{name} of {key} {left.get(key)} instead of {wanted[key]}" for key in keys)
    return f"{name} {left} instead of {wanted}"
