"""Every type of Moose, in both languages → the type here, and the one ClickHouse is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdgen.readers.moose.clicktypes import click_type
from sdgen.readers.moose.library import MOOSE
from tests.readers.moose.reading import (
    python_column,
    read_python,
    read_typescript,
    rows_of,
    told,
    typescript_column,
)

PLACE = "struct<x: double, y: double>"
POINT = "Tuple(a Float64)"

TYPESCRIPT = {
    "string": ("text", ""),
    '"a" | "b c"': ("enum(a, 'b c')", "LowCardinality(String)"),
    "string & LowCardinality": ("text", "LowCardinality(String)"),
    "number": ("double", ""),
    'number & tags.Type<"int64">': ("bigint", ""),
    'number & typia.tags.Type<"float">': ("float", ""),
    "Int8": ("tinyint", ""),
    "Int16": ("smallint", ""),
    "Int32": ("int", ""),
    "Int64": ("bigint", ""),
    "UInt8": ("utinyint", ""),
    "UInt16": ("usmallint", ""),
    "UInt32": ("uint", ""),
    "UInt64": ("ubigint", ""),
    "Float32": ("float", ""),
    "Float64": ("double", ""),
    'number & ClickHouseInt<"uint16">': ("usmallint", ""),
    'number & ClickHouseFloat<"float32">': ("float", ""),
    "boolean": ("bool", ""),
    "Date": ("timestamp", "DateTime"),
    "DateTime": ("timestamp", "DateTime"),
    "DateTime64<3>": ("timestamp", "DateTime64(3)"),
    "Date & ClickHousePrecision<6>": ("timestamp", "DateTime64(6)"),
    "DateTimeString": ("timestamp", "DateTime64(9)"),
    "DateTime64String<6>": ("timestamp", "DateTime64(6)"),
    'string & tags.Format<"date-time">': ("timestamp", "DateTime64(9)"),
    'string & tags.Format<"date-time"> & ClickHousePrecision<3>': ("timestamp", "DateTime64(3)"),
    'string & tags.Format<"date">': ("date", ""),
    'string & tags.Format<"date"> & ClickHouseByteSize<2>': ("date", "Date"),
    'string & tags.Format<"uuid">': ("uuid", ""),
    'string & tags.Format<"ipv4">': ("text", "IPv4"),
    'string & tags.Format<"ipv6">': ("text", "IPv6"),
    "Decimal<10, 2>": ("decimal(10,2)", ""),
    "string & ClickHouseDecimal<18, 3>": ("decimal(18,3)", ""),
    "FixedString<16>": ("string(16)", "FixedString(16)"),
    "string & FixedString<4>": ("string(4)", "FixedString(4)"),
    "string[]": ("array<text>", ""),
    "Array<Int8>": ("array<tinyint>", ""),
    "number[][][]": ("array<array<array<double>>>", ""),
    "(string | null)[]": ("array<text>", "Array(Nullable(String))"),
    "{ a: number; b?: string }": ("struct<a: double, b?: text>", "Array(Tuple(a Float64, b Nullable(String)))"),
    "{ a: number } & ClickHouseNamedTuple": ("struct<a: double>", POINT),
    "{ a: { b: Int8 }[] }": ("struct<a: array<struct<b: tinyint>>>", "Array(Tuple(a Array(Array(Tuple(b Int8)))))"),
    "Record<string, number>": ("map<text, double>", "Map(String, Float64)"),
    "{ [key: string]: Int8 }": ("map<text, tinyint>", "Map(String, Int8)"),
    "Record<string, any>": ("json", "JSON"),
    "any": ("json", "JSON"),
    '{ a: Int64 } & ClickHouseJson<256, 16, ["skip.me"], ["^x"]>': (
        "json",
        "JSON(max_dynamic_paths=256, max_dynamic_types=16, SKIP skip.me, SKIP REGEXP '^x', a Int64)",
    ),
    "{ a: Int64 } & ClickHouseJson<256, 16, 7, string>": (
        "json",
        "JSON(max_dynamic_paths=256, max_dynamic_types=16, a Int64)",
    ),
    "Words": ("enum(x, y)", "Enum8('x' = 1, 'y' = 2)"),
    "Numbers": ("enum(One, Many)", "Enum16('One' = 1, 'Many' = 400)"),
    "ClickHousePoint": (PLACE, "Point"),
    "ClickHouseRing": (f"array<{PLACE}>", "Ring"),
    "ClickHouseLineString": (f"array<{PLACE}>", "LineString"),
    "ClickHouseMultiLineString": (f"array<array<{PLACE}>>", "MultiLineString"),
    "ClickHousePolygon": (f"array<array<{PLACE}>>", "Polygon"),
    "ClickHouseMultiPolygon": (f"array<array<array<{PLACE}>>>", "MultiPolygon"),
    'UInt64 & SimpleAggregated<"sum", UInt64>': ("ubigint", "SimpleAggregateFunction(sum, UInt64)"),
    "string & ClickHouseDefault<\"'new'\">": ("text", "String DEFAULT 'new'"),
    'WithDefault<Date, "now()">': ("timestamp", "DateTime DEFAULT now()"),
    'string & ClickHouseCodec<"ZSTD(3)">': ("text", "String CODEC(ZSTD(3))"),
    'string & LowCardinality & ClickHouseTTL<"d + INTERVAL 1 DAY">': (
        "text",
        "LowCardinality(String) TTL d + INTERVAL 1 DAY",
    ),
    "Key<Int32>": ("int", ""),
    "JWT<{ a: number }>": ("struct<a: double>", "Array(Tuple(a Float64))"),
    "bigint": ("bigint", ""),
    "`x-${string}`": ("text", ""),
    "1 | 2 | 3": ("double", ""),
}
TYPES = """
enum Words { A = "x", B = "y" }
enum Numbers { One = 1, Many = 400 }
"""

PYTHON = {
    "str": ("text", ""),
    "int": ("bigint", ""),
    "float": ("double", ""),
    "bool": ("bool", ""),
    "bytes": ("text", ""),
    "UInt8": ("utinyint", ""),
    "Float32": ("float", ""),
    'Annotated[int, "uint64"]': ("ubigint", ""),
    "Annotated[float, ClickhouseSize(4)]": ("float", ""),
    "Annotated[int, ClickhouseSize(2)]": ("smallint", ""),
    "Decimal": ("decimal(10,0)", ""),
    "clickhouse_decimal(12, 4)": ("decimal(12,4)", ""),
    "Decimal = Field(max_digits=8, decimal_places=3)": ("decimal(8,3)", ""),
    "datetime.datetime": ("timestamp", "DateTime"),
    "clickhouse_datetime64(3)": ("timestamp", "DateTime64(3)"),
    "Annotated[datetime.datetime, ClickhousePrecision(6)]": ("timestamp", "DateTime64(6)"),
    "date": ("date", ""),
    "datetime.date": ("date", ""),
    "Annotated[date, ClickhouseSize(2)]": ("date", "Date"),
    "UUID": ("uuid", ""),
    "ipaddress.IPv4Address": ("text", "IPv4"),
    "ipaddress.IPv6Address": ("text", "IPv6"),
    "list[str]": ("array<text>", ""),
    "dict[str, int]": ("map<text, bigint>", "Map(String, Int64)"),
    "dict[str, Any]": ("json", "JSON"),
    "Any": ("json", "JSON"),
    'Literal["a", "b"]': ("enum(a, b)", "LowCardinality(String)"),
    "Level": ("enum(low, high)", "Enum8('low' = 1, 'high' = 2)"),
    "Count": ("enum(ONE, TWO)", "Enum8('ONE' = 1, 'TWO' = 2)"),
    "Inner": ("struct<a: bigint>", "Array(Tuple(a Int64))"),
    'Annotated[Inner, "ClickHouseNamedTuple"]': ("struct<a: bigint>", "Tuple(a Int64)"),
    "list[Inner]": ("array<struct<a: bigint>>", "Array(Array(Tuple(a Int64)))"),
    "Annotated[Inner, ClickHouseJson(max_dynamic_paths=9)]": ("json", "JSON(max_dynamic_paths=9, a Int64)"),
    "Point": (PLACE, "Point"),
    "MultiPolygon": (f"array<array<array<{PLACE}>>>", "MultiPolygon"),
    'Annotated[str, "LowCardinality"]': ("text", "LowCardinality(String)"),
    "Annotated[str, FixedString(6)]": ("string(6)", "FixedString(6)"),
    "Short": ("string(9)", "FixedString(9)"),
    "Annotated[str, clickhouse_default(\"'x'\")]": ("text", "String DEFAULT 'x'"),
    'Annotated[str, ClickHouseCodec("LZ4"), ClickHouseTTL("d + INTERVAL 1 DAY")]': (
        "text",
        "String CODEC(LZ4) TTL d + INTERVAL 1 DAY",
    ),
    'simple_aggregated("max", int)': ("bigint", "SimpleAggregateFunction(max, Int64)"),
    '"str"': ("text", ""),
    "Annotated[str, Field(max_length=7)]": ("string(7)", ""),
}
CLASSES = """
class Level(str, Enum):
    LOW = "low"
    HIGH = "high"

class Count(IntEnum):
    ONE = auto()
    TWO = auto()

class Inner(BaseModel):
    a: int

type Short = Annotated[str, FixedString(9)]
"""


@pytest.mark.parametrize("type", TYPESCRIPT)
def test_a_typescript_type(type: str, tmp_path: Path) -> None:
    column = typescript_column(tmp_path, type, TYPES)
    assert (column.type, column.target.get("clickhouse", "")) == TYPESCRIPT[type]
    assert not column.nullable


@pytest.mark.parametrize("type", PYTHON)
def test_a_python_type(type: str, tmp_path: Path) -> None:
    column = python_column(tmp_path, type, CLASSES)
    wanted, ddl = PYTHON[type]
    if wanted == "string(7)":  # a length is the scenario's own; ClickHouse knows none
        ddl = "String"
    assert (column.type, column.target.get("clickhouse", "")) == (wanted, ddl)
    assert not column.nullable


@pytest.mark.parametrize("type", ["string | null", "string | undefined", "null | string & LowCardinality"])
def test_null_in_a_union(type: str, tmp_path: Path) -> None:
    assert typescript_column(tmp_path, type).nullable


def test_optional_fields_take_nulls(tmp_path: Path) -> None:
    assert typescript_column(tmp_path, "Date", optional=True).target == {"clickhouse": "Nullable(DateTime)"}
    low = typescript_column(tmp_path, "string & LowCardinality", optional=True)
    assert low.target == {"clickhouse": "LowCardinality(Nullable(String))"}
    assert python_column(tmp_path, "Optional[date]").target == {}
    assert python_column(tmp_path, "str | None = None").nullable


@pytest.mark.parametrize("type", ["string[]", "{ a: number }", "Record<string, number>", "ClickHousePoint"])
def test_what_is_never_null(type: str, tmp_path: Path) -> None:
    column = typescript_column(tmp_path, type, optional=True)
    assert not column.nullable
    assert "Nullable(" not in column.target.get("clickhouse", "")


@pytest.mark.parametrize(
    ("type", "why"),
    [
        ("string | number", "one of several types: number, string"),
        ("typeof rows.$inferSelect", "takes a TypeScript compiler"),
        ("T extends string ? 1 : 2", "takes a TypeScript compiler"),
        ("() => void", "a function is no value"),
        ("Nowhere", "the type Nowhere is not declared"),
        ("Mixed", "neither all texts nor all whole numbers"),
        ("T", "T refers to itself"),
        ("FixedString<0>", "is no size"),
        ("Decimal<99, 2>", "is no size"),
        ("null", "is no type of a column"),
        ("{}", "an object without fields"),
    ],
)
def test_a_field_without_a_type_is_left_out_and_told(type: str, why: str, tmp_path: Path) -> None:
    text = f"""
    enum Mixed {{ A = 1, B = "b" }}
    export interface T {{ id: Key<string>;
      it: {type} }}
    new OlapTable<T>("t");
    """
    scenario = read_typescript(tmp_path, text)
    assert list(scenario.entities["T"].columns) == ["id"]
    note = scenario.notes[0]
    assert why in note.what
    assert (note.path, note.line) == (("entities", "T", "columns", "it"), 6)


def test_columns_that_clickhouse_computes(tmp_path: Path) -> None:
    text = """
    export interface T {
      id: Key<string>;
      hash: UInt64 & ClickHouseMaterialized<"cityHash64(id)"> & ClickHouseCodec<"LZ4">;
      upper: string & ClickHouseAlias<"upper(id)">;
      state: Date & Aggregated<"argMax", [Date, Date]>;
    }
    new OlapTable<T>("t");
    """
    scenario = read_typescript(tmp_path, text)
    assert list(scenario.entities["T"].columns) == ["id"]
    assert scenario.entities["T"].target["clickhouse"]["computed"] == {
        "hash": "UInt64 MATERIALIZED cityHash64(id) CODEC(LZ4)",
        "upper": "String ALIAS upper(id)",
        "state": "AggregateFunction(argMax, DateTime, DateTime)",
    }
    assert told(scenario).count("left out of the rows") == 3


def test_aggregates_in_python(tmp_path: Path) -> None:
    text = """
    class T(BaseModel):
        id: Key[str]
        mean: Annotated[float, AggregateFunction(agg_func="avg", param_types=[float])]
        year: Annotated[int, ClickHouseMaterialized("toYear(now())")]

    t = OlapTable[T]("t")
    """
    facts = read_python(tmp_path, text).entities["T"].target["clickhouse"]
    assert facts["computed"] == {
        "mean": "AggregateFunction(avg, Float64)",
        "year": "Int64 MATERIALIZED toYear(now())",
    }


def test_values_of_each_type(tmp_path: Path) -> None:
    fields = "\n".join(f"  f{number}: {type};" for number, type in enumerate(TYPESCRIPT) if "Key<" not in type)
    text = f'{TYPES}\nexport interface T {{\n  id: Key<string>;\n{fields}\n}}\nnew OlapTable<T>("t");'
    scenario = read_typescript(tmp_path, text)
    rows = rows_of(scenario, "T")
    assert len(rows) == 50
    numbers = list(TYPESCRIPT)
    assert {row[f"f{numbers.index('Words')}"] for row in rows} == {"x", "y"}
    assert {row[f"f{numbers.index('1 | 2 | 3')}"] for row in rows} == {1, 2, 3}
    ring = rows[0][f"f{numbers.index('ClickHouseRing')}"]
    assert isinstance(ring, list)
    assert ring[0] == ring[-1]


def test_all_of_the_library_is_mapped() -> None:
    assert len(MOOSE) > 40
    assert click_type(MOOSE["DateTime"](())).ddl == "DateTime"
