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
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sdgen.execution.append import plan_with_existing, with_existing_rows
from sdgen.execution.request import RunSettings
from sdgen.execution.targets import ResolvedTarget, TargetSpec, password_problems, stored_spec
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import Plan
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.identity import canonical_json
from sdgen.scenario.model import Record, Scenario
from sdgen.scenario.request import ExistingRows, PlanRequest
from sdgen.targets.base import Target

if TYPE_CHECKING:
    from sdgen.execution.resolve import ResolvedRun


class Job(RunSettings):
    """A resolved run: the scenario's text, seed, now and counts; the target as it is written, its path absolute.

    complete: whether the target can be opened from this record; not where a password was left out. scratch: whether the
    rows go to a temporary place of the target's kind, which is removed afterwards. standing: what the target held
    before a run that appended; None where that isn't known. changes: which versions are others than those of the run
    that this one does again, in words.
    """

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
    standing: Mapping[str, TableSnapshot] | None = None
    changes: tuple[str, ...] = ()

    @classmethod
    def of(cls, scenario: Scenario, file: str, rows: Mapping[str, int], run: ResolvedRun) -> Job:
        """The record of a resolved run; file: the scenario's, for messages. rows: the counts asked of it."""
        return cls(
            scenario_text=scenario_text(scenario),
            scenario_file=file or "scenario.yaml",
            seed=run.plan.seed,
            as_of=run.plan.as_of,
            rows=rows,
            scale=run.scale,
            target=stored_spec(run.target),
            formats=run.target.formats,
            identity=run.plan.identity,
            complete=not list(password_problems(run.target.spec)),
            **run.settings.model_dump(),
        )

    def plan(self) -> Plan:
        """The plan; ScenarioError where this sdgen can't make it any more."""
        if self.standing:
            return plan_with_existing(self._scenario, replace(self._request, existing=existing_rows_of(self.standing)))
        return compile_plan(self._scenario, self._request)

    def plan_into(self, target: Target) -> tuple[Plan, Job]:
        """The plan of a run that appends, behind the rows that the target holds now; and the job with those."""
        request = with_existing_rows(self._scenario, self._request, target, self.settings)
        return plan_with_existing(self._scenario, request), self.model_copy(
            update={"standing": snapshot_of(request.existing)}
        )

    @property
    def settings(self) -> RunSettings:
        return RunSettings(**{name: getattr(self, name) for name in RunSettings.model_fields})

    @property
    def _scenario(self) -> Scenario:
        return read_text_as_scenario(self.scenario_text, self.scenario_file)

    @property
    def _request(self) -> PlanRequest:
        return PlanRequest(self.seed, self.as_of, self.rows, self.scale, self.only)


# Their versions decide no value, as tests hold; where one differs all the same, they are the first to be asked.
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
    if settings.table_modes:
        decisive["table_modes"] = {name: mode.value for name, mode in settings.table_modes.items()}
    return sha256(canonical_json(decisive).encode()).hexdigest()


MOST_BYTES = 4 << 20  # packed, of all tables of a run


class TableSnapshot(Record):
    """The rows that a table held: how many, and packed what is known of them; firsts: see `ExistingRows.children`."""

    rows: int
    columns: str = ""
    firsts: str = ""


def snapshot_of(existing: Mapping[str, ExistingRows]) -> dict[str, TableSnapshot] | None:
    """What is to be stored of tables' rows; None where it is too much."""
    found = {name: _packed(each) for name, each in existing.items()}
    size = sum(len(each.columns) + len(each.firsts) for each in found.values())
    return found if size <= MOST_BYTES else None


def existing_rows_of(standing: Mapping[str, TableSnapshot]) -> dict[str, ExistingRows]:
    """The rows of which `snapshot_of` told."""
    return {name: _unpacked(each) for name, each in standing.items()}


def _packed(existing: ExistingRows) -> TableSnapshot:
    columns = _pack(existing.columns) if existing.columns else ""
    firsts = _pack({"firsts": pa.array(existing.children)}) if existing.children is not None else ""
    return TableSnapshot(rows=existing.rows, columns=columns, firsts=firsts)


def _pack(columns: Mapping[str, pa.Array]) -> str:
    table = pa.table(dict(columns))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return b64encode(sink.getvalue()).decode()


def _unpacked(standing: TableSnapshot) -> ExistingRows:
    firsts = _unpack(standing.firsts)
    children = np.asarray(firsts["firsts"].to_numpy(), dtype=np.int64) if firsts else None
    return ExistingRows(standing.rows, _unpack(standing.columns), children)


def _unpack(text: str) -> dict[str, pa.Array]:
    if not text:
        return {}
    table = pa.ipc.open_stream(b64decode(text)).read_all()
    columns = (column.combine_chunks() for column in table.columns)
    arrays = [each.combine_chunks() if isinstance(each, pa.ChunkedArray) else each for each in columns]
    return dict(zip(table.column_names, arrays, strict=True))
