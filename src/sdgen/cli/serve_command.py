"""`sdgen serve`. Read for every `--help`: nothing heavy is imported here."""

from __future__ import annotations

from typing import Annotated

import typer

from sdgen.cli import options
from sdgen.cli.failures import reports_errors
from sdgen.cli.options import RunsDb, ScenariosDir, TargetsDir
from sdgen.errors import Problem, StoreError

Patterns = list[str] | None
# The options as types: Typer reads them from the annotations, and the command below can be seen whole.
Host = Annotated[
    str, typer.Option("--host", metavar="ADDRESS", help="Where to listen. Any but loopback needs a token.")
]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, metavar="N", help="The port; 0 takes one that is free.")]
Token = Annotated[
    str, typer.Option("--token", envvar="SDGEN_TOKEN", metavar="TOKEN", help="Asked of every request. Or SDGEN_TOKEN.")
]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, metavar="N", help="How many runs may run at once.")]
FilesDir = Annotated[
    str, typer.Option("--files-dir", metavar="DIR", help="The folder under which requests may name local targets.")
]
AllowHost = Annotated[
    Patterns, typer.Option("--allow-host", metavar="NAME", help="A host name this server goes by. May be repeated.")
]
AllowDestination = Annotated[
    Patterns,
    typer.Option("--allow-destination", metavar="PATTERN", help="Destinations requests may name. May be repeated."),
]
AllowDatabase = Annotated[
    Patterns,
    typer.Option("--allow-database", metavar="PATTERN", help="Databases that runs may write to. May be repeated."),
]
AllowSecret = Annotated[
    Patterns, typer.Option("--allow-secret", metavar="PATTERN", help="Secrets that requests may name. May be repeated.")
]
AllowEngine = Annotated[
    Patterns,
    typer.Option("--allow-engine", metavar="PATTERN", help="Clusters that requests may name. May be repeated."),
]
MostCounted = Annotated[
    int,
    typer.Option(
        "--most-counted", min=0, metavar="N", help="How many rows a request may have the children counted of."
    ),
]
PreviewMemory = Annotated[
    str, typer.Option("--preview-memory", metavar="SIZE", help="The memory that one request may take to read and plan.")
]
PreviewSeconds = Annotated[
    float, typer.Option("--preview-seconds", min=0.1, metavar="N", help="The processor seconds that it may take.")
]
Keep = Annotated[
    str,
    typer.Option(
        "--keep",
        metavar="N|AGE",
        help="Forget runs that are over: all but the N newest, or those older than 30d, 12h. Default: none.",
    ),
]


@reports_errors
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8765,
    scenarios_dir: ScenariosDir = "",
    targets_dir: TargetsDir = "",
    runs_db: RunsDb = "",
    token: Token = "",
    at_once: AtOnce = 2,
    files_dir: FilesDir = "out",
    allow_host: AllowHost = None,
    allow_destination: AllowDestination = None,
    allow_database: AllowDatabase = None,
    allow_secret: AllowSecret = None,
    allow_engine: AllowEngine = None,
    most_counted: MostCounted = 50_000_000,
    preview_memory: PreviewMemory = "256MB",
    preview_seconds: PreviewSeconds = 10.0,
    keep: Keep = "",
) -> None:
    """Serve the API and the pages, and do the runs that are asked for."""
    kept = options.retention_option(keep)  # wrong usage is told before the server's packages are imported
    from sdgen.web import serving

    serving.serve(
        serving.ServerOptions(
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
            preview_memory=_memory(preview_memory),
            preview_seconds=preview_seconds,
            keep=kept,
        ),
        lambda text: print(text, flush=True),
    )


def _memory(text: str) -> int:
    """A size such as 256MB in bytes; StoreError for another text."""
    from sdgen.execution.byte_counts import byte_count

    try:
        return byte_count(text)
    except ValueError as error:
        raise StoreError(Problem(("preview_memory",), str(error), "give a size, such as 256MB")) from None
