"""The parts of conditions: columns, literal values, and moments by the clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from sdgen.readers.sql.check_facts import NOW, VALUE_NAME, Value
from sdgen.readers.sql.check_patterns import ANY_LETTER, EVERYTHING, regex_of_classed_like
from sdgen.readers.sql.json_conditions import only_arrays, with_json_functions, with_members

if TYPE_CHECKING:
    from sqlglot import exp


def bare_node(node: exp.Expr) -> exp.Expr:
    """A node without parentheses and casts around it."""
    # Catalogues give conditions back with casts that nobody wrote: PostgreSQL has `(state)::text = 'new'::text`.
    while type(node).__name__ in ("Paren", "Cast", "TryCast", "Collate"):
        node = node.this
    return node


def without_parens(node: exp.Expr) -> exp.Expr:
    while type(node).__name__ == "Paren":
        node = node.this
    return node


def column_name(node: exp.Expr) -> str:
    from sqlglot import exp

    bare = bare_node(node)
    return bare.name if isinstance(bare, exp.Column) else ""


def literal_value(node: exp.Expr) -> Value | None:
    from sqlglot import exp

    if isinstance(node, exp.Paren):
        return literal_value(node.this)
    if isinstance(node, exp.Cast) and node.to.this.name in _NUMERIC:  # PostgreSQL writes '-40'::integer
        inner = literal_value(node.this)
        return Decimal(inner) if isinstance(inner, str) and _NUMBER.fullmatch(inner) else inner
    bare = bare_node(node)
    if isinstance(bare, exp.Neg):
        inner = literal_value(bare.this)
        return -inner if isinstance(inner, Decimal) else None
    if isinstance(bare, exp.ByteString | exp.National | exp.RawString):  # E'…' of PostgreSQL, N'…'
        return str(bare.this)
    if isinstance(bare, exp.Literal):
        return str(bare.this) if bare.is_string else Decimal(bare.this)
    if isinstance(bare, exp.Boolean):
        return bool(bare.this)
    clocks = ("CurrentDate", "CurrentTimestamp", "CurrentTime", "CurrentDatetime", "Localtimestamp")
    if isinstance(bare, exp.Add | exp.Sub) and literal_value(bare.this) == NOW:
        return _from_now(bare)
    # sqlglot has nodes for some of the clock's functions, and leaves those of other dialects as they are written.
    if type(bare).__name__ in clocks:
        return NOW
    # Writing a node out is slow: what has operands is no name of a function.
    written = "" if isinstance(bare, exp.Binary | exp.Predicate | exp.Unary) else bare.sql().upper()
    return NOW if written in ("NOW()", "SYSDATE", "GETDATE()", "SYSDATETIME()") else None


_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_NUMERIC = frozenset({"INT", "BIGINT", "SMALLINT", "TINYINT", "DECIMAL", "DOUBLE", "FLOAT"})
# The fewest and the most days that a unit has: an end of a range is moved to the safe side.
_DAYS = {
    "DAY": (1, 1),
    "WEEK": (7, 7),
    "MONTH": (28, 31),
    "YEAR": (365, 365.25),
    "HOUR": (1 / 24, 1 / 24),
    "MINUTE": (1 / 1440, 1 / 1440),
}
_RELATIVE = re.compile(r"now([+-])(\d+) ([A-Z]+)")


def _from_now(node: exp.Expr) -> str | None:
    """The clock's time plus or minus days or more: `now-18 YEAR`."""
    from sqlglot import exp

    length = interval_words(node.args["expression"])
    if length is None:
        return None
    return f"{NOW}{'+' if isinstance(node, exp.Add) else '-'}{length[0]} {length[1]}"


def interval_words(node: exp.Expr) -> tuple[int, str] | None:
    """The number and the unit of an interval, in the singular; a plain number counts days. None for any other."""
    from sqlglot import exp

    interval = bare_node(node)
    # Dates of PostgreSQL and Oracle take a plain number as days.
    if isinstance(interval, exp.Literal) and not interval.is_string and str(interval.this).isdigit():
        return int(interval.this), "DAY"
    text = interval.this.name if isinstance(interval, exp.Interval) else interval.name
    words = f"{text} {interval.args.get('unit') or ''}".upper().replace("'", "").split()
    if len(words) < 2 or not words[0].isdigit():
        return None
    unit = words[1].removesuffix("S")
    return (int(words[0]), unit) if unit in (*_DAYS, "SECOND") else None


def by_the_clock(text: str, high: bool) -> str:
    """A moment by the clock as a scenario writes it (-6575d), a day or so inside of the range that it ends."""
    found = _RELATIVE.fullmatch(text)
    if found is None:
        return text
    number, (fewest, most) = int(found[2]), _DAYS.get(found[3], (0, 0))
    if found[1] == "-":
        # A lower end is moved later and an upper end earlier, whatever the length of the months in between.
        days = -int(number * most + 1) if high else -max(int(number * fewest) - 1, 0)
    else:
        days = int(number * fewest) if high else int(number * most + 1)
    return f"{days:+d}d" if days else NOW


def uncased_name(node: exp.Expr) -> str:
    """The column of a node that is one, or one in small or capital letters."""
    bare = bare_node(node)
    return column_name(bare.this if type(bare).__name__ in ("Lower", "Upper") else bare)


FLAG = "sdgen_flag"  # what a column of booleans is marked with
DIALECT = "sdgen_dialect"  # with the dialect of a column's condition
COMPARISONS = ("EQ", "NEQ", "GT", "GTE", "LT", "LTE")
_CONDITIONS = frozenset(
    (
        *COMPARISONS,
        "Is",
        "In",
        "And",
        "Or",
        "Not",
        "Between",
        "NullSafeEQ",
        "NullSafeNEQ",
        "Like",
        "ILike",
        "RegexpLike",
    )
)


def is_condition(node: exp.Expr) -> bool:
    """Whether a node is true or false by itself."""
    return type(node).__name__ in _CONDITIONS or is_flag(node)


def is_flag(node: exp.Expr) -> bool:
    """Whether a node is a column of booleans."""
    return type(node).__name__ == "Column" and bool(node.meta.get(FLAG))


# ------------------------------------------------------------------ conditions as expressions compute them


def column_condition(node: exp.Expr, dialect: str) -> tuple[str, str]:
    """The only column of a condition, and the condition as an expression has it; "" where there is none such."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    names = {column.name for column in node.find_all(exp.Column)}
    if len(names) != 1 or not is_computable(node):
        return "", ""
    # The parentheses give the condition's own node a parent, without which sqlglot can't replace it.
    copy = exp.Paren(this=node.copy())
    if dialect == "postgres":
        arrays = [exp.Anonymous(this="jsonb_typeof", expressions=[each]) for each in only_arrays(node)]
        whole = exp.and_(node, *(exp.EQ(this=each, expression=exp.Literal.string("array")) for each in arrays))
        copy = exp.Paren(this=whole) if arrays else copy
    for column in copy.find_all(exp.Column):
        column.replace(exp.column(VALUE_NAME.strip('"'), quoted=True))
    try:
        return names.pop(), as_meant(copy, dialect).this.sql(dialect="duckdb")
    except (SqlglotError, AttributeError, ValueError):
        return "", ""


def is_computable(node: exp.Expr) -> bool:
    """Whether expressions may compute a condition: SQLite's names of how it stores values are its own.

    What is compared with NaN or an infinity is no number that is made, and decimals of expressions know none of them.
    """
    from sqlglot import exp

    endless = ("nan", "infinity", "-infinity")
    texts = (text.this.lower() for text in node.find_all(exp.Literal) if text.is_string)
    return not node.find(exp.Typeof, exp.Query) and not any(text in endless for text in texts)


def as_meant(node: exp.Expr, dialect: str) -> exp.Expr:
    """A condition in the sense of its dialect: functions of JSON, MySQL's numbers of weekdays, SQL Server's classes."""
    node = with_json_functions(node, dialect)
    rewrite = {"mysql": _with_own_days, "tsql": _with_classes}.get(dialect)
    return node if rewrite is None else node.transform(rewrite)


def _with_own_days(node: exp.Expr) -> exp.Expr:
    """MySQL counts weekdays from Sunday as 1, or from Monday as 0; DuckDB dayofweek from Sunday as 0, isodow as 1."""
    from sqlglot import exp

    if isinstance(node, exp.DayOfWeek):
        return exp.paren(exp.Add(this=node.copy(), expression=exp.Literal.number(1)))
    if isinstance(node, exp.Anonymous) and str(node.this).lower() == "weekday" and len(node.expressions) == 1:
        monday = exp.Sub(this=exp.func("isodow", node.expressions[0].copy()), expression=exp.Literal.number(1))
        return exp.paren(monday)
    return node


def _with_classes(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    pattern = node.args.get("expression") if isinstance(node, exp.Like) else None
    if not isinstance(pattern, exp.Literal) or "[" not in pattern.this:
        return node
    regex = regex_of_classed_like(pattern.this, EVERYTHING, ANY_LETTER)
    found = exp.func("regexp_full_match", node.this.copy(), exp.Literal.string(regex))
    return exp.not_(found) if node.args.get("negate") else found


# Whose LIKE knows no escape but one that is named; elsewhere a backslash is one.
_NO_ESCAPE = frozenset({"sqlite", "tsql", "oracle", "duckdb"})


def with_backslashes(tree: exp.Expr, dialect: str) -> exp.Expr:
    """A condition whose LIKE patterns have a backslash before letters that stand for themselves, and no ESCAPE."""
    from sqlglot import exp

    def spelled(node: exp.Expr) -> exp.Expr:
        named = isinstance(node, exp.Escape)
        like = node.this if named else node
        if not isinstance(like, exp.Like | exp.ILike) or (not named and _named(node)):
            return node
        pattern, mark = like.expression, node.expression.name if named else "\\" * (dialect not in _NO_ESCAPE)
        if not (isinstance(pattern, exp.Literal) and pattern.is_string):
            return node
        letters = iter(pattern.name)
        own = (_plain_letter(each, mark, letters) for each in letters)
        plain = type(like)(this=like.this.copy(), expression=exp.Literal.string("".join(own)))
        # Newer releases of sqlglot keep NOT in the node, older ones around it.
        return exp.not_(plain) if like.args.get("negate") else plain

    # In place: callers give trees that they have just parsed.
    return with_members(tree.transform(spelled, copy=False))


def _named(like: exp.Expr) -> bool:
    return type(like.parent).__name__ == "Escape"


def _plain_letter(letter: str, mark: str, following: Iterator[str]) -> str:
    if letter == mark:
        return f"\\{next(following, letter)}"
    return "\\\\" if letter == "\\" else letter


def with_escapes(tree: exp.Expr) -> exp.Expr:
    """The same for DuckDB, to which a backslash is a letter like others unless ESCAPE names it."""
    from sqlglot import exp

    def spelled(node: exp.Expr) -> exp.Expr:
        escaped = isinstance(node, exp.Like | exp.ILike) and "\\" in node.expression.name and not _named(node)
        return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\")) if escaped else node

    for like in [*tree.find_all(exp.Like, exp.ILike)]:
        new = spelled(like)
        if new is not like:
            if like is tree:
                return new
            like.replace(new)
    return tree
