"""How each function, operator, cast and literal of expressions is called: its call shapes, as data.

`<name>` in a shape stands for one argument from a set (or a group of sets) of `arguments.py`; several of them are tried
in all combinations.
"""

from __future__ import annotations

from tests.conformance.arguments import words

_MOMENT_PARTS = words(
    "year quarter month week weekofyear yearweek day dayofmonth dayofweek dayofyear weekday isodow isoyear "
    "century decade millennium era"
)
_TIME_PARTS = words("hour minute second millisecond microsecond")
_STEPS = words("years quarters months weeks days hours minutes seconds milliseconds microseconds")

FUNCTIONS: dict[str, tuple[str, ...]] = {
    # whatever comes first, nulls, types
    "coalesce": ("coalesce(<few_number>, <few_int>)", "coalesce(<few_text>, 'x')", "coalesce(<date>, <few_timestamp>)", "coalesce(<ints>, [0])"),
    "ifnull": ("ifnull(<few_number>, <few_int>)", "ifnull(<few_text>, '')"),
    "nullif": ("nullif(<few_number>, <few_int>)", "nullif(<few_text>, 'abc')", "nullif(<few_double>, <few_double>)"),
    "greatest": ("greatest(<few_number>, <few_double>)", "greatest(<few_bigint>, <few_number>)", "greatest(<few_text>, <few_text>)", "greatest(<few_moment>, <few_moment>)"),
    "least": ("least(<few_number>, <few_double>)", "least(<few_bigint>, <few_number>)", "least(<few_text>, <few_text>)", "least(<few_moment>, <few_moment>)"),
    "try": ("try(<few_int> // <few_int>)", "try(<number_text>::int)", "try(<moment_text>::date)", "try(<few_bigint> * <few_bigint>)"),
    "typeof": ("typeof(<scalar>)", "typeof(<nest>)", "typeof(<few_number> + <few_number>)", "typeof(<number>)"),
    # numbers
    "abs": ("abs(<number>)",),
    "round": ("round(<number>)", "round(<number>, <digits>)", "round(<many_double>, 2)", "round(<many_double>, 1)", "round(<many_double>)",
              "round(<whole>::double / 1000, 2)", "round(<decimal>, 1)", "round(<decimal>, 0)", "round(<decimal>, -1)", "round(<number_text>::double, 2)"),
    "floor": ("floor(<number>)", "floor(<many_double>)"),
    "ceil": ("ceil(<number>)", "ceil(<many_double>)"),
    "ceiling": ("ceiling(<number>)",),
    "mod": ("mod(<few_number>, <few_number>)",),
    "sign": ("sign(<number>)",),
    "sqrt": ("sqrt(abs(<number>))", "sqrt(abs(<many_double>))", "sqrt(<few_number>)"),
    "trunc": ("trunc(<number>)", "trunc(<many_double>)", "trunc(<decimal>, 1)", "trunc(<double>, <digits>)"),
    "even": ("even(<number>)", "even(<many_double>)"),
    "gcd": ("gcd(<few_whole>, <few_whole>)", "gcd(<few_d38_10>::hugeint, <few_int>)"),
    "lcm": ("lcm(<few_whole>, <few_whole>)",),
    "fmod": ("fmod(<few_number>, <few_number>)", "fmod(<double>, <few_double>)"),
    "fdiv": ("fdiv(<few_number>, <few_number>)", "fdiv(<double>, <few_double>)"),
    "xor": ("xor(<few_whole>, <few_whole>)",),
    "bit_count": ("bit_count(<whole>)", "bit_count(<few_d38_10>::hugeint)"),
    "isnan": ("isnan(<floating>)", "isnan(<timestamp>)"),
    "isinf": ("isinf(<floating>)", "isinf(<moment>)"),
    "isfinite": ("isfinite(<floating>)", "isfinite(<moment>)"),
    **{name: (f"{name}(<number>)", f"{name}(<many_double>)") for name in words(
       "exp ln log10 log2 cbrt sin cos tan cot asin acos atan sinh cosh tanh asinh acosh atanh degrees radians")},
    **{name: (f"{name}(<few_number>, <few_number>)", f"{name}(<double>, <few_double>)") for name in ("pow", "power", "atan2")},
    "log": ("log(<many_double>)", "log(<few_double>, <double>)"),
    "pi": ("pi()",),
    # texts
    **{name: (f"{name}(<text>)",) for name in words(
       "lower lcase upper ucase length len strlen char_length character_length reverse strip_accents ascii ord unicode md5 "
       "sha1 sha256 url_encode")},
    **{name: (f"{name}(<text>)", f"{name}(<text>, <few_text>)") for name in ("trim", "ltrim", "rtrim")},
    **{name: (f"{name}(<text>, <place>, <place>)", f"{name}(<text>, <place>)") for name in ("substr", "substring")},
    "replace": ("replace(<text>, <few_text>, <few_text>)",),
    "translate": ("translate(<text>, <few_text>, <few_text>)",),
    "concat": ("concat(<text>, <few_text>)", "concat(<scalar>, '|')", "concat(<nest>)", "concat(<few_number>, <few_text>, <few_date>)", "concat(<any_double>)"),
    "concat_ws": ("concat_ws(<few_text>, <few_text>, <few_int>, 'z')", "concat_ws('-', <scalar>)"),
    "left": ("left(<text>, <place>)",),
    "right": ("right(<text>, <place>)",),
    "lpad": ("lpad(<text>, <width>, <few_text>)",),
    "rpad": ("rpad(<text>, <width>, <few_text>)",),
    "split_part": ("split_part(<text>, <few_text>, <place>)",),
    **{name: (f"{name}(<text>, <few_text>)",) for name in words(
       "instr strpos starts_with ends_with prefix suffix contains levenshtein damerau_levenshtein string_split str_split split")},
    "position": ("position(<few_text> in <text>)",),
    "hamming": ("hamming(<few_text>, <few_text>)",),
    "jaccard": ("jaccard(<few_text>, <few_text>)", "jaccard(<text>, 'abcdef')"),
    "chr": ("chr(<code>)",),
    "hex": ("hex(<text>)", "hex(<whole>)", "hex(<binary>)"),
    "to_hex": ("to_hex(<text>)", "to_hex(<whole>)", "to_hex(<binary>)"),
    "to_base64": ("to_base64(<binary>)",),
    "printf": ("printf(<double_format>, <double>)", "printf(<int_format>, <bigint>)", "printf(<text_format>, <text>)", "printf(<double_format>, <d9_2>)",
               "printf(<text_format>, <few_moment>)", "printf('%.2f', <many_double>)"),
    "format": ("format(<double_braces>, <double>)", "format(<int_braces>, <bigint>)", "format(<text_braces>, <text>)", "format(<double_braces>, <d9_2>)",
               "format(<text_braces>, <few_moment>)", "format('{:.2f}', <many_double>)", "format('{}', <any_double>)"),
    # regular expressions
    "regexp_replace": ("regexp_replace(<text>, <pattern>, '#')", "regexp_replace(<text>, <few_pattern>, <replacement>, 'g')", "regexp_replace(<text>, '[0-9]', <few_text>)", "regexp_replace(<text>, '([A-Z])', '-', <options>)"),
    "regexp_extract": ("regexp_extract(<text>, <pattern>)", "regexp_extract(<text>, <few_pattern>, <group>)", "regexp_extract(<text>, '([A-Z]+)', 1, <match_options>)"),
    "regexp_matches": ("regexp_matches(<text>, <pattern>)", "regexp_matches(<text>, '[A-Z]', <match_options>)"),
    "regexp_full_match": ("regexp_full_match(<text>, <pattern>)", "regexp_full_match(<text>, '[A-Z]', <match_options>)"),
    "regexp_split_to_array": ("regexp_split_to_array(<text>, <pattern>)", "regexp_split_to_array(<text>, '[A-Z]', <match_options>)"),
    "regexp_extract_all": ("regexp_extract_all(<text>, <pattern>)", "regexp_extract_all(<text>, <few_pattern>, <group>)"),
    "array_to_string": ("array_to_string(<texts>, <few_text>)", "array_to_string(<ints>, ',')", "array_to_string(<doubles>, ',')"),
    # dates and times
    "date_add": ("date_add(<moment>, <interval>)", "date_add(<moment>, to_months(<span>))"),
    "date_sub": ("date_sub(<unit>, <few_date>, <few_date>)", "date_sub(<unit>, <few_timestamp>, <few_timestamp>)", "date_sub(<unit>, <few_timestamptz>, <few_timestamptz>)", "date_sub(<unit>, <time>, <time>)"),
    "date_diff": ("date_diff(<unit>, <few_date>, <few_date>)", "date_diff(<unit>, <few_timestamp>, <few_timestamp>)", "date_diff(<unit>, <few_timestamptz>, <few_timestamptz>)", "date_diff('day', <few_moment>, <few_moment>)", "date_diff(<unit>, <time>, <time>)"),
    "datediff": ("datediff('day', <few_date>, <few_date>)", "datediff('month', <few_date>, <few_date>)",),
    "date_trunc": ("date_trunc(<trunc_unit>, <moment>)", "date_trunc(<trunc_unit>, <few_interval>)::text"),
    "date_part": ("date_part(<unit>, <clock>)", "date_part(<unit>, <few_interval>)", "date_part('week', <many_dates>)"),
    "datepart": ("datepart('doy', <clock>)", "datepart('epoch', <clock>)",),
    "strftime": ("strftime(<moment>, <format>)", "strftime(<many_dates>, '%a %b %d %j %U %W %V %G %u')"),
    "strptime": ("strptime(<moment_text>, <reading>)",),
    "try_strptime": ("try_strptime(<moment_text>, <reading>)",),
    "last_day": ("last_day(<moment>)",),
    "make_date": ("make_date(<year>, <part>, <part>)",),
    "make_time": ("make_time(<part>, <part>, <seconds>)",),
    "make_timestamp": ("make_timestamp(<year>, <part>, <part>, 12, 30, 1.5)", "make_timestamp(2024, 2, 29, <part>, <part>, <seconds>)", "make_timestamp(<bigint>)"),
    "to_timestamp": ("to_timestamp(<unix>)", "to_timestamp(<bigint>)", "to_timestamp(<int>)", "to_timestamp(<d9_2>)"),
    "epoch": ("epoch(<clock>)", "epoch(<few_interval>)"),
    "epoch_ms": ("epoch_ms(<clock>)", "epoch_ms(<few_interval>)", "epoch_ms(<bigint>)"),
    "epoch_us": ("epoch_us(<clock>)", "epoch_us(<few_interval>)"),
    "dayname": ("dayname(<moment>)", "dayname(<many_dates>)"),
    "monthname": ("monthname(<moment>)", "monthname(<many_dates>)"),
    "time_bucket": ("time_bucket(<bucket>, <moment>)", "time_bucket(<bucket>, <few_timestamp>, interval '5 hours')", "time_bucket(<bucket>, <few_timestamp>, timestamp '2024-01-03 05:00:00')"),
    **{f"to_{step}": (f"to_{step}(<span>)::text", f"<few_moment> + to_{step}(<span>)", f"to_{step}(<few_double>)::text", f"to_{step}(<few_bigint>)::text") for step in _STEPS},
    **{name: (f"{name}(<moment>)", f"{name}(<few_interval>)", f"{name}(<many_dates>)") for name in _MOMENT_PARTS},
    **{name: (f"{name}(<clock>)", f"{name}(<few_interval>)") for name in _TIME_PARTS},
    # lists, structs, maps
    "list_value": ("list_value(<few_number>, <few_int>)", "list_value(<few_text>, 'x')"),
    "list_pack": ("list_pack(<few_number>, <few_int>)", "list_pack(<few_moment>, <few_date>)"),
    "array_length": ("array_length(<list>)", "array_length(<list>, <place>)"),
    "list_extract": ("list_extract(<list>, <place>)", "list_extract(<few_text>, <place>)"),
    "list_element": ("list_element(<list>, <place>)",),
    **{name: (f"{name}(<ints>, <few_int>)", f"{name}(<doubles>, <few_double>)", f"{name}(<texts>, <few_text>)", f"{name}(<decimals>, 0.1)", f"{name}(<nested>, [1])") for name in
       ("list_contains", "list_has", "list_position", "array_contains")},
    "list_slice": ("list_slice(<list>, <place>, <place>)", "list_slice(<few_text>, <place>, <place>)"),
    "list_concat": ("list_concat(<list>, <list>)",),
    "list_append": ("list_append(<ints>, <few_int>)", "list_append(<texts>, <few_text>)", "list_append(<doubles>, <few_d4_1>)"),
    "list_prepend": ("list_prepend(<few_int>, <ints>)", "list_prepend(<few_text>, <texts>)"),
    "list_reverse": ("list_reverse(<list>)",),
    "list_sort": ("list_sort(<list>)", "list_sort(<list>, 'DESC')", "list_sort(<list>, 'ASC', 'NULLS LAST')"),
    "list_reverse_sort": ("list_reverse_sort(<list>)", "list_reverse_sort(<list>, 'NULLS LAST')"),
    "struct_pack": ("struct_pack(a := <few_number>, b := <few_text>)", "struct_pack(a := <nest>)"),
    "struct_extract": ("struct_extract(<struct>, 'a')", "struct_extract(<struct>, 'b')", "struct_extract(<deep>, 's')"),
    "cardinality": ("cardinality(<map>)", "cardinality(<numbers_map>)"),
    "element_at": ("element_at(<map>, <few_text>)", "element_at(<numbers_map>, <few_int>)"),
    "map_extract": ("map_extract(<map>, <few_text>)", "map_extract(<numbers_map>, <few_int>)"),
    "map_keys": ("map_keys(<map>)", "map_keys(<numbers_map>)"),
    "map_values": ("map_values(<map>)", "map_values(<numbers_map>)"),
    # JSON
    "to_json": ("to_json(<scalar>)", "to_json(<nest>)", "to_json(<interval>)", "to_json(<number>)", "to_json(<number_text>)"),
    "json_object": ("json_object('k', <scalar>)", "json_object(<few_text>, <nest>)"),
    "json_array": ("json_array(<scalar>, 'x')", "json_array(<nest>)"),
    "json_extract": ("json_extract(<json_text>, <path>)",),
    "json_extract_string": ("json_extract_string(<json_text>, <path>)",),
    "json_value": ("json_value(<json_text>, <path>)",),
    "json_array_length": ("json_array_length(<json_text>)", "json_array_length(<json_text>, <path>)"),
    "json_valid": ("json_valid(<json_text>)",),
    "json_type": ("json_type(<json_text>)", "json_type(<json_text>, <path>)"),
}  # fmt: skip

OPERATORS: dict[str, tuple[str, ...]] = {
    "+": ("<few_number> + <few_number>", "<date> + <span>", "<moment> + <interval>", "<time> + <interval>", "<few_date> + <time>",
          "(<interval> + interval '1 day')::text", "<double> + <few_double>", "+<number>"),
    "-": ("<few_number> - <few_number>", "<date> - <span>", "<moment> - <interval>", "<time> - <interval>", "<few_date> - <few_date>",
          "(<few_timestamp> - <few_moment>)::text", "(<interval> - interval '1 month')::text", "<double> - <few_double>", "-<number>", "(-<interval>)::text"),
    "*": ("<few_number> * <few_number>", "(<interval> * <few_int>)::text", "(<interval> * <few_double>)::text", "<double> * <few_double>", "<d9_2> * <decimal>", "<d18_6> * <d18_6>"),
    "/": ("<few_number> / <few_number>", "(<interval> / <few_int>)::text", "<double> / <few_double>", "<decimal> / <few_int>", "<d9_2> / <decimal>", "<d18_6> / <d18_6>"),
    "//": ("<few_number> // <few_number>", "<double> // <few_double>"),
    "**": ("<few_number> ** <few_double>", "<few_int> ** <few_int> ** 2", "-<few_double> ** 2"),
    "^": ("<few_double> ^ <few_double>", "2 * <few_double> ^ 2"),
    "%": ("<few_number> % <few_number>", "<double> % <few_double>"),
    "@": ("@<number>", "@(-<few_number>)"),
    "~": ("~<whole>",),
    "&": ("<few_whole> & <few_whole>",),
    "|": ("<few_whole> | <few_whole>",),
    "<<": ("<few_whole> << <shift>",),
    ">>": ("<few_whole> >> <shift>",),
    "||": ("<few_text> || <few_text>", "<scalar> || 'x'", "<list> || <list>", "<few_number> || <few_text>", "<binary> || <binary>", "<nest> || 'x'"),
    **{sign: (f"<few_number> {sign} <few_number>", f"<sortable> {sign} <sortable>", f"<ints> {sign} <ints>", f"<struct> {sign} <struct>",
              f"(<few_interval>) {sign} interval '30 days'", f"<doubles> {sign} <doubles>") for sign in ("=", "<")},
    **{sign: (f"<few_double> {sign} <few_double>", f"<few_bigint> {sign} <few_ubigint>", f"<few_text> {sign} <few_text>", f"<few_date> {sign} <few_timestamp>",
              f"<doubles> {sign} <doubles>") for sign in ("<>", "<=", ">", ">=")},
    "!=": ("<few_int> != <few_double>",),
    "==": ("<few_int> == <few_double>",),
    "is distinct from": ("<few_number> is distinct from <few_number>", "<few_text> is distinct from <few_text>"),
    "is not distinct from": ("<few_double> is not distinct from <few_double>",),
    "is": ("<few_number> is null", "<few_text> is not null", "<bool> is true", "<bool> is not false"),
    "between": ("<few_number> between <few_int> and <few_double>", "<few_text> between 'a' and 'c'", "<few_moment> not between '2024-01-01' and '2024-12-31'"),
    "in": ("<few_number> in (0, 2.5, null)", "<few_text> not in ('a', 'é')", "<few_date> in ('2024-02-29', '1970-01-01')"),
    "like": ("<text> like <like>", "<text> not like <like>", "<text> like <like> escape '!'"),
    "ilike": ("<text> ilike <like>", "<text> not ilike <like>"),
    "and": ("<bool> and <bool>", "<few_int> > 0 and <bool>"),
    "or": ("<bool> or <bool>",),
    "not": ("not <bool>", "not (<few_int> > 1)"),
    "case": ("case when <few_int> > 1 then <few_number> else 2 end", "case <few_text> when 'a' then 1 when 'é' then 2.5 end", "case when <bool> then <few_date> else <few_timestamp> end"),
    "untyped": ("case when <bool> then null end", "[null]", "coalesce(null, null)", "nullif(null, 1)", "[[]]"),
    "if": ("if(<bool>, <few_number>, 1)", "if(<few_int> > 0, <few_text>, null)"),
    "extract": ("extract(year from <moment>)", "extract(epoch from <clock>)", "extract(week from <moment>)", "extract(millisecond from <clock>)", "extract(doy from <time>)"),
    "trim": ("trim(both 'x ' from <text>)", "trim(leading <few_text> from <text>)", "trim(trailing 'a' from <text>)"),
    "substring": ("substring(<text> from <place> for <place>)", "substring(<text> from <place>)"),
    "[]": ("<list>[<place>]", "<list>[<place>:<place>]", "<text>[<place>]", "<text>[<place>:<place>]", "<map>['k']", "<numbers_map>[1]", "<struct>['b']",
           "[<few_number>, <few_number>]", "[<few_text>]", "[]", "<list>[:2]", "<list>[2:]", "<list>[1:-1:2]"),
    "{}": ("{'a': <few_number>, 'b': [<few_text>]}", "map {'k': <few_number>}", "map {<few_int>: <few_text>}"),
    "->": ("<json_text>::json -> <path>", "<json_text>::json -> 'a' -> 'b'", "<json_text>::json -> 1", "<json_text>::json -> 'a'"),
    "->>": ("<json_text>::json ->> <path>", "<json_text>::json -> 'a' ->> 'b'", "<json_text>::json ->> 'a'", "<json_text>::json ->> 0"),
    "literal": ("<written_number>", "typeof(<written_number>)", "<string>", "length(<string>)", "true", "false", "null", "'2024-02-29'::date", "date '2024-02-29'",
                "timestamp '2024-02-29 12:30:45.5'", "time '12:30'", "<interval>::text", "typeof(<interval>)", "-<written_number>", "interval (<span>) month::text",
                "<few_moment> + interval (<span>) day", "as_of", "strftime(as_of, '%c')"),
}  # fmt: skip

# What each type on the list is written as, where a value is cast to it.
TYPES: dict[str, tuple[str, ...]] = {
    "BOOLEAN": ("boolean", "bool"),
    "TINYINT": ("tinyint",),
    "SMALLINT": ("smallint",),
    "INT": ("int", "integer"),
    "BIGINT": ("bigint",),
    "INT128": ("hugeint",),
    "UTINYINT": ("utinyint",),
    "USMALLINT": ("usmallint",),
    "UINT": ("uinteger",),
    "UBIGINT": ("ubigint",),
    "FLOAT": ("float", "real"),
    "DOUBLE": ("double",),
    "DECIMAL": ("decimal", "decimal(4,1)", "decimal(10,2)", "decimal(18,6)", "decimal(38,10)", "numeric(9,0)"),
    "VARCHAR": ("varchar", "varchar(3)"),
    "TEXT": ("text",),
    "CHAR": ("char(2)",),
    "NCHAR": ("nchar(2)",),
    "NVARCHAR": ("nvarchar",),
    "BPCHAR": ("bpchar",),
    "VARBINARY": ("blob", "bytea"),
    "DATE": ("date",),
    "TIME": ("time",),
    "TIMESTAMP": ("timestamp", "datetime"),
    "TIMESTAMPNTZ": ("timestamp without time zone",),
    "TIMESTAMPTZ": ("timestamptz",),
    "UUID": ("uuid",),
    "JSON": ("json",),
    "INTERVAL": ("interval",),
    "ARRAY": ("int[]", "text[]", "double[]", "decimal(9,1)[]", "int[][]", "json[]"),
    "LIST": ("int list",),
}  # fmt: skip
_CAST_FROM = ("<scalar>", "<spelling>", "<nest>", "<few_interval>")


def _casts(spelling: str, all: bool) -> tuple[str, ...]:
    """Casts to a type; an interval, which no column holds, is looked at as a text."""
    shapes = [f"cast({source} as {spelling})" for source in _CAST_FROM] if all else []
    shapes += [f"try_cast(<spelling> as {spelling})"] if all else [f"try_cast(<number_text> as {spelling})"]
    shapes += [f"<few_number>::{spelling}"] if all else [f"<few_int>::{spelling}"]
    return tuple(f"({shape})::text" if spelling == "interval" else shape for shape in shapes)


# The same type under another name is tried on less.
_SAME = frozenset(words("bool integer real datetime numeric(9,0) text char(2) nchar(2) nvarchar bpchar bytea"))
CASTS = {
    spelling: _casts(spelling, spelling not in _SAME | {"timestamp without time zone"})
    for spellings in TYPES.values()
    for spelling in spellings
}
SHAPES: dict[str, tuple[str, ...]] = {
    **{f"{name}()": shapes for name, shapes in FUNCTIONS.items()},
    **OPERATORS,
    **{f"cast to {spelling}": shapes for spelling, shapes in CASTS.items()},
}
