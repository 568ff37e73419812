"""Old rows, laid out over the parents that they belong to: what links within a parent's row must know of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.generators.links.links import ForeignKey
from sdgen.generators.links.parent_sampler import DistinctWithin, Link, Within
from sdgen.generators.streams import Numbers
from sdgen.planning.plan import EntityPlan, Plan
from sdgen.scenario.request import ExistingRows


def with_children(plan: Plan, there: dict[str, ExistingRows]) -> dict[str, ExistingRows]:
    """What tables hold, in the order of the rows' parents where a link of the plan depends on it."""
    found = dict(there)
    if draws_within(plan):
        for name, entity in plan.entities.items():  # parents first: their rows may change places
            link = counting_link(entity)
            if link is not None and name in found and link.parent in found:
                found[name] = _laid_out(entity, link.name, found[name], found[link.parent])
    return found


def draws_within(plan: Plan) -> bool:
    """Whether a link takes parents of the same row further up: it must know which old rows belong to which."""
    links = [link for entity in plan.entities.values() for link in entity.links.values()]
    return any(isinstance(link.chooser, Within | DistinctWithin) for link in links)


def counting_link(entity: EntityPlan) -> Link | None:
    """The link that an entity's rows are counted by."""
    return next((link for link in entity.links.values() if link.layout is not None), None)


def columns_of_link(entity: EntityPlan, link: str) -> list[str]:
    """All columns that a link fills: together they tell its parents apart."""
    columns = entity.columns.items()
    links = [(name, column.generator) for name, column in columns if isinstance(column.generator, ForeignKey)]
    return [name for name, generator in links if (generator.via or name) == link]


def parent_positions(
    entity: EntityPlan, link: str, own: Mapping[str, pa.Array], parents: Mapping[str, pa.Array]
) -> Numbers:
    """For each row that is there the place of its parent among the parents' rows; -1 where it has none of them.

    own: the columns that the link fills, by name; parents: those of the parents whose values they are.
    """
    made = {name: entity.columns[name].generator for name in columns_of_link(entity, link)}
    keys = {name: parents[each.column] for name, each in made.items() if isinstance(each, ForeignKey)}
    codes = Codes(keys)
    known, codes_of_own = codes.of(keys), codes.of(own)
    if not len(known):
        return np.full(len(codes_of_own), -1, dtype=np.int64)
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known[order], codes_of_own), len(known) - 1)
    found = (known[order][place] == codes_of_own) & (codes_of_own >= 0)
    return np.where(found, order[place], -1)


def _laid_out(entity: EntityPlan, link: str, there: ExistingRows, parents: ExistingRows) -> ExistingRows:
    """Rows in the order of the parents that they belong to; those without a parent come first."""
    found = parent_positions(entity, link, there.columns, parents.columns)
    rows = np.argsort(found, kind="stable")
    firsts = np.searchsorted(found[rows], np.arange(parents.rows + 1)).astype(np.int64)
    columns = {name: values.take(pa.array(rows)) for name, values in there.columns.items()}
    return ExistingRows(there.rows, columns, firsts)


class Codes:
    """Numbers the combinations of values that some rows have."""

    def __init__(self, columns: Mapping[str, pa.Array]) -> None:
        self._words = {name: pc.unique(values).drop_null() for name, values in columns.items()}

    @property
    def names(self) -> list[str]:
        return list(self._words)

    def of(self, values: Mapping[str, pa.Array]) -> Numbers:
        """One number for each row's values; -1 where one of them is null, or is none of the known ones."""
        codes: Numbers | None = None
        for name, words in self._words.items():
            array = values[name]
            array = array.cast(words.type) if array.type != words.type else array
            place = pc.fill_null(pc.index_in(array, value_set=words, skip_nulls=True), -1).to_numpy().astype(np.int64)
            codes = place if codes is None else np.where((codes < 0) | (place < 0), -1, codes * len(words) + place)
        assert codes is not None
        return codes
