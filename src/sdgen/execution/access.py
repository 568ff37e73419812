"""What a request may name. The command line may name anything; what comes over a network may not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from sdgen.errors import Problem, ScenarioError
from sdgen.scenario.model import Scenario

MOST_PARTS = 5000  # that a request's scenario may have: planned in some seconds


@dataclass(frozen=True)
class Access:
    """The limits of one caller; without arguments there are none but for standard output.

    paths: scenario and target files may be named by path. folders: the folders in which inline targets may write files
    (None: anywhere). destinations: patterns of the URLs that inline and added targets may name, without passwords.
    secrets: patterns of what may stand in `${…}` of inline and added targets (`DEMO_*`, `file:/run/secrets/*`).
    databases: patterns of the databases that any target may write to, beside the target's own. engines: patterns of the
    clusters that runs may be spread over. stdout: rows may go to standard output. parts: how many entities and columns
    together a scenario may have (None: any number).
    """

    paths: bool = True
    folders: tuple[Path, ...] | None = None
    destinations: tuple[str, ...] = ("*",)
    secrets: tuple[str, ...] = ("*",)
    databases: tuple[str, ...] = ("*",)
    engines: tuple[str, ...] = ("*",)
    stdout: bool = False
    parts: int | None = None

    def allows_destination(self, shown: str) -> bool:
        return any(pattern == "*" or _is_like(shown, pattern) for pattern in self.destinations)

    def allows_secret(self, name: str) -> bool:
        return matches(name, self.secrets)

    def allows_file(self, path: Path) -> bool:
        """Whether a path is in one of the folders, wherever symlinks lead."""
        if self.folders is None:
            return True
        try:
            place = path.resolve()
        except (ValueError, OSError):  # a name that no file can have
            return False
        return any(place.is_relative_to(folder.resolve()) for folder in self.folders)

    def bounded(self, scenario: Scenario) -> Scenario:
        """The scenario; ScenarioError where it is too large: planning takes about a millisecond for each column."""
        parts = sum(1 + len(entity.columns) for entity in scenario.entities.values())
        if self.parts is not None and parts > self.parts:
            what = f"the scenario has {parts:,} entities and columns, and a request may have {self.parts:,}"
            hint = "send a part of it, or use the shell, where there is no such limit"
            raise ScenarioError(Problem(("entities",), what, hint))
        return scenario


ANYTHING = Access()
SHELL = Access(stdout=True)  # of a run that isn't remembered


def _is_like(destination: str, pattern: str) -> bool:
    """Whether a URL matches a pattern, part by part: a `*` for a user or a path never stands for another host.

    Of several hosts each must match, and none may be spelled with `%`, which drivers decode.
    """
    scheme, user, host, path = _parts(destination)
    like = _parts(pattern)
    hosts = host.split(",") if "," not in like[2] else [host]
    same = all(map(fnmatchcase, (scheme, user, path), (like[0], like[1], like[3])))
    return same and "%" not in host and all(fnmatchcase(each, like[2]) for each in hosts)


def _parts(url: str) -> tuple[str, str, str, str]:
    """Scheme, user without a password, host and port, and what comes after them."""
    scheme, _, rest = url.partition("://")
    authority, path = re.match(r"([^/?#\\]*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    # The last @, since a password may hold others: what follows is the host that a driver connects to.
    user, _, host = authority.rpartition("@")
    return scheme, user.partition(":")[0], host, path


def matches(text: str, patterns: tuple[str, ...]) -> bool:
    """Whether a text matches one of the patterns of a shell (`*`, `?`, `[abc]`)."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def files_in(folder: Path) -> Iterator[Path]:
    """The files directly in a folder, in order of their names; links that lead out of it are left out."""
    place = folder.resolve()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.resolve().is_relative_to(place):
            yield path
