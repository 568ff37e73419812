"""The command line: parse, call, print. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """The `sdgen` command."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal's encoding may lack a name's letters
    try:
        from sdgen.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)
