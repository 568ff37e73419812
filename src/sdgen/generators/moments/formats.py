"""Moments, dates and times of day written in a form of one's own, in the codes of strftime and a few more.

Beside strftime's codes there are `%f` (microseconds, six digits), `%_ms` (milliseconds, three digits), and counts since
1970-01-01: `%s` (seconds), `%ms` (milliseconds), `%epoch_microseconds` and `%s_as_float` (seconds with a fraction).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.generators.arrays.cast import cast_array
from sdgen.scenario.types import Type

_SECOND = 1_000_000
_CODE = re.compile(r"%(?:epoch_microseconds|s_as_float|_ms|ms|-?[a-zA-Z%]|.?)", re.DOTALL)
_PLAIN = frozenset("YmdHMSyjBbAapIUWVGuweFTDRCh")
_BARE = frozenset("dmHMSIyj")  # with a hyphen: without zeros in front
_SAME = {"%Z": "UTC", "%z": "+0000", "%%": "%", "%n": "\n", "%t": "\t"}

Micros = NDArray[np.int64]


def _digits(values: Micros, width: int = 0) -> pa.Array:
    text = pa.array(values).cast(pa.string())
    return pc.utf8_lpad(text, width, "0") if width else text


_COUNTED: dict[str, Callable[[Micros], pa.Array]] = {
    "%f": lambda micros: _digits(micros % _SECOND, 6),
    "%_ms": lambda micros: _digits(micros % _SECOND // 1000, 3),
    "%s": lambda micros: _digits(micros // _SECOND),
    "%ms": lambda micros: _digits(micros // 1000),
    "%epoch_microseconds": _digits,
    "%s_as_float": lambda micros: pc.binary_join_element_wise(
        _digits(micros // _SECOND), _digits(micros % _SECOND, 6), "."
    ),
}
_LONG = {"%c": "%a %b %e %H:%M:%S %Y", "%x": "%m/%d/%y", "%X": "%H:%M:%S", "%T": "%H:%M:%S", "%F": "%Y-%m-%d"}


@lru_cache(maxsize=1024)
def pieces(form: str) -> tuple[str, ...]:
    """A form's codes and the plain texts between them; ValueError names a code that is not known."""
    # Codes that stand for several others are written out first, since some of them depend on a machine's language.
    for code, instead in _LONG.items():
        form = form.replace(code, instead)
    found: list[str] = []
    position = 0
    for match in _CODE.finditer(form):
        code = match[0]
        known = code in _COUNTED or code in _SAME or code[1:] in _PLAIN
        if not known and not (code[1:2] == "-" and code[2:] in _BARE):
            raise ValueError(f"the code {code!r} is not known")
        found += [form[position : match.start()]] if match.start() > position else []
        found.append(code)
        position = match.end()
    return (*found, form[position:]) if position < len(form) else tuple(found)


def written(array: pa.Array, form: str) -> pa.Array:
    """Moments, dates or times of day as text of a form; nulls stay."""
    if pa.types.is_time(array.type):
        array = array.cast(pa.time64("us")).cast(pa.int64()).cast(pa.timestamp("us"))
    moments = cast_array(array, Type("timestamp"), pa.timestamp("us"))
    counts = moments.cast(pa.int64())
    micros = np.asarray(counts.fill_null(0) if counts.null_count else counts, dtype=np.int64)
    # Whole seconds, or Arrow would write a fraction behind %S.
    seconds = pa.array(micros // _SECOND).cast(pa.timestamp("s"))
    parts = [_piece(piece, micros, seconds) for piece in pieces(form)] or [pa.scalar("")]
    text = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "")
    if isinstance(text, pa.Scalar):
        text = pa.repeat(text, len(micros))
    return pc.if_else(moments.is_valid(), text, None) if moments.null_count else text


def _piece(piece: str, micros: Micros, seconds: pa.Array) -> pa.Array | pa.Scalar:
    if piece in _SAME or not piece.startswith("%"):
        return pa.scalar(_SAME.get(piece, piece))
    if piece in _COUNTED:
        return _COUNTED[piece](micros)
    if piece[1] == "-":
        # Arrow has no code without zeros; a zero alone must not vanish with them.
        text = pc.utf8_ltrim(pc.strftime(seconds, f"%{piece[2:]}"), "0")
        return pc.if_else(pc.equal(text, ""), "0", text)
    return pc.strftime(seconds, piece)


def tells_apart(form: str, kind: str) -> bool:
    """Whether different days (of dates), seconds (of moments, times of day) have different texts."""
    # Texts are compared, not moments: two moments that are written alike are one value of a unique column.
    codes = set(pieces(form))
    if codes & {"%s", "%ms", "%epoch_microseconds", "%s_as_float"}:
        return True
    bare = {code.replace("-", "") for code in codes}
    day = "%Y" in bare and ("%j" in bare or ("%d" in bare and bool(bare & {"%m", "%b", "%B"})))
    second = {"%H", "%M", "%S"} <= bare
    return {"date": day, "time": second}.get(kind, day and second)
