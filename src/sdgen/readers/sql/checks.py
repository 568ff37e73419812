"""CHECK conditions → what they say about columns: ranges, values, lengths, patterns, and the order of two columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from sdgen.readers.sql.check_facts import (
    CheckMeaning,
    ColumnBounds,
    Comparison,
    Value,
    bare_node,
    column_name,
    literal_value,
    uncased_name,
)

if TYPE_CHECKING:
    from sqlglot import exp


def understand(sql: str, dialect: str) -> CheckMeaning:
    """What a condition says, as far as it is understood."""
    from sqlglot import parse_one
    from sqlglot.errors import SqlglotError

    try:
        tree = parse_one(sql, dialect=dialect)
    except SqlglotError:
        return CheckMeaning(unknown=((sql, ()),))
    return _condition(tree)


def _unknown(node: exp.Expr) -> CheckMeaning:
    from sqlglot import exp

    columns = tuple(dict.fromkeys(column.name for column in node.find_all(exp.Column)))
    return CheckMeaning(unknown=((node.sql(), columns),))


def _condition(node: exp.Expr) -> CheckMeaning:
    if node.args.get("negate"):
        inner = node.copy()
        inner.set("negate", False)
        return _negated(inner) or _unknown(node)
    reader = _readers().get(type(node).__name__)
    found = reader(node) if reader is not None else None
    return found if found is not None else _unknown(node)


def _and(node: exp.Expr) -> CheckMeaning:
    return _condition(node.this).also(_condition(node.expression))


def _or(node: exp.Expr) -> CheckMeaning | None:
    """One branch is enough: several lists of one column's values together, else the first that is all understood."""
    from sqlglot import exp

    branches = [_condition(branch) for branch in _flat(node, exp.Or)]
    branches = [branch for branch in branches if not branch.unknown]
    useful = [branch for branch in branches if not any(bounds.null for bounds in branch.columns.values())]
    if not branches:
        return None
    names = {name for branch in useful for name in branch.columns}
    listed = [branch.columns[name].values for branch in useful for name in branch.columns]
    plain = all(not branch.orders and not branch.different and not branch.equal for branch in useful)
    if len(names) == 1 and plain and all(listed):
        values = tuple(dict.fromkeys(value for values in listed for value in values or ()))
        return CheckMeaning({names.pop(): ColumnBounds(values=values)})
    return min(useful or branches, key=_narrow)


def _narrow(branch: CheckMeaning) -> bool:
    """Whether a branch leaves a column one value: others are chosen before it."""
    return any(bounds.values is not None and len(bounds.values) < 2 for bounds in branch.columns.values())


def _flat(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    node = bare_node(node) if type(node).__name__ == "Paren" else node
    if isinstance(node, kind):
        return [*_flat(node.this, kind), *_flat(node.args["expression"], kind)]
    return [node]


_LENGTHS = frozenset({"Length", "CharLength", "CharacterLength", "ByteLength", "ArraySize"})
_OPPOSITES = {"GT": "LTE", "GTE": "LT", "LT": "GTE", "LTE": "GT", "EQ": "NEQ", "NEQ": "EQ"}
_FLIPPED = {"GT": "LT", "GTE": "LTE", "LT": "GT", "LTE": "GTE", "EQ": "EQ", "NEQ": "NEQ"}


def _comparison(node: exp.Expr, sign: str = "") -> CheckMeaning | None:
    """A comparison of a column, its length or its cased form with a literal, or of two columns.

    sign: how they are compared where that is not as the node says.
    """
    sign, left, right = sign or type(node).__name__, node.this, node.args["expression"]
    if literal_value(left) is not None:
        sign, left, right = _FLIPPED[sign], right, left
    own, value = column_name(left), literal_value(right)
    if own and value is not None:
        return CheckMeaning({own: _compared(sign, value)})
    if own and column_name(right):
        return _two_columns(sign, own, column_name(right))
    if sign == "EQ" and type(bare_node(right)).__name__ == "Any" and (listed := uncased_name(left)):
        return _listed(listed, bare_node(right).this)
    if sign == "NEQ" and own and _is_all(bare_node(right)):
        found = _listed(own, bare_node(right).expressions[0])
        return found and CheckMeaning({own: ColumnBounds(other_than=found.columns[own].values or ())})
    return _of_conditions(sign, left, right) or _of_function(sign, bare_node(left), bare_node(right))


_CONDITIONS = frozenset({"EQ", "NEQ", "GT", "GTE", "LT", "LTE", "Is", "In", "And", "Not", "Between"})


def _of_conditions(sign: str, left: exp.Expr, right: exp.Expr) -> CheckMeaning | None:
    """Two conditions that hold together or not at all (=), or of which one holds (<>)."""
    one, other = bare_node(left), bare_node(right)
    if sign not in ("EQ", "NEQ") or not {type(one).__name__, type(other).__name__} <= _CONDITIONS:
        return None
    no_one, no_other = _opposite(one), _opposite(other)
    yes_one, yes_other = _condition(one), _condition(other)
    tried = ((no_one, no_other), (yes_one, yes_other)) if sign == "EQ" else ((yes_one, no_other), (no_one, yes_other))
    for first, second in tried:
        if first is not None and second is not None and not first.unknown and not second.unknown:
            return first.also(second)
    return None


def _opposite(node: exp.Expr) -> CheckMeaning | None:
    """What a condition says where it does not hold."""
    if node.args.get("negate"):
        plain = node.copy()
        plain.set("negate", False)
        return _condition(plain)
    return _negated(node)


def _compared(sign: str, value: Value) -> ColumnBounds:
    if sign == "EQ":
        return ColumnBounds(values=(value,))
    if sign == "NEQ":
        return ColumnBounds(other_than=(value,))
    if isinstance(value, bool):
        return ColumnBounds()
    if sign in ("GT", "GTE"):
        return ColumnBounds(low=value, low_open=sign == "GT")
    return ColumnBounds(high=value, high_open=sign == "LT")


def _two_columns(sign: str, own: str, other: str) -> CheckMeaning:
    if sign == "EQ":
        return CheckMeaning(equal=((own, other),))
    if sign == "NEQ":
        return CheckMeaning(different=((own, other),))
    low, high = (other, own) if sign in ("GT", "GTE") else (own, other)
    return CheckMeaning(orders=(Comparison(low, high, sign in ("GT", "LT")),))


def _of_function(sign: str, left: exp.Expr, right: exp.Expr) -> CheckMeaning | None:
    from sqlglot import exp

    value = literal_value(right)
    if type(left).__name__ == "Anonymous":
        return _of_named(str(left.this).lower(), sign, [column_name(each) for each in left.expressions], value)
    inner = bare_node(left.this) if isinstance(left.this, exp.Expr) else left
    name = column_name(inner.this if isinstance(inner, exp.Trim) else inner)
    if type(left).__name__ in _LENGTHS and name and isinstance(value, Decimal):
        return CheckMeaning({name: _length(sign, int(value))})
    if isinstance(left, exp.Trim) and name and sign == "NEQ" and value == "":
        return CheckMeaning({name: ColumnBounds(shortest=1)})
    cased = {"Lower": "lower", "Upper": "upper"}
    if type(left).__name__ in cased and sign == "EQ" and column_name(left.this) and isinstance(value, str):
        return CheckMeaning({column_name(left.this): ColumnBounds(values=(value,))})
    for one, other in ((left, right), (right, left)):
        if (
            type(one).__name__ in cased
            and sign == "EQ"
            and column_name(one.this)
            and column_name(one.this) == column_name(other)
        ):
            return CheckMeaning({column_name(other): ColumnBounds(letters=cased[type(one).__name__])})
    return None


def _of_named(name: str, sign: str, columns: list[str], value: Value | None) -> CheckMeaning | None:
    """PostgreSQL's num_nonnulls and num_nulls: the first so many columns have values, the others none."""
    if name in ("jsonb_typeof", "json_typeof") and sign == "EQ" and value == "object":
        return CheckMeaning()  # what is made for JSON columns are objects
    if name == "cardinality" and columns[0] and isinstance(value, Decimal):
        return CheckMeaning({columns[0]: _length(sign, int(value))})
    if name not in ("num_nonnulls", "num_nulls") or not all(columns) or not isinstance(value, Decimal):
        return None
    count = int(value) + (sign == "GT") - (sign == "LT")
    filled = count if name == "num_nonnulls" else len(columns) - count
    if sign == "NEQ" or not 0 <= filled <= len(columns):
        return None
    return CheckMeaning(
        {each: ColumnBounds(not_null=at < filled, null=at >= filled) for at, each in enumerate(columns)}
    )


def _length(sign: str, size: int) -> ColumnBounds:
    match sign:
        case "EQ":
            return ColumnBounds(shortest=size, longest=size)
        case "GT" | "GTE":
            return ColumnBounds(shortest=size + (sign == "GT"))
        case "LT" | "LTE":
            return ColumnBounds(longest=max(size - (sign == "LT"), 1))
    return ColumnBounds()


def _between(node: exp.Expr) -> CheckMeaning | None:
    name, bare = column_name(node.this), bare_node(node.this)
    low, high = literal_value(node.args["low"]), literal_value(node.args["high"])
    if low is None or high is None or isinstance(low, bool) or isinstance(high, bool):
        return None
    if name:
        return CheckMeaning({name: ColumnBounds(low=low, high=high)})
    if type(bare).__name__ in _LENGTHS and column_name(bare.this) and isinstance(low, Decimal):
        return CheckMeaning({column_name(bare.this): ColumnBounds(shortest=int(low), longest=int(Decimal(high)))})
    return None


def _in(node: exp.Expr) -> CheckMeaning | None:
    name = uncased_name(node.this)
    values = [literal_value(each) for each in node.expressions]
    if not name or not values or any(value is None for value in values):
        return None
    return CheckMeaning({name: ColumnBounds(values=tuple(value for value in values if value is not None))})


def _is_all(node: exp.Expr) -> bool:
    return type(node).__name__ == "Anonymous" and str(node.this).upper() == "ALL" and len(node.expressions) == 1


def _listed(name: str, node: exp.Expr) -> CheckMeaning | None:
    """PostgreSQL's `= ANY (ARRAY[…])`."""
    values = [literal_value(each) for each in bare_node(node).expressions]
    if not values or any(value is None for value in values):
        return None
    return CheckMeaning({name: ColumnBounds(values=tuple(value for value in values if value is not None))})


def _is(node: exp.Expr) -> CheckMeaning | None:
    name = column_name(node.this)
    right = node.args["expression"]
    if not name:
        return None
    if type(right).__name__ == "Null":
        return CheckMeaning({name: ColumnBounds(null=True)})
    value = literal_value(right)
    return CheckMeaning({name: ColumnBounds(values=(value,), not_null=True)}) if isinstance(value, bool) else None


def _not(node: exp.Expr) -> CheckMeaning | None:
    return _negated(node.this.this if type(node.this).__name__ == "Paren" else node.this)


def _negated(inner: exp.Expr) -> CheckMeaning | None:
    if type(inner).__name__ == "Paren":
        return _opposite(inner.this)
    if type(inner).__name__ in _JOINED:
        return _JOINED[type(inner).__name__](*(_opposite(each) for each in (inner.this, inner.args["expression"])))
    if type(inner).__name__ == "Not":
        return _condition(inner.this)
    if type(inner).__name__ in _OPPOSITES:
        return _comparison(inner, _OPPOSITES[type(inner).__name__])
    if type(inner).__name__ == "Column":
        return CheckMeaning({inner.name: ColumnBounds(values=(False,))})
    found = _condition(inner)
    if len(found.columns) != 1 or found.orders or found.unknown:
        return None
    name, bounds = next(iter(found.columns.items()))
    if bounds == ColumnBounds(null=True):
        return CheckMeaning({name: ColumnBounds(not_null=True)})
    if bounds.values is not None and bounds == ColumnBounds(values=bounds.values):
        return CheckMeaning({name: ColumnBounds(other_than=bounds.values)})
    return None


def _either(one: CheckMeaning | None, other: CheckMeaning | None) -> CheckMeaning | None:
    """Of two conditions that one is enough of, the first that is all understood."""
    return next((each for each in (one, other) if each is not None and not each.unknown), None)


def _both(one: CheckMeaning | None, other: CheckMeaning | None) -> CheckMeaning | None:
    return None if one is None or other is None else one.also(other)


_JOINED = {"And": _either, "Or": _both}


def _bare_column(node: exp.Expr) -> CheckMeaning:
    return CheckMeaning({node.name: ColumnBounds(values=(True,))})


def _like(node: exp.Expr) -> CheckMeaning | None:
    from sdgen.readers.sql.check_facts import regex_of_like

    name, text = column_name(node.this), literal_value(node.args["expression"])
    if not name or not isinstance(text, str):
        return None
    return CheckMeaning({name: ColumnBounds(pattern=regex_of_like(text))})


def _regex(node: exp.Expr) -> CheckMeaning | None:
    from sdgen.readers.sql.check_facts import whole_regex

    name, text = column_name(node.this), literal_value(node.args["expression"])
    regex = whole_regex(text) if isinstance(text, str) else ""
    return CheckMeaning({name: ColumnBounds(pattern=regex)}) if name and regex else None


def _paren(node: exp.Expr) -> CheckMeaning:
    return _condition(node.this)


def _boolean(node: exp.Expr) -> CheckMeaning | None:
    return CheckMeaning() if node.this else None


def _readers() -> Mapping[str, Callable[[exp.Expr], CheckMeaning | None]]:
    return {
        "And": _and,
        "Or": _or,
        "Paren": _paren,
        "Cast": _paren,
        "Boolean": _boolean,
        **dict.fromkeys(("EQ", "NEQ", "GT", "GTE", "LT", "LTE"), _comparison),
        "Between": _between,
        "In": _in,
        "Is": _is,
        "Not": _not,
        "Column": _bare_column,
        "Like": _like,
        "ILike": _like,
        "Glob": lambda node: None,
        "RegexpLike": _regex,
        "RegexpILike": _regex,
        "SimilarTo": _regex,
    }
