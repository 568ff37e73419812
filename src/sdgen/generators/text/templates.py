"""Texts put together from the row's other columns and its parents'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, PrivateAttr

from sdgen.generators.base import ColumnBatch, ColumnContext, Dependency, Generator, ParamError
from sdgen.generators.links.links import resolve_link
from sdgen.generators.registry import register
from sdgen.generators.text.template_syntax import Piece, Placeholder, TemplateError, read_template
from sdgen.generators.text_generator import TextGenerator

_MANY = 1 << 62


@register("template")
class Template(TextGenerator):
    """Text with placeholders for the row's other columns and its parents' columns.

    `{column}`, `{link.column}` or `{entity.column}` stand for values, `{row}` for the row's number from 1, `{{` and
    `}}` for braces. Filters follow a bar: `{name|lower}`, `upper`, `title`, `capital` (the first letter), `slug`,
    `date:%Y-%m`, `pad:5` (zeros in front). A null in any placeholder makes the whole text null, unless
    `null_text` is given.
    """

    example: ClassVar[str] = "{generator: template, params: {template: 'ORD-{row|pad:6}'}}"
    how_unique: ClassVar[str] = "let {row} stand at one end of the template, as in ORD-{row|pad:8}"

    template: str = Field(min_length=1, max_length=4000, description="the text with its placeholders")
    null_text: str | None = Field(default=None, description="what a null placeholder is written as")

    _links: dict[str, str] = PrivateAttr(default_factory=dict)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        try:
            read_template(self.template)
        except TemplateError as error:
            yield ParamError("template", str(error), error.hint)

    def resolved(self, links: Mapping[str, str]) -> Generator:
        parents = {one.parent for one in self._placeholders() if one.parent}
        copy = self.model_copy()
        copy._links = {parent: resolve_link(parent, links) for parent in sorted(parents)}
        return copy

    def needs(self) -> tuple[Dependency, ...]:
        needs = (self._need(one) for one in self._placeholders() if not one.is_row)
        return tuple(dict.fromkeys(needs))

    def capacity(self, facts: ColumnContext) -> int | None:
        """Unlimited where the row's number can be told from each text: alone, or split off by a non-digit."""
        pieces = self._pieces()
        others = any(isinstance(piece, Placeholder) and not piece.is_row for piece in pieces)
        length = sum(len(piece) for piece in pieces if isinstance(piece, str)) + len(str(facts.rows))
        if facts.type.length and (others or length > facts.type.length):
            return None
        tells = _tells_row(pieces[0], pieces[1:2], 0) or _tells_row(pieces[-1], pieces[-2:-1], -1)
        return _MANY if tells else None

    @property
    def passes_null(self) -> bool:
        return self.null_text is None

    def values(self, cells: ColumnBatch) -> pa.Array:
        pieces: list[Any] = [piece if isinstance(piece, str) else self._text(piece, cells) for piece in self._pieces()]
        if not any(isinstance(piece, pa.Array) for piece in pieces):
            return pa.repeat("".join(pieces), len(cells))
        if self.null_text is not None:
            pieces = [piece if isinstance(piece, str) else piece.fill_null(self.null_text) for piece in pieces]
        return pieces[0] if len(pieces) == 1 else pc.binary_join_element_wise(*pieces, "")

    def _text(self, placeholder: Placeholder, cells: ColumnBatch) -> pa.Array:
        if placeholder.is_row:
            return placeholder.text(pa.array(cells.numbers + 1))
        need = self._need(placeholder)
        rows = cells.rows.parent(need.link) if need.link else cells.rows
        return placeholder.text(rows.column(need.column))

    def _need(self, placeholder: Placeholder) -> Dependency:
        parent = placeholder.parent
        return Dependency(placeholder.column, self._links.get(parent, parent))

    def _pieces(self) -> tuple[Piece, ...]:
        return read_template(self.template)

    def _placeholders(self) -> list[Placeholder]:
        try:
            return [piece for piece in self._pieces() if isinstance(piece, Placeholder)]
        except TemplateError:
            return []  # told by `faults`


def _tells_row(piece: Piece, neighbours: tuple[Piece, ...], edge: int) -> bool:
    """Whether a piece at an edge of the template is the row's number, and its neighbour keeps it apart."""
    if isinstance(piece, str) or not piece.is_row or any(name != "pad" for name, _ in piece.filters):
        return False
    return all(isinstance(other, str) and not other[edge].isdigit() for other in neighbours)
