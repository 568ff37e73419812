"""Columns computed by an SQL scalar expression over the row's other columns and its parents'.

An expression is read and checked against a positive list (`syntax`, `allowed`, `size`), and computed by DuckDB
(`duckdb_engine`) over the columns that the generator hands it (`generator`).
"""

from sdgen.generators.expressions.expression import Expression

__all__ = ["Expression"]
