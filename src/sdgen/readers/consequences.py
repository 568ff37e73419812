"""Problems beyond those that a reader reports: what the plan finds wrong, without what only follows from them.

An entity whose columns can't be read has no column that a link could lead to; that alone is no further problem.
"""

from __future__ import annotations

from collections.abc import Iterable

from sdgen.errors import Problem, ProblemType
from sdgen.scenario.model import Scenario

# The type of problem that follows where the first name of a part's path is this.
_FOLLOWING = {"presets": ProblemType.UNKNOWN, "rules": ProblemType.MISSING}
_COUNTED = frozenset({ProblemType.ROWS, ProblemType.UNIQUE, ProblemType.CONSTRAINT})


def further_problems(scenario: Scenario, reported: Iterable[Problem]) -> list[Problem]:
    """What the plan finds wrong with what could be read of a scenario, besides what was reported."""
    from sdgen.planning.compile import check_scenario  # what is right is planned later, and once

    return independent(check_scenario(scenario.read_from(scenario.origin)), reported)


def independent(found: Iterable[Problem], reported: Iterable[Problem]) -> list[Problem]:
    """The problems that are not of a part that was reported, nor there for want of one."""
    reported = list(reported)
    new = (each for each in found if not is_reported(each, reported))
    return [each for each in new if not any(_follows(each, other) for other in reported)]


def is_reported(problem: Problem, reported: Iterable[Problem]) -> bool:
    """Whether a problem is of a part of the scenario, or of a column, of which there is another one."""
    parts = (each.path[:4] for each in reported if each.path and each.type is not ProblemType.DUPLICATE)
    return any(problem.path[: len(part)] == part for part in parts)


def _follows(problem: Problem, reported: Problem) -> bool:
    """Whether there may be a problem only because of another one: an entity, column or count that is missing."""
    path = reported.path
    if reported.type is ProblemType.DUPLICATE or not path or path[0] != "entities":
        return bool(path) and _FOLLOWING.get(str(path[0])) is problem.type
    lost = len(path) < 3 or path[2:] == ("columns",) or (len(path) == 4 and isinstance(path[3], int))
    if lost and problem.type in (ProblemType.REFERENCE, ProblemType.ROWS):
        return True
    uncounted = path[2:3] == ("rows",) or (len(path) == 3 and reported.type is ProblemType.UNKNOWN)
    return uncounted and problem.path[:2] == path[:2] and problem.type in _COUNTED
