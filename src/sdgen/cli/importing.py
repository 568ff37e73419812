"""`sdgen import`: another system's schema as a scenario file, to be looked at and edited."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sdgen.cli import options
from sdgen.cli.failures import told

app = typer.Typer(
    name="import",
    help="Make a scenario of a schema: every constraint that is understood holds in its rows.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Output = Annotated[
    str, typer.Option("--output", "-o", metavar="FILE", help="The scenario file to write. Default: standard output.")
]
Rows = Annotated[str, typer.Option(metavar="N", help="Rows of every table, where its constraints allow as many.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")]


@app.command()
@told
def ddl(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file of CREATE TABLE and ALTER TABLE statements.")],
    output: Output = "",
    rows: Rows = "1000",
    dialect: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="postgres, mysql, sqlite, tsql, oracle or duckdb. Default: guessed from the text."
        ),
    ] = "",
    force: Force = False,
) -> None:
    """Make a scenario of a DDL file, such as schema.sql or a dump."""
    from sdgen.read.ddl_dialect import DEFAULT, DIALECTS, SYNONYMS, guess_dialect

    chosen = SYNONYMS.get(dialect.lower(), dialect.lower())
    if chosen and chosen not in DIALECTS:
        raise typer.BadParameter(f"{dialect!r} is not one of {', '.join(DIALECTS)}", param_hint="--dialect")
    if not chosen and not file.lower().endswith(".sql"):
        chosen = guess_dialect(_text(file)) or DEFAULT
    _write(file, output, options.row_count(rows), chosen, force)


@app.command()
@told
def database(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="postgresql://..., mysql://..., x.sqlite, x.duckdb and others.")
    ],
    output: Output = "",
    rows: Rows = "1000",
    force: Force = False,
) -> None:
    """Make a scenario of a live database's tables; nothing is read but its catalogue."""
    from sdgen.errors import Problem, SourceError
    from sdgen.read.base import is_database

    if not is_database(url):
        hint = "give a URL such as postgresql://me@localhost/shop, or a file: x.sqlite, x.duckdb"
        raise SourceError(Problem((), "this is no database", hint, url))
    _write(url, output, options.row_count(rows), "", force)


def _text(file: str) -> str:
    from sdgen.read.base import read_text

    return read_text(Path(file))


def _write(source: str, output: str, rows: int, dialect: str, force: bool) -> None:
    from sdgen.cli.notes import tell_notes
    from sdgen.errors import Problem, SdgenError
    from sdgen.read.sources import read_schema
    from sdgen.read.writefile import scenario_text

    path = Path(output)
    if output and path.exists() and not force:
        raise SdgenError(Problem((), "the file is there already", "--force replaces it", output))
    scenario = read_schema(source, rows, dialect)
    text = scenario_text(scenario)
    tell_notes(scenario.notes, len(scenario.notes))
    if not output:
        print(text, end="")
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SdgenError(Problem((), f"can't be written: {error.strerror}", "", output)) from None
    print(f"{output}: {len(scenario.entities)} tables; look at some rows with: sdgen preview {output}", file=sys.stderr)
