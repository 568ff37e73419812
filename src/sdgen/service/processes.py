"""Who does a run: a process on a host, told apart from a later one of the same number by the time it started."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from pathlib import Path

SILENT_AFTER = timedelta(minutes=2)  # a process of another host that says nothing for so long is taken for dead


@dataclass(frozen=True)
class Owner:
    """A process. `token` is its own secret: a run's end is told under it."""

    token: str
    host: str
    pid: int
    started: str


def this_process() -> Owner:
    """This process, under a new token."""
    return Owner(secrets.token_hex(16), _host(), os.getpid(), _start_time(os.getpid()))


def is_gone(owner: Owner, heartbeat: datetime, now: datetime | None = None) -> str:
    """Why a process is taken for dead; "" while it is not."""
    if owner.host == _host():
        return "" if _is_there(owner) else f"its process {owner.pid} on {_name(owner.host)} is gone"
    silent = (now or datetime.now(UTC)) - heartbeat
    if silent <= SILENT_AFTER:
        return ""
    return (
        f"its process {owner.pid} on {_name(owner.host)} has given no sign of life for {int(silent.total_seconds())} s"
    )


def _is_there(owner: Owner) -> bool:
    try:
        # Signal 0 reaches nobody: the system only tells whether there is such a process.
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _start_time(owner.pid) == owner.started


def _name(host: str) -> str:
    return host.rpartition("/")[0] or host


@cache
def _host() -> str:
    """The host's name, and a sign of this boot and of the space in which process numbers mean something."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    space = Path("/proc/self/ns/pid")
    sign = (boot.read_text() if boot.exists() else "") + (os.readlink(space) if space.exists() else "")
    return f"{socket.gethostname()}/{blake2b(sign.encode(), digest_size=4).hexdigest()}"


def _has_threads(pid: int) -> bool:
    """Whether threads of a killed process are still ending: until then it holds its files, and the locks on them."""
    try:
        return len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def _start_time(pid: int) -> str:
    """When a process started, in the system's own words; "" where it is no more, or only waits to be reaped."""
    if sys.platform == "linux":
        try:
            # The name of the program stands in brackets and may hold brackets and spaces: fields are counted from
            # behind the last one. The state is then the first, and the start time, number 22 in all, the twentieth.
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] in (b"Z", b"X") and not _has_threads(pid) else fields[19].decode()
    command = ["ps", "-o", "state=,lstart=", "-p", str(pid)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return "" if told.startswith("Z") else told.partition(" ")[2].strip()
