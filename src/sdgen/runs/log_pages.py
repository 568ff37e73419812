"""How long a run's log is; its lines are numbered from 1 without gaps."""

from __future__ import annotations

import sqlalchemy as sa

from sdgen.runs.store import Store
from sdgen.runs.tables import run_logs


def last_number(store: Store, run_id: str) -> int:
    """The number of the last line of a run's log; 0 where it has none."""
    query = sa.select(sa.func.coalesce(sa.func.max(run_logs.c.number), 0)).where(run_logs.c.run_id == run_id)
    with store.reading() as connection:
        return int(connection.execute(query).scalar_one())
