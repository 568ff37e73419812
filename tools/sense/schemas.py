"""The corpus: schemas of public software as facts, each column with the kind of values that would fit it.

A file is a vertical (`blind_` or `opened_` before its name is left away). `[name part]` begins a schema: `tuned` ones
are what rules are tuned on, the columns of `wide` ones were judged once before any rule was written for them. `opened`
and `blind` ones are halves of what a hand wrote that hadn't seen the rules, split by the SHA-256 of a schema's name
(even: blind); the columns of `blind` ones are for measuring alone: who writes rules doesn't look at them.
`table: column kind arguments >parent @type?; …` are its columns (`>`: a declared link, `@`: the type where the kind
doesn't say it, `?`: may be null), `? table: condition` what is true of each row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
PARTS = ("tuned", "wide", "opened", "blind")
_TYPES = {
    "id": "bigint primary key",
    "ref": "bigint",
    "past": "timestamp",
    "when": "timestamp",
    "birth": "timestamp",
    "flag": "boolean",
    "int": "int",
    "count": "int",
    "year": "int",
    "num": "decimal(18,4)",
    "money": "decimal(14,2)",
    "percent": "decimal(7,2)",
    "share": "decimal(7,4)",
    "lat": "double precision",
    "lon": "double precision",
    "e7": "int",
    "epoch": "bigint",
    "epochms": "bigint",
    "instant": "bigint",
    "clock": "time",
    "prose": "text",
    "uuid": "uuid",
}
_WRITTEN = {"dec": "decimal(18,4)", "double": "double precision", "ts": "timestamp"}
_COLUMN = re.compile(
    r"(?P<name>\S+) (?P<kind>[a-z0-9]+)(?P<args>.*?)(?: >(?P<parent>\w+))?(?: @(?P<type>[\w(),]+))?(?P<null> ?\?)?"
)


@dataclass(frozen=True)
class Judged:
    """A column, and the kind of values that fit it."""

    name: str
    kind: str
    args: str
    type: str
    parent: str
    nullable: bool


@dataclass(frozen=True)
class Schema:
    """A public schema's tables, by name; and conditions that each of a table's rows keeps."""

    vertical: str
    name: str
    part: str
    tables: dict[str, list[Judged]] = field(default_factory=dict)
    conditions: list[tuple[str, str]] = field(default_factory=list)

    def ddl(self) -> str:
        """The schema as statements of SQL."""
        return "\n".join(self._table(name, columns) for name, columns in self.tables.items())

    def _table(self, name: str, columns: list[Judged]) -> str:
        return f'CREATE TABLE "{name}" ({", ".join(map(self._column, columns))});'

    def _column(self, column: Judged) -> str:
        parent = next((c.name for c in self.tables.get(column.parent, ()) if c.kind == "id"), "")
        link = f' REFERENCES "{column.parent}" ("{parent}")' if parent else ""
        null = "" if column.nullable or "primary key" in column.type else " NOT NULL"
        return f'"{column.name}" {column.type}{null}{link}'


def schemas(folder: Path = FOLDER) -> Iterator[Schema]:
    """All schemas of the corpus."""
    for path in sorted(folder.glob("*.txt")):
        yield from _read(path.stem.removeprefix("blind_").removeprefix("opened_"), path.read_text("utf-8"))


def _read(vertical: str, text: str) -> Iterator[Schema]:
    schema = None
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            if schema is not None:
                yield schema
            name, part = line.strip("[]").split()
            assert part in PARTS, line
            schema = Schema(vertical, name, part)
            continue
        assert schema is not None, line
        table, _, rest = line.removeprefix("? ").partition(": ")
        if line.startswith("? "):
            schema.conditions.append((table, rest))
        else:
            schema.tables[table] = [_judged(part.strip()) for part in rest.split("; ")]
    if schema is not None:
        yield schema


def _judged(text: str) -> Judged:
    match = _COLUMN.fullmatch(text)
    assert match is not None, text
    kind, type = match["kind"], match["type"] or ""
    if not type:
        type = _TYPES.get(kind, "varchar(255)")
    elif re.fullmatch(r"s\d+", type):
        type = f"varchar({type[1:]})"
    else:
        type = re.sub(r"\bdec\b", "decimal", type) if "(" in type else _WRITTEN.get(type, type)
    if kind == "id" and "primary key" not in type:
        type += " primary key"
    return Judged(match["name"], kind, match["args"].strip(), type, match["parent"] or "", bool(match["null"]))
