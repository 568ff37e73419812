"""`sdgen validate`: is a scenario right? Every problem at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from sdgen.cli.failures import REFUSED, print_notes, problem_text
from sdgen.cli.pandas_guard import start_arrow
from sdgen.engine import probe
from sdgen.errors import Problem, ProblemType, Refusal, SdgenError
from sdgen.execution.request import read_request
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import Plan
from sdgen.readers.sources import read_source
from sdgen.scenario.model import Scenario

# A reader goes on with what it can't know, such as an unknown type; for validation these are errors.
_ERRORS = frozenset({ProblemType.TYPE, ProblemType.CYCLE})


@dataclass(frozen=True)
class ValidationResult:
    """What validation says of a scenario; the plan where it is valid."""

    plan: Plan | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def check_source(fields: Mapping[str, Any]) -> ValidationResult:
    """What is wrong with the scenario of a RunRequest's fields, and what its reader remarks."""
    start_arrow()
    try:
        request = read_request(fields)
        scenario = read_source(request.scenario_path, request.read_options)
    except SdgenError as error:
        return ValidationResult(None, error.problems)
    return check_scenario(scenario, request.strict)


def check_scenario(scenario: Scenario, strict: bool = False) -> ValidationResult:
    """What is wrong with a scenario that could be read. strict: its reader's notes are problems."""
    notes = [note for note in scenario.notes if not isinstance(note, Refusal)]  # those are problems of the plan
    warnings = () if strict else tuple(note for note in notes if note.type not in _ERRORS)
    # cycles are found by the plan as well
    problems = notes if strict else [note for note in notes if note.type is ProblemType.TYPE]
    try:
        plan = compile_plan(scenario, strict=True)
        problems += probe(plan, scenario.origin)
    except SdgenError as error:
        return ValidationResult(None, (*problems, *error.problems), warnings)
    return ValidationResult(None if problems else plan, tuple(problems), warnings)


def answer(result: ValidationResult, form: str) -> None:
    """Print a result as `text` or `json`; typer.Exit where the scenario is not valid."""
    if form == "json":
        print(as_json(result.problems, result.warnings))
    else:
        print_notes(result.warnings, len(result.warnings))
        if result.plan is not None:
            print(description(result.plan))
        else:
            print(problem_text(result.problems), file=sys.stderr)
    if result.plan is None:
        raise typer.Exit(REFUSED)


def description(plan: Plan) -> str:
    """One line about a valid scenario."""
    columns = sum(len(entity.columns) for entity in plan.entities.values())
    rows = sum(entity.rows for entity in plan.entities.values())
    name = f"{plan.scenario} {plan.version}".strip()
    parts = (
        _count(len(plan.entities), "entity", "entities"),
        _count(columns, "column"),
        _count(rows, "row"),
    )
    return f"valid: {name}: {', '.join(parts)}"


def as_json(problems: Sequence[Problem], warnings: Sequence[Problem] = ()) -> str:
    """The answer for programs."""
    answer = {
        "is_valid": not problems,
        "valid": not problems,
        "problems": [_record(each) for each in problems],
        "warnings": [_record(each) for each in warnings],
    }
    return json.dumps(answer, indent=2)


def _record(problem: Problem) -> dict[str, Any]:
    return {
        "type": problem.type.value,
        "path": problem.where,
        "what": problem.what,
        "hint": problem.hint,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
    }


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
