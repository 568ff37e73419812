"""Links of jafgen, `system.entity.attribute`, across all files of a dataset."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.errors import ProblemType, did_you_mean
from sdgen.plan.order import entity_order
from sdgen.read.jafgen.columns import ColumnDraft, Draft

_REFERENCE = ProblemType.REFERENCE
_FORM = "links are written system.entity.attribute"


def set_links(drafts: Mapping[str, Draft]) -> None:
    """Make each attribute with `link_to` a foreign key; entities that link in a cycle are told of."""
    places = {(draft.record.system, draft.record.key): name for name, draft in drafts.items()}
    for draft in drafts.values():
        for name, column in draft.columns.items():
            if column.record.type == "link" or column.record.link_to:
                _set_link(draft, name, column, places, drafts)
    _note_cycles(drafts)


def _set_link(
    draft: Draft, name: str, column: ColumnDraft, places: Mapping[tuple[str, str], str], drafts: Mapping[str, Draft]
) -> None:
    place = draft.place(name)
    target = _target(draft, column.record.link_to, name, places)
    if target is None:
        return
    entity, attribute = target
    if attribute not in drafts[entity].columns:
        hint = did_you_mean(attribute, drafts[entity].columns)
        draft.refuse(
            (*place, "link_to"), f"{drafts[entity].record.key} has no attribute {attribute!r}", hint, _REFERENCE
        )
        return
    if (entity, attribute) == (draft.name, name):
        hint = "link to another attribute of the entity"
        draft.refuse((*place, "link_to"), "the attribute links to itself", hint, _REFERENCE)
        return
    if column.record.type != "link":
        draft.note(place, f"a link by its link_to; its type {column.record.type!r} is that of what it links to")
    for key in column.record.constraints:
        draft.note(place, f"the constraint {key!r} is not used", "a link has the values of what it links to")
    column.filled("fk", entity=entity, column=attribute, **({"one_to_one": True} if column.record.unique else {}))
    if entity == draft.name:
        draft.note(place, "a link to the entity itself makes a tree: its first row has no parent")


def _target(draft: Draft, link: str, name: str, places: Mapping[tuple[str, str], str]) -> tuple[str, str] | None:
    """The entity, under its name in the scenario, and the attribute that a link names; None after telling why not."""
    place = (*draft.place(name), "link_to")
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
        hint = did_you_mean(system, systems - {draft.record.system}) or did_you_mean(system, systems)
        more = "is it in another file? give the folder of both" if len(systems) == 1 else ""
        draft.refuse(place, f"no system {system!r}", "; ".join(filter(None, (hint, more))), _REFERENCE)
        return None
    if (system, entity) not in places:
        hint = did_you_mean(entity, {each for other, each in places if other == system})
        draft.refuse(place, f"the system {system!r} has no entity {entity!r}", hint, _REFERENCE)
        return None
    return places[system, entity], attribute


def _note_cycles(drafts: Mapping[str, Draft]) -> None:
    """Cycles of entities over links that may not be null: files take them, most databases don't."""
    parents = {
        name: [
            str(column.params["entity"]) for column in draft.columns.values() if column.is_link and not column.nullable
        ]
        for name, draft in drafts.items()
    }
    for cycle in entity_order(parents)[1]:
        draft = drafts[cycle[0]]
        what = "entities link to one another in a cycle: " + " → ".join(cycle)
        hint = "files take it, and databases that check keys at the end; else let a link be `required: false`"
        draft.note(("entities", draft.name), what, hint, ProblemType.CYCLE)
