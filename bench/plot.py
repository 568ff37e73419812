"""Rows for each processor second as bars on a logarithmic scale, ours above a peer's: SVG without a library."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from bench.figures import Figure

_LEFT, _WIDTH, _HEIGHT, _GAP = 330, 420, 13, 10  # pixels
_LEAST, _DECADES = 1_000, 5  # from a thousand rows for each second to a hundred million
_OURS, _PEER = "#2b6cb0", "#a0aec0"


def plot(figures: Sequence[Figure]) -> str:
    """Two bars for each figure that has rates: ours above the peer's, which was measured in turns with it."""
    shown = [each for each in figures if each.rates]
    bottom = 30 + len(shown) * (2 * _HEIGHT + _GAP)
    size = f'width="{_LEFT + _WIDTH + 90}" height="{bottom + 30}"'
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">']
    lines += ['<rect width="100%" height="100%" fill="white"/>', *_axis(bottom)]
    for place, figure in enumerate(shown):
        lines += _bars(figure, 20 + place * (2 * _HEIGHT + _GAP))
    return "\n".join([*lines, "</svg>", ""])


def _axis(bottom: int) -> Iterator[str]:
    for decade in range(_DECADES + 1):
        x = _LEFT + _WIDTH * decade / _DECADES
        yield f'<line x1="{x:.0f}" y1="14" x2="{x:.0f}" y2="{bottom}" stroke="#e2e8f0"/>'
        yield f'<text x="{x:.0f}" y="{bottom + 14}" text-anchor="middle">{_LEAST * 10**decade:,}</text>'
    yield f'<text x="{_LEFT}" y="{bottom + 27}">rows for each processor second</text>'


def _bars(figure: Figure, top: int) -> Iterator[str]:
    label = escape(figure.name.replace(" against ", " / "))
    yield f'<text x="{_LEFT - 8}" y="{top + _HEIGHT + 3}" text-anchor="end">{label}</text>'
    for place, (rate, colour) in enumerate(zip(figure.rates or (), (_OURS, _PEER), strict=True)):
        length = max(_WIDTH * math.log10(max(rate, _LEAST) / _LEAST) / _DECADES, 1)
        y = top + place * _HEIGHT
        yield f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_HEIGHT - 2}" fill="{colour}"/>'
        yield f'<text x="{_LEFT + length + 4:.1f}" y="{y + _HEIGHT - 4}">{rate:,.0f}</text>'
