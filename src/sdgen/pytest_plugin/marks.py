"""The arguments of marks: `@pytest.mark.sdgen("shop.yaml", rows={"customers": 50})` as a record, or every problem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdgen.errors import Problem, ScenarioError, did_you_mean

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
