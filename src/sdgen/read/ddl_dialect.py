"""Which database a DDL text was written for, by the words only that database uses."""

from __future__ import annotations

import re

DIALECTS = ("postgres", "mysql", "sqlite", "tsql", "oracle", "duckdb")
DEFAULT = "postgres"

# Names people use for the same dialects.
SYNONYMS = {
    "postgresql": "postgres",
    "mariadb": "mysql",
    "sqlite3": "sqlite",
    "sqlserver": "tsql",
    "mssql": "tsql",
}

_OPTIONS = r"(?:NOT|NULL|DEFAULT|PRIMARY|UNIQUE|CHECK|CONSTRAINT|REFERENCES|GENERATED)\b"  # behind a column's type
_TELLTALES: tuple[tuple[str, int, str], ...] = (
    ("postgres", 8, r"PostgreSQL database dump|\bpg_catalog\b|^\\c(?:onnect)?\b|\bALTER TABLE ONLY\b"),
    ("postgres", 4, r"\bCREATE (?:TYPE \S+ AS ENUM|DOMAIN|EXTENSION)\b|\bOWNER TO\b|::\s*\w|\bnextval\s*\("),
    ("postgres", 3, r"\b(?:small|big)?serial\b|\bjsonb\b|\btimestamptz\b|\bbytea\b|\$\$|\bUSING (?:btree|gin)\b"),
    ("postgres", 3, r"\bPARTITION OF\b|\bFOR VALUES (?:IN|FROM|WITH)\b|\bEXCLUDE USING\b|\bINHERITS\s*\("),
    ("postgres", 3, r"\s!?~\*?\s*''|\bNULLS NOT DISTINCT\b|\b(?:inet|cidr|tsvector|tstzrange|daterange|citext)\b"),
    ("postgres", 1, r"\bGENERATED (?:ALWAYS|BY DEFAULT) AS IDENTITY\b|\buuid\b|\b(?:text|integer|varchar)\[\]"),
    ("mysql", 8, r"^-- (?:MySQL|MariaDB) dump|\bENGINE\s*=\s*\w+|^DELIMITER\b|/\*!\d{5}"),
    ("mysql", 4, r"`\w+`|\bAUTO_INCREMENT\b|\b(?:tiny|medium|long)(?:text|blob)\b|\bUNSIGNED\b|\bENUM\s*\("),
    ("sqlite", 6, r"\bAUTOINCREMENT\b|^PRAGMA\b|\bWITHOUT ROWID\b|\bsqlite_sequence\b"),
    ("sqlite", 6, r"\[\w+\] INTEGER\b|\bDATETIME\s*\(|\bCOLLATE NOCASE\b|\bGLOB ''|\)\s*STRICT\s*;|\bTYPEOF\s*\("),
    ("tsql", 8, r"^\s*GO\s*$|\[dbo\]\.|\bIDENTITY\s*\(\s*\d+\s*,\s*\d+\s*\)|\bNONCLUSTERED\b"),
    ("tsql", 4, r"^\s*(?:CREATE|ALTER) TABLE \[|\buniqueidentifier\b|\bdatetime2\b|\bnvarchar\s*\(\s*max\s*\)"),
    ("oracle", 8, r"\bVARCHAR2\b|\bNUMBER\s*\(|\bSYSDATE\b|\bCREATE OR REPLACE PACKAGE\b"),
    ("oracle", 3, rf"^\s*/\s*$|[\w\"][ \t]+NUMBER(?=\s*(?:[,)]|$|{_OPTIONS}))|\bCLOB\b|\bUSING INDEX\b"),
    ("duckdb", 6, r"\bHUGEINT\b|\bUBIGINT\b|\bUINTEGER\b|\bSTRUCT\s*\(|\bCREATE MACRO\b"),
    ("duckdb", 2, r"\bATTACH\b(?!\s+PARTITION)|\bread_(?:csv|parquet)\b"),
    ("duckdb", 1, r"\b(?:VARCHAR|INTEGER)\[\]"),
)  # fmt: skip
_COMPILED = tuple((name, weight, re.compile(text, re.IGNORECASE | re.MULTILINE)) for name, weight, text in _TELLTALES)
_LOOKED_AT = 200_000
_DATA = re.compile(r"(?P<kept>--[^\n]*)|'(?:[^']|'')*'|^\s*(?:INSERT\b|\()[^\n]*", re.IGNORECASE | re.MULTILINE)


def guess_dialect(text: str) -> str:
    """The dialect most of whose tell-tale words a text uses; PostgreSQL's where there are none."""
    looked_at = _DATA.sub(lambda match: match["kept"] or "''", text[:_LOOKED_AT])
    scores = dict.fromkeys(DIALECTS, 0)
    for name, weight, pattern in _COMPILED:
        found = min(sum(1 for _ in zip(range(5), pattern.finditer(looked_at), strict=False)), 5)
        scores[name] += weight * found
    best = max(DIALECTS, key=lambda name: scores[name])
    return best if scores[best] else DEFAULT
