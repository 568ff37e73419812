"""What the application holds, for its routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request

from sdgen.runs.queue import Supervisor
from sdgen.runs.service import Service


def service_of(request: Request) -> Service:
    """The service that this application serves."""
    service: Service = request.app.state.service
    return service


def wake(request: Request) -> None:
    """Tell the supervisor that a run is waiting."""
    supervisor: Supervisor | None = request.app.state.supervisor
    if supervisor is not None:
        supervisor.wake()


ServiceOf = Annotated[Service, Depends(service_of)]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]+$", max_length=200, examples=["shop"])]
RunId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]+$", max_length=200, examples=["latest"])]
