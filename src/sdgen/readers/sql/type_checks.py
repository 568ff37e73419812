"""CHECKs and computed columns that tell a column's type, not its values: `json_valid(x)`, `typeof(x) = 'integer'`.

Databases without a type of their own for JSON, or for dates, say so by a condition. It is kept by a column of that
type, and is no condition any more then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from sdgen.readers.sql.check_syntax import bare_node, column_name, literal_value
from sdgen.readers.sql.json_conditions import documents_read
from sdgen.readers.sql.schema import CheckSchema, ColumnSchema, DomainSchema, Schema, SqlType, TableSchema

if TYPE_CHECKING:
    from sqlglot import exp

JSON = SqlType("json")
MOMENT_TEXT = "moment text"  # a word for texts that are moments in the form of `values[0]`

BYTES = "binary"
_TEXT = re.compile("text|char|clob|string|any")
_BYTES = re.compile("blob|binary|bytea|raw|image")
_LENGTHS = frozenset({"Length", "ByteLength", "CharLength"})

Typed = tuple[str, SqlType]  # a column in lower case, and its type

_STORAGE = {"real": "double", "integer": "bigint", "text": "text", "blob": "blob"}  # SQLite's classes
_FORMS = {"date": "%Y-%m-%d", "time": "%H:%M:%S", "datetime": "%Y-%m-%d %H:%M:%S"}  # of SQLite's functions
_CALLED = {"Date": "date", "Time": "time", "Typeof": "typeof", "TimeToStr": "strftime"}


def with_checked_types(schema: Schema) -> Schema:
    """The schema with the types that its conditions tell, and without those that tell nothing else."""
    tables = tuple(_with_types(table, schema.dialect) for table in schema.tables)
    domains = {name: _with_size(domain, schema.dialect) for name, domain in schema.domains.items()}
    return replace(schema, tables=tables, domains=domains)


def _with_size(domain: DomainSchema, dialect: str) -> DomainSchema:
    """A domain of bytes with the length that its CHECKs tell."""
    if not _BYTES.search(domain.type.word):
        return domain
    type, checks = domain.type, list[CheckSchema]()
    for check in domain.checks:
        told, rest = _parted(check.sql, dialect, frozenset({"value"}))
        type = replace(told["value"], text=str(domain.type)) if "value" in told else type
        checks += [check if rest == check.sql else replace(check, sql=rest)] if rest else []
    return replace(domain, type=type, checks=tuple(checks))


def _with_types(table: TableSchema, dialect: str) -> TableSchema:
    types: dict[str, SqlType] = {}
    checks: list[CheckSchema] = []
    bytes = frozenset(column.name.lower() for column in table.columns if _BYTES.search(column.type.word))
    for check in table.checks:
        told, rest = _parted(check.sql, dialect, bytes)
        types |= told
        if rest:
            checks.append(check if rest == check.sql else replace(check, sql=rest))
    texts = {column.name.lower() for column in table.columns if _TEXT.search(column.type.word) or not column.type.word}
    for sql in (*(column.expression for column in table.columns), *(check.sql for check in table.checks)):
        # A document's own functions read hstore and ltree too: what is declared as a type of another sort is no JSON.
        types |= {name: JSON for name in _read_as_json(sql, dialect) if name in texts}
    forms = {name: type for name, type in types.items() if type.word == MOMENT_TEXT}
    if forms:
        pairs = [pair for check in checks for pair in _compared_columns(check.sql, dialect)]
        types |= {two: forms[one] for pair in pairs for one, two in (pair, pair[::-1]) if one in forms and two in texts}
    if not types:
        return table
    columns = tuple(_typed(column, types.get(column.name.lower())) for column in table.columns)
    return replace(table, columns=columns, checks=tuple(checks))


def _typed(column: ColumnSchema, type: SqlType | None) -> ColumnSchema:
    if type is None or not type.word or column.type.word.startswith("json"):
        return column
    # The declared words are kept for a table that is made anew: the condition tells the values, not the declaration.
    if type.word in (MOMENT_TEXT, BYTES):
        type = replace(type, text=str(column.type))
    return replace(column, type=type)


def _parted(sql: str, dialect: str, bytes: frozenset[str]) -> tuple[dict[str, SqlType], str]:
    """The types that a condition tells, and what else it says: "" where that is nothing. bytes: columns of such."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        parts = list(_conjuncts(parse_one(sql, dialect=dialect, into=exp.Condition)))
    except (SqlglotError, AttributeError):  # sqlglot fails on some operators without a side
        return {}, sql
    told = [(part, _told(part, dialect) or _sized(part, bytes)) for part in parts]
    types = dict(typed for _, typed in told if typed is not None)
    if not types:
        return {}, sql
    # To SQLite null is a class of its own, which a condition on typeof that does not name it refuses.
    firm = [each for part, typed in told if typed and (each := _classes(part)) and "null" not in each[1]]
    kept = [part for part, typed in told if typed is None]
    kept += [exp.not_(exp.Is(this=exp.column(name, quoted=True), expression=exp.Null())) for name, _ in firm]
    return types, exp.and_(*kept).sql(dialect) if kept else ""


def _conjuncts(node: exp.Expr) -> Iterable[exp.Expr]:
    bare = bare_node(node)
    if type(bare).__name__ == "And":
        yield from _conjuncts(bare.this)
        yield from _conjuncts(bare.args["expression"])
    else:
        yield bare


def _told(node: exp.Expr, dialect: str) -> Typed | None:
    """The type that a condition tells; one of a column that is null says the same of its other values."""
    if type(node).__name__ == "Or":
        one, other = bare_node(node.this), bare_node(node.args["expression"])
        # `x IS NULL OR json_valid(x)` says no more than json_valid(x), which null keeps anyway.
        for first, second in ((one, other), (other, one)):
            typed = _told(second, dialect)
            if typed is not None and _is_null(first) == typed[0]:
                return typed
        return None
    if dialect == "sqlite" and (classes := _classes(node)) is not None:
        # Of several the one that holds the others' values too: a real number may be a whole one. Where both texts and
        # numbers are allowed, what is declared says more.
        name, stored = classes
        found = next((type for word, type in _STORAGE.items() if word in stored), "")
        return (name, SqlType("" if {"text", "integer"} <= stored else found)) if found else None
    if type(node).__name__ == "Is" and type(node.args["expression"]).__name__ == "JSON":
        return (column_name(node.this).lower(), JSON) if column_name(node.this) else None
    if type(node).__name__ in ("EQ", "NullSafeEQ", "Is", "NEQ", "GT"):
        return _compared(bare_node(node.this), bare_node(node.args["expression"]), dialect)
    return _called(node, None, dialect)


def _classes(node: exp.Expr) -> tuple[str, frozenset[str]] | None:
    """The column of a condition on SQLite's typeof, and the classes that it allows; None for any other condition."""
    kind = type(node).__name__
    if kind == "Not":
        found = _classes(bare_node(node.this))
        return found and (found[0], frozenset((*_STORAGE, "null")) - found[1])
    if kind == "Or":
        sides = [_classes(bare_node(each)) for each in (node.this, node.args["expression"])]
        one, other = sides
        return (one[0], one[1] | other[1]) if one and other and one[0] == other[0] else None
    name = column_name(_function(bare_node(node.this))[1][0]) if kind in ("In", "EQ", "NEQ", "Is") and (
        _function(bare_node(node.this))[0] == "typeof"
    ) else ""  # fmt: skip
    values = node.expressions if kind == "In" else [node.args["expression"]] if name else []
    words = frozenset(str(literal_value(each)).lower() for each in values)
    if not name or not words:
        return None
    return name.lower(), frozenset((*_STORAGE, "null")) - words if kind == "NEQ" else words


def _sized(node: exp.Expr, bytes: frozenset[str]) -> Typed | None:
    """`length(x) = 16` of a column of bytes."""
    if type(node).__name__ == "Or":
        one, other = bare_node(node.this), bare_node(node.args["expression"])
        return _sized(other, bytes) if _is_null(one) else _sized(one, bytes) if _is_null(other) else None
    # Bytes are made of one length: of a range its least, which keeps the most of what else is said.
    if type(node).__name__ not in ("EQ", "GTE", "LTE", "Between"):
        return None
    function, arguments = _function(bare_node(node.this))
    if function != "octet_length":
        if type(bare_node(node.this)).__name__ not in _LENGTHS:
            return None
        arguments = [bare_node(node.this).this]
    name, size = column_name(arguments[0]).lower(), literal_value(node.args.get("low") or node.args["expression"])
    return (name, SqlType(BYTES, (int(size),))) if name in bytes and isinstance(size, Decimal) else None


def _is_null(node: exp.Expr) -> str:
    """The column that a condition says is null; "" for any other condition."""
    null = type(node).__name__ == "Is" and type(node.args["expression"]).__name__ == "Null"
    return column_name(node.this).lower() if null else ""


def _compared(left: exp.Expr, right: exp.Expr, dialect: str) -> Typed | None:
    if column_name(left) and not column_name(right):
        return _moment(right, column_name(left), dialect)
    if column_name(right):
        return _moment(left, column_name(right), dialect)
    value = literal_value(right)
    return None if value is None else _called(left, value, dialect)


def _moment(call: exp.Expr, name: str, dialect: str) -> Typed | None:
    """`x IS date(x)`: the text is what SQLite makes of the moment that it stands for."""
    function, arguments = _function(call)
    if dialect != "sqlite" or name.lower() not in {_first_column(each).lower() for each in arguments}:
        return None
    form = _FORMS.get(function, "")
    if function == "strftime":
        # SQLite's %f is seconds with their fraction, strftime's is the fraction alone.
        form = str(call.args["format"].this).replace("%f", "%S.%_ms") if "format" in call.args else ""
    return (name.lower(), SqlType(MOMENT_TEXT, values=(form,))) if form and len(arguments) == 1 else None


def _first_column(node: exp.Expr) -> str:
    from sqlglot import exp

    found = node if isinstance(node, exp.Column) else node.find(exp.Column)
    return found.name if found is not None else ""


def _called(call: exp.Expr, value: object, dialect: str) -> Typed | None:
    """What a function of one column tells that is true, or equals a value."""
    function, arguments = _function(call)
    name = column_name(arguments[0]) if arguments else ""
    reader = _TELLING.get(function)
    found = reader(value, dialect) if reader is not None and name else None
    return (name.lower(), found) if found is not None else None


def _function(node: exp.Expr) -> tuple[str, list[exp.Expr]]:
    """A function's name in lower case, and its arguments."""
    kind = type(node).__name__
    if kind == "Anonymous":
        return str(node.this).lower(), list(node.expressions)
    return (_CALLED[kind], [node.this]) if kind in _CALLED else ("", [])


_TELLING: Mapping[str, Callable[[object, str], SqlType | None]] = {
    "json_valid": lambda value, dialect: JSON if value is None or value == 1 or value is True else None,
    "isjson": lambda value, dialect: JSON if value is not None else None,
}


def _compared_columns(sql: str, dialect: str) -> list[tuple[str, str]]:
    """The pairs of columns that a condition compares, in lower case: texts of moments are of one form then."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        nodes = [*parse_one(sql, dialect=dialect, into=exp.Condition).find_all(exp.GT, exp.GTE, exp.LT, exp.LTE)]
    except (SqlglotError, AttributeError):
        return []
    pairs = [(column_name(node.this).lower(), column_name(node.expression).lower()) for node in nodes]
    return [pair for pair in pairs if all(pair)]


def _read_as_json(expression: str, dialect: str) -> list[str]:
    """The columns that a condition or a computed column reads as JSON, in lower case."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    # Most conditions read no JSON, and parsing them all would cost time.
    if "json" not in expression.lower() and "->" not in expression:
        return []
    try:
        tree = parse_one(expression, dialect=dialect, into=exp.Condition)
    except (SqlglotError, AttributeError):
        return []
    return [column_name(node).lower() for node in documents_read(tree) if column_name(node)]
