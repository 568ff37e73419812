"""A resolved run as a record: what another process needs to execute it, now or again, without anything secret."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict, Field

from sdgen.execution.append import plan_with_existing
from sdgen.execution.request import RunSettings
from sdgen.execution.room import fit_beside_existing
from sdgen.execution.target_spec import ResolvedTarget, TargetSpec, password_problems, stored_spec
from sdgen.planning.plan import Plan
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.identity import canonical_json
from sdgen.scenario.model import Record, Scenario
from sdgen.scenario.request import ExistingRows, PlanRequest

MOST_BYTES = 4 << 20  # of a snapshot, packed: it is stored in one cell of the run's row


class TableSnapshot(Record):
    """The rows that a table held: how many, and the columns that new rows depend on, packed (Arrow, zstd, base64).

    firsts: `ExistingRows.children`, packed likewise.
    """

    rows: int
    columns: str = ""
    firsts: str = ""


AppendSnapshot = Mapping[str, TableSnapshot]  # by entity


class Job(RunSettings):
    """A resolved run: the scenario's text, seed, now and counts; the target as it is written, its path absolute.

    complete: whether the target can be opened from this record; not where a password was left out. scratch: whether the
    rows go to a temporary target of the same kind, which is removed afterwards. snapshot: the rows that the target held
    before a run that appended; None where that isn't known. changes: which versions differ from those of the run that
    this one reproduces, in words. open_counts: the entities whose row counts nobody named.
    """

    # Stored jobs call the snapshot "standing": the name stays, so that runs of older releases can be reproduced.
    model_config = ConfigDict(populate_by_name=True)

    scenario_text: str
    scenario_file: str
    seed: int
    as_of: datetime
    rows: Mapping[str, int]
    scale: float
    target: TargetSpec
    formats: tuple[str, ...]
    identity: str
    complete: bool = True
    scratch: bool = False
    snapshot: AppendSnapshot | None = Field(None, alias="standing")
    changes: tuple[str, ...] = ()
    open_counts: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        file: str,
        rows: Mapping[str, int],
        scale: float,
        plan: Plan,
        target: ResolvedTarget,
        settings: RunSettings,
    ) -> Job:
        """The record of a run; file: the scenario's, for messages. rows, scale: what the run asks of the scenario."""
        return cls(
            # Written anew and not copied from the file: it holds what the request has changed (`--set`).
            scenario_text=scenario_text(scenario),
            scenario_file=Path(file).name or "scenario.yaml",
            seed=plan.seed,
            as_of=plan.as_of,
            rows=rows,
            scale=scale,
            target=stored_spec(target),
            formats=target.formats,
            identity=plan.identity,
            complete=not list(password_problems(target.spec)),
            open_counts=tuple(sorted(scenario.origin.open_counts)),
            **settings.model_dump(),
        )

    def plan(self) -> Plan:
        """The plan, appended to the rows of the snapshot; ScenarioError where this sdgen can't make it any more."""
        existing = existing_rows_of(self.snapshot) if self.snapshot else {}
        scenario, request = self.scenario, replace(self.plan_request, existing=existing)
        return plan_with_existing(scenario, fit_beside_existing(scenario, request).request)

    @property
    def settings(self) -> RunSettings:
        return RunSettings(**{name: getattr(self, name) for name in RunSettings.model_fields})

    @property
    def scenario(self) -> Scenario:
        scenario = read_text_as_scenario(self.scenario_text, self.scenario_file)
        scenario.origin.open_counts = frozenset(self.open_counts)
        return scenario

    @property
    def plan_request(self) -> PlanRequest:
        return PlanRequest(self.seed, self.as_of, self.rows, self.scale, self.only)


# No value depends on their versions, which tests make sure of. Where digests differ all the same, one of these is the
# likeliest cause, so that a comparison of two runs names them.
LIBRARIES = ("duckdb", "jinja2", "mimesis", "numpy", "pyarrow", "sqlglot")


@cache
def library_versions() -> dict[str, str]:
    """The installed versions of the libraries that take part in making values."""
    found = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def versions_of(plan: Plan) -> dict[str, str | int]:
    """What besides the job decides the values, or may: versions of sdgen, its streams and generators, and libraries."""
    return {"sdgen": version("sdgen"), **dict(sorted(plan.versions.items())), **library_versions()}


HASH_VERSION = 1


def config_hash(plan: Plan, settings: RunSettings, target: ResolvedTarget) -> str:
    """SHA-256 over all that decides what a run writes; equal hashes mean equal rows in equal kinds of targets.

    The plan's identity covers the scenario, seed, as_of, row counts and generators' versions. No credentials.
    """
    decisive = {
        "format": HASH_VERSION,
        "data": plan.identity,
        "entities": list(settings.only),
        "mode": settings.mode.value,
        "target": target.facts,
    }
    # Said only where there are some, so that all other runs keep the hash that they had without this entry.
    if settings.table_modes:
        decisive["table_modes"] = {name: mode.value for name, mode in settings.table_modes.items()}
    return sha256(canonical_json(decisive).encode()).hexdigest()


def snapshot_of(existing: Mapping[str, ExistingRows]) -> AppendSnapshot | None:
    """Existing rows as they are stored; None where they are too many."""
    snapshot = {name: _pack_rows(each) for name, each in existing.items()}
    size = sum(len(each.columns) + len(each.firsts) for each in snapshot.values())
    return snapshot if size <= MOST_BYTES else None


def existing_rows_of(snapshot: AppendSnapshot) -> dict[str, ExistingRows]:
    """The rows that `snapshot_of` was given."""
    return {name: _unpack_rows(each) for name, each in snapshot.items()}


def _pack_rows(existing: ExistingRows) -> TableSnapshot:
    columns = _pack(existing.columns) if existing.columns else ""
    firsts = _pack({"firsts": pa.array(existing.children)}) if existing.children is not None else ""
    return TableSnapshot(rows=existing.rows, columns=columns, firsts=firsts)


def _pack(columns: Mapping[str, pa.Array]) -> str:
    table = pa.table(dict(columns))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return b64encode(sink.getvalue()).decode()


def _unpack_rows(snapshot: TableSnapshot) -> ExistingRows:
    firsts = _unpack(snapshot.firsts)
    children = np.asarray(firsts["firsts"].to_numpy(), dtype=np.int64) if firsts else None
    return ExistingRows(snapshot.rows, _unpack(snapshot.columns), children)


def _unpack(text: str) -> dict[str, pa.Array]:
    if not text:
        return {}
    table = pa.ipc.open_stream(b64decode(text)).read_all()
    columns = (column.combine_chunks() for column in table.columns)
    arrays = [each.combine_chunks() if isinstance(each, pa.ChunkedArray) else each for each in columns]
    return dict(zip(table.column_names, arrays, strict=True))
