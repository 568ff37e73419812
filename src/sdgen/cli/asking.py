"""What `sdgen run start` and `plan` are asked, and the request it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdgen.runs.request import RunRequest
    from sdgen.runs.service import Service


@dataclass(frozen=True)
class Asked:
    """The arguments of one command."""

    scenario: str
    target: str
    target_kind: str
    seed: int | None
    as_of: datetime | None
    rows: Mapping[str, int]
    scale: float
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    mode: str | None
    formats: tuple[str, ...]
    workers: int
    commit_every: int = 0
    resume: bool = False

    def request(self, service: Service) -> RunRequest:
        """The request; ScenarioError or NotFound with every problem of its form."""
        from sdgen.runs.naming import named_scenario, named_target
        from sdgen.runs.request import read_request

        data: dict[str, Any] = {
            **named_scenario(self.scenario, service.library),
            **named_target(self.target, service.library, self.target_kind),
            "seed": self.seed,
            "as_of": self.as_of,
            "rows": self.rows,
            "scale": self.scale,
            "include": self.include,
            "exclude": self.exclude,
            "mode": self.mode,
            "formats": self.formats,
            "workers": self.workers,
            "commit_every": self.commit_every,
            "resume": self.resume,
        }
        return read_request(data)
