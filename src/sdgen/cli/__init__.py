"""The command line: parse, call, print. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from io import TextIOWrapper


def main() -> None:
    """The `sdgen` command."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal's encoding may lack a name's letters
    # The C library's memory serves batches that one thread makes and another frees best: a quarter less, and as fast.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    os.environ.setdefault(
        "PYDANTIC_DISABLE_PLUGINS", "__all__"
    )  # to look for some reads every installed package's files
    gc.set_threshold(500_000)  # imports make many objects, and next to nothing of them is garbage
    try:
        from sdgen.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)


def run() -> None:
    """The `sdgen` command as a process of its own: exits with its status, and does not return."""
    try:
        main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            _end_process(end.code or 0)
        raise
    _end_process(0)


def _end_process(status: int) -> None:
    """Exit without taking the modules apart, a tenth of a second; return where a thread is still at work."""
    if threading.active_count() > 1:
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # a reader that has gone: the interpreter's own end says so
        return
    atexit._run_exitfuncs()
    os._exit(status)
