"""Texts by a grammar: rules of alternatives that name other rules and the row's columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from sdgen.generators.domains import permute_each
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


@dataclass(eq=False)
class _Node:
    """A place in texts at which some rows choose: among a rule's texts, among alternatives, or a number.

    purpose: of the stream that they choose by, which is the way through the rules, so that a rule gives other texts at
    other places. inner: the way to what is inside. turn: how often the rule was named in the same text before.
    """

    among: Rule | Alternatives | NumberRange
    named: Reference
    rows: Numbers
    purpose: str
    inner: str
    turn: int = 0
    picks: Numbers = field(default_factory=lambda: np.arange(0))
    branches: list[tuple[Numbers, list[_Part]]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many there are to choose among."""
        return self.among.high - self.among.low + 1 if isinstance(self.among, NumberRange) else len(self.among.texts)

    @property
    def pool(self) -> pa.Array | None:
        return self.among.pool if isinstance(self.among, Rule) else None


_Part = str | Reference | _Node


@dataclass(frozen=True)
class _Text:
    """Texts for some rows of a batch: all places at one depth choose together, then the pieces are put in order."""

    grammar: Grammar
    cells: ColumnBatch
    _filtered: dict[tuple[str, str], pa.Array] = field(default_factory=dict)

    def texts(self, rule: str, rows: Numbers) -> pa.Array:
        root = self._rule_node(Reference(rule), rows, "", 0)
        nodes = [root]
        while nodes:
            self._choose(nodes)
            nodes = [inner for node in nodes for inner in self._opened(node)]
        return self._written(root)

    def _rule_node(self, named: Reference, rows: Numbers, place: str, turn: int) -> _Node:
        # Texts of further turns are told apart by the turn, on one stream for all of them; what is inside has streams
        # of its own in each.
        purpose = f"{place}/{named.name}"
        inner = f"{purpose} {turn}" if turn else purpose
        return _Node(self.grammar.alternatives[named.name], named, rows, purpose, inner, turn)

    def _choose(self, nodes: Sequence[_Node]) -> None:
        """Set each node's picks."""
        # One call for all nodes: a text may have thousands of places, with few rows at each.
        lengths = [len(node.rows) for node in nodes]
        keys = np.array([self.cells.key(node.purpose) for node in nodes], dtype=np.uint64)
        rows = np.concatenate([node.rows for node in nodes])
        words = streams.draw(np.repeat(keys, lengths), self.cells.numbers[rows])
        in_turn = np.array([isinstance(node.among, Rule) and node.among.table is None for node in nodes])
        # Without weights a permutation of the texts is taken turn by turn, so that none comes again before all have.
        sizes = np.array([max(1, node.size) for node in nodes], dtype=np.int64)
        turns = np.array([node.turn for node in nodes], dtype=np.int64) % sizes
        chosen = np.flatnonzero(np.repeat(in_turn, lengths))
        picks = np.empty(len(words), dtype=np.int64)
        which = np.repeat(np.arange(len(nodes)), lengths)[chosen]
        picks[chosen] = permute_each(words[chosen], turns[which], sizes[which])
        ends = np.cumsum(lengths)
        for node, start, end, done in zip(nodes, ends - lengths, ends, in_turn, strict=True):
            node.picks = picks[start:end] if done else _picked(node, words[start:end])

    def _opened(self, node: _Node) -> Iterator[_Node]:
        """What its texts have inside, for the rows of each; they become the node's branches."""
        if isinstance(node.among, NumberRange) or node.pool is not None:
            return
        for number, places in rows_by_kind(node.picks):
            rows = node.rows[places]
            parts = list(self._parts(node.among.texts[number], rows, node.inner))
            node.branches.append((rows, parts))
            yield from (part for part in parts if isinstance(part, _Node))

    def _parts(self, text: GrammarText, rows: Numbers, place: str) -> Iterator[_Part]:
        turns: dict[str, int] = {}
        for number, piece in enumerate(text.pieces or ("",)):
            if isinstance(piece, Reference):
                turn = turns.get(piece.name, 0)
                turns[piece.name] = turn + 1
                known = piece.name in self.grammar.texts
                yield self._rule_node(piece, rows, place, turn) if known else piece
            elif isinstance(piece, str):
                yield piece
            else:
                purpose = f"{place}{'#' if isinstance(piece, NumberRange) else '|'}{number}"
                yield _Node(piece, Reference(""), rows, purpose, purpose)

    def _written(self, root: _Node) -> pa.Array:
        """The texts of a node's rows."""
        pieces = _Pieces(len(self.cells))
        self._add(pieces, root)
        return pieces.texts(root.rows)

    def _add(self, pieces: _Pieces, node: _Node) -> None:
        if isinstance(node.among, NumberRange):
            numbers = pa.array(node.picks + np.int64(node.among.low)).cast(pa.string())
            pieces.add(node.rows, numbers, np.arange(len(numbers)))
        elif node.pool is not None:
            pieces.add(node.rows, self._pool(node.named, node.pool), node.picks)
        for rows, parts in node.branches:
            for part in parts:
                if isinstance(part, str):
                    pieces.add(rows, _literal(part), 0)
                elif isinstance(part, Reference):
                    pieces.add(rows, self._column(part), rows)
                elif part.named.filter and part.pool is None:
                    made = FILTERS[part.named.filter].apply(self._written(part), "")
                    pieces.add(rows, made, np.arange(len(rows)))
                else:
                    self._add(pieces, part)

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


def _picked(node: _Node, words: streams.Words) -> Numbers:
    """Picks by weight, or all equally likely."""
    if isinstance(node.among, Rule) and node.among.table is not None:
        # A rule that is named again in a text gives another text: the turn is mixed into the word.
        return node.among.table.pick(streams.mix(words + np.uint64(node.turn)) if node.turn else words)
    return streams.below(words, node.size)


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
