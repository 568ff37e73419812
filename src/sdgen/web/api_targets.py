"""/api/v1/targets: those of the folder and of the store. A DSN is told without its password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from sdgen.errors import Problem, StoreError, TargetError
from sdgen.execution.catalog import FOLDER
from sdgen.execution.target_spec import TargetSpec
from sdgen.scenario.model import Record
from sdgen.service.records import Probe, TargetEntry
from sdgen.service.service import Service
from sdgen.web.errors import error_responses
from sdgen.web.state import Id, ServiceOf

router = APIRouter(prefix="/targets", tags=["targets"], responses=error_responses(401, 421, 422))

_EXAMPLE = {"id": "demo", "kind": "sqlite", "dsn": "out/shop_demo.sqlite", "allow_databases": ["*_demo"]}
Spec = Annotated[TargetSpec, Body(examples=[_EXAMPLE])]


class TargetList(Record):
    """All targets by id; those that can't be read are among them, with the reason."""

    targets: tuple[TargetEntry, ...]


@router.get("")
def list_targets(service: ServiceOf) -> TargetList:
    """All targets."""
    return TargetList(targets=tuple(service.targets()))


@router.post("", status_code=201, responses=error_responses(400, 403, 409, 413, 429))
def add_target(service: ServiceOf, spec: Spec, response: Response) -> TargetEntry:
    """Keep a target in the store. Its place must be one that requests may name; its secrets are written as ${NAME}."""
    refuse_folder_id(service, spec.id)
    entry = service.add_target(spec)
    response.headers["location"] = f"/api/v1/targets/{entry.id}"
    return entry


@router.get("/{target_id}", responses=error_responses(404))
def show_target(service: ServiceOf, target_id: Id) -> TargetEntry:
    """One target."""
    return service.target(target_id)


@router.put("/{target_id}", responses=error_responses(400, 403, 409, 413, 429))
def replace_target(service: ServiceOf, target_id: Id, spec: Spec) -> TargetEntry:
    """Keep a target under this id, instead of the one that the store has."""
    if spec.id not in ("", target_id):
        raise TargetError(Problem(("target", "id"), f"the id is {spec.id!r}, the address says {target_id!r}"))
    refuse_folder_id(service, target_id)
    return service.add_target(spec.model_copy(update={"id": target_id}), replace=True)


@router.delete("/{target_id}", status_code=204, responses=error_responses(403, 404, 409, 429))
def remove_target(service: ServiceOf, target_id: Id) -> None:
    """Forget a stored target."""
    service.catalog.remove_target(target_id)


@router.post("/{target_id}/test", responses=error_responses(403, 404, 429))
def test_target(service: ServiceOf, target_id: Id) -> Probe:
    """Connect to a target and try it; nothing is left behind. `ok` says whether it can be used."""
    return service.test_target(target_id)


def refuse_folder_id(service: Service, target_id: str) -> None:
    """A stored target of the same id as a file's would never be found."""
    if any(entry.id == target_id and entry.source == FOLDER for entry in service.targets()):
        raise StoreError(Problem(("target", "id"), f"the target {target_id} is a file of the targets folder"))
