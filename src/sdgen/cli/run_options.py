"""Options → fields of a RunRequest: those of `generate`, `run start` and `run plan`. Nothing heavy is imported here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Concatenate, Literal, ParamSpec, cast, get_type_hints

import typer

from sdgen.cli import options

P = ParamSpec("P")
Fields = dict[str, Any]  # of a RunRequest

AS_OF_HELP = "The instant that counts as now, ISO 8601. Default: the scenario's, or the time of the run."
SEED_HELP = "The seed. Default: the scenario's, or a random one."
MODES = Literal["create_if_missing", "truncate_then_insert", "append_only", "create", "truncate", "append"]

Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help=SEED_HELP)]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="TIME", help=AS_OF_HELP)]
Rows = Annotated[
    list[str] | None,
    typer.Option(
        "--rows",
        "--rows-override",
        metavar="N|ENTITY=N",
        help="Rows of every entity (500, 10k, 1M), or of one (orders=500). May be repeated.",
    ),
]
Scale = Annotated[float, typer.Option("--scale", metavar="X", help="Multiply the scenario's row counts by this.")]
Size = Annotated[
    str, typer.Option("--size", metavar="SIZE", help="Choose the scale so that about so much is written: 500MB, 5GB.")
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="ENTITY,...",
        help="Write these entities alone; their links still lead to rows of the others.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="ENTITY,...", help="Do not write these; links still lead to their rows."),
]
ModeName = Annotated[
    MODES | None,
    typer.Option(
        "--mode",
        help="What to do with tables that are there; truncate and append are short for the long names. Default: the "
        "target's, SDGEN_DEFAULT_MODE, or create_if_missing.",
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        min=0,
        metavar="N",
        show_default=False,
        help="Threads, and connections to PostgreSQL and MySQL. Default: one thread per core, at most 8.",
    ),
]
BatchSize = Annotated[
    str,
    typer.Option(
        "--batch-size",
        metavar="N",
        help="The most rows a target is given at once. Default: the target's, SDGEN_BATCH_SIZE, or 65536.",
    ),
]
CommitEvery = Annotated[
    str,
    typer.Option(
        "--commit-every",
        metavar="N",
        help="Commit a database after about so many rows (1M), so that --resume can go on from there.",
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="URL",
        help="Make the rows on a cluster: dask://host:8786, ray://host:10001, spark://host:7077. Default: threads.",
    ),
]
PartitionBy = Annotated[
    list[str] | None,
    typer.Option(
        "--partition-by",
        metavar="COLUMN,...",
        help="Files in folders by the values of these columns (country=DE/), or a moment's year, month or day: "
        "placed_at:month.",
    ),
]
PartRows = Annotated[str, typer.Option("--part-rows", metavar="N", help="Files of at most so many rows (500k, 1M).")]
PartBytes = Annotated[
    str, typer.Option("--part-bytes", metavar="SIZE", help="Files of about so many bytes (256MB), each but the last.")
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Continue a stopped run of the same request; keep what is done if this one is stopped."
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Set a value of the scenario by its path. May be repeated."),
]
Rules = Annotated[
    str, typer.Option("--rules", metavar="FILE", help="A file of rules, which go before the scenario's own.")
]
Dialect = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Of a schema in SQL: postgres, mysql, sqlite, tsql, oracle, duckdb, clickhouse. Default: by its looks.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Refuse a schema of which anything is left out or not kept: its notes are errors."),
]
ExecModels = Annotated[
    bool,
    typer.Option(
        "--exec-models",
        help="Import Python models instead of reading their text, which runs their code.",
    ),
]
AllowDatabases = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-databases",
        metavar="PATTERN,...",
        help="Refuse databases of other names: '*_demo,*_test'. SDGEN_ALLOW_DATABASES says the same.",
    ),
]
TargetKind = Annotated[
    str, typer.Option("--target-kind", metavar="KIND", help="The destination's kind, where its form does not show it.")
]


def run_fields(
    seed: Seed = None,
    as_of: AsOf = None,
    rows: Rows = None,
    scale: Scale = 1.0,
    size: Size = "",
    only: Only = None,
    exclude: Exclude = None,
    mode: ModeName = None,
    workers: Workers = 0,
    batch_size: BatchSize = "",
    commit_every: CommitEvery = "",
    partition_by: PartitionBy = None,
    part_rows: PartRows = "",
    part_bytes: PartBytes = "",
    resume: Resume = False,
    engine: Engine = "",
    sets: Sets = None,
    rules: Rules = "",
    exec_models: ExecModels = False,
    dialect: Dialect = "",
    strict: Strict = False,
    allow_databases: AllowDatabases = None,
) -> Fields:
    """The options' texts, read: fields of a RunRequest."""
    if size and scale != 1:
        raise typer.BadParameter("--size determines the scale: leave --scale out", param_hint="--size")
    return {
        "seed": options.seed(seed),
        "as_of": options.instant(as_of),
        "rows": options.row_counts(rows or (), "--rows / --rows-override"),
        "scale": scale,
        "size": options.size(size),
        "include": options.listed(only or ()),
        "exclude": options.listed(exclude or ()),
        "mode": mode,
        "workers": workers,
        "batch_size": options.span(batch_size, "--batch-size"),
        "commit_every": options.span(commit_every, "--commit-every"),
        "partition_by": options.listed(partition_by or ()),
        "part_rows": options.span(part_rows, "--part-rows"),
        "part_bytes": options.size(part_bytes, "--part-bytes"),
        "resume": resume,
        "engine": engine,
        "set": tuple(sets or ()),
        "rules": rules,
        "exec_models": exec_models,
        "dialect": options.dialect(dialect),
        "strict": strict,
        "allow_databases": options.listed(allow_databases or ()),
    }


def data_fields(
    scenario: str, sets: Sets, rules: Rules, exec_models: ExecModels, dialect: Dialect = "", **fields: Any
) -> Fields:
    """The fields of a RunRequest that names a scenario, and no target."""
    fields = {"dialect": options.dialect(dialect), **fields}
    source = {"scenario_path": scenario, "set": tuple(sets or ()), "rules": rules, "exec_models": exec_models}
    return {**source, **fields}


def with_run_options(command: Callable[Concatenate[Fields, P], None]) -> Callable[..., None]:
    """Decorator of a command that asks for a run: it gets the fields of `run_fields`, and then its own options."""
    own = inspect.signature(command)
    common = inspect.signature(run_fields).parameters
    run = cast(Callable[..., None], command)

    @wraps(command)
    def with_fields(**values: Any) -> None:
        run(run_fields(**{name: values.pop(name) for name in common}), **values)

    hints = {**get_type_hints(run_fields, include_extras=True), **get_type_hints(command, include_extras=True)}
    others = [parameter for name, parameter in own.parameters.items() if name != "fields"]
    every = [each.replace(annotation=hints[each.name]) for each in (*others, *common.values())]
    # Python wants parameters without a default first, and a signature refuses another order.
    every.sort(key=lambda each: each.default is not inspect.Parameter.empty)
    with_fields.__annotations__ = {**{each.name: each.annotation for each in every}, "return": None}
    # Typer reads options from a function's signature and annotations.
    vars(with_fields)["__signature__"] = own.replace(parameters=every)
    return with_fields
