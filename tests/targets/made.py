"""Tables and batches made by hand for the tests of targets, and readers of what targets wrote."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from sdgen.scenario.types import INTEGERS, Type, parse_type
from sdgen.targets.base import Mode, Reference, Table, TableColumn, Target

UUIDS = [uuid.UUID(int=number * 0x1234567890ABCDEF1234567 % (1 << 128)) for number in range(1, 5)]

# For each type: values at its edges. Each column gets them in turn, then a null.
VALUES: dict[str, list[Any]] = {
    "bool": [True, False],
    "tinyint": [-128, 127, 0],
    "smallint": [-(2**15), 2**15 - 1, 0],
    "int": [-(2**31), 2**31 - 1, 0],
    "bigint": [-(2**63), 2**63 - 1, 0],
    "utinyint": [0, 255],
    "usmallint": [0, 65_535],
    "uint": [0, 2**32 - 1],
    "ubigint": [0, 2**64 - 1, 12_345],
    "float": [0.0, 1.5, -2.25, 3.0e38],
    "double": [0.0, 0.1, -1e300, 1e-300, 123456789.123],
    "decimal(10,2)": [Decimal("0.00"), Decimal("-99999999.99"), Decimal("12.30"), Decimal("0.05")],
    "decimal(15,5)": [Decimal("1234567890.12345"), Decimal("-0.00001")],
    "decimal(18,1)": [Decimal("99999999999999999.9"), Decimal("-10000.0")],
    "decimal(38,10)": [Decimal("-9999999999999999999999999999.9999999999"), Decimal("1.0000000000")],
    "string(20)": ["", "plain", 'with "quotes"', "a,b", "line\nbreak", "cr\r\nlf", " spaces ", "NULL"],
    "text": ["", "ünïcödé ☃ 𝄞", "back\\slash", "\\.", "\\N", "'single'", "tab\there", "{a,b}"],
    "enum(paid, 'not paid', 'it''s')": ["paid", "not paid", "it's"],
    "uuid": UUIDS,
    "json": ['{"a":[1,null,"x\\"y"]}', "[]", '"text"', "null", "1.5"],
    "binary": [b"", b"\x00\xff\\x", b"abc"],
    "date": [dt.date(1970, 1, 1), dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(2024, 2, 29)],
    "time": [dt.time(0, 0), dt.time(23, 59, 59, 999_999), dt.time(12, 30)],
    "timestamp": [dt.datetime(1970, 1, 1), dt.datetime(2024, 2, 29, 23, 59, 59, 123_456), dt.datetime(1, 1, 1, 5)],
    "timestamptz": [dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC), dt.datetime(1999, 1, 1, 0, 0, 0, 5, tzinfo=dt.UTC)],
    "array<int>": [[1, None, 3], [], [7]],
    "array<string>": [["a", 'q"uo,te', None], [""], ["back\\slash", "NULL", "{}", " "]],
    "array<uuid>": [[UUIDS[0], UUIDS[1]]],
    "array<array<int>>": [[[1], [2, 3]], []],
    "map<string, int>": [{"a": 1, "b": None}, {}],
    "struct<a: int, b: string>": [{"a": 1, "b": "x"}, {"a": None, "b": 'q"'}],
}


def every_type(rows: int = 9) -> tuple[Table, list[dict[str, Any]]]:
    """A table with a column of each type and a key, and its rows as Python values."""
    columns = [TableColumn("key", parse_type("int"), False)]
    columns += [TableColumn(f"c{n} of", parse_type(text), True) for n, text in enumerate(VALUES)]
    table = Table("every type", "every", tuple(columns), rows, ("key",))
    lists = [[*values, None] for values in VALUES.values()]
    data = [
        {"key": row, **{f"c{n} of": values[row % len(values)] for n, values in enumerate(lists)}} for row in range(rows)
    ]
    return table, data


def batch(table: Table, data: Sequence[dict[str, Any]], coded: Iterable[str] = ()) -> pa.RecordBatch:
    """Rows as a batch in the engine's Arrow types; the columns in `coded` as dictionaries."""
    arrays = []
    for column in table.columns:
        array = pa.array([_stored(row[column.name]) for row in data], column.type.arrow)
        arrays.append(array.dictionary_encode() if column.name in coded else array)
    return pa.RecordBatch.from_arrays(arrays, names=list(table.names))


def _stored(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.bytes
    return [_stored(item) for item in value] if isinstance(value, list) else value


def write(
    target: Target, tables: Mapping[Table, Sequence[pa.RecordBatch]], mode: Mode = Mode.CREATE_IF_MISSING
) -> None:
    """A whole run, as the engine does it."""
    problems = target.check(list(tables), mode)
    if problems:
        target.abort()
        raise AssertionError("\n".join(map(str, problems)))
    try:
        for table in tables:
            target.prepare(table, mode)
        for table, batches in tables.items():
            target.write(table, (target.encode(table, each) for each in batches))
        target.finish()
    except BaseException:
        target.abort()
        raise


def parents_and_children() -> tuple[Table, Table]:
    """Two tables with a foreign key between them and a unique column."""
    key, text = parse_type("bigint"), parse_type("string(40)")
    parents = Table(
        "parents", "p", (TableColumn("id", key, False), TableColumn("email", text, False)), 0, ("id",), (("email",),)
    )
    columns = (TableColumn("id", key, False), TableColumn("parent_id", key, True), TableColumn("up", key, True))
    links = (Reference(("parent_id",), "parents", ("id",)), Reference(("up",), "children", ("id",)))
    return parents, Table("children", "c", columns, 0, ("id",), (("parent_id", "id"),), links)


def family(start: int = 0, count: int = 5) -> dict[Table, list[pa.RecordBatch]]:
    """Rows of both tables, from one row number on: the second half of the children has a parent among the first."""
    parents, children = parents_and_children()
    numbers = range(start, start + count)
    first = [{"id": n, "email": f"p{n}@example.com"} for n in numbers]
    then = [{"id": n, "parent_id": n if n % 3 else None, "up": n - 1 if n % 5 else None} for n in numbers]
    return {parents: [batch(parents, first)], children: [batch(children, then[:2]), batch(children, then[2:])]}


def breaking(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches, and then a failure."""
    yield from batches
    raise RuntimeError("broken half-way")


def canonical(value: Any, type: Type) -> Any:
    """A value read back, in whatever form a place holds it, as the Python value it stands for."""
    if value is None:
        return None
    known = _CANONICAL.get(type.kind)
    return known(value, type) if known else value


def _moment(value: Any, type: Type) -> Any:
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(dt.UTC) if type.kind == "timestamptz" else moment


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _document(value: Any) -> Any:
    """A JSON document that its place may have parsed already."""
    try:
        return _parsed(value)
    except json.JSONDecodeError:
        return value


def _map(value: Any, type: Type) -> Any:
    return {canonical(key, type.items[0]): canonical(item, type.items[1]) for key, item in dict(_parsed(value)).items()}


def _struct(value: Any, type: Type) -> Any:
    return {name: canonical(_parsed(value)[name], item) for name, item in zip(type.fields, type.items, strict=True)}


_CANONICAL: dict[str, Callable[[Any, Type], Any]] = {
    "bool": lambda value, type: {"true": True, "false": False}.get(value, value) == 1,
    **dict.fromkeys(INTEGERS, lambda value, type: int(value)),
    "float": lambda value, type: float(np.float32(value)),
    "double": lambda value, type: float(value),
    "decimal": lambda value, type: Decimal(str(value)).quantize(Decimal(1).scaleb(-type.scale), context=Context(60)),
    "uuid": lambda value, type: uuid.UUID(bytes=value) if isinstance(value, bytes) else uuid.UUID(str(value)),
    "json": lambda value, type: _document(value),
    "binary": lambda value, type: bytes.fromhex(value) if isinstance(value, str) else bytes(value),
    "date": lambda value, type: dt.date.fromisoformat(value) if isinstance(value, str) else value,
    "time": lambda value, type: dt.time.fromisoformat(value) if isinstance(value, str) else value,
    "timestamp": _moment,
    "timestamptz": _moment,
    "array": lambda value, type: [canonical(item, type.items[0]) for item in _parsed(value)],
    "map": _map,
    "struct": _struct,
}
