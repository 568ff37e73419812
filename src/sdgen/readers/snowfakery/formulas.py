"""Formulas of a recipe, `${{…}}`, → SQL expressions, templates, and generators of columns of their own.

A formula is an expression as Python and Jinja have it; it is parsed, never run. What needs values of its own (a `fake`,
a `random_number`) becomes a hidden column that the rest refers to.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from sdgen.readers.drafts import spec
from sdgen.readers.snowfakery.cells import (
    Cell,
    Function,
    Sql,
    Unread,
    Values,
    expression,
    kind_of,
    literal,
    lookup,
    of_column,
    plain,
)
from sdgen.readers.snowfakery.recipe import Raw

_FORMULA = re.compile(r"\$\{\{(.*?)\}\}|<<(.*?)>>", re.DOTALL)
_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Eq: "=",
    ast.NotEq: "<>",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.And: "and",
    ast.Or: "or",
}
_FILTERS = {"lower": "lower", "upper": "upper", "trim": "trim", "length": "length", "round": "round", "abs": "abs"}
_CALLS = {"round": "round", "abs": "abs", "len": "length", "min": "least", "max": "greatest"}
_PARTS = {"year": "year", "month": "month", "day": "day", "hour": "hour", "minute": "minute", "second": "second"}
_SPANS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")
_ARITHMETIC = frozenset("-*/%") | {"//"}
_MOST, _LONGEST = 2000, 4000


def is_formula(value: Any) -> bool:
    """Whether a value is a text with formulas in it."""
    if not isinstance(value, str) or not ("${{" in value or "<<" in value):
        return False
    # A long text is not searched: it is taken for a formula here, and refused where it is read.
    return len(value) > _LONGEST or _FORMULA.search(value) is not None


def formula(cell: Cell, raw: Raw, text: str, call: Function) -> Values:
    """The column of a text with formulas; Unread where one of them can't be read.

    `call` makes the values of the recipe's functions: (cell, raw, name, arguments, named arguments).
    """
    pieces = list(_pieces(text))
    if len(pieces) == 1 and isinstance(pieces[0], ast.expr):
        return _Compiler(cell, raw, call).whole(pieces[0])
    return _Compiler(cell, raw, call).text(pieces)


def condition(cell: Cell, raw: Raw, text: str, call: Function) -> str:
    """The SQL of a `when`."""
    pieces = list(_pieces(text))
    if len(pieces) != 1 or not isinstance(pieces[0], ast.expr):
        raise Unread(text)
    return _Compiler(cell, raw, call).sql(pieces[0]).text


def _pieces(text: str) -> Iterator[str | ast.expr]:
    if len(text) > _LONGEST:
        raise Unread(f"in a text of {len(text):,} characters")
    position = 0
    for match in _FORMULA.finditer(text):
        if match.start() > position:
            yield text[position : match.start()]
        yield _parsed(match[1] or match[2] or "")
        position = match.end()
    if position < len(text):
        yield text[position:]


def _parsed(text: str) -> ast.expr:
    if len(text) > _MOST:
        raise Unread("a formula longer than 2,000 characters")
    try:
        # Parsed and never run: a recipe from elsewhere must not be able to execute anything.
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unread(text.strip()) from None


def _bare(sql: str) -> str:
    """SQL without parentheses around all of it."""
    if not sql.startswith("("):
        return sql
    depth = 0
    for index, letter in enumerate(sql):
        depth += (letter == "(") - (letter == ")")
        # A quote may hold parentheses, and the first one may close before the end: both leave the text as it is.
        if letter in "'\"" or (depth == 0 and index < len(sql) - 1):
            return sql
    return sql[1:-1]


def _shown(node: ast.AST) -> str:
    try:
        return ast.unparse(node)
    except (ValueError, RecursionError):
        return "a formula"


class _Compiler:
    def __init__(self, cell: Cell, raw: Raw, call: Function) -> None:
        self.cell, self.raw, self.call = cell, raw, call
        self.depth = 0
        self.nullable = False

    def whole(self, node: ast.expr) -> Values:
        """A formula that is all of a field."""
        made = self.generated(node)
        if made is not None:
            return made
        sql = self.sql(node)
        if sql.plain:
            return plain(sql.plain[0])
        return sql.ref.made() if sql.ref else expression(_bare(sql.text), sql.kind, self.nullable)

    def text(self, pieces: list[str | ast.expr]) -> Values:
        """Text with formulas in it, as a template."""
        parts = []
        for piece in pieces:
            if isinstance(piece, str):
                parts.append(piece.replace("{", "{{").replace("}", "}}"))
            else:
                parts.append(self.placeholder(piece))
        template = "".join(parts)
        if not template:
            return plain("")
        return Values(spec("template", template=template, null_text="None" if self.nullable else None), kind="text")

    def placeholder(self, node: ast.expr) -> str:
        filters = ""
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and isinstance(node.right, ast.Name):
            if node.right.id not in ("lower", "upper", "title", "string"):
                break
            filters = ("" if node.right.id == "string" else f"|{node.right.id}") + filters
            node = node.left
        made = self.generated(node)
        sql = self.seen(of_column(self.cell.hide(made))) if made is not None else self.sql(node)
        if sql.plain and not filters:
            return str(sql.plain[0]).replace("{", "{{").replace("}", "}}")
        if sql.ref is None:
            sql = of_column(self.cell.hide(expression(_bare(sql.text), sql.kind, self.nullable)))
        assert sql.ref is not None
        # Such a name would be read as a part of the template's own language.
        if re.search(r"[{}|]|^row$", sql.ref.placeholder):
            raise Unread(_shown(node))
        return "{" + sql.ref.placeholder + filters + "}"

    def generated(self, node: ast.expr) -> Values | None:
        """Values of their own, for a function of the recipe's or a name such as `fake.city` and `unique_id`."""
        args: list[Any] = []
        named: dict[str, Any] = {}
        if isinstance(node, ast.Call):
            args = [self.argument(each) for each in node.args]
            named = {each.arg or "": self.argument(each.value) for each in node.keywords}
            node = node.func
        name = ".".join(_chain(node))
        return self.call(self.cell, self.raw, name, args, named) if name else None

    def argument(self, node: ast.expr) -> Any:
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            pass
        found = self.cell.options.get(node.id) if isinstance(node, ast.Name) else None
        return found if found is not None else "${{" + _shown(node) + "}}"

    def sql(self, node: ast.expr) -> Sql:
        self.depth += 1
        # Counts all parts of a formula, not only how deep they are nested: the SQL of thousands would be too long
        # anyway.
        if self.depth > 200:
            raise Unread("a formula of many parts")
        handler = getattr(self, "_" + type(node).__name__.lower(), None)
        if handler is None:
            raise Unread(_shown(node))
        found: Sql = handler(node)
        return found

    def _constant(self, node: ast.Constant) -> Sql:
        if not isinstance(node.value, bool | int | float | str | None):
            raise Unread(_shown(node))
        return Sql(literal(node.value), kind_of(node.value), plain=(node.value,))

    def _name(self, node: ast.Name) -> Sql:
        return self.named([node.id], node)

    def _attribute(self, node: ast.Attribute) -> Sql:
        chain = _chain(node)
        # `this.year` may be a field called so, which goes before the year of a date.
        if node.attr in _PARTS and (len(chain) < 2 or not self.known(chain)):
            return Sql(f"{_PARTS[node.attr]}({self.sql(node.value).text})", "int")
        return self.named(chain, node)

    def known(self, chain: list[str]) -> bool:
        try:
            self.named(chain, ast.Name(id=chain[0]))
        except Unread:
            return False
        return True

    def named(self, chain: list[str], node: ast.expr) -> Sql:
        found = lookup(self.cell, chain, self.raw, self.call)
        if found is None:
            raise Unread(_shown(node))
        return self.seen(found)

    def _binop(self, node: ast.BinOp) -> Sql:
        if isinstance(node.op, ast.BitOr):
            return self.filtered(node)
        left, right = self.sql(node.left), self.sql(node.right)
        sign = _SIGNS.get(type(node.op))
        if sign is None:
            raise Unread(_shown(node))
        kinds = {left.kind, right.kind}
        # In SQL a division by zero is null, where Python raises an error.
        self.nullable = self.nullable or sign in ("/", "//", "%")
        # Python's + joins texts, and SQL's does not.
        if sign == "+" and "text" in kinds:
            return Sql(f"({left.text} || {right.text})", "text")
        if sign in _ARITHMETIC and any(each.kind == "text" and not each.plain for each in (left, right)):
            raise Unread(_shown(node))
        kind = "float" if sign == "/" or "float" in kinds else next(iter(kinds)) if len(kinds) == 1 else ""
        if "span" in kinds:
            kind = "timestamp" if "timestamp" in kinds else "date"
            # A date plus an interval is a timestamp to DuckDB.
            return Sql(f"cast({left.text} {sign} {right.text} as {kind})", kind)
        return Sql(f"({left.text} {sign} {right.text})", kind)

    def filtered(self, node: ast.BinOp) -> Sql:
        value = self.hoisted(node.left)
        name = node.right.id if isinstance(node.right, ast.Name) else ""
        if name in ("string", "int", "float"):
            kind = {"string": "text", "int": "int", "float": "float"}[name]
            return Sql(f"cast({value.text} as {_CASTS[kind]})", kind)
        if name not in _FILTERS:
            raise Unread(_shown(node))
        return Sql(f"{_FILTERS[name]}({value.text})", "int" if name == "length" else value.kind)

    def hoisted(self, node: ast.expr) -> Sql:
        """A value that others are computed from: what is drawn has a hidden column of its own."""
        made = self.generated(node)
        if made is None:
            return self.sql(node)
        return self.seen(of_column(self.cell.hide(made)))

    def seen(self, found: Sql) -> Sql:
        """A value that the formula takes; where it may be null, so may be what is made of it."""
        self.nullable = self.nullable or (found.ref is not None and found.ref.nullable)
        return found

    def _unaryop(self, node: ast.UnaryOp) -> Sql:
        value = self.sql(node.operand)
        if isinstance(node.op, ast.Not):
            return Sql(f"(not {value.text})", "bool")
        return Sql(f"(-{value.text})", value.kind) if isinstance(node.op, ast.USub) else value

    def _boolop(self, node: ast.BoolOp) -> Sql:
        word = f" {_SIGNS[type(node.op)]} "
        return Sql("(" + word.join(self.sql(each).text for each in node.values) + ")", "bool")

    def _compare(self, node: ast.Compare) -> Sql:
        if len(node.ops) != 1 or type(node.ops[0]) not in _SIGNS:
            raise Unread(_shown(node))
        left, right, sign = self.sql(node.left), self.sql(node.comparators[0]), _SIGNS[type(node.ops[0])]
        nulls = {"=": "is null", "<>": "is not null"}
        # `= null` is never true in SQL.
        if right.plain == (None,) and sign in nulls:
            return Sql(f"({left.text} {nulls[sign]})", "bool")
        return Sql(f"({left.text} {sign} {right.text})", "bool")

    def _ifexp(self, node: ast.IfExp) -> Sql:
        test, yes, no = self.sql(node.test), self.sql(node.body), self.sql(node.orelse)
        kind = yes.kind if yes.kind == no.kind or no.plain == (None,) else ""
        self.nullable = self.nullable or (None,) in (yes.plain, no.plain)
        return Sql(f"case when {test.text} then {yes.text} else {no.text} end", kind)

    def _call(self, node: ast.Call) -> Sql:
        name = ".".join(_chain(node.func))
        if name == "relativedelta":
            return self.span(node)
        if name in ("int", "float", "str") and len(node.args) == 1:
            kind = {"int": "int", "float": "float", "str": "text"}[name]
            return Sql(f"cast({self.sql(node.args[0]).text} as {_CASTS[kind]})", kind)
        if name in _CALLS and node.args:
            values = [self.sql(each) for each in node.args]
            return Sql(f"{_CALLS[name]}({', '.join(each.text for each in values)})", values[0].kind)
        if name in ("date", "datetime") and len(node.args) == 1 and not node.keywords:
            kind, value = "date" if name == "date" else "timestamp", self.sql(node.args[0])
            if value.kind == "text" and not value.plain:
                raise Unread(_shown(node))
            return value if value.kind == kind else Sql(f"cast({value.text} as {kind})", kind)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS and not node.args:
            value = self.sql(node.func.value)
            before, after, kind = _METHODS[node.func.attr]
            return Sql(f"{before}{value.text}{after}", kind)
        made = self.generated(node)
        if made is None:
            raise Unread(_shown(node))
        return self.seen(of_column(self.cell.hide(made)))

    def span(self, node: ast.Call) -> Sql:
        """A length of time."""
        parts = []
        for each in node.keywords:
            if each.arg not in _SPANS:
                raise Unread(_shown(node))
            value = self.sql(each.value)
            parts.append(f"to_{each.arg}({value.text if value.plain else f'cast({value.text} as int)'})")
        if node.args or not parts:
            raise Unread(_shown(node))
        return Sql(" + ".join(parts) if len(parts) == 1 else "(" + " + ".join(parts) + ")", "span")


_CASTS = {"int": "bigint", "float": "double", "text": "varchar"}
_METHODS = {
    "lower": ("lower(", ")", "text"),
    "upper": ("upper(", ")", "text"),
    "strip": ("trim(", ")", "text"),
    "isoformat": ("cast(", " as varchar)", "text"),
    "date": ("cast(", " as date)", "date"),
    # Python counts weekdays from Monday as 0, isodow from Monday as 1.
    "weekday": ("(isodow(", ") - 1)", "int"),
}


def _chain(node: ast.expr) -> list[str]:
    """`a.b.c` as its names; [] for anything else."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        above = _chain(node.value)
        return [*above, node.attr] if above else []
    return []
