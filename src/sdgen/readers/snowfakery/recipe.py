"""A Snowfakery recipe as records: object templates with macros and included files worked in, options and variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdgen.errors import Path as Place
from sdgen.errors import Problem, ProblemType, SourceError, did_you_mean
from sdgen.readers.base import Source
from sdgen.readers.formats import DOCUMENTS
from sdgen.readers.yaml_text import Document

ITEMS = ("object", "option", "var", "macro", "include_file", "plugin", "snowfakery_version")
_KEYS = ("object", "count", "nickname", "just_once", "fields", "friends", "include")
_MOST_FILES, _MOST_TEMPLATES, _MOST_MACROS = 20, 2000, 20


@dataclass(frozen=True)
class Raw:
    """A value as it stands in a file, and where."""

    value: Any
    document: Document
    path: Place

    def at(self, key: str | int, value: Any) -> Raw:
        """A part of it."""
        return Raw(value, self.document, (*self.path, key))

    def problem(self, path: Place, what: str, hint: str = "", type: ProblemType = ProblemType.OTHER) -> Problem:
        """A problem at a path of the scenario, with the file and line of this value."""
        line, column = 0, 0
        # The innermost place that is known: positions end at what an alias stands for.
        for size in range(len(self.path) + 1):
            line, column = self.document.positions.get(self.path[:size], (line, column))
        return Problem(path, what, hint, self.document.file, line, column, type)


@dataclass(eq=False)
class Template:
    """An object template. container: the template it stands in, as a friend, or in the field that slot names."""

    object: str
    raw: Raw
    nickname: str = ""
    count: Raw | None = None
    just_once: bool = False
    container: Template | None = None
    slot: str = ""
    fields: dict[str, Raw] = field(default_factory=dict)
    nested: dict[str, Template] = field(default_factory=dict)
    friends: list[Template] = field(default_factory=list)

    @property
    def hidden(self) -> bool:
        """Whether it makes no rows that are written."""
        return self.object.startswith("__")

    @property
    def children(self) -> list[Template]:
        return [*self.nested.values(), *self.friends]

    def walk(self) -> Iterator[Template]:
        """This template and all in it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class Recipe:
    """All of a recipe. notes: what is told of the whole."""

    roots: list[Template] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Raw] = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def templates(self) -> Iterator[Template]:
        for root in self.roots:
            yield from root.walk()


def read_recipe(source: Source) -> Recipe:
    """The recipe of a file and those it includes; what is wrong is among its problems."""
    reading = _RecipeReader()
    reading.file(source.document)
    return reading.recipe


class _RecipeReader:
    def __init__(self) -> None:
        self.recipe = Recipe()
        self.macros: dict[str, Raw] = {}
        self.files: set[Path] = set()
        self.root: Path | None = None
        self.size = 0
        self.uses = 0

    def refuse(self, raw: Raw, what: str, hint: str = "") -> None:
        self.recipe.problems.append(raw.problem((), what, hint))

    def note(self, raw: Raw, what: str, hint: str = "") -> None:
        self.recipe.notes.append(raw.problem((), what, hint))

    def file(self, document: Document) -> None:
        path = Path(document.file)
        self.files.add(path.resolve())
        # The first file's folder: an included file must not open a way further out.
        self.root = self.root or path.resolve().parent
        whole = Raw(document.value, document, ())
        if not isinstance(document.value, list):
            self.refuse(whole, "a recipe is a list of items such as `- object: Person`")
            return
        for index, value in enumerate(document.value):
            self.item(whole.at(index, value))

    def item(self, raw: Raw) -> None:
        kind = next((each for each in ITEMS if isinstance(raw.value, Mapping) and each in raw.value), "")
        if not kind:
            keys = raw.value if isinstance(raw.value, Mapping) else []
            hint = did_you_mean(str(next(iter(keys), "")), ITEMS, "known: " + ", ".join(ITEMS))
            self.refuse(raw, "no item of a recipe", hint)
            return
        name = raw.value[kind]
        if kind == "object":
            self.root_template(raw)
        elif kind == "macro":
            self.macros[str(name)] = raw
        elif kind == "include_file":
            self.include(raw.at(kind, name))
        elif kind == "option":
            self.option(raw, str(name))
        elif kind == "var":
            self.recipe.variables[str(name)] = raw.at("value", raw.value.get("value"))
        elif kind == "plugin":
            self.note(raw, f"the plugin {name} is not run", "what sdgen has no generator for is told at its field")

    def root_template(self, raw: Raw) -> None:
        template = self.template(raw, None, "")
        if template is not None:
            self.recipe.roots.append(template)

    def option(self, raw: Raw, name: str) -> None:
        value = raw.value.get("default")
        self.recipe.options[name] = value
        if "default" in raw.value:
            self.note(raw, f"the option {name} is read at its default, {value!r}")
        else:
            self.note(
                raw, f"the option {name} has no default: it is null", "give it the value that the recipe is to have"
            )

    def include(self, raw: Raw) -> None:
        """The items of another file, in the recipe's folder or one beside it."""
        here = Path(raw.document.file).resolve().parent
        path = here / str(raw.value)
        try:
            # One folder up is allowed, since shared recipes often lie beside their users'; nothing further.
            inside = self.root is not None and path.resolve().is_relative_to(self.root.parent)
        except (OSError, ValueError):
            inside = False
        if not inside or Path(str(raw.value)).is_absolute() or path.suffix.lower() not in DOCUMENTS:
            self.note(raw, f"not included: {raw.value}", "recipes lie in the recipe's own folder, or in one beside it")
        # A file that is included twice declares its objects once.
        elif path.resolve() not in self.files and len(self.files) < _MOST_FILES:
            try:
                self.file(Source(str(path)).document)
            except SourceError as error:
                self.recipe.problems.extend([raw.problem((), f"can't include {raw.value}"), *error.problems])

    def template(self, raw: Raw, container: Template | None, slot: str) -> Template | None:
        self.size += 1
        name = raw.value.get("object")
        if not isinstance(name, str) or not name:
            self.refuse(raw, "an object's name must be a text")
            return None
        if self.size > _MOST_TEMPLATES:
            self.refuse(raw, f"more than {_MOST_TEMPLATES:,} templates, with those that macros repeat")
            return None
        count = raw.value.get("count")
        made = Template(
            name,
            raw,
            nickname=str(raw.value.get("nickname") or ""),
            count=raw.at("count", count) if count is not None else None,
            just_once=raw.value.get("just_once") is True,
            container=container,
            slot=slot,
        )
        # Sorted as texts: keys of YAML may be numbers as well.
        for key in sorted(raw.value.keys() - set(_KEYS), key=str):
            self.note(raw, f"{name}: the key {key!r} is not understood", did_you_mean(str(key), _KEYS))
        # The template comes last: its own fields replace those of the macros.
        for part in (*self.included(raw, ()), raw):
            self.parts(made, part)
        return made

    def parts(self, made: Template, raw: Raw) -> None:
        fields, friends = raw.value.get("fields"), raw.value.get("friends")
        if fields is not None and not isinstance(fields, Mapping):
            self.refuse(raw.at("fields", fields), "fields must be a mapping from names to values")
        elif fields:
            for name, value in fields.items():
                self.put(made, str(name), raw.at("fields", fields).at(name, value))
        if friends is not None and not isinstance(friends, list):
            self.refuse(raw.at("friends", friends), "friends must be a list of objects")
        for index, value in enumerate(friends if isinstance(friends, list) else []):
            each = raw.at("friends", friends).at(index, value)
            if isinstance(value, Mapping) and "object" in value:
                friend = self.template(each, made, "")
                made.friends += [friend] if friend else []
            elif isinstance(value, Mapping) and "var" in value:
                self.recipe.variables[str(value["var"])] = each.at("value", value.get("value"))
            else:
                self.refuse(each, "a friend must be an object")

    def put(self, made: Template, name: str, raw: Raw) -> None:
        """A field; one that holds an object is a template of its own."""
        value = raw.value[0] if isinstance(raw.value, list) and len(raw.value) == 1 else raw.value
        # Removed first, so that a field that is set anew moves to the end, behind those that it may refer to.
        made.fields.pop(name, None)
        made.nested.pop(name, None)
        if isinstance(value, Mapping) and "object" in value:
            child = self.template(raw.at(0, value) if isinstance(raw.value, list) else raw, made, name)
            if child is not None:
                made.nested[name] = child
        made.fields[name] = raw

    def included(self, raw: Raw, seen: tuple[str, ...]) -> Iterator[Raw]:
        """The macros that a template or a macro includes, those they include first."""
        names = raw.value.get("include")
        for name in (each.strip() for each in str(names or "").split(",")):
            if not name:
                continue
            if len(seen) > _MOST_MACROS:
                self.refuse(raw, f"macros include one another more than {_MOST_MACROS} deep")
            elif name in seen:
                self.refuse(raw, "macros include one another in a cycle: " + " → ".join([*seen, name]))
            elif name not in self.macros:
                self.refuse(raw, f"no macro {name!r}", did_you_mean(name, self.macros))
            # Macros that include others twice each grow like powers of two.
            elif self.uses < _MOST_TEMPLATES:
                self.uses += 1
                yield from self.included(self.macros[name], (*seen, name))
                yield self.macros[name]
