"""Texts by a grammar: rules of alternatives that name other rules and the row's columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from hashlib import blake2b
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field, FiniteFloat, model_validator

from sdgen.errors import did_you_mean
from sdgen.generators.base import ParamError
from sdgen.generators.choices.null_rates import case_numbers
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.pools import DATA, in_groups, own_yaml
from sdgen.generators.references import Referring
from sdgen.generators.registry import register
from sdgen.generators.text.grammar_syntax import (
    read_grammar_text,
)
from sdgen.generators.text.grammar_texts import GrammarTexts, Rule, read_rule
from sdgen.generators.text.templates import TemplateError
from sdgen.generators.text_generator import PLAIN_TEXTS, STRING
from sdgen.scenario.types import Type

_MOST_RULES = 2000
_FOLDER = DATA / "grammars"

RuleTexts = tuple[str, ...] | dict[str, Annotated[FiniteFloat, Field(gt=0)]]


@register("text.grammar")
class Grammar(Referring):
    """Texts by rules: each is one of several texts, in which other rules and columns stand in braces.

    `{name}` is a rule, or else a column of the row or `link.column` of a parent; `{this|that}` one of several, which
    may be empty; `{2..9}` a number, `\\{` a brace; `{name:capital}` begins with a capital (also `lower`, `upper`,
    `title`). A rule that is named more than once in a text gives different texts there. With `by`, another column's
    value says which rule a text begins with. Shipped grammars have names: `grammar: software`; rules of one's own go
    before theirs.
    """

    fits: ClassVar[frozenset[str]] = PLAIN_TEXTS
    example: ClassVar[str] = (
        "{generator: text.grammar, params: {rules: {report: ['{part:capital} {fault} since {2..9} o''clock.'],"
        " part: [the lift, the heating, our door], fault: {is stuck: 3, makes a noise: 1}}}}"
    )

    rules: dict[str, RuleTexts] = Field({}, description="by name: texts, or texts with weights")
    grammar: str = Field("", description="a shipped grammar")
    start: str = Field("", description="the rule that a text begins with; the first where left out")
    by: str = Field("", description="the column whose value chooses the rule: of the row, or link.column of a parent")
    cases: dict[str, str] = Field(
        {}, description="by the values of `by`: the rule that a text begins with; else a shipped grammar's, by its name"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Grammar:
        if not self.rules and not self.grammar:
            raise ValueError("give rules, or the name of a shipped grammar")
        if self.grammar and self.grammar not in grammar_names():
            hint = did_you_mean(self.grammar, grammar_names())
            raise ValueError(f"there is no grammar {self.grammar!r}{f': {hint}' if hint else ''}")
        if bool(self.by) != bool(self.cases) and not (self.by and self.grammar):
            raise ValueError("`by` names a column and `cases` lists rules by its values: one needs the other")
        return self

    @cached_property
    def texts(self) -> dict[str, RuleTexts]:
        """All rules as they are written, the shipped ones too."""
        return {**(shipped_rules(self.grammar) if self.grammar else {}), **self.rules}

    @cached_property
    def alternatives(self) -> dict[str, Rule]:
        """All rules, read; TemplateError where one can't be."""
        return {name: read_rule(texts) for name, texts in self.texts.items()}

    @cached_property
    def chosen(self) -> dict[str, str]:
        """By the values of `by`: the rule that a text begins with."""
        return self.cases or ({name: name for name in self.texts} if self.by else {})

    @property
    def first(self) -> str:
        return self.start or next(iter(self.rules or self.texts))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if len(self.texts) > _MOST_RULES:
            yield ParamError("rules", f"{len(self.texts):,} rules are too many", f"at most {_MOST_RULES:,}")
            return
        for name, texts in self.rules.items():
            if not texts:
                yield ParamError(f"rules.{name}", "a rule without texts", "list one at least")
            for text in texts:
                try:
                    read_grammar_text(text)
                except TemplateError as error:
                    yield ParamError(f"rules.{name}", str(error), error.hint)
        named = (("start", self.start), *((f"cases.{value}", rule) for value, rule in self.cases.items()))
        for param, rule in named:
            if rule and rule not in self.texts:
                yield ParamError(param, f"there is no rule {rule!r}", did_you_mean(rule, self.texts))
        circle = self._circle()
        if circle:
            yield ParamError("rules", f"rules that need each other never end: {' → '.join(circle)}", "end one of them")

    def _circle(self) -> list[str]:
        """Rules each of which names the next, the last being the first again; none where all texts end."""
        # Without recursion, since a chain of rules may be longer than Python's stack.
        named = {name: self._rules_in(name) for name in self.texts}
        done: set[str] = set()
        for first in named:
            path, turns = [first], [iter(named[first])]
            while path:
                following = next(turns[-1], None)
                if following is None:
                    done.add(path.pop())
                    turns.pop()
                elif following in path:
                    return [*path[path.index(following) :], following]
                elif following not in done:
                    path.append(following)
                    turns.append(iter(named[following]))
        return []

    def _rules_in(self, name: str) -> list[str]:
        return [each for each in self._named_in(name) if each in self.texts]

    def _named_in(self, rule: str) -> Iterator[str]:
        """The rules and columns that a rule's texts name."""
        for text in self.texts[rule]:
            try:
                yield from (each.name for each in read_grammar_text(text).references())
            except TemplateError:
                continue  # told by `faults`

    def references(self) -> Iterator[str]:
        """The columns that are named in rules which texts can come to, and `by`."""
        # Only what a text can come to: a column that no text names must not be waited for.
        waiting = [self.first, *self.chosen.values()]
        seen = set(waiting)
        while waiting:
            rule = waiting.pop()
            for name in self._named_in(rule) if rule in self.texts else ():
                if name in seen:
                    continue
                seen.add(name)
                if name in self.texts:
                    waiting.append(name)
                else:
                    yield name
        if self.by and self.by not in seen - self.texts.keys():
            yield self.by

    def natural(self) -> Type:
        return STRING

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return {f"grammar {self.grammar}": _digest(self.grammar)} if self.grammar else {}

    def values(self, cells: ColumnBatch) -> pa.Array:
        written = GrammarTexts(self.alternatives, lambda name: self.array(cells, name), cells)
        if not self.by:
            return written.begun_with(self.first, np.arange(len(cells), dtype=np.int64))
        rules = [*self.chosen.values(), self.first]
        picks = case_numbers(self.array(cells, self.by), list(self.chosen))
        return in_groups(picks, lambda place, rows: written.begun_with(rules[place], rows))


@cache
def grammar_names() -> tuple[str, ...]:
    """The shipped grammars."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@cache
def shipped_rules(name: str) -> dict[str, RuleTexts]:
    """The rules of a shipped grammar."""
    rules: dict[str, list[str] | dict[str, float]] = own_yaml(f"grammars/{name}")["rules"]
    return {rule: texts if isinstance(texts, dict) else tuple(texts) for rule, texts in rules.items()}


@cache
def _digest(name: str) -> str:
    return blake2b((_FOLDER / f"{name}.yaml").read_bytes(), digest_size=8).hexdigest()
