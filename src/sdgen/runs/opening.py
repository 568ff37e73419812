"""The way to a service, which says so where what it needs is not installed. It imports nothing heavy by itself."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.errors import Problem, StoreError

if TYPE_CHECKING:
    from sdgen.execution.access import Access
    from sdgen.runs.service import Service


def open_service(
    runs_db: str | Path = "",
    scenarios_dir: str | Path = "",
    targets_dir: str | Path = "",
    access: Access | None = None,
) -> Service:
    """A service; what is left out is taken from the environment. StoreError where the store can't be used."""
    if find_spec("sqlalchemy") is None:
        hint = "install it with: pip install 'sdgen[service]'"
        raise StoreError(Problem((), "runs, scenarios and targets are remembered with SQLAlchemy", hint))
    from sdgen.execution.access import ANYTHING
    from sdgen.runs.service import Service

    return Service.open(runs_db, scenarios_dir, targets_dir, access or ANYTHING)
