"""From what a mark asks for to a plan, and the hash that its rows are kept by.

A dataset of tests is the same today and next year: where neither the mark nor the scenario says otherwise, the seed is
0 and now is `AS_OF`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from sdgen import __version__
from sdgen.errors import Problem, ScenarioError, SourceError, did_you_mean
from sdgen.testing.marks import Wanted, found

if TYPE_CHECKING:
    from sdgen.plan.model import Plan
    from sdgen.scenario.model import Scenario
    from sdgen.testing.asked import Asked

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 0
TODAY = "today"
_LAYOUT = 1  # of what is kept; a new one makes all anew


@dataclass(frozen=True)
class Settled:
    """A dataset, decided: its plan, the entities to write (all where empty), the hash of all that, a reader's notes."""

    plan: Plan
    only: tuple[str, ...]
    hash: str
    notes: tuple[Problem, ...]


def settle(wanted: Wanted) -> Settled:
    """All that is asked for, checked: ScenarioError or SourceError with every problem."""
    from sdgen.generate import probe
    from sdgen.plan.compile import compile_plan
    from sdgen.plan.request import PlanRequest

    request = _asked(wanted)
    scenario, rows = _scenario(wanted, request)
    only = _only(scenario, request, wanted.place)
    seed = SEED if request.seed is None and scenario.seed is None else request.seed
    as_of = AS_OF if request.as_of is None and not scenario.as_of else request.as_of
    plan = compile_plan(scenario, PlanRequest(seed, as_of, rows, request.scale))
    if broken := probe(plan, scenario.origin):
        raise ScenarioError(broken)
    return Settled(plan, only, _hash(plan, only), scenario.notes)


def _asked(wanted: Wanted) -> Asked:
    from sdgen.testing.asked import read_asked

    today = {"as_of": _today()} if wanted.request.get("as_of") == TODAY else {}
    return read_asked({**wanted.request, **today}, wanted.place)


def _scenario(wanted: Wanted, request: Asked) -> tuple[Scenario, dict[str, int]]:
    """The scenario, and the row counts still to be asked of it."""
    from sdgen.read.base import ReadOptions
    from sdgen.read.sources import changed, read_counted, read_mapping, read_text_as_scenario
    from sdgen.scenario.model import Scenario

    sets = tuple(f"{path}={json.dumps(value, default=str)}" for path, value in wanted.set.items())
    options = ReadOptions(rules=wanted.rules, sets=sets, run_code=True)
    asked, rows = wanted.scenario, dict(request.rows)
    if isinstance(asked, str | Path) and not wanted.text:
        return read_counted(str(_source(wanted)), rows, options)
    if isinstance(asked, Mapping):
        asked = read_mapping(dict(asked), wanted.place or "scenario")
    elif wanted.text:
        asked = read_text_as_scenario(dedent(wanted.text), f"{wanted.place or 'scenario'} (text)")
    if not isinstance(asked, Scenario):
        what = f"a scenario can't be a {type(asked).__name__}"
        raise ScenarioError(Problem((), what, "give a path, a template's name, YAML text or a dict", wanted.place))
    return changed(asked, options), rows


def _source(wanted: Wanted) -> str | Path:
    """The file or folder meant, or the name of a template, a URL, `module:Name`.

    A template's bare name isn't taken for a folder that happens to be called so: that is written ./shop.
    """
    place = found(wanted.scenario, wanted.folders)
    bare = isinstance(wanted.scenario, str) and wanted.scenario.isidentifier()
    template = bare and (Path(__file__).parents[1] / "examples" / f"{wanted.scenario}.yaml").exists()
    if isinstance(place, Path):
        return str(wanted.scenario) if template and place.is_dir() else place
    if not template and ":" not in str(wanted.scenario):
        raise SourceError(_nowhere(wanted))
    return str(wanted.scenario)


def _nowhere(wanted: Wanted) -> Problem:
    from sdgen.read.sources import examples

    files = {path.name for folder in wanted.folders for path in folder.iterdir() if path.is_file()}
    hint = did_you_mean(str(wanted.scenario), files | {*examples()})
    what = f"there is no {str(wanted.scenario)!r} beside the test or in {wanted.folders[-1]}"
    return Problem((), what, hint if hint.startswith("did") else f"templates: {', '.join(examples())}", wanted.place)


def _only(scenario: Scenario, request: Asked, place: str) -> tuple[str, ...]:
    problems = [
        Problem((word, name), f"{scenario.name} has no entity {name!r}", did_you_mean(name, scenario.entities), place)
        for word in ("include", "exclude")
        for name in getattr(request, word)
        if name not in scenario.entities
    ]
    names = [name for name in request.include or scenario.entities if name not in request.exclude]
    if not names and not problems:
        problems = [Problem(("exclude",), "no entity is left to write", "", place)]
    if problems:
        raise ScenarioError(problems)
    return tuple(names) if request.include or request.exclude else ()


def _hash(plan: Plan, only: tuple[str, ...]) -> str:
    """32 digits for all that decides what is written; the plan's identity covers scenario, seed and counts."""
    own = sorted(sha256(path.read_bytes()).hexdigest() for path in outside())
    return _digest({"data": plan.identity, "only": sorted(only), "own": own, "versions": _versions()})


def question_of(wanted: Wanted) -> str:
    """Tells one request from another before anything is read."""
    scenario: Any = wanted.scenario
    if isinstance(scenario, str | Path) and not wanted.text:
        scenario = str(_source(wanted))
        path = Path(scenario)
        if path.is_file():
            scenario = [path.suffix, sha256(path.read_bytes()).hexdigest()]
    today = _today() if wanted.request.get("as_of") == TODAY else ""
    asked = {"scenario": scenario, "request": wanted.request, "rules": wanted.rules, "set": wanted.set}
    return _digest({**asked, "today": today, "versions": _versions()})


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def stands_alone(wanted: Wanted) -> bool:
    """Whether what is asked for is all there is to read: no further files, no database, no code."""
    if wanted.rules or wanted.text or isinstance(wanted.scenario, Mapping):
        return not wanted.rules  # a file of its own
    from sdgen.read.base import Source
    from sdgen.read.formats import format_of

    if not isinstance(wanted.scenario, str | Path):
        return False
    path = Path(_source(wanted))
    if not path.exists():
        return ":" not in str(path)
    form = format_of(Source(str(path)))
    return path.is_file() and form is not None and form.kind == "native"


def outside() -> set[Path]:
    """The files of generators that aren't sdgen's own. None is known before the registry has been loaded."""
    if "sdgen.generators.registry" not in sys.modules:
        return set()
    from sdgen.generators import registry

    return registry.outside()


def _digest(data: object) -> str:
    said = json.dumps(data, sort_keys=True, ensure_ascii=False, default=repr)
    return sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@cache
def _versions() -> list[str | int]:
    """Of what the values and the files of databases come from."""
    return [_LAYOUT, __version__, *(version(name) for name in ("duckdb", "mimesis"))]
