"""The rows of fintech_loans made ready for the peers of the database benches: SCALE FOLDER.

Into the folder go CSV files, Arrow files with each column in the type SQLite stores, and ready.json: per database the
SQL that makes the tables and the SQL that adds the constraints, word for word what sdgen itself runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from sdgen.api import plan, write
from sdgen.databases.create_table import add_constraint, constraints, create_table, unique_index
from sdgen.databases.dialect import FOREIGN_KEY, PRIMARY_KEY, UNIQUE
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.databases.sqlite.target import SQLite
from sdgen.engine import batches
from sdgen.planning.plan import Plan
from sdgen.targets.base import Table
from sdgen.targets.tables import tables_of

SCENARIO = "fintech_loans"


@dataclass(frozen=True)
class Script:
    """What a database is told before the rows come and after."""

    tables: dict[str, list[str]]
    before: list[str]
    after: list[str]


def postgres_script(tables: Mapping[str, Table]) -> Script:
    """Tables without keys; after the load the keys, then the foreign keys."""
    pairs = [(constraint, table) for table in tables.values() for constraint in constraints(table, POSTGRES)]
    pairs.sort(key=lambda pair: pair[0].kind == FOREIGN_KEY)
    before = [create_table(table, POSTGRES, frozenset()) for table in tables.values()]
    after = [add_constraint(table, constraint, POSTGRES) for constraint, table in pairs]
    return Script(_names(tables), before, after)


def sqlite_script(tables: Mapping[str, Table]) -> Script:
    """Tables with their primary and foreign keys, which SQLite can't add; after the load the unique indexes."""
    before = [create_table(table, SQLITE, frozenset({PRIMARY_KEY, FOREIGN_KEY})) for table in tables.values()]
    after = [
        unique_index(table, constraint, SQLITE)
        for table in tables.values()
        for constraint in constraints(table, SQLITE, frozenset({UNIQUE}))
    ]
    return Script(_names(tables), before, after)


def _names(tables: Mapping[str, Table]) -> dict[str, list[str]]:
    return {table.name: list(table.names) for table in tables.values()}


def write_arrow(settled: Plan, tables: Mapping[str, Table], folder: Path) -> None:
    """Each table as batches that SQLite's driver takes as they are."""
    target = SQLite(folder / "unused.sqlite")
    for table in tables.values():
        stream = (target.encode(table, each) for each in batches(settled, table.entity, encode=_as_it_is))
        first = next(stream)
        with pa.ipc.new_file(str(folder / f"{table.name}.arrow"), first.schema) as file:
            file.write_batch(first)
            for batch in stream:
                file.write_batch(batch)


def _as_it_is(batch: pa.RecordBatch, number: int) -> pa.RecordBatch:
    return batch


def main(scale: float, folder: Path) -> None:
    settled = plan(SCENARIO, scale=scale)
    tables = tables_of(settled)
    write(settled, f"{folder}/", formats=["csv"])
    write_arrow(settled, tables, folder)
    scripts = {"postgres": postgres_script(tables), "sqlite": sqlite_script(tables)}
    (folder / "ready.json").write_text(json.dumps({name: asdict(script) for name, script in scripts.items()}))
    print(sum(table.rows for table in tables.values()))


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
