"""The way to a service. It imports nothing heavy by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdgen.execution.access import Access
    from sdgen.service.service import Service


def open_service(
    runs_db: str | Path = "",
    scenarios_dir: str | Path = "",
    targets_dir: str | Path = "",
    access: Access | None = None,
) -> Service:
    """A service; what is left out is taken from the environment. StoreError where the store can't be used."""
    from sdgen.execution.access import ANYTHING
    from sdgen.service.service import Service

    return Service.open(runs_db, scenarios_dir, targets_dir, access or ANYTHING)
