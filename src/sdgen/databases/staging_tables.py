"""Names of staging tables, by which a later run knows those that a killed one left behind."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket

from sdgen.targets.paths import alive

PREFIX = "_sdgen_"
_made: set[str] = set()  # by this process, whose number a process before it may have had
_NAME = re.compile(r"_sdgen_([0-9a-f]{6})_(\d+)_[0-9a-f]{8}_\d+")


def fresh(number: int) -> str:
    """A new name for a run's staging table of that number: this machine's mark and the process are in it."""
    name = f"{PREFIX}{_machine()}_{os.getpid()}_{secrets.token_hex(4)}_{number}"
    _made.add(name)
    return name


def left_over(name: str) -> bool:
    """Whether a process of this machine that is no more made a staging table of this name."""
    match = _NAME.fullmatch(name)
    if match is None or match[1] != _machine():
        return False
    process = int(match[2])
    return name not in _made if process == os.getpid() else not alive(process)


def _machine() -> str:
    """Process numbers mean nothing on another machine."""
    return hashlib.blake2b(socket.gethostname().encode(), digest_size=3).hexdigest()
