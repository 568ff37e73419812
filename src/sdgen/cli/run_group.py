"""`sdgen run …`. Read for every `--help`: nothing heavy is imported here."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from sdgen.cli import options
from sdgen.cli.commands import App
from sdgen.cli.failures import print_text, reports_errors
from sdgen.cli.options import Output, RunsDb, ScenariosDir, TargetsDir, as_json, open_store
from sdgen.cli.run_options import Fields, TargetKind, with_run_options

app = App(name="run", help="Runs: started, watched, remembered, reproduced.")

RunId = Annotated[str, typer.Argument(metavar="ID", help="A run's id; `latest` is the newest.")]


ScenarioName = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A scenario's id (ID@VERSION of a stored one), or as of generate.")
]
NamedScenario = Annotated[str, typer.Option("--scenario", metavar="ID|PATH", help="The same, as an option.")]
To = Annotated[
    str,
    typer.Option("--to", "--target", metavar="DEST", help="A target's id, its file, or a destination as of generate."),
]
Format = Annotated[str, typer.Option("--format", metavar="LIST", help="File formats, as of generate.")]


@app.command()
@reports_errors
@with_run_options
def start(
    fields: Fields,
    to: To,
    scenario: ScenarioName = "",
    named: NamedScenario = "",
    target_kind: TargetKind = "",
    format: Format = "",
    detach: Annotated[bool, typer.Option("--detach", help="Leave the run to a worker, and print its id.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no summary.")] = False,
    output: Output = "text",
    runs_db: RunsDb = "",
    scenarios_dir: ScenariosDir = "",
    targets_dir: TargetsDir = "",
) -> None:
    """Write a scenario's rows to a target, and remember it: all of them, or none."""
    fields, chosen = {**fields, "formats": options.formats(format)}, options.one_of(scenario, named)
    with open_store(runs_db, scenarios_dir, targets_dir) as service:
        from sdgen.cli import running

        request = running.named_request(fields, service, chosen, to, target_kind)
        if detach:
            running.submit_run(service, request, output)
        else:
            running.start_run(service, request, quiet, output)


@app.command()
@reports_errors
@with_run_options
def plan(
    fields: Fields,
    to: To,
    scenario: ScenarioName = "",
    named: NamedScenario = "",
    target_kind: TargetKind = "",
    format: Format = "",
    output: Output = "text",
    runs_db: RunsDb = "",
    scenarios_dir: ScenariosDir = "",
    targets_dir: TargetsDir = "",
) -> None:
    """Tell what a run would write, without writing it: order, counts, and about how many bytes and how long."""
    fields, chosen = {**fields, "formats": options.formats(format)}, options.one_of(scenario, named)
    with open_store(runs_db, scenarios_dir, targets_dir) as service:
        from sdgen.cli import running

        running.plan_run(service, running.named_request(fields, service, chosen, to, target_kind), output)


@app.command("list")
@reports_errors
def list_(
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, metavar="N", help="How many runs to show.")] = 20,
    offset: Annotated[int, typer.Option("--offset", min=0, metavar="N", help="How many of the newest to skip.")] = 0,
    status: Annotated[
        list[str] | None, typer.Option("--status", metavar="STATUS", help="Runs of this status; may be repeated.")
    ] = None,
    scenario: Annotated[str, typer.Option("--scenario", metavar="ID", help="Runs of this scenario.")] = "",
    target: Annotated[str, typer.Option("--target", metavar="ID", help="Runs into this target.")] = "",
    search: Annotated[
        str, typer.Option("--search", metavar="TEXT", help="Runs whose id, names, destination or error hold this.")
    ] = "",
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Runs made then or later, ISO 8601.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Runs made before then.")] = None,
    output: Output = "text",
    runs_db: RunsDb = "",
) -> None:
    """List runs, the newest first."""
    with open_store(runs_db) as service:
        from sdgen.cli import run_tables

        chosen = run_tables.statuses(options.listed(status or ()))
        found, total = service.runs(
            limit=limit,
            offset=offset,
            status=chosen,
            scenario=scenario,
            target=target,
            text=search,
            since=options.instant(since),
            until=options.instant(until),
        )
        print_text(as_json(found) if output == "json" else run_tables.run_list(found, total))


@app.command()
@reports_errors
def show(run: RunId, output: Output = "text", runs_db: RunsDb = "") -> None:
    """Show a run: its status, what it was asked, and rows, seconds and digest of each entity."""
    with open_store(runs_db) as service:
        from sdgen.cli import run_tables

        found = service.run(run)
        print_text(as_json(found) if output == "json" else run_tables.run_text(found))


@app.command()
@reports_errors
def logs(
    run: RunId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run is over.")] = False,
    output: Annotated[
        Literal["text", "json", "jsonl"],
        typer.Option("--output", help="For people, one JSON document, or JSON line by line."),
    ] = "text",
    runs_db: RunsDb = "",
) -> None:
    """Print the log of a run."""
    if follow and output == "json":
        what = "--follow prints no single JSON document: use jsonl, a document for each line"
        raise typer.BadParameter(what, param_hint="--output")
    with open_store(runs_db) as service:
        from sdgen.cli import running

        running.print_logs(service, run, follow, output)


@app.command()
@reports_errors
def cancel(run: RunId, output: Output = "text", runs_db: RunsDb = "") -> None:
    """Ask a run to stop. A running one stops within two batches, and its target is as it was."""
    with open_store(runs_db) as service:
        found = service.cancel(run)
        said = f"{found.id}: {'asked to stop' if found.status == 'running' else found.status.value}"
        print(as_json(found) if output == "json" else said)


@app.command()
@reports_errors
def remove(
    runs: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Runs to remove.")] = None,
    keep: Annotated[
        int | None, typer.Option("--keep", min=0, metavar="N", help="Remove all but the N newest that are over.")
    ] = None,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Remove those that ended longer ago: 30d, 12h, 4w.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which, and remove nothing.")] = False,
    output: Output = "text",
    runs_db: RunsDb = "",
) -> None:
    """Forget runs with their logs; what they wrote stays. Runs that wait or run are never removed."""
    if bool(runs) == (keep is not None or bool(older_than)):
        raise typer.BadParameter("name runs by their ids, or say --keep or --older-than", param_hint="ID")
    with open_store(runs_db) as service:
        from sdgen.cli import running

        running.remove_runs(service, tuple(runs or ()), keep, older_than, dry_run, output)


@app.command()
@reports_errors
def reproduce(
    run: RunId,
    target: Annotated[
        str,
        typer.Option(
            "--to", "--target", metavar="DEST", help="Where to. Default: a temporary place, removed afterwards."
        ),
    ] = "",
    target_kind: TargetKind = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    output: Output = "text",
    runs_db: RunsDb = "",
    targets_dir: TargetsDir = "",
) -> None:
    """Do a run again, from what is stored of it, and compare every digest. Exits with 1 where one differs."""
    with open_store(runs_db, "", targets_dir) as service:
        from sdgen.cli import running

        running.reproduce_run(service, run, target, target_kind, quiet, output)
