"""The arguments of marks: `@pytest.mark.sdgen("shop.yaml", rows={"customers": 50})` as a record, or every problem."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from sdgen import __version__
from sdgen.errors import Problem, ScenarioError, SourceError, did_you_mean

if TYPE_CHECKING:
    from sdgen.execution.request import RunRequest
    from sdgen.planning.plan import Plan


REQUEST = ("rows", "scale", "seed", "as_of", "include", "exclude", "set", "rules")  # what a RunRequest calls them too
WORDS = (*REQUEST, "target")
NEEDED = 'name a scenario: @pytest.mark.sdgen("shop.yaml"), a file beside the test, or a template such as "shop"'


@dataclass(frozen=True)
class MarkOptions:
    """One dataset: a scenario, and what is asked of it.

    scenario: a path, a template's name, YAML or JSON text, plain data, or a `Scenario`. folders: where relative paths
    are looked for, in this order. request: the fields of a RunRequest as the mark has them; it becomes one only where
    the data are not in the cache, since its module imports much. place: where the mark stands, for messages. target:
    sqlite, duckdb, postgres, a server's URL, or "" for the default.
    """

    scenario: Any
    folders: tuple[Path, ...] = ()
    request: Mapping[str, Any] = field(default_factory=dict)
    target: str = ""
    place: str = ""

    @property
    def text(self) -> str:
        """The scenario where it is text itself, not the name of a place."""
        text = self.scenario if isinstance(self.scenario, str) else ""
        return text if "\n" in text or text.lstrip().startswith("{") else ""


@dataclass(frozen=True)
class Mark:
    """A mark as it was written: its arguments, the folder and the words for the place where it stands."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    folder: Path
    place: str

    @property
    def scenario(self) -> Any:
        return self.args[0] if self.args else self.kwargs.get("scenario")


def mark_options(marks: Iterable[Mark], root: Path) -> MarkOptions:
    """The dataset that marks ask for, nearest first. ScenarioError with every problem.

    A mark that names a scenario stands alone; one that names none changes what the next one out asks for.
    """
    arguments: dict[str, Any] = {}
    problems: list[Problem] = []
    for mark in marks:
        problems += _mark_problems(mark)
        arguments = {**mark.kwargs, **arguments}
        if mark.scenario is not None:
            if problems:
                break
            return _options(mark, arguments, root)
    raise ScenarioError(problems or Problem((), "no mark of the test names a scenario", NEEDED))


def _options(mark: Mark, arguments: Mapping[str, Any], root: Path) -> MarkOptions:
    request = {word: arguments[word] for word in REQUEST if arguments.get(word) is not None}
    folders = tuple(dict.fromkeys((mark.folder, root)))
    if request.get("rules"):
        request["rules"] = str(existing_path(request["rules"], folders))
    target = str(arguments.get("target") or "")
    return MarkOptions(mark.scenario, folders, request, target, mark.place)


def _mark_problems(mark: Mark) -> Iterator[Problem]:
    if len(mark.args) > 1 or (mark.args and "scenario" in mark.kwargs):
        yield Problem((), "the mark takes one scenario", "write all else as name=value: rows=100", mark.place)
    for word in mark.kwargs:
        if word not in (*WORDS, "scenario"):
            hint = did_you_mean(word, WORDS, "known: " + ", ".join(WORDS))
            yield Problem((word,), f"the mark has no argument {word!r}", hint, mark.place)
    if not isinstance(mark.kwargs.get("set") or {}, Mapping):
        yield Problem(("set",), 'must map paths to values: {"entities.users.rows": 5}', "", mark.place)


def existing_path(name: str | Path, folders: Iterable[Path]) -> Path | str:
    """The path of that name in the first folder that has it; the name itself where none has.

    What looks like a URL or `module:Name` is left as it is.
    """
    for folder in folders:
        path = folder / name
        if path.exists():
            return path
    return name


# From the options of a mark to a plan, and the hash that its rows are kept by.
#
# A dataset of tests is the same today and next year: where neither the mark nor the scenario says otherwise, the
# seed is 0 and now is `AS_OF`.
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 0
TODAY = "today"
_LAYOUT = 1  # of what is kept; a new one makes all anew


@dataclass(frozen=True)
class MarkedData:
    """The dataset of a mark, resolved: its plan, the entities to write (all where empty), hash, a reader's notes."""

    plan: Plan
    only: tuple[str, ...]
    hash: str
    notes: tuple[Problem, ...]


def resolve_mark(options: MarkOptions) -> MarkedData:
    """All that a mark asks for, checked: ScenarioError or SourceError with every problem."""
    from sdgen.execution.append import plan_with_existing
    from sdgen.execution.resolve import resolve_data

    data = resolve_data(_request(options))
    request, scenario = data.plan_request, data.scenario
    seed = SEED if request.seed is None and scenario.seed is None else request.seed
    as_of = AS_OF if request.as_of is None and not scenario.as_of else request.as_of
    plan = plan_with_existing(scenario, replace(request, seed=seed, as_of=as_of))
    return MarkedData(plan, request.only, _hash(plan, request.only), scenario.notes)


def _request(options: MarkOptions) -> RunRequest:
    """The mark's arguments as a run request; ScenarioError, placed at the mark, where they are none."""
    from sdgen.execution.request import read_request

    fields = {**options.request, "exec_models": True}
    if fields.get("as_of") == TODAY:
        fields["as_of"] = _today()
    if isinstance(rows := fields.get("rows"), int):
        fields["rows"] = {"*": rows}
    scenario = _scenario(options)
    try:
        return read_request({**fields, **scenario})
    except ScenarioError as error:
        # The arguments stand in the mark, and not in a request, of which the reader of a test knows nothing.
        placed = [replace(each, path=each.path[1:], file=options.place) for each in error.problems]
        raise ScenarioError(placed) from None


def _scenario(options: MarkOptions) -> dict[str, Any]:
    """The scenario as a request names it."""
    from sdgen.readers.sources import read_mapping, read_text_as_scenario
    from sdgen.scenario.model import Scenario

    scenario = options.scenario
    if isinstance(scenario, str | Path) and not options.text:
        return {"scenario_path": str(_source(options))}
    if isinstance(scenario, Mapping):
        scenario = read_mapping(dict(scenario), options.place or "scenario")
    elif options.text:
        scenario = read_text_as_scenario(dedent(options.text), f"{options.place or 'scenario'} (text)")
    if not isinstance(scenario, Scenario):
        what = f"a scenario can't be a {type(scenario).__name__}"
        raise ScenarioError(Problem((), what, "give a path, a template's name, YAML text or a dict", options.place))
    return {"scenario": scenario}


def _source(options: MarkOptions) -> str | Path:
    """The file or folder meant, or the name of a template, a URL, `module:Name`.

    A template's bare name isn't taken for a folder that happens to be called so: that is written ./shop.
    """
    path = existing_path(options.scenario, options.folders)
    bare = isinstance(options.scenario, str) and options.scenario.isidentifier()
    # Looked at as a file, since the reader that knows the templates imports much.
    template = bare and (Path(__file__).parents[1] / "examples" / f"{options.scenario}.yaml").exists()
    if isinstance(path, Path):
        return str(options.scenario) if template and path.is_dir() else path
    if not template and ":" not in str(options.scenario):
        raise SourceError(_missing_scenario(options))
    return str(options.scenario)


def _missing_scenario(options: MarkOptions) -> Problem:
    from sdgen.readers.sources import examples

    files = {path.name for folder in options.folders for path in folder.iterdir() if path.is_file()}
    hint = did_you_mean(str(options.scenario), files | {*examples()})
    what = f"there is no {str(options.scenario)!r} beside the test or in {options.folders[-1]}"
    return Problem((), what, hint if hint.startswith("did") else f"templates: {', '.join(examples())}", options.place)


def _hash(plan: Plan, only: tuple[str, ...]) -> str:
    """32 digits for all that decides what is written; the plan's identity covers scenario, seed and counts."""
    generators = sorted(sha256(path.read_bytes()).hexdigest() for path in outside_files())
    return _digest({"data": plan.identity, "only": sorted(only), "own": generators, "versions": _versions()})


def request_key(options: MarkOptions) -> str:
    """A digest that tells one request from another before anything is read or planned."""
    scenario: Any = options.scenario
    if isinstance(scenario, str | Path) and not options.text:
        scenario = str(_source(options))
        path = Path(scenario)
        if path.is_file():
            # By its content: a file that was only touched is the same, and one that was edited is another.
            scenario = [path.suffix, sha256(path.read_bytes()).hexdigest()]
    today = _today() if options.request.get("as_of") == TODAY else ""
    return _digest({"scenario": scenario, "request": options.request, "today": today, "versions": _versions()})


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def is_self_contained(options: MarkOptions) -> bool:
    """Whether the scenario is all that is read: no further files, no database, no code."""
    if options.request.get("rules"):
        return False
    if options.text or isinstance(options.scenario, Mapping):
        return True
    from sdgen.readers.base import Source
    from sdgen.readers.formats import format_of

    if not isinstance(options.scenario, str | Path):
        return False
    path = Path(_source(options))
    if not path.exists():
        return ":" not in str(path)
    form = format_of(Source(str(path)))
    return path.is_file() and form is not None and form.kind == "native"


def outside_files() -> set[Path]:
    """The files of generators that aren't sdgen's own. None is known before the registry has been loaded."""
    # Asking the registry would import it, which most tests can do without.
    if "sdgen.generators.registry" not in sys.modules:
        return set()
    from sdgen.generators import registry

    return registry.outside()


def _digest(data: object) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, default=repr)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@cache
def _versions() -> list[str | int]:
    """Of what decides the values and the files of databases."""
    return [_LAYOUT, __version__, *(version(name) for name in ("duckdb", "mimesis"))]
