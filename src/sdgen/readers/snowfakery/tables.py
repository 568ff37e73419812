"""Templates of a recipe → tables: which of them share one, and what their rows are counted per.

A template among another one's friends, or in one of its fields, makes so many rows for each row of that. One at the top
of the recipe that refers to an earlier object of one row makes its rows for that: so a recipe grows as by repeating it.

How many rows a template makes is a number, a range, or a formula over options that can be computed beforehand.
"""

from __future__ import annotations

import ast
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sdgen.readers.snowfakery.recipe import Raw, Recipe, Template

ID = "id"


@dataclass(eq=False)
class Table:
    """One table to be. per: the table its rows are counted per; link: its column that leads there.

    inner: a field of the template that holds the object the rows are counted per (the object made first).
    """

    name: str
    templates: list[Template]
    counts: list[Count]
    per: Table | None = None
    link: str = ""
    inner: str = ""

    @property
    def first(self) -> Template:
        return self.templates[0]

    @property
    def total(self) -> Count:
        return Count(sum(each.least for each in self.counts), sum(each.most for each in self.counts))

    @property
    def fixed(self) -> int:
        """How many rows are given as they are: those of templates that hold nothing but plain values."""
        plain = [is_plain(template) for template in self.templates]
        rooted = self.first.container is None and len(plain) > 1 and len(plain) - sum(plain) <= 1
        return (
            sum(plain)
            if rooted and all(count == Count() for count, is_it in zip(self.counts, plain, strict=True) if is_it)
            else 0
        )

    @property
    def run(self) -> Count | None:
        """How many rows one run of the recipe makes; None where they are counted per another table's."""
        return self.total if self.per is None else self.per.run if self.inner else None

    @property
    def single(self) -> bool:
        """Whether it is one template of one row, and so can stand for the recipe's one run."""
        return len(self.templates) == 1 and self.total == Count() and not self.first.just_once

    def offset(self, template: Template) -> int:
        """How many rows of the table's templates come before this one's, within one parent or one run."""
        return sum(each.least for each in self.counts[: self.templates.index(template)])

    @property
    def depth(self) -> int:
        return 0 if self.per is None else self.per.depth + 1


@dataclass
class Layout:
    """All tables, and the table of each template."""

    tables: list[Table] = field(default_factory=list)
    of: dict[Template, Table] = field(default_factory=dict)
    by_object: dict[str, list[Table]] = field(default_factory=dict)
    by_nickname: dict[str, list[Template]] = field(default_factory=dict)


def layout_of(recipe: Recipe) -> Layout:
    """The tables of a recipe."""
    layout = Layout()
    groups: dict[tuple[Any, ...], list[Template]] = {}
    for template in recipe.templates():
        if template.nickname:
            layout.by_nickname.setdefault(template.nickname, []).append(template)
        # Hidden objects have nicknames that others refer to, and no rows.
        if not template.hidden:
            groups.setdefault(_group(template, recipe), []).append(template)
    taken: set[str] = set()
    for templates in groups.values():
        table = Table(_name(templates[0].object, taken), templates, [_count(each, recipe) for each in templates])
        layout.tables.append(table)
        layout.by_object.setdefault(templates[0].object, []).append(table)
        layout.of.update(dict.fromkeys(templates, table))
    for table in layout.tables:
        _fixed_first(table)
        _set_parent(table, layout)
    for table in layout.tables:
        _turn_round(table, layout)
    return layout


def _group(template: Template, recipe: Recipe) -> tuple[Any, ...]:
    """Templates of one group share a table: those of one object in one place, without objects of their own in them."""
    count = _count(template, recipe)
    # Which template a row is of follows from its place only if the numbers of rows before it are fixed.
    alone = template.children or not count.fixed or count.guessed
    return (template.object, template.container, template.just_once, template if alone else None)


def _count(template: Template, recipe: Recipe) -> Count:
    return count_of(template.count, recipe.options)


def _name(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken.add(name)
    return name


def is_plain(template: Template) -> bool:
    """Whether all fields are plain values: no functions, no formulas, no hidden fields."""
    return all(
        not isinstance(raw.value, list | Mapping) and "${{" not in str(raw.value) and "<<" not in str(raw.value)
        for name, raw in template.fields.items()
    )


def _fixed_first(table: Table) -> None:
    """Fixed rows stand before all others."""
    if table.fixed:
        # The sort is stable: both kinds keep the recipe's order.
        pairs = sorted(zip(table.templates, table.counts, strict=True), key=lambda pair: not is_plain(pair[0]))
        table.templates, table.counts = [each for each, _ in pairs], [count for _, count in pairs]


def _set_parent(table: Table, layout: Layout) -> None:
    container = table.first.container
    # A hidden object makes no rows that others could be counted by: the next one outside of it does.
    while container is not None and container.hidden:
        container = container.container
    if container is not None:
        table.per = layout.of[container]
        table.link = _link_to(table, [container.object, container.nickname])
        return
    # Which of several templates refers to the object would have to follow from the row, and what is made once is not
    # repeated.
    if len(table.templates) > 1 or table.first.just_once:
        return
    order = {each: number for number, each in enumerate(layout.tables)}
    for name, word in ((name, referred(raw)) for name, raw in table.first.fields.items()):
        for other in _named(word, layout) if word else ():
            before = order[other] < order[table] and other.single and other.first.container is None
            # The deepest one, since its own parents are reached through it.
            if before and (table.per is None or other.depth > table.per.depth):
                table.per, table.link = other, name


def _named(word: str, layout: Layout) -> list[Table]:
    """The tables of an object's name or a nickname."""
    nicknamed = [layout.of[each] for each in layout.by_nickname.get(word, []) if not each.hidden]
    return [*layout.by_object.get(word, []), *nicknamed]


def referred(raw: Raw) -> str:
    """The object or nickname that a field refers to; "" where it is no plain reference."""
    value = raw.value[0] if isinstance(raw.value, list) and len(raw.value) == 1 else raw.value
    if isinstance(value, Mapping) and len(value) == 1 and isinstance(value.get("reference"), str):
        return str(value["reference"]).strip()
    return ""


def _link_to(table: Table, names: Sequence[str]) -> str:
    """The field in which all templates of a table refer to one of these names."""
    for name, raw in table.first.fields.items():
        said = {referred(each.fields[name]) if name in each.fields else "" for each in table.templates}
        if referred(raw) in names and len(said) == 1 and "" not in said and name not in table.first.nested:
            return name
    return ""


def _turn_round(table: Table, layout: Layout) -> None:
    """Make an object in a field the one that rows are counted per, where nothing in it looks back.

    One object, one row for each: which of both is made first is the same then, and the field is a plain link.
    """
    parent, child = table.per, table.first
    if parent is None or not child.slot or child.slot.startswith("__") or parent.per is not None or parent.inner:
        return
    plain = len(table.templates) == 1 and len(parent.templates) == 1 and table.total == Count()
    if not plain or parent.first.just_once or not parent.total.fixed or child.container is not parent.first:
        return
    words = {parent.first.object, parent.first.nickname} - {""}
    if any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", _text(child)) for word in words):
        return
    table.per, table.link = None, ""
    table.counts = list(parent.counts)
    parent.counts = [Count()]
    parent.per, parent.link, parent.inner = table, child.slot, child.slot


def _text(template: Template) -> str:
    """What a template's own values say, those of what is in it as well."""
    return "\n".join(json.dumps(raw.value, default=str) for raw in template.fields.values())


MOST = 1 << 40
_LONGEST = 2000
_ALONE = re.compile(r"\s*(?:\$\{\{(.*?)\}\}|<<(.*?)>>)\s*", re.DOTALL)
_SIGNS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_CALLS: dict[str, Callable[..., Any]] = {"int": int, "round": round, "abs": abs, "min": min, "max": max, "float": float}


@dataclass(frozen=True)
class Count:
    """From `least` to `most` rows, each number equally likely. guessed: what could not be understood, or ""."""

    least: int = 1
    most: int = 1
    guessed: str = ""

    @property
    def fixed(self) -> bool:
        return self.least == self.most


def count_of(raw: Raw | None, options: Mapping[str, Any]) -> Count:
    """The count of a template; 1 where none is given."""
    if raw is None:
        return Count()
    value = raw.value
    if isinstance(value, Mapping) and len(value) == 1:
        ((key, inner),) = value.items()
        if key == "random_number" and isinstance(inner, Mapping):
            ends = [_whole(inner.get(end, otherwise), options) for end, otherwise in (("min", 0), ("max", None))]
            if ends[0] is not None and ends[1] is not None and ends[0] <= ends[1]:
                return Count(ends[0], ends[1])
        if key == "random_choice":
            found = [_whole(each, options) for each in _choices(inner)]
            known = [each for each in found if each is not None]
            if known and len(known) == len(found):
                return Count(min(known), max(known), "" if len(known) < 2 else "random_choice")
    whole = _whole(value, options)
    return Count(1, 1, f"{value!r}") if whole is None else Count(whole, whole)


def _choices(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value)
    found = []
    for each in value if isinstance(value, list) else []:
        choice = each.get("choice") if isinstance(each, Mapping) else None
        found.append(choice.get("pick") if isinstance(choice, Mapping) else each)
    return found


def _whole(value: Any, options: Mapping[str, Any]) -> int | None:
    number = computed(value, options)
    if isinstance(number, str):  # 100_000 is a number to recipes
        digits = number.strip().replace("_", "")
        number = int(digits) if digits.isdecimal() and len(digits) < 16 else None
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= MOST:
        return None
    return int(number)


def computed(value: Any, options: Mapping[str, Any]) -> Any:
    """A plain value, or what a formula over options comes to; None where it needs more than those."""
    match = _ALONE.fullmatch(value) if isinstance(value, str) and len(value) < _LONGEST else None
    if match is None:
        return value
    try:
        tree = ast.parse((match[1] or match[2]).strip(), mode="eval")
        return _value(tree.body, options)
    except (SyntaxError, ValueError, TypeError, ArithmeticError, LookupError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr, options: Mapping[str, Any]) -> Any:
    """The value of an expression; ValueError or LookupError where it is none of those allowed."""
    match node:
        case ast.Constant(value=value) if isinstance(value, int | float | str):
            return value
        case ast.Name(id=name):
            found = options[name]
            return int(found) if isinstance(found, str) and found.isdigit() else found
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, options)
        case ast.BinOp(left=left, op=sign, right=right):
            one, other = _value(left, options), _value(right, options)
            if isinstance(one, str) or isinstance(other, str):
                # A text times a number is a text of any length in Python.
                raise ValueError("texts are not computed with")
            # Powers are not among the signs: a short formula must not make a number of a million digits.
            return _SIGNS[type(sign)](one, other)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _CALLS:
            return _CALLS[name](*(_value(each, options) for each in args))
    raise ValueError("not a plain formula")
