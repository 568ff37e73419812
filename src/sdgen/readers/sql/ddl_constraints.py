"""Table constraints and indexes of DDL: keys, foreign keys, CHECKs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sdgen.readers.sql.ddl_columns import read_check, read_names, read_table_name
from sdgen.readers.sql.ddl_tokens import Tokens
from sdgen.readers.sql.schema import CheckSchema, ExclusionSchema, ForeignKeySchema, KeySchema, TableName

Constraint = KeySchema | ForeignKeySchema | CheckSchema | ExclusionSchema
PRIMARY = "primary key"
UNIQUE = "unique"

_BEGINS = frozenset({"CONSTRAINT", "PRIMARY", "FOREIGN", "CHECK", "EXCLUDE", "LIKE", "PERIOD"})
_MYSQL = frozenset({"KEY", "INDEX", "FULLTEXT", "SPATIAL"})
_MODIFIERS = ("CLUSTERED", "NONCLUSTERED", "KEY", "INDEX")


def begins_constraint(words: Tokens, dialect: str) -> bool:
    """Whether an item of a table's body is a constraint, not a column."""
    upper = words.ahead().upper
    if upper == "UNIQUE":
        return True
    after = words.ahead(1)
    if upper in ("LIKE", "PERIOD", "CHECK", "EXCLUDE", "INDEX"):  # a column may be called so
        named = after.upper in ("(", "FOR", "USING") or upper == "LIKE" or (upper == "INDEX" and after.quoted)
        return named or (upper in _MYSQL and dialect in ("mysql", "tsql"))
    return upper in _BEGINS or (upper in _MYSQL and dialect == "mysql")


_FIRST_WORDS = frozenset({"CONSTRAINT", "PRIMARY", "FOREIGN", "UNIQUE", "CHECK"})


def split_constraints(words: Tokens) -> list[Tokens]:
    """The constraints of an item: SQLite takes them without commas between."""
    starts, depth = [0], 0
    for place, word in enumerate(words.words):
        depth += {"(": 1, ")": -1}.get(word.upper, 0)
        # The name of a constraint stands between CONSTRAINT and its kind: the pair begins one constraint, not two.
        named = place > 1 and words.words[place - 2].upper == "CONSTRAINT"
        if place and not depth and word.upper in _FIRST_WORDS and not named:
            starts.append(place)
    return [words.part(start, end) for start, end in pairwise([*starts, len(words.words)])]


def read_constraint(words: Tokens, columns: frozenset[str]) -> tuple[str, Constraint | None]:
    """A constraint and what it is: "primary key", "unique", "foreign key", "check", or its first word if it's another.

    columns: those of the table, to find them within expressions.
    """
    line = words.line
    name = words.name() if words.takes("CONSTRAINT") and not _begins_unnamed(words) else ""
    if words.takes("PRIMARY", "KEY"):
        return PRIMARY, _key(words, columns, name, line)
    if words.takes("UNIQUE"):
        return UNIQUE, _key(words, columns, name, line)
    if words.takes("FOREIGN", "KEY"):
        return "foreign key", _foreign_key(words, name, line)
    if words.takes("CHECK"):
        words.takes("NOT", "FOR", "REPLICATION")
        return "check", read_check(words, name, line)
    if words.takes("EXCLUDE"):
        return "exclude", read_exclusion(words, columns, name, line)
    return words.ahead().text.lower(), None


def read_exclusion(words: Tokens, columns: frozenset[str], name: str, line: int) -> ExclusionSchema | None:
    """An exclusion constraint from behind EXCLUDE; None where other operators than = and && stand in it."""
    if words.takes("USING"):
        words.next()
    equal: list[str] = []
    spans: list[tuple[str, ...]] = []
    for part in words.inside().split():
        named, operator = _element(part, columns)
        alike = len(set(named)) == 1
        if operator == "&&" and named and not (alike and len(named) > 1):
            spans.append(tuple(dict.fromkeys(named)))
        elif operator in ("=", "&&") and alike:  # a range from a number to itself stands for it
            equal.append(named[0])
        else:
            return None
    return ExclusionSchema(tuple(equal), tuple(spans), name, line)


def _element(part: Tokens, columns: frozenset[str]) -> tuple[list[str], str]:
    """The columns in an element of an exclusion constraint, and its operator."""
    # The last WITH: an expression before it may hold one.
    ends = [place for place, word in enumerate(part.words) if word.upper == "WITH"]
    end = ends[-1] if ends else len(part.words)
    names = [_folded(word.text, word.quoted, part) for word in part.words[:end] if not word.literal]
    return [name for name in names if name in columns], part.sql(end + 1).strip()


def _begins_unnamed(words: Tokens) -> bool:
    """MySQL takes CONSTRAINT without a name."""
    return words.sees("PRIMARY", "KEY") or words.sees("FOREIGN", "KEY") or words.sees("CHECK", "(")


def _key(words: Tokens, columns: frozenset[str], name: str, line: int) -> KeySchema:
    while words.takes_any(*_MODIFIERS):
        pass
    nulls = not words.takes("NULLS", "NOT", "DISTINCT")
    words.takes("NULLS", "DISTINCT")
    if words.takes("USING", "INDEX"):  # PostgreSQL: the index of that name becomes the key
        return KeySchema((), words.name(), line)
    if not words.sees("(") and not words.sees("USING"):
        name = words.name()  # MySQL: UNIQUE KEY name (…)
    if words.takes("USING"):
        words.next()
    inside = words.inside()
    own, parts = key_columns(inside, columns)
    return KeySchema(own, name, line, "", bool(parts), nulls, key_prefixes(inside), parts)


def key_prefixes(words: Tokens) -> tuple[tuple[str, int], ...]:
    """The columns of a key of which the first characters alone count, as MySQL declares it: `url(191)`."""
    parts = [part for part in words.split() if part.ahead(1).upper == "(" and part.ahead(2).upper.isdigit()]
    return tuple((part.ahead().text, int(part.ahead(2).text)) for part in parts)


def key_columns(words: Tokens, columns: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of a key, and all that it is over, as SQL, where there are expressions, such as lower(email)."""
    found: list[str] = []
    parts: list[str] = []
    computed = False
    for part in words.split():
        parts.append(_expression(part))
        # `url(191)` is a column of which MySQL looks at the first characters; `lower(email)` is an expression.
        called = part.ahead(1).upper == "(" and not part.ahead(2).upper.isdigit()
        plain = not (part.sees("(") or called or _operator(part))
        if plain:
            found.append(part.name())
            continue
        computed = True
        names = [_folded(word.text, word.quoted, words) for word in part.words if not word.literal]
        found += [name for name in names if name in columns]
    return tuple(dict.fromkeys(found)), tuple(parts) if computed else ()


def _expression(part: Tokens) -> str:
    """An element of an index without what stands behind it: the order, a collation, a class of operators."""
    # SQLite alone takes operators outside of parentheses.
    if _operator(part):
        ends = [place for place, word in enumerate(part.words) if word.upper in ("ASC", "DESC", "COLLATE")]
        return part.sql(0, min(ends, default=len(part.words)))
    element = part.part(0, len(part.words))
    while not element.sees("(") and element.ahead(1).upper == ".":
        element.place += 2
    if not element.sees("("):
        element.next()
    if element.sees("("):
        element.inside()
    return part.sql(0, element.place)


def _operator(part: Tokens) -> bool:
    """Whether an operator stands outside of parentheses."""
    rest = part.part(0, len(part.words))
    while not rest.done:
        word = rest.ahead()
        if not (word.literal or word.quoted or word.upper in "(." or word.text[0].isalnum() or word.text[0] in "_@#$"):
            return True
        rest.skip()
    return False


def _folded(text: str, quoted: bool, words: Tokens) -> str:
    return text.lower() if words.folds and not quoted else text


def _foreign_key(words: Tokens, name: str, line: int) -> ForeignKeySchema:
    if not words.sees("("):
        name = name or words.name()  # MySQL: FOREIGN KEY name (…)
    columns = tuple(read_names(words.inside()))
    words.expect("REFERENCES")
    table = read_table_name(words)
    to = tuple(read_names(words.inside())) if words.sees("(") else ()
    return ForeignKeySchema(columns, table, to, name, line, words.takes("MATCH", "FULL"))


@dataclass(frozen=True)
class DdlIndex:
    """What CREATE UNIQUE INDEX says. nulls: whether any number of rows may have nulls in it."""

    table: TableName
    name: str
    columns: Tokens
    where: str
    nulls: bool


def read_index(words: Tokens) -> DdlIndex:
    """An index from behind the word INDEX."""
    words.takes("CONCURRENTLY")
    words.takes("IF", "NOT", "EXISTS")
    name = "" if words.sees("ON") else words.path()[-1]
    if words.takes("USING"):
        words.next()
    words.expect("ON")
    words.takes("ONLY")
    table = read_table_name(words)
    if words.takes("USING"):
        words.next()
    columns, nulls = words.inside(), True
    while not words.done and not words.sees("WHERE"):
        nulls = nulls and not words.sees("NULLS", "NOT", "DISTINCT")
        words.skip()
    where = words.sql(words.place) if words.takes("WHERE") else ""
    return DdlIndex(table, name, columns, where, nulls)


# Partitions: rows are written to the whole table, so their bounds are a condition on its columns.
_OPEN = frozenset({"MINVALUE", "MAXVALUE"})


@dataclass(frozen=True)
class Bounds:
    """What one partition takes, as SQL: rows from `low` to before `high`, or the rows with these values.

    above: not all rows with `low`, as further columns have bounds too. everything: it takes what no other does, or
    rows by their hash.
    """

    low: str = ""
    high: str = ""
    values: tuple[str, ...] = ()
    everything: bool = False
    line: int = 0
    above: bool = False


def read_bounds(words: Tokens) -> Bounds:
    """The bounds of FOR VALUES …, or of DEFAULT."""
    line = words.line
    if words.takes("FOR", "VALUES", "FROM"):
        low, above = _ends(words.inside())
        words.expect("TO")
        return Bounds(low, _ends(words.inside())[0], line=line, above=above)
    if words.takes("FOR", "VALUES", "IN"):
        return Bounds(values=tuple(part.sql() for part in words.inside().split()), line=line)
    return Bounds(everything=True, line=line)


def _ends(words: Tokens) -> tuple[str, bool]:
    """The first column's end of a bound, "" for none, and whether further columns narrow it."""
    first, *others = words.split()
    narrowed = any(part.ahead().upper not in _OPEN for part in others)
    return "" if first.ahead().upper in _OPEN else first.sql(), narrowed


@dataclass(frozen=True)
class Partitioning:
    """How rows find a partition: RANGE, LIST or HASH of columns, and what each partition takes.

    A part that is partitioned itself comes with how.
    """

    kind: str
    columns: tuple[str, ...]
    parts: Sequence[tuple[Bounds, Partitioning | None]]

    @property
    def takes_rows(self) -> bool:
        return any(nested is None or nested.takes_rows for _, nested in self.parts)

    def groups(self) -> list[tuple[list[Bounds], Partitioning | None]]:
        """The parts that ask the same of further columns, together."""
        groups: dict[tuple[str, ...], list[tuple[Bounds, Partitioning | None]]] = {}
        for bounds, nested in self.parts:
            if nested is None or nested.takes_rows:
                asked = tuple(check.sql for check in nested.conditions()) if nested is not None else ()
                groups.setdefault(asked, []).append((bounds, nested))
        found = [([bounds for bounds, _ in group], group[0][1]) for group in groups.values()]
        if self.kind == "HASH" or len(found) < 2:
            return found
        if not self.columns:  # an expression, of which the most parts are as good as all
            return [max(found, key=lambda group: len(group[0]))]
        # What a DEFAULT partition takes is told by the others alone; their own rows find them without it.
        told = [([each for each in bounds if not each.everything], nested) for bounds, nested in found]
        return [group for group in told if group[0]]

    def conditions(self) -> list[CheckSchema]:
        """What the partitions ask of columns; nothing where any value finds one."""
        groups = self.groups()
        asked = [
            [*_conditions(self.kind, self.columns, bounds), *(nested.conditions() if nested is not None else ())]
            for bounds, nested in groups
        ]
        # Which part a row goes to by its hash is not known beforehand: it keeps what all of them ask.
        if self.kind == "HASH" or len(asked) < 2:
            return list({check.sql: check for checks in asked for check in checks}.values())
        sides = [" AND ".join(f"({check.sql})" for check in checks) for checks in asked]
        line = groups[0][0][0].line
        return [CheckSchema(" OR ".join(f"({side})" for side in sides), f"partitions by {self.kind.lower()}", line)]

    def required(self) -> set[str]:
        """The columns that can't be null."""
        found = set[str]()
        for bounds, nested in self.groups():
            found |= nested.required() if nested is not None else set()
            if not any(each.everything or "NULL" in map(str.upper, each.values) for each in bounds):
                found |= set(self.columns)
        return found


def _conditions(kind: str, columns: Sequence[str], bounds: Sequence[Bounds]) -> list[CheckSchema]:
    """The condition on the partitions' first column."""
    # A DEFAULT partition, and partitions by hash, take any row.
    if not bounds or not columns or any(each.everything for each in bounds):
        return []
    column = '"' + columns[0].replace('"', '""') + '"'
    name, line = f"partitions by {kind.lower()}", bounds[0].line
    if kind == "LIST":
        values = ", ".join(value for each in bounds for value in each.values if value.upper() != "NULL")
        return [CheckSchema(f"{column} IN ({values})", name, line)] if values else []
    if kind != "RANGE":
        return []
    low, above, high = _longest_run(bounds)
    sides = [f"{column} {'>' if above else '>='} {low}"] if low else []
    sides += [f"{column} < {high}"] if high else []
    return [CheckSchema(" AND ".join(sides), name, line)] if sides else []


def _longest_run(bounds: Sequence[Bounds]) -> tuple[str, bool, str]:
    """The ends of most partitions that follow one another without a gap; whether the lower one is left out."""
    after = {each.low: each for each in bounds}
    ends = {each.high for each in bounds}
    best: list[Bounds] = []
    # Rows between two partitions find none, so that one range must not span a gap.
    for start in [each for each in bounds if each.low not in ends or not each.low]:
        run = [start]
        while run[-1].high in after and run[-1].high and len(run) <= len(bounds):
            run.append(after[run[-1].high])
        best = max(best, run, key=len)
    return (best[0].low, best[0].above, best[-1].high) if best else ("", False, "")
