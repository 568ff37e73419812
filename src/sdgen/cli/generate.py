"""`sdgen generate`: a scenario into a place, with progress, and a summary at the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from sdgen.cli.failures import colored, print_notes
from sdgen.cli.pandas_guard import start_arrow
from sdgen.cli.progress import progress
from sdgen.cli.summary import run_record, runs_document, shown_destination, summary
from sdgen.errors import Cancelled, Problem, SdgenError, TargetError
from sdgen.execution.access import SHELL
from sdgen.execution.byte_counts import format_bytes
from sdgen.execution.digest import Result
from sdgen.execution.execute import execute_run
from sdgen.execution.interruption import Interruption
from sdgen.execution.request import RunRequest, read_request
from sdgen.execution.resolve import resolve, resolve_data
from sdgen.execution.resolved import ResolvedRun
from sdgen.execution.resume import SENT
from sdgen.execution.targets import output_targets
from sdgen.planning.plan import Plan
from sdgen.readers.formats import DOCUMENTS
from sdgen.targets.base import Committing, Sending, Target


def generate(
    fields: Mapping[str, Any], scenario: str, to: str | None, kind: str, quiet: bool, output: str = "text"
) -> None:
    """Execute a run that is not remembered; SdgenError where it can't be done, typer.Exit(128 + n) for signal n.

    output: "text" tells of each run as it ends, "json" of all of them as one document at the end.
    """
    start_arrow()
    if to is not None:
        runs = [resolve(request_of(fields, scenario, to, kind), access=SHELL)]
    else:
        runs = list(own_runs(read_request({**fields, "scenario_path": scenario})))
    records = [_generate(run, quiet, output == "text" and not quiet) for run in runs]
    if output == "json":
        print(json.dumps(runs_document(records), indent=2, ensure_ascii=False))


def own_runs(request: RunRequest) -> Iterator[ResolvedRun]:
    """The runs of a request that names no target, one for each target of the scenario's own output, of the same rows.

    TargetError where the scenario has no output.
    """
    targets = output_targets(resolve_data(request).scenario)
    if not targets:
        hint = "name a destination: --to out/, --to x.duckdb; or give the scenario an output"
        raise TargetError(Problem(("target",), "no destination is named, and the scenario has no output", hint))
    formats = request.formats
    for target in targets[:1] if formats else targets:
        named = target.dumped() | ({"options": {**target.options, "formats": formats}} if formats else {})
        run = resolve(request.model_copy(update={"target": named, "formats": ()}), access=SHELL)
        # The first run settles what was left open, so that all targets get the same rows.
        request = request.model_copy(update={"seed": run.plan.seed, "as_of": run.plan.as_of})
        yield run


def _generate(run: ResolvedRun, quiet: bool, summarized: bool) -> dict[str, Any]:
    """What a run did, as a record for programs; told to people too where it is to be summarized."""
    if not quiet and run.data is not None:
        print_notes(run.scenario.notes)
        _tell_size(run)
    target = run.target.open()
    with Interruption() as interruption:
        try:
            plan, result = interruption.run(lambda: _execute(run, target, quiet, interruption))
        except Cancelled:
            raise _cancellation(run, interruption.number, _stays(target)) from None
        except SdgenError:
            if stays := _stays(target):
                print(stays, file=sys.stderr)
            raise
    for line in summary(run, plan, result, target) if summarized else ():
        # Standard output holds the rows themselves.
        stream = sys.stderr if run.request.target == "-" else sys.stdout
        print(colored(line, stream), file=stream)
    if interruption.number:
        print(
            f"the run had ended before it could be cancelled: all rows are in {shown_destination(run.request)}",
            file=sys.stderr,
        )
    return run_record(run, plan, result, target)


def request_of(fields: Mapping[str, Any], scenario: str, to: str, kind: str) -> RunRequest:
    """The request of the command's options; ScenarioError with every problem of its form."""
    if to.lower().endswith(tuple(DOCUMENTS)) and Path(to).is_file() and not kind:
        return read_request({**fields, "scenario_path": scenario, "target_path": to})
    return read_request({**fields, "scenario_path": scenario, "target": {"dsn": to, "kind": kind} if kind else to})


def _tell_size(run: ResolvedRun) -> None:
    if run.request.size:
        rows = ((name, run.plan.entities[name]) for name in run.entities)
        counts = ", ".join(f"{name} {entity.rows - entity.first:,}" for name, entity in rows)
        print(f"size: --scale {run.scale!r} makes about {format_bytes(run.bytes)}; rows: {counts}", file=sys.stderr)


def _execute(run: ResolvedRun, target: Target, quiet: bool, interruption: Interruption) -> tuple[Plan, Result]:
    with progress(quiet, data_on_stdout=run.request.target == "-") as listen:
        return execute_run(run, target=target, listen=listen, cancel=interruption.event)


def _stays(target: Target) -> str:
    """What is there for good, though the run has not come to its end, in words; "" where nothing is."""
    if isinstance(target, Committing) and target.committed:
        return "the rows that are committed stay, and the same command with --resume continues after them"
    return SENT if isinstance(target, Sending) and target.sent else ""


def _cancellation(run: ResolvedRun, number: int, stays: str) -> typer.Exit:
    if stays:
        print(f"cancelled; {stays}", file=sys.stderr)
        return typer.Exit(128 + number)
    if run.settings.resume and not run.settings.commit_every:
        print("cancelled; what is done is kept, and the same command continues with it", file=sys.stderr)
        return typer.Exit(128 + number)
    to_stdout = run.request.target == "-"
    left = "what was printed stays" if to_stdout else f"{shown_destination(run.request)} is as it was"
    print(f"cancelled; {left}", file=sys.stderr)
    return typer.Exit(128 + number)
