"""References to a parent's column: `customer_id.name` by its link, or `customers.name` by its entity."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.errors import did_you_mean


def resolve(name: str, links: Mapping[str, str]) -> str:
    """The link that a name stands for: the link itself, or the one link to the parent entity of that name.

    `links` maps each link (the name of its foreign key column) to its parent entity. A name that is both is
    the link. ValueError says what the name could have been.
    """
    if name in links:
        return name
    found = [link for link, entity in links.items() if entity == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f"{name!r} is reached by {len(found)} links: write one of " + ", ".join(sorted(found)) + " instead"
        )
    if not links:
        raise ValueError(f"{name!r} is no parent of this entity: it has no links")
    hint = did_you_mean(name, {*links, *links.values()}, "links: " + ", ".join(sorted(links)))
    raise ValueError(f"{name!r} is neither a link nor a parent of this entity; {hint}")
