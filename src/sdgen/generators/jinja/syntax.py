"""Templates read: what they may hold, which columns they name, and the code they become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateSyntaxError, meta, nodes
from jinja2.visitor import NodeTransformer

from sdgen.errors import did_you_mean
from sdgen.generators.jinja.sandbox import CONCAT, EACH, FILTERS, FUNCTIONS, LITERAL, TESTS, environment
from sdgen.generators.text.templates import TemplateError

_DEEPEST = 40  # expressions and blocks in each other: Python compiles no more than some hundred
_PARENT = "__{}"  # the variable of a parent's column: no template can write it
_SHALLOW = "compute parts of them with set"
_TAGS = "available are if, for, set and with"
_ALLOWED: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.With),
    *(nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword, nodes.Concat),
    *(nodes.Filter, nodes.Test, nodes.Call, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.BinExpr, nodes.UnaryExpr),
)
_REFUSED: Mapping[type[nodes.Node], str] = {
    nodes.AssignBlock: "set … endset",
    nodes.Block: "block",
    nodes.CallBlock: "call",
    nodes.Extends: "extends",
    nodes.FilterBlock: "filter",
    nodes.FromImport: "from",
    nodes.Import: "import",
    nodes.Include: "include",
    nodes.Macro: "macro",
    nodes.ScopedEvalContextModifier: "autoescape",
}


@dataclass(frozen=True)
class Reading:
    """What a template names: each name with its first line, the members that are read of it, and which stand alone."""

    lines: Mapping[str, int]
    members: Mapping[str, tuple[str, ...]]
    alone: frozenset[str]


@dataclass(frozen=True)
class Compiled:
    """A template, and its variables: those of the row's columns, and those of parents' by link and column."""

    template: Template
    columns: tuple[str, ...]
    parents: tuple[tuple[str, str, str], ...]


@lru_cache(maxsize=1024)
def read(text: str) -> Reading:
    """The names in a template that are neither its own nor functions; TemplateError says what is wrong with it."""
    tree = _parsed(text)
    for fault, line in _faults(tree):
        raise TemplateError(f"line {line}: {fault[0]}", fault[1])
    with _told():
        # What a template reads without setting it are columns, pools and links.
        names = meta.find_undeclared_variables(tree) - FUNCTIONS.keys()
    lines: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        # A name that is set in one branch and read in another would be a column in some rows only.
        if name.name in names and name.ctx != "load":
            what = f"line {name.lineno}: {name.name!r} is set here, and read elsewhere as a column or a list"
            raise TemplateError(what, "give what is set a name of its own")
        if name.name in names:
            lines.setdefault(name.name, name.lineno)
    owners = [(each.node, each.attr) for each in tree.find_all(nodes.Getattr) if isinstance(each.node, nodes.Name)]
    members = {name: tuple(dict.fromkeys(attr for of, attr in owners if of.name == name)) for name in lines}
    owned = {id(of) for of, _ in owners}
    alone = {each.name for each in tree.find_all(nodes.Name) if id(each) not in owned}
    return Reading(lines, members, frozenset(alone & names))


@lru_cache(maxsize=256)
def compiled(text: str, links: tuple[tuple[str, str], ...]) -> Compiled:
    """A template that has been read, as code; `links` gives the link that a name stands for where members are read."""
    reading = read(text)
    # One variable for each column of a parent, so that a template never holds a row.
    paths = [(name, member) for name, _ in links for member in reading.members[name]]
    variables = {path: _PARENT.format(place) for place, path in enumerate(paths)}
    link = dict(links)
    tree = _Rewriting(variables).visit(_parsed(text))
    own = sorted(meta.find_undeclared_variables(tree) - FUNCTIONS.keys() - {*variables.values()})
    parents = tuple((variable, link[name], member) for (name, member), variable in variables.items())
    with _told():
        return Compiled(environment().from_string(tree), tuple(own), parents)


def _parsed(text: str) -> nodes.Template:
    with _told():
        return environment().parse(text)


@contextmanager
def _told() -> Iterator[None]:
    """What Jinja, and Python below it, refuse to read or compile, as TemplateError."""
    try:
        yield
    except TemplateSyntaxError as error:
        what = (error.message or "").rstrip(".")
        raise TemplateError(f"line {error.lineno}: {what[:1].lower()}{what[1:]}", _hint(what)) from None
    except (MemoryError, RecursionError, SyntaxError):  # more in each other than Python's compiler takes
        raise TemplateError("expressions or blocks stand too deeply in each other", _SHALLOW) from None


def _hint(what: str) -> str:
    return f"{_TAGS}; {{% raw %}} … {{% endraw %}} keeps braces as they are" if "tag" in what else ""


def _faults(tree: nodes.Template) -> Iterator[tuple[tuple[str, str], int]]:
    """What is wrong in a tree, with hint and line."""
    waiting: list[tuple[nodes.Node, nodes.Node | None, int]] = [(tree, None, 0)]
    # Without recursion: the tree of a template may be deeper than Python's stack.
    while waiting:
        node, above, depth = waiting.pop()
        for fault in _fault(node, above, depth):
            yield fault, node.lineno or 1
        waiting += [(child, node, depth + 1) for child in reversed(list(node.iter_child_nodes()))]


def _fault(node: nodes.Node, above: nodes.Node | None, depth: int) -> Iterator[tuple[str, str]]:
    if not isinstance(node, _ALLOWED):
        yield f"{{% {_REFUSED.get(type(node), type(node).__name__.lower())} %}} is not available", _TAGS
    elif depth > _DEEPEST:
        yield "expressions or blocks stand too deeply in each other", _SHALLOW
    elif (check := _CHECKS.get(type(node))) is not None:
        yield from check(node, above)


def _name_fault(node: Any, above: nodes.Node | None) -> Iterator[tuple[str, str]]:
    called = isinstance(above, nodes.Call) and above.node is node
    if node.name in FUNCTIONS and node.ctx == "load" and not called:
        yield f"{node.name} is a function", f"write {node.name}(…)"
    if node.name == "self":
        yield "self is a word of Jinja's own", "name the column otherwise"
    yield from _private_fault(node.name)


def _private_fault(name: str) -> Iterator[tuple[str, str]]:
    if name.startswith("_"):
        yield f"{name!r}: names that begin with an underscore can't be read", "name it otherwise"


def _loop_fault(node: Any, above: nodes.Node | None) -> Iterator[tuple[str, str]]:
    if node.recursive:
        yield "loops can't be recursive", "leave recursive out"


def _listed_fault(what: str, known: frozenset[str]) -> Callable[[Any, Any], Iterator[tuple[str, str]]]:
    def fault(node: Any, above: nodes.Node | None) -> Iterator[tuple[str, str]]:
        if node.name not in known:
            yield f"no {what} is called {node.name!r}", did_you_mean(node.name, known)

    return fault


_CHECKS: Mapping[type[nodes.Node], Callable[[Any, nodes.Node | None], Iterator[tuple[str, str]]]] = {
    nodes.Name: _name_fault,
    nodes.For: _loop_fault,
    nodes.Getattr: lambda node, above: _private_fault(node.attr),
    nodes.Filter: _listed_fault("filter", frozenset(FILTERS)),
    nodes.Test: _listed_fault("test", TESTS),
}


class _Rewriting(NodeTransformer):
    """Puts parents' columns into variables, and what the sandbox must weigh through its filters."""

    def __init__(self, variables: Mapping[tuple[str, str], str]) -> None:
        self._variables = variables

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        path = (node.node.name, node.attr) if isinstance(node.node, nodes.Name) else ("", "")
        if path in self._variables:
            return nodes.Name(self._variables[path], "load", lineno=node.lineno)
        return self.generic_visit(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), CONCAT)

    def visit_List(self, node: nodes.List) -> nodes.Node:
        return _filtered(self.generic_visit(node), LITERAL)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(node, LITERAL) if node.ctx == "load" else node

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        return _filtered(self.generic_visit(node), LITERAL)

    def visit_For(self, node: nodes.For) -> nodes.Node:
        # A loop may come to every node that stands in it, so that this is what a turn is charged.
        steps = sum(1 for _ in node.find_all(nodes.Node))  # every turn may come to all that stands in the loop
        self.generic_visit(node)
        node.iter = _filtered(node.iter, EACH, nodes.Const(steps, lineno=node.lineno))
        return node


def _filtered(node: Any, name: str, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)
