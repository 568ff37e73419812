"""The files of a project, and which of them an import means. Nothing outside the project's folder is ever read."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from sdgen.errors import SourceError
from sdgen.readers.base import read_text

MARKERS = ("package.json", "tsconfig.json", "moose.config.toml", "pyproject.toml", "requirements.txt", "setup.py")
WORKSPACES = ("package.json", "pnpm-workspace.yaml", "moose.config.toml")
SKIPPED = frozenset({"node_modules", "dist", "build", "venv", "site-packages", "__pycache__", "coverage", "target"})
LIBRARIES = ("@514labs/moose-lib", "typia")
SUFFIXES = (".ts", ".tsx", ".py")
MOST_FILES = 20_000
MOST_FOLDERS = 10_000
_SOURCES = ("", ".ts", ".tsx", ".d.ts", "/index.ts", "/index.tsx", "/index.d.ts", "/src/index.ts")
_COMPILED = re.compile(r"\.(?:m|c)?jsx?$")
_JSON_NOISE = re.compile(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


class Project:
    """The folder of a source: the folder itself, or the nearest one above a file that is a package."""

    def __init__(self, source: Path) -> None:
        self.source = source.resolve()
        self.root = self.source if self.source.is_dir() else _root(self.source)
        self._shown = source if source.is_dir() else source.parent
        self._base = self._shown.resolve()

    def shown(self, path: Path) -> str:
        """A file's name in messages: from where the user stands."""
        return str(self._shown / os.path.relpath(path, self._base)) if path.is_relative_to(self._base) else str(path)

    def text(self, path: Path) -> str:
        return read_text(path)

    def files(self) -> Iterator[Path]:
        """The source files below the folder, sorted; tests, builds and installed packages are left out."""
        yield from self._walk(lambda name: name.endswith(SUFFIXES) and not is_test(name))

    def find(self, origin: Path, words: str) -> Path | None:
        """The file that a TypeScript import means; None for a package, or for a file that isn't there."""
        if words.startswith(LIBRARIES):
            return None
        if words.startswith("."):
            return self._file(origin.parent / words)
        for pattern, places in self._paths(origin.parent):
            head, star, tail = pattern.partition("*")
            if words == pattern or (star and words.startswith(head) and words.endswith(tail)):
                middle = words[len(head) : len(words) - len(tail)] if star else ""
                found = (self._file(place.parent / place.name.replace("*", middle)) for place in places)
                for each in found:
                    if each is not None:
                        return each
        return self._package(words)

    def find_python(self, origin: Path, module: str, level: int) -> Path | None:
        """The file that a Python import means; `level` is its number of leading dots."""
        parts = [part for part in module.split(".") if part]
        if parts and parts[0] == "moose_lib" and not level:
            return None
        if level:
            above = origin.parents[level - 1] if level <= len(origin.parents) else origin.parent
            return self._python(above.joinpath(*parts))
        # An absolute import is looked for in every folder above: which of them is on the path is known only where it
        # runs.
        places = (above.joinpath(*parts) for above in origin.parents if self._holds(above))
        return next((found for place in places if (found := self._python(place)) is not None), None)

    def _python(self, place: Path) -> Path | None:
        choices = (place.with_name(place.name + ".py"), place / "__init__.py")
        return next((each for each in choices if self._holds(each) and each.is_file()), None)

    def _holds(self, path: Path) -> bool:
        # Resolved, so that a symbolic link does not lead out of the project.
        return path.resolve().is_relative_to(self.root)

    def _file(self, place: Path) -> Path | None:
        # ES modules import `./models.js` and mean models.ts, which is compiled to it.
        plain = _COMPILED.sub("", str(place))
        for text in dict.fromkeys((str(place), plain)):
            for suffix in _SOURCES:
                path = Path(text + suffix)
                if path.name.endswith((".ts", ".tsx")) and path.is_file() and self._holds(path):
                    return path.resolve()
        return None

    def _paths(self, folder: Path) -> list[tuple[str, list[Path]]]:
        """`compilerOptions.paths` of the nearest tsconfig.json."""
        for above in (folder, *folder.parents):
            if not self._holds(above):
                break
            if (above / "tsconfig.json").is_file():
                options = _json(above / "tsconfig.json").get("compilerOptions")
                paths = options.get("paths") if isinstance(options, dict) else None
                base = above / str(options.get("baseUrl") or ".") if isinstance(options, dict) else above
                wanted = paths.items() if isinstance(paths, dict) else ()
                return [(key, [base / str(each) for each in value]) for key, value in wanted if isinstance(value, list)]
        return []

    def _package(self, words: str) -> Path | None:
        """A package of the project's own, as in a monorepo: `@workspace/models`."""
        for name, folder in self._packages.items():
            if words == name:
                main = _json(folder / "package.json").get("types") or _json(folder / "package.json").get("main")
                return (self._file(folder / main) if isinstance(main, str) else None) or self._file(folder)
            if words.startswith(name + "/"):
                rest = words[len(name) + 1 :]
                return self._file(folder / rest) or self._file(folder / "src" / rest)
        return None

    @cached_property
    def _packages(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        if not any((self.root / marker).is_file() for marker in WORKSPACES):
            return found
        for path in self._walk(lambda name: name == "package.json"):
            name = _json(path).get("name")
            if isinstance(name, str) and name:
                found[name] = path.parent
        return found

    def _walk(self, wanted: Callable[[str], bool]) -> Iterator[Path]:
        count = 0
        for visited, (folder, folders, names) in enumerate(os.walk(self.root)):
            if visited > MOST_FOLDERS:
                return
            # os.walk goes into what is left in this very list; sorted, so that the order of tables is the same
            # everywhere.
            folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
            for name in sorted(names):
                if wanted(name):
                    count += 1
                    if count > MOST_FILES:
                        return
                    yield Path(folder, name).resolve()


def is_test(name: str) -> bool:
    """Whether a file's name is that of a test, or of declarations made by a build."""
    stem = name.rpartition(".")[0]
    return stem.endswith((".test", ".spec", ".d", "_test")) or stem.startswith("test_")


def _root(file: Path) -> Path:
    # A package.json in the home folder must not make all of it a project.
    home = Path.home()
    for above in file.parents:
        if above in (home, Path(above.anchor)):
            break
        if any((above / marker).is_file() for marker in MARKERS):
            return above
    return file.parent


def _json(path: Path) -> dict[str, object]:
    """A JSON file that may have comments and trailing commas; {} where it is none."""
    try:
        value = json.loads(_JSON_NOISE.sub(lambda match: match[1] or "", read_text(path)))
    except (SourceError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
