"""Which processes start workers for a store, so that a run that is added knows whether somebody will take it."""

from __future__ import annotations

import sqlalchemy as sa

from sdgen.runs.processes import Owner, is_gone
from sdgen.runs.records import Status
from sdgen.runs.store import Store, moment, timestamp
from sdgen.runs.tables import runs, supervisors


class Supervisors:
    """The register of a store's supervisors."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def enter(self, owner: Owner) -> None:
        values = {
            "owner_token": owner.token,
            "owner_host": owner.host,
            "owner_pid": owner.pid,
            "owner_started": owner.started,
            "heartbeat_at": timestamp(),
        }
        with self.store.writing() as connection:
            connection.execute(sa.insert(supervisors).values(values))

    def beat(self, owner: Owner) -> None:
        """A sign of life; written every few seconds alone."""
        mine = supervisors.c.owner_token == owner.token
        with self.store.reading() as connection:
            last = connection.execute(sa.select(supervisors.c.heartbeat_at).where(mine)).scalar_one_or_none()
        if last is None:
            self.enter(owner)
        elif (moment(timestamp()) - moment(last)).total_seconds() > BEAT:
            with self.store.writing() as connection:
                connection.execute(sa.update(supervisors).where(mine).values(heartbeat_at=timestamp()))

    def leave(self, owner: Owner) -> None:
        with self.store.writing() as connection:
            connection.execute(sa.delete(supervisors).where(supervisors.c.owner_token == owner.token))

    def leave_if_idle(self, owner: Owner) -> bool:
        """Leave where no run waits: in one transaction, so that a run added meanwhile finds somebody, or nobody."""
        pending = sa.select(runs.c.id).where(runs.c.status == Status.PENDING.value).limit(1)
        with self.store.alone() as connection:
            if connection.execute(pending).first() is not None:
                return False
            connection.execute(sa.delete(supervisors).where(supervisors.c.owner_token == owner.token))
        return True

    def anyone(self) -> bool:
        """Whether a supervisor is alive; the rows of dead ones are removed."""
        with self.store.alone() as connection:  # in turn with one that is about to leave
            found = connection.execute(sa.select(supervisors)).all()
            dead = [
                row.owner_token
                for row in found
                if is_gone(
                    Owner(row.owner_token, row.owner_host, row.owner_pid, row.owner_started), moment(row.heartbeat_at)
                )
            ]
            if dead:
                connection.execute(sa.delete(supervisors).where(supervisors.c.owner_token.in_(dead)))
        return len(found) > len(dead)


BEAT = 10.0  # seconds
