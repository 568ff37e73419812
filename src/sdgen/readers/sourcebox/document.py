"""A SourceBox document, part by part: values of the types they should have, faults where they have not, and notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Path, Problem, did_you_mean
from sdgen.readers.sql.schema import Schema, SqlType
from sdgen.readers.sql.types import Fit, fit_of
from sdgen.readers.yaml_text import Document
from sdgen.scenario.problems import Origin
from sdgen.scenario.types import Type


@dataclass
class DocumentReader:
    """One document on its way to a scenario. `aliases` tells where the scenario's parts stand in it."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    aliases: dict[Path, Path] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        return Origin(self.document.file, self.document.positions, self.aliases)

    def refuse(self, path: Path, what: str, hint: str = "") -> None:
        """A problem at a path of the document."""
        self.problems.append(self._placed(path, path, what, hint))

    def note(self, canonical: Path, path: Path, what: str, hint: str = "") -> None:
        """Something to be told at a path of the scenario, which stands at a path of the document."""
        self.notes.append(self._placed(canonical, path, what, hint))

    def _placed(self, canonical: Path, path: Path, what: str, hint: str) -> Problem:
        near = next((path[:size] for size in range(len(path), -1, -1) if path[:size] in self.document.positions), ())
        line, column = self.document.positions.get(near, (0, 0))
        return Problem(canonical, what, hint, self.document.file, line, column)


@dataclass
class DocumentPart:
    """A mapping of the document: where it stands, which part of the scenario it tells of, and what was asked of it."""

    reading: DocumentReader
    path: Path
    value: dict[str, Any]
    canonical: Path = ()
    asked: set[str] = field(default_factory=set)

    def get(self, *keys: str) -> Any:
        """The value of the first of these keys that has one; None where none has."""
        self.asked.update(keys)
        # A key with null counts as left out.
        return next((self.value[key] for key in keys if self.value.get(key) is not None), None)

    def key(self, *keys: str) -> Path:
        """Where the first of these keys that is there stands; the part itself where none is."""
        return next(((*self.path, key) for key in keys if key in self.value), self.path)

    def text(self, *keys: str) -> str:
        value = self.get(*keys)
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        self._wrong(f"a text, found {_shown(value)}", *keys)
        return ""

    def flag(self, *keys: str) -> bool | None:
        value = self.get(*keys)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(f"true or false, found {_shown(value)}", *keys)
        return None

    def number(self, *keys: str) -> int | float | None:
        value = self.get(*keys)
        # A number beyond the types of columns is taken for a slip; and true is an int in Python.
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18):
            return value
        self._wrong(f"a number, found {_shown(value)}", *keys)
        return None

    def whole(self, *keys: str) -> int | None:
        value = self.number(*keys)
        if value is None or value == int(value):
            return None if value is None else int(value)
        self._wrong(f"a whole number, found {value}", *keys)
        return None

    def listed(self, *keys: str) -> list[Any]:
        value = self.get(*keys)
        if value is None or isinstance(value, list):
            return value or []
        self._wrong(f"a list, found {_shown(value)}", *keys)
        return []

    def part(self, *keys: str, canonical: Path | None = None) -> DocumentPart | None:
        """The mapping under one of these keys; None where there is none."""
        value = self.get(*keys)
        if isinstance(value, dict):
            return DocumentPart(
                self.reading, self.key(*keys), value, self.canonical if canonical is None else canonical
            )
        if value is not None:
            self._wrong(f"a mapping, found {_shown(value)}", *keys)
        return None

    def parts(self, *keys: str) -> Iterator[DocumentPart]:
        """The mappings of a list under one of these keys."""
        for place, value in enumerate(self.listed(*keys)):
            path = (*self.key(*keys), place)
            if isinstance(value, dict):
                yield DocumentPart(self.reading, path, value, self.canonical)
            else:
                self.reading.refuse(path, f"must be a mapping, found {_shown(value)}")

    def refuse(self, what: str, *keys: str, hint: str = "") -> None:
        self.reading.refuse(self.key(*keys), what, hint)

    def _wrong(self, what: str, *keys: str) -> None:
        self.refuse(f"{self.key(*keys)[-1]} must be {what}", *keys)

    def note(self, what: str, *keys: str, hint: str = "") -> None:
        self.reading.note(self.canonical, self.key(*keys), what, hint)

    def passed_over(self, known: Iterable[str] = (), word: str = "the key") -> None:
        """Tell of the keys that nothing asked for; `known` are those that say nothing of the rows."""
        silent, names = set(known), {*self.asked, *known}
        for key in self.value.keys() - self.asked - silent:
            self.note(
                f"{word} {key!r} is not known and is passed over", key, hint=did_you_mean(key, names, " ").strip()
            )


def _shown(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


# A column of a SourceBox table, in whichever of the four dialects it is written, as one record.
_TYPE = re.compile(r"([a-z][a-z0-9_ ]*?)\s*(?:\((.*)\))?\s*(unsigned)?\s*((?:\[\])*)", re.IGNORECASE | re.DOTALL)
_REFERENCES = re.compile(r"(?:FOREIGN KEY\s*)?REFERENCES\s+(\w+)\s*(?:\(\s*(\w+)\s*\)|\.\s*(\w+))?.*", re.IGNORECASE)
_ENUM_VALUE = re.compile(r"\s*(?:'((?:[^']|'')*)'|\"([^\"]*)\"|([^,'\"]+))\s*(?:,|$)")
_WORDS = frozenset(
    {"int", "bigint", "smallint", "tinyint", "decimal", "numeric", "float", "double", "varchar", "text", "char"}
    | {"date", "datetime", "timestamp", "time", "boolean", "bit", "json", "jsonb", "enum", "uuid"}
)
_ACTIONS = ("CASCADE", "SET NULL", "RESTRICT", "NO ACTION", "SET DEFAULT")
_PROBABILITIES = ("null_probability", "edge_case_probability")


@dataclass
class ColumnRecord:
    """A column as declared; `link` is the table and column it refers to."""

    part: DocumentPart
    name: str
    type: Type
    fit: Fit
    nullable: bool = False
    primary_key: bool = False
    counts: bool = False
    unique: bool = False
    default: str | None = None
    generator: str = ""
    params: DocumentPart | None = None
    law: str = ""
    link: tuple[str, str] | None = None
    one_to_one: bool = False
    description: str = ""
    probabilities: dict[str, float] = field(default_factory=dict)


def read_column(part: DocumentPart, dialect: str) -> ColumnRecord | None:
    """The record of a column; None, and problems told, where its name or type are missing."""
    name, declared = part.text("name"), part.text("type")
    if not name:
        part.refuse("the column has no name")
    # A type that is there and no text has been told by `text` already.
    if not declared and "type" not in part.value:
        part.refuse(f"the column {name!r} has no type" if name else "and it has no type")
    fit = _fit(part, declared, dialect) if declared else None
    if not name or fit is None:
        return None
    column = ColumnRecord(part, name, fit.type, fit)
    column.description, column.generator = part.text("description"), part.text("generator")
    column.primary_key, column.counts = bool(part.flag("primary_key")), bool(part.flag("auto_increment"))
    column.nullable, column.unique = bool(part.flag("nullable")), bool(part.flag("unique"))
    _read_default(column)
    _read_constraints(column)
    _read_link(column)
    # An empty part stands where there are no params, so that nobody has to ask whether there are.
    column.params = part.part("generator_params", "params") or DocumentPart(part.reading, part.path, {}, part.canonical)
    _read_law(column)
    _read_probabilities(column)
    # Last, when all that is understood has been asked for.
    part.passed_over(("validation", "example", "examples", "comment"))
    return column


def _fit(part: DocumentPart, declared: str, dialect: str) -> Fit | None:
    match = _TYPE.fullmatch(declared.strip())
    type = _sql_type(match) if match else None
    fit = fit_of(type, Schema("", dialect, "", ())) if type else None
    if fit is None or fit.database:
        hint = did_you_mean(
            declared.partition("(")[0].strip().lower(), _WORDS, "such as int, varchar(100), decimal(10,2)"
        )
        part.refuse(f"the type {declared!r} is not known", "type", hint=hint)
        return None
    if type and type.word == "tinyint" and type.sizes == (1,):
        return Fit(Type("bool"))
    return fit


def _sql_type(match: re.Match[str]) -> SqlType | None:
    word, inner, unsigned, marks = " ".join(match[1].lower().split()), match[2] or "", bool(match[3]), match[4]
    if word.endswith(" unsigned"):
        word, unsigned = word.removesuffix(" unsigned"), True
    if word in ("enum", "set"):
        values = tuple(dict.fromkeys(_enum_values(inner)))
        return SqlType(word, values=values) if values else None
    sizes = tuple(int(size) for size in re.findall(r"\d{1,9}", inner))
    return SqlType(word, sizes, dimensions=len(marks) // 2, unsigned=unsigned)


def _enum_values(text: str) -> list[str]:
    found = [next(one for one in groups if one or one == "") for groups in _ENUM_VALUE.findall(text)]
    return [value.replace("''", "'").strip() for value in found if value.strip()]


def _read_default(column: ColumnRecord) -> None:
    value = column.part.get("default", "default_value")
    if isinstance(value, list | dict):
        column.part.note("the default is no plain value and is passed over", "default", "default_value")
    elif value is not None:
        column.default = str(value).lower() if isinstance(value, bool) else str(value)


def _read_constraints(column: ColumnRecord) -> None:
    """The spelling `constraints: ["PRIMARY KEY", "NOT NULL", "DEFAULT 0"]`."""
    for place, value in enumerate(column.part.listed("constraints")):
        text = " ".join(str(value).replace("_", " ").split())
        upper, reference = text.upper(), _REFERENCES.fullmatch(text)
        if upper in ("PRIMARY KEY", "PRIMARY"):
            column.primary_key = True
        elif upper in ("AUTO INCREMENT", "AUTOINCREMENT", "SERIAL", "IDENTITY"):
            column.counts = True
        elif upper in ("UNIQUE", "UNIQUE KEY"):
            column.unique = True
        elif upper in ("NULL", "NULLABLE", "NOT NULL"):
            column.nullable = upper != "NOT NULL"
        elif upper.startswith("DEFAULT "):
            column.default = str(value).strip()[len("DEFAULT ") :].strip()
        elif reference:
            # Underscores were made blanks above to read NOT_NULL; the names of tables and columns keep theirs.
            words = _REFERENCES.fullmatch(" ".join(str(value).split()))
            found = words or reference
            column.link = (found[1], found[2] or found[3] or "id")
        else:
            path = (*column.part.key("constraints"), place)
            column.part.reading.note(column.part.canonical, path, f"the constraint {text!r} is not understood")


def _read_link(column: ColumnRecord) -> None:
    key = column.part.part("foreign_key", "references")
    if key is None:
        return
    table, name = key.text("table", "references_table"), key.text("column", "references_column") or "id"
    if not table:
        key.refuse("the foreign key names no table")
        return
    column.link = (table, name)
    for when in ("on_delete", "on_update"):
        action = key.text(when).upper().replace("_", " ")
        if action and action not in _ACTIONS:
            key.note(f"{when}: {action} is no action of a foreign key", when, hint=did_you_mean(action, _ACTIONS))
    key.passed_over(("relationship_type", "description", "name"))


def _read_law(column: ColumnRecord) -> None:
    """The law of `distribution`: a word with its params beside it, or {type, params}; in the params or beside them."""
    params = column.params
    assert params is not None
    for holder in (params, column.part):
        value = holder.get("distribution")
        if isinstance(value, str):
            column.law = value.lower().replace("-", "").replace("_", "")
        elif value is not None:
            law = holder.part("distribution")
            if law is not None:
                column.law = law.text("type", "name").lower().replace("-", "").replace("_", "")
                inner = law.part("params", "parameters")
                # The law's params stand in a mapping of their own, or beside its name.
                rest = {key: each for key, each in law.value.items() if key not in ("type", "name", "params")}
                given: dict[str, Any] = {**rest, **(inner.value if inner else {})}
                params = _merged(params, given, inner.path if inner else law.path)
    column.params = params


def _merged(params: DocumentPart, given: dict[str, Any], path: tuple[str | int, ...]) -> DocumentPart:
    asked = {"distribution"}
    return DocumentPart(params.reading, path, {**params.value, **given}, params.canonical, asked)


def _read_probabilities(column: ColumnRecord) -> None:
    params = column.params
    assert params is not None
    for name in _PROBABILITIES:
        for holder in (params, column.part):
            value = holder.number(name)
            if value is None:
                continue
            # Shares are written as fractions and as percentages; above 1 only the latter makes sense.
            share = value / 100 if value > 1 else value
            if 0 <= share <= 1:
                column.probabilities[name] = share
            else:
                holder.refuse(f"{name} must be a share of 0 to 1, or a percentage", name)
