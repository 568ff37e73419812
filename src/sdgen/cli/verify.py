"""`sdgen verify`: what a target holds against what a scenario describes, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sdgen.cli.pandas_guard import start_arrow
from sdgen.cli.tables import cut, ruled
from sdgen.databases.urls import without_password
from sdgen.execution.request import read_request
from sdgen.execution.resolve import resolve_data
from sdgen.verification.findings import Finding, Report, Status
from sdgen.verification.verify import verify

HEAD = ("entity", "columns", "check", "status", "expected", "found", "test", "p")
_RIGHT = (False,) * 7 + (True,)


def verify_target(fields: Mapping[str, Any], target: str) -> Report:
    """Do it; SdgenError where the scenario is wrong or the target can't be read. fields: of a RunRequest."""
    start_arrow()
    data = resolve_data(read_request(fields))
    return verify(data.scenario, target, data.plan_request)


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
            yield f"{status}: {_one_line(finding)}"
    counts = ", ".join(f"{number} {status}" for status, number in report.counts().items())
    yield f"{without_password(place)}: {len(report.findings)} checks: {counts}"


def _cells(finding: Finding) -> tuple[str, ...]:
    test = f"{finding.method} {finding.figure:.4g}" if finding.figure is not None else ""
    p = f"{finding.p:.2g}" if finding.p is not None else ""
    columns = ", ".join(finding.columns)
    texts = (finding.entity, columns, finding.check, str(finding.status), finding.expected, finding.found, test, p)
    return tuple(cut(text) for text in texts)


def _one_line(finding: Finding) -> str:
    where = finding.entity + (f" ({', '.join(finding.columns)})" if finding.columns else "")
    p = f" (p = {finding.p:.2g})" if finding.p is not None else ""
    return cut(f"{where}: {finding.check}: expected {finding.expected}, found {finding.found}{p}", 300)
