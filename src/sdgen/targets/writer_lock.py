"""One writer for each local place: a lock on a hidden file beside it, which the system releases with its process.

    out/           .out.sdgen-lock
    shop.duckdb    .shop.duckdb.sdgen-lock

The lock is the system's (flock), not the file's being there: a killed run leaves an empty lock on a file that the next
run to the place takes over and removes. Places are told apart by their real paths, so that a symlink, a relative and an
absolute path lead to one lock. Within a process a table of held places excludes threads too, where a network file
system takes all locks of a process for one.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # a system without flock
    fcntl = None  # type: ignore[assignment]

_SUFFIX = ".sdgen-lock"
_TRIES = 100  # a holder that ends removes the file that was just opened: then there is another, or none
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
_PLAIN = getattr(os, "O_NOFOLLOW", 0)  # what a link in a shared folder leads to must not be written
_LONGEST = 500  # bytes of what a holder tells of itself

_guard = threading.Lock()
_held: dict[Path, tuple[object, int]] = {}  # by this process: a place, the target that writes there, and its thread
_open: set[int] = set()


@dataclass(frozen=True)
class LocalPath:
    """A file or folder that takes one run at a time. makes_folders: a run makes the folders above it."""

    path: Path
    makes_folders: bool = False


class WriterLock:
    """The lock of one place for one target. `holder` tells who has it, `unlocked` why there can be none."""

    def __init__(self, place: LocalPath, target: object) -> None:
        self.path = Path(os.path.realpath(place.path))
        self.file = self.path.with_name(f".{self.path.name}{_SUFFIX}")
        self.holder = ""
        self.unlocked = ""
        self._makes_folders = place.makes_folders
        self._made: list[Path] = []
        self._target = target
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this target writes there already, or another one of this thread, which would wait for itself."""
        target, thread = _held.get(self.path, (None, 0))
        return target is self._target or thread == threading.get_ident()

    def acquire(self) -> bool:
        """Take the lock if it is free; whether this target is now the place's one writer, as far as can be told."""
        with _guard:
            if self.path in _held:
                self.holder = f"process {os.getpid()} (this one)"
                return False
            _held[self.path] = (self._target, threading.get_ident())
        taken = False
        try:
            taken = self._take()
        finally:
            if not taken:
                self._let_go()
        return taken

    def release(self) -> None:
        """Let others write, and leave no file behind."""
        # The file goes while it is still locked. Who has opened it meanwhile gets the lock of a file without a name,
        # notices that in `_take`, and makes a new one.
        if self._descriptor is not None and self._is_there(self._descriptor):
            with suppress(OSError):
                self.file.unlink()
        self._let_go()

    def _close(self) -> None:
        if self._descriptor is not None:
            _open.discard(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _let_go(self) -> None:
        self._close()
        for folder in reversed(self._made):
            with suppress(OSError):  # rows are in it
                folder.rmdir()
        self._made.clear()
        with _guard:
            _held.pop(self.path, None)

    def _take(self) -> bool:
        for _ in range(_TRIES):
            try:
                self._make_folders()
                self._descriptor = self._opened()
            except OSError as error:
                if self._makes_folders and isinstance(error, FileNotFoundError):
                    continue  # another run gave up, and removed a folder that it had made
                if error.errno == errno.ELOOP:
                    self.unlocked = f"{self.file} is a link"
                return True  # what else keeps files from being made here is the target's to tell
            _open.add(self._descriptor)
            if not self._flock(self._descriptor):
                return False
            # A holder that ended between the opening and the locking has removed the file: its lock excludes nobody.
            if self.unlocked or self._is_there(self._descriptor):
                self._tell(self._descriptor)
                return True
            self._close()
        self.unlocked = "its lock file comes and goes"
        return True

    def _make_folders(self) -> None:
        missing = [folder for folder in self.path.parents if not folder.exists()] if self._makes_folders else []
        for folder in reversed(missing):
            with suppress(FileExistsError):  # a run beside this one made it
                folder.mkdir()
                self._made.append(folder)

    def _opened(self) -> int:
        try:
            # It is not truncated here: who waits reads in it who holds the lock.
            return os.open(self.file, os.O_RDWR | os.O_CREAT | _PLAIN, 0o666)
        except PermissionError:
            return os.open(self.file, os.O_RDONLY | _PLAIN)  # another user's, which can be locked all the same

    def _flock(self, descriptor: int) -> bool:
        """Whether no other process has the lock."""
        if fcntl is None:
            self.unlocked = "this system has no locks"
            return True
        try:
            # Record locks of fcntl would belong to the process: they don't exclude its threads, and go with the first
            # descriptor of the file that is closed.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.holder = _holder(descriptor)
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            self.unlocked = f"its file system has no locks ({error.strerror})"
        return True

    def _is_there(self, descriptor: int) -> bool:
        """Whether the file that was opened is still the one of that name."""
        try:
            there, opened = os.stat(self.file), os.fstat(descriptor)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (opened.st_dev, opened.st_ino)

    def _tell(self, descriptor: int) -> None:
        """Who holds the lock, for those who wait; a full disk keeps that alone from them."""
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)


def _holder(descriptor: int) -> str:
    """The process that holds a lock, by what it wrote into the file."""
    process, _, host = os.pread(descriptor, _LONGEST, 0).decode(errors="replace").strip().partition(" ")
    if not process.isdecimal():
        return "another process"
    return f"process {process}" if host == socket.gethostname() else f"process {process} on {host}"


def _forget_inherited() -> None:
    """A forked child must not keep its parent's locks when the parent has ended."""
    global _guard
    # If another thread held it at the moment of the fork, it would stay locked in the child for ever.
    _guard = threading.Lock()
    for descriptor in _open:
        with suppress(OSError):
            os.close(descriptor)
    _open.clear()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_inherited)


CHANGED_HINT = "run it again, when nothing else does"
Look = Mapping[Path, tuple[int, ...] | None]


def look(paths: list[Path]) -> Look:
    """What is at some paths: of each a mark that changes with its content; None where there is nothing."""
    return {path: _mark(path) for path in paths}


def _mark(path: Path) -> tuple[int, ...] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    # The inode changes where a rename has replaced the file, size and time where it was written in place.
    return (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)


def changed_since(before: Look) -> str:
    """What has become of paths since they were looked at, in words; "" where they are as they were."""
    for path, mark in before.items():
        now = _mark(path)
        if now != mark:
            what = "has appeared" if mark is None else "is gone" if now is None else "has changed"
            return f"{path} {what} while this run made its rows: something else writes there"
    return ""
