"""Column definitions and types of DDL: `name type constraint constraint …`, with unknown words passed over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sdgen.readers.sql.ddl_tokens import Tokens
from sdgen.readers.sql.schema import CheckSchema, ColumnSchema, ForeignKeySchema, KeySchema, SqlType, TableName

# Dialects share no grammar, and new options come with each release: what isn't known is passed over word by word. A
# parser of one dialect's grammar would refuse the dumps of others.
#
# Words that end a column's type or default: what follows is a constraint or an option.
_ENDS = frozenset(
    [
        "NOT",
        "NULL",
        "PRIMARY",
        "KEY",
        "UNIQUE",
        "CHECK",
        "REFERENCES",
        "DEFAULT",
        "GENERATED",
        "AS",
        "IDENTITY",
        "AUTO_INCREMENT",
        "AUTOINCREMENT",
        "COMMENT",
        "COLLATE",
        "CONSTRAINT",
        "CHARACTER",
        "CHARSET",
        "ON",
        "VISIBLE",
        "INVISIBLE",
        "ENABLE",
        "DISABLE",
        "STORED",
        "VIRTUAL",
        "PERSISTED",
        "ROWGUIDCOL",
        "SPARSE",
        "DEFERRABLE",
        "INITIALLY",
        "FOREIGN",
        "STORAGE",
        "COMPRESSION",
        "USING",
        "WITH",
        "WITHOUT",
        "FIRST",
        "AFTER",
    ]
)
# Second and later words of a type's name, by its words so far.
_LONGER: dict[str, frozenset[str]] = {
    "double": frozenset({"precision"}),
    "character": frozenset({"varying", "large"}),
    "char": frozenset({"varying"}),
    "nchar": frozenset({"varying"}),
    "national": frozenset({"character", "char", "varchar"}),
    "national character": frozenset({"varying"}),
    "national char": frozenset({"varying"}),
    "character large": frozenset({"object"}),
    "binary": frozenset({"varying", "large"}),
    "binary large": frozenset({"object"}),
    "bit": frozenset({"varying"}),
    "long": frozenset({"raw", "varchar"}),
}
_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO")
_LISTED = frozenset({"enum", "set", "geometry", "geography"})  # of words, not of sizes
_NESTED = frozenset({"struct", "row", "map", "union"})  # DuckDB's, which their words and sizes don't tell
_SERIALS = frozenset({"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"})


def read_type(words: Tokens, loose: bool = False) -> SqlType:
    """A type's words, sizes, values and array marks. loose: any words may follow one another, as in SQLite."""
    # A type may be named with its schema: pg_catalog.int4, public.mood.
    word = words.path()[-1].lower()
    while not words.ahead().quoted and _continues(words, word, loose):
        word = f"{word} {words.next().text.lower()}"
    sizes, values = _sizes(words, word)
    if word in ("timestamp", "time"):
        word = _zoned(words, word)
    # PostgreSQL's intervals may name their fields: INTERVAL DAY TO SECOND(3).
    if word == "interval":
        while words.takes_any(*_FIELDS):
            if words.sees("("):
                words.skip()
    unsigned = False
    while option := words.takes_any("UNSIGNED", "SIGNED", "ZEROFILL"):
        unsigned = unsigned or option != "SIGNED"
    return SqlType(word, sizes, values, _dimensions(words), unsigned)


def _continues(words: Tokens, word: str, loose: bool) -> bool:
    ahead = words.ahead()
    if ahead.text.lower() in _LONGER.get(word, frozenset()):
        return True
    return loose and ahead.upper.isidentifier() and ahead.upper not in _ENDS


def _sizes(words: Tokens, word: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    if not words.sees("("):
        return (), ()
    inner = words.inside()
    parts = [part.ahead() for part in inner.split()]
    if word in _LISTED:
        return (), tuple(part.text for part in parts)
    return tuple(int(part.text) for part in parts if part.text.isdigit()), ()


def _zoned(words: Tokens, word: str) -> str:
    words.takes("WITHOUT", "TIME", "ZONE")
    if words.takes("WITH", "LOCAL", "TIME", "ZONE") or words.takes("WITH", "TIME", "ZONE"):
        return f"{word} with time zone"
    return word


def _dimensions(words: Tokens) -> int:
    dimensions = 0
    while words.sees("[") or words.sees("ARRAY"):
        dimensions += 1
        if words.takes("ARRAY") and not words.sees("["):
            continue
        while not words.done and not words.takes("]"):
            words.next()
    return max(dimensions, 0)


@dataclass
class DdlColumn:
    """A column as its definition says, with the constraints that stand in it."""

    name: str
    type: SqlType
    line: int
    nullable: bool = True
    default: str = ""
    counts: bool = False
    computed: bool = False
    expression: str = ""
    description: str = ""
    primary: KeySchema | None = None
    unique: list[KeySchema] = field(default_factory=list)
    checks: list[CheckSchema] = field(default_factory=list)
    foreign_keys: list[ForeignKeySchema] = field(default_factory=list)

    @property
    def schema(self) -> ColumnSchema:
        return ColumnSchema(
            self.name,
            self.type,
            self.line,
            self.nullable,
            self.default,
            self.counts,
            self.computed,
            self.description,
            self.expression,
        )


def read_column(words: Tokens, dialect: str) -> DdlColumn:
    """The column that a definition makes."""
    line = words.line
    name = words.name()
    # SQLite takes columns without a type. CHARACTER begins a type as well as MySQL's CHARACTER SET.
    typed = not words.done and not (words.ahead().upper in _ENDS and not words.sees("CHARACTER"))
    start = words.place
    type = read_type(words, dialect == "sqlite") if typed else SqlType("")
    if dialect == "duckdb" and (type.dimensions or type.word in _NESTED):
        type = replace(type, text=words.sql(start, words.place))
    found = DdlColumn(name, type, line)
    if found.type.word in _SERIALS:
        found.counts, found.nullable = True, False
        # MySQL's SERIAL is BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE.
        if dialect == "mysql":
            found.unique.append(KeySchema((name,), "", line))
    read_options(words, found)
    return found


def read_options(words: Tokens, found: DdlColumn) -> None:
    """All that stands behind a column's type."""
    constraint = ""
    while not words.done:
        line = words.line
        if words.takes("CONSTRAINT"):
            constraint = words.name()
            continue
        option = words.ahead().upper
        handler = _OPTIONS.get(option)
        if handler is None:
            words.skip()
            continue
        words.next()
        handler(words, found, constraint, line)
        constraint = ""


def _not_null(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    # NOT may also begin NOT DEFERRABLE, NOT ENFORCED or NOT VISIBLE.
    if words.takes("NULL"):
        found.nullable = False


def _primary(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    words.takes("KEY")
    found.primary, found.nullable = KeySchema((found.name,), constraint, line), False


def _unique(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    words.takes("KEY")
    nulls = not words.takes("NULLS", "NOT", "DISTINCT")
    found.unique.append(KeySchema((found.name,), constraint, line, nulls=nulls))


def _check(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    if words.sees("("):
        found.checks.append(read_check(words, constraint, line))


def read_check(words: Tokens, name: str, line: int) -> CheckSchema:
    """A CHECK from its condition on."""
    sql = words.inside().sql()
    words.takes("NOT", "VALID")
    return CheckSchema(sql, name, line, inherited=not words.takes("NO", "INHERIT"))


def _references(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    table = read_table_name(words)
    to = tuple(read_names(words.inside())) if words.sees("(") else ()
    found.foreign_keys.append(ForeignKeySchema((found.name,), table, to, constraint, line))
    skip_actions(words)


def skip_actions(words: Tokens) -> None:
    """What may follow REFERENCES: ON DELETE SET NULL must not be taken for NULL or DEFAULT of the column."""
    while words.sees("ON") and words.ahead(1).upper in ("DELETE", "UPDATE"):
        words.takes_any("ON")
        words.next()
        if words.takes("SET") or words.takes("NO"):
            words.next()
        else:
            words.next()
        if words.sees("("):
            words.skip()


def _default(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    words.takes("ON", "NULL")
    start = words.place
    words.skip()  # the first word is of the default even where it is NULL, which ends one elsewhere
    while not words.done and words.ahead().upper not in _ENDS:
        words.skip()
        # WITH ends a default elsewhere, but is a part of it in `'…'::timestamp with time zone`.
        if words.sees("WITH") and words.ahead(1).upper in ("TIME", "LOCAL"):
            words.next()
    found.default = words.sql(start, words.place)
    if "nextval" in found.default.lower():  # how pg_dump writes SERIAL
        found.counts = True


def _generated(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    words.takes_any("ALWAYS") or words.takes("BY", "DEFAULT")
    words.takes("ON", "NULL")
    words.takes("AS")
    if words.sees("("):
        found.expression, found.computed = words.inside().sql(), True
    elif words.takes("IDENTITY"):
        _identity(words, found, constraint, line)


def _identity(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    found.counts, found.nullable = True, False
    if words.sees("("):
        words.skip()


def _computed(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    found.computed = True
    if words.sees("("):
        found.expression = words.inside().sql()
    else:
        words.skip()


def _counts(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    found.counts = True


def _comment(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    if words.ahead().literal:
        found.description = words.next().text


def _two_words(words: Tokens, found: DdlColumn, constraint: str, line: int) -> None:
    """An option with one word after it that says nothing about values: COLLATE x, ON CONFLICT REPLACE."""
    words.takes("UPDATE") or words.takes("CONFLICT") or words.takes("SET")
    words.skip()
    while words.takes("."):
        words.next()


_OPTIONS: dict[str, Callable[[Tokens, DdlColumn, str, int], None]] = {
    "NOT": _not_null,
    "PRIMARY": _primary,
    # In MySQL, KEY alone behind a column's type means its primary key.
    "KEY": _primary,
    "UNIQUE": _unique,
    "CHECK": _check,
    "REFERENCES": _references,
    "DEFAULT": _default,
    "GENERATED": _generated,
    "AS": _computed,
    "IDENTITY": _identity,
    "AUTO_INCREMENT": _counts,
    "AUTOINCREMENT": _counts,
    "COMMENT": _comment,
    "COLLATE": _two_words,
    "CHARACTER": _two_words,
    "CHARSET": _two_words,
    "ON": _two_words,
}


def read_table_name(words: Tokens) -> TableName:
    """A table's name with the last schema before it."""
    path = words.path()
    return TableName(path[-1], path[-2] if len(path) > 1 else "")


def read_names(words: Tokens) -> list[str]:
    """The names of a column list, without what follows each of them."""
    return [part.name() for part in words.split()]
