"""What an expression in a key tells apart: which column rows must differ in so that the expression's values do."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sdgen.readers.sql.check_syntax import bare_node, literal_value, without_parens
from sdgen.readers.sql.schema import ColumnSchema

if TYPE_CHECKING:
    from sqlglot import exp

# Functions whose value differs wherever a text of capital letters and digits does.
_FAITHFUL = frozenset({"Lower", "Upper", "Trim", "MD5", "SHA", "SHA2", "MD5Digest", "SHA2Digest", "Initcap", "Hex"})
_JSON = frozenset({"JSONExtract", "JSONExtractScalar", "JSONValue", "JSONBExtract", "JSONBExtractScalar"})
_DAYS = frozenset({"Date", "TsOrDsToDate"})


@dataclass(frozen=True)
class KeyPart:
    """What rows must differ in so that one part of a key does.

    column: "" where the part is the same in all rows. length: the first so many letters count, 0 for all. joined:
    other texts stand beside it. default: a value stands for its nulls. path: the member of a JSON document, with the
    type that it is cast to. day: the day of a moment. where: the rows that have a value at all.
    """

    column: str = ""
    length: int = 0
    joined: bool = False
    default: bool = False
    path: tuple[str, ...] = ()
    type: str = "text"
    day: bool = False
    where: exp.Expr | None = None


def followed(node: exp.Expr) -> KeyPart | None:
    """What an expression tells apart, through the functions around it; None where that isn't understood."""
    from sqlglot import exp

    node = without_parens(node)
    if _is_day(node):
        inner = followed(node.this)
        return replace(inner, day=True) if inner is not None and inner == KeyPart(inner.column) else None
    cast = str(node.to.sql()).lower() if isinstance(node, exp.Cast) else ""
    node = bare_node(node)
    kind = type(node).__name__
    if isinstance(node, exp.Column):
        return KeyPart(node.name)
    if isinstance(node, exp.Literal | exp.Boolean):
        return KeyPart()
    if kind in _FAITHFUL:
        return followed(node.this)
    if isinstance(node, exp.Coalesce):
        inner = followed(node.this)
        plain = all(isinstance(bare_node(each), exp.Literal | exp.Boolean) for each in node.expressions)
        return replace(inner, default=True) if inner is not None and plain else None
    if kind in ("Left", "Substring"):
        return _shortened(node)
    if kind in ("Concat", "DPipe", "SafeDPipe", "SafeConcat"):
        parts = node.expressions or [node.args["this"], node.args["expression"]]
        # One distinct part makes the whole text distinct only if the others don't shift it; keys of fixed form are
        # meant.
        found = (part for each in parts if (part := followed(each)) is not None and part.column)
        return next((replace(part, joined=True) for part in found), None)
    if isinstance(node, exp.Add | exp.Sub):
        sides = [side for side in (node.left, node.right) if not isinstance(bare_node(side), exp.Literal)]
        return followed(sides[0]) if len(sides) == 1 else None
    if isinstance(node, exp.Mul):
        sides = [side for side in (node.left, node.right) if literal_value(side) in (None, 0)]
        return followed(sides[0]) if len(sides) == 1 else None
    if isinstance(node, exp.Case | exp.If):
        return _of_some_rows(node)
    return _member(node, cast)


def _is_day(node: exp.Expr) -> bool:
    from sqlglot import exp

    kind = type(node).__name__
    if isinstance(node, exp.Cast) and node.to.this == exp.DType.DATE:
        return True
    return kind in _DAYS or (kind == "TimestampTrunc" and str(node.args["unit"]).upper() == "DAY")


def _shortened(node: exp.Expr) -> KeyPart | None:
    """left(x, 3), substr(x, 1, 3)."""
    from sqlglot import exp

    inner = followed(node.this)
    length = node.args.get("length") or node.args.get("expression")
    start = node.args.get("start")
    begins = start is None or (isinstance(start, exp.Literal) and str(start.this) == "1")
    if inner is None or not begins or not isinstance(length, exp.Literal):
        return None
    size = int(length.this)
    return replace(inner, length=min(size, inner.length or size))


def _of_some_rows(node: exp.Expr) -> KeyPart | None:
    """CASE WHEN x THEN y END, IF(x, y, NULL): unique among the rows that match, as a partial index says it."""
    from sqlglot import exp

    if isinstance(node, exp.Case):
        branches, other = node.args["ifs"], node.args.get("default")
        if node.this is not None or len(branches) != 1:
            return None
        condition, value = branches[0].this, branches[0].args["true"]
    else:
        condition, value, other = node.this, node.args["true"], node.args.get("false")
    if isinstance(value, exp.Null) and other is not None:
        condition, value, other = exp.Not(this=exp.Paren(this=condition)), other, None
    inner = followed(value)
    if (
        inner is None
        or not inner.column
        or inner.where is not None
        or not (other is None or isinstance(other, exp.Null))
    ):
        return None
    return replace(inner, where=condition)


def _member(node: exp.Expr, cast: str) -> KeyPart | None:
    """The member of a JSON document that an expression takes."""
    from sqlglot import exp

    if isinstance(node, exp.Anonymous) and str(node.this).lower() == "json_unquote":
        return _member(node.expressions[0], cast)
    if type(node).__name__ not in _JSON:
        return None
    inner = bare_node(node.this)
    before = KeyPart(inner.name) if isinstance(inner, exp.Column) else _member(inner, "")
    path = bare_node(node.args.get("path") or node.args["expression"])
    if isinstance(path, exp.JSONPath) and all(isinstance(each, exp.JSONPathKey) for each in path.expressions[1:]):
        # Read as PostgreSQL's, a path of other databases is one name: `data->>'$.id'`.
        names = tuple(name for each in path.expressions[1:] for name in str(each.this).removeprefix("$.").split("."))
    # PostgreSQL's catalogue has `data ->> 'id'::text`, and `data #>> '{user,id}'::text[]`.
    elif isinstance(path, exp.Literal) and path.is_string and re.fullmatch(r"\w+|\{\w+(,\w+)*\}", str(path.this)):
        names = tuple(str(path.this).strip("{}").split(","))
    else:
        return None
    kind = "uuid" if cast == "uuid" else "bigint" if "int" in cast else "text"
    return replace(before, path=(*before.path, *names), type=kind) if before is not None and names else None


def constant_of(column: ColumnSchema, dialect: str) -> str | None:
    """The text of the one value that a computed column has in all rows; None where it has several."""
    from sqlglot import exp

    tree = parsed(column.expression, dialect)
    node = bare_node(tree) if tree is not None else None
    return str(node.this) if isinstance(node, exp.Literal | exp.Boolean) else None


def parsed(sql: str, dialect: str) -> exp.Expr | None:
    from sqlglot import parse_one
    from sqlglot.errors import SqlglotError

    try:
        return parse_one(sql, dialect=dialect) if sql else None
    except (SqlglotError, AttributeError):
        return None


def ordered_columns(node: exp.Expr) -> tuple[str, str, str]:
    """A function of two columns, and their names."""
    from sqlglot import exp

    node = bare_node(node)
    sides = (
        [bare_node(each) for each in (node.this, *node.expressions)]
        if isinstance(node, exp.Least | exp.Greatest)
        else []
    )
    if len(sides) != 2 or not all(isinstance(each, exp.Column) for each in sides):
        return "", "", ""
    return type(node).__name__, sides[0].name, sides[1].name
