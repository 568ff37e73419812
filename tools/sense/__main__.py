"""How much of what a bare schema becomes fits: rows of the corpus's schemas, judged column by column.

`make sense`, or `python tools/sense [--part tuned] [--worst 40] [schema …]`.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
from kinds import AS_OF, KINDS, verdict
from schemas import PARTS, Schema, schemas

import sdgen
from sdgen.errors import SdgenError
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_text_as_scenario

ROWS = 100


@dataclass(frozen=True)
class Judgement:
    """What a column's values, or a condition, came to; sample: some of the values."""

    vertical: str
    part: str
    place: str
    expected: str
    verdict: str
    sample: str


def judged(schema: Schema) -> Iterator[Judgement]:
    """Each column and condition of a schema, judged on a hundred rows a table; all wrong where none can be made."""
    try:
        # The reader keeps to the count where keys leave room for as many.
        scenario = read_text_as_scenario(schema.ddl(), f"{schema.name}.sql", ReadOptions(rows=ROWS))
        tables = sdgen.generate(scenario, as_of=AS_OF, seed=1)
    except SdgenError as error:
        places = [f"{table}.{column.name}" for table, columns in schema.tables.items() for column in columns]
        for place in (*places, *(table for table, _ in schema.conditions)):
            yield Judgement(schema.vertical, schema.part, f"{schema.name} {place}", "rows", "wrong", str(error)[:80])
        return
    for table, columns in schema.tables.items():
        rows = tables[table]
        for column in columns:
            values: list[Any] = rows.column(column.name).to_pylist()
            found = verdict(column.kind, column.args, values, schema.vertical)
            sample = " · ".join(str(value)[:36] for value in values[:4])
            place = f"{schema.name} {table}.{column.name}"
            yield Judgement(schema.vertical, schema.part, place, f"{column.kind} {column.args}".strip(), found, sample)
    connection = duckdb.connect()
    for table, condition in schema.conditions:
        connection.register("rows", tables[table])
        broken = connection.execute(f"select count(*) from rows where not ({condition})").fetchall()[0][0]
        found = "wrong" if broken else "fits"
        yield Judgement(schema.vertical, schema.part, f"{schema.name} {table}", condition, found, f"{broken} rows")


def table_of(judgements: Iterable[Judgement]) -> list[str]:
    """The share that fits, by vertical and in all."""
    counts: dict[str, Counter[str]] = {}
    for one in judgements:
        for key in (one.vertical, "all"):
            counts.setdefault(key, Counter())[one.verdict] += 1
    lines = []
    for key in sorted(counts, key=lambda name: (name == "all", name)):
        of = counts[key]
        lines.append(f"  {key:<12}{of.total():>6}{of['fits'] / of.total():>9.1%}{of['odd']:>6}{of['wrong']:>6}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("schemas", nargs="*", help="only these schemas")
    parser.add_argument("--part", choices=PARTS, help="only this part")
    parser.add_argument("--worst", type=int, default=12, help="how many columns that don't fit to list")
    options = parser.parse_args()
    chosen = [s for s in schemas() if s.part == (options.part or s.part) and s.name in (options.schemas or [s.name])]
    unknown = {c.kind for s in chosen for columns in s.tables.values() for c in columns} - KINDS
    if unknown:
        sys.exit(f"unknown kinds: {', '.join(sorted(unknown))}")
    found = [one for schema in chosen for one in judged(schema)]
    for part in PARTS:
        of_part = [one for one in found if one.part == part]
        if not of_part:
            continue
        print(f"{part}: {sum(s.part == part for s in chosen)} schemas\n  vertical   columns     fits   odd wrong")
        print("\n".join(table_of(of_part)))
        # Columns of the part that is only measured are not shown: who sees them tunes on them.
        shown = of_part if part != "blind" or options.schemas else []
        worst = sorted((one for one in shown if one.verdict != "fits"), key=lambda one: one.verdict == "odd")
        for one in worst[: options.worst]:
            print(f"    {one.verdict:<6}{one.place} ({one.expected}): {one.sample}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
