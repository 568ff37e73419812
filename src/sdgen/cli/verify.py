"""`sdgen verify`: what a place holds against what a scenario asked for, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from sdgen.cli.pandas_guard import start_arrow
from sdgen.cli.tables import cut, ruled
from sdgen.databases.urls import without_password
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_counted
from sdgen.scenario.request import PlanRequest
from sdgen.verification.findings import Finding, Report, Status
from sdgen.verification.verify import verify

HEAD = ("entity", "columns", "check", "status", "expected", "found", "test", "p")
_RIGHT = (False,) * 7 + (True,)


def verify_target(
    source: str,
    place: str,
    *,
    seed: int | None,
    as_of: datetime | None,
    rows: Mapping[str, int],
    scale: float,
    only: tuple[str, ...],
    options: ReadOptions,
) -> Report:
    """Do it; SdgenError where the scenario is wrong or the place can't be read."""
    start_arrow()
    scenario, counts = read_counted(source, rows, options)
    return verify(scenario, place, PlanRequest(seed, as_of, counts, scale, only))


def as_json(report: Report, place: str) -> str:
    """The report for programs."""
    record = {
        "place": without_password(place),
        "broken": report.broken,
        "counts": report.counts(),
        "level": report.level,
        "findings": [finding.as_record() for finding in report.findings],
    }
    return json.dumps(record, indent=2, ensure_ascii=False)


def as_table(report: Report, place: str) -> Iterator[str]:
    """The report for people: every check, then once more what is not right, and how many checks there were."""
    yield from ruled([HEAD], [_cells(finding) for finding in report.findings], _RIGHT)
    yield ""
    for status in (Status.WARNING, Status.BROKEN):
        for finding in report.having(status):
            yield f"{status}: {_told(finding)}"
    counts = ", ".join(f"{number} {status}" for status, number in report.counts().items())
    yield f"{without_password(place)}: {len(report.findings)} checks: {counts}"


def _cells(finding: Finding) -> tuple[str, ...]:
    test = f"{finding.method} {finding.figure:.4g}" if finding.figure is not None else ""
    p = f"{finding.p:.2g}" if finding.p is not None else ""
    columns = ", ".join(finding.columns)
    texts = (finding.entity, columns, finding.check, str(finding.status), finding.expected, finding.found, test, p)
    return tuple(cut(text) for text in texts)


def _told(finding: Finding) -> str:
    where = finding.entity + (f" ({', '.join(finding.columns)})" if finding.columns else "")
    p = f" (p = {finding.p:.2g})" if finding.p is not None else ""
    return cut(f"{where}: {finding.check}: expected {finding.expected}, found {finding.found}{p}", 300)
