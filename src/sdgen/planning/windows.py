"""Window functions of expressions, as hidden columns that say the same of a row by itself.

A running sum over a parent's rows is a `balance`, a place among them a `sequence`, a total a `rollup` of the parent.
What is none of these stays in the expression, which is then refused for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sdgen.generators.expressions.syntax import parse_tree, rendered
from sdgen.inference.names import free_name
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario

if TYPE_CHECKING:
    from sqlglot import exp

_OVER = re.compile(r"\bover\s*\(", re.IGNORECASE)
_IN_ORDER = frozenset({"sequence", "time_series", "timeline", "schedule", "balance", "counter"})
_PLACES = frozenset({"row_number", "count"})
_TOTALS = frozenset({"sum", "count", "min", "max"})
_RUNNING_FRAME = ["UNBOUNDED", "PRECEDING", "CURRENT ROW"]


def with_windows(scenario: Scenario) -> Scenario:
    """The scenario whose expressions have hidden columns in place of window functions."""
    found = [
        (entity, name, str(column.generator.params.get("sql", "")))
        for entity, each in scenario.entities.items()
        for name, column in each.columns.items()
        if column.generator is not None and column.generator.type == "expression"
    ]
    entities = dict(scenario.entities)
    for entity, name, sql in found:
        if _OVER.search(sql):
            _Windows(entities, entity, name).replace(sql)
    return scenario.model_copy(update={"entities": entities})


@dataclass
class _Windows:
    """The window functions of one column's expression, and the entities that hidden columns are put into."""

    entities: dict[str, Entity]
    entity: str
    column: str
    made: int = field(default=0, init=False)

    def replace(self, sql: str) -> None:
        """Put hidden columns in place of those that are understood; nothing is done where the text can't be read."""
        from sqlglot import errors, exp

        try:
            tree = exp.Paren(this=parse_tree(sql))
        except (errors.SqlglotError, RecursionError):
            return  # which is told where the expression is read
        for window in list(tree.find_all(exp.Window)):
            reference = self._of(window)
            if reference is not None:
                window.replace(reference)
        if self.made:
            spec = GeneratorSpec(type="expression", params={"sql": rendered(tree.this)})
            columns = self.entities[self.entity].columns
            self._put(self.entity, self.column, columns[self.column].model_copy(update={"generator": spec}))

    def _of(self, window: exp.Window) -> exp.Column | None:
        """The hidden column that a window function is read from; None where it is none of those that can be."""
        link = _plain(window.args.get("partition_by") or [])
        function, argument = _call(window.this)
        if not link or self._generator(link, "fk") is None:
            return None
        if window.args.get("order") is None and window.args.get("spec") is None:
            return self._total(function, argument, link)
        if not self._runs(window, link):
            return None
        if function == "sum" and argument:
            return self._hidden(self.entity, GeneratorSpec(type="balance", params={"per": link, "amount": argument}))
        if function in _PLACES and not argument:
            return self._hidden(self.entity, GeneratorSpec(type="sequence", params={"per": link}))
        return None

    def _total(self, function: str, argument: str, link: str) -> exp.Column | None:
        spec = self._generator(link, "fk")
        parent = str(spec.params.get("entity")) if spec is not None else ""
        if function not in _TOTALS or parent not in self.entities or bool(argument) == (function == "count"):
            return None
        params = {"entity": self.entity, "function": function, **({"column": argument} if argument else {})}
        via = str(spec.params.get("via") or link) if spec is not None else link
        return self._hidden(parent, GeneratorSpec(type="rollup", params=params), via)

    def _runs(self, window: exp.Window, link: str) -> bool:
        """Whether a window holds a parent's rows up to this one, in the order in which they are counted."""
        frame = window.args.get("spec")
        ends = [str(frame.args.get(key)).upper() for key in ("start", "start_side", "end")] if frame is not None else []
        if ends not in ([], _RUNNING_FRAME):
            return False
        ordered = window.args["order"].expressions if window.args.get("order") is not None else []
        if not ordered or any(each.args.get("desc") for each in ordered):
            return False
        return self._in_order(_plain([ordered[0].this]), link)

    def _in_order(self, name: str, link: str) -> bool:
        column = self.entities[self.entity].columns.get(name)
        spec = column.generator if column is not None else None
        if column is None or spec is None or spec.type not in _IN_ORDER:
            return False
        falls = str(spec.params.get("step", "")).startswith("-") or spec.params.get("shuffled")
        return not falls and str(spec.params.get("per", "")) in ("", link)

    def _generator(self, name: str, type: str) -> GeneratorSpec | None:
        column = self.entities[self.entity].columns.get(name)
        spec = column.generator if column is not None else None
        return spec if spec is not None and spec.type == type else None

    def _hidden(self, entity: str, spec: GeneratorSpec, link: str = "") -> exp.Column:
        from sqlglot import exp

        self.made += 1
        name = free_name(f"{self.column}_window_{self.made}", self.entities[entity].columns)
        self._put(entity, name, Column(generator=spec, hidden=True))
        return exp.column(name, table=link or None, quoted=True)

    def _put(self, entity: str, name: str, column: Column) -> None:
        columns = {**self.entities[entity].columns, name: column}
        self.entities[entity] = self.entities[entity].model_copy(update={"columns": columns})


def _plain(nodes: list[exp.Expr]) -> str:
    """The name of the row's own column that is all there is; "" where it is something else."""
    from sqlglot import exp

    node = nodes[0] if len(nodes) == 1 else None
    return node.name if isinstance(node, exp.Column) and not node.table else ""


def _call(node: exp.Expr) -> tuple[str, str]:
    """The function of a call, and the plain column that it is of; "" for `*` and none."""
    arguments = node.expressions
    if type(node).__name__ != "Anonymous" or len(arguments) > 1:
        return "", ""
    bare = not arguments or type(arguments[0]).__name__ == "Star"
    name = "" if bare else _plain(arguments)
    return (str(node.this).lower() if bare or name else "", name)
