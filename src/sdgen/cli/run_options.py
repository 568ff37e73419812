"""The options by which `sdgen run start` and `plan` are asked for a run; nothing heavy is imported here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Concatenate, Literal, ParamSpec, cast, get_type_hints

import typer

from sdgen.cli import options
from sdgen.cli.asking import Asked

P = ParamSpec("P")

ScenarioName = Annotated[
    str, typer.Option("--scenario", metavar="ID|PATH", help="A scenario's id (ID@VERSION of a stored one), or a file.")
]
TargetName = Annotated[
    str,
    typer.Option("--target", metavar="ID|PATH|DSN", help="A target's id, its file, or a destination as of generate."),
]
TargetKind = Annotated[
    str, typer.Option("--target-kind", metavar="KIND", help="The destination's kind, where it doesn't tell by itself.")
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Default: the scenario's, or a random one.")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="The instant that counts as now, ISO 8601.")]
Rows = Annotated[
    list[str] | None,
    typer.Option("--rows-override", "--rows", metavar="ENTITY=N", help="Rows of an entity, or of every one (N)."),
]
Scale = Annotated[float, typer.Option("--scale", metavar="X", help="Multiply the scenario's row counts by this.")]
Include = Annotated[list[str] | None, typer.Option("--include", metavar="ENTITY,...", help="Write these alone.")]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", metavar="ENTITY,...", help="Do not write these.")]
ModeName = Annotated[
    Literal["create_if_missing", "truncate_then_insert", "append_only"] | None,
    typer.Option("--mode", help="What to do with tables that are there. Default: the target's, or create_if_missing."),
]
FileFormat = Annotated[str, typer.Option("--file-format", metavar="LIST", help="Formats of files, as of generate.")]
Workers = Annotated[
    int, typer.Option("--workers", min=0, metavar="N", help="Threads. Default: one per core, at most 8.")
]
CommitEvery = Annotated[
    str,
    typer.Option(
        "--commit-every",
        metavar="N",
        help="Commit a database after about so many rows (1M), so that --resume can go on from there.",
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where a run of the same was stopped.")]


def asking(command: Callable[Concatenate[Asked, P], None]) -> Callable[..., None]:
    """Decorator of a command that is asked for a run: it gets the options of `asked`, and then its own."""
    signature = inspect.signature(command)
    common = inspect.signature(asked).parameters
    run = cast(Callable[..., None], command)

    @wraps(command)
    def taking(**values: Any) -> None:
        run(asked(**{name: values.pop(name) for name in common}), **values)

    hints = {**get_type_hints(asked, include_extras=True), **get_type_hints(command, include_extras=True)}
    own = [parameter for name, parameter in signature.parameters.items() if name != "asked"]
    every = [each.replace(annotation=hints[each.name]) for each in (*common.values(), *own)]
    taking.__annotations__ = {**{each.name: each.annotation for each in every}, "return": None}
    vars(taking)["__signature__"] = signature.replace(parameters=every)
    return taking


def asked(
    scenario: ScenarioName,
    target: TargetName,
    target_kind: TargetKind = "",
    seed: Seed = None,
    as_of: AsOf = None,
    rows: Rows = None,
    scale: Scale = 1.0,
    include: Include = None,
    exclude: Exclude = None,
    mode: ModeName = None,
    file_format: FileFormat = "",
    workers: Workers = 0,
) -> Asked:
    """The options' texts, read."""
    return Asked(
        scenario,
        target,
        target_kind,
        options.seed(seed),
        options.instant(as_of),
        options.row_counts(rows or ()),
        scale,
        options.listed(include or ()),
        options.listed(exclude or ()),
        mode,
        options.listed([file_format]),
        workers,
    )
