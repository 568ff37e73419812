"""`sdgen generate`: a scenario into a place, with progress, and a summary at the end."""

from __future__ import annotations

import sys

import typer

from sdgen.cli.interruption import Interruption
from sdgen.cli.notes import tell_notes
from sdgen.cli.progress import progress
from sdgen.cli.request import Wanted
from sdgen.cli.summary import summary
from sdgen.errors import Cancelled
from sdgen.plan.compile import compile_plan
from sdgen.plan.model import Plan
from sdgen.plan.request import PlanRequest
from sdgen.read.sources import read_counted
from sdgen.runs.execute import Result, execute
from sdgen.write.base import Mode, Target
from sdgen.write.files import Files
from sdgen.write.registry import open_target
from sdgen.write.stdout import Stdout


def generate(wanted: Wanted) -> None:
    """Do it; SdgenError where it can't be done, typer.Exit(128 + n) where signal n came."""
    target = open_target(wanted.to, formats=wanted.formats)
    scenario, rows = read_counted(wanted.scenario, wanted.rows)
    if not wanted.quiet:
        tell_notes(scenario.notes)
    plan = compile_plan(scenario, PlanRequest(wanted.seed, wanted.as_of, rows, wanted.scale, wanted.only))
    with Interruption() as interruption:
        try:
            result = interruption.run(lambda: _execute(wanted, plan, target, interruption))
        except Cancelled:
            raise _cancelled(wanted, interruption.number) from None
    if not wanted.quiet:
        for line in summary(wanted, plan, result, keyed=not isinstance(target, Files | Stdout)):
            print(line, file=sys.stderr if wanted.to == "-" else sys.stdout)
    if interruption.number:
        print(f"the interruption came too late: all rows are in {wanted.place}", file=sys.stderr)


def _execute(wanted: Wanted, plan: Plan, target: Target, interruption: Interruption) -> Result:
    with progress(wanted.quiet, data_on_stdout=wanted.to == "-") as listen:
        return execute(
            plan,
            target,
            mode=Mode(wanted.mode),
            only=wanted.only,
            workers=wanted.threads,
            listen=listen,
            cancel=interruption.event,
        )


def _cancelled(wanted: Wanted, number: int) -> typer.Exit:
    left = "what was printed can't be taken back" if wanted.to == "-" else f"{wanted.place} is as it was"
    print(f"cancelled; {left}", file=sys.stderr)
    return typer.Exit(128 + number)
