"""Expressions that cover the syntax: how sqlglot reads them decides what DuckDB is given.

Precedence is covered by all pairs of operators, everything else by examples.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from sdgen.generators.expressions.syntax import parse_expression
from tests.conformance.arguments import words
from tests.conformance.grid import calls
from tests.conformance.shapes import SHAPES

_BINARY = words("** ^ + - * / // % || & | << >> = <> < <= > >= and or -> ->> like")
_BINARY += ["is distinct from", "in", "between b and", "not like", "ilike", "is not distinct from"]
_PREFIX = ["-", "+", "~", "not", "@", "not -", "- -"]
_SUFFIX = [
    "::int",
    "::decimal(9,2)[]",
    "[1]",
    "[1:2]",
    " is null",
    " is not null",
    " is true",
    " in (1, 2)",
    " between 1 and 2",
    " like 'x' escape '!'",
    " isnull",
    " notnull",
]
_LAYOUT = [
    "a+b", "a  +\n\tb", "a /* c */ + b -- d", "A + \"A\" + a", '"select"', '"a b" || "ä"', '"quo""te"', "a.b", '"a"."b"', "a . b",
    "((a))", "( a + b ) * c", "a - (b - c)", "a - b - c", "a / b / c", "a / (b / c)", "- a", "-(-a)", "- -a", "not not a", "a - -1", "a--1",
    "1.", ".5", "1e3", "1E-3", "1_000", "0x1F", "'a''b'", "''", "'a' 'b'", "e'\\n'", "x'41'", "b'1'", "N'a'", "$$a$$", "$a$b$a$", "true", "TRUE", "Null",
    "CASE a WHEN 1 THEN b END", "case when a then b when c then d else e end", "case when a then case when b then c end end + 1",
    "CAST(a AS INT)", "cast(a as double precision)", "a::int::text", "-a::int", "(-a)::int", "-1::int", "not a::bool", "try_cast(a as date)", "a::varchar(10)",
    "a::timestamp with time zone", "a::timestamp without time zone", "a::time", "a::numeric", "a::decimal", "a::dec(5)", "a::int4", "a::int8", "a::long",
    "a::string", "a::char", "a::bytea", "a::real", "a::float4", "a::float8", "a::int[]", "a::int[3]", "a::int[][]", "a::map(text, int)", "a::hugeint", "a::uhugeint",
    "a::timestamp_s", "a::timestamp_ms", "a::timestamp_ns", "a::datetime", "a::json", "a::uuid", "a::interval", "a::bit", "a::enum('x')", "a::oid", "a::signed", "a::logical",
    "date '2024-02-29'", "timestamp '2024-02-29'", "timestamptz '2024-02-29'", "time '12:30'", "interval '1' day", "interval 1 day", "interval '1 day'",
    "interval (a) day", "interval a day", "interval '1 day 2 hours'", "interval -1 day", "INTERVAL '1' MONTHS", "interval 1 year + interval 1 day", "interval '1-2' year to month",
    "extract(year from a)", "extract('year' from a)", "extract(epoch from a - b)", "date_part('year', a)", "position('x' in a)", "substring(a from 2 for 3)",
    "substring(a for 3)", "substring(a, 2)", "substr(a, 2, 3)", "trim(a)", "trim(both from a)", "trim(leading 'x' from a)", "trim('x' from a)", "trim(a, 'x')", "overlay(a placing 'x' from 2)",
    "a in (1)", "a in (1, b, c + 1)", "a not in (1)", "not a in (1)", "a in ()", "a in b", "a between 1 and 2 and b", "a between 1 + 1 and 2 * 3", "a not between 1 and 2", "a between symmetric 1 and 2",
    "a like b", "a not ilike b", "a like b escape c", "a ~~ b", "a !~~ b", "a similar to b", "a glob b", "a ^ b", "a ** b", "a ^@ b", "a !", "a <=> b", "a != b", "a == b", "a := b",
    "a is null", "a isnull", "a is not true", "a is unknown", "a is b", "[]", "[1]", "[1, a, null]", "[[1], []]", "array[1, 2]", "{}", "{'a': 1}", "{a: 1}", "{'a': {'b': [1]}}",
    "row(1, 2)", "(1, 2)", "struct_pack(a := 1)", "map {}", "map {'a': 1}", "map(['a'], [1])", "a[1]", "a[-1]", "a[1:2]", "a[:2]", "a[1:]", "a[:]", "a[1:2:3]", "a[b][c]", "a['x']", "a.b['x']", "[1, 2][1]", "'abc'[1]", "(a)[1]", "(a).b", "a.b.c",
    "a -> 'x'", "a -> 'x' -> 'y'", "a ->> '$.x'", "a -> 1", "a -> b", "a -> '$.x[0]'", "(a -> 'x')::int", "a -> 'x'::text", "a->>'x' = 'y'", "a || b -> 'x'", "a -> 'x' || b", "a -> '/x/y'", "a -> '$.\"x y\"'", "a -> 'x.y'", "a -> ''", "a -> '$'", "a -> '$.*'",
    "json_extract(a, '$.x')", "json_extract_string(a, 'x')", "a::json -> 'x'", "coalesce(a, b, 0)", "COALESCE(a)", "ifnull(a, 0)", "nullif(a, 0)", "if(a, b, c)", "if(a, b)", "iff(a, b, c)", "greatest(a, b)",
    "Upper(a)", "UPPER(a)", "round(a)", "round(a, 2)", "ROUND(a + b, 1 + 1)", "concat(a, b)", "concat_ws(',', a)", "a || b || c", "left(a, 1)", "right(a, 1)", "mod(a, b)", "a % b % c", "sqrt(a)", "log(a)", "pow(a, 2)",
    "strftime(a, '%Y')", "strptime(a, '%Y')", "date_trunc('day', a)", "date_add(a, interval 1 day)", "date_diff('day', a, b)", "datediff('day', a, b)", "date_sub('day', a, b)", "to_days(a)", "year(a)", "last_day(a)", "make_date(a, b, c)",
    "epoch(a)", "epoch_ms(a)", "to_timestamp(a)", "time_bucket(interval 1 day, a)", "regexp_replace(a, 'x', 'y', 'g')", "regexp_extract(a, '(x)', 1)", "regexp_matches(a, 'x')", "string_split(a, ',')", "split(a, ',')", "list_value(a)", "array_length(a)", "len(a)", "length(a)", "unnest(a)",
    "typeof(a)", "hash(a)", "md5(a)", "hex(a)", "chr(a)", "ascii(a)", "printf('%d', a)", "format('{}', a)", "try(a)", "a AS b", "a b", "a,", ",", "()", "a b c", "select", "from", "as_of", "as_of - a", "exists(a)", "any(a)", "a at time zone 'UTC'", "a collate nocase",
    "lambda x: x", "x -> x + 1", "[x for x in a]", "list_transform(a, x -> x)", "count(*)", "sum(a) over ()", "current_date", "current_timestamp", "now()", "current_date()", "*", "a.*", "columns(a)", "#1", "$1", "?", ":a", "@a", "a @> b", "a && b", "a <@ b",
]  # fmt: skip

READINGS: dict[str, list[str]] = {
    "pairs": [f"a {first} b {second} c" for first, second in product(_BINARY, _BINARY)],
    "prefixes": [f"{sign} a {operator} b" for sign, operator in product(_PREFIX, _BINARY)],
    "prefixes within": [f"a {operator} {sign} b" for sign, operator in product(_PREFIX, _BINARY)],
    "suffixes": [f"a {operator} b{suffix}" for suffix, operator in product(_SUFFIX, _BINARY)],
    "prefixes and suffixes": [f"{sign} a{suffix}" for sign, suffix in product(_PREFIX, _SUFFIX)],
    "brackets": [f"a {first} (b {second} c)" for first, second in product(_BINARY[:16], _BINARY[:16])],
    "layout": _LAYOUT,
    "the grid": [call.sql for shapes in SHAPES.values() for call in calls(shapes)],
}


def parse(text: str) -> str:
    """The SQL that an expression is run as, its references and the kinds of its nodes; `refused` where it isn't."""
    parsed = parse_expression(text)
    if parsed.faults:
        return "refused"
    return f"{parsed.sql} of {', '.join(map(str, parsed.references))} as {_kinds(parsed.tree)}"


def _kinds(node: Any) -> str:
    inside = ", ".join(map(_kinds, node.iter_expressions()))
    return f"{type(node).__name__}({inside})" if inside else type(node).__name__
