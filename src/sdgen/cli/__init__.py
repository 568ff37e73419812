"""The command line: parse, call, print. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import gc
import os
import sys
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
    gc.set_threshold(50_000)  # imports make many objects, and next to nothing of them is garbage
    try:
        from sdgen.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)
