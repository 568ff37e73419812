"""Temporary places of runs that reproduce others: gone afterwards, and those of killed runs with the next run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from sdgen.runs.processes import this_process
from sdgen.write.places import alive


@contextmanager
def scratch() -> Iterator[Path]:
    """A new folder for this process's run."""
    with tempfile.TemporaryDirectory(prefix=f"{_prefix()}{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def sweep() -> None:
    """Remove the folders of processes of this host that are no more."""
    prefix = _prefix()
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        number = folder.name.removeprefix(prefix).partition("-")[0]
        if number.isdecimal() and not alive(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _prefix() -> str:
    """Process numbers mean nothing on another host, with which the folder may be shared."""
    mark = blake2b(this_process().host.encode(), digest_size=3).hexdigest()
    return f"sdgen-scratch-{mark}-"
