"""Numbers of bytes as people write them: 500MB is 500,000,000, and 2GiB is 2 × 1024³."""

from __future__ import annotations

import re

PREFIXES = ("", "k", "m", "g", "t", "p")
UNITS: dict[str, int] = {
    **{f"{prefix}b": 1000**power for power, prefix in enumerate(PREFIXES)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate(PREFIXES) if prefix},
}
_SIZE = re.compile(r"(\d[\d_]*(?:\.\d+)?)\s*([kmgtp]?i?)b?", re.IGNORECASE | re.ASCII)


def byte_count(text: str) -> int:
    """The bytes that a text speaks of; ValueError where it speaks of none."""
    match = _SIZE.fullmatch(text.strip())
    unit = f"{match[2].lower()}b" if match else ""
    count = round(float(match[1].replace("_", "")) * UNITS.get(unit, 0)) if match else 0
    if not count:
        raise ValueError(f"{text!r} is not a size, such as 500MB or 5GB")
    return count


def format_bytes(count: float) -> str:
    """Bytes with three digits: 1.23 GB."""
    power = 0
    # From 999.5 on three digits would be rounded to 1000, which is 1.00 of the next unit.
    while count >= 999.5 and power < len(PREFIXES) - 1:
        count, power = count / 1000, power + 1
    digits = 0 if not power else max(0, 3 - len(str(round(count))))
    unit = f"{PREFIXES[power].upper()}B".replace("KB", "kB") if power else "bytes"
    return f"{count:.{digits}f} {unit}"
