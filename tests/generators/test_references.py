"""References to parents: by link, by entity, or refused with what they could have been."""

from __future__ import annotations

import pytest

from sdgen.generators.links.links import resolve_link

LINKS = {"buyer_id": "people", "seller_id": "people", "shop_id": "shops", "places": "towns", "place_id": "places"}


@pytest.mark.parametrize(("name", "link"), [("buyer_id", "buyer_id"), ("shops", "shop_id"), ("places", "places")])
def test_links_go_first(name: str, link: str) -> None:
    assert resolve_link(name, LINKS) == link


@pytest.mark.parametrize(
    ("name", "links", "words"),
    [
        ("people", LINKS, "reached by 2 links: write one of buyer_id, seller_id"),
        ("shop", LINKS, "did you mean 'shops'"),
        ("zzz", {"a": "b"}, "known: a, b"),
        ("zzz", {}, "it has no links"),
    ],
)
def test_refused(name: str, links: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        resolve_link(name, links)
