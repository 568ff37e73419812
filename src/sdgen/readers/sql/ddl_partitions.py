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

    above: not all rows with `low`, as further columns have bounds too. everything: it takes what no other does, or
    rows by their hash.
    """

    low: str = ""
    high: str = ""
    values: tuple[str, ...] = ()
    everything: bool = False
    line: int = 0
    above: bool = False


def read_bounds(words: Tokens) -> Bounds:
    """The bounds of FOR VALUES …, or of DEFAULT."""
    line = words.line
    if words.takes("FOR", "VALUES", "FROM"):
        low, above = _ends(words.inside())
        words.expect("TO")
        return Bounds(low, _ends(words.inside())[0], line=line, above=above)
    if words.takes("FOR", "VALUES", "IN"):
        return Bounds(values=tuple(part.sql() for part in words.inside().split()), line=line)
    return Bounds(everything=True, line=line)


def _ends(words: Tokens) -> tuple[str, bool]:
    """The first column's end of a bound, "" for none, and whether further columns narrow it."""
    first, *others = words.split()
    narrowed = any(part.ahead().upper not in _OPEN for part in others)
    return "" if first.ahead().upper in _OPEN else first.sql(), narrowed


@dataclass(frozen=True)
class Partitioning:
    """How rows find a partition: RANGE, LIST or HASH of columns, and what each partition takes.

    A part that is partitioned itself comes with how.
    """

    kind: str
    columns: tuple[str, ...]
    parts: Sequence[tuple[Bounds, Partitioning | None]]

    @property
    def takes_rows(self) -> bool:
        return any(nested is None or nested.takes_rows for _, nested in self.parts)

    def chosen(self) -> tuple[list[Bounds], Partitioning | None]:
        """Most of the parts that ask the same of further columns; rows go to these."""
        groups: dict[tuple[str, ...], list[tuple[Bounds, Partitioning | None]]] = {}
        for bounds, nested in self.parts:
            if nested is None or nested.takes_rows:
                asked = tuple(check.sql for check in nested.conditions()) if nested is not None else ()
                groups.setdefault(asked, []).append((bounds, nested))
        best = max(groups.values(), key=len, default=[])
        return [bounds for bounds, _ in best], best[0][1] if best else None

    def conditions(self) -> list[CheckSchema]:
        """What the partitions ask of columns; nothing where any value finds one."""
        bounds, nested = self.chosen()
        own = _conditions(self.kind, self.columns, bounds)
        return [*own, *(nested.conditions() if nested is not None else ())]

    def required(self) -> set[str]:
        """The columns that can't be null."""
        bounds, nested = self.chosen()
        further = nested.required() if nested is not None else set()
        if (
            not bounds
            or any(each.everything for each in bounds)
            or any("NULL" in map(str.upper, each.values) for each in bounds)
        ):
            return further
        return further | set(self.columns)


def _conditions(kind: str, columns: Sequence[str], bounds: Sequence[Bounds]) -> list[CheckSchema]:
    """The condition on the partitions' first column."""
    if not bounds or not columns or any(each.everything for each in bounds):
        return []
    column = '"' + columns[0].replace('"', '""') + '"'
    name, line = f"partitions by {kind.lower()}", bounds[0].line
    if kind == "LIST":
        values = ", ".join(value for each in bounds for value in each.values if value.upper() != "NULL")
        return [CheckSchema(f"{column} IN ({values})", name, line)] if values else []
    if kind != "RANGE":
        return []
    low, above, high = _longest_run(bounds)
    sides = [f"{column} {'>' if above else '>='} {low}"] if low else []
    sides += [f"{column} < {high}"] if high else []
    return [CheckSchema(" AND ".join(sides), name, line)] if sides else []


def _longest_run(bounds: Sequence[Bounds]) -> tuple[str, bool, str]:
    """The ends of most partitions that follow one another without a gap; whether the lower one is left out."""
    after = {each.low: each for each in bounds}
    ends = {each.high for each in bounds}
    best: list[Bounds] = []
    for start in [each for each in bounds if each.low not in ends or not each.low]:
        run = [start]
        while run[-1].high in after and run[-1].high and len(run) <= len(bounds):
            run.append(after[run[-1].high])
        best = max(best, run, key=len)
    return (best[0].low, best[0].above, best[-1].high) if best else ("", False, "")
