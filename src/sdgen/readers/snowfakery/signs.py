"""What tells a Snowfakery recipe from other documents."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.errors import SdgenError
from sdgen.readers.base import Source
from sdgen.readers.snowfakery.recipe import ITEMS


def fits(source: Source) -> bool:
    """Whether it is a list of items of which at least one is an object."""
    try:
        value = source.document.value
    except SdgenError:
        return False
    items = value if isinstance(value, list) else []
    known = all(isinstance(item, Mapping) and any(each in item for each in ITEMS) for item in items)
    return known and any("object" in item or "include_file" in item for item in items)
