"""`sdgen target …`. Read for every `--help`: nothing heavy is imported here."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sdgen.cli.commands import App
from sdgen.cli.failures import REFUSED, problem_text, reports_errors
from sdgen.cli.options import Output, RunsDb, TargetsDir, as_json, open_store

app = App(name="target", help="Targets by id: of a folder, and of the store.")

TargetId = Annotated[str, typer.Argument(metavar="ID", help="A target's id, or its file's stem.")]
Named = Annotated[str, typer.Argument(metavar="ID|PATH|DSN", help="A target's id, its file, or a destination.")]
Kind = Annotated[str, typer.Option("--target-kind", metavar="KIND", help="The kind, where a destination doesn't tell.")]


@app.command("list")
@reports_errors
def list_(output: Output = "text", runs_db: RunsDb = "", targets_dir: TargetsDir = "") -> None:
    """List the targets there are; passwords are never shown."""
    with open_store(runs_db, "", targets_dir) as service:
        from sdgen.cli import catalog_commands

        entries = service.targets()
        print(as_json(entries) if output == "json" else catalog_commands.target_table(entries))


@app.command()
@reports_errors
def show(target: TargetId, output: Output = "text", runs_db: RunsDb = "", targets_dir: TargetsDir = "") -> None:
    """Show a target as it is written down."""
    with open_store(runs_db, "", targets_dir) as service:
        from sdgen.cli import catalog_commands

        entry = catalog_commands.target_of(service, target)
        print(as_json(entry) if output == "json" else catalog_commands.fields(entry))


@app.command()
@reports_errors
def validate(
    target: Named, kind: Kind = "", output: Output = "text", runs_db: RunsDb = "", targets_dir: TargetsDir = ""
) -> None:
    """Check a target without connecting to it: its kind, its parts, its secrets, its guard."""
    with open_store(runs_db, "", targets_dir) as service:
        from sdgen.cli import catalog_commands
        from sdgen.cli.validate import as_json as verdict

        settled, problems = catalog_commands.check_target(service, target, kind)
    if output == "json":
        print(verdict(problems))
    elif settled is not None:
        print(f"valid: {settled.kind}: {settled.shown}")
    else:
        print(problem_text(problems), file=sys.stderr)
    if settled is None:
        raise typer.Exit(REFUSED)


@app.command("test")
@reports_errors
def try_out(
    target: Named, kind: Kind = "", output: Output = "text", runs_db: RunsDb = "", targets_dir: TargetsDir = ""
) -> None:
    """Connect to a target, and tell how soon it answers and what may be done there. Nothing is left behind."""
    with open_store(runs_db, "", targets_dir) as service:
        from sdgen.cli import catalog_commands

        found = catalog_commands.probe_target(service, target, kind)
        print(as_json(found) if output == "json" else catalog_commands.probe_text(found))
    for problem in found.problems:
        print(f"error: {problem.what}", file=sys.stderr)
    if not found.ok:
        raise typer.Exit(REFUSED)


@app.command()
@reports_errors
def add(
    target: Annotated[str, typer.Argument(metavar="FILE|DSN", help="A target file, or a destination.")],
    id: Annotated[str, typer.Option(metavar="ID", help="Default: the file's own id, or its stem.")] = "",
    kind: Kind = "",
    force: Annotated[bool, typer.Option("--force", help="Replace the target of that id.")] = False,
    runs_db: RunsDb = "",
) -> None:
    """Keep a target in the store, its DSN as written: a password must stand there as ${NAME} or ${file:/path}."""
    with open_store(runs_db) as service:
        from sdgen.cli import catalog_commands

        print(catalog_commands.add_target(service, target, id, kind, force))


@app.command()
@reports_errors
def remove(target: TargetId, runs_db: RunsDb = "", targets_dir: TargetsDir = "") -> None:
    """Forget a stored target."""
    with open_store(runs_db, "", targets_dir) as service:
        service.catalog.remove_target(target)
        print(f"{target} is removed")
