"""Continuing a stopped run: what tells that it is the same run, and the seed it had.

Files keep a checkpoint beside their staging folder, databases a table of checkpoints in the same transaction as the
rows. Both hold the manifest: a run with another one would mix rows of two plans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

from sdgen.errors import Problem, TargetError
from sdgen.execution.request import RunSettings
from sdgen.execution.target_spec import ResolvedTarget
from sdgen.planning.plan import Plan
from sdgen.scenario.model import Scenario
from sdgen.targets.base import Committing, Described, Mode, Resumable, Table, Target


def manifest(plan: Plan, tables: Sequence[Table], mode: Mode) -> dict[str, Any]:
    """All that decides what a run writes: another run with the same manifest writes the same bytes."""
    return {
        "sdgen": version("sdgen"),
        "seed": plan.seed,
        "as_of": plan.as_of.isoformat(),
        "mode": mode.value,
        "tables": [table.name for table in tables],
        "rows": {table.name: table.rows for table in tables},
        "plan": plan.identity,
        "scenario": plan.scenario,
        "version": plan.version,
    }


def resume_problems(target: Target, settings: RunSettings) -> list[Problem]:
    """Why a target can't commit during a run, or continue a stopped one, where the settings ask for it."""
    commit_every, resume = settings.commit_every, settings.resume
    what, hint = "", ""
    if commit_every and isinstance(target, Resumable):
        what, hint = "files appear all at once, when a run ends", "leave commit_every out: resume needs none here"
    elif commit_every and not isinstance(target, Committing):
        what, hint = "this target can't commit during a run and record exactly how far it is", "leave commit_every out"
    elif commit_every and settings.appends:
        what = "a run that appends can't be resumed: it depends on the rows that were there when it began"
        hint = "leave commit_every out: then it adds all rows or none"
    elif commit_every and settings.table_modes:
        what, hint = "tables with modes of their own can't be committed during a run", "name one --mode for all of them"
    elif resume and isinstance(target, Described) and not isinstance(target, Resumable):
        what, hint = "uploads that a stopped run left can't be continued", "leave resume out"
    elif resume and not commit_every and not isinstance(target, Resumable):
        what = "a database takes all rows of a run or none, so that there is nothing to resume"
        hint = _EVERY if isinstance(target, Committing) else "leave resume out"
    return [Problem(("target",), what, hint)] if what else []


_EVERY = "with commit_every (--commit-every 1M) it keeps what is done so far"
WHOLE = "the target is as it was"
PART = "committed rows stay, and the same run with --resume continues after them"
KEPT = "the target is as it was, and the same run continues with what is done"


def begin(manifest: Mapping[str, Any], target: Target, settings: RunSettings) -> None:
    """Give a target that can continue a stopped run the manifest of this one; TargetError where it can't but should."""
    problems = resume_problems(target, settings)
    if problems:
        raise TargetError(problems)
    if isinstance(target, Described) or (settings.commit_every and isinstance(target, Committing)):
        target.begin(manifest, settings.resume)


def state_after_failure(target: Target, resume: bool) -> str:
    """The state of a target after a run that failed or was cancelled, in words."""
    if isinstance(target, Committing):
        return PART if target.committed else WHOLE
    return KEPT if resume and isinstance(target, Resumable) else WHOLE


_LEFT = {
    "": "the target is as it was",
    "finishing": "it was about to commit: the target holds either all of its rows or none (sdgen verify checks which)",
}


def state_after_kill(phase: str, request: Mapping[str, Any]) -> str:
    """The state of a target whose run was killed in some phase, in words: nobody was there to put it back."""
    if request.get("commit_every"):
        return "the rows that it had committed stay, and the same run with resume continues after them"
    return _LEFT["finishing" if phase == "finishing" else ""]


def stopped_run_in(resolved: ResolvedTarget, scenario: Scenario) -> tuple[int, datetime] | None:
    """The seed and the instant of the run that was stopped on its way to a target; None where there is none."""
    target = resolved.open()
    try:
        left = target.left() if isinstance(target, Resumable | Committing) else None
    finally:
        target.abort()
    return None if left is None else (int(left["seed"]), datetime.fromisoformat(left["as_of"]))
