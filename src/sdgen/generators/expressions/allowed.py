"""What an SQL expression may be made of: a positive list. Whatever isn't here is refused.

`NODES` are the kinds of syntax (sqlglot's class names), `FUNCTIONS` the functions by DuckDB's names, `TYPES` what a
value may be cast to. The functions that sdgen computes itself come from `functions`. `WHY` explains the refusals people
are likely to meet; it opens nothing.

A function is listed if its value follows from its arguments alone, on every machine, and if its memory is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from sdgen.generators.expressions.functions import OWN_FUNCTIONS

if TYPE_CHECKING:
    from sqlglot import exp


class Refusal(NamedTuple):
    """Why something can't be used, and what to do instead."""

    why: str
    hint: str


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A positive list: whatever a new release of DuckDB or sqlglot brings is refused until somebody has looked at it.
NODES = words(
    """
    Column Identifier Literal Boolean Null Paren Var
    Add Sub Mul Div IntDiv Mod Pow Neg Abs
    BitwiseAnd BitwiseOr BitwiseNot BitwiseLeftShift BitwiseRightShift
    EQ NEQ LT LTE GT GTE NullSafeEQ NullSafeNEQ Is Between In Like ILike Escape
    And Or Not Case If
    Cast TryCast DataType DataTypeParam
    DPipe Anonymous Substring Trim StrPosition Extract Interval
    Array Bracket Slice Struct PropertyEQ ToMap
    JSONExtract JSONExtractScalar JSONPath JSONPathRoot JSONPathKey JSONPathSubscript
    """
)

# None reads a clock, a file or chance, and none has memory without bounds; what varies between releases is in
# `rewrites` or `functions`.
FUNCTIONS = OWN_FUNCTIONS.keys() | words(
    """
    coalesce ifnull nullif greatest least try typeof
    abs floor ceil ceiling mod sign sqrt even gcd lcm fmod fdiv xor bit_count isnan isinf isfinite
    lower lcase upper ucase trim ltrim rtrim substr substring replace translate concat concat_ws length len strlen
    char_length character_length left right lpad rpad reverse split_part strip_accents instr strpos position
    starts_with ends_with prefix suffix contains ascii ord unicode chr hex to_hex to_base64 md5 sha1 sha256
    levenshtein damerau_levenshtein hamming jaccard printf format url_encode
    regexp_replace regexp_extract regexp_matches regexp_full_match regexp_split_to_array regexp_extract_all
    string_split str_split split array_to_string
    date_add date_sub date_diff datediff date_trunc date_part datepart strftime strptime try_strptime last_day
    make_date make_time make_timestamp to_timestamp epoch epoch_ms epoch_us dayname monthname time_bucket
    to_years to_quarters to_months to_weeks to_days to_hours to_minutes to_seconds to_milliseconds to_microseconds
    year quarter month week weekofyear yearweek day dayofmonth dayofweek dayofyear weekday isodow isoyear hour minute
    second millisecond microsecond century decade millennium era
    list_value list_pack array_length list_extract list_element list_contains list_has list_position list_slice
    list_concat list_append list_prepend list_reverse list_sort list_reverse_sort array_contains
    struct_pack struct_extract cardinality element_at map_extract map_keys map_values
    to_json json_object json_array json_extract json_extract_string json_value json_array_length json_valid json_type
    """
)

TYPES = words(
    """
    BOOLEAN TINYINT SMALLINT INT BIGINT INT128 UTINYINT USMALLINT UINT UBIGINT FLOAT DOUBLE DECIMAL
    VARCHAR TEXT CHAR NCHAR NVARCHAR BPCHAR VARBINARY DATE TIME TIMESTAMP TIMESTAMPNTZ TIMESTAMPTZ
    UUID JSON INTERVAL ARRAY LIST
    """
)

# Functions whose result can be as long as an argument says: that argument must be a small number.
LENGTHS = {"lpad": 1, "rpad": 1}
LONGEST = 10_000

# Functions whose texts can be so many times longer than their arguments.
GROWTH = {
    **dict.fromkeys(("string_split", "str_split", "split", "regexp_split_to_array", "regexp_extract_all"), 4),
    **dict.fromkeys(("translate",), 4),  # a character of one byte becomes one of four
    **dict.fromkeys(("url_encode",), 3),
    **dict.fromkeys(("hex", "to_hex", "to_base64"), 2),
}

# Functions that take as many steps as the product of their texts' lengths.
PRODUCTS = frozenset({"levenshtein", "damerau_levenshtein"})

# Functions that take a format, which must be a plain text with small widths.
FORMATS = frozenset({"printf", "format"})

_VARIES = Refusal("it differs from call to call", "draw the value in a column of its own, hidden if need be")
_CLOCK = Refusal("it reads the clock", "write a date, or take it from a column; as_of fixes the moment of a run")
_CPU = Refusal(
    "its last digits differ between CPUs",
    "use sqrt and multiplication, or a generator such as normal or lognormal",
)
_MANY = Refusal(
    "it is computed over many rows",
    "an expression sees one row and its parents; rollup and balance sum up rows, and so does sum(column) "
    "OVER (PARTITION BY link ORDER BY a sequence)",
)
_FILES = Refusal("it reads files or the network", "an expression sees one row and its parents")
_MACHINE = Refusal("it depends on the machine or the session", "an expression sees one row and its parents")
_ROWS = Refusal("an expression sees one row and its parents", "take the parents' columns as link.column")
_MEMORY = Refusal("its memory is not bounded", "lpad and rpad fill texts up to a given length")
_ZONES = Refusal("time zones change from release to release", "times are in UTC; add an interval instead")
_LAMBDA = Refusal("it applies a piece of program", "array and struct generators make nested values")
_REGEX = Refusal("it means different things in different databases", "write regexp_matches or regexp_full_match")
_PARAMETER = Refusal("there is nothing to fill it with", "write the value itself")

# Words that people are likely to try: a refusal with a reason costs them less time than one without.
_GROUPS: tuple[tuple[Refusal, str], ...] = (
    (_VARIES, "random setseed uuid gen_random_uuid uuidv4 uuidv7 nextval currval"),
    (_CLOCK, "now today age get_current_time get_current_timestamp transaction_timestamp current_date current_time"),
    (_CLOCK, "CurrentDate CurrentTime CurrentTimestamp CurrentDatetime Localtime Localtimestamp current_timestamp"),
    (_CPU, "gamma lgamma"),
    (
        _MANY,
        "sum count avg mean min max median mode stddev var_pop variance string_agg array_agg first last",
    ),
    (_MANY, "row_number rank dense_rank lag lead ntile Window Filter Distinct Order WithinGroup"),
    (_FILES, "read_csv read_csv_auto read_parquet parquet_scan read_json read_text read_blob glob sniff_csv getenv"),
    (_MACHINE, "current_setting getvariable version current_database current_schema current_user txid_current hash"),
    (_MACHINE, "CurrentUser CurrentRole CurrentCatalog SessionUser"),
    (_ROWS, "Subquery Select Exists Star Any All Union Table From unnest Dot Unnest Values columns"),
    (_MEMORY, "repeat range generate_series bar"),
    (_ZONES, "AtTimeZone timezone"),
    (_LAMBDA, "Lambda Comprehension list_transform list_filter list_reduce apply filter reduce"),
    (_REGEX, "RegexpLike RegexpFullMatch RegexpILike SimilarTo Glob"),
    (_PARAMETER, "Placeholder Parameter PositionalColumn SessionParameter"),
)
WHY = {word: refusal for refusal, words in _GROUPS for word in words.split()}

# What the kinds of syntax are called in messages.
KINDS_OF_SYNTAX = {
    "Subquery": "a subquery",
    "Select": "a subquery",
    "Exists": "a subquery",
    "Star": "a star",
    "Window": "a window function",
    "Lambda": "a lambda",
    "Comprehension": "a list comprehension",
    "Placeholder": "a parameter",
    "Parameter": "a parameter",
    "AtTimeZone": "AT TIME ZONE",
    "RegexpLike": "~",
    "RegexpFullMatch": "~",  # how sqlglot before 30.27 reads it
    "SimilarTo": "SIMILAR TO",
    "CurrentDate": "current_date",
    "CurrentTime": "current_time",
    "CurrentTimestamp": "current_timestamp",
    "Dot": "a dotted call",
}


# What arguments of certain functions must be: memory stays bounded, and values are the same in every release.


class ArgumentRule(NamedTuple):
    """What an argument has to be: `the length` `must be …`, and what to write instead."""

    thing: str
    must: str
    hint: str = ""


# A width of four digits, or one from an argument, would let a row's text grow without bound.
_BAD_FORMAT = re.compile(r"\d{4,}|\*|\{[^}]*\{")
# Releases differ in printf's %c: an error, or the character.
_CHARACTER = re.compile(r"(?<!%)(?:%%)*%[-+ #0,.\d]*c")
# Whether an anchor holds within the rest of a text differs between releases.
_ANCHORED = re.compile(r"(?<![\[\\])\^|\\[AbB]")
_GROUP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]|(\((?!\?)|\(\?P?<)", re.DOTALL)
_REFERENCE = re.compile(r"\\(.?)", re.DOTALL)
_NO_DISTANCES = frozenset({"era", "epoch", "epoch_seconds", "timezone", "timezone_hour", "timezone_minute"})


def broken_rule(node: exp.Expr, name: str) -> ArgumentRule | None:
    """What an argument of a function should be and isn't; None where nothing is wrong."""
    demands = (check(node.expressions, name) for check in _CHECKS.get(name, ()))
    return next((demand for demand in demands if demand), None)


def _text(arguments: list[exp.Expr], place: int) -> str | None:
    """The plain text that an argument is, if it is one."""
    node = arguments[place] if place < len(arguments) else None
    return str(node.name) if type(node).__name__ == "Literal" and node is not None and node.is_string else None


def _length(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    length = arguments[LENGTHS[name]] if len(arguments) > LENGTHS[name] else None
    plain = length is not None and type(length).__name__ == "Literal" and not length.is_string
    if plain and length is not None and length.name.isdigit() and int(length.name) <= LONGEST:
        return None
    return ArgumentRule("the length", f"must be a plain number, at most {LONGEST}")


def _format(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    format = _text(arguments, 0)
    if format is None or _BAD_FORMAT.search(format):
        return ArgumentRule("the format", "must be a plain text with widths below 1000")
    if name == "printf" and _CHARACTER.search(format):
        return ArgumentRule("the format", "must do without %c, which not all DuckDBs have", "write chr(number)")
    return None


def _pattern(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    """A pattern that isn't one is told before anything runs; pyarrow reads patterns by the library that DuckDB uses."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pattern = _text(arguments, 1)
    # Arrow's regular expressions are RE2's, as DuckDB's are, so that it tells what DuckDB would.
    try:
        pc.match_substring_regex(pa.array([""]), pattern or "")
    except ValueError:
        return ArgumentRule(
            "the pattern", "must be a regular expression", "of RE2: without lookaround and \\1 in the pattern"
        )
    return None


def _separators(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    """Whether an anchor holds at the text's start alone, or at that of each rest, differs between releases."""
    pattern = _text(arguments, 1)
    if pattern and not _ANCHORED.search(pattern):
        return None
    must = r"must be a plain text, not empty, without ^, \A and \b"
    return ArgumentRule("the pattern", must, "string_split splits at a text")


def _replacement(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    r"""References to groups that the pattern hasn't got are an error in some releases, and nothing in others."""
    pattern, replacement = _text(arguments, 1), _text(arguments, 2)
    if replacement is None:
        return None
    groups = sum(bool(match[1]) for match in _GROUP.finditer(pattern or ""))
    wrong = [found for found in _REFERENCE.findall(replacement) if not _is_reference(found, groups)]
    if not wrong:
        return None
    must = f"must not hold \\{wrong[0]}: the pattern has {groups} groups" if pattern else "must not refer to groups"
    return ArgumentRule("the replacement", must, r"\1 stands for the first (…) of a plain pattern, \\ for a backslash")


def _is_reference(character: str, groups: int) -> bool:
    return character == "\\" or (character.isdigit() and int(character) <= groups)


def _unit(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    unit = _text(arguments, 0)
    # date_sub('era', …) ends DuckDB's connection in some releases.
    if unit is not None and unit.lower() not in _NO_DISTANCES:
        return None
    return ArgumentRule("the unit", "must be a plain unit of time, such as 'day'")


_Check = Callable[["list[exp.Expr]", str], ArgumentRule | None]
_CHECKS: Mapping[str, tuple[_Check, ...]] = {
    **dict.fromkeys(LENGTHS, (_length,)),
    **dict.fromkeys(FORMATS, (_format,)),
    **dict.fromkeys(("regexp_matches", "regexp_full_match", "regexp_extract", "regexp_extract_all"), (_pattern,)),
    "regexp_split_to_array": (_pattern, _separators),
    "regexp_replace": (_pattern, _replacement),
    "date_sub": (_unit,),
}
