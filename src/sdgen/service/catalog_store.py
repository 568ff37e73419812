"""Scenarios and targets that the store keeps: versions of the former, the DSN of the latter as it is written."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from sdgen.errors import Problem, ScenarioError, SdgenError, StoreError, TargetError
from sdgen.execution.target_spec import ResolvedTarget, TargetSpec, password_problems
from sdgen.scenario.identity import config_hash
from sdgen.scenario.model import Scenario
from sdgen.scenario.types import parse_type
from sdgen.service.records import Probe, ProblemRecord, TargetEntry, TargetTest
from sdgen.service.store import Store, moment, timestamp
from sdgen.service.tables import scenarios, target_tests, targets
from sdgen.targets.base import Mode, Sending, Table, TableColumn, Target


@dataclass(frozen=True)
class StoredScenario:
    """One version of a stored scenario. `number` counts its versions from 1."""

    id: str
    number: int
    name: str
    version: str
    description: str
    entities: int
    hash: str
    file: str
    text: str

    @property
    def revision(self) -> str:
        """What an edit began from: the version's number, and a digest of its text, which may get other comments."""
        return f"{self.number}-{hashlib.sha256(self.text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


class CatalogStore:
    """The scenarios and targets of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def scenarios(self) -> dict[str, list[StoredScenario]]:
        """All versions of all scenarios, by id, the oldest version first; without their texts."""
        columns = [column for column in scenarios.c if column.name not in ("text", "created_at")]
        with self.store.reading() as connection:
            rows = connection.execute(sa.select(*columns).order_by(scenarios.c.id, scenarios.c.number)).mappings().all()
        found: dict[str, list[StoredScenario]] = {}
        for row in rows:
            found.setdefault(row["id"], []).append(StoredScenario(**row, text=""))
        return found

    def scenario(self, scenario_id: str, version: str = "") -> StoredScenario | None:
        """The newest version, or the one that is named: by its version, or as its number."""
        mine = scenarios.c.id == scenario_id
        if version:
            numbered = scenarios.c.number == int(version) if version.isdecimal() and len(version) < 9 else sa.false()
            mine &= (scenarios.c.version == version) | numbered
        columns = [column for column in scenarios.c if column.name != "created_at"]
        query = sa.select(*columns).where(mine).order_by(scenarios.c.number.desc()).limit(1)
        with self.store.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return StoredScenario(**row) if row else None

    def add_scenario(
        self, scenario_id: str, scenario: Scenario, text: str, file: str, base: str | None = None
    ) -> StoredScenario:
        """Keep a version. The same content again is no new one; other content under the same version is refused.

        base: the revision that the newest version must have, "" for none of that id. StoreError where it has another.
        """
        said = config_hash(scenario)
        # Two who save at once must not both find the same newest version.
        with self.store.alone() as connection:
            mine = scenarios.c.id == scenario_id
            columns = [column for column in scenarios.c if column.name != "created_at"]
            query = sa.select(*columns).where(mine).order_by(scenarios.c.number.desc()).limit(1)
            row = connection.execute(query).mappings().one_or_none()
            newest = StoredScenario(**row) if row else None
            _refuse_other_base(scenario_id, newest, base)
            number = newest.number if newest else 1
            if newest is None or newest.hash != said:
                versions = connection.execute(sa.select(scenarios.c.version).where(mine)).scalars()
                _refuse_same_version(scenario_id, scenario.version, set(versions))
                number = newest.number + 1 if newest else 1
                values = _values(scenario_id, number, scenario, said, file, text)
                connection.execute(sa.insert(scenarios).values({**values, "created_at": timestamp()}))
            elif newest.text != text:  # other comments or spellings of the same content: they are kept too
                newest_one = sa.update(scenarios).where(mine, scenarios.c.number == number)
                connection.execute(newest_one.values(text=text, file=file))
        return StoredScenario(**_values(scenario_id, number, scenario, said, file, text))

    def remove_scenario(self, scenario_id: str) -> bool:
        """Forget all versions of a scenario; runs keep the text they had."""
        with self.store.writing() as connection:
            return bool(connection.execute(sa.delete(scenarios).where(scenarios.c.id == scenario_id)).rowcount)

    def targets(self) -> dict[str, TargetSpec]:
        with self.store.reading() as connection:
            rows = connection.execute(sa.select(targets.c.id, targets.c.spec).order_by(targets.c.id)).all()
        return {row.id: TargetSpec.model_validate_json(row.spec) for row in rows}

    def add_target(self, spec: TargetSpec, replace: bool = False) -> None:
        """Keep a target; TargetError where a password is written out in it."""
        problems = list(password_problems(spec))
        if problems:
            raise TargetError(problems)
        text = json.dumps(spec.dumped(), ensure_ascii=False)
        with self.store.alone() as connection:
            there = connection.execute(sa.select(targets.c.id).where(targets.c.id == spec.id)).first()
            if there and not replace:
                raise StoreError(
                    Problem(("target", "id"), f"there is a target {spec.id!r} already", "--force replaces it, or PUT")
                )
            connection.execute(sa.delete(targets).where(targets.c.id == spec.id))
            connection.execute(sa.insert(targets).values(id=spec.id, spec=text, created_at=timestamp()))

    def remove_target(self, target_id: str) -> bool:
        with self.store.writing() as connection:
            return bool(connection.execute(sa.delete(targets).where(targets.c.id == target_id)).rowcount)


def _refuse_other_base(scenario_id: str, newest: StoredScenario | None, base: str | None) -> None:
    """Refuse to save over what an edit did not begin from."""
    if base is None or base == (newest.revision if newest else ""):
        return
    if newest is None:
        what, hint = f"the scenario {scenario_id!r} was removed meanwhile", "save it under another id"
    elif base == "":
        what, hint = f"there is a scenario {scenario_id!r} already", "choose another id"
    else:
        what = (
            f"the scenario {scenario_id!r} was saved by somebody else meanwhile: it is at version {newest.number} now"
        )
        hint = "look at what it is now, then save over it, or save yours under another id"
    raise StoreError(Problem(("scenario_id",), what, hint))


def _refuse_same_version(scenario_id: str, version: str, kept: set[str]) -> None:
    if version and version in kept:
        what = f"version {version} of {scenario_id} is stored already, with other content"
        raise ScenarioError(Problem(("version",), what, "raise the version"))


def _values(scenario_id: str, number: int, scenario: Scenario, said: str, file: str, text: str) -> dict[str, Any]:
    return {
        "id": scenario_id,
        "number": number,
        "name": scenario.name,
        "version": scenario.version,
        "description": scenario.description,
        "entities": len(scenario.entities),
        "hash": said,
        "file": file,
        "text": text,
    }


# `target test`: does the target answer, how soon, and what may be done there? Nothing is left behind.


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
        # What is sent can't be taken back: of such a target it is only seen whether it answers.
        keeps_all = isinstance(target, Sending)
        found += map(ProblemRecord.of, target.check([] if keeps_all else [table], Mode.CREATE_IF_MISSING))
        milliseconds = (perf_counter() - began) * 1000
        if not found and not keeps_all:
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
    # Truncating needs a table that is there and may be emptied, which a test must not choose: the right is inferred.
    done += ["insert", "truncate"]
