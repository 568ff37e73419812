"""Texts made by a grammar's rules: what each row chooses at each place, and the texts that come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.generators import streams
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.domains import permute_each
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.pools import rows_by_kind
from sdgen.generators.streams import Numbers
from sdgen.generators.text.grammar_syntax import Alternatives, GrammarText, NumberRange, Reference, read_grammar_text
from sdgen.generators.text.templates import FILTERS, TEXT


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule: its texts, and how to choose among them. pool: all of them, where none has anything in braces."""

    texts: tuple[GrammarText, ...]
    table: AliasTable | None
    pool: pa.Array | None


def read_rule(texts: Iterable[str] | Mapping[str, float]) -> Rule:
    """A rule of texts, or of texts with weights; TemplateError where one can't be read."""
    read = tuple(map(read_grammar_text, texts))
    literals = [text.literal for text in read]
    pool = None if None in literals else pa.array(literals, pa.string())
    table = alias_table(list(texts.values())) if isinstance(texts, Mapping) else None
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
class GrammarTexts:
    """Texts for some rows of a batch: all places at one depth choose together, then the pieces are put in order.

    rules: by name. column: the array of a column that a text names.
    """

    rules: Mapping[str, Rule]
    column: Callable[[str], pa.Array]
    cells: ColumnBatch
    _filtered: dict[tuple[str, str], pa.Array] = field(default_factory=dict)

    def begun_with(self, rule: str, rows: Numbers) -> pa.Array:
        """The texts of these rows, named by their places in the batch, from a rule on."""
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
        return _Node(self.rules[named.name], named, rows, purpose, inner, turn)

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
                known = piece.name in self.rules
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
        texts = self.cells.rows.shared(f"{name} as text", lambda: _as_texts(self.column(name)))
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
