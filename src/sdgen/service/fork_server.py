"""`python -m sdgen.service.fork_server`: a process that has everything imported, and forks a worker for each line.

A line is a run's id and the limit. When a worker has ended, a line of JSON answers: [id, exit code, errors]. The
fork server opens no store and starts no thread, so that a fork of it is a clean process: a lock that another thread
holds at the moment of a fork stays locked in the child for ever. It ends with its input; its children do not.

The standard library's forkserver is not used: its children end with it, and runs must survive whoever started them.
"""

from __future__ import annotations

import json
import os
import pkgutil
import select
import signal
import sys
import tempfile
from dataclasses import dataclass
from importlib import import_module
from typing import IO

from sdgen.service.store import Store
from sdgen.service.worker import worker_main
from sdgen.service.worker_processes import end_of_errors

_LOOK = 0.02  # seconds between two looks at children
_PACKAGES = ("sdgen.generators", "sdgen.databases", "sdgen.files")
_OUTSIDE = (
    *("pandas", "pyarrow.parquet", "pyarrow.compute", "yaml", "duckdb", "psycopg", "sqlglot", "mimesis"),
    *("sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql.psycopg"),
)


@dataclass(frozen=True)
class _Child:
    run_id: str
    errors: IO[bytes]


def main() -> int:
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    import_all()
    children: dict[int, _Child] = {}
    buffer = b""
    while True:
        ready, _, _ = select.select([0], [], [], _LOOK if children else None)
        if ready:
            # Read past `sys.stdin`, whose buffer may hold lines that `select` knows nothing of.
            more = os.read(0, 65_536)
            if not more:
                return 0
            *lines, buffer = (buffer + more).split(b"\n")
            for line in lines:
                run_id, limit = line.decode().split()
                errors = tempfile.TemporaryFile()  # noqa: SIM115
                children[_fork_worker(run_id, int(limit), errors)] = _Child(run_id, errors)
        _reap(children)


def import_all() -> None:
    """Import what a run may need, but for what isn't installed. Nothing is called: that could start threads."""
    own = [
        module.name
        for package in _PACKAGES
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}.")
    ]
    for name in (*_OUTSIDE, *own):
        try:
            import_module(name)
        except ImportError:
            continue


def _fork_worker(run_id: str, limit: int, errors: IO[bytes]) -> int:
    """A new process that executes the run; its number."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        # A signal to the terminal of whoever started the server must not reach the run.
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        # Standard output is the pipe on which the server answers.
        os.dup2(nothing, 1)
        os.dup2(errors.fileno(), 2)
        code = worker_main(Store(), run_id, limit)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201
    finally:
        # The child must neither go on in the server's loop nor do what the server is to do at its end.
        os._exit(code)


def _reap(children: dict[int, _Child]) -> None:
    for number in list(children):
        done, status = os.waitpid(number, os.WNOHANG)
        if done:
            child = children.pop(number)
            answer = json.dumps([child.run_id, os.waitstatus_to_exitcode(status), end_of_errors(child.errors)])
            os.write(1, answer.encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
