"""`sdgen validate`: is a scenario right? Every problem at once."""

from __future__ import annotations

import json
from typing import Any

from sdgen.cli.arrow import start_arrow
from sdgen.cli.notes import tell_notes
from sdgen.errors import Problem, SdgenError
from sdgen.generate import probe
from sdgen.plan.compile import compile_plan
from sdgen.plan.model import Plan
from sdgen.read.base import ReadOptions
from sdgen.read.sources import read_source


def examined(source: str, options: ReadOptions) -> tuple[Plan | None, tuple[Problem, ...]]:
    """The plan of a source, or what is wrong with it."""
    start_arrow()
    try:
        scenario = read_source(source, options)
        tell_notes(scenario.notes, len(scenario.notes))
        plan = compile_plan(scenario)
        broken = probe(plan, scenario.origin)
        return (None if broken else plan), tuple(broken)
    except SdgenError as error:
        return None, error.problems


def described(plan: Plan) -> str:
    """One line about a valid scenario."""
    columns = sum(len(entity.columns) for entity in plan.entities.values())
    rows = sum(entity.rows for entity in plan.entities.values())
    name = f"{plan.scenario} {plan.version}".strip()
    parts = (_counted(len(plan.entities), "entity", "entities"), _counted(columns, "column"), _counted(rows, "row"))
    return f"valid: {name}: {', '.join(parts)}"


def as_json(problems: tuple[Problem, ...]) -> str:
    """The answer for programs."""
    return json.dumps({"valid": not problems, "problems": [_record(each) for each in problems]}, indent=2)


def _record(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.where,
        "what": problem.what,
        "hint": problem.hint,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
    }


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
