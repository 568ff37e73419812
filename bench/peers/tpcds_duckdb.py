"""TPC-DS by DuckDB's extension of that name, which is the benchmark's own dsdgen in native code: FOLDER FACTOR."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import duckdb


def main(folder: Path, factor: str) -> None:
    connection = duckdb.connect()
    # `INSTALL tpcds` fetches it; the package of that extension brings it.
    places = (Path(place) for place in find_spec("duckdb_ext").submodule_search_locations)
    extension = next(found for place in places for found in place.rglob("tpcds.duckdb_extension"))
    connection.execute(f"LOAD '{extension}'")
    connection.execute(f"CALL dsdgen(sf = {float(factor)})")
    tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    for table in tables:
        connection.execute(f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet)")
    rows = sum(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)
    print(f"{rows:,} rows in {len(tables)} tables")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
