"""`sdgen scenario …`: scenarios by id. Read for every `--help`: nothing heavy is imported here."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from sdgen.cli.commands import App
from sdgen.cli.failures import reports_errors
from sdgen.cli.options import Output, RunsDb, ScenariosDir, as_json, open_store

app = App(name="scenario", help="Scenarios by id: of a folder, of the store, and shipped ones.")

ScenarioId = Annotated[
    str, typer.Argument(metavar="ID", help="A scenario's id, or its file's stem; ID@VERSION of a stored one.")
]


@app.command("list")
@reports_errors
def list_(output: Output = "text", runs_db: RunsDb = "", scenarios_dir: ScenariosDir = "") -> None:
    """List the scenarios there are."""
    with open_store(runs_db, scenarios_dir) as service:
        from sdgen.cli import catalog_commands

        entries = service.scenarios()
        print(as_json(entries) if output == "json" else catalog_commands.scenario_table(entries))


@app.command()
@reports_errors
def show(
    scenario: ScenarioId,
    output: Annotated[
        Literal["text", "json"], typer.Option("--output", help="As it is written, or in canonical form.")
    ] = "text",
    runs_db: RunsDb = "",
    scenarios_dir: ScenariosDir = "",
) -> None:
    """Print a scenario."""
    with open_store(runs_db, scenarios_dir) as service:
        from sdgen.cli import catalog_commands

        print(catalog_commands.scenario_text_of(service, scenario, output))


@app.command()
@reports_errors
def validate(
    scenario: Annotated[str, typer.Argument(metavar="ID|PATH", help="A scenario's id, or a file.")],
    output: Output = "text",
    runs_db: RunsDb = "",
    scenarios_dir: ScenariosDir = "",
) -> None:
    """Check a scenario, and tell every problem at once."""
    with open_store(runs_db, scenarios_dir) as service:
        from sdgen.cli import catalog_commands
        from sdgen.cli.validate import answer

        result = catalog_commands.check_stored_scenario(service, scenario)
    answer(result, output)


@app.command()
@reports_errors
def add(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A scenario file, a schema, or whatever import reads.")
    ],
    id: Annotated[str, typer.Option(metavar="ID", help="Default: the scenario's own id, or the file's stem.")] = "",
    runs_db: RunsDb = "",
) -> None:
    """Keep a scenario in the store. Other content under the same id is another version; all are kept."""
    with open_store(runs_db) as service:
        from sdgen.cli import catalog_commands

        print(catalog_commands.add_scenario(service, source, id))


@app.command()
@reports_errors
def remove(scenario: ScenarioId, runs_db: RunsDb = "", scenarios_dir: ScenariosDir = "") -> None:
    """Forget a stored scenario with all its versions. Runs keep the text they had."""
    with open_store(runs_db, scenarios_dir) as service:
        service.catalog.remove_scenario(scenario)
        print(f"{scenario} is removed")
