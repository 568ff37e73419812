"""CHECK conditions → branches: a disjunction of conjunctions, each of which says of columns what keeps the condition.

A CHECK holds where it is not false, and SQL's logic has three values: so each part is asked for in one of four ways
(`Truth`), and De Morgan's laws lead from a condition's ways to those of its parts. Both are exact (Kleene's logic).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

from sdgen.inference.sampled_values import is_expression
from sdgen.readers.sql.check_facts import CheckMeaning, ColumnBounds
from sdgen.readers.sql.check_syntax import (
    COMPARISONS,
    DIALECT,
    FLAG,
    bare_node,
    column_condition,
    is_condition,
    literal_value,
    with_backslashes,
    without_parens,
)
from sdgen.readers.sql.disjunctions import MOST_BRANCHES, Branches, TooManyError, all_of, any_of
from sdgen.readers.sql.unenforced_checks import holds_on_null

if TYPE_CHECKING:
    from sqlglot import exp


class Truth(Enum):
    """What a condition is to be."""

    TRUE = "true"
    FALSE = "false"
    NOT_FALSE = "not false"
    NOT_TRUE = "not true"

    @property
    def positive(self) -> bool:
        return self in (Truth.TRUE, Truth.NOT_FALSE)

    @property
    def strict(self) -> bool:
        """Whether null is not enough."""
        return self in (Truth.TRUE, Truth.FALSE)

    @property
    def opposite(self) -> Truth:
        """What a condition is to be where NOT of it is to be this."""
        return _OPPOSITE[self]


_OPPOSITE = {
    Truth.TRUE: Truth.FALSE,
    Truth.FALSE: Truth.TRUE,
    Truth.NOT_FALSE: Truth.NOT_TRUE,
    Truth.NOT_TRUE: Truth.NOT_FALSE,
}


def branches_of(sql: str, dialect: str, flags: Collection[str] = (), truth: Truth = Truth.NOT_FALSE) -> Branches:
    """The branches of a condition; none where no row keeps it. What isn't understood is told in them.

    flags: the columns that are true or false, in lower case: a sum of them counts. truth: a CHECK holds where it is
    not false, an index has the rows for which its condition is true.
    """
    # A condition is read again at every step that asks what it says: of the flags, those that it may speak of tell.
    folded = sql.lower()
    return _branches_of(sql, dialect, frozenset(flag for flag in flags if flag in folded), truth)


@lru_cache(maxsize=4096)
def _branches_of(sql: str, dialect: str, flags: frozenset[str], truth: Truth) -> Branches:
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        tree = with_backslashes(parse_one(sql, dialect=dialect, into=exp.Condition), dialect)
        for column in tree.find_all(exp.Column):
            # The marks travel with the nodes: rewritten copies of a part keep its columns, but know nothing of the
            # whole condition.
            column.meta[FLAG], column.meta[DIALECT] = column.name.lower() in flags, dialect
        return branches(tree, truth)
    # Deeply nested conditions of generated schemas exceed Python's stack in the parser; they are told like any other.
    except (SqlglotError, AttributeError, RecursionError):
        return (CheckMeaning(unknown=((sql, ()),)),)


def branches(node: exp.Expr, truth: Truth) -> Branches:
    """The branches in which a condition is what it is to be."""
    try:
        return _branches(node, truth)
    # Only this part is given up: what is said beside it is still read.
    except TooManyError:
        return (_unknown(node, truth),)


def _branches(node: exp.Expr, truth: Truth) -> Branches:
    from sqlglot import exp

    node = without_parens(node)
    # Some nodes of sqlglot say NOT by a flag of their own instead of a Not around them.
    if node.args.get("negate"):
        plain = node.copy()
        plain.set("negate", False)
        return branches(plain, truth.opposite)
    if isinstance(node, exp.Not):
        return branches(node.this, truth.opposite)
    if isinstance(node, exp.And | exp.Or):
        parts = [branches(part, truth) for part in _flat(node, type(node))]
        # De Morgan: where AND is to be false, one of its parts is, and where OR is to be false, all of them are.
        return all_of(parts) if isinstance(node, exp.And) == truth.positive else any_of(parts)
    reader = _READERS.get(type(node).__name__)
    found = reader(node, truth) if reader is not None else None
    if found is None:
        found = _by_alternatives(node, truth)
    return found if found is not None else _leaf(node, truth)


def _by_alternatives(node: exp.Expr, truth: Truth) -> Branches | None:
    """A condition with a CASE, COALESCE or NULLIF inside: each of the values that this may have, where it has it."""
    from sdgen.readers.sql.check_shapes import alternatives

    found = alternatives(node)
    if found is None:
        return None
    # CASE passes over a WHEN that is null as it passes over one that is false.
    wanted = {True: Truth.TRUE, False: Truth.NOT_TRUE}
    return any_of(
        all_of([*(branches(each, wanted[holds]) for each, holds in conditions), branches(plain, truth)])
        for conditions, plain in found
    )


def _flat(node: exp.Expr, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    """The operands of a chain of AND or OR, without recursion: generated conditions have hundreds."""
    waiting = [node]
    while waiting:
        each = without_parens(waiting.pop())
        if isinstance(each, kind):
            waiting += [each.args["expression"], each.this]
        else:
            yield each


# ------------------------------------------------------------------ conditions of conditions


def _leaf(node: exp.Expr, truth: Truth) -> Branches:
    """What a condition without conditions inside says."""
    from sdgen.readers.sql.checks import constant, meaning

    known = constant(node)
    if known is not None:
        return (CheckMeaning(),) if known == truth.positive else ()
    # A null by itself is not false, so a CHECK holds on it; it is not true either.
    if type(node).__name__ == "Null":
        return () if truth.strict else (CheckMeaning(),)
    found = meaning(node, truth.positive)
    if found is None:
        return (_of_one_column(node, truth) or _unknown(node, truth),)
    # IS NULL is never null itself, so it asks no column to have a value.
    return (found.strict,) if truth.strict and type(node).__name__ != "Is" else (found,)


def _of_one_column(node: exp.Expr, truth: Truth) -> CheckMeaning | None:
    """A condition over one column that an expression may compute, so that values can be tried by it."""
    name, sql = column_condition(node, _dialect(node))
    if not name or not is_expression(sql):
        return None
    # Where the condition does not become null with its column, null is no way to keep it.
    firm = truth.strict or not holds_on_null(node.sql(), name)
    sql = sql if truth.positive else f"NOT ({sql})"
    return CheckMeaning({name: ColumnBounds(conditions=(sql,), not_null=firm)})


def _dialect(node: exp.Expr) -> str:
    from sqlglot import exp

    return next((str(column.meta.get(DIALECT, "")) for column in node.find_all(exp.Column)), "")


def _unknown(node: exp.Expr, truth: Truth) -> CheckMeaning:
    from sqlglot import exp

    columns = tuple(dict.fromkeys(column.name for column in node.find_all(exp.Column)))
    sql = node.sql() if truth.positive else f"NOT ({node.sql()})"
    return CheckMeaning(unknown=((sql, columns),))


def _equal(node: exp.Expr, truth: Truth) -> Branches | None:
    """Two conditions that hold together or not at all (=), or of which one holds (<>, XOR); else a plain comparison."""
    one, other = without_parens(node.this), without_parens(node.args["expression"])
    plain = ("Column", "Boolean")
    told = is_condition(one) or is_condition(other) or type(node).__name__ == "Xor"
    if not told or not all(is_condition(each) or type(bare_node(each)).__name__ in plain for each in (one, other)):
        return _compared(node, truth) if type(node).__name__ in _OPPOSITES else None
    same = (type(node).__name__ in ("EQ", "NullSafeEQ")) == truth.positive
    sides = [(Truth.TRUE, Truth.TRUE), (Truth.FALSE, Truth.FALSE)]
    sides = sides if same else [(Truth.TRUE, Truth.FALSE), (Truth.FALSE, Truth.TRUE)]
    found = [all_of([branches(one, first), branches(other, second)]) for first, second in sides]
    # A comparison with a null in it is null, which keeps a CHECK.
    if not truth.strict:
        found += [_null(each) for each in (one, other)]
    return any_of(found)


def _null(node: exp.Expr) -> Branches:
    """The branches in which a comparison is null: one of its columns is."""
    from sqlglot import exp

    parts = (type(each).__name__ for each in node.walk())
    if not all(part in _NULL_BY_PARTS or part in (*COMPARISONS, "Between", "In", "Like") for part in parts):
        return ()
    names = dict.fromkeys(column.name for column in node.find_all(exp.Column))
    return tuple(CheckMeaning({name: ColumnBounds(null=True)}) for name in names)


def _is(node: exp.Expr, truth: Truth) -> Branches | None:
    """`x IS TRUE` and the like, of columns or conditions; nulls of columns are plain."""
    right = bare_node(node.args["expression"])
    this = without_parens(node.this)
    if type(right).__name__ == "Boolean":
        wanted = Truth.TRUE if right.this else Truth.FALSE
        return branches(this, wanted if truth.positive else Truth.NOT_TRUE if right.this else Truth.NOT_FALSE)
    if type(right).__name__ != "Null":
        return None
    if is_condition(this):
        known = [branches(this, Truth.TRUE), branches(this, Truth.FALSE)]
        return _null(this) if truth.positive else any_of(known)
    return _is_null(this, truth.positive)


def _is_null(node: exp.Expr, null: bool) -> Branches | None:
    """A sum or the like is null where one of its columns is; a row of columns where all are, or none (IS NOT NULL)."""
    from sqlglot import exp

    if isinstance(node, exp.Column) or not all(type(each).__name__ in _NULL_BY_PARTS for each in node.walk()):
        return None
    names = dict.fromkeys(column.name for column in node.find_all(exp.Column))
    each = [(CheckMeaning({name: ColumnBounds(null=null, not_null=not null)}),) for name in names]
    return any_of(each) if null and not isinstance(node, exp.Tuple) else all_of(each)


_NULL_BY_PARTS = frozenset(
    (
        *("Tuple", "Column", "Identifier", "Literal", "Paren", "Add", "Sub", "Mul", "Neg", "Cast", "DataType"),
        *("DataTypeParam", "Trim", "Lower", "Upper", "Length"),
    )
)


def _distinct(node: exp.Expr, truth: Truth) -> Branches | None:
    """IS [NOT] DISTINCT FROM, which is never null: both are null, or neither is and they are equal."""
    from sqlglot import exp

    if is_condition(without_parens(node.this)) or is_condition(without_parens(node.args["expression"])):
        return _equal(node, Truth.TRUE if truth.positive else Truth.FALSE)
    one, other = node.this, node.args["expression"]
    same = isinstance(node, exp.NullSafeEQ) == truth.positive
    nulls = [exp.Is(this=each.copy(), expression=exp.Null()) for each in (one, other)]
    plain = exp.EQ(this=one.copy(), expression=other.copy())
    yes, no = Truth.TRUE, Truth.FALSE
    if same:
        return any_of([all_of(branches(each, yes) for each in nulls), branches(plain, yes)])
    apart = [(yes, no), (no, yes)]
    found = [all_of(branches(each, want) for each, want in zip(nulls, pair, strict=True)) for pair in apart]
    return any_of([branches(plain, no), *found])


def _in(node: exp.Expr, truth: Truth) -> Branches | None:
    """How many conditions hold, as one of a list: `num_nonnulls(a, b, c) IN (0, 3)`."""
    from sqlglot import exp

    from sdgen.readers.sql.check_shapes import counted_terms

    # A single condition, such as a flag's, is no number of conditions.
    if not truth.positive or not node.expressions or len(counted_terms(node.this) or ()) < 2:
        return None
    each = [exp.EQ(this=node.this.copy(), expression=value.copy()) for value in node.expressions]
    return any_of(branches(one, truth) for one in each)


def _between(node: exp.Expr, truth: Truth) -> Branches | None:
    """NOT BETWEEN has two sides; how many conditions hold is asked twice."""
    from sqlglot import exp

    from sdgen.readers.sql.check_shapes import counted_terms

    if truth.positive and len(counted_terms(node.this) or ()) > 1:
        ends = ((exp.GTE, node.args["low"]), (exp.LTE, node.args["high"]))
        return all_of(branches(kind(this=node.this.copy(), expression=end.copy()), truth) for kind, end in ends)
    if truth.positive:
        return None
    below = exp.LT(this=node.this.copy(), expression=node.args["low"].copy())
    above = exp.GT(this=node.this.copy(), expression=node.args["high"].copy())
    wanted = Truth.TRUE if truth.strict else Truth.NOT_FALSE
    return any_of([branches(below, wanted), branches(above, wanted)])


# ------------------------------------------------------------------ how many conditions hold


def _compared(node: exp.Expr, truth: Truth) -> Branches | None:
    """A comparison of how many conditions hold, or of the greatest or least of some values."""
    from sdgen.readers.sql.check_shapes import EXTREMES, of_extremes

    plain = of_extremes(node if truth.positive else opposed(node))
    if plain is None:
        return _counted(node, truth)
    # PostgreSQL's GREATEST passes nulls over, so that null is no excuse: GREATEST(NULL, 5) > 6 is false.
    extreme = any(type(without_parens(each)).__name__ in EXTREMES for each in (node.this, node.args["expression"]))
    return branches(plain, Truth.TRUE if truth.strict or extreme else Truth.NOT_FALSE)


def opposed(node: exp.Expr) -> exp.Expr:
    """The comparison that holds where this one is false."""
    from sqlglot import exp

    kind: type[exp.Expr] = getattr(exp, _OPPOSITES[type(node).__name__])
    return kind(this=node.this.copy(), expression=node.args["expression"].copy())


def _counted(node: exp.Expr, truth: Truth) -> Branches | None:
    """Of so many conditions so many hold: `(a IS NULL)::int + (b IS NULL)::int = 1`, num_nonnulls."""
    from sdgen.readers.sql.check_shapes import counted_terms

    sign = type(node).__name__ if truth.positive else _OPPOSITES.get(type(node).__name__, "")
    value, terms = literal_value(node.args["expression"]), counted_terms(node.this)
    # The number may stand on either side: `1 = num_nonnulls(a, b)`.
    if terms is None:
        value, terms, sign = literal_value(node.this), counted_terms(node.args["expression"]), _FLIPPED.get(sign, "")
    if not terms or not isinstance(value, Decimal) or sign not in _HOLDS:
        return None
    numbers = [number for number in range(len(terms) + 1) if _HOLDS[sign](Decimal(number), value)]
    if not numbers:
        return ()
    # At least so many: those that hold are enough to be told, and the others are free. At most so many likewise.
    most, least = numbers[-1] == len(terms), numbers[0] == 0
    several = len(numbers) > 1 and numbers[-1] - numbers[0] == len(numbers) - 1
    numbers = numbers[:1] if several and most else numbers[-1:] if several and least else numbers
    if sum(comb(len(terms), number) for number in numbers) > MOST_BRANCHES:
        raise TooManyError
    yes = [((CheckMeaning(),) if several and least and not most else branches(term, Truth.TRUE)) for term in terms]
    no = [((CheckMeaning(),) if several and most else branches(term, Truth.NOT_TRUE)) for term in terms]
    chosen = [set(some) for number in numbers for some in combinations(range(len(terms)), number)]
    return any_of(all_of(yes[at] if at in some else no[at] for at in range(len(terms))) for some in chosen)


_OPPOSITES = {"GT": "LTE", "GTE": "LT", "LT": "GTE", "LTE": "GT", "EQ": "NEQ", "NEQ": "EQ"}
_FLIPPED = {"GT": "LT", "GTE": "LTE", "LT": "GT", "LTE": "GTE", "EQ": "EQ", "NEQ": "NEQ"}
_HOLDS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "GT": lambda one, other: one > other,
    "GTE": lambda one, other: one >= other,
    "LT": lambda one, other: one < other,
    "LTE": lambda one, other: one <= other,
    "EQ": lambda one, other: one == other,
    "NEQ": lambda one, other: one != other,
}
_READERS: Mapping[str, Callable[[exp.Expr, Truth], Branches | None]] = {
    **dict.fromkeys(("EQ", "NEQ", "Xor"), _equal),
    **dict.fromkeys(("GT", "GTE", "LT", "LTE"), _compared),
    **dict.fromkeys(("NullSafeEQ", "NullSafeNEQ"), _distinct),
    "Is": _is,
    "Between": _between,
    "In": _in,
}
