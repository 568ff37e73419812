"""Runs, plans and comparisons as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import typer

from sdgen.cli.failures import printable
from sdgen.cli.tables import cut, ruled
from sdgen.execution.request import format_instant
from sdgen.service.estimate import Estimate
from sdgen.service.records import LogLine, Run, Status
from sdgen.service.reproduce import Comparison, EntityComparison

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def statuses(words: Sequence[str]) -> list[Status]:
    """Statuses of an option's words; typer.BadParameter where one is none."""
    known = [status.value for status in Status]
    for word in words:
        if word not in known:
            raise typer.BadParameter(f"{word!r} is not one of {', '.join(known)}", param_hint="--status")
    return [Status(word) for word in words]


def run_list(runs: Sequence[Run], total: int) -> str:
    head = [("id", "status", "started", "scenario", "target", "rows", "seconds")]
    rows = [
        (
            run.id,
            run.status.value,
            clock(run.started_at or run.created_at),
            cut(_scenario(run)),
            cut(run.target_id or run.destination),
            f"{run.rows_written:,}",
            f"{run.seconds:.1f}" if run.finished_at and run.started_at else "-",
        )
        for run in runs
    ]
    lines = ruled(head, rows, (False, False, False, False, False, True, True))
    if total > len(runs):
        lines.append(f"{len(runs)} of {total:,} runs")
    return "\n".join(lines)


def run_text(run: Run) -> str:
    """All about a run: fields, then a table of its entities, then what else there is to say."""
    facts = {
        "run": run.id,
        "status": run.status.value + (f" ({run.phase})" if run.phase else ""),
        "scenario": _scenario(run) + f" ({run.scenario_source})",
        "target": f"{run.target_id}: {run.destination}" if run.target_id else run.destination,
        "mode": run.mode,
        "seed": str(run.seed),
        "as_of": format_instant(run.as_of),
        "config": run.config_hash,
        "started": clock(run.started_at),
        "finished": clock(run.finished_at) + (f" ({run.seconds:.2f} s)" if run.finished_at and run.started_at else ""),
        "reproduces": run.reproduces,
    }
    lines = [f"{name:<10}  {value}" for name, value in facts.items() if value]
    return "\n".join([*lines, "", *_entities(run), *_said(run)])


def _entities(run: Run) -> list[str]:
    head = [("entity", "table", "asked", "written", "seconds", "digest")]
    rows = [
        (each.entity, each.table, f"{each.asked:,}", f"{each.written:,}", f"{each.seconds:.2f}", each.digest or "-")
        for each in run.entities
    ]
    return ruled(head, rows, (False, False, True, True, True, False))


def _said(run: Run) -> Iterator[str]:
    for warning in run.warnings:
        yield f"warning: {printable(warning)}"
    if run.error:
        yield f"{'error: ' if run.status == 'failed' else ''}{printable(run.error)}"


def _scenario(run: Run) -> str:
    return f"{run.scenario_id or run.scenario_name} {run.scenario_version}".strip()


def log_text(line: LogLine) -> str:
    return f"{line.time.astimezone(UTC):%Y-%m-%d %H:%M:%S} {line.level:<7} {printable(line.text)}"


def estimate_text(found: Estimate) -> str:
    """The dry run as a table, in the order of writing."""
    head = [("entity", "table", "rows", "about", "in the target now")]
    rows = [
        (each.entity, each.table, f"{each.rows:,}", size(each.bytes), _existing(each.existing, each.emptied))
        for each in found.entities
    ]
    name = f"{found.scenario_name} {found.scenario_version}".strip()
    lines = [
        f"{name} to {found.destination}, {found.mode}, seed {found.seed}",
        "",
        *ruled(head, rows, (False, False, True, True, False)),
        f"{found.rows:,} rows, about {size(found.bytes)} and {_seconds(found.seconds)} of making them",
        "(estimated from a sample; what a database adds is not in it)",
        *(f"warning: {printable(warning)}" for warning in found.warnings),
    ]
    return "\n".join(lines)


def _existing(rows: int | None, emptied: bool) -> str:
    return ("not asked" if rows is None else f"{rows:,} rows" if rows else "-") + (" (emptied)" if emptied else "")


def comparison_text(found: Comparison) -> str:
    head = [("entity", "rows then", "rows now", "digest then", "digest now", "")]
    rows = [
        (
            each.entity,
            "-" if each.rows_then is None else f"{each.rows_then:,}",
            "-" if each.rows_now is None else f"{each.rows_now:,}",
            each.digest_then or "-",
            each.digest_now or "-",
            "same" if each.same else "DIFFERENT",
        )
        for each in found.entities
    ]
    lines = ruled(head, rows, (False, True, True, False, False, False))
    wrong = [each for each in found.entities if not each.same]
    names = ", ".join(each.entity for each in wrong)
    lines += [f"{each.entity}: {_difference(each)}" for each in wrong]
    lines += [f"{name}: version {then} then, {now} now" for name, then, now in found.versions]
    verdict = f"{names}: not the same rows" if wrong else f"the same rows as {found.run_id}, in every entity"
    return "\n".join([*lines, verdict])


def _difference(found: EntityComparison) -> str:
    if found.columns:
        return f"columns that differ: {', '.join(found.columns)}"
    if found.columns_known:
        return "the first 65,536 rows of every column are the same, later ones differ"
    return "which columns differ is not known: their digests were not kept"


def clock(moment: datetime | None) -> str:
    """A time in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else ""


def size(count: float) -> str:
    """A number of bytes in a unit that a person reads."""
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            break
        count /= 1000
    return f"{count:,.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"


def _seconds(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
