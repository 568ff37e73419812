"""Options' texts → values. What can't be read is wrong usage: typer.BadParameter names the option."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from sdgen.service.run_queries import Retention
    from sdgen.service.service import Service


ROWS = "--rows"
FORMATS = (
    "csv",
    "jsonl",
    "json",
    "parquet",
    "arrow",
    "delta",
    "snowflake",
    "bigquery",
    "redshift",
    "sql",
    "sql:postgres",
    "sql:mysql",
    "sql:sqlite",
)
SUFFIXES: dict[str, int] = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}

_NUMBER = re.compile(r"(\d[\d_]*)(\.\d+)?([kmg]?)", re.IGNORECASE)


def listed(texts: Iterable[str]) -> tuple[str, ...]:
    """The words of an option that may be repeated, or hold several between commas."""
    return tuple(word.strip() for text in texts for word in text.split(",") if word.strip())


def row_count(text: str, option: str = ROWS) -> int:
    """A count such as 500, 1_000, 10k or 1.5M."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a number of rows, such as 500 or 10k", param_hint=option)
    whole, fraction, suffix = match[1].replace("_", ""), (match[2] or ".")[1:], SUFFIXES[match[3].lower()]
    count, rest = divmod(int(whole + fraction) * suffix, int(10 ** len(fraction)))
    if rest:
        raise typer.BadParameter(f"{text!r} is not a whole number of rows", param_hint=option)
    return count


def span(text: str, option: str) -> int:
    """A number of rows above 0, such as 500k or 1M; 0 where the option is left out."""
    if not text.strip():
        return 0
    count = row_count(text, option)
    if not count:
        raise typer.BadParameter("0 is too few rows: give a number such as 10k", param_hint=option)
    return count


def row_counts(texts: Iterable[str], option: str = ROWS) -> dict[str, int]:
    """`500` speaks of every entity (under the key `*`), `orders=500` of one."""
    counts: dict[str, int] = {}
    for word in listed(texts):
        entity, equals, count = word.rpartition("=")
        if equals and not entity:
            raise typer.BadParameter(f"{word!r} has no entity before =", param_hint=option)
        counts[entity.strip() or "*"] = row_count(count, option)
    return counts


def retention_option(text: str) -> Retention | None:
    """What is kept of the runs that are over: a number of them, or an age; None where all are."""
    from sdgen.service.run_queries import retention

    try:
        return retention(text) if text else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--keep") from None


def one_of(argument: str, option: str) -> str:
    """A scenario that is named either as the argument or by --scenario."""
    if bool(argument) == bool(option):
        raise typer.BadParameter("name the scenario, once", param_hint="SCENARIO")
    return argument or option


def size(text: str, option: str = "--size") -> int:
    """Bytes: 500MB, 5 GB, 1.5G or 2GiB; 0 where none are given."""
    from sdgen.execution.byte_counts import byte_count

    try:
        return byte_count(text) if text.strip() else 0
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def formats(text: str) -> tuple[str, ...]:
    """File formats between commas, each once."""
    words = tuple(dict.fromkeys(word.lower() for word in listed([text])))
    for word in words:
        if word not in FORMATS:
            raise typer.BadParameter(f"{word!r} is not one of {', '.join(FORMATS)}", param_hint="--format")
    return words


def dialect(text: str) -> str:
    """A dialect of DDL by any of its names; "" where none is given."""
    if not text:
        return ""
    from sdgen.readers.sql.ddl import DIALECTS, SYNONYMS

    chosen = SYNONYMS.get(text.lower(), text.lower())
    if chosen and chosen not in DIALECTS:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(DIALECTS)}", param_hint="--dialect")
    return chosen


def seed(number: int | None) -> int | None:
    """A seed: any whole number of 64 bits, signed or unsigned."""
    if number is not None and not -(2**63) <= number < 2**64:
        raise typer.BadParameter(f"{number} does not fit in 64 bits", param_hint="--seed")
    return number


def instant(text: str | None) -> datetime | None:
    """An ISO 8601 time; one without an offset is in UTC."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        what = f"{text!r} is not a time such as 2026-01-01T00:00:00Z"
        raise typer.BadParameter(what, param_hint="--as-of") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# The options by which commands name the store, and the service behind them. Read for every `--help`: nothing heavy.
RunsDb = Annotated[
    str,
    typer.Option("--runs-db", metavar="DB", help="The store: a file or a URL. Default: SDGEN_RUNS_DB, or the user's."),
]
ScenariosDir = Annotated[
    str,
    typer.Option("--scenarios-dir", metavar="DIR", help="Scenario files. Default: SDGEN_SCENARIOS_DIR, or scenarios."),
]
TargetsDir = Annotated[
    str, typer.Option("--targets-dir", metavar="DIR", help="Target files. Default: SDGEN_TARGETS_DIR, or targets.")
]

Output = Annotated[Literal["text", "json"], typer.Option("--output", help="What is printed: for people or programs.")]


@contextmanager
def open_store(runs_db: str, scenarios_dir: str = "", targets_dir: str = "") -> Iterator[Service]:
    """The service of the options; StoreError where it can't be had."""
    from sdgen.service.service import open_service

    service = open_service(runs_db, scenarios_dir, targets_dir)
    try:
        yield service
    finally:
        service.close()


def as_json(value: Any) -> str:
    """Records, or lists of them, as JSON."""
    if isinstance(value, list | tuple):
        return json.dumps([each.model_dump(mode="json", by_alias=True) for each in value], indent=2, ensure_ascii=False)
    data = value if isinstance(value, dict) else value.model_dump(mode="json", by_alias=True)
    return json.dumps(data, indent=2, ensure_ascii=False)
