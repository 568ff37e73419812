"""Partitions: rows are written to the whole table, so their bounds are a condition on its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sdgen.readers.sql.ddl_tokens import Tokens
from sdgen.readers.sql.schema import CheckSchema

_OPEN = frozenset({"MINVALUE", "MAXVALUE"})


@dataclass(frozen=True)
class Bounds:
    """What one partition takes, as SQL: rows from `low` to before `high`, or the rows with these values.

    everything: it takes what no other does, or rows by their hash.
    """

    low: str = ""
    high: str = ""
    values: tuple[str, ...] = ()
    everything: bool = False
    line: int = 0


def read_bounds(words: Tokens) -> Bounds:
    """The bounds of FOR VALUES …, or of DEFAULT."""
    line = words.line
    if words.takes("FOR", "VALUES", "FROM"):
        low = _first(words.inside())
        words.expect("TO")
        return Bounds(low, _first(words.inside()), line=line)
    if words.takes("FOR", "VALUES", "IN"):
        return Bounds(values=tuple(part.sql() for part in words.inside().split()), line=line)
    return Bounds(everything=True, line=line)


def _first(words: Tokens) -> str:
    part = words.split()[0]
    return "" if part.ahead().upper in _OPEN else part.sql()


def partition_check(kind: str, columns: Sequence[str], bounds: Sequence[Bounds]) -> list[CheckSchema]:
    """The condition on the partitions' first column; none where any value finds a partition."""
    if not bounds or not columns or any(each.everything for each in bounds):
        return []
    column = '"' + columns[0].replace('"', '""') + '"'
    name, line = f"partitions by {kind.lower()}", bounds[0].line
    if kind == "LIST":
        values = ", ".join(value for each in bounds for value in each.values)
        return [CheckSchema(f"{column} IN ({values})", name, line)]
    if kind != "RANGE":
        return []
    low, high = _longest_run(bounds)
    sides = [f"{column} >= {low}"] if low else []
    sides += [f"{column} < {high}"] if high else []
    return [CheckSchema(" AND ".join(sides), name, line)] if sides else []


def _longest_run(bounds: Sequence[Bounds]) -> tuple[str, str]:
    """The ends of most partitions that follow one another without a gap."""
    after = {each.low: each for each in bounds}
    ends = {each.high for each in bounds}
    best: list[Bounds] = []
    for start in [each for each in bounds if each.low not in ends or not each.low]:
        run = [start]
        while run[-1].high in after and run[-1].high and len(run) <= len(bounds):
            run.append(after[run[-1].high])
        best = max(best, run, key=len)
    return (best[0].low, best[-1].high) if best else ("", "")
