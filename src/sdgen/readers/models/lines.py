"""Where classes and their attributes stand in the Python file they were written in."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sdgen.readers.models.importing import shown


class Lines:
    """The lines of one file's classes, by their qualified names."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.file = shown(path)
        self._lines = _read(path)

    def of_class(self, each: Any) -> int:
        """The line of a class, from 1; 0 where it stands in another file."""
        return self._lines.get((each.__qualname__, ""), 0) if _file(each) == self._path else 0

    def of_attribute(self, each: Any, name: str) -> int:
        """The line of an attribute, its own or one of a base in the same file; else that of the class."""
        for base in getattr(each, "__mro__", (each,)):
            if _file(base) == self._path and (base.__qualname__, name) in self._lines:
                return self._lines[base.__qualname__, name]
        return self.of_class(each)


def lines_of(classes: Iterable[Any], otherwise: str) -> Lines:
    """The lines of the file that most classes stand in; of `otherwise` where there are none."""
    files = Counter(filter(None, map(_file, classes)))
    return Lines(files.most_common(1)[0][0] if files else otherwise)


def _file(each: Any) -> str:
    module = sys.modules.get(getattr(each, "__module__", None) or "")
    return getattr(module, "__file__", None) or ""


def _read(path: str) -> dict[tuple[str, str], int]:
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[tuple[str, str], int] = {}
    _collect(tree, "", found)
    return found


def _collect(node: ast.AST, outer: str, found: dict[tuple[str, str], int]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            name = f"{outer}{child.name}"
            found[name, ""] = child.lineno
            found |= {(name, attribute): line for attribute, line in _attributes(child)}
            _collect(child, f"{name}.", found)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            _collect(child, f"{outer}{child.name}.<locals>.", found)
        elif isinstance(child, ast.If | ast.Try | ast.With):
            _collect(child, outer, found)


def _attributes(node: ast.ClassDef) -> Iterable[tuple[str, int]]:
    for child in node.body:
        targets = child.targets if isinstance(child, ast.Assign) else []
        targets = [child.target] if isinstance(child, ast.AnnAssign) else targets
        yield from ((target.id, child.lineno) for target in targets if isinstance(target, ast.Name))
        if isinstance(child, ast.FunctionDef):  # declared_attr
            yield child.name, child.lineno
