"""`sdgen serve`. Read for every `--help`: nothing heavy is imported here."""

from __future__ import annotations

from typing import Annotated

import typer

from sdgen.cli import options
from sdgen.cli.failures import reports_errors
from sdgen.cli.store_options import RunsDb, ScenariosDir, TargetsDir
from sdgen.errors import Problem, StoreError

Patterns = list[str] | None


@reports_errors
def serve(
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen. Any but loopback needs a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="The port; 0 takes one that is free.")
    ] = 8765,
    scenarios_dir: ScenariosDir = "",
    targets_dir: TargetsDir = "",
    runs_db: RunsDb = "",
    token: Annotated[
        str,
        typer.Option("--token", envvar="SDGEN_TOKEN", metavar="TOKEN", help="Asked of every request. Or SDGEN_TOKEN."),
    ] = "",
    at_once: Annotated[int, typer.Option("--at-once", min=1, metavar="N", help="How many runs may run at once.")] = 2,
    files_dir: Annotated[
        str, typer.Option("--files-dir", metavar="DIR", help="The folder under which requests may name local targets.")
    ] = "out",
    allow_host: Annotated[
        Patterns,
        typer.Option("--allow-host", metavar="NAME", help="A host name this server goes by. May be repeated."),
    ] = None,
    allow_destination: Annotated[
        Patterns,
        typer.Option("--allow-destination", metavar="PATTERN", help="Destinations requests may name. May be repeated."),
    ] = None,
    allow_database: Annotated[
        Patterns,
        typer.Option("--allow-database", metavar="PATTERN", help="Databases that runs may write to. May be repeated."),
    ] = None,
    allow_secret: Annotated[
        Patterns,
        typer.Option("--allow-secret", metavar="PATTERN", help="Secrets that requests may name. May be repeated."),
    ] = None,
    allow_engine: Annotated[
        Patterns,
        typer.Option("--allow-engine", metavar="PATTERN", help="Clusters that requests may name. May be repeated."),
    ] = None,
    most_counted: Annotated[
        int,
        typer.Option(
            "--most-counted", min=0, metavar="N", help="How many rows a request may have the children counted of."
        ),
    ] = 50_000_000,
    preview_memory: Annotated[
        str,
        typer.Option("--preview-memory", metavar="SIZE", help="The memory that one request may take to read and plan."),
    ] = "256MB",
    preview_seconds: Annotated[
        float,
        typer.Option("--preview-seconds", min=0.1, metavar="N", help="The processor seconds that it may take."),
    ] = 10.0,
    keep: Annotated[
        str,
        typer.Option(
            "--keep",
            metavar="N|AGE",
            help="Forget runs that are over: all but the N newest, or those older than 30d, 12h. Default: none.",
        ),
    ] = "",
) -> None:
    """Serve the API and the pages, and do the runs that are asked for."""
    from sdgen.execution.byte_counts import byte_count

    kept = options.retention_option(keep)
    from sdgen.web.serving import Serving
    from sdgen.web.serving import serve as serving

    try:
        memory = byte_count(preview_memory)
    except ValueError as error:
        raise StoreError(Problem(("preview_memory",), str(error), "give a size, such as 256MB")) from None
    asked = Serving(
        host=host,
        port=port,
        scenarios_dir=scenarios_dir,
        targets_dir=targets_dir,
        runs_db=runs_db,
        token=token,
        at_once=at_once,
        files_dir=files_dir,
        allow_hosts=tuple(allow_host or ()),
        allow_destinations=options.listed(allow_destination or ()),
        allow_databases=options.listed(allow_database or ()),
        allow_secrets=options.listed(allow_secret or ()),
        allow_engines=options.listed(allow_engine or ()),
        most_counted=most_counted,
        preview_memory=memory,
        preview_seconds=preview_seconds,
        keep=kept,
    )
    serving(asked, lambda text: print(text, flush=True))
