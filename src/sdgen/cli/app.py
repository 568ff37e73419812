"""The commands and their options. This file is read for every `--help`: it imports Typer and nothing heavy."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

from sdgen.cli import options, run_group, scenario_group, serve_command, target_group
from sdgen.cli.commands import App
from sdgen.cli.failures import REFUSED, print_text, reports_errors
from sdgen.cli.options import Output, RunsDb, ScenariosDir, TargetsDir
from sdgen.cli.run_options import (
    AsOf,
    Dialect,
    ExecModels,
    Fields,
    Rules,
    Seed,
    Sets,
    Strict,
    TargetKind,
    data_fields,
    with_run_options,
)
from sdgen.readers.formats import FORMATS, formats

SCENARIO_HELP = "A scenario file, a folder that holds one, a schema (x.sql, a database), or a shipped example."

ScenarioName = Annotated[str, typer.Argument(metavar="SCENARIO", help=SCENARIO_HELP)]

app = App(
    name="sdgen",
    help="Synthetic relational data: described once, every constraint kept, the same every time.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(shown: bool) -> None:
    if shown:
        from sdgen import __version__

        print(f"sdgen {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    scenarios_dir: ScenariosDir = "",
    targets_dir: TargetsDir = "",
    runs_db: RunsDb = "",
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"] | None,
        typer.Option(
            "--log-level", envvar="SDGEN_LOG_LEVEL", case_sensitive=False, help="Log on standard error what runs do."
        ),
    ] = None,
) -> None:
    variables = {"SDGEN_SCENARIOS_DIR": scenarios_dir, "SDGEN_TARGETS_DIR": targets_dir, "SDGEN_RUNS_DB": runs_db}
    os.environ.update({name: value for name, value in variables.items() if value})
    if log_level is not None:
        from sdgen.execution.events import log_to_stderr

        log_to_stderr(log_level)


@app.command()
@reports_errors
@with_run_options
def generate(
    fields: Fields,
    scenario: ScenarioName,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="DEST",
            help="Where to: a folder for files (out/), x.sql, x.duckdb, x.sqlite, postgresql://..., a target's file, "
            "- for stdout. Default: the scenario's own output.",
        ),
    ] = None,
    target_kind: TargetKind = "",
    format: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="File formats, with commas between: csv, jsonl, json, parquet, arrow; alone: delta for Delta Lake "
            "tables; snowflake, bigquery, redshift for files and a script that loads them; sql, sql:mysql, sql:sqlite "
            "for one script of all tables. Default: csv.",
        ),
    ] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no summary.")] = False,
    output: Output = "text",
) -> None:
    """Write a scenario's rows to files or a database: all of them, or none."""
    if to == "-" and output == "json":
        raise typer.BadParameter("the rows themselves go to standard output", param_hint="--output")
    from sdgen.cli import generate as command

    command.generate({**fields, "formats": options.formats(format)}, scenario, to, target_kind, quiet, output)


@app.command()
@reports_errors
def preview(
    scenario: ScenarioName,
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="One entity. Default: all of them.")] = "",
    rows: Annotated[str, typer.Option(metavar="N", help="How many rows to show.")] = "10",
    at: Annotated[str, typer.Option(metavar="ROW", help="The first row to show; rows are numbered from 0.")] = "0",
    output: Annotated[Literal["text", "json", "csv"], typer.Option("--output", help="How to show them.")] = "text",
    seed: Seed = None,
    as_of: AsOf = None,
    sets: Sets = None,
    rule_file: Rules = "",
    run_code: ExecModels = False,
    dialect: Dialect = "",
) -> None:
    """Show some rows, from any row on, without writing anything."""
    if output == "csv" and not entity:
        raise typer.BadParameter("csv shows one entity: name it", param_hint="ENTITY")
    count, first = options.row_count(rows), options.row_count(at, "--at")
    fields = data_fields(
        scenario, sets, rule_file, run_code, dialect, seed=options.seed(seed), as_of=options.instant(as_of)
    )
    from sdgen.cli import preview as command

    for line in command.preview(fields, entity, at=first, rows=count, form=output):
        print(line)


@app.command()
@reports_errors
def validate(
    scenario: ScenarioName,
    output: Output = "text",
    sets: Sets = None,
    rules: Rules = "",
    run_code: ExecModels = False,
    dialect: Dialect = "",
    strict: Strict = False,
) -> None:
    """Check a scenario, and tell every problem at once."""
    from sdgen.cli import validate as command

    fields = data_fields(scenario, sets, rules, run_code, dialect, strict=strict)
    command.answer(command.check_source(fields), output)


def _kinds() -> str:
    return "\n\n".join(["KIND is one of:", *(f"{each.kind}: {each.summary}" for each in FORMATS)])


@app.command("import", epilog=_kinds())
@reports_errors
def import_(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[KIND] SOURCE",
            help="The source: a file, a folder, a URL, or package.module:Name; before it its format, which is else "
            "found by its looks.",
        ),
    ],
    to: Annotated[
        str, typer.Option("--to", "-o", metavar="FILE", help="The scenario file to write. Default: standard output.")
    ] = "",
    rows: Annotated[
        str, typer.Option(metavar="N", help="Rows of every entity, where the source itself has no counts.")
    ] = "",
    dialect: Dialect = "",
    run_code: ExecModels = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")] = False,
) -> None:
    """Make a scenario of another system's schema: every constraint that is understood holds in its rows."""
    kind, source = ("", *words)[-2:]
    if len(words) > 2 or (not kind and source in [each.kind for each in formats()]):
        raise typer.BadParameter("name the source: a file, a folder or a URL", param_hint="SOURCE")
    chosen, count = options.dialect(dialect), options.row_count(rows) if rows else None
    from sdgen.cli import preview as preview_module
    from sdgen.readers.base import ReadOptions

    preview_module.import_source(kind, source, to, ReadOptions(count, chosen, run_code), force)


@app.command()
@reports_errors
def verify(
    scenario: ScenarioName,
    place: Annotated[
        str,
        typer.Argument(metavar="DEST", help="What to check: a folder of files, x.duckdb, x.sqlite, postgresql://..."),
    ],
    rows: Annotated[
        list[str] | None, typer.Option(metavar="N|ENTITY=N", help="The rows it was written with, as for generate.")
    ] = None,
    seed: Seed = None,
    as_of: AsOf = None,
    scale: Annotated[float, typer.Option(metavar="X", help="The scale it was written with.")] = 1.0,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="ENTITY,...", help="Check these entities alone.")
    ] = None,
    output: Output = "text",
    sets: Sets = None,
    rules: Rules = "",
    run_code: ExecModels = False,
    dialect: Dialect = "",
) -> None:
    """Check what a target holds against a scenario: constraints on all rows, distributions on samples."""
    fields = data_fields(
        scenario,
        sets,
        rules,
        run_code,
        dialect,
        seed=options.seed(seed),
        as_of=options.instant(as_of),
        rows=options.row_counts(rows or ()),
        scale=scale,
        include=options.listed(only or ()),
    )
    from sdgen.cli import verify as command

    report = command.verify_target(fields, place)
    if output == "json":
        print(command.as_json(report, place))
    else:
        print_text("\n".join(command.as_table(report, place)))
    if report.broken:
        raise typer.Exit(REFUSED)


@app.command()
@reports_errors
def generators(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One generator. Default: all of them, a line each.")] = "",
    output: Output = "text",
) -> None:
    """Show the catalogue of generators, or one of them with its params and an example."""
    from sdgen.cli import catalogue

    print(catalogue.catalogue_text(name, output))


@app.command()
@reports_errors
def schema() -> None:
    """Print the JSON Schema of the scenario file, for editors."""
    import json

    from sdgen.generators.catalogue import scenario_schema

    print(json.dumps(scenario_schema(), indent=2, ensure_ascii=False))


for group in (scenario_group, target_group, run_group):
    app.add_typer(group.app)
app.command()(serve_command.serve)
