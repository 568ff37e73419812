"""The generator `jinja`: params, what they need, and the rendering of rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field, PrivateAttr, model_validator

from sdgen.errors import Problem, ScenarioError
from sdgen.generators.arrays.cast import cast_array, family
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.cancellation import raise_if_cancelled
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.jinja.draws import Draws, Phrases, Pools, check_length
from sdgen.generators.jinja.sandbox import DRAWS, FUNCTIONS
from sdgen.generators.jinja.syntax import Compiled, Reading, compiled, read
from sdgen.generators.links.links import resolve_link
from sdgen.generators.numbers.alias_tables import alias_table
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text.phrases import MOST_PHRASES, alternatives, count_alternatives
from sdgen.generators.text.templates import ROW, TEXT, TemplateError
from sdgen.generators.text_generator import TextGenerator

_LONGEST_TEMPLATE = 20_000
_TOGETHER = 2_048  # rows whose draws are made at once
_VALUES, _POOLS = "values", "pools"


@register("jinja")
class Jinja(TextGenerator):
    """Text from a Jinja2 template for each row, of other columns, columns of parents and phrases that are drawn.

    Variables are the row's columns, `link.column` or `entity.column` of parents, `row` (from 1), the lists of `pools`
    by their names, all of them as `pools`, and `values`. Draws: `random(1, 6)`, `random()`,
    `weighted({'a': 3, 'b': 1})`, and the filters `choice`, `sample(n)`, `shuffle` and `weighted(weights)`. In
    phrases, `{red|green} apples` stands for several. Null is written as nothing. Templates run in a sandbox, without
    macros and other templates.
    """

    example: ClassVar[str] = (
        '{generator: jinja, params: {template: "{{ colours | choice }} {{ title }} no. {{ random(1, 9) }}",'
        " pools: {colours: [red, pale blue]}}}"
    )

    template: str = Field("", max_length=_LONGEST_TEMPLATE, description="the template of every row")
    templates: tuple[str, ...] = Field((), max_length=1000, description="several templates, one drawn for each row")
    weights: tuple[float, ...] = Field((), description="one for each of templates; all equally likely where left out")
    values_: tuple[str, ...] = Field((), alias="values", description="phrases that the template knows as values")
    pools: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="lists of phrases under names that the template knows"
    )

    _links: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _one_form(self) -> Jinja:
        if bool(self.template) == bool(self.templates):
            raise ValueError("give template or templates")
        if self.weights and len(self.weights) != len(self.templates):
            raise ValueError(f"{len(self.weights)} weights for {len(self.templates)} templates")
        return self

    @property
    def texts(self) -> dict[str, str]:
        """The templates by the params that they stand in."""
        several = {f"templates.{number}": text for number, text in enumerate(self.templates)}
        return several or {"template": self.template}

    @cached_property
    def phrases(self) -> dict[str, Any]:
        """The variables that are the same for each row."""
        pools = Pools({name: _spelled_out(pool) for name, pool in self.pools.items()})
        # A template that names `pools` where there are none is told so, and gets no empty mapping.
        named = {**pools, _POOLS: pools} if pools else {}
        return {**named, _VALUES: _spelled_out(self.values_)} if self.values_ else named

    @cached_property
    def names(self) -> frozenset[str]:
        """Of what the params hold: these go before columns."""
        return frozenset({*self.pools, *([_POOLS] if self.pools else ()), *([_VALUES] if self.values_ else ())})

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        for param, text in self.texts.items():
            try:
                compiled(text, tuple(self._links.items()))
            except TemplateError as error:
                yield ParamError(param, str(error), error.hint)
        if self.weights and (min(self.weights) < 0 or not 0 < sum(self.weights) < float("inf")):
            yield ParamError("weights", "weights must be zero or more, and not all zero")
        for name in self.pools:
            if not name.isidentifier() or name.startswith("_") or name in {*FUNCTIONS, _VALUES, _POOLS, ROW}:
                yield ParamError(f"pools.{name}", f"a template can't name {name!r}", "take a plain word of letters")
        count = sum(count_alternatives(phrase) for pool in (*self.pools.values(), self.values_) for phrase in pool)
        if count > MOST_PHRASES:
            yield ParamError("pools", f"{count:,} phrases are too many", "use fewer alternatives")

    def resolved(self, links: Mapping[str, str]) -> Generator:
        copy = self.model_copy()
        # What the params name goes before a link of that name.
        known = {*links, *links.values()} - self.names
        copy._links = {
            name: resolve_link(name, links)
            for _, reading in self._readings()
            for name, members in reading.members.items()
            if members and name in known
        }
        return copy

    def needs(self) -> tuple[Dependency, ...]:
        return tuple(dict.fromkeys(self._named()))

    def _named(self) -> Iterator[Dependency]:
        for param, reading in self._readings():
            for name, line in reading.lines.items():
                members = reading.members[name] if name in self._links else ()
                if name in self.names or name == ROW:
                    continue
                for member in members:
                    yield Dependency(member, self._links[name], param=param, line=line)
                # A link's name may also be read as a column of the row, by itself.
                if not members or name in reading.alone:
                    yield Dependency(name, param=param, line=line)

    def known_terms(self, links: Mapping[str, str]) -> Collection[str]:
        return {*links, *links.values(), *self.names, *FUNCTIONS, ROW}

    def values(self, cells: ColumnBatch) -> pa.Array:
        # Rows that are asked for many times over, as parents are, are rendered once.
        rows, places = _distinct_rows(cells)
        chosen = self._chosen(cells)[rows]
        texts = np.empty(len(rows), dtype=object)
        for number, text in enumerate(self.texts.values()):
            mine = np.flatnonzero(chosen == number)
            if len(mine):
                template = compiled(text, tuple(self._links.items()))
                texts[mine] = list(_Rendering(template, self.phrases, cells).texts(rows[mine]))
        made = pa.array(texts, pa.string())
        return made if places is None else made.take(places)

    def _chosen(self, cells: ColumnBatch) -> Numbers:
        """The number of each row's template."""
        if len(self.texts) == 1:
            return np.zeros(len(cells), dtype=np.int64)
        if not self.weights:
            return cells.below(len(self.texts), "template")
        return alias_table(self.weights).pick(cells.draw("template"))

    def _readings(self) -> Iterator[tuple[str, Reading]]:
        """What each template names, by its param; those that can't be read are told by `faults`."""
        for param, text in self.texts.items():
            with suppress(TemplateError):
                yield param, read(text)


def _spelled_out(pool: tuple[str, ...]) -> Phrases:
    return Phrases(each for phrase in pool for each in alternatives(phrase))


def _distinct_rows(cells: ColumnBatch) -> tuple[Numbers, pa.Array | None]:
    """The rows to be rendered, each number once, and for all rows the place among those (None where they are all).

    As the columns of parents these are the same rows many times over, and rows that there are not.
    """
    numbers = cells.numbers
    missing = cells.rows.missing if numbers is cells.rows.numbers else None  # elements of arrays are all there
    if missing is None and (numbers[1:] > numbers[:-1]).all():
        return np.arange(len(numbers)), None
    there = np.arange(len(numbers)) if missing is None else np.flatnonzero(~missing)
    _, first, inverse = np.unique(numbers[there], return_index=True, return_inverse=True)
    places = np.zeros(len(numbers), dtype=np.int64)
    places[there] = inverse
    return there[first], pa.array(places, mask=missing)


class _Rendering:
    """One template for some rows of a column."""

    def __init__(self, template: Compiled, phrases: Mapping[str, Any], cells: ColumnBatch) -> None:
        self._template, self._phrases, self._cells = template.template, phrases, cells
        self._own = [name for name in template.columns if name not in phrases and name != ROW]
        self._parents = template.parents

    def texts(self, rows: Numbers) -> Iterator[str]:
        """The texts of these rows, given by their places among the cells; ScenarioError where one can't be rendered."""
        for start in range(0, len(rows), _TOGETHER):
            raise_if_cancelled()
            yield from self._span(rows[start : start + _TOGETHER])

    def _span(self, rows: Numbers) -> Iterator[str]:
        numbers = self._cells.numbers[rows]
        drawn = Draws(self._cells, numbers)
        variables = {**FUNCTIONS, **self._phrases, DRAWS: drawn}
        # One context for all rows, which takes half the time: with `shared` it reads `variables` itself, and what a
        # template has set in a row must be gone before the next.
        context = self._template.new_context(variables, shared=True)
        render, join = self._template.root_render_func, "".join
        columns = self._columns(rows)
        names, values = [ROW, *columns], zip((numbers + 1).tolist(), *columns.values(), strict=True)
        for place, row in enumerate(values):
            variables.update(zip(names, row, strict=True))
            context.vars.clear()
            context.exported_vars.clear()
            drawn.begin(place)
            try:
                # All pieces before any is joined: the length is known before the text takes memory.
                pieces = list(render(context))
                check_length(sum(map(len, pieces)))
            # Whatever a template raises is a mistake in it or in the values, and is told with its row and line.
            except Exception as error:
                raise self._told(error, int(numbers[place])) from error
            yield join(pieces)

    def _columns(self, rows: Numbers) -> dict[str, list[Any]]:
        """The values of the template's variables at these rows."""
        taken = pa.array(rows)
        own = {name: self._cells.column(name) for name in self._own}
        parents = {name: self._cells.rows.parent(link).column(column) for name, link, column in self._parents}
        return {name: _plain(array.take(taken)) for name, array in {**own, **parents}.items()}

    def _told(self, error: Exception, number: int) -> ScenarioError:
        facts, line, trace = self._cells.facts, 0, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._template.filename:
                line = self._template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        what = f"row {number + 1}, line {line} of the template: {error}"
        hint = "let the template ask first: {% if x is not none %}" if "NoneType" in str(error) else ""
        return ScenarioError(Problem(("entities", facts.entity, "columns", facts.column), what, hint))


def _plain(array: pa.Array) -> list[Any]:
    """The values as Python's own, uuids as text."""
    if pa.types.is_dictionary(array.type):
        words = [*_plain(array.dictionary), None]
        return [words[-1 if place is None else place] for place in array.indices.to_pylist()]
    if family(array.type) == "uuid":
        array = cast_array(array, TEXT, pa.string())
    return list(array.to_pylist(maps_as_pydicts="strict"))
