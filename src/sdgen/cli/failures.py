"""What went wrong, told on stderr, and the exit code: 1 for anything refused, 128 + n for signal n.

Wrong usage (2) is told by Typer itself. A traceback is shown only where SDGEN_TRACEBACK is set.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec, TextIO

import typer

from sdgen.databases.driver_errors import next_step
from sdgen.errors import Problem, Refusal, SdgenError, install_hint

P = ParamSpec("P")

REFUSED = 1
INTERRUPTED = 130
PIPE_CLOSED = 141
_USAGE = (typer.Exit, typer.Abort, typer.BadParameter)


def reports_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Decorator of a command: whatever it raises is told to a person and becomes an exit code."""

    @wraps(command)
    def telling(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except _USAGE:
            raise
        except (Exception, KeyboardInterrupt) as error:
            if os.environ.get("SDGEN_TRACEBACK"):
                raise
            code = report_error(error)
            _settle_stdout()
            raise typer.Exit(code) from None

    return telling


def report_error(error: BaseException) -> int:
    """Tell an exception on stderr; the exit code it means."""
    if _pipe_closed(error):
        _leave_stdout()
        return PIPE_CLOSED
    if isinstance(error, KeyboardInterrupt):
        _say("cancelled")
        return INTERRUPTED
    if isinstance(error, SdgenError):
        _say(problem_text(error.problems))
    else:
        _say(printable(_words(error)))
    return REFUSED


def problem_text(problems: Sequence[Problem]) -> str:
    """Problems as text, a paragraph each, and how many they are where they are several."""
    paragraphs = [printable(str(problem) if problem.file else f"error: {problem}") for problem in problems]
    if len(problems) > 1:
        paragraphs.append(f"error: {len(problems)} problems")
    return "\n\n".join(paragraphs)


def printable(text: str) -> str:
    """Text without what could command a terminal: control characters but for line ends are spelled out."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _words(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "error: out of memory\n    fewer --workers need less"
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        said = f"error: {place}{error.strerror or error}"
        return f"{said}\n    {hint}" if (hint := next_step(said)) else said
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("sdgen"):
        # pip adds what an installed sdgen lacks: an installation that is broken, or was made without dependencies.
        return f"error: this needs {error.name}, which is not installed\n    {install_hint()}"
    lines = str(error).strip().splitlines()
    message = f": {lines[0]}" if lines else ""
    return (
        f"error: {type(error).__name__}{message}\n    this is a bug in sdgen; SDGEN_TRACEBACK=1 shows where it happened"
    )


def _pipe_closed(error: BaseException | None) -> bool:
    """Whether the reader of our output went away, as `head` does, directly or beneath another exception."""
    # Libraries wrap the exception of a write in their own.
    while error is not None:
        if isinstance(error, BrokenPipeError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _settle_stdout() -> None:
    """What is left in the buffer of a full or closed output would fail again when the interpreter ends."""
    try:
        sys.stdout.flush()
    except OSError:
        _leave_stdout()


def _leave_stdout() -> None:
    """Let the interpreter's last flush of stdout go nowhere."""
    try:
        # The interpreter flushes once more at its end, and would tell of the closed pipe with a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


def _say(text: str) -> None:
    print(colored(text, sys.stderr), file=sys.stderr)


def print_text(text: str) -> None:
    """Print what people read."""
    print(colored(text, sys.stdout))


def colored(text: str, stream: TextIO) -> str:
    """Text with the first words of errors and warnings, and runs' statuses, in colour where a terminal shows it.

    NO_COLOR and FORCE_COLOR say otherwise, as they do elsewhere (no-color.org).
    """
    wished = os.environ.get("FORCE_COLOR") or (stream.isatty() and os.environ.get("TERM") != "dumb")
    if os.environ.get("NO_COLOR") or not wished:
        return text
    return _COLORED.sub(lambda match: f"\x1b[{_COLORS[match[0].strip()]}m{match[0]}\x1b[0m", text)


_COLORS = {
    "error:": "1;31",
    "failed": "31",
    "DIFFERENT": "1;31",
    "warning:": "1;33",
    "cancelled": "33",
    "note:": "36",
    "running": "34",
    "success": "32",
}
_STATUSES = "|".join(word for word in _COLORS if not word.endswith(":"))
_COLORED = re.compile(rf"^(?:error|warning|note):|  (?:{_STATUSES})(?=  |$)", re.MULTILINE)


MOST = 20


def print_notes(notes: Sequence[Problem], most: int = MOST) -> None:
    """Each note as a warning; where there are many, the first of them and how many more there are.

    What can't be at all is told where it is refused.
    """
    notes = [note for note in notes if not isinstance(note, Refusal)]
    for note in notes[:most]:
        print(f"warning: {printable(str(note))}", file=sys.stderr)
    if len(notes) > most:
        print(f"warning: and {len(notes) - most} more; `sdgen import` tells them all", file=sys.stderr)
