"""Very large tables: does memory stay, and the rate, when there are ten times the rows?"""

from __future__ import annotations

from functools import partial

from bench.figures import Figure, load
from bench.measure import BENCH, SDGEN, Child, Settings, alternate, child, emptied, peaks, processor

_LARGE = 100_000_000
_GROWTH_AT_MOST = 1.4
_TABLES = {"narrow": ("readings", 1.0), "counted": ("accounts", 0.5)}  # the table whose rows are given, its share


def flat(settings: Settings) -> list[Figure]:
    """A hundred million rows against ten, as Parquet: of one narrow table, and of children counted per parent."""
    return [_figure(settings, name, entity, share) for name, (entity, share) in _TABLES.items()]


def _written(settings: Settings, name: str, entity: str, rows: int) -> Child:
    place, file = emptied(settings.folder / "flat"), str(BENCH / f"{name}.yaml")
    made = child(
        SDGEN, "generate", file, "--rows", f"{entity}={rows}", "--format", "parquet", "--to", f"{place}/", "-q"
    )
    emptied(place)
    return made


def _figure(settings: Settings, name: str, entity: str, share: float) -> Figure:
    large, loaded = int(settings.rows(_LARGE) * share), load()
    works = {
        "large": partial(_written, settings, name, entity, large),
        "small": partial(_written, settings, name, entity, large // 10),
    }
    found = alternate(settings.rounds, works)
    much, little = peaks(found["large"]), peaks(found["small"])
    growth = much.middle / little.middle
    seconds = {size: processor(children) for size, children in found.items()}
    rate = (large - large // 10) / (seconds["large"] - seconds["small"]) / 1e6
    return Figure(
        f"peak memory of bench/{name}.yaml to Parquet, {large:,} {entity} against {large // 10:,}",
        f"≤ {_GROWTH_AT_MOST} ×",
        much.text("MB", 0),
        little.text("MB", 0),
        f"{growth:.2f} ×",
        growth <= _GROWTH_AT_MOST,
        f"{seconds['large']:.1f} processor seconds against {seconds['small']:.1f}; "
        f"{rate:.1f} M {entity} more for each processor second",
        loaded,
    )
