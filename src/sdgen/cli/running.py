"""`sdgen run start`, `plan`, `logs` and `reproduce`: done, and told."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

import typer

from sdgen.cli import run_tables
from sdgen.cli.failures import REFUSED, print_text, problem_text
from sdgen.cli.options import as_json
from sdgen.cli.progress import progress
from sdgen.errors import Cancelled, Problem
from sdgen.execution.events import Listener
from sdgen.execution.interruption import Interruption
from sdgen.execution.request import RunRequest, read_request
from sdgen.service.naming import scenario_fields, target_fields
from sdgen.service.records import LogLine, Run, Status
from sdgen.service.run_queries import Retention, age
from sdgen.service.scheduler import spawn_scheduler
from sdgen.service.service import Service

_POLL = 0.25  # seconds


def named_request(fields: Mapping[str, Any], service: Service, scenario: str, target: str, kind: str) -> RunRequest:
    """The request of options, with a scenario and a target named by id, path or destination.

    ScenarioError or NotFound with every problem of its form.
    """
    named = {**scenario_fields(scenario, service.catalog), **target_fields(target, service.catalog, kind)}
    return read_request({**fields, **named})


def start_run(service: Service, request: RunRequest, quiet: bool, output: str) -> None:
    """Do the run here, with its progress; typer.Exit where it does not succeed."""
    run, number = _with_progress(lambda listen, event: service.perform(request, listen=listen, cancel=event), quiet)
    if output == "json":
        print(as_json(run))
    elif not quiet and run.status is Status.SUCCESS:
        print_text(run_tables.run_text(run))
    _leave(run, number)


def _with_progress(work: Callable[..., Run], quiet: bool) -> tuple[Run, int]:
    """What the work returns, with a progress shown; and the signal that stopped it, or 0."""
    with Interruption() as interruption, progress(quiet, data_on_stdout=False) as listen:
        try:
            return interruption.run(lambda: work(listen, interruption.event)), interruption.number
        except Cancelled:
            print("cancelled before the run began", file=sys.stderr)
            raise typer.Exit(128 + interruption.number) from None


def _leave(run: Run, number: int) -> None:
    if run.status is Status.SUCCESS:
        return
    if run.status is Status.CANCELLED:
        print(f"{run.id}: {run.error}", file=sys.stderr)
        raise typer.Exit(128 + number if number else REFUSED)
    problems = [each.as_problem() for each in run.problems]
    print(problem_text(problems or [Problem((), run.error)]), file=sys.stderr)
    print(f"\nrun {run.id} failed: sdgen run logs {run.id}", file=sys.stderr)
    raise typer.Exit(REFUSED)


def submit_run(service: Service, request: RunRequest, output: str) -> None:
    """Store the run for a worker, and see that there is one."""
    run = service.submit(request)
    spawn_scheduler(service.store)
    print(as_json(run) if output == "json" else run.id)


def plan_run(service: Service, request: RunRequest, output: str) -> None:
    found = service.plan(request)
    print(as_json(found) if output == "json" else run_tables.estimate_text(found))
    for problem in found.problems if output == "text" else ():
        print(problem_text([problem.as_problem()]), file=sys.stderr)
    if found.problems:
        raise typer.Exit(REFUSED)


def print_logs(service: Service, run_id: str, follow: bool, output: str) -> None:
    """Print a log's lines, as text, as JSON lines or as one JSON document; with `follow` until the run is over."""
    run, document = service.run(run_id), list[LogLine]()
    after = 0
    while True:
        # Looked at before the lines: what is written with the end is then among them.
        over = run.status.is_over
        lines = service.logs(run.id, after)
        for line in lines:
            if output == "text":
                print(run_tables.log_text(line), flush=True)
            elif output == "jsonl":
                print(line.model_dump_json(), flush=True)
            document.append(line)
            after = line.number
        if not lines and (over or not follow):
            if output == "json":
                print(as_json(document))
            return
        if not lines:
            time.sleep(_POLL)
            run = service.run(run.id)


def remove_runs(
    service: Service, run_ids: tuple[str, ...], keep: int | None, older_than: str, dry: bool, output: str
) -> None:
    """Forget runs, by id or by what is kept, and say which."""
    try:
        kept = Retention(keep=keep, age=age(older_than) if older_than else None)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--older-than") from None
    if run_ids:
        found = list(dict.fromkeys(service.run(run_id).id for run_id in run_ids))
        if not dry:
            service.remove_runs(found)
    else:
        found = service.remove_old_runs(kept, dry=dry)
    if output == "json":
        print(json.dumps({"removed": [] if dry else found, "would_remove": found if dry else []}, indent=2))
        return
    for run_id in found:
        print(run_id)
    said = "would be removed" if dry else "removed"
    print(f"{len(found):,} {'run' if len(found) == 1 else 'runs'} {said}", file=sys.stderr)


def reproduce_run(service: Service, run_id: str, target: str, kind: str, quiet: bool, output: str) -> None:
    """Do a run again and compare; typer.Exit where a digest differs."""
    run = service.run(run_id)
    named = target_fields(target, service.catalog, kind) if target else {}
    again = service.again(run.id, **named)
    if not quiet:
        for change in again.job.changes:
            print(f"warning: {change}", file=sys.stderr)

    def work(listen: Listener, event: Event) -> Run:
        return service.perform_again(run.id, listen=listen, cancel=event, **named)

    done, number = _with_progress(work, quiet)
    _leave(done, number)
    found = service.comparison(done.id)
    print_text(as_json(found) if output == "json" else run_tables.comparison_text(found))
    if not found.same:
        raise typer.Exit(REFUSED)
