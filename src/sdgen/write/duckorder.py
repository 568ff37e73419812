"""In which order tables bound by foreign keys can be made and dropped in DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sdgen.errors import Problem
from sdgen.write.base import Table
from sdgen.write.existing import There


def children_first(tables: Sequence[Table], referrers: Any) -> list[Table]:
    """The tables that foreign keys bind, each before the tables it refers to."""
    bound = {name for name, others in referrers.items() for name in (name, *others)}
    waiting = [table for table in tables if table.name in bound]
    ordered: list[Table] = []
    while waiting:
        names = {table.name for table in waiting}
        free = [t for t in waiting if not (set(referrers.get(t.name, ())) & names - {t.name})]
        ordered += free
        waiting = [table for table in waiting if table not in free]
    return ordered


def cycles(tables: Sequence[Table], there: There) -> list[Problem]:
    """New tables that refer to each other in a circle: in DuckDB none of them could be made first."""
    waiting = {t.name: {r.table for r in t.references} - {t.name} for t in tables if t.name not in there.columns}
    while True:
        free = [name for name, others in waiting.items() if not others & waiting.keys()]
        if not free:
            break
        for name in free:
            del waiting[name]
    if not waiting:
        return []
    what = f"refer to each other in a circle, which DuckDB can't declare: {', '.join(sorted(waiting))}"
    return [Problem(("target",), what, "write to PostgreSQL or SQLite, or to files")]
