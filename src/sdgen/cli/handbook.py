"""The catalogue of generators as a page of the docs (Markdown)."""

from __future__ import annotations

from collections.abc import Iterator

from sdgen.generators.catalogue import REQUIRED, Entry, Family, Param, families, fills

_HEAD = """# Generators

<!-- Made by `python -m sdgen.cli.catalogue > docs/generators.md`; don't edit. -->

Every generator, with its params and an example of a column it fills. `sdgen generators NAME` prints the same.
"""


def markdown() -> str:
    """The whole page."""
    return _HEAD + "".join(f"\n{line}" if line else "\n" for family in families() for line in _family(family)) + "\n"


def _family(family: Family) -> Iterator[str]:
    yield from (f"## {_title(family.title)}", "")
    if all(entry.preset for entry in family.entries):
        yield from _presets(family)
        return
    for index, entry in enumerate(family.entries):
        yield from ([""] if index else [])
        yield from _entry(entry)
    yield ""


def _presets(family: Family) -> Iterator[str]:
    """A vocabulary: a line each, since the params are those of the generator behind it."""
    name = family.entries[0].names[0]
    yield f"A preset is a generator with params under a new name, written `{{generator: {name}}}`. Params of your own"
    yield f"go before those of the preset; `sdgen generators {name}` shows both."
    yield from ("", "| preset | values | generator | type |", "|---|---|---|---|")
    for entry in family.entries:
        behind = entry.preset.removeprefix("{generator: ").partition(",")[0].removesuffix("}")
        yield f"| `{entry.names[0]}` | {entry.summary} | `{behind}` | `{entry.natural}` |"
    yield ""


def _entry(entry: Entry) -> Iterator[str]:
    yield from ("### " + ", ".join(f"`{name}`" for name in entry.names), "")
    yield from entry.text.splitlines()
    natural = f"`{entry.natural}`" if entry.natural else "depends on other columns"
    yield from ("", f"Type where the column names none: {natural}. Fills: {fills(entry)}. Unique: {entry.unique}.")
    if entry.params:
        yield from ("", "| param | type | default | meaning |", "|---|---|---|---|")
        yield from map(_row, entry.params)
    yield from ("", "```yaml", f"my_column: {entry.example}", "```")


def _row(param: Param) -> str:
    default = f"`{param.default}`" if param.default not in ("", REQUIRED) else param.default
    cells = (f"`{param.name}`", param.type, default, param.description)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _title(text: str) -> str:
    return text.removesuffix(".")
