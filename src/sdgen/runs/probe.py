"""`target test`: does the place answer, how soon, and what may be done there? Nothing is left behind."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pyarrow as pa

from sdgen.errors import SdgenError
from sdgen.execution.targets import ResolvedTarget
from sdgen.runs.records import ProblemRecord
from sdgen.scenario.model import Record
from sdgen.scenario.types import parse_type
from sdgen.write.base import Mode, Table, TableColumn, Target


class Probe(Record):
    """What was found. milliseconds: until the target had answered. can_*: a table of its own, in a run's transaction.

    Truncating is judged by that table too: existing tables of other users may refuse it.
    """

    ok: bool
    kind: str
    destination: str
    milliseconds: float
    can_create: bool = False
    can_insert: bool = False
    can_truncate: bool = False
    problems: tuple[ProblemRecord, ...] = ()


def probe(settled: ResolvedTarget) -> Probe:
    """Try a target with a table of a random name, in a transaction that is taken back."""
    integer = parse_type("int")
    table = Table(f"sdgen_probe_{secrets.token_hex(4)}", "probe", (TableColumn("id", integer, False),), rows=1)
    began = perf_counter()
    target: Target | None = None
    found: list[ProblemRecord] = []
    done: list[str] = []
    milliseconds = 0.0
    try:
        target = settled.open()
        found += map(ProblemRecord.of, target.check([table], Mode.CREATE_IF_MISSING))
        milliseconds = (perf_counter() - began) * 1000
        if not found:
            _try(target, table, done)
    except SdgenError as error:
        found += map(ProblemRecord.of, error.problems)
    except Exception as error:  # whatever a driver says; a probe tells it
        found.append(ProblemRecord(path="target", what=f"{type(error).__name__}: {error}"))
    finally:
        if target is not None:
            target.abort()
    problems = tuple(_hidden(each, settled.redactor) for each in found)
    can = {f"can_{each}": True for each in done}
    elapsed = milliseconds or (perf_counter() - began) * 1000
    return Probe(
        ok=not problems,
        kind=settled.kind,
        destination=settled.shown,
        milliseconds=round(elapsed, 1),
        problems=problems,
        **can,
    )


def _try(target: Target, table: Table, done: list[str]) -> None:
    target.prepare(table, Mode.CREATE_IF_MISSING)
    done.append("create")
    batch = pa.record_batch([pa.array([1], pa.int32())], names=["id"])
    parts: list[Any] = [target.encode(table, batch)]
    target.write(table, parts)
    done += ["insert", "truncate"]


def _hidden(problem: ProblemRecord, redactor: Callable[[str], str]) -> ProblemRecord:
    return problem.model_copy(update={"what": redactor(problem.what), "hint": redactor(problem.hint)})
