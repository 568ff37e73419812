"""Where scenarios and targets that are named by id come from: what `resolve` asks of a catalog."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sdgen.errors import NotFound, Problem, did_you_mean
from sdgen.execution.target_spec import TargetSpec
from sdgen.readers.sources import examples, read_source
from sdgen.scenario.model import Scenario

ID = re.compile(r"[A-Za-z0-9._-]+")
FOLDER, STORE, EXAMPLE, PATH, INLINE = "folder", "store", "example", "path", "inline"

T = TypeVar("T")


@dataclass(frozen=True)
class CatalogEntry(Generic[T]):
    """A scenario or target: the id it goes by, what it is, and where it comes from."""

    id: str
    value: T
    source: str
    file: str = ""
    text: str = ""


class Catalog(Protocol):
    """Scenarios and targets by id."""

    def scenario(self, scenario_id: str, version: str = "") -> CatalogEntry[Scenario]:
        """NotFound where no id is such, ScenarioError or SourceError where it can't be read."""
        ...

    def target(self, target_id: str) -> CatalogEntry[TargetSpec]:
        """NotFound where no id is such, TargetError or SourceError where it can't be read."""
        ...


class ShippedCatalog:
    """The shipped examples, and no targets: what there is without a store and folders."""

    def scenario(self, scenario_id: str, version: str = "") -> CatalogEntry[Scenario]:
        known = examples()
        if scenario_id not in known or version:
            what = f"there is no scenario {scenario_id!r}" + (f" of version {version!r}" if version else "")
            raise NotFound(Problem(("scenario_id",), what, did_you_mean(scenario_id, known)))
        return CatalogEntry(scenario_id, read_source(scenario_id), EXAMPLE, known[scenario_id].name)

    def target(self, target_id: str) -> CatalogEntry[TargetSpec]:
        hint = "give a destination, or a target's file"
        raise NotFound(Problem(("target_id",), f"there is no target {target_id!r}", hint))
