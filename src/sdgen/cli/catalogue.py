"""The catalogue of generators in a terminal: a list, one of them, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sdgen.cli.tables import aligned
from sdgen.generators.catalogue import Entry, entry, families, fills


def catalogue_text(name: str, form: str) -> str:
    """The catalogue, or one generator of it, as text or JSON."""
    if form == "json":
        data: Any = asdict(entry(name)) if name else [asdict(family) for family in families()]
        return json.dumps(data, indent=2, default=str, ensure_ascii=False)
    return "\n".join(_entry_lines(entry(name)) if name else _list_lines())


def _list_lines() -> Iterator[str]:
    for index, family in enumerate(families()):
        yield from ([""] if index else [])
        yield family.title
        rows = [("", each.names[0], _description(each)) for each in family.entries]
        yield from aligned(rows, (False, False, False)) if rows else []


def _description(shown: Entry) -> str:
    """What a generator does, and its other names."""
    others = f" Also: {', '.join(shown.names[1:])}." if shown.names[1:] else ""
    return shown.summary + others


def _entry_lines(shown: Entry) -> Iterator[str]:
    yield f"{', '.join(shown.names)}: {shown.text}"
    yield ""
    yield f"fills:    {fills(shown)}"
    yield f"type:     {shown.natural or 'depends on other columns'}, where the column names none"
    yield f"unique:   {shown.unique}"
    yield f"example:  {shown.example}"
    yield from [f"preset:   {shown.preset}; params of your own go before these"] if shown.preset else []
    yield ""
    if not shown.params:
        yield "no params"
        return
    yield "params"
    rows = [("", each.name, each.type, each.default, each.description) for each in shown.params]
    yield from aligned(rows, (False,) * 5)


if __name__ == "__main__":
    from sdgen.cli.handbook import markdown

    print(markdown(), end="")
