"""A scenario → the text of a native file: a line a column where it fits, and notes as comments at their places.

Reading the text again gives a scenario of the same canonical form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any

from sdgen.errors import Path, Problem
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import Scenario

WIDTH = 120
_PLAIN = re.compile(r"[A-Za-z_$][\w$./()<>-]*(?: [\w$./()<>-]+)*", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d|-\d+[a-z]|\d+(\.\d+){2,}")
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n"])
_HEAD = ("id", "name", "version", "description", "seed", "as_of", "locale")


def scenario_text(scenario: Scenario) -> str:
    """The scenario as YAML, its notes as comments."""
    data = canonical(scenario)
    notes = _Comments(scenario.notes)
    lines = [*notes.at(())]
    lines += [f"{key}: {_flow(data[key])}" for key in _HEAD if key in data]
    for key in ("presets", "rules"):
        lines += _block(key, data.get(key), "")
    for key in sorted(data.keys() - {*_HEAD, "presets", "rules", "entities"}):
        lines += _block(key, data[key], "")
    lines.append("entities:")
    for entity in data["entities"]:
        lines += [*([] if lines[-1] == "entities:" else [""]), *_entity(entity, notes)]
    # Last, with all that found no place: no note is lost.
    lines += notes.under((), "")
    return "\n".join(lines) + "\n"


class _Comments:
    """Notes as comments, each told once: at its place, or at the nearest that is written."""

    def __init__(self, notes: Iterable[Problem]) -> None:
        self._notes = list(notes)

    def at(self, path: Path, indent: str = "") -> list[str]:
        here = [note for note in self._notes if note.path == path]
        self._notes = [note for note in self._notes if note.path != path]
        return [line for note in here for line in _comment(note, indent)]

    def under(self, path: Path, indent: str = "") -> list[str]:
        """Notes on parts that the scenario doesn't have, such as columns that were left out."""
        here = [note for note in self._notes if note.path[: len(path)] == path]
        self._notes = [note for note in self._notes if note.path[: len(path)] != path]
        return [line for note in here for line in _comment(note, indent, str(note.path[-1]) if note.path else "")]


def _comment(note: Problem, indent: str, name: str = "") -> Iterator[str]:
    text = " ".join(f"{name + ': ' if name else ''}{note.what}{'; ' + note.hint if note.hint else ''}".split())
    # A line break or an escape sequence in a note must not end the comment, or reach a terminal.
    text = text.encode("unicode_escape").decode() if not text.isprintable() else text
    line = f" (line {note.line})" if note.line else ""
    yield from wrap(text + line, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}#   ")


def _entity(record: Mapping[str, Any], notes: _Comments) -> list[str]:
    name = record["name"]
    path: Path = ("entities", name)
    lines = [*notes.at(path, "  "), f"  {_scalar(name)}:"]
    for key in ("target_table", "description"):
        if key in record:
            lines.append(f"    {key}: {_flow(record[key])}")
    if "rows" in record:
        lines += _rows(record["rows"])
    known = {"name", "target_table", "description", "rows", "columns", "unique", "partial_unique"}
    for key in sorted(record.keys() - known):
        lines += _block(key, record[key], "    ")
    columns = []
    # As a key of a mapping, a name with a comma would be several columns' names.
    listed = any("," in column["name"] for column in record["columns"])
    for column in record["columns"]:
        own = [f"      - {_flow({'name': column['name'], **_spelled(column)})}"] if listed else _column(column)
        columns += [*notes.at((*path, "columns", column["name"]), "      "), *own]
    # Notes of columns that are written have been taken by now: what is left is of those that are not.
    lines += ["    columns:", *notes.under(path, "      "), *columns]
    if "unique" in record:
        lines.append(f"    unique: {_flow(record['unique'])}")
    if "partial_unique" in record:
        lines.append(f"    partial_unique: {_flow(record['partial_unique'])}")
    return lines


def _rows(rows: Mapping[str, Any]) -> list[str]:
    """How many rows there are, in a line; fixed rows in one each where they are too many for that."""
    line = f"    rows: {_flow(rows['count'] if set(rows) == {'count'} else rows)}"
    if len(line) <= WIDTH or "fixed" not in rows:
        return [line]
    others = (f"      {key}: {_flow(value)}" for key, value in rows.items() if key != "fixed")
    return ["    rows:", *others, "      fixed:", *(f"        - {_flow(row)}" for row in rows["fixed"])]


def _column(record: Mapping[str, Any]) -> list[str]:
    name, spelled = _scalar(record["name"]), _spelled(record)
    if set(spelled) == {"type"}:
        return [f"      {name}: {_flow(spelled['type'])}"]
    line = f"      {name}: {_flow(spelled)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"      {name}:", *(f"        {key}: {_flow(value)}" for key, value in spelled.items())]


def _spelled(record: Mapping[str, Any]) -> dict[str, Any]:
    """A column's or preset's record with the generator's params beside its name, without its own name."""
    spelled = {key: value for key, value in record.items() if key not in ("name", "generator")}
    generator = record.get("generator")
    if isinstance(generator, Mapping):
        spelled["generator"] = generator["type"]
        if generator.get("params"):
            spelled["params"] = generator["params"]
    return spelled


def _block(key: str, value: Any, indent: str) -> list[str]:
    """A key with a mapping or a list below it, a line each."""
    if not value:
        return []
    if isinstance(value, Mapping):
        spelled = {name: _spec(each) for name, each in value.items()} if key == "presets" else value
        return [f"{indent}{key}:", *(line for pair in spelled.items() for line in _pair(*pair, f"{indent}  "))]
    if isinstance(value, list | tuple) and key == "rules":
        return [f"{indent}{key}:", *(f"{indent}  - {_flow(_spelled(each))}" for each in value)]
    return [f"{indent}{key}: {_flow(value)}"]


def _pair(name: str, value: Any, indent: str) -> list[str]:
    """A name and its value in a line; a mapping too long for that with a line for each of its keys."""
    line = f"{indent}{_scalar(name)}: {_flow(value)}"
    if len(line) <= WIDTH or not isinstance(value, Mapping) or not value:
        return [line]
    inside = (f"{indent}  {_scalar(str(key))}: {_flow(each)}" for key, each in value.items())
    return [f"{indent}{_scalar(name)}:", *inside]


def _spec(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"generator": value["type"], **({"params": value["params"]} if value.get("params") else {})}


def _flow(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    # Quoted where other readers of YAML take a word for something else: `no` and `on` for false and true.
    plain = (_PLAIN.fullmatch(value) and value.lower() not in _WORDS) or _DATE.fullmatch(value)
    return value if plain else _quoted(value)


def _quoted(text: str) -> str:
    """A text in double quotes; what a terminal or a YAML reader would not take as it is, is spelled out."""
    return '"' + "".join(_letter(letter) for letter in text) + '"'


def _letter(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
