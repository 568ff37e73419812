"""What the functions of expressions are tried on: ordinary and awkward values of every type, as data.

`ARGUMENTS` are columns: a type and its values. `LITERALS` are written into the expression itself, for arguments that
must be constants. `GROUPS` stand for several sets at a time.
"""

from __future__ import annotations

import math
import struct
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

Values = list[Any]


def words(text: str) -> list[str]:
    return text.split()


def _integers(bits: int, signed: bool) -> Values:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    around = (-100, -10, -7, -3, -2, -1, 0, 1, 2, 3, 7, 10, 12, 64, 100)
    return [low, low + 1, *(number for number in around if low < number), high - 1, high, None]


def _decimals(precision: int, scale: int) -> Values:
    """Bounds, the smallest units, and halves of a digit that a lesser scale would round."""
    units = {0, 1, 4, 5, 6, 15, 25, 45, 50, 55, 95, 99, 145, 149, 150, 250, 999, 1005, 2675, 10**precision - 1}
    units |= {5 * 10 ** (precision - 1), 10 ** (precision - 1) + 5, 15 * 10 ** max(scale - 1, 0)}
    fitting = sorted(unit for unit in units if unit < 10**precision)
    return [Decimal((sign, tuple(map(int, str(unit))), -scale)) for unit in fitting for sign in (0, 1)] + [None]


def _any_doubles(count: int) -> Values:
    """Doubles of every size, by their bits: SplitMix64 from zero on, without the infinities."""
    made: Values = []
    state = 0
    while len(made) < count:
        state = (state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        bits = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        (value,) = struct.unpack("<d", struct.pack("<Q", bits ^ (bits >> 31)))
        made += [value] if math.isfinite(value) else []
    return made


HALVES = [0.5, -0.5, 1.5, 2.5, -2.5, 0.15, 0.25, 0.35, 1.005, -1.005, 1.115, 2.345, 2.675, -2.675, 0.285, 8.345, 1.255]
NEAR_HALVES = [0.49999999999999994, 1.0049999999999999, 1.0050000000000001, 2.4999999999999996, 123456.785, 99999.995]
EDGES = [2147483647.5, 2147483648.0, -2147483648.5, 4503599627370495.5, 4503599627370496.5, 9007199254740993.0,
         9.223372036854775e18, 9.223372036854776e18, -9.223372036854776e18, 1.8446744073709552e19, 1e19, 1e22, 1e23,
         127.5, -128.5, 255.5, 32767.5, 65535.5, 4294967295.5, 1.7e38, 1.7014118346046923e38]  # fmt: skip
TINY_HUGE = [5e-324, -5e-324, 2.2250738585072014e-308, 1e-300, 1e-7, 1e-5, 0.0001, 1e300, 1.7976931348623157e308]
PLAIN = [0.0, -0.0, 1.0, -1.0, 3.0, -7.0, 7.25, 100.0, 1e15, 1e16, 1 / 3, 0.1 + 0.2, 123456789.123, 999999.9999995]
SPECIAL = [math.inf, -math.inf, math.nan, None]
DOUBLES = [*PLAIN, *HALVES, *NEAR_HALVES, *EDGES, *TINY_HUGE, *SPECIAL]
FLOATS = [value for value in DOUBLES if value is None or not math.isfinite(value) or abs(value) < 3e38]

TEXTS = [
    "", " ", "a", "abc", "ABC", "aBc dEf", "Straße", "ß", "ẞ", "İstanbul", "ıI", "ǅ", "ﬃ", "Ωσς", "ŉ", "é", "e\u0301",
    "Å\u0323", "𝒜", "👍🏽", "👨‍👩‍👧", "🇩🇪", "日本語", "العربية", "עִבְרִית", "हिन्दी", "한국", "ǆ", "a b  c", " lead", "trail ",
    "\t tab\n", "a,b,,c", ",", "'quoted'", '"double"', "back\\slash", "100%", "a_b%c", "line\nbreak\r\nagain", "\u00a0nbsp\u00a0",
    "zero\u200bwidth", "\ufeffbom", "\x01\x1f\x7f", "nul\x00inside", "banana", "aaa", "x" * 300, "a1b22c333", "2024-02-29",
    "?&=/#+ %", "~.-_", "ÄÖÜäöü", "œŒæÆ", "ñ", "ø", "ł", "đ", "A\u030aB", None,
]  # fmt: skip
FEW_TEXTS = [
    "",
    "a",
    "abc",
    "b",
    "ß",
    "é",
    "e\u0301",
    "👍🏽",
    "日本",
    " ",
    ",",
    "banana",
    "%",
    "_",
    "\\",
    "nul\x00inside",
    None,
]
NUMBER_TEXTS = [
    "0", "-0", "+5", " 7 ", "\t8\n", "1_000", "_1", "1e3", "1E+3", "1.5", "-1.5", "0.5", "2.5", "3.5", "-2.5", "1e-3", ".5",
    "5.", ".", "-", "0x1F", "0b11", "1e400", "-1e400", "1e-400", "NaN", "nan", "inf", "-Infinity", "infinity", "true",
    "t", "yes", "on", "1", "FALSE", "no", "127", "128", "-129", "127.5", "255", "256", "32767.4", "32768", "2147483647.5",
    "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551615",
    "18446744073709551616", "170141183460469231731687303715884105728", "99999999999999999999999999999999999999", "abc", "",
    " ", "1,000", "12.345678901234567890", "0.1", "0.005", "0.015", "1.005", "2.675", "999.995", "0.30000000000000004",
    "1e15", "123456789012345678", "４", "1 2", "--1", "1e", "0.1e1", "100000000000000000000e-18", "1e38", None,
]  # fmt: skip
MOMENT_TEXTS = [
    "2024-02-29", "2023-02-29", "2024-2-9", "2024/02/29", "20240229", "29.02.2024", "2024-02-29 12:30:45",
    "2024-02-29T12:30:45", "2024-02-29T12:30:45Z", "2024-02-29 12:30:45+02:00", "2024-02-29 12:30:45-11:30",
    "2024-02-29 12:30:45+02", "2024-02-29 12:30:45.1", "2024-02-29 12:30:45.123456", "2024-02-29 12:30:45.1234567",
    "2024-02-29 12:30:45.123456789", "2024-02-29 12:30:45.9999999", "2024-02-29 24:00:00", "2024-02-29 23:59:60",
    "2024-02-29 12:30", "2024-02-29 12", "0001-01-01", "9999-12-31", "9999-12-31 23:59:59.999999", "10000-01-01",
    "1969-12-31 23:59:59.5", "1970-01-01", "0000-01-01", "-0044-03-15", "0044-03-15 (BC)", "infinity", "-infinity", "epoch",
    "12:30", "12:30:45", "12:30:45.5", "12:30:45.123456789", "24:00:00", "23:59:59.999999", "25:00:00", "00:00:00", "1:2:3",
    "  2024-02-29 ", "2024-02-29 12:30:45 UTC", "2024-13-01", "2024-00-10", "2024-04-31", "", "x", None,
]  # fmt: skip
JSONS = [
    "null", "true", "false", "0", "-0", "-0.0", "1", "1.0", "1.50", "1e2", "1E+2", "1e-7", "0.1", "1e400", "-1e400",
    "12345678901234567890", "123456789012345678901234567890", "9223372036854775808", "0.30000000000000004", "1.7976931348623157e308",
    '""', '"a"', '"é\\u00e9"', '"\\ud83d\\ude00"', '"line\\nbreak \\"q\\" \\/ \\\\"', "[]", "[1, 2.50, null]", "[[1],[2,[3]]]",
    "{}", '{"a": 1}', '{"a": {"b": [10, 20, {"c": null}]}, "b": "x"}', '{"a": 1, "a": 2}', '{"": 1}', '{"a.b": 5}', '{"日": "本"}',
    '{"a":[1,2,3]}', ' { "a" : [ 1 , 2 ] } ', "{'a': 1}", "{", "[1,]", "nul", "NaN", "", " ", "01", "1.", '"open',
    '"\x01"', '{"a":1}x', None,
]  # fmt: skip
UUID_TEXTS = [
    "00112233-4455-6677-8899-aabbccddeeff", "00112233445566778899AABBCCDDEEFF", "{00112233-4455-6677-8899-aabbccddeeff}",
    "ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000000", "0011223-34455-6677-8899-aabbccddeeff",
    "00112233-4455-6677-8899-aabbccddeef", "g0112233-4455-6677-8899-aabbccddeeff", "", None,
]  # fmt: skip
INTERVAL_TEXTS = [
    "1 day", "1 month", "-1 month 2 days", "1 year 2 months", "3:04:05.678", "-00:00:01", "1 day ago", "1.5 days", "1.5 months",
    "90 minutes", "1 week", "1 quarter", "1 decade", "1 century", "100 milliseconds", "7 microseconds", "0.5 seconds",
    "1 day 25:00:00", "0 days", "1 h", "1 fortnight", "P1D", "", "x", None,
]  # fmt: skip

DATES = [date(1, 1, 1), date(4, 2, 29), date(1582, 10, 15), date(1600, 2, 29), date(1899, 12, 31), date(1900, 2, 28),
         date(1900, 3, 1), date(1969, 12, 31), date(1970, 1, 1), date(1999, 12, 31), date(2000, 2, 29), date(2023, 1, 1),
         date(2023, 2, 28), date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 12, 30), date(2025, 8, 31),
         date(2026, 6, 15), date(9999, 12, 31), None]  # fmt: skip
TIMES = [time(0), time(0, 0, 0, 1), time(1, 2, 3), time(9, 59, 59, 500_000), time(12), time(12, 30, 45, 123_456),
         time(23, 59, 59), time(23, 59, 59, 999_999), None]  # fmt: skip
TIMESTAMPS = [
    *(None if day is None else datetime(day.year, day.month, day.day) for day in DATES),
    datetime(1969, 12, 31, 23, 59, 59, 999_999), datetime(1969, 12, 31, 23, 59, 59, 500_000), datetime(1960, 1, 1, 0, 0, 0, 1),
    datetime(2024, 2, 29, 12, 30, 45, 123_456), datetime(2024, 3, 31, 23, 59, 59, 999_999), datetime(2024, 12, 31, 23, 59, 59),
    datetime(9999, 12, 31, 23, 59, 59, 999_999), datetime(1, 1, 1, 0, 0, 0, 1), datetime(2021, 1, 3, 10, 20, 30, 1000),
]  # fmt: skip

WHOLE = {"tinyint": (8, True), "smallint": (16, True), "int": (32, True), "bigint": (64, True), "utinyint": (8, False),
         "usmallint": (16, False), "uint": (32, False), "ubigint": (64, False)}  # fmt: skip
SCALED = {"d4_1": (4, 1), "d9_2": (9, 2), "d10_2": (10, 2), "d18_0": (18, 0), "d18_6": (18, 6), "d18_18": (18, 18),
          "d38_0": (38, 0), "d38_10": (38, 10), "d38_37": (38, 37)}  # fmt: skip

ARGUMENTS: dict[str, tuple[str, Values]] = {
    "bool": ("bool", [True, False, None]),
    **{name: (name, _integers(bits, signed)) for name, (bits, signed) in WHOLE.items()},
    "float": ("float", FLOATS),
    "double": ("double", DOUBLES),
    "any_double": ("double", _any_doubles(500)),
    "thousandths": ("double", [number / 1000 for number in range(-3000, 12_001)]),
    "cents_and_halves": ("double", [number / 8 + 1 / 256 for number in range(-800, 800)] + [n / 200 for n in range(801)]),
    **{name: (f"decimal({p},{s})", _decimals(p, s)) for name, (p, s) in SCALED.items()},
    "text": ("text", TEXTS),
    "few_text": ("text", FEW_TEXTS),
    "number_text": ("text", NUMBER_TEXTS),
    "moment_text": ("text", MOMENT_TEXTS),
    "json_text": ("text", JSONS),
    "uuid_text": ("text", UUID_TEXTS),
    "interval_text": ("text", INTERVAL_TEXTS),
    "date": ("date", DATES),
    "time": ("time", TIMES),
    "timestamp": ("timestamp", TIMESTAMPS),
    "timestamptz": ("timestamptz", [moment and moment.replace(tzinfo=UTC) for moment in TIMESTAMPS]),
    "many_dates": ("date", [date(1950, 1, 1) + timedelta(37 * step) for step in range(1200)]),
    "uuid": ("uuid", ["00112233-4455-6677-8899-aabbccddeeff", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                      "00000000-0000-0000-0000-000000000000", "80000000-0000-4000-8000-000000000000", None]),
    "binary": ("binary", [b"", b"a", bytes(range(256)), "é日".encode(), b"\xff\xfe", b"\x00", b"\\x41", None]),
    "ints": ("array<int>", [[], [1], [3, 1, 2], [2, None, 1, 2], [None], [-(2**31), 2**31 - 1], None]),
    "doubles": ("array<double>", [[], [1.5, -0.0, 0.0], [math.nan, None, math.inf, -math.inf, 5e-324], [1e22, 0.1], None]),
    "texts": ("array<text>", [[], ["a"], ["b", "", None, "a"], ["é", "e\u0301", "Z", "ä", "日"], ["x,y", '"q"', "[z]"], None]),
    "moments": ("array<timestamp>", [[], [datetime(1969, 12, 31, 23, 59, 59, 1), None, datetime(2024, 2, 29)], None]),
    "decimals": ("array<decimal(9,2)>", [[], [Decimal("0.10"), None, Decimal("-5.00")], None]),
    "nested": ("array<array<int>>", [[], [[]], [[1], [], None, [2, None]], [[2], [1, 5]], None]),
    "pairs": ("array<struct<a: int, b: text>>", [[], [{"a": 1, "b": "x"}, None, {"a": None, "b": "'"}], None]),
    "struct": ("struct<a: int, b: text>", [{"a": 1, "b": "x"}, {"a": None, "b": ""}, {"a": -5, "b": "é, 'q'"}, None]),
    "deep": ("struct<s: struct<d: double, t: timestamp>, l: array<text>>",
             [{"s": {"d": 0.1, "t": datetime(2024, 2, 29, 1, 2, 3, 4)}, "l": ["a", None]}, {"s": None, "l": []}, None]),
    "map": ("map<text, int>", [{}, {"k": 1}, {"k": None, "l": 2, "é": 3}, None]),
    "numbers_map": ("map<int, double>", [{}, {1: 0.1, 2: None}, {-1: 1e300}, None]),
    # Second and third arguments: places, lengths, digits, small numbers.
    "place": ("int", [-(2**31), -100, -3, -2, -1, 0, 1, 2, 3, 5, 100, 2**31 - 1, None]),
    "digits": ("int", [-400, -20, -3, -2, -1, 0, 1, 2, 3, 5, 10, 15, 17, 18, 30, 308, 400, None]),
    "shift": ("int", [-1, 0, 1, 5, 31, 32, 62, 63, 64, None]),
    "span": ("int", [-100_000, -13, -12, -1, 0, 1, 2, 11, 12, 25, 100_000, None]),
    "code": ("int", [-1, 0, 1, 9, 65, 127, 128, 233, 255, 0x20AC, 0xD800, 0x1F600, 0x10FFFF, 0x110000, None]),
    "part": ("int", [-1, 0, 1, 2, 12, 13, 29, 30, 31, 59, 60, None]),
    "year": ("int", [-1, 0, 1, 1900, 1970, 2023, 2024, 9999, 10_000, 294_247, None]),
    "seconds": ("double", [-0.5, 0.0, 0.1234565, 1.5, 2.0000005, 29.999999, 59.9999994, 59.9999996, 59.999999, 60.0, math.nan, None]),
    "unix": ("double", [0.0, -0.5, 1.5, 1700000000.123456, 1700000000.1234565, -62135596800.0, 253402300799.999999, 1e15, math.nan, None]),
    # Pairs of numbers.
    "few_tinyint": ("tinyint", [-128, -7, -1, 0, 2, 127, None]),
    "few_int": ("int", [-(2**31), -7, 0, 2, 3, 2**31 - 1, None]),
    "few_bigint": ("bigint", [-(2**63), -7, 0, 3, 10**15, 2**63 - 1, None]),
    "few_ubigint": ("ubigint", [0, 1, 7, 2**53 + 1, 2**64 - 1, None]),
    "few_float": ("float", [-7.5, -0.0, 0.0, 0.1, 2.5, 3e38, math.inf, math.nan, None]),
    "few_double": ("double", [-7.5, -0.0, 0.0, 0.1, 2.5, 1e-300, 1e300, math.inf, math.nan, None]),
    "few_d4_1": ("decimal(4,1)", [Decimal(text) for text in ("-999.9", "-0.5", "0.0", "0.3", "2.5")] + [None]),
    "few_d18_6": ("decimal(18,6)", [Decimal(t) for t in ("-999999999999.999999", "0.000001", "0.000000", "7.250000")] + [None]),
    "few_d38_10": ("decimal(38,10)", [Decimal(t) for t in ("-9999999999999999999999999999.9999999999", "0E-10", "3.3333333333")] + [None]),
    "few_date": ("date", [date(1, 1, 1), date(1969, 12, 31), date(2024, 1, 31), date(2024, 2, 29), date(2024, 12, 30), date(9999, 12, 31), None]),
    "few_timestamp": ("timestamp", [datetime(1, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 500_000), datetime(2024, 1, 31, 12),
                                    datetime(2024, 2, 29, 23, 59, 59, 999_999), datetime(2024, 12, 30), datetime(9999, 12, 31), None]),
}  # fmt: skip
ARGUMENTS["few_timestamptz"] = ("timestamptz", [m and m.replace(tzinfo=UTC) for m in ARGUMENTS["few_timestamp"][1]])

UNITS = (
    "microsecond millisecond second minute hour day week month quarter year decade century millennium "
    "dow isodow doy isoyear yearweek era epoch timezone"
)
LITERALS: dict[str, list[str]] = {
    "format": [f"'%{code}'" for code in "aAwdbBmyYHIpMSfgjUWVGuczZnxX%"] + ["'%-d.%-m.%y %-I:%-M:%-S'", "'%Y-%m-%dT%H:%M:%S.%f'", "''", "'é'", "'%q'"],
    "reading": ["'%Y-%m-%d'", "'%Y-%m-%d %H:%M:%S'", "'%d.%m.%Y'", "'%Y-%m-%d %H:%M:%S.%f'", "'%H:%M'", "'%Y-%m-%dT%H:%M:%S%z'", "'%Y%m%d'", "'%j %Y'"],
    "unit": [f"'{unit}'" for unit in UNITS.split()],
    "trunc_unit": [f"'{unit}'" for unit in UNITS.split()[:13]],
    "interval": [f"interval '{text}'" for text in INTERVAL_TEXTS if text and text not in ("x", "P1D", "1 fortnight")]
    + ["interval 1 month", "interval '3' day", "interval (-2) year", "interval 1.5 hour"],
    "few_interval": [f"interval '{text}'" for text in ("-1 month 2 days", "3:04:05.678", "1 day 25:00:00", "1 decade")],
    "bucket": [f"interval '{text}'" for text in ("15 minutes", "1 day", "7 days", "1 month", "5 months", "1 year", "0 days", "1 month 1 day", "-1 day")],
    "pattern": [f"'{p}'" for p in (
        "", "a", "[0-9]+", "([a-z])([0-9]*)", "(a)|(b)", "^.", ".$", "^$", r"\s+", r"\d{2}", r"\bb", "[[:alpha:]]+", "[^ -~]+", r"\p{L}+",
        r"\p{Lu}", "(?i)ABC", "a*", "a*?", "x{0,3}", ".", "(?s).+", "(?:an)+", "é", "[é-ü]", r"\W", "(", "[", "a{2000}", r"(a)\1", "(?=a)", "(?P<n>a)", r"\x{1F44D}",
    )],
    "few_pattern": ["'[0-9]+'", "'([a-z])([0-9]*)'", "''", "'a*'", r"'\p{L}'", "'(a)|(b)'"],
    "replacement": ["''", "'#'", r"'\1'", r"'\2-\1'", r"'\0\0'", r"'\9'", r"'\\'", "'$1'", "'é'", r"'\q'"],
    "options": ["'c'", "'i'", "'g'", "'gi'", "'l'", "'m'", "'s'", "'n'", "'q'", "''"],
    "match_options": ["'c'", "'i'", "'l'", "'m'", "'s'", "'n'", "''"],
    "group": ["0", "1", "2", "3", "-1"],
    "width": ["0", "1", "3", "10"],
    "like": ["''", "'%'", "'a%'", "'%a'", "'%a%'", "'_'", "'__'", "'a_c'", "'%an%an%'", "'A%'", "'é'", "'%ß%'", "'STRASSE'", "'100!%'", "'%\\%'", "'İ%'"],
    "path": ["'$'", "'$.a'", "'$.a.b'", "'$.a[0]'", "'$[1]'", "'$[-1]'", "'a'", "'/a/b'", "'$.*'", "'$.a.b[#-1]'", "'$.\"a.b\"'", "''", "'$.'", "'日'"],
    "double_format": [f"'{f}'" for f in ("%d", "%5.1f", "%.0f", "%.2f", "%.3e", "%g", "%+08.2f", "%s", "%x", "%.17g", "%%", "%5s|", "%-9.3f|", "%a")],
    "int_format": [f"'{f}'" for f in ("%d", "%05d", "%+d", "%x", "%X", "%o", "%,d", "%s", "%c", "%5d|", "%-5d|", "%e", "%f", "%%", "x")],
    "text_format": [f"'{f}'" for f in ("%s", "%10s|", "%-10s|", "%.2s", "%d", "%%s", "a%sb%s")],
    "double_braces": [f"'{f}'" for f in ("{}", "{:.2f}", "{:.0f}", "{:e}", "{:10.3f}|", "{:<10}|", "{:+}", "{:g}", "{:s}", "{:d}", "{:,.2f}", "{:t.2f}", "{:.3}")],
    "int_braces": [f"'{f}'" for f in ("{}", "{:d}", "{:05d}", "{:>6}", "{:<6}|", "{:^7}|", "{:x}", "{:#x}", "{:b}", "{:o}", "{:,}", "{:t_}", "{:+d}", "{:e}", "{0} {0}", "{{}}")],
    "text_braces": [f"'{f}'" for f in ("{}", "{:>8}|", "{:<8}|", "{:^8}|", "{:.2}", "{:*^9}", "{:d}", "{0}{0}", "{1}", "}")],
    "written_number": [
        "0", "1", "007", "2147483647", "2147483648", "9223372036854775808", "170141183460469231731687303715884105728", "1.5", "1.50", ".5", "5.", "1e2", "1E-2",
        "1_000", "1_0.2_5", "0.1", "123456789012345678901234567890.12345678", "1e400", "0.00000000000000000000000000000000000001", "1.7976931348623157e308", "4.9e-324",
        "12345678901234567890123456789012345678", "123456789012345678901234567890123456789", "0.30000000000000004", "1e15", "1e-7",
    ],
    "string": ["'it''s'", "''", "'a\\nb'", "E'a\\nb'", "'é👍🏽'", "'--x'", "'/* */'", "'\"'", "'%'", "'line\nbreak'", "$$dollar$$", "'tab\there'"],
}  # fmt: skip

GROUPS: dict[str, tuple[str, ...]] = {
    "whole": tuple(WHOLE),
    "decimal": tuple(SCALED),
    "floating": ("float", "double"),
    "many_double": ("double", "any_double", "thousandths", "cents_and_halves"),
    "number": (*WHOLE, "float", "double", *SCALED),
    "few_number": ("few_tinyint", "few_int", "few_bigint", "few_ubigint", "few_float", "few_double", "few_d4_1", "few_d18_6", "few_d38_10"),
    "few_whole": ("few_tinyint", "few_int", "few_bigint", "few_ubigint"),
    "moment": ("date", "timestamp", "timestamptz"),
    "few_moment": ("few_date", "few_timestamp", "few_timestamptz"),
    "clock": ("date", "time", "timestamp", "timestamptz"),
    "list": ("ints", "doubles", "texts", "moments", "decimals", "nested", "pairs"),
    "scalar": ("bool", *WHOLE, "float", "double", "any_double", *SCALED, "text", "date", "time", "timestamp", "timestamptz", "uuid", "binary"),
    "nest": ("ints", "doubles", "texts", "moments", "decimals", "nested", "pairs", "struct", "deep", "map", "numbers_map"),
    "spelling": ("text", "number_text", "moment_text", "json_text", "uuid_text", "interval_text"),
    "sortable": ("few_tinyint", "few_bigint", "few_double", "few_d18_6", "few_text", "few_date", "few_timestamp", "time", "uuid", "bool"),
}  # fmt: skip
