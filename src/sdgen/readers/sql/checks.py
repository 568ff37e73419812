"""Single conditions, without AND, OR and NOT → what they say of columns: ranges, lists, lengths, patterns, orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from sdgen.readers.sql.check_facts import (
    EMPTY,
    NOW,
    CheckMeaning,
    ColumnBounds,
    Comparison,
    Match,
    Value,
)
from sdgen.readers.sql.check_patterns import (
    regex_of_classed_like,
    regex_of_glob,
    regex_of_like,
    regex_of_similar,
    whole_regex,
    with_plain_classes,
)
from sdgen.readers.sql.check_sums import of_sums
from sdgen.readers.sql.check_syntax import (
    DIALECT,
    bare_node,
    by_the_clock,
    column_name,
    interval_words,
    literal_value,
    uncased_name,
    without_parens,
)

if TYPE_CHECKING:
    from sqlglot import exp

_LENGTHS = frozenset({"Length", "CharLength", "CharacterLength", "ByteLength", "ArraySize"})
_OPPOSITES = {"GT": "LTE", "GTE": "LT", "LT": "GTE", "LTE": "GT", "EQ": "NEQ", "NEQ": "EQ"}
_FLIPPED = {"GT": "LT", "GTE": "LTE", "LT": "GT", "LTE": "GTE", "EQ": "EQ", "NEQ": "NEQ"}
_ENDLESS = {"infinity": 1, "inf": 1, "+infinity": 1, "-infinity": -1, "-inf": -1}


def meaning(node: exp.Expr, positive: bool) -> CheckMeaning | None:
    """What a condition that holds (or, not positive, does not) says of columns; None where it isn't understood."""
    reader = _READERS.get(type(node).__name__)
    return reader(node, positive) if reader is not None else None


def constant(node: exp.Expr) -> bool | None:
    """Whether a condition over no columns, or over a value and itself, holds; None for any other."""
    kind = type(node).__name__
    if kind == "Boolean":
        return bool(node.this)
    if kind == "Is" and type(node.args["expression"]).__name__ == "Null":
        return True if type(without_parens(node.this)).__name__ == "Null" else None
    if kind not in _OPPOSITES:
        return None
    left, right = without_parens(node.this), without_parens(node.args["expression"])
    # `x = x` holds in each row, and where x is null it is null, which a CHECK takes.
    if left == right and column_name(left):
        return kind in ("EQ", "GTE", "LTE")
    one, other = literal_value(left), literal_value(right)
    # What the clock says is not known when the schema is read.
    if one is None or other is None or type(one) is not type(other) or NOW in (str(one)[:3], str(other)[:3]):
        return None
    return _HOLDS[kind](one, other)


_HOLDS: Mapping[str, Callable[[object, object], bool]] = {
    "EQ": lambda one, other: one == other,
    "NEQ": lambda one, other: one != other,
    "GT": lambda one, other: one > other,  # type: ignore[operator]
    "GTE": lambda one, other: one >= other,  # type: ignore[operator]
    "LT": lambda one, other: one < other,  # type: ignore[operator]
    "LTE": lambda one, other: one <= other,  # type: ignore[operator]
}


def _comparison(node: exp.Expr, positive: bool) -> CheckMeaning | None:
    """A comparison of a column, its length or its cased form with a literal, of two columns, or of sums of them."""
    left, right = node.this, node.args["expression"]
    sign = type(node).__name__ if positive else _OPPOSITES[type(node).__name__]
    if literal_value(left) is not None:  # 0 < x
        sign, left, right = _FLIPPED[sign], right, left
    own, value = column_name(left), literal_value(right)
    if own and value is not None:
        return CheckMeaning({own: _compared(sign, value)})
    if own and column_name(right):
        return _two_columns(sign, own, column_name(right))
    # PostgreSQL's catalogue gives `x IN (1, 2)` back as `x = ANY (ARRAY[1, 2])`.
    listed = _of_list(node, left, right, positive)
    if listed is not None:
        return listed
    # The order matters: sums take nearly anything, and would read `now() - born` as an unknown term.
    return _of_clock(sign, left, right) or _of_function(sign, bare_node(left), bare_node(right)) or of_sums(
        sign, left, right
    )  # fmt: skip


def _compared(sign: str, value: Value) -> ColumnBounds:
    if sign == "EQ":
        return ColumnBounds(values=(value,))
    if sign == "NEQ":
        return ColumnBounds(other_than=(value,))
    # `x < 'infinity'` is how PostgreSQL's ranges and dates are asked to be finite: no value that is made breaks it.
    endless = _ENDLESS.get(str(value).lower(), 0)
    if isinstance(value, bool) or (endless > 0 and sign in ("LT", "LTE")) or (endless < 0 and sign in ("GT", "GTE")):
        return ColumnBounds()
    if sign in ("GT", "GTE"):
        return ColumnBounds(low=_end(value, high=False), low_open=sign == "GT")
    return ColumnBounds(high=_end(value, high=True), high_open=sign == "LT")


def _end(value: Decimal | str, high: bool) -> Decimal | str:
    return by_the_clock(value, high) if isinstance(value, str) else value


def _two_columns(sign: str, left: str, right: str) -> CheckMeaning:
    if sign == "NEQ":
        return CheckMeaning(different=((left, right),))
    if sign == "EQ":
        return CheckMeaning(equal=((left, right),))
    low, high = (left, right) if sign in ("LT", "LTE") else (right, left)
    return CheckMeaning(orders=(Comparison(low, high, sign in ("GT", "LT")),))


def _of_list(node: exp.Expr, left: exp.Expr, right: exp.Expr, positive: bool) -> CheckMeaning | None:
    """PostgreSQL's `= ANY (ARRAY[…])` and `<> ALL (ARRAY[…])`."""
    bare, name = bare_node(right), uncased_name(left)
    kind = type(node).__name__
    if kind == "EQ" and type(bare).__name__ == "Any":
        values = _literals(bare.this)
    elif kind == "NEQ" and type(bare).__name__ in ("All", "Anonymous") and _is_all(bare):
        # `x <> ALL (…)` is NOT IN. sqlglot takes ALL for a function of an unknown name in some places.
        values, positive = _literals(bare.this if type(bare).__name__ == "All" else bare.expressions[0]), not positive
    else:
        return None
    return _one_of(name, values, positive)


def _is_all(node: exp.Expr) -> bool:
    return type(node).__name__ == "All" or (str(node.this).upper() == "ALL" and len(node.expressions) == 1)


def _literals(node: exp.Expr) -> list[Value | None]:
    return [literal_value(each) for each in bare_node(node).expressions]


def _one_of(name: str, values: list[Value | None], positive: bool) -> CheckMeaning | None:
    if not name or not values or any(value is None for value in values):
        return None
    known = tuple(value for value in values if value is not None)
    return CheckMeaning({name: ColumnBounds(values=known) if positive else ColumnBounds(other_than=known)})


def _of_clock(sign: str, left: exp.Expr, right: exp.Expr) -> CheckMeaning | None:
    """`born + interval '18 years' <= now()`, `current_date - born >= 6570`, `age(born) >= interval '18 years'`."""
    from sqlglot import exp

    one, other = bare_node(left), bare_node(right)
    if literal_value(one) == NOW:
        one, other, sign = other, one, _FLIPPED[sign]
    if literal_value(other) == NOW and isinstance(one, exp.Add | exp.Sub) and column_name(one.this):
        length = interval_words(one.args["expression"])
        back = "-" if isinstance(one, exp.Add) else "+"
        return length and CheckMeaning({column_name(one.this): _compared(sign, f"{NOW}{back}{length[0]} {length[1]}")})
    # An age of at least 18 years is a birth of at most 18 years ago: the comparison turns around.
    born = _aged(one)
    length = interval_words(other) if born else None
    return CheckMeaning({born: _compared(_FLIPPED[sign], f"{NOW}-{length[0]} {length[1]}")}) if length else None


def _aged(node: exp.Expr) -> str:
    """The column whose distance to now a node is: `now() - x`, `age(x)`, `age(now(), x)`, the years of one."""
    from sqlglot import exp

    if isinstance(node, exp.Sub) and literal_value(node.this) == NOW:
        return column_name(node.args["expression"])
    if isinstance(node, exp.Anonymous) and str(node.this).lower() == "age":
        parts = node.expressions
        ours = len(parts) == 1 or (len(parts) == 2 and literal_value(parts[0]) == NOW)
        return column_name(parts[-1]) if ours else ""
    return ""


def _of_function(sign: str, left: exp.Expr, right: exp.Expr) -> CheckMeaning | None:
    from sqlglot import exp

    value = literal_value(right)
    if type(left).__name__ == "Anonymous":
        return _of_named(str(left.this).lower(), sign, [column_name(each) for each in left.expressions], value)
    if type(left).__name__ == "Typeof" and column_name(left.this) and isinstance(value, str) and sign == "EQ":
        return CheckMeaning({column_name(left.this): ColumnBounds(storage=(value.lower(),))})
    # `length(trim(x)) > 0`: what is made has no blanks at its ends, so that the trimmed length is its own.
    inner = bare_node(left.this) if isinstance(left.this, exp.Expr) else left
    name = column_name(inner.this if isinstance(inner, exp.Trim) else inner)
    if type(left).__name__ in _LENGTHS and name and isinstance(value, Decimal):
        return _length(name, sign, int(value))
    if isinstance(left, exp.Trim) and name and sign in ("EQ", "NEQ") and value == "":
        return CheckMeaning({name: ColumnBounds(shortest=1) if sign == "NEQ" else ColumnBounds(values=("",))})
    cased = {"Lower": "lower", "Upper": "upper"}
    # `lower(state) = 'new'` takes 'New' as well; of all that it takes, the text as it is written is made.
    if type(left).__name__ in cased and sign in ("EQ", "NEQ") and column_name(left.this) and isinstance(value, str):
        return CheckMeaning({column_name(left.this): _compared(sign, value)})
    for one, other in ((left, right), (right, left)):
        name = column_name(one.this) if type(one).__name__ in cased and sign == "EQ" else ""
        if name and name == column_name(other):
            return CheckMeaning({name: ColumnBounds(letters=cased[type(one).__name__])})
    return None


def _of_named(name: str, sign: str, columns: list[str], value: Value | None) -> CheckMeaning | None:
    if name == "cardinality" and columns[0] and isinstance(value, Decimal):
        none = (sign == "EQ" and value == 0) or (sign in ("LT", "LTE") and value <= (sign == "LT"))
        return (
            CheckMeaning({columns[0]: ColumnBounds(longest=EMPTY)}) if none else _length(columns[0], sign, int(value))
        )
    return None


def _length(name: str, sign: str, size: int) -> CheckMeaning | None:
    match sign:
        case "EQ":
            return CheckMeaning({name: ColumnBounds(shortest=size, longest=size)})
        case "GT" | "GTE":
            return CheckMeaning({name: ColumnBounds(shortest=size + (sign == "GT"))})
        case "LT" | "LTE":
            # Never 0, which would stand for no bound at all.
            return CheckMeaning({name: ColumnBounds(longest=max(size - (sign == "LT"), 1))})
    # `length(x) <> 0` is the one inequality that is a bound.
    return CheckMeaning({name: ColumnBounds(shortest=1)}) if size == 0 else None


def _between(node: exp.Expr, positive: bool) -> CheckMeaning | None:
    from sqlglot import exp

    if not positive:
        return None  # two branches: told apart before
    ends = [exp.GTE(this=node.this, expression=node.args["low"]), exp.LTE(this=node.this, expression=node.args["high"])]
    found = [_comparison(each, True) for each in ends]
    return None if found[0] is None or found[1] is None else found[0].also(found[1])


def _in(node: exp.Expr, positive: bool) -> CheckMeaning | None:
    bare = bare_node(node.this)
    values = [literal_value(each) for each in node.expressions]
    if type(bare).__name__ == "Typeof" and positive and column_name(bare.this):
        names = tuple(value.lower() for value in values if isinstance(value, str))
        return CheckMeaning({column_name(bare.this): ColumnBounds(storage=names)})
    return _one_of(uncased_name(node.this), values, positive)


def _is(node: exp.Expr, positive: bool) -> CheckMeaning | None:
    name = column_name(node.this)
    if not name or type(node.args["expression"]).__name__ != "Null":
        return None
    return CheckMeaning({name: ColumnBounds(null=positive, not_null=not positive)})


def _bare_column(node: exp.Expr, positive: bool) -> CheckMeaning | None:
    name = column_name(node)
    return CheckMeaning({name: ColumnBounds(values=(positive,))}) if name else None


def _matching(whole: Callable[[str], str], exact: Callable[[str], str] | None = None, any_case: bool = False) -> Reader:
    """A reader of patterns. whole: the regular expression of a text to make; exact: of all that are found."""

    def read(node: exp.Expr, positive: bool) -> CheckMeaning | None:
        name, text = uncased_name(node.this), _pattern(node.args.get("expression"))
        if not name or text is None:
            return None
        text = with_plain_classes(text)
        regex = whole(text)
        # What is made and what is checked differ: `%` may stand for anything, but a few letters make a readable text.
        match = Match(text if exact is None else rf"\A(?:{exact(text)})\Z", positive, any_case)
        if not positive:
            return CheckMeaning({name: ColumnBounds(matches=(match,))})
        return CheckMeaning({name: ColumnBounds(pattern=regex, matches=(match,))}) if regex else None

    return read


def _pattern(node: exp.Expr | None) -> str | None:
    value = literal_value(node) if node is not None else None
    return value if isinstance(value, str) else None


def _regex(node: exp.Expr, positive: bool) -> CheckMeaning | None:
    right = bare_node(node.args["expression"])
    # PostgreSQL stores `x SIMILAR TO 'a'` as `x ~ similar_to_escape('a')`, before version 13 as similar_escape.
    if type(right).__name__ == "Anonymous" and str(right.this).lower() in ("similar_to_escape", "similar_escape"):
        similar = node.copy()
        similar.set("expression", right.expressions[0])
        return _SIMILAR(similar, positive)
    return _matching(whole_regex, any_case=type(node).__name__ == "RegexpILike")(node, positive)


Reader = Callable[["exp.Expr", bool], CheckMeaning | None]
_SIMILAR = _matching(regex_of_similar, partial(regex_of_similar, any="[\\s\\S]*", one="[\\s\\S]"))
_LIKE = partial(regex_of_like, any="[\\s\\S]*", one="[\\s\\S]")
_CLASSED_LIKE = partial(regex_of_classed_like, any="[\\s\\S]*", one="[\\s\\S]")


def _like(node: exp.Expr, positive: bool) -> CheckMeaning | None:
    """LIKE, which has classes in SQL Server's dialect alone."""
    classed = any(each.meta.get(DIALECT) == "tsql" for each in node.walk())
    whole, exact = (regex_of_classed_like, _CLASSED_LIKE) if classed else (regex_of_like, _LIKE)
    return _matching(whole, exact, any_case=type(node).__name__ == "ILike")(node, positive)


_READERS: Mapping[str, Reader] = {
    "Cast": lambda node, positive: meaning(bare_node(node), positive),
    **dict.fromkeys(("EQ", "NEQ", "GT", "GTE", "LT", "LTE"), _comparison),
    "Between": _between,
    "In": _in,
    "Is": _is,
    "Column": _bare_column,
    "Like": _like,
    "ILike": _like,
    "Glob": _matching(regex_of_glob, partial(regex_of_glob, any="[\\s\\S]*", one="[\\s\\S]")),
    "RegexpLike": _regex,
    "RegexpFullMatch": _matching(lambda text: text, lambda text: text),
    "RegexpILike": _regex,
    "SimilarTo": _SIMILAR,
}
