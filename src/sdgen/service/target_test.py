"""`target test`: does the target answer, how soon, and what may be done there? Nothing is left behind."""

from __future__ import annotations

import hashlib
import secrets
from time import perf_counter
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from sdgen.errors import SdgenError
from sdgen.execution.target_spec import ResolvedTarget
from sdgen.scenario.types import parse_type
from sdgen.service.records import Probe, ProblemRecord, TargetEntry, TargetTest
from sdgen.service.store import Store, moment, timestamp
from sdgen.service.tables import target_tests
from sdgen.targets.base import Mode, Table, TableColumn, Target


def probe(resolved: ResolvedTarget) -> Probe:
    """Try a target with a table of a random name, in a transaction that is taken back."""
    integer = parse_type("int")
    table = Table(f"sdgen_probe_{secrets.token_hex(4)}", "probe", (TableColumn("id", integer, False),), rows=1)
    began = perf_counter()
    target: Target | None = None
    found: list[ProblemRecord] = []
    done: list[str] = []
    milliseconds = 0.0
    try:
        target = resolved.open()
        found += map(ProblemRecord.of, target.check([table], Mode.CREATE_IF_MISSING))
        milliseconds = (perf_counter() - began) * 1000
        if not found:
            _try(target, table, done)
    except SdgenError as error:
        found += map(ProblemRecord.of, error.problems)
    except Exception as error:  # whatever a driver raises is the answer
        found.append(ProblemRecord(path="target", what=f"{type(error).__name__}: {error}"))
    finally:
        if target is not None:
            target.abort()
    problems = tuple(each.redacted(resolved.redactor) for each in found)
    can = {f"can_{each}": True for each in done}
    elapsed = milliseconds or (perf_counter() - began) * 1000
    return Probe(
        ok=not problems,
        kind=resolved.kind,
        destination=resolved.shown,
        milliseconds=round(elapsed, 1),
        problems=problems,
        **can,
    )


def store_test(store: Store, entry: TargetEntry, found: Probe) -> None:
    """Keep the result of a target's test, in place of the one before."""
    mine = target_tests.c.target_id == entry.id
    values = {"fingerprint": _fingerprint(entry), "tested_at": timestamp(), "probe": found.model_dump_json()}
    with store.alone() as connection:
        connection.execute(sa.delete(target_tests).where(mine))
        connection.execute(sa.insert(target_tests).values(target_id=entry.id, **values))


def with_tests(store: Store, entries: list[TargetEntry]) -> list[TargetEntry]:
    """The entries with their last tests, but for those of targets that have changed since."""
    with store.reading() as connection:
        rows = {row.target_id: row for row in connection.execute(sa.select(target_tests))}
    found = []
    for entry in entries:
        row = rows.get(entry.id)
        if row is not None and row.fingerprint == _fingerprint(entry):
            test = TargetTest(tested_at=moment(row.tested_at), result=Probe.model_validate_json(row.probe))
            entry = entry.model_copy(update={"last_test": test})
        found.append(entry)
    return found


def _fingerprint(entry: TargetEntry) -> str:
    """A hash of all that is shown of a target but its name: another one may answer otherwise."""
    return hashlib.sha256(entry.model_dump_json(exclude={"name", "last_test"}).encode()).hexdigest()


def _try(target: Target, table: Table, done: list[str]) -> None:
    target.prepare(table, Mode.CREATE_IF_MISSING)
    done.append("create")
    batch = pa.record_batch([pa.array([1], pa.int32())], names=["id"])
    parts: list[Any] = [target.encode(table, batch)]
    target.write(table, parts)
    done += ["insert", "truncate"]
