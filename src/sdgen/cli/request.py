"""What `sdgen generate` was asked for, and the command that asks for the same again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from os import cpu_count
from typing import TYPE_CHECKING

from sdgen.cli.options import shown_instant
from sdgen.dialects.urls import without_password
from sdgen.read.base import ReadOptions

if TYPE_CHECKING:
    from sdgen.plan.model import Plan

DEFAULT_MODE = "create_if_missing"


@dataclass(frozen=True)
class Wanted:
    """The arguments of one `sdgen generate`."""

    scenario: str
    to: str
    formats: tuple[str, ...]
    seed: int | None
    rows: Mapping[str, int]
    scale: float
    only: tuple[str, ...]
    mode: str
    as_of: datetime | None
    workers: int
    quiet: bool
    run_code: bool = False
    sets: tuple[str, ...] = ()
    rules: str = ""
    size: int = 0
    resume: bool = False
    commit_every: int = 0

    @property
    def reading(self) -> ReadOptions:
        return ReadOptions(run_code=self.run_code, rules=self.rules, sets=self.sets)

    @property
    def threads(self) -> int:
        return self.workers or min(cpu_count() or 1, 8)

    @property
    def place(self) -> str:
        """The destination as it may be shown."""
        return "standard output" if self.to == "-" else without_password(self.to)


def same_again(wanted: Wanted, plan: Plan) -> str:
    """The command that writes the same rows: with the seed and the instant this run had."""
    return shlex.join(["sdgen", "generate", without_password(wanted.scenario), *_options(wanted, plan)])


def _options(wanted: Wanted, plan: Plan) -> Iterator[str]:
    yield from ("--to", without_password(wanted.to))
    if wanted.formats:
        yield from ("--format", ",".join(wanted.formats))
    yield from ("--seed", str(plan.seed), "--as-of", shown_instant(plan.as_of))
    for entity, count in wanted.rows.items():
        yield from ("--rows", str(count) if entity == "*" else f"{entity}={count}")
    if wanted.scale != 1:
        yield from ("--scale", repr(wanted.scale))
    if wanted.only:
        yield from ("--only", ",".join(wanted.only))
    if wanted.mode != DEFAULT_MODE:
        yield from ("--mode", wanted.mode)
    if wanted.commit_every:
        yield from ("--commit-every", str(wanted.commit_every))
    for words in wanted.sets:
        yield from ("--set", words)
    if wanted.rules:
        yield from ("--rules", wanted.rules)
    if wanted.run_code:
        yield "--import"
