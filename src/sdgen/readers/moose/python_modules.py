"""Python text → what its module declares, by `ast`: classes, aliases, constants, imports. Nothing is run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sdgen.errors import Problem, SourceError
from sdgen.readers.moose.project import Project
from sdgen.readers.moose.syntax import Named, Unknown

_ALIAS = re.compile(r"^([ \t]*)type (\w+)(?:\[[^\]\n]*\])?(\s*=)", re.MULTILINE)
_GENERIC = re.compile(r"^([ \t]*(?:class|(?:async )?def) \w+)\[[^\]\n]*\](?=\s*[(:])", re.MULTILINE)


@dataclass(frozen=True)
class Imported:
    """What an imported name stands for: a name in a module, or "" for the module itself."""

    module: str
    name: str
    level: int = 0


@dataclass
class PythonModule:
    """One file: its classes, its module-level names with their values, its imports, and all the calls in it."""

    path: Path
    file: str
    lines: list[str]
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, Imported] = field(default_factory=dict)
    calls: list[ast.Call] = field(default_factory=list)

    def comment(self, line: int) -> str:
        """What stands behind a `#` at the end of a line."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        before, mark, after = text.partition("#")
        # Behind an odd number of quotes the # stands in a text.
        return after.strip() if mark and before.count('"') % 2 == 0 and before.count("'") % 2 == 0 else ""


def parsed(text: str, path: Path, file: str) -> PythonModule:
    """What a file declares; SourceError with the line where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in the user's own texts
            # `ast` knows the syntax of the Python that runs it, which may be older than the one the models are
            # written for.
            tree = ast.parse(_older(text))
    except SyntaxError as error:
        what = f"not Python: {error.msg}"
        raise SourceError(Problem((), what, "", file, error.lineno or 0, error.offset or 0)) from None
    except (ValueError, MemoryError) as error:
        raise SourceError(Problem((), f"not Python: {error}", "", file)) from None
    module = PythonModule(path, file, text.splitlines())
    for node in _statements(tree.body):
        _declare(node, module)
    for inner in ast.walk(tree):
        if isinstance(inner, ast.ClassDef):
            module.classes.setdefault(inner.name, inner)  # inside a function
    module.calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    module.calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return module


def _older(text: str) -> str:
    """The text without what is newer than some Pythons that run this: `type X = ...`, `class C[T]:`."""
    return _GENERIC.sub(r"\1", _ALIAS.sub(r"\1\2\3", text))


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those inside `if` and `try` as well."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            # Imports under `if TYPE_CHECKING` and in `try` are of the module like any other.
            yield from _statements([*node.body, *node.orelse])
        if isinstance(node, ast.Try):
            yield from _statements([each for handler in node.handlers for each in handler.body])


def _declare(node: ast.stmt, module: PythonModule) -> None:
    if isinstance(node, ast.ClassDef):
        module.classes.setdefault(node.name, node)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        module.values.setdefault(node.targets[0].id, node.value)
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        module.values.setdefault(node.target.id, node.value)
    elif isinstance(node, ast.ImportFrom):
        for each in node.names:
            module.imports[each.asname or each.name] = Imported(node.module or "", each.name, node.level)
    elif isinstance(node, ast.Import):
        for each in node.names:
            name = each.asname or each.name.partition(".")[0]
            # `import a.b` binds `a`, `import a.b as c` binds the inner module.
            module.imports[name] = Imported(each.name if each.asname else name, "")


@dataclass(frozen=True)
class Declared:
    """A class or a value, and the module that declares it."""

    module: PythonModule
    node: ast.ClassDef | ast.expr


class PythonModules:
    """The parsed files of a project, each read once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.faults: list[Problem] = []
        self._parsed: dict[Path, PythonModule | None] = {}

    def module(self, path: Path) -> PythonModule | None:
        """What a file declares; None, and a fault, where it can't be read."""
        if path not in self._parsed:
            try:
                self._parsed[path] = parsed(self.project.text(path), path, self.project.shown(path))
            except SourceError as error:
                self.faults += error.problems
                self._parsed[path] = None
        return self._parsed[path]

    def imported(self, module: PythonModule, name: str) -> tuple[PythonModule | None, str]:
        """The module of the project that an imported name comes from, and its name there ("" for a module)."""
        found = module.imports.get(name)
        if found is None:
            return None, ""
        inner = f"{found.module}.{found.name}".strip(".")
        # `from models import orders` may mean a module of the package as well as a name in it: the module is tried
        # first.
        path = self.project.find_python(module.path, inner, found.level)
        if path is not None:
            return self.module(path), ""
        path = self.project.find_python(module.path, found.module, found.level)
        return (self.module(path), found.name) if path is not None else (None, "")

    def find(self, module: PythonModule, path: tuple[str, ...], depth: int = 0) -> Declared | None:
        """What a dotted name stands for, followed through imports; None for what the project doesn't declare."""
        name = path[0]
        if depth > 12:
            return None
        if len(path) == 1 and name in module.classes:
            return Declared(module, module.classes[name])
        if len(path) == 1 and name in module.values:
            return Declared(module, module.values[name])
        other, there = self.imported(module, name)
        if other is not None:
            rest = (there, *path[1:]) if there else path[1:]
            return self.find(other, rest, depth + 1) if rest else None
        for star in (each for each in module.imports.values() if each.name == "*"):
            wild = self.project.find_python(module.path, star.module, star.level)
            there_too = self.module(wild) if wild is not None else None
            found_too = self.find(there_too, path, depth + 1) if there_too is not None else None
            if found_too is not None:
                return found_too
        return None


def dotted(node: ast.expr) -> tuple[str, ...]:
    """The parts of a dotted name; () for anything else."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return (*before, node.attr) if before else ()
    return ()


def plain_value(node: ast.expr | None) -> object:
    """The value of a literal expression; Named for a name, Unknown for what only running tells."""
    if node is None:
        return None
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = plain_value(node.operand)
        return -inner if isinstance(inner, int | float) else Unknown(ast.unparse(node)[:60])
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [plain_value(each) for each in node.elts]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {str(plain_value(key)): plain_value(value) for key, value in pairs if key is not None}
    name = dotted(node)
    return Named(name) if name else Unknown(ast.unparse(node)[:60])
