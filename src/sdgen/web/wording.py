"""Problems in the words of a page: which field of a form they speak of, what that field is called, and no options of
the command line, which who reads a page has no use for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sdgen.service.records import ProblemRecord
from sdgen.targets.base import Mode

MODE_CHOICES = [(mode.value, mode.value.replace("_", " ")) for mode in Mode]
# A form's fields by the paths of problems: the field's id, and its label on the page.
START_FIELDS: Mapping[str, tuple[str, str]] = {
    "scenario_id": ("scenario_id", "Scenario"),
    "scenario_version": ("scenario_id", "Scenario"),
    "scenario": ("scenario", "Scenario text"),
    "target_id": ("target_id", "Target"),
    "target": ("target", "Path or address"),
    "target.dsn": ("target", "Path or address"),
    "target.kind": ("target", "Path or address"),
    "target.schema": ("target", "Path or address"),
    "target.database": ("target", "Path or address"),
    "target.allow_databases": ("target", "Path or address"),
    "seed": ("seed", "Seed"),
    "scale": ("scale", "Scale"),
    "mode": ("mode", "A table that is there already"),
    "as_of": ("as_of", "The time that counts as now"),
    "include": ("include", "Only these entities"),
    "exclude": ("exclude", "All but these entities"),
    "formats": ("formats", "Formats of files"),
    "commit_every": ("commit_every", "Commit after so many rows"),
    "resume": ("resume", "Continue such a run that was stopped"),
    "engine": ("engine", "Cluster"),
    "allow_databases": ("allow_databases", "Only databases named like"),
    "rows": ("rows", "Rows per entity"),
}
TARGET_FIELDS: Mapping[str, tuple[str, str]] = {
    "id": ("id", "Id"),
    "target.id": ("id", "Id"),
    "target.name": ("name", "Name"),
    "target.kind": ("kind", "Kind"),
    "target.dsn": ("dsn", "Path or address"),
    "target.database": ("database", "Database"),
    "target.schema": ("schema", "Schema"),
    "target.mode": ("mode", "A table that is there already"),
    "target.allow_databases": ("allow_databases", "Only databases named like"),
    "target.options.formats": ("formats", "Formats of files"),
    "target.options.workers": ("workers", "Threads"),
    "target.options.batch_size": ("batch_size", "Rows at once"),
}
ROW_FIELDS: Mapping[str, tuple[str, str]] = {
    "column": ("column", "Where"),
    "op": ("op", "is"),
    "value": ("value", "Value"),
}
FORMS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "start": START_FIELDS,
    "target": TARGET_FIELDS,
    "rows": ROW_FIELDS,
    "": {},
}

# What hints say of options, and how the same is done on a page. Parts that still speak of commands are left out.
_OPTIONS = (
    (re.compile(r" \(--[^)]*\)"), ""),
    (re.compile(r"\buse --mode (\w+)"), r"choose the mode “\1”"),
    (re.compile(r"--mode (\w+)"), r"the mode “\1”"),
    (re.compile(r"--rows (\S+?)=([\d,]+)"), r"\2 rows of \1"),
    (re.compile(r"(?:use )?--only\b"), "“Only these entities”"),
    (re.compile(r"--allow-databases\b"), "“Only databases named like”"),
    (re.compile(r"--commit-every( \S+)?"), "“Commit after so many rows”"),
    (re.compile(r"--resume\b"), "“Continue such a run that was stopped”"),
    (re.compile(r"--force replaces it, or PUT"), "edit that one, or choose another id"),
    (re.compile(r"; give it one with --id"), ""),
    (re.compile(r", or keep it instead of the example with \?replace=true"), ""),
    (re.compile(r"`sdgen generators` lists"), "the page Generators lists"),
    (re.compile(r"give scenario_id or scenario\b"), "choose one, or give a text"),
    (re.compile(r"give target_id or target\b"), "choose one, or give a path or address"),
)
_COMMAND = re.compile(r"`?\bsdgen [a-z]|(?<![\w-])--[a-z]|\bSDGEN_[A-Z]")
_MODE = re.compile(r"\b(truncate_then_insert|append_only|create_if_missing)\b")


@dataclass(frozen=True)
class PageProblem:
    """A problem as a page tells it. field: the id of the form's field that it speaks of, `label` what that is called
    there; both "" where it speaks of none. path: as in the API, for scripts and tests. place: of a text."""

    path: str
    place: str
    field: str
    label: str
    what: str
    hint: str
    line: int
    column: int


def page_problem(problem: ProblemRecord, form: str = "") -> PageProblem:
    """A problem in the words of a form's page, one of FORMS; "" for a page without one."""
    field, label = _field(problem, form)
    place = f"{problem.file}:{problem.line}" if problem.file and problem.line else problem.file
    if field == "scenario" and problem.line:
        label = f"{label}, line {problem.line}"
    what, hint = page_words(problem.what) or problem.what, page_words(problem.hint)
    return PageProblem(problem.path, place, field, label, what, hint, problem.line, problem.column)


def page_words(text: str) -> str:
    """A sentence or a hint without options and commands; "" where nothing else is in it."""
    for pattern, words in _OPTIONS:
        text = pattern.sub(words, text)
    if _COMMAND.search(text):
        text = "; ".join(part for part in text.split("; ") if not _COMMAND.search(part))
    return _MODE.sub(lambda found: found[0].replace("_", " "), text)


def by_field(problems: Iterable[ProblemRecord], form: str) -> dict[str, list[PageProblem]]:
    """The problems of a form's fields, by the fields' ids."""
    found: dict[str, list[PageProblem]] = {}
    for problem in problems:
        worded = page_problem(problem, form)
        if worded.field:
            found.setdefault(worded.field, []).append(worded)
    return found


def _field(problem: ProblemRecord, form: str) -> tuple[str, str]:
    fields = FORMS[form]
    if form == "start" and problem.file == "scenario":
        return fields["scenario"]
    path = problem.path.removeprefix("request.")
    if form == "start" and path.startswith("rows."):
        return path, "Rows of all others" if path == "rows.*" else f"Rows of {path.removeprefix('rows.')}"
    parts = path.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))  # the longest that is known
    return next((fields[name] for name in names if name in fields), ("", ""))
