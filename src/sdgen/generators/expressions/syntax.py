"""SQL expressions read and checked: what they refer to, and the text that is run.

The text that is run is written from the checked tree, so nothing runs that the check hasn't seen. Functions are kept
under the names they were written with: none is translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from sdgen.errors import did_you_mean
from sdgen.generators.base import ParamError
from sdgen.generators.expressions.allowed import FUNCTIONS, KINDS_OF_SYNTAX, NODES, TYPES, WHY, broken_rule
from sdgen.generators.expressions.precedence import (
    MOST,
    MOST_STEPS,
    RowSize,
    ambiguous_precedence,
    bracketed,
    grows,
    row_size,
)

if TYPE_CHECKING:
    from sqlglot import exp

# Bounds are looked at in the text, before anything reads it: a parser could run out of stack.
_DEEPEST = 60
_MOST_NODES = 1500
_CHAIN = 250
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_PREFIX_RUN = re.compile(r"(?:(?:\bnot\b|[-+~@])\s*){20}", re.IGNORECASE)


@dataclass(frozen=True)
class Reference:
    """A column an expression speaks of: `parent` is empty for the row's own."""

    column: str
    parent: str = ""

    def __str__(self) -> str:
        return f"{self.parent}.{self.column}" if self.parent else self.column


@dataclass(frozen=True)
class Parsed:
    """A checked expression; `sql` names its n-th reference `alias(n)`. With faults there is no sql."""

    sql: str = ""
    references: tuple[Reference, ...] = ()
    faults: tuple[ParamError, ...] = ()
    tree: Any = field(default=None, repr=False, compare=False)
    growing: bool = False  # whether texts in it can become many times longer than its columns'

    def row_size(self, columns: Mapping[str, int]) -> RowSize:
        """What one row can take, given the longest texts of its columns by alias; nothing much where none grows."""
        return row_size(self.tree, columns) if self.growing else RowSize(0, 0, 0)


def alias(number: int) -> str:
    return f"sdgen_{number}"


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Parsed:
    """The expression of a text, or the faults in it."""
    problem = _too_deep(text)
    if problem:
        return Parsed(faults=(_fault(problem, "split it into several columns, hidden if need be"),))
    try:
        tree = _read(text)
        if isinstance(tree, ParamError):
            return Parsed(faults=(tree,))
        # What is refused is told first: brackets and types mean nothing for it.
        faults = tuple(_faults(tree)) or tuple(_unclear(text)) or tuple(_untyped(tree))
        return Parsed(faults=faults) if faults else _bounded(_parsed(tree))
    except RecursionError:
        return Parsed(faults=(_fault("the expression is nested too deeply", "split it into several columns"),))


def _fault(what: str, hint: str = "") -> ParamError:
    return ParamError("sql", what, hint)


def _too_deep(text: str) -> str:
    depth = 0
    for letter in text:
        depth += _BRACKETS.get(letter, 0)
        if depth > _DEEPEST:
            return f"the expression is nested more than {_DEEPEST} deep"
    if len(re.findall(r"\bcase\b", text, re.IGNORECASE)) > _DEEPEST:
        return f"the expression has more than {_DEEPEST} times CASE"
    if text.count("[") > _DEEPEST:
        return f"the expression has more than {_DEEPEST} brackets"
    return "the expression has too many signs in a row" if _PREFIX_RUN.search(text) else ""


@cache
def _dialect() -> Any:
    """DuckDB's SQL, with every function kept as it is written."""
    from sqlglot import TokenType, exp
    from sqlglot.dialects.duckdb import DuckDB

    special = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")
    readers = {name: DuckDB.Parser.FUNCTION_PARSERS[name] for name in special}
    remainder = TokenType.MOD  # binds as a product does; in older releases of sqlglot, as a sum
    terms = {token: node for token, node in DuckDB.Parser.TERM.items() if token != remainder}
    factors = DuckDB.Parser.FACTOR | {remainder: exp.Mod}
    # sqlglot translates functions between databases; here each keeps the name that it was written
    # with, so that the check sees what runs.
    own = {"FUNCTIONS": {}, "FUNCTION_PARSERS": readers, "TERM": terms, "FACTOR": factors}
    parser = type("SdgenParser", (DuckDB.Parser,), own)
    return type("SdgenScalar", (DuckDB,), {"Parser": parser})


def _read(text: str) -> exp.Expr | ParamError:
    import sqlglot
    from sqlglot import errors, exp

    try:
        return _with_column_keys(sqlglot.parse_one(text, dialect=_dialect(), into=exp.Condition))
    except errors.ParseError as error:
        found = error.errors[-1] if error.errors else {}
        place = _place(text, found.get("line"), found.get("col"))
        return _fault(f"the expression can't be read{place}: {_told(found)}", "write one SQL scalar expression")
    except errors.SqlglotError as error:
        what = str(error).splitlines()[0]
        return _fault(f"the expression can't be read: {what}", "is every quote closed?")


def _with_column_keys(tree: exp.Expr) -> exp.Expr:
    """A name before a colon is a column in `map {name: 1}`, as DuckDB has it: older releases of sqlglot quote it."""
    from sqlglot import exp

    for pair in tree.find_all(exp.PropertyEQ):
        if isinstance(pair.this, exp.Identifier) and pair.parent and isinstance(pair.parent.parent, exp.ToMap):
            pair.set("this", exp.Column(this=pair.this.copy()))
    return tree


def _told(found: Any) -> str:
    said = str(found.get("description") or "it is no scalar expression").strip().rstrip(".")
    return re.sub(r" for <class .*", "", said[:1].lower() + said[1:])


def _place(text: str, line: int | None, column: int | None) -> str:
    if not line or not column:
        return ""
    before = sum(len(part) for part in text.splitlines(keepends=True)[: line - 1])
    return f" at character {before + column}"


def _faults(tree: exp.Expr) -> Iterator[ParamError]:
    """All refusals, each thing named once; what lies inside a refused thing isn't looked at."""
    told: set[str] = set()
    # Without recursion, so that a long chain is told to be too long instead of running out of stack.
    todo: list[tuple[exp.Expr, int]] = [(tree, 0)]
    seen = 0
    while todo:
        node, depth = todo.pop()
        seen += 1
        if depth > _CHAIN or seen > _MOST_NODES:
            yield _fault("the expression is too long", "split it into several columns, hidden if need be")
            return
        fault = _fault_of(node)
        if fault is None:
            todo.extend((child, depth + 1) for child in reversed(list(node.iter_expressions())))
        elif fault.what not in told:
            told.add(fault.what)
            yield fault


def _unclear(text: str) -> Iterator[ParamError]:
    for place in ambiguous_precedence(_dialect()().tokenize(text)):
        yield _fault(f"the expression can be read in two ways at character {place.character}: {place.what}", place.hint)


def _untyped(tree: exp.Expr) -> Iterator[ParamError]:
    if _is_untyped(tree):
        yield _fault("the expression has no type: it is always null", "write null::int, or whichever type it has")


def _is_untyped(node: exp.Expr) -> bool:
    """Whether nothing but nulls and empty lists can come out: whole numbers to some DuckDBs, of no type to others."""
    match type(node).__name__:
        case "Null":
            return True
        case "Paren":
            return _is_untyped(node.this)
        case "Array":
            return all(map(_is_untyped, node.expressions))
        case "Case":
            values = [*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default")]
            return all(value is None or _is_untyped(value) for value in values)
        case "Anonymous" if str(node.this).lower() in ("coalesce", "ifnull"):
            return all(map(_is_untyped, node.expressions))
        case "Anonymous" if str(node.this).lower() in ("nullif", "try"):
            return bool(node.expressions) and _is_untyped(node.expressions[0])
    return False


def _fault_of(node: exp.Expr) -> ParamError | None:
    kind = type(node).__name__
    if kind not in NODES:
        return _refused(KINDS_OF_SYNTAX.get(kind, kind.lower()), kind, node)
    match kind:
        case "Anonymous":
            return _function_fault(node)
        case "Column" if type(node.this).__name__ == "Star":
            return _refused("a star", "Star", node)
        case "Column":
            return _column_fault(node)
        case "DataType":
            name = str(getattr(node.this, "name", node.this))
            return None if name in TYPES else _refused(f"the type {name.lower()}", "", node)
        case "Interval" if node.args.get("unit") and _is_fraction(node.this):
            return _fault(f"an interval{_at(node)} has a fraction", "write whole numbers of a smaller unit: 90 minutes")
        case "Literal" if not node.is_string and _is_too_large(node.name):
            return _fault(f"a number{_at(node)} has more than 38 digits", "write 1e40 for a large one")
        case "Identifier" if len(node.name) > 200:
            return _refused("a name of more than 200 characters", "", node)
    return None


def _is_fraction(node: exp.Expr) -> bool:
    """Whether a number is written with a point: releases of sqlglot differ in what `interval '1.5 days'` is then."""
    return type(node).__name__ == "Literal" and "." in node.name


def _is_too_large(number: str) -> bool:
    return len(number.replace("_", "")) > 38 and number.replace("_", "").isdigit()


def _refused(thing: str, word: str, node: exp.Expr, known: bool = False) -> ParamError:
    why, hint = WHY.get(word, ("it is not on the list of what expressions are made of", ""))
    if known:
        hint = hint or did_you_mean(word, FUNCTIONS, "sdgen generators expression lists the functions")
    return _fault(f"{thing}{_at(node)} can't be used: {why}", hint)


def _at(node: exp.Expr) -> str:
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return f" at character {min(starts) + 1}" if starts else ""


def _function_fault(node: exp.Expr) -> ParamError | None:
    if not isinstance(node.this, str):
        return _refused("a quoted function name", "", node)
    name = node.this.lower()
    if name not in FUNCTIONS:
        return _refused(f"the function {name}()", name, node, known=True)
    unmet = broken_rule(node, name)
    return _fault(f"{unmet.thing} in {name}(){_at(node)} {unmet.must}", unmet.hint) if unmet else None


def _column_fault(node: exp.Expr) -> ParamError | None:
    parts = [part for part in ("catalog", "db") if node.args.get(part)]
    if not parts:
        return None
    hint = "write column, link.column or parent_entity.column; struct_extract(column, 'field') reads a field"
    return _fault(f"the name {node.sql()!r}{_at(node)} has too many parts", hint)


def _bounded(parsed: Parsed) -> Parsed:
    size = parsed.row_size({})
    return Parsed(faults=(_fault(*too_large(size)),)) if size.is_too_large else parsed


def too_large(size: RowSize) -> tuple[str, str]:
    """What is wrong with an expression whose row takes so much, and what to do."""
    if size.texts > MOST:
        what = "texts inside the expression could grow to more than half a gigabyte"
        return what, "use concat or a template in place of replace inside replace"
    return (
        f"comparing texts inside the expression could take {size.steps:,} steps a row, and {MOST_STEPS:,} is the most",
        "compare shorter texts: left(text, 1000)",
    )


def _parsed(tree: exp.Expr) -> Parsed:
    from sqlglot import exp

    references: dict[Reference, int] = {}
    tree = exp.Paren(this=tree.copy())
    # References are numbered as they are first met, so that equal expressions have equal
    # SQL whatever their columns are called.
    for column in list(tree.find_all(exp.Column, bfs=False)):
        reference = Reference(column.name, column.table)
        number = references.setdefault(reference, len(references))
        column.replace(exp.Column(this=exp.Identifier(this=alias(number), quoted=True)))
    tree = bracketed(tree)
    return Parsed(rendered(tree), tuple(references), tree=tree, growing=grows(tree))


def parse_tree(sql: str) -> exp.Expr:
    """The tree of an expression of our own, which nobody needs to check."""
    import sqlglot

    return sqlglot.parse_one(sql, dialect=_dialect())


def rendered(tree: exp.Expr) -> str:
    """The SQL of a tree."""
    return tree.sql(dialect=_dialect(), comments=False)
