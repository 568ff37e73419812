"""Engines: what a run's tasks are done on, told by a URL.

    local                    threads of this process (the default)
    dask://host:8786         a Dask scheduler; dask://local: worker processes on this machine
    ray://host:10001         a Ray cluster; ray://local: on this machine, ray://auto: the cluster this machine is in
    spark://host:7077        a Spark master, or spark://yarn, spark://k8s://…; spark://local[2]: on this machine
    threads://4              threads of this process, which do spans at the same time as those of a cluster do

Each engine is imported when a run names it. Another package adds one as an entry point of the group `sdgen.engines`,
named after its scheme: a function of (address, workers) that returns an Engine.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Protocol, cast

from sdgen.errors import Problem, TargetError, did_you_mean, install_hint
from sdgen.execution.spread.task import FinishedPart, RefusedPart, SpreadTask
from sdgen.targets.base import Span

LOCAL = "local"


class Engine(Protocol):
    """A cluster, or what stands for one, that does tasks."""

    def run(self, task: SpreadTask, spans: Iterable[Span]) -> Generator[FinishedPart | RefusedPart]:
        """Each span's part as it comes, in any order. Tasks that are lost are begun again.

        TargetError where a span fails time after time. A caller that closes the iterator ends all tasks.
        """
        ...

    def cancel(self) -> None:
        """End all tasks; `run` then raises Cancelled. Called on another thread, at any moment, more than once."""
        ...

    def close(self) -> None:
        """Leave the cluster; one that was started for the run ends."""
        ...


Connect = Callable[[str, int], Engine]  # of an address, and the workers that an engine on this machine is to have


@dataclass(frozen=True)
class EngineKind:
    """A built-in engine. module: which has `connect`. package: what it imports. example: of addresses."""

    name: str
    module: str
    package: str
    example: str

    @property
    def extra(self) -> str:
        return f"sdgen[{self.name.lower()}]"


ENGINES: Mapping[str, EngineKind] = {
    "dask": EngineKind("Dask", "sdgen.execution.spread.dask_engine", "distributed", "dask://host:8786 or dask://local"),
    "ray": EngineKind("Ray", "sdgen.execution.spread.ray_engine", "ray", "ray://host:10001 or ray://local"),
    "spark": EngineKind(
        "Spark", "sdgen.execution.spread.spark_engine", "pyspark", "spark://host:7077 or spark://local[2]"
    ),
    "threads": EngineKind("threads", "sdgen.execution.spread.threads_engine", "sdgen", "threads://4"),
}


def engine_problems(url: str) -> list[Problem]:
    """What is wrong with an engine's URL here, without connecting."""
    scheme, separator, address = url.partition("://")
    if not separator:
        return [_unknown(url)]
    kind = ENGINES.get(scheme)
    if kind is None:
        return [] if scheme in _provided() else [_unknown(url)]
    if not address.strip("/"):
        return [Problem(("engine",), f"{url} names no cluster", f"write {kind.example}")]
    # Looked for without being imported: this is asked before it is known whether a run begins at all.
    if find_spec(kind.package) is None:
        what = f"the engine {scheme}:// needs {kind.name}, which is not installed"
        return [Problem(("engine",), what, install_hint(kind.extra))]
    return []


def open_engine(url: str, workers: int) -> Engine:
    """The engine that a URL names, connected; TargetError where it can't be. workers: of one on this machine."""
    problems = engine_problems(url)
    if problems:
        raise TargetError(problems)
    scheme, _, address = url.partition("://")
    kind = ENGINES.get(scheme)
    connect = _provided()[scheme]() if kind is None else import_module(kind.module).connect
    return cast(Connect, connect)(address.strip("/"), workers)


def _provided() -> dict[str, Callable[[], Connect]]:
    """What loads the engines of other packages, by scheme."""
    return {point.name: cast(Callable[[], Connect], point.load) for point in entry_points(group="sdgen.engines")}


def _unknown(url: str) -> Problem:
    scheme = url.partition("://")[0]
    known = [LOCAL, *(f"{name}://" for name in (*ENGINES, *_provided()))]
    return Problem(("engine",), f"no engine is called {url!r}", did_you_mean(f"{scheme}://", known))


def unreachable(url: str, why: object, hint: str) -> TargetError:
    """A cluster that doesn't answer."""
    text = " ".join(str(why).split()) or type(why).__name__
    return TargetError(Problem(("engine",), f"{url} can't be reached: {text}", hint))
