"""What DuckDB computes differently from release to release, and what is computed in its place: the tables.

All of it was found by tests/conformance, which runs every function on the oldest and the newest release;
docs/decisions/0003-conformance.md says how they differ. `rewrites` puts the forms in place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sdgen.generators.expressions.allowed import words

if TYPE_CHECKING:
    from sqlglot import exp


def _is_literal(node: exp.Expr) -> bool:
    return type(node).__name__ == "Literal"


_PLAIN_TEXT = re.compile(r"\d{4}-\d\d-\d\d|-?\d+ [a-z]+", re.IGNORECASE)  # all releases read it the same


# What an argument is: its type in SQL, and, where that matters, how it is written.
_SIGNED, _UNSIGNED = "TINYINT|SMALLINT|INTEGER|BIGINT", "UTINYINT|USMALLINT|UINTEGER|UBIGINT"
_WHOLE = f"{_SIGNED}|{_UNSIGNED}"
KINDS: dict[str, tuple[str, Callable[[exp.Expr], bool]]] = {
    "any": (".*", lambda node: True),
    "text": (r"VARCHAR|ENUM\(.*\)", lambda node: not (_is_literal(node) and _PLAIN_TEXT.fullmatch(node.name))),
    "day": ("DATE|TIMESTAMP", lambda node: True),
    "moment": ("TIMESTAMP.*", lambda node: True),
    "signed": (_SIGNED, lambda node: True),
    "unsigned": (_UNSIGNED, lambda node: True),
    "whole": (_WHOLE, lambda node: True),
    "digits": (_WHOLE, lambda node: not _is_literal(node) and type(node).__name__ != "Neg"),
    "negative": (_WHOLE, lambda node: type(node).__name__ == "Neg"),
    "computed": (".*", lambda node: not _is_literal(node)),
    "decimal": (r"DECIMAL\(.*\)", lambda node: True),
    "fraction": (r"DECIMAL\((?!38)(\d+),\s*\1\)", lambda node: True),
    "2147483648": (".*", lambda node: _is_literal(node) and node.name == "2147483648"),
}
_REMAINDER = "CASE WHEN {1} = -1 THEN {0} & 0 ELSE {0} % {1} END"  # for the least integer: an error or 0
_TENS = "CAST([" + ", ".join(str(10**digits) for digits in range(21)) + "] AS INT128[])[least(-{1}, 20) + 1]"
# In whole numbers, so that nothing is lost and an overflow is an error.
_AT_TENS = f"CAST(sign({{0}}) * ((abs(CAST(trunc({{0}}) AS INT128)) + {_TENS} // 2) // {_TENS} * {_TENS}) AS {{type}})"
_ROUNDED = f"CASE WHEN {{1}} >= 0 THEN {{0}} WHEN {{1}} < 0 THEN {_AT_TENS} END"
_SPLIT = "CASE WHEN {0} = '' AND {1} IS NOT NULL THEN [''] ELSE {name}({0}, {1}) END"
_CONTAINS = "CASE WHEN {1} IS NULL THEN NULL ELSE {name}({0}, {1}) END"
_WORDS = "CASE WHEN lower(trim({0})) IN ('infinity', '-infinity', 'epoch') THEN NULL ELSE {name}({0}, {1}) END"

# By function or operator: the kinds of its arguments, and what is computed in its place.
CALLS: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "round": ((("whole", "digits"), _ROUNDED), (("decimal", "negative"), _AT_TENS)),
    "mod": ((("signed", "signed"), _REMAINDER),),
    "Mod": ((("signed", "signed"), _REMAINDER),),
    "Neg": ((("2147483648",), "CAST(-{0} AS INT)"), (("unsigned",), "{0} - {0} - {0}")),
    "bit_count": ((("any",), "CAST(bit_count({0}) AS TINYINT)"),),
    "date_trunc": ((("any", "day"), "CAST(date_trunc({0}, {1}) AS TIMESTAMP)"),),
    "epoch_ms": ((("moment",), "(epoch_us({0}) - ((epoch_us({0}) % 1000) + 1000) % 1000) // 1000"),),
    **dict.fromkeys(("split", "str_split", "string_split"), ((("any", "any"), _SPLIT),)),
    **dict.fromkeys(("list_contains", "list_has", "array_contains"), ((("any", "any"), _CONTAINS),)),
    "array_to_string": (
        (("any", "any"), "CASE WHEN len({0}) = 0 AND {1} IS NOT NULL THEN '' ELSE array_to_string({0}, {1}) END"),
    ),
    "try_strptime": ((("any", "any"), _WORDS),),
    "regexp_replace": (
        (("any", "any", "computed"), r"regexp_replace({0}, {1}, replace({2}, '\', '\\'))"),
        (("any", "any", "computed", "any"), r"regexp_replace({0}, {1}, replace({2}, '\', '\\'), {3})"),
    ),
}

# Units that a time of day or an interval has in some releases only.
NO_PARTS = {
    "time": words(
        """
        day days dayofmonth week weeks month months quarter quarters year years decade decades century centuries
        millennium millennia dow weekday dayofweek isodow doy dayofyear isoyear yearweek era
        """
    ),
    "interval": words("week weeks dow weekday dayofweek isodow doy dayofyear isoyear yearweek era timezone"),
}
PARTS = ("date_part", "datepart", "Extract")

_DATE = r"CASE WHEN regexp_matches({0}, '[ T]\s*\d+\s*$|:60') THEN 'no date' ELSE {0} END"
_INTERVAL = (
    r"CASE WHEN regexp_matches({0}, '^\s*[-+]?[0-9.]+\s*$') THEN 'no interval' "
    r"ELSE regexp_replace({0}, '(\.\d{{6}})\d+', '\1', 'g') END"
)
_HUGE = r"CASE WHEN regexp_matches({0}, '^\s*[-+]?0[xXbB]') THEN 'no number' ELSE {0} END"
_WITH_A_DIGIT = (("fraction", "CAST({0} AS DECIMAL({wider}, {scale}))"),)
ARGUMENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "cast to DATE": (("text", _DATE),),
    "cast to INTERVAL": (("text", _INTERVAL),),
    "cast to INT128": (("text", _HUGE),),
    "cast to JSON": _WITH_A_DIGIT,
    **dict.fromkeys(("to_json", "json_object", "json_array"), _WITH_A_DIGIT),
}
