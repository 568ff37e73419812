"""What MySQL's tables have no room for: keys over texts without a limit, and rows of many long texts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sdgen.databases.mysql.dialect import MYSQL
from sdgen.scenario.types import Type
from sdgen.targets.base import Table, TableColumn

KEY_CHARACTERS = 768  # InnoDB's 3,072 bytes of one key, at the four bytes that utf8mb4 keeps for a character
ROW_CHARACTERS = 15_000  # of all texts with a length, of the 65,535 bytes of a row
USUAL = 255


def fitted(table: Table) -> Table:
    """The table with types that MySQL can make.

    Texts in keys get a length and compare letter by letter, or `a` would be a duplicate of `A`; bytes in keys get a
    length; of too many long texts the longest lose theirs.
    """
    shares = _shares(table)
    texts = _without_length(table, shares)
    columns = tuple(
        _keyed(column, shares[column.name])
        if column.name in shares
        else replace(column, type=Type("text") if column.name in texts else column.type)
        for column in table.columns
    )
    return replace(table, columns=columns)


def _shares(table: Table) -> dict[str, int]:
    """How many columns the widest key has that a column is in."""
    keys = [table.primary_key, *table.unique, *(reference.columns for reference in table.references)]
    shares: dict[str, int] = {}
    for key in keys:
        for name in key:
            shares[name] = max(shares.get(name, 0), len(key))
    return shares


def _keyed(column: TableColumn, columns: int) -> TableColumn:
    """A column of a key that has so many."""
    length = min(column.type.length or USUAL, KEY_CHARACTERS // columns)
    declared = {
        "string": f"VARCHAR({length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        "text": f"VARCHAR({length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        "binary": f"VARBINARY({length})",
    }
    if column.type.kind not in declared:
        return column
    return replace(column, target={MYSQL.name: declared[column.type.kind], **column.target})


def _without_length(table: Table, keys: Collection[str]) -> set[str]:
    """The columns of the longest texts, none of them in a key, without which the others fit into a row."""
    total = sum(column.type.length for column in table.columns)
    free = sorted((column.type.length, column.name) for column in table.columns if column.name not in keys)
    found = set()
    while total > ROW_CHARACTERS and free:
        length, name = free.pop()
        total -= length
        found |= {name} if length else set()
    return found
