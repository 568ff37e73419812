"""Places on a disk: what is wrong with them, and which processes staged files beside them."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from sdgen.errors import Problem, TargetError
from sdgen.targets.writer_lock import CHANGED_HINT, changed_since


def folder_fault(folder: Path) -> str:
    """Why files can't be made in a folder that exists or is to be made; "" where they can."""
    if folder.exists() and not folder.is_dir():
        return f"{folder} is a file, not a folder"
    there = _nearest(folder)
    if not there.is_dir():
        return f"{there} is a file, so no folder can be made in it"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"no permission to write in {there}"
    # Staging stands beside the folder, so that a rename is enough in the end.
    parent = real(folder).parent
    if folder.exists() and not os.access(parent, os.W_OK | os.X_OK):
        return f"no permission to write in {parent}, where files are staged"
    return ""


def file_fault(file: Path) -> str:
    """Why a database file can't be made or opened for writing; "" where it can."""
    if file.is_dir():
        return f"{file} is a folder, not a file"
    parent = file.absolute().parent
    if not parent.is_dir():
        there = _nearest(parent)
        return f"the folder {parent} does not exist" if there.is_dir() else f"{there} is a file, not a folder"
    if not os.access(parent, os.W_OK | os.X_OK):
        return f"no permission to write in {parent}"
    if file.exists() and not os.access(file, os.R_OK | os.W_OK):
        return f"no permission to write {file}"
    return ""


def _nearest(folder: Path) -> Path:
    here = folder.absolute()
    while not here.exists() and here != here.parent:
        here = here.parent
    return here


_GONE = ".sdgen-gone"  # in a staging folder: the files that go when its own are put in their places, a line each
_PLACING = ".placing"  # the end of a staging folder's name while its files are put in their places
_in_use: set[str] = set()  # names that this process works under


def staged(path: Path) -> Path:
    """A new hidden name beside a path, for this process's work on it."""
    path = real(path)
    # The process's number lets a later run tell whether somebody still works under the name; the digits tell targets of
    # one process apart.
    found = path.with_name(f".{path.name}.sdgen-{os.getpid()}-{secrets.token_hex(4)}")
    _in_use.add(found.name)
    return found


def real(path: Path) -> Path:
    """The path that symlinks lead to: what is renamed must be on one file system, and must not replace a link."""
    return Path(os.path.realpath(path))


def rename_new(staged: Path, path: Path) -> None:
    """Give what was staged its name; TargetError where something of that name has appeared meanwhile."""
    where = real(path)
    if where.exists():
        raise appeared(path)
    staged.rename(where)


def appeared(path: Path) -> TargetError:
    """The refusal to put something new over what has appeared there."""
    return TargetError(Problem(("target",), changed_since({path: None}), CHANGED_HINT))


def release(path: Path) -> None:
    """This process works no more under a name, and leaves what is there."""
    _in_use.discard(path.name)


def move_into(staging: Path, folder: Path, gone: Sequence[str] = ()) -> None:
    """Put staged files in their places in a folder that exists. gone: files inside it that go then, a line's text each.

    The staging folder's new name is the turning point: whoever looks at the folder next goes on where this process was
    stopped (`finish_moves`).
    """
    # Before the turning point: a run that ends the moves of a killed one must find the list.
    if gone:
        (staging / _GONE).write_text("\n".join(gone), encoding="utf-8")
    decided = staging.rename(staging.with_name(staging.name + _PLACING))
    release(staging)
    _move(decided, folder)


def finish_moves(folder: Path) -> None:
    """Put in their places what processes that are no more had begun to."""
    for path in leftovers(folder):
        if path.name.endswith(_PLACING):
            _move(path, folder)


def _move(decided: Path, folder: Path) -> None:
    # All of this may be done a second time, by the run that goes on where a killed one stopped: what was moved is not
    # found here any more, and what was removed may be missing.
    found = sorted(decided.rglob("*"))
    inner = [path for path in found if path.is_dir()]
    folders = set(inner)
    listed = decided / _GONE
    for name in listed.read_text(encoding="utf-8").splitlines() if listed in found else ():
        _remove_in(folder, folder / name)
    for file in (path for path in found if path not in folders and path != listed):
        where = folder / file.relative_to(decided)
        where.parent.mkdir(parents=True, exist_ok=True)
        file.replace(where)
    # The list goes last, when all that it names is gone.
    listed.unlink(missing_ok=True)
    # Sorted paths have outer folders first, and only empty ones can be removed.
    for emptied in (*reversed(inner), decided):
        emptied.rmdir()


def _remove_in(folder: Path, file: Path) -> None:
    """Remove a file, and the folders above it, inside `folder`, that are left empty."""
    file.unlink(missing_ok=True)
    for above in file.parents:
        if above == folder or not above.is_dir() or any(above.iterdir()):
            return
        above.rmdir()


def leftovers(path: Path) -> list[Path]:
    """What processes that are no more left staged beside a path."""
    path = real(path)
    name = re.escape(path.name)
    # Beside what is staged there may be DuckDB's log, and SQLite's journal or the checkpoint of files.
    pattern = re.compile(rf"\.{name}\.sdgen-(\d+)-[0-9a-f]{{8}}(\.wal|-journal|{re.escape(_PLACING)})?")
    parent = path.parent
    found = [(file, pattern.fullmatch(file.name)) for file in parent.iterdir()] if parent.is_dir() else []
    return [file for file, match in found if match and _is_left(file, int(match[1]))]


def _is_left(file: Path, process: int) -> bool:
    if process != os.getpid():
        return not alive(process)
    # Numbers of processes come again: what bears this one's, and is none of its own, was left by an earlier process.
    return not any(file.name.startswith(name) for name in _in_use)


def alive(process: int) -> bool:
    try:
        # Signal 0 reaches nobody: the system only tells whether there is such a process, which may be another user's.
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
