"""Filled datasets on the disk, by key: made once, whole or not there, and together no larger than a limit.

An entry is a folder. It is made under a hidden name and renamed when done, so that a killed process leaves nothing that
could be taken for one; a file in it says how large its files are, so that neither does a machine that lost its power.
Locks save work and no more: without them two processes would make the same entry, and one would throw its own away.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdgen.databases.registry import by_name

_SIZES = "sizes.json"
_STAGED = ".filling-"
_NOTE = "known-"
_LOCKS = 16
_LEFT_AFTER = 24 * 3600  # seconds after which work under a hidden name is taken for a dead process's
_NOTES_FOR = 90 * _LEFT_AFTER


@dataclass(frozen=True)
class Cache:
    """A folder of entries. limit: bytes of all entries together; those used longest ago go first."""

    root: Path
    limit: int

    def entry(self, key: str, make: Callable[[Path], None]) -> Path:
        """The folder of an entry; `make` fills it where there is none. What `make` raises leaves no entry."""
        there = self.find(key)
        if there is not None:
            return there
        with self._locked(key):
            there = self.find(key)
            return there if there is not None else self._make(key, make)

    def find(self, key: str) -> Path | None:
        """The folder of a whole entry, which counts as used now; None where there is none."""
        folder = self.root / key
        try:
            sizes = json.loads((folder / _SIZES).read_text("utf-8"))
            if any((folder / name).stat().st_size != size for name, size in sizes.items()):
                return None
            # Its time tells when the entry was last used, by which the oldest ones go.
            os.utime(folder / _SIZES)
        except (OSError, ValueError, AttributeError):
            return None
        return folder

    def noted(self, key: str) -> str:
        """The note under a key; "" for none."""
        with suppress(OSError, UnicodeDecodeError):
            return (self.root / f"{_NOTE}{key}").read_text("ascii")
        return ""

    def note(self, key: str, text: str) -> None:
        """Keep a note, so that it needn't be worked out again; nothing where the cache can't be written."""
        # Renamed when it is whole: another process must never read half a note.
        staged = self.root / f"{_NOTE}{key}.{secrets.token_hex(4)}"
        with suppress(OSError):
            self.root.mkdir(parents=True, exist_ok=True)
            staged.write_text(text, "ascii")
            staged.replace(self.root / f"{_NOTE}{key}")

    def copied(self, key: str, make: Callable[[Path], None], name: str, to: Path) -> None:
        """A copy of an entry's file, though another process should clear the cache meanwhile."""
        for _ in range(5):
            with suppress(FileNotFoundError):
                shutil.copyfile(self.entry(key, make) / name, to)
                return
        shutil.copyfile(self.entry(key, make) / name, to)

    def _make(self, key: str, make: Callable[[Path], None]) -> Path:
        for left in self.root.glob(f"{_STAGED}{key}-*"):  # whoever made them held the lock
            shutil.rmtree(left, ignore_errors=True)
        staged = self.root / f"{_STAGED}{key}-{secrets.token_hex(4)}"
        staged.mkdir(parents=True)
        try:
            make(staged)
            sizes = {path.name: path.stat().st_size for path in staged.iterdir()}
            # Written last: an entry without it, or with files of other sizes, is none.
            (staged / _SIZES).write_text(json.dumps(sizes), "utf-8")
            self._put_in_place(staged, key)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        self._prune(key)
        return self.root / key

    def _put_in_place(self, staged: Path, key: str) -> None:
        """Give an entry its name, unless another process was first with a whole one."""
        try:
            staged.rename(self.root / key)
        except OSError:
            # What stands there is a broken entry, such as a machine leaves that lost its power.
            if self.find(key) is None:
                shutil.rmtree(self.root / key, ignore_errors=True)
                staged.rename(self.root / key)

    def _prune(self, kept: str) -> None:
        """Remove what was used longest ago until the rest is within the limit; the entry just made stays."""
        total = 0
        for used, size, folder in sorted(self._entries(), reverse=True):
            total += size
            old = folder.name.startswith(_STAGED) and time.time() - used > _LEFT_AFTER
            if old or (total > self.limit and folder.name != kept and not folder.name.startswith(_STAGED)):
                shutil.rmtree(folder, ignore_errors=True)
                total -= size
        for noted in self.root.glob(f"{_NOTE}*"):
            with suppress(OSError):
                if time.time() - noted.stat().st_mtime > _NOTES_FOR:
                    noted.unlink()

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        for folder in self.root.iterdir():
            with suppress(OSError):
                if folder.is_dir():
                    sized = folder / _SIZES
                    used = (sized if sized.exists() else folder).stat().st_mtime
                    yield used, sum(path.stat().st_size for path in folder.iterdir()), folder

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """While this process alone makes entries of a key. The system lets go of locks of killed processes."""
        self.root.mkdir(parents=True, exist_ok=True)
        # A few files for all keys: a file for each would stay behind for ever.
        with (self.root / f"lock-{int(key[-8:], 16) % _LOCKS}").open("ab") as file:
            with suppress(ImportError):
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX)
            yield


# A filled database that a test has for itself.
KINDS = ("sqlite", "duckdb", "postgres")


@dataclass(frozen=True)
class Database:
    """A filled database.

    kind: sqlite, duckdb or postgres. url: as SQLAlchemy and sdgen take it. path: None on a server.
    """

    kind: str
    url: str = field(repr=False)  # it may hold a password
    path: Path | None = None

    @property
    def file(self) -> Path:
        """The path of a database that is a file; ValueError where it is on a server."""
        if self.path is None:
            raise ValueError(f"a {self.kind} database has no file")
        return self.path

    def connect(self) -> Any:
        """A new DB-API connection: of sqlite3, duckdb or psycopg. Close it when done."""
        kind = by_name(self.kind)
        assert kind is not None
        assert kind.connect is not None
        return kind.connect(self.url)


def of_file(kind: str, path: Path) -> Database:
    """The database in a file."""
    return Database(kind, f"{kind}:///{path.as_posix()}", path)
