"""Which columns of JSON Schemas' entities are links: `customer_id` holds an `id` of customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sdgen.generators.rule_names import snake
from sdgen.read.jsonschema.entities import KEY_WORDS
from sdgen.scenario.model import Column, GeneratorSpec
from sdgen.scenario.types import INTEGERS, parse_type

if TYPE_CHECKING:
    from sdgen.read.jsonschema.scenario import Draft

_SELVES = ("parent", "reply_to", "in_reply_to", "previous")


def link_by_name(name: str, own: Draft, drafts: Mapping[str, Draft]) -> Draft | None:
    """The entity that a column's name speaks of: `billing_customer_id` of customers; None where of none."""
    head, _, word = snake(name).rpartition("_")
    if word not in KEY_WORDS or not head:
        return None
    if head in _SELVES:
        return own if own.key else None
    called = {each.candidate.called: each for each in drafts.values() if each.key}
    words = head.split("_")
    for start in range(len(words)):
        found = called.get("_".join(words[start:]))
        if found is not None and snake(found.key).rpartition("_")[2] in (word, "id"):
            return found
    return None


def closes_a_circle(own: str, parent: str, parents: Mapping[str, set[str]]) -> bool:
    """Whether an entity's link to a parent would lead back to it; a link to itself is a tree, and no circle."""
    waiting, seen = [parent], {parent}
    while waiting and own != parent:
        for each in parents.get(waiting.pop(), ()):
            if each == own:
                return True
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return False


def link_to(column: Column, own: Draft, parent: Draft) -> Column | None:
    """The column as a link to a parent's key; None where their types differ, or where no first row could be made."""
    key = parent.columns.get(parent.key)
    if key is None or (parent is own and not column.nullable):
        return None
    kinds = {parse_type(column.type).kind, parse_type(key.type).kind}
    if len(kinds) > 1 and not kinds <= INTEGERS and not kinds <= {"text", "string", "uuid"}:
        return None
    generator = GeneratorSpec(type="fk", params={"entity": parent.name, "column": parent.key})
    rate = column.null_rate if column.nullable else None
    return column.model_copy(update={"type": key.type, "generator": generator, "null_rate": rate})
