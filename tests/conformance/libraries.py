"""What else comes from libraries, as grids of their own: Arrow's casts, values as text, and how expressions are read.

Each grid gives lines under names; what was made of values stands in the lines, and an error counts as `error`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product

import pyarrow as pa

from sdgen.databases import sql_literals
from sdgen.databases.mysql import load as mytext
from sdgen.databases.postgres import encode_binary, encode_text
from sdgen.errors import SdgenError
from sdgen.files import jsonl
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.arrays.scalars import scalar_array
from sdgen.generators.moments.formats import written
from sdgen.scenario.types import Type, parse_type
from sdgen.targets import csv_encoding
from tests.conformance.arguments import ARGUMENTS, words
from tests.conformance.grid import canonical, column
from tests.conformance.readings import READINGS, parse

# Pairs of numbers and second arguments repeat what the other sets hold.
SOURCES = [name for name in ARGUMENTS if not name.startswith("few_")]
CAST_TO = words(
    "bool tinyint smallint int bigint utinyint usmallint uint ubigint float double decimal(4,1) decimal(9,2) decimal(18,6) "
    "decimal(38,0) decimal(38,10) text string(3) json uuid date time timestamp timestamptz binary "
    "array<int> array<text> array<double> array<decimal(9,1)> array<timestamptz> array<array<text>> "
    "map<text,text> map<int,decimal(9,2)> struct<b:text,a:bigint>"
)
CODES = words(
    "Y m d H M S y j b B a A p I U W V G u w e F T D R C h f _ms s ms epoch_microseconds s_as_float Z z % -d -m -H -I -j"
)

Encode = Callable[[list[Type], pa.RecordBatch], pa.Buffer]


def _inserts(literals: sql_literals.Literals) -> Encode:
    return lambda types, batch: sql_literals.encode(types, batch, "INSERT INTO t VALUES", literals)


ENCODERS: dict[str, Encode] = {
    "csv": csv_encoding.encode,
    "jsonl": jsonl.encode,
    "postgres copy": encode_text.encode,
    "mysql load": mytext.encode,
    "postgres script": _inserts(sql_literals.POSTGRES),
    "mysql script": _inserts(sql_literals.MYSQL),
    "sqlite script": _inserts(sql_literals.SQLITE),
    "postgres binary": encode_binary.encode,
}


Lines = Iterator[tuple[str, str]]


def casts() -> Lines:
    """Every set of values in every type that a column may have; see `cast_array`."""
    for source, target in product(SOURCES, CAST_TO):
        for text in _each(column(source), partial(_conformed, parse_type(target))):
            yield f"to {target}", f"{source}: {text}"


def _conformed(type: Type, array: pa.Array) -> list[str]:
    return canonical(cast_array(array, type, type.arrow))


def texts() -> Lines:
    """Every set of values as each file format and script writes it."""
    for source in SOURCES:
        type = parse_type(ARGUMENTS[source][0])
        for name, encode in ENCODERS.items():
            if name != "postgres binary" or encode_binary.is_proven(type):
                for text in _each(column(source), partial(_encoded, encode, type)):
                    yield f"as {name}", f"{source}: {text}"


def _encoded(encode: Encode, type: Type, array: pa.Array) -> list[str]:
    return [bytes(encode([type], pa.record_batch([array], names=["value"]))).hex()]


def moments() -> Lines:
    """Moments in each code that forms of them are written in."""
    for source, code in product(("date", "time", "timestamp", "timestamptz", "many_dates"), CODES):
        for text in _each(column(source), partial(_written, f"%{code}")):
            yield f"%{code}", f"{source}: {text}"


def _written(form: str, array: pa.Array) -> list[str]:
    return [str(text) for text in written(array, form).to_pylist()]


def _each(array: pa.Array, make: Callable[[pa.Array], list[str]]) -> list[str]:
    """What is made of an array; where that fails, of each value by itself, unless it fails for the types."""
    try:
        return make(array)
    except (ValueError, TypeError, NotImplementedError, SdgenError) as error:
        if len(array) == 1 or isinstance(error.__cause__, NotImplementedError):
            return ["error"] * len(array)
        middle = len(array) // 2
        return [*_each(array.slice(0, middle), make), *_each(array.slice(middle), make)]


def scalars() -> Lines:
    """Texts as they stand in a scenario, as values of each type."""
    for source, target in product(("text", "number_text", "moment_text", "json_text", "uuid_text"), CAST_TO[:25]):
        for value in ARGUMENTS[source][1]:
            yield f"as {target}", f"{source} {value!a}: {_scalar(value, parse_type(target))}"


def _scalar(value: object, type: Type) -> str:
    try:
        return canonical(scalar_array([value], type))[0]
    except ValueError:
        return "error"


def readings() -> Lines:
    """The SQL that each expression is run as, and the columns that it speaks of."""
    for name, expressions in READINGS.items():
        for text in expressions:
            yield name, f"{text}: {parse(text)}"


GRIDS: Mapping[str, Callable[[], Lines]] = {
    "casts of columns": casts,
    "values as text": texts,
    "moments in forms": moments,
    "values in scenarios": scalars,
    "expressions as read": readings,
}
