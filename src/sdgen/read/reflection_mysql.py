"""What SQLAlchemy's inspector does not tell of MySQL and MariaDB: JSON columns, checks of single columns, triggers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sdgen.read.schema import CheckSchema

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TRIGGERS = """
    SELECT event_object_table, trigger_name FROM information_schema.triggers
    WHERE trigger_schema = database() ORDER BY event_object_table, trigger_name"""
# MariaDB's JSON is a text with a check of its own, and its checks of single columns go by the columns' names.
_CHECKS = """
    SELECT constraint_schema, table_name, constraint_name, check_clause FROM information_schema.check_constraints
    WHERE level = 'Column' AND constraint_schema = database()"""
_JSON = re.compile(r"json_valid\(`.*`\)", re.IGNORECASE | re.DOTALL)

Types = dict[tuple[str, str, str], str]
Checks = dict[tuple[str, str], list[CheckSchema]]


def triggers(connection: Connection) -> list[str]:
    """What is told of triggers, which nothing keeps."""
    from sqlalchemy import text

    return [f"{table}: trigger {name} left out" for table, name in connection.execute(text(_TRIGGERS))]


def column_checks(connection: Connection) -> tuple[Types, Checks]:
    """Exact types by schema, table and column, and checks by schema and table: MariaDB's alone."""
    types: Types = {}
    checks: Checks = {}
    if not getattr(connection.dialect, "is_mariadb", False):
        return types, checks
    from sqlalchemy import text

    for schema, table, column, clause in connection.execute(text(_CHECKS)):
        if _JSON.fullmatch(clause.strip()):
            types[schema, table, column] = "json"
        else:
            checks.setdefault((schema, table), []).append(CheckSchema(clause))
    return types, checks
