"""The store's versions, by number. An empty database gets the newest tables at once, an older store step after step.

A step is a function of a connection; step n leads from version n - 1 to n. Steps that have been released never change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, insert, inspect, select, text, update

from sdgen.errors import Problem, StoreError
from sdgen.runs.tables import LONG_TEXT, METADATA, store_version, target_tests

FIRST = 1


def _column_digests(connection: Connection) -> None:
    """Entities of runs have a digest of each column."""
    kind = LONG_TEXT.compile(dialect=connection.dialect)
    connection.execute(text(f"ALTER TABLE run_entities ADD COLUMN column_digests {kind}"))


def _target_tests(connection: Connection) -> None:
    """The last test of each target is remembered."""
    target_tests.create(connection, checkfirst=True)


STEPS: Mapping[int, Callable[[Connection], None]] = {2: _column_digests, 3: _target_tests}


def newest() -> int:
    return max(STEPS, default=FIRST)


def version_of(connection: Connection) -> int:
    """The version a store is of; 0 where it has no tables yet."""
    if not inspect(connection).has_table(store_version.name):
        return 0
    return connection.execute(select(store_version.c.number)).scalar_one_or_none() or 0


def migrate(connection: Connection) -> None:
    """Bring a store to the newest version; StoreError where it was made by a newer sdgen."""
    version = version_of(connection)
    if version > newest():
        what = f"the store is of version {version}, and this sdgen knows versions up to {newest()}"
        raise StoreError(Problem((), what, "use the sdgen that made it, or another --runs-db"))
    if not version:
        METADATA.create_all(connection)
        connection.execute(insert(store_version).values(number=newest()))
        return
    for number in range(version + 1, newest() + 1):
        STEPS[number](connection)
    if version < newest():
        connection.execute(update(store_version).values(number=newest()))
