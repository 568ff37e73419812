"""Texts by a grammar: rules of alternatives that name other rules and the row's columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import blake2b
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, FiniteFloat, model_validator

from sdgen.errors import did_you_mean
from sdgen.generators import streams
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import ParamError
from sdgen.generators.choices.null_rates import case_numbers
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import permute
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.pools import DATA, in_groups, own_yaml, rows_by_kind
from sdgen.generators.references import Referring
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text.grammar_syntax import (
    Alternatives,
    GrammarText,
    NumberRange,
    Reference,
    read_grammar_text,
)
from sdgen.generators.text.templates import FILTERS, TEXT, TemplateError
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
    cases: dict[str, str] = Field({}, description="by the values of `by`: the rule that a text begins with")

    @model_validator(mode="after")
    def _consistent(self) -> Grammar:
        if not self.rules and not self.grammar:
            raise ValueError("give rules, or the name of a shipped grammar")
        if self.grammar and self.grammar not in grammar_names():
            hint = did_you_mean(self.grammar, grammar_names())
            raise ValueError(f"there is no grammar {self.grammar!r}{f': {hint}' if hint else ''}")
        if bool(self.by) != bool(self.cases):
            raise ValueError("`by` names a column and `cases` lists rules by its values: one needs the other")
        return self

    @cached_property
    def texts(self) -> dict[str, RuleTexts]:
        """All rules as they are written, the shipped ones too."""
        return {**(shipped_rules(self.grammar) if self.grammar else {}), **self.rules}

    @cached_property
    def alternatives(self) -> dict[str, Rule]:
        """All rules, read; TemplateError where one can't be."""
        return {name: _rule(texts) for name, texts in self.texts.items()}

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
        waiting = [self.first, *self.cases.values()]
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
        written = _Text(self, cells)
        if not self.by:
            return written.texts(self.first, np.arange(len(cells), dtype=np.int64))
        rules = [*self.cases.values(), self.first]
        picks = case_numbers(self.array(cells, self.by), list(self.cases))
        return in_groups(picks, lambda place, rows: written.texts(rules[place], rows))


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule: its texts, and how to choose among them. pool: all of them, where none has anything in braces."""

    texts: tuple[GrammarText, ...]
    table: AliasTable | None
    pool: pa.Array | None

    def chosen(self, words: streams.Words, turn: int) -> Numbers:
        """A text's number for each word; those of further turns differ, where all are equally likely."""
        # A rule that is named again in a text gives another text: the turn is mixed into the word.
        if self.table is not None:
            return self.table.pick(words if not turn else streams.mix(words + np.uint64(turn)))
        turns = np.full(len(words), turn % len(self.texts), dtype=np.int64)
        # Without weights a permutation of the texts is taken turn by turn, so that
        # none comes again before all have come.
        return permute(words, turns, len(self.texts))


def _rule(texts: RuleTexts) -> Rule:
    read = tuple(map(read_grammar_text, texts))
    literals = [text.literal for text in read]
    pool = None if None in literals else pa.array(literals, pa.string())
    table = alias_table(list(texts.values())) if isinstance(texts, dict) else None
    return Rule(read, table, pool)


class _Pieces:
    """Texts of a batch's rows in pieces, each a place in a pool: they are put together once, when all are there."""

    def __init__(self, rows: int) -> None:
        self._counts = np.zeros(rows, dtype=np.int64)
        self._added: list[tuple[Numbers, Numbers, Numbers | int]] = []
        self._pools: list[pa.Array] = []
        self._firsts: dict[int, int] = {}  # by the identity of a pool: where it begins among all of them
        self._size = 0

    def add(self, rows: Numbers, pool: pa.Array, picks: Numbers | int) -> None:
        """A further piece of each of these rows, which are named once."""
        if id(pool) not in self._firsts:
            self._firsts[id(pool)] = self._size
            self._pools.append(pool)
            self._size += len(pool)
        places = self._counts[rows]
        self._counts[rows] = places + 1
        self._added.append((rows, places, picks + self._firsts[id(pool)]))

    def texts(self, rows: Numbers) -> pa.Array:
        """The texts of these rows, all that have pieces."""
        ends = np.cumsum(self._counts[rows])
        starts = np.zeros(len(self._counts), dtype=np.int64)
        starts[rows] = ends - self._counts[rows]
        flat = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.int32)
        for at, places, picks in self._added:
            flat[starts[at] + places] = picks
        pieces = pa.concat_arrays(self._pools or [pa.array([], pa.string())]).take(pa.array(flat))
        offsets = pa.array(np.append(0, ends).astype(np.int32))
        return pc.binary_join(pa.ListArray.from_arrays(offsets, pieces), "")


@dataclass(frozen=True)
class _Text:
    """Texts for some rows of a batch. Where in a text a rule stands is its stream's purpose."""

    grammar: Grammar
    cells: ColumnBatch
    _filtered: dict[tuple[str, str], pa.Array] = field(default_factory=dict)

    def texts(self, rule: str, rows: Numbers) -> pa.Array:
        pieces = _Pieces(len(self.cells))
        self._add_rule(pieces, Reference(rule), rows, "", 0)
        return pieces.texts(rows)

    def _add_rule(self, pieces: _Pieces, named: Reference, rows: Numbers, place: str, turn: int) -> None:
        """turn: how often the rule was named in the same text before."""
        rule = self.grammar.alternatives[named.name]
        if named.filter and rule.pool is None:
            inside = _Pieces(len(self.cells))
            self._add_rule(inside, Reference(named.name), rows, place, turn)
            made = FILTERS[named.filter].apply(inside.texts(rows), "")
            return pieces.add(rows, made, np.arange(len(rows)))
        # The way through the rules is the purpose of the stream, so that a rule gives other texts at other places.
        # Texts of further turns are told apart by the turn, on one stream for all of them.
        purpose = f"{place}/{named.name}"
        picks = rule.chosen(self._words(purpose, rows), turn)
        if rule.pool is not None:
            return pieces.add(rows, self._pool(named, rule.pool), picks)
        # A further turn of a rule has streams of its own for what is inside it.
        inner = f"{purpose} {turn}" if turn else purpose
        for number, places in rows_by_kind(picks):
            self._add_text(pieces, rule.texts[number], rows[places], inner)

    def _add_text(self, pieces: _Pieces, text: GrammarText, rows: Numbers, place: str) -> None:
        turns: dict[str, int] = {}
        for number, piece in enumerate(text.pieces or ("",)):
            if isinstance(piece, str):
                pieces.add(rows, _literal(piece), 0)
            elif isinstance(piece, NumberRange):
                values = streams.below(self._words(f"{place}#{number}", rows), piece.high - piece.low + 1)
                pieces.add(rows, pa.array(values + np.int64(piece.low)).cast(pa.string()), np.arange(len(rows)))
            elif isinstance(piece, Alternatives):
                inner = f"{place}|{number}"
                picks = streams.below(self._words(inner, rows), len(piece.texts))
                for choice, places in rows_by_kind(picks):
                    self._add_text(pieces, piece.texts[choice], rows[places], inner)
            else:
                turn = turns.get(piece.name, 0)
                turns[piece.name] = turn + 1
                if piece.name in self.grammar.texts:
                    self._add_rule(pieces, piece, rows, place, turn)
                else:
                    pieces.add(rows, self._column(piece), rows)

    def _column(self, named: Reference) -> pa.Array:
        """A column's text, made once for the batch, however often rules name it."""
        name = named.name
        texts = self.cells.rows.shared(f"{name} as text", lambda: _as_texts(self.grammar.array(self.cells, name)))
        return self._pool(named, texts)

    def _pool(self, named: Reference, pool: pa.Array) -> pa.Array:
        """The texts that a rule or column can have there, through its filter."""
        if not named.filter:
            return pool
        key = (named.name, named.filter)
        if key not in self._filtered:
            self._filtered[key] = FILTERS[named.filter].apply(pool, "")
        return self._filtered[key]

    def _words(self, purpose: str, rows: Numbers) -> streams.Words:
        return streams.draw(self.cells.key(purpose), self.cells.numbers[rows])


@cache
def _literal(text: str) -> pa.Array:
    return pa.array([text], pa.string())


def _as_texts(array: pa.Array) -> pa.Array:
    return cast_array(array, TEXT, pa.string()).fill_null("")


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
