"""What to do about a place that refuses: the next step, by the words of the server, the driver or the system."""

from __future__ import annotations

import re

UNREACHED = "is the server running, and is the URL right?"
ROOM = "make room, or choose another place"

_HINTS = {
    r"password authentication failed|Access denied for user|AUTHENTICATION_FAILED|no password supplied": (
        "is the user's password right? in a URL, write @ as %40, / as %2F, # as %23 and % as %25"
    ),
    r"no pg_hba\.conf entry": "the server lets nobody in from here under that name: ask who runs it",
    r'database "[^"]*" does not exist|Unknown database|UNKNOWN_DATABASE': (
        "make it with CREATE DATABASE, or name another"
    ),
    r'role "[^"]*" does not exist': "is the user's name right?",
    r"resolve host|Name or service not known|nodename nor servname|Temporary failure in name": (
        "is the host's name right, and is there a network?"
    ),
    r"Connection refused": "is the server running, and are host and port right?",
    r"timed? ?out": "is the server there, and does a firewall let you through?",
    r"No space left|disk is full|Disk quota": ROOM,
    r"Read-only file system|[Pp]ermission": "choose another place, or change its permissions",
    r"the folder .* does not exist": "make it, or choose another place",
    r"is a file, not a folder|is a folder, not a file": "choose another place",
}


def next_step(text: str, otherwise: str = "") -> str:
    """The hint for what was said; `otherwise` where nothing is known of it."""
    return next((hint for words, hint in _HINTS.items() if re.search(words, text)), otherwise)
