"""A run request: all that the command line, `import sdgen`, pytest and the HTTP API can say of one run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field, InstanceOf, field_validator
from pydantic.json_schema import SkipJsonSchema

from sdgen.engine import BATCH_ROWS
from sdgen.errors import ScenarioError
from sdgen.execution.byte_counts import byte_count
from sdgen.execution.documents import Moment, Names, validate_document
from sdgen.execution.secrets import Redactor
from sdgen.readers.base import ReadOptions
from sdgen.readers.yaml_text import Document
from sdgen.scenario.model import Mode, ModeName, Record, Scenario
from sdgen.scenario.output import LAYOUT

_NUMBER = re.compile(r"\s*-?\d{1,18}\s*")


def _row_count(value: object) -> object:
    """A number of rows, or a text that spells one; told in our own words where it is none."""
    # In Python true is the whole number 1, which nobody means by `rows: true`.
    whole = isinstance(value, int) and not isinstance(value, bool)
    whole = whole or (isinstance(value, float) and value.is_integer())
    if not whole and not (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError(f"{value!r} is not a number of rows, such as 500")
    count = int(str(value)) if isinstance(value, str) else int(cast(float, value))
    if count < 0:
        raise ValueError(f"a number of rows can't be negative: {value!r}")
    return count


def _byte_count(value: object) -> object:
    return byte_count(value) if isinstance(value, str) else value


def _assignments(value: object) -> object:
    """Values by path as the words `path=value`, each value in JSON, which is YAML too."""
    if isinstance(value, Mapping):
        return tuple(f"{path}={json.dumps(each, default=str)}" for path, each in value.items())
    return (value,) if isinstance(value, str) else value


class RunSettings(Record):
    """How a run writes: decided, whoever decided it.

    table_modes: of entities that have a mode of their own. only: the entities to write; all where empty. workers:
    threads; 0: one per core, at most 8. batch_size: the most rows a target is given at once; 0: whole batches.
    commit_every: after about how many rows a database commits, so that a run can be resumed from there; 0: never before
    the end. engine: the URL of what the rows are made on; "": threads of this process.
    """

    mode: Mode = Mode.CREATE_IF_MISSING
    table_modes: Mapping[str, Mode] = Field(default_factory=dict)
    only: tuple[str, ...] = ()
    workers: int = 0
    batch_size: int = 0
    commit_every: int = 0
    resume: bool = False
    engine: str = ""

    def mode_of(self, entity: str) -> Mode:
        return self.table_modes.get(entity, self.mode)

    @property
    def appends(self) -> bool:
        """Whether rows are added to tables that may hold others."""
        return Mode.APPEND_ONLY in (self.mode, *self.table_modes.values())


class RunRequest(Record, defer_build=False):
    """One run: a scenario by id, inline or by path, into a target by id, inline, or as a destination."""

    scenario_id: str = Field("", description="a scenario of the catalog")
    scenario_version: str = Field("", description="of a stored scenario: another version than the newest")
    scenario: SkipJsonSchema[InstanceOf[Scenario]] | str | Mapping[str, Any] | None = Field(
        None, description="an inline scenario: its text, or as data"
    )
    scenario_path: str = Field("", description="a scenario file, folder or schema; from the command line alone")
    set: Annotated[tuple[str, ...], BeforeValidator(_assignments)] = Field(
        (), description="values of the scenario by their paths: {'entities.users.rows': 500}, or a list of path=value"
    )
    rules: str = Field("", description="a file of rules that go before the scenario's own; from the command line alone")
    exec_models: bool = Field(
        False, description="import Python models, which runs their code; from the command line alone"
    )
    dialect: str = Field("", description="of a schema in SQL: postgres, mysql, sqlite …; left out: by its looks")
    strict: bool = Field(False, description="refuse a schema of which anything is left out or not kept")
    target_id: str = Field("", description="a target of the catalog")
    target: str | Mapping[str, Any] | None = Field(
        None, description="an inline target, or a destination: a URL or path"
    )
    target_path: str = Field("", description="a target file; from the command line alone")
    seed: int | None = Field(None, ge=-(2**63), lt=2**64, description="left out: the scenario's, or a random one")
    as_of: Moment | None = Field(None, description="the instant that counts as now; left out: the scenario's, or now")
    rows: Mapping[str, Annotated[int, Field(ge=0), BeforeValidator(_row_count)]] = Field(
        default_factory=dict, description="row counts by entity; `*` speaks of every entity that isn't named"
    )
    scale: float = Field(1.0, gt=0, allow_inf_nan=False, description="multiplies the scenario's row counts")
    size: Annotated[int, Field(ge=0), BeforeValidator(_byte_count)] = Field(
        0, description="about how many bytes, a number or words such as 5GB, to scale to; from the command line alone"
    )
    include: Names = Field((), description="the entities to write; all where left out")
    exclude: Names = Field((), description="entities not to write; links still lead to their rows")
    mode: ModeName | None = Field(None, description="left out: the target's, or create_if_missing")
    formats: Names = Field((), description="formats of files; left out: the target's, or csv")
    partition_by: Names = Field((), description="files: columns by whose values they are parted, or placed_at:month")
    part_rows: int = Field(0, ge=0, le=2**40, description="files: the most rows of one; 0: no limit")
    part_bytes: Annotated[int, Field(ge=0, le=2**50), BeforeValidator(_byte_count)] = Field(
        0, description="files: after about how many bytes one ends, a number or words such as 256MB; 0: no limit"
    )
    workers: int = Field(0, ge=0, le=256, description="threads; 0: one per core, at most 8")
    batch_size: int = Field(
        0, ge=0, le=BATCH_ROWS, description="the most rows a target is given at once; 0: the target's, or 65,536"
    )
    commit_every: int = Field(
        0, ge=0, le=2**40, description="databases: commit after about so many rows, which then stay; 0: all or nothing"
    )
    resume: bool = Field(False, description="continue a stopped run of the same request")
    engine: str = Field("", description="a cluster that makes the rows: dask://host:8786 …; left out: this machine")
    allow_databases: Names = Field(
        (), description="patterns such as *_demo: a run into a database of another name is refused"
    )

    @field_validator("rows", mode="before")
    @classmethod
    def _by_entity(cls, rows: object) -> object:
        if not isinstance(rows, Mapping):
            raise ValueError(
                f"{rows!r} is not a mapping of entities to counts, such as {{'orders': 500}}, or {{'*': 500}} for all"
            )
        return rows

    @field_validator("dialect")
    @classmethod
    def _known_dialect(cls, name: str) -> str:
        if not name:  # as of most requests: the reader of SQL takes longer to load than a preview to make
            return ""
        from sdgen.readers.sql.ddl import DIALECTS, SYNONYMS

        chosen = SYNONYMS.get(name.lower(), name.lower())
        if chosen not in DIALECTS:
            raise ValueError(f"{name!r} is no dialect that is read: {', '.join(DIALECTS)}")
        return chosen

    @property
    def layout_options(self) -> dict[str, Any]:
        """What the request asks of the layout of files, as options of a target."""
        return {name: getattr(self, name) for name in LAYOUT if getattr(self, name)}

    @property
    def read_options(self) -> ReadOptions:
        """The options of the source's reader, and what is changed in the scenario that it reads."""
        return ReadOptions(dialect=self.dialect, run_code=self.exec_models, rules=self.rules, sets=self.set)

    def shown(self, redactor: Redactor) -> dict[str, Any]:
        """As plain data that may be stored: without passwords."""
        # Every text is filtered: a password may stand in a destination as well as in a scenario or a value of `set`.
        data = self.model_dump(mode="json", exclude_defaults=True)
        hidden: dict[str, Any] = _map_texts(data, redactor)
        return hidden


def read_request(data: object) -> RunRequest:
    """The request of plain data; ScenarioError with every problem."""
    return validate_document(RunRequest, Document("", data, {}), ScenarioError, under=("request",))


def _map_texts(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor(value)
    if isinstance(value, Mapping):
        return {key: _map_texts(each, redactor) for key, each in value.items()}
    return [_map_texts(each, redactor) for each in value] if isinstance(value, list) else value


def format_instant(moment: datetime) -> str:
    """A time as `--as-of`, a request and an address take it: ISO 8601, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def data_options(seed: int, as_of: datetime, rows: Mapping[str, int], scale: float) -> Iterator[str]:
    """The words of the command line for a run's rows. rows: by entity, `*` standing for every one."""
    yield from ("--seed", str(seed), "--as-of", format_instant(as_of))
    for entity, count in rows.items():
        yield from ("--rows", str(count) if entity == "*" else f"{entity}={count}")
    if scale != 1:
        yield from ("--scale", repr(scale))
