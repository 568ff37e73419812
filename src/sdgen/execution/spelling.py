"""How what a run was is written out again: its instant, and the options that make the same rows. Nothing heavy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime


def shown_instant(moment: datetime) -> str:
    """A time as `--as-of`, a request and an address take it: ISO 8601, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def data_options(seed: int, as_of: datetime, rows: Mapping[str, int], scale: float) -> Iterator[str]:
    """The words of the command line for a run's rows. rows: by entity, `*` standing for every one."""
    yield from ("--seed", str(seed), "--as-of", shown_instant(as_of))
    for entity, count in rows.items():
        yield from ("--rows", str(count) if entity == "*" else f"{entity}={count}")
    if scale != 1:
        yield from ("--scale", repr(scale))
