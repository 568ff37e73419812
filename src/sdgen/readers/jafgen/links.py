"""Links of jafgen, `system.entity.attribute`, across all files of a dataset."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sdgen.errors import ProblemType, did_you_mean
from sdgen.inference.names import snake
from sdgen.readers.drafts import UNTYPED, ColumnDraft, quoted_name
from sdgen.readers.feasibility import cycles_of
from sdgen.readers.jafgen.columns import JafgenEntity

_REFERENCE = ProblemType.REFERENCE
Entities = Mapping[str, JafgenEntity]
_FORM = "links are written system.entity.attribute"


def set_links(drafts: Entities) -> None:
    """Make each attribute with `link_to` a foreign key; entities that link in a cycle are told of."""
    places = {(draft.record.system, draft.record.key): name for name, draft in drafts.items()}
    for draft in drafts.values():
        for name, column in draft.columns.items():
            if draft.attributes[name].type == "link" or draft.attributes[name].link_to:
                _set_link(draft, name, column, places, drafts)
    _note_cycles(drafts)


def _set_link(
    draft: JafgenEntity,
    name: str,
    column: ColumnDraft,
    places: Mapping[tuple[str, str], str],
    drafts: Entities,
) -> None:
    place, attribute = draft.place(name), draft.attributes[name]
    target = _target(draft, attribute.link_to, name, places)
    if target is None:
        return
    entity, key = target
    if key not in drafts[entity].columns:
        hint = did_you_mean(key, drafts[entity].columns)
        draft.refuse((*place, "link_to"), f"{drafts[entity].record.key} has no attribute {key!r}", hint, _REFERENCE)
        return
    if (entity, key) == (draft.name, name):
        hint = "link to another attribute of the entity"
        draft.refuse((*place, "link_to"), "the attribute links to itself", hint, _REFERENCE)
        return
    if attribute.type != "link":
        draft.note(place, f"a link by its link_to; its type {attribute.type!r} is that of what it links to")
    for constraint in attribute.constraints:
        draft.note(place, f"the constraint {constraint!r} is not used", "a link has the values of what it links to")
    column.fill("fk", entity=entity, column=key, **({"one_to_one": True} if column.unique else {}))
    if entity == draft.name:
        draft.note(place, "a link to the entity itself makes a tree: its first row has no parent")


def _target(draft: JafgenEntity, link: str, name: str, places: Mapping[tuple[str, str], str]) -> tuple[str, str] | None:
    """The entity, under its name in the scenario, and the attribute that a link names; None after telling why not."""
    place = (*draft.place(name), "link_to")
    # From the right, since a system's name may hold dots.
    parts = link.rsplit(".", 2)
    if len(parts) == 2:
        parts = [draft.record.system, *parts]
    if len(parts) < 3 or not all(parts):
        what = f"link_to is {link!r}" if link else "a link without link_to"
        draft.refuse(place if link else draft.place(name), what, _FORM, _REFERENCE)
        return None
    system, entity, attribute = parts
    systems = {each for each, _ in places}
    if system not in systems:
        # Another system is likelier to be meant than the entity's own, which needs no name.
        hint = did_you_mean(system, systems - {draft.record.system}) or did_you_mean(system, systems)
        more = "is it in another file? give the folder of both" if len(systems) == 1 else ""
        draft.refuse(place, f"no system {system!r}", "; ".join(filter(None, (hint, more))), _REFERENCE)
        return None
    if (system, entity) not in places:
        hint = did_you_mean(entity, {each for other, each in places if other == system})
        draft.refuse(place, f"the system {system!r} has no entity {entity!r}", hint, _REFERENCE)
        return None
    return places[system, entity], attribute


def _note_cycles(drafts: Entities) -> None:
    """Cycles of entities over links that may not be null: files take them, most databases don't."""
    parents = {
        name: [
            str(column.params["entity"]) for column in draft.columns.values() if column.is_link and not column.nullable
        ]
        for name, draft in drafts.items()
    }
    for cycle in cycles_of(parents):
        draft = drafts[cycle[0]]
        what = "entities link to one another in a cycle: " + " → ".join(cycle)
        hint = "files take it, and databases that check keys at the end; else let a link be `required: false`"
        draft.note(("entities", draft.name), what, hint, ProblemType.CYCLE)


def add_guesses(drafts: Entities) -> None:
    """Links that names tell of, times that follow others, amounts that others add up to."""
    keys = [
        _Key(draft, _word(draft.key), draft.noun, _sort(draft.columns[draft.key]))
        for draft in drafts.values()
        if draft.key
    ]
    for draft in drafts.values():
        for name, column in draft.columns.items():
            _guess_link(draft, name, column, keys)
        for name, column in draft.columns.items():
            _guess_order(draft, name, column)
        for name, column in draft.columns.items():
            _guess_amount(draft, name, column)


@dataclass(frozen=True)
class _Key:
    """An entity's primary key: its name and the entity's, without marks, and what sort of values it has."""

    draft: JafgenEntity
    word: str
    noun: str
    sort: str

    def meant_by(self, word: str) -> bool:
        """Whether a column of this name holds the key: called like it, or ending in the entity's name and id."""
        # `id` is the key of every entity, and tells none of them.
        if word == self.word and word not in ("id", "uuid", "guid"):
            return True
        return len(self.noun) > 2 and word.removesuffix("uuid").removesuffix("id").endswith(self.noun)


def _guess_link(draft: JafgenEntity, name: str, column: ColumnDraft, keys: Sequence[_Key]) -> None:
    word = _word(name)
    if column.is_link or column.unique or column.primary or not word.endswith("id"):
        return
    sort = _sort(column)
    found = [key for key in keys if key.draft is not draft and key.sort == sort and key.meant_by(word)]
    # The longest name fits best: `orderitem_id` ends in `item` as well; two of equal length leave it open.
    found.sort(key=lambda key: -len(key.noun))
    if not found or (len(found) > 1 and len(found[0].noun) == len(found[1].noun)):
        return
    parent = found[0].draft
    what = f"guessed from its name: a link to {parent.name}.{parent.key}"
    lost = sorted({"min_value", "max_value", "length", "pattern"} & draft.attributes[name].constraints.keys())
    draft.note(draft.place(name), what, f"its own {', '.join(lost)} no longer count" if lost else "")
    column.type = UNTYPED
    draft.guessed.discard(name)
    column.fill("fk", entity=parent.name, column=parent.key)


def _sort(column: ColumnDraft) -> str:
    """Columns of one sort can hold one another's values."""
    return {"bigint": "int", "text": "string", "": "string"}.get(column.type.kind, column.type.kind)


def _word(name: str) -> str:
    return snake(name).replace("_", "")


@dataclass(frozen=True)
class _Order:
    """Moments called like `later` follow those called like `earlier`, by `least` to `most`."""

    later: re.Pattern[str]
    earlier: re.Pattern[str]
    least: str
    most: str


def _order(later: str, earlier: str, least: str, most: str) -> _Order:
    return _Order(re.compile(later), re.compile(earlier), least, most)


_ORDERS = (
    _order(
        "updat|modif|changed|edited|lastseen|lastlogin", "creat|regist|signup|joined|openedat|installed", "0s", "400d"
    ),
    _order(
        "resolv|closed|closedate|finish|complet|ended|enddate|endat",
        "trigger|creat|opened|start|began|report",
        "30m",
        "30d",
    ),
    _order("shipp|deliver|paidat|cancel", "ordered|orderdate|creat|placed", "1h", "10d"),
    _order(
        "due|expected|planned|expir|renew|validuntil", "^date$|invoicedate|issue|creat|orderdate|start", "7d", "45d"
    ),
)
_MOMENTS = ("datetime", "date")


def _guess_order(draft: JafgenEntity, name: str, column: ColumnDraft) -> None:
    """A moment that follows another one of the row, where the bounds of both leave room for that."""
    if column.generator is None or column.generator.type not in _MOMENTS or column.unique:
        return
    for order in _ORDERS:
        if not order.later.search(_word(name)):
            continue
        for earlier, other in draft.columns.items():
            plain = other.generator is not None and other.generator.type in _MOMENTS
            named = order.earlier.search(_word(earlier)) and not order.later.search(_word(earlier))
            if earlier != name and plain and named and _room(column.params, other.params):
                end = column.params.get("end")
                draft.note(draft.place(name), f"guessed from its name: it follows {earlier}")
                column.fill("after", column=earlier, min=order.least, max=order.most, **({"until": end} if end else {}))
                return


def _room(later: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    """Whether any moment from the earlier one on, until the later one's end, is within the later one's bounds."""
    # Without an end a moment lies before `as_of`, which is not known here: only equal bounds are sure to leave room.
    if not later.get("end") or not earlier.get("end"):
        return later.get("end") == earlier.get("end") and later.get("start") == earlier.get("start")
    starts = str(later.get("start") or ""), str(earlier.get("start") or "")
    return starts[0] <= starts[1] and str(earlier["end"]) <= str(later["end"])


@dataclass(frozen=True)
class _Amount:
    """An amount called like `whole` is what `sign` makes of two others."""

    whole: re.Pattern[str]
    parts: tuple[re.Pattern[str], re.Pattern[str]]
    sign: str


_AMOUNTS = (
    _Amount(
        re.compile("linetotal|lineamount|extendedprice|totalprice|itemtotal"),
        (re.compile("unitprice|price|unitamount|unitcost"), re.compile("quantity|qty|units")),
        "*",
    ),
    _Amount(
        re.compile("total|grandtotal|totalamount|invoicetotal"),
        (re.compile("subtotal|netamount|nettotal"), re.compile("totaltax|taxamount|tax|vat|vatamount|salestax")),
        "+",
    ),
)


def _guess_amount(draft: JafgenEntity, name: str, column: ColumnDraft) -> None:
    """An amount that two others make up, where its bounds hold whatever they make up."""
    if column.generator is None or column.generator.type != "decimal" or column.unique:
        return
    for amount in _AMOUNTS:
        if not amount.whole.fullmatch(_word(name)):
            continue
        first, second = (next(_numbers(draft, part), "") for part in amount.parts)
        if first and second and _holds(draft, column, (first, second), amount.sign):
            sql = f"{quoted_name(first)} {amount.sign} {quoted_name(second)}"
            draft.note(draft.place(name), f"guessed from its name: {sql}")
            column.fill("expression", sql=sql)
        return


def _numbers(draft: JafgenEntity, pattern: re.Pattern[str]) -> Iterator[str]:
    for name, column in draft.columns.items():
        made = column.generator is not None and column.generator.type in ("decimal", "uniform_int")
        # A sum with a null in it would be null, where the total is asked to be there.
        if made and not column.nullable and pattern.fullmatch(_word(name)) and '"' not in name:
            yield name


def _holds(draft: JafgenEntity, column: ColumnDraft, parts: tuple[str, str], sign: str) -> bool:
    one, other = ([_decimal(draft.columns[part].params[bound]) for bound in ("min", "max")] for part in parts)
    # The extremes of a sum or a product lie at the ends of its parts.
    ends = [a + b if sign == "+" else a * b for a in one for b in other]
    return _decimal(column.params["min"]) <= min(ends) and max(ends) <= _decimal(column.params["max"])


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))
