"""What a table's rows must keep by themselves: columns, types, NOT NULL, keys. All of it by SQL on all rows."""

from __future__ import annotations

from collections.abc import Iterator

from sdgen.verify.findings import Finding, Status, judged, listed
from sdgen.verify.found import Found


def check_columns(found: Found) -> Iterator[Finding]:
    """Are the columns there, and are their values of the planned types?"""
    for column in found.table.columns:
        if column.name not in found.names:
            yield Finding(found.entity.name, (column.name,), "columns", Status.BROKEN, str(column.type), "no column")
    wrong = {column: found.place.unreadable(column) for column in found.columns}
    asked = {column: condition for column, condition in wrong.items() if condition}
    if not asked:
        return
    parts = ", ".join(f"count(CASE WHEN {condition} THEN 1 END)" for condition in asked.values())
    numbers = found.place.rows(f"SELECT {parts} FROM {found.source}")[0]
    for column, number in zip(asked, numbers, strict=True):
        if number:
            what = f"{number:,} values that are none"
            yield Finding(found.entity.name, (column.name,), "types", Status.BROKEN, str(column.type), what)


def check_not_null(found: Found) -> Iterator[Finding]:
    for column in found.columns:
        if not column.nullable:
            nulls = found.nulls[column.name]
            status = judged(not nulls)
            yield Finding(found.entity.name, (column.name,), "not null", status, "no nulls", f"{nulls:,} nulls")


def check_duplicates(found: Found) -> Iterator[Finding]:
    """Primary keys, unique columns and unique sets."""
    primary = [found.table.primary_key] if found.table.primary_key else []
    for columns in dict.fromkeys([*primary, *found.table.unique]):
        if set(columns) <= found.names:
            kind = "primary key" if columns == found.table.primary_key else "unique"
            yield _duplicates(found, columns, kind)


def _duplicates(found: Found, columns: tuple[str, ...], kind: str) -> Finding:
    names = found.quoted(columns)
    listing, filled = ", ".join(names), " AND ".join(f"{name} IS NOT NULL" for name in names)
    twice = f"SELECT {listing}, count(*) AS times FROM {found.source} WHERE {filled} GROUP BY {listing}"
    texts = ", ".join(f"min(CAST({name} AS {found.place.dialect.text}))" for name in names)
    sql = f"SELECT count(*), sum(times - 1), {texts} FROM ({twice} HAVING count(*) > 1) AS twice"
    keys, surplus, *example = found.place.rows(sql)[0]
    what = (
        f"{int(surplus):,} rows too many, of {keys:,} values such as ({listed(example)})" if keys else "no duplicates"
    )
    return Finding(found.entity.name, columns, kind, judged(not keys), "no duplicates", what)
