"""What a reader guessed or left out, told on standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sdgen.cli.failures import printable
from sdgen.errors import Problem, Refusal

MOST = 20


def tell_notes(notes: Sequence[Problem], most: int = MOST) -> None:
    """Each note as a warning; where there are many, the first of them and how many more there are.

    What can't be at all is told where it is refused.
    """
    notes = [note for note in notes if not isinstance(note, Refusal)]
    for note in notes[:most]:
        print(f"warning: {printable(str(note))}", file=sys.stderr)
    if len(notes) > most:
        print(f"warning: and {len(notes) - most} more; `sdgen import` tells them all", file=sys.stderr)
