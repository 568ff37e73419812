"""Small scenarios for runs, and ways to wait for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sdgen.execution.request import RunRequest
from sdgen.service.records import Run, Status
from sdgen.service.service import Service


def tiny(rows: int = 100, **more: Any) -> dict[str, Any]:
    """Two entities, one counted by the other."""
    return {
        "name": "tiny",
        "version": "1.0.0",
        "seed": 1,
        "as_of": "2026-01-01T00:00:00Z",
        "entities": {
            "parents": {
                "rows": rows,
                "columns": {
                    "id": {"type": "bigint", "primary_key": True, "generator": "sequence"},
                    "value": {"type": "int", "generator": "uniform_int", "params": {"min": 0, "max": 9}},
                },
            },
            "children": {
                "rows": {"per": "parents", "count": 2},
                "columns": {
                    "id": {"type": "bigint", "primary_key": True, "generator": "sequence"},
                    "parent_id": {"generator": "fk", "params": {"entity": "parents", "column": "id"}},
                },
            },
        },
        **more,
    }


def asked(target: Any, **more: Any) -> RunRequest:
    return RunRequest(**{"scenario": tiny(), "target": target, **more})


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something; fail where it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def over(service: Service, run_id: str) -> Run:
    """The run, when it is over."""
    until(lambda: service.repository.run(run_id).status.is_over)
    return service.run(run_id)


def succeeded(run: Run) -> Run:
    assert run.status is Status.SUCCESS, run.error
    return run
