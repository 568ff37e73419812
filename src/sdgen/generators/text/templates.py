"""Texts put together from the row's other columns and its parents'."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, PrivateAttr

from sdgen.errors import did_you_mean
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.links.links import resolve_link
from sdgen.generators.registry import register
from sdgen.generators.text_generator import TextGenerator, capitalised
from sdgen.scenario.types import Type

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
        # The row's number can be read off a text only where no digit touches it.
        tells = _tells_row(pieces[0], pieces[1:2], 0) or _tells_row(pieces[-1], pieces[-2:-1], -1)
        return _MANY if tells else None

    @property
    def passes_null(self) -> bool:
        return self.null_text is None

    def values(self, cells: ColumnBatch) -> pa.Array:
        pieces: list[Any] = [piece if isinstance(piece, str) else self._text(piece, cells) for piece in self._pieces()]
        if not any(isinstance(piece, pa.Array) for piece in pieces):
            return pa.repeat("".join(pieces), len(cells))
        # A null is replaced before the pieces are joined, since it would make the whole text null.
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


# Templates read: plain text with `{column|filter}` placeholders, and what the filters do.
ROW = "row"  # the placeholder for the row's number

TEXT = Type("text")
_MOMENT = Type("timestamp")
_WIDEST = 200
_DATE_MARKS = frozenset("YmdHMSyjBbAapIUWVGuweFTDR%")
# Letters without a decomposition in Unicode, as they are written in ASCII.
_PLAIN_LETTERS = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}


class TemplateError(ValueError):
    """What is wrong with a template; `hint` says what to do."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True)
class Placeholder:
    """A column (of a parent, if one is named), and the filters its text goes through."""

    column: str
    parent: str = ""
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def is_row(self) -> bool:
        return self.column == ROW and not self.parent

    def text(self, array: pa.Array) -> pa.Array:
        """The column's values as filtered text; values of a dictionary are filtered once each."""
        if pa.types.is_dictionary(array.type):
            return self.text(array.dictionary).take(array.indices)
        for name, argument in self.filters:
            array = FILTERS[name].apply(array, argument)
        return cast_array(array, TEXT, pa.string())


@dataclass(frozen=True)
class Filter:
    """What a filter makes of an array, and what is wrong with its argument ("" for nothing)."""

    apply: Callable[[pa.Array, str], pa.Array]
    check: Callable[[str], str]


Piece = str | Placeholder


@lru_cache(maxsize=4096)
def read_template(text: str) -> tuple[Piece, ...]:
    """The pieces of a template; TemplateError says what is wrong with it."""
    pieces: list[Piece] = []
    plain = ""
    position = 0
    while position < len(text):
        letter = text[position]
        if letter not in "{}":
            plain += letter
        elif text[position + 1 : position + 2] == letter:
            plain += letter
            position += 1
        elif letter == "}":
            raise TemplateError(f"a closing brace without an opening one at character {position + 1}", "write }}")
        else:
            end = text.find("}", position)
            if end < 0:
                what = f"the brace at character {position + 1} is never closed"
                raise TemplateError(what, "write {{ for a brace")
            pieces += [plain] if plain else []
            pieces.append(_placeholder(text[position + 1 : end]))
            plain, position = "", end
        position += 1
    return (*pieces, plain) if plain else tuple(pieces)


def _placeholder(text: str) -> Placeholder:
    name, *filters = (part.strip() for part in text.split("|"))
    parent, _, column = name.rpartition(".")
    if not column or "{" in name or (not parent and name.startswith(".")):
        raise TemplateError(f"{{{text}}} names no column", "write {column} or {link.column}")
    return Placeholder(column, parent, tuple(map(_filter, filters)))


def _filter(text: str) -> tuple[str, str]:
    name, _, argument = text.partition(":")
    if name not in FILTERS:
        raise TemplateError(f"unknown filter {name!r}", did_you_mean(name, FILTERS))
    problem = FILTERS[name].check(argument)
    if problem:
        raise TemplateError(f"the filter {name} {problem}", "such as date:%Y-%m or pad:5")
    return name, argument


def _texts(apply: Callable[[pa.Array], pa.Array]) -> Filter:
    """A filter of texts, without an argument."""
    return Filter(
        lambda array, argument: apply(cast_array(array, TEXT, pa.string())),
        lambda argument: "takes nothing behind it" if argument else "",
    )


def _slug(text: pa.Array) -> pa.Array:
    text = pc.utf8_lower(text)
    if pc.any(pc.match_substring_regex(text, r"[^\x00-\x7f]"), min_count=0).as_py():
        for letter, plain in _PLAIN_LETTERS.items():
            text = pc.replace_substring(text, letter, plain)
        text = pc.replace_substring_regex(pc.utf8_normalize(text, "NFKD"), r"\p{M}+", "")
    return pc.utf8_trim(pc.replace_substring_regex(text, "[^a-z0-9]+", "-"), "-")


def _dated(array: pa.Array, pattern: str) -> pa.Array:
    if pa.types.is_time(array.type):
        array = array.cast(pa.time64("us")).cast(pa.int64()).cast(pa.timestamp("us"))
    moments = cast_array(array, _MOMENT, pa.timestamp("us"))
    # Whole seconds, or Arrow would write a fraction behind %S.
    return pc.strftime(pc.floor_temporal(moments, unit="second").cast(pa.timestamp("s")), pattern)


def _date_problem(pattern: str) -> str:
    marks = re.findall("%(.?)", pattern)
    unknown = [mark for mark in marks if mark not in _DATE_MARKS or not mark]
    if not marks:
        return "needs a format behind a colon"
    return f"doesn't know %{unknown[0]}" if unknown else ""


def _pad_problem(width: str) -> str:
    if width.isascii() and width.isdigit() and 1 <= int(width) <= _WIDEST:
        return ""
    return f"needs a width from 1 to {_WIDEST} behind a colon"


def _padded(array: pa.Array, width: str) -> pa.Array:
    return pc.utf8_lpad(cast_array(array, TEXT, pa.string()), int(width), "0")


FILTERS: dict[str, Filter] = {
    "lower": _texts(pc.utf8_lower),
    "upper": _texts(pc.utf8_upper),
    "title": _texts(pc.utf8_title),
    "capital": _texts(capitalised),
    "slug": _texts(_slug),
    "date": Filter(_dated, _date_problem),
    "pad": Filter(_padded, _pad_problem),
}
