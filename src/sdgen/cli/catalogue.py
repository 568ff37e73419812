"""The catalogue of generators: in a terminal as a list, one of them, or JSON; and as a page of the docs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sdgen.cli.tables import aligned
from sdgen.generators.catalogue import REQUIRED, Entry, Family, Param, entry, families, fills


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


# The catalogue of generators as a page of the docs (Markdown).
_HEAD = """# Generators

<!-- Made by `python -m sdgen.cli.catalogue > docs/generators.md`; don't edit. -->

Every generator, with its params and an example of a column it fills. `sdgen generators NAME` prints the same.
"""


def markdown() -> str:
    """The whole page."""
    return _HEAD + "".join(f"\n{line}" if line else "\n" for family in families() for line in _family(family)) + "\n"


def _family(family: Family) -> Iterator[str]:
    yield from (f"## {_title(family.title)}", "")
    if all(each.preset for each in family.entries):
        yield from _presets(family)
        return
    for index, described in enumerate(family.entries):
        yield from ([""] if index else [])
        yield from _entry(described)
    yield ""


def _presets(family: Family) -> Iterator[str]:
    """A vocabulary: a line each, since the params are those of the generator behind it."""
    name = family.entries[0].names[0]
    yield f"A preset is a generator with params under a new name, written `{{generator: {name}}}`. Params of your own"
    yield f"go before those of the preset; `sdgen generators {name}` shows both."
    yield from ("", "| preset | values | generator | type |", "|---|---|---|---|")
    for preset in family.entries:
        behind = preset.preset.removeprefix("{generator: ").partition(",")[0].removesuffix("}")
        yield f"| `{preset.names[0]}` | {preset.summary} | `{behind}` | `{preset.natural}` |"
    yield ""


def _entry(shown: Entry) -> Iterator[str]:
    yield from ("### " + ", ".join(f"`{name}`" for name in shown.names), "")
    yield from shown.text.splitlines()
    natural = f"`{shown.natural}`" if shown.natural else "depends on other columns"
    yield from ("", f"Type where the column names none: {natural}. Fills: {fills(shown)}. Unique: {shown.unique}.")
    if shown.params:
        yield from ("", "| param | type | default | meaning |", "|---|---|---|---|")
        yield from map(_row, shown.params)
    yield from ("", "```yaml", f"my_column: {shown.example}", "```")


def _row(param: Param) -> str:
    default = f"`{param.default}`" if param.default not in ("", REQUIRED) else param.default
    cells = (f"`{param.name}`", param.type, default, param.description)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _title(text: str) -> str:
    return text.removesuffix(".")


if __name__ == "__main__":
    print(markdown(), end="")
