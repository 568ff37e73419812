"""`sdgen run …`. Read for every `--help`: nothing heavy is imported here."""

from __future__ import annotations

from typing import Annotated

import typer

from sdgen.cli import options
from sdgen.cli.failures import told
from sdgen.cli.run_options import Fields, TargetKind, with_run_options
from sdgen.cli.stored import Form, RunsDb, ScenariosDir, TargetsDir, as_json, opened

app = typer.Typer(name="run", help="Runs: started, watched, remembered, reproduced.", no_args_is_help=True)

RunId = Annotated[str, typer.Argument(metavar="ID", help="A run's id; `latest` is the newest.")]


ScenarioName = Annotated[
    str, typer.Option("--scenario", metavar="ID|PATH", help="A scenario's id (ID@VERSION of a stored one), or a file.")
]
TargetName = Annotated[
    str,
    typer.Option(
        "--target", "--to", metavar="ID|PATH|DSN", help="A target's id, its file, or a destination as of generate."
    ),
]
FileFormat = Annotated[str, typer.Option("--file-format", metavar="LIST", help="Formats of files, as of generate.")]


@app.command()
@told
@with_run_options
def start(
    fields: Fields,
    scenario: ScenarioName,
    target: TargetName,
    target_kind: TargetKind = "",
    file_format: FileFormat = "",
    detach: Annotated[bool, typer.Option("--detach", help="Leave the run to a worker, and print its id.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no summary.")] = False,
    form: Form = "table",
    runs_db: RunsDb = "",
    scenarios_dir: ScenariosDir = "",
    targets_dir: TargetsDir = "",
) -> None:
    """Write a scenario's rows to a target, and remember it: all of them, or none."""
    with opened(runs_db, scenarios_dir, targets_dir) as service:
        from sdgen.cli import running

        request = running.named_request(
            {**fields, "formats": options.listed([file_format])}, service, scenario, target, target_kind
        )
        if detach:
            running.detached(service, request, form)
        else:
            running.started(service, request, quiet, form)


@app.command()
@told
@with_run_options
def plan(
    fields: Fields,
    scenario: ScenarioName,
    target: TargetName,
    target_kind: TargetKind = "",
    file_format: FileFormat = "",
    form: Form = "table",
    runs_db: RunsDb = "",
    scenarios_dir: ScenariosDir = "",
    targets_dir: TargetsDir = "",
) -> None:
    """Tell what a run would write, without writing it: order, counts, and about how many bytes and how long."""
    with opened(runs_db, scenarios_dir, targets_dir) as service:
        from sdgen.cli import running

        request = running.named_request(
            {**fields, "formats": options.listed([file_format])}, service, scenario, target, target_kind
        )
        running.planned(service, request, form)


@app.command("list")
@told
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
    form: Form = "table",
    runs_db: RunsDb = "",
) -> None:
    """List runs, the newest first."""
    with opened(runs_db) as service:
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
        print(as_json(found) if form == "json" else run_tables.run_list(found, total))


@app.command()
@told
def show(run: RunId, form: Form = "table", runs_db: RunsDb = "") -> None:
    """Show a run: its status, what it was asked, and rows, seconds and digest of each entity."""
    with opened(runs_db) as service:
        from sdgen.cli import run_tables

        found = service.run(run)
        print(as_json(found) if form == "json" else run_tables.run_shown(found))


@app.command()
@told
def logs(
    run: RunId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run is over.")] = False,
    form: Form = "table",
    runs_db: RunsDb = "",
) -> None:
    """Print the log of a run."""
    with opened(runs_db) as service:
        from sdgen.cli import running

        running.logged(service, run, follow, form)


@app.command()
@told
def cancel(run: RunId, form: Form = "table", runs_db: RunsDb = "") -> None:
    """Ask a run to stop. A running one stops within two batches, and its target is as it was."""
    with opened(runs_db) as service:
        found = service.cancel(run)
        said = f"{found.id}: {'asked to stop' if found.status == 'running' else found.status.value}"
        print(as_json(found) if form == "json" else said)


@app.command()
@told
def remove(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Runs to remove.")] = None,
    keep: Annotated[
        int | None, typer.Option("--keep", min=0, metavar="N", help="Remove all but the N newest that are over.")
    ] = None,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Remove those that ended longer ago: 30d, 12h, 4w.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which, and remove nothing.")] = False,
    form: Form = "table",
    runs_db: RunsDb = "",
) -> None:
    """Forget runs with their logs; what they wrote stays. Runs that wait or run are never removed."""
    if bool(runs) == (keep is not None or bool(older_than)):
        raise typer.BadParameter("name runs by their ids, or say --keep or --older-than", param_hint="ID")
    with opened(runs_db) as service:
        from sdgen.cli import running

        running.removed(service, tuple(runs or ()), keep, older_than, dry_run, form)


@app.command()
@told
def reproduce(
    run: RunId,
    target: Annotated[
        str,
        typer.Option(
            "--target", metavar="ID|PATH|DSN", help="Where to. Default: a temporary place, removed afterwards."
        ),
    ] = "",
    target_kind: TargetKind = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    form: Form = "table",
    runs_db: RunsDb = "",
    targets_dir: TargetsDir = "",
) -> None:
    """Do a run again, from what is stored of it, and compare every digest. Exits with 1 where one differs."""
    with opened(runs_db, "", targets_dir) as service:
        from sdgen.cli import running

        running.reproduced(service, run, target, target_kind, quiet, form)
