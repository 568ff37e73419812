"""Facts: diagnoses, laboratory tests, industries, goods, merchants, airports, ports, banks, with what belongs to each.

All columns of one table, row and `who` are of the same record. `of` names a column that holds records' keys, wherever
those come from: then the others follow that column. The tables are CSV files in `data/facts`, and `facts.yaml`
describes them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from sdgen.generators.arrays.decimals import room
from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.numbers.quantile_tables import normal_table
from sdgen.generators.pools import DATA, Pool, encoded, own_yaml, text_array
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers, unit
from sdgen.generators.text_generator import ALL_TEXTS, FamilyGenerator, carried
from sdgen.scenario.types import INTEGERS, NUMBERS, Type

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FactTable:
    """The records of one table, column by column, and the draw of a record by weight."""

    columns: Mapping[str, tuple[str, ...]]
    key: str
    draw: AliasTable

    def numbers(self, column: str) -> Floats:
        return np.array([float(text) for text in self.columns[column]])


@cache
def fact_table(name: str) -> FactTable:
    """A table of `data/facts`."""
    with (DATA / "facts" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        head, *records = csv.reader(file)
    columns = {column: tuple(record[place] for record in records) for place, column in enumerate(head)}
    # Weights are whole orders of size, so that the table is exact.
    return FactTable(columns, own_yaml("facts")[name]["key"], alias_table([int(each) for each in columns["weight"]]))


@cache
def _listed(table: str, column: str) -> tuple[pa.Array, Numbers]:
    """A column's different texts, and the place among them of each record's."""
    texts = fact_table(table).columns[column]
    different = list(dict.fromkeys(texts))
    places = {text: place for place, text in enumerate(different)}
    return text_array(different), np.array([places[text] for text in texts], dtype=np.int64)


class Fact(FamilyGenerator):
    """One column of a table of facts."""

    of: str = Field(
        default="",
        max_length=200,
        description="a column of the same row that holds the record's key (its code): this one follows it",
    )

    @property
    def table(self) -> str:
        return self.called.partition(".")[0]

    @property
    def column(self) -> str:
        return self.called.partition(".")[2]

    @property
    def passes_null(self) -> bool:
        return bool(self.of)

    def needs(self) -> tuple[Dependency, ...]:
        return (Dependency(self.of, param="of"),) if self.of else ()

    def records(self, cells: ColumnBatch) -> Numbers:
        """Each row's record: that of the key in `of`, or one drawn for all columns of the table."""
        table = fact_table(self.table)
        # The family is the table, so that two tables of one row are drawn apart.
        drawn = table.draw.pick(self.family_draw(cells, f"{self.table}/record"))
        if not self.of:
            return drawn
        # What stands in the other column is a key, wherever it comes from: a foreign key, a unique key or a choice.
        places = pc.index_in(cells.column(self.of), value_set=_keys(self.table, cells.column(self.of).type))
        found: Numbers = pc.fill_null(places, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        # A key that the table hasn't got keeps a drawn record, since a column that isn't null must not become so.
        return np.where(found >= 0, found, drawn)

    def nulls(self, cells: ColumnBatch) -> NDArray[np.bool_] | None:
        """Where the key's column is null."""
        if not self.of or not cells.column(self.of).null_count:
            return None
        nulls: NDArray[np.bool_] = cells.column(self.of).is_null().to_numpy(zero_copy_only=False)
        return nulls


def _keys(table: str, type: pa.DataType) -> pa.Array:
    """The keys of a table's records, in the type of the column that holds them."""
    # A column of whole numbers holds the key without its leading zeros, so that keys are compared as numbers there.
    facts = fact_table(table)
    plain = type.value_type if pa.types.is_dictionary(type) else type
    keys = text_array(facts.columns[facts.key])
    return keys.cast(plain) if pa.types.is_integer(plain) else keys.cast(pa.string())


_NAMED = {
    f"{table}.{column}": (str(fields["about"]), fields.get("type", "text"))
    for table, described in own_yaml("facts").items()
    for column, fields in described["columns"].items()
}
_TEXTS = {name: about for name, (about, type) in _NAMED.items() if type == "text"}
_DIGITS = {name: about for name, (about, type) in _NAMED.items() if type == "digits"}
_DOUBLES = {name: about for name, (about, type) in _NAMED.items() if type == "double"}


@register(*_TEXTS)
class TextFact(Fact):
    """A code, or what belongs to it: `about` says what each name gives.

    A unique column lists each text once, and then only columns that name it in `of` agree with it.
    """

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    example: ClassVar[str] = "{generator: icd10.code}"
    about: ClassVar[Mapping[str, str]] = _TEXTS

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def domain(self, facts: ColumnContext) -> Domain:
        return Pool(_listed(self.table, self.column)[0])

    def values(self, cells: ColumnBatch) -> pa.Array:
        texts, places = _listed(self.table, self.column)
        if cells.facts.unique or cells.facts.joint is not None:
            return encoded(texts, cells.indexes(len(texts)))
        indexes = places.take(self.records(cells)).astype(np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(indexes, mask=self.nulls(cells)), texts)


@register(*_DIGITS)
class DigitFact(TextFact):
    """A code of digits, which fits numbers too: `about` says what each name gives.

    A unique column lists each code once, and then only columns that name it in `of` agree with it.
    """

    fits: ClassVar[frozenset[str]] = ALL_TEXTS | INTEGERS - {"tinyint", "utinyint"}
    example: ClassVar[str] = "{generator: mcc.code, type: int}"
    about: ClassVar[Mapping[str, str]] = _DIGITS

    def arrow(self, type: Type) -> pa.DataType:
        return type.arrow if type.kind in INTEGERS else carried(type)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        limits = room(facts.type) if facts.type.kind in INTEGERS else None
        longest = max(map(int, fact_table(self.table).columns[self.column]))
        if limits is not None and limits[1] < longest:
            yield ParamError("", f"{self.called} has codes up to {longest}, more than {facts.type} holds", "take int")

    def values(self, cells: ColumnBatch) -> pa.Array:
        codes = super().values(cells)
        return codes.dictionary_decode().cast(pa.int64()) if cells.facts.type.kind in INTEGERS else codes


@register(*_DOUBLES)
class NumberFact(Fact):
    """A number that belongs to a record: `about` says what each name gives."""

    fits: ClassVar[frozenset[str]] = NUMBERS
    example: ClassVar[str] = "{generator: loinc.low}"
    about: ClassVar[Mapping[str, str]] = _DOUBLES

    def natural(self) -> Type:
        return Type("double")

    def values(self, cells: ColumnBatch) -> pa.Array:
        numbers = fact_table(self.table).numbers(self.column)
        return pa.array(numbers.take(self.records(cells)), mask=self.nulls(cells))


_SPREAD = 3.5  # half a usual range is this many quarters: some 92 % of results lie within
_FURTHEST = 4.0  # standard deviations from the middle


@register("loinc.value")
class TestResult(Fact):
    """The result of a laboratory test or vital sign, in its unit: some 92 % lie in the usual range.

    None is below zero, and no percentage above 100.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS
    example: ClassVar[str] = "{generator: loinc.value}"

    def natural(self) -> Type:
        return Type("double")

    def values(self, cells: ColumnBatch) -> pa.Array:
        record, laws = self.records(cells), _results()
        start, width, middle, deviation, places = (each.take(record) for each in laws)
        # The normal law truncated to the range of probabilities: values don't pile up at its ends.
        chances = start + unit(self.family_draw(cells, "loinc/value")) * width
        values = middle + deviation * normal_table().at(chances)
        # Rounding by floor(x + 1/2), which every machine computes alike, to the decimals of the test.
        return pa.array(np.floor(values * places + 0.5) / places, mask=self.nulls(cells))


@cache
def _results() -> tuple[Floats, ...]:
    """By record: where the law's probabilities begin, how far they go, its middle and deviation, and 10^decimals."""
    table, normal = fact_table("loinc"), normal_table()
    low, high, decimals = (table.numbers(each) for each in ("low", "high", "decimals"))
    middle, deviation = (low + high) / 2, (high - low) / _SPREAD
    # No result is below zero, and no percentage above 100: the law ends there.
    least = np.maximum(-_FURTHEST, -middle / deviation)
    percent = np.array([unit == "%" for unit in table.columns["unit"]])
    most = np.where(percent, np.minimum(_FURTHEST, (100 - middle) / deviation), _FURTHEST)
    start = np.array([normal.probability(each) for each in least.tolist()])
    stop = np.array([normal.probability(each) for each in most.tolist()])
    return start, stop - start, middle, deviation, 10.0**decimals
