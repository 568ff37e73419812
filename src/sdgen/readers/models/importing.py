"""`package.module:Name` or `path/models.py:Name` → the Python module, the object in it, and where its classes stand.

Importing a module runs it. What it raises is told with file and line, and what it prints goes to standard error.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module, invalidate_caches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import walk_tb
from types import ModuleType, TracebackType
from typing import Any

from sdgen.errors import Problem, SourceError, did_you_mean

_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_NAME = re.compile(r"([^\W\d]\w*(\.[^\W\d]\w*)*)?")


@dataclass(frozen=True)
class ModelPath:
    """What a user named: a module by its dotted name or its file, and an object in it ("" for all)."""

    place: str
    name: str = ""

    @property
    def is_file(self) -> bool:
        return self.place.endswith(".py")

    @property
    def dataset(self) -> str:
        """A name for what is read: the module's own, or its package's where it is called `models`."""
        parts = Path(self.place).absolute().with_suffix("").parts if self.is_file else self.place.split(".")
        named = [part for part in parts if part.lower() not in ("models", "model", "schemas", "__init__")]
        return named[-1] if named else "models"


def model_path(text: str) -> ModelPath | None:
    """The words of a source; None where it is no module and no Python file."""
    if text.endswith(".py"):
        return ModelPath(text)
    place, colon, name = text.rpartition(":")
    place = place if colon else text
    known = place.endswith(".py") or _MODULE.fullmatch(place)
    return ModelPath(place, name if colon else "") if known and (not colon or _NAME.fullmatch(name)) else None


def imported(words: ModelPath) -> ModuleType:
    """The module, imported; SourceError with file and line where that fails."""
    # Standard output may be where the rows go.
    with _failures_told(words), redirect_stdout(sys.stderr):
        if not words.is_file:
            with on_path(Path.cwd()):
                return import_module(words.place)
        file = Path(words.place).absolute()
        if not file.is_file():
            raise SourceError(Problem((), "there is no such file", "", words.place))
        return _of_file(file)


def _of_file(file: Path) -> ModuleType:
    """The module of a file: by its full name where it stands in a package, else by itself."""
    top = file.parent
    parts = [] if file.name == "__init__.py" else [file.stem]
    # A module of a package is imported by its full name, or its relative imports would fail.
    while (top / "__init__.py").is_file():
        parts.insert(0, top.name)
        top = top.parent
    with on_path(top, Path.cwd()):
        if len(parts) > 1 or file.name == "__init__.py":
            return import_module(".".join(parts))
        return _alone(file)


def _alone(file: Path) -> ModuleType:
    known = sys.modules.get(file.stem)
    taken = known is not None and getattr(known, "__file__", None) != str(file)
    # A file called `types.py` or `json.py` must not take the place of the standard library's module.
    name = f"models_of_{file.stem}" if taken or file.stem in sys.stdlib_module_names else file.stem
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # classes look their module up by its name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def on_path(*folders: Path) -> Iterator[None]:
    """The folders are where modules are looked for first, inside."""
    before = list(sys.path)
    sys.path[:0] = [str(folder) for folder in folders if str(folder) not in sys.path]
    # The file may have been written since Python last looked into its folder.
    invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


def object_of(module: ModuleType, words: ModelPath) -> Any:
    """The object named in a module; the module itself where none is named."""
    found: Any = module
    for part in words.name.split(".") if words.name else ():
        if not hasattr(found, part):
            public = [name for name in dir(found) if not name.startswith("_")]
            what = f"{words.place} has no {words.name!r}"
            raise SourceError(Problem((), what, did_you_mean(part, public), _file_of(module, words)))
        found = getattr(found, part)
    return found


def _file_of(module: ModuleType, words: ModelPath) -> str:
    return shown(getattr(module, "__file__", "") or words.place)


def shown(file: str) -> str:
    """A file's path as a user would give it: relative where it is below the current folder."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


@contextmanager
def _failures_told(words: ModelPath) -> Iterator[None]:
    """Whatever importing raises → SourceError, at the line of the user's code that raised it."""
    try:
        yield
    except SourceError:
        raise
    except SyntaxError as error:
        place = (shown(error.filename or words.place), error.lineno or 0, error.offset or 0)
        raise SourceError(Problem((), f"can't be imported: {error.msg}", "", *place)) from None
    # A script without a guard around its main part may call sys.exit.
    except (Exception, SystemExit) as error:
        raise SourceError(_failure(error, words)) from None


def _failure(error: BaseException, words: ModelPath) -> Problem:
    file, line = _raised_at(error.__traceback__)
    text = " ".join(str(error).split())
    what = f"can't be imported: {type(error).__name__}" + (f": {text[:300]}" if text else "")
    hint = ""
    if isinstance(error, ModuleNotFoundError):
        missing = error.name or ""
        own = words.place == missing or words.place.startswith(f"{missing}.")
        hint = (
            "run sdgen in the folder that holds it, or name its file: path/to/models.py:Base"
            if own and not line
            else f"install {missing} beside sdgen: models are imported with all that they need"
        )
    return Problem((), what, hint, shown(file) if file else words.place, line, 1 if line else 0)


def _raised_at(trace: TracebackType | None) -> tuple[str, int]:
    """The innermost line of the traceback that is the user's own; "" and 0 where none is."""
    for frame, line in reversed(list(walk_tb(trace))):
        file = frame.f_code.co_filename
        if _is_own(file):
            return file, line
    return "", 0


def _is_own(file: str) -> bool:
    path = Path(file)
    if file.startswith("<") or {"site-packages", "dist-packages"} & set(path.parts):
        return False
    # Neither Python's own library nor sdgen is where the user's mistake is.
    outside = [Path(each).resolve() for each in (sys.base_prefix, Path(__file__).parents[2])]
    return path.resolve().suffix == ".py" and not any(path.resolve().is_relative_to(each) for each in outside)


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
