"""What a table's rows must keep by themselves: columns, types, NOT NULL, keys. All of it by SQL on all rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sdgen.errors import TargetError
from sdgen.verification.findings import Finding, Status, StoredEntity, list_values, status_of

if TYPE_CHECKING:
    from sdgen.planning.conditions import Condition


def check_columns(stored: StoredEntity) -> Iterator[Finding]:
    """Are the columns there, and are their values of the planned types?"""
    for column in stored.table.columns:
        if column.name not in stored.names:
            yield Finding(stored.entity.name, (column.name,), "columns", Status.BROKEN, str(column.type), "no column")
    wrong = {column: stored.reader.unreadable(column) for column in stored.columns}
    conditions = {column: condition for column, condition in wrong.items() if condition}
    if not conditions:
        return
    parts = ", ".join(f"count(CASE WHEN {condition} THEN 1 END)" for condition in conditions.values())
    numbers = stored.reader.rows(f"SELECT {parts} FROM {stored.source}")[0]
    for column, number in zip(conditions, numbers, strict=True):
        if number:
            what = f"{number:,} values are of another type"
            yield Finding(stored.entity.name, (column.name,), "types", Status.BROKEN, str(column.type), what)


def check_not_null(stored: StoredEntity) -> Iterator[Finding]:
    for column in stored.columns:
        if not column.nullable:
            nulls = stored.nulls[column.name]
            status = status_of(not nulls)
            yield Finding(stored.entity.name, (column.name,), "not null", status, "no nulls", f"{nulls:,} nulls")


def check_duplicates(stored: StoredEntity) -> Iterator[Finding]:
    """Primary keys, unique columns and unique sets, those that hold in some rows among them."""
    primary = [stored.table.primary_key] if stored.table.primary_key else []
    for columns in dict.fromkeys([*primary, *stored.table.unique]):
        if set(columns) <= stored.names:
            kind = "primary key" if columns == stored.table.primary_key else "unique"
            yield _duplicates(stored, columns, kind)
    for partial in stored.entity.partial_unique:
        if {*partial.columns, *partial.where} <= stored.names:
            among = [_asked(stored, name, value) for name, value in partial.where.items()]
            yield _duplicates(stored, partial.columns, "partial unique", among)


def _asked(stored: StoredEntity, name: str, value: Any) -> str:
    """A column's part of a partial unique set's condition, in SQL."""
    quoted = stored.reader.dialect.quote(name)
    if value is None:
        return f"{quoted} IS NULL"
    if isinstance(value, Mapping):
        return f"NOT ({_asked(stored, name, value.get('not'))})"
    values = value if isinstance(value, list | tuple) else [value]
    return f"{quoted} IN ({', '.join(_literal(stored, each) for each in values)})"


def _literal(stored: StoredEntity, value: Any) -> str:
    return str(value) if isinstance(value, bool | int | float) else stored.reader.dialect.literal(str(value))


def _duplicates(stored: StoredEntity, columns: tuple[str, ...], kind: str, among: Sequence[str] = ()) -> Finding:
    names = stored.quoted(columns)
    listing, filled = ", ".join(names), " AND ".join([*(f"{name} IS NOT NULL" for name in names), *among])
    twice = f"SELECT {listing}, count(*) AS times FROM {stored.source} WHERE {filled} GROUP BY {listing}"
    texts = ", ".join(f"min(CAST({name} AS {stored.reader.dialect.text}))" for name in names)
    sql = f"SELECT count(*), sum(times - 1), {texts} FROM ({twice} HAVING count(*) > 1) AS twice"
    keys, surplus, *example = stored.reader.rows(sql)[0]
    what = (
        f"{int(surplus):,} rows too many, of {keys:,} values such as ({list_values(example)})"
        if keys
        else "no duplicates"
    )
    return Finding(stored.entity.name, columns, kind, status_of(not keys), "no duplicates", what)


def check_conditions(stored: StoredEntity) -> Iterator[Finding]:
    """How many rows break each `check` of the entity; one that the target can't compute is skipped."""
    for condition in stored.entity.conditions:
        yield _condition(stored, condition)


def _condition(stored: StoredEntity, condition: Condition) -> Finding:
    needs = condition.expression.needs()
    columns = tuple(dict.fromkeys(need.column for need in needs if not need.link))
    hidden = [need.column for need in needs if need.link or need.column not in stored.names]
    if hidden:
        return _skip(stored, columns, condition, f"{hidden[0]} is not in the table")
    try:
        broken = stored.reader.rows(
            f"SELECT count(*) FROM {stored.source} WHERE NOT ({_in_dialect(stored, condition)})"
        )[0][0]
    except TargetError as error:
        return _skip(stored, columns, condition, f"the target can't evaluate it: {error.problems[0].what}")
    return Finding(
        stored.entity.name, columns, "check", status_of(not broken), condition.sql, f"{broken:,} rows break it"
    )


def _skip(stored: StoredEntity, columns: tuple[str, ...], condition: Condition, why: str) -> Finding:
    return Finding(stored.entity.name, columns, "check", Status.SKIPPED, condition.sql, why)


def _in_dialect(stored: StoredEntity, condition: Condition) -> str:
    """The condition in the target's SQL, its columns under the names they have there."""
    from sqlglot import exp, parse_one

    tree = parse_one(condition.sql, dialect="duckdb")
    named = {name.lower(): name for name in stored.names}
    for column in tree.find_all(exp.Column):
        column.set("this", exp.to_identifier(named[column.name.lower()], quoted=True))
    return tree.sql(dialect=stored.reader.dialect.name)
