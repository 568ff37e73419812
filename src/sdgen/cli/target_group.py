"""`sdgen target …`. Read for every `--help`: nothing heavy is imported here."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sdgen.cli.commands import App
from sdgen.cli.failures import REFUSED, told, told_problems
from sdgen.cli.stored import Output, RunsDb, TargetsDir, as_json, opened

app = App(name="target", help="Targets by id: of a folder, and of the store.")

TargetId = Annotated[str, typer.Argument(metavar="ID", help="A target's id, or its file's stem.")]
Named = Annotated[str, typer.Argument(metavar="ID|PATH|DSN", help="A target's id, its file, or a destination.")]
Kind = Annotated[str, typer.Option("--target-kind", metavar="KIND", help="The kind, where a destination doesn't tell.")]


@app.command("list")
@told
def list_(output: Output = "text", runs_db: RunsDb = "", targets_dir: TargetsDir = "") -> None:
    """List the targets there are; passwords are never shown."""
    with opened(runs_db, "", targets_dir) as service:
        from sdgen.cli import stored

        entries = service.targets()
        print(as_json(entries) if output == "json" else stored.target_table(entries))


@app.command()
@told
def show(target: TargetId, output: Output = "text", runs_db: RunsDb = "", targets_dir: TargetsDir = "") -> None:
    """Show a target as it is written down."""
    with opened(runs_db, "", targets_dir) as service:
        from sdgen.cli import stored

        entry = stored.target_shown(service, target)
        print(as_json(entry) if output == "json" else stored.fields(entry))


@app.command()
@told
def validate(
    target: Named, kind: Kind = "", output: Output = "text", runs_db: RunsDb = "", targets_dir: TargetsDir = ""
) -> None:
    """Check a target without connecting to it: its kind, its parts, its secrets, its guard."""
    with opened(runs_db, "", targets_dir) as service:
        from sdgen.cli import stored
        from sdgen.cli.validate import as_json as verdict

        settled, problems = stored.target_examined(service, target, kind)
    if output == "json":
        print(verdict(problems))
    elif settled is not None:
        print(f"valid: {settled.kind}: {settled.shown}")
    else:
        print(told_problems(problems), file=sys.stderr)
    if settled is None:
        raise typer.Exit(REFUSED)


@app.command("test")
@told
def try_out(
    target: Named, kind: Kind = "", output: Output = "text", runs_db: RunsDb = "", targets_dir: TargetsDir = ""
) -> None:
    """Connect to a target, and tell how soon it answers and what may be done there. Nothing is left behind."""
    with opened(runs_db, "", targets_dir) as service:
        from sdgen.cli import stored

        found = stored.probed(service, target, kind)
        print(as_json(found) if output == "json" else stored.probe_shown(found))
    for problem in found.problems:
        print(f"error: {problem.what}", file=sys.stderr)
    if not found.ok:
        raise typer.Exit(REFUSED)


@app.command()
@told
def add(
    target: Annotated[str, typer.Argument(metavar="FILE|DSN", help="A target file, or a destination.")],
    id: Annotated[str, typer.Option(metavar="ID", help="Default: the file's own id, or its stem.")] = "",
    kind: Kind = "",
    force: Annotated[bool, typer.Option("--force", help="Replace the target of that id.")] = False,
    runs_db: RunsDb = "",
) -> None:
    """Keep a target in the store, its DSN as written: a password must stand there as ${NAME} or ${file:/path}."""
    with opened(runs_db) as service:
        from sdgen.cli import stored

        print(stored.target_added(service, target, id, kind, force))


@app.command()
@told
def remove(target: TargetId, runs_db: RunsDb = "", targets_dir: TargetsDir = "") -> None:
    """Forget a stored target."""
    with opened(runs_db, "", targets_dir) as service:
        service.library.remove_target(target)
        print(f"{target} is removed")
