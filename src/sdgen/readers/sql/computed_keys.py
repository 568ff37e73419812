"""Keys that hold computed columns: what must be distinct so that what is computed of it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sdgen.readers.feasibility import letters
from sdgen.readers.sql.check_syntax import bare_node
from sdgen.readers.sql.drafts import Notes, TableDraft
from sdgen.readers.sql.schema import ColumnSchema, KeySchema
from sdgen.scenario.types import INTEGERS

if TYPE_CHECKING:
    from sqlglot import exp

_LETTERS = 12
_TEXTUAL = ("text", "string")
# Functions whose value differs wherever a text of capital letters and digits does.
_FAITHFUL = frozenset({"Lower", "Upper", "Trim", "Coalesce", "MD5", "SHA", "SHA2", "MD5Digest", "Initcap", "Hex"})


@dataclass(frozen=True)
class _Source:
    """A column whose distinct values make those computed of it distinct: by its first `length` letters, 0 for all."""

    column: str
    length: int = 0


def filled_key(entity: TableDraft, key: KeySchema, notes: Notes, dialect: str) -> KeySchema | None:
    """A key over the columns that are filled, which holds only if the declared one does; None where there is none.

    Where it is over computed columns alone, what they are computed from is made distinct.
    """
    computed = {column.name: column for column in entity.schema.columns if column.computed}
    inside = [computed[name] for name in key.columns if name in computed]
    rest = tuple(name for name in key.columns if name not in computed)
    if not inside or any(name not in entity.columns for name in rest):
        return key
    if rest:
        return replace(key, columns=rest)
    sources = [source for column in inside if (source := _source(entity, column, dialect)) is not None]
    if sources:
        _make_distinct(entity, sources[0])
        return replace(key, columns=(sources[0].column,))
    if all(_is_constant(column, dialect) for column in inside):
        entity.cap(1)
        what = f"({', '.join(key.columns)}) is the same in all rows, and unique: the table has one row"
    else:
        what = f"({', '.join(key.columns)}) is unique and computed by what isn't understood: rows may break it"
    notes.add(entity, "", what, key.line or entity.schema.line)
    return None


def _make_distinct(entity: TableDraft, source: _Source) -> None:
    column = entity.columns[source.column]
    if column.type.kind in _TEXTUAL and not column.is_link:
        sizes = [size for size in (source.length, column.type.length, _LETTERS) if size]
        column.generator, column.demanded = letters(min(sizes)), True


def _source(entity: TableDraft, column: ColumnSchema, dialect: str) -> _Source | None:
    tree = _parsed(column.expression, dialect)
    spelled = {name.lower(): name for name in entity.columns}
    found = _followed(tree) if tree is not None else None
    name = spelled.get(found.column.lower(), "") if found is not None else ""
    kinds = (*_TEXTUAL, *INTEGERS, "uuid", "date", "decimal")
    if found is None or not name or entity.columns[name].type.kind not in kinds:
        return None
    return replace(found, column=name)


def _followed(node: exp.Expr) -> _Source | None:
    """The column that an expression tells apart, through the functions around it."""
    from sqlglot import exp

    node = bare_node(node)
    kind = type(node).__name__
    if isinstance(node, exp.Column):
        return _Source(node.name)
    if kind in _FAITHFUL:
        return _followed(node.this)
    if kind in ("Left", "Substring"):
        return _shortened(node)
    if kind in ("Concat", "DPipe", "SafeDPipe", "SafeConcat"):
        parts = node.expressions or [node.args["this"], node.args["expression"]]
        return next((found for part in parts if (found := _followed(part)) is not None), None)
    if isinstance(node, exp.Add | exp.Sub):
        sides = [side for side in (node.left, node.right) if not isinstance(bare_node(side), exp.Literal)]
        return _followed(sides[0]) if len(sides) == 1 else None
    return None


def _shortened(node: exp.Expr) -> _Source | None:
    """left(x, 3), substr(x, 1, 3)."""
    from sqlglot import exp

    inner = _followed(node.this)
    length = node.args.get("length") or node.args.get("expression")
    start = node.args.get("start")
    begins = start is None or (isinstance(start, exp.Literal) and str(start.this) == "1")
    if inner is None or not begins or not isinstance(length, exp.Literal):
        return None
    size = int(length.this)
    return replace(inner, length=min(size, inner.length or size))


def _is_constant(column: ColumnSchema, dialect: str) -> bool:
    return constant_of(column, dialect) is not None


def constant_of(column: ColumnSchema, dialect: str) -> str | None:
    """The text of the one value that a computed column has in all rows; None where it has several."""
    from sqlglot import exp

    tree = _parsed(column.expression, dialect)
    node = bare_node(tree) if tree is not None else None
    return str(node.this) if isinstance(node, exp.Literal | exp.Boolean) else None


def _parsed(sql: str, dialect: str) -> exp.Expr | None:
    from sqlglot import parse_one
    from sqlglot.errors import SqlglotError

    try:
        return parse_one(sql, dialect=dialect) if sql else None
    except SqlglotError:
        return None
