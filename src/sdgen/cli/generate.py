"""`sdgen generate`: a scenario into a place, with progress, and a summary at the end."""

from __future__ import annotations

import sys
from dataclasses import replace

import typer

from sdgen.cli.arrow import start_arrow
from sdgen.cli.notes import tell_notes
from sdgen.cli.progress import progress
from sdgen.cli.request import Wanted
from sdgen.cli.summary import summary
from sdgen.errors import Cancelled, SdgenError
from sdgen.plan.model import Plan
from sdgen.plan.request import PlanRequest
from sdgen.read.sources import read_counted
from sdgen.runs.append import plan_for
from sdgen.runs.execute import Result, execute
from sdgen.runs.interruption import Interruption
from sdgen.runs.resume import going_on
from sdgen.scenario.model import Scenario
from sdgen.write.base import Committing, Mode, Target
from sdgen.write.files import Files
from sdgen.write.registry import open_target
from sdgen.write.stdout import Stdout


def generate(wanted: Wanted) -> None:
    """Do it; SdgenError where it can't be done, typer.Exit(128 + n) where signal n came."""
    start_arrow()
    target = open_target(wanted.to, formats=wanted.formats)
    scenario, rows = read_counted(wanted.scenario, wanted.rows, wanted.reading)
    if not wanted.quiet:
        tell_notes(scenario.notes)
    request = PlanRequest(wanted.seed, wanted.as_of, rows, wanted.scale, wanted.only)
    if wanted.resume:
        request = going_on(request, scenario, target)
    if wanted.size:
        wanted, plan = _sized(wanted, scenario, request, target)
    else:
        plan = plan_for(scenario, request, target, Mode(wanted.mode))
    with Interruption() as interruption:
        try:
            result = interruption.run(lambda: _execute(wanted, plan, target, interruption))
        except Cancelled:
            raise _cancelled(wanted, interruption.number, _committed(target)) from None
        except SdgenError:
            if _committed(target):
                print(f"the rows that are committed stay; {_AGAIN}", file=sys.stderr)
            raise
    if not wanted.quiet:
        for line in summary(wanted, plan, result, keyed=not isinstance(target, Files | Stdout)):
            print(line, file=sys.stderr if wanted.to == "-" else sys.stdout)
    if interruption.number:
        print(f"the interruption came too late: all rows are in {wanted.place}", file=sys.stderr)


def _sized(wanted: Wanted, scenario: Scenario, request: PlanRequest, target: Target) -> tuple[Wanted, Plan]:
    """The plan for the wanted size, told of; and what to ask for to get it again."""
    from sdgen.runs.sizing import sized

    mode = Mode(wanted.mode)
    found = sized(scenario, request, target, mode, size=wanted.size, place=wanted.to)
    if not wanted.quiet:
        rows = ((name, entity.rows - entity.first) for name, entity in found.plan.entities.items())
        chosen = ", ".join(f"{name} {count:,}" for name, count in rows if not wanted.only or name in wanted.only)
        print(f"size: {found}; rows: {chosen}", file=sys.stderr)
    return replace(wanted, scale=found.scale), found.plan


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
            resume=wanted.resume,
            commit_every=wanted.commit_every,
        )


_AGAIN = "the same command with --resume goes on with them"


def _committed(target: Target) -> bool:
    """Whether rows are there for good, though the run has not come to its end."""
    return isinstance(target, Committing) and target.committed


def _cancelled(wanted: Wanted, number: int, committed: bool) -> typer.Exit:
    if committed:
        print(f"cancelled; the rows that are committed stay, and {_AGAIN}", file=sys.stderr)
        return typer.Exit(128 + number)
    if wanted.resume and not wanted.commit_every:
        print("cancelled; what is done is kept, and the same command goes on with it", file=sys.stderr)
        return typer.Exit(128 + number)
    left = "what was printed can't be taken back" if wanted.to == "-" else f"{wanted.place} is as it was"
    print(f"cancelled; {left}", file=sys.stderr)
    return typer.Exit(128 + number)
